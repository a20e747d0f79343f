//! From the host's events to the runtime's handlers.
//!
//! Invariant: each event is one call of one method; what it means is the runtime's business.

use crate::convert::{FlatHeaders, JsBody, JsFailure, JsMessage, Raw, hex, response_parts};
use crate::engine::handlers;
use emu_abi::{Event, Invoke, Outcome, Request, SocketEvent};
use rquickjs::function::{Args, IntoArgs};
use rquickjs::{Ctx, Function, IntoJs, Object, Result, Value};
use std::cell::Cell;

thread_local! {
    static REJECTIONS_PENDING: Cell<bool> = const { Cell::new(false) };
}

/// Notes that a promise was rejected without a handler, or got one later.
pub(crate) fn note_rejection<'js>(ctx: Ctx<'js>, promise: Value<'js>, reason: Value<'js>, handled: bool) {
    REJECTIONS_PENDING.set(true);
    // While the runtime itself evaluates there is nobody to tell.
    let _ = handlers(&ctx).and_then(|handlers| call(&handlers, "rejection", (promise, reason, handled)));
}

/// Whether rejections were noted since the last time.
pub(crate) fn take_rejections_pending() -> bool {
    REJECTIONS_PENDING.replace(false)
}

fn call<'js>(handlers: &Object<'js>, name: &str, args: impl IntoArgs<'js>) -> Result<()> {
    let handler: Function = handlers.get(name)?;
    handler.call::<_, Value>(args).map(|_| ())
}

/// Delivers an event.
///
/// # Errors
/// When a handler of the runtime threw, which is a bug of ours: what workers throw is caught there.
pub(crate) fn deliver(ctx: &Ctx<'_>, event: Event) -> Result<()> {
    let handlers = handlers(ctx)?;
    let handlers = &handlers;
    match event {
        Event::Construct { invocation, object, class, id } => {
            call(handlers, "construct", (invocation, object, class, hex(&id.bytes), id.name))
        }
        Event::Invoke { invocation, object, entrypoint, props, what } => {
            invoke(ctx, handlers, invocation, object, entrypoint, props, what)
        }
        Event::Complete { call: number, result: Ok(Outcome::Done) } => call(handlers, "complete", (number,)),
        Event::Complete { call: number, result: Ok(Outcome::Response(response)) } => {
            let (status, status_text, headers, body, socket) = response_parts(response);
            call(handlers, "completeResponse", (number, status, status_text, headers, body, socket))
        }
        Event::Complete { call: number, result: Err(failure) } => {
            call(handlers, "completeFailure", (number, JsFailure(failure)))
        }
        Event::BodyChunk { body, bytes } => call(handlers, "bodyChunk", (body, Raw(bytes.0))),
        Event::BodyEnd { body } => call(handlers, "bodyEnd", (body,)),
        Event::BodyFailed { body, failure } => call(handlers, "bodyFailed", (body, JsFailure(failure))),
        Event::BodyCredit { body, bytes } => call(handlers, "bodyCredit", (body, bytes)),
        Event::BodyCancelled { body } => call(handlers, "bodyCancelled", (body,)),
        Event::Socket { socket, event: SocketEvent::Message(message) } => {
            call(handlers, "acceptedMessage", (socket, JsMessage(message)))
        }
        Event::Socket { socket, event: SocketEvent::Close { code, reason, clean } } => {
            call(handlers, "acceptedClose", (socket, code, reason, clean))
        }
        Event::Socket { socket, event: SocketEvent::Error(failure) } => {
            call(handlers, "acceptedError", (socket, JsFailure(failure)))
        }
        Event::Cancelled { invocation } => call(handlers, "cancelled", (invocation,)),
    }
}

fn invoke<'js>(
    ctx: &Ctx<'js>,
    handlers: &Object<'js>,
    invocation: u32,
    object: u32,
    entrypoint: String,
    props: String,
    what: Invoke,
) -> Result<()> {
    match what {
        Invoke::Fetch(Request { method, url, headers, body, cf, .. }) => {
            let mut args = Args::new(ctx.clone(), 9);
            args.push_arg(invocation)?;
            args.push_arg(object)?;
            args.push_arg(entrypoint)?;
            args.push_arg(method)?;
            args.push_arg(url)?;
            args.push_arg(FlatHeaders(headers))?;
            args.push_arg(JsBody(body))?;
            args.push_arg(cf.into_js(ctx)?)?;
            args.push_arg(props)?;
            handlers.get::<_, Function>("fetch")?.call_arg::<Value>(args).map(|_| ())
        }
        Invoke::Scheduled { cron, scheduled_ms } => {
            call(handlers, "scheduled", (invocation, entrypoint, cron, scheduled_ms))
        }
        Invoke::Alarm { retry_count, scheduled_ms } => {
            call(handlers, "alarm", (invocation, object, retry_count, scheduled_ms))
        }
        Invoke::SocketMessage { socket, message } => {
            call(handlers, "socketMessage", (invocation, object, socket, JsMessage(message)))
        }
        Invoke::SocketClose { socket, code, reason, clean } => {
            call(handlers, "socketClose", (invocation, object, socket, code, reason, clean))
        }
        Invoke::SocketError { socket, failure } => {
            call(handlers, "socketError", (invocation, object, socket, JsFailure(failure)))
        }
    }
}
