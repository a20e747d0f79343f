//! Requests that leave the simulated world. There is no network in it: they are answered by whoever stands for the other
//! hosts, or refused.
//!
//! Asked are, in this order: the handlers of whoever holds the world, the entrypoint of a test file (`fetchMock`), and the
//! rules: what a scenario says, what was recorded.
//!
//! Invariant: nothing here opens a connection.

use super::Simulation;
use super::exchange::Recipient;
use crate::core::outgoing::{self, Asked, Reply, Rule};
use crate::lane::{FetchId, Input, PortId, Thrown};
use crate::world::{Point, TraceKind, Whose, World};
use emu_abi::{Body, Failure, Headers, Request, Response};
use std::collections::BTreeMap;
use std::sync::Arc;
use url::Url;

/// How the test's entrypoint says that a request fails: the text is the reason.
const FAILED: u16 = 599;
/// How it says that it has no answer.
const NOT_MOCKED: u16 = 598;
/// The URL under which the test's entrypoint is asked, with the real one in a header.
const OUTBOUND_URL: &str = "emu-test://outbound";
const URL_HEADER: &str = "emu-url";
/// Responses that have no body.
const EMPTY: [u16; 3] = [204, 205, 304];
/// What a world keeps of requests that have left, in bytes; with more than that it refuses them.
const MAX_KEPT_BYTES: usize = 256 * 1024 * 1024;

/// A request that has left the world.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// The method.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// The headers, their names in lower case.
    pub headers: Headers,
    /// All of the body.
    pub body: Vec<u8>,
}

impl Outgoing {
    /// The first header of a name, which is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn of(request: &Request) -> Self {
        // What a URL has behind `#` no server is told.
        let url = Url::parse(&request.url).map(|mut url| {
            url.set_fragment(None);
            String::from(url)
        });
        let headers = request.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
        Self {
            method: request.method.clone(),
            url: url.unwrap_or_else(|_| request.url.clone()),
            headers: headers.collect(),
            body: match &request.body {
                Body::Bytes(bytes) => bytes.0.clone(),
                Body::Empty | Body::Stream { .. } | Body::Forward(_) => Vec::new(),
            },
        }
    }

    fn asked(&self) -> Asked<'_> {
        Asked { method: &self.method, url: &self.url, body: &self.body }
    }

    fn bytes(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.len() + value.len());
        self.url.len() + self.body.len() + headers.sum::<usize>() + size_of::<Self>()
    }
}

/// Answers requests, or leaves them to the next one.
pub type Handler = Box<dyn FnMut(&Outgoing) -> Option<Reply>>;

/// What answers requests that leave.
#[derive(Default)]
pub(super) struct Network {
    pub(super) entrypoint: Option<String>,
    /// Requests that the entrypoint is answering.
    asked: BTreeMap<PortId, (FetchId, Outgoing)>,
    handlers: Vec<Handler>,
    rules: Arc<[Rule]>,
    /// How often each of the rules has answered.
    used: Vec<u64>,
    /// The same at the beginning of each test that runs, and of the suites around it.
    used_before: Vec<Vec<u64>>,
    /// What has left, in order. Not kept where an entrypoint answers: it sees them.
    left: Vec<Outgoing>,
    kept_bytes: usize,
}

impl Network {
    pub(super) fn new(entrypoint: Option<String>, rules: Arc<[Rule]>) -> Self {
        Self { entrypoint, used: vec![0; rules.len()], rules, ..Self::default() }
    }

    /// A test begins: what it uses up is there again after it.
    pub(super) fn push(&mut self) {
        self.used_before.push(self.used.clone());
    }

    /// A test has ended.
    pub(super) fn pop(&mut self) {
        if let Some(used) = self.used_before.pop() {
            self.used = used;
        }
    }

    /// The request that an answer of the entrypoint is for.
    fn take(&mut self, port: PortId) -> Option<(FetchId, Outgoing)> {
        self.asked.remove(&port)
    }

    /// Keeps a request. False if that would be too much.
    fn keep(&mut self, request: &Outgoing) -> bool {
        self.kept_bytes += request.bytes();
        let fits = self.kept_bytes <= MAX_KEPT_BYTES;
        if fits {
            self.left.push(request.clone());
        }
        fits
    }

    /// What the first of the rules answers that is meant, and where it is written.
    fn rule_for(&mut self, asked: Asked<'_>) -> Option<(Reply, String)> {
        let is_left = |rule: &Rule, used: u64| rule.times.is_none_or(|times| used < times);
        let mut rules = self.rules.iter().zip(&mut self.used);
        let (rule, used) = rules.find(|(rule, used)| is_left(rule, **used) && rule.is_meant(asked))?;
        *used += 1;
        Some((rule.reply.clone(), rule.place.clone()))
    }

    /// Why nobody answers a request.
    fn refusal(&self, request: &Outgoing) -> String {
        let start = format!("`fetch` of {} was refused: there is no network in a simulated world", request.url);
        match outgoing::why_nobody(&self.rules, &self.used, request.asked()) {
            Some(why) => format!("{start}; {why}"),
            None => start,
        }
    }
}

impl Simulation {
    /// Answers requests that leave before anybody else does, also before handlers that were there before.
    pub fn on_fetch(&mut self, handler: Handler) {
        self.network.handlers.push(handler);
    }

    /// What has left the world so far, in order, whatever became of it. Nothing where a test file answers.
    pub fn outgoing(&self) -> &[Outgoing] {
        &self.network.left
    }

    /// A request has left, with all of its body.
    pub(super) fn request_left(&mut self, fetch: FetchId, request: Request) {
        let left = Outgoing::of(&request);
        if self.network.entrypoint.is_none() && !self.network.keep(&left) {
            let mib = MAX_KEPT_BYTES >> 20;
            return self.fail_fetch(fetch, format!("`fetch` was refused: more than {mib} MiB have left this world"));
        }
        let whose = self.lane.asker(fetch);
        if self.world.choose(Point::FetchHangs, whose, 2) == 1 {
            // Nobody ever answers; the guest may give up by itself.
            return;
        }
        if self.world.choose(Point::FetchFails, whose, 2) == 1 {
            return self.input(Input::Fetched(fetch, Err(lost("Network connection lost.".into()))));
        }
        let answered = self.network.handlers.iter_mut().rev().find_map(|handler| handler(&left));
        match (answered, self.network.entrypoint.clone()) {
            (Some(reply), _) => self.reply(fetch, reply, "the test"),
            (None, Some(entrypoint)) => self.ask_entrypoint(fetch, &entrypoint, request, left),
            (None, None) => self.ask_rules(fetch, &left, None),
        }
    }

    fn ask_entrypoint(&mut self, fetch: FetchId, entrypoint: &str, mut request: Request, left: Outgoing) {
        let url = std::mem::replace(&mut request.url, OUTBOUND_URL.to_owned());
        request.headers.push((URL_HEADER.to_owned(), url));
        // The number comes before the request is sent, because its answer may come at once.
        self.network.asked.insert(self.last_port + 1, (fetch, left));
        self.send(0, entrypoint, request);
    }

    /// Answers as the rules say. Where none is meant, the request fails: why is said here, or has been said by those who
    /// were asked before, if there are no rules at all.
    fn ask_rules(&mut self, fetch: FetchId, left: &Outgoing, said: Option<String>) {
        match (self.network.rule_for(left.asked()), said) {
            (Some((reply, place)), _) => self.reply(fetch, reply, &place),
            (None, Some(said)) if self.network.rules.is_empty() => self.fail_fetch(fetch, said),
            (None, _) => self.fail_fetch(fetch, self.network.refusal(left)),
        }
    }

    fn reply(&mut self, fetch: FetchId, reply: Reply, by: &str) {
        let result = match reply {
            Reply::Response { status, headers, body } => {
                let has_body = !body.is_empty() && !EMPTY.contains(&status);
                let body = if has_body { Body::Bytes(body.into()) } else { Body::Empty };
                self.world.trace(Whose::WORLD, TraceKind::Input, u64::from(status), &|| format!("{status} of {by}"));
                Ok(Response { status, headers, body, ..Response::default() })
            }
            Reply::Fails(message) => {
                self.world.trace(Whose::WORLD, TraceKind::Input, 0, &|| format!("{by}: {message}"));
                Err(lost(message))
            }
            Reply::Incomplete(why) => {
                let message = format!("`fetch` was refused: {by} was recorded without its answer, {why}");
                Err(Failure::error(message))
            }
        };
        self.input(Input::Fetched(fetch, result));
    }

    fn fail_fetch(&mut self, fetch: FetchId, message: String) {
        self.input(Input::Fetched(fetch, Err(Failure::error(message))));
    }

    /// The test has answered in the network's place.
    pub(super) fn network_answered(&mut self, fetch: FetchId, left: &Outgoing, head: Response, body: Vec<u8>) {
        let text = || String::from_utf8_lossy(&body).into_owned();
        match head.status {
            NOT_MOCKED => self.ask_rules(fetch, left, Some(text())),
            FAILED => self.fail_fetch(fetch, text()),
            _ => {
                let response = Response { body: Body::Bytes(body.into()), ..head };
                self.input(Input::Fetched(fetch, Ok(response)));
            }
        }
    }

    /// A request was not answered but with an error.
    pub(super) fn refused(&mut self, port: PortId, thrown: Thrown) {
        match self.network.take(port) {
            Some((fetch, _)) => self.input(Input::Fetched(fetch, Err(thrown.failure))),
            None => {
                self.answers.insert(port, Err(thrown));
            }
        }
    }

    /// Nobody waits for a request any more.
    pub(super) fn forget_fetch(&mut self, fetch: FetchId) {
        self.network.asked.retain(|_, (asked, _)| *asked != fetch);
        self.forget_command(fetch);
    }

    /// Whom the answer of a port is for.
    pub(super) fn recipient_of(&mut self, port: PortId) -> Recipient {
        let asked = self.network.take(port);
        asked.map_or(Recipient::Port(port), |(fetch, left)| Recipient::Network(fetch, Box::new(left)))
    }
}

fn lost(message: String) -> Failure {
    Failure { retryable: true, ..Failure::error(message) }
}
