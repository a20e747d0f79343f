//! The calm runs: every file as a whole, which is what other test runners do.
//!
//! Invariant: nothing is decided here but calmly, and only here may snapshots change.

use super::{Options, Planned, Progress, Unit};
use crate::error::report;
use crate::simulate::Happening;
use crate::test::finding::Finding;
use crate::test::judge::{Failure, Oracle, judge};
use crate::test::program::{Mode, Program, Test};
use crate::test::run::{Ended, Plan, State, TestError, TestResult, run};
use crate::test::tested::{FileTested, Outcome, Tested};
use crate::world::driver::Calm;
use crate::world::real::steady;
use crate::world::simulated::Keep;
use crate::world::{Rerun, Seed, Tape};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::time::Duration;

/// The calm runs of all files.
pub(super) struct CalmPass<'a> {
    pub(super) programs: &'a [Program],
    pub(super) snapshots: &'a [Option<String>],
    pub(super) options: &'a Options,
    pub(super) failed: &'a AtomicUsize,
}

impl CalmPass<'_> {
    /// Runs a file. Gives the tests that are to be run further, and the text of its snapshots.
    pub(super) fn file(&self, planned: Planned, sender: &Sender<Progress>) -> (Vec<Unit>, Option<String>) {
        let Planned { file, tests, errors } = planned;
        let began = steady();
        let broken = |why: String| {
            self.failed.fetch_add(1, Ordering::Relaxed);
            self.told(file, Some(why), Vec::new(), sender);
            (Vec::new(), None)
        };
        if let Some(error) = errors.first() {
            return broken(format!("{}\n{}", text_of(error), error.stack));
        }
        let ended = match self.run(file, &tests) {
            Ok(ended) => ended,
            Err(error) => return broken(report(&error)),
        };
        let _ = sender.send(Progress::Runs(1));
        if let Some(text) = &ended.snapshots {
            let _ = sender.send(Progress::Snapshots(file, text.clone()));
        }
        let (units, over) = self.sort(file, tests, &ended, began);
        let error = ended.errors.first().filter(|_| units.is_empty() || ended.stuck.is_some());
        let logged = ended.happenings.iter().filter_map(logged).collect();
        self.told(file, error.map(text_of), logged, sender);
        for tested in over {
            let _ = sender.send(Progress::Tested(file, Box::new(tested)));
        }
        (units, ended.snapshots.or_else(|| self.snapshots[file].clone()))
    }

    fn run(&self, file: usize, tests: &[Test]) -> crate::error::Result<Ended> {
        let options = self.options;
        let ids: Vec<String> = tests.iter().map(|test| test.id.clone()).collect();
        let plan = Plan {
            ids: Some(&ids),
            seed: options.rerun.as_ref().map_or(options.base, |rerun| rerun.seed),
            driver: Box::new(Calm),
            keep: Keep::default(),
            is_shaken: !options.adds_snapshots && !options.updates_snapshots,
            snapshots: self.snapshots[file].as_deref(),
            updates_snapshots: options.updates_snapshots,
        };
        run(&self.programs[file], plan)
    }

    /// Which tests are run further, and what the others came to.
    fn sort(&self, file: usize, tests: Vec<Test>, ended: &Ended, began: Duration) -> (Vec<Unit>, Vec<Tested>) {
        let (mut units, mut over) = (Vec::new(), Vec::new());
        for test in tests {
            let result = ended.results.iter().find(|result| result.id == test.id).cloned();
            let passed = result.as_ref().is_some_and(|result| result.state == State::Pass) && ended.stuck.is_none();
            match result {
                Some(result) if passed && !self.options.is_calm => units.push(Unit { file, test, result }),
                result => {
                    let real_ms = (steady() - began).as_secs_f64() * 1000.0;
                    let virtual_ms = result.as_ref().map_or(0.0, |result| result.ms);
                    let outcome = outcome(&test, result, ended);
                    let has_failed = matches!(outcome, Outcome::Failed(_));
                    self.failed.fetch_add(usize::from(has_failed), Ordering::Relaxed);
                    let once = Tested::once(&self.programs[file].name, test, outcome);
                    over.push(Tested { virtual_ms, real_ms, ..once });
                }
            }
        }
        (units, over)
    }

    fn told(&self, file: usize, broken: Option<String>, logged: Vec<String>, sender: &Sender<Progress>) {
        let told = FileTested { name: self.programs[file].name.to_string(), broken, logged };
        let _ = sender.send(Progress::File(file, Box::new(told)));
    }
}

fn text_of(error: &TestError) -> String {
    format!("{}: {}", error.name, error.message)
}

fn logged(happening: &Happening) -> Option<String> {
    match happening {
        Happening::Log(line) => Some(line.message.clone()),
        Happening::Uncaught(_) => None,
    }
}

/// What a test came to that is not run any further.
fn outcome(test: &Test, result: Option<TestResult>, ended: &Ended) -> Outcome {
    match (&result, test.mode) {
        (_, Mode::Todo) => Outcome::Todo,
        (_, Mode::Skip) => Outcome::Skipped,
        (Some(TestResult { state: State::Pass, .. }), _) => Outcome::Passed,
        (Some(TestResult { state: State::Skip, .. }), _) => Outcome::Skipped,
        (Some(TestResult { state: State::Todo, .. }), _) => Outcome::Todo,
        _ => {
            let failure = judge(&test.id, ended, None).unwrap_or_else(|| Failure {
                oracle: Oracle::Test,
                error: ended.errors.first().cloned().unwrap_or_default(),
            });
            Outcome::Failed(Box::new(finding(failure, ended)))
        }
    }
}

pub(super) fn finding(failure: Failure, ended: &Ended) -> Finding {
    Finding {
        failure,
        rerun: Rerun { seed: Seed::default(), tape: Some(Tape::default()) },
        run: 1,
        decisions_before: 0,
        faults: Vec::new(),
        is_minimal: true,
        digest: ended.record.digest,
        lines: ended.record.lines.clone(),
        names: ended.names.clone(),
        first_difference: None,
    }
}
