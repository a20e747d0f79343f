//! Other hosts: what a test answers in their place, and what they were asked.
//!
//! Invariant: a handler runs while the test waits, on the world's thread, one request after the other; so it may count.

use super::World;
use crate::error::Result;
use crate::project::recorded;
use crate::simulate::{Outgoing, Reply, Rule, check_header};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

/// A request that the application made to another host.
pub type Request = Outgoing;

/// What another host answers.
#[derive(Clone, Debug)]
#[must_use = "a handler returns it"]
pub struct Response(Reply);

impl Response {
    /// An empty answer of this status.
    ///
    /// # Panics
    /// When it is not from 200 to 599.
    #[track_caller]
    pub fn new(status: u16) -> Self {
        assert!((200..=599).contains(&status), "a response cannot have the status {status}");
        Self(Reply::Response { status, headers: Vec::new(), body: Vec::new() })
    }

    /// An answer of status 200 with this text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(200).body(text.into())
    }

    /// An answer of status 200 with this JSON.
    pub fn json(value: &Value) -> Self {
        Self::new(200).header("content-type", "application/json").body(value.to_string())
    }

    /// No answer: the connection fails, with this text.
    pub fn fails(message: impl Into<String>) -> Self {
        Self(Reply::Fails(message.into()))
    }

    /// The same with another status.
    ///
    /// # Panics
    /// When it is not from 200 to 599.
    #[track_caller]
    pub fn status(mut self, code: u16) -> Self {
        assert!((200..=599).contains(&code), "a response cannot have the status {code}");
        if let Reply::Response { status, .. } = &mut self.0 {
            *status = code;
        }
        self
    }

    /// Adds a header.
    ///
    /// # Panics
    /// When no response can have it.
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Err(message) = check_header(name, value) {
            panic!("{message}");
        }
        if let Reply::Response { headers, .. } = &mut self.0 {
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        self
    }

    /// Sets the body.
    pub fn body(mut self, bytes: impl AsRef<[u8]>) -> Self {
        if let Reply::Response { body, .. } = &mut self.0 {
            *body = bytes.as_ref().to_vec();
        }
        self
    }
}

impl World {
    /// Answers requests to other hosts from now on; those for which there is `None` are left to what was told before, and
    /// then to what was recorded. What nobody answers is refused. Under loud faults (`fetch-fails`, `fetch-hangs`) a request
    /// may be lost on its way.
    ///
    /// ```no_run
    /// # fn main() -> emu::error::Result<()> {
    /// # let world = emu::World::open("wrangler.jsonc")?;
    /// world.on_fetch(|request| match (request.method.as_str(), request.url.as_str()) {
    ///     ("POST", "https://pay.example/charges") => Some(emu::Response::new(201)),
    ///     _ => None,
    /// });
    /// world.fetch("POST", "/buy", "book");
    /// assert_eq!(world.outgoing().len(), 1, "charged once");
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_fetch(&self, mut handler: impl FnMut(&Request) -> Option<Response> + Send + 'static) {
        self.ask(move |world| {
            world.on_fetch(Box::new(move |request| handler(request).map(|response| response.0)));
        });
    }

    /// All that other hosts were asked since the world began, in the order in which it was, whatever became of it.
    pub fn outgoing(&self) -> Vec<Request> {
        self.ask(|world| world.outgoing().to_vec())
    }
}

/// What was recorded: rules that worlds can share.
pub(super) fn recording(path: &Path) -> Result<Arc<[Rule]>> {
    recorded::read(path).map(Arc::from)
}
