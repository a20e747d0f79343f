//! Other hosts in simulated worlds: what they answer is written down or was recorded; all else is refused.
//!
//! Invariant: no world of a test reaches any network.

use crate::outgoing::server;
use crate::support::{Project, wait_for};
use serde_json::{Value, json};

const CONFIG: &str = r#"{ "name": "gate", "main": "index.js", "compatibility_date": "2026-10-01" }"#;
/// Asks what it is told to, and passes the answer on.
const WORKER: &str = r#"
    export default {
        async fetch(request) {
            const { url, stream, ...init } = await request.json();
            if (stream) init.body = new Blob([stream]).stream();
            try {
                const response = await fetch(url, init);
                const { status, headers } = response;
                if (init.method === "HEAD") return Response.json({ status });
                if (url.endsWith("unread")) return Response.json({ status });
                return Response.json({ status, type: headers.get("content-type"), body: await response.text() });
            } catch (error) {
                return Response.json({ error: error.message });
            }
        },
    };
"#;
/// Asks the same of the worker in two tests, and logs what it is answered.
const TEST: &str = r#"
    import { SELF } from "cloudflare:test";
    import { it } from "vitest";
    import { asked } from "./asked.js";

    for (const name of ["asks", "asks again"]) {
        it(name, async () => {
            const answers = [];
            for (const one of asked) {
                const response = await SELF.fetch("http://gate/", { method: "POST", body: JSON.stringify(one) });
                answers.push(await response.json());
            }
            console.log(`answers: ${JSON.stringify(answers)}`);
        });
    }
"#;

fn gate() -> Project {
    let project = Project::empty();
    project.write("wrangler.jsonc", CONFIG);
    project.write("index.js", WORKER);
    project
}

/// What a test of the worker was answered, one after the other.
fn answers(project: &Project, asked: &Value) -> Vec<Value> {
    project.write("test/asked.js", format!("export const asked = {asked};"));
    project.write("test/gate.test.js", TEST);
    let (code, text) = emu(project, &["test", "--calm"]);
    assert_eq!(code, 0, "{text}");
    let lines: Vec<Value> = text
        .lines()
        .filter_map(|line| line.split_once("answers: "))
        .map(|(_, answers)| serde_json::from_str(answers).unwrap_or_else(|error| panic!("{error}: {answers}")))
        .collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert_eq!(lines[0], lines[1], "each test begins at the first line of a recording");
    lines[0].as_array().expect("answers").clone()
}

fn emu(project: &Project, args: &[&str]) -> (i32, String) {
    let ended = project.run(args);
    (ended.code.unwrap_or(-1), ended.text)
}

#[test]
fn what_was_recorded_is_answered_in_tests() {
    let project = gate();
    let asking = gate();
    let plain = server(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nSet-Cookie: key=secret\r\nContent-Length: 5\r\n\r\nhello",
    );
    let bytes = server(b"HTTP/1.1 203 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n\xff\xfe\xfd\r\n0\r\n\r\n");
    let nobody = server(b"");
    let secret = json!({ "authorization": "Bearer secret", "cookie": "secret=1" });
    let asked = json!([
        { "url": plain, "method": "POST", "body": "one", "headers": secret },
        { "url": plain, "method": "POST", "stream": "two" },
        { "url": format!("{plain}?q=1"), "headers": secret },
        { "url": bytes },
        { "url": format!("{plain}?unread"), "method": "PUT", "body": "three" },
        { "url": nobody },
        { "url": plain, "method": "HEAD" },
    ]);
    let emu = asking.serve(&["--record-fetches", "http.jsonl"]);
    let ask = |one: &Value| emu.request("POST", "/", &[], one.to_string().as_bytes()).json();
    let real: Vec<Value> = asked.as_array().expect("requests").iter().map(ask).collect();
    let recording = wait_for("all lines", || {
        let text = std::fs::read_to_string(asking.path("http.jsonl")).ok()?;
        (text.lines().count() == real.len()).then_some(text)
    });
    assert!(!recording.to_lowercase().contains("secret"), "{recording}");
    let first: Value = serde_json::from_str(recording.lines().next().expect("a line")).expect("JSON");
    let headers = json!({ "content-type": "text/plain", "content-length": "5" });
    let answer = json!({ "status": 200, "headers": headers, "body": "hello" });
    assert_eq!(first, json!({ "method": "POST", "url": plain, "body": "one", "answer": answer }));

    project.write("http.jsonl", recording);
    assert_eq!(answers(&project, &asked), real);
}

#[test]
fn lines_answer_in_their_order_and_the_last_one_again() {
    let project = gate();
    let line = |body: &str| format!("{{ \"url\": \"https://a.example/*\", \"answer\": {{ \"body\": \"{body}\" }} }}\n");
    project.write("http.jsonl", [line("never: another one is nearer")].concat());
    project.write("test/http.jsonl", [line("1"), line("2")].concat());
    let asked = json!({ "url": "https://a.example/x" });
    let told = answers(&project, &json!([asked, asked, asked]));
    let bodies: Vec<_> = told.iter().map(|answer| answer["body"].as_str().expect("a body")).collect();
    assert_eq!(bodies, ["1", "2", "2"]);
}

#[test]
fn what_nobody_recorded_is_refused_with_what_is_nearest() {
    let project = gate();
    project.write(
        "http.jsonl",
        "{ \"method\": \"POST\", \"url\": \"https://a.example/\", \"body\": \"1\", \"answer\": { \"fails\": \"no\" } }\n\n\
         { \"url\": \"https://b.example/\", \"answer\": { \"incomplete\": \"whose body is larger than 1 MiB\" } }\n",
    );
    let asked = json!([
        { "url": "https://a.example/", "method": "POST", "body": "1" },
        { "url": "https://a.example/", "method": "POST", "body": "2" },
        { "url": "https://a.example/", "method": "GET" },
        { "url": "https://a.example/x" },
        { "url": "https://b.example/" },
    ]);
    let told = answers(&project, &asked);
    for (answer, expected) in told.iter().zip([
        "no",
        "http.jsonl:1, whose body is `1`, not `2`",
        "http.jsonl:1, whose method is `POST`, not `GET`",
        "http.jsonl:1, whose URL is `https://a.example/`, not `https://a.example/x`",
        "http.jsonl:3 was recorded without its answer, whose body is larger than 1 MiB",
    ]) {
        assert!(answer["error"].as_str().is_some_and(|error| error.ends_with(expected)), "{answer}, not {expected}");
    }
}

#[test]
fn what_a_test_mocks_comes_before_what_was_recorded() {
    let project = gate();
    project.write("http.jsonl", "{ \"url\": \"https://a.example/*\", \"answer\": { \"body\": \"recorded\" } }");
    project.write(
        "gate.test.js",
        r#"
        import { SELF, fetchMock } from "cloudflare:test";
        import { expect, it } from "vitest";

        it("is mocked once", async () => {
            fetchMock.activate();
            fetchMock.disableNetConnect();
            const mock = fetchMock.get("https://a.example");
            mock.intercept({ path: "/x" }).reply(200, "mocked");
            mock.intercept({ path: "/y" }).replyWithError(new Error("broken"));
            const ask = async (url) => {
                const response = await SELF.fetch("http://gate/", { method: "POST", body: JSON.stringify({ url }) });
                const { body, error } = await response.json();
                return body ?? error;
            };
            expect(await ask("https://a.example/x")).toBe("mocked");
            expect(await ask("https://a.example/x")).toBe("recorded");
            expect(await ask("https://a.example/y")).toBe("broken");
            expect(await ask("https://b.example/")).toContain("nearest is");
        });
        "#,
    );
    let (code, text) = emu(&project, &["test", "--calm"]);
    assert_eq!(code, 0, "{text}");
}

#[test]
fn a_recording_is_hostile_until_it_is_read() {
    let project = gate();
    project.write("gate.test.js", "import { it } from \"vitest\"; it(\"is\", () => {});");
    let fine = "{ \"url\": \"https://a.example/\", \"answer\": {} }\n";
    let mut binary = fine.as_bytes().to_vec();
    binary.extend(b"\xff\xff");
    for (bytes, message) in [
        (format!("{fine}nonsense").into_bytes(), "http.jsonl:2: no JSON: expected ident at column 2: nonsense"),
        (format!("{fine}{}", "[".repeat(100_000)).into_bytes(), "http.jsonl:2: no JSON: recursion limit"),
        (format!("\n{fine}[1]").into_bytes(), "http.jsonl:3: a line must be an object, found an array"),
        (fine.replace("{}", "[]").into_bytes(), "http.jsonl:1: `answer` must be an object, found an array"),
        (binary, "http.jsonl:2: this is no UTF-8 text"),
        (vec![b'\n'; 64 * 1024 * 1024 + 1], "http.jsonl` is larger than 64 MiB"),
    ] {
        project.write("http.jsonl", bytes);
        let (code, text) = emu(&project, &["test", "--calm"]);
        assert!(code == 1 && text.contains(message), "{message}: {code} {text}");
    }
}

#[test]
fn a_scenario_is_answered_by_its_own_rules_and_then_by_what_is_recorded() {
    let project = gate();
    let line = |body: &str| format!("{{ \"url\": \"https://a.example/*\", \"answer\": {{ \"body\": \"{body}\" }} }}\n");
    project.write("http.jsonl", line("never: it is not beside the scenario"));
    project.write("talk/http.jsonl", line("recorded"));
    let ask = r#""method": "POST", "path": "/", "json": { "url": "https://a.example/x" }"#;
    project.write(
        "talk/scenario.jsonc",
        format!(
            r#"{{
                "worker": "../wrangler.jsonc",
                "outside": [{{ "url": "https://a.example", "answer": {{ "body": "not meant" }} }},
                            {{ "url": "https://a.example/x", "answer": {{ "base64": "aGk=" }}, "times": 1 }}],
                "steps": [
                    {{ "fetch": {{ {ask} }}, "expect": {{ "json": {{ "status": 200, "type": null, "body": "hi" }} }} }},
                    {{ "fetch": {{ {ask} }}, "expect": {{ "json": {{ "status": 200, "type": null, "body": "recorded" }} }} }},
                    {{ "outside": "https://a.example/*", "expect": {{ "requests": 2 }} }},
                    {{ "outside": "https://b.example/*", "expect": {{ "requests": 0 }} }}
                ]
            }}"#
        ),
    );
    let (code, text) = emu(&project, &["test", "--calm"]);
    assert_eq!(code, 0, "{text}");
}

#[test]
fn a_file_that_cannot_be_written_is_said_before_anything_is_served() {
    let project = gate();
    let ended = project.run(&["serve", "--port", "0", "--record-fetches", "nowhere/http.jsonl"]);
    assert_eq!(ended.code, Some(2), "{}", ended.text);
    assert!(ended.text.contains("`nowhere/http.jsonl` cannot be written"), "{}", ended.text);
}

#[test]
fn what_is_large_passes_and_is_not_kept() {
    let project = gate();
    let size = 2 * 1024 * 1024;
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n{}", "x".repeat(size));
    let url = server(answer.leak().as_bytes());
    let emu = project.serve(&["--record-fetches", "http.jsonl"]);
    let told = emu.request("POST", "/", &[], json!({ "url": url }).to_string().as_bytes()).json();
    assert_eq!(told["body"].as_str().map(str::len), Some(size));
    let line = wait_for("the line", || {
        let text = std::fs::read_to_string(project.path("http.jsonl")).ok()?;
        serde_json::from_str::<Value>(&text).ok()
    });
    assert_eq!(line["answer"], json!({ "incomplete": "whose body is larger than 1 MiB" }));
}
