//! WebSockets (reference §1.10).
//!
//! Invariant: sockets are the host's numbers; the runtime wraps them.

use super::storage::time;
use super::{ask, done, given, set};
use crate::convert::{JsMessage, Text, unexpected};
use crate::data::v8;
use emu_abi::{Answer, Ask, Bytes};
use rquickjs::convert::List;
use rquickjs::function::Opt;
use rquickjs::{Ctx, Object, Result, Value};

pub(super) fn register<'js>(host: &Object<'js>) -> Result<()> {
    set(host, "socketPair", |ctx: Ctx<'js>, object: u32| match ask(&ctx, object, &Ask::SocketPair)? {
        Answer::Pair(client, server) => Result::Ok(vec![client, server]),
        other => unexpected(&other),
    })?;
    set(host, "socketAccept", |ctx: Ctx<'js>, socket: u32, half_open: Opt<bool>| {
        done(&ctx, 0, &Ask::SocketAccept { socket, half_open: half_open.0.unwrap_or(false) })
    })?;
    set(host, "socketHibernate", |ctx: Ctx<'js>, object: u32, socket: u32, tags: Vec<Text>| {
        done(&ctx, object, &Ask::SocketHibernate { socket, tags: tags.into_iter().map(|tag| tag.0).collect() })
    })?;
    set(host, "socketSend", |ctx: Ctx<'js>, socket: u32, message: JsMessage| {
        done(&ctx, 0, &Ask::SocketSend { socket, message: message.0 })
    })?;
    set(host, "socketClose", |ctx: Ctx<'js>, socket: u32, code: Opt<Option<u16>>, reason: Opt<Option<Text>>| {
        let reason = given(reason).map(|reason| reason.0);
        done(&ctx, 0, &Ask::SocketClose { socket, code: given(code), reason })
    })?;
    set(host, "socketState", |ctx: Ctx<'js>, socket: u32| match ask(&ctx, 0, &Ask::SocketState { socket })? {
        Answer::Socket(state) => Result::Ok(List((state.ready_state, state.url, state.protocol, state.extensions))),
        other => unexpected(&other),
    })?;
    set(host, "sockets", |ctx: Ctx<'js>, object: u32, tag: Opt<Option<Text>>| {
        match ask(&ctx, object, &Ask::Sockets { tag: given(tag).map(|tag| tag.0) })? {
            Answer::Sockets(sockets) => Result::Ok(sockets),
            other => unexpected(&other),
        }
    })?;
    set(host, "socketTags", |ctx: Ctx<'js>, object: u32, socket: u32| {
        match ask(&ctx, object, &Ask::SocketTags { socket })? {
            Answer::Texts(tags) => Result::Ok(tags),
            other => unexpected(&other),
        }
    })?;
    attachments(host)?;
    automatic(host)
}

fn attachments<'js>(host: &Object<'js>) -> Result<()> {
    set(host, "attachmentSet", |ctx: Ctx<'js>, socket: u32, value: Value<'js>| {
        let value = v8::write(&ctx, &value)?;
        done(&ctx, 0, &Ask::AttachmentSet { socket, value: value.into() })
    })?;
    set(host, "attachmentGet", |ctx: Ctx<'js>, socket: u32| match ask(&ctx, 0, &Ask::AttachmentGet { socket })? {
        Answer::MaybeBytes(Some(Bytes(bytes))) => v8::read(&ctx, &bytes),
        Answer::MaybeBytes(None) => Ok(Value::new_undefined(ctx.clone())),
        other => unexpected(&other),
    })
}

fn automatic<'js>(host: &Object<'js>) -> Result<()> {
    set(
        host,
        "autoResponseSet",
        |ctx: Ctx<'js>, object: u32, request: Opt<Option<Text>>, response: Opt<Option<Text>>| {
            let pair = given(request).zip(given(response)).map(|(request, response)| (request.0, response.0));
            done(&ctx, object, &Ask::AutoResponseSet { pair })
        },
    )?;
    set(host, "autoResponseGet", |ctx: Ctx<'js>, object: u32| match ask(&ctx, object, &Ask::AutoResponseGet)? {
        Answer::MaybePair(pair) => Result::Ok(pair.map(List)),
        other => unexpected(&other),
    })?;
    set(host, "autoResponseTime", |ctx: Ctx<'js>, object: u32, socket: u32| {
        time(&ctx, object, &Ask::AutoResponseTime { socket })
    })?;
    set(host, "eventTimeoutSet", |ctx: Ctx<'js>, object: u32, ms: Opt<Option<u32>>| {
        done(&ctx, object, &Ask::EventTimeoutSet { ms: given(ms) })
    })?;
    set(host, "eventTimeoutGet", |ctx: Ctx<'js>, object: u32| time(&ctx, object, &Ask::EventTimeoutGet))
}
