//! Requests from outside, and what is answered.
//!
//! Invariant: only a request that the platform lost is ever sent again; an answer of the worker is an answer.

use super::{Client, MAX_STEPS, World, finished};
use crate::lane::Thrown;
use crate::simulate::{self, Client as Socket, Retries, Simulation, Stuck};
use crate::world::World as _;
use emu_abi::Request;
use serde_json::Value;
use std::sync::Arc;

/// What was answered.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// 101, or 200 to 599.
    pub status: u16,
    /// The headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// All of the body; where the worker threw an error, its text.
    pub body: Vec<u8>,
    /// The platform lost the request, or refused it: it may or may not have had its effect.
    pub is_lost: bool,
    socket: Option<Socket>,
}

impl Answer {
    fn of(answer: simulate::Answer) -> Self {
        Self {
            status: answer.status,
            headers: answer.headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect(),
            body: answer.body,
            is_lost: false,
            socket: answer.socket.map(Socket),
        }
    }

    fn of_error(thrown: &Thrown) -> Self {
        let is_lost = simulate::is_lost(&thrown.failure);
        Self { status: 500, body: thrown.text().into_bytes(), is_lost, ..Self::default() }
    }

    /// The first header of a name, which is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("the answer is no JSON: {error}: {} {}", self.status, self.text()),
        }
    }
}

/// A request that is being put together.
#[must_use = "it is not sent yet"]
pub struct RequestBuilder<'a> {
    world: &'a World,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    retries: u32,
}

impl<'a> RequestBuilder<'a> {
    pub(super) fn new(world: &'a World, method: &str, path: &str) -> Self {
        let (method, path) = (method.to_owned(), path.to_owned());
        Self { world, method, path, headers: Vec::new(), body: Vec::new(), retries: 0 }
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    /// Sends the request again, up to so often, when the platform lost it. It may have had its effect all the same: the
    /// worker needs something to tell a repetition by.
    pub fn retry(mut self, times: u32) -> Self {
        self.retries = times;
        self
    }

    /// Sends the request and waits for the answer.
    ///
    /// # Panics
    /// When there will never be one.
    #[track_caller]
    pub fn send(self) -> Answer {
        let what = format!("`{} {}`", self.method, self.path);
        let request = simulate::request(&self.method, &self.path, &self.headers, self.body);
        let retries = self.retries;
        finished(&what, self.world.ask(move |world| send(world, &request, retries)))
    }

    /// Opens a WebSocket.
    ///
    /// # Panics
    /// When the worker answers with anything else.
    #[track_caller]
    pub fn connect(self) -> Client {
        let what = format!("the WebSocket `{}`", self.path);
        let request = simulate::upgrade(&self.path, &self.headers);
        let retries = self.retries;
        let answer = finished(&what, self.world.ask(move |world| send(world, &request, retries)));
        match answer.socket {
            Some(socket) => Client::new(Arc::clone(&self.world.stage), socket),
            None => panic!("{what} was refused: {} {}", answer.status, answer.text()),
        }
    }
}

fn send(world: &mut Simulation, request: &Request, retries: u32) -> Result<Answer, Stuck> {
    let mut retries = Retries::new(retries);
    loop {
        let port = world.send(0, "", request.clone());
        let thrown = match world.run_until_answered(port, MAX_STEPS)? {
            Ok(answer) => return Ok(Answer::of(answer)),
            Err(thrown) => thrown,
        };
        let Some(wait_ms) = retries.wait_ms(&thrown.failure) else { return Ok(Answer::of_error(&thrown)) };
        world.run_until(world.world().now_ms() + wait_ms, MAX_STEPS)?;
    }
}
