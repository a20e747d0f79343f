//! Traces: a failure in a file, which runs again where nothing else of it is.
//!
//! Invariant: what a trace says is a stranger's; it is run or refused, and never more.

use crate::support::Project;
use serde_json::{Value, json};
use std::fs;

const CONFIG: &str = r#"{ "name": "shop", "main": "src/index.ts", "compatibility_date": "2026-01-01",
    "vars": { "STEP": 2 },
    "services": [{ "binding": "PRICES", "service": "prices" }],
    "durable_objects": { "bindings": [{ "name": "COUNTER", "class_name": "Counter" }] },
    "migrations": [{ "tag": "v1", "new_sqlite_classes": ["Counter"] }] }"#;
/// Forgets what it counts when it is evicted; and needs everything that a project can have.
const WORKER: &str = r#"import { DurableObject } from "cloudflare:workers";
import { twice } from "./twice";

export default {
    fetch: (request: Request, env: any) => env.COUNTER.getByName("one").fetch(request),
};

export class Counter extends DurableObject<any> {
    count = 0;

    async fetch() {
        const rate = await (await fetch("https://rates.example/")).text();
        const price = await (await this.env.PRICES.fetch("https://prices/")).text();
        this.count += twice(this.env.STEP);
        return Response.json({ count: this.count, rate, price, secret: this.env.SECRET });
    }
}
"#;
const TWICE: &str = "export const twice = (number: number) => number * 2;\n";
const PRICES: &str = r#"export default { fetch: () => new Response("7") };"#;
const RECORDED: &str = r#"{"method":"GET","url":"https://rates.example/","answer":{"status":200,"body":"1.5"}}"#;
const TESTS: &str = r#"import { SELF } from "cloudflare:test";
import { expect, it } from "vitest";

it("is as it was", async () => {
    for (const count of [4, 8]) {
        const answer: any = await (await SELF.fetch("https://example.com/")).json();
        expect(answer.count).toBe(count);
        expect(answer).toMatchSnapshot();
    }
});
"#;

fn shop() -> Project {
    let project = Project::empty();
    project.write("wrangler.jsonc", CONFIG);
    project.write(".dev.vars", "SECRET=hush\n");
    project.write("src/index.ts", WORKER);
    project.write("src/twice.ts", TWICE);
    project.write("test/shop.test.ts", TESTS);
    project.write("http.jsonl", RECORDED);
    project.write(
        "prices/wrangler.jsonc",
        r#"{ "name": "prices", "main": "index.js", "compatibility_date": "2026-01-01" }"#,
    );
    project.write("prices/index.js", PRICES);
    project
}

fn emu(project: &Project, args: &[&str]) -> (i32, String) {
    let ended = project.run(args);
    (ended.code.unwrap_or(-1), ended.text)
}

/// The trace of a failure, alone in a folder; the project is gone.
fn carried(project: Project, args: &[&str]) -> (Project, String) {
    let (code, text) = emu(&project, &[&["test", "--trace", "x.emutrace", "--reporter", "json"], args].concat());
    assert_eq!(code, 1, "{text}");
    let told =
        text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).rfind(|line| line["type"] == "test");
    let digest = told.as_ref().and_then(|told| told["failure"]["digest"].as_str()).expect("a digest").to_owned();
    let elsewhere = Project::empty();
    elsewhere.write("x.emutrace", fs::read(project.path("x.emutrace")).expect("the trace"));
    (elsewhere, digest)
}

#[test]
fn a_trace_runs_where_nothing_else_of_its_project_is() {
    let (elsewhere, digest) =
        carried(shop(), &["-c", "wrangler.jsonc", "-c", "prices/wrangler.jsonc", "--faults", "evict"]);
    for _ in 0..2 {
        let (code, text) = emu(&elsewhere, &["replay", "x.emutrace"]);
        assert_eq!(code, 1, "{text}");
        for says in [&digest, "expected 4 to be 8", "test/shop.test.ts:7", "expect(answer.count).toBe(count);"] {
            assert!(text.contains(says), "{says} in\n{text}");
        }
        // Smaller, and with the program still in it.
        assert_eq!(emu(&elsewhere, &["shrink", "x.emutrace"]).0, 0, "{text}");
    }
    let names: Vec<_> =
        fs::read_dir(elsewhere.folder()).expect("the folder").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(names, ["x.emutrace"], "a replay leaves nothing behind");
}

#[test]
fn a_trace_of_a_scenario_runs_elsewhere_too() {
    let project = Project::sources("testing/scenario");
    let path = "chat/src/index.ts";
    let worker = fs::read_to_string(project.path(path)).expect("the worker");
    project.write(path, worker.replace("server.serializeAttachment(name);", "this.last = name;"));
    let (elsewhere, digest) = carried(project, &["hibernation"]);
    let (code, text) = emu(&elsewhere, &["replay", "x.emutrace"]);
    assert_eq!(code, 1, "{text}");
    for says in [&digest, "`ada` has received other messages", "scenario.jsonc:"] {
        assert!(text.contains(says), "{says} in\n{text}");
    }
}

#[test]
fn a_project_can_be_asked_instead_of_the_trace() {
    let project = shop();
    let configs = ["-c", "wrangler.jsonc", "-c", "prices/wrangler.jsonc"];
    let (code, text) = emu(&project, &[&["test", "--trace", "x.emutrace", "--faults", "evict"], &configs[..]].concat());
    assert_eq!(code, 1, "{text}");
    project.write("src/twice.ts", "export const twice = (number: number) => number * 3;\n");
    let (code, text) = emu(&project, &["replay", "x.emutrace"]);
    assert_eq!(code, 1, "the trace is what it was: {text}");
    assert!(text.contains("as it is in the trace") && text.contains("-c wrangler.jsonc"), "{text}");
    let (code, text) = emu(&project, &[&["replay", "x.emutrace"], &configs[..]].concat());
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("expected 6 to be 4"), "{text}");
}

#[test]
fn what_is_no_program_is_refused() {
    let (elsewhere, _) = carried(shop(), &["-c", "wrangler.jsonc", "-c", "prices/wrangler.jsonc", "--faults", "evict"]);
    let text = fs::read_to_string(elsewhere.path("x.emutrace")).expect("the trace");
    let (events, program) = text.trim_end().rsplit_once('\n').expect("lines");
    let program: Value = serde_json::from_str(program).expect("the program");
    let whole = program["program"]["zstd"].as_str().expect("the program").to_owned();
    for (zstd, says) in [
        (json!("%%%"), "it is no base 64"),
        (json!(null), "it has no `zstd`"),
        (json!(""), "the program in the trace cannot be run"),
        (json!("AAAA"), "the program in the trace cannot be run"),
        (json!(&whole[..whole.len() / 8 * 4]), "the program in the trace cannot be run"),
    ] {
        let mut program = program.clone();
        program["program"]["zstd"] = zstd;
        elsewhere.write("x.emutrace", format!("{events}\n{program}\n"));
        let (code, text) = emu(&elsewhere, &["replay", "x.emutrace"]);
        assert_eq!(code, 2, "{text}");
        assert!(text.contains(says) && text.contains("emu replay FILE -c"), "{says} in\n{text}");
    }
    // The disk was full, or the copy was cut off.
    elsewhere.write("x.emutrace", &text[..text.len() - 100]);
    let (code, told) = emu(&elsewhere, &["replay", "x.emutrace"]);
    assert_eq!(code, 2, "{told}");
    assert!(told.contains("the program in `x.emutrace` is not whole") && told.contains("-c path/to"), "{told}");
    let mut newer = program.clone();
    newer["program"]["format"] = 99.into();
    newer["program"]["engine"] = "another".into();
    elsewhere.write("x.emutrace", format!("{events}\n{newer}\n"));
    let (code, text) = emu(&elsewhere, &["replay", "x.emutrace"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("its format is 99") && text.contains("another emu wrote it"), "{text}");
}
