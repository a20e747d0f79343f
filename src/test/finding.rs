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

impl Finding {
    /// What is known of a failure by the run it is told from, and the calm run that it is compared with.
    pub fn of(failure: Failure, rerun: Rerun, ended: Ended, calm: Option<&Ended>) -> Self {
        let mut faults: Vec<Point> = rerun.tape.iter().flat_map(Tape::iter).map(|(place, _)| place.point).collect();
        faults.dedup();
        Self {
            failure,
            run: 1,
            decisions_before: rerun.tape.as_ref().map_or(0, Tape::len),
            rerun,
            faults,
            is_minimal: true,
            digest: ended.record.digest,
            first_difference: calm.and_then(|calm| first_difference(&ended.record.lines, &calm.record.lines)),
            lines: ended.record.lines,
            names: ended.names,
        }
    }
}

/// The place of the first line that the calm run does not have. That it was decided so is no difference yet.
fn first_difference(lines: &[Line], calm: &[Line]) -> Option<usize> {
    let own = lines.iter().enumerate().filter(|(_, line)| line.kind != TraceKind::Choice);
    let mut calm = calm.iter();
    own.into_iter().find(|(_, line)| calm.next() != Some(line)).map(|(at, _)| at)
}
