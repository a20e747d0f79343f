//! After the calm run of a file: which of its tests are run further, and what the others came to.
//!
//! Invariant: a failure that can be told is told from a run of the test by itself, as every later run of it is.

use super::Progress;
use super::Unit;
use super::calm::CalmPass;
use super::runs::{Runs, TEXTS, calm_of};
use crate::error::report;
use crate::test::finding::Finding;
use crate::test::judge::{Failure, Oracle, judge};
use crate::test::program::{Mode, Test};
use crate::test::run::{Ended, Snapshots, State, TestResult};
use crate::test::tested::{Outcome, Tested};
use crate::world::Points;
use crate::world::real::steady;
use std::sync::mpsc::Sender;
use std::time::Duration;

/// What is said of a failure of which there is no run to tell.
const INTERRUPTED: &str = "emu was interrupted before it was run by itself: its run cannot be told or kept";
/// Likewise.
const ONLY_TOGETHER: &str = "it fails only together with the tests before it: its run cannot be told or kept";

/// What becomes of a test after the calm run of its file.
pub(super) enum Sorted {
    Further(Box<Unit>),
    Over(Box<Tested>),
}

/// Says what tests came to in the calm run of their file.
pub(super) struct Sorting<'a> {
    pass: &'a CalmPass<'a>,
    file: usize,
    /// As the calm run left them.
    snapshots: &'a Snapshots,
    ended: &'a Ended,
    /// Something went wrong that the run of the whole file does not lay at a test's door.
    is_unclear: bool,
    began: Duration,
    sender: &'a Sender<Progress>,
}

impl<'a> Sorting<'a> {
    /// Looks at the calm run of a file.
    pub(super) fn new(
        pass: &'a CalmPass<'a>,
        file: usize,
        snapshots: &'a Snapshots,
        ended: &'a Ended,
        began: Duration,
        sender: &'a Sender<Progress>,
    ) -> Self {
        let is_unclear = ended.is_cut_short() || judge("", ended, None).is_some();
        Self { pass, file, snapshots, ended, is_unclear, began, sender }
    }

    /// What becomes of a test.
    pub(super) fn sort(&self, test: Test) -> Sorted {
        let result = self.ended.results.iter().find(|result| result.id == test.id).cloned();
        let state = result.as_ref().map(|result| result.state);
        match (test.mode, state) {
            (Mode::Todo, _) | (_, Some(State::Todo)) => self.over(test, result, Outcome::Todo),
            (Mode::Skip, _) | (_, Some(State::Skip)) => self.over(test, result, Outcome::Skipped),
            (_, Some(State::Pass)) if !self.is_unclear => self.passed(test, result),
            // A hook fails with each of the tests around which it runs: that is the file's failure.
            (_, Some(State::Pass)) if !self.ended.errors.is_empty() && !self.ended.is_cut_short() => {
                let mut tested = self.tested(test, result, Outcome::Passed);
                if !self.pass.options.is_calm {
                    tested.notes.push("not shaken: its file fails outside of its tests".into());
                }
                Sorted::Over(Box::new(tested))
            }
            _ => self.alone(test, result),
        }
    }

    fn passed(&self, test: Test, result: Option<TestResult>) -> Sorted {
        let is_first = self.is_first(&test);
        match result {
            Some(result) if !self.pass.options.is_calm => {
                Sorted::Further(Box::new(Unit { file: self.file, test, result, is_first }))
            }
            result => self.over(test, result, Outcome::Passed),
        }
    }

    /// Whether no other test ran before it.
    fn is_first(&self, test: &Test) -> bool {
        let ran = |result: &&TestResult| matches!(result.state, State::Pass | State::Fail);
        self.ended.results.iter().find(ran).is_none_or(|first| first.id == test.id)
    }

    fn over(&self, test: Test, result: Option<TestResult>, outcome: Outcome) -> Sorted {
        Sorted::Over(Box::new(self.tested(test, result, outcome)))
    }

    fn tested(&self, test: Test, result: Option<TestResult>, outcome: Outcome) -> Tested {
        let mut tested = Tested::once(&self.pass.programs[self.file].name, test, outcome);
        tested.virtual_ms = result.as_ref().map_or(0.0, |result| result.ms);
        tested.notes = result.map_or_else(Vec::new, |result| result.notes);
        tested.real_ms = (steady() - self.began).as_secs_f64() * 1000.0;
        tested
    }

    /// A test that failed, or of which the run of the whole file does not tell. By itself it has a run that can be told,
    /// and run again.
    fn alone(&self, test: Test, result: Option<TestResult>) -> Sorted {
        let rerun = calm_of(self.pass.seed());
        let mut runs = Runs::new(&self.pass.programs[self.file], self.snapshots, &test, self.pass.enough);
        runs.is_timed = true;
        runs.tell_to(self.sender);
        let state = result.as_ref().map(|result| result.state);
        let together = judge(&test.id, self.ended, None).unwrap_or_else(|| Failure {
            oracle: Oracle::Test,
            error: self.ended.errors.first().cloned().unwrap_or_default(),
        });
        if self.pass.enough.is_interrupted() {
            return match state {
                Some(State::Fail) => self.together(test, result, together, INTERRUPTED.into()),
                _ => self.over(test, result, Outcome::Skipped),
            };
        }
        let ended = match runs.run(&rerun, Points::NONE, TEXTS) {
            Ok(ended) => ended,
            Err(error) => return self.together(test, result, together, report(&error)),
        };
        let own = judge(&test.id, &ended, None);
        match (own, state) {
            (Some(failure), Some(State::Fail)) if !failure.is_same(&together) => {
                self.together(test, result, together, ONLY_TOGETHER.into())
            }
            // It needs the tests before it, and has passed with them.
            (Some(failure), Some(State::Pass)) if failure.oracle == Oracle::Test && !self.is_first(&test) => {
                self.passed(test, result)
            }
            (Some(failure), _) => {
                let finding = Finding::of(failure, rerun, ended, None);
                let tested = self.tested(test, result, Outcome::Failed(Box::new(finding)));
                Sorted::Over(Box::new(Tested { runs: runs.count, ..tested }))
            }
            (None, Some(State::Fail)) => self.together(test, result, together, ONLY_TOGETHER.into()),
            (None, _) => {
                let result = ended.results.into_iter().find(|result| result.id == test.id);
                match result.as_ref().map(|result| result.state) {
                    Some(State::Skip) => self.over(test, result, Outcome::Skipped),
                    _ => self.passed(test, result),
                }
            }
        }
    }

    /// A test of whose failure there is no run.
    fn together(&self, test: Test, result: Option<TestResult>, failure: Failure, note: String) -> Sorted {
        let finding = Finding::untold(failure, calm_of(self.pass.seed()));
        let mut tested = self.tested(test, result, Outcome::Failed(Box::new(finding)));
        tested.notes.push(note);
        Sorted::Over(Box::new(tested))
    }
}
