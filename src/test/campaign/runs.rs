//! The runs of one test by itself.
//!
//! Invariant: what a run comes to follows from its seed and its tape; only how far a failure is shrunk depends on the time.

use super::Progress;
use super::enough::Enough;
use crate::error::Result;
use crate::test::finding::Finding;
use crate::test::judge::{Baseline, Failure, Oracle, judge, other_seed};
use crate::test::marks::Marks;
use crate::test::program::{Program, Test};
use crate::test::run::{Ended, Plan, SnapshotWrites, Snapshots, run};
use crate::test::search;
use crate::test::tested::{Outcome, Tested};
use crate::world::driver::{Driver, Replay};
use crate::world::real::steady;
use crate::world::shrink::{SHRINK_RUNS, SHRINK_TIME, shrink};
use crate::world::simulated::Keep;
use crate::world::{Class, Points, Rerun, Seed, Tape};
use std::sync::mpsc::Sender;
use std::time::Duration;

/// A run that is told.
pub(super) const TEXTS: Keep = Keep { census: false, texts: true };

/// How often runs are told of: waking up who listens takes as long as some runs.
const TELLING: Duration = Duration::from_millis(20);

/// How long after the end of the budget a failure is shrunk that was found just before.
const OVERTIME: Duration = Duration::from_secs(1);

/// The runs of one test.
pub(super) struct Runs<'a> {
    pub(super) program: &'a Program,
    /// Those that the test can ask for.
    snapshots: Snapshots,
    pub(super) ids: [String; 1],
    pub(super) count: u64,
    /// Tests have their timeouts, as in the calm run of the whole file.
    pub(super) is_timed: bool,
    baseline: Option<Baseline>,
    /// The seed of the run that the baseline was taken from.
    baseline_seed: Option<Seed>,
    /// How many orders the calm run left open.
    draws: usize,
    /// What the runs have met.
    pub(super) marks: Marks,
    sender: Option<Sender<Progress>>,
    /// How many runs were not told of, and when some last were.
    untold: u64,
    told: Duration,
    enough: &'a Enough,
    /// When the time for all tests is over, if ever.
    pub(super) end: Option<Duration>,
}

impl Drop for Runs<'_> {
    fn drop(&mut self) {
        self.tell();
    }
}

impl<'a> Runs<'a> {
    /// No runs yet but the calm one of the whole file.
    pub(super) fn new(program: &'a Program, snapshots: &Snapshots, test: &Test, enough: &'a Enough) -> Self {
        let ids = [test.id.clone()];
        Self {
            program,
            snapshots: snapshots.of_test(test),
            ids,
            count: 1,
            is_timed: false,
            baseline: None,
            baseline_seed: None,
            draws: 0,
            marks: Marks::default(),
            sender: None,
            untold: 0,
            told: steady(),
            enough,
            end: None,
        }
    }

    /// Tells of runs from here on.
    pub(super) fn tell_to(&mut self, sender: &Sender<Progress>) {
        self.sender = Some(sender.clone());
    }

    /// There is nothing to tell for a while.
    pub(super) fn rest(&mut self) {
        self.tell();
        self.sender = None;
    }

    /// Makes a run.
    pub(super) fn run(&mut self, rerun: &Rerun, points: Points, keep: Keep) -> Result<Ended> {
        self.count += 1;
        let driver: Box<dyn Driver> = match &rerun.tape {
            Some(tape) => Box::new(Replay(tape.clone())),
            None => search::driver(rerun.seed, points, self.draws),
        };
        let plan = Plan {
            ids: Some(&self.ids),
            seed: rerun.seed,
            driver,
            keep,
            is_shaken: !self.is_timed,
            snapshots: &self.snapshots,
            // The calm run of the whole file has written them.
            writes: SnapshotWrites::None,
        };
        let ended = run(self.program, plan);
        if let Ok(ended) = &ended {
            self.marks.gather(&ended.marks);
        }
        self.untold += u64::from(self.sender.is_some());
        if steady().saturating_sub(self.told) >= TELLING {
            self.tell();
        }
        ended
    }

    /// Tells of the runs that were made since the last time.
    fn tell(&mut self) {
        self.told = steady();
        let untold = std::mem::take(&mut self.untold);
        if let Some(sender) = self.sender.as_ref().filter(|_| untold > 0) {
            let _ = sender.send(Progress::Runs(untold));
        }
    }

    /// Notes how many orders a calm run left open.
    pub(super) fn count_orders(&mut self, calm: &Ended) {
        self.draws = calm.record.census.count(Points::of(&[Class::Order]));
    }

    /// Compares the runs from here on with this one, of a calm run of this seed, as far as another seed comes to the same.
    pub(super) fn compare_with(&mut self, seed: Seed, calm: &Ended) -> Result<()> {
        let other = self.run(&calm_of(other_seed(seed)), Points::NONE, Keep::default())?;
        self.baseline = Some(Baseline::of(calm, &other));
        self.baseline_seed = Some(seed);
        Ok(())
    }

    /// What of a run is a failure. What seems to differ from the calm run is compared with calm runs of its own seed.
    fn judge(&mut self, seed: Seed, ended: &Ended) -> Result<Option<Failure>> {
        let mut failure = judge(&self.ids[0], ended, self.baseline);
        let is_compared = failure.as_ref().map_or(self.baseline.is_none(), |failure| failure.oracle.compares());
        if is_compared && self.baseline_seed != Some(seed) {
            let calm = self.run(&calm_of(seed), Points::NONE, Keep::default())?;
            self.compare_with(seed, &calm)?;
            failure = judge(&self.ids[0], ended, self.baseline);
        }
        Ok(failure)
    }

    /// Makes a run, and gives it back unless it failed.
    pub(super) fn attempt(&mut self, rerun: &Rerun, points: Points, tested: &mut Tested) -> Result<Option<Ended>> {
        let ended = self.run(rerun, points, Keep::default())?;
        let Some(failure) = self.judge(rerun.seed, &ended)? else { return Ok(Some(ended)) };
        tested.outcome = Outcome::Failed(Box::new(self.found(failure, rerun.seed, ended)?));
        Ok(None)
    }

    /// Makes a run once more, and compares. True if the two differ, which is a failure.
    pub(super) fn differs_again(
        &mut self,
        rerun: &Rerun,
        points: Points,
        ended: &Ended,
        tested: &mut Tested,
    ) -> Result<bool> {
        let again = self.run(rerun, points, Keep::default())?;
        if again.record.digest == ended.record.digest {
            return Ok(false);
        }
        let (one, other) = (self.run(rerun, points, TEXTS)?, self.run(rerun, points, TEXTS)?);
        let message = format!("two runs of the seed {rerun} differ: something is not deterministic");
        let failure = Failure::of(Oracle::Determinism, message);
        let rerun = Rerun { seed: rerun.seed, tape: Some(one.record.tape.clone()) };
        let finding = Finding { run: self.count, ..Finding::of(failure, rerun, one, Some(&other)) };
        tested.outcome = Outcome::Failed(Box::new(finding));
        Ok(true)
    }

    /// A run failed: makes its tape as small as it can be, and runs it once more for its story.
    pub(super) fn found(&mut self, failure: Failure, seed: Seed, ended: Ended) -> Result<Finding> {
        let (run, before) = (self.count, ended.record.tape.len());
        let (until, enough) = (shrunk_until(steady(), self.end), self.enough);
        let shrunk = shrink(
            &ended.record.tape,
            SHRINK_RUNS,
            &mut || steady() < until && !enough.is_interrupted(),
            &mut |tape| {
                let rerun = Rerun { seed, tape: Some(tape.clone()) };
                let ended = self.run(&rerun, Points::NONE, Keep::default());
                let found = ended.ok().and_then(|ended| judge(&self.ids[0], &ended, self.baseline));
                found.is_some_and(|found| found.is_same(&failure))
            },
        );
        let rerun = Rerun { seed, tape: Some(shrunk.tape) };
        // Whoever runs it again calmly has the timeouts of calm runs.
        self.is_timed |= rerun.tape.as_ref().is_some_and(Tape::is_empty);
        let told = self.run(&rerun, Points::NONE, TEXTS)?;
        let calm = self.run(&calm_of(seed), Points::NONE, TEXTS)?;
        // The numbers of the error are those of the run that is told.
        let failure = judge(&self.ids[0], &told, self.baseline).unwrap_or(failure);
        let finding = Finding::of(failure, rerun, told, Some(&calm));
        Ok(Finding { run, decisions_before: before, is_minimal: shrunk.minimal, ..finding })
    }
}

/// Until when a failure is shrunk that was found now.
fn shrunk_until(now: Duration, end: Option<Duration>) -> Duration {
    let most = now + SHRINK_TIME;
    end.map_or(most, |end| most.min(end.max(now) + OVERTIME))
}

/// What runs a test calmly.
pub(super) fn calm_of(seed: Seed) -> Rerun {
    Rerun { seed, tape: Some(Tape::default()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_shrunk_for_a_second_more_than_there_is_time() {
        let seconds = Duration::from_secs;
        for (now, end, until) in
            [(10, None, 15), (10, Some(60), 15), (10, Some(12), 13), (10, Some(10), 11), (10, Some(7), 11)]
        {
            assert_eq!(shrunk_until(seconds(now), end.map(seconds)), seconds(until), "{now} {end:?}");
        }
    }
}
