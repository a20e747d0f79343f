//! The WebSocket API of objects and of the worker.
//!
//! Invariant: what arrives, in which order and with which code is the platform's.

use crate::support::{Emu, Got, Project, Raw, frame, wait_for};
use serde_json::{Value, json};
use std::fs;
use tokio_websockets::Message;

#[test]
fn sockets_are_listed_newest_first_and_by_tag_oldest_first() {
    let project = Project::probe();
    let emu = project.serve(&["--hibernate", "after-every-event"]);
    let sockets: Vec<_> = [("one", "red"), ("two", "red,blue"), ("three", "blue,blue"), ("four", "")]
        .iter()
        .map(|(attach, tags)| emu.websocket(&format!("/object/a/ws?attach={attach}&tags={tags}")))
        .collect();
    let lists = emu.in_object(
        "a",
        &json!([{ "sockets": null }, { "sockets": "red" }, { "sockets": "blue" }, { "sockets": "green" }]),
    );
    assert_eq!(lists, json!([["four", "three", "two", "one"], ["one", "two"], ["two", "three"], []]));
    // Tags are kept in order and without duplicates, and survive.
    let tags: Vec<Value> =
        sockets.into_iter().map(|mut socket| socket.script(&json!([{ "socket": "tags" }]))[0].clone()).collect();
    assert_eq!(json!(tags), json!([["red"], ["red", "blue"], ["blue"], []]));
}

#[test]
fn a_broadcast_reaches_everybody_in_order() {
    let project = Project::probe();
    let emu = project.serve(&["--hibernate", "after-every-event"]);
    let mut sockets: Vec<_> = (0..20).map(|n| emu.websocket(&format!("/object/a/ws?tags=t{}", n % 2))).collect();
    for n in 0..50 {
        emu.in_object("a", &json!([{ "broadcast": { "text": format!("all {n}") } }, { "broadcast": { "text": format!("odd {n}"), "tag": "t1" } }]));
    }
    for (number, socket) in sockets.iter_mut().enumerate() {
        for n in 0..50 {
            assert_eq!(socket.text(), format!("all {n}"), "socket {number}");
            if number % 2 == 1 {
                assert_eq!(socket.text(), format!("odd {n}"), "socket {number}");
            }
        }
    }
}

#[test]
fn an_attachment_is_a_copy_and_has_a_limit() {
    let project = Project::probe();
    let emu = project.serve(&["--hibernate", "after-every-event"]);
    let mut socket = emu.websocket("/object/a/ws?attach=first");
    let attach = |value: Value| json!([{ "socket": { "attach": value } }, { "socket": "attachment" }]);
    assert_eq!(socket.script(&json!([{ "socket": "attachment" }])), json!(["first"]));
    assert_eq!(socket.script(&attach(json!({ "n": [1, 2, null] }))), json!([null, { "n": [1, 2, null] }]));
    let refused = socket.script(&attach(json!("x".repeat(16_384))));
    let error = refused[0]["error"].as_str().unwrap_or_default();
    assert!(
        error.contains("A WebSocket 'attachment' cannot be larger than 16384 bytes.'attachment' was "),
        "{refused}"
    );
    assert_eq!(refused[1], json!({ "n": [1, 2, null] }));
    let large = json!("x".repeat(16_000));
    assert_eq!(socket.script(&attach(large.clone()))[1], large);
    assert_eq!(emu.in_object("a", &json!([{ "sockets": null }])), json!([[large]]));
}

#[test]
fn messages_of_one_socket_are_handled_one_at_a_time_and_those_of_two_are_not() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let mut one = emu.websocket("/object/a/ws");
    let mut other = emu.websocket("/object/a/ws");
    let slow = json!([{ "memory": ["k", "slow"] }, { "sleep": 200 }, { "memory": ["k"] }]).to_string();
    let quick = json!([{ "memory": ["k", "quick"] }]).to_string();
    one.say(&slow);
    one.say(&quick);
    assert_eq!(one.text(), r#"["slow",null,"slow"]"#);
    assert_eq!(one.text(), r#"["quick"]"#);

    one.say(&slow);
    // The script has begun when a later message of the other socket is answered.
    wait_for("the slow message", || (other.ask(r#"[{"memory":["k"]}]"#) == r#"["slow"]"#).then_some(()));
    assert_eq!(other.ask(&quick), r#"["quick"]"#);
    assert_eq!(one.text(), r#"["slow",null,"quick"]"#);
}

#[test]
fn text_and_bytes_of_any_size_come_back_as_they_were_sent() {
    let project = Project::probe();
    // With several lanes most objects live on another lane than their clients.
    let emu = project.serve(&["--hibernate", "after-every-event", "--lanes", "3"]);
    for path in [
        "/ws",
        "/object/a/ws",
        "/object/b/ws",
        "/object/c/ws",
        "/object/d/ws?api=standard",
        "/object/e/ws?api=standard",
    ] {
        let mut socket = emu.websocket(path);
        for size in [0, 1, 125, 126, 127, 65_535, 65_536, 200_000, 3_000_000] {
            let text = "é".repeat(size / 2) + &"x".repeat(size % 2);
            assert!(socket.ask(&text) == text, "{path}: a text of {size} bytes");
            let bytes: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
            socket.send(Message::binary(bytes.clone()));
            assert!(socket.next() == Got::Binary(bytes), "{path}: {size} bytes");
        }
    }
}

#[test]
fn a_client_that_does_not_read_is_waited_for_without_losing_anything() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let mut socket = emu.websocket("/object/a/ws");
    let text = "x".repeat(100_000);
    for _ in 0..200 {
        emu.in_object("a", &json!([{ "broadcast": { "text": text } }]));
    }
    for n in 0..200 {
        assert!(socket.text() == text, "message {n}");
    }
    // The other way round: many messages at a slow handler.
    for n in 0..200 {
        socket.say(&json!([{ "sleep": 1 }, { "memory": ["n", n] }, { "random": 1 }]).to_string());
    }
    for n in 0..200 {
        assert_eq!(socket.text(), format!("[null,{n},1]"));
    }
}

#[test]
fn nothing_is_left_of_connections_that_have_gone() {
    let project = Project::probe();
    let emu = project.serve(&["--lanes", "2"]);
    let open = || fs::read_dir(format!("/proc/{}/fd", emu.pid())).expect("the process is there").count();
    let paths = ["/ws", "/object/a/ws", "/object/b/ws", "/object/a/ws?api=standard", "/object/b/ws?api=standard"];
    let connect = |count: usize| {
        let mut sockets: Vec<_> = (0..count).map(|number| emu.websocket(paths[number % paths.len()])).collect();
        sockets.iter_mut().for_each(|socket| assert_eq!(socket.ask("x"), "x"));
        // Every other one says goodbye.
        for (number, socket) in sockets.into_iter().enumerate() {
            if number % 2 == 0 {
                assert_eq!(socket.close(1000, ""), Got::Closed(1000, String::new()));
            }
        }
    };
    connect(10);
    wait_for("the end of the first sockets", || (gone(&emu)).then_some(()));
    let before = open();
    connect(200);
    wait_for("the end of the sockets", || (gone(&emu) && open() <= before).then_some(()));
}

/// Whether no object has a socket.
fn gone(emu: &Emu) -> bool {
    emu.objects().iter().all(|object| object["sockets"] == 0 && object["state"] == "idle")
}

/// The close events of an object, as it recorded them: code, reason, whether it was clean, ready state.
fn closes(emu: &Emu, object: &str) -> Value {
    wait_for("the close event", || {
        let events = emu.in_object(object, &json!([{ "kv": { "get": "socket_events" } }]));
        events[0].is_array().then(|| events[0].clone())
    })
}

const LOST: &str = "WebSocket disconnected without sending Close frame.";

#[test]
fn a_close_is_told_to_the_object_once_and_answered() {
    let project = Project::probe();
    let closed = |code: u16, reason: &str| Got::Closed(code, reason.into());
    for (date, api, ready_state) in [
        ("2026-04-06", "hibernation", 2),
        ("2026-04-07", "hibernation", 2),
        ("2026-04-06", "standard", 2),
        ("2026-04-07", "standard", 3),
    ] {
        let emu = project.serve(&["--ephemeral", "--compatibility-date", date]);
        let path = format!("/object/a/ws?api={api}");
        assert_eq!(emu.websocket(&path).close(4000, "bye"), closed(4000, "bye"), "{date} {api}");
        assert_eq!(closes(&emu, "a"), json!([{ "close": [4000, "bye", true, ready_state] }]), "{date} {api}");
        assert_eq!(emu.in_object("a", &json!([{ "sockets": null }])), json!([[]]));
        assert_eq!(emu.object("show", "Probe/a")["sockets"], 0);
        emu.stop();
    }
}

#[test]
fn a_close_that_the_object_does_not_answer_leaves_the_client_waiting() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let mut raw = Raw::websocket(emu.port(), "/object/a/ws?on_close=ignore");
    raw.send(&frame(0x88, &[0x0f, 0xa0]));
    assert_eq!(closes(&emu, "a"), json!([{ "close": [4000, "", true, 2] }]));
    raw.finish();
    assert_eq!(raw.rest(), b"");
    // That the connection has ended as well is no second event.
    wait_for("the end of the socket", || (emu.object("show", "Probe/a")["sockets"] == 0).then_some(()));
    assert_eq!(closes(&emu, "a").as_array().map(Vec::len), Some(1));
}

#[test]
fn a_close_that_nobody_answers_ends_the_connection_when_the_object_hibernates() {
    let project = Project::probe();
    let emu = project.serve(&["--evict-after", "20ms"]);
    let open = emu.websocket("/object/a/ws");
    let mut raw = Raw::websocket(emu.port(), "/object/a/ws?on_close=ignore");
    raw.send(&frame(0x88, &[0x0f, 0xa0]));
    assert_eq!(raw.rest(), b"", "no Close frame comes");
    // The others stay.
    assert_eq!(open.close(4000, "bye"), Got::Closed(4000, "bye".into()));
}

#[test]
fn a_connection_that_breaks_off_is_a_close_with_1006() {
    let project = Project::probe();
    for api in ["hibernation", "standard"] {
        let emu = project.serve(&["--ephemeral"]);
        drop(Raw::websocket(emu.port(), &format!("/object/a/ws?api={api}")));
        let events = closes(&emu, "a");
        assert_eq!(events.as_array().map(Vec::len), Some(1), "{api}: {events}");
        let [code, reason, clean] = [0, 1, 2].map(|index| &events[0]["close"][index]);
        assert_eq!((code, reason, clean), (&json!(1006), &json!(LOST), &json!(false)), "{api}");
        emu.stop();
    }
}

#[test]
fn an_object_closes_its_sockets_with_code_and_reason() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    for (arguments, closed) in [
        (json!([4321, "go away"]), Got::Closed(4321, "go away".into())),
        (json!([1000, null]), Got::Closed(1000, String::new())),
        (json!([4999, "é".repeat(61)]), Got::Closed(4999, "é".repeat(61))),
    ] {
        let mut socket = emu.websocket("/object/a/ws");
        socket.say(&json!([{ "socket": { "close": arguments } }]).to_string());
        assert_eq!(socket.next(), closed);
        // The client answers with the same, which the object learns.
        assert_eq!(socket.next(), Got::Lost);
    }
    let codes: Vec<Value> = wait_for("the answers", || {
        let events = closes(&emu, "a");
        let events = events.as_array().filter(|events| events.len() == 3)?;
        Some(events.iter().map(|event| json!([event["close"][0], event["close"][2]])).collect())
    });
    assert_eq!(json!(codes), json!([[4321, true], [1000, true], [4999, true]]));
    let mut socket = emu.websocket("/object/a/ws");
    for (arguments, text) in [
        (json!([999, null]), "Invalid WebSocket close code: 999."),
        (json!([1005, null]), "Invalid WebSocket close code: 1005."),
        (json!([1006, "x"]), "Invalid WebSocket close code: 1006."),
        (json!([5000, "x"]), "Invalid WebSocket close code: 5000."),
        (
            json!([1000, "x".repeat(124)]),
            "WebSocket close reason must not be longer than 123 bytes when UTF-8 encoded.",
        ),
    ] {
        let refused = socket.script(&json!([{ "socket": { "close": arguments } }]));
        assert!(refused[0]["error"].as_str().unwrap_or_default().contains(text), "{arguments}: {refused}");
    }
    // A refused close closes nothing.
    assert_eq!(socket.ask("still here"), "still here");
}

#[test]
fn an_auto_response_is_given_without_the_object() {
    let project = Project::probe();
    let emu = project.serve(&["--hibernate", "after-every-event"]);
    let mut socket = emu.websocket("/object/a/ws");
    assert_eq!(
        emu.in_object("a", &json!([{ "auto_response": ["are you there", "yes"] }])),
        json!([["are you there", "yes"]])
    );
    let before = emu.constructed("Probe/a");
    for _ in 0..5 {
        assert_eq!(socket.ask("are you there"), "yes");
    }
    assert_eq!(emu.constructed("Probe/a"), before);
    let time_ms = socket.script(&json!([{ "socket": "auto_response_time" }]));
    assert!(!time_ms[0].is_null(), "{time_ms}");
    assert_eq!(emu.in_object("a", &json!([{ "auto_response": null }])), json!([null]));
    assert_eq!(socket.ask("are you there"), "are you there");
}

#[test]
fn an_event_that_takes_too_long_is_cancelled() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let mut socket = emu.websocket("/object/a/ws");
    assert_eq!(emu.in_object("a", &json!([{ "event_timeout": 50 }]))[0].as_f64(), Some(50.0));
    socket.say(&json!([{ "sleep": 30_000 }]).to_string());
    assert_eq!(socket.ask("next"), "next");
    emu.logged("Actor exceeded event execution time and was disconnected.");
}

#[test]
fn the_worker_opens_sockets_too() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let url = |path: &str| format!("ws://localhost:{}{path}", emu.port());
    for path in ["/ws", "/object/b/ws", "/object/b/ws?api=standard"] {
        let connect = json!([{ "connect": { "url": url(path), "send": ["one", "two"], "receive": 2 } }]);
        let expected = json!([{ "received": ["one", "two"], "closed": [1000, "done", true], "protocol": "" }]);
        assert_eq!(emu.in_worker(&connect), expected, "{path}");
        assert_eq!(emu.in_object("a", &connect), expected, "{path}");
    }
    let refused = emu.in_worker(&json!([{ "connect": { "url": url("/status/404") } }]));
    assert!(refused[0]["error"].is_string(), "{refused}");
    let refused = emu.in_worker(&json!([{ "connect": { "url": "ws://localhost:1/" } }]));
    assert!(refused[0]["error"].as_str().unwrap_or_default().contains("Network connection lost."), "{refused}");
}

#[test]
fn a_request_that_asks_for_no_socket_gets_none() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let reply = emu.get("/object/a/ws");
    assert_eq!(reply.status, 500);
    let text = "Worker tried to return a WebSocket in a response to a request which did not contain the header \
                \"Upgrade: websocket\".";
    assert!(reply.body.contains(text), "{}", reply.body);
    // The socket that nobody took is lost to the object.
    assert_eq!(closes(&emu, "a")[0]["close"][0], 1006);
    wait_for("the end of the socket", || (emu.object("show", "Probe/a")["sockets"] == 0).then_some(()));
}
