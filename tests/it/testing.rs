//! `emu test` from the command line: what it finds, says, keeps, and exits with.
//!
//! Invariant: a failure that is told is run again by what is told.

use crate::support::Project;
use serde_json::Value;
use std::fs;

const WORKER: &str = r#"
import { DurableObject } from "cloudflare:workers";

export default {
    fetch: (request: Request, env: any) => env.COUNTER.getByName("one").fetch(request),
};

export class Counter extends DurableObject {
    count = 0;

    async fetch() {
        this.count = KEPT;
        return Response.json(this.count);
    }
}
"#;

/// In memory only, and as it should be.
const FORGETFUL: &str = "this.count + 1";
const SOUND: &str = r#"(this.ctx.storage.kv.get<number>("count") ?? 0) + 1;
        this.ctx.storage.kv.put("count", this.count)"#;

const TESTS: &str = r#"
import { SELF } from "cloudflare:test";
import { describe, expect, it } from "vitest";

describe("counter", () => {
    it("counts", async () => {
        for (const count of [1, 2]) {
            const response = await SELF.fetch("https://example.com/");
            expect(await response.json()).toBe(count);
        }
    });

    it("matches what was", () => expect({ a: 1 }).toMatchSnapshot());

    it.skip("is skipped", () => {});
    it.todo("is not written");
});
"#;

fn project(kept: &str) -> Project {
    let project = Project::empty();
    let config = r#"{ "name": "counter", "main": "src/index.ts", "compatibility_date": "2026-01-01",
        "durable_objects": { "bindings": [{ "name": "COUNTER", "class_name": "Counter" }] },
        "migrations": [{ "tag": "v1", "new_sqlite_classes": ["Counter"] }] }"#;
    project.write("wrangler.jsonc", config);
    project.write("src/index.ts", WORKER.replace("KEPT", kept));
    project.write("test/counter.test.ts", TESTS);
    project
}

/// Runs `emu` with these arguments: its exit code and what it wrote.
fn emu(project: &Project, args: &[&str]) -> (i32, String) {
    let output = project.command(args).env_remove("CI").output().expect("emu runs");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
}

/// The last object of a kind that the JSON reporter wrote.
fn told(text: &str, kind: &str) -> Value {
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut found = lines.filter(|line| line["type"] == kind && line["state"] != "skip" && line["state"] != "todo");
    found.next_back().unwrap_or_else(|| panic!("no `{kind}` in\n{text}"))
}

#[test]
fn a_sound_worker_withstands_every_fault() {
    let project = project(SOUND);
    let (code, text) = emu(&project, &["test", "--seeds", "20"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("✓  test/counter.test.ts › counter › counts"), "{text}");
    assert!(text.contains("2 passed, 1 skipped, 1 todo"), "{text}");
    let snapshots = fs::read_to_string(project.path("test/__snapshots__/counter.test.ts.snap")).expect("snapshots");
    assert!(snapshots.contains("exports[`counter > matches what was 1`]"), "{snapshots}");
    assert!(!project.path(".emu").exists(), "nothing is kept of what passes");
}

#[test]
fn a_failure_is_run_again_by_what_is_told_of_it() {
    let project = project(FORGETFUL);
    let (code, text) =
        emu(&project, &["test", "-t", "counts", "--reporter", "json", "--save", "saved", "--trace", "x.emutrace"]);
    assert_eq!(code, 1, "{text}");
    let failure = told(&text, "test")["failure"].clone();
    assert_eq!(failure["faults"][0]["name"], "evict", "{failure}");
    assert_eq!((&failure["place"]["file"], &failure["place"]["line"]), (&"test/counter.test.ts".into(), &9.into()));
    let seed = failure["seed"].as_str().expect("a seed").to_owned();
    assert_eq!(seed.matches('=').count(), 1, "{seed}: one eviction is enough");

    // By the seed, with another number of jobs.
    let again = emu(&project, &["test", "-t", "counts", "--reporter", "json", "--seed", &seed, "--jobs", "1"]);
    assert_eq!((again.0, &told(&again.1, "test")["failure"]["digest"]), (1, &failure["digest"]));
    // From what was kept.
    for kept in ["saved", "x.emutrace"] {
        let (code, text) = emu(&project, &["replay", kept]);
        assert_eq!(code, 1, "{kept}: {text}");
        assert!(text.contains(failure["digest"].as_str().expect("a digest")), "{kept}: {text}");
    }
    assert_eq!(emu(&project, &["shrink", "saved"]).0, 0);
    assert_eq!(emu(&project, &["replay", "saved"]).0, 1);
    // First of all the next time.
    let next = told(&emu(&project, &["test", "-t", "counts", "--reporter", "json"]).1, "test")["failure"].clone();
    assert!(next["run"].as_u64() <= Some(5), "{next}");

    // Another program is not that run any more, and what passes is forgotten.
    project.write("src/index.ts", WORKER.replace("KEPT", SOUND));
    let (code, text) = emu(&project, &["replay", "x.emutrace"]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("event ") && text.contains("not those of the run"), "{text}");
    assert_eq!(emu(&project, &["test", "-t", "counts", "--seeds", "5"]).0, 0);
    let left =
        fs::read_dir(project.path(".emu/bugs")).expect("the folder").flatten().filter(|entry| entry.path().is_dir());
    assert_eq!(left.count(), 0, "the mended bug is forgotten");
}

#[test]
fn exit_codes_say_what_happened() {
    let project = project(SOUND);
    for (args, expected, says) in [
        (&["test", "--calm", "-t", "no such test"][..], 4, "has a name like `no such test`"),
        (&["test", "nowhere"], 4, "no test matches"),
        (&["test", "--faults", "crush"], 2, "there is no fault `crush`"),
        (&["test", "-t", "/(/"], 2, "no regular expression"),
        (&["test", "-c", "other.jsonc"], 2, "there is no file `other.jsonc`"),
        (&["replay", "nothing"], 2, "`nothing` cannot be read"),
        (&["test", "--faults", "help"], 0, "must hold: the handler is idempotent"),
        (&["test", "--list"], 0, "test/counter.test.ts › counter › counts\n"),
        (&["test", "--list", "--json"], 0, r#"{"file":"test/counter.test.ts","suite":["counter"],"name":"counts"}"#),
    ] {
        let (code, text) = emu(&project, args);
        assert_eq!(code, expected, "{args:?}: {text}");
        assert!(text.contains(says), "{args:?}: {text}");
    }
}

#[test]
fn a_file_that_cannot_be_run_does_not_keep_the_others_from_it() {
    let project = project(SOUND);
    project.write("test/a.test.ts", "throw new Error(\"at once\");");
    project.write("test/b.test.ts", "import { defineConfig } from \"vitest/config\";\ndefineConfig();");
    let (code, text) = emu(&project, &["test", "--calm"]);
    assert_eq!(code, 1, "{text}");
    for says in [
        "`test/a.test.ts` failed in its global scope: Error: at once",
        "test/a.test.ts:1:11",
        "`vitest/config` cannot be imported here",
        "2 passed, 1 skipped, 1 todo, 2 files cannot be run",
    ] {
        assert!(text.contains(says), "{says}\n{text}");
    }
}

#[test]
fn new_snapshots_are_not_taken_in_ci() {
    let project = project(SOUND);
    let output = project.command(&["test", "--calm"]).env("CI", "true").output().expect("emu runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("✗  test/counter.test.ts › counter › matches what was"), "{text}");
    assert!(!project.path("test/__snapshots__").exists());
}

#[test]
fn tests_that_never_end_are_ended() {
    let project = project(SOUND);
    project.replace("\"name\": \"counter\"", "\"name\": \"counter\", \"limits\": { \"cpu_ms\": 200 }");
    for (body, says) in [
        ("await new Promise(() => {});", "nothing can ever happen again, and the test still waits"),
        ("while (true) {}", "Worker exceeded CPU time limit."),
    ] {
        let test = format!("import {{ it }} from \"vitest\";\nit(\"ends\", async () => {{ {body} }});");
        project.write("test/counter.test.ts", test);
        let (code, text) = emu(&project, &["test", "--calm"]);
        assert_eq!(code, 1, "{body}: {text}");
        assert!(text.contains(says), "{body}: {text}");
    }
}

#[test]
fn a_query_of_a_test_has_its_parameters() {
    let project = project(SOUND);
    let test = r#"
import { env } from "cloudflare:test";
import { world } from "emu:test";
import { expect, it } from "vitest";

it("asks", async () => {
    const stub = env.COUNTER.getByName("one");
    await stub.fetch("https://example.com/");
    const rows = await world.storage(stub).sql("SELECT ? + 1 AS n, ? AS text, ? AS absent", 41, "a", null);
    expect(rows).toEqual([{ n: 42, text: "a", absent: null }]);
});
"#;
    project.write("test/counter.test.ts", test);
    let (code, text) = emu(&project, &["test", "--calm"]);
    assert_eq!(code, 0, "{text}");
}
