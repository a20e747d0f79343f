//! Custom builds.
//!
//! Invariant: what the build says is seen, what it makes is served, and it never outlives emu.

use crate::support::{LIMIT, Project, wait_for};
use rustix::process::Signal;
use std::fs;
use std::time::{Duration, Instant};

/// A project whose worker is made by this command from `source/worker.wasm`.
fn built_by(command: &str) -> Project {
    let project = Project::probe();
    fs::create_dir(project.path("source")).expect("a folder");
    fs::rename(project.path("worker.wasm"), project.path("source/worker.wasm")).expect("a worker");
    let build = format!(r#""build": {{ "command": "{command}", "watch_dir": "source" }}, "main""#);
    project.replace("\"main\"", &build);
    project
}

#[test]
fn a_build_runs_at_the_start_and_when_its_sources_change() {
    let project = built_by("echo it is built by $WRANGLER_COMMAND && cp source/worker.wasm worker.wasm");
    let emu = project.serve(&[]);
    emu.logged("Running custom build: echo it is built");
    emu.logged("it is built by dev");
    let log = emu.log_len();
    project.write("source/new.rs", "// anything");
    emu.logged_after(log, "it is built by dev");
    emu.logged_after(log, "Local server updated and ready");
    assert_eq!(emu.text("/env/GREETING"), "hello");
    // Nothing has changed since, so nothing is built.
    let log = emu.log_len();
    assert_eq!(emu.text("/env/GREETING"), "hello");
    assert!(!emu.log().lines().skip(log).any(|line| line.contains("it is built")), "{}", emu.log());
}

#[test]
fn a_build_that_fails_is_an_error_at_the_start_and_a_remark_later() {
    let project = built_by("echo oh no; test -f source/worker.wasm && cp source/worker.wasm worker.wasm");
    let emu = project.serve(&[]);
    let log = emu.log_len();
    fs::rename(project.path("source/worker.wasm"), project.path("source/gone")).expect("a worker");
    emu.logged_after(log, "the custom build failed: exit status: 1");
    assert_eq!(emu.text("/env/GREETING"), "hello");
    emu.stop();
    let ended = project.run(&["serve", "--port", "0"]);
    assert_eq!(ended.code, Some(1), "{}", ended.text);
    assert!(
        ended.text.contains("oh no") && ended.text.contains("error: the custom build failed: exit status: 1"),
        "{}",
        ended.text
    );
}

#[test]
fn a_build_ends_with_emu() {
    let project = built_by("echo $$ > pid; sleep 60");
    let mut starting = project.spawn(&["serve", "--port", "0"]);
    starting.logged("Running custom build:");
    let pid = wait_for("the build", || fs::read_to_string(project.path("pid")).ok().filter(|pid| pid.ends_with('\n')));
    let since = Instant::now();
    starting.signal(Signal::TERM);
    starting.exit_code(LIMIT);
    assert!(since.elapsed() < Duration::from_secs(3), "{:?}", since.elapsed());
    let process = format!("/proc/{}", pid.trim());
    wait_for("the end of the build", || fs::metadata(&process).is_err().then_some(()));
}
