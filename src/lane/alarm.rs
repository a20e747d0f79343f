//! Alarms: when the handler runs, and what becomes of the alarm afterwards (reference §1.11).
//!
//! The time of an alarm is in the object's own database, in the same transaction as everything else. An index per
//! namespace repeats it, so that a start of emu need not open every database.
//!
//! Invariant: the index may say too early, never too late.

use super::instance::Origin;
use super::object::{Delivery, Gated};
use super::{Due, Lane};
use crate::core::alarm::{Attempts, RunEnd, Verdict, judge};
use crate::core::id::lane_of;
use crate::storage::Alarm;
use crate::world;
use emu_abi::{Event, Failure, Invoke, LogLevel, ObjectId};

/// The longest run of `alarm()` (reference §1.11).
const MAX_RUN_MS: f64 = 15.0 * 60.0 * 1000.0;

impl Lane {
    /// Takes up the alarms of this lane's objects from the index on disk.
    pub(super) fn restore_alarms(&mut self) -> crate::error::Result<()> {
        for namespace in 0..self.namespaces.len() {
            let index = self.storage.alarms(&self.namespaces[namespace].unique_key);
            for Alarm { id: bytes, at_ns, name } in index.all()? {
                if lane_of(&bytes, self.lanes) == self.me {
                    let number = self.object_number(namespace, &ObjectId { bytes, name });
                    self.objects[number].alarm.indexed_ns = Some(at_ns);
                    self.arm(number);
                }
            }
        }
        Ok(())
    }

    /// Sets the one timer of an object's alarm: for the retry if one is due, else for the stored time.
    fn arm(&mut self, number: usize) {
        let alarm = &mut self.objects[number].alarm;
        let retry_ms = alarm.retry_due_ms;
        let due_ms = retry_ms.or_else(|| alarm.indexed_ns.map(|at_ns| ms_of(at_ns).ceil()));
        let armed = alarm.timer.take();
        let busy = alarm.running_ns.is_some() || alarm.waiting;
        if let Some(key) = armed {
            self.timers.cancel(key);
        }
        if let (Some(due_ms), false) = (due_ms, busy) {
            self.objects[number].alarm.timer = Some(self.timers.add(due_ms, Due::Alarm { number, is_late: false }));
        }
    }

    /// Before a commit: an alarm that comes earlier than the index says is indexed now.
    pub(super) fn index_alarm_early(&mut self, number: usize) -> Result<(), Failure> {
        let stored_ns = self.objects[number].storage.alarm_ns()?;
        let indexed_ns = self.objects[number].alarm.indexed_ns;
        if stored_ns.is_some_and(|stored| indexed_ns.is_none_or(|indexed| stored < indexed)) {
            self.write_index(number, stored_ns)?;
        }
        Ok(())
    }

    /// After a commit: the index says what is stored.
    pub(super) fn index_alarm(&mut self, number: usize) -> Result<(), Failure> {
        let stored_ns = self.objects[number].storage.alarm_ns()?;
        if stored_ns != self.objects[number].alarm.indexed_ns {
            self.write_index(number, stored_ns)?;
        }
        Ok(())
    }

    fn write_index(&mut self, number: usize, at_ns: Option<i64>) -> Result<(), Failure> {
        let object = &mut self.objects[number];
        let index = self.storage.alarms(&self.namespaces[object.namespace].unique_key);
        let written = match at_ns {
            Some(at_ns) => index.set(&object.id.bytes, at_ns, object.id.name.as_deref()),
            None => index.remove(&object.id.bytes),
        };
        written.map_err(|error| Failure {
            durable_object_reset: true,
            ..Failure::error(format!("the alarm could not be recorded: {error}"))
        })?;
        object.alarm.indexed_ns = at_ns;
        if object.alarm.running_ns.is_none() {
            // A new time replaces the retry of a run that failed.
            object.alarm.attempts = Attempts::default();
            object.alarm.retry_due_ms = None;
        }
        self.arm(number);
        Ok(())
    }

    /// The time of the alarm, or of its retry, has come. It may be late, once.
    pub(super) fn alarm_due(&mut self, number: usize, is_late: bool) {
        let delay_ms = if is_late { 0.0 } else { self.alarm_delay_ms(number) };
        if delay_ms > 0.0 {
            let due_ms = self.world().now_ms() + delay_ms;
            self.objects[number].alarm.timer = Some(self.timers.add(due_ms, Due::Alarm { number, is_late: true }));
            return;
        }
        self.objects[number].alarm.timer = None;
        self.deliver_alarm(number, false);
    }

    /// Queues a run of the handler. `forced` runs it although its time has not come.
    pub(super) fn deliver_alarm(&mut self, number: usize, forced: bool) {
        let alarm = &mut self.objects[number].alarm;
        if alarm.running_ns.is_none() && !alarm.waiting {
            alarm.waiting = true;
            self.deliver(number, Delivery::Alarm { forced });
        }
    }

    /// Prepares a run of the handler, if there still is an alarm to run.
    pub(super) fn begin_alarm(&mut self, number: usize, serial: u64, forced: bool) -> Option<(u32, Invoke)> {
        self.objects[number].alarm.waiting = false;
        let stored_ns = match self.objects[number].storage.alarm_ns() {
            Ok(stored_ns) => stored_ns,
            Err(failure) => {
                self.log_object(number, LogLevel::Error, format!("the alarm cannot be read: {failure}"));
                self.judge_alarm(number, RunEnd::Interrupted);
                return None;
            }
        };
        let now_ms = self.world().now_ms();
        // A retry runs at its own time, whatever the stored one: `emu do alarm run` may have run it early.
        let forced = forced || self.objects[number].alarm.retry_due_ms.is_some_and(|due_ms| due_ms <= now_ms);
        let due_ns = stored_ns.filter(|stored_ns| forced || ms_of(*stored_ns) <= now_ms);
        let Some(due_ns) = due_ns else {
            // Woken in vain: the alarm was deleted or moved, and the index did not know yet.
            self.correct_index(number, stored_ns);
            return None;
        };
        let instance = self.instances.get_mut(&serial)?;
        if !instance.with_face(|face| face.has_alarm_handler)? {
            let message = "the alarm is dropped: the class has no `alarm()` handler".to_owned();
            self.log_object(number, LogLevel::Error, message);
            self.clear_alarm(number);
            return None;
        }
        instance.with_face(|face| face.running_alarm_ns = Some(due_ns));
        let alarm = &mut self.objects[number].alarm;
        alarm.running_ns = Some(due_ns);
        alarm.thrown = None;
        alarm.retry_due_ms = None;
        let retry_count = alarm.attempts.counted;
        let invocation = instance.begin(Origin::Alarm, 0, now_ms);
        let deadline = self.timers.add(now_ms + MAX_RUN_MS, Due::AlarmTooLong { serial, invocation });
        instance.set_deadline(invocation, deadline);
        Some((invocation, Invoke::Alarm { retry_count, scheduled_ms: ms_of(due_ns).floor() }))
    }

    fn correct_index(&mut self, number: usize, stored_ns: Option<i64>) {
        let alarm = &mut self.objects[number].alarm;
        alarm.retry_due_ms = None;
        alarm.is_repeat = false;
        alarm.attempts = Attempts::default();
        if self.objects[number].alarm.indexed_ns == stored_ns {
            self.arm(number);
        } else if let Err(failure) = self.write_index(number, stored_ns) {
            self.log_object(number, LogLevel::Error, failure.to_string());
        }
    }

    /// A run of the handler has ended.
    pub(super) fn alarm_ended(&mut self, number: usize, end: RunEnd) {
        let Some(ran_for_ns) = self.objects[number].alarm.running_ns.take() else { return };
        let is_repeat = std::mem::take(&mut self.objects[number].alarm.is_repeat);
        let instance = self.objects[number].instance.and_then(|serial| self.instances.get(&serial));
        let shown = instance.and_then(|instance| instance.with_face(|face| face.running_alarm_ns.take()));
        // The handler has replaced or deleted the alarm it ran for. Without an instance its writes decide.
        let mut replaced = shown.is_some_and(|ran_for| ran_for.is_none());
        let stored_ns = self.objects[number].storage.alarm_ns().ok().flatten();
        replaced |= stored_ns != Some(ran_for_ns);
        if replaced {
            self.objects[number].alarm.attempts = Attempts::default();
            self.arm(number);
        } else if is_repeat && end == RunEnd::Failed {
            // That it has succeeded is heard after all: what it needed may be used up.
            self.judge_alarm(number, RunEnd::Succeeded);
        } else if end == RunEnd::Succeeded && !is_repeat && self.alarm_runs_again(number) {
            // At once: nothing the object does in between may see that its alarm is still there.
            self.objects[number].alarm.is_repeat = true;
            self.objects[number].alarm.waiting = true;
            self.objects[number].gate.arrive_first(Gated::Delivery(Delivery::Alarm { forced: true }));
            self.wake(number);
        } else {
            self.judge_alarm(number, end);
        }
    }

    /// A run that could not begin: the constructor failed, or the object was reset while it waited.
    pub(super) fn alarm_refused(&mut self, number: usize, end: RunEnd) {
        self.objects[number].alarm.waiting = false;
        self.objects[number].alarm.is_repeat = false;
        self.judge_alarm(number, end);
    }

    fn judge_alarm(&mut self, number: usize, end: RunEnd) {
        let jitter = world::fraction(self.world(), self.objects[number].whose);
        match judge(self.objects[number].alarm.attempts, end, jitter) {
            Verdict::Done => self.clear_alarm(number),
            Verdict::GiveUp => {
                self.log_object(number, LogLevel::Error, "the alarm is abandoned: it failed too often".into());
                self.clear_alarm(number);
            }
            Verdict::Retry { in_ms, attempts } => {
                let due_ms = self.world().now_ms() + in_ms.ceil();
                let alarm = &mut self.objects[number].alarm;
                alarm.attempts = attempts;
                alarm.retry_due_ms = Some(due_ms);
                self.arm(number);
            }
        }
    }

    pub(super) fn alarm_too_long(&mut self, serial: u64, invocation: u32) {
        if self.invocation(serial, invocation).is_some_and(|invocation| invocation.origin == Origin::Alarm) {
            let failure = Failure::error("Alarm exceeded its allowed execution time");
            self.settle(serial, invocation, Err(failure));
            self.event(serial, 0, Event::Cancelled { invocation });
        }
    }

    fn clear_alarm(&mut self, number: usize) {
        self.objects[number].alarm.attempts = Attempts::default();
        let storage = self.objects[number].storage.clone();
        let cleared = storage.set_alarm_ns(None).and_then(|()| self.commit_outside_turn(number));
        if let Err(failure) = cleared {
            self.log_object(number, LogLevel::Error, format!("the alarm cannot be cleared: {failure}"));
        }
    }

    /// Commits what was written for an object by emu itself.
    pub(super) fn commit_outside_turn(&mut self, number: usize) -> Result<(), Failure> {
        self.index_alarm_early(number)?;
        self.objects[number].storage.commit().map_err(|error| error.failure)?;
        if self.storage.needs_flush() {
            self.alarms_to_index.push(number);
            return Ok(());
        }
        self.index_alarm(number)
    }

    /// What the flush has made durable is indexed.
    pub(super) fn index_flushed_alarm(&mut self, number: usize) {
        if let Err(failure) = self.index_alarm(number) {
            self.log_object(number, LogLevel::Error, failure.to_string());
        }
    }
}

/// A time in milliseconds. Nanoseconds since the epoch are too many for a float, so whole milliseconds are split off first.
pub(super) fn ms_of(at_ns: i64) -> f64 {
    at_ns.div_euclid(1_000_000) as f64 + at_ns.rem_euclid(1_000_000) as f64 / 1e6
}
