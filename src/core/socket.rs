//! The hibernatable sockets of one object (reference §1.10): who they are, and what may be delivered when.
//!
//! All of it survives hibernation. Messages of one socket are delivered one at a time and in order: the next waits for
//! the handler of the last.
//!
//! Invariant: holds sockets by number; sends nothing.

use emu_abi::{Failure, Message};
use std::collections::{BTreeMap, VecDeque};

/// The largest number of hibernatable sockets of one object.
pub const MAX_SOCKETS: usize = 32_768;
/// What a waiting message counts beside its payload, in bytes.
pub const MESSAGE_OVERHEAD_BYTES: usize = 64;
/// The largest serialised attachment, in bytes.
pub const MAX_ATTACHMENT_BYTES: usize = 16_384;
const MAX_TAGS: usize = 10;
const MAX_TAG_BYTES: usize = 256;
const MAX_AUTO_RESPONSE_BYTES: usize = 2048;
const MAX_EVENT_TIMEOUT_MS: u32 = 604_800_000;

/// Something that arrived on a socket.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrival {
    /// A message.
    Message(Message),
    /// The other side closed, or vanished.
    Close {
        /// The close code.
        code: u16,
        /// The reason.
        reason: String,
        /// Whether a Close frame arrived.
        clean: bool,
    },
    /// The transport failed.
    Error(Failure),
}

impl Arrival {
    /// A connection that ended without a Close frame.
    pub fn lost() -> Self {
        Self::Close { code: 1006, reason: "WebSocket disconnected without sending Close frame.".into(), clean: false }
    }

    /// Whether nothing can follow on this socket.
    pub fn is_last(&self) -> bool {
        !matches!(self, Self::Message(_))
    }
}

/// One accepted socket.
#[derive(Debug, Default)]
struct Socket {
    tags: Box<[String]>,
    attachment: Option<Box<[u8]>>,
    auto_response_ms: Option<f64>,
    inbox: VecDeque<Arrival>,
    /// A handler of this socket is running, so that the inbox waits.
    delivering: bool,
    /// When it was accepted, as a running number.
    accepted: u64,
}

/// The hibernatable sockets of one object.
#[derive(Debug, Default)]
pub struct Sockets {
    sockets: BTreeMap<u32, Socket>,
    accepted: u64,
    auto_response: Option<(String, String)>,
    event_timeout_ms: Option<u32>,
}

/// What the arrival of a message leads to.
#[derive(Debug, PartialEq)]
pub enum Received {
    /// Deliver it now.
    Deliver(Arrival),
    /// It waits for the handler that is running.
    Wait,
    /// Answer with this text, without waking the object.
    Answer(String),
    /// The socket is not one of this object's.
    Unknown,
}

impl Sockets {
    /// Checks what can be checked before a socket is accepted, and gives the tags without duplicates.
    ///
    /// # Errors
    /// The platform's, about tags and the number of sockets.
    pub fn check_accept(&self, tags: Vec<String>) -> Result<Box<[String]>, Failure> {
        if self.sockets.len() >= MAX_SOCKETS {
            return Err(Failure::error("only 32768 websockets can be accepted on a single Durable Object instance"));
        }
        let mut unique: Vec<String> = Vec::new();
        for tag in tags {
            if tag.len() > MAX_TAG_BYTES {
                return Err(Failure::error(format!("\"{tag}\" is longer than the max tag length (256 characters).")));
            }
            if !unique.contains(&tag) {
                unique.push(tag);
            }
        }
        if unique.len() > MAX_TAGS {
            return Err(Failure::error("a Hibernatable WebSocket cannot have more than 10 tags"));
        }
        Ok(unique.into())
    }

    /// Accepts a socket.
    pub fn accept(&mut self, socket: u32, tags: Box<[String]>) {
        self.accepted += 1;
        let accepted = self.accepted;
        self.sockets.insert(socket, Socket { tags, accepted, ..Socket::default() });
    }

    /// Whether the socket is one of these.
    pub fn contains(&self, socket: u32) -> bool {
        self.sockets.contains_key(&socket)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.sockets.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sockets.is_empty()
    }

    /// `getWebSockets(tag)`: newest first without a tag, in accept order with one.
    pub fn list(&self, tag: Option<&str>) -> Vec<u32> {
        let mut found: Vec<(u64, u32)> = self
            .sockets
            .iter()
            .filter(|(_, socket)| tag.is_none_or(|tag| socket.tags.iter().any(|own| own == tag)))
            .map(|(number, socket)| (socket.accepted, *number))
            .collect();
        found.sort_unstable();
        if tag.is_none() {
            found.reverse();
        }
        found.into_iter().map(|(_, number)| number).collect()
    }

    /// `getTags(ws)`.
    pub fn tags(&self, socket: u32) -> Option<&[String]> {
        self.sockets.get(&socket).map(|socket| &*socket.tags)
    }

    /// `ws.serializeAttachment`. False if the socket is not one of these.
    pub fn attach(&mut self, socket: u32, value: Vec<u8>) -> bool {
        let Some(socket) = self.sockets.get_mut(&socket) else { return false };
        socket.attachment = Some(value.into());
        true
    }

    /// `ws.deserializeAttachment`.
    pub fn attachment(&self, socket: u32) -> Option<&[u8]> {
        self.sockets.get(&socket)?.attachment.as_deref()
    }

    /// `ctx.setWebSocketAutoResponse`.
    ///
    /// # Errors
    /// When a text is too long.
    pub fn set_auto_response(&mut self, pair: Option<(String, String)>) -> Result<(), Failure> {
        if let Some((request, response)) = &pair {
            for (what, text) in [("Request", request), ("Response", response)] {
                if text.len() > MAX_AUTO_RESPONSE_BYTES {
                    let lower = what.to_lowercase();
                    return Err(Failure::range_error(format!(
                        "{what} cannot be larger than 2048 bytes. A {lower} of size {} was provided.",
                        text.len()
                    )));
                }
            }
        }
        self.auto_response = pair;
        Ok(())
    }

    /// `ctx.getWebSocketAutoResponse`.
    pub fn auto_response(&self) -> Option<&(String, String)> {
        self.auto_response.as_ref()
    }

    /// `ctx.getWebSocketAutoResponseTimestamp`.
    pub fn auto_response_ms(&self, socket: u32) -> Option<f64> {
        self.sockets.get(&socket)?.auto_response_ms
    }

    /// `ctx.setHibernatableWebSocketEventTimeout`.
    ///
    /// # Errors
    /// When it is longer than a week.
    pub fn set_event_timeout(&mut self, ms: Option<u32>) -> Result<(), Failure> {
        if ms.is_some_and(|ms| ms > MAX_EVENT_TIMEOUT_MS) {
            return Err(Failure::error("Event timeout should not exceed 604800000 ms."));
        }
        self.event_timeout_ms = ms.filter(|ms| *ms > 0);
        Ok(())
    }

    /// `ctx.getHibernatableWebSocketEventTimeout`.
    pub fn event_timeout_ms(&self) -> Option<u32> {
        self.event_timeout_ms
    }

    /// Something arrived on a socket. `answerable` is whether its outgoing side is still open.
    pub fn receive(&mut self, socket: u32, arrival: Arrival, answerable: bool, now_ms: f64) -> Received {
        let Some(entry) = self.sockets.get_mut(&socket) else { return Received::Unknown };
        if let (Arrival::Message(Message::Text(text)), Some((request, response)), true) =
            (&arrival, &self.auto_response, answerable)
            && text == request
            && entry.inbox.is_empty()
        {
            entry.auto_response_ms = Some(now_ms);
            return Received::Answer(response.clone());
        }
        if entry.delivering {
            entry.inbox.push_back(arrival);
            return Received::Wait;
        }
        entry.delivering = true;
        Received::Deliver(arrival)
    }

    /// The handler of an arrival has ended; gives the next one. After the last arrival the socket is forgotten.
    pub fn handled(&mut self, socket: u32, was_last: bool) -> Option<Arrival> {
        if was_last {
            self.sockets.remove(&socket);
            return None;
        }
        let entry = self.sockets.get_mut(&socket)?;
        let next = entry.inbox.pop_front();
        entry.delivering = next.is_some();
        next
    }

    /// How many bytes of messages wait on a socket.
    pub fn backlog(&self, socket: u32) -> usize {
        let message_len = |arrival: &Arrival| match arrival {
            Arrival::Message(message) => message.len() + MESSAGE_OVERHEAD_BYTES,
            _ => 0,
        };
        self.sockets.get(&socket).map_or(0, |socket| socket.inbox.iter().map(message_len).sum())
    }

    /// Forgets everything, and gives the sockets that were open.
    pub fn clear(&mut self) -> Vec<u32> {
        let sockets = std::mem::take(&mut self.sockets);
        self.auto_response = None;
        self.event_timeout_ms = None;
        sockets.into_keys().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Arrival {
        Arrival::Message(Message::Text(text.into()))
    }

    fn with(sockets: &[(u32, &[&str])]) -> Sockets {
        let mut table = Sockets::default();
        for (number, tags) in sockets {
            let tags = table.check_accept(tags.iter().map(ToString::to_string).collect()).unwrap();
            table.accept(*number, tags);
        }
        table
    }

    #[test]
    fn sockets_are_listed_newest_first_and_by_tag_oldest_first() {
        let table = with(&[(5, &["red"]), (3, &[]), (9, &["red", "blue"])]);
        assert_eq!(table.list(None), [9, 3, 5]);
        assert_eq!(table.list(Some("red")), [5, 9]);
        assert_eq!(table.list(Some("green")), [0_u32; 0]);
    }

    #[test]
    fn tags_are_checked_with_the_platforms_texts() {
        let table = Sockets::default();
        let many = (0..11).map(|n| n.to_string()).collect();
        assert_eq!(
            table.check_accept(many).unwrap_err().message,
            "a Hibernatable WebSocket cannot have more than 10 tags"
        );
        let long = "é".repeat(129);
        assert_eq!(
            table.check_accept(vec![long.clone()]).unwrap_err().message,
            format!("\"{long}\" is longer than the max tag length (256 characters).")
        );
        assert_eq!(&*table.check_accept(vec!["a".into(), "a".into(), "b".into()]).unwrap(), ["a", "b"]);
    }

    #[test]
    fn messages_of_one_socket_wait_for_each_other_and_those_of_two_do_not() {
        let mut table = with(&[(1, &[]), (2, &[])]);
        assert_eq!(table.receive(1, text("a"), true, 0.0), Received::Deliver(text("a")));
        assert_eq!(table.receive(1, text("b"), true, 0.0), Received::Wait);
        assert_eq!(table.receive(2, text("c"), true, 0.0), Received::Deliver(text("c")));
        assert_eq!(table.handled(1, false), Some(text("b")));
        assert_eq!(table.handled(1, false), None);
        assert_eq!(table.receive(1, text("d"), true, 0.0), Received::Deliver(text("d")));
    }

    #[test]
    fn a_closing_socket_is_listed_until_its_handler_has_ended() {
        let mut table = with(&[(1, &[])]);
        assert_eq!(table.receive(1, Arrival::lost(), true, 0.0), Received::Deliver(Arrival::lost()));
        assert_eq!(table.list(None), [1]);
        assert_eq!(table.handled(1, true), None);
        assert!(table.is_empty());
    }

    #[test]
    fn only_the_exact_text_is_answered_and_never_past_a_waiting_message() {
        let mut table = with(&[(1, &[])]);
        table.set_auto_response(Some(("ping".into(), "pong".into()))).unwrap();
        assert_eq!(table.receive(1, text("ping"), true, 7.0), Received::Answer("pong".into()));
        assert_eq!(table.auto_response_ms(1), Some(7.0));
        for other in [text("Ping"), text("ping "), Arrival::Message(Message::Binary(b"ping".to_vec().into()))] {
            assert_eq!(table.receive(1, other.clone(), true, 8.0), Received::Deliver(other));
            table.handled(1, false);
        }
        assert_eq!(table.receive(1, text("ping"), false, 9.0), Received::Deliver(text("ping")));
        assert_eq!(table.auto_response_ms(1), Some(7.0));
        let long = "x".repeat(2049);
        let failure = table.set_auto_response(Some((long, String::new()))).unwrap_err();
        assert_eq!(
            failure.to_string(),
            "RangeError: Request cannot be larger than 2048 bytes. A request of size 2049 was provided."
        );
    }
}
