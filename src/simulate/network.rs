//! Requests that leave the simulated world. There is no network in it: a test answers them, or they are refused.
//!
//! Invariant: nothing here opens a connection.

use super::Simulation;
use super::exchange::Recipient;
use crate::lane::{FetchId, Input, PortId, Thrown};
use crate::world::{Point, World};
use emu_abi::{Body, Failure, Request, Response};
use std::collections::BTreeMap;

/// How the test's entrypoint says that it has no answer: the text is the reason.
const NOT_MOCKED: u16 = 599;
/// The URL under which the test's entrypoint is asked, with the real one in a header.
const OUTBOUND_URL: &str = "emu-test://outbound";
const URL_HEADER: &str = "emu-url";

/// What answers requests that leave.
#[derive(Default)]
pub(super) struct Network {
    pub(super) entrypoint: Option<String>,
    /// Requests that the entrypoint is answering.
    asked: BTreeMap<PortId, FetchId>,
}

impl Network {
    pub(super) fn new(entrypoint: Option<String>) -> Self {
        Self { entrypoint, asked: BTreeMap::new() }
    }

    /// The request that an answer of the entrypoint is for.
    pub(super) fn take(&mut self, port: PortId) -> Option<FetchId> {
        self.asked.remove(&port)
    }
}

impl Simulation {
    /// A guest sends a request to the network.
    pub(super) fn leave(&mut self, fetch: FetchId, request: Request) {
        let whose = self.lane.asker(fetch);
        if self.world.choose(Point::FetchHangs, whose, 2) == 1 {
            // Nobody ever answers; the guest may give up by itself.
            return;
        }
        if self.world.choose(Point::FetchFails, whose, 2) == 1 {
            let failure = Failure { retryable: true, ..Failure::error("Network connection lost.") };
            self.input(Input::Fetched(fetch, Err(failure)));
            return;
        }
        self.collect_request(fetch, request);
    }

    /// A request has left, with all of its body.
    pub(super) fn request_left(&mut self, fetch: FetchId, mut request: Request) {
        let Some(entrypoint) = self.network.entrypoint.clone() else {
            let message = format!("`fetch` of {} was refused: there is no network in a simulated world", request.url);
            self.input(Input::Fetched(fetch, Err(Failure::error(message))));
            return;
        };
        let url = std::mem::replace(&mut request.url, OUTBOUND_URL.to_owned());
        request.headers.push((URL_HEADER.to_owned(), url));
        // The number comes before the request is sent, because its answer may come at once.
        self.network.asked.insert(self.last_port + 1, fetch);
        self.send(0, &entrypoint, request);
    }

    /// The test has answered in the network's place.
    pub(super) fn network_answered(&mut self, fetch: FetchId, head: Response, body: Vec<u8>) {
        let result = match head.status {
            NOT_MOCKED => Err(Failure::error(String::from_utf8_lossy(&body).into_owned())),
            _ => Ok(Response { body: Body::Bytes(body.into()), ..head }),
        };
        self.input(Input::Fetched(fetch, result));
    }

    /// A request was not answered but with an error.
    pub(super) fn refused(&mut self, port: PortId, thrown: Thrown) {
        match self.network.take(port) {
            Some(fetch) => self.input(Input::Fetched(fetch, Err(thrown.failure))),
            None => {
                self.answers.insert(port, Err(thrown));
            }
        }
    }

    /// Nobody waits for a request any more.
    pub(super) fn forget_fetch(&mut self, fetch: FetchId) {
        self.network.asked.retain(|_, asked| *asked != fetch);
        self.forget_command(fetch);
    }

    /// Whom the answer of a port is for.
    pub(super) fn recipient_of(&mut self, port: PortId) -> Recipient {
        self.network.take(port).map_or(Recipient::Port(port), Recipient::Network)
    }
}
