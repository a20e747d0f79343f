//! Scenarios, from the command line: tests in no language.
//!
//! Invariant: a scenario finds what a test in a language would find, and is told of like one.

use crate::support::Project;
use serde_json::Value;

/// Runs `emu` with these arguments: its exit code and what it wrote.
fn emu(project: &Project, args: &[&str]) -> (i32, String) {
    let output = project.command(args).env_remove("CI").output().expect("emu runs");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
}

/// A copy of the scenarios and their workers, with texts of one of these replaced.
fn changed(worker: &str, replaced: &[(&str, &str)]) -> Project {
    let project = Project::sources("testing/scenario");
    let path = format!("{worker}/src/index.ts");
    let mut worker = std::fs::read_to_string(project.path(&path)).expect("the worker");
    for (sound, broken) in replaced {
        assert!(worker.contains(sound), "the worker has no `{sound}`");
        worker = worker.replacen(sound, broken, 1);
    }
    project.write(&path, worker);
    project
}

#[test]
fn scenarios_pass_where_the_worker_is_sound() {
    let project = changed("chat", &[]);
    let (code, text) = emu(&project, &["test", "--seeds", "25", "--budget", "20s", "."]);
    assert_eq!(code, 0, "{text}");
    for name in ["charged_once", "forgetting", "hibernation", "repeated_post", "talk"] {
        assert!(text.contains(&format!("{name}/scenario.jsonc › {name}")), "{name} in\n{text}");
    }
    assert!(text.contains("5 passed"), "{text}");
    assert!(!project.path(".emu").exists(), "nothing is kept of what passes");
}

#[test]
fn scenarios_find_what_is_wrong_with_a_worker() {
    let other_messages = "`ada` has received other messages";
    let table: [(&str, &[(&str, &str)], &str, &str); 4] = [
        // Whose socket it is is lost with the instance: at the eviction that is a step, or at one that emu makes.
        ("hibernation", &[("server.serializeAttachment(name);", "this.last = name;")], other_messages, ":calm"),
        (
            "talk",
            &[
                ("server.serializeAttachment(name);", "(this.names ??= new Map()).set(server, name);"),
                ("sender.deserializeAttachment()", "this.names?.get(sender)"),
            ],
            other_messages,
            "evict",
        ),
        // The repetition of a request is another message.
        (
            "repeated_post",
            &[("request.headers.get(\"Idempotency-Key\") ?? crypto.randomUUID()", "crypto.randomUUID()")],
            "`always` does not hold in `ROOM:lobby`",
            "crash-after-commit",
        ),
        // Whoever takes the money cannot know a repetition.
        (
            "charged_once",
            &[("this.ctx.id.toString()", "crypto.randomUUID()")],
            "`always` does not hold: 3 requests of different `Idempotency-Key` to https://pay.example/*, at most 2",
            "crash",
        ),
    ];
    for (name, replaced, message, fault) in table {
        let worker = if name == "charged_once" { "shop" } else { "chat" };
        let project = changed(worker, replaced);
        let (code, text) = emu(&project, &["test", "--seeds", "300", "--budget", "20s", "--reporter", "json", name]);
        assert_eq!(code, 1, "{name}: {text}");
        let mut told = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let told = told.rfind(|line| line["type"] == "test").unwrap_or_else(|| panic!("{text}"));
        let all = told.to_string();
        assert!(all.contains(message), "{name}: {all}");
        assert!(all.contains(fault), "{name}: {fault} in {all}");
        assert!(all.contains("scenario.jsonc:"), "{name}: its place in {all}");
        let command = told["failure"]["rerun"].as_str().expect("a line to rerun it").to_owned();
        let words: Vec<&str> = command.split(' ').skip(1).collect();
        let (again, text) = emu(&project, &words);
        assert_eq!(again, 1, "{name}: `{command}`: {text}");
    }
}

#[test]
fn a_compiled_worker_has_scenarios_too() {
    let project = Project::room();
    project.write(
        "talk/scenario.jsonc",
        r#"{ "worker": "../wrangler.jsonc", "modes": ["order", "evict"], "steps": [
            { "as": "anna", "connect": "/room/kitchen/websocket" },
            { "as": "anna", "send": "hello?" },
            { "advance": "1m" },
            { "fetch": { "path": "/websocket" },
              "expect": { "status": 426, "headers": { "content-type": "text/plain;charset=UTF-8" } } }
        ] }"#,
    );
    let (code, text) = emu(&project, &["test", "--seeds", "20"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("talk/scenario.jsonc › talk"), "{text}");
}

#[test]
fn what_is_wrong_with_a_scenario_is_said_with_its_place() {
    let project = changed("chat", &[]);
    for (steps, message) in [
        (r#"{ "as": "ada", "send": "hi" }"#, "`ada` has not connected before this"),
        (r#"{ "evict": "HALL:x" }"#, "there is no binding or class `HALL`; there is `ROOM`, `Room`"),
        (r#"{ "as": "ada", "conect": "/" }"#, "did you mean `connect`?"),
        (r#"{ "as": "ada", "connect": "/" }, { "as": "ada", "send": { "base64": "%" } }"#, "this is no base 64"),
    ] {
        let text = format!("{{\n  \"worker\": \"../chat/wrangler.jsonc\",\n  \"steps\": [\n    {steps}\n  ]\n}}");
        project.write("wrong/scenario.jsonc", text);
        let (code, text) = emu(&project, &["test", "wrong"]);
        assert_eq!(code, 1, "{text}");
        assert!(text.contains(message) && text.contains("scenario.jsonc:4:"), "{message}: {text}");
    }
}

#[test]
fn a_check_that_says_nothing_is_told() {
    let project = changed("chat", &[]);
    for (object, sql, note) in [
        ("ROOM:lobby", "SELECT count(*) FROM mesages", "never saw a table `mesages` in `ROOM:lobby`"),
        ("ROOM:loby", "SELECT 0", "never saw the object itself in `ROOM:loby`"),
        ("ROOM:lobby", "SELECT 0", ""),
        ("ROOM:lobby", "SELECT total(1) - 1", ""),
    ] {
        let steps = r#"[{ "fetch": { "path": "/room/lobby" } }]"#;
        let always = format!(r#"[{{ "object": "{object}", "sql": "{sql}", "is": 0 }}]"#);
        let text = format!(r#"{{ "worker": "../chat/wrangler.jsonc", "steps": {steps}, "always": {always} }}"#);
        project.write("idle/scenario.jsonc", text);
        for mode in [&["--calm"][..], &["--seeds", "1"]] {
            let (code, text) = emu(&project, &[&["test", "idle", "--reporter", "json"], mode].concat());
            let notes = told(&text)["notes"].to_string();
            assert_eq!((code, notes.contains("never saw")), (0, !note.is_empty()), "{mode:?} {text}");
            assert!(notes.contains(note), "{mode:?} {note}: {notes}");
        }
    }
}

/// What the JSON reporter told of the scenario.
fn told(text: &str) -> Value {
    let mut told = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    told.rfind(|line| line["type"] == "test").unwrap_or_else(|| panic!("{text}"))
}

#[test]
fn a_scenario_is_the_same_wherever_the_reader_stands() {
    let project = changed("chat", &[("server.serializeAttachment(name);", "this.last = name;")]);
    let inside = |args: &[&str]| {
        let output = project.command(args).current_dir(project.path("hibernation")).output().expect("emu runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let args = ["test", "--calm", "--seed", "7", "--reporter", "json", "--save", "saved"];
    let (code, text) = inside(&[&args[..], &["."]].concat());
    let (here, there) = (told(&text), told(&emu(&project, &[&args[..], &["hibernation"]].concat()).1));
    assert_eq!(
        (code, &here["name"], &here["file"]),
        (Some(1), &"hibernation".into(), &"scenario.jsonc".into()),
        "{here}"
    );
    assert_eq!(here["name"], there["name"]);
    assert_eq!(here["failure"]["digest"], there["failure"]["digest"]);
    let digest = here["failure"]["digest"].as_str().expect("a digest");
    let (outer, inner) = (project.path("saved"), project.path("hibernation/saved"));
    for kept in [outer, inner].map(|kept| kept.display().to_string()) {
        for verb in ["replay", "shrink", "replay"] {
            let output = project.command(&[verb, &kept]).current_dir("/").output().expect("emu runs");
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(text.contains(digest), "{verb} {kept}: {output:?}");
        }
    }
}

#[test]
fn scenarios_are_explored_kept_replayed_and_shrunk() {
    // Whose socket it is is lost at any eviction.
    let forgetful = [
        ("server.serializeAttachment(name);", "(this.names ??= new Map()).set(server, name);"),
        ("sender.deserializeAttachment()", "this.names?.get(sender)"),
    ];
    let sound = changed("chat", &[]);
    let (code, text) = emu(&sound, &["test", "--explore", "evict:1", "--reporter", "json", "talk"]);
    assert_eq!(code, 0, "{text}");
    let explored = told(&text)["explored"].clone();
    assert!(explored["tried"].as_u64() > Some(0) && explored["tried"] == explored["all"], "{explored}");

    let project = changed("chat", &forgetful);
    let kept = ["--save", "saved", "--trace", "a.emutrace"];
    let (code, text) =
        emu(&project, &[&["test", "--explore", "evict:1", "--reporter", "json", "talk"], &kept[..]].concat());
    assert_eq!(code, 1, "{text}");
    let failure = told(&text)["failure"].clone();
    let digest = failure["digest"].as_str().expect("a digest").to_owned();
    assert_eq!(failure["faults"][0]["name"], "evict", "{failure}");
    for path in ["saved", "a.emutrace"] {
        let (code, text) = emu(&project, &["replay", path]);
        assert_eq!(code, 1, "{path}: {text}");
        assert!(text.contains(&digest), "{path}: {digest} in\n{text}");
        let (code, text) = emu(&project, &["shrink", path]);
        assert_eq!(code, 0, "{path}: {text}");
        assert_eq!(emu(&project, &["replay", path]).0, 1, "{path}");
    }
    // Against a worker that is sound it passes, and parts from what was kept.
    project.copy(&sound.path("chat"), std::path::Path::new("mended"));
    let (code, text) = emu(&project, &["replay", "a.emutrace", "--against", "mended/wrangler.jsonc"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("talk passes") && text.contains("because: event "), "{text}");
}

#[test]
fn answers_that_tell_of_evictions_are_for_the_scenario_to_allow() {
    let project = Project::empty();
    project.write(
        "wrangler.jsonc",
        r#"{ "name": "w", "main": "w.js", "compatibility_date": "2026-01-01",
            "durable_objects": { "bindings": [{ "name": "CACHE", "class_name": "Cache" }] },
            "migrations": [{ "tag": "v1", "new_sqlite_classes": ["Cache"] }] }"#,
    );
    let worker = r#"
        import { DurableObject } from "cloudflare:workers";
        export class Cache extends DurableObject {
            fetch() {
                const hit = this.cached !== undefined;
                this.cached ??= "value";
                return Response.json({ hit, value: this.cached });
            }
        }
        export default { fetch: (request, env) => env.CACHE.getByName("a").fetch(request) };
    "#;
    project.write("w.js", worker);
    let asks = r#"{ "fetch": { "path": "/" }, "expect": { "status": 200 } }"#;
    for (says, code) in [("", 1), (r#", "expectsOtherAnswers": true"#, 0)] {
        let scenario =
            format!(r#"{{ "worker": "../wrangler.jsonc", "modes": ["evict"], "steps": [{asks}, {asks}]{says} }}"#);
        project.write("hits/scenario.jsonc", scenario);
        let (found, text) = emu(&project, &["test", "--seeds", "5", "hits"]);
        assert_eq!(found, code, "{says}: {text}");
        assert_eq!(text.contains("`\"expectsOtherAnswers\": true` in a scenario"), code == 1, "{text}");
    }
}

#[test]
fn what_builds_on_a_step_that_failed_unjudged_is_not_judged_either() {
    let project = Project::empty();
    let config = r#"{
        "name": "w", "main": "w.js", "compatibility_date": "2026-01-01",
        "durable_objects": { "bindings": [{ "name": "ROOM", "class_name": "Room" }] },
        "migrations": [{ "tag": "v1", "new_sqlite_classes": ["Room"] }]
    }"#;
    project.write("wrangler.jsonc", config);
    let worker = r#"
import { DurableObject } from "cloudflare:workers";

export class Room extends DurableObject {
    async fetch(request) {
        if (request.headers.has("upgrade")) {
            const [client, server] = Object.values(new WebSocketPair());
            this.ctx.acceptWebSocket(server);
            return new Response(null, { status: 101, webSocket: client });
        }
        if (request.method === "PUT") {
            await this.ctx.storage.put("text", await request.text());
        }
        return new Response(await this.ctx.storage.get("text"));
    }

    webSocketMessage(socket, text) {
        return this.ctx.storage.put("text", text);
    }
}

export default {
    fetch: (request, env) => env.ROOM.getByName("a").fetch(request),
};
"#;
    project.write("w.js", worker);
    let put = |more: &str| format!(r#"{{ "fetch": {{ "method": "PUT", "path": "/", "body": "hi"{more} }} }}"#);
    let sent = r#"{ "as": "ada", "connect": "/" }, { "as": "ada", "send": "hi" }, { "advance": "1s" }"#.to_owned();
    let wrong = put("").replace("hi", "hello");
    for (steps, faults, code) in [
        (put(""), "loud", 0),
        (put(r#", "retry": 12"#), "loud", 0),
        (sent, "loud", 0),
        (put(""), "silent", 0),
        (wrong, "loud", 1),
    ] {
        let get = r#"{ "fetch": { "path": "/", "retry": 12 }, "expect": { "body": "hi" } }"#;
        let text = format!(r#"{{ "worker": "../wrangler.jsonc", "steps": [{steps}, {get}] }}"#);
        project.write("talk/scenario.jsonc", text);
        let args = ["test", "--faults", faults, "--explore", &format!("{faults}:1"), "--reporter", "json", "talk"];
        let (ended, text) = emu(&project, &args);
        assert_eq!(ended, code, "{steps}: {text}");
    }
}
