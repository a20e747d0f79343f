//! Workers from source: bundled, and evaluated by the JavaScript engine that is part of emu.
//!
//! Invariant: translates between configuration, bundler and engine; knows no wasm and no JavaScript itself.

use super::load::Project;
use super::prepare::main_path;
use crate::bundle::{self, Built, Bundle, NodeModules, Rule, RuleKind, SourceMap};
use crate::config::{ModuleRule, RuleType};
use crate::error::{Error, Result};
use crate::lane::Sources;
use emu_abi::{Failure, Module as GuestModule, ModuleKind};
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Whether a worker's `main` is source that emu bundles.
pub(crate) fn is_source(main: &Path) -> bool {
    let extension = main.extension().and_then(|extension| extension.to_str()).unwrap_or("");
    matches!(extension, "js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx")
}

/// Bundles a worker whose `main` is source. `warn` is told of what should be looked at, `read` of every file that was read,
/// also when the bundle failed.
///
/// # Errors
/// When the source has errors; all of them are in the error's text.
pub(crate) fn bundle(project: &mut Project, warn: &mut dyn FnMut(&str), read: &mut dyn FnMut(&Path)) -> Result<()> {
    let Ok(main) = main_path(project) else { return Ok(()) };
    if !is_source(&main) {
        return Ok(());
    }
    let Built { bundle, inputs, folders } = bundle::bundle(&settings(project, &main));
    for input in &inputs {
        read(input);
    }
    project.module_folders = folders;
    let bundle = bundle?;
    for warning in &bundle.warnings {
        warn(warning.strip_prefix("warning: ").unwrap_or(warning));
    }
    project.bundle = Some(Arc::new(bundle));
    Ok(())
}

/// What the configuration says of bundling.
pub(crate) fn settings(project: &Project, main: &Path) -> bundle::Project {
    let bundling = &project.worker.bundling;
    let compatibility = &project.worker.compatibility;
    let path = |path: &PathBuf| absolute(&project.folder.join(path));
    bundle::Project {
        root: absolute(&project.folder),
        main: absolute(main),
        entry: None,
        rules: bundling.rules.iter().map(rule).collect(),
        alias: bundling.alias.clone(),
        define: bundling.define.clone(),
        no_bundle: bundling.no_bundle,
        find_additional_modules: bundling.find_additional_modules,
        base_dir: bundling.base_dir.as_ref().map(path),
        tsconfig: bundling.tsconfig.as_ref().map(path),
        jsx_factory: bundling.jsx_factory.clone(),
        jsx_fragment: bundling.jsx_fragment.clone(),
        minify: bundling.minify,
        node: match () {
            () if compatibility.has("nodejs_compat") => NodeModules::All,
            () if compatibility.has("nodejs_als") => NodeModules::AsyncHooks,
            () => NodeModules::None,
        },
    }
}

fn rule(rule: &ModuleRule) -> Rule {
    let kind = match rule.kind {
        RuleType::Text => RuleKind::Text,
        RuleType::Data => RuleKind::Data,
        RuleType::CompiledWasm => RuleKind::CompiledWasm,
        RuleType::EsModule => RuleKind::ESModule,
        RuleType::CommonJs => RuleKind::CommonJS,
    };
    Rule { kind, globs: rule.globs.clone(), fallthrough: rule.fallthrough }
}

/// The path from the root of the file system.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The modules of a bundle as the engine takes them, the main one first.
pub(crate) fn modules(bundle: &Bundle) -> Vec<GuestModule> {
    let modules = bundle.modules.iter().map(|module| {
        let kind = match module.kind {
            bundle::ModuleKind::Esm => ModuleKind::Script,
            bundle::ModuleKind::CommonJs => ModuleKind::CommonJs,
            bundle::ModuleKind::Text => ModuleKind::Text,
            bundle::ModuleKind::Data => ModuleKind::Data,
            bundle::ModuleKind::Wasm => ModuleKind::Wasm,
        };
        GuestModule { name: module.name.clone(), kind, bytes: module.bytes.clone().into() }
    });
    let mut modules: Vec<_> = modules.collect();
    modules.sort_by_key(|module| module.name != bundle.main);
    modules
}

impl Sources for SourceMap {
    fn map_text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.map_text(text)
    }

    fn code_frame(&self, stack: &str) -> Option<String> {
        self.code_frame(stack)
    }
}

/// Where `main` imports what a module does not have, if that is why it cannot start. `outside` are modules beside its own.
pub(crate) fn missing_export(
    bundle: &Bundle,
    main: &Path,
    outside: &[GuestModule],
    failure: &Failure,
) -> Option<Error> {
    if failure.name != "SyntaxError" {
        return None;
    }
    let texts =
        outside.iter().map(|module| (module.name.as_str(), std::str::from_utf8(&module.bytes.0).unwrap_or_default()));
    let outside: Vec<_> = texts.collect();
    bundle::missing_export(bundle, main, &failure.message, &outside)
}

/// Adds to an error where in the user's source a worker failed to start.
pub(crate) fn explain(error: Error, bundle: &Bundle, failure: &Failure) -> Error {
    let Some(stack) = &failure.stack else { return error };
    let mapped = bundle.sources.map_text(stack);
    // The error has said already what is at the head of its stack.
    let frames = mapped.strip_prefix(&failure.to_string()).unwrap_or(&mapped).trim();
    match bundle.sources.code_frame(stack) {
        Some(frame) => error.because(format!("{frames}\n\n{frame}")),
        None if frames.is_empty() => error,
        None => error.because(frames.to_owned()),
    }
}
