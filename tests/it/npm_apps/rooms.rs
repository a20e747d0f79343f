//! Chat rooms with a history and rate limiter objects: a worker without libraries, of the kind that many have been made from.
//!
//! Invariant: a client is never slowed down by another one's messages.

use crate::support::{Emu, Project, Socket, wait_for};
use serde_json::{Value, json};
use tokio_websockets::{CloseCode, Message};

#[test]
fn clients_join_talk_and_leave() {
    let project = Project::sources("chat_rooms");
    let emu = project.serve(&[]);
    let mut anna = join(&emu, "hall", "anna", &[]);
    say(&mut anna, "anna", "hello, is anybody here?");

    let mut bert = join(&emu, "hall", "bert", &["anna"]);
    assert_eq!(read(&mut anna), json!({ "joined": "bert" }));
    say(&mut bert, "bert", "me");
    assert_eq!(message(&mut anna), ("bert".into(), "me".into()));

    join(&emu, "attic", "carl", &[]);
    // The room answers no Close frame, so there is nothing to wait for here.
    bert.send(Message::close(Some(CloseCode::NORMAL_CLOSURE), "bye"));
    assert_eq!(read(&mut anna), json!({ "quit": "bert" }));
}

/// Opens a connection, names the client and reads all up to its being ready.
fn join(emu: &Emu, room: &str, name: &str, present: &[&str]) -> Socket {
    let mut socket = emu.websocket(&format!("/api/room/{room}/websocket"));
    socket.say(&json!({ "name": name }).to_string());
    let mut joined = Vec::new();
    loop {
        match read(&mut socket) {
            ready if ready["ready"] == true => break,
            event => joined.extend(event["joined"].as_str().map(str::to_owned)),
        }
    }
    let expected: Vec<&str> = present.iter().copied().chain([name]).collect();
    assert_eq!(joined, expected);
    socket
}

const TOO_FAST: &str = "Your IP is being rate-limited, please try again later.";

/// Says something and reads it, as everybody in the room does. It is refused while the limiter's answer to the message
/// before is not there yet.
fn say(socket: &mut Socket, name: &str, said: &str) {
    wait_for("the room to take the message", || {
        send(socket, said);
        let answer = read(socket);
        (answer["error"] != TOO_FAST)
            .then(|| assert_eq!((&answer["name"], &answer["message"]), (&json!(name), &json!(said))))
    });
}

fn send(socket: &mut Socket, said: &str) {
    socket.say(&json!({ "message": said }).to_string());
}

fn read(socket: &mut Socket) -> Value {
    serde_json::from_str(&socket.text()).expect("JSON")
}

fn message(socket: &mut Socket) -> (String, String) {
    let message = read(socket);
    let text = |key: &str| message[key].as_str().unwrap_or_else(|| panic!("no {key}: {message}")).to_owned();
    (text("name"), text("message"))
}

#[test]
fn history_is_kept_and_replayed() {
    let project = Project::sources("chat_rooms");
    let emu = project.serve(&[]);
    let room = emu.post("/api/room", b"").body;
    assert_eq!(room.len(), 64, "{room}");
    let mut anna = emu.websocket(&format!("/api/room/{room}/websocket"));
    anna.say(r#"{"name": "anna"}"#);
    wait_for("being ready", || (read(&mut anna)["ready"] == true).then_some(()));
    for text in ["one", "two"] {
        say(&mut anna, "anna", text);
    }
    emu.stop();

    let emu = project.serve(&[]);
    let mut bert = emu.websocket(&format!("/api/room/{room}/websocket"));
    bert.say(r#"{"name": "bert"}"#);
    assert_eq!(message(&mut bert), ("anna".into(), "one".into()));
    assert_eq!(message(&mut bert), ("anna".into(), "two".into()));
    assert_eq!(read(&mut bert), json!({ "joined": "bert" }));
    assert_eq!(read(&mut bert), json!({ "ready": true }));
}

#[test]
fn who_talks_too_fast_is_told_so_and_nobody_else_is() {
    let project = Project::sources("chat_rooms");
    let emu = project.serve(&[]);
    let mut loud = join(&emu, "hall", "loud", &[]);
    for number in 0..20 {
        send(&mut loud, &format!("{number}"));
    }
    let answers: Vec<Value> = (0..20).map(|_| read(&mut loud)).collect();
    assert!(answers.iter().any(|answer| answer["error"] == TOO_FAST), "{answers:?}");
    assert!(answers.iter().any(|answer| answer["message"].is_string()), "{answers:?}");
}

#[test]
fn requests_that_lead_nowhere() {
    let project = Project::sources("chat_rooms");
    let emu = project.serve(&[]);
    let table = [
        ("GET", "/", 200, "<!DOCTYPE html><title>Chat</title>"),
        ("GET", "/nowhere", 404, "Not found"),
        ("GET", "/api/room", 405, "Method not allowed"),
        ("GET", "/api/room/hall/nothing", 404, "Not found"),
        ("GET", "/api/room/hall/websocket", 400, "expected websocket"),
        ("GET", "/api/room/a-name-that-is-longer-than-thirty-two-characters/websocket", 404, "Name too long"),
    ];
    for (method, path, status, body) in table {
        let reply = emu.request(method, path, &[], b"");
        assert_eq!((reply.status, reply.body.as_str()), (status, body), "{method} {path}");
    }
    let made_up = format!("/api/room/{}/websocket", "0".repeat(64));
    let reply = emu.get(&made_up);
    let text = "TypeError: Durable Object ID is not valid for this namespace.";
    assert!(reply.status == 500 && reply.body.starts_with(text), "{}", reply.body);
    let mut refused = emu.websocket(&made_up);
    assert_eq!(read(&mut refused), json!({ "error": text.trim_start_matches("TypeError: ") }));
}
