//! What an [`crate::EventStream`] yields.

use crate::{Error, Result};
use emu_abi::Message;
use serde::de::DeserializeOwned;

/// An event of a socket.
#[derive(Clone, Debug)]
pub enum WebsocketEvent {
    /// A message arrived.
    Message(MessageEvent),
    /// The socket closed.
    Close(CloseEvent),
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageEvent(Message);

impl MessageEvent {
    pub(crate) fn new(message: Message) -> Self {
        Self(message)
    }

    /// The text, if it is a text message.
    pub fn text(&self) -> Option<String> {
        if let Message::Text(text) = &self.0 { Some(text.clone()) } else { None }
    }

    /// The bytes, if it is a binary message.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        if let Message::Binary(bytes) = &self.0 { Some(bytes.0.clone()) } else { None }
    }

    /// The text, parsed as JSON.
    ///
    /// # Errors
    /// When it is not a text message or does not parse as `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        let Message::Text(text) = &self.0 else { return Err(Error::from("data of message event is not text")) };
        Ok(serde_json::from_str(text)?)
    }
}

/// How a socket closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseEvent {
    code: u16,
    reason: String,
    clean: bool,
}

impl CloseEvent {
    pub(crate) fn new(code: u16, reason: String, clean: bool) -> Self {
        Self { code, reason, clean }
    }

    /// The close code.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The close reason.
    pub fn reason(&self) -> String {
        self.reason.clone()
    }

    /// Whether a Close frame arrived.
    pub fn was_clean(&self) -> bool {
        self.clean
    }
}
