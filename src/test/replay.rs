//! One run again: of a test that failed, from what was kept of it.
//!
//! Invariant: as the run that is told of a finding: the same inputs, the same draws.

use super::campaign::first_difference;
use super::finding::Finding;
use super::judge::{Baseline, judge};
use super::program::{Program, Test};
use super::run::{Ended, Plan, Snapshots, run};
use crate::error::Result;
use crate::world::driver::Replay;
use crate::world::simulated::{Keep, Line};
use crate::world::{Rerun, Tape};

/// What a run came to the second time.
pub struct Replayed {
    /// The failure, if it failed again.
    pub finding: Option<Finding>,
    /// Where it ended.
    pub digest: u64,
    /// The run, line by line.
    pub lines: Vec<Line>,
}

/// Runs a test with nothing but the decisions of a tape.
///
/// # Errors
/// When there is no memory for it.
pub fn replay(program: &Program, snapshots: &Snapshots, test: &Test, rerun: &Rerun) -> Result<Replayed> {
    let tape = rerun.tape.clone().unwrap_or_default();
    let ids = [test.id.clone()];
    let go = |tape: Tape| -> Result<Ended> {
        let plan = Plan {
            ids: Some(&ids),
            seed: rerun.seed,
            is_shaken: true,
            driver: Box::new(Replay(tape)),
            keep: Keep { census: false, texts: true },
            snapshots,
            updates_snapshots: false,
        };
        run(program, plan)
    };
    let calm = go(Tape::default())?;
    let ended = go(tape.clone())?;
    let mut faults: Vec<_> = tape.iter().map(|(place, _)| place.point).collect();
    faults.dedup();
    let finding = judge(&test.id, &ended, Some(Baseline::of(&calm))).map(|failure| Finding {
        failure,
        rerun: Rerun { seed: rerun.seed, tape: Some(tape.clone()) },
        run: 1,
        decisions_before: tape.len(),
        faults,
        is_minimal: true,
        digest: ended.record.digest,
        lines: ended.record.lines.clone(),
        names: ended.names.clone(),
        first_difference: first_difference(&ended.record.lines, &calm.record.lines),
    });
    Ok(Replayed { finding, digest: ended.record.digest, lines: ended.record.lines })
}
