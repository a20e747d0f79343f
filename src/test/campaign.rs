//! Which runs there are, in which order, and when it is enough.
//!
//! First every file calmly and as a whole, which is what other test runners do. Then each test that passed, alone: once
//! calmly, to see what can be decided and to have something to compare with; with every single fault; with seeds until its
//! share of the time is over. What fails is shrunk, and run once more for its story.
//!
//! Invariant: which run is made when depends on the time; what a run comes to never does.

use super::finding::{FileTested, Finding, Outcome, Tested};
use super::judge::{Baseline, Failure, Oracle, judge};
use super::program::{Mode, Program, Test};
use super::run::{Ended, Plan, State, TestError, TestResult, collect, run};
use super::search;
use crate::error::{Result, report};
use crate::lane::STACK_BYTES;
use crate::simulate::Happening;
use crate::world::driver::{Calm, Driver, Explorer, Replay};
use crate::world::mix::mix;
use crate::world::real::steady;
use crate::world::shrink::shrink;
use crate::world::simulated::Keep;
use crate::world::{Class, Points, Rerun, Seed, Tape};
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

/// How many faults a seed may cause in one run.
pub(super) const MAX_FAULTS: u32 = 6;
/// How long, and with how many runs, a failure is shrunk.
const SHRINK_TIME: Duration = Duration::from_secs(5);
const SHRINK_RUNS: usize = 500;

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
    /// A file has been run calmly; these are the tests that are not run any further.
    File(usize, Box<FileTested>),
    /// A test has had all its runs.
    Tested(usize, Box<Tested>),
    /// A file's snapshots have changed.
    Snapshots(usize, String),
    /// So many runs more were made.
    Runs(u64),
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
        planned.push((index, taken, errors));
    }
    let tests = planned.iter().map(|(_, tests, _)| tests.len()).sum();
    tell(Progress::Planned { files: programs.len(), tests });
    let failed = AtomicUsize::new(0);
    in_parallel(options.jobs, planned, tell, |(index, tests, errors), sender| {
        run_file(index, &programs[index], snapshots[index].as_deref(), tests, errors, options, &failed, sender)
    })
    .into_iter()
    .for_each(|(units, text)| {
        work.extend(units);
        texts.push(text);
    });
    let campaign = Campaign {
        programs,
        snapshots: &texts,
        options,
        choice,
        failed: &failed,
        left: AtomicUsize::new(work.len()),
        end: steady() + options.budget,
        is_over: AtomicBool::new(false),
    };
    in_parallel(options.jobs, work, tell, |unit: Unit, sender| {
        let file = unit.file;
        let tested = campaign.test(unit, sender);
        let _ = sender.send(Progress::Tested(file, Box::new(tested)));
    });
    Ok(())
}

/// Does pieces of work on `jobs` threads, and tells what they have to tell.
fn in_parallel<T: Send, R: Send>(
    jobs: usize,
    work: Vec<T>,
    tell: &mut dyn FnMut(Progress),
    piece: impl Fn(T, &Sender<Progress>) -> R + Sync,
) -> Vec<R> {
    let threads = jobs.clamp(1, work.len().max(1));
    let work: Mutex<VecDeque<(usize, T)>> = Mutex::new(work.into_iter().enumerate().collect());
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        let (sender, receiver) = channel();
        for number in 0..threads {
            let (sender, work, done, piece) = (sender.clone(), &work, &done, &piece);
            let name = format!("world-{number}");
            let spawned = thread::Builder::new().name(name).stack_size(STACK_BYTES).spawn_scoped(scope, move || {
                while let Some((place, next)) = locked(work).pop_front() {
                    let result = piece(next, &sender);
                    locked(done).push((place, result));
                }
            });
            if spawned.is_err() && number == 0 {
                unreachable!("no thread can be started");
            }
        }
        drop(sender);
        receiver.into_iter().for_each(tell);
    });
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Runs a file calmly and as a whole. Gives the tests that are to be run further.
#[expect(clippy::too_many_arguments, reason = "each is another thing that a file's run depends on")]
fn run_file(
    index: usize,
    program: &Program,
    snapshots: Option<&str>,
    tests: Vec<Test>,
    errors: Vec<TestError>,
    options: &Options,
    failed: &AtomicUsize,
    sender: &Sender<Progress>,
) -> (Vec<Unit>, Option<String>) {
    let began = steady();
    let mut file = FileTested { name: program.name.to_string(), tests: Vec::new(), broken: None, logged: Vec::new() };
    if let Some(error) = errors.first() {
        file.broken = Some(format!("{}: {}\n{}", error.name, error.message, error.stack));
        failed.fetch_add(1, Ordering::Relaxed);
        let _ = sender.send(Progress::File(index, Box::new(file)));
        return (Vec::new(), None);
    }
    let ids: Vec<String> = tests.iter().map(|test| test.id.clone()).collect();
    let plan = Plan {
        ids: Some(&ids),
        seed: options.rerun.as_ref().map_or(options.base, |rerun| rerun.seed),
        driver: Box::new(Calm),
        keep: Keep { census: false, texts: false },
        is_shaken: !options.adds_snapshots && !options.updates_snapshots,
        snapshots,
        updates_snapshots: options.updates_snapshots,
    };
    let ended = match run(program, plan) {
        Ok(ended) => ended,
        Err(error) => {
            file.broken = Some(report(&error));
            failed.fetch_add(1, Ordering::Relaxed);
            let _ = sender.send(Progress::File(index, Box::new(file)));
            return (Vec::new(), None);
        }
    };
    let _ = sender.send(Progress::Runs(1));
    if let Some(text) = &ended.snapshots {
        let _ = sender.send(Progress::Snapshots(index, text.clone()));
    }
    let mut units = Vec::new();
    for test in tests {
        let alone = alone(program, &test, &ended, options, snapshots);
        // A file that hangs says nothing of its tests.
        let judged = alone.as_ref().filter(|_| ended.stuck.is_some()).unwrap_or(&ended);
        let result = judged.results.iter().find(|result| result.id == test.id).cloned();
        let passed = result.as_ref().is_some_and(|result| result.state == State::Pass) && judged.stuck.is_none();
        match result {
            Some(result) if passed && !options.is_calm => units.push(Unit { file: index, test, result }),
            result => {
                let failure = judge(&test.id, judged, None);
                let real_ms = (steady() - began).as_secs_f64() * 1000.0;
                let tested = calm_outcome(test, result, failure, &ended, alone, real_ms);
                failed.fetch_add(usize::from(matches!(tested.outcome, Outcome::Failed(_))), Ordering::Relaxed);
                file.tests.push(tested);
            }
        }
    }
    file.logged = ended.happenings.iter().filter_map(logged).collect();
    if let Some(error) = ended.errors.first().filter(|_| units.is_empty() || ended.stuck.is_some()) {
        file.broken = Some(format!("{}: {}", error.name, error.message));
    }
    let _ = sender.send(Progress::File(index, Box::new(file)));
    (units, ended.snapshots.or_else(|| snapshots.map(str::to_owned)))
}

fn logged(happening: &Happening) -> Option<String> {
    match happening {
        Happening::Log(line) => Some(line.text().into_owned()),
        Happening::Uncaught(_) => None,
    }
}

/// Runs a test that failed once more, alone and with all that can be told of it.
fn alone(program: &Program, test: &Test, ended: &Ended, options: &Options, snapshots: Option<&str>) -> Option<Ended> {
    let result = ended.results.iter().find(|result| result.id == test.id);
    let has_failed = result.map_or(ended.stuck.is_some(), |result| result.state == State::Fail);
    if !has_failed || matches!(test.mode, Mode::Skip | Mode::Todo) {
        return None;
    }
    let ids = [test.id.clone()];
    let plan = Plan {
        ids: Some(&ids),
        seed: options.rerun.as_ref().map_or(options.base, |rerun| rerun.seed),
        driver: Box::new(Calm),
        keep: Keep { census: false, texts: true },
        is_shaken: !options.adds_snapshots && !options.updates_snapshots,
        snapshots,
        updates_snapshots: options.updates_snapshots,
    };
    run(program, plan).ok()
}

/// What a test came to that is not run any further. `alone` is how it ended by itself, if that was tried.
fn calm_outcome(
    test: Test,
    result: Option<TestResult>,
    failure: Option<Failure>,
    ended: &Ended,
    alone: Option<Ended>,
    real_ms: f64,
) -> Tested {
    let virtual_ms = result.as_ref().map_or(0.0, |result| result.ms);
    let outcome = match (&result, test.mode) {
        (_, Mode::Todo) => Outcome::Todo,
        (_, Mode::Skip) => Outcome::Skipped,
        (Some(TestResult { state: State::Pass, .. }), _) => Outcome::Passed,
        (Some(TestResult { state: State::Skip, .. }), _) => Outcome::Skipped,
        (Some(TestResult { state: State::Todo, .. }), _) => Outcome::Todo,
        _ => {
            let failure = failure.unwrap_or_else(|| Failure {
                oracle: Oracle::Test,
                error: ended.errors.first().cloned().unwrap_or_default(),
            });
            let again = alone.and_then(|alone| Some((judge(&test.id, &alone, None)?, alone)));
            // If it fails alone as it did, there is more to tell of it.
            let again = again.filter(|(again, _)| again.is_same(&failure));
            let (failure, told) = again.unwrap_or_else(|| (failure, Ended::default()));
            Outcome::Failed(Box::new(calm_finding(failure, told)))
        }
    };
    Tested { test, outcome, runs: 1, explored: (0, 0), virtual_ms, real_ms, notes: Vec::new() }
}

fn calm_finding(failure: Failure, ended: Ended) -> Finding {
    let rerun = Rerun { seed: Seed::default(), tape: Some(Tape::default()) };
    Finding { is_calm: true, ..Finding::new(failure, rerun, ended, &[]) }
}

/// The runs of all tests that passed calmly.
struct Campaign<'a> {
    programs: &'a [Program],
    /// The text of the snapshots of each program, as the calm run left it.
    snapshots: &'a [Option<String>],
    options: &'a Options,
    choice: &'a dyn Choice,
    failed: &'a AtomicUsize,
    /// Tests that have not had all their runs.
    left: AtomicUsize,
    /// When the time is over.
    end: Duration,
    is_over: AtomicBool,
}

/// The runs of one test.
struct Shaking<'a> {
    program: &'a Program,
    snapshots: Option<&'a str>,
    ids: [String; 1],
    runs: u64,
    baseline: Option<Baseline>,
    /// The seed of the run that the baseline was taken from.
    baseline_seed: Option<Seed>,
    /// How many orders the calm run left open.
    draws: usize,
    sender: &'a Sender<Progress>,
}

impl Campaign<'_> {
    fn test(&self, unit: Unit, sender: &Sender<Progress>) -> Tested {
        let began = steady();
        let mut shaking = Shaking {
            program: &self.programs[unit.file],
            snapshots: self.snapshots[unit.file].as_deref(),
            ids: [unit.test.id.clone()],
            runs: 1,
            baseline: None,
            baseline_seed: None,
            draws: 0,
            sender,
        };
        let mut tested = Tested {
            test: unit.test,
            outcome: Outcome::Passed,
            runs: 1,
            explored: (0, 0),
            virtual_ms: unit.result.ms,
            real_ms: 0.0,
            notes: Vec::new(),
        };
        if !self.is_over.load(Ordering::Relaxed) {
            if let Err(error) = self.shake(&mut shaking, &unit.result, &mut tested) {
                tested.notes.push(report(&error));
            }
        } else {
            tested.notes.push("not shaken: enough tests have failed".into());
        }
        if matches!(tested.outcome, Outcome::Failed(_)) {
            let failed = self.failed.fetch_add(1, Ordering::Relaxed) + 1;
            if self.options.bail.is_some_and(|bail| failed >= bail) {
                self.is_over.store(true, Ordering::Relaxed);
            }
        }
        self.left.fetch_sub(1, Ordering::Relaxed);
        tested.runs = shaking.runs;
        tested.real_ms = (steady() - began).as_secs_f64() * 1000.0;
        tested
    }

    fn shake(&self, shaking: &mut Shaking<'_>, calm: &TestResult, tested: &mut Tested) -> Result<()> {
        if let Some(rerun) = &self.options.rerun {
            if rerun.tape.is_none() {
                let calm = Rerun { seed: rerun.seed, tape: Some(Tape::default()) };
                let calm = shaking.run(&calm, Points::NONE, Keep { census: true, texts: false })?;
                shaking.count_orders(&calm);
            }
            let points = shaking.program.points(self.options.points);
            let ended = shaking.run(rerun, points, Keep::default())?;
            if let Some(failure) = shaking.judge(rerun.seed, &ended)? {
                tested.outcome = self.found(shaking, failure, rerun.seed, ended)?;
            }
            return Ok(());
        }
        // The test alone, as every run from here on is.
        let calm_run = Rerun { seed: self.options.base, tape: Some(Tape::default()) };
        let ended = shaking.run(&calm_run, Points::NONE, Keep { census: true, texts: false })?;
        if judge(&shaking.ids[0], &ended, None).is_some() {
            tested.notes.push("not shaken: it passes only together with the tests before it".into());
            return Ok(());
        }
        if self.differs_again(shaking, &calm_run, Points::NONE, &ended, tested)? {
            return Ok(());
        }
        shaking.count_orders(&ended);
        shaking.baseline = Some(Baseline::of(&ended));
        shaking.baseline_seed = Some(self.options.base);
        let program = shaking.program;
        let judged = |points: Points| match calm.withstands {
            true => program.points(points),
            false => program.points(points).without(Points::of(&[Class::Loud, Class::Beyond])),
        };
        let points = judged(self.options.points);
        if let Some(rerun) = self.choice.failed_before(&shaking.program.name, &tested.test)
            && self.attempt(shaking, &rerun, points, tested)?.is_none()
        {
            return Ok(());
        }
        let until = self.share();
        let explorer = Explorer::new(&ended.record.census, judged(self.options.explored), self.options.depth);
        tested.explored = (0, explorer.len());
        for tape in explorer {
            if steady() >= until {
                break;
            }
            tested.explored.0 += 1;
            let rerun = Rerun { seed: self.options.base, tape: Some(tape) };
            if self.attempt(shaking, &rerun, points, tested)?.is_none() {
                return Ok(());
            }
        }
        let mut number = 0;
        // Without a place to decide at all runs are the calm one.
        while points != Points::NONE && self.options.seeds.map_or_else(|| steady() < until, |seeds| number < seeds) {
            number += 1;
            let rerun = Rerun { seed: Seed(mix(&[self.options.base.0, number])), tape: None };
            let Some(ended) = self.attempt(shaking, &rerun, points, tested)? else { return Ok(()) };
            let is_checked = number.is_multiple_of(self.options.checked_seeds);
            if is_checked && self.differs_again(shaking, &rerun, points, &ended, tested)? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Makes a run once more, and compares. True if the two differ, which is a failure.
    fn differs_again(
        &self,
        shaking: &mut Shaking<'_>,
        rerun: &Rerun,
        points: Points,
        ended: &Ended,
        tested: &mut Tested,
    ) -> Result<bool> {
        let again = shaking.run(rerun, points, Keep::default())?;
        if again.record.digest == ended.record.digest {
            return Ok(false);
        }
        let message = format!("two runs of the seed {rerun} differ: something is not deterministic");
        let failure = Failure::of(Oracle::Determinism, message);
        tested.outcome = Outcome::Failed(Box::new(calm_finding(failure, again)));
        Ok(true)
    }

    /// Until when a test may be run: all that are left have the same share of what is left of the time.
    fn share(&self) -> Duration {
        let now = steady();
        let left = self.end.saturating_sub(now);
        let tests = self.left.load(Ordering::Relaxed).max(1);
        let jobs = self.options.jobs.clamp(1, tests);
        now + left.mul_f64(jobs as f64 / tests as f64)
    }

    /// Makes a run, and gives it back unless it failed.
    fn attempt(
        &self,
        shaking: &mut Shaking<'_>,
        rerun: &Rerun,
        points: Points,
        tested: &mut Tested,
    ) -> Result<Option<Ended>> {
        let ended = shaking.run(rerun, points, Keep::default())?;
        let Some(failure) = shaking.judge(rerun.seed, &ended)? else { return Ok(Some(ended)) };
        tested.outcome = self.found(shaking, failure, rerun.seed, ended)?;
        Ok(None)
    }

    /// A run failed: makes its tape as small as it can be, and runs it once more for its story.
    fn found(&self, shaking: &mut Shaking<'_>, failure: Failure, seed: Seed, ended: Ended) -> Result<Outcome> {
        let (run, before) = (shaking.runs, ended.record.tape.len());
        let until = steady() + SHRINK_TIME;
        let shrunk = shrink(&ended.record.tape, SHRINK_RUNS, &mut || steady() < until, &mut |tape| {
            let rerun = Rerun { seed, tape: Some(tape.clone()) };
            let ended = shaking.run(&rerun, Points::NONE, Keep::default());
            let found = ended.ok().and_then(|ended| judge(&shaking.ids[0], &ended, shaking.baseline));
            found.is_some_and(|found| found.is_same(&failure))
        });
        let rerun = Rerun { seed, tape: Some(shrunk.tape.clone()) };
        let told = shaking.run(&rerun, Points::NONE, Keep { census: false, texts: true })?;
        let calm = Rerun { seed, tape: Some(Tape::default()) };
        let calm = shaking.run(&calm, Points::NONE, Keep { census: false, texts: true })?;
        // The numbers of the error are those of the run that is told.
        let failure = judge(&shaking.ids[0], &told, shaking.baseline).unwrap_or(failure);
        Ok(Outcome::Failed(Box::new(Finding {
            run,
            decisions_before: before,
            is_minimal: shrunk.minimal,
            ..Finding::new(failure, rerun, told, &calm.record.lines)
        })))
    }
}

impl Shaking<'_> {
    /// Notes how many orders a calm run left open.
    fn count_orders(&mut self, calm: &Ended) {
        self.draws = calm.record.census.count(Points::of(&[Class::Order]));
    }

    /// What of a run is a failure. What is random differs between seeds, so runs are compared with a calm one of their own.
    fn judge(&mut self, seed: Seed, ended: &Ended) -> Result<Option<Failure>> {
        let mut failure = judge(&self.ids[0], ended, self.baseline);
        let is_compared = failure.as_ref().map_or(self.baseline.is_none(), |failure| failure.oracle.compares());
        if is_compared && self.baseline_seed != Some(seed) {
            let calm = Rerun { seed, tape: Some(Tape::default()) };
            self.baseline = Some(Baseline::of(&self.run(&calm, Points::NONE, Keep::default())?));
            self.baseline_seed = Some(seed);
            failure = judge(&self.ids[0], ended, self.baseline);
        }
        Ok(failure)
    }

    fn run(&mut self, rerun: &Rerun, points: Points, keep: Keep) -> Result<Ended> {
        self.runs += 1;
        let driver: Box<dyn Driver> = match &rerun.tape {
            Some(tape) => Box::new(Replay(tape.clone())),
            None => search::driver(rerun.seed, points, self.draws),
        };
        let plan = Plan {
            ids: Some(&self.ids),
            seed: rerun.seed,
            driver,
            keep,
            // The calm run of the whole file has written them; and all runs of one test begin alike.
            is_shaken: true,
            snapshots: self.snapshots,
            updates_snapshots: false,
        };
        let ended = run(self.program, plan);
        let _ = self.sender.send(Progress::Runs(1));
        ended
    }
}
