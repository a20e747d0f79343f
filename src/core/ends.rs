//! The two ends of every WebSocket, wherever they are held (reference §1.10, generic API).
//!
//! What the holder of one end emits arrives at the other. An end is held by a guest, by an object (hibernatable), by
//! the network, or by another lane that forwards; it changes hands when it is returned in a response.
//!
//! Invariant: holds state and backlogs; delivers nothing.

use crate::core::socket::Arrival;
use emu_abi::{Failure, SocketState};
use std::collections::{BTreeMap, BTreeSet};

/// Numbers an end on its lane.
pub type SocketId = u32;

/// Who holds an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Nobody any more, or not yet.
    Nobody,
    /// The running instance of this serial number.
    Instance(u64),
    /// The object of this number, with or without an instance.
    Object(usize),
    /// A connection outside.
    Outside,
    /// An end on another lane, to which everything is forwarded.
    Lane(usize, SocketId),
}

/// What has been done with an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nothing yet.
    Fresh,
    /// `accept()`.
    Standard,
    /// `ctx.acceptWebSocket()`.
    Hibernatable,
    /// Returned in a response.
    Passed,
}

/// One end.
#[derive(Debug)]
pub struct End {
    /// The other end.
    pub peer: SocketId,
    holder: Holder,
    /// What has been done with it.
    pub mode: Mode,
    /// Its holder has emitted a close, or vanished.
    pub sent_close: bool,
    /// A close has arrived at it, or the other side has vanished.
    pub got_close: bool,
    /// The other side has vanished: nothing that is sent arrives any more.
    pub gone: bool,
    /// A close that arrives is not answered for its holder.
    pub half_open: bool,
    /// Opened by this worker with `fetch`, rather than made as a pair.
    pub outgoing: bool,
    /// Bytes that arrived and have not been handed to a listener.
    pub undelivered_bytes: usize,
    /// What arrived before anybody could take it.
    pub backlog: Vec<Arrival>,
    /// The negotiated protocol.
    pub protocol: Box<str>,
    /// The attachment of a socket that is not hibernatable.
    pub attachment: Option<Box<[u8]>>,
}

/// All ends of a lane.
#[derive(Debug, Default)]
pub struct Ends {
    ends: BTreeMap<SocketId, End>,
    /// The ends of each instance, for a question that is asked after every turn.
    of_instances: BTreeMap<u64, BTreeSet<SocketId>>,
    last: SocketId,
}

impl End {
    /// Who holds it.
    pub fn holder(&self) -> Holder {
        self.holder
    }
}

impl Ends {
    /// Makes a pair: the first end held by `first`, the second by `second`.
    pub fn pair(&mut self, first: Holder, second: Holder) -> (SocketId, SocketId) {
        let ids = (self.fresh(), self.fresh());
        for (id, peer, holder) in [(ids.0, ids.1, first), (ids.1, ids.0, second)] {
            let passed = !matches!(holder, Holder::Instance(_));
            let end = End {
                peer,
                holder,
                mode: if passed { Mode::Passed } else { Mode::Fresh },
                sent_close: false,
                got_close: false,
                gone: false,
                half_open: false,
                outgoing: false,
                undelivered_bytes: 0,
                backlog: Vec::new(),
                protocol: "".into(),
                attachment: None,
            };
            self.ends.insert(id, end);
            self.note_holder(id, Holder::Nobody, holder);
        }
        ids
    }

    /// A number that no end has: after four thousand million they begin again.
    fn fresh(&mut self) -> SocketId {
        loop {
            self.last = self.last.wrapping_add(1).max(1);
            if !self.ends.contains_key(&self.last) {
                return self.last;
            }
        }
    }

    /// An end changes hands.
    pub fn set_holder(&mut self, socket: SocketId, holder: Holder) {
        if let Some(end) = self.ends.get_mut(&socket) {
            let before = std::mem::replace(&mut end.holder, holder);
            self.note_holder(socket, before, holder);
        }
    }

    fn note_holder(&mut self, socket: SocketId, before: Holder, after: Holder) {
        if let Holder::Instance(serial) = before
            && let Some(held) = self.of_instances.get_mut(&serial)
        {
            held.remove(&socket);
            if held.is_empty() {
                self.of_instances.remove(&serial);
            }
        }
        if let Holder::Instance(serial) = after {
            self.of_instances.entry(serial).or_default().insert(socket);
        }
    }

    /// An end.
    pub fn get(&self, socket: SocketId) -> Option<&End> {
        self.ends.get(&socket)
    }

    /// An end.
    pub fn get_mut(&mut self, socket: SocketId) -> Option<&mut End> {
        self.ends.get_mut(&socket)
    }

    /// How many ends there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The ends held by an instance.
    pub fn of_instance(&self, serial: u64) -> impl Iterator<Item = (SocketId, &End)> {
        let held = self.of_instances.get(&serial).into_iter().flatten();
        held.filter_map(|socket| Some((*socket, self.ends.get(socket)?)))
    }

    /// The ends of an object whose other side has closed, and which have not answered that.
    pub fn unanswered(&self, object: usize) -> Vec<SocketId> {
        let is_unanswered =
            |end: &End| end.holder == Holder::Object(object) && end.got_close && !end.sent_close && !end.gone;
        self.ends.iter().filter(|(_, end)| is_unanswered(end)).map(|(socket, _)| *socket).collect()
    }

    /// Whether a socket can still tell an instance something: one that it has accepted, that has not been closed, and whose
    /// other end it does not hold itself.
    pub fn may_wake(&self, serial: u64) -> bool {
        let is_its_own = |end: &End| self.get(end.peer).is_some_and(|peer| peer.holder == Holder::Instance(serial));
        let mut held = self.of_instance(serial);
        held.any(|(_, end)| end.mode == Mode::Standard && !end.got_close && !is_its_own(end))
    }

    /// `ws.accept()`; with `half_open` a close that arrives is the holder's to answer.
    ///
    /// # Errors
    /// The platform's.
    pub fn accept(&mut self, socket: SocketId, half_open: bool) -> Result<(), Failure> {
        let end = self.known(socket)?;
        match end.mode {
            Mode::Fresh => {
                end.mode = Mode::Standard;
                end.half_open = half_open;
            }
            Mode::Standard => {}
            Mode::Hibernatable => {
                return Err(Failure::type_error("Can't accept() WebSocket after enabling hibernation."));
            }
            Mode::Passed => {
                return Err(Failure::type_error("Can't accept() WebSocket that was already used in a response."));
            }
        }
        Ok(())
    }

    /// `ctx.acceptWebSocket(ws)`.
    ///
    /// # Errors
    /// The platform's.
    pub fn hibernate(&mut self, socket: SocketId, object: usize) -> Result<(), Failure> {
        let end = self.known(socket)?;
        match end.mode {
            Mode::Fresh if end.outgoing => {
                return Err(Failure::error("Cannot call `acceptWebSocket()` on a WebSocket that this worker opened."));
            }
            Mode::Fresh => {}
            Mode::Standard | Mode::Hibernatable => return Err(Failure::error(ALREADY_ACCEPTED)),
            Mode::Passed => return Err(Failure::error(PAIR_IN_USE)),
        }
        let peer = end.peer;
        if self.ends.get(&peer).is_some_and(|peer| matches!(peer.mode, Mode::Standard | Mode::Hibernatable)) {
            return Err(Failure::error(PAIR_IN_USE));
        }
        self.known(socket)?.mode = Mode::Hibernatable;
        self.set_holder(socket, Holder::Object(object));
        Ok(())
    }

    /// Whether `ws.send()` may be called. `Ok(false)` is for a peer that has gone: the message is dropped silently.
    ///
    /// # Errors
    /// The platform's.
    pub fn send(&mut self, socket: SocketId) -> Result<bool, Failure> {
        let end = self.known(socket)?;
        if matches!(end.mode, Mode::Fresh | Mode::Passed) {
            return Err(Failure::type_error(
                "You must call one of accept() or state.acceptWebSocket() on this WebSocket before sending messages.",
            ));
        }
        if end.sent_close {
            return if end.got_close {
                Ok(false)
            } else {
                Err(Failure::type_error("Can't call WebSocket send() after close()."))
            };
        }
        Ok(!end.gone)
    }

    /// `ws.close(code, reason)`: what to emit, or nothing if it is closed already.
    ///
    /// # Errors
    /// The platform's, about code and reason.
    pub fn close(
        &mut self,
        socket: SocketId,
        code: Option<u16>,
        reason: Option<String>,
        limit_reason: bool,
    ) -> Result<Option<Arrival>, Failure> {
        if let Some(code) = code
            && (!(1000..5000).contains(&code) || matches!(code, 1004 | 1005 | 1006 | 1015))
        {
            let name = "InvalidAccessError".into();
            return Err(Failure { name, ..Failure::error(format!("Invalid WebSocket close code: {code}.")) });
        }
        if code.is_none() && reason.is_some() {
            return Err(Failure::type_error("If you specify a WebSocket close reason, you must also specify a code."));
        }
        let mut reason = reason.unwrap_or_default();
        if reason.len() > MAX_REASON_BYTES {
            if limit_reason {
                let name = "SyntaxError".into();
                let message = "WebSocket close reason must not be longer than 123 bytes when UTF-8 encoded.";
                return Err(Failure { name, ..Failure::error(message) });
            }
            truncate(&mut reason, MAX_REASON_BYTES);
        }
        let end = self.known(socket)?;
        if matches!(end.mode, Mode::Fresh | Mode::Passed) {
            return Err(Failure::type_error(
                "You must call one of accept() or state.acceptWebSocket() on this WebSocket before sending messages.",
            ));
        }
        if end.sent_close {
            return Ok(None);
        }
        end.sent_close = true;
        Ok(Some(Arrival::Close { code: code.unwrap_or(1005), reason, clean: true }))
    }

    /// Prepares an end to be returned in a response.
    ///
    /// # Errors
    /// The platform's.
    pub fn pass(&mut self, socket: SocketId) -> Result<(), Failure> {
        self.check_pass(socket)?;
        self.known(socket)?.mode = Mode::Passed;
        Ok(())
    }

    /// Whether an end can be returned in a response.
    ///
    /// # Errors
    /// The platform's.
    pub fn check_pass(&self, socket: SocketId) -> Result<(), Failure> {
        let end = self.ends.get(&socket).ok_or_else(|| Failure::error("This WebSocket is closed."))?;
        let refused = match end.mode {
            Mode::Fresh => return Ok(()),
            Mode::Standard => "Can't return WebSocket in a Response after calling accept().",
            Mode::Hibernatable => "Can't return WebSocket in a Response after calling acceptWebSocket().",
            Mode::Passed => "Can't return WebSocket that was already used in a response.",
        };
        Err(Failure::type_error(refused))
    }

    /// What a wrapper shows.
    pub fn state(&self, socket: SocketId) -> SocketState {
        let Some(end) = self.ends.get(&socket) else { return SocketState { ready_state: 3, ..SocketState::default() } };
        let ready_state = match (end.sent_close, end.got_close) {
            (false, false) => 1,
            (true, true) => 3,
            _ => 2,
        };
        SocketState { ready_state, protocol: end.protocol.to_string(), ..SocketState::default() }
    }

    /// Forgets both ends if both directions are closed, or one side has vanished. True if it did.
    pub fn forget_if_finished(&mut self, socket: SocketId) -> bool {
        let Some(end) = self.ends.get(&socket) else { return false };
        // A close that was sent may still be on its way to the peer.
        let answered = end.sent_close && self.ends.get(&end.peer).is_none_or(|peer| peer.got_close);
        if !(end.got_close && (answered || end.gone)) {
            return false;
        }
        for gone in [socket, end.peer] {
            if let Some(end) = self.ends.remove(&gone) {
                self.note_holder(gone, end.holder, Holder::Nobody);
            }
        }
        true
    }

    fn known(&mut self, socket: SocketId) -> Result<&mut End, Failure> {
        self.ends.get_mut(&socket).ok_or_else(|| Failure::error("This WebSocket is closed."))
    }
}

/// The platform says `accept()` in either case.
const ALREADY_ACCEPTED: &str = "Cannot call `acceptWebSocket()` if the WebSocket was already accepted via `accept()`";
const PAIR_IN_USE: &str = "Cannot call `acceptWebSocket()` on this WebSocket because its pair has already been \
accepted or used in a Response.";

/// The longest close reason that fits into a frame.
const MAX_REASON_BYTES: usize = 123;

fn truncate(text: &mut String, max_bytes: usize) {
    let end = (0..=max_bytes).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.truncate(end);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (Ends, SocketId, SocketId) {
        let mut ends = Ends::default();
        let (client, server) = ends.pair(Holder::Instance(1), Holder::Instance(1));
        (ends, client, server)
    }

    #[test]
    fn sending_needs_an_accepted_socket_that_is_not_closed() {
        let (mut ends, _, server) = pair();
        assert_eq!(
            ends.send(server).unwrap_err().to_string(),
            "TypeError: You must call one of accept() or state.acceptWebSocket() on this WebSocket before sending messages."
        );
        ends.accept(server, false).unwrap();
        assert_eq!(ends.send(server), Ok(true));
        assert!(ends.close(server, None, None, true).unwrap().is_some());
        assert_eq!(ends.send(server).unwrap_err().message, "Can't call WebSocket send() after close().");
        assert_eq!(ends.close(server, Some(1000), None, true), Ok(None));
    }

    #[test]
    fn an_open_socket_wakes_who_has_accepted_it() {
        let (mut ends, client, server) = pair();
        ends.accept(server, false).unwrap();
        assert!(!ends.may_wake(1), "only it could send itself something");
        ends.set_holder(client, Holder::Outside);
        assert!(ends.may_wake(1) && !ends.may_wake(2));
        ends.get_mut(server).unwrap().got_close = true;
        assert!(!ends.may_wake(1), "nothing follows a close");
        let (mut ends, client, _) = pair();
        ends.set_holder(client, Holder::Outside);
        assert!(!ends.may_wake(1), "what arrives at an end that is not accepted waits");
    }

    #[test]
    fn close_codes_and_reasons_are_checked() {
        let (mut ends, _, server) = pair();
        ends.accept(server, false).unwrap();
        for code in [0, 999, 1004, 1005, 1006, 1015, 5000] {
            let failure = ends.close(server, Some(code), None, true).unwrap_err();
            assert_eq!(failure.to_string(), format!("InvalidAccessError: Invalid WebSocket close code: {code}."));
        }
        let long = "é".repeat(62);
        assert_eq!(ends.close(server, Some(1000), Some(long.clone()), true).unwrap_err().name, "SyntaxError");
        assert_eq!(
            ends.close(server, Some(4999), Some(long), false),
            Ok(Some(Arrival::Close { code: 4999, reason: "é".repeat(61), clean: true }))
        );
    }

    #[test]
    fn an_end_is_used_one_way_only() {
        let (mut ends, client, server) = pair();
        ends.hibernate(server, 0).unwrap();
        assert_eq!(ends.hibernate(server, 0).unwrap_err().message, ALREADY_ACCEPTED);
        assert_eq!(
            ends.accept(server, false).unwrap_err().message,
            "Can't accept() WebSocket after enabling hibernation."
        );
        ends.pass(client).unwrap();
        assert_eq!(
            ends.pass(client).unwrap_err().message,
            "Can't return WebSocket that was already used in a response."
        );
        let (mut ends, client, server) = pair();
        ends.accept(client, false).unwrap();
        assert_eq!(ends.hibernate(server, 0).unwrap_err().message, PAIR_IN_USE);
        assert_eq!(ends.hibernate(client, 0).unwrap_err().message, ALREADY_ACCEPTED);
        assert_eq!(
            ends.pass(client).unwrap_err().message,
            "Can't return WebSocket in a Response after calling accept()."
        );
    }
}
