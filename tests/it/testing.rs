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

/// What the tests of mocks replace, and what stands between them and the worker.
const GREETING: &str = r#"
export function greet(name: string) { return `Hello, ${name}!`; }
export const volume = 3;
export class Mailer { sent = 0; send(to: string) { this.sent += 1; return `to ${to}`; } }
export default { sign: () => "yours" };
"#;

#[test]
fn modules_are_mocked_for_the_test_and_its_worker() {
    let project = project(SOUND);
    let worker = r#"import greeting, { greet, volume } from "./barrel";
        export default { fetch: () => Response.json([greet("you"), volume, greeting.sign()]) };"#;
    project.write("src/index.ts", worker);
    project.write("src/barrel.ts", "export * from \"./greeting\";\nexport { default } from \"./greeting\";\n");
    project.write("src/greeting.ts", GREETING);
    project.write("wrangler.jsonc", r#"{ "name": "w", "main": "src/index.ts", "compatibility_date": "2026-01-01" }"#);
    let head = r#"
import { SELF } from "cloudflare:test";
import { beforeEach, expect, it, vi } from "vitest";
import greeting, { greet, Mailer, volume } from "../src/greeting";
import type { Absent } from "./absent";
const answer = async () => (await SELF.fetch("https://example.com/")).json();
"#;
    for (name, mock) in [
        // The most common of all, with a value that is hoisted, and one that is used only later.
        (
            "factory",
            r#"
            const hoisted = vi.hoisted(() => ({ greet: vi.fn(() => "mocked") }));
            const later = vi.fn(() => "later");
            vi.mock("../src/greeting", () => ({ greet: hoisted.greet, volume: 7, default: { sign: () => later() } }));
            it("mocks", async () => {
                expect([greet("me"), volume, greeting.sign()]).toEqual(["mocked", 7, "later"]);
                expect(() => new Mailer()).toThrow('No "Mailer" export is defined on the "../src/greeting" mock');
                expect(await answer()).toEqual(["mocked", 7, "later"]);
                expect(hoisted.greet).toHaveBeenLastCalledWith("you");
                hoisted.greet.mockReturnValueOnce("once");
                expect(await answer()).toEqual(["once", 7, "later"]);
                const original = await vi.importActual<typeof import("../src/greeting")>("../src/greeting");
                expect(original.greet("x")).toBe("Hello, x!");
            });"#,
        ),
        (
            "part",
            r#"
            vi.mock(import("../src/greeting"), async (importOriginal) => {
                const original = await importOriginal();
                return { ...original, greet: (name: string) => `${original.greet(name)}!` };
            });
            it("mocks", async () => {
                expect([greet("me"), new Mailer().send("me")]).toEqual(["Hello, me!!", "to me"]);
                expect(await answer()).toEqual(["Hello, you!!", 3, "yours"]);
            });"#,
        ),
        (
            "part, told by `vi`",
            r#"
            vi.mock("../src/greeting", async () => {
                const original = await vi.importActual<typeof import("../src/greeting")>("../src/greeting");
                return { ...original, greet: (name: string) => `${original.greet(name)}!` };
            });
            it("mocks", async () => expect(await answer()).toEqual(["Hello, you!!", 3, "yours"]));"#,
        ),
        (
            "inside of a function",
            r#"
            beforeEach(() => {
                vi.mock("../src/greeting", () => ({ greet: () => "mocked", volume: 7, default: { sign: () => 1 } }));
            });
            it("mocks", async () => expect(await answer()).toEqual(["mocked", 7, 1]));"#,
        ),
        (
            "automatic",
            r#"
            vi.mock("../src/greeting");
            it("mocks", async () => {
                const mailer = new Mailer();
                expect([greet("me"), volume, mailer.send("me"), greeting.sign()]).toEqual([undefined, 3, undefined, undefined]);
                vi.mocked(greet).mockReturnValue("set");
                expect(await answer()).toEqual(["set", 3, null]);
                expect(mailer.send).toHaveBeenCalledWith("me");
            });"#,
        ),
        (
            "spy",
            r#"
            vi.mock("../src/greeting", { spy: true });
            it("mocks", async () => {
                expect(await answer()).toEqual(["Hello, you!", 3, "yours"]);
                expect(greet).toHaveBeenCalledExactlyOnceWith("you");
                expect(new Mailer().send("me")).toBe("to me");
            });"#,
        ),
        ("no mock", r#"it("mocks nothing", async () => expect(await answer()).toEqual(["Hello, you!", 3, "yours"]));"#),
    ] {
        project.write("test/counter.test.ts", format!("{head}{mock}"));
        let (code, text) = emu(&project, &["test", "--seeds", "3"]);
        assert_eq!(code, 0, "{name}: {text}");
    }
}

#[test]
fn packages_are_mocked_as_files_are() {
    let project = project(SOUND);
    let worker = r#"import post, { send, seal } from "post";
        export default { fetch: () => Response.json([send(1), seal(), post.send(1)]) };"#;
    project.write("src/index.ts", worker);
    project.write("wrangler.jsonc", r#"{ "name": "w", "main": "src/index.ts", "compatibility_date": "2026-01-01" }"#);
    project.write("node_modules/post/package.json", r#"{ "name": "post", "main": "index.js" }"#);
    project.write("node_modules/post/index.js", "module.exports = { ...require('./seal'), send: (n) => n };");
    project.write("node_modules/post/seal.js", "exports.seal = () => 'sealed';");
    let head = "import { SELF } from \"cloudflare:test\";\nimport { expect, it, vi } from \"vitest\";\n\
         import { send } from \"post\";\n\
         const answer = async () => (await SELF.fetch(\"https://example.com/\")).json();\n";
    for body in [
        r#"vi.mock("post", () => ({ send: (n) => n + 1, seal: () => "open", default: { send: (n) => n + 2 } }));
           it("mocks", async () => expect([send(1), ...(await answer())]).toEqual([2, 2, "open", 3]));"#,
        r#"vi.mock("post");
           it("mocks", async () => {
               vi.mocked(send).mockReturnValue(5);
               expect(await answer()).toEqual([5, null, 5]);
           });"#,
        r#"vi.mock("post", async (importOriginal) => ({ ...(await importOriginal()), seal: () => "open" }));
           it("mocks", async () => expect(await answer()).toEqual([1, "open", 1]));"#,
    ] {
        project.write("test/counter.test.ts", format!("{head}{body}"));
        let (code, text) = emu(&project, &["test", "--calm"]);
        assert_eq!(code, 0, "{body}: {text}");
    }
}

/// What a function of the test's makes takes no file to make it of.
#[test]
fn modules_that_are_no_files_are_mocked_by_a_function() {
    let project = project(SOUND);
    project.write("package.json", r#"{ "type": "module" }"#);
    let worker = r#"import { env } from "cloudflare:workers";
        import { readFileSync } from "node:fs";
        import built, { version } from "virtual:build";
        import { deep } from "./generated/deep";
        export default { fetch: () => Response.json([env.STAGE, readFileSync("/a"), built, version, deep()]) };"#;
    project.write("src/index.ts", worker);
    let config = r#"{ "name": "w", "main": "src/index.ts", "compatibility_date": "2026-01-01", "compatibility_flags": ["nodejs_compat"] }"#;
    project.write("wrangler.jsonc", config);
    let test = r#"
import { SELF } from "cloudflare:test";
import { expect, it, vi } from "vitest";
import { env, WorkerEntrypoint } from "cloudflare:workers";
import * as fs from "node:fs";
import built, { version } from "virtual:build";

const deep = vi.fn(() => "deep");
vi.mock("cloudflare:workers", async (original) => ({ ...(await original()), env: { STAGE: "mocked" } }));
vi.mock("fs", () => ({ readFileSync: () => "text" }));
vi.mock("virtual:build", () => ({ default: "built", version: 3 }));
vi.mock("../src/generated/deep", () => ({ deep: () => deep() }));

it("mocks", async () => {
    expect([env.STAGE, fs.readFileSync("/a"), built, version]).toEqual(["mocked", "text", "built", 3]);
    expect(typeof WorkerEntrypoint).toBe("function");
    expect(await (await SELF.fetch("https://example.com/")).json()).toEqual(["mocked", "text", "built", 3, "deep"]);
    expect(deep).toHaveBeenCalledOnce();
});
"#;
    project.write("test/counter.test.ts", test);
    let (code, text) = emu(&project, &["test", "--seeds", "3"]);
    assert_eq!(code, 0, "{text}");
}

/// What a file imports is the exporting module's own variable, also where the file says what is mocked.
#[test]
fn imports_of_files_that_mock_are_bound_to_what_is_exported() {
    let project = project(SOUND);
    project.write("src/other.ts", "export const other = () => 1;\n");
    let counting = "export let counter = 0;\nexport function inc() { counter += 1; return this; }\n\
         export default class Base { kind = \"base\"; }\nexport const tag = (texts) => texts[0] + typeof this;\n\
         export type Shape = { counter: number };\n";
    project.write("src/counting.ts", counting);
    let test = r#"
import { expect, it, vi } from "vitest";
import Base, { counter, inc, tag as named, type Shape } from "../src/counting";
import * as all from "../src/counting";
import { other } from "../src/other";
vi.mock("../src/other", () => ({ other: () => counter + 10 }));

class Derived extends Base {}

it("is bound", () => {
    const before = counter
    inc()
    expect([before, counter, all.counter, { counter }]).toEqual([0, 1, 1, { counter: 1 }]);
    expect(inc()).toBeUndefined();
    if (counter > 1)
        inc();
    expect([all.counter, other(), named`a`, new Derived().kind]).toEqual([3, 13, "aundefined", "base"]);
    const shadow = (counter: number): typeof counter => counter;
    const shape = { counter: 5 } satisfies Shape;
    expect([shadow(7), shape.counter, ((inc) => inc)(8)]).toEqual([7, 5, 8]);
    const { inc: again } = { inc };
    expect(again).toBe(inc);
});
"#;
    project.write("test/counter.test.ts", test);
    let (code, text) = emu(&project, &["test", "--calm"]);
    assert_eq!(code, 0, "{text}");
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

#[test]
fn what_a_mock_cannot_do_is_said_with_its_place() {
    let project = project(SOUND);
    project.write("src/greeting.ts", GREETING);
    let head = "import { expect, it, vi } from \"vitest\";\nimport { greet } from \"../src/greeting\";\n\n";
    for (body, says) in [
        // The lines are those of the file that the reader knows.
        (
            "vi.mock(\"../src/greeting\", () => ({\n    greet: () => \"mocked\",\n}));\n\nit(\"a\", () => expect(greet(\"b\")).toBe(\"c\"));",
            "--> test/counter.test.ts:8:",
        ),
        ("vi.mock(\"../src/absent\");", "`../src/absent` cannot be mocked"),
        ("vi.mock(\"cloudflare:workers\");", "`cloudflare:workers` cannot be mocked"),
        ("vi.mock(\"cloudflare:test\", () => ({}));", "`cloudflare:test` cannot be mocked"),
        (
            "vi.mock(\"../src/absent\", (original) => original());\nimport \"../src/absent\";\nit(\"a\", () => {});",
            "`../src/absent` is no file of the project",
        ),
        ("it(\"a\", () => { vi.doMock(\"../src/greeting\"); });", "`vi.doMock()` does not work in `emu test`"),
        ("const { mock } = vi; it(\"a\", () => { mock(\"../src/greeting\"); });", "call it by that name"),
        ("vi.mock(\"../src/greeting\", () => 1);", "did not return an object"),
        ("const later = 1;\nvi.mock(\"../src/greeting\", () => ({ greet: later }));", "or by `vi.hoisted()`"),
        ("vi.mock(\"../src/greeting\", () => ({ greet: expect && greet }));", "or by `vi.hoisted()`"),
    ] {
        project.write("test/counter.test.ts", format!("{head}{body}"));
        let (code, text) = emu(&project, &["test", "--calm"]);
        assert_eq!(code, 1, "{body}: {text}");
        assert!(text.contains(says), "{body}: {text}");
    }
}
