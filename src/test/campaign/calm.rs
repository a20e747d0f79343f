//! The calm runs: every file as a whole, which is what other test runners do.
//!
//! Invariant: nothing is decided here but calmly, and only here may snapshots change.

use super::sorting::{Sorted, Sorting};
use super::{Options, Planned, Progress, Unit};
use crate::error::report;
use crate::simulate::Happening;
use crate::test::judge::judge;
use crate::test::program::{Program, Test};
use crate::test::run::{Ended, Plan, Snapshots, TestError, run};
use crate::test::tested::FileTested;
use crate::world::Seed;
use crate::world::driver::Calm;
use crate::world::real::steady;
use crate::world::simulated::Keep;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;

/// The calm runs of all files.
pub(super) struct CalmPass<'a> {
    pub(super) programs: &'a [Program],
    pub(super) snapshots: &'a [Snapshots],
    pub(super) options: &'a Options,
    pub(super) failed: &'a AtomicUsize,
}

impl CalmPass<'_> {
    /// Runs a file. Gives the tests that are to be run further, and its snapshots.
    pub(super) fn file(&self, planned: Planned, sender: &Sender<Progress>) -> (Vec<Unit>, Snapshots) {
        let Planned { file, tests, errors } = planned;
        let began = steady();
        let broken = |why: String| {
            self.failed.fetch_add(1, Ordering::Relaxed);
            self.told(file, Some(why), Vec::new(), sender);
            (Vec::new(), Snapshots::default())
        };
        if let Some(error) = errors.first() {
            return broken(format!("{}\n{}", text_of(error), error.stack));
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
        let sorting = Sorting { pass: self, file, snapshots: &snapshots, ended: &ended, began, sender };
        let (mut units, mut over) = (Vec::new(), Vec::new());
        for test in tests {
            match sorting.sort(test) {
                Sorted::Further(unit) => units.push(unit),
                Sorted::Over(tested) => over.push(*tested),
            }
        }
        let failed = over.iter().filter(|tested| tested.failure().is_some()).count();
        self.failed.fetch_add(failed, Ordering::Relaxed);
        let logged = ended.happenings.iter().filter_map(logged).collect();
        self.told(file, broken_by(&ended, units.len(), failed), logged, sender);
        for tested in over {
            let _ = sender.send(Progress::Tested(file, Box::new(tested)));
        }
        (units, snapshots)
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
            is_shaken: !options.adds_snapshots && !options.updates_snapshots,
            snapshots: &self.snapshots[file],
            updates_snapshots: options.updates_snapshots,
        };
        run(&self.programs[file], plan)
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
        Happening::Log(line) => Some(line.text().into_owned()),
        Happening::Uncaught(_) => None,
    }
}

/// Why a file could not be run, beside what its tests say of that.
fn broken_by(ended: &Ended, further: usize, failed: usize) -> Option<String> {
    if ended.stuck.is_some() && failed == 0 {
        return judge("", ended, None).map(|failure| text_of(&failure.error));
    }
    ended.errors.first().filter(|_| further == 0).map(text_of)
}
