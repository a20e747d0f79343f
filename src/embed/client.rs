//! A WebSocket from outside.
//!
//! Invariant: sends what it is told to and nothing by itself.

use super::stage::Stage;
use super::{MAX_STEPS, finished};
use crate::simulate::{Client as Socket, Frame, QUIET_MS};
use emu_abi::Message;
use std::sync::Arc;

/// A client's connection. When it is dropped the connection stays open; see [`Client::close`] and [`Client::lose`].
pub struct Client {
    stage: Arc<Stage>,
    socket: Socket,
}

impl Client {
    pub(super) fn new(stage: Arc<Stage>, socket: Socket) -> Self {
        Self { stage, socket }
    }

    /// Sends a text message.
    pub fn send(&self, text: &str) {
        self.send_message(Message::Text(text.to_owned()));
    }

    /// Sends a binary message.
    pub fn send_bytes(&self, bytes: &[u8]) {
        self.send_message(Message::Binary(bytes.to_vec().into()));
    }

    fn send_message(&self, message: Message) {
        let socket = self.socket;
        self.stage.ask(move |world| world.send_message(socket, message));
    }

    /// Closes the connection.
    pub fn close(&self, code: u16, reason: &str) {
        let (socket, reason) = (self.socket, reason.to_owned());
        self.stage.ask(move |world| world.close_socket(socket, code, &reason));
    }

    /// Loses the connection: the worker sees 1006.
    pub fn lose(&self) {
        let socket = self.socket;
        self.stage.ask(move |world| world.lose_socket(socket));
    }

    /// What has come since the last time, when what is under way has come to an end. Up to a second of the world's time may
    /// pass over that.
    ///
    /// # Panics
    /// When things go on and on.
    #[track_caller]
    pub fn frames(&self) -> Vec<Frame> {
        let socket = self.socket;
        let frames = self.stage.ask(move |world| {
            world.run_until_quiet(QUIET_MS, MAX_STEPS)?;
            Ok(world.frames(socket))
        });
        finished("`frames`", frames)
    }

    /// The texts among [`Client::frames`].
    ///
    /// # Panics
    /// When anything else has come, and as [`Client::frames`].
    #[track_caller]
    pub fn texts(&self) -> Vec<String> {
        let mut texts = Vec::new();
        for frame in self.frames() {
            match frame {
                Frame::Message(Message::Text(text)) => texts.push(text),
                other => panic!("the client got {other:?}, which is no text"),
            }
        }
        texts
    }
}
