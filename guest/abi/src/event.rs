//! Host to guest: what can happen to an isolate.

use crate::{Binding, Bytes, Failure, Message, ObjectId, Request, Response};
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What a guest learns once, before its memory is frozen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Init {
    /// The worker's compatibility date, `YYYY-MM-DD`.
    pub compatibility_date: String,
    /// Every compatibility flag that is on, whether by name or by date.
    pub compatibility_flags: Vec<String>,
    /// The members of `env`, sorted by name.
    pub env: Vec<(String, Binding)>,
    /// The worker's modules, the main one first; none for a guest that is the worker itself.
    pub modules: Vec<Module>,
}

/// A module of a worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Module {
    /// The name by which the others import it and stack traces call it: a path with `/`.
    pub name: String,
    /// What the bytes are.
    pub kind: ModuleKind,
    /// The contents.
    pub bytes: Bytes,
}

/// What a module's bytes are, and so what importing it gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ModuleKind {
    /// An ECMAScript module in UTF-8.
    Script,
    /// Text; the default export is a string.
    Text,
    /// Bytes; the default export is an `ArrayBuffer`.
    Data,
    /// JSON text; the default export is its value.
    Json,
    /// WebAssembly; the default export is a `WebAssembly.Module`. The host takes it as written, compiles it, and gives the
    /// guest an encoded [`crate::WasmModule`] in its place.
    Wasm,
    /// A CommonJS module in UTF-8; the default export is its `module.exports`.
    CommonJs,
}

/// One delivery of one event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// What `Date.now()` answers during this turn, in milliseconds since the epoch (reference §2.2: the clock does not
    /// move while code runs).
    pub now_ms: f64,
    /// The event.
    pub event: Event,
}

/// What can happen to an isolate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// Build the object `object` of class `class`. Answered by [`crate::Op::Settle`] for `invocation`; no other event
    /// of the object comes before that and before every critical section begun in the constructor has ended.
    Construct {
        /// Settles this construction.
        invocation: u32,
        /// Names the object inside this isolate from now on; 0 is the worker itself.
        object: u32,
        /// The exported class.
        class: String,
        /// `ctx.id`.
        id: ObjectId,
    },
    /// Start a handler. Answered by [`crate::Op::Settle`].
    Invoke {
        /// Settles this invocation; unique while it is unsettled.
        invocation: u32,
        /// The object, or 0 for the worker.
        object: u32,
        /// The named export of the worker that handles it; empty for the default export and for objects.
        entrypoint: String,
        /// `ctx.props`, as JSON: what the binding that led here was configured with; empty for nothing.
        props: String,
        /// The handler and its arguments.
        what: Invoke,
    },
    /// The call that the guest numbered `call` has ended.
    Complete {
        /// The guest's number.
        call: u32,
        /// What it came to.
        result: Result<Outcome, Failure>,
    },
    /// The next bytes of the host's stream `body`; sent only when asked for with [`crate::Op::BodyPull`].
    BodyChunk {
        /// The host's number.
        body: u32,
        /// At most [`crate::MAX_BODY_CHUNK`] bytes, never none.
        bytes: Bytes,
    },
    /// The host's stream `body` is complete; sent only when asked for with [`crate::Op::BodyPull`].
    BodyEnd {
        /// The host's number.
        body: u32,
    },
    /// The host's stream `body` broke.
    BodyFailed {
        /// The host's number.
        body: u32,
        /// Why.
        failure: Failure,
    },
    /// The guest may send `bytes` more of its stream `body`.
    BodyCredit {
        /// The guest's number.
        body: u32,
        /// How many bytes more.
        bytes: u32,
    },
    /// Nobody reads the guest's stream `body` any more.
    BodyCancelled {
        /// The guest's number.
        body: u32,
    },
    /// Something happened on a socket that was accepted in the standard way (`accept()`).
    Socket {
        /// The host's number.
        socket: u32,
        /// What happened.
        event: SocketEvent,
    },
    /// The client of `invocation` went away before it was answered.
    Cancelled {
        /// The invocation.
        invocation: u32,
    },
}

/// A handler and its arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Invoke {
    /// `fetch(request)`.
    Fetch(Request),
    /// `scheduled(controller)`.
    Scheduled {
        /// The cron expression.
        cron: String,
        /// When it was due, in milliseconds since the epoch.
        scheduled_ms: f64,
    },
    /// `alarm(info)`.
    Alarm {
        /// Counted retries so far.
        retry_count: u32,
        /// When it was due, in milliseconds since the epoch.
        scheduled_ms: f64,
    },
    /// `webSocketMessage(ws, message)`.
    SocketMessage {
        /// The socket.
        socket: u32,
        /// The message.
        message: Message,
    },
    /// `webSocketClose(ws, code, reason, wasClean)`.
    SocketClose {
        /// The socket.
        socket: u32,
        /// The close code.
        code: u16,
        /// The close reason.
        reason: String,
        /// Whether a Close frame arrived.
        clean: bool,
    },
    /// `webSocketError(ws, error)`.
    SocketError {
        /// The socket.
        socket: u32,
        /// The error.
        failure: Failure,
    },
}

/// What a call came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// It is done (a timer, a sync, an entered critical section).
    Done,
    /// A response to a `fetch`.
    Response(Response),
}

/// What happens on a socket accepted in the standard way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SocketEvent {
    /// A message.
    Message(Message),
    /// The other side closed, or vanished.
    Close {
        /// The close code.
        code: u16,
        /// The close reason.
        reason: String,
        /// Whether a Close frame arrived.
        clean: bool,
    },
    /// The transport failed.
    Error(Failure),
}
