//! Clients that speak WebSocket badly.
//!
//! Invariant: the one that breaks the protocol is told with the right code, its object learns of it, and nobody else
//! notices.

use crate::support::{Emu, Got, Project, Raw, Socket, frame, wait_for};
use tokio_websockets::Message;

const MIB: usize = 1024 * 1024;
const TEXT: u8 = 0x81;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;
const CLOSE: u8 = 0x88;

#[test]
fn a_broken_protocol_is_answered_with_the_right_code() {
    let project = Project::room();
    let emu = project.serve(&[]);
    let mut bystander = emu.websocket("/websocket");
    let table: Vec<(&str, Vec<u8>, u16)> = vec![
        ("a frame that is not masked", vec![TEXT, 1, b'a'], 1002),
        ("a reserved bit", frame(TEXT | 0x40, b"a"), 1002),
        ("a reserved opcode", frame(0x83, b"a"), 1002),
        ("a reserved control opcode", frame(0x8b, b"a"), 1002),
        ("a fragmented ping", frame(PING & 0x7f, b"a"), 1002),
        ("a long ping", frame(PING, &[b'a'; 126]), 1002),
        ("a continuation of nothing", frame(0x80, b"a"), 1002),
        ("a message inside another", [frame(0x01, b"a"), frame(TEXT, b"b")].concat(), 1002),
        ("half a close code", frame(CLOSE, &[3]), 1002),
        ("a close code that must not be sent", frame(CLOSE, &1006_u16.to_be_bytes()), 1002),
        ("a close reason that is not UTF-8", frame(CLOSE, &[3, 0xe8, 0xff]), 1007),
        ("33 MiB announced", [&[TEXT, 0xff][..], &(33 * MIB as u64).to_be_bytes(), b"mask"].concat(), 1009),
        ("more bytes than there are", [&[TEXT, 0xff][..], &u64::MAX.to_be_bytes(), b"mask"].concat(), 1009),
    ];
    for (what, bytes, code) in table {
        let mut raw = Raw::websocket(emu.port(), "/websocket");
        raw.send(&bytes);
        assert_eq!(raw.close_code(), Some(code), "{what}");
        assert_eq!(raw.rest(), b"", "{what}");
        assert_alone(&mut bystander, what);
    }
    assert!(!emu.log().contains("panicked"), "{}", emu.log());
}

#[test]
fn what_the_protocol_allows_works() {
    let project = Project::room();
    let emu = project.serve(&[]);
    let mut raw = Raw::websocket(emu.port(), "/websocket");
    // A message in three pieces, around a ping and an unasked pong.
    for bytes in [frame(0x01, b"h\xc3"), frame(PING, b"are you there"), frame(0x00, b"\xa9ll"), frame(PONG, b"?")] {
        raw.send(&bytes);
    }
    assert_eq!(raw.frame(), Some((PONG & 0x0f, b"are you there".to_vec())));
    for byte in frame(0x80, b"o") {
        raw.send(&[byte]);
    }
    let (_, line) = raw.frame().expect("a message");
    let line = String::from_utf8(line).expect("text");
    assert!(line.starts_with("[Durable Object] message: h\u{e9}llo, from: "), "{line}");
    raw.frame().expect("the second line");
    // What is not UTF-8 is replaced, as in production.
    raw.send(&frame(TEXT, &[0xc3, 0x28]));
    let (_, line) = raw.frame().expect("a message");
    assert!(line.starts_with("[Durable Object] message: \u{fffd}(, from: ".as_bytes()), "{line:?}");
    raw.frame().expect("the second line");
    // A Close frame without a code may have an answer with one.
    raw.send(&frame(CLOSE, b""));
    assert_eq!(raw.close_code(), Some(1000));
    assert_eq!(raw.rest(), b"");
}

#[test]
fn pings_are_answered_while_the_object_hibernates() {
    let project = Project::room();
    let emu = project.serve(&[]);
    let room = "WebSocketHibernationServer/foo";
    let mut socket = emu.websocket("/websocket");
    emu.object("evict", room);
    socket.send(Message::ping("payload"));
    assert_eq!(socket.next(), Got::Pong(b"payload".to_vec()));
    assert_eq!(emu.object("show", room)["state"], "hibernated");
    assert_eq!(emu.constructed(room), 1);
}

#[test]
fn the_largest_message_is_32_mib() {
    let project = Project::room();
    let emu = project.serve(&[]);
    let mut bystander = emu.websocket("/standard/websocket");
    let mut socket = emu.websocket("/standard/websocket");
    socket.send(Message::binary(vec![7; 32 * MIB]));
    assert!(socket.text().starts_with("[Durable Object] message: [object ArrayBuffer], from: "));
    socket.text();
    bystander.text();
    bystander.text();
    // The connection may end before the last byte of this is sent.
    let _ = socket.try_send(Message::binary(vec![7; 33 * MIB]));
    assert_eq!(socket.next(), Got::Closed(1009, "Message is too large".into()));

    let mut raw = Raw::websocket(emu.port(), "/standard/websocket");
    let piece = vec![7; 11 * MIB];
    for first in [0x02, 0x00, 0x80] {
        raw.send(&frame(first, &piece));
    }
    assert_eq!(raw.close_code(), Some(1009));
    assert_alone(&mut bystander, "in pieces");
}

#[test]
fn a_connection_that_breaks_off_is_noticed() {
    let project = Project::room();
    let emu = project.serve(&[]);
    for path in ["/websocket", "/standard/websocket"] {
        let mut bystander = emu.websocket(path);
        let ends: [(&str, fn(&Emu, &str)); 3] = [
            ("between frames", |emu, path| drop(Raw::websocket(emu.port(), path))),
            ("in a frame", |emu, path| Raw::websocket(emu.port(), path).send(&frame(TEXT, b"hello")[..7])),
            // Unread bytes turn the end of the connection into a reset.
            ("with a reset", |emu, path| {
                let mut raw = Raw::websocket(emu.port(), path);
                raw.send(&frame(PING, b""));
                raw.send(&frame(PING, b""));
                raw.frame();
            }),
        ];
        for (what, end) in ends {
            end(&emu, path);
            assert_alone(&mut bystander, what);
        }
    }
}

/// Sooner or later everybody else is gone, and nothing else was heard of them.
fn assert_alone(bystander: &mut Socket, what: &str) {
    wait_for(what, || {
        let line = bystander.ask("who is there?");
        bystander.text();
        line.ends_with("Total connections: 1").then_some(())
    });
}
