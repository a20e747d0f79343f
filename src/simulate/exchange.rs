//! Bodies that leave the simulated world: they are collected until they are complete.
//!
//! Invariant: whoever waits for a body gets all of it or learns that it broke.

use super::Simulation;
use super::network::Outgoing;
use crate::core::ends::SocketId;
use crate::core::stream::{Signal, StreamId};
use crate::lane::{FetchId, Input, PortId, Thrown};
use emu_abi::{Body, Failure, Headers, Request, Response};

/// The longest body that is collected.
const MAX_BODY_BYTES: usize = 256 * 1024 * 1024;

/// A complete answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// 101, or 200 to 599.
    pub status: u16,
    /// The headers.
    pub headers: Headers,
    /// All of the body.
    pub body: Vec<u8>,
    /// The client's end of a WebSocket.
    pub socket: Option<SocketId>,
}

impl Answer {
    /// The first header of a name, which is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Whom a body is for.
pub(super) enum Recipient {
    /// Whoever sent a request from outside.
    Port(PortId),
    /// The entrypoint that stands for the network: the answer to an outgoing request.
    Network(FetchId, Box<Outgoing>),
}

/// A body that is on its way.
pub(super) enum Arriving {
    /// Of a response.
    Response { to: Recipient, head: Response, bytes: Vec<u8> },
    /// Of a request that leaves.
    Request { fetch: FetchId, head: Request, bytes: Vec<u8> },
}

impl Simulation {
    /// A response has come, perhaps without its body.
    pub(super) fn receive(&mut self, to: Recipient, mut head: Response) {
        match std::mem::take(&mut head.body) {
            Body::Stream { id, .. } => self.pull(id, Arriving::Response { to, head, bytes: Vec::new() }),
            Body::Bytes(bytes) => self.received(to, head, bytes.0),
            Body::Empty | Body::Forward(_) => self.received(to, head, Vec::new()),
        }
    }

    fn pull(&mut self, stream: StreamId, arriving: Arriving) {
        self.arriving.insert(stream, arriving);
        self.input(Input::Stream(stream, Signal::Pull(0)));
    }

    /// Collects the body of a request that leaves.
    pub(super) fn collect_request(&mut self, fetch: FetchId, mut head: Request) {
        match std::mem::take(&mut head.body) {
            Body::Stream { id, .. } => self.pull(id, Arriving::Request { fetch, head, bytes: Vec::new() }),
            body => {
                head.body = body;
                self.request_left(fetch, head);
            }
        }
    }

    /// A body that is being collected goes on.
    pub(super) fn body_goes_on(&mut self, stream: StreamId, signal: Signal) {
        let Some(mut arriving) = self.arriving.remove(&stream) else { return };
        match signal {
            Signal::Chunk(chunk) => {
                let (Arriving::Response { bytes, .. } | Arriving::Request { bytes, .. }) = &mut arriving;
                bytes.extend(chunk);
                if bytes.len() > MAX_BODY_BYTES {
                    self.input(Input::Stream(stream, Signal::Cancel));
                    let message = format!("a body of more than {MAX_BODY_BYTES} bytes left the simulated world");
                    self.broke(arriving, Failure::error(message));
                    return;
                }
                self.pull(stream, arriving);
            }
            Signal::Failed(failure) => self.broke(arriving, failure),
            _ => match arriving {
                Arriving::Response { to, head, bytes } => self.received(to, head, bytes),
                Arriving::Request { fetch, head, bytes } => {
                    self.request_left(fetch, Request { body: Body::Bytes(bytes.into()), ..head });
                }
            },
        }
    }

    fn received(&mut self, to: Recipient, head: Response, body: Vec<u8>) {
        match to {
            Recipient::Port(port) => {
                if let Some(socket) = head.socket {
                    self.clients.connected(socket);
                }
                let answer = Answer { status: head.status, headers: head.headers, body, socket: head.socket };
                self.answers.insert(port, Ok(answer));
            }
            Recipient::Network(fetch, left) => self.network_answered(fetch, &left, head, body),
        }
    }

    fn broke(&mut self, arriving: Arriving, failure: Failure) {
        match arriving {
            Arriving::Response { to: Recipient::Port(port), .. } => {
                self.answers.insert(port, Err(Thrown::from(failure)));
            }
            Arriving::Response { to: Recipient::Network(fetch, _), .. } | Arriving::Request { fetch, .. } => {
                self.input(Input::Fetched(fetch, Err(failure)));
            }
        }
    }
}
