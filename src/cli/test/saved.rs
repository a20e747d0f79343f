//! Failures that were saved to stay: folders of the project with a `rerun.json`, with which their tests are tried first.
//!
//! Invariant: reads only. What is damaged, or of a test that is not there, is told and is never fatal.

use super::files::TestFile;
use super::kept::{self, Kept};
use crate::error::report;
use crate::test::campaign::Known;
use crate::test::program::Test;
use crate::test::story;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// The failures that were saved in a project.
#[derive(Default)]
pub(in crate::cli) struct Saved {
    failures: Vec<SavedFailure>,
}

struct SavedFailure {
    /// Its folder, from the project's.
    folder: String,
    kept: Kept,
    /// Its test is there.
    is_met: AtomicBool,
}

impl Saved {
    /// Reads the files of this name below the project's folder. Those that cannot be read go to `warn`.
    pub(super) fn read(project: &Path, paths: &[PathBuf], warn: &mut dyn FnMut(String)) -> Self {
        let mut failures = Vec::new();
        for path in paths {
            let folder = path.parent().unwrap_or(project);
            let folder = folder.strip_prefix(project).unwrap_or(folder).to_string_lossy().replace('\\', "/");
            match kept::read(path) {
                Ok(kept) => failures.push(SavedFailure { folder, kept, is_met: AtomicBool::new(false) }),
                Err(error) => {
                    let text = report(&error);
                    warn(format!("a saved failure is not tried: {}", text.strip_prefix("error: ").unwrap_or(&text)));
                }
            }
        }
        Self { failures }
    }

    /// What made a test fail.
    pub(super) fn of(&self, file: &str, test: &Test) -> Vec<Known> {
        let failures = self.failures.iter().filter(|failure| failure.is_of(file, test));
        failures
            .map(|failure| Known { rerun: failure.kept.rerun.clone(), saved_in: Some(failure.folder.clone()) })
            .collect()
    }

    /// Notes that a test is there.
    pub(super) fn meet(&self, file: &str, test: &Test) {
        for failure in self.failures.iter().filter(|failure| failure.is_of(file, test)) {
            failure.is_met.store(true, Ordering::Relaxed);
        }
    }

    /// Those whose tests are not there, a sentence each. `files` are those whose tests were met, `is_whole` says that these
    /// are all of the project.
    pub(super) fn lost(&self, files: &[&TestFile], is_whole: bool) -> Vec<String> {
        let is_lost = |failure: &&SavedFailure| {
            let is_looked_at = is_whole || files.iter().any(|file| file.name == failure.kept.file);
            is_looked_at && !failure.is_met.load(Ordering::Relaxed)
        };
        let tell = |SavedFailure { folder, kept, .. }: &SavedFailure| {
            let (folder, file, test) = (story::clean(folder), story::clean(&kept.file), story::one_line(&kept.test));
            format!("`{folder}` is of the test `{test}` in `{file}`, which is not there: save it anew, or remove it")
        };
        self.failures.iter().filter(is_lost).map(tell).collect()
    }
}

impl SavedFailure {
    fn is_of(&self, file: &str, test: &Test) -> bool {
        self.kept.file == file && self.kept.is_of(test)
    }
}
