//! Ends of invocations, and responses on their way to whoever waits: a client, a guest, another lane.
//!
//! Invariant: an origin is answered exactly once.

use super::Lane;
use super::instance::{Home, Instance, Invocation, Origin, Owner};
use super::message::{Effect, Parcel};
use super::service::missing_handler;
use super::thrown::{Thrown, Uncaught};
use crate::bindings::GuestHost;
use crate::core::alarm::RunEnd;
use crate::core::ends::{Holder, Mode, SocketId};
use crate::core::stream::Party;
use emu_abi::{Body, Event, Failure, Invoke, Outcome, Response, Settled};
use std::rc::Rc;

/// A handler of the stateless side of a worker that is to be started.
pub(super) struct Start {
    pub(super) worker: usize,
    /// The named export; empty for the default one.
    pub(super) entrypoint: String,
    /// What the binding that led here was configured with, as JSON; empty for nothing.
    pub(super) props: String,
    pub(super) origin: Origin,
    /// How many requests led to this.
    pub(super) depth: u32,
    pub(super) what: Invoke,
}

impl Start {
    /// For somebody outside.
    pub(super) fn from_outside(worker: usize, origin: Origin, what: Invoke) -> Self {
        Self { worker, entrypoint: String::new(), props: String::new(), origin, depth: 0, what }
    }
}

impl Lane {
    pub(super) fn invocation(&mut self, serial: u64, number: u32) -> Option<&mut Invocation> {
        self.instances.get_mut(&serial)?.invocations.get_mut(&number)
    }

    /// Starts a handler of the stateless side of a worker, if somebody still waits for it.
    pub(super) fn start(&mut self, start: Start) {
        let Start { worker, entrypoint, props, origin, depth, what } = start;
        let exports = self.workers[worker].prepared.launcher.image().exports();
        let serial = match missing_handler(exports, &entrypoint, &what) {
            None if self.is_wanted(&origin) => self.worker_instance(worker),
            None => Err(Failure::error("nobody waits for this")),
            Some(failure) => Err(failure),
        };
        let serial = match serial {
            Ok(serial) => serial,
            Err(failure) => {
                if let Invoke::Fetch(request) = &what {
                    self.drop_body(&request.body);
                }
                self.answer(&origin, Err(failure.into()));
                return;
            }
        };
        if let Invoke::Fetch(request) = &what {
            self.take_body(serial, &request.body);
        }
        let now_ms = self.world().now_ms();
        let Some(instance) = self.instances.get_mut(&serial) else { return };
        let invocation = instance.begin(origin.clone(), depth, now_ms);
        self.running.insert(origin, (serial, invocation));
        self.turn(serial, Event::Invoke { invocation, object: 0, entrypoint, props, what });
    }

    pub(super) fn worker_instance(&mut self, number: usize) -> Result<u64, Failure> {
        let worker = &self.workers[number];
        if let Some(serial) = worker.instance {
            return Ok(serial);
        }
        self.last_instance += 1;
        let serial = self.last_instance;
        let host = GuestHost::new(Rc::clone(&self.shared), serial, worker.whose, worker.prepared.switches);
        let isolate =
            worker.prepared.launcher.start(host).map_err(|error| Failure::error(crate::error::report(&error)))?;
        let home = Home::new(isolate, serial);
        self.instances.insert(serial, Instance::new(home, Owner::Worker(number), 0, worker));
        self.workers[number].instance = Some(serial);
        Ok(serial)
    }

    /// A handler has returned or thrown.
    pub(super) fn settle(&mut self, serial: u64, number: u32, result: Result<Settled, Failure>) {
        let Some(invocation) = self.invocation(serial, number) else { return };
        if invocation.settled {
            return;
        }
        invocation.settled = true;
        let origin = std::mem::replace(&mut invocation.origin, Origin::Nobody);
        if let Some(deadline) = invocation.deadline.take() {
            self.timers.cancel(deadline);
        }
        self.running.remove(&origin);
        let owner = self.instances.get(&serial).map(|instance| instance.owner);
        match (origin, owner) {
            (origin @ (Origin::Port(_) | Origin::Flight { .. }), _) => {
                let result = match result {
                    Ok(Settled::Response(response)) => self.leave_guest(serial, number, &origin, response),
                    Ok(Settled::Done) => Err(Failure::type_error("The handler did not return a Response.")),
                    Err(failure) => Err(failure),
                };
                let result = result.map_err(|failure| self.thrown(serial, number, failure)).map_err(|thrown| {
                    // A client is told itself, and what came from elsewhere was reported where it was thrown.
                    if matches!(origin, Origin::Flight { .. }) && !thrown.failure.remote {
                        self.report_uncaught(serial, "fetch()", thrown.clone());
                        return Thrown { is_reported: true, ..thrown };
                    }
                    thrown
                });
                self.answer(&origin, result.map_err(thrown_at_caller));
            }
            (origin @ Origin::Nobody, _) => {
                // The caller has gone; what the response would have carried is let go of.
                if let Ok(Settled::Response(response)) = result
                    && let Ok(response) = self.leave_guest(serial, number, &origin, response)
                {
                    self.drop_response(&response);
                }
            }
            (origin @ Origin::Scheduled(_), _) => {
                let done = Response { status: 200, ..Response::default() };
                let result = result.map(|_| done).map_err(|failure| self.thrown(serial, number, failure));
                self.answer(&origin, result.map_err(thrown_at_caller));
            }
            (Origin::Construct, Some(Owner::Object(object))) => self.constructed(serial, object, result),
            (Origin::Alarm, Some(Owner::Object(object))) => {
                let end = match result {
                    Ok(_) => RunEnd::Succeeded,
                    Err(failure) => {
                        let alarm = &mut self.objects[object].alarm;
                        // A run that repeats one which has succeeded is over, whatever comes of it.
                        alarm.thrown = (!alarm.is_repeat).then(|| failure.message.clone());
                        let thrown = self.thrown(serial, number, failure);
                        self.report_uncaught(serial, "alarm()", thrown);
                        RunEnd::Failed
                    }
                };
                self.alarm_ended(object, end);
            }
            (Origin::Socket { socket, last }, Some(Owner::Object(object))) => {
                if let Err(failure) = result {
                    let thrown = self.thrown(serial, number, failure);
                    self.report_uncaught(serial, Uncaught::SOCKET, thrown);
                }
                self.socket_handled(object, socket, last);
            }
            _ => {}
        }
        self.end_if_over(serial, number);
    }

    fn constructed(&mut self, serial: u64, number: usize, result: Result<Settled, Failure>) {
        if let Err(failure) = result {
            let thrown = self.thrown(serial, 0, failure.clone());
            self.report_uncaught(serial, "the constructor", thrown);
            let failure = Failure { remote: true, durable_object_reset: true, ..failure };
            self.reset(number, &failure, RunEnd::Failed);
            return;
        }
        if let Some(instance) = self.instances.get(&serial) {
            instance.with_face(|face| face.constructing = false);
        }
        self.objects[number].gate.constructed();
        self.wake(number);
    }

    pub(super) fn socket_handled(&mut self, number: usize, socket: u32, last: bool) {
        let next = self.objects[number].sockets.borrow_mut().handled(socket, last);
        self.objects[number].may_owe_close |= last;
        self.forget_after(socket, last);
        if let Some(arrival) = next {
            self.send_on_socket(number, socket, arrival);
        }
        self.socket_drained(socket);
    }

    pub(super) fn wait_until_ended(&mut self, serial: u64, number: u32, failure: Option<Failure>) {
        let Some(invocation) = self.invocation(serial, number) else { return };
        invocation.waits = invocation.waits.saturating_sub(1);
        if let Some(failure) = failure {
            let thrown = self.thrown(serial, number, failure);
            self.report_uncaught(serial, Uncaught::WAIT_UNTIL, thrown);
        }
        self.end_if_over(serial, number);
    }

    /// Prepares a guest's response for the way out: its body gets a consumer, its socket another holder.
    fn leave_guest(
        &mut self,
        serial: u64,
        number: u32,
        origin: &Origin,
        mut response: Response,
    ) -> Result<Response, Failure> {
        self.check_response_socket(serial, &response)?;
        let consumer = match origin {
            Origin::Port(_) => Party::Outside,
            Origin::Flight { lane, .. } if *lane != self.me => Party::Lane(*lane, 0),
            _ => Party::Nobody,
        };
        let is_produced = matches!(response.body, Body::Stream { .. });
        self.take_guest_body(serial, &mut response.body, consumer)?;
        let body = match &response.body {
            Body::Stream { id, .. } if is_produced => Some(*id),
            _ => None,
        };
        let mut inner = None;
        if let Some(socket) = response.socket {
            let mut ends = self.shared.ends.borrow_mut();
            ends.pass(socket)?;
            ends.set_holder(socket, Holder::Nobody);
            let held = |peer: &SocketId| ends.get(*peer).is_some_and(|end| end.holder() == Holder::Instance(serial));
            inner = ends.get(socket).map(|end| end.peer).filter(held);
        }
        self.follow_answer(serial, number, body, inner);
        Ok(response)
    }

    fn check_response_socket(&self, serial: u64, response: &Response) -> Result<(), Failure> {
        let Some(socket) = response.socket else { return Ok(()) };
        if response.status != 101 {
            return Err(Failure::type_error("Responses with a WebSocket must have status code 101."));
        }
        let ends = self.shared.ends.borrow();
        match ends.get(socket) {
            Some(end) if end.holder() == Holder::Instance(serial) || end.mode != Mode::Fresh => ends.check_pass(socket),
            _ => Err(Failure::type_error("The WebSocket of this response is not this worker's.")),
        }
    }

    /// Sends an answer to whoever waits for it.
    pub(super) fn answer(&mut self, origin: &Origin, result: Result<Response, Thrown>) {
        match origin {
            Origin::Port(port) | Origin::Scheduled(port) => {
                let socket = result.as_ref().ok().and_then(|response| response.socket);
                self.effects.push(Effect::Respond(*port, result));
                if let Some(socket) = socket {
                    self.change_holder(socket, Holder::Outside);
                }
            }
            Origin::Flight { lane, flight } if *lane == self.me => self.flight_answered(*flight, result),
            Origin::Flight { lane, flight } => {
                self.effects.push(Effect::Parcel(*lane, Parcel::Response(*flight, result)));
            }
            Origin::Construct | Origin::Alarm | Origin::Socket { .. } | Origin::Nobody => {}
        }
    }

    /// Gives a response to the guest whose call it answers.
    pub(super) fn hand_response(&mut self, serial: u64, call: u32, result: Result<Response, Thrown>) {
        if !self.instances.contains_key(&serial) {
            if let Ok(response) = result {
                self.drop_response(&response);
            }
            return;
        }
        let result = result.map(|response| {
            self.take_body(serial, &response.body);
            if let Some(socket) = response.socket {
                let mut ends = self.shared.ends.borrow_mut();
                ends.set_holder(socket, Holder::Instance(serial));
                if let Some(end) = ends.get_mut(socket) {
                    end.mode = Mode::Fresh;
                }
            }
            Outcome::Response(response)
        });
        let result = result.map_err(|thrown| self.note_caught(serial, call, thrown));
        self.complete(serial, call, result);
    }

    /// Remembers an error for the case that the handler it is thrown at throws it on.
    fn note_caught(&mut self, serial: u64, call: u32, thrown: Thrown) -> Failure {
        let failure = thrown.failure.clone();
        let pending = self.instances.get(&serial).and_then(|instance| instance.calls.get(&call));
        let number = pending.map_or(0, |pending| pending.invocation);
        if let (Some(_), Some(invocation)) = (&failure.stack, self.invocation(serial, number)) {
            invocation.caught = Some(Box::new(thrown));
        }
        failure
    }

    /// Lets go of a response that nobody takes.
    pub(super) fn drop_response(&mut self, response: &Response) {
        self.drop_body(&response.body);
        if let Some(socket) = response.socket {
            self.emit(socket, crate::core::socket::Arrival::lost());
        }
    }

    /// Lets go of a body that nobody reads.
    pub(super) fn drop_body(&mut self, body: &Body) {
        if let Body::Stream { id, .. } = body {
            let notice = self.streams.cancel(*id);
            self.notify(notice);
        }
    }
}

/// An error as its caller sees it.
fn thrown_at_caller(thrown: Thrown) -> Thrown {
    Thrown { failure: Failure { remote: true, ..thrown.failure }, ..thrown }
}
