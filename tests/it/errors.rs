//! Errors of workers as people see them: in the browser, in a terminal that asks, in the log.
//!
//! Invariant: places are those of the source as its author wrote it.

use crate::support::{Project, repository};
use std::fs;

const BROWSER: [(&str, &str); 2] = [("accept", "text/html,*/*;q=0.8"), ("user-agent", "Mozilla/5.0")];

/// The worker of `fixtures/errors`.
fn failing() -> Project {
    let project = Project::empty();
    let fixture = repository().join("fixtures/errors");
    fs::create_dir(project.path("src")).expect("the project's folder can be written");
    for name in ["wrangler.jsonc", "src/index.ts", "src/deep.ts"] {
        project.write(name, fs::read(fixture.join(name)).expect("a file of the fixture"));
    }
    project
}

#[test]
fn a_page_shows_the_error_its_source_and_the_request() {
    let project = failing();
    let emu = project.serve(&[]);
    let page = emu.request("GET", "/deep?q", &[&BROWSER[..], &[("x-mine", "<i>")]].concat(), b"");
    assert_eq!((page.status, page.header("content-type")), (500, Some("text/html;charset=utf-8")));
    let shown = page.body.split("<main>").nth(1).expect("the page's content");
    for part in [
        "of undefined</h1>",
        "--&gt; src/deep.ts:5:",
        "5 |     return thing.inner!.value;",
        "at deep (src/deep.ts:5:",
        "src/index.ts:23:",
        &format!("GET {}", emu.url("/deep?q")),
        "<tr><th>x-mine<td>&lt;i&gt;",
    ] {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
    let hostile = emu.request("GET", "/hostile", &BROWSER, b"");
    assert!(hostile.body.contains("&lt;script&gt;") && !hostile.body.contains("<script"), "{}", hostile.body);
}

#[test]
fn others_get_the_stack_as_text() {
    let project = failing();
    let emu = project.serve(&[]);
    for headers in [[("accept", "*/*"), ("user-agent", "curl/8.5.0")], [("accept", "application/json"), BROWSER[1]]] {
        let reply = emu.request("GET", "/deep", &headers, b"");
        assert_eq!((reply.status, reply.header("content-type")), (500, Some("text/plain;charset=UTF-8")));
        let lines: Vec<&str> = reply.body.lines().collect();
        assert!(lines[0].starts_with("TypeError: "), "{}", reply.body);
        assert!(lines[1].starts_with("    at deep (src/deep.ts:5:"), "{}", reply.body);
        assert!(!reply.body.contains("worker.js") && !reply.body.contains("emu:"), "{}", reply.body);
    }
    assert_eq!(emu.get("/string").body.lines().next(), Some("Error: no error at all"));
    // An error of an object that nobody catches is shown with its place in the object's code.
    let room = emu.get("/room");
    assert!(room.body.starts_with("RangeError: thrown in the room\n    at "), "{}", room.body);
    assert!(room.body.contains("src/index.ts:14:"), "{}", room.body);
    // The server and the worker go on.
    assert_eq!(emu.text("/"), "fine");
}

#[test]
fn the_log_tells_of_every_error_that_nobody_caught() {
    let project = failing();
    let emu = project.serve(&[]);
    let cases: [(&str, &[&str]); 6] = [
        ("/deep", &["✘ [ERROR] Uncaught TypeError: ", "    at deep (src/deep.ts:5:", "  while answering GET http://"]),
        ("/room", &["✘ [ERROR] Uncaught RangeError: thrown in the room", "src/index.ts:14:", "  in fetch() of Room/a"]),
        (
            "/room/alarm",
            &["✘ [ERROR] Uncaught Error: thrown in the alarm", "src/index.ts:18:", "  in alarm() of Room/a"],
        ),
        (
            "/late",
            &[
                "✘ [ERROR] Uncaught TypeError: thrown late",
                "src/index.ts:32:",
                "  in a promise given to waitUntil() of the worker `errors`",
            ],
        ),
        ("/unhandled", &["✘ [ERROR] Uncaught (in promise) Error: nobody looks", "src/index.ts:37:"]),
        ("/logged", &["✘ [ERROR] Error: only logged", "src/index.ts:40:"]),
    ];
    for (path, lines) in cases {
        let log = emu.log_len();
        emu.get(path);
        for line in lines {
            emu.logged_after(log, line);
        }
    }
}
