//! The same things over and over.
//!
//! Invariant: what is over leaves nothing behind: no memory, no file, no thread.

use crate::support::{Emu, Project};
use serde_json::json;
use std::fs;

/// One of everything, on objects that stay the same.
fn round(emu: &Emu, number: u64) {
    let object = format!("o{}", number % 7);
    let url = emu.url("/echo/fetched");
    emu.in_worker(&json!([
        { "stub": { "name": object, "steps": [{ "kv": { "put": ["k", number] } }, { "sleep": 1 }, { "kv": { "get": "k" } }] } },
        { "stub": { "class": "Built", "name": "ok", "steps": ["events"] } },
        { "together": [[{ "sleep": 1 }], [{ "wait_until": [{ "sleep": 1 }] }]] },
    ]));
    emu.in_object(
        &object,
        &json!([{ "alarm": { "in_ms": 1 } }, { "fetch": { "url": url } }, { "spawn": [{ "sleep": 1 }] }]),
    );
    emu.post("/stream/through", &[7; 100_000]);
    emu.script(
        &format!("/object/{object}/script"),
        &json!([{ "kv": { "put": ["lost", 1] } }, { "panic": "on purpose" }]),
    );
    for path in ["ws", "ws?api=standard"] {
        let mut socket = emu.websocket(&format!("/object/{object}/{path}"));
        assert_eq!(socket.ask("x"), "x");
        if number.is_multiple_of(2) {
            socket.close(1000, "");
        }
    }
    // A client that does not wait for its answer.
    crate::support::Raw::connect(emu.port())
        .send(b"GET /stream/zeros?bytes=10000000 HTTP/1.1\r\nHost: localhost\r\n\r\n");
}

#[test]
fn what_is_over_leaves_nothing_behind() {
    let project = Project::probe();
    let emu = project.serve(&["--hibernate", "after-every-event", "--log-format", "quiet"]);
    // Caches and the allocator fill up first.
    (0..150).for_each(|number| round(&emu, number));
    let (memory, files) = used(&emu);
    (0..300).for_each(|number| round(&emu, number));
    let (memory_after, files_after) = used(&emu);
    let grown = memory_after.saturating_sub(memory);
    assert!(grown < 4 * 1024, "{grown} KiB more after 300 rounds, from {memory} KiB");
    assert!(files_after <= files + 4, "{files_after} open files, {files} before");
}

/// Memory in use, in KiB, and open files.
fn used(emu: &Emu) -> (u64, usize) {
    let status = fs::read_to_string(format!("/proc/{}/status", emu.pid())).expect("the process is there");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a size");
    let kib = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number");
    (kib, fs::read_dir(format!("/proc/{}/fd", emu.pid())).expect("the process is there").count())
}
