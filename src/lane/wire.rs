//! Streams and sockets between guests, connections and lanes.
//!
//! Invariant: the tables in `core` decide what goes where; this file only carries it there.

use super::faults::connection_lost;
use super::instance::Owner;
use super::message::{Effect, Parcel};
use super::object::Delivery;
use super::{Due, Lane};
use crate::core::ends::{End, Holder, Mode, SocketId};
use crate::core::socket::{Arrival, MESSAGE_OVERHEAD_BYTES, Received};
use crate::core::stream::{Notice, Notices, Party, Signal, StreamId};
use crate::isolate::Death;
use emu_abi::{Body, Event, Failure, Message, Response};

/// Bytes that are kept for an end that nobody has accepted; beyond that the socket is cut.
const MAX_UNACCEPTED_BYTES: usize = 64 * 1024 * 1024;

impl Lane {
    // ---- streams

    fn notify_all(&mut self, notices: Notices) {
        self.notify(notices.forth);
        self.notify(notices.credit);
    }

    /// Carries a notice to its party.
    pub(super) fn notify(&mut self, notice: Option<Notice>) {
        let Some(Notice { stream, to, signal }) = notice else { return };
        match to {
            Party::Nobody => {}
            Party::Outside => self.effects.push(Effect::Stream(stream, signal)),
            // A consumer that has not pulled yet has no number over there; it learns of the end when it pulls.
            Party::Lane(_, 0) => {}
            Party::Lane(lane, theirs) => self.effects.push(Effect::Parcel(lane, Parcel::Stream(theirs, signal))),
            Party::Guest { instance, body } => self.notify_guest(instance, body, stream, signal),
        }
    }

    fn notify_guest(&mut self, serial: u64, body: u32, stream: StreamId, signal: Signal) {
        let pulled_in = self.instances.get_mut(&serial).and_then(|instance| instance.pulls.remove(&stream));
        let event = match signal {
            Signal::Chunk(bytes) => Event::BodyChunk { body: stream, bytes: bytes.into() },
            Signal::End => Event::BodyEnd { body: stream },
            Signal::Failed(failure) => Event::BodyFailed { body: stream, failure },
            Signal::Credit(bytes) => Event::BodyCredit { body, bytes },
            Signal::Cancel => {
                self.guest_bodies.remove(&(serial, body));
                Event::BodyCancelled { body }
            }
            Signal::Pull(_) => return,
        };
        // What a guest produces may be awaited inside a critical section; its credit must get through.
        let section = match (&event, pulled_in) {
            (Event::BodyCredit { .. } | Event::BodyCancelled { .. }, _) => self.innermost_section(serial),
            (_, pulled_in) => pulled_in.unwrap_or(0),
        };
        self.event(serial, section, event);
    }

    fn innermost_section(&self, serial: u64) -> u32 {
        match self.instances.get(&serial).map(|instance| instance.owner) {
            Some(Owner::Object(number)) => self.objects[number].gate.innermost(),
            _ => 0,
        }
    }

    /// The party outside, or another lane, says something about a stream.
    pub(super) fn stream_signal(&mut self, from_lane: Option<usize>, stream: StreamId, signal: Signal) {
        match signal {
            Signal::Pull(theirs) => {
                if let Some(lane) = from_lane {
                    self.streams.hand_over(stream, Party::Lane(lane, theirs));
                }
                if self.streams.consumer(stream).is_none() {
                    self.stream_is_gone(from_lane, stream, theirs);
                }
                let notices = self.streams.pull(stream);
                self.notify_all(notices);
            }
            Signal::Chunk(bytes) if self.breaking.remove(&stream) => {
                // Nobody wants the rest, and whoever sends it must not wait to be asked for it.
                self.effects.push(Effect::Stream(stream, Signal::Cancel));
                self.break_off(stream, bytes);
            }
            Signal::End if self.breaking.remove(&stream) => {
                self.stream_signal(None, stream, Signal::Failed(connection_lost()));
            }
            Signal::Chunk(bytes) => {
                if let Ok(notices) = self.streams.chunk(stream, bytes) {
                    self.notify_all(notices);
                }
            }
            Signal::End => {
                let notices = self.streams.end(stream, Ok(()));
                self.notify_all(notices);
            }
            Signal::Failed(failure) => {
                let notices = self.streams.end(stream, Err(failure));
                self.notify_all(notices);
            }
            Signal::Cancel => {
                let notice = self.streams.cancel(stream);
                self.notify(notice);
            }
            Signal::Credit(_) => {}
        }
    }

    /// A stream that broke before its consumer first pulled.
    fn stream_is_gone(&mut self, from_lane: Option<usize>, stream: StreamId, theirs: StreamId) {
        let signal = Signal::Failed(Failure { retryable: true, ..Failure::error("Network connection lost.") });
        match from_lane {
            Some(lane) => self.effects.push(Effect::Parcel(lane, Parcel::Stream(theirs, signal))),
            None => self.effects.push(Effect::Stream(stream, signal)),
        }
    }

    /// The guest in `serial` is the consumer of a body from now on.
    pub(super) fn take_body(&mut self, serial: u64, body: &Body) {
        if let Body::Stream { id, length } = body {
            self.streams.set_length(*id, *length);
            self.streams.hand_over(*id, Party::Guest { instance: serial, body: 0 });
        }
    }

    /// Turns a guest's body into one of the lane, with its consumer.
    pub(super) fn take_guest_body(&mut self, serial: u64, body: &mut Body, consumer: Party) -> Result<(), Failure> {
        match body {
            Body::Empty | Body::Bytes(_) => {}
            Body::Stream { id, .. } => {
                let body = *id;
                *id = self.streams.open(Party::Guest { instance: serial, body }, consumer);
                self.guest_bodies.insert((serial, body), *id);
            }
            Body::Forward(id) => {
                let own = matches!(
                    self.streams.consumer(*id),
                    Some(Party::Guest { instance, .. }) if instance == serial
                );
                if !own {
                    return Err(Failure::type_error(
                        "Body has already been used. It can only be used once. Use tee() first if you need to read it twice.",
                    ));
                }
                self.streams.hand_over(*id, consumer);
                *body = Body::Stream { id: *id, length: self.streams.length(*id) };
            }
        }
        Ok(())
    }

    pub(super) fn pull_for_guest(&mut self, serial: u64, body: StreamId, section: u32) {
        if self.consumes(serial, body) {
            if let Some(instance) = self.instances.get_mut(&serial) {
                instance.pulls.insert(body, section);
            }
            let notices = self.streams.pull(body);
            self.notify_all(notices);
        }
    }

    pub(super) fn cancel_for_guest(&mut self, serial: u64, body: StreamId) {
        if self.consumes(serial, body) {
            if let Some(instance) = self.instances.get_mut(&serial) {
                instance.pulls.remove(&body);
            }
            let notice = self.streams.cancel(body);
            self.notify(notice);
        }
    }

    fn consumes(&self, serial: u64, stream: StreamId) -> bool {
        matches!(self.streams.consumer(stream), Some(Party::Guest { instance, .. }) if instance == serial)
    }

    pub(super) fn chunk_from_guest(&mut self, serial: u64, body: u32, bytes: Vec<u8>) {
        let Some(stream) = self.guest_bodies.get(&(serial, body)).copied() else { return };
        match self.streams.chunk(stream, bytes) {
            Ok(notices) => self.notify_all(notices),
            Err(_) => {
                if let Some(owner) = self.instances.get(&serial).map(|instance| instance.owner) {
                    let death = Death::Abi(format!("body {body} sent more than its credit"));
                    self.died(serial, owner, &death);
                }
            }
        }
    }

    pub(super) fn end_from_guest(&mut self, serial: u64, body: u32, end: Result<(), Failure>) {
        if let Some(stream) = self.guest_bodies.remove(&(serial, body)) {
            let notices = self.streams.end(stream, end);
            self.notify_all(notices);
        }
    }

    // ---- sockets

    /// The holder of an end emits something: it arrives at the other end.
    pub(super) fn emit(&mut self, socket: SocketId, arrival: Arrival) {
        if let Some(peer) = self.struck_socket(socket, &arrival) {
            return self.cut([peer, socket]);
        }
        if arrival.is_last() {
            self.tails.socket_over(socket);
        }
        let peer = {
            let mut ends = self.shared.ends.borrow_mut();
            let Some(end) = ends.get_mut(socket) else { return };
            let peer = end.peer;
            if arrival.is_last() {
                let lost = !matches!(arrival, Arrival::Close { clean: true, .. });
                end.sent_close = true;
                end.got_close |= lost;
                if lost {
                    self.tails.socket_over(peer);
                }
                if let Some(other) = ends.get_mut(peer) {
                    other.gone |= lost;
                    // Its close has arrived already; that the connection ended as well is no further event.
                    if std::mem::replace(&mut other.got_close, true) {
                        ends.forget_if_finished(peer);
                        return;
                    }
                }
            }
            peer
        };
        self.arrive(peer, arrival);
    }

    /// Both ends of a connection learn that it is lost. Neither has closed it.
    fn cut(&mut self, ends: [SocketId; 2]) {
        for socket in ends {
            self.tails.socket_over(socket);
            if let Some(end) = self.shared.ends.borrow_mut().get_mut(socket) {
                end.got_close = true;
            }
            self.arrive(socket, Arrival::lost());
        }
        let mut is_handled_later = false;
        for socket in ends {
            if let Some(end) = self.shared.ends.borrow_mut().get_mut(socket) {
                end.gone = true;
                is_handled_later |= matches!(end.holder(), Holder::Object(_));
            }
        }
        if !is_handled_later {
            self.forget_after(ends[0], true);
        }
    }

    fn arrive(&mut self, socket: SocketId, arrival: Arrival) {
        let (holder, mode) = match self.shared.ends.borrow().get(socket) {
            Some(end) => (end.holder(), end.mode),
            None => return,
        };
        let last = arrival.is_last();
        match holder {
            Holder::Outside => {
                self.effects.push(Effect::Socket(socket, arrival));
                self.forget_after(socket, last);
            }
            Holder::Lane(lane, theirs) => {
                self.effects.push(Effect::Parcel(lane, Parcel::Socket(theirs, arrival)));
                self.forget_after(socket, last);
            }
            Holder::Object(number) => self.arrive_at_object(number, socket, arrival),
            Holder::Instance(serial) if mode == Mode::Standard => {
                self.count_undelivered(socket, &arrival);
                let reply = self.automatic_reply(socket, &arrival, serial);
                self.socket_event(serial, socket, arrival);
                if let Some(reply) = reply {
                    self.emit(socket, reply);
                }
                self.forget_after(socket, last);
            }
            Holder::Instance(_) | Holder::Nobody => {
                self.count_undelivered(socket, &arrival);
                if self.is_flooded(socket) {
                    self.emit(socket, Arrival::lost());
                } else if let Some(end) = self.shared.ends.borrow_mut().get_mut(socket) {
                    end.backlog.push(arrival);
                }
            }
        }
    }

    pub(super) fn forget_after(&mut self, socket: SocketId, last: bool) {
        let mut ends = self.shared.ends.borrow_mut();
        let peer = ends.get(socket).map(|end| end.peer);
        if last && ends.forget_if_finished(socket) {
            for gone in peer.into_iter().chain([socket]) {
                self.congested.remove(&gone);
                self.busy.remove(&gone);
            }
        }
    }

    fn arrive_at_object(&mut self, number: usize, socket: SocketId, arrival: Arrival) {
        let now_ms = self.world().now_ms();
        let answerable = self.shared.ends.borrow().get(socket).is_some_and(|end| !end.sent_close);
        let received = self.objects[number].sockets.borrow_mut().receive(socket, arrival, answerable, now_ms);
        match received {
            Received::Deliver(arrival) => self.send_on_socket(number, socket, arrival),
            Received::Answer(text) => self.emit(socket, Arrival::Message(Message::Text(text))),
            Received::Wait | Received::Unknown => {}
        }
    }

    /// With `web_socket_auto_reply_to_close` a close of a socket accepted with `accept()` is answered by itself: it counts
    /// as answered before its listener sees it, and the answer leaves after that. workerd leaves hibernatable sockets to
    /// `webSocketClose()` at every date (docs/decisions/0002).
    fn automatic_reply(&mut self, socket: SocketId, arrival: &Arrival, serial: u64) -> Option<Arrival> {
        let Arrival::Close { clean: true, .. } = arrival else { return None };
        let switches = self.instances.get(&serial)?.prepared.switches;
        let mut ends = self.shared.ends.borrow_mut();
        let end = ends.get_mut(socket)?;
        let answers = switches.auto_reply_to_close && !end.half_open && !end.sent_close;
        end.sent_close |= answers;
        answers.then(|| arrival.clone())
    }

    /// Takes what arrived at an end before it had a mode or a holder.
    pub(super) fn take_backlog(&mut self, socket: SocketId) {
        let backlog = match self.shared.ends.borrow_mut().get_mut(socket) {
            Some(end) => {
                end.undelivered_bytes = 0;
                std::mem::take(&mut end.backlog)
            }
            None => return,
        };
        for arrival in backlog {
            self.arrive(socket, arrival);
        }
    }

    pub(super) fn change_holder(&mut self, socket: SocketId, holder: Holder) {
        {
            let mut ends = self.shared.ends.borrow_mut();
            ends.set_holder(socket, holder);
            if let Some(end) = ends.get_mut(socket) {
                end.mode = Mode::Passed;
            }
        }
        self.take_backlog(socket);
    }

    /// A guest dropped a wrapper: an end that it never used is lost to the other side.
    pub(super) fn drop_socket(&mut self, serial: u64, socket: SocketId) {
        let held = self.shared.ends.borrow().get(socket).is_some_and(|end| end.holder() == Holder::Instance(serial));
        if held {
            self.emit(socket, Arrival::lost());
            self.shared.ends.borrow_mut().forget_if_finished(socket);
        }
    }

    fn count_undelivered(&self, socket: SocketId, arrival: &Arrival) {
        if let (Some(end), Arrival::Message(message)) = (self.shared.ends.borrow_mut().get_mut(socket), arrival) {
            end.undelivered_bytes += message.len() + MESSAGE_OVERHEAD_BYTES;
        }
    }

    /// Whether more was sent to an end that nobody has accepted than is kept.
    fn is_flooded(&self, socket: SocketId) -> bool {
        self.shared.ends.borrow().get(socket).is_some_and(|end| end.undelivered_bytes > MAX_UNACCEPTED_BYTES)
    }

    /// A listener has been handed a message.
    pub(super) fn socket_taken(&mut self, inner: SocketId, len: usize) {
        if let Some(end) = self.shared.ends.borrow_mut().get_mut(inner) {
            end.undelivered_bytes = end.undelivered_bytes.saturating_sub(len + MESSAGE_OVERHEAD_BYTES);
        }
        self.socket_drained(inner);
    }

    /// Messages were handled: whoever sends to this end may go on, if it was told to wait.
    pub(super) fn socket_drained(&mut self, inner: SocketId) {
        let Some(outer) = self.shared.ends.borrow().get(inner).map(|end| end.peer) else { return };
        if self.congested.contains(&outer) && !self.is_full(outer) {
            self.congested.remove(&outer);
            self.tell_sender(outer, false);
        }
    }

    /// Whether so much waits that the sender behind `outer` should wait.
    pub(super) fn is_full(&self, outer: SocketId) -> bool {
        self.backlog(outer) > super::MAX_SOCKET_BACKLOG_BYTES
    }

    /// Tells the sender behind an end, here or on another lane, to wait or to go on.
    fn tell_sender(&mut self, outer: SocketId, busy: bool) {
        match self.shared.ends.borrow().get(outer).map(End::holder) {
            Some(Holder::Lane(lane, theirs)) => {
                self.effects.push(Effect::Parcel(lane, Parcel::Busy(theirs, busy)));
            }
            Some(Holder::Outside) if !busy => self.effects.push(Effect::SocketReady(outer)),
            _ => {}
        }
    }

    /// The lane that holds the other side of `outer` has too much, or has room again.
    fn set_busy(&mut self, outer: SocketId, busy: bool) {
        let Some(sender) = self.shared.ends.borrow().get(outer).map(|end| end.peer) else { return };
        if busy {
            self.busy.insert(sender);
        } else if self.busy.remove(&sender) {
            self.effects.push(Effect::SocketReady(sender));
        }
    }

    /// Limits the run time of a socket event, if the object asked for that.
    pub(super) fn watch_socket_event(&mut self, number: usize, serial: u64, invocation: u32) {
        if let Some(timeout_ms) = self.objects[number].sockets.borrow().event_timeout_ms() {
            let due_ms = self.world().now_ms() + f64::from(timeout_ms);
            let deadline = self.timers.add(due_ms, Due::SocketEvent { serial, invocation });
            if let Some(instance) = self.instances.get_mut(&serial) {
                instance.set_deadline(invocation, deadline);
            }
        }
    }

    pub(super) fn socket_event_overdue(&mut self, serial: u64, number: u32) {
        let overdue = self.invocation(serial, number).is_some_and(|invocation| !invocation.settled);
        if overdue {
            let message = "Actor exceeded event execution time and was disconnected.";
            self.settle(serial, number, Err(Failure::error(message)));
            self.event(serial, 0, Event::Cancelled { invocation: number });
        }
    }

    /// A response from the network: its socket's inner end is for the guest.
    pub(super) fn adopt_outside(&self, mut response: Response) -> Response {
        if let Some(outer) = response.socket {
            response.socket = self.shared.ends.borrow().get(outer).map(|end| end.peer);
        }
        response
    }

    // ---- other lanes

    pub(super) fn parcel(&mut self, from: usize, parcel: Parcel) {
        match parcel {
            Parcel::Fetch { flight, namespace, id, depth, mut request } => {
                self.adopt_body(from, &mut request.body);
                let number = self.object_number(namespace, &id);
                let origin = super::instance::Origin::Flight { lane: from, flight };
                self.deliver(number, Delivery::Fetch { origin, depth, request });
            }
            Parcel::Response(flight, result) => {
                let result = result.map(|response| self.adopt_response(from, response));
                self.flight_answered(flight, result);
            }
            Parcel::CancelFlight(flight) => {
                self.origin_gone(&super::instance::Origin::Flight { lane: from, flight });
            }
            Parcel::Stream(stream, signal) => self.stream_signal(Some(from), stream, signal),
            Parcel::Socket(socket, arrival) => {
                self.emit(socket, arrival);
                if self.is_full(socket) && self.congested.insert(socket) {
                    self.tell_sender(socket, true);
                }
            }
            Parcel::Busy(socket, busy) => self.set_busy(socket, busy),
            Parcel::Link(socket, theirs) => self.change_holder(socket, Holder::Lane(from, theirs)),
        }
    }

    fn adopt_body(&mut self, from: usize, body: &mut Body) {
        if let Body::Stream { id, .. } = body {
            *id = self.streams.open(Party::Lane(from, *id), Party::Nobody);
        }
    }

    fn adopt_response(&mut self, from: usize, mut response: Response) -> Response {
        self.adopt_body(from, &mut response.body);
        if let Some(theirs) = response.socket {
            let (outer, inner) = self.shared.ends.borrow_mut().pair(Holder::Lane(from, theirs), Holder::Nobody);
            self.effects.push(Effect::Parcel(from, Parcel::Link(theirs, outer)));
            response.socket = Some(inner);
        }
        response
    }

    /// Whether an instance has an open socket that it accepted with `accept()` or opened itself.
    pub(super) fn has_standard_socket(&self, serial: u64) -> bool {
        self.shared.ends.borrow().of_instance(serial).any(|(_, end)| is_open(end))
    }

    /// How many of both kinds: accepted with `accept()`, opened itself.
    pub(super) fn count_sockets(&self, serial: u64) -> (usize, usize) {
        let ends = self.shared.ends.borrow();
        let open = ends.of_instance(serial).filter(|(_, end)| is_open(end));
        open.fold((0, 0), |(standard, outgoing), (_, end)| match end.outgoing {
            true => (standard, outgoing + 1),
            false => (standard + 1, outgoing),
        })
    }
}

fn is_open(end: &End) -> bool {
    end.mode == Mode::Standard && !end.sent_close
}
