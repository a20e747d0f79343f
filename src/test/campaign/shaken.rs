//! The runs that try to make tests fail: all tests with every single fault, then all with seeds until the time is over.
//!
//! Invariant: which run is made when depends on the time; what a run comes to never does.

use super::enough::Enough;
use super::runs::{Runs, calm_of};
use super::{Choice, Known, Options, Progress, Unit};
use crate::error::{Result, report};
use crate::test::judge::{Oracle, judge};
use crate::test::program::Program;
use crate::test::replay::unmet;
use crate::test::run::{Ended, Snapshots, TestResult};
use crate::test::tested::{Outcome, Tested};
use crate::world::driver::Explorer;
use crate::world::mix::mix;
use crate::world::real::steady;
use crate::world::simulated::Keep;
use crate::world::{Class, Points, Rerun, Seed, Tape};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::time::Duration;

/// A calm run that notes what can be decided otherwise.
const CENSUS: Keep = Keep { census: true, texts: false };

/// How many calm runs of its own a test has before all others.
const CALM_RUNS: u32 = 3;
/// Among how many of its faults a test looks for one to begin with: those before it are passed over one by one.
const FIRST_FAULTS_MAX: usize = 1000;

/// The runs of all tests that passed calmly.
pub(super) struct ShakenPass<'a> {
    programs: &'a [Program],
    /// The snapshots of each program, as the calm run left them.
    snapshots: &'a [Snapshots],
    options: &'a Options,
    choice: &'a dyn Choice,
    enough: &'a Enough,
    /// Tests that have not had all runs of this round.
    left: AtomicUsize,
    /// When the time is over, if ever.
    end: Option<Duration>,
}

/// A test that is not over yet.
pub(super) struct Begun<'a> {
    file: usize,
    runs: Runs<'a>,
    tested: Tested,
    points: Points,
    /// The single deviations that were not tried yet.
    tapes: Box<dyn Iterator<Item = Tape> + Send>,
}

/// Whether a test is over, or goes on with these.
enum Next {
    Over,
    GoesOn(Points, Box<dyn Iterator<Item = Tape> + Send>),
}

impl<'a> ShakenPass<'a> {
    /// The time for all tests begins now.
    pub(super) fn new(
        programs: &'a [Program],
        snapshots: &'a [Snapshots],
        options: &'a Options,
        choice: &'a dyn Choice,
        enough: &'a Enough,
    ) -> Self {
        let end = options.budget.map(|budget| steady() + budget);
        Self { programs, snapshots, options, choice, enough, left: AtomicUsize::new(0), end }
    }

    /// A round begins in which so many tests share what is left of the time.
    pub(super) fn begin_all(&self, tests: usize) {
        self.left.store(tests, Ordering::Relaxed);
    }

    /// The first runs of a test: alone, with what made it fail before, with single deviations. Nothing if it is over.
    pub(super) fn begin(&self, unit: Unit, sender: &Sender<Progress>) -> Option<Begun<'a>> {
        let began = steady();
        let (program, snapshots) = (&self.programs[unit.file], &self.snapshots[unit.file]);
        let mut runs = Runs::new(program, snapshots, &unit.test, self.enough);
        runs.tell_to(sender);
        runs.end = self.end;
        let mut tested = Tested::once(&program.name, unit.test.clone(), Outcome::Passed);
        tested.notes.clone_from(&unit.result.notes);
        tested.virtual_ms = unit.result.ms;
        let until = self.share();
        let next = self.first_runs(&mut runs, &unit, until, &mut tested);
        self.left.fetch_sub(1, Ordering::Relaxed);
        tested.real_ms = ms_since(began);
        let file = unit.file;
        match next {
            Ok(Next::GoesOn(points, tapes)) => {
                runs.rest();
                return Some(Begun { file, runs, tested, points, tapes });
            }
            Ok(Next::Over) => {}
            Err(error) => tested.notes.push(report(&error)),
        }
        self.over(file, &runs, tested, sender);
        None
    }

    /// All other runs of a test: the deviations that there was no time for, and seeds.
    pub(super) fn finish(&self, begun: Begun<'a>, sender: &Sender<Progress>) {
        let began = steady();
        let Begun { file, mut runs, mut tested, points, mut tapes } = begun;
        runs.tell_to(sender);
        let until = self.share();
        let explored = self.explore(&mut runs, &mut tapes, points, until, &mut tested);
        let ended = explored.and_then(|is_over| match is_over {
            true => Ok(()),
            false => self.seeds(&mut runs, points, until, &mut tested),
        });
        if let Err(error) = ended {
            tested.notes.push(report(&error));
        }
        self.left.fetch_sub(1, Ordering::Relaxed);
        tested.real_ms += ms_since(began);
        if let (Outcome::Passed, Some(reason)) = (&tested.outcome, self.enough.reason()) {
            tested.notes.push(format!("not shaken any further: {reason}"));
        }
        self.over(file, &runs, tested, sender);
    }

    /// Tells of a test that has had all its runs.
    fn over(&self, file: usize, runs: &Runs<'_>, mut tested: Tested, sender: &Sender<Progress>) {
        match tested.outcome {
            Outcome::Failed(_) => self.enough.note_failures(1),
            _ => {
                tested.notes.extend(untried(tested.explored));
                tested.notes.extend(runs.marks.never_true(runs.count));
            }
        }
        tested.runs = runs.count;
        let _ = sender.send(Progress::Tested(file, Box::new(tested)));
    }

    fn first_runs(
        &self,
        runs: &mut Runs<'a>,
        unit: &Unit,
        until: Option<Duration>,
        tested: &mut Tested,
    ) -> Result<Next> {
        if self.has_no_time(tested) {
            return Ok(Next::Over);
        }
        let points = judged(runs.program, &unit.result, self.options.points);
        if let Some(rerun) = &self.options.rerun {
            return self.rerun(runs, rerun, points, tested).map(|()| Next::Over);
        }
        let began = steady();
        let Some(calm) = self.calm_runs(runs, unit, tested)? else { return Ok(Next::Over) };
        let run = (steady() - began) / CALM_RUNS;
        if self.has_no_time(tested) || !self.passes_again(runs, points, tested)? {
            return Ok(Next::Over);
        }
        let explored = judged(runs.program, &unit.result, self.options.explored);
        tested.notes.extend(unjudged(runs.program.points(self.options.explored), explored));
        let explorer = Explorer::new(&calm.record.census, explored, self.options.depth);
        let shard = self.options.shard;
        tested.explored = (0, shard.share(explorer.len()));
        let tapes = (0..).zip(explorer).filter(move |(number, _)| shard.takes(*number)).map(|(_, tape)| tape);
        let turn = self.left.load(Ordering::Relaxed);
        // Of pairs there are many, and single faults come before them.
        let faults = if self.options.depth > 1 { 0 } else { tested.explored.1 };
        let first = first_fault(faults, run, until.map(|until| until.saturating_sub(steady())), turn);
        let mut tapes = tapes.clone().skip(first).chain(tapes.take(first));
        match self.explore(runs, &mut tapes, points, until, tested)? {
            true => Ok(Next::Over),
            false => Ok(Next::GoesOn(points, Box::new(tapes))),
        }
    }

    /// The test alone, as every run from here on is, and what all of these are compared with. Nothing if it is over.
    fn calm_runs(&self, runs: &mut Runs<'a>, unit: &Unit, tested: &mut Tested) -> Result<Option<Ended>> {
        let base = self.options.base;
        let ended = runs.run(&calm_of(base), Points::NONE, CENSUS)?;
        if let Some(failure) = judge(&runs.ids[0], &ended, None) {
            // It was its own assertion, which the tests before it had made come true.
            if failure.oracle == Oracle::Test && !unit.is_first {
                tested.notes.push("not shaken: it passes only together with the tests before it".into());
                return Ok(None);
            }
            tested.outcome = Outcome::Failed(Box::new(runs.found(failure, base, ended)?));
            return Ok(None);
        }
        let is_over = self.has_no_time(tested)
            || runs.differs_again(&calm_of(base), Points::NONE, &ended, tested)?
            || self.has_no_time(tested);
        if is_over {
            return Ok(None);
        }
        runs.count_orders(&ended);
        runs.compare_with(base, &ended)?;
        Ok(Some(ended))
    }

    /// Whether there is no time for the runs that come before all faults, which is then said.
    fn has_no_time(&self, tested: &mut Tested) -> bool {
        let is_late = self.end.is_some_and(|end| steady() >= end);
        let late = is_late.then_some("there was no time for it; a longer `--budget` has it");
        let reason = self.enough.reason().or(late);
        tested.notes.extend(reason.map(|reason| format!("not shaken: {reason}")));
        reason.is_some()
    }

    /// The one run that was asked for.
    fn rerun(&self, runs: &mut Runs<'_>, rerun: &Rerun, points: Points, tested: &mut Tested) -> Result<()> {
        match &rerun.tape {
            // What a calm run is told to fail with it fails with its timeouts.
            Some(tape) => runs.is_timed = tape.is_empty(),
            None => {
                let calm = runs.run(&calm_of(rerun.seed), Points::NONE, CENSUS)?;
                runs.count_orders(&calm);
            }
        }
        let Some(ended) = runs.attempt(rerun, points, tested)? else { return Ok(()) };
        if let Some(tape) = &rerun.tape {
            tested.notes.extend(unmet(tape, &ended.record.tape));
        }
        runs.differs_again(rerun, points, &ended, tested).map(drop)
    }

    /// Whether a test passes with what made it fail before, as far as that may happen in this campaign.
    fn passes_again(&self, runs: &mut Runs<'_>, points: Points, tested: &mut Tested) -> Result<bool> {
        for Known { rerun, saved_in } in self.choice.failed_before(&runs.program.name, &tested.test) {
            let mut decided = rerun.tape.iter().flat_map(Tape::iter);
            if !decided.all(|(place, _)| points.contains(place.point)) {
                continue;
            }
            if runs.attempt(&rerun, points, tested)?.is_none() {
                tested.notes.extend(saved_in.map(|folder| format!("this failure is saved in `{folder}`")));
                return Ok(false);
            }
            self.choice.passes_again(&runs.program.name, &tested.test, &rerun);
        }
        Ok(true)
    }

    /// Every deviation from the calm run that there is time for. True if one made the test fail.
    fn explore(
        &self,
        runs: &mut Runs<'_>,
        tapes: &mut dyn Iterator<Item = Tape>,
        points: Points,
        until: Option<Duration>,
        tested: &mut Tested,
    ) -> Result<bool> {
        while !self.is_past(until)
            && let Some(tape) = tapes.next()
        {
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
            if self.is_past(until) {
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

    fn is_past(&self, until: Option<Duration>) -> bool {
        until.is_some_and(|until| steady() >= until) || self.enough.reason().is_some()
    }
}

/// With which of its faults a test begins, whose turn it is. Where there is no time for all of them each test begins with
/// another one: between them tests of one worker try more of it than if all tried what comes first.
fn first_fault(faults: usize, run: Duration, left: Option<Duration>, turn: usize) -> usize {
    let needed = run.saturating_mul(u32::try_from(faults).unwrap_or(u32::MAX));
    match left {
        Some(left) if left < needed => turn % faults.min(FIRST_FAULTS_MAX),
        _ => 0,
    }
}

/// The points at which a test is judged, of those that are asked for: without loud ones where callers do not say how they
/// cope with errors.
fn judged(program: &Program, calm: &TestResult, asked: Points) -> Points {
    match calm.withstands {
        true => program.points(asked),
        false => program.points(asked).without(Points::of(&[Class::Loud])),
    }
}

/// What is said where nothing of what was asked for can be judged.
fn unjudged(asked: Points, judged: Points) -> Option<String> {
    (judged == Points::NONE && asked != Points::NONE).then(|| {
        "nothing was explored: under faults that callers see only a test is judged that has an `invariant`, an \
         `eventually` or a `client` that retries"
            .to_owned()
    })
}

/// What is said of single deviations that were not tried.
fn untried((tried, all): (usize, usize)) -> Option<String> {
    (tried < all).then(|| {
        let left = all - tried;
        format!("{left} of {all} single faults were not tried: there was no time for them; a longer `--budget` has it")
    })
}

fn ms_since(began: Duration) -> f64 {
    (steady() - began).as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_begin_with_different_faults_where_there_is_no_time_for_all() {
        let ms = Duration::from_millis;
        for (faults, left, turn, first) in [
            (13, None, 5, 0),
            (13, Some(26), 5, 0),
            (13, Some(25), 5, 5),
            (13, Some(25), 14, 1),
            (13, Some(0), 13, 0),
            (0, Some(0), 3, 0),
            (5_000_000, Some(1), 1001, 1),
        ] {
            assert_eq!(first_fault(faults, ms(2), left.map(ms), turn), first, "{faults} {left:?} {turn}");
        }
    }
}
