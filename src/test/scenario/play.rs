//! Does what the steps of a scenario say, in one world.
//!
//! Under loud faults only steps that say how they cope (`retry`) are judged, and what holds always: the error of any other
//! step is marked as the fault's, and the scenario goes on. What comes after may build on that step, so of it is judged
//! only what holds always.
//!
//! Invariant: the world moves only while a step waits for something.

use super::checks::Checks;
use super::compare::{self, Difference};
use super::{ID, Scenario, outside};
use crate::config::scenario::{Action, Counted, Expecting, Fetch, ObjectVerb, Payload, Step};
use crate::lane::{NOT_RUNNING, PortId, Thrown, Verb};
use crate::simulate::{self, Answer, Client, Frame, QUIET_MS, Retries, Simulation, Stuck};
use crate::test::run::{State, TestError, TestResult};
use crate::world::{Class, Point, Whose, World};
use emu_abi::Message;
use std::collections::BTreeMap;

/// The steps of the world that one step of a scenario may take.
const MAX_STEPS: u64 = 2_000_000;
/// How long a client waits for messages that are missing.
const PATIENCE_MS: f64 = 60_000.0;

/// Why a scenario does not go on with a step.
enum Halt {
    /// It is not as expected.
    Differs(Difference),
    /// The world does not go on.
    Stuck(Stuck),
}

impl From<Stuck> for Halt {
    fn from(stuck: Stuck) -> Self {
        Self::Stuck(stuck)
    }
}

impl From<Difference> for Halt {
    fn from(difference: Difference) -> Self {
        Self::Differs(difference)
    }
}

type Done<T = ()> = Result<T, Halt>;

/// A client with what it has received.
#[derive(Default)]
struct Guest {
    /// None while it is not connected.
    socket: Option<Client>,
    frames: Vec<Frame>,
}

impl Guest {
    /// Whether its connection has ended without a Close frame.
    fn is_cut(&mut self, world: &mut Simulation) -> bool {
        self.frames.extend(self.socket.map(|socket| world.frames(socket)).unwrap_or_default());
        self.frames.iter().any(|frame| matches!(frame, Frame::Close { code: 1006, .. }))
    }
}

/// A step that has begun and is waited for.
enum Begun<'s> {
    Nothing,
    Answer(&'s Fetch, PortId),
    Connection(&'s str, PortId),
}

struct Play<'s, 'w> {
    scenario: &'s Scenario,
    world: &'w mut Simulation,
    checks: Checks<'s>,
    guests: BTreeMap<&'s str, Guest>,
    /// A step that nobody judges did not have its effect.
    has_failed: bool,
    began_ms: f64,
}

/// Plays a scenario. What it came to, and why it was never over.
pub(in crate::test) fn play(scenario: &Scenario, world: &mut Simulation) -> (TestResult, Option<Stuck>) {
    let began_ms = world.world().now_ms();
    let checks = Checks::of(scenario);
    let mut play = Play { scenario, world, checks, guests: BTreeMap::new(), has_failed: false, began_ms };
    play.all()
}

impl<'s> Play<'s, '_> {
    fn all(&mut self) -> (TestResult, Option<Stuck>) {
        let (mut errors, mut stuck) = (Vec::new(), None);
        for (number, step) in self.scenario.steps.iter().enumerate() {
            let ended = self.step(step);
            if self.checks.violated.is_some() {
                break;
            }
            match ended {
                Ok(()) => {}
                Err(Halt::Stuck(why)) => {
                    stuck = Some(why);
                    break;
                }
                Err(Halt::Differs(difference)) => {
                    let excused = self.is_loud() && (!copes(step) || self.has_lost());
                    self.has_failed |= excused;
                    errors.push(error(number + 1, step, difference, excused));
                    if !excused {
                        break;
                    }
                }
            }
        }
        if errors.is_empty() && stuck.is_none() && self.checks.violated.is_none() {
            stuck = self.settle().err();
        }
        errors.extend(self.checks.violated.take());
        let state = if errors.is_empty() && stuck.is_none() { State::Pass } else { State::Fail };
        let result = TestResult {
            id: ID.into(),
            state,
            notes: if state == State::Pass { self.checks.never_judged() } else { Vec::new() },
            ms: self.world.world().now_ms() - self.began_ms,
            errors,
            withstands: self.scenario.withstands(),
            idempotent_alarms: false,
            expects_errors: false,
            expects_other_answers: self.scenario.expects_other_answers,
        };
        (result, stuck)
    }

    /// Whether callers have seen errors in this run.
    fn is_loud(&self) -> bool {
        self.world.world().tape().iter().any(|(place, _)| place.point.class() >= Class::Loud)
    }

    /// Whether what a step builds on may be missing: one that nobody judges has failed, or a connection was cut, and what
    /// was sent on it may not have arrived.
    fn has_lost(&mut self) -> bool {
        let Self { world, guests, .. } = self;
        let is_cut = guests.values_mut().any(|guest| guest.is_cut(world));
        self.has_failed || is_cut
    }

    fn step(&mut self, step: &'s Step) -> Done {
        match &step.action {
            Action::Together(steps) => self.together(steps),
            Action::Advance(ms) => Ok(self.advance(*ms)?),
            Action::Settle => Ok(self.settle()?),
            Action::Expect { client, expecting } => self.expect(client, expecting),
            Action::Outside { counted, requests } => self.count(counted, u64::from(*requests)),
            Action::Object(verb, object) => self.object(*verb, object),
            _ => {
                let begun = self.begin(step)?;
                self.end(begun)
            }
        }
    }

    /// Begins all steps, in an order that the world decides, and then waits for them. The steps of one client keep theirs.
    fn together(&mut self, steps: &'s [Step]) -> Done {
        let mut waiting: Vec<&'s Step> = steps.iter().collect();
        let mut begun = Vec::new();
        while !waiting.is_empty() {
            let chosen = self.world.world().choose(Point::Task, Whose::WORLD, waiting.len());
            let client = client_of(waiting[chosen]);
            let first = waiting.iter().position(|step| client.is_some() && client_of(step) == client);
            begun.push(self.begin(waiting.remove(first.unwrap_or(chosen)))?);
        }
        begun.into_iter().try_for_each(|begun| self.end(begun))
    }

    fn begin(&mut self, step: &'s Step) -> Done<Begun<'s>> {
        match &step.action {
            Action::Fetch(fetch) => return Ok(Begun::Answer(fetch, self.send(fetch))),
            Action::Connect { client, path, headers } => {
                let port = self.world.send(0, "", simulate::upgrade(path, headers));
                return Ok(Begun::Connection(client, port));
            }
            Action::Send { client, payload } => {
                let socket = self.socket(client)?;
                let message = match payload {
                    Payload::Text(text) => Message::Text(text.clone()),
                    bytes => Message::Binary(outside::bytes(bytes).into()),
                };
                self.world.send_message(socket, message);
            }
            Action::Close { client, code, reason } => {
                let socket = self.socket(client)?;
                self.world.close_socket(socket, *code, reason);
            }
            Action::Lose { client } => {
                let socket = self.socket(client)?;
                self.world.lose_socket(socket);
            }
            Action::Object(verb, object) => self.object(*verb, object)?,
            Action::Expect { .. }
            | Action::Outside { .. }
            | Action::Together(_)
            | Action::Advance(_)
            | Action::Settle => {}
        }
        self.checks.look(self.world);
        Ok(Begun::Nothing)
    }

    fn end(&mut self, begun: Begun<'s>) -> Done {
        match begun {
            Begun::Nothing => Ok(()),
            Begun::Answer(fetch, port) => self.answer(fetch, port),
            Begun::Connection(client, port) => match self.answered(port)? {
                Ok(Answer { socket: Some(socket), .. }) => {
                    self.has_failed = self.has_lost();
                    let guest = Guest { socket: Some(Client(socket)), frames: Vec::new() };
                    self.guests.insert(client, guest);
                    Ok(())
                }
                Ok(answer) => {
                    Err(differs(format!("no WebSocket but an answer of {}: {}", answer.status, answer.text())))
                }
                Err(thrown) => Err(differs(format!("no WebSocket but an error: {}", thrown.failure))),
            },
        }
    }

    fn send(&mut self, fetch: &Fetch) -> PortId {
        let body = fetch.body.clone().into_bytes();
        self.world.send(0, "", simulate::request(&fetch.method, &fetch.path, &fetch.headers, body))
    }

    /// Waits for the answer to a request, which is sent again when it was lost.
    fn answer(&mut self, fetch: &Fetch, mut port: PortId) -> Done {
        let mut retries = Retries::new(fetch.retries.unwrap_or(0));
        let answer = loop {
            match self.answered(port)? {
                Ok(answer) => break answer,
                Err(thrown) => match retries.wait_ms(&thrown.failure) {
                    Some(wait_ms) => {
                        self.advance(wait_ms)?;
                        port = self.send(fetch);
                    }
                    // What a client of a real server sees.
                    None => break Answer { status: 500, body: thrown.text().into_bytes(), ..Answer::default() },
                },
            }
        };
        self.has_failed |= fetch.retries.is_none() && fetch.expected.status.is_none() && answer.status >= 500;
        match compare::answer(&fetch.expected, &answer) {
            Some(Difference { message, diff }) => {
                let message = format!("{} {}: {message}", fetch.method, fetch.path);
                Err(Difference { message, diff }.into())
            }
            None => Ok(()),
        }
    }

    fn answered(&mut self, port: PortId) -> Result<Result<Answer, Thrown>, Stuck> {
        let Self { world, checks, .. } = self;
        world.run_until_some(MAX_STEPS, |world| {
            checks.look(world);
            world.take_answer(port)
        })
    }

    fn advance(&mut self, ms: f64) -> Result<(), Stuck> {
        let until_ms = self.world.world().now_ms() + ms;
        let Self { world, checks, .. } = self;
        world.run_within(until_ms, MAX_STEPS, |world| {
            checks.look(world);
            None::<()>
        })?;
        world.pass_time_until(until_ms);
        Ok(())
    }

    /// Faults stop, and what is under way comes to an end.
    fn settle(&mut self) -> Result<(), Stuck> {
        self.world.settle(MAX_STEPS)?;
        self.checks.look(self.world);
        Ok(())
    }

    /// Waits until a client has received what is expected, or it is clear that it will not.
    fn expect(&mut self, client: &'s str, expecting: &Expecting) -> Done {
        let socket = self.socket(client)?;
        let until_ms = self.world.world().now_ms() + PATIENCE_MS;
        let Self { world, checks, guests, .. } = self;
        let guest = guests.entry(client).or_default();
        until_quiet(world, checks)?;
        let mut difference = None;
        world.run_within(until_ms, MAX_STEPS, |world| {
            checks.look(world);
            guest.frames.extend(world.frames(socket));
            difference = compare::frames(client, expecting, &guest.frames);
            difference.is_none().then_some(())
        })?;
        difference.map_or(Ok(()), |difference| Err(difference.into()))
    }

    /// Waits until other hosts were asked so often, or it is clear that they were not.
    fn count(&mut self, counted: &Counted, requests: u64) -> Done {
        let until_ms = self.world.world().now_ms() + PATIENCE_MS;
        let Self { world, checks, .. } = self;
        until_quiet(world, checks)?;
        let mut found = 0;
        world.run_within(until_ms, MAX_STEPS, |world| {
            checks.look(world);
            found = outside::count(counted, world.outgoing());
            (found >= requests).then_some(())
        })?;
        match found == requests {
            true => Ok(()),
            false => Err(differs(format!("{}, not {requests}", outside::told(counted, found)))),
        }
    }

    fn object(&mut self, verb: ObjectVerb, object: &str) -> Done {
        let (namespace, name) = self.scenario.find(object).map_err(differs)?;
        let id = self.world.object_named(namespace, &name);
        let verb = match verb {
            ObjectVerb::Evict => Verb::Evict { close_sockets: false, now: true },
            ObjectVerb::Crash => Verb::Crash,
            ObjectVerb::Alarm => {
                let ran = self.world.run_alarm_now(namespace, &id, MAX_STEPS)?;
                self.checks.look(self.world);
                return ran.map(drop).map_err(differs);
            }
        };
        let done = self.world.control_object_now(namespace, id, verb, MAX_STEPS)?;
        self.checks.look(self.world);
        match done {
            // A fault was faster.
            Err(message) if message == NOT_RUNNING => Ok(()),
            done => done.map(drop).map_err(differs),
        }
    }

    fn socket(&self, client: &str) -> Done<Client> {
        let socket = self.guests.get(client).and_then(|guest| guest.socket);
        socket.ok_or_else(|| differs(format!("`{client}` is not connected")))
    }
}

/// Runs for a while, or until nothing is under way: what is too much comes while anything is.
fn until_quiet(world: &mut Simulation, checks: &mut Checks<'_>) -> Result<(), Stuck> {
    let until_ms = world.world().now_ms() + QUIET_MS;
    let quiet = world.run_within(until_ms, MAX_STEPS, |world| {
        checks.look(world);
        world.is_quiet().then_some(())
    });
    quiet.map(drop)
}

fn client_of(step: &Step) -> Option<&str> {
    match &step.action {
        Action::Connect { client, .. }
        | Action::Send { client, .. }
        | Action::Close { client, .. }
        | Action::Lose { client } => Some(client),
        _ => None,
    }
}

/// Whether a step says how it copes with what is lost.
fn copes(step: &Step) -> bool {
    let retries = |step: &Step| matches!(&step.action, Action::Fetch(fetch) if fetch.retries.is_some());
    match &step.action {
        Action::Together(steps) => steps.iter().all(retries),
        _ => retries(step),
    }
}

fn differs(message: String) -> Halt {
    Halt::Differs(Difference { message, diff: None })
}

fn error(number: usize, step: &Step, difference: Difference, is_excused: bool) -> TestError {
    TestError {
        name: "AssertionError".into(),
        message: difference.message,
        stack: format!("    at step {number} ({})", step.place),
        diff: difference.diff,
        oracle: None,
        cause: None,
        fault: is_excused,
    }
}
