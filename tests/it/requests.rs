//! Requests and responses, as worker and client see each other's.
//!
//! Invariant: nothing is added, changed or dropped on the way but what HTTP requires.

use crate::support::{Project, wait_for};
use serde_json::{Value, json};

#[test]
fn a_worker_sees_what_the_client_sent() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        let headers = [("x-one", "1"), ("accept", "text/ünïcödé"), ("cookie", "a=1; b=2")];
        let reply = emu.request(method, "/echo/a%20b/%C3%A9?q=1&q=%20#", &headers, b"a body");
        assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/json")), "{method}");
        let seen = reply.json();
        assert_eq!(seen["method"], method);
        assert_eq!(seen["url"], emu.url("/echo/a%20b/%C3%A9?q=1&q=%20"), "{method}");
        assert_eq!(seen["body"], if method == "GET" { "" } else { "a body" }, "{method}");
        let headers = seen["headers"].as_array().expect("pairs");
        let host = format!("localhost:{}", emu.port());
        for header in [["x-one", "1"], ["cookie", "a=1; b=2"], ["host", &host]] {
            assert!(headers.contains(&json!(header)), "{method} {header:?}: {seen}");
        }
        let address = headers.iter().find(|header| header[0] == "cf-connecting-ip");
        assert!(address.is_some_and(|address| address[1] == "127.0.0.1" || address[1] == "::1"), "{seen}");
    }
    // The same in an object, behind a stub.
    let seen = emu.post("/object/a/echo?x", b"hi").json();
    assert_eq!((&seen["url"], &seen["body"]), (&json!(emu.url("/object/a/echo?x")), &json!("hi")));
}

#[test]
fn a_client_sees_what_the_worker_answered() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    for status in [200, 201, 204, 205, 301, 304, 400, 404, 418, 500, 503, 599] {
        let reply = emu.get(&format!("/status/{status}"));
        let body = if matches!(status, 204 | 205 | 304) { String::new() } else { format!("status {status}") };
        assert_eq!((reply.status, reply.body), (status, body));
    }
    let reply = emu.request("HEAD", "/status/200", &[], b"");
    assert_eq!((reply.status, reply.body.as_str(), reply.header("content-length")), (200, "", Some("10")));
    let reply = emu.get("/cookies");
    let of = |name: &str| -> Vec<&str> {
        reply.headers.iter().filter(|(header, _)| header == name).map(|(_, value)| value.as_str()).collect()
    };
    assert_eq!(of("set-cookie"), ["a=1; Path=/", "b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT"]);
    assert_eq!(of("x-twice").join(", "), "one, two");
    let reply = emu.get("/redirect?to=https://example.com/x?y&status=308");
    assert_eq!((reply.status, reply.header("location")), (308, Some("https://example.com/x?y")));
}

#[test]
fn the_environment_is_what_configuration_files_and_command_line_say() {
    let project = Project::probe();
    let read = |args: &[&str]| {
        let emu = project.serve(&[&["--ephemeral"], args].concat());
        let values = ["GREETING", "SETTINGS", "SECRET"].map(|name| emu.get(&format!("/env/{name}")).body);
        emu.stop();
        values
    };
    let settings = r#"{"colours":["red","blue"],"depth":2}"#;
    let [greeting, seen, secret] = read(&[]);
    assert_eq!([greeting.as_str(), &seen], ["hello", settings]);
    assert!(secret.contains("SECRET"), "{secret}");
    project.write(".dev.vars", "SECRET = \"from the file\"\nGREETING=good day\n");
    assert_eq!(read(&[]), ["good day", settings, "from the file"]);
    assert_eq!(read(&["--var", "GREETING:ahoy: there", "--var", "SECRET:x"])[0], "ahoy: there");
}

#[test]
fn a_schedule_runs_when_it_is_asked_for() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let reply = emu.get("/cdn-cgi/local/scheduled?cron=*+*+*+*+*");
    assert_eq!((reply.status, reply.body.as_str()), (200, "ok"));
    wait_for("the schedule", || {
        (emu.in_object("cron", &json!([{ "kv": { "get": "cron" } }])) == json!(["* * * * *"])).then_some(())
    });
    let reply = emu.get("/cdn-cgi/local/scheduled?format=json");
    assert_eq!(reply.json(), json!({ "outcome": "ok", "noRetry": false }));
    // A worker without the handler says so.
    let project = Project::room();
    let emu = project.serve(&[]);
    let reply = emu.get("/cdn-cgi/local/scheduled");
    assert_eq!((reply.status, reply.body.as_str()), (500, "exception"));
    emu.logged("Handler does not export a scheduled() function");
}

#[test]
fn the_clock_stands_still_while_a_worker_computes() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let times = emu.in_worker(&json!(["now", "now", { "random": 1000 }, "now", { "sleep": 20 }, "now"]));
    assert_eq!((&times[0], &times[0]), (&times[1], &times[3]));
    let slept_ms = times[5].as_f64().expect("a time") - times[0].as_f64().expect("a time");
    assert!((20.0..5000.0).contains(&slept_ms), "{slept_ms} ms");
    // Of 1000 random bytes most values come up.
    assert!(times[2].as_u64().is_some_and(|distinct| distinct > 200), "{times}");
}

#[test]
fn a_browser_gets_a_page_when_a_worker_fails_and_others_get_text() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let steps = json!([{ "panic": "<script>" }]).to_string();
    let ask = |headers: &[(&str, &str)]| emu.request("POST", "/script", headers, steps.as_bytes());
    let page = ask(&[("accept", "text/html,*/*"), ("user-agent", "Mozilla/5.0")]);
    assert_eq!((page.status, page.header("content-type")), (500, Some("text/html;charset=utf-8")));
    assert!(page.body.contains("<h1>RuntimeError: unreachable</h1>"), "{}", page.body);
    assert!(page.body.contains(&format!("POST {}", emu.url("/script"))), "{}", page.body);
    assert!(page.body.contains("<th>user-agent<td>Mozilla/5.0"), "{}", page.body);
    assert_eq!(page.header("content-security-policy"), Some("default-src 'none'; style-src 'unsafe-inline'"));
    let text = ask(&[("accept", "*/*"), ("user-agent", "curl/8.0")]);
    assert_eq!((text.status, text.header("content-type")), (500, Some("text/plain;charset=UTF-8")));
    assert_eq!(text.body, "RuntimeError: unreachable\n");
}

#[test]
fn the_log_is_for_programs_when_that_is_asked_for() {
    let project = Project::probe();
    let emu = project.start(&["serve", "--port", "0", "--log-format", "json"]);
    emu.in_object("a", &json!([{ "log": ["warn", "careful: \"x\""] }]));
    emu.script("/script", &json!([{ "panic": "now" }]));
    emu.logged("Uncaught");
    let lines = emu.log();
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let line =
        |key: &str, value: &str| lines.iter().find(|line| line[key] == value).unwrap_or_else(|| panic!("{lines:#?}"));
    assert_eq!(line("source", "emu")["url"], format!("http://localhost:{}", emu.port()));
    let guests = line("source", "worker");
    assert_eq!(
        (&guests["level"], &guests["object"], &guests["message"]),
        (&json!("warn"), &json!("Probe/a"), &json!("careful: \"x\""))
    );
    let request = line("source", "request");
    assert_eq!((&request["method"], &request["status"]), (&json!("POST"), &json!(200)));
    assert!(request["ms"].is_number(), "{request}");
}

#[test]
fn several_workers_are_served_together() {
    let project = Project::probe();
    let other = Project::probe();
    other.replace("\"name\": \"probe\"", "\"name\": \"other\"");
    project.replace("\"class_name\": \"Built\" }", "\"class_name\": \"Built\", \"script_name\": \"other\" }");
    project.replace("[\"Probe\", \"Built\"]", "[\"Probe\"]");
    let config = other.path("wrangler.jsonc");
    let config = config.to_str().expect("a path of text");
    // `Built` is still exported by the first worker, and not declared by it: that is no error.
    let emu = project.start(&["serve", "--port", "0", "-c", "wrangler.jsonc", "-c", config]);
    assert_eq!(emu.in_built("ok", &json!([{ "kv": { "get": "constructions" } }])), json!([1]));
    let objects = emu.objects();
    assert_eq!((&objects[0]["worker"], &objects[0]["class"]), (&json!("other"), &json!("Built")), "{objects:?}");
    emu.stop();
    let missing = project.run(&["serve", "--port", "0"]);
    assert_eq!(missing.code, Some(2), "{}", missing.text);
    assert!(
        missing.text.contains("`BUILT` is bound to class `Built` of worker `other`, which is not here"),
        "{}",
        missing.text
    );
}

#[test]
fn a_timer_does_not_outlive_the_answer_unless_it_is_waited_for() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    for (kind, kept) in [("spawn", json!(null)), ("wait_until", json!("late"))] {
        let put = json!({ "stub": { "name": kind, "steps": [{ "kv": { "put": ["k", "late"] } }] } });
        emu.in_worker(&json!([{ kind: [{ "sleep": 50 }, put] }, { "sleep": 1 }]));
        // A request that takes longer than the timer.
        emu.in_worker(&json!([{ "sleep": 200 }]));
        assert_eq!(emu.in_object(kind, &json!([{ "kv": { "get": "k" } }])), json!([kept]), "{kind}");
    }
}

#[test]
fn a_timer_ends_with_the_answer_beside_which_it_runs() {
    let project = Project::empty();
    project.write("wrangler.jsonc", r#"{ "name": "ticks", "main": "ticks.js", "compatibility_date": "2026-04-07" }"#);
    project.write(
        "ticks.js",
        r#"
        let ticks = 0;
        async function* chunks() {
            for (let count = 0; count < 4; count += 1) {
                await scheduler.wait(20);
                yield new TextEncoder().encode(`${ticks} `);
            }
        }
        export default {
            fetch(request) {
                if (new URL(request.url).pathname === "/ticks") {
                    return new Response(String(ticks));
                }
                setInterval(() => { ticks += 1; }, 1);
                return new Response(ReadableStream.from(chunks()));
            },
        };
        "#,
    );
    let emu = project.serve(&[]);
    // While the body is sent the timer runs.
    let seen = emu.text("/");
    let last = seen.split_whitespace().next_back().and_then(|last| last.parse::<u32>().ok());
    assert!(last.is_some_and(|last| last > 0), "{seen}");
    let ticks = || emu.text("/ticks");
    wait_for("the end of the timer", || {
        let before = ticks();
        std::thread::sleep(std::time::Duration::from_millis(30));
        (ticks() == before).then_some(())
    });
}
