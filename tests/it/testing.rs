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
pub(crate) const SOUND: &str = r#"(this.ctx.storage.kv.get<number>("count") ?? 0) + 1;
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

pub(crate) fn project(kept: &str) -> Project {
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
pub(crate) fn emu(project: &Project, args: &[&str]) -> (i32, String) {
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

    // What has been mended passes, though its run is another one; and what passes is forgotten.
    project.write("src/index.ts", WORKER.replace("KEPT", SOUND));
    for args in [&["replay", "saved"][..], &["replay", "x.emutrace", "-c", "wrangler.jsonc"]] {
        let (code, text) = emu(&project, args);
        assert_eq!(code, 0, "{args:?}: {text}");
        assert!(text.contains("counts passes\nnote: the run ended with digest "), "{args:?}: {text}");
    }
    assert_eq!(emu(&project, &["test", "-t", "counts", "--seeds", "5"]).0, 0);
    let left =
        fs::read_dir(project.path(".emu/bugs")).expect("the folder").flatten().filter(|entry| entry.path().is_dir());
    assert_eq!(left.count(), 0, "the mended bug is forgotten");
}

#[test]
fn what_was_saved_is_tried_by_every_run() {
    let project = project(FORGETFUL);
    let (code, text) = emu(&project, &["test", "-t", "counts", "--save", "test/saved/eviction"]);
    assert_eq!(code, 1, "{text}");
    fs::remove_dir_all(project.path(".emu")).expect("the last failures");
    // One run, of a seed that decides nothing, would not find it.
    let few = ["test", "-t", "counts", "--faults", "evict", "--depth", "0", "--seeds", "0"];
    let (code, text) = emu(&project, &few);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("this failure is saved in `test/saved/eviction`"), "{text}");
    project.write("src/index.ts", WORKER.replace("KEPT", SOUND));
    let (code, text) = emu(&project, &few);
    assert_eq!(code, 0, "{text}");
    assert!(project.path("test/saved/eviction/rerun.json").is_file(), "it stays");

    project.write("test/counter.test.ts", TESTS.replace("\"counts\"", "\"is counted\""));
    project.write("test/saved/damaged/rerun.json", "{");
    let (code, text) = emu(&project, &["test", "--seeds", "1"]);
    assert_eq!(code, 0, "{text}");
    for says in [
        "warning: `test/saved/eviction` is of the test `counter › counts` in `test/counter.test.ts`, which is not there",
        "warning: a saved failure is not tried: `",
        "does not say what to run",
    ] {
        assert!(text.contains(says), "{says} in\n{text}");
    }
    // Nobody asked for it.
    let (_, text) = emu(&project, &["test", "--seeds", "1", "other"]);
    assert!(!text.contains("which is not there"), "{text}");
}

#[test]
fn exit_codes_say_what_happened() {
    let project = project(SOUND);
    for (args, expected, says) in [
        (&["test", "--calm", "-t", "no such test"][..], 4, "has a name like `no such test`"),
        (&["test", "nowhere", "no-one"], 4, "has `nowhere` or `no-one` in its path\n  help: `-t` picks"),
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

#[test]
fn inline_snapshots_write_themselves() {
    let project = project(SOUND);
    let name = "test/counter.test.ts";
    let test = r#"
import { expect, it } from "vitest";

it("takes", async () => {
    expect({ a: [1] }).toMatchInlineSnapshot();
    await expect(Promise.reject(new Error("no `${1}`"))).rejects.toThrowErrorMatchingInlineSnapshot(); expect(2).toMatchInlineSnapshot();
});
"#;
    let first = r#"
    expect({ a: [1] }).toMatchInlineSnapshot(`
      {
        "a": [
          1,
        ],
      }
    `);
    await expect(Promise.reject(new Error("no `${1}`"))).rejects.toThrowErrorMatchingInlineSnapshot(`[Error: no \`\${1}\`]`); expect(2).toMatchInlineSnapshot(`2`);
"#;
    let source = || fs::read_to_string(project.path(name)).expect("the test");
    project.write(name, test);
    let output = project.command(&["test", "--calm"]).env("CI", "true").output().expect("emu runs");
    assert_eq!((output.status.code(), source().as_str()), (Some(1), test), "nothing is written in CI");

    // What the calm run took the seeds compare with.
    let (code, text) = emu(&project, &["test", "--seeds", "5"]);
    assert_eq!(code, 0, "{text}");
    assert!(source().contains(first), "{}", source());

    // It is compared with from then on, and written anew only when that is asked for.
    let written = source();
    let changed = written.replace("{ a: [1] }", "{ a: [2] }");
    project.write(name, &changed);
    let (code, text) = emu(&project, &["test", "--calm"]);
    assert_eq!((code, source()), (1, changed), "{text}");
    assert!(text.contains("+     2,"), "{text}");
    let (code, text) = emu(&project, &["test", "--seeds", "5", "-u"]);
    let expected = written.replace("{ a: [1] }", "{ a: [2] }").replace("          1,", "          2,");
    assert_eq!((code, source()), (0, expected), "{text}");
}

#[test]
fn all_objects_are_evicted_when_they_are_idle() {
    let project = project(FORGETFUL);
    let slow = r#"async fetch(request: Request) {
        const ms = Number(new URL(request.url).searchParams.get("ms"));
        await (ms > 0 && new Promise((done) => setTimeout(done, ms)));"#;
    project.write("src/index.ts", WORKER.replace("KEPT", FORGETFUL).replace("async fetch() {", slow));
    let test = r#"
import { env, evictAllDurableObjects } from "cloudflare:test";
import { expect, it } from "vitest";

it("waits", async () => {
    const [idle, busy] = ["idle", "busy"].map((name) => env.COUNTER.getByName(name));
    await idle.fetch("https://example.com/");
    const ended = [];
    const answer = busy.fetch("https://example.com/?ms=500").then((response) => { ended.push("answer"); return response.json(); });
    await evictAllDurableObjects();
    ended.push("evicted");
    expect(await answer).toBe(1);
    expect(ended).toEqual(["answer", "evicted"]);
    for (const stub of [idle, busy]) {
        expect(await (await stub.fetch("https://example.com/")).json()).toBe(1);
    }
});
"#;
    project.write("test/counter.test.ts", test);
    let (code, text) = emu(&project, &["test", "--calm"]);
    assert_eq!(code, 0, "{text}");
}

#[test]
fn a_suite_is_configured_as_for_vitest() {
    let project = project(SOUND);
    project.replace(
        "\"name\": \"counter\"",
        "\"name\": \"counter\", \"env\": { \"test\": { \"vars\": { \"STAGE\": \"test\" } } }",
    );
    let config = r#"
import { cloudflareTest } from "@cloudflare/vitest-pool-workers";
import { defineConfig } from "vitest/config";

export default defineConfig({
    plugins: [cloudflareTest({
        wrangler: { configPath: "./wrangler.jsonc", environment: "test" },
        miniflare: { bindings: { LIMIT: 3, TOKEN: process.env.TOKEN }, compatibilityFlags: ["nodejs_compat"] },
    })],
    resolve: { alias: { "~": "./test/lib" } },
    test: { globals: true, setupFiles: ["./test/setup.ts"], include: ["test/**/*.check.ts"], globalSetup: "./global.ts",
        unstubEnvs: true, env: { REGION: "here" }, testTimeout: 50 },
});
"#;
    project.write("vitest.config.ts", config);
    project.write("test/setup.ts", "beforeAll(() => { globalThis.setUp = true; });");
    project.write("test/lib/two.ts", "export const two = 2;");
    let test = r#"
import { env } from "cloudflare:test";
import { Buffer } from "node:buffer";
import { two } from "~/two";

it("is as configured", () => {
    expect(two).toBe(2);
    expect([env.STAGE, env.LIMIT, globalThis.setUp]).toEqual(["test", 3, true]);
    expect(Buffer.from("a").toString("hex")).toBe("61");
    expect([import.meta.env.MODE, import.meta.env.REGION, process.env.REGION]).toEqual(["test", "here", "here"]);
    vi.stubEnv("MODE", "stubbed");
    expect(import.meta.env.MODE).toBe("stubbed");
});
it("is undone", ({ task }) => {
    expect(import.meta.env.MODE).toBe("test");
    expect([expect.getState().testPath, task.file.name]).toEqual(["/test/deep/a.check.ts", "test/deep/a.check.ts"]);
});
it("has no more time", { fails: true }, () => new Promise((resolve) => setTimeout(resolve, 100)));
"#;
    project.write("test/deep/a.check.ts", test);
    let (code, text) = emu(&project, &["test", "--calm"]);
    assert_eq!(code, 0, "{text}");
    for says in [
        "test/deep/a.check.ts › is as configured",
        "`vitest.config.ts`: `test.globalSetup` is left out",
        "`vitest.config.ts`: the binding `TOKEN` is left out",
        "3 passed",
    ] {
        assert!(text.contains(says), "{says}\n{text}");
    }
    assert!(!text.contains("counter.test.ts"), "{text}");
}

#[test]
fn no_test_files_are_a_mistake_unless_that_is_configured() {
    let project = project(SOUND);
    for (config, expected) in [("passWithNoTests: false", 4), ("passWithNoTests: true", 0)] {
        project.write("vitest.config.ts", format!("export default {{ test: {{ {config} }} }};"));
        let (code, text) = emu(&project, &["test", "absent"]);
        assert_eq!(code, expected, "{text}");
    }
}
