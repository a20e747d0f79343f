//! A failure that was found, as small as it could be made, with all that is told about it.
//!
//! Invariant: plain data.

use super::judge::Failure;
use super::run::Ended;
use crate::world::simulated::Line;
use crate::world::{Point, Rerun, Tape, TraceKind, Whose};

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
    /// The points of the decisions that matter, in the order in which the documentation has them.
    pub faults: Vec<Point>,
    /// Nothing more can be left out.
    pub is_minimal: bool,
    /// A replay must end here.
    pub digest: u64,
    /// The run, line by line. Nothing where the test fails only together with others of its file.
    pub lines: Vec<Line>,
    /// How people call what the lines speak of.
    pub names: Vec<(Whose, String)>,
    /// The place in `lines` of the first difference from the calm run; none where the failure is the calm run's.
    pub first_difference: Option<usize>,
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
            first_difference: None,
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
            first_difference: other.and_then(|other| first_difference(&ended.record.lines, &other.record.lines)),
            lines: ended.record.lines,
            names: ended.names,
            ..Self::untold(failure, rerun)
        }
    }
}

/// The place of the first line that the other run does not have. That it was decided so is no difference yet.
fn first_difference(lines: &[Line], other: &[Line]) -> Option<usize> {
    let is_told = |line: &&Line| line.kind != TraceKind::Choice;
    let own = lines.iter().enumerate().filter(|(_, line)| is_told(line));
    let mut other = other.iter().filter(is_told);
    own.into_iter().find(|(_, line)| other.next() != Some(line)).map(|(at, _)| at)
}
