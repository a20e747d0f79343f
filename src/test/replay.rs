//! One run again: of a test that failed, from what was kept of it.
//!
//! Invariant: as the run that is told of a finding: the same inputs, the same draws.

use super::finding::Finding;
use super::judge::{Baseline, judge, other_seed};
use super::program::{Program, Test};
use super::run::{Ended, Plan, SnapshotWrites, Snapshots, run};
use crate::error::Result;
use crate::world::driver::Replay;
use crate::world::simulated::{Keep, Line};
use crate::world::{Place, Rerun, Seed, Tape};

/// What a run came to the second time.
pub struct Replayed {
    /// The failure, if it failed again.
    pub finding: Option<Finding>,
    /// Where it ended.
    pub digest: u64,
    /// What of the tape it never came to.
    pub unmet: Vec<String>,
    /// The run, line by line.
    pub lines: Vec<Line>,
}

/// Runs a test with nothing but the decisions of a tape.
///
/// # Errors
/// When there is no memory for it.
pub fn replay(program: &Program, snapshots: &Snapshots, test: &Test, rerun: &Rerun) -> Result<Replayed> {
    let tape = rerun.tape.clone().unwrap_or_default();
    let is_calm = tape.is_empty();
    let (ids, snapshots) = ([test.id.clone()], snapshots.of_test(test));
    let go = |seed: Seed, tape: Tape| -> Result<Ended> {
        let plan = Plan {
            ids: Some(&ids),
            seed,
            // The calm run has the timeouts that it has with the whole file.
            is_shaken: !is_calm,
            driver: Box::new(Replay(tape)),
            keep: Keep { census: false, texts: true },
            snapshots: &snapshots,
            writes: SnapshotWrites::None,
        };
        run(program, plan)
    };
    let calm = go(rerun.seed, Tape::default())?;
    let other = go(other_seed(rerun.seed), Tape::default())?;
    let ended = go(rerun.seed, tape.clone())?;
    let (digest, lines) = (ended.record.digest, ended.record.lines.clone());
    let unmet = unmet(&tape, &ended.record.tape);
    let failure = judge(&test.id, &ended, Some(Baseline::of(&calm, &other)));
    let rerun = Rerun { seed: rerun.seed, tape: Some(tape) };
    let finding = failure.map(|failure| Finding::of(failure, rerun, ended, (!is_calm).then_some(&calm)));
    Ok(Replayed { finding, digest, unmet, lines })
}

/// What of a tape a run never came to, a sentence each.
pub(super) fn unmet(asked: &Tape, met: &Tape) -> Vec<String> {
    let never = asked.iter().filter(|(place, value)| met.value(*place) != *value);
    let say = |(place, value): (Place, u32)| match met.value(place) {
        0 => format!("`{place}={value}` never came up: no such decision was open in this run"),
        met => format!("`{place}={value}` never came up: there are fewer ways there, and it was {met}"),
    };
    never.map(say).collect()
}
