//! One lane with real connections: carries inputs to it and its effects out.
//!
//! Invariant: the lane is borrowed only inside [`Driver::input`] and its like, never across an await and never while an
//! effect is carried out.

use super::body::{GuestBody, OutgoingBody};
use super::clock::Rest;
use super::connection::Connection;
use super::levers::{FetchFault, LaneLevers};
use super::log::Log;
use super::outbound::Outbound;
use super::record::{Recorder, Recording};
use super::routes::Routes;
use crate::core::ends::SocketId;
use crate::core::stream::{Signal, StreamId};
use crate::lane::{Answered, Effect, FetchId, Input, Lane, Parcel, PortId, Prepared, Thrown};
use bytes::Bytes;
use emu_abi::{Failure, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};

/// What other threads send to a lane.
pub(super) enum Mail {
    /// Something another lane sent.
    Parcel(usize, Parcel),
    /// A command, with where its answer goes.
    Control(crate::lane::Command, oneshot::Sender<Answered>),
    /// New code or configuration for a worker.
    Reload(usize, Arc<Prepared>),
    /// The clock was moved: do what is due.
    RunDue(oneshot::Sender<Rest>),
    /// Stop accepting connections and finish what is under way.
    Drain,
}

/// A body on its way to a guest.
struct Arriving {
    source: Source,
    /// What the guest does not read of it is read nevertheless.
    drained: bool,
}

/// Where a body comes from.
enum Source {
    Network(Incoming),
    /// From the network too, by way of whoever records it.
    Recorder(mpsc::Receiver<hyper::Result<Bytes>>),
}

impl Source {
    /// The next chunk that is not empty.
    async fn chunk(&mut self) -> Option<hyper::Result<Bytes>> {
        match self {
            Self::Network(body) => next_chunk(body).await,
            Self::Recorder(chunks) => chunks.recv().await,
        }
    }
}

/// The next chunk of a body that is not empty.
pub(super) async fn next_chunk(body: &mut Incoming) -> Option<hyper::Result<Bytes>> {
    loop {
        match body.frame().await?.map(|frame| frame.into_data()) {
            Ok(Ok(bytes)) if !bytes.is_empty() => return Some(Ok(bytes)),
            Ok(_) => {}
            Err(error) => return Some(Err(error)),
        }
    }
}

/// What is read of a request's body that the worker does not want, so that its connection can go on, and how long.
const MAX_DRAINED_BYTES: usize = 1024 * 1024;
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// The ways to reach every lane.
pub(super) type Lanes = Arc<[mpsc::UnboundedSender<Mail>]>;

/// One lane with real connections.
pub(super) struct Driver {
    lane: RefCell<Lane>,
    pub(super) me: usize,
    pub(super) lanes: Lanes,
    pub(super) log: Arc<Log>,
    routes: RefCell<Routes>,
    /// The workers, whose patterns the routes are made of.
    workers: RefCell<Vec<Arc<Prepared>>>,
    ports: RefCell<BTreeMap<PortId, oneshot::Sender<Result<Response, Thrown>>>>,
    last_port: Cell<PortId>,
    /// Bodies that clients or servers send to guests, until they are asked for.
    incoming: RefCell<BTreeMap<StreamId, Arriving>>,
    /// Bodies that guests send out.
    outgoing: RefCell<BTreeMap<StreamId, Rc<GuestBody>>>,
    sockets: RefCell<BTreeMap<SocketId, Rc<Connection>>>,
    controls: RefCell<BTreeMap<u64, oneshot::Sender<Answered>>>,
    last_control: Cell<u64>,
    outbound: Outbound,
    /// Where somebody asked for more than the real world.
    pub(super) levers: Option<LaneLevers>,
    /// Where requests to the network are recorded.
    pub(super) recorder: Option<Arc<Recorder>>,
    /// The lane's timers changed.
    pub(super) rearm: Notify,
    armed_ms: Cell<f64>,
}

impl Driver {
    pub(super) fn new(
        lane: Lane,
        me: usize,
        lanes: Lanes,
        workers: Vec<Arc<Prepared>>,
        levers: Option<LaneLevers>,
        recorder: Option<Arc<Recorder>>,
        log: Arc<Log>,
    ) -> Rc<Self> {
        Rc::new(Self {
            lane: RefCell::new(lane),
            me,
            lanes,
            log,
            routes: RefCell::new(routes(&workers)),
            workers: RefCell::new(workers),
            ports: RefCell::default(),
            last_port: Cell::new(0),
            incoming: RefCell::default(),
            outgoing: RefCell::default(),
            sockets: RefCell::default(),
            controls: RefCell::default(),
            last_control: Cell::new(0),
            outbound: Outbound::new(),
            levers,
            recorder,
            rearm: Notify::new(),
            armed_ms: Cell::new(f64::INFINITY),
        })
    }

    /// Tells the lane what happened and carries out what it wants done.
    pub(super) fn input(self: &Rc<Self>, input: Input) {
        let effects = self.run_lane(|lane| lane.handle(input));
        self.perform(effects);
        self.check_timers();
    }

    fn run_lane(&self, work: impl FnOnce(&mut Lane)) -> Vec<Effect> {
        let mut lane = self.lane.borrow_mut();
        if let Some(levers) = &self.levers {
            levers.before_run();
        }
        work(&mut lane);
        if let Some(levers) = &self.levers {
            levers.after_run(&lane, &self.log);
        }
        lane.take_effects()
    }

    /// What chaos does to a request to the network, if anything.
    pub(super) fn fetch_fault(&self, fetch: FetchId, url: &str) -> Option<FetchFault> {
        self.levers.as_ref()?.fetch_fault(&self.lane.borrow(), fetch, url, &self.log)
    }

    /// The time of the lane's world, in milliseconds since the epoch.
    pub(super) fn now_ms(&self) -> f64 {
        self.lane.borrow().now_ms()
    }

    /// Whether time does not pass by itself.
    pub(super) fn has_standing_clock(&self) -> bool {
        self.levers.as_ref().is_some_and(|levers| levers.clock.is_some())
    }

    /// Does what is due, and says when to come again, in milliseconds since the epoch.
    pub(super) fn run_due(self: &Rc<Self>) -> Option<f64> {
        let effects = self.run_lane(Lane::run_due);
        let next_ms = self.lane.borrow().next_due_ms();
        self.armed_ms.set(next_ms.unwrap_or(f64::INFINITY));
        self.perform(effects);
        next_ms
    }

    fn check_timers(&self) {
        let next_ms = self.lane.borrow().next_due_ms().unwrap_or(f64::INFINITY);
        if next_ms < self.armed_ms.get() {
            self.armed_ms.set(next_ms);
            self.rearm.notify_one();
        }
    }

    /// Opens an exchange with a client; its answer comes through the receiver.
    pub(super) fn open_port(&self) -> (PortId, oneshot::Receiver<Result<Response, Thrown>>) {
        let port = self.last_port.get() + 1;
        self.last_port.set(port);
        let (sender, receiver) = oneshot::channel();
        self.ports.borrow_mut().insert(port, sender);
        (port, receiver)
    }

    /// The worker of that name.
    pub(super) fn worker_named(&self, name: &str) -> Option<usize> {
        self.workers.borrow().iter().position(|worker| *worker.name == *name)
    }

    /// The worker that answers requests for a URL.
    pub(super) fn worker_for(&self, url: &str) -> usize {
        self.routes.borrow().worker(url)
    }

    /// The client of an exchange went away.
    pub(super) fn close_port(self: &Rc<Self>, port: PortId) {
        if self.ports.borrow_mut().remove(&port).is_some() {
            self.input(Input::PortClosed(port));
        }
    }

    /// Enters a body that guests may read. If it is `drained`, a bounded part of what they leave is read and dropped.
    pub(super) fn receive_body(&self, body: Incoming, drained: bool) -> StreamId {
        let stream = self.lane.borrow_mut().open_stream();
        self.incoming.borrow_mut().insert(stream, Arriving { source: Source::Network(body), drained });
        stream
    }

    /// Records a body that has been entered and that nobody has read from.
    pub(super) fn record_body(&self, stream: StreamId, recording: Recording) {
        let mut incoming = self.incoming.borrow_mut();
        if let Some(Arriving { source: Source::Network(body), drained }) = incoming.remove(&stream) {
            incoming.insert(stream, Arriving { source: Source::Recorder(recording.follow(body)), drained });
        }
    }

    /// The body that a guest sends as `stream`; made when it is first spoken of.
    pub(super) fn send_body(self: &Rc<Self>, stream: StreamId) -> Rc<GuestBody> {
        let mut outgoing = self.outgoing.borrow_mut();
        Rc::clone(outgoing.entry(stream).or_insert_with(|| GuestBody::new(Rc::clone(self), stream)))
    }

    pub(super) fn forget_body(&self, stream: StreamId) {
        self.outgoing.borrow_mut().remove(&stream);
    }

    /// Opens an end for a connection that this worker opens.
    pub(super) fn open_socket(&self, protocol: &str) -> SocketId {
        self.lane.borrow_mut().open_socket(protocol)
    }

    /// The connection behind an end; made when it is first spoken of.
    pub(super) fn connection(&self, socket: SocketId, role: super::frames::Role) -> Rc<Connection> {
        let mut sockets = self.sockets.borrow_mut();
        Rc::clone(sockets.entry(socket).or_insert_with(|| Connection::new(socket, role)))
    }

    pub(super) fn forget_socket(&self, socket: SocketId) {
        self.sockets.borrow_mut().remove(&socket);
    }

    pub(super) fn is_congested(&self, socket: SocketId) -> bool {
        self.lane.borrow_mut().is_congested(socket)
    }

    /// Whether any client waits for an answer.
    pub(super) fn is_busy(&self) -> bool {
        !self.ports.borrow().is_empty()
    }

    /// Takes what another thread sent.
    pub(super) fn mail(self: &Rc<Self>, mail: Mail) {
        match mail {
            Mail::Parcel(from, parcel) => {
                self.input(Input::Parcel(from, parcel));
                if let Some(clock) = self.levers.as_ref().and_then(|levers| levers.clock.as_ref()) {
                    clock.parcel_taken();
                }
            }
            Mail::Control(command, answer) => {
                let token = self.last_control.get() + 1;
                self.last_control.set(token);
                self.controls.borrow_mut().insert(token, answer);
                self.input(Input::Control(token, command));
            }
            Mail::Reload(worker, prepared) => {
                self.workers.borrow_mut()[worker] = Arc::clone(&prepared);
                *self.routes.borrow_mut() = routes(&self.workers.borrow());
                self.input(Input::Reload(worker, prepared));
            }
            Mail::RunDue(answer) => {
                let next_ms = self.run_due();
                // What is still due now is done also if nobody asks for it again.
                self.rearm.notify_one();
                // Whoever asked may have gone meanwhile.
                let _ = answer.send(Rest { next_ms, is_fetching: self.outbound.is_busy() });
            }
            Mail::Drain => {}
        }
    }

    fn perform(self: &Rc<Self>, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Respond(port, result) => self.respond(port, result),
                Effect::Stream(stream, signal) => self.stream(stream, signal),
                Effect::Socket(socket, arrival) => {
                    self.connection(socket, super::frames::Role::Server).send(&arrival);
                }
                Effect::SocketReady(socket) => {
                    if let Some(connection) = self.sockets.borrow().get(&socket) {
                        connection.resume();
                    }
                }
                Effect::Fetch(fetch, request) => self.outbound.start(self, fetch, request),
                // There is no world to ask anything of where the network is real.
                Effect::Command(fetch, _) => {
                    self.fetched(fetch, Err(Failure::error("only `emu test` has a world to ask")));
                }
                Effect::CancelFetch(fetch) => self.outbound.cancel(fetch),
                Effect::Parcel(to, parcel) => {
                    if let Some(clock) = self.levers.as_ref().and_then(|levers| levers.clock.as_ref()) {
                        clock.parcel_sent();
                    }
                    // A lane that has gone is one that drains: its callers are gone with it.
                    let _ = self.lanes[to].send(Mail::Parcel(self.me, parcel));
                }
                Effect::Log(line) => self.log.guest(&line),
                Effect::Uncaught(uncaught) => self.log.uncaught(&uncaught),
                Effect::Control(token, answered) => {
                    if let Some(answer) = self.controls.borrow_mut().remove(&token) {
                        let _ = answer.send(answered);
                    }
                }
            }
        }
    }

    fn respond(self: &Rc<Self>, port: PortId, result: Result<Response, Thrown>) {
        // From now on both are there for what the lane says about them.
        if let Ok(Response { body: emu_abi::Body::Stream { id, .. }, .. }) = &result {
            self.send_body(*id);
        }
        if let Ok(Response { socket: Some(socket), .. }) = &result {
            self.connection(*socket, super::frames::Role::Server);
        }
        let sender = self.ports.borrow_mut().remove(&port);
        let refused = match sender {
            Some(sender) => sender.send(result),
            None => Err(result),
        };
        if let Err(Ok(response)) = refused {
            self.give_up(response);
        }
    }

    /// Nobody takes a response: its body is cancelled, its socket is lost.
    pub(super) fn give_up(self: &Rc<Self>, response: Response) {
        drop(OutgoingBody::of(self, response.body));
        if let Some(socket) = response.socket {
            self.connection(socket, super::frames::Role::Server).fail(self);
        }
    }

    fn stream(self: &Rc<Self>, stream: StreamId, signal: Signal) {
        match signal {
            Signal::Pull(_) => self.read_incoming(stream),
            Signal::Cancel => {
                let arriving = self.incoming.borrow_mut().remove(&stream);
                if let Some(Arriving { source, drained: true }) = arriving {
                    tokio::task::spawn_local(drain(source));
                }
            }
            signal => {
                let body = self.outgoing.borrow().get(&stream).cloned();
                if let Some(body) = body {
                    body.receive(signal);
                }
            }
        }
    }

    /// A guest wants the next chunk of a body that comes from outside.
    fn read_incoming(self: &Rc<Self>, stream: StreamId) {
        let Some(mut arriving) = self.incoming.borrow_mut().remove(&stream) else { return };
        let driver = Rc::clone(self);
        tokio::task::spawn_local(async move {
            let signal = match arriving.source.chunk().await {
                None => Signal::End,
                Some(Err(error)) => Signal::Failed(broken_body(&error)),
                Some(Ok(bytes)) => Signal::Chunk(Bytes::into(bytes)),
            };
            if matches!(signal, Signal::Chunk(_)) {
                if driver.lane.borrow().has_stream(stream) {
                    driver.incoming.borrow_mut().insert(stream, arriving);
                } else if arriving.drained {
                    tokio::task::spawn_local(drain(arriving.source));
                }
            }
            driver.input(Input::Stream(stream, signal));
        });
    }

    pub(super) fn outbound_done(&self, fetch: FetchId) {
        self.outbound.done(fetch);
    }

    pub(super) fn fetched(self: &Rc<Self>, fetch: FetchId, result: Result<Response, Failure>) {
        self.input(Input::Fetched(fetch, result));
    }
}

/// Reads what nobody wants. A connection closed with bytes unread is reset, and its response may be lost with it.
#[expect(clippy::disallowed_methods, reason = "a client's slowness is bounded by real time")]
async fn drain(mut source: Source) {
    let reading = async {
        let mut bytes = 0;
        while let Some(Ok(chunk)) = source.chunk().await {
            bytes += chunk.len();
            if bytes > MAX_DRAINED_BYTES {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(DRAIN_TIMEOUT, reading).await;
}

fn broken_body(error: &hyper::Error) -> Failure {
    let what = if error.is_incomplete_message() || error.is_canceled() {
        "Network connection lost.".to_owned()
    } else {
        format!("the body cannot be read: {error}")
    };
    Failure { retryable: true, ..Failure::error(what) }
}

fn routes(workers: &[Arc<Prepared>]) -> Routes {
    let patterns: Vec<Vec<String>> = workers.iter().map(|worker| worker.routes.clone()).collect();
    Routes::of(&patterns)
}
