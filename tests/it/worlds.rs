//! Worlds in the test's own process: `emu::World` and `emu::explore`.
//!
//! Invariant: what is asserted is what a Rust test of a worker would assert.

use crate::support::repository;
use emu::{Application, Explore, Frame, Response, World};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn chat() -> World {
    World::open(repository().join("fixtures/testing/scenario/chat/wrangler.jsonc")).expect("a world")
}

fn room() -> World {
    World::open(repository().join("wrangler.jsonc")).expect("a world")
}

fn bug(name: &str, twin: &str) -> PathBuf {
    repository().join("fixtures/bugs").join(name).join(twin)
}

/// The text that something panics with.
fn panic_of(work: impl FnOnce()) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(work)).err()?;
    Some(panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "no text".into()))
}

#[test]
fn a_typescript_worker_lives_in_a_world() {
    let world = chat();
    assert_eq!(world.fetch("GET", "/elsewhere", "").status, 404);
    let ada = world.connect("/room/lobby?name=ada");
    let bob = world.connect("/room/lobby?name=bob");
    ada.send("hello");
    assert_eq!(world.fetch("POST", "/room/lobby", "the lift is broken").json()[1], "the lift is broken");
    for client in [&ada, &bob] {
        assert_eq!(client.texts(), ["ada: hello", "the lift is broken"]);
    }
    assert!(world.evict("ROOM/lobby"), "it was running");
    assert!(!world.evict("Room/lobby"), "it does not run any more");
    bob.send("still there?");
    assert_eq!(ada.texts(), ["bob: still there?"]);
    ada.close(1000, "bye");
    assert_eq!(ada.frames(), [Frame::Close { code: 1005, reason: String::new() }], "the worker names no code");
    let rows = world.sql("ROOM/lobby", "SELECT count(*), max(text) FROM messages");
    assert_eq!(serde_json::json!(rows), serde_json::json!([[3, "the lift is broken"]]));

    let before = world.now();
    world.advance(DAY + Duration::from_secs(1));
    assert_eq!(world.now() - before, DAY + Duration::from_secs(1));
    assert_eq!(world.fetch("GET", "/room/lobby", "").text(), "[]", "the alarm has forgotten everything");
    world.crash("ROOM/lobby");
    assert!(matches!(bob.frames().last(), Some(Frame::Close { code: 1006, .. })), "sockets are cut");
    assert_eq!(world.logs(), [""; 0]);
}

#[test]
fn a_rust_worker_lives_in_a_world() {
    let world = room();
    let refused = world.fetch("GET", "/websocket", "");
    assert_eq!((refused.status, refused.header("content-type")), (426, Some("text/plain;charset=UTF-8")));
    let anna = world.connect("/room/kitchen/websocket");
    anna.send("hello?");
    assert!(anna.texts()[0].starts_with("[Durable Object] message: hello?, from:"));
    assert!(world.evict("WEBSOCKET_HIBERNATION_SERVER/kitchen"));
    anna.send_bytes(b"bytes");
    assert!(anna.texts()[0].starts_with("[Durable Object] message: [object ArrayBuffer], from:"));
    let history = world.fetch("GET", "/room/kitchen/history", "").json();
    assert_eq!(history.as_array().map(Vec::len), Some(2), "{history}");
}

#[test]
fn an_alarm_can_be_run_before_its_time() {
    let world = chat();
    world.fetch("POST", "/room/lobby", "hello");
    assert!(world.run_alarm("ROOM/lobby"));
    assert_eq!(world.fetch("GET", "/room/lobby", "").json(), serde_json::json!([]));
    assert!(!world.run_alarm("ROOM/lobby"), "there is none any more");
    world.settle();
}

#[test]
fn what_a_test_gets_wrong_is_said() {
    let world = chat();
    let table: [(&str, &dyn Fn()); 5] = [
        ("names no object: write `BINDING/name`", &|| world.crash("lobby")),
        ("no binding or class `HALL`; there is `ROOM`, `Room`", &|| world.crash("HALL/x")),
        ("has never been used", &|| world.crash("ROOM/nobody")),
        ("refused: 404 there are only rooms here", &|| drop(world.connect("/elsewhere"))),
        ("is no JSON", &|| drop(world.fetch("GET", "/elsewhere", "").json())),
    ];
    for (expected, work) in table {
        let text = panic_of(work).expect(expected);
        assert!(text.contains(expected), "{text}");
    }
    let missing = World::open(repository().join("fixtures/nowhere.jsonc")).err().expect("no such file");
    assert!(missing.to_string().contains("nowhere.jsonc"), "{missing}");
    let application = Application::open(bug("memory_only_state", "")).expect("an application");
    for refused in [application.world().seed("xyz").open(), application.world().faults("crush").open()] {
        assert!(refused.is_err());
    }
}

/// What everybody does who compares runs.
fn visit(world: &World) -> u64 {
    let ada = world.connect("/room/lobby?name=ada");
    for number in 0..5 {
        world.fetch("POST", "/room/lobby", format!("message {number}"));
        ada.send("again");
    }
    ada.frames();
    world.advance(DAY);
    world.digest()
}

#[test]
fn the_same_seed_is_the_same_run_on_any_thread() {
    let application =
        Application::open(repository().join("fixtures/testing/scenario/chat/wrangler.jsonc")).expect("an application");
    let run = |seed: &str| visit(&application.world().seed(seed).faults("order,silent").open().expect("a world"));
    let (one, other) = thread::scope(|scope| {
        let [one, other] = [scope.spawn(|| run("7f3a-19c2")), scope.spawn(|| run("7f3a-19c2"))];
        (one.join().expect("a digest"), other.join().expect("a digest"))
    });
    assert_eq!(one, other);
    assert_eq!(run("7f3a-19c2"), one);
    assert_ne!(run("7f3a-19c3"), one);
}

fn count_visitors(world: &World) {
    for visitors in 1..=3 {
        assert_eq!(world.fetch("POST", "/", "").json()["visitors"], visitors);
    }
}

fn charge_once(world: &World) {
    world.fetch("POST", "/", "");
    world.advance(DAY);
    world.settle();
    assert_eq!(world.fetch("GET", "/", "").json()["owedCents"], 1000);
}

fn pay_once(world: &World) {
    for cents in [9_900, 9_800] {
        let answer =
            world.request("POST", "/?cents=100").header("Idempotency-Key", &cents.to_string()).retry(12).send();
        assert_eq!(answer.json()["cents"], cents);
    }
}

#[test]
fn planted_bugs_are_found_and_made_small_and_their_corrected_twins_pass() {
    let table: [(&str, &str, &str, fn(&World)); 3] = [
        ("memory_only_state", "order,silent", "evict", count_visitors),
        ("alarm_not_idempotent", "order,silent", "alarm-twice", charge_once),
        ("retry_double_charges", "crash-after-commit,call-fails", "crash-after-commit", pay_once),
    ];
    for (name, faults, fault, test) in table {
        let found = panic_of(|| Explore::new(bug(name, "")).faults(faults).run(test)).expect(name);
        let rerun =
            found.split("EMU_SEED=").nth(1).and_then(|rest| rest.split(' ').next()).expect("a line to rerun it");
        assert!(
            rerun.contains(&format!(":{fault}.")) && !rerun.contains('+'),
            "{name}: one decision is enough:\n{found}"
        );
        assert!(found.contains("tests/it/worlds.rs"), "{name}: the test's own line:\n{found}");
        let again =
            Application::open(bug(name, "")).expect("an application").world().seed(rerun).open().expect("a world");
        assert!(panic_of(|| test(&again)).is_some(), "{name}: the line to rerun it does");
        Explore::new(bug(name, "fixed")).faults(faults).run(test);
    }
}

fn shop() -> Application {
    Application::open(repository().join("fixtures/testing/scenario/shop/wrangler.jsonc")).expect("an application")
}

#[test]
fn a_test_answers_for_other_hosts() {
    let world = shop().world().open().expect("a world");
    let refused = world.fetch("POST", "/1", "a book");
    assert_eq!(refused.status, 500);
    let expected = "`fetch` of https://pay.example/charges was refused: there is no network in a simulated world";
    assert!(refused.text().contains(expected), "{}", refused.text());

    let mut charges = 0;
    world.on_fetch(move |request| {
        charges += 1;
        let id = format!("ch_{charges} for {}", request.text());
        (request.url == "https://pay.example/charges")
            .then(|| Response::json(&serde_json::json!({ "id": id })).status(201).header("x-mine", "yes"))
    });
    assert_eq!(world.fetch("POST", "/1", "a book").status, 201);
    assert_eq!(world.fetch("POST", "/1", "a book").status, 201, "it is paid");
    assert_eq!(world.fetch("GET", "/1", "").json()["charge"], "ch_1 for a book");
    // Who comes last is asked first, and may leave a request to the others.
    world.on_fetch(|request| (request.text() == "a yacht").then(|| Response::new(402)));
    assert_eq!(world.fetch("POST", "/2", "a yacht").status, 402);
    assert_eq!(world.fetch("POST", "/3", "a pen").status, 201);
    world.on_fetch(|_| Some(Response::fails("Connection refused.")));
    assert!(world.fetch("POST", "/4", "a pen").text().contains("Connection refused."));

    let outgoing = world.outgoing();
    let bodies: Vec<String> = outgoing.iter().map(emu::Request::text).collect();
    assert_eq!(bodies, ["a book", "a book", "a yacht", "a pen", "a pen"]);
    assert_eq!(outgoing[0].method, "POST");
    assert_eq!(outgoing[0].header("idempotency-key"), outgoing[1].header("idempotency-key"));
    let panic = panic_of(|| drop(Response::new(101))).expect("a panic");
    assert!(panic.contains("cannot have the status 101"), "{panic}");
}

#[test]
fn explored_worlds_are_answered_and_charge_once() {
    let charged_once = |world: &World| {
        world.on_fetch(|_| Some(Response::json(&serde_json::json!({ "id": "ch_1" }))));
        world.request("POST", "/1").body("a book").retry(12).send();
        let keys: BTreeSet<_> =
            world.outgoing().iter().map(|request| request.header("idempotency-key").map(str::to_owned)).collect();
        assert!(keys.len() <= 1, "{keys:?}");
    };
    Explore::of(&shop()).faults("loud").seeds(20).run(charged_once);
}

#[test]
fn a_world_is_answered_from_a_recording() {
    let project = crate::support::Project::empty();
    let line = r#"{ "url": "https://pay.example/*", "answer": { "status": 201, "json": { "id": "recorded" } } }"#;
    project.write("http.jsonl", line);
    let path = project.path("http.jsonl");
    let world = shop().world().recording(&path).open().expect("a world");
    assert_eq!(world.fetch("POST", "/1", "a book").status, 201);
    assert_eq!(world.fetch("GET", "/1", "").json()["charge"], "recorded");
    Explore::of(&shop()).recording(&path).seeds(2).run(|world| {
        assert_eq!(world.fetch("POST", "/1", "a book").status, 201);
    });
    project.write("http.jsonl", format!("{line}\nnonsense"));
    let refused = shop().world().recording(&path).open().err().expect("no recording").to_string();
    assert!(refused.contains("http.jsonl:2: no JSON"), "{refused}");
}

#[test]
fn a_digest_stands_for_all_of_a_message() {
    let project = crate::support::Project::empty();
    project.write("wrangler.jsonc", r#"{ "name": "w", "main": "w.js", "compatibility_date": "2026-01-01" }"#);
    let digest = |message: &str| {
        let worker = r#"
export default {
    fetch() {
        const [client, server] = Object.values(new WebSocketPair());
        server.accept();
        server.send(MESSAGE);
        return new Response(null, { status: 101, webSocket: client });
    },
};"#;
        project.write("w.js", worker.replace("MESSAGE", message));
        let world = World::open(project.path("wrangler.jsonc")).expect("a world");
        assert_eq!(world.connect("/").frames().len(), 1, "{message}");
        world.digest()
    };
    let same = [r#""x".repeat(300) + "a""#, r#"`${"x".repeat(299)}xa`"#].map(digest);
    assert_eq!(same[0], same[1]);
    let others = [r#""x".repeat(300) + "b""#, "new Uint8Array(9)", "new Uint8Array(9).fill(1)"].map(digest);
    let different: BTreeSet<u64> = others.into_iter().chain(same).collect();
    assert_eq!(different.len(), 4);
}
