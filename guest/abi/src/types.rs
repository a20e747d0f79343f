//! Values that travel in both directions: requests, responses, bodies, ids, failures.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Raw bytes, encoded as one run rather than element by element.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Bytes(#[serde(with = "serde_bytes")] pub Vec<u8>);

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

/// Header names and values in the order they were received or added; names may repeat.
pub type Headers = Vec<(String, String)>;

/// The body of a request or a response.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body {
    /// No body at all (`request.body === null`).
    #[default]
    Empty,
    /// The whole body.
    Bytes(Bytes),
    /// A body that arrives in chunks. The sender of the message chose `id`, unique among the streams it has sent.
    Stream {
        /// Names the stream in the chunk messages that follow.
        id: u32,
        /// The length in bytes where it is known beforehand.
        length: Option<u64>,
    },
    /// Guest to host only: the body the guest received as stream `id`, unread, passed through without the guest.
    Forward(u32),
}

/// What `fetch` does with a redirect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Redirect {
    /// Follow up to 20 of them.
    #[default]
    Follow,
    /// Hand the redirect to the caller.
    Manual,
}

/// An HTTP request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// `GET`, `POST`, … as sent.
    pub method: String,
    /// The absolute URL.
    pub url: String,
    /// The headers.
    pub headers: Headers,
    /// The body.
    pub body: Body,
    /// Guest to host only: what to do with redirects.
    pub redirect: Redirect,
    /// `request.cf` as JSON text, where the request has one.
    pub cf: Option<String>,
}

/// An HTTP response.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    /// 101, or 200 to 599.
    pub status: u16,
    /// The reason phrase; empty for the usual one.
    pub status_text: String,
    /// The headers.
    pub headers: Headers,
    /// The body.
    pub body: Body,
    /// The socket handed over with a 101 response, in the receiver's numbering.
    pub socket: Option<u32>,
}

/// A message of a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// A text frame.
    Text(String),
    /// A binary frame.
    Binary(Bytes),
}

impl Message {
    /// The payload's length in bytes.
    pub fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.0.len(),
        }
    }

    /// Whether the payload is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The id of a Durable Object, with the name it was made from where that is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ObjectId {
    /// The 32 bytes that print as 64 hex digits.
    pub bytes: [u8; 32],
    /// The name, if the caller reached the object by name.
    pub name: Option<String>,
}

/// An error as a caller sees it: a JavaScript exception with the platform's extra properties (reference §1.15).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The constructor: `Error`, `TypeError`, `RangeError`, …
    pub name: String,
    /// The message, without the name.
    pub message: String,
    /// The stack, where the thrower has one.
    pub stack: Option<String>,
    /// Thrown by the code at the other side rather than by the platform.
    pub remote: bool,
    /// Safe to retry on a new stub.
    pub retryable: bool,
    /// The callee has too much to do; do not retry.
    pub overloaded: bool,
    /// The object was reset.
    pub durable_object_reset: bool,
    /// What was thrown, where that is an object but no error, in V8's serialization format. Rare, so it is elsewhere.
    pub value: Option<Box<Bytes>>,
}

impl Failure {
    /// An `Error` with this message.
    pub fn error(message: impl Into<String>) -> Self {
        Self { name: "Error".into(), message: message.into(), ..Self::default() }
    }

    /// A `TypeError` with this message.
    pub fn type_error(message: impl Into<String>) -> Self {
        Self { name: "TypeError".into(), message: message.into(), ..Self::default() }
    }

    /// A `RangeError` with this message.
    pub fn range_error(message: impl Into<String>) -> Self {
        Self { name: "RangeError".into(), message: message.into(), ..Self::default() }
    }
}

impl core::fmt::Display for Failure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}: {}", self.name, self.message)
    }
}

impl core::error::Error for Failure {}

/// What `env.X` is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Binding {
    /// A text variable or a secret.
    Text(String),
    /// A JSON variable, as JSON text.
    Json(String),
    /// A Durable Object namespace; the number names it in asks and calls.
    Objects(u32),
    /// A service; the number names it in calls.
    Service(u32),
}
