//! Hibernation, eviction and reload: when the instance of an object goes, and what stays (reference §1.14).
//!
//! Invariant: hibernatable sockets, storage and the alarm outlive every instance that is hibernated or evicted.

use super::control::Eviction;
use super::instance::Owner;
use super::object::Gated;
use super::worker::{Prepared, Worker};
use super::{Due, Lane};
use crate::core::alarm::RunEnd;
use crate::core::life::{Blocker, BlockerKind, Decision, Policy, decide};
use crate::core::socket::Arrival;
use crate::world::TraceKind;
use emu_abi::Failure;
use std::sync::Arc;

/// How long an object with work under way may go on with old code after a reload (reference §1.14).
const MAX_STALE_MS: f64 = 30_000.0;

/// What a reload does to objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnReload {
    /// Let them finish, then hibernate them: their sockets stay.
    Hibernate,
    /// Reset them at once, as production does: their sockets are disconnected.
    Reset,
}

impl Lane {
    /// An object may have become idle just now.
    pub(super) fn consider_idle(&mut self, number: usize) {
        if self.objects[number].instance.is_none() {
            return;
        }
        let now_ms = self.world().now_ms();
        self.objects[number].idle_since_ms = now_ms;
        if self.blocker_kinds(number).is_empty() && self.is_evicted_early(number) {
            self.finish_eviction(number);
            return;
        }
        self.decide_idle(number, now_ms);
    }

    /// A timer looks whether an object is still idle.
    pub(super) fn idle_due(&mut self, number: usize) {
        self.objects[number].idle_check = None;
        if self.objects[number].instance.is_some() {
            let now_ms = self.world().now_ms();
            self.decide_idle(number, now_ms);
        }
    }

    fn decide_idle(&mut self, number: usize, now_ms: f64) {
        let kinds = self.blocker_kinds(number);
        if kinds.is_empty() && (self.is_stale(number) || self.objects[number].wanted_eviction.is_some()) {
            self.finish_eviction(number);
            return;
        }
        let worker = self.namespaces[self.objects[number].namespace].worker;
        let io_tasks_prevent_eviction = self.workers[worker].prepared.switches.io_tasks_prevent_eviction;
        let policy = Policy { io_tasks_prevent_eviction, ..self.policy };
        match decide(policy, &kinds, self.objects[number].idle_since_ms, now_ms) {
            Decision::Stay => {}
            Decision::AskAt(at_ms) => {
                // A check that comes earlier asks again for the right time, so that most events set no timer.
                let checked_ms = self.objects[number].idle_check.map(|(checked_ms, _)| checked_ms);
                if checked_ms.is_none_or(|checked_ms| checked_ms > at_ms) {
                    let key = self.timers.add(at_ms, Due::Idle { number });
                    if let Some((_, late)) = self.objects[number].idle_check.replace((at_ms, key)) {
                        self.timers.cancel(late);
                    }
                }
            }
            Decision::Hibernate | Decision::Evict => self.finish_eviction(number),
        }
    }

    /// Drops the instance of an object; its hibernatable sockets stay connected.
    pub(super) fn hibernate(&mut self, number: usize) {
        let message =
            "Connection closed: this Durable Object instance is no longer active. Reconnect or retry the request.";
        let failure = Failure { retryable: true, ..Failure::error(message) };
        self.commit_late(number);
        if self.objects[number].instance.is_some() {
            self.trace_object(number, TraceKind::End, "leaves memory");
            self.objects[number].evictions += 1;
        }
        self.objects[number].gate.instance_gone(|gated| matches!(gated, Gated::Delivery(_)));
        // An alarm whose handler is cut off here has not failed by its own fault.
        self.drop_instance_of(number, &failure, RunEnd::Interrupted);
        self.cut_unanswered(number);
        self.wake(number);
    }

    /// Everything that keeps an object in memory, for the reader.
    pub(super) fn blockers(&self, number: usize) -> Vec<Blocker> {
        let object = &self.objects[number];
        let Some(serial) = object.instance else { return Vec::new() };
        let Some(instance) = self.instances.get(&serial) else { return Vec::new() };
        let mut blockers = instance.blockers();
        let since_ms = object.idle_since_ms;
        let mut add = |kind, count: usize, what: &str| {
            if count > 0 {
                blockers.push(Blocker { kind, what: format!("{count} {what}"), since_ms });
            }
        };
        let (standard, outgoing) = self.count_sockets(serial);
        add(BlockerKind::StandardSocket, standard, "socket(s) accepted with `accept()`");
        add(BlockerKind::OutgoingSocket, outgoing, "socket(s) that the object opened");
        add(BlockerKind::Body, self.streams.of_instance(serial).len(), "body or bodies not read to their end");
        add(BlockerKind::Queued, object.gate.waiting(), "event(s) waiting before the input gate");
        if object.gate.is_critical() {
            add(BlockerKind::CriticalSection, 1, "open critical section (`blockConcurrencyWhile` or `transaction`)");
        }
        blockers
    }

    /// The kinds of all that, without the sentences: asked after every turn.
    fn blocker_kinds(&self, number: usize) -> Vec<BlockerKind> {
        let object = &self.objects[number];
        let Some(serial) = object.instance else { return Vec::new() };
        let Some(instance) = self.instances.get(&serial) else { return Vec::new() };
        let mut kinds = instance.blocker_kinds();
        if object.gate.waiting() > 0 || self.late.contains_key(&number) {
            kinds.push(BlockerKind::Queued);
        }
        if object.gate.is_critical() {
            kinds.push(BlockerKind::CriticalSection);
        }
        if !kinds.is_empty() {
            return kinds;
        }
        if self.has_standard_socket(serial) {
            kinds.push(BlockerKind::StandardSocket);
        }
        if self.streams.has_any(serial) {
            kinds.push(BlockerKind::Body);
        }
        kinds
    }

    /// Takes up new code or configuration of a worker. Requests in flight finish on the old code.
    pub(super) fn reload(&mut self, number: usize, prepared: Arc<Prepared>) {
        let version = self.workers[number].version + 1;
        self.workers[number] = Worker { version, ..Worker::new(prepared) };
        let idle_old: Vec<u64> = self
            .instances
            .iter()
            .filter(|(_, instance)| instance.owner == Owner::Worker(number) && instance.invocations.is_empty())
            .map(|(serial, _)| *serial)
            .filter(|serial| !self.streams.has_any(*serial) && !self.has_standard_socket(*serial))
            .collect();
        for serial in idle_old {
            self.drop_instance(serial, &code_updated(), RunEnd::Interrupted);
        }
        let affected: Vec<usize> = (0..self.objects.len())
            .filter(|object| self.namespaces[self.objects[*object].namespace].worker == number)
            .filter(|object| self.objects[*object].instance.is_some())
            .collect();
        let deadline_ms = self.world().now_ms() + MAX_STALE_MS;
        for object in affected {
            match self.on_reload {
                OnReload::Reset => self.reset(object, &code_updated(), RunEnd::Interrupted),
                OnReload::Hibernate => {
                    self.timers.add(deadline_ms, Due::Stale { number: object, version });
                    let now_ms = self.world().now_ms();
                    self.decide_idle(object, now_ms);
                }
            }
        }
    }

    /// An object that still runs code older than `version` is reset.
    pub(super) fn stale_due(&mut self, number: usize, version: u64) {
        let serial = self.objects[number].instance;
        let running = serial.and_then(|serial| self.instances.get(&serial)).map(|instance| instance.version);
        if running.is_some_and(|running| running < version) {
            match self.on_reload {
                OnReload::Hibernate => self.hibernate(number),
                OnReload::Reset => self.reset(number, &code_updated(), RunEnd::Interrupted),
            }
        }
    }

    fn is_stale(&self, number: usize) -> bool {
        let object = &self.objects[number];
        let instance = object.instance.and_then(|serial| self.instances.get(&serial));
        instance
            .is_some_and(|instance| instance.version != self.workers[self.namespaces[object.namespace].worker].version)
    }

    /// Carries out an eviction that waited for the object to become idle.
    pub(super) fn finish_eviction(&mut self, number: usize) {
        self.hibernate(number);
        if let Some(Eviction { token, close_sockets, .. }) = self.objects[number].wanted_eviction.take() {
            if close_sockets {
                let sockets = self.objects[number].sockets.borrow_mut().clear();
                for socket in sockets {
                    self.emit(socket, Arrival::lost());
                }
            }
            let label = self.object_label(number);
            self.answer_control(token, Ok(serde_json::json!({ "object": label, "evicted": true })));
        }
    }

    /// Drops an instance of a stateless worker that a reload has left behind and that has finished.
    pub(super) fn drop_if_left_behind(&mut self, serial: u64, worker: usize) {
        let finished = self.instances.get(&serial).is_some_and(|instance| instance.invocations.is_empty());
        let left_behind = self.workers[worker].instance != Some(serial);
        if finished && left_behind && !self.streams.has_any(serial) && !self.has_standard_socket(serial) {
            self.drop_instance(serial, &code_updated(), RunEnd::Interrupted);
        }
    }
}

pub(super) fn code_updated() -> Failure {
    let message = "Durable Object reset because its code was updated.";
    Failure { retryable: true, durable_object_reset: true, ..Failure::error(message) }
}
