//! How emu ends.
//!
//! Invariant: it leaves no process, no port and no lock behind.

use crate::support::{Emu, Got, Project, Raw};
use rustix::process::Signal;
use serde_json::json;
use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

/// How long a person waits (reference §5, the prompt comes back).
const PATIENCE: Duration = Duration::from_secs(3);

#[test]
fn a_signal_ends_it_well_whatever_is_open() {
    let project = Project::room();
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        // The folder's lock must be free again each time.
        let mut emu = project.serve(&[]);
        let mut hibernatable = emu.websocket("/websocket");
        let mut standard = emu.websocket("/standard/websocket");
        for socket in [&mut hibernatable, &mut standard] {
            socket.ask("one");
            socket.text();
        }
        let mut kept_alive = Raw::connect(emu.port());
        kept_alive.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        kept_alive.response();
        let _silent = Raw::connect(emu.port());

        let since = Instant::now();
        emu.signal(signal);
        assert_eq!(emu.exit_code(PATIENCE), Some(0), "{signal:?}");
        assert!(since.elapsed() < PATIENCE, "{signal:?}: {:?}", since.elapsed());
        assert_eq!([hibernatable.next(), standard.next()], [Got::Lost, Got::Lost]);
        TcpListener::bind((Ipv4Addr::LOCALHOST, emu.port())).expect("the port is free");
    }
}

#[test]
fn a_long_request_does_not_hold_it_for_long() {
    let project = Project::probe();
    let mut emu = project.serve(&[]);
    let mut long = asking(&emu, &json!([{ "log": ["log", "waiting"] }, { "sleep": 60_000 }]));
    let since = Instant::now();
    emu.signal(Signal::TERM);
    assert_eq!(emu.exit_code(PATIENCE), Some(0));
    assert!(since.elapsed() < PATIENCE, "{:?}", since.elapsed());
    assert_eq!(long.rest(), b"");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let project = Project::probe();
    let mut emu = project.serve(&[]);
    let _long = asking(&emu, &json!([{ "log": ["log", "waiting"] }, { "sleep": 60_000 }]));
    emu.signal(Signal::INT);
    emu.logged("Shutting down");
    let since = Instant::now();
    emu.signal(Signal::INT);
    assert_eq!(emu.exit_code(PATIENCE), Some(130));
    assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
    // However it ends, the kernel gives the folder back.
    project.serve(&[]).stop();
}

#[test]
fn what_is_under_way_is_answered_and_nothing_new_is_accepted() {
    let project = Project::probe();
    let mut emu = project.serve(&[]);
    let mut slow =
        asking(&emu, &json!([{ "log": ["log", "waiting"] }, { "sleep": 300 }, { "kv": { "put": ["k", 1] } }]));
    emu.signal(Signal::TERM);
    emu.logged("Shutting down");
    let answer = slow.response();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("[null,null,null]"), "{answer}");
    assert!(emu.try_request("GET", "/", &[], b"").is_err());
    assert_eq!(emu.exit_code(PATIENCE), Some(0));
    assert_eq!(project.serve(&[]).in_object("slow", &json!([{ "kv": { "get": "k" } }])), json!([1]));
}

/// A connection on which a script runs that has said `waiting` in the log.
fn asking(emu: &Emu, steps: &serde_json::Value) -> Raw {
    let mut raw = Raw::connect(emu.port());
    let body = steps.to_string();
    let head =
        format!("POST /object/slow/script HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", body.len());
    raw.send((head + &body).as_bytes());
    emu.logged("waiting");
    raw
}
