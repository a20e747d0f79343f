//! What a lane says for the log: guests' own lines, what happens to objects, errors that nobody caught.
//!
//! Invariant: says only; nothing is decided here.

use super::Lane;
use super::instance::Owner;
use super::message::Effect;
use super::thrown::{LogLine, Thrown, Uncaught};
use crate::core::id::hex;
use emu_abi::{Failure, LogLevel};
use std::sync::Arc;

impl Lane {
    /// A line that a guest logged.
    pub(super) fn log_guest(&mut self, serial: u64, level: LogLevel, message: String) {
        let Some(instance) = self.instances.get(&serial) else { return };
        let (worker, sources) = (Arc::clone(&instance.prepared.name), instance.prepared.sources.clone());
        let object = instance.owner.object().map(|number| self.object_label(number));
        self.effects.push(Effect::Log(LogLine { level, worker, object, message, sources }));
    }

    /// A line about an object.
    pub(super) fn log_object(&mut self, number: usize, level: LogLevel, message: String) {
        let worker = self.namespaces[self.objects[number].namespace].worker;
        let worker = Arc::clone(&self.workers[worker].prepared.name);
        let object = Some(self.object_label(number));
        self.effects.push(Effect::Log(LogLine { level, worker, object, message, sources: None }));
    }

    /// A line about a worker.
    pub(super) fn log_worker(&mut self, worker: usize, level: LogLevel, message: String) {
        let worker = Arc::clone(&self.workers[worker].prepared.name);
        self.effects.push(Effect::Log(LogLine { level, worker, object: None, message, sources: None }));
    }

    /// A line about an instance.
    pub(super) fn log_owner(&mut self, owner: Owner, level: LogLevel, message: String) {
        match owner {
            Owner::Object(number) => self.log_object(number, level, message),
            Owner::Worker(worker) => self.log_worker(worker, level, message),
        }
    }

    /// An error that ended `what` in an instance, and that no client is told of.
    pub(super) fn report_uncaught(&mut self, serial: u64, what: &'static str, thrown: Thrown) {
        let Some(instance) = self.instances.get(&serial) else { return };
        let worker = Arc::clone(&instance.prepared.name);
        let object = instance.owner.object().map(|number| self.object_label(number));
        self.effects.push(Effect::Uncaught(Uncaught { worker, object, what, thrown }));
    }

    /// An error that came out of an invocation, with where it was thrown first.
    pub(super) fn thrown(&self, serial: u64, number: u32, failure: Failure) -> Thrown {
        let Some(instance) = self.instances.get(&serial) else { return failure.into() };
        let caught = instance.invocations.get(&number).and_then(|invocation| invocation.caught.as_deref());
        match caught.filter(|caught| caught.is_passed_on_as(&failure)) {
            Some(caught) => {
                let failure = Failure { stack: caught.failure.stack.clone(), ..failure };
                Thrown { failure, ..caught.clone() }
            }
            None => Thrown { failure, sources: instance.prepared.sources.clone(), is_reported: false },
        }
    }

    /// How the log and the control commands call an object: `Class/name`, or `Class/id` where no name is known.
    pub(super) fn object_label(&self, number: usize) -> String {
        let object = &self.objects[number];
        let class = &self.namespaces[object.namespace].class;
        match &object.id.name {
            Some(name) => format!("{class}/{name}"),
            None => format!("{class}/{}", hex(&object.id.bytes)),
        }
    }
}
