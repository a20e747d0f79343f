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

/// What becomes of a test after the calm run of its file.
pub(super) enum Sorted {
    Further(Unit),
    Over(Box<Tested>),
}

/// Says what tests came to in the calm run of their file.
pub(super) struct Sorting<'a> {
    pub(super) pass: &'a CalmPass<'a>,
    pub(super) file: usize,
    /// As the calm run left them.
    pub(super) snapshots: &'a Snapshots,
    pub(super) ended: &'a Ended,
    pub(super) began: Duration,
    pub(super) sender: &'a Sender<Progress>,
}

impl Sorting<'_> {
    /// What becomes of a test.
    pub(super) fn sort(&self, test: Test) -> Sorted {
        let result = self.ended.results.iter().find(|result| result.id == test.id).cloned();
        let state = result.as_ref().map(|result| result.state);
        match (test.mode, state) {
            (Mode::Todo, _) | (_, Some(State::Todo)) => self.over(test, result, Outcome::Todo),
            (Mode::Skip, _) | (_, Some(State::Skip)) => self.over(test, result, Outcome::Skipped),
            (_, Some(State::Pass)) if self.ended.stuck.is_none() => self.passed(test, result),
            _ => self.alone(test, result),
        }
    }

    fn passed(&self, test: Test, result: Option<TestResult>) -> Sorted {
        match result {
            Some(result) if !self.pass.options.is_calm => Sorted::Further(Unit { file: self.file, test, result }),
            result => self.over(test, result, Outcome::Passed),
        }
    }

    fn over(&self, test: Test, result: Option<TestResult>, outcome: Outcome) -> Sorted {
        Sorted::Over(Box::new(self.tested(test, result, outcome)))
    }

    fn tested(&self, test: Test, result: Option<TestResult>, outcome: Outcome) -> Tested {
        let mut tested = Tested::once(&self.pass.programs[self.file].name, test, outcome);
        tested.virtual_ms = result.as_ref().map_or(0.0, |result| result.ms);
        tested.real_ms = (steady() - self.began).as_secs_f64() * 1000.0;
        tested
    }

    /// A test that failed, or that was not reached because another one never ended. By itself it has a run that can be
    /// told, and run again.
    fn alone(&self, test: Test, result: Option<TestResult>) -> Sorted {
        let rerun = calm_of(self.pass.seed());
        let mut runs = Runs::new(&self.pass.programs[self.file], self.snapshots, &test.id, self.sender);
        let together = judge(&test.id, self.ended, None).unwrap_or_else(|| Failure {
            oracle: Oracle::Test,
            error: self.ended.errors.first().cloned().unwrap_or_default(),
        });
        let ended = match runs.run(&rerun, Points::NONE, TEXTS) {
            Ok(ended) => ended,
            Err(error) => return self.together(test, result, together, report(&error)),
        };
        let is_stuck = self.ended.stuck.is_some();
        match judge(&test.id, &ended, None) {
            Some(failure) if is_stuck || failure.is_same(&together) => {
                let finding = Finding::of(failure, rerun, ended, None);
                let tested = self.tested(test, result, Outcome::Failed(Box::new(finding)));
                Sorted::Over(Box::new(Tested { runs: runs.count, ..tested }))
            }
            None if is_stuck => {
                let result = ended.results.into_iter().find(|result| result.id == test.id);
                self.passed(test, result)
            }
            _ => {
                let note = "it fails only together with the tests before it: its run cannot be told or kept";
                self.together(test, result, together, note.into())
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
