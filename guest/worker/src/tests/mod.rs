//! The SDK driven through its turns, with a host that the tests play.

mod bodies;
mod calls;
mod critical;
mod data;
mod sockets;
mod sql;

use crate::durable::has_durable_object_attribute;
use crate::host::take_ops;
use crate::turn::{init, turn};
use crate::{Context, DurableObject, Env, Request, Response, Result, State, registry};
use emu_abi::{Event, Init, Invoke, Op, Settled, Turn};
use futures_util::future::LocalBoxFuture;
use std::cell::RefCell;

type Handler = Box<dyn FnOnce(Request, Context) -> LocalBoxFuture<'static, Response>>;
type ObjectHandler = Box<dyn FnOnce(State) -> LocalBoxFuture<'static, Result<Response>>>;

thread_local! {
    static HANDLER: RefCell<Option<Handler>> = const { RefCell::new(None) };
    static OBJECT_HANDLER: RefCell<Option<ObjectHandler>> = const { RefCell::new(None) };
}

/// Delivers an event and returns what the guest did.
fn deliver(event: Event) -> Vec<Op> {
    turn(Turn { now_ms: 1000.0, event });
    take_ops()
}

/// A worker whose next request is handled by `handler`.
fn worker<F: Future<Output = Response> + 'static>(handler: impl FnOnce(Request, Context) -> F + 'static) {
    HANDLER.set(Some(Box::new(move |request, context| Box::pin(handler(request, context)))));
    registry::fetch(|request, _, context| {
        let handler = HANDLER.take().expect("one request per handler");
        handler(request, context)
    });
    init(Init::default());
    take_ops();
}

/// Runs `handler` as invocation 1 with an empty `GET` request.
fn run<F: Future<Output = Response> + 'static>(handler: impl FnOnce(Request, Context) -> F + 'static) -> Vec<Op> {
    worker(handler);
    deliver(fetch(request()))
}

fn fetch(request: emu_abi::Request) -> Event {
    Event::Invoke {
        invocation: 1,
        object: 0,
        entrypoint: String::new(),
        props: String::new(),
        what: Invoke::Fetch(request),
    }
}

fn request() -> emu_abi::Request {
    emu_abi::Request { method: "GET".into(), url: "http://example.com/a?b=c".into(), ..emu_abi::Request::default() }
}

fn empty() -> Response {
    Response::builder().empty()
}

fn settled_empty() -> Op {
    let response = emu_abi::Response { status: 200, ..emu_abi::Response::default() };
    Op::Settle { invocation: 1, result: Ok(Settled::Response(response)) }
}

struct Object(RefCell<Option<State>>);

impl has_durable_object_attribute for Object {}

impl DurableObject for Object {
    fn new(state: State, _: Env) -> Self {
        Self(RefCell::new(Some(state)))
    }

    async fn fetch(&self, _: Request) -> Result<Response> {
        let handler = OBJECT_HANDLER.take().expect("one request per handler");
        handler(self.0.take().expect("one request per object")).await
    }
}

/// Builds object 7 and runs `handler` in it as invocation 1.
fn run_object<F>(handler: impl FnOnce(State) -> F + 'static) -> Vec<Op>
where
    F: Future<Output = Result<Response>> + 'static,
{
    OBJECT_HANDLER.set(Some(Box::new(move |state| Box::pin(handler(state)))));
    registry::class::<Object>("Object", true, true);
    init(Init::default());
    let id = emu_abi::ObjectId { bytes: [1; 32], name: None };
    deliver(Event::Construct { invocation: 1, object: 7, class: "Object".into(), id });
    deliver(Event::Invoke {
        invocation: 1,
        object: 7,
        entrypoint: String::new(),
        props: String::new(),
        what: Invoke::Fetch(request()),
    })
}
