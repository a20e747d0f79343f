//! Objects that leave memory while their clients stay connected.
//!
//! Invariant: clients cannot tell, except by what an object wrongly kept in memory.

use crate::chat::sender_of;
use crate::support::{Emu, Got, Project, Socket};
use serde_json::json;
use std::thread;
use std::time::Instant;

const ROOM: &str = "WebSocketHibernationServer/foo";
const STANDARD: &str = "WebSocketServer/foo";

#[test]
fn a_session_is_the_same_however_often_the_object_hibernates() {
    let project = Project::room();
    let session = |args: &[&str]| {
        let emu = project.serve(&[&["--ephemeral"], args].concat());
        let transcript = masked(&chat(&emu));
        let constructed = emu.constructed(ROOM);
        emu.stop();
        (transcript, constructed)
    };
    let (calm, calm_constructed) = session(&[]);
    assert_eq!(calm_constructed, 1);
    let (shaken, shaken_constructed) = session(&["--hibernate", "after-every-event"]);
    assert_eq!(shaken, calm);
    // Three connections, eight messages, a close and a look at the history.
    assert!(shaken_constructed >= 13, "constructed {shaken_constructed} times");
    for other in [&["--evict-after", "1ms"][..], &["--hibernate", "after-every-event", "--lanes", "3"]] {
        assert_eq!(session(other).0, calm, "{other:?}");
    }
}

/// A session of three clients: everything each of them receives, in the order it does, and the history at the end.
fn chat(emu: &Emu) -> String {
    let mut clients: Vec<Socket> = Vec::new();
    let mut transcript = String::new();
    for said in ["one", "two", "three"] {
        clients.push(emu.websocket("/websocket"));
        speak(&mut clients, said, &mut transcript);
    }
    speak(&mut clients, "ping", &mut transcript);
    speak(&mut clients, "{\"json\": [1, 2, 3]}", &mut transcript);
    let closed = clients.remove(0).close(4321, "enough");
    transcript += &format!("closed: {closed:?}\n");
    for said in ["four", "five", &"long ".repeat(20_000), ""] {
        speak(&mut clients, said, &mut transcript);
    }
    let history = emu.get("/history").json();
    for message in history.as_array().expect("a list") {
        transcript +=
            &format!("kept: {} from: {}, to: history\n", message["body"], message["sender"].as_str().unwrap());
    }
    transcript
}

/// The last client says something, and everybody reads what that leads to.
fn speak(clients: &mut [Socket], said: &str, transcript: &mut String) {
    let last = clients.len() - 1;
    clients[last].say(said);
    if said == "ping" {
        *transcript += &format!("client {last}: {}\n", clients[last].text());
        return;
    }
    for (number, client) in clients.iter_mut().enumerate() {
        for _ in 0..2 {
            *transcript += &format!("client {number}: {}\n", client.text());
        }
    }
}

/// The transcript with every session's random id replaced by its number.
fn masked(transcript: &str) -> String {
    let mut ids: Vec<String> = Vec::new();
    let mut masked = transcript.to_owned();
    for line in transcript.lines().filter(|line| line.contains("from: ")) {
        let id = line.split("from: ").nth(1).and_then(|rest| rest.split(',').next()).expect("an id").to_owned();
        assert_eq!(id.len(), 36, "{line}");
        if !ids.contains(&id) {
            masked = masked.replace(&id, &format!("session-{}", ids.len()));
            ids.push(id);
        }
    }
    masked
}

#[test]
fn an_idle_object_hibernates_and_its_clients_stay() {
    let project = Project::room();
    let emu = project.serve(&["--evict-after", "20ms"]);
    let mut socket = emu.websocket("/websocket");
    let before = sender_of(&socket.ask("before"));
    socket.text();
    crate::support::wait_for("hibernation", || {
        let shown = emu.object("show", ROOM);
        (shown["state"] == "hibernated" && shown["sockets"] == 1).then_some(())
    });
    // The id is attached to the socket, so it is still known.
    assert_eq!(sender_of(&socket.ask("after")), before);
    assert_eq!(emu.constructed(ROOM), 2);
    assert_eq!(emu.sql(ROOM, "SELECT body FROM messages ORDER BY id"), json!([["before"], ["after"]]));
}

#[test]
fn an_object_hibernates_when_it_is_told_to() {
    let project = Project::room();
    let emu = project.serve(&["--evict-after", "never"]);
    let mut socket = emu.websocket("/websocket");
    let id = sender_of(&socket.ask("one"));
    socket.text();
    for (round, verb) in ["evict", "hibernate", "evict"].into_iter().enumerate() {
        assert_eq!(emu.object(verb, ROOM), json!({ "object": ROOM, "evicted": true }));
        assert_eq!(emu.object("show", ROOM)["state"], "hibernated");
        assert_eq!(sender_of(&socket.ask("again")), id);
        socket.text();
        assert_eq!(emu.constructed(ROOM), round as u64 + 2);
    }
    let refused = "Cannot evict Durable Object: it is not currently running.";
    emu.object("evict", ROOM);
    assert_eq!(emu.try_object("evict", ROOM, json!({})), Err(refused.into()));
    let unknown = "WebSocketHibernationServer/nobody";
    assert_eq!(emu.try_object("evict", unknown, json!({})), Err(format!("`{unknown}` has never been used")));
}

#[test]
fn an_eviction_waits_for_what_is_under_way() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    thread::scope(|scope| {
        let steps = json!([{ "log": ["log", "waiting"] }, { "sleep": 300 }, { "kv": { "put": ["k", "done"] } }]);
        let emu = &emu;
        let slow = scope.spawn(move || emu.in_object("a", &steps));
        emu.logged("waiting");
        let since = Instant::now();
        assert_eq!(emu.object("evict", "Probe/a")["evicted"], true);
        assert!(since.elapsed().as_millis() > 200, "{:?}", since.elapsed());
        assert_eq!(slow.join().expect("an answer"), json!([null, null, null]));
    });
    assert_eq!(emu.in_object("a", &json!([{ "kv": { "get": "k" } }, "events"])), json!(["done", 1]));
}

#[test]
fn an_eviction_can_close_the_sockets() {
    let project = Project::room();
    let emu = project.serve(&[]);
    let mut socket = emu.websocket("/websocket");
    socket.ask("one");
    socket.text();
    emu.object_with("evict", ROOM, json!({ "closeSockets": true }));
    assert_eq!(socket.next(), Got::Lost);
    assert_eq!(emu.object("show", ROOM)["state"], "inactive");
}

#[test]
fn a_standard_socket_keeps_its_object_in_memory_and_why_says_so() {
    let project = Project::room();
    let emu = project.serve(&["--evict-after", "20ms"]);
    let mut hibernatable = emu.websocket("/websocket");
    let mut standard = emu.websocket("/standard/websocket");
    hibernatable.ask("one");
    standard.ask("one");
    standard.text();
    crate::support::wait_for("hibernation of the other object", || {
        (emu.object("show", ROOM)["state"] == "hibernated").then_some(())
    });
    let why = emu.object("why", STANDARD);
    assert_eq!((&why["object"], &why["state"]), (&json!(STANDARD), &json!("active")));
    assert_eq!(why["why"], "1 thing(s) keep it in memory");
    assert_eq!(why["blockers"][0]["what"], "1 socket(s) accepted with `accept()`");
    assert_eq!(emu.object("why", ROOM)["why"], "it is not in memory");

    // Once the socket has gone, nothing keeps it.
    standard.close(1000, "");
    crate::support::wait_for("the end of the other object", || {
        (emu.object("show", STANDARD)["state"] == "inactive").then_some(())
    });
    assert_eq!(emu.constructed(STANDARD), 1);
}

#[test]
fn a_standard_socket_is_lost_when_its_object_is_evicted_at_once() {
    let project = Project::room();
    let emu = project.serve(&[]);
    let mut socket = emu.websocket("/standard/websocket");
    socket.ask("one");
    socket.text();
    emu.object_with("evict", STANDARD, json!({ "now": true }));
    assert_eq!(socket.next(), Got::Lost);
    // A new connection reaches a new instance, which knows nobody else.
    assert!(emu.websocket("/standard/websocket").ask("two").ends_with("Total connections: 1"));
}

#[test]
fn abort_and_crash_cut_the_sockets_and_the_next_request_works() {
    let project = Project::room();
    let emu = project.serve(&[]);
    for (round, verb) in ["abort", "crash"].into_iter().enumerate() {
        let mut socket = emu.websocket("/websocket");
        socket.ask(verb);
        socket.text();
        emu.object(verb, ROOM);
        assert_eq!(socket.next(), Got::Lost, "{verb}");
        let history = emu.text("/history");
        assert!(history.contains(&format!("\"body\":\"{verb}\"")), "{history}");
        assert_eq!(emu.constructed(ROOM), round as u64 + 2);
    }
}
