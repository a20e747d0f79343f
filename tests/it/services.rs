//! Several workers in one process: requests between them, entrypoints, objects of another worker, routes, reloads.
//!
//! Invariant: what one worker does, says or loses, is seen of the other only through their requests.

use crate::support::{Emu, Project, Raw, repository, wait_for};
use serde_json::{Value, json};
use std::fs;

const READY: &str = "Local server updated and ready";

/// The workers `front` and `back` of `fixtures/services`, the first of which clients reach.
fn workers() -> Project {
    let project = Project::empty();
    for entry in fs::read_dir(repository().join("fixtures/services")).expect("the fixture") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name of text");
        project.write(name, fs::read(&path).expect("a file of the fixture"));
    }
    project
}

fn serve(project: &Project) -> Emu {
    project.start(&["serve", "--port", "0", "-c", "front.jsonc", "-c", "back.jsonc"])
}

fn failure(name: &str, message: &str, remote: Value) -> Value {
    match remote {
        Value::Null => json!({ "name": name, "message": message }),
        remote => json!({ "name": name, "message": message, "remote": remote }),
    }
}

#[test]
fn a_service_gets_the_request_and_its_caller_the_answer() {
    let project = workers();
    let emu = serve(&project);
    let seen = emu.post("/BACK/a?b", b"hello").json();
    assert_eq!(seen, json!({ "who": "back", "method": "POST", "url": emu.url("/a?b"), "body": "hello" }));
    assert_eq!(emu.text("/ADMIN/x"), format!("admin of back: {} {{\"rights\":[\"read\"]}}", emu.url("/x")));
    assert_eq!(emu.text("/PLAIN/x"), "plain of back: GET {}");
    assert_eq!(emu.text("/SELF/SELF/BACK/version"), "first");
    // Bodies are streams both ways: more passes through than is ever held.
    let body = vec![7; 3 << 20];
    assert_eq!(emu.post("/BACK/count", &body).json(), json!({ "bytes": body.len() }));
    assert_eq!(emu.post("/SELF/BACK/through", &body).body.len(), body.len());
    let mut socket = emu.websocket("/SELF/BACK/ws");
    assert_eq!(socket.ask("hi"), "back: hi");
}

#[test]
fn a_failure_behind_rejects_the_call_and_is_logged_where_it_was_thrown() {
    let project = workers();
    let emu = serve(&project);
    let reply = emu.get("/BACK/throw");
    assert_eq!((reply.status, reply.json()), (502, failure("TypeError", "boom from back", json!(true))));
    let log = emu.logged("Uncaught TypeError: boom from back");
    assert!(log.starts_with("✘ [ERROR]"), "{log}");
    emu.logged("back.js:");
    emu.logged("in fetch() of the worker `back`");
    // What other requests have left behind can settle nothing.
    assert_eq!(emu.post("/BACK/version", b"nobody reads this").body, "first");
    let hung = emu.get("/BACK/never").json();
    assert!(hung["message"].as_str().is_some_and(|text| text.contains("your Worker's code had hung")), "{hung}");
    assert_eq!(emu.text("/BACK/version"), "first");
    // What is not here answers so, as wrangler has it.
    emu.logged("warning: Worker \"nowhere\" not found. Make sure it is running locally.");
    let reply = emu.get("/NOWHERE/x");
    let text = "Worker \"nowhere\" not found. Make sure it is running locally.";
    assert_eq!((reply.status, reply.body.as_str()), (503, text));
}

#[test]
fn requests_lead_to_each_other_sixteen_times_at_most() {
    let project = workers();
    let emu = serve(&project);
    let chain = |length: usize| emu.get(&format!("{}/served", "/SELF".repeat(length)));
    assert_eq!(chain(16).status, 200);
    let reply = chain(17);
    let text = "Subrequest depth limit exceeded. This request recursed through Workers too many times. This can happen \
                e.g. if you have a Worker or Durable Object that calls other Workers or objects recursively.";
    assert_eq!((reply.status, reply.json()), (502, failure("Error", text, Value::Null)));
}

#[test]
fn a_client_that_goes_away_cancels_what_is_done_behind() {
    let project = workers();
    let emu = serve(&project);
    let mut client = Raw::connect(emu.port());
    client.send(b"GET /SELF/BACK/endless HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(client.head().starts_with("HTTP/1.1 200"));
    assert!(client.chunk().is_some());
    drop(client);
    emu.logged("the endless stream was cancelled");
}

#[test]
fn an_object_of_another_worker_is_that_workers() {
    let project = workers();
    let emu = serve(&project);
    for count in 1..=2 {
        assert_eq!(emu.get("/COUNTER/a").json(), json!({ "count": count, "who": "back", "version": "first" }));
    }
    let objects = emu.objects();
    assert_eq!((&objects[0]["worker"], &objects[0]["class"]), (&json!("back"), &json!("Counter")), "{objects:?}");
    let reply = emu.get("/COUNTER/a?throw");
    assert_eq!(reply.json(), failure("Error", "boom from the counter", json!(true)));
    emu.logged("in fetch() of Counter/a");
}

#[test]
fn new_code_of_one_worker_leaves_the_others_alone() {
    let project = workers();
    let emu = serve(&project);
    assert_eq!(emu.text("/BACK/version"), "first");
    emu.get("/COUNTER/a");
    let log = emu.log_len();
    let code = fs::read_to_string(project.path("back.js")).expect("the fixture");
    project.write("back.js", code.replace("\"first\"", "\"second\""));
    emu.logged_after(log, READY);
    wait_for("the new code", || (emu.text("/BACK/version") == "second").then_some(()));
    assert_eq!(emu.get("/COUNTER/a").json(), json!({ "count": 2, "who": "back", "version": "second" }));
    // The worker in front still counts what it has served.
    assert!(emu.text("/served").parse::<u32>().is_ok_and(|served| served >= 4), "{}", emu.log());
}

#[test]
fn a_route_leads_a_client_to_another_worker() {
    let project = workers();
    let emu = serve(&project);
    let ask = |host: &str| emu.request("GET", "/version", &[("host", host)], b"");
    let behind = ask("back.example.com");
    assert_eq!((behind.status, behind.body.as_str()), (200, "first"));
    // The worker in front has no binding of that name.
    assert_eq!(ask("other.example.com").status, 502);
    let told = |worker: &str| emu.request("GET", "/version", &[("MF-Route-Override", worker)], b"");
    let cases = [("back", 200, "first"), ("nowhere", 404, "No entrypoint worker found")];
    for (worker, status, body) in cases {
        let reply = told(worker);
        assert_eq!((reply.status, reply.body.as_str()), (status, body), "{worker}");
    }
}

#[test]
fn an_entrypoint_that_is_not_exported_is_refused_at_the_start() {
    let project = workers();
    let config = fs::read_to_string(project.path("front.jsonc")).expect("the fixture");
    project.write("front.jsonc", config.replace("\"Admin\"", "\"Boss\""));
    let ended = project.run(&["serve", "--port", "0", "-c", "front.jsonc", "-c", "back.jsonc"]);
    assert_eq!(ended.code, Some(2), "{}", ended.text);
    for part in ["the worker `back` does not export an entrypoint `Boss`", "front.jsonc:8:5", "`Admin`", "`plain`"] {
        assert!(ended.text.contains(part), "{part} is not in: {}", ended.text);
    }
}
