//! Guest to host, not answered inside the turn.

use crate::{Bytes, Failure, ObjectId, Request, Response};
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The critical section an operation was started in; 0 is none (reference §1.5, `blockConcurrencyWhile`).
pub type Section = u32;

/// What a guest asks the host to do. Everything an isolate emits in a turn takes effect in order, after the turn's
/// writes are committed (the output gate, reference §1.8). [`Op::Log`] and [`Op::Abort`] act at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Op {
    /// During `emu_init` only: what the worker exports.
    Declare(Exports),
    /// During `emu_init` only: the worker cannot start, for this reason.
    Refuse(Failure),
    /// A line for the log.
    Log {
        /// How important.
        level: LogLevel,
        /// The text.
        message: String,
    },
    /// The invocation's handler has returned or thrown.
    Settle {
        /// The host's number.
        invocation: u32,
        /// What it came to.
        result: Result<Settled, Failure>,
    },
    /// `waitUntil`: the invocation is not over before as many [`Op::WaitUntilEnd`].
    WaitUntilBegin {
        /// The host's number.
        invocation: u32,
    },
    /// One promise given to `waitUntil` settled.
    WaitUntilEnd {
        /// The host's number.
        invocation: u32,
        /// Why it was rejected, if it was.
        failure: Option<Failure>,
    },
    /// Start an asynchronous operation; its end is [`crate::Event::Complete`].
    Call {
        /// The guest's number, unique while the call is under way.
        call: u32,
        /// The invocation on whose behalf; 0 if none.
        invocation: u32,
        /// The critical section it belongs to.
        section: Section,
        /// The operation.
        what: Call,
    },
    /// Nobody waits for this call any more: cancel it. No [`crate::Event::Complete`] follows.
    Cancel {
        /// The guest's number.
        call: u32,
    },
    /// The critical section that [`Call::EnterCritical`] opened ends.
    LeaveCritical {
        /// The guest's number of the section.
        section: Section,
        /// If the callback failed: the object is reset with this error.
        failure: Option<Failure>,
    },
    /// Ask for the next chunk of the host's stream `body`. One pull, one chunk (or end, or failure).
    BodyPull {
        /// The host's number.
        body: u32,
        /// The critical section it belongs to.
        section: Section,
    },
    /// The host's stream `body` is not wanted any more.
    BodyCancel {
        /// The host's number.
        body: u32,
    },
    /// The next bytes of the guest's stream `body`, within the credit granted.
    BodyChunk {
        /// The guest's number.
        body: u32,
        /// At most [`crate::MAX_BODY_CHUNK`] bytes.
        bytes: Bytes,
    },
    /// The guest's stream `body` is complete.
    BodyEnd {
        /// The guest's number.
        body: u32,
    },
    /// The guest's stream `body` broke.
    BodyFailed {
        /// The guest's number.
        body: u32,
        /// Why.
        failure: Failure,
    },
    /// The guest is through with a socket: it dropped one that was neither accepted nor returned, or gives up one that it
    /// accepted. The other side sees the connection break off.
    SocketDrop {
        /// The host's number.
        socket: u32,
    },
    /// `ctx.abort(reason)`: the host ends the isolate before this call returns. Where the object shares its isolate with
    /// others the call returns, and nothing that the object says in this turn counts.
    Abort {
        /// The object, or 0 for the worker.
        object: u32,
        /// The reason, if one was given.
        reason: Option<String>,
        /// Whether a running alarm may be retried.
        retry_alarm: bool,
    },
}

/// What a worker exports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exports {
    /// The default export has a `fetch` handler.
    pub fetch: bool,
    /// The default export has a `scheduled` handler.
    pub scheduled: bool,
    /// The exported Durable Object classes.
    pub classes: Vec<Class>,
    /// The named exports with handlers of their own.
    pub entrypoints: Vec<Entrypoint>,
}

/// A named export with handlers of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entrypoint {
    /// Its name.
    pub name: String,
    /// It has a `fetch` handler.
    pub fetch: bool,
    /// It has a `scheduled` handler.
    pub scheduled: bool,
}

/// An exported Durable Object class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Class {
    /// Its name.
    pub name: String,
    /// It has `alarm()`.
    pub alarm: bool,
    /// It has `webSocketMessage()`.
    pub socket_message: bool,
    /// It has `webSocketClose()`.
    pub socket_close: bool,
    /// It has `webSocketError()`.
    pub socket_error: bool,
}

/// What a handler came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Settled {
    /// It returned (a constructor, an alarm, a socket event, a schedule).
    Done,
    /// It returned a response.
    Response(Response),
}

/// An asynchronous operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Call {
    /// Send a request; ends with [`crate::Outcome::Response`]. With `Upgrade: websocket` the response may carry a socket.
    Fetch {
        /// To whom.
        target: Target,
        /// The request.
        request: Request,
    },
    /// Wait.
    Sleep {
        /// How long, in milliseconds.
        ms: f64,
    },
    /// Wait until every write so far is durable (`storage.sync()`).
    Sync,
    /// Open a critical section, numbered by the guest, inside the one named by the call; ends when it is entered.
    EnterCritical {
        /// The guest's number of the new section, never 0.
        section: Section,
        /// The object whose gate is meant.
        object: u32,
    },
}

/// Who answers a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Target {
    /// The network.
    Internet,
    /// A Durable Object.
    Object {
        /// The namespace, as [`crate::Binding::Objects`] names it.
        namespace: u32,
        /// The object.
        id: ObjectId,
    },
    /// Another worker, or another entrypoint, as [`crate::Binding::Service`] names it.
    Service(u32),
    /// The world that tests run in: a `POST` to `emu-test://command` is a command in JSON, any other request is for the
    /// worker that is being tested. Refused where there are no tests.
    World,
}

/// How important a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogLevel {
    /// `console.debug`
    Debug,
    /// `console.log`
    Log,
    /// `console.info`
    Info,
    /// `console.warn`
    Warn,
    /// `console.error`
    Error,
}
