//! One run: tests of a program, in a world of their own.
//!
//! Invariant: a run that is asked for twice comes to the same.

use super::judge::compares_storage;
use super::marks::Mark;
use super::program::{ENTRYPOINT, Program, Test};
use super::scenario::play;
use crate::error::{Error, Result};
use crate::lane::{Thrown, Waiter};
use crate::simulate::{Answer, Happening, Simulation, Stuck};
use crate::world::driver::Driver;
use crate::world::simulated::{Keep, Record, SimulatedWorld};
use crate::world::{Seed, Whose};
use emu_abi::{Body, Request};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::rc::Rc;

/// The steps a run may take: a test that goes on longer than this does not end.
const MAX_STEPS: u64 = 300_000;
/// The time a test has that names none: no end. Time costs nothing here, and what waits for ever is found out otherwise.
const TEST_TIMEOUT_MS: f64 = 0.0;

/// What is to be run, and how.
pub struct Plan<'a> {
    /// The tests; `None` is all.
    pub ids: Option<&'a [String]>,
    /// Where randomness comes from.
    pub seed: Seed,
    /// Who decides.
    pub driver: Box<dyn Driver>,
    /// What is kept of the run.
    pub keep: Keep,
    /// The world does other than calm, or the run is compared with such ones: tests have no timeouts.
    pub is_shaken: bool,
    /// The file's snapshots.
    pub snapshots: &'a Snapshots,
    /// Which snapshots are written.
    pub writes: SnapshotWrites,
}

/// Which snapshots a run writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotWrites {
    /// None: they are compared only.
    None,
    /// Those that there are not yet.
    New,
    /// Those that differ too.
    All,
}

impl SnapshotWrites {
    /// Its name, as `guest/js/testing` knows it.
    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::New => "new",
            Self::All => "all",
        }
    }
}

/// The snapshots of a test file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshots {
    /// The text of the snapshot file; none where there is none.
    pub file: Option<String>,
    /// Those that belong into the sources, which do not have them yet.
    pub inline: Vec<InlineSnapshot>,
}

/// A snapshot that belongs into a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InlineSnapshot {
    /// Where the matcher is called, as a stack names it: a place in the bundle.
    pub place: String,
    /// The snapshot, without indentation or escapes.
    pub text: String,
}

/// What a run came to.
#[derive(Debug, Default)]
pub struct Ended {
    /// What the tests came to; nothing when they never ended.
    pub results: Vec<TestResult>,
    /// Errors outside of tests, with those that nobody caught.
    pub errors: Vec<TestError>,
    /// Why the tests never ended.
    pub stuck: Option<Stuck>,
    /// The text of the file's snapshots, where it changed.
    pub snapshots: Option<String>,
    /// Inline snapshots that the sources do not have yet.
    pub inline: Vec<InlineSnapshot>,
    /// Conditions and places that the tests have met.
    pub marks: Vec<Mark>,
    /// Everything else that came to light, in order.
    pub happenings: Vec<Happening>,
    /// Who waited when the first handler was given up.
    pub hung: Vec<Waiter>,
    /// Stands for everything the tests were answered.
    pub answers: u64,
    /// Stands for everything that is stored in the end, where [`compares_storage`] is true of the run.
    pub storage: Option<u64>,
    /// What the world decided and saw.
    pub record: Record,
    /// How people call what the record speaks of.
    pub names: Vec<(Whose, String)>,
}

impl Ended {
    /// The tests did not come to their end: what did not run says nothing.
    pub fn is_cut_short(&self) -> bool {
        self.stuck.is_some() || self.results.is_empty()
    }
}

/// What a test came to.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct TestResult {
    /// The test.
    pub id: String,
    /// How it ended.
    pub state: State,
    /// How long it took, in virtual milliseconds.
    pub ms: f64,
    /// Why it failed.
    pub errors: Vec<TestError>,
    /// It calls the worker through a client that retries, or says what must hold whatever happens: it can be judged
    /// when callers see errors.
    #[serde(default)]
    pub withstands: bool,
    /// It says that an alarm which runs twice leaves what it leaves when it runs once.
    #[serde(default, rename = "idempotentAlarms")]
    pub idempotent_alarms: bool,
    /// It says that there are errors which nobody catches, and that they are no failure.
    #[serde(default, rename = "expectsErrors")]
    pub expects_errors: bool,
    /// It says that answers may tell of evictions, and that this is no failure.
    #[serde(default, rename = "expectsOtherAnswers")]
    pub expects_other_answers: bool,
    /// What is to be said of it beside that.
    #[serde(skip)]
    pub notes: Vec<String>,
}

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It passed.
    Pass,
    /// It failed.
    Fail,
    /// It did not run.
    Skip,
    /// It is not written yet.
    Todo,
}

/// An error of a test.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TestError {
    /// The error's name.
    pub name: String,
    /// What it says.
    pub message: String,
    /// Its stack, as the engine gives it.
    pub stack: String,
    /// What was expected, and what was there.
    pub diff: Option<String>,
    /// The oracle that found it, where that is not the test itself: `invariant`, `eventually`, …
    pub oracle: Option<String>,
    /// The error that it was made of.
    pub cause: Option<Box<TestError>>,
    /// It is an error that the platform gives callers when something is lost.
    pub fault: bool,
}

#[derive(Deserialize)]
struct Collected {
    tests: Vec<Test>,
    errors: Vec<TestError>,
}

#[derive(Deserialize)]
struct Ran {
    results: Vec<TestResult>,
    #[serde(default)]
    errors: Vec<TestError>,
    #[serde(default)]
    snapshots: Option<String>,
    #[serde(default)]
    inline: Vec<InlineSnapshot>,
    #[serde(default)]
    marks: Vec<Mark>,
}

/// The tests of a program.
///
/// # Errors
/// When the file has errors, which are in the text.
pub fn collect(program: &Program) -> Result<(Vec<Test>, Vec<TestError>)> {
    if let Some(scenario) = &program.scenario {
        return Ok((vec![scenario.test()], Vec::new()));
    }
    let world = SimulatedWorld::new(Seed::default(), Box::new(crate::world::driver::Calm), Keep::default());
    let mut simulation = Simulation::new(&program.setup, Rc::new(world))?;
    let answer = ask(&mut simulation, "collect", &json!({}));
    match answer {
        Ok(Ok(answer)) => {
            let Collected { mut tests, errors } = parse(program, &answer)?;
            note_names(&mut tests);
            Ok((tests, errors))
        }
        Ok(Err(thrown)) => Err(broken(program).because(thrown.failure)),
        Err(stuck) => Err(broken(program).because(format!("{stuck:?}"))),
    }
}

/// Notes which tests cannot be named without naming others, and which of these have the very same name.
fn note_names(tests: &mut [Test]) {
    let names: Vec<String> = tests.iter().map(Test::full_name).collect();
    for (index, test) in tests.iter_mut().enumerate() {
        let is_in = |(other, name): (usize, &String)| other != index && name.contains(&names[index]);
        test.is_part_of_another = names.iter().enumerate().any(is_in);
        let own = &names[index];
        let same = |names: &[String]| names.iter().filter(|name| *name == own).count();
        test.twin = (same(&names) > 1).then(|| same(&names[..=index]));
    }
}

/// Runs tests.
///
/// # Errors
/// When there is no memory for it. A test that fails is no error.
pub fn run(program: &Program, plan: Plan<'_>) -> Result<Ended> {
    let world = SimulatedWorld::new(plan.seed, plan.driver, plan.keep);
    let world = Rc::new(match program.scenario.as_ref().and_then(|scenario| scenario.start_ms) {
        Some(start_ms) => world.starting_at(start_ms),
        None => world,
    });
    let mut simulation = Simulation::new(&program.setup, Rc::clone(&world))?;
    let asked = json!({
        "ids": plan.ids,
        "shaken": plan.is_shaken,
        "snapshots": plan.snapshots.file,
        "inline": plan.snapshots.inline,
        "update": plan.writes.name(),
        "timeoutMs": TEST_TIMEOUT_MS,
    });
    let mut ended = Ended::default();
    match &program.scenario {
        Some(scenario) => {
            let (result, stuck) = play(scenario, &mut simulation);
            ended.results.push(result);
            ended.stuck = stuck;
        }
        None => run_tests(program, &asked, &mut simulation, &mut ended)?,
    }
    ended.happenings = simulation.take_happenings();
    ended.hung = simulation.take_hung();
    ended.answers = simulation.answers();
    ended.record = world.record();
    if compares_storage(&ended.record.tape) {
        ended.storage = Some(simulation.storage_digest()?);
    }
    ended.names = simulation.names(&ended.record);
    Ok(ended)
}

/// Runs tests of a test file.
fn run_tests(program: &Program, asked: &Value, simulation: &mut Simulation, ended: &mut Ended) -> Result<()> {
    match ask(simulation, "run", asked) {
        Ok(Ok(answer)) => {
            let ran: Ran = parse(program, &answer)?;
            ended.results = ran.results;
            ended.errors = ran.errors;
            ended.snapshots = ran.snapshots;
            ended.inline = ran.inline;
            ended.marks = ran.marks;
        }
        Ok(Err(Thrown { failure, .. })) => ended.errors.push(TestError {
            name: failure.name,
            message: failure.message,
            stack: failure.stack.unwrap_or_default(),
            ..TestError::default()
        }),
        Err(stuck) => ended.stuck = Some(stuck),
    }
    Ok(())
}

/// Asks the test's entrypoint, and runs until it answers.
fn ask(
    simulation: &mut Simulation,
    what: &str,
    body: &Value,
) -> std::result::Result<std::result::Result<Answer, Thrown>, Stuck> {
    let request = Request {
        method: "POST".into(),
        url: format!("emu-test://{what}/"),
        body: Body::Bytes(body.to_string().into_bytes().into()),
        ..Request::default()
    };
    let port = simulation.send(0, ENTRYPOINT, request);
    simulation.run_until_answered(port, MAX_STEPS)
}

fn parse<T: DeserializeOwned>(program: &Program, answer: &Answer) -> Result<T> {
    serde_json::from_slice(&answer.body).map_err(|error| broken(program).because(format!("{error}: {}", answer.text())))
}

fn broken(program: &Program) -> Error {
    Error::internal(format!("the tests of `{}` did not answer", program.name))
}
