//! One turn: deliver an event, commit what was written, act on what was said.
//!
//! This is where the output gate is: nothing a guest said in a turn leaves before the turn's writes are committed. With
//! `--durability full` it waits for the lane's next flush as well.
//!
//! Invariant: outputs of one instance keep their order.

use super::call::Caller;
use super::instance::{Origin, Owner};
use super::{Held, Lane};
use crate::bindings::{Output, Said};
use crate::core::alarm::RunEnd;
use crate::core::socket::Arrival;
use crate::isolate::Death;
use crate::storage::is_constraint_violation;
use crate::world::TraceKind;
use emu_abi::{Event, Failure, LogLevel, Op, SocketEvent, Turn};
use std::collections::BTreeSet;

/// The platform's message for a handler that can never finish (reference §2.2).
pub(super) const HUNG: &str = "The Workers runtime canceled this request because it detected that your Worker's code \
had hung and would never generate a response. Refer to: https://developers.cloudflare.com/workers/observability/errors/";

/// What became of what an object wrote in a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writes {
    /// It is committed, or there was nothing: what the object said may be acted upon.
    Settled,
    /// The commit takes its time, and what the object said waits for it.
    Late,
    /// The object was reset: what it said is not heard.
    Lost,
}

impl Lane {
    /// Delivers `event` to an instance, if it still runs.
    pub(super) fn turn(&mut self, serial: u64, event: Event) {
        self.turns += 1;
        let Some(owner) = self.instances.get(&serial).map(|instance| instance.owner) else { return };
        self.trace_turn(serial, owner, &event);
        let (now_ms, whose) = (self.world().now_ms(), self.whose(owner));
        let Some(instance) = self.instances.get(&serial) else { return };
        let taken = match &event {
            Event::Socket { socket, event: SocketEvent::Message(message) } => Some((*socket, message.len())),
            _ => None,
        };
        let mut isolate = instance.home.isolate.borrow_mut();
        isolate.host_mut().whose = whose;
        if matches!(event, Event::Invoke { .. } | Event::Construct { .. }) {
            isolate.refill_cpu();
        }
        let turn_ms = now_ms + instance.skew_ms;
        self.storage.set_time_ms(turn_ms as i64);
        let ran = isolate.turn(&Turn { now_ms: turn_ms, event });
        self.storage.set_time_ms(now_ms as i64);
        let log = std::mem::take(&mut isolate.host_mut().log);
        drop(isolate);
        if let Some((socket, len)) = taken {
            self.socket_taken(socket, len);
        }
        for (level, message) in log {
            self.log_guest(serial, level, message);
        }
        match (ran, self.is_colocated) {
            (Ok(()), false) => self.finish_turn(serial, owner),
            (Ok(()), true) => self.finish_shared_turn(serial),
            (Err(death), false) => self.died(serial, owner, &death),
            (Err(death), true) => self.shared_isolate_died(serial, &death),
        }
    }

    fn finish_turn(&mut self, serial: u64, owner: Owner) {
        let Some(instance) = self.instances.get(&serial) else { return };
        let outputs = instance.home.isolate.borrow_mut().host_mut().take_outputs();
        let held = |said| Held { serial, said };
        if let Owner::Object(number) = owner {
            match self.settle_writes(number, serial) {
                Writes::Settled => {}
                Writes::Late => {
                    self.hold_late(number, outputs.into_iter().map(held));
                    return self.after_turn(serial);
                }
                Writes::Lost => return,
            }
        }
        if self.storage.needs_flush() || !self.held.is_empty() {
            self.held.extend(outputs.into_iter().map(held));
            return;
        }
        for said in outputs {
            self.act(serial, said);
        }
        self.after_turn(serial);
    }

    /// Commits what an object wrote in a turn, unless the commit takes its time.
    pub(super) fn settle_writes(&mut self, number: usize, serial: u64) -> Writes {
        if let Some((failure, run_end)) = self.strike_before_commit(number) {
            self.reset(number, &failure, run_end);
            return Writes::Lost;
        }
        if self.commits_late(number) {
            return Writes::Late;
        }
        self.commit_writes(number, serial)
    }

    /// Commits what an object has written. Never [`Writes::Late`].
    pub(super) fn commit_writes(&mut self, number: usize, serial: u64) -> Writes {
        let has_writes = self.objects[number].storage.has_writes();
        if let Err(failure) = self.commit(number, serial) {
            self.log_object(number, LogLevel::Error, failure.to_string());
            let run_end = if is_constraint_violation(&failure) { RunEnd::Failed } else { RunEnd::Interrupted };
            self.reset(number, &failure, run_end);
            return Writes::Lost;
        }
        if has_writes {
            self.trace_object(number, TraceKind::Commit, "its writes are durable");
        }
        if has_writes && self.strikes_after_commit(number) {
            self.crash(number);
            return Writes::Lost;
        }
        Writes::Settled
    }

    /// Commits what the turn wrote. The alarm's place in the index is moved earlier before the commit and later after
    /// it, so that a crash in between can wake the object in vain but never lose its alarm (reference §1.11).
    pub(super) fn commit(&mut self, number: usize, serial: u64) -> Result<(), Failure> {
        let instance = self.instances.get(&serial);
        let touched = instance.and_then(|instance| instance.with_face(|face| std::mem::take(&mut face.alarm_touched)));
        let touched = touched.unwrap_or(false);
        if touched {
            self.index_alarm_early(number)?;
        }
        let committed = self.objects[number].storage.commit().map_err(|error| error.failure)?;
        match (touched, committed) {
            (false, _) => {}
            // A transaction is held open over turns: what it did to the alarm is not true before it is committed.
            (true, false) if self.objects[number].storage.has_writes() => self.touch_alarm(serial),
            (true, _) if self.storage.needs_flush() => self.alarms_to_index.push(number),
            (true, _) => self.index_alarm(number)?,
        }
        Ok(())
    }

    fn touch_alarm(&mut self, serial: u64) {
        if let Some(instance) = self.instances.get(&serial) {
            instance.with_face(|face| face.alarm_touched = true);
        }
    }

    /// Lets out what was held back for the lane's flush.
    pub(super) fn release_held(&mut self) {
        let flushed = self.storage.flush();
        let held = std::mem::take(&mut self.held);
        let alarms = std::mem::take(&mut self.alarms_to_index);
        match flushed {
            Ok(()) => alarms.into_iter().for_each(|number| self.index_flushed_alarm(number)),
            Err(error) => {
                let report = crate::error::report(&error);
                let failure = Failure { durable_object_reset: true, ..Failure::error(report) };
                let object_of =
                    |held: &Held| self.instances.get(&held.serial).and_then(|instance| instance.owner.object());
                let objects: BTreeSet<usize> = held.iter().filter_map(object_of).chain(alarms).collect();
                // What workers said does not depend on this disk and is acted upon below.
                for number in objects {
                    self.reset(number, &failure, RunEnd::Interrupted);
                }
            }
        }
        // Only when all that a turn said has been acted upon can be told whether its instance is idle.
        let instances: BTreeSet<u64> = held.iter().map(|held| held.serial).collect();
        for Held { serial, said } in held {
            self.act(serial, said);
        }
        for serial in instances {
            self.after_turn(serial);
        }
    }

    pub(super) fn act(&mut self, serial: u64, said: Said) {
        // An earlier output may have reset the object; what its instance said after that is not heard.
        if !self.instances.contains_key(&serial) {
            return;
        }
        self.check_gate(serial, &said);
        let (stack, output) = match said.output {
            Output::At(stack, output) => (Some(stack), *output),
            output => (None, output),
        };
        self.trace_output(serial, &output, stack.as_deref());
        self.said_at = stack;
        match output {
            Output::Op(op) => self.act_on_op(serial, op),
            Output::Emit(socket, arrival) => self.emit(socket, arrival),
            Output::Accepted(socket) | Output::Hibernatable(socket) => self.take_backlog(socket),
            // A place has no place.
            Output::At(..) => {}
        }
        self.said_at = None;
    }

    fn act_on_op(&mut self, serial: u64, op: Op) {
        match op {
            Op::Settle { invocation, result } => self.settle(serial, invocation, result),
            Op::WaitUntilBegin { invocation } => {
                if let Some(invocation) = self.invocation(serial, invocation) {
                    invocation.waits += 1;
                }
            }
            Op::WaitUntilEnd { invocation, failure } => self.wait_until_ended(serial, invocation, failure),
            Op::Call { call, invocation, section, what } => {
                self.start_call(Caller { serial, call, invocation, section }, what);
            }
            Op::Cancel { call } => self.cancel_call(serial, call),
            Op::LeaveCritical { section, failure } => self.leave_critical(serial, section, failure),
            Op::BodyPull { body, section } => self.pull_for_guest(serial, body, section),
            Op::BodyCancel { body } => self.cancel_for_guest(serial, body),
            Op::BodyChunk { body, bytes } => self.chunk_from_guest(serial, body, bytes.0),
            Op::BodyEnd { body } => self.end_from_guest(serial, body, Ok(())),
            Op::BodyFailed { body, failure } => {
                // Whoever reads it is told that it comes from elsewhere.
                self.end_from_guest(serial, body, Err(Failure { remote: true, ..failure }));
            }
            Op::SocketDrop { socket } => self.drop_socket(serial, socket),
            // `Log` and `Abort` act at once, `Declare` and `Refuse` belong to initialisation: none of them is an output.
            Op::Log { .. } | Op::Abort { .. } | Op::Declare(_) | Op::Refuse(_) => {}
        }
    }

    /// The guest died in a turn.
    pub(super) fn died(&mut self, serial: u64, owner: Owner, death: &Death) {
        if let Death::Cpu(Some(stack)) = death {
            self.world().place(stack);
        }
        match owner {
            Owner::Object(number) => {
                if !matches!(death, Death::Aborted { .. }) {
                    self.log_object(number, LogLevel::Error, format!("the object was reset: {death}"));
                }
                let run_end = match death {
                    Death::Aborted { retry_alarm: false, .. } => RunEnd::Abandoned,
                    _ => RunEnd::Failed,
                };
                self.reset(number, &death.object_failure(), run_end);
            }
            Owner::Worker(worker) => {
                self.log_owner(owner, LogLevel::Error, format!("the isolate was dropped: {death}"));
                if self.workers[worker].instance == Some(serial) {
                    self.workers[worker].instance = None;
                }
                let failure = death.worker_failure();
                self.trace_worker(worker, TraceKind::End, &failure.message);
                self.drop_instance(serial, &failure, RunEnd::Failed);
            }
        }
    }

    /// Looks whether an instance hangs, and whether it is idle now.
    pub(super) fn after_turn(&mut self, serial: u64) {
        let Some(instance) = self.instances.get(&serial) else { return };
        let owner = instance.owner;
        // Requests to one object may settle each other's promises, so only stateless workers can be seen to hang, and those
        // only where no object lives with them.
        if matches!(owner, Owner::Worker(_)) && !self.is_colocated {
            let unsettled = instance.invocations.values().any(|invocation| !invocation.settled);
            if unsettled && instance.calls.is_empty() && self.nothing_can_come(serial) {
                self.cancel_hung(serial);
            }
        }
        match owner {
            Owner::Object(number) if self.struck_at_rest(number) => {}
            Owner::Object(number) => {
                self.wake(number);
                self.consider_idle(number);
            }
            Owner::Worker(worker) => self.drop_if_left_behind(serial, worker),
        }
    }

    /// Whether no event can reach the instance any more that would let its promises settle.
    fn nothing_can_come(&self, serial: u64) -> bool {
        !self.ready.iter().any(|task| task.is_for(serial))
            && !self.streams.may_wake(serial)
            && !self.shared.ends.borrow().may_wake(serial)
    }

    fn cancel_hung(&mut self, serial: u64) {
        let Some(instance) = self.instances.get_mut(&serial) else { return };
        let hung: Vec<u32> = instance
            .invocations
            .iter()
            .filter(|(_, invocation)| !invocation.settled)
            .map(|(number, _)| *number)
            .collect();
        for invocation in hung {
            self.settle(serial, invocation, Err(Failure::error(HUNG)));
            self.event(serial, 0, Event::Cancelled { invocation });
        }
    }

    /// Ends an instance: whoever waits for it gets `failure`, and whatever it waits for is cancelled. A run of its alarm ends
    /// with `run_end`.
    pub(super) fn drop_instance(&mut self, serial: u64, failure: &Failure, run_end: RunEnd) {
        let Some(instance) = self.instances.remove(&serial) else { return };
        instance.home.isolate.borrow_mut().host_mut().put_out(instance.resident);
        self.held.retain(|held| held.serial != serial);
        for key in instance.sections.into_values() {
            self.timers.cancel(key);
        }
        for (_, invocation) in instance.invocations {
            if let Some(deadline) = invocation.deadline {
                self.timers.cancel(deadline);
            }
            self.running.remove(&invocation.origin);
            if !invocation.settled {
                match (&invocation.origin, instance.owner) {
                    (Origin::Alarm, Owner::Object(number)) => self.alarm_ended(number, run_end),
                    (Origin::Socket { socket, last }, Owner::Object(number)) => {
                        self.socket_handled(number, *socket, *last);
                    }
                    (origin, _) => self.answer(origin, Err(failure.clone().into())),
                }
            }
        }
        for call in instance.calls.into_values() {
            self.cancel_kind(call.kind);
        }
        for (stream, produces) in self.streams.of_instance(serial) {
            let notice = match produces {
                true => self.streams.end(stream, Err(failure.clone())).forth,
                false => self.streams.cancel(stream),
            };
            self.notify(notice);
        }
        let bodies: Vec<u32> =
            self.guest_bodies.range((serial, 0)..=(serial, u32::MAX)).map(|((_, body), _)| *body).collect();
        for body in bodies {
            self.guest_bodies.remove(&(serial, body));
        }
        let held: Vec<u32> = self.shared.ends.borrow().of_instance(serial).map(|(socket, _)| socket).collect();
        for socket in held {
            self.emit(socket, Arrival::lost());
        }
    }

    /// Queues an event for an instance, behind the gate if it is an object's.
    pub(super) fn event(&mut self, serial: u64, section: u32, event: Event) {
        match self.instances.get(&serial).map(|instance| instance.owner) {
            Some(Owner::Object(number)) => self.gate_event(number, section, event),
            Some(Owner::Worker(_)) => self.ready.push_back(super::Task::Turn(serial, event)),
            None => {}
        }
    }

    /// Queues what arrived on a socket accepted with `accept()`.
    pub(super) fn socket_event(&mut self, serial: u64, socket: u32, arrival: Arrival) {
        let event = match arrival {
            Arrival::Message(message) => SocketEvent::Message(message),
            Arrival::Close { code, reason, clean } => SocketEvent::Close { code, reason, clean },
            Arrival::Error(failure) => SocketEvent::Error(failure),
        };
        self.event(serial, 0, Event::Socket { socket, event });
    }
}
