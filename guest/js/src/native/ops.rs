//! Operations: what takes effect after the turn.
//!
//! Invariant: one native for each op of the interface, nothing more.

use super::{given, set};
use crate::border::op;
use crate::convert::{FlatHeaders, JsBody, JsFailure, Raw, Text, throw, unhex};
use emu_abi::{
    Call, Class, Entrypoint, Exports, Failure, LogLevel, ObjectId, Op, Redirect, Request, Response, Settled, Target,
};
use rquickjs::function::{Opt, Rest};
use rquickjs::{Array, Ctx, FromJs, Object, Result, Value};

pub(super) fn register(host: &Object<'_>) -> Result<()> {
    set(host, "log", |level: u32, message: Text| op(&Op::Log { level: log_level(level), message: message.0 }))?;
    set(host, "declare", declare)?;
    set(host, "refuse", |failure: JsFailure| op(&Op::Refuse(failure.0)))?;
    set(host, "abort", |object: u32, reason: Opt<Option<Text>>, retry_alarm: Opt<bool>| {
        let reason = given(reason).map(|reason| reason.0);
        op(&Op::Abort { object, reason, retry_alarm: retry_alarm.0.unwrap_or(true) });
    })?;
    settling(host)?;
    calling(host)?;
    streaming(host)
}

fn log_level(level: u32) -> LogLevel {
    match level {
        0 => LogLevel::Debug,
        2 => LogLevel::Info,
        3 => LogLevel::Warn,
        4 => LogLevel::Error,
        _ => LogLevel::Log,
    }
}

fn declare(exports: Object<'_>) -> Result<()> {
    let mut classes = Vec::new();
    for class in exports.get::<_, Array>("classes")?.iter::<Object>() {
        let class = class?;
        classes.push(Class {
            name: class.get::<_, Text>("name")?.0,
            alarm: class.get("alarm")?,
            socket_message: class.get("socketMessage")?,
            socket_close: class.get("socketClose")?,
            socket_error: class.get("socketError")?,
        });
    }
    let mut entrypoints = Vec::new();
    for entrypoint in exports.get::<_, Array>("entrypoints")?.iter::<Object>() {
        let entrypoint = entrypoint?;
        entrypoints.push(Entrypoint {
            name: entrypoint.get::<_, Text>("name")?.0,
            fetch: entrypoint.get("fetch")?,
            scheduled: entrypoint.get("scheduled")?,
        });
    }
    let (fetch, scheduled) = (exports.get("fetch")?, exports.get("scheduled")?);
    op(&Op::Declare(Exports { fetch, scheduled, classes, entrypoints }));
    Ok(())
}

fn settling(host: &Object<'_>) -> Result<()> {
    set(host, "settle", |invocation: u32| op(&Op::Settle { invocation, result: Ok(Settled::Done) }))?;
    set(host, "fail", |invocation: u32, failure: JsFailure| op(&Op::Settle { invocation, result: Err(failure.0) }))?;
    set(
        host,
        "settleResponse",
        |invocation: u32, status: u16, text: Text, headers: FlatHeaders, body: JsBody, socket: Opt<Option<u32>>| {
            let response =
                Response { status, status_text: text.0, headers: headers.0, body: body.0, socket: given(socket) };
            op(&Op::Settle { invocation, result: Ok(Settled::Response(response)) });
        },
    )?;
    set(host, "waitUntilBegin", |invocation: u32| op(&Op::WaitUntilBegin { invocation }))?;
    set(host, "waitUntilEnd", |invocation: u32, failure: Opt<Option<JsFailure>>| {
        op(&Op::WaitUntilEnd { invocation, failure: given(failure).map(|failure| failure.0) });
    })
}

fn calling(host: &Object<'_>) -> Result<()> {
    set(host, "callFetch", call_fetch)?;
    set(host, "callSleep", |call: u32, invocation: u32, section: u32, ms: f64| {
        op(&Op::Call { call, invocation, section, what: Call::Sleep { ms } });
    })?;
    set(host, "callSync", |call: u32, invocation: u32, section: u32| {
        op(&Op::Call { call, invocation, section, what: Call::Sync });
    })?;
    set(host, "callEnterCritical", |call: u32, invocation: u32, outer: u32, section: u32, object: u32| {
        op(&Op::Call { call, invocation, section: outer, what: Call::EnterCritical { section, object } });
    })?;
    set(host, "leaveCritical", |section: u32, failure: Opt<Option<JsFailure>>| {
        op(&Op::LeaveCritical { section, failure: given(failure).map(|failure| failure.0) });
    })?;
    set(host, "cancel", |call: u32| op(&Op::Cancel { call }))
}

/// `callFetch(call, invocation, section, target, method, url, headers, body, redirectManual, cfJson)`
fn call_fetch<'js>(ctx: Ctx<'js>, arguments: Rest<Value<'js>>) -> Result<()> {
    let mut arguments = arguments.0.into_iter();
    let mut next = || arguments.next().unwrap_or_else(|| Value::new_undefined(ctx.clone()));
    let (call, invocation, section) = (next().get()?, next().get()?, next().get()?);
    let target = target(&ctx, next())?;
    let request = Request {
        method: next().get::<Text>()?.0,
        url: next().get::<Text>()?.0,
        headers: next().get::<FlatHeaders>()?.0,
        body: next().get::<JsBody>()?.0,
        redirect: if next().as_bool() == Some(true) { Redirect::Manual } else { Redirect::Follow },
        cf: next().get::<Option<Text>>()?.map(|cf| cf.0),
    };
    op(&Op::Call { call, invocation, section, what: Call::Fetch { target, request } });
    Ok(())
}

/// Nothing for the network, a number for a service, `[namespace, id, name]` for an object, `"world"` for the tests' world.
fn target<'js>(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Target> {
    if value.is_undefined() || value.is_null() {
        return Ok(Target::Internet);
    }
    if value.is_number() {
        return Ok(Target::Service(value.get()?));
    }
    if value.is_string() {
        let name = value.get::<Text>()?.0;
        let unknown = || throw(ctx, Failure::type_error(format!("there is no target `{name}`")));
        return if name == "world" { Ok(Target::World) } else { Err(unknown()) };
    }
    let parts = Array::from_js(ctx, value)?;
    let bytes = unhex(&parts.get::<String>(1)?)
        .ok_or_else(|| throw(ctx, Failure::type_error("Invalid Durable Object ID: must be 64 hex digits")))?;
    let name = parts.get::<Option<Text>>(2)?.map(|name| name.0);
    Ok(Target::Object { namespace: parts.get(0)?, id: ObjectId { bytes, name } })
}

fn streaming(host: &Object<'_>) -> Result<()> {
    set(host, "bodyPull", |body: u32, section: u32| op(&Op::BodyPull { body, section }))?;
    set(host, "bodyCancel", |body: u32| op(&Op::BodyCancel { body }))?;
    set(host, "bodyChunk", |body: u32, bytes: Raw| op(&Op::BodyChunk { body, bytes: bytes.0.into() }))?;
    set(host, "bodyEnd", |body: u32| op(&Op::BodyEnd { body }))?;
    set(host, "bodyFailed", |body: u32, failure: JsFailure| op(&Op::BodyFailed { body, failure: failure.0 }))?;
    set(host, "socketDrop", |socket: u32| op(&Op::SocketDrop { socket }))
}
