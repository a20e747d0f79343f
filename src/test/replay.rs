//! One run again: of a test that failed, from what was kept of it.
//!
//! Invariant: as the run that is told of a finding: the same inputs, the same draws.

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
    let (digest, lines) = (ended.record.digest, ended.record.lines.clone());
    let failure = judge(&test.id, &ended, Some(Baseline::of(&calm)));
    let rerun = Rerun { seed: rerun.seed, tape: Some(tape) };
    let finding = failure.map(|failure| Finding::of(failure, rerun, ended, Some(&calm)));
    Ok(Replayed { finding, digest, lines })
}
