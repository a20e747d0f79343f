//! The sample worker, as its clients see it.
//!
//! Invariant: texts, counts and orders are those of the documents the sample was written from.

use crate::support::{Got, Project, Socket};
use tokio_websockets::Message;

const ENDPOINT: &str = "Supported endpoints:\n/websocket: Expects a WebSocket upgrade request";

#[test]
fn requests_that_open_no_websocket_get_the_documented_answers() {
    let project = Project::room();
    let emu = project.serve(&[]);
    let upgrade: &[(&str, &str)] = &[("Upgrade", "websocket")];
    let table = [
        ("GET", "/websocket", &[][..], 426, "text/plain;charset=UTF-8", "Worker expected Upgrade: websocket"),
        ("POST", "/websocket", &[], 426, "text/plain;charset=UTF-8", "Worker expected Upgrade: websocket"),
        ("GET", "/any/where/websocket", &[], 426, "text/plain;charset=UTF-8", "Worker expected Upgrade: websocket"),
        ("GET", "/standard/websocket", &[], 426, "text/plain;charset=UTF-8", "Worker expected Upgrade: websocket"),
        ("POST", "/websocket", upgrade, 400, "text/plain;charset=UTF-8", "Worker expected GET method"),
        ("POST", "/standard/websocket", upgrade, 400, "text/plain;charset=UTF-8", "Worker expected GET method"),
        ("GET", "/", &[], 200, "text/plain", ENDPOINT),
        ("POST", "/else?where", &[], 200, "text/plain", ENDPOINT),
        ("GET", "/room/nobody/history", &[], 200, "application/json", "[]"),
    ];
    for (method, path, headers, status, content_type, body) in table {
        let reply = emu.request(method, path, headers, b"");
        let got = (reply.status, reply.header("content-type"));
        assert_eq!(got, (status, Some(content_type)), "{method} {path}");
        assert!(reply.body.starts_with(body), "{method} {path}: {}", reply.body);
    }
}

/// What a message looks like to the one who sent it and to another client, in the order each receives it.
struct Server {
    path: &'static str,
    to_sender: &'static [&'static str],
    to_other: &'static [&'static str],
}

const SERVERS: [Server; 2] = [
    Server {
        path: "/standard/websocket",
        to_sender: &["the initiating client", "all clients"],
        to_other: &["all clients except the initiating client", "all clients"],
    },
    Server {
        path: "/websocket",
        to_sender: &["the initiating client", "all clients"],
        to_other: &["all clients", "all clients except the initiating client"],
    },
];

#[test]
fn two_clients_chat() {
    let project = Project::room();
    let emu = project.serve(&[]);
    for server in SERVERS {
        let mut anna = emu.websocket(server.path);
        anna.say("hello?");
        let annas_id = sender_of(&anna.text());
        assert_eq!(anna.text(), line("hello?", &annas_id, "all clients", 1));

        let mut bert = emu.websocket(server.path);
        bert.say("hello!");
        let berts_id = expect_from(&mut bert, "hello!", server.to_sender, 2);
        assert_eq!(expect_from(&mut anna, "hello!", server.to_other, 2), berts_id);
        assert_ne!(annas_id, berts_id);

        anna.say("how are you? ünïcödé ✓");
        assert_eq!(expect_from(&mut anna, "how are you? ünïcödé ✓", server.to_sender, 2), annas_id);
        assert_eq!(expect_from(&mut bert, "how are you? ünïcödé ✓", server.to_other, 2), annas_id);

        bert.close(1000, "bye");
        anna.say("gone");
        assert_eq!(expect_from(&mut anna, "gone", server.to_sender, 1), annas_id);
    }
}

#[test]
fn a_binary_message_is_printed_as_javascript_prints_it() {
    let project = Project::room();
    let emu = project.serve(&[]);
    for server in SERVERS {
        let mut socket = emu.websocket(server.path);
        socket.send(Message::binary(vec![0, 255, 7]));
        expect_from(&mut socket, "[object ArrayBuffer]", server.to_sender, 1);
    }
}

#[test]
fn who_answers_a_close_depends_on_the_server_and_the_compatibility_date() {
    let project = Project::room();
    let table = [
        // The object answers with the code it was given, in its own words.
        ("2026-04-06", "/websocket", 4321, "Durable Object is closing WebSocket"),
        ("2026-04-07", "/websocket", 4321, "Durable Object is closing WebSocket"),
        ("2026-04-06", "/standard/websocket", 1000, "Durable Object is closing WebSocket"),
        // emu answers before the object learns of it.
        ("2026-04-07", "/standard/websocket", 4321, "bye"),
    ];
    for (date, path, code, reason) in table {
        let emu = project.serve(&["--compatibility-date", date]);
        assert_eq!(emu.websocket(path).close(4321, "bye"), Got::Closed(code, reason.into()), "{date} {path}");
        emu.stop();
    }
}

#[test]
fn pings_are_answered_without_the_object() {
    let project = Project::room();
    let emu = project.serve(&["--hibernate", "after-every-event"]);
    let mut socket = emu.websocket("/websocket");
    for _ in 0..3 {
        assert_eq!(socket.ask("ping"), "pong");
    }
    // Only this very text is answered.
    socket.say("Ping");
    assert!(socket.text().starts_with("[Durable Object] message: Ping, from: "));
    assert_eq!(emu.text("/history").matches("\"body\"").count(), 1);
}

#[test]
fn messages_are_kept_per_room() {
    let project = Project::room();
    let emu = project.serve(&[]);
    let mut hall = emu.websocket("/room/hall/websocket");
    let mut attic = emu.websocket("/room/attic/websocket");
    let hall_id = sender_of(&hall.ask("in the hall"));
    attic.ask("in the attic");
    assert_eq!(hall.text(), line("in the hall", &hall_id, "all clients", 1));

    let history = emu.get("/room/hall/history").json();
    let messages = history.as_array().expect("a list");
    assert_eq!(messages.len(), 1);
    assert_eq!((&messages[0]["id"], &messages[0]["sender"]), (&1.into(), &hall_id.into()));
    assert_eq!(messages[0]["body"], "in the hall");
    let age_ms = crate::support::now_ms() - messages[0]["at_ms"].as_f64().expect("a time");
    assert!((0.0..60_000.0).contains(&age_ms), "{age_ms}");
    assert!(emu.text("/room/attic/history").contains("in the attic"));
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

/// The id in a line.
pub(crate) fn sender_of(line: &str) -> String {
    let from = line.split(", from: ").nth(1).unwrap_or_else(|| panic!("no sender in {line}"));
    from.split(", to: ").next().unwrap_or_default().to_owned()
}
