//! Driving a world from outside, where no test runs in it: objects by their names, commands that are answered at once,
//! waiting until it is quiet.
//!
//! Invariant: every wait ends, after so many steps or so much virtual time.

use super::{Simulation, Stuck};
use crate::core::id;
use crate::lane::{Answered, Command, Input, Verb};
use crate::world::World;
use emu_abi::{Body, Failure, Headers, ObjectId, Request};
use std::collections::BTreeMap;
use url::Url;

/// Commands from outside and their answers.
#[derive(Default)]
pub(super) struct Outside {
    /// Nothing yet for those that wait.
    answers: BTreeMap<u64, Option<Answered>>,
}

impl Outside {
    /// Takes an answer, if the command came from outside; gives it back if not.
    pub(super) fn answered(&mut self, token: u64, answered: Answered) -> Option<Answered> {
        match self.answers.get_mut(&token) {
            Some(answer) => {
                *answer = Some(answered);
                None
            }
            None => Some(answered),
        }
    }
}

impl Simulation {
    /// The object of a namespace with this name, or whose id these 64 hex digits are.
    pub fn object_named(&self, namespace: usize, name: &str) -> ObjectId {
        let ids = id::Namespace::new(&self.lane.namespaces()[namespace].unique_key);
        match id::parse_hex(name).filter(|_| ids.id_from_string(name).is_ok()) {
            Some(bytes) => ObjectId { bytes, name: None },
            None => ObjectId { bytes: ids.id_from_name(name), name: Some(name.to_owned()) },
        }
    }

    /// Does something with an object, and runs until that is done.
    ///
    /// # Errors
    /// When it never will be, or not within `max_steps` steps. That it was refused is an answer.
    pub fn control_object_now(
        &mut self,
        namespace: usize,
        id: ObjectId,
        verb: Verb,
        max_steps: u64,
    ) -> Result<Answered, Stuck> {
        let token = self.commands.next_token();
        self.outside.answers.insert(token, None);
        self.input(Input::Control(token, Command::Object { namespace, id, verb }));
        let done = self.run_until_some(max_steps, |this| this.outside.answers.get_mut(&token)?.take());
        self.outside.answers.remove(&token);
        done
    }

    /// Runs the alarm of an object, if one is set, until its handler has returned. False if none is set.
    ///
    /// # Errors
    /// As [`Self::control_object_now`]; the inner one when the object has never been used.
    pub fn run_alarm_now(
        &mut self,
        namespace: usize,
        id: &ObjectId,
        max_steps: u64,
    ) -> Result<Result<bool, String>, Stuck> {
        match self.control_object_now(namespace, id.clone(), Verb::AlarmRun, max_steps)? {
            Ok(answer) if answer["ran"] == true => {
                self.run_until_some(max_steps, |this| (!this.lane.alarm_runs(namespace, id)).then_some(()))?;
                Ok(Ok(true))
            }
            Ok(_) => Ok(Ok(false)),
            Err(message) => Ok(Err(message)),
        }
    }

    /// What a query finds in an object's database, rows of values, whatever the object does meanwhile. `None` if the object
    /// has never been used, or a transaction is open in it.
    pub fn look(&mut self, namespace: usize, id: &ObjectId, query: &str) -> Option<Answered> {
        self.lane.look(namespace, id, query)
    }

    /// Runs until nothing is under way, as far as `within_ms` of virtual time suffice. False if they do not.
    ///
    /// # Errors
    /// When it goes on for more than `max_steps` steps.
    pub fn run_until_quiet(&mut self, within_ms: f64, max_steps: u64) -> Result<bool, Stuck> {
        let until_ms = self.world.now_ms() + within_ms;
        let quiet = self.run_within(until_ms, max_steps, |this| this.is_quiet().then_some(()))?;
        Ok(quiet.is_some())
    }

    /// Whether nothing is under way.
    pub fn is_quiet(&self) -> bool {
        !self.effects_wait() && self.lane.is_quiet()
    }

    /// Runs until `found` gives something, or until nothing is left to do before the virtual time `until_ms`.
    ///
    /// # Errors
    /// When it goes on for more than `max_steps` steps.
    pub fn run_within<T>(
        &mut self,
        until_ms: f64,
        max_steps: u64,
        mut found: impl FnMut(&mut Self) -> Option<T>,
    ) -> Result<Option<T>, Stuck> {
        let last = self.steps + max_steps;
        while self.steps < last {
            if let Some(found) = found(self) {
                return Ok(Some(found));
            }
            if !self.effects_wait() && self.next_due_ms().is_none_or(|due_ms| due_ms > until_ms) {
                return Ok(None);
            }
            self.step();
        }
        Err(Stuck::TooLong)
    }

    /// Stops the faults, and runs until no handler runs, nothing is retried and nothing waits to be committed. Faults stay
    /// off.
    ///
    /// # Errors
    /// When that never comes about.
    pub fn settle(&mut self, max_steps: u64) -> Result<(), Stuck> {
        self.world.set_faults(false);
        self.run_until_some(max_steps, |this| (!this.effects_wait() && this.lane.is_at_rest()).then_some(()))
    }

    /// Runs until `found` gives something.
    ///
    /// # Errors
    /// When nothing can happen any more, or after `max_steps` steps.
    pub fn run_until_some<T>(
        &mut self,
        max_steps: u64,
        mut found: impl FnMut(&mut Self) -> Option<T>,
    ) -> Result<T, Stuck> {
        let last = self.steps + max_steps;
        loop {
            if let Some(found) = found(self) {
                return Ok(found);
            }
            if self.steps >= last {
                return Err(Stuck::TooLong);
            }
            if !self.step() {
                return Err(Stuck::Deadlock(self.lane.who_waits()));
            }
            self.watch()?;
        }
    }
}

/// How long a client waits for what is under way: more than a delayed hop takes.
pub const QUIET_MS: f64 = 1000.0;
/// How long a request waits before it is sent again for the first time; twice as long each time after that.
const FIRST_WAIT_MS: f64 = 100.0;
/// It never waits longer than this.
const MAX_WAIT_MS: f64 = 60_000.0;

/// Where requests from outside are sent to; their paths follow.
const ORIGIN: &str = "http://localhost";

/// A request from outside to a path, or to a whole URL.
pub fn request(method: &str, path: &str, headers: &[(String, String)], body: Vec<u8>) -> Request {
    let url = if path.contains("://") { path.to_owned() } else { format!("{ORIGIN}{path}") };
    let mut headers: Headers = headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect();
    if !headers.iter().any(|(name, _)| name == "host") {
        let host = Url::parse(&url).ok().map(|url| url.authority().to_owned());
        headers.push(("host".to_owned(), host.unwrap_or_default()));
    }
    let body = if body.is_empty() { Body::Empty } else { Body::Bytes(body.into()) };
    Request { method: method.to_owned(), url, headers, body, ..Request::default() }
}

/// A request from outside for a WebSocket.
pub fn upgrade(path: &str, headers: &[(String, String)]) -> Request {
    let mut request = request("GET", path, headers, Vec::new());
    let asked = [("connection", "Upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "13")];
    request.headers.extend(asked.map(|(name, value)| (name.to_owned(), value.to_owned())));
    request
}

/// How a client tries again when the platform lost its request.
pub struct Retries {
    left: u32,
    wait_ms: f64,
}

impl Retries {
    /// Up to so many times.
    pub fn new(times: u32) -> Self {
        Self { left: times, wait_ms: FIRST_WAIT_MS }
    }

    /// A request has failed: how long the client waits before it sends it again, in virtual milliseconds. None if it does
    /// not.
    pub fn wait_ms(&mut self, failure: &Failure) -> Option<f64> {
        if self.left == 0 || !is_lost(failure) {
            return None;
        }
        self.left -= 1;
        let longer_ms = (self.wait_ms * 2.0).min(MAX_WAIT_MS);
        Some(std::mem::replace(&mut self.wait_ms, longer_ms))
    }
}

/// Whether an error is the platform's: the request was lost, or refused, and may be sent again.
pub fn is_lost(failure: &Failure) -> bool {
    failure.retryable || failure.overloaded || failure.durable_object_reset
}
