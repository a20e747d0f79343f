//! What a silent fault must not do: be noticed by a correct program (reference §1.11, §1.14).
//!
//! Invariant: the programs of `fixtures/testing/silent` have no mistake; whatever is found there is one of emu's.

use crate::support::{Project, repository};
use emu::{Explore, World};
use std::time::Duration;

fn emu_test(args: &[&str]) -> (Option<i32>, String) {
    let project = Project::sources("testing/silent");
    let output = project.command(&["test"]).args(args).env("CI", "true").output().expect("emu runs");
    (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[test]
fn correct_programs_notice_no_silent_fault() {
    for args in
        [&["--calm"] as &[&str], &["--explore", "order:1,silent:1"], &["--faults", "order,silent", "--seeds", "200"]]
    {
        let (code, text) = emu_test(args);
        assert_eq!(code, Some(0), "{args:?}: {text}");
    }
}

const UNKNOWN: &str = r#"
import { env } from "cloudflare:test";
import { invariant } from "emu:test";
import { it } from "vitest";

it("is never known", async () => {
    invariant("waits", () => new Promise(() => {}));
    await env.FADING.getByName("one").fetch("https://object.example/", { method: "POST", body: '["use"]' });
});
"#;

#[test]
fn what_must_always_hold_fails_where_it_cannot_be_looked_at() {
    let project = Project::sources("testing/silent");
    project.write("test/silent.test.ts", UNKNOWN);
    let output = project.command(&["test", "--calm"]).env("CI", "true").output().expect("emu runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let is_told = text.contains("looking at it waits for something that never comes") && text.contains("invariant");
    assert!(output.status.code() == Some(1) && is_told, "{text}");
}

/// An alarm whose handler takes a while: the retries that each of its runs was told of.
fn retries(world: &World) {
    world.request("POST", "/").body(r#"["wakeSlowly"]"#).retry(12).send();
    world.advance(Duration::from_secs(3600));
    world.settle();
    let runs = world.fetch("POST", "/", r#"["runs"]"#).json();
    assert!(runs.as_array().is_some_and(|runs| !runs.is_empty()), "it has run");
    assert!(runs.as_array().is_some_and(|runs| runs.iter().all(|run| *run == 0)), "{runs}");
}

#[test]
fn what_the_platform_does_does_not_count_as_a_failure_of_an_alarm() {
    for fault in ["deploy", "crash", "storage-error", "crash-before-commit"] {
        Explore::new(repository().join("fixtures/testing/silent")).faults(fault).seeds(32).run(retries);
    }
}
