//! Which files are tests.
//!
//! Invariant: reads folders only, none outside the project, and a bounded number of them.

use super::kept::RERUN_FILE;
use super::patterns::Patterns;
use crate::config::CONFIG_NAMES;
use crate::error::{Error, Result};
use crate::project::scenario::FILE_NAME as SCENARIO;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold no tests of the project's own, beside those that begin with a dot.
const SKIPPED_FOLDERS: [&str; 4] = ["node_modules", "dist", "build", "target"];
/// How many files and folders are looked at.
const MAX_ENTRIES: usize = 200_000;

/// A test file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TestFile {
    /// From the project's folder, with `/`.
    pub(super) name: String,
    pub(super) path: PathBuf,
}

impl TestFile {
    /// Whether it is a test in no language.
    pub(super) fn is_scenario(&self) -> bool {
        Path::new(&self.name).file_name().is_some_and(|name| name == SCENARIO)
    }
}

/// The scenarios that `paths` name, files or their folders or folders of those. `None` if anything else is named, or
/// nothing at all. A scenario names its worker itself, so these need no project around them.
pub(super) fn scenarios(paths: &[String]) -> Option<Vec<TestFile>> {
    let mut files = Vec::new();
    for path in paths {
        let found = scenarios_at(Path::new(path));
        if found.is_empty() {
            return None;
        }
        files.extend(found.into_iter().map(|path| file(Path::new("."), path)));
    }
    (!files.is_empty()).then_some(files)
}

fn scenarios_at(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return path.file_name().filter(|name| *name == SCENARIO).map(|_| path.to_owned()).into_iter().collect();
    }
    if path.join(SCENARIO).is_file() {
        return vec![path.join(SCENARIO)];
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let mut inside: Vec<PathBuf> =
        entries.map(|entry| entry.path().join(SCENARIO)).filter(|path| path.is_file()).collect();
    inside.sort();
    inside
}

/// The test files of a project, the failures saved beside them, and the folders in which others may come.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listing {
    pub(super) files: Vec<TestFile>,
    pub(super) saved: Vec<PathBuf>,
    pub(super) folders: Vec<PathBuf>,
}

/// The test files of a project that contain one of `filters` in their path, sorted by name; all where there is no filter.
/// `own` is the folder of the project's configuration, which may lie inside of `folder`.
///
/// # Errors
/// When a folder cannot be read.
pub(super) fn list(folder: &Path, own: &Path, patterns: &Patterns, filters: &[String]) -> Result<Listing> {
    let mut listing = Listing::default();
    let (mut waiting, mut entries) = (vec![folder.to_owned()], 0);
    while let Some(current) = waiting.pop() {
        let refused =
            |error| Error::config(format!("the folder `{}` cannot be read", current.display())).because(error);
        for entry in fs::read_dir(&current).map_err(refused)? {
            let entry = entry.map_err(refused)?;
            let kind = entry.file_type().map_err(refused)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            entries += 1;
            let is_skipped = name.starts_with('.') || SKIPPED_FOLDERS.contains(&name.as_str());
            if kind.is_dir() && !is_skipped && (!is_project(&entry.path()) || is_same(&entry.path(), own)) {
                waiting.push(entry.path());
            } else if kind.is_file() {
                if name == RERUN_FILE {
                    listing.saved.push(entry.path());
                }
                let found = file(folder, entry.path());
                if patterns.take(&found.name) || name == SCENARIO {
                    listing.files.push(found);
                }
            }
        }
        listing.folders.push(current);
        if entries > MAX_ENTRIES {
            let message = format!("more than {MAX_ENTRIES} files in `{}` may be tests", folder.display());
            return Err(Error::config(message).hint("name the configuration of the worker: `emu test -c …`"));
        }
    }
    listing.files.retain(|file| filters.is_empty() || filters.iter().any(|filter| is_meant(file, filter)));
    listing.files.sort_by(|one, other| one.name.cmp(&other.name));
    listing.saved.sort();
    listing.folders.sort();
    Ok(listing)
}

fn file(folder: &Path, path: PathBuf) -> TestFile {
    let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().replace('\\', "/");
    TestFile { name, path }
}

/// A folder with a configuration of its own has tests of its own.
fn is_project(folder: &Path) -> bool {
    CONFIG_NAMES.iter().any(|name| folder.join(name).is_file())
}

fn is_same(one: &Path, other: &Path) -> bool {
    one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

/// A filter is part of a path, or a path from where the reader is.
fn is_meant(file: &TestFile, filter: &str) -> bool {
    let plain = filter.trim_start_matches("./");
    let same = |path: &Path| {
        let given = Path::new(filter).canonicalize();
        given.is_ok_and(|given| path.canonicalize().is_ok_and(|path| path.starts_with(given)))
    };
    file.name.contains(plain) || same(&file.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_found_by_their_names() {
        let folder = std::env::temp_dir().join(format!("emu-tests-{}", std::process::id()));
        for name in [
            "src/room.test.ts",
            "src/room.ts",
            "src/test.ts",
            "src/deep/a.spec.mjs",
            "b.test.tsx",
            "b.test.txt",
            "node_modules/p/p.test.js",
            ".wrangler/x.test.js",
            "dist/room.test.js",
            "other/wrangler.toml",
            "other/room.test.js",
            "talk/scenario.jsonc",
            "talk/other.jsonc",
        ] {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, "").expect("a file");
        }
        let names = |filters: &[&str]| {
            let filters: Vec<String> = filters.iter().map(|filter| (*filter).to_owned()).collect();
            let listing = list(&folder, &folder, &Patterns::default(), &filters).expect("files");
            listing.files.into_iter().map(|file| file.name).collect::<Vec<_>>()
        };
        assert_eq!(names(&[]), ["b.test.tsx", "src/deep/a.spec.mjs", "src/room.test.ts", "talk/scenario.jsonc"]);
        assert_eq!(names(&["room"]), ["src/room.test.ts"]);
        assert_eq!(names(&["./src/deep", "b.test"]), ["b.test.tsx", "src/deep/a.spec.mjs"]);
        assert_eq!(names(&[&folder.join("src").display().to_string()]), ["src/deep/a.spec.mjs", "src/room.test.ts"]);
        assert!(names(&["nothing"]).is_empty());
        let here = file(Path::new("."), Path::new(".").join(SCENARIO));
        assert_eq!((here.name.as_str(), here.path.as_path()), (SCENARIO, Path::new("./scenario.jsonc")));
        for (path, count) in [("", 1), ("talk", 1), ("talk/scenario.jsonc", 1), ("talk/other.jsonc", 0), ("src", 0)] {
            let found = scenarios(&[folder.join(path).display().to_string()]);
            assert_eq!(found.map_or(0, |files| files.len()), count, "{path}");
        }
        fs::remove_dir_all(&folder).expect("the folder");
    }
}
