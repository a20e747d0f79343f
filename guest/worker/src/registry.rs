//! What the worker exports: filled in by the attributes' expansions before `emu_init`.
//!
//! Invariant: written only while the host calls the register exports, read afterwards.

use crate::{
    Context, DurableObject, Env, Error, FromRequest, IntoResponse, Request, Response, Result, ScheduleContext,
    ScheduledEvent, State, WebSocket, WebSocketIncomingMessage,
};
use emu_abi::{Class, Exports};
use futures_util::future::LocalBoxFuture;
use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;

/// A `fetch` handler.
pub type FetchFn = fn(Request, Env, Context) -> LocalBoxFuture<'static, Response>;
/// A `scheduled` handler.
pub type ScheduledFn = fn(ScheduledEvent, Env, ScheduleContext) -> LocalBoxFuture<'static, ()>;
pub(crate) type ConstructFn = fn(State, Env) -> Rc<dyn Object>;

#[derive(Default)]
struct Registry {
    fetch: Option<FetchFn>,
    scheduled: Option<ScheduledFn>,
    start: Vec<fn()>,
    classes: Vec<(Class, ConstructFn)>,
}

thread_local! {
    static REGISTRY: RefCell<Registry> = RefCell::default();
}

/// Registers the `fetch` handler.
pub fn fetch(handler: FetchFn) {
    REGISTRY.with_borrow_mut(|registry| registry.fetch = Some(handler));
}

/// Registers the `scheduled` handler.
pub fn scheduled(handler: ScheduledFn) {
    REGISTRY.with_borrow_mut(|registry| registry.scheduled = Some(handler));
}

/// Registers a function to run in global scope.
pub fn start(function: fn()) {
    REGISTRY.with_borrow_mut(|registry| registry.start.push(function));
}

/// Registers a class of Durable Objects with those handlers beside `fetch` that it has.
pub fn class<T: DurableObject + 'static>(name: &str, alarm: bool, sockets: bool) {
    let class =
        Class { name: name.to_owned(), alarm, socket_message: sockets, socket_close: sockets, socket_error: sockets };
    let construct: ConstructFn = |state, env| Rc::new(Instance(T::new(state, env)));
    REGISTRY.with_borrow_mut(|registry| registry.classes.push((class, construct)));
}

pub(crate) fn exports() -> Exports {
    REGISTRY.with_borrow(|registry| Exports {
        fetch: registry.fetch.is_some(),
        scheduled: registry.scheduled.is_some(),
        classes: registry.classes.iter().map(|(class, _)| class.clone()).collect(),
        entrypoints: Vec::new(),
    })
}

pub(crate) fn fetch_handler() -> Option<FetchFn> {
    REGISTRY.with_borrow(|registry| registry.fetch)
}

pub(crate) fn scheduled_handler() -> Option<ScheduledFn> {
    REGISTRY.with_borrow(|registry| registry.scheduled)
}

pub(crate) fn start_functions() -> Vec<fn()> {
    REGISTRY.with_borrow(|registry| registry.start.clone())
}

pub(crate) fn constructor(name: &str) -> Option<ConstructFn> {
    REGISTRY.with_borrow(|registry| {
        registry.classes.iter().find(|(class, _)| class.name == name).map(|(_, construct)| *construct)
    })
}

/// Runs a `fetch` handler and turns its errors into the response that the public crate makes of them.
pub async fn respond<Q, Fut, R, E>(request: Request, with_errors: bool, handler: impl FnOnce(Q) -> Fut) -> Response
where
    Q: FromRequest,
    Fut: Future<Output = std::result::Result<R, E>>,
    R: IntoResponse,
    E: Into<Box<dyn std::error::Error>>,
{
    let failed = |what: &str, error: Box<dyn std::error::Error>| {
        crate::console_error!("{what}{error}");
        let message = if with_errors { error.to_string() } else { "INTERNAL SERVER ERROR".to_owned() };
        Response::builder().with_status(500).fixed(message.into_bytes())
    };
    let request = match Q::from_raw(request) {
        Ok(request) => request,
        Err(error) => return failed("Error converting request: ", error.into()),
    };
    match handler(request).await {
        Ok(response) => match response.into_raw() {
            Ok(response) => response,
            Err(error) => failed("Error converting response: ", error.into()),
        },
        Err(error) => failed("", error.into()),
    }
}

/// A Durable Object of any class.
pub(crate) trait Object {
    fn fetch(self: Rc<Self>, request: Request) -> LocalBoxFuture<'static, Result<Response>>;
    fn alarm(self: Rc<Self>) -> LocalBoxFuture<'static, Result<()>>;
    fn socket_message(
        self: Rc<Self>,
        socket: WebSocket,
        message: WebSocketIncomingMessage,
    ) -> LocalBoxFuture<'static, Result<()>>;
    fn socket_close(
        self: Rc<Self>,
        socket: WebSocket,
        code: u16,
        reason: String,
        clean: bool,
    ) -> LocalBoxFuture<'static, Result<()>>;
    fn socket_error(self: Rc<Self>, socket: WebSocket, error: Error) -> LocalBoxFuture<'static, Result<()>>;
}

struct Instance<T>(T);

impl<T: DurableObject + 'static> Object for Instance<T> {
    fn fetch(self: Rc<Self>, request: Request) -> LocalBoxFuture<'static, Result<Response>> {
        Box::pin(async move { self.0.fetch(request).await })
    }

    fn alarm(self: Rc<Self>) -> LocalBoxFuture<'static, Result<()>> {
        // The response of the public crate's signature goes nowhere.
        Box::pin(async move { self.0.alarm().await.map(drop) })
    }

    fn socket_message(
        self: Rc<Self>,
        socket: WebSocket,
        message: WebSocketIncomingMessage,
    ) -> LocalBoxFuture<'static, Result<()>> {
        Box::pin(async move { self.0.websocket_message(socket, message).await })
    }

    fn socket_close(
        self: Rc<Self>,
        socket: WebSocket,
        code: u16,
        reason: String,
        clean: bool,
    ) -> LocalBoxFuture<'static, Result<()>> {
        Box::pin(async move { self.0.websocket_close(socket, code.into(), reason, clean).await })
    }

    fn socket_error(self: Rc<Self>, socket: WebSocket, error: Error) -> LocalBoxFuture<'static, Result<()>> {
        Box::pin(async move { self.0.websocket_error(socket, error).await })
    }
}
