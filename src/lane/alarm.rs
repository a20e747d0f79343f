//! Alarms: when the handler runs, and what becomes of the alarm afterwards (reference §1.11).
//!
//! The time of an alarm is in the object's own database, in the same transaction as everything else. An index per
//! namespace repeats it, so that a start of emu need not open every database.
//!
//! Invariant: the index may say too early, never too late.

use super::instance::Origin;
use super::object::Delivery;
use super::{Due, Lane};
use crate::core::alarm::{Attempts, RunEnd, Verdict, judge};
use crate::core::id::lane_of;
use crate::storage::Alarm;
use crate::world;
use emu_abi::{Failure, Invoke, LogLevel, ObjectId};

const NS_PER_MS: f64 = 1e6;
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
                    self.schedule_alarm(number, at_ns);
                }
            }
        }
        Ok(())
    }

    fn schedule_alarm(&mut self, number: usize, at_ns: i64) {
        self.timers.add((at_ns as f64 / NS_PER_MS).ceil(), Due::Alarm { number, at_ns });
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
        if let Some(at_ns) = at_ns {
            self.schedule_alarm(number, at_ns);
        }
        Ok(())
    }

    /// The time that a timer was set for has come.
    pub(super) fn alarm_due(&mut self, number: usize, at_ns: i64) {
        let alarm = &self.objects[number].alarm;
        let current = alarm.indexed_ns == Some(at_ns);
        if current && alarm.running_ns.is_none() && alarm.retry_due_ms.is_none() {
            self.deliver(number, Delivery::Alarm);
        }
    }

    /// The time of a retry has come.
    pub(super) fn retry_due(&mut self, number: usize, due_ms: f64) {
        if self.objects[number].alarm.retry_due_ms == Some(due_ms) {
            self.objects[number].alarm.retry_due_ms = None;
            self.deliver(number, Delivery::Alarm);
        }
    }

    /// Prepares a run of the handler, if there still is an alarm to run.
    pub(super) fn begin_alarm(&mut self, number: usize, serial: u64) -> Option<(u32, Invoke)> {
        let now_ms = self.world().now_ms();
        let stored_ns = match self.objects[number].storage.alarm_ns() {
            Ok(stored_ns) => stored_ns?,
            Err(failure) => {
                self.log_object(number, LogLevel::Error, format!("the alarm cannot be read: {failure}"));
                return None;
            }
        };
        let object = &mut self.objects[number];
        if object.alarm.running_ns.is_some() {
            return None;
        }
        let instance = self.instances.get_mut(&serial)?;
        let face = instance.isolate.host_mut().object.as_mut()?;
        if !face.has_alarm_handler {
            let message = "the alarm is dropped: the class has no `alarm()` handler".to_owned();
            self.log_object(number, LogLevel::Error, message);
            self.clear_alarm(number);
            return None;
        }
        face.running_alarm_ns = Some(stored_ns);
        object.alarm.running_ns = Some(stored_ns);
        object.alarm.retry_due_ms = None;
        let retry_count = object.alarm.attempts.counted;
        let invocation = instance.begin(Origin::Alarm, now_ms);
        self.timers.add(now_ms + MAX_RUN_MS, Due::AlarmTooLong { serial, invocation });
        Some((invocation, Invoke::Alarm { retry_count, scheduled_ms: (stored_ns as f64 / NS_PER_MS).floor() }))
    }

    /// A run of the handler has ended.
    pub(super) fn alarm_ended(&mut self, number: usize, end: RunEnd) {
        let Some(ran_for_ns) = self.objects[number].alarm.running_ns.take() else { return };
        let face = self.objects[number].instance.and_then(|serial| self.instances.get_mut(&serial));
        let face = face.and_then(|instance| instance.isolate.host_mut().object.as_mut());
        // The handler has replaced or deleted the alarm it ran for. Without an instance its writes decide.
        let mut replaced = face.is_some_and(|face| face.running_alarm_ns.take().is_none());
        let stored_ns = self.objects[number].storage.alarm_ns().ok().flatten();
        replaced |= stored_ns != Some(ran_for_ns);
        if replaced {
            self.objects[number].alarm.attempts = Attempts::default();
            if let Some(at_ns) = stored_ns {
                self.schedule_alarm(number, at_ns);
            }
            return;
        }
        let jitter = world::fraction(self.world());
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
                self.timers.add(due_ms, Due::AlarmRetry { number, due_ms });
            }
        }
    }

    /// The instance ended while the handler was running.
    pub(super) fn alarm_interrupted(&mut self, number: usize) {
        let end = std::mem::take(&mut self.objects[number].alarm.fate);
        self.alarm_ended(number, end);
    }

    pub(super) fn alarm_too_long(&mut self, serial: u64, invocation: u32) {
        if self.invocation(serial, invocation).is_some_and(|invocation| invocation.origin == Origin::Alarm) {
            let failure = Failure::error("Alarm exceeded its allowed execution time");
            self.settle(serial, invocation, Err(failure));
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
        self.index_alarm(number)
    }
}
