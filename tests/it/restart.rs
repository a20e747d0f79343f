//! What outlives the process.
//!
//! Invariant: what was acknowledged is there after any end; what was due while emu was down happens when it starts.

use crate::support::{Emu, Project, now_ms, wait_for};
use serde_json::json;

const ROOM: &str = "WebSocketHibernationServer/foo";

#[test]
fn messages_survive_a_stop_and_a_kill() {
    let project = Project::room();
    let ends: [(&str, &str, fn(Emu)); 3] =
        [("stop", "process", Emu::stop), ("kill", "process", Emu::kill), ("kill it all", "full", Emu::kill)];
    for (said, durability, end) in ends {
        let emu = project.serve(&["--durability", durability]);
        emu.websocket("/websocket").ask(said);
        end(emu);
    }
    let emu = project.serve(&[]);
    let kept = emu.sql(ROOM, "SELECT id, body FROM messages");
    assert_eq!(kept, json!([[1, "stop"], [2, "kill"], [3, "kill it all"]]));
    assert_eq!(emu.get("/history").json().as_array().map(Vec::len), Some(3));
}

#[test]
fn nothing_is_kept_when_that_was_asked_for() {
    let project = Project::room();
    let emu = project.serve(&["--ephemeral"]);
    emu.websocket("/websocket").ask("forget me");
    assert!(emu.text("/history").contains("forget me"));
    emu.stop();
    assert!(!project.path(".wrangler").exists());
    assert_eq!(project.serve(&["--ephemeral"]).text("/history"), "[]");
}

#[test]
fn another_folder_has_other_objects() {
    let project = Project::room();
    let emu = project.serve(&["--persist-to", "elsewhere"]);
    emu.websocket("/websocket").ask("elsewhere");
    emu.stop();
    assert_eq!(project.serve(&[]).text("/history"), "[]");
    assert!(project.serve(&["--persist-to", "elsewhere"]).text("/history").contains("elsewhere"));
}

#[test]
fn the_alarm_trims_the_history() {
    let project = Project::room();
    let emu = project.serve(&["--hibernate", "after-every-event"]);
    let mut socket = emu.websocket("/websocket");
    for number in 0..105 {
        socket.ask(&number.to_string());
        socket.text();
    }
    let count = |emu: &Emu| emu.sql(ROOM, "SELECT count(*), min(id) FROM messages");
    assert_eq!(count(&emu), json!([[105, 1]]));
    let alarm_ms = emu.object("alarm-show", ROOM)["alarm"].as_f64().expect("an alarm");
    assert!((0.0..=60_000.0).contains(&(alarm_ms - now_ms())), "in {} ms", alarm_ms - now_ms());
    assert_eq!(emu.object("alarm-run", ROOM), json!({ "object": ROOM, "ran": true }));
    assert_eq!(count(&emu), json!([[100, 6]]));
    // It has run, so there is none now.
    assert_eq!(emu.object("alarm-show", ROOM)["alarm"], json!(null));
    assert_eq!(emu.object("alarm-run", ROOM), json!({ "object": ROOM, "ran": false }));
    // The next message sets the next.
    socket.ask("more");
    assert!(emu.object("alarm-show", ROOM)["alarm"].is_number());
}

#[test]
fn an_alarm_that_was_due_while_emu_was_down_fires_at_the_start() {
    let project = Project::room();
    let emu = project.serve(&[]);
    let mut socket = emu.websocket("/websocket");
    for number in 0..101 {
        socket.ask(&number.to_string());
        socket.text();
    }
    let due_ms = now_ms() + 400.0;
    emu.object_with("alarm-set", ROOM, json!({ "at": due_ms }));
    emu.kill();
    wait_for("the time of the alarm", || (now_ms() > due_ms).then_some(()));
    let emu = project.serve(&[]);
    wait_for("the alarm", || (emu.sql(ROOM, "SELECT count(*) FROM messages") == json!([[100]])).then_some(()));
    assert_eq!(emu.object("alarm-show", ROOM)["alarm"], json!(null));
}

#[test]
fn an_alarm_set_before_a_restart_fires_after_it_at_its_time() {
    let project = Project::room();
    let emu = project.serve(&[]);
    let mut socket = emu.websocket("/websocket");
    for number in 0..101 {
        socket.ask(&number.to_string());
        socket.text();
    }
    let due_ms = (now_ms() + 2000.0).floor();
    emu.object_with("alarm-set", ROOM, json!({ "at": due_ms }));
    emu.stop();
    let emu = project.serve(&[]);
    assert_eq!(emu.object("alarm-show", ROOM)["alarm"], json!(due_ms as i64));
    wait_for("the alarm", || (emu.sql(ROOM, "SELECT count(*) FROM messages") == json!([[100]])).then_some(()));
    assert!(now_ms() >= due_ms, "{} ms early", due_ms - now_ms());
}
