//! Where the world may strike: what production may do to an object at any time, each at the place where it does it.
//!
//! The real world never chooses any of this; `emu test` and `emu serve --chaos` do. What each fault means and what must
//! hold all the same is written down in [`Point`].
//!
//! Invariant: a fault does what the platform can do, by the paths that the platform's own events take.

use super::instance::Origin;
use super::message::FetchId;
use super::object::Delivery;
use super::thrown::Thrown;
use super::turn::Writes;
use super::{Due, Held, Lane, Task};
use crate::core::alarm::RunEnd;
use crate::core::ends::{End, Holder, Mode, SocketId};
use crate::core::socket::Arrival;
use crate::core::stream::{Signal, StreamId};
use crate::core::timers::TimerKey;
use crate::isolate::Death;
use crate::world::{Point, TraceKind, Whose};
use emu_abi::{Body, Event, Failure, Outcome, Request, Response};
use std::collections::btree_map::Entry;

/// How late a hop may be: enough to be overtaken. It is an order and no fault, so who does one thing after the other must
/// not see time pass.
const HOP_DELAYS_MS: [f64; 4] = [0.0, 1.0, 2.0, 5.0];
/// How late a timer may be.
const TIMER_DELAYS_MS: [f64; 4] = [0.0, 1.0, 15.0, 250.0];
/// How late an alarm may be (reference §1.11: up to a minute in a failover).
const ALARM_DELAYS_MS: [f64; 4] = [0.0, 10.0, 1000.0, 60_000.0];
/// How late it may be known that a connection was lost: nobody says so, keep-alives find it out.
const CLOSE_DELAYS_MS: [f64; 3] = [0.0, 10_000.0, 600_000.0];
/// How far the clock of the machine that an object runs on may be ahead. It may be another one after each start, so who
/// measures seconds must not notice.
const SKEWS_MS: [f64; 3] = [0.0, 40.0, 100.0];
/// How long the start of an object may take. Much longer ones are possible, but tests that do one thing after the other see
/// that time.
const START_DELAYS_MS: [f64; 3] = [0.0, 20.0, 100.0];
/// How long a commit may stay unconfirmed.
const FLUSH_DELAYS_MS: [f64; 3] = [0.0, 1.0, 30.0];

/// The outputs of an object whose commit is late.
pub(super) struct Late {
    outputs: Vec<Held>,
    due: TimerKey,
}

/// The way from a handler to an object, while requests are on it.
pub(super) struct Route {
    /// How many they are.
    requests: usize,
    /// When the last of them arrives.
    last_due_ms: f64,
}

/// A request on its way to an object.
pub(super) struct Travelling {
    /// The handler that sent it, as its instance and its invocation.
    pub(super) sender: (u64, u32),
    pub(super) flight: u64,
    /// The object.
    pub(super) number: usize,
    pub(super) depth: u32,
    pub(super) request: Request,
}

impl Lane {
    fn strikes(&self, point: Point, number: usize) -> bool {
        self.world().choose(point, self.objects[number].whose, 2) == 1
    }

    /// How long something takes from now on that has nothing to wait for.
    fn delay(&self, point: Point, whose: Whose, delays_ms: &[f64]) -> f64 {
        let delay_ms = delays_ms[self.world().choose(point, whose, delays_ms.len())];
        if delay_ms > 0.0 && self.is_colocated {
            self.lateness.borrow_mut().note(self.world().now_ms() + delay_ms, delay_ms);
        }
        delay_ms
    }

    /// How late things were altogether, in milliseconds, that were waited for at `since_ms` or later.
    pub fn lateness_ms(&self, since_ms: f64) -> f64 {
        self.lateness.borrow().since_ms(since_ms)
    }

    /// The machine that runs the object is lost: what is not committed goes, and sockets are cut.
    pub(super) fn crash(&mut self, number: usize) {
        self.reset(number, &connection_lost(), RunEnd::Interrupted);
    }

    // ---- between turns

    /// An object has finished a turn. True if it does not run any more.
    pub(super) fn struck_at_rest(&mut self, number: usize) -> bool {
        if self.objects[number].instance.is_none() {
            return true;
        }
        if self.strikes(Point::Crash, number) {
            self.crash(number);
            return true;
        }
        false
    }

    /// Whether an object that nothing keeps in memory goes at once.
    pub(super) fn is_evicted_early(&self, number: usize) -> bool {
        self.strikes(Point::Evict, number)
    }

    /// Nothing is left to do on the lane: a moment in which new code may arrive. True if it did.
    pub(super) fn struck_by_deployment(&mut self) -> bool {
        // Asked after every event: there may be a million objects, but instances come soon.
        let running = || self.instances.values().filter_map(|instance| instance.owner.object());
        if running().next().is_none() || self.world().choose(Point::Deploy, Whose::WORLD, 2) == 0 {
            return false;
        }
        for number in running().collect::<Vec<_>>() {
            self.reset(number, &super::life::code_updated(), RunEnd::Interrupted);
        }
        true
    }

    // ---- around a commit

    /// What an object dies of at the end of a turn, before anything of the turn is committed, and how a run of its alarm
    /// counts that is cut off by it.
    pub(super) fn strike_before_commit(&mut self, number: usize) -> Option<(Failure, RunEnd)> {
        let instance = self.objects[number].instance.and_then(|serial| self.instances.get(&serial));
        let failed = instance.and_then(|instance| instance.with_face(|face| face.storage_failed.take()));
        if let Some(failure) = failed.flatten() {
            return Some((failure, RunEnd::Interrupted));
        }
        if self.strikes(Point::CpuLimit, number) {
            return Some((Death::Cpu(None).object_failure(), RunEnd::Failed));
        }
        if self.strikes(Point::MemoryLimit, number) {
            return Some((Death::Memory.object_failure(), RunEnd::Failed));
        }
        if !self.objects[number].storage.has_writes() {
            return None;
        }
        if self.strikes(Point::CrashBeforeCommit, number) {
            return Some((connection_lost(), RunEnd::Interrupted));
        }
        if self.strikes(Point::StorageError, number) {
            let message = "Durable Object storage operation exceeded timeout which caused object to be reset.";
            let failure = Failure { retryable: true, durable_object_reset: true, ..Failure::error(message) };
            return Some((failure, RunEnd::Interrupted));
        }
        None
    }

    /// Whether an object dies with its writes committed and nobody told.
    pub(super) fn strikes_after_commit(&self, number: usize) -> bool {
        self.strikes(Point::CrashAfterCommit, number)
    }

    /// Whether the commit of an object takes its time. Its later turns wait behind one that does.
    pub(super) fn commits_late(&mut self, number: usize) -> bool {
        if self.late.contains_key(&number) {
            return true;
        }
        if !self.objects[number].storage.has_writes() {
            return false;
        }
        let delay_ms = self.delay(Point::FlushLate, self.objects[number].whose, &FLUSH_DELAYS_MS);
        if delay_ms > 0.0 {
            let due = self.timers.add(self.world().now_ms() + delay_ms, Due::LateCommit { number });
            self.trace_object(number, TraceKind::Hold, "its writes are pending");
            self.late.insert(number, Late { outputs: Vec::new(), due });
        }
        delay_ms > 0.0
    }

    /// Keeps what an object said until its late commit.
    pub(super) fn hold_late(&mut self, number: usize, outputs: impl Iterator<Item = Held>) {
        if let Some(late) = self.late.get_mut(&number) {
            late.outputs.extend(outputs);
        }
    }

    /// A late commit happens now.
    pub(super) fn late_commit_due(&mut self, number: usize) {
        self.commit_late(number);
        if let Some(serial) = self.objects[number].instance {
            self.after_turn(serial);
        }
    }

    /// Commits what was late, and lets out what waited for it.
    pub(super) fn commit_late(&mut self, number: usize) {
        let Some(Late { outputs, due }) = self.late.remove(&number) else { return };
        self.timers.cancel(due);
        let Some(serial) = self.objects[number].instance else { return };
        if self.commit_writes(number, serial) == Writes::Lost {
            return;
        }
        if self.storage.needs_flush() || !self.held.is_empty() {
            self.held.extend(outputs);
            return;
        }
        for Held { serial, said } in outputs {
            self.act(serial, said);
        }
    }

    /// An object has gone before its late commit: nothing of it has happened.
    pub(super) fn forget_late(&mut self, number: usize) {
        if let Some(late) = self.late.remove(&number) {
            self.timers.cancel(late.due);
        }
    }

    // ---- requests between guests

    /// Whether an object refuses a request for having too many.
    pub(super) fn struck_by_overload(&self, number: usize) -> Option<Failure> {
        self.strikes(Point::CallOverloaded, number).then(|| {
            let message = "Durable Object is overloaded. Too many requests queued.";
            Failure { overloaded: true, ..Failure::error(message) }
        })
    }

    /// Sends a request to an object on this lane. It may take its time, but requests of one handler keep their order.
    pub(super) fn send_to_object(&mut self, travelling: Travelling) {
        let number = travelling.number;
        let delay_ms = self.delay(Point::Deliver, self.objects[number].whose, &HOP_DELAYS_MS);
        let route = (travelling.sender, number);
        if delay_ms == 0.0 && !self.routes.contains_key(&route) {
            self.arrive_at(travelling);
            return;
        }
        let now_ms = self.world().now_ms();
        let route = self.routes.entry(route).or_insert(Route { requests: 0, last_due_ms: now_ms });
        route.requests += 1;
        route.last_due_ms = route.last_due_ms.max(now_ms + delay_ms);
        // What is due at the same time is done in the order in which it was added.
        self.timers.add(route.last_due_ms, Due::Arrival(Box::new(travelling)));
    }

    /// A request that took its time arrives.
    pub(super) fn end_journey(&mut self, travelling: Travelling) {
        self.leave_route(&travelling);
        self.arrive_at(travelling);
    }

    /// A request that took its time never arrives.
    pub(super) fn lose_on_its_way(&mut self, travelling: Travelling, failure: &Failure) {
        self.leave_route(&travelling);
        self.drop_body(&travelling.request.body);
        self.hand_answer(travelling.flight, Err(failure.clone().into()));
    }

    fn leave_route(&mut self, travelling: &Travelling) {
        if let Entry::Occupied(mut route) = self.routes.entry((travelling.sender, travelling.number)) {
            route.get_mut().requests -= 1;
            if route.get().requests == 0 {
                route.remove();
            }
        }
    }

    /// A request arrives at an object, if somebody still waits for it.
    fn arrive_at(&mut self, travelling: Travelling) {
        let Travelling { flight, number, depth, request, .. } = travelling;
        let origin = Origin::Flight { lane: self.me, flight };
        if self.is_wanted(&origin) {
            self.deliver(number, Delivery::Fetch { origin, depth, request });
        } else {
            self.drop_body(&request.body);
        }
    }

    /// What becomes of an object's answer on its way back: it may be lost, or late (`None`: it comes by itself).
    pub(super) fn answer_on_its_way(
        &mut self,
        flight: u64,
        result: Result<Response, Thrown>,
    ) -> Option<Result<Response, Thrown>> {
        let Some(number) = self.flights.get(&flight).and_then(|flown| flown.object) else { return Some(result) };
        let result = match result {
            Ok(response) if self.strikes(Point::CallFails, number) => {
                self.drop_response(&response);
                Err(Thrown::from(Failure { remote: true, ..connection_lost() }))
            }
            result => result,
        };
        let delay_ms = self.delay(Point::Deliver, self.objects[number].whose, &HOP_DELAYS_MS);
        if delay_ms == 0.0 {
            return Some(result);
        }
        let due_ms = self.world().now_ms() + delay_ms;
        self.timers.add(due_ms, Due::Answer { flight, result: Box::new(result) });
        None
    }

    // ---- requests to the network

    /// What becomes of the network's answer on its way to a guest: it may be another one, break off, or be late (`None`: it
    /// comes by itself).
    pub(super) fn fetched_on_its_way(
        &mut self,
        fetch: FetchId,
        result: Result<Response, Failure>,
    ) -> Option<Result<Response, Failure>> {
        let owner = self.fetches.get(&fetch).and_then(|(serial, _)| self.instances.get(serial))?.owner;
        let whose = self.whose(owner);
        let strikes = |point| self.world().choose(point, whose, 2) == 1;
        let result = match result {
            Ok(response) if strikes(Point::FetchUnavailable) => {
                self.drop_response(&response);
                Ok(unavailable())
            }
            Ok(response) if has_body(&response) && strikes(Point::FetchBreaks) => Ok(self.broken_off(response)),
            result => result,
        };
        let delay_ms = self.delay(Point::Deliver, whose, &HOP_DELAYS_MS);
        if delay_ms == 0.0 {
            return Some(result);
        }
        let due_ms = self.world().now_ms() + delay_ms;
        self.timers.add(due_ms, Due::Fetched { fetch, result: Box::new(result) });
        None
    }

    /// An answer whose body breaks off.
    fn broken_off(&mut self, mut response: Response) -> Response {
        match std::mem::take(&mut response.body) {
            Body::Bytes(bytes) => {
                let stream = self.open_stream();
                self.break_off(stream, bytes.0);
                response.body = Body::Stream { id: stream, length: None };
            }
            Body::Stream { id, length } => {
                // Those that nobody has read are gone without having broken off.
                self.breaking.retain(|stream| self.streams.consumer(*stream).is_some());
                self.breaking.insert(id);
                response.body = Body::Stream { id, length };
            }
            body => response.body = body,
        }
        response
    }

    /// Half of these bytes come, and nothing follows.
    pub(super) fn break_off(&mut self, stream: StreamId, mut bytes: Vec<u8>) {
        bytes.truncate(bytes.len() / 2);
        self.stream_signal(None, stream, Signal::Chunk(bytes));
        self.stream_signal(None, stream, Signal::Failed(connection_lost()));
    }

    // ---- time

    /// The time of a guest's timer has come. It may be that the machine is busy: then all timers of the instance wait, and
    /// fire one after the other when it is not any more.
    pub(super) fn timer_due(&mut self, serial: u64, call: u32) {
        let delay_ms = self.timer_delay_ms(serial, call);
        let Some(instance) = self.instances.get_mut(&serial) else { return };
        if delay_ms > 0.0 || !instance.stalled_timers.is_empty() {
            instance.stalled_timers.push_back(call);
        }
        if delay_ms > 0.0 {
            self.timers.add(self.world().now_ms() + delay_ms, Due::StallOver { serial });
        } else if self.instances.get(&serial).is_some_and(|instance| instance.stalled_timers.is_empty()) {
            self.complete(serial, call, Ok(Outcome::Done));
        }
    }

    /// The machine is not busy any more: the timers that waited fire.
    pub(super) fn stall_over(&mut self, serial: u64) {
        let Some(instance) = self.instances.get_mut(&serial) else { return };
        for call in std::mem::take(&mut instance.stalled_timers) {
            self.complete(serial, call, Ok(Outcome::Done));
        }
    }

    /// How long the timers of an instance wait now. Those of a test keep time, and a wait that goes on is not made longer.
    fn timer_delay_ms(&self, serial: u64, call: u32) -> f64 {
        let Some(instance) = self.instances.get(&serial).filter(|instance| instance.stalled_timers.is_empty()) else {
            return 0.0;
        };
        let invocation = instance.calls.get(&call).and_then(|call| instance.invocations.get(&call.invocation));
        let is_tests = self.is_colocated
            && instance.owner.object().is_none()
            && invocation.is_some_and(|invocation| matches!(invocation.origin, Origin::Port(_)));
        let whose = self.whose(instance.owner);
        if is_tests { 0.0 } else { self.delay(Point::TimerLate, whose, &TIMER_DELAYS_MS) }
    }

    /// How late an alarm is whose time has come.
    pub(super) fn alarm_delay_ms(&self, number: usize) -> f64 {
        self.delay(Point::AlarmLate, self.objects[number].whose, &ALARM_DELAYS_MS)
    }

    /// Whether an alarm that ran well runs again: that it did was not heard. Not where other events came between its run and
    /// the end of it.
    pub(super) fn alarm_runs_again(&self, number: usize) -> bool {
        !self.objects[number].alarm.is_overtaken && self.strikes(Point::AlarmTwice, number)
    }

    /// How far ahead the clock is that a new instance sees.
    pub(super) fn skew_ms(&self, number: usize) -> f64 {
        SKEWS_MS[self.world().choose(Point::ClockSkew, self.objects[number].whose, SKEWS_MS.len())]
    }

    /// Whether the start of an object takes its time. True also while it does.
    pub(super) fn starts_late(&mut self, number: usize) -> bool {
        match self.objects[number].slow_start {
            SlowStart::Waiting => true,
            SlowStart::Over => {
                self.objects[number].slow_start = SlowStart::Undecided;
                false
            }
            SlowStart::Undecided => {
                let delay_ms = self.delay(Point::SlowStart, self.objects[number].whose, &START_DELAYS_MS);
                if delay_ms > 0.0 {
                    self.objects[number].slow_start = SlowStart::Waiting;
                    self.timers.add(self.world().now_ms() + delay_ms, Due::Start { number });
                }
                delay_ms > 0.0
            }
        }
    }

    /// An object that took its time starts now.
    pub(super) fn start_due(&mut self, number: usize) {
        self.objects[number].slow_start = SlowStart::Over;
        self.wake(number);
    }

    // ---- sockets

    /// Whether a connection is lost with this message. Whose it is says its end that an object holds. One that is being made
    /// is not lost yet: the request that makes it is.
    pub(super) fn struck_socket(&self, socket: SocketId, arrival: &Arrival) -> Option<SocketId> {
        if !matches!(arrival, Arrival::Message(_)) {
            return None;
        }
        let (peer, number) = {
            let ends = self.shared.ends.borrow();
            let end = ends.get(socket)?;
            let peer = end.peer;
            let pair = [end, ends.get(peer)?];
            let is_made =
                |end: &&End| end.holder() == Holder::Outside || !matches!(end.mode, Mode::Fresh | Mode::Passed);
            if !pair.iter().all(is_made) {
                return None;
            }
            (peer, pair.into_iter().find_map(|end| self.object_behind(end.holder()))?)
        };
        self.strikes(Point::SocketLost, number).then_some(peer)
    }

    /// What arrived on a hibernatable socket goes to its object. It may take its time; what comes after it on the same
    /// socket waits until it is handled.
    pub(super) fn send_on_socket(&mut self, number: usize, socket: SocketId, arrival: Arrival) {
        let delay_ms = match arrival {
            Arrival::Message(_) => self.delay(Point::Message, self.objects[number].whose, &HOP_DELAYS_MS),
            // Who closes says so, and is heard; who is lost says nothing.
            Arrival::Close { clean: true, .. } => 0.0,
            Arrival::Close { .. } | Arrival::Error(_) => {
                self.delay(Point::CloseLate, self.objects[number].whose, &CLOSE_DELAYS_MS)
            }
        };
        if delay_ms == 0.0 {
            self.deliver(number, Delivery::Socket { socket, arrival });
            return;
        }
        self.socket_events_on_way += 1;
        let due_ms = self.world().now_ms() + delay_ms;
        self.timers.add(due_ms, Due::SocketArrival { number, socket, arrival });
    }

    /// What took its time on a socket arrives, if the socket still is its object's.
    pub(super) fn end_journey_on_socket(&mut self, number: usize, socket: SocketId, arrival: Arrival) {
        self.socket_events_on_way -= 1;
        let is_open = self.objects[number].sockets.borrow().contains(socket);
        if is_open {
            self.deliver(number, Delivery::Socket { socket, arrival });
        }
    }

    fn object_behind(&self, holder: Holder) -> Option<usize> {
        match holder {
            Holder::Object(number) => Some(number),
            Holder::Instance(serial) => self.instances.get(&serial).and_then(|instance| instance.owner.object()),
            Holder::Outside | Holder::Lane(..) | Holder::Nobody => None,
        }
    }

    // ---- order

    /// The place in the queue of the task that is done next. What happens on one socket, or on one stream, keeps its
    /// order.
    pub(super) fn next_task(&self) -> usize {
        if self.ready.len() < 2 {
            return 0;
        }
        let chosen = self.world().choose(Point::Task, Whose::WORLD, self.ready.len());
        let Some(channel) = self.ready.get(chosen).and_then(Task::channel) else { return chosen };
        self.ready.iter().position(|task| task.channel() == Some(channel)).unwrap_or(chosen)
    }
}

/// Where an object is that takes its time to start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum SlowStart {
    /// The next start has not been decided about.
    #[default]
    Undecided,
    /// It waits.
    Waiting,
    /// It has waited.
    Over,
}

impl Task {
    /// What keeps its order: the instance with its socket or stream.
    fn channel(&self) -> Option<(u64, u32)> {
        match self {
            Self::Turn(serial, Event::Socket { socket, .. }) => Some((*serial, *socket)),
            Self::Turn(
                serial,
                Event::BodyChunk { body, .. }
                | Event::BodyEnd { body }
                | Event::BodyFailed { body, .. }
                | Event::BodyCredit { body, .. }
                | Event::BodyCancelled { body },
            ) => Some((*serial, *body)),
            _ => None,
        }
    }
}

fn has_body(response: &Response) -> bool {
    match &response.body {
        Body::Bytes(bytes) => !bytes.0.is_empty(),
        Body::Stream { .. } => true,
        Body::Empty | Body::Forward(_) => false,
    }
}

/// What a host answers that cannot, as proxies in front of it say it. Who is passed this answer on can tell who made it.
fn unavailable() -> Response {
    let headers = vec![
        ("content-type".into(), "text/plain;charset=UTF-8".into()),
        ("emu-fault".into(), Point::FetchUnavailable.name().into()),
    ];
    Response { status: 503, headers, body: Body::Bytes(b"Service Unavailable".to_vec().into()), ..Response::default() }
}

/// What a caller sees of a machine that is lost.
pub(super) fn connection_lost() -> Failure {
    Failure { retryable: true, ..Failure::error("Network connection lost.") }
}
