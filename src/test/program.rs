//! A test file, made runnable.
//!
//! Invariant: the same for all runs; nothing of a run is kept in it.

use super::scenario::Scenario;
use crate::simulate::Setup;
use crate::world::Points;
use serde::Deserialize;
use std::sync::Arc;

/// The entrypoint of a test's worker that runs tests and answers what leaves the world.
pub const ENTRYPOINT: &str = "__emu_test";

/// A test file with its worker, frozen. Cheap to clone.
#[derive(Clone)]
pub struct Program {
    /// The file as people call it: relative to the project's folder.
    pub name: Arc<str>,
    /// What runs.
    pub setup: Setup,
    /// The steps, where it is a scenario and no test file.
    pub scenario: Option<Arc<Scenario>>,
    /// What stands behind `emu test` to find its project, with a space before it.
    pub arguments: Arc<str>,
}

impl Program {
    /// Where the world may decide in its runs, of the points that are asked for.
    pub fn points(&self, asked: Points) -> Points {
        let allowed =
            |scenario: &Arc<Scenario>| asked.iter().filter(|point| scenario.points.contains(*point)).collect();
        self.scenario.as_ref().map_or(asked, allowed)
    }
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
    /// Where it is declared: the line in what was made of its file, from 1.
    #[serde(default)]
    pub line: Option<u32>,
    /// The column, likewise.
    #[serde(default)]
    pub column: Option<u32>,
    /// The name of another test of the file contains its name.
    #[serde(skip)]
    pub is_part_of_another: bool,
    /// Which it is, from 1, of the tests of the file that have its full name; none where it is the only one.
    #[serde(skip)]
    pub twin: Option<usize>,
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
    /// A test of this name that runs.
    pub fn named(id: &str, name: &str, suite: &[&str]) -> Self {
        let suite = suite.iter().map(|name| (*name).to_owned()).collect();
        let (id, name) = (id.to_owned(), name.to_owned());
        Self { id, name, suite, mode: Mode::Run, line: None, column: None, is_part_of_another: false, twin: None }
    }

    /// Its name behind those of its suites.
    pub fn full_name(&self) -> String {
        let parts = self.suite.iter().map(String::as_str).chain([self.name.as_str()]);
        parts.collect::<Vec<_>>().join(" › ")
    }
}
