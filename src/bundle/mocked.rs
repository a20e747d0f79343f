//! The modules that the test files of a bundle mock: who asks for one gets its stand-in.
//!
//! Invariant: what is a stand-in is known before the first import is answered, and does not change.

use super::exported::{Exported, exported};
use super::mocks::{self, Mocking, ORIGINAL};
use super::problem::Problem;
use super::resolve::{Imports, look_up};
use super::vlq::{Mapping, Table};
use super::{Entry, builtins};
use rolldown::plugin::{HookResolveIdArgs, HookResolveIdOutput, HookResolveIdReturn, PluginContext};
use rolldown_common::ImportKind;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use tokio::sync::OnceCell;

/// How the id of a stand-in begins; its number follows.
const STAND_IN: &str = "\0emu:mocked:";
/// How many modules are read to find out what one exports.
const MODULES_MAX: usize = 1000;

/// See the file's comment.
#[derive(Debug, Default)]
pub(super) struct Mocked {
    /// The changed test files.
    files: BTreeMap<PathBuf, Mocking>,
    /// What is mocked: the number of the mock, its specifier and the file that says so, in order.
    mocks: Vec<(String, PathBuf)>,
    /// The stand-ins, by the ids of the modules that they stand in for. Later mocks of a module win.
    found: OnceCell<HashMap<String, (usize, String)>>,
}

impl Mocked {
    /// Reads the test files of a bundle.
    pub(super) fn of(entry: &Entry) -> Self {
        let mut mocked = Self::default();
        let stays = |specifier: &str| is_fixed(entry, specifier);
        for file in &entry.mocking {
            let Ok(text) = fs::read_to_string(file) else { continue };
            let Some(mocking) = mocks::hoist(file, &text, mocked.mocks.len(), &stays) else { continue };
            mocked.mocks.extend(mocking.mocks.iter().map(|specifier| (specifier.clone(), file.clone())));
            mocked.files.insert(file.clone(), mocking);
        }
        mocked
    }

    /// The text of a changed test file, or of a stand-in.
    pub(super) fn load(&self, id: &str) -> Option<String> {
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
            return look_up(ctx, &original, importer, import.kind).await;
        }
        if self.mocks.is_empty() || import.is_entry || specifier.starts_with('\0') || builtins::is_platform(specifier) {
            return Ok(None);
        }
        let stand_ins = self.found.get_or_init(|| self.find(ctx, imports)).await;
        let (specifier, importer) = imports.aliased(specifier, importer);
        let Some(found) = look_up(ctx, &specifier, importer, import.kind).await? else { return Ok(None) };
        let stand_in = stand_ins.get(found.id.as_str());
        Ok(stand_in.map(|(number, _)| HookResolveIdOutput::from_id(format!("{STAND_IN}{number}"))))
    }

    async fn find(&self, ctx: &PluginContext, imports: &Imports) -> HashMap<String, (usize, String)> {
        let mut found = HashMap::new();
        for (number, (specifier, file)) in self.mocks.iter().enumerate() {
            let importer = file.to_string_lossy();
            let (target, from) = imports.aliased(specifier, Some(&importer));
            let module = look_up(ctx, &target, from, ImportKind::Import).await.ok().flatten();
            let Some(module) = module else {
                let message = format!("`{specifier}` cannot be mocked: it is no file of the project or its packages");
                let help = Some("what the runtime has itself can be replaced with `vi.spyOn()`".to_owned());
                imports.noted().errors.push(Problem::import(Some(&importer), specifier, message, help));
                continue;
            };
            let names = names(ctx, module.id.as_str()).await;
            found.insert(module.id.to_string(), (number, mocks::stand_in(number, &names)));
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

/// Whether a module is not a file, and cannot be mocked.
fn is_fixed(entry: &Entry, specifier: &str) -> bool {
    entry.is_outside(specifier) || builtins::is_platform(specifier) || builtins::node(specifier).is_some()
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
