//! WebSocket frames (RFC 6455): bytes in, messages out, and back. The headers are tungstenite's.
//!
//! tungstenite's own socket answers Close frames by itself and keeps a buffer per socket; the platform lets the
//! application answer them (reference §1.10), and an idle socket here must cost nothing. So only its codec is used.
//!
//! Invariant: knows no connection. An idle parser holds no buffer.

use crate::core::socket::Arrival;
use emu_abi::Message;
use std::io::Cursor;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// The largest message that is received (reference §1.10).
pub(super) const MAX_MESSAGE_BYTES: usize = 32 * 1024 * 1024;

/// Which side of the connection we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// We accepted it: incoming frames are masked.
    Server,
    /// We opened it: outgoing frames are masked.
    Client,
}

/// What a parser found.
#[derive(Debug, PartialEq)]
pub(super) enum Incoming {
    /// A message, or the Close frame.
    Arrival(Arrival),
    /// A ping, to be answered with the same payload.
    Ping(Vec<u8>),
}

/// The peer broke the protocol: the connection ends with this close code.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Violation {
    pub(super) code: u16,
    pub(super) what: &'static str,
}

/// workerd's description.
const NOT_NEGOTIATED: &str = "Received a WebSocket frame whose compression bit was set, but the compression extension \
was not negotiated for this connection.";

const fn violation(what: &'static str) -> Violation {
    Violation { code: 1002, what }
}

/// Takes frames apart.
#[derive(Debug)]
pub(super) struct Parser {
    role: Role,
    /// Bytes of a frame that is not complete.
    partial: Vec<u8>,
    /// A message whose last fragment has not arrived.
    fragments: Option<(Data, Vec<u8>)>,
    /// A Close frame has arrived: what follows is ignored.
    closed: bool,
}

impl Parser {
    pub(super) fn new(role: Role) -> Self {
        Self { role, partial: Vec::new(), fragments: None, closed: false }
    }

    /// Takes bytes from the connection; `found` gets what they complete.
    pub(super) fn take(&mut self, bytes: &[u8], found: &mut Vec<Incoming>) -> Result<(), Violation> {
        if self.partial.is_empty() {
            let used = self.frames(bytes, found)?;
            self.partial.extend_from_slice(&bytes[used..]);
        } else {
            let mut partial = std::mem::take(&mut self.partial);
            partial.extend_from_slice(bytes);
            let used = self.frames(&partial, found)?;
            partial.drain(..used);
            if !partial.is_empty() {
                self.partial = partial;
            }
        }
        Ok(())
    }

    /// Parses whole frames and says how many bytes they took.
    fn frames(&mut self, bytes: &[u8], found: &mut Vec<Incoming>) -> Result<usize, Violation> {
        let mut used = 0;
        while !self.closed {
            let mut cursor = Cursor::new(&bytes[used..]);
            let Some((header, len)) =
                FrameHeader::parse(&mut cursor).map_err(|_| violation("a frame has an invalid header"))?
            else {
                break;
            };
            self.check(&header, len)?;
            let start = used + usize::try_from(cursor.position()).map_err(|_| violation("a frame is too long"))?;
            let end = start + len as usize;
            let Some(payload) = bytes.get(start..end) else {
                break;
            };
            let mut payload = payload.to_vec();
            if let Some(mask) = header.mask {
                apply_mask(&mut payload, mask);
            }
            used = end;
            self.frame(&header, payload, found)?;
        }
        Ok(if self.closed { bytes.len() } else { used })
    }

    fn check(&self, header: &FrameHeader, len: u64) -> Result<(), Violation> {
        if header.rsv1 || header.rsv2 || header.rsv3 {
            return Err(violation(NOT_NEGOTIATED));
        }
        if header.mask.is_none() && self.role == Role::Server {
            return Err(violation("a frame from the client is not masked"));
        }
        if header.mask.is_some() && self.role == Role::Client {
            return Err(violation("a frame from the server is masked"));
        }
        let held = self.fragments.as_ref().map_or(0, |(_, held)| held.len()) as u64;
        match header.opcode {
            OpCode::Control(_) if len > 125 || !header.is_final => {
                Err(violation("a control frame is too long or fragmented"))
            }
            OpCode::Data(_) if len.saturating_add(held) > MAX_MESSAGE_BYTES as u64 => {
                Err(Violation { code: 1009, what: "Message is too large" })
            }
            _ => Ok(()),
        }
    }

    fn frame(&mut self, header: &FrameHeader, payload: Vec<u8>, found: &mut Vec<Incoming>) -> Result<(), Violation> {
        match header.opcode {
            OpCode::Control(Control::Ping) => found.push(Incoming::Ping(payload)),
            OpCode::Control(Control::Pong) => {}
            OpCode::Control(Control::Close) => {
                self.closed = true;
                found.push(Incoming::Arrival(close(payload)?));
            }
            OpCode::Control(_) => return Err(violation("a frame has a reserved opcode")),
            OpCode::Data(kind) => {
                let (kind, whole) = match (kind, self.fragments.take()) {
                    (Data::Continue, Some((kind, mut held))) => {
                        held.extend_from_slice(&payload);
                        (kind, held)
                    }
                    (Data::Text | Data::Binary, None) => (kind, payload),
                    (Data::Continue, None) => return Err(violation("a continuation frame continues nothing")),
                    (Data::Text | Data::Binary, Some(_)) => {
                        return Err(violation("a message began inside another one"));
                    }
                    (Data::Reserved(_), _) => return Err(violation("a frame has a reserved opcode")),
                };
                if header.is_final {
                    found.push(Incoming::Arrival(Arrival::Message(message(kind, whole))));
                } else {
                    self.fragments = Some((kind, whole));
                }
            }
        }
        Ok(())
    }
}

fn message(kind: Data, payload: Vec<u8>) -> Message {
    match kind {
        // workerd replaces what is not UTF-8 rather than closing the connection.
        Data::Text => Message::Text(match String::from_utf8(payload) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        }),
        _ => Message::Binary(payload.into()),
    }
}

fn close(payload: Vec<u8>) -> Result<Arrival, Violation> {
    if payload.is_empty() {
        return Ok(Arrival::Close { code: 1005, reason: String::new(), clean: true });
    }
    let (Some(code), Some(reason)) = (payload.get(..2), payload.get(2..)) else {
        return Err(violation("a Close frame has half a code"));
    };
    let code = u16::from_be_bytes([code[0], code[1]]);
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(violation("a Close frame has an invalid code"));
    }
    let reason = String::from_utf8(reason.to_vec())
        .map_err(|_| Violation { code: 1007, what: "a close reason is not UTF-8" })?;
    Ok(Arrival::Close { code, reason, clean: true })
}

fn apply_mask(payload: &mut [u8], mask: [u8; 4]) {
    let mut words = payload.chunks_exact_mut(8);
    let wide = u64::from_ne_bytes([mask[0], mask[1], mask[2], mask[3], mask[0], mask[1], mask[2], mask[3]]);
    for word in &mut words {
        let masked = u64::from_ne_bytes(word.try_into().expect("chunks of eight")) ^ wide;
        word.copy_from_slice(&masked.to_ne_bytes());
    }
    for (index, byte) in words.into_remainder().iter_mut().enumerate() {
        *byte ^= mask[index % 4];
    }
}

/// Appends the frame that carries `arrival`. `mask` is for clients, and random.
pub(super) fn encode(arrival: &Arrival, mask: Option<[u8; 4]>, out: &mut Vec<u8>) {
    match arrival {
        Arrival::Message(Message::Text(text)) => frame(OpCode::Data(Data::Text), text.as_bytes(), mask, out),
        Arrival::Message(Message::Binary(bytes)) => frame(OpCode::Data(Data::Binary), &bytes.0, mask, out),
        Arrival::Close { code, reason, .. } => close_frame(*code, reason, mask, out),
        Arrival::Error(_) => close_frame(1011, "", mask, out),
    }
}

/// Appends a Close frame; 1005 stands for no code.
pub(super) fn close_frame(code: u16, reason: &str, mask: Option<[u8; 4]>, out: &mut Vec<u8>) {
    let mut payload = Vec::new();
    if code != 1005 {
        payload.extend_from_slice(&code.to_be_bytes());
        payload.extend_from_slice(reason.as_bytes());
    }
    frame(OpCode::Control(Control::Close), &payload, mask, out);
}

/// Appends a pong.
pub(super) fn pong(payload: &[u8], mask: Option<[u8; 4]>, out: &mut Vec<u8>) {
    frame(OpCode::Control(Control::Pong), payload, mask, out);
}

fn frame(opcode: OpCode, payload: &[u8], mask: Option<[u8; 4]>, out: &mut Vec<u8>) {
    let header = FrameHeader { is_final: true, opcode, mask, ..FrameHeader::default() };
    header.format(payload.len() as u64, out).expect("writing to memory does not fail");
    let start = out.len();
    out.extend_from_slice(payload);
    if let Some(mask) = mask {
        apply_mask(&mut out[start..], mask);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MASK: [u8; 4] = [1, 2, 3, 4];

    fn text(text: &str) -> Arrival {
        Arrival::Message(Message::Text(text.into()))
    }

    fn raw(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first, 0x80 | payload.len() as u8];
        bytes.extend_from_slice(&MASK);
        bytes.extend_from_slice(payload);
        apply_mask(&mut bytes[6..], MASK);
        bytes
    }

    fn parse(pieces: &[&[u8]]) -> Result<Vec<Incoming>, Violation> {
        let (mut parser, mut found) = (Parser::new(Role::Server), Vec::new());
        for piece in pieces {
            parser.take(piece, &mut found)?;
        }
        Ok(found)
    }

    #[test]
    fn messages_survive_any_cut_of_the_bytes() {
        let mut bytes = Vec::new();
        let long = "x".repeat(70_000);
        for arrival in [text("hi"), text(&long), Arrival::Message(Message::Binary(vec![0, 255].into()))] {
            encode(&arrival, Some(MASK), &mut bytes);
        }
        let whole = parse(&[&bytes]).unwrap();
        assert_eq!(whole.len(), 3);
        for cut in [1, 2, 5, 7, 8, 9, 70_010, bytes.len() - 1] {
            assert_eq!(parse(&[&bytes[..cut], &bytes[cut..]]).unwrap(), whole, "cut at {cut}");
        }
        let bytewise: Vec<&[u8]> = bytes.chunks(1).take(8).collect();
        assert_eq!(parse(&bytewise).unwrap(), [Incoming::Arrival(text("hi"))]);
    }

    #[test]
    fn fragments_are_joined_around_control_frames() {
        let bytes = [raw(0x01, b"a"), raw(0x89, b"p"), raw(0x00, b"b"), raw(0x80, b"c")].concat();
        assert_eq!(parse(&[&bytes]).unwrap(), [Incoming::Ping(b"p".to_vec()), Incoming::Arrival(text("abc"))]);
    }

    #[test]
    fn what_the_protocol_forbids_ends_the_connection_with_the_right_code() {
        let table: &[(&str, Vec<u8>, u16)] = &[
            ("not masked", vec![0x81, 1, b'a'], 1002),
            ("reserved bit", raw(0xc1, b"a"), 1002),
            ("reserved opcode", raw(0x83, b"a"), 1002),
            ("fragmented ping", raw(0x09, b"a"), 1002),
            ("continuation of nothing", raw(0x80, b"a"), 1002),
            ("message inside a message", [raw(0x01, b"a"), raw(0x81, b"b")].concat(), 1002),
            ("half a close code", raw(0x88, &[3]), 1002),
            ("close code 1005", raw(0x88, &[0x03, 0xed]), 1002),
            ("close reason that is not UTF-8", raw(0x88, &[0x03, 0xe8, 0xff]), 1007),
            ("33 MiB", [&[0x82, 0xff][..], &(33_u64 << 20).to_be_bytes(), &MASK].concat(), 1009),
            ("a length of 2^63", [&[0x82, 0xff][..], &(1_u64 << 63).to_be_bytes(), &MASK].concat(), 1009),
        ];
        for (what, bytes, code) in table {
            assert_eq!(parse(&[bytes]).map_err(|violation| violation.code), Err(*code), "{what}");
        }
    }

    #[test]
    fn a_close_frame_ends_the_parsing() {
        let bytes = [raw(0x88, &[0x03, 0xe8, b'o', b'k']), raw(0x81, b"late")].concat();
        let close = Arrival::Close { code: 1000, reason: "ok".into(), clean: true };
        assert_eq!(parse(&[&bytes]).unwrap(), [Incoming::Arrival(close)]);
    }
}
