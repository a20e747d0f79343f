//! A failure that was found, as small as it could be made, with all that is told about it.
//!
//! Invariant: plain data.

use super::difference::{Difference, difference};
use super::judge::{Failure, Oracle};
use super::run::Ended;
use crate::lane::Waiter;
use crate::simulate::{Happening, Stuck};
use crate::world::simulated::Line;
use crate::world::{Point, Rerun, Whose};

/// What the platform's texts say when a handler was given up that waited for ever.
const GIVEN_UP: [&str; 2] = ["code had hung", "blockConcurrencyWhile() in a Durable Object waited for too long"];

/// A failure that was found.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What went wrong.
    pub failure: Failure,
    /// What runs it again.
    pub rerun: Rerun,
    /// The test fails without any fault.
    pub is_calm: bool,
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
    /// What differs from the calm run.
    pub difference: Difference,
    /// Who waits for what, where somebody waits for ever.
    pub waits: Vec<Waiter>,
    /// Where the worker threw the error that the test was given: who, and the engine's own stack.
    pub thrown: Option<(String, String)>,
}

impl Finding {
    /// What is told of a run that failed, beside the calm one.
    pub fn new(failure: Failure, rerun: Rerun, ended: Ended, calm: &[Line]) -> Self {
        let mut faults: Vec<Point> = rerun.tape.iter().flat_map(|tape| tape.iter()).map(|(at, _)| at.point).collect();
        faults.dedup();
        Self {
            run: 1,
            is_calm: false,
            decisions_before: rerun.tape.as_ref().map_or(0, crate::world::Tape::len),
            faults,
            is_minimal: true,
            digest: ended.record.digest,
            difference: difference(&ended.record.lines, calm),
            waits: waits(&failure, &ended),
            thrown: thrown(&failure, &ended),
            lines: ended.record.lines,
            names: ended.names,
            failure,
            rerun,
        }
    }
}

fn waits(failure: &Failure, ended: &Ended) -> Vec<Waiter> {
    match &ended.stuck {
        Some(Stuck::Deadlock(waiting)) => waiting.clone(),
        _ if GIVEN_UP.iter().any(|text| failure.error.message.contains(text)) => ended.hung.clone(),
        _ => Vec::new(),
    }
}

/// The error of a worker that says the same; the last one, for the test fails with what it was told last.
fn thrown(failure: &Failure, ended: &Ended) -> Option<(String, String)> {
    if !matches!(failure.oracle, Oracle::Test | Oracle::Eventually | Oracle::Invariant) {
        return None;
    }
    let message = failure.error.message.as_str();
    ended.happenings.iter().rev().find_map(|happening| match happening {
        Happening::Uncaught(uncaught) => {
            let thrown = &uncaught.thrown.failure;
            let is_it = !thrown.message.is_empty() && message.ends_with(&thrown.message);
            let who = uncaught.object.clone().unwrap_or_else(|| uncaught.worker.to_string());
            thrown.stack.clone().filter(|_| is_it).map(|stack| (who, stack))
        }
        Happening::Log(_) => None,
    })
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
