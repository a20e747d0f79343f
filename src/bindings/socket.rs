//! WebSockets of both kinds (reference §1.10).
//!
//! Invariant: a guest touches only sockets that it holds; what it sends leaves after its turn is committed.

use super::{GuestHost, Output};
use crate::core::ends::{Holder, Mode, SocketId};
use crate::core::socket::{Arrival, MAX_ATTACHMENT_BYTES};
use emu_abi::{Answer, Ask, Bytes, Failure, Message};

/// The largest message that may be sent, in bytes.
const MAX_MESSAGE_BYTES: usize = 32 * 1024 * 1024;

pub(super) fn answer(host: &mut GuestHost, ask: Ask) -> Result<Answer, Failure> {
    match ask {
        Ask::SocketPair => {
            host.said_bytes += 4 * super::OUTPUT_OVERHEAD_BYTES;
            let holder = Holder::Instance(host.asking_instance());
            let (client, server) = host.shared.ends.borrow_mut().pair(holder, holder);
            Ok(Answer::Pair(client, server))
        }
        Ask::SocketAccept { socket, half_open } => accept(host, socket, half_open),
        Ask::SocketHibernate { socket, tags } => hibernate(host, socket, tags),
        Ask::SocketSend { socket, message } => send(host, socket, message),
        Ask::SocketClose { socket, code, reason } => close(host, socket, code, reason),
        Ask::SocketState { socket } => Ok(Answer::Socket(host.shared.ends.borrow().state(socket))),
        Ask::AttachmentSet { socket, value } => attach(host, socket, value),
        Ask::AttachmentGet { socket } => Ok(Answer::MaybeBytes(attachment(host, socket)?)),
        ask => object_answer(host, ask),
    }
}

/// What is asked of `ctx` rather than of a socket.
fn object_answer(host: &mut GuestHost, ask: Ask) -> Result<Answer, Failure> {
    let object = host.object()?;
    let mut sockets = object.sockets.borrow_mut();
    Ok(match ask {
        Ask::Sockets { tag } => Answer::Sockets(sockets.list(tag.as_deref())),
        Ask::SocketTags { socket } => match sockets.tags(socket) {
            Some(tags) => Answer::Texts(tags.to_vec()),
            None => {
                return Err(Failure::error(
                    "you must call 'acceptWebSocket()' before attempting to access the tags of a WebSocket.",
                ));
            }
        },
        Ask::AutoResponseSet { pair } => {
            sockets.set_auto_response(pair)?;
            Answer::Done
        }
        Ask::AutoResponseGet => Answer::MaybePair(sockets.auto_response().cloned()),
        Ask::AutoResponseTime { socket } => Answer::Time(sockets.auto_response_ms(socket)),
        Ask::EventTimeoutSet { ms } => {
            sockets.set_event_timeout(ms)?;
            Answer::Done
        }
        Ask::EventTimeoutGet => Answer::Time(sockets.event_timeout_ms().map(f64::from)),
        _ => return Err(Failure::error("not a socket ask")),
    })
}

fn accept(host: &mut GuestHost, socket: SocketId, half_open: bool) -> Result<Answer, Failure> {
    check_held(host, socket)?;
    host.shared.ends.borrow_mut().accept(socket, half_open)?;
    host.say(Output::Accepted(socket), 0);
    Ok(Answer::Done)
}

fn hibernate(host: &mut GuestHost, socket: SocketId, tags: Vec<String>) -> Result<Answer, Failure> {
    check_held(host, socket)?;
    let object = host.object()?;
    let tags = object.sockets.borrow().check_accept(tags)?;
    let (number, sockets) = (object.number, object.sockets.clone());
    host.shared.ends.borrow_mut().hibernate(socket, number)?;
    sockets.borrow_mut().accept(socket, tags);
    host.say(Output::Hibernatable(socket), 0);
    Ok(Answer::Done)
}

fn send(host: &mut GuestHost, socket: SocketId, message: Message) -> Result<Answer, Failure> {
    check_held(host, socket)?;
    if message.len() > MAX_MESSAGE_BYTES {
        return Err(Failure::error("WebSocket messages cannot be larger than 32 MiB."));
    }
    if host.shared.ends.borrow_mut().send(socket)? {
        let len = message.len();
        host.say(Output::Emit(socket, Arrival::Message(message)), len);
    }
    Ok(Answer::Done)
}

fn close(host: &mut GuestHost, socket: SocketId, code: Option<u16>, reason: Option<String>) -> Result<Answer, Failure> {
    if host.shared.ends.borrow().get(socket).is_none() {
        // Both sides have closed already; a second `close()` is ignored.
        return Ok(Answer::Done);
    }
    check_held(host, socket)?;
    let limit_reason = host.switches.limit_close_reason;
    let close = host.shared.ends.borrow_mut().close(socket, code, reason, limit_reason)?;
    if let Some(close) = close {
        host.say(Output::Emit(socket, close), 0);
    }
    Ok(Answer::Done)
}

fn attach(host: &mut GuestHost, socket: SocketId, value: Bytes) -> Result<Answer, Failure> {
    let len = value.0.len();
    if len > MAX_ATTACHMENT_BYTES {
        return Err(Failure::error(format!(
            "A WebSocket 'attachment' cannot be larger than 16384 bytes.'attachment' was {len} bytes."
        )));
    }
    if let Some(object) = host.objects.values().find(|object| object.sockets.borrow().contains(socket)) {
        object.sockets.borrow_mut().attach(socket, value.0);
        return Ok(Answer::Done);
    }
    check_held(host, socket)?;
    if let Some(end) = host.shared.ends.borrow_mut().get_mut(socket) {
        end.attachment = Some(value.0.into());
    }
    Ok(Answer::Done)
}

fn attachment(host: &GuestHost, socket: SocketId) -> Result<Option<Bytes>, Failure> {
    for object in host.objects.values() {
        let sockets = object.sockets.borrow();
        if sockets.contains(socket)
            && let Some(value) = sockets.attachment(socket)
        {
            return Ok(Some(Bytes(value.to_vec())));
        }
    }
    let ends = host.shared.ends.borrow();
    match ends.get(socket) {
        Some(end) if host.holds(end.holder()) => Ok(end.attachment.as_ref().map(|value| Bytes(value.to_vec()))),
        _ => Ok(None),
    }
}

/// A guest may name only sockets that it holds. One that has gone altogether counts as closed.
fn check_held(host: &GuestHost, socket: SocketId) -> Result<(), Failure> {
    match host.shared.ends.borrow().get(socket) {
        Some(end) if host.holds(end.holder()) => Ok(()),
        Some(end) if end.mode == Mode::Passed => {
            Err(Failure::type_error("This WebSocket was already used in a response."))
        }
        Some(_) => Err(Failure::error("This WebSocket belongs to another worker.")),
        None => Err(Failure::type_error("Can't call WebSocket send() after close().")),
    }
}
