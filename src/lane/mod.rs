//! A lane: one thread's share of the application, as a machine without input or output of its own.
//!
//! It is told what happened ([`Input`]) and says what it wants done ([`Effect`]); in between it runs isolates, opens
//! databases and keeps timers. `serve` drives one lane per thread with real connections and clocks.
//!
//! Reading order: [`message`], [`object`] (deliveries and gates), [`faults`], [`turn`] (one turn and its commit), [`call`],
//! [`service`], [`respond`] and [`ending`] (requests between guests), [`wire`] (streams and sockets), [`alarm`], [`life`],
//! [`shared`], [`inspect`], [`control`], [`gate_check`], [`report`], [`thrown`] and [`trace`] (what people are told).
//!
//! Invariant: everything it does follows from its inputs, its timers and its world, in an order it chooses itself.

mod alarm;
mod call;
mod control;
mod ending;
mod faults;
mod gate_check;
mod inspect;
mod instance;
mod lateness;
mod life;
mod message;
mod object;
mod report;
mod respond;
mod service;
mod shared;
mod thrown;
mod trace;
mod turn;
mod waits;
mod wire;
mod worker;

pub use control::{Answered, Command, NOT_RUNNING, Verb};
pub use life::OnReload;
pub use message::{Effect, FetchId, Input, Parcel, PortId};
pub use thrown::{LogLine, Sources, Thrown, Uncaught};
pub use waits::Waiter;
pub use worker::{Namespace, Prepared, Service};

use crate::bindings::{Said, Shared};
use crate::core::ends::{Ends, Holder, SocketId};
use crate::core::id;
use crate::core::life::Policy;
use crate::core::socket::Arrival;
use crate::core::stream::{Party, StreamId, Streams};
use crate::core::timers::Timers;
use crate::error::Result;
use crate::storage::Storage;
use crate::world::World;
use emu_abi::{Event, Failure, Invoke, Response};
use ending::Tails;
use faults::{Late, Route, Travelling};
use inspect::Kept;
use instance::{Instance, Origin};
use lateness::Lateness;
use object::Object;
use respond::Start;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use worker::Worker;

/// The stack of a thread that runs guests, in bytes: the wasm stack, and what the host needs beneath and above it.
pub const STACK_BYTES: usize = 24 * 1024 * 1024;

/// Bytes of messages that may wait for a handler before the connection is not read any more.
const MAX_SOCKET_BACKLOG_BYTES: usize = 1024 * 1024;

/// How much that is due is done before the outside is looked at.
const MAX_DUE_AT_ONCE: usize = 1000;

/// How a lane is set up.
pub struct LaneOptions {
    /// This lane's number.
    pub me: usize,
    /// How many lanes there are.
    pub lanes: usize,
    /// The workers, in the numbering all lanes share.
    pub workers: Vec<Arc<Prepared>>,
    /// The Durable Object namespaces, in the numbering all lanes share.
    pub namespaces: Vec<Namespace>,
    /// Where objects are kept.
    pub storage: Storage,
    /// When idle objects leave memory.
    pub policy: Policy,
    /// What a reload does to objects.
    pub on_reload: OnReload,
    /// A worker and its objects live in one isolate, as tests want that look into objects.
    pub is_colocated: bool,
}

/// One thread's share of the application.
pub struct Lane {
    me: usize,
    lanes: usize,
    shared: Rc<Shared>,
    policy: Policy,
    on_reload: OnReload,
    is_colocated: bool,
    workers: Vec<Worker>,
    namespaces: Vec<Namespace>,
    storage: Storage,
    objects: Vec<Object>,
    object_numbers: BTreeMap<(usize, [u8; 32]), usize>,
    instances: BTreeMap<u64, Instance>,
    last_instance: u64,
    /// The guest's number of the last object that moved in with others.
    last_resident: u32,
    /// The handlers that run for somebody who may go away, as (instance, invocation).
    running: BTreeMap<Origin, (u64, u32)>,
    flights: BTreeMap<u64, Flown>,
    last_flight: u64,
    fetches: BTreeMap<FetchId, (u64, u32)>,
    last_fetch: FetchId,
    streams: Streams,
    /// The streams that guests produce, by instance and the guest's own number.
    guest_bodies: BTreeMap<(u64, u32), StreamId>,
    tails: Tails,
    timers: Timers<Due>,
    ready: VecDeque<Task>,
    /// Outputs that wait for the next flush.
    held: Vec<Held>,
    /// Objects whose commit is late.
    late: BTreeMap<usize, Late>,
    /// The ways from a handler, as its instance and its invocation, to an object that requests are on.
    routes: BTreeMap<((u64, u32), usize), Route>,
    /// Objects whose alarm is indexed after the next flush.
    alarms_to_index: Vec<usize>,
    /// How many events of hibernatable sockets are on their way to their objects.
    socket_events_on_way: usize,
    /// What was late on purpose. Kept where tests ask for it.
    lateness: RefCell<Lateness>,
    /// Bodies from the network that break off with their next chunk.
    breaking: BTreeSet<StreamId>,
    /// Sockets whose connections are not read for now.
    congested: BTreeSet<SocketId>,
    /// Sockets whose other side is on another lane, which has too much waiting.
    busy: BTreeSet<SocketId>,
    effects: Vec<Effect>,
    /// The stack that led to the output that is being acted upon, where places are kept.
    said_at: Option<String>,
    /// Who waited when the first handler was given up.
    hung: Vec<Waiter>,
    /// How many turns there were.
    turns: u64,
    /// Stands for all that clients were told while they waited.
    answers: u64,
    /// Copies of all that was stored, the last one first to be put back.
    snapshots: Vec<Kept>,
}

/// A request to an object or to another worker that has not been answered.
struct Flown {
    serial: u64,
    call: u32,
    to: usize,
    /// The object that is asked, if it is one of this lane.
    object: Option<usize>,
}

/// An output of an instance that has not been acted upon.
struct Held {
    serial: u64,
    said: Said,
}

/// What is to be done next.
enum Task {
    /// Deliver what the gate of this object admits.
    Pump(usize),
    /// Deliver an event to the stateless side of a worker.
    Turn(u64, Event),
    /// Start a handler of the stateless side of a worker for another guest.
    Start(Start),
    /// The caller of a flight has gone.
    CancelFlight(usize, u64),
}

impl Task {
    fn is_for(&self, serial: u64) -> bool {
        matches!(self, Self::Turn(instance, _) if *instance == serial)
    }
}

/// What timers are for. Each looks whether it still applies when it is due.
enum Due {
    Timer { serial: u64, call: u32 },
    StallOver { serial: u64 },
    Section { serial: u64, section: u32 },
    Idle { number: usize },
    Stale { number: usize, version: u64 },
    EvictionWait { number: usize, token: u64 },
    Alarm { number: usize, is_late: bool },
    AlarmTooLong { serial: u64, invocation: u32 },
    SocketEvent { serial: u64, invocation: u32 },
    LateCommit { number: usize },
    Arrival(Box<Travelling>),
    Answer { flight: u64, result: Box<Result<Response, Thrown>> },
    SocketArrival { number: usize, socket: SocketId, arrival: Arrival },
    Fetched { fetch: FetchId, result: Box<Result<Response, Failure>> },
    Start { number: usize },
}

impl Lane {
    /// Sets a lane up and takes up the alarms of its objects.
    ///
    /// # Errors
    /// When the state folder cannot be read.
    pub fn new(options: LaneOptions, world: Rc<dyn World>) -> Result<Self> {
        let namespaces = options.namespaces.iter().map(|namespace| id::Namespace::new(&namespace.unique_key));
        let shared = Shared {
            gate_check: world.is_traced().then(RefCell::default),
            world,
            namespaces: namespaces.collect(),
            ends: RefCell::new(Ends::default()),
        };
        let mut lane = Self {
            me: options.me,
            lanes: options.lanes,
            shared: Rc::new(shared),
            policy: options.policy,
            on_reload: options.on_reload,
            is_colocated: options.is_colocated,
            workers: options.workers.into_iter().map(Worker::new).collect(),
            namespaces: options.namespaces,
            storage: options.storage,
            objects: Vec::new(),
            object_numbers: BTreeMap::new(),
            instances: BTreeMap::new(),
            last_instance: 0,
            last_resident: 0,
            running: BTreeMap::new(),
            flights: BTreeMap::new(),
            last_flight: 0,
            fetches: BTreeMap::new(),
            last_fetch: 0,
            streams: Streams::default(),
            guest_bodies: BTreeMap::new(),
            tails: Tails::default(),
            timers: Timers::default(),
            ready: VecDeque::new(),
            held: Vec::new(),
            late: BTreeMap::new(),
            routes: BTreeMap::new(),
            alarms_to_index: Vec::new(),
            socket_events_on_way: 0,
            lateness: RefCell::default(),
            breaking: BTreeSet::new(),
            congested: BTreeSet::new(),
            busy: BTreeSet::new(),
            effects: Vec::new(),
            said_at: None,
            hung: Vec::new(),
            turns: 0,
            answers: 0,
            snapshots: Vec::new(),
        };
        lane.restore_alarms()?;
        Ok(lane)
    }

    /// Takes an input and runs until there is nothing left to do before the next one or the next timer.
    pub fn handle(&mut self, input: Input) {
        match input {
            Input::Request { port, worker, entrypoint, request } => {
                let start = Start::from_outside(worker, Origin::Port(port), Invoke::Fetch(request));
                self.start(Start { entrypoint, ..start });
            }
            Input::PortClosed(port) => self.origin_gone(&Origin::Port(port)),
            Input::Stream(stream, signal) => self.stream_signal(None, stream, signal),
            Input::Socket(socket, arrival) => self.emit(socket, arrival),
            Input::Fetched(fetch, result) => {
                let result = result.map(|response| self.adopt_outside(response));
                self.fetched(fetch, result);
            }
            Input::Parcel(from, parcel) => self.parcel(from, parcel),
            Input::Control(token, command) => self.control(token, command),
            Input::Reload(worker, prepared) => self.reload(worker, prepared),
            Input::Scheduled { port, worker, cron, scheduled_ms } => {
                let what = Invoke::Scheduled { cron, scheduled_ms };
                self.start(Start::from_outside(worker, Origin::Scheduled(port), what));
            }
        }
        self.run();
    }

    /// Does what is due by now. Where that is very much, or never ends because timers of no time set each other, the rest
    /// stays due.
    pub fn run_due(&mut self) {
        let now_ms = self.now_ms();
        for _ in 0..MAX_DUE_AT_ONCE {
            let Some(due) = self.timers.due(now_ms) else { return };
            self.act_on_due(due);
            self.run();
        }
    }

    /// The time of the lane's world, in milliseconds since the epoch.
    pub fn now_ms(&self) -> f64 {
        self.world().now_ms()
    }

    /// When [`Self::run_due`] should be called next, in milliseconds since the epoch.
    pub fn next_due_ms(&self) -> Option<f64> {
        self.timers.next_ms()
    }

    /// What is to be done outside, in order.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Opens a stream whose producer is outside, for the body of a request or of a fetched response.
    pub fn open_stream(&mut self) -> StreamId {
        self.streams.open(Party::Outside, Party::Nobody)
    }

    /// Whether anybody may still want bytes of a stream.
    pub fn has_stream(&self, stream: StreamId) -> bool {
        self.streams.consumer(stream).is_some()
    }

    /// Opens a socket whose holder is outside, for the answer to an outgoing WebSocket request.
    pub fn open_socket(&mut self, protocol: &str) -> SocketId {
        let mut ends = self.shared.ends.borrow_mut();
        let (outer, inner) = ends.pair(Holder::Outside, Holder::Nobody);
        if let Some(end) = ends.get_mut(inner) {
            end.protocol = protocol.into();
            end.outgoing = true;
        }
        outer
    }

    /// Whether so much waits on a socket that its connection should not be read for now. If so,
    /// [`Effect::SocketReady`] says when there is room again.
    pub fn is_congested(&mut self, outer: SocketId) -> bool {
        if self.busy.contains(&outer) {
            return true;
        }
        let congested = self.is_full(outer);
        if congested {
            self.congested.insert(outer);
        }
        congested
    }

    /// Bytes that were sent from an end and wait for a handler on this lane.
    fn backlog(&self, outer: SocketId) -> usize {
        let ends = self.shared.ends.borrow();
        let Some(inner) = ends.get(outer).map(|end| end.peer) else { return 0 };
        match ends.get(inner) {
            Some(end) => match end.holder() {
                Holder::Object(number) => self.objects[number].sockets.borrow().backlog(inner),
                _ => end.undelivered_bytes,
            },
            None => 0,
        }
    }

    fn world(&self) -> &dyn World {
        &*self.shared.world
    }

    fn run(&mut self) {
        loop {
            while !self.ready.is_empty() {
                if let Some(task) = self.ready.remove(self.next_task()) {
                    self.act_on_task(task);
                }
            }
            if !self.held.is_empty() || !self.alarms_to_index.is_empty() {
                self.release_held();
                continue;
            }
            if self.end_tails() {
                continue;
            }
            // An instance whose last stream has ended outside any turn may be idle since.
            let freed = self.streams.take_freed();
            if freed.is_empty() && !self.struck_by_deployment() {
                return;
            }
            for serial in freed {
                self.after_turn(serial);
            }
        }
    }

    fn act_on_task(&mut self, task: Task) {
        match task {
            Task::Pump(number) => {
                self.objects[number].awake = false;
                self.pump(number);
            }
            Task::Turn(serial, event) => self.turn(serial, event),
            Task::Start(start) => self.start(start),
            Task::CancelFlight(lane, flight) => self.origin_gone(&Origin::Flight { lane, flight }),
        }
    }

    fn act_on_due(&mut self, due: Due) {
        match due {
            Due::Timer { serial, call } => self.timer_due(serial, call),
            Due::StallOver { serial } => self.stall_over(serial),
            Due::Section { serial, section } => self.section_overdue(serial, section),
            Due::Idle { number } => self.idle_due(number),
            Due::Stale { number, version } => self.stale_due(number, version),
            Due::EvictionWait { number, token } => self.eviction_timed_out(number, token),
            Due::Alarm { number, is_late } => self.alarm_due(number, is_late),
            Due::AlarmTooLong { serial, invocation } => self.alarm_too_long(serial, invocation),
            Due::SocketEvent { serial, invocation } => self.socket_event_overdue(serial, invocation),
            Due::LateCommit { number } => self.late_commit_due(number),
            Due::Arrival(travelling) => self.end_journey(*travelling),
            Due::Answer { flight, result } => self.hand_answer(flight, *result),
            Due::SocketArrival { number, socket, arrival } => self.end_journey_on_socket(number, socket, arrival),
            Due::Fetched { fetch, result } => self.hand_fetched(fetch, *result),
            Due::Start { number } => self.start_due(number),
        }
    }

    /// Puts an object into the queue of things to do, if something waits for it.
    fn wake(&mut self, number: usize) {
        let object = &mut self.objects[number];
        if !object.awake && (object.gate.waiting() > 0 || object.gate.is_critical()) {
            object.awake = true;
            self.ready.push_back(Task::Pump(number));
        }
    }
}
