//! partyserver: rooms in memory, rooms that hibernate. Its `getServerByName` needs RPC; its routing of requests does not.
//!
//! Invariant: both kinds of room behave alike for their clients.

use super::application;
use crate::support::{Emu, Got, Project, wait_for};
use serde_json::json;

#[test]
fn rooms_in_memory() {
    let project = application("party");
    room(&project, &[], "live-room");
}

#[test]
fn rooms_that_hibernate() {
    let project = application("party");
    room(&project, &[], "sleepy-room");
    room(&project, &["--hibernate", "after-every-event"], "sleepy-room");
}

fn room(project: &Project, arguments: &[&str], party: &str) {
    let emu = project.serve(&[&["--ephemeral"], arguments].concat());
    let path = |rest: &str| format!("/parties/{party}/lobby{rest}");
    assert_eq!((emu.get("/elsewhere").status, emu.get("/parties/unknown/lobby").status), (404, 400));

    let mut anna = emu.websocket(&path("?_pk=anna&team=red"));
    assert_eq!(anna.text(), "welcome to lobby");
    let mut bert = emu.websocket(&path("?_pk=bert&team=blue"));
    assert_eq!(bert.text(), "welcome to lobby");
    assert_eq!(anna.text(), "bert joined");

    // State is attached to the connection.
    for count in 1..=2 {
        bert.say("hello");
        let said = format!("bert said hello ({count})");
        assert_eq!((anna.text(), bert.text()), (said.clone(), said));
    }
    assert_eq!(emu.post(&path(""), b"from outside").body, "sent");
    assert_eq!((anna.text(), bert.text()), ("from outside".into(), "from outside".into()));

    let mut other = emu.websocket(&format!("/parties/{party}/attic?_pk=carl"));
    assert_eq!(other.text(), "welcome to attic");
    assert_eq!(members(&emu, &path("")), json!(["anna", "bert"]));
    assert_eq!(members(&emu, &path("?team=red")), json!(["anna"]));

    assert!(matches!(bert.close(4001, "bye"), Got::Closed(4001, _)));
    assert_eq!(anna.text(), "bert left with 4001 bye");
    wait_for("the end of the connection", || (members(&emu, &path("")) == json!(["anna"])).then_some(()));
    emu.stop();
}

fn members(emu: &Emu, path: &str) -> serde_json::Value {
    emu.get(path).json()["connections"].clone()
}
