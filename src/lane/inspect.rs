//! What a simulated world asks a lane and `serve` does not: whether it is at rest, copies of all that is stored.
//!
//! Invariant: looks, or puts the whole lane back; nothing here is on the way of an event.

use super::control::{Answered, Command, query_rows};
use super::faults::SlowStart;
use super::instance::{Instance, Origin};
use super::message::FetchId;
use super::object::AlarmState;
use super::{Due, Lane, Namespace};
use crate::core::alarm::RunEnd;
use crate::core::id::hex;
use crate::error::Result;
use crate::storage::Snapshot;
use crate::world::Whose;
use emu_abi::{Event, Failure, ObjectId};

/// What there was at a moment; by default nothing.
#[derive(Default)]
pub(super) struct Kept {
    storage: Snapshot,
    /// How often each object had been started, by its number.
    starts: Vec<u64>,
}

impl Lane {
    /// Whether something is to be done outside.
    pub fn has_effects(&self) -> bool {
        !self.effects.is_empty()
    }

    /// How many turns there were.
    pub fn turns(&self) -> u64 {
        self.turns
    }

    /// The Durable Object namespaces.
    pub fn namespaces(&self) -> &[Namespace] {
        &self.namespaces
    }

    /// The objects that are in memory.
    pub fn running_objects(&self) -> Vec<(usize, ObjectId)> {
        let running = self.objects.iter().filter(|object| object.instance.is_some());
        running.map(|object| (object.namespace, object.id.clone())).collect()
    }

    /// The ids, in hex, of the objects of a namespace that have ever been started, in order.
    pub fn started_ids(&self, namespace: usize) -> Vec<String> {
        let numbers = self.object_numbers.range((namespace, [0; 32])..=(namespace, [255; 32]));
        let started = numbers.filter(|(_, number)| self.objects[**number].starts > 0);
        started.map(|((_, id), _)| hex(id)).collect()
    }

    /// Whether an object has ever been started.
    pub fn is_started(&self, namespace: usize, id: &ObjectId) -> bool {
        let number = self.object_numbers.get(&(namespace, id.bytes));
        number.is_some_and(|number| self.objects[*number].starts > 0)
    }

    /// Whether the alarm of an object runs, or waits for its turn.
    pub fn alarm_runs(&self, namespace: usize, id: &ObjectId) -> bool {
        let number = self.object_numbers.get(&(namespace, id.bytes));
        number.is_some_and(|number| {
            let alarm = &self.objects[*number].alarm;
            alarm.waiting || alarm.running_ns.is_some()
        })
    }

    /// What the alarm handler of an object threw when it ran last, told once.
    pub fn take_alarm_error(&mut self, namespace: usize, id: &ObjectId) -> Option<String> {
        let number = *self.object_numbers.get(&(namespace, id.bytes))?;
        self.objects[number].alarm.thrown.take()
    }

    /// Whether nothing is under way but what clients wait for: no handler, no call, no commit, no retry.
    pub fn is_at_rest(&self) -> bool {
        let busy = |instance: &Instance| {
            let for_clients = |number: u32| {
                let invocation = instance.invocations.get(&number);
                invocation.is_some_and(|invocation| matches!(invocation.origin, Origin::Port(_)))
            };
            instance.invocations.keys().any(|number| !for_clients(*number))
                || instance.calls.values().any(|call| !for_clients(call.invocation))
        };
        !self.instances.values().any(busy)
            && self.late.is_empty()
            && self.socket_events_on_way == 0
            && !self.objects.iter().any(|object| object.alarm.retry_due_ms.is_some() || object.alarm.waiting)
    }

    /// Whether nothing at all is under way: beside [`Self::is_at_rest`], no handler that a client waits for, and no event
    /// that waits for its object to start.
    pub fn is_quiet(&self) -> bool {
        let busy = |instance: &Instance| !instance.invocations.is_empty() || !instance.calls.is_empty();
        self.is_at_rest()
            && self.flights.is_empty()
            && !self.instances.values().any(busy)
            && !self.objects.iter().any(|object| object.gate.waiting() > 0)
    }

    /// What a query finds in an object's database, what is not committed yet included. The query must not write. `None` if the
    /// object has never been used, or a transaction is open in it.
    pub fn look(&mut self, namespace: usize, id: &ObjectId, query: &str) -> Option<Answered> {
        let number = *self.object_numbers.get(&(namespace, id.bytes))?;
        let object = &self.objects[number];
        if object.starts == 0 || object.gate.is_critical() {
            return None;
        }
        Some(query_rows(&object.storage, query, &[]).map_err(|failure| failure.message))
    }

    /// Whether a transaction, or `blockConcurrencyWhile`, is open in any object.
    pub fn is_critical(&self) -> bool {
        let objects = self.instances.values().filter_map(|instance| instance.owner.object());
        objects.into_iter().any(|number| self.objects[number].gate.is_critical())
    }

    /// Whether one is open in the object that a command is for.
    pub fn is_critical_for(&self, command: &Command) -> bool {
        let Command::Object { namespace, id, .. } = command else { return false };
        let number = self.object_numbers.get(&(*namespace, id.bytes));
        number.is_some_and(|number| self.objects[*number].gate.is_critical())
    }

    /// Whose a request to the network is.
    pub fn asker(&self, fetch: FetchId) -> Whose {
        let instance = self.fetches.get(&fetch).and_then(|(serial, _)| self.instances.get(serial));
        instance.map_or(Whose::WORLD, |instance| self.whose(instance.owner))
    }

    /// Nothing can happen any more: handlers that another guest waits for will never settle, and are told so. The last
    /// ones that were called come first. False if there are none.
    pub fn cancel_hung_flights(&mut self) -> bool {
        let hung = self.instances.iter().rev().find_map(|(serial, instance)| {
            let waits = |origin: &Origin| matches!(origin, Origin::Flight { .. });
            let mut unsettled = instance.invocations.iter().rev();
            let found = unsettled.find(|(_, invocation)| !invocation.settled && waits(&invocation.origin));
            found.map(|(number, _)| (*serial, *number))
        });
        let Some((serial, invocation)) = hung else { return false };
        self.note_hung();
        self.settle(serial, invocation, Err(Failure::error(super::turn::HUNG)));
        self.event(serial, 0, Event::Cancelled { invocation });
        self.run();
        true
    }

    /// Keeps a copy of all that is stored, for [`Self::pop_storage`].
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn push_storage(&mut self) -> Result<()> {
        let pending: Vec<usize> = self.late.keys().copied().collect();
        for number in pending {
            self.late_commit_due(number);
        }
        let starts = self.objects.iter().map(|object| object.starts).collect();
        self.snapshots.push(Kept { storage: self.storage.snapshot()?, starts });
        Ok(())
    }

    /// Puts back what the last [`Self::push_storage`] kept. All objects start anew.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn pop_storage(&mut self) -> Result<()> {
        match self.snapshots.pop() {
            Some(kept) => self.put_back(&kept),
            None => self.forget_objects(),
        }
    }

    /// Empties all that is stored. All objects start anew.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn forget_objects(&mut self) -> Result<()> {
        self.put_back(&Kept::default())
    }

    fn put_back(&mut self, kept: &Kept) -> Result<()> {
        let failure = Failure { durable_object_reset: true, ..Failure::error("The storage of the test was put back.") };
        for number in 0..self.objects.len() {
            self.reset(number, &failure, RunEnd::Abandoned);
        }
        self.end_journeys(&failure);
        self.storage.restore(&kept.storage)?;
        for number in 0..self.objects.len() {
            let object = &mut self.objects[number];
            object.starts = kept.starts.get(number).copied().unwrap_or(0);
            object.alarm = AlarmState::default();
            object.slow_start = SlowStart::default();
            object.idle_check = None;
            self.index_flushed_alarm(number);
        }
        self.run();
        Ok(())
    }

    /// What is due of objects that start anew never comes: who waits for their answers gets `failure`.
    fn end_journeys(&mut self, failure: &Failure) {
        let of_objects = |due: &Due| {
            matches!(
                due,
                Due::Alarm { .. }
                    | Due::Start { .. }
                    | Due::Idle { .. }
                    | Due::Arrival(_)
                    | Due::Answer { .. }
                    | Due::SocketArrival { .. }
            )
        };
        for due in self.timers.take_all(of_objects) {
            match due {
                Due::Arrival(travelling) => self.lose_on_its_way(*travelling, failure),
                Due::Answer { flight, result } => {
                    if let Ok(response) = *result {
                        self.drop_response(&response);
                    }
                    self.hand_answer(flight, Err(failure.clone().into()));
                }
                Due::SocketArrival { .. } => self.socket_events_on_way -= 1,
                _ => {}
            }
        }
    }
}
