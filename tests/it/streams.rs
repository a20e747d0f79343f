//! Bodies, in both directions.
//!
//! Invariant: a body passes through in pieces, whole and in order, whatever its size; nobody buffers it.

use crate::support::{Emu, Project, Raw};
use serde_json::json;
use std::fs;
use std::io::Read;
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
pub(crate) fn pass_through(emu: &Emu, path: &str, size: usize) -> (usize, u64) {
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
pub(crate) struct Pattern {
    left: usize,
}

impl Pattern {
    pub(crate) fn sum(size: usize) -> u64 {
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
fn a_client_may_ask_whether_to_send_its_body() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let mut raw = Raw::connect(emu.port());
    raw.send(b"POST /stream/count HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    assert_eq!(raw.head(), "HTTP/1.1 100 Continue\r\n\r\n");
    raw.send(b"abc");
    let response = raw.response();
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n") && response.contains(r#""bytes":3,"#), "{response}");
}

#[test]
fn a_body_that_breaks_the_protocol_is_an_error_to_its_reader() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    for path in ["/stream/count", "/object/a/count"] {
        let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
        for body in ["zz\r\n", "3\r\nabcdef\r\n", "ffffffffffffffffff\r\n"] {
            let mut raw = Raw::connect(emu.port());
            raw.send((head.clone() + body).as_bytes());
            let answer = raw.head();
            assert!(
                answer.starts_with("HTTP/1.1 500 ") || answer.starts_with("HTTP/1.1 400 "),
                "{path} {body:?}: {answer:?}"
            );
        }
    }
    // Trailers are no part of the body.
    let mut raw = Raw::connect(emu.port());
    raw.send(b"POST /stream/count HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Late: 1\r\n\r\n");
    assert!(raw.response().contains(r#""bytes":3,"#));
}

#[test]
fn requests_sent_together_are_answered_in_order() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let mut raw = Raw::connect(emu.port());
    let slow = json!([{ "sleep": 50 }]).to_string();
    raw.send(
        format!(
            "POST /script HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{slow}\
             GET /status/404 HTTP/1.1\r\nHost: localhost\r\n\r\nGET /env/GREETING HTTP/1.1\r\nHost: localhost\r\n\r\n",
            slow.len()
        )
        .as_bytes(),
    );
    let statuses = [0; 3].map(|_| raw.response()[9..12].to_owned());
    assert_eq!(statuses, ["200", "404", "200"]);
}
