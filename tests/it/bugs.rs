//! The planted mistakes of `fixtures/bugs`: `emu test` finds each of them, and leaves their corrected twins alone.
//!
//! Invariant: every folder there is tested; a fixture that nobody finds a mistake in fails.

use crate::support::{Project, repository};
use serde_json::Value;
use std::fs;

/// How many seeds a corrected twin withstands.
const SEEDS: &str = "1000";

/// The names of the folders.
fn planted() -> Vec<String> {
    let entries = fs::read_dir(repository().join("fixtures/bugs")).expect("the fixtures");
    let folders = entries.map(|entry| entry.expect("an entry")).filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = folders.map(|folder| folder.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Runs `emu test` on a copy of a fixture: its exit code and what it wrote.
fn emu_test(fixture: &str, args: &[&str]) -> (i32, String) {
    emu(&Project::sources(fixture), &[&["test"], args].concat())
}

fn emu(project: &Project, args: &[&str]) -> (i32, String) {
    let output = project.command(args).env("CI", "true").output().expect("emu runs");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn every_planted_mistake_is_found_and_made_small() {
    let names = planted();
    assert!(names.len() >= 10, "{} mistakes", names.len());
    let mut unexpected = Vec::new();
    for name in names {
        let project = Project::sources(&format!("bugs/{name}"));
        let (code, text) = emu(&project, &["test", "--budget", "10s", "--reporter", "json", "--trace", "x.emutrace"]);
        assert_eq!(code, 1, "{name}: {text}");
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let failures: Vec<Value> = lines.map(|line| line["failure"].clone()).filter(|it| !it.is_null()).collect();
        assert_eq!(failures.len(), 1, "{name}: {text}");
        let seed = failures[0]["seed"].as_str().unwrap_or_default();
        assert!((1..=3).contains(&seed.matches('=').count()), "{name}: `{seed}` is not small");
        replays_elsewhere(&name, &project, failures[0]["digest"].as_str().unwrap_or_default());
        let exposed_by = exposed_by(&name);
        let points = seed.split([':', '+']).skip(1).filter_map(|decision| decision.split('.').next());
        let unnamed = points.filter(|point| !exposed_by.contains(&format!("`{point}`")));
        unexpected.extend(unnamed.map(|point| format!("{name}: found by `{point}`, but {exposed_by}")));
    }
    assert!(unexpected.is_empty(), "another mistake than the one they are about:\n{}", unexpected.join("\n"));
}

/// Its trace alone, in another folder, comes to the same end.
fn replays_elsewhere(name: &str, project: &Project, digest: &str) {
    let elsewhere = Project::empty();
    elsewhere.write("x.emutrace", fs::read(project.path("x.emutrace")).expect("the trace"));
    let (code, text) = emu(&elsewhere, &["replay", "x.emutrace"]);
    assert_eq!(code, 1, "{name}: {text}");
    assert!(!digest.is_empty() && text.contains(digest), "{name}: {digest} in\n{text}");
}

/// What the comment of a fixture says that its mistake is exposed by.
fn exposed_by(name: &str) -> String {
    let main = repository().join("fixtures/bugs").join(name).join("src/index.ts");
    let source = fs::read_to_string(main).expect("the fixture's worker");
    let comment: Vec<&str> = source.lines().map_while(|line| line.strip_prefix("//")).collect();
    let comment = comment.concat();
    comment[comment.find("Exposed by").expect(name)..].to_owned()
}

#[test]
fn every_corrected_twin_withstands_a_thousand_seeds() {
    for name in planted() {
        let (code, text) = emu_test(&format!("bugs/{name}/fixed"), &["--seeds", SEEDS]);
        assert_eq!(code, 0, "{name}: {text}");
    }
}

#[test]
fn a_suite_written_for_the_vitest_pool_passes_unchanged() {
    let (code, text) = emu_test("testing/pool_workers", &["--calm"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("86 passed, 4 skipped, 1 todo"), "{text}");
}
