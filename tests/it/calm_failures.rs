//! Failures of the calm run: told, kept and repeated like those of any other.
//!
//! Invariant: the line that is told runs just the failure again, to the same digest.

use crate::support::Project;
use serde_json::Value;

const WORKER: &str = r#"
export default {
    fetch: () => new Response("hello"),
};
"#;

const TESTS: &str = r#"
import { SELF } from "cloudflare:test";
import { expect, it } from "vitest";

let count = 0;

it("answers", async () => {
    count += 1;
    const response = await SELF.fetch("https://example.com/");
    expect(await response.text()).toBe("hello");
});

it("answers otherwise", async () => {
    const response = await SELF.fetch("https://example.com/");
    expect(await response.text()).toBe("good-bye");
});

it("depends on the others", () => expect(count).toBe(0));
"#;

fn project() -> Project {
    let project = Project::empty();
    project.write("wrangler.jsonc", r#"{ "name": "w", "main": "w.js", "compatibility_date": "2026-01-01" }"#);
    project.write("w.js", WORKER);
    project.write("a.test.js", TESTS);
    project
}

fn emu(project: &Project, args: &[&str]) -> (i32, String) {
    let output = project.command(args).output().expect("emu runs");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
}

/// The failures that the JSON reporter told, by the name of the test.
fn failure(text: &str, name: &str) -> Value {
    let mut lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let test = lines.find(|line| line["name"] == name).unwrap_or_else(|| panic!("no `{name}` in\n{text}"));
    assert_eq!(test["state"], "fail", "{test}");
    test
}

#[test]
fn a_calm_failure_is_told_kept_and_repeated() {
    let project = project();
    for mode in [&["--calm"][..], &["--seeds", "2"]] {
        let args = [&["test", "--reporter", "json", "--save", "saved", "--trace", "a.emutrace"], mode].concat();
        let (code, text) = emu(&project, &args);
        assert_eq!(code, 1, "{text}");
        let told = failure(&text, "answers otherwise")["failure"].clone();
        assert_eq!(told["faults"], Value::Array(Vec::new()), "{told}");
        assert_eq!(told["timeline"]["firstDifference"], Value::Null, "{told}");
        assert!(told["timeline"]["rows"].as_array().is_some_and(|rows| !rows.is_empty()), "{told}");
        let seed = told["seed"].as_str().expect("a seed");
        assert!(seed.ends_with(":calm"), "{seed}");
        assert_eq!(told["rerun"], format!("emu test a.test.js -t \"answers otherwise\" --seed {seed}"));
        let (code, text) = emu(&project, &["test", "-t", "answers otherwise", "--reporter", "json", "--seed", seed]);
        assert_eq!(code, 1, "{text}");
        assert_eq!(failure(&text, "answers otherwise")["failure"]["digest"], told["digest"]);
        for kept in ["saved", "a.emutrace"] {
            let (code, text) = emu(&project, &["replay", kept]);
            assert_eq!(code, 1, "{kept}: {text}");
            assert!(text.contains(told["digest"].as_str().expect("a digest")), "{kept}: {text}");
        }
    }
    assert_eq!(emu(&project, &["shrink", "saved"]).0, 0, "there is nothing to leave out");
    assert!(!project.path(".emu").exists(), "the calm run is made anyway");
}

#[test]
fn every_reporter_tells_a_calm_failure_in_full() {
    let project = project();
    for (reporter, parts) in [
        ("pretty", &["· calm · run 1 of 2", "--seed 7:calm", "answers 200", "digest "][..]),
        ("tap", &["seed: \"7:calm\"", "timeline: |2-", "digest: "]),
        ("junit", &["name=\"seed\" value=\"7:calm\"", "answers 200", "name=\"digest\""]),
        ("github", &["%0Acalm%0Arerun: emu test a.test.js -t \"answers otherwise\" --seed 7:calm"]),
    ] {
        let args = ["test", "-t", "answers otherwise", "--seed", "7:calm", "--reporter", reporter];
        let (code, text) = emu(&project, &args);
        assert_eq!(code, 1, "{reporter}: {text}");
        for part in parts {
            assert!(text.contains(part), "{reporter}: {part} in\n{text}");
        }
        assert!(!text.contains("first difference"), "{reporter}: {text}");
    }
}

#[test]
fn a_test_that_fails_only_with_others_is_run_again_with_them() {
    let project = project();
    let (code, text) = emu(&project, &["test", "--calm", "--reporter", "json"]);
    assert_eq!(code, 1, "{text}");
    let told = failure(&text, "depends on the others");
    assert!(told["notes"][0].as_str().is_some_and(|note| note.contains("only together with")), "{told}");
    let seed = told["failure"]["seed"].as_str().expect("a seed");
    assert_eq!(told["failure"]["rerun"], format!("emu test a.test.js --seed {seed}"));
    let (code, text) = emu(&project, &["test", "a.test.js", "--seed", seed, "--reporter", "json"]);
    assert_eq!(code, 1, "{text}");
    failure(&text, "depends on the others");
}

#[test]
fn a_test_that_never_ends_does_not_take_others_with_it() {
    let project = project();
    let endless = "import { it } from \"vitest\";\nit(\"waits\", () => new Promise(() => {}));\n\
         it(\"is short\", () => {});\nit(\"skips itself\", (context) => context.skip());";
    project.write("a.test.js", endless);
    for mode in [&["--calm"][..], &["--seeds", "2"]] {
        let (code, text) = emu(&project, &[&["test", "--reporter", "json"], mode].concat());
        assert_eq!(code, 1, "{text}");
        assert_eq!(failure(&text, "waits")["failure"]["oracle"], "deadlock");
        for sum in ["\"passed\":1", "\"failed\":1", "\"skipped\":1"] {
            assert!(text.contains(sum), "{mode:?}: {sum} in\n{text}");
        }
    }
}

#[test]
fn what_fails_outside_of_tests_is_told_beside_what_they_tell() {
    let project = project();
    let hooks = r#"
import { afterAll, beforeAll, describe, it } from "vitest";

describe("begins", () => {
    beforeAll(() => { throw new Error("no beginning"); });
    it("never runs", () => {});
});
describe("ends", () => {
    afterAll(() => { throw new Error("no end"); });
    it("runs", () => {});
});
"#;
    project.write("a.test.js", hooks);
    let (code, text) = emu(&project, &["test", "--calm", "--reporter", "json"]);
    assert_eq!(code, 1, "{text}");
    assert_eq!(failure(&text, "never runs")["failure"]["message"], "Error: no beginning");
    let mut lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let file = lines.find(|line| line["type"] == "file").expect("the file");
    assert!(file["broken"].as_str().is_some_and(|broken| broken.starts_with("Error: no end")), "{file}");
}
