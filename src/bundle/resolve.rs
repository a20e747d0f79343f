//! What an import means: a module of the platform, a file that a rule keeps apart, an alias, or what a resolver for
//! packages finds (§4.5).
//!
//! rolldown asks [`Imports`] about every import before it looks itself. What is wrong is noted, not thrown, so that the
//! reader sees all of it at once, each with its place.
//!
//! Invariant: answers are a function of the project and its files; nothing depends on the order of the questions but
//! the names of modules that would otherwise be equal.

use super::additional::{self, Found};
use super::entry;
use super::mocked::Mocked;
use super::problem::{self, Problem};
use super::rules::{Matched, RuleKind, RuleSet, ignored_message};
use super::{BUNDLE_NAME, Entry, Module, ModuleKind, NodeModules, Project, builtins, normal, relative};
use rolldown::ModuleType;
use rolldown::plugin::{
    HookLoadArgs, HookLoadOutput, HookLoadReturn, HookResolveIdArgs, HookResolveIdOutput, HookResolveIdReturn,
    HookUsage, Plugin, PluginContext, PluginContextResolveOptions, SharedLoadPluginContext,
};
use rolldown_common::{ImportKind, side_effects::HookSideEffects};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What precedes the name in the id of a module that stands between `require` and a module outside the bundle.
const REQUIRED: &str = "\0required:";
/// The extensions of files that can be part of the bundle's JavaScript.
const JAVASCRIPT: [&str; 9] = ["js", "jsx", "mjs", "cjs", "ts", "tsx", "mts", "cts", "json"];

/// Answers rolldown's questions about imports.
#[derive(Debug)]
pub(super) struct Imports {
    root: PathBuf,
    alias: BTreeMap<String, String>,
    node: NodeModules,
    entry: Option<Entry>,
    pub(super) mocked: Mocked,
    rules: Arc<RuleSet>,
    /// Files that are modules already, with their names.
    additional: BTreeMap<PathBuf, String>,
    noted: Mutex<Noted>,
}

/// What the questions brought to light.
#[derive(Debug, Default)]
pub(super) struct Noted {
    /// Modules beside the bundle, by name, with their files.
    pub(super) modules: BTreeMap<String, (Module, PathBuf)>,
    /// Files that are inlined as text.
    texts: BTreeSet<String>,
    /// Importers, and what they import by calling `import`.
    dynamic: BTreeSet<(PathBuf, String)>,
    pub(super) errors: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
    /// Files that were read or missed here.
    pub(super) inputs: BTreeSet<PathBuf>,
}

impl Noted {
    /// Whether a problem is with a call of `import`.
    pub(super) fn is_dynamic(&self, problem: &Problem) -> bool {
        problem.imports().is_some_and(|import| self.dynamic.contains(&import))
    }
}

impl Imports {
    pub(super) fn new(project: &Project, rules: Arc<RuleSet>, found: &Found) -> Self {
        let additional = found.modules.iter().map(|(module, file)| (file.clone(), module.name.clone())).collect();
        let root = project.root.clone();
        let alias = project.alias.iter().cloned().collect();
        let entry = project.entry.clone();
        let mocked = entry.as_ref().map(Mocked::of).unwrap_or_default();
        Self { root, alias, node: project.node, entry, mocked, rules, additional, noted: Mutex::default() }
    }

    pub(super) fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What an import of a specifier looks for, and from where: an alias is looked for from the project's folder.
    pub(super) fn aliased<'s>(
        &'s self,
        specifier: &'s str,
        importer: Option<&'s str>,
    ) -> (Cow<'s, str>, Option<&'s str>) {
        self.alias(specifier).map_or((Cow::Borrowed(specifier), importer), |target| (target, None))
    }

    /// What a specifier stands for: itself, or as the longest that begins like it, `name/*` for `target/*`.
    fn alias(&self, specifier: &str) -> Option<Cow<'_, str>> {
        if let Some(target) = self.alias.get(specifier) {
            return Some(Cow::Borrowed(target));
        }
        let inside = |(name, target): (&String, &String)| {
            let rest = specifier.strip_prefix(name.strip_suffix('*')?)?;
            Some((name.len(), format!("{}{rest}", target.strip_suffix('*')?)))
        };
        let longest = self.alias.iter().filter_map(inside).max_by_key(|(length, _)| *length);
        longest.map(|(_, target)| Cow::Owned(target))
    }

    async fn resolve(&self, ctx: &PluginContext, import: &HookResolveIdArgs<'_>) -> HookResolveIdReturn {
        let (specifier, importer) = (import.specifier, import.importer);
        if import.is_entry || specifier.starts_with('\0') {
            let entry = self.entry.as_ref().filter(|_| import.is_entry);
            return Ok(entry.map(|_| HookResolveIdOutput::from_id(entry::ID)));
        }
        if specifier == entry::FIRST {
            return Ok(Some(HookResolveIdOutput::from_id(entry::FIRST_ID)));
        }
        if importer.is_some_and(|importer| importer.starts_with(REQUIRED)) {
            return Ok(Some(external(specifier)));
        }
        if import.kind == ImportKind::DynamicImport {
            let importer = PathBuf::from(importer.unwrap_or_default());
            self.noted().dynamic.insert((importer, specifier.to_owned()));
        }
        if importer.is_some()
            && let Some(target) = self.alias(specifier)
        {
            return self.resolve_alias(ctx, import, &target).await;
        }
        if let Some(entry) = &self.entry {
            if importer == Some(entry::ID) && !entry.is_outside(specifier) {
                return self.resolve_kept(ctx, import).await;
            }
            if let Some(help) = entry.refusal(specifier) {
                let message = format!("`{specifier}` cannot be imported here");
                self.noted().errors.push(Problem::import(importer, specifier, message, Some(help)));
                return Ok(Some(external(specifier)));
            }
        }
        if builtins::is_platform(specifier) || self.entry.as_ref().is_some_and(|entry| entry.is_outside(specifier)) {
            return Ok(Some(outside(specifier, import.kind)));
        }
        if let Some(name) = builtins::node(specifier) {
            return self.resolve_node(ctx, import, &name).await;
        }
        if let Some(name) = self.additional_name(import) {
            return Ok(Some(outside(&name, import.kind)));
        }
        match self.rules.of_specifier(specifier) {
            Matched::Kind(kind) => self.resolve_rule(ctx, import, kind).await,
            Matched::Ignored(rule) => {
                let message = ignored_message(specifier, &rule);
                self.noted().errors.push(Problem::import(importer, specifier, message, None));
                Ok(Some(external(specifier)))
            }
            Matched::Nothing => self.check_kind(ctx, import).await,
        }
    }

    /// An alias is looked for from the project's folder, whoever imports it.
    async fn resolve_alias(
        &self,
        ctx: &PluginContext,
        import: &HookResolveIdArgs<'_>,
        to: &str,
    ) -> HookResolveIdReturn {
        if let Some(name) = builtins::node(to) {
            return self.resolve_node(ctx, import, &name).await;
        }
        if builtins::is_platform(to) {
            return Ok(Some(outside(to, import.kind)));
        }
        if let Some(found) = look_up(ctx, to, None, import.kind).await? {
            return Ok(Some(found));
        }
        let message = format!("`{}`, the alias of `{}`, is not found", to, import.specifier);
        let help = Some("correct `alias` in the configuration; paths are relative to its folder".to_owned());
        self.noted().errors.push(Problem::import(import.importer, import.specifier, message, help));
        Ok(Some(external(import.specifier)))
    }

    /// A file that the entry imports. It is evaluated whatever its package says of side effects: those are what it is for.
    async fn resolve_kept(&self, ctx: &PluginContext, import: &HookResolveIdArgs<'_>) -> HookResolveIdReturn {
        let found = look_up(ctx, import.specifier, None, import.kind).await?;
        Ok(found.map(|found| HookResolveIdOutput { side_effects: Some(HookSideEffects::NoTreeshake), ..found }))
    }

    /// One of Node.js's modules. Without the flag only what would fail at once is an error: an import on a path that is
    /// never taken does no harm, and packages that run everywhere have such imports.
    async fn resolve_node(
        &self,
        ctx: &PluginContext,
        import: &HookResolveIdArgs<'_>,
        name: &str,
    ) -> HookResolveIdReturn {
        let is_allowed = match self.node {
            NodeModules::All => true,
            NodeModules::AsyncHooks => name == "node:async_hooks",
            NodeModules::None => false,
        };
        if is_allowed {
            return Ok(Some(outside(name, import.kind)));
        }
        let is_prefixed = import.specifier.starts_with("node:");
        if !is_prefixed && let Some(found) = look_up(ctx, import.specifier, import.importer, import.kind).await? {
            return Ok(Some(found));
        }
        let problem = problem::node_module(import.importer, import.specifier);
        let mut noted = self.noted();
        match import.kind {
            ImportKind::Import => noted.errors.push(problem),
            _ if is_prefixed => noted.warnings.push(problem),
            // The resolver finds out whether somebody catches the failure.
            _ => return Ok(None),
        }
        Ok(Some(external(name)))
    }

    /// The name of the additional module that an import means.
    fn additional_name(&self, import: &HookResolveIdArgs<'_>) -> Option<String> {
        if self.additional.is_empty() || !import.specifier.starts_with('.') {
            return None;
        }
        let file = Path::new(import.importer?).parent()?.join(without_query(import.specifier));
        self.additional.get(&normal(&file)).cloned()
    }

    /// A file that a rule mentions.
    async fn resolve_rule(
        &self,
        ctx: &PluginContext,
        import: &HookResolveIdArgs<'_>,
        kind: RuleKind,
    ) -> HookResolveIdReturn {
        let clean = without_query(import.specifier);
        let found = look_up(ctx, clean, import.importer, import.kind).await?;
        let beside =
            || import.importer.and_then(|importer| Path::new(importer).parent()).unwrap_or(&self.root).join(clean);
        let file = found.map_or_else(beside, |found| PathBuf::from(found.id.as_str()));
        self.noted().inputs.insert(file.clone());
        if !file.is_file() {
            // The resolver says so, with the place.
            let problem =
                Problem::import(import.importer, import.specifier, format!("there is no file `{clean}`"), None);
            self.noted().errors.push(problem);
            return Ok(Some(external(import.specifier)));
        }
        if kind == RuleKind::Text {
            let id = file.to_string_lossy().into_owned();
            self.noted().texts.insert(id.clone());
            return Ok(Some(HookResolveIdOutput::from_id(id)));
        }
        match self.module(&file, kind.module_kind()) {
            Ok(name) => Ok(Some(outside(&name, import.kind))),
            Err(error) => {
                let problem = Problem::import(import.importer, import.specifier, error.to_string(), None);
                self.noted().errors.push(problem);
                Ok(Some(external(import.specifier)))
            }
        }
    }

    /// Makes a file a module of its own, and gives it a name.
    fn module(&self, file: &Path, kind: ModuleKind) -> crate::error::Result<String> {
        let known =
            |noted: &Noted| noted.modules.iter().find(|(_, (_, known))| known == file).map(|(name, _)| name.clone());
        if let Some(name) = known(&self.noted()) {
            return Ok(name);
        }
        let bytes = additional::read_bytes(&self.root, file)?;
        let mut noted = self.noted();
        if let Some(name) = known(&noted) {
            return Ok(name);
        }
        let plain = relative(&self.root, file).replace("../", "").trim_start_matches('/').to_owned();
        let taken = |name: &String| {
            name == BUNDLE_NAME || noted.modules.contains_key(name) || self.additional.values().any(|own| own == name)
        };
        let numbered = (2..).map(|number| format!("{plain}-{number}"));
        let name = std::iter::once(plain.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or(plain);
        noted.modules.insert(name.clone(), (Module { name: name.clone(), kind, bytes }, file.to_owned()));
        Ok(name)
    }

    /// That an import of a file that is not JavaScript, by its name, is mentioned by a rule.
    async fn check_kind(&self, ctx: &PluginContext, import: &HookResolveIdArgs<'_>) -> HookResolveIdReturn {
        let is_path = import.specifier.starts_with('.') || import.specifier.contains('/');
        if !is_path || extension(import.specifier).is_none_or(|extension| JAVASCRIPT.contains(&extension)) {
            return Ok(None);
        }
        let Some(found) = look_up(ctx, import.specifier, import.importer, import.kind).await? else { return Ok(None) };
        let Some(extension) = extension(&found.id).filter(|extension| !JAVASCRIPT.contains(extension)) else {
            return Ok(Some(found));
        };
        let message = format!("no rule says what a `.{extension}` file is");
        let help = format!(
            "to import it as a string, add {{ \"type\": \"Text\", \"globs\": [\"**/*.{extension}\"] }} to `rules`; \
             \"Data\" makes it an ArrayBuffer"
        );
        self.noted().errors.push(Problem::import(import.importer, import.specifier, message, Some(help)));
        Ok(Some(external(import.specifier)))
    }
}

impl Plugin for SharedImports {
    fn name(&self) -> Cow<'static, str> {
        "emu".into()
    }

    async fn resolve_id(&self, ctx: &PluginContext, args: &HookResolveIdArgs<'_>) -> HookResolveIdReturn {
        let found = match self.0.mocked.resolve(ctx, args, &self.0).await? {
            Some(found) => Some(found),
            None => self.0.resolve(ctx, args).await?,
        };
        Ok(found)
    }

    async fn load(&self, _ctx: SharedLoadPluginContext, args: &HookLoadArgs<'_>) -> HookLoadReturn {
        if let Some(name) = args.id.strip_prefix(REQUIRED) {
            // `require` gives the module's default export, as it is.
            let name = serde_json::Value::from(name);
            let code =
                format!("import value from {name};\nexport {{ value as default, value as \"module.exports\" }};\n");
            let module_type = Some(ModuleType::Js);
            return Ok(Some(HookLoadOutput { code: code.into(), module_type, ..HookLoadOutput::default() }));
        }
        if let Some(source) = self.0.entry.as_ref().and_then(|entry| entry.module(args.id)) {
            let module_type = Some(ModuleType::Js);
            let code = source.into();
            return Ok(Some(HookLoadOutput { code, module_type, ..HookLoadOutput::default() }));
        }
        if let Some(code) = self.0.mocked.load(args.id) {
            let is_stand_in = args.id.starts_with('\0');
            let module_type = is_stand_in.then_some(ModuleType::Js);
            return Ok(Some(HookLoadOutput { code: code.into(), module_type, ..HookLoadOutput::default() }));
        }
        if !self.0.noted().texts.contains(args.id) {
            return Ok(None);
        }
        let bytes = additional::read_bytes(&self.0.root, Path::new(args.id)).unwrap_or_default();
        let code = String::from_utf8_lossy(&bytes).into_owned();
        let module_type = Some(ModuleType::Text);
        Ok(Some(HookLoadOutput { code: code.into(), module_type, ..HookLoadOutput::default() }))
    }

    fn register_hook_usage(&self) -> HookUsage {
        HookUsage::ResolveId | HookUsage::Load
    }
}

/// [`Imports`] as rolldown takes them: shared with who reads the notes afterwards.
#[derive(Debug)]
pub(super) struct SharedImports(pub(super) Arc<Imports>);

/// What the resolver for packages finds, without asking [`Imports`] about the same import again.
pub(super) async fn look_up(
    ctx: &PluginContext,
    specifier: &str,
    importer: Option<&str>,
    kind: ImportKind,
) -> HookResolveIdReturn {
    let options = PluginContextResolveOptions { import_kind: kind, skip_self: true, ..Default::default() };
    let found = ctx.resolve(specifier, importer, Some(options)).await?;
    Ok(found.ok().filter(|found| !found.external.is_external()).map(HookResolveIdOutput::from_resolved_id))
}

/// Leaves an import to the engine.
pub(super) fn external(name: &str) -> HookResolveIdOutput {
    HookResolveIdOutput { external: Some(true.into()), ..HookResolveIdOutput::from_id(name) }
}

/// A module outside the bundle; `require` of one goes through an import, because the engine has no `require`.
fn outside(name: &str, kind: ImportKind) -> HookResolveIdOutput {
    match kind {
        ImportKind::Require => HookResolveIdOutput::from_id(format!("{REQUIRED}{name}")),
        _ => external(name),
    }
}

fn without_query(specifier: &str) -> &str {
    specifier.split_once('?').map_or(specifier, |(path, _)| path)
}

/// The extension of the file that a text names, when it names one.
fn extension(text: &str) -> Option<&str> {
    let name = without_query(text).rsplit('/').next()?;
    let (stem, extension) = name.rsplit_once('.')?;
    (!stem.is_empty() && !extension.is_empty()).then_some(extension)
}
