//! The Rust SDK of emu's guests.
//!
//! It has the names and signatures of the public crate `worker` 0.8 for what it covers, so that the same source compiles
//! against either: against this crate to run in emu, against the public one to deploy. Where the public crate shows
//! JavaScript objects, [`js_sys`], [`web_sys`] and [`wasm_bindgen`] here are small stand-ins; see [`JsValue`]. What only
//! emu has is in [`emu`] and marked as such.
//!
//! ```no_run
//! use worker::*;
//!
//! #[event(fetch)]
//! async fn fetch(req: Request, _env: Env, _ctx: Context) -> Result<Response> {
//!     Response::ok(format!("hello from {}", req.path()))
//! }
//! ```
//!
//! What differs from the public crate:
//!
//! * [`JsValue`] and the types of [`js_sys`] are trees of their own rather than handles: [`JsValue::deserialize`] and
//!   [`JsValue::serialize`] take the place of `serde_wasm_bindgen`, and there is no `JsCast`.
//! * A request or response does not unwrap into a `web_sys` one; [`Request::body`] is `inner().body()`.
//! * What the public `State` leaves to JavaScript (`abort`, the time of an auto-response, the event timeout) are methods.
//! * Products that emu does not have yet have no type here.
//! * `uuid` and `rand` draw from the host when `getrandom` is compiled with `--cfg getrandom_backend="custom"`; the feature
//!   `js` of theirs is for JavaScript hosts only.
//!
//! Time stands still while code runs, as on the platform: use [`Date::now`], not `std::time` or `chrono::Utc::now`, which
//! have no clock in a guest.
//!
//! Invariant: all that happens outside of the guest goes through `host`.

#![warn(missing_debug_implementations)]
// The host's way in (`turn`) exists only in a guest; on other targets this crate is built for its own tests.
#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code))]

mod abort;
mod body;
mod calls;
mod cf;
mod console;
mod context;
mod cors;
mod critical;
mod date;
mod delay;
pub mod durable;
pub mod emu;
mod env;
mod error;
mod executor;
mod formdata;
mod global;
mod headers;
mod host;
mod http;
mod js;
mod registry;
mod request;
mod request_init;
mod response;
mod response_builder;
mod router;
mod schedule;
mod scope;
mod sockets;
mod sql;
mod streams;
#[cfg(test)]
mod tests;
mod turn;
mod v8;
mod websocket;
pub mod ws_events;

pub use abort::{AbortController, AbortSignal};
pub use body::ResponseBody;
pub use cf::Cf;
pub use context::Context;
pub use cors::Cors;
pub use date::{Date, DateInit};
pub use delay::Delay;
pub use durable::{
    DurableObject, GetAlarmOptions, ListOptions, ObjectId, ObjectNamespace, ScheduledTime, SetAlarmOptions, State,
    Storage, Stub, Transaction, has_durable_object_attribute,
};
pub use env::{Env, EnvBinding, Secret, Var};
pub use error::Error;
pub use formdata::{File, FormData, FormEntry};
pub use global::Fetch;
pub use headers::Headers;
pub use http::Method;
pub use js::{ErrorValue, JsValue};
pub use request::{FromRequest, Request};
pub use request_init::{CacheMode, CfProperties, RequestInit, RequestRedirect};
pub use response::{EncodeBody, IntoResponse, Response};
pub use response_builder::ResponseBuilder;
pub use router::{RouteContext, RouteParams, Router};
pub use schedule::{ScheduleContext, ScheduledEvent};
pub use sockets::EventStream;
pub use sql::{SqlCursor, SqlCursorIterator, SqlCursorRawIterator, SqlStorage, SqlStorageValue};
pub use streams::{ByteStream, FixedLengthStream, ReadableStream};
pub use url::{self, Url};
pub use websocket::{WebSocket, WebSocketIncomingMessage, WebSocketPair, WebSocketRequestResponsePair};
pub use worker_macros::{durable_object, event};
pub use ws_events::{CloseEvent, MessageEvent, WebsocketEvent};

/// `Result` with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// `ok::Ok(value)` for `Result::<_, Error>::Ok(value)`.
pub mod ok {
    /// Returns `Ok(value)` with this crate's error.
    ///
    /// # Errors
    /// Never.
    #[allow(non_snake_case)]
    pub fn Ok<T>(value: T) -> super::Result<T> {
        std::result::Result::Ok(value)
    }
}

/// Stand-ins for what the public crate shows of `wasm_bindgen`.
pub mod wasm_bindgen {
    pub use crate::js::JsValue;
}

/// Stand-ins for what the public crate shows of `wasm_bindgen_futures`.
pub mod wasm_bindgen_futures {
    /// Runs `future` in the background, for as long as the isolate lives.
    pub fn spawn_local<F>(future: F)
    where
        F: std::future::Future<Output = ()> + 'static,
    {
        crate::executor::spawn(crate::scope::current(), future);
    }
}

/// Stand-ins for what the public crate shows of `js_sys`.
pub mod js_sys {
    pub use crate::date::JsDate as Date;
    pub use crate::js::{Iterator, Map, Math, Object, Reflect};
}

/// Stand-ins for what the public crate shows of `web_sys`.
pub mod web_sys {
    pub use crate::sockets::Socket as WebSocket;
    pub use crate::streams::ReadableStream;
}

/// What the attributes and macros expand to.
#[doc(hidden)]
pub mod expansion {
    pub use crate::console::log;
    pub use crate::registry::{class, fetch, respond, scheduled, start};
    pub use emu_abi::LogLevel;
    pub use futures_util::future::LocalBoxFuture;
}
