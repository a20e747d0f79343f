//! WebSockets of clients outside: what they have received, and what they send.
//!
//! Invariant: a client sends what it is told to and nothing by itself.

use super::Simulation;
use crate::core::ends::SocketId;
use crate::core::socket::Arrival;
use crate::lane::Input;
use emu_abi::Message;
use std::collections::{BTreeMap, VecDeque};

/// What a client sees on its socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A message.
    Message(Message),
    /// The connection has ended; nothing follows.
    Close {
        /// The close code; 1006 where the connection was lost.
        code: u16,
        /// The reason.
        reason: String,
    },
}

/// A client's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client(pub SocketId);

/// The inboxes of all clients.
#[derive(Default)]
pub(super) struct Clients {
    inboxes: BTreeMap<SocketId, VecDeque<Frame>>,
}

impl Clients {
    pub(super) fn connected(&mut self, socket: SocketId) {
        self.inboxes.entry(socket).or_default();
    }

    pub(super) fn receive(&mut self, socket: SocketId, arrival: Arrival) {
        let frame = match arrival {
            Arrival::Message(message) => Frame::Message(message),
            Arrival::Close { code, reason, .. } => Frame::Close { code, reason },
            Arrival::Error(failure) => Frame::Close { code: 1006, reason: failure.message },
        };
        self.inboxes.entry(socket).or_default().push_back(frame);
    }
}

impl Simulation {
    /// What a client has received since the last time.
    pub fn frames(&mut self, client: Client) -> Vec<Frame> {
        self.clients.inboxes.get_mut(&client.0).map(|inbox| inbox.drain(..).collect()).unwrap_or_default()
    }

    /// A client sends a message.
    pub fn send_message(&mut self, client: Client, message: Message) {
        self.input(Input::Socket(client.0, Arrival::Message(message)));
    }

    /// A client closes its connection.
    pub fn close_socket(&mut self, client: Client, code: u16, reason: &str) {
        self.input(Input::Socket(client.0, Arrival::Close { code, reason: reason.to_owned(), clean: true }));
    }

    /// A client's connection is lost.
    pub fn lose_socket(&mut self, client: Client) {
        self.input(Input::Socket(client.0, Arrival::lost()));
    }
}
