//! Bodies, in both directions.
//!
//! Invariant: a body passes through in pieces, whole and in order, whatever its size; nobody buffers it.

use crate::support::{Emu, Project, Raw};
use serde_json::json;
use std::fs;
use std::io::{ErrorKind, Read};
use std::thread;
use std::time::{Duration, Instant};

const MIB: usize = 1024 * 1024;

/// The most memory that the process has used so far, in bytes.
fn peak_memory(emu: &Emu) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", emu.pid())).expect("the process is there");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("a peak");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<usize>().ok()).expect("a number") * 1024
}

/// Sends a body of so many bytes and reads the response at the same time; gives the number of bytes that came back, and
/// their sum.
fn pass_through(emu: &Emu, path: &str, size: usize) -> (usize, u64) {
    let mut raw = Raw::connect(emu.port());
    let mut sender = raw.another();
    raw.send(format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n").as_bytes());
    thread::scope(|scope| {
        scope.spawn(move || {
            let (mut body, mut buffer) = (Pattern { left: size }, vec![0; MIB]);
            while let Ok(read @ 1..) = body.read(&mut buffer) {
                sender.send(&buffer[..read]);
            }
        });
        let head = raw.head();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{path}: {head}");
        let (mut count, mut sum) = (0, 0);
        let mut add = |bytes: &[u8]| {
            sum = bytes.iter().fold(sum, |sum, byte| sum + u64::from(*byte));
            count += bytes.len();
        };
        match head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()) {
            Some(length) => add(&raw.read(length).expect("the whole body")),
            None => {
                while let Some(chunk) = raw.chunk() {
                    add(&chunk);
                }
            }
        }
        (count, sum)
    })
}

/// Bytes that can be told from zeros.
struct Pattern {
    left: usize,
}

impl Pattern {
    fn sum(size: usize) -> u64 {
        (0..size).map(|n| (n % 251) as u64).sum()
    }
}

impl Read for Pattern {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = buffer.len().min(self.left);
        for (index, byte) in buffer[..count].iter_mut().enumerate() {
            *byte = ((self.left - index - 1) % 251) as u8;
        }
        self.left -= count;
        Ok(count)
    }
}

#[test]
fn a_large_body_passes_through_with_little_memory() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    emu.in_worker(&json!(["now"]));
    let before = peak_memory(&emu);
    let size = 64 * MIB;
    let reply = emu.request("POST", "/stream/count", &[], &vec![1; size]);
    let counted = reply.json();
    assert_eq!((&counted["bytes"], &counted["sum"]), (&json!(size), &json!(size)), "{counted}");
    let reply = emu.request("POST", "/object/a/count", &[], &vec![2; size]);
    assert_eq!(reply.json()["sum"], json!(2 * size), "to an object");
    let zeros = emu.agent.get(emu.url(&format!("/stream/zeros?bytes={size}"))).call().expect("a response");
    let mut reader = zeros.into_body().into_with_config().limit(u64::MAX).reader();
    assert_eq!(std::io::copy(&mut reader, &mut std::io::sink()).expect("a body"), size as u64);
    for path in ["/stream/through", "/stream/forward"] {
        assert_eq!(pass_through(&emu, path, size), (size, Pattern::sum(size)), "{path}");
    }
    let grown = peak_memory(&emu) - before;
    assert!(grown < 24 * MIB, "{} MiB more for bodies of {} MiB", grown / MIB, size / MIB);
}

#[test]
fn a_body_comes_back_as_it_was_sent() {
    let project = Project::probe();
    let emu = project.serve(&["--lanes", "2"]);
    for path in ["/stream/through", "/stream/forward"] {
        for size in [1, 65_536, 65_537, 1_000_003] {
            assert_eq!(pass_through(&emu, path, size), (size, Pattern::sum(size)), "{path}: {size} bytes");
        }
    }
    // Two readers of one body both get all of it.
    let reply = emu.post("/stream/twice", &vec![7; 300_000]);
    assert_eq!(reply.json(), json!([300_000, 300_000]));
}

#[test]
fn a_body_flows_back_while_it_is_still_sent() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    for path in ["/stream/through", "/stream/forward"] {
        let mut raw = Raw::connect(emu.port());
        raw.send(format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n").as_bytes());
        raw.send(b"5\r\nfirst\r\n");
        assert!(raw.head().starts_with("HTTP/1.1 200 OK\r\n"), "{path}");
        assert_eq!(raw.read(10).as_deref(), Some(&b"5\r\nfirst\r\n"[..]), "{path}");
        raw.send(b"6\r\nsecond\r\n");
        assert_eq!(raw.read(11).as_deref(), Some(&b"6\r\nsecond\r\n"[..]), "{path}");
        raw.send(b"0\r\n\r\n");
        assert_eq!(raw.read(5).as_deref(), Some(&b"0\r\n\r\n"[..]), "{path}");
    }
}

#[test]
fn a_client_that_does_not_read_stops_the_stream_rather_than_filling_memory() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    emu.in_worker(&json!(["now"]));
    let before = peak_memory(&emu);
    let clients: Vec<Raw> = (0..10)
        .map(|_| {
            let mut raw = Raw::connect(emu.port());
            raw.send(b"GET /stream/zeros?bytes=1000000000 HTTP/1.1\r\nHost: localhost\r\n\r\n");
            assert!(raw.head().starts_with("HTTP/1.1 200 OK\r\n"));
            raw
        })
        .collect();
    // Others are served meanwhile.
    let since = Instant::now();
    for _ in 0..20 {
        emu.in_worker(&json!(["now"]));
    }
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    let grown = peak_memory(&emu) - before;
    assert!(grown < 64 * MIB, "{} MiB for clients that do not read", grown / MIB);
    drop(clients);
    assert_eq!(emu.in_worker(&json!(["now"])).as_array().map(Vec::len), Some(1));
}

#[test]
fn a_stream_that_breaks_ends_the_response_early_and_visibly() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    for path in ["/stream/zeros?bytes=300000&break_after=65536", "/stream/fixed?bytes=1000&promised=2000"] {
        let mut raw = Raw::connect(emu.port());
        raw.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes());
        let head = raw.head();
        let body = raw.rest();
        let whole = match head.contains("transfer-encoding: chunked") {
            true => body.ends_with(b"0\r\n\r\n"),
            false => head.contains(&format!("content-length: {}\r\n", body.len())),
        };
        assert!(!whole, "{path}: {head}{} bytes", body.len());
    }
    assert_eq!(emu.get("/stream/fixed?bytes=100000").body.len(), 100_000);
}

#[test]
fn a_client_that_goes_away_in_the_middle_of_a_body_is_noticed() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    for path in ["/stream/count", "/object/a/count", "/stream/through", "/stream/forward"] {
        let mut raw = Raw::connect(emu.port());
        raw.send(format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nabc").as_bytes());
        drop(raw);
    }
    // Nothing of them keeps the object in memory.
    crate::support::wait_for("the end of the requests", || {
        let objects = emu.objects();
        objects.iter().all(|object| object["state"] == "idle").then_some(())
    });
    assert!(!emu.log().contains("thread '"), "{}", emu.log());
}

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
    let redirect = other.url("/redirect?to=/status/200").replace("/status", &format!("{}", other.url("/status")));
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
