//! What a worker fetches.
//!
//! Invariant: whatever the other server does, the worker gets a response or an error it can catch, and emu goes on.

use crate::streams::{Pattern, pass_through};
use crate::support::Project;
use serde_json::json;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;
use std::thread;

const MIB: usize = 1024 * 1024;

#[test]
fn a_request_is_passed_on_to_another_server_and_its_response_back() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let other = project.serve(&["--ephemeral"]);
    let target = other.url("/echo/there?x=1");
    let reply = emu.request("PUT", &format!("/proxy?url={target}"), &[("x-mine", "yes")], b"a body");
    let echoed = reply.json();
    assert_eq!((&echoed["method"], &echoed["body"], &echoed["url"]), (&json!("PUT"), &json!("a body"), &json!(target)));
    assert!(echoed["headers"].as_array().expect("pairs").contains(&json!(["x-mine", "yes"])), "{echoed}");

    let size = 4 * MIB;
    let target = other.url("/stream/through");
    assert_eq!(pass_through(&emu, &format!("/proxy?url={target}"), size), (size, Pattern::sum(size)));

    for (target, status) in [(other.url("/status/404"), 404), (other.url("/status/204"), 204)] {
        assert_eq!(emu.get(&format!("/proxy?url={target}")).status, status);
    }
    let reply = emu.get(&format!("/proxy?url={}", other.url("/cookies")));
    let cookies = reply.headers.iter().filter(|(name, _)| name == "set-cookie").count();
    assert_eq!(cookies, 2);
    // Redirects are the client's when passed on, and followed when fetched.
    let redirect = other.url("/redirect?to=/status/200").replace("/status", &other.url("/status"));
    let reply = emu.get(&format!("/proxy?url={redirect}"));
    assert_eq!((reply.status, reply.header("location")), (302, Some(other.url("/status/200").as_str())));
    let fetched = emu
        .in_worker(&json!([{ "fetch": { "url": redirect } }, { "fetch": { "url": redirect, "redirect": "manual" } }]));
    assert_eq!(
        (&fetched[0]["status"], &fetched[0]["body"], &fetched[1]["status"]),
        (&json!(200), &json!("status 200"), &json!(302))
    );
    // Nobody there.
    let reply = emu.get("/proxy?url=http://localhost:1/");
    assert!(reply.status == 500 && reply.body.contains("Network connection lost."), "{}", reply.body);
}

#[test]
fn a_request_can_be_given_up() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", silent.local_addr().expect("an address"));
    let waiting = thread::spawn(move || {
        let (mut connection, _) = silent.accept().expect("a connection");
        connection.set_read_timeout(Some(crate::support::LIMIT)).expect("a connection");
        let mut bytes = Vec::new();
        match connection.read_to_end(&mut bytes) {
            Ok(_) => true,
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    });
    let results = emu.in_object("a", &json!([{ "fetch": { "url": url, "timeout_ms": 50 } }, { "memory": ["k", 1] }]));
    assert!(results[0]["error"].is_string() && results[1] == 1, "{results}");
    assert!(waiting.join().expect("no panic"), "the connection was given up as well");
}

/// A server that reads something from each connection, says `answer` and closes.
pub(crate) fn server(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    // It ends with the test program.
    thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.expect("a connection");
            let _ = connection.read(&mut [0; 4096]);
            let _ = connection.write_all(answer);
        }
    });
    url
}

#[test]
fn a_server_that_breaks_the_protocol_is_an_error() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let answers: [&[u8]; 8] = [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ntoo short",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 999999 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
    ];
    for answer in answers {
        let results = emu.in_object("a", &json!([{ "fetch": { "url": server(answer) } }, { "memory": ["k", 1] }]));
        let what = String::from_utf8_lossy(answer).into_owned();
        assert!(results[0]["error"].is_string(), "{what:?}: {results}");
        assert_eq!(results[1], 1, "{what:?}");
    }
    let fine = server(b"HTTP/1.1 200 OK\r\n\r\nup to the end");
    assert_eq!(emu.in_object("a", &json!([{ "fetch": { "url": fine } }]))[0]["body"], "up to the end");
    assert_eq!(emu.in_object("a", &json!(["events"])), json!([answers.len() + 2]));
}

#[test]
fn redirects_are_followed_as_the_platform_follows_them() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let redirect = |status: u16| emu.url(&format!("/redirect?to={}&status={status}", emu.url("/echo/end")));
    let post = |status: u16| {
        let fetch =
            json!({ "url": redirect(status), "method": "POST", "body": "x", "headers": [["content-type", "text/x"]] });
        let results = emu.in_worker(&json!([{ "fetch": fetch }]));
        let body = results[0]["body"].as_str().unwrap_or_default().to_owned();
        serde_json::from_str::<serde_json::Value>(&body).unwrap_or_else(|_| panic!("{status}: {results}"))
    };
    for (status, method, body) in
        [(301, "GET", ""), (302, "GET", ""), (303, "GET", ""), (307, "POST", "x"), (308, "POST", "x")]
    {
        let seen = post(status);
        assert_eq!((&seen["method"], &seen["body"]), (&json!(method), &json!(body)), "{status}");
        let typed = seen["headers"].as_array().expect("pairs").contains(&json!(["content-type", "text/x"]));
        assert_eq!(typed, body == "x", "{status}");
    }
    // One that leads to itself.
    let circle = server(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n");
    let results = emu.in_worker(&json!([{ "fetch": { "url": circle } }]));
    assert!(results[0]["error"].as_str().unwrap_or_default().contains("Too many redirects."), "{results}");
}

#[test]
fn a_url_that_cannot_be_fetched_is_an_error() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    for url in [
        "nonsense",
        "ftp://localhost/",
        "http://",
        "http://localhost:1/",
        "http://no-such-host.invalid/",
        "https://localhost:1/",
    ] {
        let results = emu.in_worker(&json!([{ "fetch": { "url": url } }]));
        assert!(results[0]["error"].is_string(), "{url}: {results}");
    }
}
