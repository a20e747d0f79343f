//! The modules that the test files of a bundle mock: who asks for one gets its stand-in.
//!
//! Invariant: what is a stand-in is known before the first import is answered, and does not change.

use super::exported::{Exported, exported};
use super::mocks::{self, Mock, Mocking, ORIGINAL};
use super::problem::Problem;
use super::resolve::{Imports, external, look_up};
use super::vlq::{Mapping, Table};
use super::{Entry, builtins, normal};
use rolldown::plugin::{HookResolveIdArgs, HookResolveIdOutput, HookResolveIdReturn, PluginContext};
use rolldown_common::ImportKind;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use tokio::sync::OnceCell;

/// How the id of a stand-in begins; its number follows.
const STAND_IN: &str = "\0emu:mocked:";
/// How the id of a CommonJS module begins that exports what a mock has; its number follows.
const NAMES_OF: &str = "emu:names-of-mock:";
/// How the id begins that stands for a module which is no file.
const NO_FILE: &str = "\0emu:no-file:";
/// How many modules are read to find out what one exports.
const MODULES_MAX: usize = 1000;

/// See the file's comment.
#[derive(Debug, Default)]
pub(super) struct Mocked {
    /// The changed test files.
    files: BTreeMap<PathBuf, Mocking>,
    /// What is mocked, with the file that says so, in the order of their numbers.
    mocks: Vec<(Mock, PathBuf)>,
    /// Modules that tests are given, which cannot be mocked.
    outside: Vec<String>,
    /// The stand-ins, by the ids of the modules that they stand in for. Later mocks of a module win.
    found: OnceCell<HashMap<String, (usize, String)>>,
}

impl Mocked {
    /// Reads the test files of a bundle.
    pub(super) fn of(entry: &Entry) -> Self {
        let mut mocked = Self { outside: entry.outside.clone(), ..Self::default() };
        let stays = |specifier: &str| is_fixed(entry, specifier);
        for file in &entry.mocking {
            let Ok(text) = fs::read_to_string(file) else { continue };
            let Some(mocking) = mocks::hoist(file, &text, mocked.mocks.len(), &stays) else { continue };
            mocked.mocks.extend(mocking.mocks.iter().map(|mock| (mock.clone(), file.clone())));
            mocked.files.insert(file.clone(), mocking);
        }
        mocked
    }

    /// The text of a changed test file, or of a stand-in.
    pub(super) fn load(&self, id: &str) -> Option<String> {
        if let Some(number) = id.strip_prefix('\0').and_then(|id| id.strip_prefix(NAMES_OF)) {
            return Some(mocks::names_of(number));
        }
        if let Some(specifier) = id.strip_prefix(NO_FILE) {
            return Some(mocks::absent(specifier));
        }
        if let Some(number) = id.strip_prefix(STAND_IN) {
            let stand_ins = self.found.get()?.values();
            return stand_ins.into_iter().find(|(own, _)| own.to_string() == number).map(|(_, code)| code.clone());
        }
        self.files.get(Path::new(id)).map(|mocking| mocking.code.clone())
    }

    /// What an import means if a mock has to do with it.
    pub(super) async fn resolve(
        &self,
        ctx: &PluginContext,
        import: &HookResolveIdArgs<'_>,
        imports: &Imports,
    ) -> HookResolveIdReturn {
        let (specifier, importer) = (import.specifier, import.importer);
        if let Some(original) = specifier.strip_prefix(ORIGINAL) {
            let (original, importer) = imports.aliased(original, importer);
            let found = look_up(ctx, &original, importer, import.kind).await?;
            return Ok(Some(found.unwrap_or_else(|| no_file(&original))));
        }
        if specifier.starts_with(NAMES_OF) {
            return Ok(Some(HookResolveIdOutput::from_id(format!("\0{specifier}"))));
        }
        if self.mocks.is_empty() || import.is_entry || specifier.starts_with('\0') || self.is_outside(specifier) {
            return Ok(None);
        }
        let stand_ins = self.found.get_or_init(|| self.find(ctx, imports)).await;
        let id = self.id(ctx, imports, specifier, importer, import.kind).await;
        let stand_in = stand_ins.get(id.as_str());
        Ok(stand_in.map(|(number, _)| HookResolveIdOutput::from_id(format!("{STAND_IN}{number}"))))
    }

    fn is_outside(&self, specifier: &str) -> bool {
        self.outside.iter().any(|outside| outside == specifier)
    }

    /// The id of what an import means, also where there is no such module.
    async fn id(
        &self,
        ctx: &PluginContext,
        imports: &Imports,
        specifier: &str,
        importer: Option<&str>,
        kind: ImportKind,
    ) -> String {
        let (specifier, importer) = imports.aliased(specifier, importer);
        if let Ok(Some(found)) = look_up(ctx, &specifier, importer, kind).await {
            return found.id.to_string();
        }
        let beside = importer.filter(|_| specifier.starts_with('.')).and_then(|importer| Path::new(importer).parent());
        match beside {
            Some(folder) => format!("{NO_FILE}{}", normal(&folder.join(&*specifier)).display()),
            None => format!("{NO_FILE}{}", builtins::node(&specifier).as_deref().unwrap_or(&specifier)),
        }
    }

    async fn find(&self, ctx: &PluginContext, imports: &Imports) -> HashMap<String, (usize, String)> {
        let mut found = HashMap::new();
        for (number, (mock, file)) in self.mocks.iter().enumerate() {
            let (specifier, importer) = (mock.specifier.as_str(), file.to_string_lossy());
            let id = self.id(ctx, imports, specifier, Some(&importer), ImportKind::Import).await;
            let is_file = !id.starts_with(NO_FILE);
            if self.is_outside(specifier) || !(is_file || mock.is_made) {
                let message = format!("`{specifier}` cannot be mocked: it is no file of the project or its packages");
                let help = match self.is_outside(specifier) {
                    true => "what tests are given can be replaced with `vi.spyOn()`",
                    false => "give `vi.mock()` a function that makes the mock, or replace parts with `vi.spyOn()`",
                };
                imports.noted().errors.push(Problem::import(
                    Some(&importer),
                    specifier,
                    message,
                    Some(help.to_owned()),
                ));
                continue;
            }
            let stand_in = match is_file {
                true => mocks::stand_in(number, &names(ctx, &id).await),
                false => mocks::stand_in_of_unknown(number, &format!("{NAMES_OF}{number}")),
            };
            found.insert(id, (number, stand_in));
        }
        found
    }

    /// A source map whose positions in the test files are those that the reader knows.
    pub(super) fn own_places(&self, table: Table) -> Table {
        if self.files.is_empty() {
            return table;
        }
        let changed: Vec<_> = table.files.iter().map(|file| self.files.get(Path::new(file))).collect();
        let own = |mapping: &Mapping| {
            let Some(Some(mocking)) = changed.get(mapping.file as usize) else { return Some(*mapping) };
            let place = mocking.table.find(mapping.source_line, mapping.source_column)?;
            Some(Mapping { source_line: place.source_line, source_column: place.source_column, ..*mapping })
        };
        let mappings = table.mappings().iter().filter_map(own).collect();
        Table::new(table.files.clone(), mappings)
    }
}

/// The module itself where that is no file: the platform's, or one that says that it is not there.
fn no_file(specifier: &str) -> HookResolveIdOutput {
    match is_no_file(specifier) {
        true => external(builtins::node(specifier).as_deref().unwrap_or(specifier)),
        false => HookResolveIdOutput::from_id(format!("{NO_FILE}{specifier}")),
    }
}

/// Whether a module stays where it is imported, for it is no file.
fn is_fixed(entry: &Entry, specifier: &str) -> bool {
    entry.is_outside(specifier) || is_no_file(specifier)
}

/// Whether a module is the platform's.
fn is_no_file(specifier: &str) -> bool {
    builtins::is_platform(specifier) || builtins::node(specifier).is_some()
}

/// All names that a module exports, its own and those of the modules that it exports.
async fn names(ctx: &PluginContext, id: &str) -> BTreeSet<String> {
    let (mut names, mut seen) = (BTreeSet::new(), BTreeSet::new());
    let mut waiting = vec![id.to_owned()];
    while let Some(id) = waiting.pop() {
        if seen.len() >= MODULES_MAX || !seen.insert(id.clone()) {
            continue;
        }
        let Ok(text) = fs::read_to_string(&id) else { continue };
        let Exported { names: mut own, all_of } = exported(Path::new(&id), &text);
        if seen.len() > 1 {
            own.remove("default");
        }
        names.extend(own);
        for specifier in all_of {
            let found = look_up(ctx, &specifier, Some(&id), ImportKind::Import).await.ok().flatten();
            waiting.extend(found.map(|found| found.id.to_string()));
        }
    }
    names
}
