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

/// A configuration with the class `Room`, and with what else it says.
fn with_room(more: &str) -> Project {
    let project = Project::empty();
    let head = r#""name": "w", "main": "w.js", "compatibility_date": "2026-01-01","#;
    let room = r#""durable_objects": { "bindings": [{ "name": "ROOM", "class_name": "Room" }] },
        "migrations": [{ "tag": "v1", "new_sqlite_classes": ["Room"] }]"#;
    project.write("wrangler.jsonc", format!("{{ {head} {more} {room} }}"));
    project
}

#[test]
fn code_without_end_is_told_with_its_place() {
    let project = with_room(r#""limits": { "cpu_ms": 20 },"#);
    let worker = r#"
import { DurableObject } from "cloudflare:workers";

export class Room extends DurableObject {
    async fetch() {
        await this.ctx.storage.put("a", 1);
        for (;;) {}
    }
}

function spin(text) {
    while (text) text = JSON.parse(JSON.stringify(text));
}

export default {
    fetch(request, env) {
        return new URL(request.url).pathname === "/room" ? env.ROOM.getByName("a").fetch(request) : spin("text");
    },
};
"#;
    project.write("w.js", worker);
    let tests = r#"
import { SELF } from "cloudflare:test";
import { it } from "vitest";
it("in the worker", () => SELF.fetch("https://x/"));
it("in an object", () => SELF.fetch("https://x/room"));
it("in the test", async () => {
    await Promise.resolve();
    try { for (;;) Math.max(1, 2); } finally { await null; }
});
it("in a promise", () => new Promise((resolve) => {
    resolve.name;
    for (;;) {}
}));
it("in a library", () => { [1].forEach(() => "a".repeat(30).match(/(a*)*b/)); });
"#;
    project.write("a.test.js", tests);
    let (code, text) = emu(&project, &["test", "--calm", "--reporter", "json"]);
    assert_eq!(code, 1, "{text}");
    for (name, place, row) in [
        ("in the worker", "at spin (w.js:12:", "Worker exceeded CPU time limit."),
        ("in an object", "at fetch (w.js:6:", "Durable Object exceeded its CPU time limit and was reset."),
        ("in the test", "at <anonymous> (a.test.js:7:", "Worker exceeded CPU time limit."),
        ("in a promise", "at <anonymous> (a.test.js:11:", "Worker exceeded CPU time limit."),
        ("in a library", "at <anonymous> (a.test.js:14:", "Worker exceeded CPU time limit."),
    ] {
        let told = failure(&text, name)["failure"].clone();
        let message = told["message"].as_str().unwrap_or_default();
        assert!(message.contains("Worker exceeded CPU time limit."), "{name}: {told}");
        assert!(told["stack"][0].as_str().is_some_and(|frame| frame.starts_with(place)), "{name}: {told}");
        assert!(told["timeline"].to_string().contains(row), "{name}: {told}");
    }
}

#[test]
fn of_two_tests_of_one_name_the_one_that_failed_is_kept() {
    let project = project();
    let twins = "import { expect, it } from \"vitest\";\n\
                 it(\"adds\", () => expect(1).toBe(1));\nit(\"adds\", () => expect(1).toBe(2));";
    project.write("a.test.js", twins);
    let args = ["test", "--calm", "--reporter", "json", "--save", "saved", "--trace", "a.emutrace"];
    let (code, text) = emu(&project, &args);
    assert_eq!(code, 1, "{text}");
    let mut told = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let told = told.rfind(|line| line["state"] == "fail").unwrap_or_else(|| panic!("{text}"));
    assert!(
        told["notes"][0].as_str().is_some_and(|note| note.contains("number 2 of the tests of this name")),
        "{told}"
    );
    let digest = told["failure"]["digest"].as_str().expect("a digest");
    for kept in ["saved", "a.emutrace"] {
        for verb in ["replay", "shrink", "replay"] {
            let (code, text) = emu(&project, &[verb, kept]);
            assert_eq!(code, i32::from(verb == "replay"), "{verb} {kept}: {text}");
            assert!(text.contains(digest), "{verb} {kept}: {text}");
        }
    }
}

#[test]
fn errors_that_nobody_catches_fail_a_test_unless_it_expects_them() {
    let project = with_room("");
    let worker = r#"
import { DurableObject } from "cloudflare:workers";

export class Room extends DurableObject {
    fetch() {
        const [client, server] = Object.values(new WebSocketPair());
        this.ctx.acceptWebSocket(server);
        return new Response(null, { status: 101, webSocket: client });
    }

    webSocketMessage(socket, text) {
        socket.send(JSON.parse(text).say);
    }
}

export default {
    fetch: (request, env) => env.ROOM.getByName("a").fetch(request),
};
"#;
    project.write("w.js", worker);
    let tests = r#"
import { SELF } from "cloudflare:test";
import { world } from "emu:test";
import { expect, it } from "vitest";

async function sendGarbage() {
    const { webSocket } = await SELF.fetch("https://x/", { headers: { upgrade: "websocket" } });
    webSocket.accept();
    const heard = new Promise((resolve) => webSocket.addEventListener("message", ({ data }) => resolve(data)));
    webSocket.send("garbage");
    webSocket.send('{"say":"hello"}');
    expect(await heard).toBe("hello");
}

it("fails", sendGarbage);
it("expects it", async () => {
    world.expectsErrors();
    await sendGarbage();
    Promise.reject(new Error("nobody handles this"));
});
"#;
    project.write("a.test.js", tests);
    for mode in [&["--calm"][..], &["--faults", "silent", "--seeds", "2", "--depth", "1"]] {
        let (code, text) = emu(&project, &[&["test", "--reporter", "json"], mode].concat());
        assert_eq!(code, 1, "{text}");
        let told = failure(&text, "fails")["failure"].clone();
        assert_eq!(told["oracle"], "uncaught", "{told}");
        assert!(told["message"].as_str().is_some_and(|text| text.ends_with("(in a WebSocket handler)")), "{told}");
        assert!(text.contains("\"passed\":1") && text.contains("\"failed\":1"), "{mode:?}: {text}");
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
