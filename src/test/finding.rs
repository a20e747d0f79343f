//! A failure that was found, as small as it could be made, with all that is told about it.
//!
//! Invariant: plain data.

use super::judge::Failure;
use crate::world::simulated::Line;
use crate::world::{Point, Rerun, Whose};

/// A failure that was found.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What went wrong.
    pub failure: Failure,
    /// What runs it again.
    pub rerun: Rerun,
    /// The number of the run that found it, from 1.
    pub run: u64,
    /// How many decisions the tape had before it was shrunk.
    pub decisions_before: usize,
    /// The decisions that matter, in the order of the run.
    pub faults: Vec<Point>,
    /// Nothing more can be left out.
    pub is_minimal: bool,
    /// A replay must end here.
    pub digest: u64,
    /// The run, line by line.
    pub lines: Vec<Line>,
    /// How people call what the lines speak of.
    pub names: Vec<(Whose, String)>,
    /// The place in `lines` of the first difference from the calm run.
    pub first_difference: Option<usize>,
}

/// What a test came to in all its runs.
#[derive(Clone, Debug)]
pub struct Tested {
    /// The test.
    pub test: super::program::Test,
    /// How it ended.
    pub outcome: Outcome,
    /// How many runs it had.
    pub runs: u64,
    /// Of how many single deviations how many were tried.
    pub explored: (usize, usize),
    /// How long it took in the calm run, in virtual milliseconds.
    pub virtual_ms: f64,
    /// How long all of it took, in milliseconds.
    pub real_ms: f64,
    /// What is to be said beside that: why it was not shaken, …
    pub notes: Vec<String>,
}

/// How a test ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It passed in all runs.
    Passed,
    /// It failed, in the calm run or in another.
    Failed(Box<Finding>),
    /// It did not run.
    Skipped,
    /// It is not written yet.
    Todo,
}

/// What a file came to.
#[derive(Clone, Debug)]
pub struct FileTested {
    /// The file, as people call it.
    pub name: String,
    /// Its tests.
    pub tests: Vec<Tested>,
    /// Why it could not be run.
    pub broken: Option<String>,
    /// What was logged in the calm run.
    pub logged: Vec<String>,
}
