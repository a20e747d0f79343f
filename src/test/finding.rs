//! A failure that was found, as small as it could be made, with all that is told about it.
//!
//! Invariant: plain data.

use super::difference::{Difference, difference};
use super::judge::{Failure, Oracle};
use super::run::Ended;
use crate::lane::Waiter;
use crate::simulate::{Happening, Stuck};
use crate::world::simulated::Line;
use crate::world::{Point, Rerun, Tape, Whose};

/// What the platform's texts say when a handler was given up that waited for ever.
const GIVEN_UP: [&str; 2] = ["code had hung", "blockConcurrencyWhile() in a Durable Object waited for too long"];

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
    /// The run, line by line. Nothing where the test fails only together with others of its file.
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
    /// A failure of which there is no run to tell.
    pub fn untold(failure: Failure, rerun: Rerun) -> Self {
        Self {
            failure,
            rerun,
            run: 1,
            decisions_before: 0,
            faults: Vec::new(),
            is_minimal: true,
            digest: 0,
            lines: Vec::new(),
            names: Vec::new(),
            difference: Difference::default(),
            waits: Vec::new(),
            thrown: None,
        }
    }

    /// What is known of a failure by the run it is told from, and the other run that it is compared with.
    pub fn of(failure: Failure, rerun: Rerun, ended: Ended, other: Option<&Ended>) -> Self {
        let mut faults: Vec<Point> = rerun.tape.iter().flat_map(Tape::iter).map(|(place, _)| place.point).collect();
        faults.dedup();
        Self {
            decisions_before: rerun.tape.as_ref().map_or(0, Tape::len),
            faults,
            digest: ended.record.digest,
            difference: other.map(|other| difference(&ended.record.lines, &other.record.lines)).unwrap_or_default(),
            waits: waits(&failure, &ended),
            thrown: thrown(&failure, &ended),
            lines: ended.record.lines,
            names: ended.names,
            ..Self::untold(failure, rerun)
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
