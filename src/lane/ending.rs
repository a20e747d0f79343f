//! The end of what a stateless worker does for a request. Its answer may still be sent then, and its socket be open; what
//! is left when they end too is cancelled (reference §2.2): timers do not keep a request alive.
//!
//! Invariant: nothing is cancelled that may be another request's.

use super::Lane;
use super::instance::{Instance, Owner};
use crate::core::ends::SocketId;
use crate::core::stream::StreamId;
use emu_abi::Event;
use std::collections::BTreeMap;

/// What of answers is still under way, with the instance and the invocation that gave it.
#[derive(Default)]
pub(super) struct Tails {
    bodies: BTreeMap<StreamId, (u64, u32)>,
    sockets: BTreeMap<SocketId, (u64, u32)>,
    /// Those of sockets that have ended.
    ended: Vec<(u64, u32)>,
}

impl Tails {
    /// An end of a socket was closed, or is lost.
    pub(super) fn socket_over(&mut self, socket: SocketId) {
        self.ended.extend(self.sockets.remove(&socket));
    }
}

impl Lane {
    /// Keeps an invocation of a stateless worker for as long as it produces a body, and holds an end of a socket.
    pub(super) fn follow_answer(&mut self, serial: u64, number: u32, body: Option<StreamId>, socket: Option<SocketId>) {
        let is_worker = self.instances.get(&serial).is_some_and(|instance| matches!(instance.owner, Owner::Worker(_)));
        let Some(invocation) = self.invocation(serial, number).filter(|_| is_worker) else { return };
        invocation.tails = u32::from(body.is_some()) + u32::from(socket.is_some());
        if let Some(body) = body {
            self.tails.bodies.insert(body, (serial, number));
            self.streams.watch(body);
        }
        if let Some(socket) = socket {
            self.tails.sockets.insert(socket, (serial, number));
        }
    }

    /// Ends what was kept for answers that are complete now. False if there was none.
    pub(super) fn end_tails(&mut self) -> bool {
        let mut ended = std::mem::take(&mut self.tails.ended);
        ended.extend(self.streams.take_ended().into_iter().filter_map(|body| self.tails.bodies.remove(&body)));
        let any = !ended.is_empty();
        for (serial, number) in ended {
            if let Some(invocation) = self.invocation(serial, number) {
                invocation.tails = invocation.tails.saturating_sub(1);
                self.end_if_over(serial, number);
            }
        }
        any
    }

    /// Forgets an invocation that is over. What a stateless worker still has under way for it waits for a moment in
    /// which no other request is: who waits for a promise of another request goes on in the name of that one.
    pub(super) fn end_if_over(&mut self, serial: u64, number: u32) {
        let Some(instance) = self.instances.get_mut(&serial) else { return };
        let Some(invocation) = instance.invocations.get(&number) else { return };
        if !invocation.settled || invocation.waits > 0 || invocation.tails > 0 {
            return;
        }
        if invocation.calls > 0 && matches!(instance.owner, Owner::Worker(_)) {
            instance.left_over.insert(number);
        } else {
            instance.invocations.remove(&number);
        }
        if instance.left_over.is_empty() || is_busy(instance) {
            return;
        }
        for number in std::mem::take(&mut instance.left_over) {
            self.cancel_left_over(serial, number);
        }
    }

    fn cancel_left_over(&mut self, serial: u64, number: u32) {
        let Some(instance) = self.instances.get_mut(&serial) else { return };
        instance.invocations.remove(&number);
        let calls = instance.calls.iter().filter(|(_, call)| call.invocation == number);
        let calls: Vec<u32> = calls.map(|(call, _)| *call).collect();
        for call in calls {
            self.cancel_call(serial, call);
        }
        self.event(serial, 0, Event::Cancelled { invocation: number });
    }
}

/// Whether handlers, or promises given to `waitUntil`, are under way.
fn is_busy(instance: &Instance) -> bool {
    instance.invocations.values().any(|invocation| !invocation.settled || invocation.waits > 0)
}
