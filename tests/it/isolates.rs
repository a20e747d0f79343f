//! Guests that misbehave.
//!
//! Invariant: a guest that misbehaves ends its own isolate, its callers are told in the platform's words, and nobody
//! else notices.

use crate::support::{Emu, Got, Project};
use serde_json::{Value, json};
use std::thread;

/// What a guest does, what a client of the worker is told of it, and what callers of an object are.
struct Offence {
    step: fn() -> Value,
    worker: &'static str,
    object: &'static str,
    /// Beside `durable_object_reset`.
    flags: &'static [&'static str],
}

const OFFENCES: &[Offence] = &[
    Offence {
        step: || json!({ "panic": "on purpose" }),
        worker: "RuntimeError: unreachable",
        object: "RuntimeError: unreachable",
        flags: &["remote"],
    },
    Offence {
        step: || json!("spin"),
        worker: "Error: Worker exceeded CPU time limit.",
        object: "Error: Durable Object exceeded its CPU time limit and was reset.",
        flags: &[],
    },
    Offence {
        step: || json!({ "eat": 200_000_000 }),
        worker: "Error: Worker has exceeded memory limit.",
        object: "Error: Durable Object's isolate exceeded its memory limit and was reset.",
        flags: &["overloaded"],
    },
    Offence {
        step: || json!("recurse"),
        worker: "RuntimeError: memory access out of bounds",
        object: "RuntimeError: memory access out of bounds",
        flags: &["remote"],
    },
    Offence {
        step: || json!({ "hostile": "op_beyond" }),
        worker: "Error: the worker broke emu's guest interface: a message of 8 bytes at ",
        object: "Error: the worker broke emu's guest interface: a message of 8 bytes at ",
        flags: &["remote"],
    },
];

/// A project whose events may use 100 ms of CPU time.
fn impatient() -> Project {
    let project = Project::probe();
    project.replace("\"cpu_ms\": 30000", "\"cpu_ms\": 100");
    project
}

#[test]
fn a_misbehaving_worker_is_dropped_and_the_next_request_works() {
    let project = impatient();
    let emu = project.serve(&[]);
    let bystander = Bystander::new(&emu);
    for offence in OFFENCES {
        let step = (offence.step)();
        let reply = emu.script("/script", &json!([step]));
        assert_eq!(reply.status, 500, "{step}: {}", reply.body);
        assert!(reply.body.starts_with(offence.worker), "{step}: {}", reply.body);
        assert_eq!(emu.in_worker(&json!(["now"])).as_array().map(Vec::len), Some(1), "{step}");
        bystander.check(&emu, &step);
    }
}

#[test]
fn a_misbehaving_object_is_reset_and_its_callers_learn_why() {
    let project = impatient();
    let emu = project.serve(&[]);
    let bystander = Bystander::new(&emu);
    for offence in OFFENCES {
        let step = (offence.step)();
        let kept = emu.in_object("a", &json!([{ "kv": { "put": ["kept", "yes"] } }, { "memory": ["lost", "yes"] }]));
        assert_eq!(kept, json!([null, "yes"]));
        let mut socket = emu.websocket("/object/a/ws");
        let called = emu.in_worker(&json!([
            { "stub": { "name": "a", "steps": [{ "kv": { "put": ["kept", "no"] } }, step] } },
            { "stub": { "name": "a", "steps": [{ "kv": { "get": "kept" } }, { "memory": ["lost"] }, "events"] } },
        ]));
        let error = called[0]["error"].as_str().unwrap_or_default();
        assert!(error.starts_with(offence.object), "{step}: {called}");
        let flags: Vec<&str> = called[0].as_object().expect("an error").keys().map(String::as_str).collect();
        let mut expected = [&["durable_object_reset", "error"], offence.flags].concat();
        expected.sort_unstable();
        assert_eq!(flags, expected, "{step}");
        // What the event wrote is undone, and the next event has a fresh instance.
        assert_eq!(called[1], json!(["yes", null, 1]), "{step}");
        assert_eq!(socket.next(), Got::Lost, "{step}");
        bystander.check(&emu, &step);
    }
}

#[test]
fn events_that_wait_at_a_misbehaving_object_fail_with_it() {
    let project = impatient();
    let emu = project.serve(&[]);
    let together = emu.in_worker(&json!([{ "together": [
        [{ "stub": { "name": "a", "steps": [{ "sleep": 20 }, "spin"] } }],
        [{ "stub": { "name": "a", "steps": [{ "sleep": 10_000 }] } }],
        [{ "stub": { "name": "b", "steps": [{ "sleep": 50 }, "events"] } }],
    ] }]));
    let text = "Error: Durable Object exceeded its CPU time limit and was reset.";
    assert_eq!(together[0][0][0]["error"], text);
    assert_eq!(together[0][1][0]["error"], text);
    assert_eq!(together[0][2][0], json!([null, 1]));
}

#[test]
fn the_limits_are_per_event_and_per_isolate() {
    let project = impatient();
    let emu = project.serve(&[]);
    // Half of the memory can be had more than once, in different isolates, and again after the reset.
    for object in ["a", "b", "c"] {
        assert_eq!(emu.in_object(object, &json!([{ "eat": 60_000_000 }])), json!([null]));
    }
    let reply = emu.script("/object/a/script", &json!([{ "eat": 80_000_000 }]));
    assert_eq!((reply.status, reply.body.contains("exceeded its memory limit")), (500, true), "{}", reply.body);
    assert_eq!(emu.in_object("a", &json!([{ "eat": 100_000_000 }])), json!([null]));
}

#[test]
fn a_request_that_can_never_be_answered_is_answered_so() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let reply = emu.script("/script", &json!(["never"]));
    assert_eq!(reply.status, 500);
    let text = "Error: The Workers runtime canceled this request because it detected that your Worker's code had hung \
                and would never generate a response.";
    assert!(reply.body.starts_with(text), "{}", reply.body);
}

#[test]
fn no_message_of_a_guest_harms_anybody_else() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let bystander = Bystander::new(&emu);
    let source = include_str!("../../guest/probe/src/hostile.rs");
    let documented = source.lines().take_while(|line| line.starts_with("//!")).collect::<String>();
    let names: Vec<&str> = documented.split('`').skip(1).step_by(2).filter(|name| name.contains('_')).collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        let step = json!({ "hostile": name });
        for path in ["/script", "/object/hostile/script"] {
            let reply = emu.script(path, &json!([step]));
            assert!(matches!(reply.status, 200 | 500), "{name} {path}: {}", reply.status);
            assert!(!reply.body.contains("there is no offence"), "{name}");
        }
        assert!(emu.in_object("hostile", &json!(["now"]))[0].is_number(), "{name}");
        bystander.check(&emu, &step);
    }
}

#[test]
fn an_exception_is_told_to_the_caller_and_resets_nothing() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let reply = emu.script("/object/a/nonsense", &json!([]));
    assert_eq!((reply.status, reply.body.as_str()), (404, "no such route in the object"));
    // What is no script cannot be read by the object: its handler returns an error.
    let reply = emu.post("/object/a/script", b"{");
    assert_eq!(reply.status, 500, "{}", reply.body);
    assert_eq!(emu.in_object("a", &json!(["events"])), json!([3]));
    assert_eq!(emu.constructed("Probe/a"), 1);
}

#[test]
fn an_abort_ends_the_event_at_once_with_its_reason() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let table = [
        (json!({}), "Error: Application called abort() to reset Durable Object."),
        (json!({ "reason": "enough" }), "Error: enough"),
    ];
    for (abort, text) in table {
        let called = emu.in_worker(&json!([
            { "stub": { "name": "a", "steps": [{ "kv": { "put": ["k", 1] } }, { "abort": abort }, { "kv": { "put": ["l", 1] } }] } },
            { "stub": { "name": "a", "steps": [{ "kv": { "get_many": ["k", "l"] } }, "events"] } },
        ]));
        assert_eq!(called, json!([{ "error": text, "remote": true, "durable_object_reset": true }, [[], 1]]));
    }
}

#[test]
fn callers_learn_what_was_done_to_the_object_they_wait_for() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let table = [
        (
            "abort",
            json!({ "reason": "enough" }),
            json!({ "error": "Error: enough", "remote": true, "durable_object_reset": true }),
        ),
        ("crash", json!({}), json!({ "error": "Error: Network connection lost.", "retryable": true })),
        (
            "evict",
            json!({ "now": true }),
            json!({
                "error": "Error: Connection closed: this Durable Object instance is no longer active. Reconnect or retry the request.",
                "retryable": true,
            }),
        ),
    ];
    for (verb, arguments, error) in table {
        let log = emu.log_len();
        thread::scope(|scope| {
            let steps = json!([{ "log": ["log", verb] }, { "sleep": 20_000 }]);
            let call =
                json!([{ "stub": { "name": "a", "steps": steps } }, { "stub": { "name": "a", "steps": ["events"] } }]);
            let emu = &emu;
            let waiting = scope.spawn(move || emu.in_worker(&call));
            emu.logged_after(log, &format!("[Probe/a] {verb}"));
            emu.object_with(verb, "Probe/a", arguments);
            assert_eq!(waiting.join().expect("an answer"), json!([error, [1]]), "{verb}");
        });
    }
}

/// An object that remembers things in memory, and its socket.
struct Bystander;

impl Bystander {
    fn new(emu: &Emu) -> Self {
        assert_eq!(emu.in_object("bystander", &json!([{ "memory": ["mine", 7] }])), json!([7]));
        Self
    }

    /// It still remembers them, so nothing has happened to it.
    fn check(&self, emu: &Emu, step: &Value) {
        assert_eq!(emu.in_object("bystander", &json!([{ "memory": ["mine"] }])), json!([7]), "{step}");
        assert!(!emu.log().contains("thread '"), "emu panicked:\n{}", emu.log());
    }
}
