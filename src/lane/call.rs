//! Calls that guests start: requests to objects and to the network, timers, critical sections.
//!
//! Invariant: every call ends exactly once, by completion, cancellation, or the end of its instance.

use super::faults::Travelling;
use super::instance::{CallKind, Origin, Owner, PendingCall};
use super::message::{Effect, Parcel};
use super::thrown::Thrown;
use super::worker::Service;
use super::{Due, Lane, Task};
use crate::core::alarm::RunEnd;
use crate::core::gate::Section;
use crate::core::id::lane_of;
use crate::core::stream::Party;
use emu_abi::{Body, Call, Event, Failure, ObjectId, Outcome, Request, Response, Target};

/// The longest critical section (reference §1.5).
const MAX_CRITICAL_MS: f64 = 30_000.0;
/// The most calls of one isolate that may be under way, over all its requests.
const MAX_CALLS: usize = 100_000;
/// The longest timer, as browsers and the platform have it.
const MAX_TIMER_MS: f64 = 2_147_483_647.0;

/// The URL of a command to the world.
pub(super) const COMMAND_URL: &str = "emu-test://command";
/// How calls that are commands to the world are called.
pub(super) const WORLD: &str = "emu:world";
/// What a guest is told that speaks to the world of tests where there is none.
const NO_WORLD: &str = "this worker is not being tested: `cloudflare:test` and `emu:test` work in `emu test` only";

/// Who started a call.
#[derive(Clone, Copy)]
pub(super) struct Caller {
    pub(super) serial: u64,
    /// The guest's number of the call.
    pub(super) call: u32,
    /// The invocation on whose behalf; 0 if none.
    pub(super) invocation: u32,
    /// The critical section it belongs to.
    pub(super) section: Section,
}

impl Lane {
    pub(super) fn start_call(&mut self, caller: Caller, what: Call) {
        let Caller { serial, call, .. } = caller;
        if self.instances.get(&serial).is_some_and(|instance| instance.calls.len() >= MAX_CALLS) {
            let message = format!("more than {MAX_CALLS} timers and requests are pending at once");
            self.refuse_call(caller, Failure { name: "QuotaExceededError".into(), ..Failure::error(message) });
            return;
        }
        match what {
            Call::Fetch { target: Target::Internet, request } => self.fetch_outside(caller, request),
            Call::Fetch { target: Target::World, request } => self.ask_world(caller, request),
            Call::Fetch { target: Target::Object { namespace, id }, request } => {
                self.fetch_object(caller, namespace as usize, id, request);
            }
            Call::Fetch { target: Target::Service(service), request } => self.fetch_service(caller, service, request),
            Call::Sleep { ms } => {
                let ms = if ms.is_nan() { 0.0 } else { ms.clamp(0.0, MAX_TIMER_MS) };
                let due_ms = self.world().now_ms() + ms;
                let key = self.timers.add(due_ms, Due::Timer { serial, call });
                self.note_call(caller, CallKind::Timer { due_ms, key });
            }
            Call::Sync => {
                // Outputs are acted upon after the commit, and the flush where there is one: it is durable now.
                self.note_call(caller, CallKind::Sync);
                self.complete(serial, call, Ok(Outcome::Done));
            }
            Call::EnterCritical { section: entered, .. } => self.enter_critical(caller, entered),
        }
    }

    /// A call that fails before it has begun.
    pub(super) fn refuse_call(&mut self, caller: Caller, failure: Failure) {
        self.note_call(caller, CallKind::Sync);
        self.complete(caller.serial, caller.call, Err(failure));
    }

    pub(super) fn note_call(&mut self, caller: Caller, kind: CallKind) {
        let Caller { serial, call, invocation, section } = caller;
        let (since_ms, stack) = (self.world().now_ms(), self.said_at.take());
        let Some(instance) = self.instances.get_mut(&serial) else { return };
        // A number that is in use already is a guest's mistake; the earlier call is cancelled so that nothing leaks.
        let earlier = instance.start_call(call, PendingCall { kind, stack, section, invocation, since_ms });
        if let Some(earlier) = earlier {
            self.cancel_kind(earlier.kind);
        }
    }

    /// A call has ended: the guest is told, behind its gate.
    pub(super) fn complete(&mut self, serial: u64, call: u32, result: Result<Outcome, Failure>) {
        let Some(instance) = self.instances.get_mut(&serial) else { return };
        let Some(pending) = instance.end_call(call) else { return };
        if self.shared.world.is_traced() {
            // What the world itself says to a command depends on what it has decided.
            let is_command = pending.kind.is_command();
            instance.ended_calls.insert(call, pending.kind);
            if !is_command {
                self.note_answer(serial, pending.invocation, &result);
            }
        }
        self.event(serial, pending.section, Event::Complete { call, result });
    }

    /// The guest does not wait for a call any more.
    pub(super) fn cancel_call(&mut self, serial: u64, call: u32) {
        let pending = self.instances.get_mut(&serial).and_then(|instance| instance.end_call(call));
        let Some(pending) = pending else { return };
        if let CallKind::Critical(section) = pending.kind {
            self.leave_critical(serial, section, None);
        }
        self.cancel_kind(pending.kind);
    }

    pub(super) fn cancel_kind(&mut self, kind: CallKind) {
        match kind {
            CallKind::Internet { fetch, .. } => {
                self.fetches.remove(&fetch);
                self.effects.push(Effect::CancelFetch(fetch));
            }
            CallKind::Flight { flight, .. } => {
                if let Some(flown) = self.flights.remove(&flight) {
                    if flown.to == self.me {
                        self.ready.push_back(Task::CancelFlight(self.me, flight));
                    } else {
                        self.effects.push(Effect::Parcel(flown.to, Parcel::CancelFlight(flight)));
                    }
                }
            }
            CallKind::Timer { key, .. } => self.timers.cancel(key),
            CallKind::Sync | CallKind::Critical(_) => {}
        }
    }

    fn fetch_outside(&mut self, caller: Caller, mut request: Request) {
        let Caller { serial, call, .. } = caller;
        self.last_fetch += 1;
        let fetch = self.last_fetch;
        let kind = CallKind::Internet { fetch, url: request.url.clone() };
        self.note_call(caller, kind);
        match self.take_guest_body(serial, &mut request.body, Party::Outside) {
            Ok(()) => {
                self.fetches.insert(fetch, (serial, call));
                self.effects.push(Effect::Fetch(fetch, request));
            }
            Err(failure) => self.complete(serial, call, Err(failure)),
        }
    }

    /// A test speaks: to its world in commands, otherwise to the worker that it tests.
    fn ask_world(&mut self, caller: Caller, request: Request) {
        let owner = self.instances.get(&caller.serial).map(|instance| instance.owner);
        let Some(Owner::Worker(worker)) = owner.filter(|_| self.is_colocated) else {
            self.refuse_call(caller, Failure::error(NO_WORLD));
            return;
        };
        if request.url != COMMAND_URL {
            let name = self.workers[worker].prepared.name.to_string();
            let service =
                Service { worker: Some(worker), worker_name: name, entrypoint: String::new(), ..Service::default() };
            self.fetch_worker(caller, &service, request);
            return;
        }
        let Body::Bytes(command) = request.body else {
            self.refuse_call(caller, Failure::error("a command to the world is a JSON text"));
            return;
        };
        self.last_fetch += 1;
        let fetch = self.last_fetch;
        self.note_call(caller, CallKind::Internet { fetch, url: WORLD.into() });
        self.fetches.insert(fetch, (caller.serial, caller.call));
        self.effects.push(Effect::Command(fetch, String::from_utf8_lossy(&command.0).into_owned()));
    }

    /// The network answered.
    pub(super) fn fetched(&mut self, fetch: u64, result: Result<Response, Failure>) {
        let caller = self.fetches.get(&fetch).copied();
        let is_network = caller.is_some_and(|(serial, call)| self.is_on_network(serial, call));
        let result = if is_network { self.fetched_on_its_way(fetch, result) } else { Some(result) };
        if let Some(result) = result {
            self.hand_fetched(fetch, result);
        }
    }

    /// Whether a call is a request to the network: commands to the world take the same way.
    fn is_on_network(&self, serial: u64, call: u32) -> bool {
        let pending = self.instances.get(&serial).and_then(|instance| instance.calls.get(&call));
        pending.is_some_and(|pending| matches!(pending.kind, CallKind::Internet { .. }) && !pending.kind.is_command())
    }

    /// The network's answer has arrived.
    pub(super) fn hand_fetched(&mut self, fetch: u64, result: Result<Response, Failure>) {
        let Some((serial, call)) = self.fetches.remove(&fetch) else {
            if let Ok(response) = result {
                self.drop_response(&response);
            }
            return;
        };
        self.hand_response(serial, call, result.map_err(Thrown::from));
    }

    fn fetch_object(&mut self, caller: Caller, namespace: usize, id: ObjectId, mut request: Request) {
        let Caller { serial, call, .. } = caller;
        let Some(declared) = self.namespaces.get(namespace) else {
            self.refuse_call(caller, Failure::error(format!("there is no Durable Object namespace {namespace}")));
            return;
        };
        let what = format!("a request to `{}` of {}", request.url, declared.class);
        self.last_flight += 1;
        let flight = self.last_flight;
        let to = lane_of(&id.bytes, self.lanes);
        self.note_call(caller, CallKind::Flight { flight, what });
        let consumer = if to == self.me { Party::Nobody } else { Party::Lane(to, 0) };
        let sendable = self.take_guest_body(serial, &mut request.body, consumer);
        let depth = match sendable.and_then(|()| self.depth_below(caller)) {
            Ok(depth) => depth,
            Err(failure) => {
                self.drop_body(&request.body);
                self.complete(serial, call, Err(failure));
                return;
            }
        };
        if to == self.me {
            let number = self.object_number(namespace, &id);
            if let Some(failure) = self.struck_by_overload(number) {
                self.drop_body(&request.body);
                self.complete(serial, call, Err(failure));
                return;
            }
            self.flights.insert(flight, super::Flown { serial, call, to, object: Some(number) });
            let sender = (serial, caller.invocation);
            self.send_to_object(Travelling { sender, flight, number, depth, request });
        } else {
            self.flights.insert(flight, super::Flown { serial, call, to, object: None });
            self.effects.push(Effect::Parcel(to, Parcel::Fetch { flight, namespace, id, depth, request }));
        }
    }

    /// The answer to a flight of this lane.
    pub(super) fn flight_answered(&mut self, flight: u64, result: Result<Response, Thrown>) {
        if let Some(result) = self.answer_on_its_way(flight, result) {
            self.hand_answer(flight, result);
        }
    }

    /// The answer to a flight has arrived.
    pub(super) fn hand_answer(&mut self, flight: u64, result: Result<Response, Thrown>) {
        match self.flights.remove(&flight) {
            Some(flown) => self.hand_response(flown.serial, flown.call, result),
            None => {
                if let Ok(response) = result {
                    self.drop_response(&response);
                }
            }
        }
    }

    /// The caller of a request has gone: a handler that runs for it is told. One that has not begun will find nobody.
    pub(super) fn origin_gone(&mut self, origin: &Origin) {
        let Some((serial, number)) = self.running.remove(origin) else { return };
        if let Some(invocation) = self.invocation(serial, number) {
            invocation.origin = Origin::Nobody;
        }
        self.event(serial, 0, Event::Cancelled { invocation: number });
    }

    fn enter_critical(&mut self, caller: Caller, entered: Section) {
        let Caller { serial, call, section: parent, .. } = caller;
        self.note_call(caller, CallKind::Critical(entered));
        let Some(Owner::Object(number)) = self.instances.get(&serial).map(|instance| instance.owner) else {
            self.complete(serial, call, Err(Failure::error("This is only available inside a Durable Object.")));
            return;
        };
        if entered != 0 && self.objects[number].gate.enter(parent, entered) {
            self.wake(number);
        } else {
            let failure = Failure::error("blockConcurrencyWhile() calls are nested too deeply.");
            self.complete(serial, call, Err(failure));
        }
    }

    /// Resets the object if the section is still open after the platform's limit.
    pub(super) fn watch_section(&mut self, serial: u64, section: Section) {
        let due_ms = self.world().now_ms() + MAX_CRITICAL_MS;
        let key = self.timers.add(due_ms, Due::Section { serial, section });
        if let Some(instance) = self.instances.get_mut(&serial) {
            instance.sections.insert(section, key);
        }
    }

    pub(super) fn section_overdue(&mut self, serial: u64, section: Section) {
        let Some(Owner::Object(number)) = self.instances.get(&serial).map(|instance| instance.owner) else { return };
        if self.objects[number].gate.is_open(section) {
            self.note_hung();
            let message = "A call to blockConcurrencyWhile() in a Durable Object waited for too long. The call was \
                           canceled and the Durable Object was reset.";
            let failure = Failure { overloaded: true, durable_object_reset: true, ..Failure::error(message) };
            self.reset(number, &failure, RunEnd::Failed);
        }
    }

    pub(super) fn leave_critical(&mut self, serial: u64, section: Section, failure: Option<Failure>) {
        let Some(Owner::Object(number)) = self.instances.get(&serial).map(|instance| instance.owner) else { return };
        match failure {
            Some(failure) => {
                let failure = Failure { remote: true, durable_object_reset: true, ..failure };
                let thrown = self.thrown(serial, 0, failure.clone());
                self.report_uncaught(serial, "blockConcurrencyWhile(), so the object was reset:", thrown);
                self.reset(number, &failure, RunEnd::Failed);
            }
            None => {
                let key = self.instances.get_mut(&serial).and_then(|instance| instance.sections.remove(&section));
                if let Some(key) = key {
                    self.timers.cancel(key);
                }
                self.objects[number].gate.leave(section);
                self.wake(number);
            }
        }
    }
}
