//! What clients of the seeds' workers do and must see.
//!
//! Invariant: knows a worker by its answers alone; a document's own example passes what its fixture passes.

use crate::chat::sender_of;
use crate::support::{Emu, Got, Socket, now_ms, wait_for};
use serde_json::Value;
use tokio_websockets::Message;

const UPGRADE: &[(&str, &str)] = &[("Upgrade", "websocket")];

/// Method, path, headers; status, content type, body.
type Answer =
    (&'static str, &'static str, &'static [(&'static str, &'static str)], u16, Option<&'static str>, &'static str);

const PLAIN: Option<&str> = Some("text/plain;charset=UTF-8");

const COUNTING: &[Answer] = &[
    ("GET", "/websocket", &[], 426, PLAIN, "Durable Object expected Upgrade: websocket"),
    ("POST", "/a/websocket", &[], 426, PLAIN, "Durable Object expected Upgrade: websocket"),
    ("GET", "/", &[], 400, Some("text/plain"), ""),
    ("POST", "/else?where", &[], 400, Some("text/plain"), ""),
];

const CHATTING: &[Answer] = &[
    ("GET", "/websocket", &[], 426, PLAIN, "Worker expected Upgrade: websocket"),
    ("GET", "/any/where/websocket", &[], 426, PLAIN, "Worker expected Upgrade: websocket"),
    ("POST", "/websocket", UPGRADE, 400, PLAIN, "Worker expected GET method"),
    ("GET", "/", &[], 200, Some("text/plain"), ENDPOINTS),
    ("POST", "/else?where", &[], 200, Some("text/plain"), ENDPOINTS),
];

const ENDPOINTS: &str = "Supported endpoints:\n/websocket: Expects a WebSocket upgrade request";

const CLOSING: &str = "Durable Object is closing WebSocket";

/// The guide's server: an echo with a count, on the Hibernation API.
pub(super) fn guide_hibernation(emu: &Emu) {
    let mut first = emu.websocket("/");
    assert_eq!(first.ask("hello"), echoed("hello", 1));
    let mut second = emu.websocket("/any/path");
    assert_eq!(second.ask("ünïcödé ✓"), echoed("ünïcödé ✓", 2));
    first.send(Message::binary(vec![1, 2, 3]));
    assert_eq!(first.text(), echoed("[object ArrayBuffer]", 2));
    assert_eq!(second.close(4001, "enough"), Got::Closed(4001, CLOSING.into()));
    wait_for("the end of the second connection", || (first.ask("?") == echoed("?", 1)).then_some(()));
}

/// The guide's alarm, with the count that the fixture keeps.
pub(super) fn guide_alarm(emu: &Emu) {
    let first = emu.get("/?userId=anna").json();
    let due_ms = first["alarm"].as_f64().expect("a time");
    assert_eq!(first["runs"], 0);
    let ahead_ms = due_ms - now_ms();
    assert!((0.0..=10_001.0).contains(&ahead_ms), "{ahead_ms} ms ahead");
    // A second request leaves the alarm as it is, and another user has another one.
    assert_eq!(emu.get("/?userId=anna").json(), first);
    assert_ne!(emu.get("/").json()["alarm"], Value::Null);

    for runs in 1..=2 {
        run_alarm(emu, "AlarmExample/anna");
        let after = emu.get("/?userId=anna").json();
        assert_eq!(after["runs"], runs);
        assert!(after["alarm"].as_f64().expect("a time") >= due_ms, "{after}");
    }
    assert!(!emu.log().contains("times before"), "{}", emu.log());
}

/// The guide's alarm as the guide prints it: its object sets the alarm and returns no response.
pub(super) fn guide_alarm_as_printed(emu: &Emu) {
    for _ in 0..2 {
        let reply = emu.get("/?userId=anna");
        assert_eq!(reply.status, 500, "{}", reply.body);
    }
    emu.logged("TypeError: Incorrect type for Promise: the Promise did not resolve to 'Response'.");
    run_alarm(emu, "AlarmExample/anna");
    run_alarm(emu, "AlarmExample/anna");
    assert!(!emu.log().contains("times before"), "{}", emu.log());
}

/// Runs an alarm that is due within ten seconds, after which there is the next one.
fn run_alarm(emu: &Emu, object: &str) {
    assert_alarm_is_set(emu, object);
    assert_eq!(emu.object("alarm-run", object)["ran"], true);
    assert_alarm_is_set(emu, object);
}

fn assert_alarm_is_set(emu: &Emu, object: &str) {
    let shown = emu.object("alarm-show", object);
    let ahead_ms = shown["alarm"].as_f64().unwrap_or_else(|| panic!("no alarm: {shown}")) - now_ms();
    assert!((0.0..=10_001.0).contains(&ahead_ms), "{ahead_ms} ms ahead");
}

/// The server that counts its standard sockets.
pub(super) fn websocket_standard(emu: &Emu) {
    answers(emu, COUNTING);
    let counted = |count: u32| format!("[Durable Object] currentlyConnectedWebSockets: {count}");
    let mut first = emu.websocket("/websocket");
    assert_eq!(first.ask("hello"), counted(1));
    let mut second = emu.websocket("/websocket");
    assert_eq!(second.ask("hello"), counted(2));
    assert_eq!(first.ask(""), counted(2));
    assert_closed(&second.close(4001, "enough"), 4001);
    wait_for("the end of the second connection", || (first.ask("?") == counted(1)).then_some(()));
}

/// The server that counts its hibernatable sockets.
pub(super) fn websocket_hibernation(emu: &Emu) {
    answers(emu, COUNTING);
    let mut first = emu.websocket("/websocket");
    assert_eq!(first.ask("hello"), echoed("hello", 1));
    let mut second = emu.websocket("/websocket");
    assert_eq!(second.ask("hello"), echoed("hello", 2));
    assert_closed(&second.close(4001, "enough"), 4001);
    wait_for("the end of the second connection", || (first.ask("?") == echoed("?", 1)).then_some(()));
}

/// The chat on the standard API, where a binary message is a `Blob` at the dates of today.
pub(super) fn chat_standard(emu: &Emu) {
    answers(emu, CHATTING);
    chat(
        emu,
        "[object Blob]",
        &["the initiating client", "all clients"],
        &["all clients except the initiating client", "all clients"],
    );
}

/// The chat on the Hibernation API.
pub(super) fn chat_hibernation(emu: &Emu) {
    answers(emu, CHATTING);
    let mut pinging = emu.websocket("/websocket");
    assert_eq!((pinging.ask("ping"), pinging.ask("ping")), ("pong".into(), "pong".into()));
    assert_closed(&pinging.close(1000, ""), 1000);
    chat(
        emu,
        "[object ArrayBuffer]",
        &["the initiating client", "all clients"],
        &["all clients", "all clients except the initiating client"],
    );
}

/// Two clients; each line says to whom it went, in an order that is the worker's own.
fn chat(emu: &Emu, binary: &str, to_sender: &[&str], to_other: &[&str]) {
    let mut anna = emu.websocket("/websocket");
    wait_for("an empty room", || {
        let id = sender_of(&anna.ask("first?"));
        (anna.text() == line("first?", &id, "all clients", 1)).then_some(())
    });
    let mut bert = emu.websocket("/websocket");
    bert.say("hello!");
    let berts_id = expect_from(&mut bert, "hello!", to_sender, 2);
    assert_eq!(expect_from(&mut anna, "hello!", to_other, 2), berts_id);

    anna.say("ünïcödé ✓");
    let annas_id = expect_from(&mut anna, "ünïcödé ✓", to_sender, 2);
    assert_eq!(expect_from(&mut bert, "ünïcödé ✓", to_other, 2), annas_id);
    assert_ne!(annas_id, berts_id);

    bert.send(Message::binary(vec![0, 255]));
    assert_eq!(expect_from(&mut bert, binary, to_sender, 2), berts_id);
    expect_from(&mut anna, binary, to_other, 2);

    assert_closed(&bert.close(1000, "bye"), 1000);
    wait_for("an empty room", || {
        let id = sender_of(&anna.ask("alone?"));
        assert_eq!(id, annas_id);
        (anna.text() == line("alone?", &id, "all clients", 1)).then_some(())
    });
}

/// Reads one line for each of `to`, and gives the id of the sender.
fn expect_from(socket: &mut Socket, message: &str, to: &[&str], connections: usize) -> String {
    let mut sender = String::new();
    for to in to {
        let text = socket.text();
        sender = sender_of(&text);
        assert_eq!(text, line(message, &sender, to, connections));
    }
    sender
}

fn line(message: &str, from: &str, to: &str, connections: usize) -> String {
    format!("[Durable Object] message: {message}, from: {from}, to: {to}. Total connections: {connections}")
}

fn echoed(message: &str, connections: usize) -> String {
    format!("[Durable Object] message: {message}, connections: {connections}")
}

/// Which words come with the code depends on whether the runtime or the object answers first.
fn assert_closed(got: &Got, code: u16) {
    assert!(matches!(got, Got::Closed(closed, _) if *closed == code), "{got:?}");
}

fn answers(emu: &Emu, table: &[Answer]) {
    for (method, path, headers, status, content_type, body) in table {
        let reply = emu.request(method, path, headers, b"");
        let got = (reply.status, reply.header("content-type"), reply.body.as_str());
        assert_eq!(got, (*status, *content_type, *body), "{method} {path}");
    }
}
