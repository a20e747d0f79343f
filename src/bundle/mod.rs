//! From a worker's source to the modules an isolate evaluates: TypeScript, JSX, packages and all.
//!
//! [`bundle`] joins everything `main` imports into one ES module (`rolled`, with what `resolve` says about imports and
//! `options` about the language), beside the files that stay modules of their own because a rule says so (`rules`,
//! `additional`). What is wrong is shown with its place (`problem`, `missing`); positions in the bundle are led back to
//! the sources (`sources`).
//!
//! Semantics: the reference §4.5, which is what wrangler does with esbuild.
//!
//! Invariant: the only user of rolldown. Blocking; reads files, writes none, prints nothing; of emu it knows
//! `crate::error` alone.

use crate::error::{Error, Result};
use sources::Origin;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

mod additional;
mod async_context;
mod builtins;
mod called_imports;
mod decorators;
mod deep_stack;
mod edits;
mod entry;
mod exported;
mod frame;
mod glob;
mod inline_snapshots;
mod literal;
mod missing;
mod mocked;
mod mocks;
mod options;
mod problem;
mod resolve;
mod rolled;
mod rules;
mod sources;
mod vlq;

#[cfg(test)]
mod tests;

pub use entry::{Entry, FIRST};
pub use inline_snapshots::{InlineSnapshot, with_inline_snapshots};
pub use literal::{ARGUMENTS, CALL, UNKNOWN, default_export};
pub use missing::missing_export;
pub use rules::{Rule, RuleKind};
pub use sources::SourceMap;

/// The name of the module that a bundle's JavaScript becomes.
const BUNDLE_NAME: &str = "worker.js";
/// The largest file that is read as a module.
const MODULE_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// Which of Node.js's modules the worker may import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NodeModules {
    /// None: no compatibility flag asks for them.
    #[default]
    None,
    /// `node:async_hooks` alone: `nodejs_als`.
    AsyncHooks,
    /// All of them, with and without `node:`: `nodejs_compat`.
    All,
}

/// What to bundle and how: wrangler's keys of the same names, paths made absolute.
#[derive(Clone, Debug, Default)]
pub struct Project {
    /// The configuration's folder: paths are shown relative to it, aliases are resolved from it.
    pub root: PathBuf,
    /// The file with the worker's entrypoints.
    pub main: PathBuf,
    /// What is bundled instead of `main`, which then only says whom errors are about.
    pub entry: Option<Entry>,
    /// `rules`, without the defaults.
    pub rules: Vec<Rule>,
    /// `alias`: import specifiers and what to import instead; `name/*` and `target/*` are all that begin so.
    pub alias: Vec<(String, String)>,
    /// `define`: expressions and the source text that replaces them.
    pub define: Vec<(String, String)>,
    /// `no_bundle`: files are taken as they are.
    pub no_bundle: bool,
    /// `find_additional_modules`: files that match the rules are modules although nothing imports them.
    pub find_additional_modules: bool,
    /// `base_dir`: where additional modules are looked for, and what their names are relative to; the folder of `main`
    /// when none is given.
    pub base_dir: Option<PathBuf>,
    /// `tsconfig`: instead of the `tsconfig.json` nearest to each file.
    pub tsconfig: Option<PathBuf>,
    /// `jsx_factory`, when the tsconfig says nothing about JSX; `React.createElement` when none is given.
    pub jsx_factory: Option<String>,
    /// `jsx_fragment`; `React.Fragment` when none is given.
    pub jsx_fragment: Option<String>,
    /// `minify`.
    pub minify: bool,
    /// What the compatibility flags allow of Node.js.
    pub node: NodeModules,
}

/// What a module is to the worker that imports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ModuleKind {
    /// An ES module.
    Esm,
    /// A CommonJS module; only with `no_bundle` or among additional modules.
    CommonJs,
    /// Its default export is a string.
    Text,
    /// Its default export is an `ArrayBuffer`.
    Data,
    /// Its default export is a `WebAssembly.Module`.
    Wasm,
}

/// One module of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// How the other modules import it: exactly this text, except that modules which were not bundled
    /// import each other relative to themselves.
    pub name: String,
    /// What it is.
    pub kind: ModuleKind,
    /// Its content; UTF-8 where the kind is a kind of text.
    pub bytes: Vec<u8>,
}

/// A worker, ready to be evaluated.
#[derive(Debug)]
pub struct Bundle {
    /// All modules; the one named `main` first.
    pub modules: Vec<Module>,
    /// The name of the module with the entrypoints.
    pub main: String,
    /// The names that `main` exports; none when it was not bundled, and so not read.
    pub exports: Option<Vec<String>>,
    /// Leads positions in the modules back to the sources.
    pub sources: Arc<SourceMap>,
    /// What the reader is told, each with its place: `warning: …`, without a line break at the end.
    pub warnings: Vec<String>,
}

/// What came of [`bundle`].
#[derive(Debug)]
pub struct Built {
    /// The worker, or why there is none.
    pub bundle: Result<Bundle>,
    /// Every file that was read, or looked for and not found, sorted: when one of them changes, bundle again. Known
    /// when the bundle failed, too.
    pub inputs: Vec<PathBuf>,
    /// Folders in which a file that appears may become a module; only with additional modules.
    pub folders: Vec<PathBuf>,
}

/// Bundles a worker. Blocks until it is done; a few dozen milliseconds for a small worker with a framework.
///
/// # Errors
/// In [`Built::bundle`], when a file cannot be read, is no valid JavaScript or TypeScript, or imports what does not
/// exist. All problems are in one error, each with file, line, column and the line itself.
pub fn bundle(project: &Project) -> Built {
    let project = &without_links(project);
    if let Err(error) = check_main(project) {
        return Built { bundle: Err(error), inputs: vec![project.main.clone()], folders: Vec::new() };
    }
    // A thread of its own lets callers inside of a runtime simply wait.
    let built = deep_stack::run(|| {
        let rules = rules::RuleSet::new(&project.rules);
        let mut built = if project.no_bundle { additional::unbundled(project, &rules) } else { joined(project, rules) };
        if let (true, Ok(bundle)) = (project.node != NodeModules::None, &mut built.bundle) {
            keep_async_context(bundle);
        }
        built
    });
    let failed = |error| Built { bundle: Err(error), inputs: vec![project.main.clone()], folders: Vec::new() };
    let mut built = built.unwrap_or_else(failed);
    built.inputs.sort();
    built.inputs.dedup();
    built
}

/// The project with the paths that its files are found under, so that they can be told relative to its folder.
fn without_links(project: &Project) -> Project {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    Project {
        root: real(&project.root),
        main: real(&project.main),
        base_dir: project.base_dir.as_deref().map(real),
        ..project.clone()
    }
}

/// The bundle, beside its additional modules.
fn joined(project: &Project, rules: rules::RuleSet) -> Built {
    let found = match project.find_additional_modules {
        true => additional::find(project, &rules),
        false => Ok(additional::Found::default()),
    };
    match found {
        Ok(found) => rolled::run(project, rules, found),
        Err(error) => Built { bundle: Err(error), inputs: vec![project.main.clone()], folders: Vec::new() },
    }
}

/// Changes the scripts of a worker that may use `AsyncLocalStorage`: a value set in one is followed through all.
fn keep_async_context(bundle: &mut Bundle) {
    let script = |module: &Module| match module.kind {
        ModuleKind::Esm => String::from_utf8(module.bytes.clone()).ok(),
        _ => None,
    };
    if !bundle.modules.iter().filter_map(script).any(|code| async_context::is_wanted(&code)) {
        return;
    }
    // Nobody else has them before the bundle is made.
    let Some(sources) = Arc::get_mut(&mut bundle.sources) else { return };
    for module in &mut bundle.modules {
        let (Some(code), Some(origin)) = (script(module), sources.origin(&module.name)) else { continue };
        if let Some((code, table)) = async_context::lower(&code, &origin.table(&code)) {
            module.bytes = code.into_bytes();
            *origin = Origin::Bundled(table);
        }
    }
}

/// That `main` is there; wrangler's own text when it is not.
fn check_main(project: &Project) -> Result<()> {
    let main = &project.main;
    if main.is_dir() {
        return Err(Error::config(format!("`main` is the folder `{}`", relative(&project.root, main)))
            .hint("name the file with the worker's entrypoints"));
    }
    if !main.is_file() {
        let error = Error::config(format!("the entry-point file at `{}` was not found", relative(&project.root, main)));
        return Err(error.hint("set `main` in the configuration, or run the build that makes it"));
    }
    Ok(())
}

/// A file as the reader knows it: relative to the project's folder when it is inside it or close to it.
fn relative(root: &Path, file: &Path) -> String {
    let mut up = 0;
    let mut ancestors = root.ancestors();
    let base = loop {
        match ancestors.next() {
            Some(base) if file.starts_with(base) && base.parent().is_some() => break base,
            Some(_) if up < 8 => up += 1,
            _ => return file.display().to_string(),
        }
    };
    let inside = file.strip_prefix(base).unwrap_or(file).display().to_string();
    format!("{}{inside}", "../".repeat(up)).replace('\\', "/")
}

/// A path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(normal.pop()),
            _ => normal.push(part),
        }
    }
    normal
}
