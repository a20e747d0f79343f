//! Trying to make a test fail: calmly, with every single fault, with seeds; what fails is made as small as it can be.
//!
//! Invariant: which runs there are follows from the seed and the calm run alone.

use super::application::{Application, seed_of_environment};
use super::quiet::{Failed, quietly};
use super::{World, line_of, outside};
use crate::error::{Result, report};
use crate::simulate::{Happening, Rule};
use crate::world::driver::Explorer;
use crate::world::mix::mix;
use crate::world::real::steady;
use crate::world::shrink::{SHRINK_RUNS, SHRINK_TIME, shrink};
use crate::world::simulated::{Keep, Record};
use crate::world::{Class, Point, Points, Rerun, Seed, Tape, Whose};
use std::path::Path;
use std::sync::Arc;

/// What the seeds of runs are made of.
const BASE: Seed = Seed(0x656d_7500);
/// How many seeds a test has unless it says otherwise.
const SEEDS: u64 = 32;
/// Lines of the story that a failure shows: the last ones.
const MAX_LINES: usize = 40;

/// Runs a test calmly, with every single silent fault, and with 32 seeds. See [`Explore`] for anything else.
///
/// # Panics
/// When one of the runs panics: with the seed and the tape of the smallest one that was found. `EMU_SEED` in the
/// environment repeats that run, and only that.
#[track_caller]
pub fn explore(config: impl AsRef<Path>, test: impl Fn(&World)) {
    Explore::new(config).run(test);
}

/// How a test is to be tried.
pub struct Explore {
    application: Result<Application>,
    rules: Result<Arc<[Rule]>>,
    faults: String,
    seeds: u64,
}

impl Explore {
    /// The usual way: `order,silent`, and 32 seeds.
    pub fn new(config: impl AsRef<Path>) -> Self {
        Self::with(Application::open(config))
    }

    /// The same with an application that is open already.
    pub fn of(application: &Application) -> Self {
        Self::with(Ok(application.clone()))
    }

    fn with(application: Result<Application>) -> Self {
        Self { application, rules: Ok(Arc::default()), faults: "order,silent".into(), seeds: SEEDS }
    }

    /// Answers requests to other hosts as they were recorded; [`super::Builder::recording`].
    #[must_use]
    pub fn recording(mut self, path: impl AsRef<Path>) -> Self {
        self.rules = outside::recording(path.as_ref());
        self
    }

    /// Which faults there may be: points and classes behind commas. With `loud` ones the test sees errors and has to cope,
    /// with [`super::RequestBuilder::retry`] for instance.
    #[must_use]
    pub fn faults(mut self, faults: &str) -> Self {
        self.faults = faults.to_owned();
        self
    }

    /// How many seeds there are.
    #[must_use]
    pub fn seeds(mut self, seeds: u64) -> Self {
        self.seeds = seeds;
        self
    }

    /// Makes all runs.
    ///
    /// # Panics
    /// As [`explore`].
    #[track_caller]
    pub fn run(self, test: impl Fn(&World)) {
        let points = Points::parse(&self.faults);
        let (application, rules, points) = match (self.application, self.rules, points) {
            (Ok(application), Ok(rules), Ok(points)) => (application, rules, points),
            (Err(error), ..) | (_, Err(error), _) => panic!("{}", report(&error)),
            (.., Err(message)) => panic!("{message}"),
        };
        let mut search = Search { application, rules, points, seeds: self.seeds, test: &test, runs: 0 };
        let found = search.go();
        if let Some(found) = found {
            panic!("{found}");
        }
    }
}

/// The runs of a test.
struct Search<'a> {
    application: Application,
    rules: Arc<[Rule]>,
    points: Points,
    seeds: u64,
    test: &'a dyn Fn(&World),
    runs: u64,
}

/// What a run came to.
struct Ended {
    failed: Option<Failed>,
    record: Record,
    names: Vec<(Whose, String)>,
    logged: Vec<String>,
}

impl Search<'_> {
    /// The text of the first failure, made small.
    fn go(&mut self) -> Option<String> {
        match seed_of_environment() {
            Ok(None) => {}
            Ok(Some(rerun)) => {
                let ended = self.attempt(&rerun, self.points, Keep { census: false, texts: true });
                let failed = ended.failed.clone()?;
                return Some(self.tell(&failed, &rerun, &ended, ended.record.tape.len(), 1));
            }
            Err(error) => return Some(report(&error)),
        }
        let calm = Rerun { seed: BASE, tape: Some(Tape::default()) };
        let first = self.attempt(&calm, Points::NONE, Keep { census: true, texts: true });
        if let Some(failed) = &first.failed {
            return Some(self.tell(failed, &calm, &first, 0, 1));
        }
        let second = self.attempt(&calm, Points::NONE, Keep::default());
        if second.record.digest != first.record.digest {
            return Some(
                "two calm runs of the same seed differ: the test asks for something that is not the same every time, such \
                 as the system's clock"
                    .into(),
            );
        }
        // Orders are looked for by seeds: alone they are too many to try each.
        let singles = self.points.without(Points::of(&[Class::Order]));
        for tape in Explorer::new(&first.record.census, singles, 1) {
            if let Some(found) = self.try_one(&Rerun { seed: BASE, tape: Some(tape) }) {
                return Some(found);
            }
        }
        (1..=self.seeds).find_map(|number| self.try_one(&Rerun { seed: Seed(mix(&[BASE.0, number])), tape: None }))
    }

    fn try_one(&mut self, rerun: &Rerun) -> Option<String> {
        let ended = self.attempt(rerun, self.points, Keep::default());
        let failed = ended.failed?;
        let run = self.runs;
        Some(self.found(&failed, rerun.seed, &ended.record.tape, run))
    }

    /// Makes one run.
    fn attempt(&mut self, rerun: &Rerun, points: Points, keep: Keep) -> Ended {
        self.runs += 1;
        let mut builder = self.application.world().points(points);
        builder.rerun = Some(rerun.clone());
        builder.keep = keep;
        builder.rules = Arc::clone(&self.rules);
        let world = match builder.open() {
            Ok(world) => world,
            Err(error) => return Ended::broken(Failed { message: report(&error), place: String::new() }),
        };
        let failed = quietly(|| (self.test)(&world)).err();
        // A world that has itself failed tells nothing.
        let told = quietly(|| Ended::of(&world)).unwrap_or_else(|bug| Ended::broken(failed.clone().unwrap_or(bug)));
        Ended { failed: failed.or(told.failed), ..told }
    }

    /// Makes the tape of a run that failed as small as it can be, and tells its story.
    fn found(&mut self, failed: &Failed, seed: Seed, tape: &Tape, run: u64) -> String {
        let until = steady() + SHRINK_TIME;
        let shrunk = shrink(tape, SHRINK_RUNS, &mut || steady() < until, &mut |tape| {
            let rerun = Rerun { seed, tape: Some(tape.clone()) };
            let ended = self.attempt(&rerun, Points::NONE, Keep::default());
            ended.failed.is_some_and(|other| other.is_same(failed))
        });
        let rerun = Rerun { seed, tape: Some(shrunk.tape) };
        let ended = self.attempt(&rerun, Points::NONE, Keep { census: false, texts: true });
        let failed = ended.failed.clone().unwrap_or_else(|| failed.clone());
        self.tell(&failed, &rerun, &ended, tape.len(), run)
    }

    fn tell(&self, failed: &Failed, rerun: &Rerun, ended: &Ended, decisions_before: usize, run: u64) -> String {
        let thread = std::thread::current();
        let test = thread.name().filter(|name| *name != "main").unwrap_or_default();
        let mut text = format!("{}\n", failed.message);
        let mut line = |head: &str, said: &str| text.push_str(&format!("  {head:<7} {said}\n"));
        line("at", &failed.place);
        line("rerun", format!("EMU_SEED={rerun} cargo test {test}").trim_end());
        let mut faults: Vec<Point> = ended.record.tape.iter().map(|(place, _)| place.point).collect();
        faults.dedup();
        for fault in &faults {
            line("fault", &format!("{fault}: {}; {}", fault.meaning(), fault.holds()));
        }
        if faults.is_empty() {
            line("fault", "none: it fails calmly");
        }
        line(
            "found",
            &format!("in run {run}; {decisions_before} decisions, of which {} matter", ended.record.tape.len()),
        );
        ended.logged.iter().for_each(|logged| line("log", logged));
        text.push_str(&ended.story());
        text
    }
}

impl Ended {
    fn broken(failed: Failed) -> Self {
        Self { failed: Some(failed), record: Record::default(), names: Vec::new(), logged: Vec::new() }
    }

    /// What a world came to in which a test has ended.
    fn of(world: &World) -> Self {
        world.ask(|world| {
            let record = world.world().record();
            let names = world.names(&record);
            let happenings = world.take_happenings();
            let is_loud = record.tape.iter().any(|(place, _)| place.point.class() >= Class::Loud);
            let lost = |happening: &Happening| {
                happening.lost().map(|_| Failed { message: line_of(happening), place: "the worker".into() })
            };
            let failed = happenings.iter().filter(|_| !is_loud).find_map(lost);
            Self { failed, record, names, logged: happenings.iter().map(line_of).collect() }
        })
    }

    /// The last lines of what happened.
    fn story(&self) -> String {
        let lines = &self.record.lines;
        let begin_ms = lines.first().map_or(0.0, |line| line.at_ms);
        let left_out = lines.len().saturating_sub(MAX_LINES);
        let mut text = if left_out > 0 { format!("\n  … {left_out} lines before\n") } else { "\n".to_owned() };
        for line in &lines[left_out..] {
            let name = self.names.iter().find(|(whose, _)| *whose == line.whose).map_or("", |(_, name)| name.as_str());
            let at_s = (line.at_ms - begin_ms) / 1000.0;
            text.push_str(&format!("  {at_s:>10.3}  {name:<24} {:<8} {}\n", line.kind.name(), line.text));
        }
        text
    }
}
