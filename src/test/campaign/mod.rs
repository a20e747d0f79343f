//! Which runs there are, in which order, and when it is enough.
//!
//! First every file calmly and as a whole, which is what other test runners do. Then each test that passed, alone: once
//! calmly, to see what can be decided and to have something to compare with; then with every single fault. When all tests
//! have had these, the rest of the time goes to seeds. What fails is shrunk, and run once more for its story.
//!
//! Invariant: which run is made when depends on the time; what a run comes to never does.

mod calm;
mod enough;
mod runs;
mod shaken;
mod sorting;

use super::parallel::in_parallel;
use super::program::{Program, Test};
use super::run::{Snapshots, TestError, TestResult, collect};
use super::tested::{FileTested, Tested};
use crate::error::Result;
use crate::world::{Points, Rerun, Seed};
use calm::CalmPass;
use enough::Enough;
use shaken::ShakenPass;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Options {
    /// Threads.
    pub jobs: usize,
    /// Where the world may decide.
    pub points: Points,
    /// Where single deviations from a calm run are tried.
    pub explored: Points,
    /// How many deviations from a calm run are combined, 0 to 2.
    pub depth: usize,
    /// What the seeds of runs are made of.
    pub base: Seed,
    /// How many seeds each test has; `None` is as many as there is time for.
    pub seeds: Option<u64>,
    /// How much time there is for all tests together, after the calm runs; `None` is as much as it takes.
    pub budget: Option<Duration>,
    /// The only run that each test has.
    pub rerun: Option<Rerun>,
    /// Tests are only run calmly.
    pub is_calm: bool,
    /// No more tests after so many failures.
    pub bail: Option<usize>,
    /// Snapshots that differ are written anew.
    pub updates_snapshots: bool,
    /// Snapshots that there are not yet are written.
    pub adds_snapshots: bool,
    /// One seed of so many, at least 1, is run twice and compared.
    pub checked_seeds: u64,
    /// Which of the single deviations and of the seeds are run here.
    pub shard: Shard,
    /// Set when somebody wants the campaign to end now.
    pub interrupted: Arc<AtomicBool>,
}

/// One part of the runs: those whose number is `index` modulo `count`.
///
/// Calm runs have no part in it: every shard makes them, for all others are compared with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// From 1 to `count`.
    pub index: u64,
    /// How many shards there are, at least 1.
    pub count: u64,
}

impl Shard {
    /// All runs.
    pub const ALL: Self = Self { index: 1, count: 1 };

    /// Whether a run is made here. Runs are numbered from 0.
    fn takes(self, number: u64) -> bool {
        number % self.count == self.index - 1
    }

    /// How many of so many runs are made here.
    fn share(self, runs: usize) -> usize {
        let others = usize::try_from(self.count - self.index).unwrap_or(usize::MAX);
        runs.saturating_add(others) / usize::try_from(self.count).unwrap_or(usize::MAX)
    }
}

/// Which tests are run, and with what.
pub trait Choice: Sync {
    /// Whether a test is run.
    fn takes(&self, file: &str, test: &Test) -> bool;

    /// What made a test fail before: it is tried first.
    fn failed_before(&self, file: &str, test: &Test) -> Vec<Known>;

    /// A test has passed with what made it fail before.
    fn passes_again(&self, file: &str, test: &Test, rerun: &Rerun);
}

/// What made a test fail once.
pub struct Known {
    /// The run.
    pub rerun: Rerun,
    /// The folder in which somebody saved it, as people call it.
    pub saved_in: Option<String>,
}

/// What is told while a campaign goes on.
#[derive(Debug)]
pub enum Progress {
    /// So many tests of so many files will be run.
    Planned {
        /// Files.
        files: usize,
        /// Tests.
        tests: usize,
    },
    /// A file has been run calmly. What its tests came to that are not run any further follows.
    File(usize, Box<FileTested>),
    /// A test has had all its runs.
    Tested(usize, Box<Tested>),
    /// All files have been run calmly. This much time there is for the rest.
    Shaking(Option<Duration>),
    /// A file's snapshots have changed.
    Snapshots(usize, Snapshots),
    /// So many runs more were made.
    Runs(u64),
}

/// The tests of a file that are to be run.
struct Planned {
    file: usize,
    tests: Vec<Test>,
    errors: Vec<TestError>,
}

/// A test that is to be run further.
struct Unit {
    file: usize,
    test: Test,
    result: TestResult,
    /// No other test of its file ran before it.
    is_first: bool,
}

/// Runs all tests of all programs, with the snapshots of each.
///
/// # Errors
/// When a program cannot be run at all.
pub fn campaign(
    programs: &[Program],
    snapshots: &[Snapshots],
    options: &Options,
    choice: &dyn Choice,
    tell: &mut dyn FnMut(Progress),
) -> Result<()> {
    let (mut work, mut texts) = (Vec::new(), Vec::new());
    let mut planned = Vec::new();
    for (index, program) in programs.iter().enumerate() {
        let (tests, errors) = collect(program)?;
        let taken: Vec<Test> = tests.into_iter().filter(|test| choice.takes(&program.name, test)).collect();
        planned.push(Planned { file: index, tests: taken, errors });
    }
    let tests = planned.iter().map(|planned| planned.tests.len()).sum();
    tell(Progress::Planned { files: programs.len(), tests });
    let enough = Enough::of(options);
    let calm = CalmPass { programs, snapshots, options, enough: &enough };
    for (units, text) in in_parallel(options.jobs, planned, tell, |planned, sender| calm.file(planned, sender)) {
        work.extend(units);
        texts.push(text);
    }
    tell(Progress::Shaking(options.budget.filter(|_| !work.is_empty())));
    let shaken = ShakenPass::new(programs, &texts, options, choice, &enough);
    shaken.begin_all(work.len());
    let begun = in_parallel(options.jobs, work, tell, |unit: Unit, sender| shaken.begin(unit, sender));
    let begun: Vec<_> = begun.into_iter().flatten().collect();
    shaken.begin_all(begun.len());
    in_parallel(options.jobs, begun, tell, |test, sender| shaken.finish(test, sender));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_is_in_one_shard() {
        for count in [1, 2, 3, 7] {
            let shards: Vec<Shard> = (1..=count).map(|index| Shard { index, count }).collect();
            for runs in 0..20 {
                let taken = |shard: &Shard| (0..runs).filter(|number| shard.takes(*number)).count();
                for number in 0..runs {
                    assert_eq!(shards.iter().filter(|shard| shard.takes(number)).count(), 1, "{number} of {count}");
                }
                for shard in &shards {
                    assert_eq!(taken(shard), shard.share(runs as usize), "{runs} runs in {shard:?}");
                }
            }
        }
    }
}
