//! What the host calls: `init` once, then `turn` for every event.
//!
//! Invariant: every invocation is settled exactly once, and nothing of a turn is on the stack when it returns.

use crate::registry::{self, Object};
use crate::scope::{self, Invocation, Scope};
use crate::{
    Context, Env, Request, Response, ScheduleContext, ScheduledEvent, State, WebSocket, calls, date, emu, env,
    executor, host, sockets, streams,
};
use emu_abi::{Event, Failure, Init, Invoke, LogLevel, Op, Settled, Turn};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::mem::ManuallyDrop;
use std::rc::Rc;

type Objects = BTreeMap<u32, Rc<dyn Object>>;
type Outcome = Result<Settled, Failure>;

thread_local! {
    /// Never dropped, as an object ends with its isolate.
    static OBJECTS: RefCell<ManuallyDrop<Objects>> = const { RefCell::new(ManuallyDrop::new(BTreeMap::new())) };
    /// The tasks of the worker's own invocations, which end with their client.
    static RUNNING: RefCell<BTreeMap<u32, executor::TaskId>> = const { RefCell::new(BTreeMap::new()) };
}

/// Prepares the memory that every isolate starts from.
pub(crate) fn init(init: Init) {
    // Where the tests of this crate run, the hook is the test runner's.
    if cfg!(target_arch = "wasm32") {
        std::panic::set_hook(Box::new(|panic| {
            host::op(&Op::Log { level: LogLevel::Error, message: format!("Rust {panic}") });
        }));
    }
    env::init(init.env);
    host::op(&Op::Declare(registry::exports()));
    for function in registry::start_functions() {
        function();
    }
}

/// Delivers one event and runs what it wakes.
pub(crate) fn turn(turn: Turn) {
    date::set_now(turn.now_ms);
    deliver(turn.event);
    executor::run();
}

fn deliver(event: Event) {
    match event {
        Event::Construct { invocation, object, class, id } => construct(invocation, object, &class, id),
        Event::Invoke { invocation, object, props, what, .. } => invoke(invocation, object, props, what),
        Event::Complete { call, result } => calls::complete(call, result),
        Event::BodyChunk { body, bytes } => streams::deliver(body, Ok(Some(bytes.0))),
        Event::BodyEnd { body } => streams::deliver(body, Ok(None)),
        Event::BodyFailed { body, failure } => streams::deliver(body, Err(failure)),
        Event::BodyCredit { body, bytes } => streams::credit(body, bytes),
        Event::BodyCancelled { body } => streams::cancelled(body),
        Event::Socket { socket, event } => sockets::deliver(socket, &event),
        Event::Cancelled { invocation } => cancel(invocation),
    }
}

fn construct(number: u32, object: u32, class: &str, id: emu_abi::ObjectId) {
    let invocation = Invocation::new(number, None, String::new());
    let result = match registry::constructor(class) {
        None => Err(Failure::error(format!("the worker does not export a class `{class}`"))),
        Some(construct) => {
            let scope = Scope::of(object, invocation.clone());
            let built = scope::enter(scope, || construct(State::new(object, id), Env::get()));
            OBJECTS.with_borrow_mut(|objects| objects.insert(object, built));
            Ok(Settled::Done)
        }
    };
    settle(&invocation, number, result);
}

fn invoke(number: u32, object: u32, props: String, what: Invoke) {
    let alarm = match &what {
        Invoke::Alarm { retry_count, scheduled_ms } => {
            Some(emu::AlarmInfo { retry_count: *retry_count, scheduled_ms: *scheduled_ms })
        }
        _ => None,
    };
    let invocation = Invocation::new(number, alarm, props);
    let scope = Scope::of(object, invocation.clone());
    let handler =
        scope::enter(scope.clone(), || if object == 0 { worker_handler(what) } else { object_handler(object, what) });
    let task = executor::spawn(scope, async move {
        let result = handler.await;
        RUNNING.with_borrow_mut(|running| running.remove(&number));
        settle(&invocation, number, result);
    });
    if object == 0 {
        RUNNING.with_borrow_mut(|running| running.insert(number, task));
    }
}

fn settle(invocation: &Invocation, number: u32, result: Outcome) {
    host::op(&Op::Settle { invocation: number, result });
    invocation.settle();
}

/// The client is gone: nobody needs the worker's answer. Objects run on, as their state may depend on it.
fn cancel(number: u32) {
    let Some(task) = RUNNING.with_borrow_mut(|running| running.remove(&number)) else { return };
    executor::cancel(task);
    let failure = Failure::error("The client disconnected before the request was answered.");
    host::op(&Op::Settle { invocation: number, result: Err(failure) });
}

fn responded(response: crate::Result<Response>) -> Outcome {
    let response = response.and_then(Response::into_abi).map_err(|error| error.to_failure())?;
    Ok(Settled::Response(response))
}

fn done(result: crate::Result<()>) -> Outcome {
    result.map(|()| Settled::Done).map_err(|error| error.to_failure())
}

fn failed(message: impl Into<String>) -> LocalBoxFuture<'static, Outcome> {
    let failure = Failure::error(message);
    Box::pin(async { Err(failure) })
}

fn worker_handler(what: Invoke) -> LocalBoxFuture<'static, Outcome> {
    match what {
        Invoke::Fetch(request) => match registry::fetch_handler() {
            None => failed("Handler does not export a fetch() function."),
            Some(handler) => handler(Request::from_abi(request), Env::get(), Context::current())
                .map(|response| responded(Ok(response)))
                .boxed_local(),
        },
        Invoke::Scheduled { cron, scheduled_ms } => match registry::scheduled_handler() {
            None => failed("Handler does not export a scheduled() function"),
            Some(handler) => {
                let event = ScheduledEvent::new(cron, scheduled_ms);
                handler(event, Env::get(), ScheduleContext::current()).map(|()| Ok(Settled::Done)).boxed_local()
            }
        },
        other => failed(format!("the worker itself cannot handle {other:?}")),
    }
}

fn object_handler(number: u32, what: Invoke) -> LocalBoxFuture<'static, Outcome> {
    let Some(object) = OBJECTS.with_borrow(|objects| objects.get(&number).cloned()) else {
        return failed(format!("object {number} was not constructed in this isolate"));
    };
    match what {
        Invoke::Fetch(request) => object.fetch(Request::from_abi(request)).map(responded).boxed_local(),
        Invoke::Alarm { .. } => object.alarm().map(done).boxed_local(),
        Invoke::SocketMessage { socket, message } => {
            object.socket_message(WebSocket::held(socket), message.into()).map(done).boxed_local()
        }
        Invoke::SocketClose { socket, code, reason, clean } => {
            object.socket_close(WebSocket::held(socket), code, reason, clean).map(done).boxed_local()
        }
        Invoke::SocketError { socket, failure } => {
            object.socket_error(WebSocket::held(socket), failure.into()).map(done).boxed_local()
        }
        Invoke::Scheduled { .. } => failed("an object has no schedule"),
    }
}
