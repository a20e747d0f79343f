//! Who waits for whom: what a reader is told when nothing can happen any more, or when a handler was given up.
//!
//! Invariant: looks; changes nothing.

use super::Lane;
use super::instance::{CallKind, Instance, Invocation, Origin, Owner};
use emu_abi::{Event, Invoke};
use std::fmt::{self, Display, Formatter};

/// Somebody who waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiter {
    /// The object or the worker; none is the test.
    pub who: Option<String>,
    /// What for.
    pub what: String,
    /// The stack that led to it, as the engine gives it, where places are kept.
    pub stack: Option<String>,
}

impl Display for Waiter {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "{} waits for {}", self.who.as_deref().unwrap_or("the test"), self.what)
    }
}

impl Lane {
    /// Everybody who waits, whoever is the innermost last.
    pub fn who_waits(&self) -> Vec<Waiter> {
        let mut waiters: Vec<Waiter> =
            self.instances.iter().flat_map(|(serial, i)| self.waiters_in(*serial, i)).collect();
        for number in 0..self.objects.len() {
            let waiting = self.objects[number].gate.waiting();
            if waiting > 0 {
                let label = self.object_label(number);
                let who = match waiting {
                    1 => format!("an event for {label}"),
                    waiting => format!("{waiting} events for {label}"),
                };
                waiters.push(Waiter { who: Some(who), what: self.closed_gate(number), stack: None });
            }
        }
        waiters
    }

    fn closed_gate(&self, number: usize) -> String {
        let label = self.object_label(number);
        let object = &self.objects[number];
        let instance = object.instance.and_then(|serial| self.instances.get(&serial));
        let is_starting = instance.is_none_or(|instance| {
            instance.invocations.values().any(|invocation| invocation.origin == Origin::Construct)
        });
        match object.gate.is_critical() {
            true => format!("the end of `blockConcurrencyWhile()` in {label}"),
            false if is_starting => format!("{label} to start"),
            false => format!("{label} to take it"),
        }
    }

    fn waiters_in(&self, serial: u64, instance: &Instance) -> Vec<Waiter> {
        let calls = instance.calls.values().map(|call| Waiter {
            who: self.who(serial, instance, call.invocation),
            what: self.waited_for(&call.kind),
            stack: call.stack.clone(),
        });
        let has_call = |number: u32| instance.calls.values().any(|call| call.invocation == number);
        let idle = instance.invocations.iter().filter(|(number, invocation)| {
            // One that the world itself asks is over as soon as the test is.
            !has_call(**number) && !instance.quiet_invocations.contains(number) && waits_for_itself(invocation)
        });
        let idle = idle.map(|(number, invocation)| Waiter {
            who: self.who(serial, instance, *number),
            what: promise_of(invocation, self.is_tests(serial, *number)),
            stack: instance.last_stack.clone(),
        });
        calls.chain(idle).collect()
    }

    fn who(&self, serial: u64, instance: &Instance, invocation: u32) -> Option<String> {
        if self.is_tests(serial, invocation) {
            return None;
        }
        Some(match instance.owner {
            Owner::Object(number) => self.object_label(number),
            Owner::Worker(worker) => format!("worker {}", self.workers[worker].prepared.name),
        })
    }

    fn waited_for(&self, kind: &CallKind) -> String {
        match kind {
            CallKind::Flight { flight, what } => {
                let object = self.flights.get(flight).and_then(|flown| flown.object);
                match (object, what.split('`').nth(1)) {
                    (Some(number), Some(url)) => format!("{} (fetch {url})", self.object_label(number)),
                    _ => what.clone(),
                }
            }
            CallKind::Internet { url, .. } if url == super::call::WORLD => "its world".into(),
            CallKind::Internet { url, .. } => format!("an answer from {url}"),
            CallKind::Timer { due_ms, .. } => {
                format!("a timer, in {} ms", (due_ms - self.world().now_ms()).max(0.0))
            }
            CallKind::Sync => "`storage.sync()`".into(),
            CallKind::Critical(_) => "a critical section that it cannot enter".into(),
        }
    }

    /// Notes who waits, the first time that somebody is told so instead of being answered.
    pub(super) fn note_hung(&mut self) {
        if self.world().is_traced() && self.hung.is_empty() {
            self.hung = self.who_waits();
        }
    }

    /// Who waited when the first handler was given up.
    pub fn take_hung(&mut self) -> Vec<Waiter> {
        std::mem::take(&mut self.hung)
    }

    /// Remembers what a handler was started for.
    pub(super) fn note_handler(&mut self, serial: u64, event: &Event) {
        let Event::Invoke { invocation, what, .. } = event else { return };
        let text = match what {
            Invoke::Fetch(request) => format!("{} {}", request.method, request.url),
            Invoke::Scheduled { .. } => "scheduled()".into(),
            Invoke::Alarm { .. } => "alarm()".into(),
            Invoke::SocketMessage { .. } => "webSocketMessage()".into(),
            Invoke::SocketClose { .. } => "webSocketClose()".into(),
            Invoke::SocketError { .. } => "webSocketError()".into(),
        };
        if let Some(invocation) = self.invocation(serial, *invocation) {
            invocation.what = Some(text);
        }
    }
}

/// Whether a handler that waits for no call has not ended.
fn waits_for_itself(invocation: &Invocation) -> bool {
    !invocation.settled || invocation.waits > 0
}

fn promise_of(invocation: &Invocation, is_test: bool) -> String {
    let promise = "a promise that nothing settles any more";
    match (&invocation.what, &invocation.origin) {
        _ if is_test => promise.into(),
        _ if invocation.settled => format!("{} promise(s) given to `waitUntil`", invocation.waits),
        (_, Origin::Construct) => format!("{promise}, in its constructor"),
        (Some(what), _) => format!("{promise}, to end {what}"),
        (None, _) => promise.into(),
    }
}
