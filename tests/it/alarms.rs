//! Alarms: when they run, and what becomes of them when they fail.
//!
//! Invariant: never before their time, never lost, never kept after success.

use crate::support::{Emu, Project, now_ms, wait_for};
use serde_json::{Value, json};

/// The runs of an object's alarm handler that were committed.
fn runs(emu: &Emu, object: &str) -> Vec<Value> {
    let runs = emu.in_object(object, &json!([{ "kv": { "get": "alarm_runs" } }]));
    runs[0].as_array().cloned().unwrap_or_default()
}

#[test]
fn an_alarm_runs_at_its_time_on_an_object_that_has_left_memory() {
    let project = Project::probe();
    let emu = project.serve(&["--hibernate", "after-every-event"]);
    let due_ms = now_ms() as i64 + 300;
    assert_eq!(
        emu.in_object("a", &json!([{ "alarm": { "at_ms": due_ms } }, { "alarm": "get" }])),
        json!([null, due_ms])
    );
    assert_eq!(emu.object("show", "Probe/a")["state"], "inactive");
    wait_for("the alarm", || (emu.object("alarm-show", "Probe/a")["alarm"].is_null()).then_some(()));
    let runs = runs(&emu, "a");
    assert_eq!(runs.len(), 1);
    assert_eq!((&runs[0]["scheduled_ms"], &runs[0]["retry_count"]), (&json!(due_ms), &json!(0)));
    let late_ms = runs[0]["at_ms"].as_f64().expect("a time") - due_ms as f64;
    assert!((0.0..5000.0).contains(&late_ms), "{late_ms} ms late");
}

#[test]
fn there_is_one_alarm_and_the_last_one_set_counts() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    emu.in_object(
        "a",
        &json!([{ "alarm": { "in_ms": 60_000 } }, { "alarm": { "in_ms": 100 } }, { "alarm": { "in_ms": 0 } }]),
    );
    wait_for("the alarm", || (!runs(&emu, "a").is_empty()).then_some(()));
    emu.in_object("a", &json!([{ "alarm": { "in_ms": 0 } }, { "alarm": "delete" }]));
    let get = emu.in_object("a", &json!([{ "sleep": 50 }, { "alarm": "get" }]));
    assert_eq!(get, json!([null, null]));
    assert_eq!(runs(&emu, "a").len(), 1);
    let refused = emu.in_object("a", &json!([{ "alarm": { "at_ms": 0 } }]));
    assert_eq!(refused[0]["error"], "TypeError: setAlarm() cannot be called with an alarm time <= 0");
}

#[test]
fn a_failing_alarm_is_retried_six_times_with_growing_pauses() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let due_ms = now_ms() as i64 + 60_000;
    emu.in_object("a", &json!([{ "kv": { "put": ["alarm_failures", 100] } }, { "alarm": { "at_ms": due_ms } }]));
    for retry in 1..=7 {
        assert_eq!(emu.object("alarm-run", "Probe/a")["ran"], true, "run {retry}");
        let shown = emu.object("alarm-show", "Probe/a");
        if retry == 7 {
            // It is abandoned.
            assert_eq!((&shown["alarm"], &shown["retryAt"]), (&json!(null), &json!(null)));
            break;
        }
        assert_eq!((shown["alarm"].as_f64(), &shown["retryCount"]), (Some(due_ms as f64), &json!(retry)), "{shown}");
        let pause_ms = shown["retryAt"].as_f64().expect("a time") - now_ms();
        let least_ms = 2000.0 * f64::from(1 << (retry - 1));
        assert!((least_ms - 500.0..=least_ms * 1.25 + 2.0).contains(&pause_ms), "retry {retry} in {pause_ms} ms");
    }
    emu.logged("the alarm is abandoned: it failed too often");
    // What a failed run has written before it failed is kept, as it was committed.
    let counts: Vec<Value> = runs(&emu, "a").iter().map(|run| run["retry_count"].clone()).collect();
    assert_eq!(json!(counts), json!([0, 1, 2, 3, 4, 5, 6]));
    assert_eq!(emu.in_object("a", &json!([{ "alarm": "get" }])), json!([null]));
    assert_eq!(emu.object("alarm-run", "Probe/a")["ran"], false);
}

#[test]
fn a_retry_happens_by_itself() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    emu.in_object("a", &json!([{ "kv": { "put": ["alarm_failures", 1] } }, { "alarm": { "in_ms": 0 } }]));
    wait_for("the retry", || (runs(&emu, "a").len() == 2).then_some(()));
    let runs = runs(&emu, "a");
    let at = |run: usize| runs[run]["at_ms"].as_f64().expect("a time");
    assert!((2000.0..10_000.0).contains(&(at(1) - at(0))), "{runs:?}");
    assert_eq!((&runs[0]["retry_count"], &runs[1]["retry_count"]), (&json!(0), &json!(1)));
    assert_eq!(emu.object("alarm-show", "Probe/a")["alarm"], json!(null));
}

#[test]
fn what_the_handler_does_with_the_alarm_counts() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let far_ms = now_ms() as i64 + 600_000;
    // The steps of the handler, how often it fails, and the alarm and the runs afterwards.
    let table = [
        ("nothing", json!([]), 0, None, 1),
        ("sets a new one", json!([{ "alarm": { "at_ms": far_ms } }]), 0, Some(far_ms as f64), 1),
        ("sets a new one and fails", json!([{ "alarm": { "at_ms": far_ms } }]), 1, Some(far_ms as f64), 1),
        ("deletes it and fails", json!([{ "alarm": "delete" }]), 1, None, 1),
        ("gives up", json!([{ "abort": { "retry_alarm": false } }]), 0, None, 0),
    ];
    for (what, steps, failures, alarm, count) in table {
        let object = what.replace(' ', "-");
        emu.in_object(
            &object,
            &json!([
                { "kv": { "put": ["alarm_steps", steps] } },
                { "kv": { "put": ["alarm_failures", failures] } },
                { "alarm": { "at_ms": now_ms() as i64 + 60_000 } },
            ]),
        );
        let label = format!("Probe/{object}");
        emu.object("alarm-run", &label);
        let shown = emu.object("alarm-show", &label);
        assert_eq!((shown["alarm"].as_f64(), &shown["retryAt"]), (alarm, &json!(null)), "{what}: {shown}");
        assert_eq!(runs(&emu, &object).len(), count, "{what}");
    }
}

#[test]
fn the_running_alarm_is_not_shown_to_its_handler() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let steps = json!([{ "strict": [{ "alarm": "get" }] }, { "sql": { "query": "CREATE TABLE seen (alarm)" } }]);
    emu.in_object(
        "a",
        &json!([
            { "kv": { "put": ["alarm_steps", steps] } },
            { "alarm": { "at_ms": now_ms() as i64 + 60_000 } },
        ]),
    );
    emu.object("alarm-run", "Probe/a");
    assert_eq!(emu.in_object("a", &json!([{ "alarm": "get" }])), json!([null]));
    assert_eq!(emu.object("alarm-show", "Probe/a")["retryCount"], 0);
}

#[test]
fn an_abort_in_the_handler_is_retried_unless_it_says_otherwise() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    emu.in_object(
        "a",
        &json!([
            { "kv": { "put": ["alarm_steps", [{ "abort": {} }]] } },
            { "alarm": { "at_ms": now_ms() as i64 + 60_000 } },
        ]),
    );
    emu.object("alarm-run", "Probe/a");
    let shown = emu.object("alarm-show", "Probe/a");
    assert!(shown["alarm"].is_number() && shown["retryAt"].is_number(), "{shown}");
}

#[test]
fn an_alarm_of_a_transaction_that_failed_is_not_set() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let set = json!({ "alarm": { "in_ms": 0 } });
    emu.in_object("a", &json!([{ "transaction": [set, { "throw": "no" }] }, { "transaction": [set, "rollback"] }]));
    assert_eq!(emu.in_object("a", &json!([{ "sleep": 50 }, { "alarm": "get" }])), json!([null, null]));
    assert!(runs(&emu, "a").is_empty());
    // Nor one of an event that ended badly.
    emu.script("/object/b/script", &json!([set, { "panic": "no" }]));
    assert_eq!(emu.in_object("b", &json!([{ "sleep": 50 }, { "alarm": "get" }])), json!([null, null]));
    assert!(runs(&emu, "b").is_empty());
    // One that was not undone runs.
    emu.in_object("c", &json!([{ "transaction": [set] }]));
    wait_for("the alarm", || (!runs(&emu, "c").is_empty()).then_some(()));
}

#[test]
fn whether_delete_all_deletes_the_alarm_depends_on_the_date() {
    let project = Project::probe();
    for (date, kept) in [("2026-02-23", true), ("2026-02-24", false)] {
        let emu = project.serve(&["--ephemeral", "--compatibility-date", date]);
        let results =
            emu.in_object("a", &json!([{ "alarm": { "in_ms": 60_000 } }, { "kv": "delete_all" }, { "alarm": "get" }]));
        assert_eq!(results[2].is_number(), kept, "{date}: {results}");
    }
}

#[test]
fn a_class_without_a_handler_has_no_alarms() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let refused = emu.in_built("plain", &json!([{ "alarm": { "in_ms": 60_000 } }]));
    let text = "TypeError: Your Durable Object class must have an alarm() handler in order to call setAlarm()";
    assert_eq!(refused[0]["error"], text);
    // One that is set from outside is dropped when it is due.
    emu.object_with("alarm-set", "Built/plain", json!({ "at": now_ms() }));
    emu.logged("the alarm is dropped: the class has no `alarm()` handler");
    assert_eq!(emu.object("alarm-show", "Built/plain")["alarm"], json!(null));
}
