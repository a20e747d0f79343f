//! Durable Objects: the trait of a class, its state and storage, and how others reach it.
//!
//! Invariant: storage is answered inside the turn, so its futures are ready at once; only sections, `sync` and calls to
//! other objects wait.

mod alarm;
mod id;
mod kv;
mod list_options;
mod namespace;
mod state;
mod storage;
mod stub;
mod transaction;

pub use alarm::{GetAlarmOptions, ScheduledTime, SetAlarmOptions};
pub use id::ObjectId;
pub use list_options::ListOptions;
pub use namespace::ObjectNamespace;
pub use state::State;
pub use storage::Storage;
pub use stub::Stub;
pub use transaction::Transaction;

use crate::{Env, Error, Request, Response, Result, WebSocket, WebSocketIncomingMessage};

/// A Durable Object class. The struct that implements it carries the attribute `#[durable_object]`.
#[allow(async_fn_in_trait)]
pub trait DurableObject: has_durable_object_attribute {
    /// Builds the object, before its first event. Asynchronous setup belongs into [`State::block_concurrency_while`],
    /// called here without awaiting it: no event comes before it has ended.
    fn new(state: State, env: Env) -> Self;

    /// Answers a request.
    async fn fetch(&self, req: Request) -> Result<Response>;

    /// The alarm is due.
    async fn alarm(&self) -> Result<Response> {
        unimplemented!("alarm() handler")
    }

    /// A message arrived on a hibernatable socket.
    #[allow(unused_variables)]
    async fn websocket_message(&self, ws: WebSocket, message: WebSocketIncomingMessage) -> Result<()> {
        unimplemented!("websocket_message() handler")
    }

    /// A hibernatable socket was closed by its other side.
    #[allow(unused_variables)]
    async fn websocket_close(&self, ws: WebSocket, code: usize, reason: String, was_clean: bool) -> Result<()> {
        unimplemented!("websocket_close() handler")
    }

    /// A hibernatable socket failed.
    #[allow(unused_variables)]
    async fn websocket_error(&self, ws: WebSocket, error: Error) -> Result<()> {
        unimplemented!("websocket_error() handler")
    }
}

#[doc(hidden)]
#[allow(non_camel_case_types)]
pub trait has_durable_object_attribute {}
