//! `emu do`, as it is typed.
//!
//! Invariant: what it prints is for people, unless `--json` is given; its exit code says whether it was done.

use crate::support::{Project, ends, now_ms};
use serde_json::json;

#[test]
fn objects_are_listed_shown_and_explained() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    ends(&emu.emu_do(&["list"]), 0, "no objects yet: they appear when a worker first uses them");
    emu.in_object("lobby", &json!([{ "kv": { "put": ["k", 1] } }]));
    let _socket = emu.websocket("/object/hall/ws");
    emu.object("evict", "Probe/hall");
    let list = "CLASS  NAME   STATE       SOCKETS  CONSTRUCTED  EVICTED  ALARM
Probe  hall   hibernated        1            1        1  -
Probe  lobby  idle              0            1        0  -";
    ends(&emu.emu_do(&["list"]), 0, list);
    ends(&emu.emu_do(&["list", "Probe"]), 0, list);
    let objects = emu.emu_do_json(&["list"]);
    let names = [0, 1].map(|index| (objects[index]["name"].clone(), objects[index]["state"].clone()));
    assert_eq!(names, [(json!("hall"), json!("hibernated")), (json!("lobby"), json!("idle"))]);

    let shown = emu.emu_do(&["show", "Probe/lobby"]);
    for line in [
        "worker       probe\n",
        "class        Probe\n",
        "name         lobby\n",
        "constructed  once\n",
        "evicted      never\n",
    ] {
        assert!(shown.text.contains(line), "{}", shown.text);
    }
    let id = emu.emu_do_json(&["show", "Probe/lobby"])["id"].as_str().expect("an id").to_owned();
    assert_eq!(emu.emu_do_json(&["show", &format!("Probe/{id}")])["constructed"], 1);

    ends(&emu.emu_do(&["why", "Probe/hall"]), 0, "Probe/hall is hibernated: it is not in memory");
    let _pinned = emu.websocket("/object/lobby/ws?api=standard");
    let why = emu.emu_do(&["why", "Probe/lobby"]);
    assert!(why.text.contains("1 socket(s) accepted with `accept()`"), "{}", why.text);
}

#[test]
fn objects_are_evicted_reset_and_crashed() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    emu.in_object("a", &json!([{ "memory": ["k", 1] }]));
    let table: &[(&[&str], &str)] = &[
        (&["evict", "Probe/a"], "Probe/a is out of memory; its hibernatable sockets stay connected"),
        (&["hibernate", "Probe/a"], "Probe/a is out of memory; its hibernatable sockets stay connected"),
        (&["evict", "Probe/a", "--sockets", "close"], "Probe/a is out of memory; its sockets are closed"),
        (&["abort", "Probe/a", "--reason", "enough"], "Probe/a is reset; its callers got the reason as an error"),
        (&["crash", "Probe/a"], "Probe/a has crashed; what was not committed is lost, and its sockets are cut"),
    ];
    for (round, (args, says)) in table.iter().enumerate() {
        ends(&emu.emu_do(args), 0, says);
        assert_eq!(
            emu.in_object("a", &json!([{ "memory": ["k"] }, { "memory": ["k", 1] }])),
            json!([null, 1]),
            "{args:?}"
        );
        assert_eq!(emu.constructed("Probe/a"), round as u64 + 2, "{args:?}");
    }
}

#[test]
fn alarms_are_shown_set_run_and_deleted() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    emu.in_object("a", &json!([{ "memory": ["k", 1] }]));
    ends(&emu.emu_do(&["alarm", "show", "Probe/a"]), 0, "Probe/a has no alarm set");
    let set = emu.emu_do_json(&["alarm", "set", "Probe/a", "+1h"]);
    let in_ms = set["alarm"].as_f64().expect("a time") - now_ms();
    assert!((3_590_000.0..=3_600_000.0).contains(&in_ms), "{set}");
    assert_eq!(emu.emu_do_json(&["alarm", "set", "Probe/a", "2030-01-01T00:00:00Z"])["alarm"], 1_893_456_000_000_i64);
    let shown = emu.emu_do(&["alarm", "show", "Probe/a"]);
    assert!(shown.text.ends_with("(2030-01-01T00:00:00Z)"), "{}", shown.text);
    assert_eq!(emu.emu_do_json(&["alarm", "run", "Probe/a"]), json!({ "object": "Probe/a", "ran": true }));
    assert_eq!(emu.emu_do_json(&["alarm", "run", "Probe/a"]), json!({ "object": "Probe/a", "ran": false }));
    emu.emu_do(&["alarm", "set", "Probe/a", "+1h"]);
    ends(&emu.emu_do(&["alarm", "delete", "Probe/a"]), 0, "Probe/a has no alarm set");
    assert_eq!(emu.in_object("a", &json!([{ "alarm": "get" }])), json!([null]));
}

#[test]
fn sql_is_run_and_committed() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    emu.in_object("a", &json!([{ "sql": { "query": "CREATE TABLE t (n INTEGER, x TEXT)" } }]));
    ends(
        &emu.emu_do(&["sql", "Probe/a", "INSERT INTO t VALUES (1, 'one'), (2, NULL)"]),
        0,
        "(0 rows; 0 read, 2 written)",
    );
    let table = "n  x\n-  ----\n1  one\n2  NULL\n(2 rows; 2 read, 0 written)";
    ends(&emu.emu_do(&["sql", "Probe/a", "SELECT * FROM t"]), 0, table);
    assert_eq!(emu.emu_do_json(&["sql", "Probe/a", "SELECT n FROM t"])["rows"], json!([[1], [2]]));
    emu.kill();
    let emu = project.serve(&[]);
    assert_eq!(emu.in_object("a", &json!([{ "sql": { "query": "SELECT count(*) FROM t" } }]))[0]["rows"], json!([[2]]));
}

#[test]
fn what_cannot_be_done_is_said_with_an_exit_code() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    emu.in_object("a", &json!([{ "memory": ["k", 1] }]));
    emu.object("evict", "Probe/a");
    let table: &[(&[&str], i32, &str)] = &[
        (&["evict", "Probe/a"], 1, "error: Cannot evict Durable Object: it is not currently running."),
        (&["evict", "Probe/b"], 1, "error: `Probe/b` has never been used"),
        (&["show", "Porbe/a"], 1, "error: no Durable Object class is called `Porbe`; there is `Built`, `Probe`"),
        (
            &["show", "a"],
            2,
            "error: `a` names a class but no object\n  help: give `Class/name`, or `Class/` and the 64 hex digits",
        ),
        (&["sql", "Probe/a", "SELEC"], 1, "error: near \"SELEC\": syntax error at offset 0: SQLITE_ERROR"),
        (&["alarm", "set", "Probe/a", "soon"], 2, "error: "),
        (
            &["show", "Probe/a", "--url", "http://localhost:1"],
            1,
            "error: nothing listens at `http://localhost:1`\n  help: ",
        ),
    ];
    for (args, code, says) in table {
        let ended = emu.emu_do(args);
        assert_eq!(ended.code, Some(*code), "{args:?}: {}", ended.text);
        assert!(ended.text.starts_with(says), "{args:?}: {}", ended.text);
    }
    // Without an emu to ask, and without a project.
    emu.stop();
    let ended = project.run(&["do", "list"]);
    assert!(ended.code == Some(1) && ended.text.starts_with("error: no emu "), "{}", ended.text);
    let ended = Project::empty().run(&["do", "list", "--config", "nothing.jsonc"]);
    assert!(ended.code != Some(0) && ended.text.starts_with("error: "), "{}", ended.text);
}
