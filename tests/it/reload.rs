//! New code and configuration under a running emu.
//!
//! Invariant: what is under way ends on the old code, what comes after sees the new one, and nobody is cut off unless
//! that was asked for.

use crate::support::{Emu, Got, Project, Raw, repository};
use rustix::process::Signal;
use serde_json::json;
use std::fs;

const READY: &str = "Local server updated and ready";

/// Changes a variable in the configuration and waits until that is taken up.
fn change(project: &Project, emu: &Emu, from: &str, to: &str) {
    let log = emu.log_len();
    project.replace(&format!("\"GREETING\": \"{from}\""), &format!("\"GREETING\": \"{to}\""));
    emu.logged_after(log, READY);
}

#[test]
fn a_changed_configuration_is_taken_up_and_hibernatable_sockets_stay() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let mut socket = emu.websocket("/object/a/ws?attach=mine");
    emu.in_object("a", &json!([{ "memory": ["k", 1] }, { "kv": { "put": ["k", "kept"] } }]));
    assert_eq!(emu.text("/env/GREETING"), "hello");
    for (from, to) in [("hello", "good day"), ("good day", "hello")] {
        change(&project, &emu, from, to);
        assert_eq!(emu.text("/env/GREETING"), to);
    }
    // The object runs on new code, so its memory is gone; its socket and storage are not.
    let script = json!([{ "memory": ["k"] }, { "kv": { "get": "k" } }, { "socket": "attachment" }]);
    assert_eq!(socket.script(&script), json!([null, "kept", "mine"]));
    assert_eq!(emu.constructed("Probe/a"), 2);
}

#[test]
fn a_socket_of_the_worker_itself_goes_on_on_the_old_code() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let mut socket = emu.websocket("/ws");
    assert_eq!(socket.ask("before"), "before");
    change(&project, &emu, "hello", "good day");
    assert_eq!(socket.ask("after"), "after");
    assert_eq!(emu.text("/env/GREETING"), "good day");
    assert_eq!(socket.close(1000, "bye"), Got::Closed(1000, "bye".into()));
}

#[test]
fn sockets_are_cut_by_a_reload_when_that_is_asked_for() {
    let project = Project::probe();
    let emu = project.serve(&["--on-reload", "reset"]);
    let mut hibernatable = emu.websocket("/object/a/ws");
    let mut standard = emu.websocket("/object/a/ws?api=standard");
    assert_eq!([hibernatable.ask("x"), standard.ask("x")], ["x", "x"]);
    change(&project, &emu, "hello", "good day");
    assert_eq!([hibernatable.next(), standard.next()], [Got::Lost, Got::Lost]);
    assert_eq!(emu.in_object("a", &json!(["events"])), json!([1]));
}

#[test]
fn new_code_is_taken_up_and_hibernatable_sockets_stay() {
    let project = Project::room();
    let emu = project.serve(&[]);
    assert!(emu.text("/").starts_with("Supported endpoints:"));
    let mut socket = emu.websocket("/websocket");
    socket.ask("before");
    socket.text();
    let wasm = fs::read(project.path("worker.wasm")).expect("a worker");
    let new = replaced(&wasm, b"Supported endpoints:", b"Endpoints supported:");
    let log = emu.log_len();
    // Editors and compilers write beside the file and rename.
    project.write("worker.wasm.new", new);
    fs::rename(project.path("worker.wasm.new"), project.path("worker.wasm")).expect("a file");
    emu.logged_after(log, READY);
    assert!(emu.text("/").starts_with("Endpoints supported:"));
    assert!(socket.ask("after").contains("message: after, from: "));
    assert!(emu.text("/history").contains("before"));
}

#[test]
fn a_request_under_way_ends_on_the_old_code() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let mut slow = Raw::connect(emu.port());
    let body =
        json!([{ "memory": ["k", "old"] }, { "log": ["log", "waiting"] }, { "sleep": 1500 }, { "memory": ["k"] }])
            .to_string();
    slow.send(
        format!("POST /object/a/script HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}", body.len())
            .as_bytes(),
    );
    emu.logged("waiting");
    change(&project, &emu, "hello", "good day");
    // The worker is new already, the object goes on until it is idle.
    assert_eq!(emu.text("/env/GREETING"), "good day");
    let answer = slow.response();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with(r#"["old",null,null,"old"]"#), "{answer}");
    assert_eq!(emu.in_object("a", &json!([{ "memory": ["k"] }])), json!([null]));
}

#[test]
fn what_cannot_be_taken_up_is_said_and_the_old_code_goes_on() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let config = fs::read_to_string(project.path("wrangler.jsonc")).expect("a configuration");
    let wasm = fs::read(project.path("worker.wasm")).expect("a worker");
    let spoil = |name: &str, contents: &[u8], says: &str| {
        let log = emu.log_len();
        project.write(name, contents);
        emu.logged_after(log, says);
        assert_eq!(emu.text("/env/GREETING"), "hello", "{says}");
    };
    spoil("worker.wasm", b"not wasm", "`./worker.wasm` is not a WebAssembly module");
    spoil("worker.wasm", &wasm[..wasm.len() / 2], "`./worker.wasm` is truncated or damaged at byte ");
    let log = emu.log_len();
    project.write("worker.wasm", &wasm);
    emu.logged_after(log, READY);
    spoil("wrangler.jsonc", b"{ oops", "`wrangler.jsonc` has ");
    spoil(
        "wrangler.jsonc",
        config
            .replace("[\"Probe\", \"Built\"]", "[\"Probe\"]")
            .replace("{ \"name\": \"BUILT\", \"class_name\": \"Built\" }", "")
            .as_bytes(),
        "the Durable Object classes have changed",
    );
    let log = emu.log_len();
    project.write("wrangler.jsonc", config.replace("hello", "at last"));
    emu.logged_after(log, READY);
    assert_eq!(emu.text("/env/GREETING"), "at last");
}

#[test]
fn alarms_fire_after_a_reload() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    emu.in_object("a", &json!([{ "alarm": { "in_ms": 400 } }]));
    change(&project, &emu, "hello", "good day");
    crate::support::wait_for("the alarm", || {
        emu.in_object("a", &json!([{ "kv": { "get": "alarm_runs" } }]))[0].is_array().then_some(())
    });
}

#[test]
fn nothing_is_watched_when_that_was_asked_for() {
    let project = Project::probe();
    let mut emu = project.serve(&["--no-watch"]);
    project.replace("hello", "good day");
    project.copy_worker("room.wasm");
    assert_eq!(emu.text("/env/GREETING"), "hello");
    emu.signal(Signal::TERM);
    assert_eq!(emu.exit_code(crate::support::LIMIT), Some(0));
    assert!(!emu.log().contains(READY), "{}", emu.log());
}

#[test]
fn the_sample_is_served_from_a_fresh_clone() {
    let project = Project::empty();
    let config = repository().join("wrangler.jsonc");
    let emu = project.serve(&[config.to_str().expect("a path of text"), "--persist-to", "state"]);
    assert!(emu.text("/").starts_with("Supported endpoints:"));
    assert!(emu.websocket("/websocket").ask("hello").contains("message: hello, from: "));
}

/// The bytes with one run of them replaced by another of the same length.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = bytes.windows(from.len()).position(|window| window == from).expect("the bytes to be replaced");
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}
