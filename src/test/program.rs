//! A test file, made runnable.
//!
//! Invariant: the same for all runs; nothing of a run is kept in it.

use crate::simulate::Setup;
use serde::Deserialize;
use std::path::PathBuf;
use std::sync::Arc;

/// The entrypoint of a test's worker that runs tests and answers what leaves the world.
pub const ENTRYPOINT: &str = "__emu_test";

/// A test file with its worker, frozen. Cheap to clone.
#[derive(Clone)]
pub struct Program {
    /// The file as people call it: relative to the project's folder.
    pub name: Arc<str>,
    /// The file.
    pub path: PathBuf,
    /// What runs.
    pub setup: Setup,
}

/// A test, as its file declares it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Test {
    /// The path of indices from the file to the test.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The names of the suites around it, the outermost first.
    pub suite: Vec<String>,
    /// What is to be done with it.
    pub mode: Mode,
}

/// What is to be done with a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It runs.
    Run,
    /// It runs, and those that do not say so do not.
    Only,
    /// It does not run.
    Skip,
    /// It is not written yet.
    Todo,
}

impl Test {
    /// Its name behind those of its suites.
    pub fn full_name(&self) -> String {
        let parts = self.suite.iter().map(String::as_str).chain([self.name.as_str()]);
        parts.collect::<Vec<_>>().join(" › ")
    }
}
