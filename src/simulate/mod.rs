//! One lane in a simulated world: the same machine that `serve` drives, without sockets, clocks or threads.
//!
//! The loop takes what the lane wants done and does it in memory; when nothing is left to do, the clock jumps to the next
//! time that something is due. So a year in which nothing happens takes no time, and the same inputs in the same world
//! give the same run.
//!
//! Read this file for the loop, [`exchange`] for bodies, [`network`] for requests that leave, [`client`] for sockets of
//! clients, [`commands`] for what a test may ask of its world, [`watch`] for what must always hold, [`outside`] for worlds
//! in which no test runs.
//!
//! Invariant: reads no clock, draws no randomness, starts no thread; everything open is decided by the world.

mod client;
mod commands;
mod exchange;
mod network;
mod outside;
mod watch;

pub use crate::core::base64::decode as decode_base64;
pub use crate::core::outgoing::{Reply, Rule, check_header, fits_url};
pub use client::{Client, Frame};
pub use exchange::Answer;
pub use network::{Handler, Outgoing};
pub use outside::{QUIET_MS, Retries, is_lost, request, upgrade};

use crate::core::life::Policy;
use crate::core::stream::{Signal, StreamId};
use crate::core::timers::Timers;
use crate::error::Result;
use crate::lane::{
    Effect, FetchId, Input, Lane, LaneOptions, LogLine, Namespace, OnReload, PortId, Prepared, Thrown, Uncaught, Waiter,
};
use crate::storage::{Durability, Storage};
use crate::world::simulated::{Record, SimulatedWorld};
use crate::world::{TraceKind, Whose, World};
use client::Clients;
use commands::Commands;
use emu_abi::Request;
use exchange::Arriving;
use network::Network;
use outside::Outside;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// Databases that may be open; in memory all of them are.
const MAX_OPEN_DATABASES: usize = 1 << 20;

/// What runs in a simulated world. Cheap to clone, and the same for all runs of a program.
#[derive(Clone)]
pub struct Setup {
    /// The workers.
    pub workers: Vec<Arc<Prepared>>,
    /// All Durable Object namespaces.
    pub namespaces: Vec<Namespace>,
    /// A worker and its objects live in one isolate.
    pub is_colocated: bool,
    /// The entrypoint of the first worker that answers the requests which leave the world.
    pub outbound: Option<String>,
    /// What answers those that it leaves: the first rule that is meant and has not answered often enough.
    pub rules: Arc<[Rule]>,
}

/// What came to light beside the answers.
#[derive(Debug)]
pub enum Happening {
    /// A line in the log.
    Log(LogLine),
    /// An error that nobody caught.
    Uncaught(Uncaught),
}

impl Happening {
    /// An error that nobody learns of but by the log.
    pub fn lost(&self) -> Option<&Uncaught> {
        match self {
            Self::Uncaught(uncaught) => Some(uncaught).filter(|uncaught| uncaught.is_lost()),
            Self::Log(_) => None,
        }
    }
}

/// Why a run does not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stuck {
    /// Nothing can ever happen again, and the answer is still missing: who waits for what.
    Deadlock(Vec<Waiter>),
    /// Things go on happening, but this is enough.
    TooLong,
    /// Something that must always hold did not: what was said about it, in JSON.
    Broken(String),
}

/// One lane in a simulated world.
pub struct Simulation {
    lane: Lane,
    world: Rc<SimulatedWorld>,
    storage: Storage,
    last_port: PortId,
    answers: BTreeMap<PortId, std::result::Result<Answer, Thrown>>,
    /// Bodies that guests send out, as far as they have come.
    arriving: BTreeMap<StreamId, Arriving>,
    clients: Clients,
    network: Network,
    commands: Commands,
    outside: Outside,
    /// What the simulation itself does later.
    timers: Timers<Later>,
    happenings: Vec<Happening>,
    steps: u64,
    /// What must always hold is looked at, if a test has said so; how many turns there were when it was last.
    watched_turns: Option<u64>,
}

/// What the simulation itself does later.
enum Later {
    /// A command has waited for this time.
    Command(FetchId),
}

impl Simulation {
    /// Sets up a world in which nothing has happened yet.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn new(setup: &Setup, world: Rc<SimulatedWorld>) -> Result<Self> {
        let storage = Storage::new(None, Durability::Process, MAX_OPEN_DATABASES);
        storage.simulate(world.sql_seed());
        storage.set_time_ms(world.now_ms() as i64);
        let options = LaneOptions {
            me: 0,
            lanes: 1,
            workers: setup.workers.clone(),
            namespaces: setup.namespaces.clone(),
            storage: storage.clone(),
            policy: Policy::default(),
            on_reload: OnReload::Reset,
            is_colocated: setup.is_colocated,
        };
        Ok(Self {
            lane: Lane::new(options, Rc::clone(&world) as Rc<dyn World>)?,
            world,
            storage,
            last_port: 0,
            answers: BTreeMap::new(),
            arriving: BTreeMap::new(),
            clients: Clients::default(),
            network: Network::new(setup.outbound.clone(), Arc::clone(&setup.rules)),
            commands: Commands::default(),
            outside: Outside::default(),
            timers: Timers::default(),
            happenings: Vec::new(),
            steps: 0,
            watched_turns: None,
        })
    }

    /// Sends a request to an entrypoint of a worker; the answer is found under the number given back.
    pub fn send(&mut self, worker: usize, entrypoint: &str, request: Request) -> PortId {
        self.last_port += 1;
        let port = self.last_port;
        self.input(Input::Request { port, worker, entrypoint: entrypoint.to_owned(), request });
        port
    }

    /// Runs until a request is answered.
    ///
    /// # Errors
    /// When it never will be, or not within `max_steps` steps.
    pub fn run_until_answered(
        &mut self,
        port: PortId,
        max_steps: u64,
    ) -> std::result::Result<std::result::Result<Answer, Thrown>, Stuck> {
        self.run_until_some(max_steps, |this| this.take_answer(port))
    }

    /// Takes the answer to a request, if it has come.
    pub fn take_answer(&mut self, port: PortId) -> Option<std::result::Result<Answer, Thrown>> {
        self.answers.remove(&port)
    }

    /// Runs until nothing is left to do at all, or until the virtual time `until_ms`.
    pub fn run_until(&mut self, until_ms: f64, max_steps: u64) -> std::result::Result<(), Stuck> {
        self.run_within(until_ms, max_steps, |_| None::<()>)?;
        self.pass_time_until(until_ms);
        Ok(())
    }

    /// Takes what came to light since the last time.
    pub fn take_happenings(&mut self) -> Vec<Happening> {
        std::mem::take(&mut self.happenings)
    }

    /// The world.
    pub fn world(&self) -> &SimulatedWorld {
        &self.world
    }

    /// Stands for everything that whoever sent requests was answered by the workers in between.
    pub fn answers(&self) -> u64 {
        self.lane.answers()
    }

    /// Who waited when the first handler was given up.
    pub fn take_hung(&mut self) -> Vec<Waiter> {
        self.lane.take_hung()
    }

    /// How people call what a record speaks of.
    pub fn names(&self, record: &Record) -> Vec<(Whose, String)> {
        let decided = record.tape.iter().map(|(place, _)| place.whose);
        let told = record.lines.iter().map(|line| line.whose);
        let all: BTreeSet<Whose> = decided.chain(told).collect();
        all.into_iter().filter_map(|whose| Some((whose, self.lane.name_of(whose)?))).collect()
    }

    /// A digest of everything that is stored.
    ///
    /// # Errors
    /// When a database cannot be read.
    pub fn storage_digest(&self) -> Result<u64> {
        self.storage.digest()
    }

    /// Does the next thing: what the lane wants done, or else what is due at the next time. False if there is nothing.
    fn step(&mut self) -> bool {
        self.steps += 1;
        let effects = self.lane.take_effects();
        if !effects.is_empty() {
            for effect in effects {
                self.perform(effect);
            }
            return true;
        }
        if self.answer_commands() {
            return true;
        }
        match self.next_due_ms() {
            Some(due_ms) => {
                self.pass_time_until(due_ms);
                // Who waits for a time waits for all that is due by then.
                if self.lane.next_due_ms().is_some_and(|lane_ms| lane_ms <= self.world.now_ms()) {
                    self.lane.run_due();
                } else if let Some(Later::Command(fetch)) = self.timers.due(self.world.now_ms()) {
                    self.finish_command(fetch, Ok(serde_json::json!({})));
                }
                true
            }
            // What waits now waits for ever: handlers are told so, as the platform does. Whoever waits for those goes on.
            None => self.lane.cancel_hung_flights(),
        }
    }

    fn effects_wait(&self) -> bool {
        self.lane.has_effects()
    }

    fn next_due_ms(&self) -> Option<f64> {
        let times = [self.lane.next_due_ms(), self.timers.next_ms()];
        times.into_iter().flatten().min_by(f64::total_cmp)
    }

    /// Moves the clock, never back.
    pub fn pass_time_until(&mut self, due_ms: f64) {
        if due_ms > self.world.now_ms() {
            self.world.advance_to(due_ms);
            self.world.trace(Whose::WORLD, TraceKind::Clock, due_ms.to_bits(), &|| format!("{due_ms} ms"));
            self.storage.set_time_ms(self.world.now_ms() as i64);
        }
    }

    fn input(&mut self, input: Input) {
        self.lane.handle(input);
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Respond(port, result) => match result {
                Ok(response) => {
                    let to = self.recipient_of(port);
                    self.receive(to, response);
                }
                Err(thrown) => self.refused(port, thrown),
            },
            Effect::Stream(stream, signal) => self.stream(stream, signal),
            Effect::Socket(socket, arrival) => self.clients.receive(socket, arrival),
            Effect::Fetch(fetch, request) => self.collect_request(fetch, request),
            Effect::Command(fetch, command) => self.command(fetch, &command),
            Effect::CancelFetch(fetch) => self.forget_fetch(fetch),
            Effect::Control(token, answered) => {
                if let Some(answered) = self.outside.answered(token, answered) {
                    self.control_answered(token, answered);
                }
            }
            Effect::Log(line) => self.happenings.push(Happening::Log(line)),
            Effect::Uncaught(uncaught) => self.happenings.push(Happening::Uncaught(uncaught)),
            // There is one lane, and clients of a simulation read at once.
            Effect::Parcel(..) | Effect::SocketReady(_) => {}
        }
    }

    fn stream(&mut self, stream: StreamId, signal: Signal) {
        match signal {
            // Bodies from outside are whole; nobody pulls them.
            Signal::Pull(_) | Signal::Cancel | Signal::Credit(_) => {}
            signal => self.body_goes_on(stream, signal),
        }
    }
}
