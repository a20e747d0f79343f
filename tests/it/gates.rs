//! Which events of an object run at the same time.
//!
//! Invariant: nothing enters a critical section; outside of one an object may do something else at every await.

use crate::support::{Project, wait_for};
use serde_json::{Value, json};
use std::thread;
use std::time::Instant;

#[test]
fn another_event_runs_while_one_waits_but_not_in_a_critical_section() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let waits =
        json!([{ "memory": ["k", "mine"] }, { "log": ["log", "it waits"] }, { "sleep": 150 }, { "memory": ["k"] }]);
    let table = [
        ("open", waits.clone(), json!(["mine", null, null, "yours"])),
        ("closed", json!([{ "block": waits }]), json!([["mine", null, null, "mine"]])),
    ];
    for (object, steps, seen) in table {
        let log = emu.log_len();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| emu.in_object(object, &steps));
            emu.logged_after(log, "it waits");
            assert_eq!(emu.in_object(object, &json!([{ "memory": ["k", "yours"] }])), json!(["yours"]));
            assert_eq!(waiting.join().expect("an answer"), seen, "{object}");
        });
    }
}

#[test]
fn calls_on_one_stub_arrive_in_order() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let append = |n: u64| {
        json!([{ "stub": { "name": "a", "steps": [
        { "sql": { "query": "CREATE TABLE IF NOT EXISTS calls (n INTEGER)" } },
        { "sql": { "query": "INSERT INTO calls VALUES (?)", "params": [n] } },
    ] } }])
    };
    let scripts: Vec<Value> = (0..50).map(append).collect();
    emu.in_worker(&json!([{ "together": scripts }]));
    let rows: Vec<[u64; 1]> = (0..50).map(|n| [n]).collect();
    assert_eq!(emu.sql("Probe/a", "SELECT n FROM calls ORDER BY rowid"), json!(rows));
}

#[test]
fn a_critical_section_that_fails_resets_the_object_and_a_failed_transaction_does_not() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    emu.in_object("a", &json!([{ "memory": ["k", 1] }]));
    let failing = json!([{ "kv": { "put": ["k", "undone"] } }, { "throw": "on purpose" }]);
    let results =
        emu.in_object("a", &json!([{ "transaction": failing }, { "kv": { "get": "k" } }, { "memory": ["k"] }]));
    assert_eq!(results, json!([{ "error": "on purpose" }, null, 1]));

    let called = emu.in_worker(&json!([
        { "together": [
            [{ "stub": { "name": "a", "steps": [{ "sleep": 30 }, { "block": failing }] } }],
            [{ "stub": { "name": "a", "steps": [{ "sleep": 10_000 }] } }],
        ] },
        { "stub": { "name": "a", "steps": [{ "memory": ["k"] }, "events"] } },
    ]));
    for caller in 0..2 {
        let error = called[0][caller][0]["error"].as_str().unwrap_or_default();
        assert!(error.contains("on purpose"), "{called}");
        assert_eq!(called[0][caller][0]["durable_object_reset"], true, "{called}");
    }
    assert_eq!(called[1], json!([null, 1]));
}

#[test]
fn nothing_reaches_an_object_before_its_constructor_is_done() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let call =
        json!([{ "stub": { "class": "Built", "name": "slow", "steps": [{ "kv": { "get": "constructions" } }] } }]);
    let since = Instant::now();
    let called = emu.in_worker(&json!([{ "together": [call, call, call, call] }]));
    assert_eq!(called, json!([[[[1]], [[1]], [[1]], [[1]]]]));
    assert!(since.elapsed().as_millis() >= 300, "{:?}", since.elapsed());
    assert_eq!(emu.constructed("Built/slow"), 1);
    // It runs again after an eviction, before the event.
    emu.object("evict", "Built/slow");
    assert_eq!(emu.in_built("slow", &json!([{ "kv": { "get": "constructions" } }, "events"])), json!([2, 1]));
}

#[test]
fn a_constructor_that_fails_fails_every_event_until_one_succeeds() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let table = [("fail", "the constructor fails on purpose", 2), ("panic", "RuntimeError: unreachable", 2)];
    for (name, text, constructed) in table {
        for _ in 0..2 {
            let reply = emu.script(&format!("/built/{name}/script"), &json!(["events"]));
            assert_eq!(reply.status, 500, "{name}");
            assert!(reply.body.contains(text), "{name}: {}", reply.body);
        }
        assert_eq!(emu.constructed(&format!("Built/{name}")), constructed, "{name}");
        let shown = emu.object("show", &format!("Built/{name}"));
        assert_eq!(shown["state"], "inactive", "{name}");
    }
    // Others of the class are not concerned.
    assert_eq!(emu.in_built("ok", &json!([{ "kv": { "get": "constructions" } }])), json!([1]));
}

#[test]
fn a_timer_keeps_an_object_in_memory_and_why_says_so() {
    let project = Project::probe();
    let emu = project.serve(&["--evict-after", "100ms"]);
    emu.in_object("a", &json!([{ "spawn": [{ "sleep": 300 }, { "kv": { "put": ["k", "late"] } }] }]));
    let why = emu.object("why", "Probe/a");
    assert_eq!(why["state"], "active", "{why}");
    let what = why["blockers"][0]["what"].as_str().unwrap_or_default();
    assert!(what.contains("timer"), "{why}");
    // It is over before the object goes.
    wait_for("eviction", || (emu.object("show", "Probe/a")["state"] == "inactive").then_some(()));
    assert_eq!(emu.in_object("a", &json!([{ "kv": { "get": "k" } }, "events"])), json!(["late", 1]));
}

#[test]
fn work_that_is_waited_for_keeps_an_object_in_memory() {
    let project = Project::probe();
    let emu = project.serve(&["--hibernate", "after-every-event"]);
    for kind in ["wait_until", "spawn"] {
        emu.in_object(kind, &json!([{ kind: [{ "sleep": 100 }, { "kv": { "put": ["k", kind] } }] }]));
        wait_for("the end of the work", || {
            (emu.object("show", &format!("Probe/{kind}"))["state"] == "inactive").then_some(())
        });
        assert_eq!(emu.in_object(kind, &json!([{ "kv": { "get": "k" } }])), json!([kind]));
    }
}
