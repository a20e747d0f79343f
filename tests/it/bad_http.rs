//! Clients that speak HTTP badly, slowly or not at all.
//!
//! Invariant: each gets an answer or an end of its connection, and nobody else notices.

use crate::support::{Emu, Project, Raw};
use std::time::{Duration, Instant};

/// What is sent, and what the response starts with.
struct Case {
    what: &'static str,
    sent: Vec<u8>,
    answer: &'static str,
}

fn case(what: &'static str, sent: impl Into<Vec<u8>>, answer: &'static str) -> Case {
    Case { what, sent: sent.into(), answer }
}

fn cases() -> Vec<Case> {
    let long = "x".repeat(200_000);
    let many = (0..200).map(|n| format!("X-{n}: y\r\n")).collect::<String>();
    let bad = "HTTP/1.1 400 Bad Request\r\n";
    let ok = "HTTP/1.1 200 OK\r\n";
    vec![
        case("no Host", "GET / HTTP/1.1\r\n\r\n", bad),
        case("no HTTP", "GARBAGE\r\n\r\n", bad),
        case("no version", "GET /\r\n\r\n", bad),
        case("a version that does not exist", "GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", bad),
        case("a NUL in the URL", "GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n", bad),
        case("a space in the URL", "GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n", bad),
        case("a space in a header's name", "GET / HTTP/1.1\r\nHost: localhost\r\nX y: z\r\n\r\n", bad),
        case("a header without a colon", "GET / HTTP/1.1\r\nHost: localhost\r\nnonsense\r\n\r\n", bad),
        case("a NUL in a header", "GET / HTTP/1.1\r\nHost: localhost\r\nX: \0\r\n\r\n", bad),
        case("a Host that is not text", b"GET / HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n".as_slice(), bad),
        case("a Host that is no host", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", bad),
        case("a Host with a path", "GET / HTTP/1.1\r\nHost: localhost/evil?\r\n\r\n", bad),
        case("an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", bad),
        case("two Hosts", "GET / HTTP/1.1\r\nHost: localhost\r\nHost: other\r\n\r\n", bad),
        case("a length that is no number", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1x\r\n\r\n", bad),
        case(
            "two lengths",
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            bad,
        ),
        case(
            "an oversized header",
            format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {long}\r\n\r\n"),
            "HTTP/1.1 431 Request Header Fields Too Large\r\n",
        ),
        case("too many headers", format!("GET / HTTP/1.1\r\nHost: localhost\r\n{many}\r\n"), "HTTP/1.1 431 "),
        case("an oversized URL", format!("GET /{long} HTTP/1.1\r\nHost: localhost\r\n\r\n"), "HTTP/1.1 4"),
        case("an absolute URL", "GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n", ok),
        case("the asterisk", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", ok),
        case("an unusual method", "PURGE / HTTP/1.1\r\nHost: localhost\r\n\r\n", ok),
        case("percent signs and dots", "GET /%zz/../%00/./x HTTP/1.1\r\nHost: localhost\r\n\r\n", ok),
        case("a header of many bytes", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: \xc3\xa9\xff\r\n\r\n".as_slice(), ok),
        case("the old version", "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n", "HTTP/1.0 200 OK\r\n"),
    ]
}

#[test]
fn what_http_forbids_is_refused_and_what_it_allows_is_served() {
    let project = Project::room();
    let emu = project.serve(&[]);
    for Case { what, sent, answer } in cases() {
        let mut raw = Raw::connect(emu.port());
        raw.send(&sent);
        let head = raw.head();
        assert!(head.starts_with(answer), "{what}: {head:?}");
        // The next client is served.
        assert_eq!(emu.get("/").status, 200, "{what}");
    }
    assert_no_panic(&emu);
}

#[test]
fn a_client_that_has_nothing_more_to_send_is_answered() {
    let project = Project::room();
    let emu = project.serve(&[]);
    let mut raw = Raw::connect(emu.port());
    raw.send(b"GET /history HTTP/1.1\r\nHost: localhost\r\n\r\n");
    raw.finish();
    let response = String::from_utf8(raw.rest()).expect("text");
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n") && response.ends_with("\r\n\r\n[]"), "{response:?}");
}

#[test]
fn slow_clients_keep_nobody_waiting() {
    let project = Project::room();
    let emu = project.serve(&[]);
    let mut slow: Vec<Raw> = (0..100).map(|_| Raw::connect(emu.port())).collect();
    for (number, raw) in slow.iter_mut().enumerate() {
        match number % 3 {
            0 => raw.send(b"GET / HT"),
            1 => raw.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "),
            _ => raw.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nhalf of"),
        }
    }
    let since = Instant::now();
    for _ in 0..10 {
        emu.text("/");
    }
    assert_eq!(emu.websocket("/websocket").ask("ping"), "pong");
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    // Those who get on with it are served after all.
    for (number, raw) in slow.iter_mut().enumerate() {
        match number % 3 {
            0 => raw.send(b"TP/1.1\r\nHost: localhost\r\n\r\n"),
            1 => raw.send(b"not so slow\r\n\r\n"),
            _ => raw.send(&[b'x'; 993]),
        }
        let head = raw.head();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{number}: {head:?}");
    }
}

#[test]
fn what_is_not_quite_http_2_ends_the_connection() {
    let project = Project::room();
    let emu = project.serve(&[]);
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice();
    let noise = [0xff; 100].as_slice();
    // A frame of the largest length, and settings that are none.
    let frame = [0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1].as_slice();
    for sent in [preface, &[preface, noise].concat(), &[preface, frame].concat()] {
        let mut raw = Raw::connect(emu.port());
        raw.send(sent);
        raw.finish();
        raw.rest();
        assert_eq!(emu.get("/").status, 200);
    }
    assert_no_panic(&emu);
}

#[test]
fn clients_that_leave_at_any_byte_harm_nobody() {
    let project = Project::room();
    let emu = project.serve(&[]);
    let request = b"GET /websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x81\x84mask";
    for len in 0..=request.len() {
        Raw::connect(emu.port()).send(&request[..len]);
    }
    // Every socket that came to be is found to be lost.
    crate::support::wait_for("the end of the sockets", || {
        let objects = emu.objects();
        objects.iter().all(|object| object["sockets"] == 0).then_some(())
    });
    let mut socket = emu.websocket("/websocket");
    assert!(socket.ask("alone").ends_with("Total connections: 1"));
    assert_no_panic(&emu);
}

#[test]
fn the_control_interface_is_for_this_machine_only() {
    let project = Project::room();
    let emu = project.serve(&[]);
    let table: &[(&[(&str, &str)], u16, &str)] = &[
        (&[], 200, "["),
        (&[("Origin", "http://localhost:1234")], 200, "["),
        (&[("Host", "127.0.0.1")], 200, "["),
        (&[("Host", "evil.example")], 403, "Invalid Host header"),
        (&[("Host", "localhost.evil.example")], 403, "Invalid Host header"),
        (&[("Origin", "https://evil.example")], 403, "Invalid Origin header"),
        (&[("Origin", "null")], 403, "Invalid Origin header"),
    ];
    for (headers, status, body) in table {
        let reply = emu.request("GET", "/cdn-cgi/local/do", headers, b"");
        assert_eq!(reply.status, *status, "{headers:?}");
        assert!(reply.body.starts_with(body), "{headers:?}: {}", reply.body);
    }
    let table: &[(&str, &[u8], u16, &str)] = &[
        ("POST", b"", 400, "{\"error\":\"the command cannot be understood: EOF"),
        ("POST", b"{}", 400, "{\"error\":\"the command cannot be understood: missing field `class`"),
        ("POST", &[b'['; 100_000], 400, "{\"error\":\"the command cannot be understood: "),
        (
            "POST",
            br#"{"class": "Nobody", "object": "x", "verb": "show"}"#,
            400,
            "{\"error\":\"no Durable Object class is called `Nobody`; there is `WebSocketHibernationServer`, `WebSocketServer`",
        ),
        (
            "POST",
            br#"{"class": "WebSocketServer", "object": "x", "verb": "explode"}"#,
            400,
            "{\"error\":\"there is no command `explode` for objects",
        ),
        ("DELETE", b"", 404, "emu has nothing at /cdn-cgi/local/do"),
    ];
    for (method, command, status, body) in table {
        let reply = emu.request(method, "/cdn-cgi/local/do", &[], command);
        assert!(reply.status == *status && reply.body.starts_with(body), "{}: {}", reply.status, reply.body);
    }
    assert_eq!(emu.get("/cdn-cgi/nonsense").status, 404);
}

#[test]
fn a_body_that_nobody_reads_does_not_end_the_connection() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let mut client = Raw::connect(emu.port());
    let body = vec![b'x'; 900_000];
    for _ in 0..2 {
        client.send(b"POST /status/200 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000\r\n\r\n");
        client.send(&body);
        let answer = client.response();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    }
}

fn assert_no_panic(emu: &Emu) {
    assert!(!emu.log().contains("panicked"), "{}", emu.log());
}
