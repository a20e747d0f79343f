//! The calm runs: every file as a whole, which is what other test runners do.
//!
//! Invariant: nothing is decided here but calmly, and only here may snapshots change.

use super::enough::Enough;
use super::sorting::{Sorted, Sorting};
use super::{Options, Planned, Progress, Unit};
use crate::error::report;
use crate::simulate::Happening;
use crate::test::judge::{Failure, Oracle, judge};
use crate::test::program::{Program, Test};
use crate::test::run::{Ended, Plan, SnapshotWrites, Snapshots, TestError, run};
use crate::test::tested::{FileTested, Outcome, Tested};
use crate::world::Seed;
use crate::world::driver::Calm;
use crate::world::real::steady;
use crate::world::simulated::Keep;
use std::sync::mpsc::Sender;

/// The calm runs of all files.
pub(super) struct CalmPass<'a> {
    pub(super) programs: &'a [Program],
    pub(super) snapshots: &'a [Snapshots],
    pub(super) options: &'a Options,
    pub(super) enough: &'a Enough,
}

impl CalmPass<'_> {
    /// Runs a file. Gives the tests that are to be run further, and its snapshots.
    pub(super) fn file(&self, planned: Planned, sender: &Sender<Progress>) -> (Vec<Unit>, Snapshots) {
        let Planned { file, tests, errors } = planned;
        let began = steady();
        let broken = |why: String| {
            self.enough.note_failures(1);
            self.told(file, Some(why), Vec::new(), sender);
            (Vec::new(), Snapshots::default())
        };
        if let Some(error) = errors.first() {
            return broken(text_of(error));
        }
        if let Some(reason) = self.enough.reason() {
            self.told(file, None, Vec::new(), sender);
            self.not_run(file, tests, reason, sender);
            return (Vec::new(), Snapshots::default());
        }
        let ended = match self.run(file, &tests) {
            Ok(ended) => ended,
            Err(error) => return broken(report(&error)),
        };
        let _ = sender.send(Progress::Runs(1));
        let before = &self.snapshots[file];
        let text = ended.snapshots.clone().or_else(|| before.file.clone());
        let snapshots = Snapshots { file: text, inline: ended.inline.clone() };
        if snapshots != *before {
            let _ = sender.send(Progress::Snapshots(file, snapshots.clone()));
        }
        let sorting = Sorting::new(self, file, &snapshots, &ended, began, sender);
        let (mut units, mut over) = (Vec::new(), Vec::new());
        for test in tests {
            match sorting.sort(test) {
                Sorted::Further(unit) => units.push(*unit),
                Sorted::Over(tested) => over.push(*tested),
            }
        }
        let failures: Vec<&Failure> = over.iter().filter_map(Tested::failure).map(|found| &found.failure).collect();
        let broken = broken_by(&ended, &failures);
        self.enough.note_failures(failures.len() + usize::from(broken.is_some()));
        let logged = ended.happenings.iter().filter_map(logged).collect();
        self.told(file, broken, logged, sender);
        for tested in over {
            let _ = sender.send(Progress::Tested(file, Box::new(tested)));
        }
        (units, snapshots)
    }

    /// Says of tests that they did not run.
    fn not_run(&self, file: usize, tests: Vec<Test>, reason: &str, sender: &Sender<Progress>) {
        for test in tests {
            let mut tested = Tested::once(&self.programs[file].name, test, Outcome::Skipped);
            (tested.runs, tested.notes) = (0, vec![format!("not run: {reason}")]);
            let _ = sender.send(Progress::Tested(file, Box::new(tested)));
        }
    }

    /// The seed of calm runs.
    pub(super) fn seed(&self) -> Seed {
        self.options.rerun.as_ref().map_or(self.options.base, |rerun| rerun.seed)
    }

    fn run(&self, file: usize, tests: &[Test]) -> crate::error::Result<Ended> {
        let options = self.options;
        let ids: Vec<String> = tests.iter().map(|test| test.id.clone()).collect();
        let plan = Plan {
            ids: Some(&ids),
            seed: self.seed(),
            driver: Box::new(Calm),
            keep: Keep::default(),
            is_shaken: false,
            snapshots: &self.snapshots[file],
            writes: match (options.updates_snapshots, options.adds_snapshots) {
                (true, _) => SnapshotWrites::All,
                (false, true) => SnapshotWrites::New,
                (false, false) => SnapshotWrites::None,
            },
        };
        run(&self.programs[file], plan)
    }

    fn told(&self, file: usize, broken: Option<String>, logged: Vec<String>, sender: &Sender<Progress>) {
        let told = FileTested { name: self.programs[file].name.to_string(), broken, logged };
        let _ = sender.send(Progress::File(file, Box::new(told)));
    }
}

/// An error with its stack; engines begin some stacks with what the error says.
fn text_of(TestError { name, message, stack, .. }: &TestError) -> String {
    let head = format!("{name}: {message}");
    let frames = stack.strip_prefix(&head).unwrap_or(stack).trim_start_matches('\n');
    format!("{head}\n{frames}").trim_end().to_owned()
}

fn logged(happening: &Happening) -> Option<String> {
    match happening {
        Happening::Log(line) => Some(line.text().into_owned()),
        Happening::Uncaught(_) => None,
    }
}

/// What went wrong in a file, beside what its tests say of that.
fn broken_by(ended: &Ended, failures: &[&Failure]) -> Option<String> {
    let failure = judge("", ended, None)?;
    if failure.oracle != Oracle::Uncaught || ended.is_cut_short() || ended.errors.is_empty() {
        // By themselves the tests have shown which of them it was.
        return failures.is_empty().then(|| text_of(&failure.error));
    }
    let is_told = |error: &TestError| failures.iter().any(|told| told.error.message == error.message);
    ended.errors.iter().find(|error| !is_told(error)).map(text_of)
}
