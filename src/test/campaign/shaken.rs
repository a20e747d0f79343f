//! The runs that try to make tests fail: with every single fault, then with seeds until the time is over.
//!
//! Invariant: which run is made when depends on the time; what a run comes to never does.

use super::runs::{Runs, calm_of};
use super::{Choice, Options, Progress, Unit};
use crate::error::{Result, report};
use crate::test::judge::judge;
use crate::test::program::Program;
use crate::test::run::{Snapshots, TestResult};
use crate::test::tested::{Outcome, Tested};
use crate::world::driver::Explorer;
use crate::world::mix::mix;
use crate::world::real::steady;
use crate::world::simulated::Keep;
use crate::world::{Class, Points, Rerun, Seed};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::time::Duration;

/// A calm run that notes what can be decided otherwise.
const CENSUS: Keep = Keep { census: true, texts: false };

/// The runs of all tests that passed calmly.
pub(super) struct ShakenPass<'a> {
    programs: &'a [Program],
    /// The snapshots of each program, as the calm run left them.
    snapshots: &'a [Snapshots],
    options: &'a Options,
    choice: &'a dyn Choice,
    failed: &'a AtomicUsize,
    /// Tests that have not had all their runs.
    left: AtomicUsize,
    /// When the time is over, if ever.
    end: Option<Duration>,
    is_over: AtomicBool,
}

impl<'a> ShakenPass<'a> {
    /// `tests` are to be run. The time for them begins now.
    pub(super) fn new(
        programs: &'a [Program],
        snapshots: &'a [Snapshots],
        options: &'a Options,
        choice: &'a dyn Choice,
        failed: &'a AtomicUsize,
        tests: usize,
    ) -> Self {
        let (left, end) = (AtomicUsize::new(tests), options.budget.map(|budget| steady() + budget));
        Self { programs, snapshots, options, choice, failed, left, end, is_over: AtomicBool::new(false) }
    }

    /// All runs of one test.
    pub(super) fn test(&self, unit: Unit, sender: &Sender<Progress>) -> Tested {
        let began = steady();
        let (program, snapshots) = (&self.programs[unit.file], &self.snapshots[unit.file]);
        let mut runs = Runs::new(program, snapshots, &unit.test.id, sender);
        let mut tested = Tested::once(&program.name, unit.test, Outcome::Passed);
        tested.virtual_ms = unit.result.ms;
        if self.is_over.load(Ordering::Relaxed) {
            tested.notes.push("not shaken: enough tests have failed".into());
        } else if let Err(error) = self.shake(&mut runs, &unit.result, &mut tested) {
            tested.notes.push(report(&error));
        }
        if matches!(tested.outcome, Outcome::Failed(_)) {
            let failed = self.failed.fetch_add(1, Ordering::Relaxed) + 1;
            if self.options.bail.is_some_and(|bail| failed >= bail) {
                self.is_over.store(true, Ordering::Relaxed);
            }
        }
        self.left.fetch_sub(1, Ordering::Relaxed);
        if matches!(tested.outcome, Outcome::Passed) {
            tested.notes.extend(runs.marks.never_true(runs.count));
        }
        tested.runs = runs.count;
        tested.real_ms = (steady() - began).as_secs_f64() * 1000.0;
        tested
    }

    fn shake(&self, runs: &mut Runs<'_>, calm: &TestResult, tested: &mut Tested) -> Result<()> {
        if let Some(rerun) = &self.options.rerun {
            if rerun.tape.is_none() {
                let calm = runs.run(&calm_of(rerun.seed), Points::NONE, CENSUS)?;
                runs.count_orders(&calm);
            }
            let points = runs.program.points(self.options.points);
            return runs.attempt(rerun, points, tested).map(drop);
        }
        // The test alone, as every run from here on is.
        let calm_run = calm_of(self.options.base);
        let ended = runs.run(&calm_run, Points::NONE, CENSUS)?;
        if judge(&runs.ids[0], &ended, None).is_some() {
            tested.notes.push("not shaken: it passes only together with the tests before it".into());
            return Ok(());
        }
        if runs.differs_again(&calm_run, Points::NONE, &ended, tested)? {
            return Ok(());
        }
        runs.count_orders(&ended);
        runs.compare_with(self.options.base, &ended);
        let program = runs.program;
        let judged = |points: Points| match calm.withstands {
            true => program.points(points),
            false => program.points(points).without(Points::of(&[Class::Loud, Class::Beyond])),
        };
        let points = judged(self.options.points);
        if let Some(rerun) = self.choice.failed_before(&program.name, &tested.test)
            && runs.attempt(&rerun, points, tested)?.is_none()
        {
            return Ok(());
        }
        let until = self.share();
        let explorer = Explorer::new(&ended.record.census, judged(self.options.explored), self.options.depth);
        if self.explore(runs, explorer, points, until, tested)? {
            return Ok(());
        }
        self.seeds(runs, points, until, tested)
    }

    /// Every deviation from the calm run that there is time for. True if one made the test fail.
    fn explore(
        &self,
        runs: &mut Runs<'_>,
        explorer: Explorer,
        points: Points,
        until: Option<Duration>,
        tested: &mut Tested,
    ) -> Result<bool> {
        let shard = self.options.shard;
        tested.explored = (0, shard.share(explorer.len()));
        for (_, tape) in (0..).zip(explorer).filter(|(number, _)| shard.takes(*number)) {
            if is_past(until) {
                break;
            }
            tested.explored.0 += 1;
            let rerun = Rerun { seed: self.options.base, tape: Some(tape) };
            if runs.attempt(&rerun, points, tested)?.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// As many seeds as there are to be, or as there is time for.
    fn seeds(&self, runs: &mut Runs<'_>, points: Points, until: Option<Duration>, tested: &mut Tested) -> Result<()> {
        // Without a place to decide at all runs are the calm one.
        let last = if points == Points::NONE { 0 } else { self.options.seeds.unwrap_or(u64::MAX) };
        for number in (1..=last).filter(|number| self.options.shard.takes(number - 1)) {
            if is_past(until) {
                break;
            }
            let rerun = Rerun { seed: Seed(mix(&[self.options.base.0, number])), tape: None };
            let Some(ended) = runs.attempt(&rerun, points, tested)? else { return Ok(()) };
            let is_checked = number.is_multiple_of(self.options.checked_seeds);
            if is_checked && runs.differs_again(&rerun, points, &ended, tested)? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Until when a test may be run: all that are left have the same share of what is left of the time.
    fn share(&self) -> Option<Duration> {
        let now = steady();
        let left = self.end?.saturating_sub(now);
        let tests = self.left.load(Ordering::Relaxed).max(1);
        let jobs = self.options.jobs.clamp(1, tests);
        Some(now + left.mul_f64(jobs as f64 / tests as f64))
    }
}

fn is_past(until: Option<Duration>) -> bool {
    until.is_some_and(|until| steady() >= until)
}
