//! Each fault that takes more than an object and a clock to see: it strikes, what it does is what the platform may do, and
//! a report names it.
//!
//! Invariant: calmly, everything here passes.

use crate::support::{Project, repository};
use emu::{Explore, World};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

fn room() -> PathBuf {
    repository().join("fixtures/testing/faults")
}

fn speak_in_order(world: &World) {
    let (ada, bob) = (world.connect("/enter?name=ada"), world.connect("/enter?name=bob"));
    ada.send("first");
    bob.send("second");
    assert!(ada.texts().is_empty(), "nobody answers");
    assert_eq!(world.fetch("GET", "/said", "").text(), r#"["first","second"]"#);
}

fn come_back(world: &World) {
    let ada = world.connect("/enter?name=ada");
    ada.lose();
    world.connect("/enter?name=ada");
    world.settle();
    assert_eq!(world.fetch("GET", "/members", "").text(), r#"["ada"]"#);
}

fn write_pair(world: &World) {
    let written = world.fetch("POST", "/pair", "");
    assert_eq!((written.status, written.text()), (200, "written".into()));
}

fn pairs_are_whole(world: &World) {
    let written = world.fetch("POST", "/pair", "");
    let pairs = world.fetch("GET", "/pairs", "").text();
    let expected = if written.status == 200 { r#"["pair:left","pair:right"]"# } else { "[]" };
    assert_eq!(pairs, expected, "{}", written.text());
    assert!(written.status == 200 || written.text().contains("database or disk is full: SQLITE_FULL"));
}

#[test]
fn faults_strike_objects_and_are_named() {
    let table: [(&str, &str, fn(&World)); 3] = [
        ("message", "a WebSocket message takes its time on the way", speak_in_order),
        ("close-late", "an object learns late that a connection was lost", come_back),
        ("storage-full", "a write finds the disk full and resets the object", write_pair),
    ];
    for (fault, meaning, test) in table {
        let explore = |faults: &str| Explore::new(room()).faults(faults).seeds(32).run(test);
        explore("none");
        let panic = catch_unwind(AssertUnwindSafe(|| explore(fault))).expect_err(fault);
        let found = panic.downcast_ref::<String>().expect("a text");
        assert!(found.contains(&format!("fault   {fault}: {meaning}")), "{found}");
        assert!(found.contains(&format!("choice   {fault}.")), "the story tells it:\n{found}");
    }
}

/// What an object sees of connections that are lost, whoever lost them: CLOSING, and they can still be answered.
fn lose_connections(world: &World) {
    let (ada, bob) = (world.connect("/enter?name=ada"), world.connect("/enter?name=bob"));
    ada.send("hello");
    bob.lose();
    world.settle();
    let states = world.fetch("GET", "/states", "").json();
    assert!(states.as_array().is_some_and(|states| !states.is_empty() && states.iter().all(|it| *it == 2)), "{states}");
}

#[test]
fn connections_are_lost_in_one_way() {
    Explore::new(room()).faults("socket-lost").seeds(32).run(lose_connections);
}

#[test]
fn a_full_disk_leaves_nothing_half_written() {
    Explore::new(room()).faults("storage-full").seeds(32).run(pairs_are_whole);
}

#[test]
fn faults_strike_requests_to_the_network_and_are_named() {
    // A project of its own each: what failed is kept, and tried first the next time.
    let emu_test = |args: &[&str]| {
        let project = Project::sources("testing/faults");
        let output = project.command(&["test"]).args(args).env("CI", "true").output().expect("emu runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let calm = emu_test(&["--calm"]);
    assert_eq!(calm.0, Some(0), "{}", calm.1);
    for (fault, said) in
        [("fetch-unavailable", "Service Unavailable"), ("fetch-breaks", "Error: Network connection lost.")]
    {
        let (code, text) = emu_test(&["--faults", fault, "--seeds", "64"]);
        let is_named =
            text.contains(&format!("{fault} (loud)")) && text.contains(&format!("{fault}.")) && text.contains('⚡');
        assert!(code == Some(1) && text.contains(said) && is_named, "{fault}: {code:?}\n{text}");
    }
    let (code, text) = emu_test(&["--faults", "deliver", "--seeds", "64"]);
    assert_eq!(code, Some(0), "an answer that is late is an answer: {text}");
}

#[test]
fn a_handler_that_counts_its_runs_is_no_mistake_and_marks_are_gathered_over_all_runs() {
    let project = Project::sources("testing/faults");
    let args = ["test", "-t", "counts its alarms", "--faults", "alarm-twice", "--seeds", "64"];
    let output = project.command(&args).env("CI", "true").output().expect("emu runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("`sometimes(\"an alarm runs ten times\")` was true in none of"), "{text}");
    assert!(!text.contains("an alarm runs twice"), "{text}");
}
