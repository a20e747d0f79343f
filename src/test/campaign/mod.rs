//! Which runs there are, in which order, and when it is enough.
//!
//! First every file calmly and as a whole, which is what other test runners do. Then each test that passed, alone: once
//! calmly, to see what can be decided and to have something to compare with; with every single fault; with seeds until its
//! share of the time is over. What fails is shrunk, and run once more for its story.
//!
//! Invariant: which run is made when depends on the time; what a run comes to never does.

mod calm;
mod parallel;
mod runs;
mod shaken;

use super::program::{Program, Test};
use super::run::{TestError, TestResult, collect};
use super::tested::{FileTested, Tested};
use crate::error::Result;
use crate::world::{Points, Rerun, Seed};
use calm::CalmPass;
use parallel::in_parallel;
use shaken::ShakenPass;
use std::sync::atomic::AtomicUsize;
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
    /// How much time there is for all tests together, after the calm runs.
    pub budget: Duration,
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
}

/// Which tests are run, and with what.
pub trait Choice: Sync {
    /// Whether a test of a file is run.
    fn takes(&self, file: &str, test: &Test) -> bool;

    /// What made a test fail before: it is tried first.
    fn failed_before(&self, file: &str, test: &Test) -> Option<Rerun>;
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
    /// A file's snapshots have changed.
    Snapshots(usize, String),
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
}

/// Runs all tests of all programs, with the snapshots of each.
///
/// # Errors
/// When a program cannot be run at all.
pub fn campaign(
    programs: &[Program],
    snapshots: &[Option<String>],
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
    let failed = AtomicUsize::new(0);
    let calm = CalmPass { programs, snapshots, options, failed: &failed };
    for (units, text) in in_parallel(options.jobs, planned, tell, |planned, sender| calm.file(planned, sender)) {
        work.extend(units);
        texts.push(text);
    }
    let shaken = ShakenPass::new(programs, &texts, options, choice, &failed, work.len());
    in_parallel(options.jobs, work, tell, |unit: Unit, sender| {
        let file = unit.file;
        let tested = shaken.test(unit, sender);
        let _ = sender.send(Progress::Tested(file, Box::new(tested)));
    });
    Ok(())
}
