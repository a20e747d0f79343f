//! Modules that are taken as they are: all of them with `no_bundle`, those the rules find with
//! `find_additional_modules` (§4.5).
//!
//! Invariant: reads files below one folder, follows no link out of it, and reads a bounded number of them.

use super::rules::{Matched, RuleSet, ignored_message};
use super::sources::Origin;
use super::{Built, Bundle, MODULE_BYTES_MAX, Module, ModuleKind, Project, SourceMap, relative};
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The largest number of files that are looked at.
const FILES_MAX: usize = 100_000;
/// Folders that are never looked into: none of them holds a worker's modules.
const SKIPPED_FOLDERS: [&str; 3] = ["node_modules", ".git", ".wrangler"];

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The modules, with the files they are.
    pub(super) modules: Vec<(Module, PathBuf)>,
    /// The folders that were looked into.
    pub(super) folders: Vec<PathBuf>,
}

/// The worker without bundling: `main` and what the rules find beside it.
pub(super) fn unbundled(project: &Project, rules: &RuleSet) -> Built {
    let found = find(project, rules);
    let mut inputs = vec![project.main.clone()];
    let mut folders = Vec::new();
    let bundle = found.and_then(|found| {
        let main = read(project, &project.main, name_of(project, &project.main), kind_of_main(&project.main))?;
        let name = main.name.clone();
        inputs.extend(found.modules.iter().map(|(_, file)| file.clone()));
        folders = found.folders;
        let mut modules = vec![(main, project.main.clone())];
        modules.extend(found.modules);
        let origins = modules.iter().map(|(module, file)| (module.name.clone(), Origin::File(file.clone())));
        let sources = Arc::new(SourceMap::new(project.root.clone(), origins.collect::<BTreeMap<_, _>>()));
        let modules = modules.into_iter().map(|(module, _)| module).collect();
        Ok(Bundle { modules, main: name, exports: None, sources, warnings: rules.warnings.clone() })
    });
    Built { bundle, inputs, folders }
}

/// The modules that the rules find below the base folder, `main` excepted, in the order of their names.
pub(super) fn find(project: &Project, rules: &RuleSet) -> Result<Found> {
    let base = base(project);
    let mut found = Found::default();
    let mut files = Vec::new();
    walk(&base, &mut files, &mut found.folders)?;
    files.sort();
    for file in files {
        let Ok(path) = file.strip_prefix(&base) else { continue };
        let path = path.to_string_lossy().replace('\\', "/");
        if file == project.main {
            continue;
        }
        match rules.of_path(&path) {
            Matched::Kind(kind) => {
                found.modules.push((read(project, &file, path, kind.module_kind())?, file));
            }
            Matched::Ignored(rule) => return Err(Error::config(ignored_message(&path, &rule))),
            Matched::Nothing => {}
        }
    }
    Ok(found)
}

fn base(project: &Project) -> PathBuf {
    let beside_main = || project.main.parent().map_or_else(|| project.root.clone(), Path::to_owned);
    project.base_dir.clone().unwrap_or_else(beside_main)
}

/// A module's name: its path from the base folder.
fn name_of(project: &Project, file: &Path) -> String {
    let base = base(project);
    let path = file.strip_prefix(&base).unwrap_or_else(|_| file.file_name().map_or(file, Path::new));
    path.to_string_lossy().replace('\\', "/")
}

fn kind_of_main(main: &Path) -> ModuleKind {
    match main.extension().and_then(|extension| extension.to_str()) {
        Some("cjs") => ModuleKind::CommonJs,
        _ => ModuleKind::Esm,
    }
}

fn read(project: &Project, file: &Path, name: String, kind: ModuleKind) -> Result<Module> {
    Ok(Module { name, kind, bytes: read_bytes(&project.root, file)? })
}

/// All of a file that is to be a module.
pub(super) fn read_bytes(root: &Path, file: &Path) -> Result<Vec<u8>> {
    let refused = |error| Error::guest(format!("`{}` cannot be read", relative(root, file))).because(error);
    let size = fs::metadata(file).map_err(refused)?.len();
    if size > MODULE_BYTES_MAX {
        let message = format!("`{}` is too large for a module: {size} bytes", relative(root, file));
        return Err(Error::guest(message).hint("production refuses workers beyond 10 MB; keep large data elsewhere"));
    }
    fs::read(file).map_err(refused)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>, folders: &mut Vec<PathBuf>) -> Result<()> {
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        let refused = |error| Error::config(format!("the folder `{}` cannot be read", folder.display())).because(error);
        for entry in fs::read_dir(&folder).map_err(refused)? {
            let entry = entry.map_err(refused)?;
            let kind = entry.file_type().map_err(refused)?;
            let is_skipped = SKIPPED_FOLDERS.iter().any(|name| entry.file_name() == *name);
            if kind.is_dir() && !is_skipped {
                waiting.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
        folders.push(folder);
        if files.len() > FILES_MAX {
            let message = format!("more than {FILES_MAX} files may be modules");
            return Err(Error::config(message).hint("name a smaller folder as `base_dir`"));
        }
    }
    Ok(())
}
