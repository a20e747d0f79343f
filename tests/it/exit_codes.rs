//! What `emu test` and `emu replay` exit with.
//!
//! Invariant: every exit code of the reference (harness §10) is here.

use crate::support::Project;
use rustix::process::Signal;
use std::fs;
use std::time::Duration;

const TEST: &str = r#"
import { SELF } from "cloudflare:test";
import { expect, it } from "vitest";

it("answers", async () => {
    const response = await SELF.fetch("https://example.com/");
    expect(await response.text()).toBe("hello");
});
"#;

fn project(answer: &str) -> Project {
    let project = Project::empty();
    project.write("wrangler.jsonc", r#"{ "name": "w", "main": "w.js", "compatibility_date": "2026-01-01" }"#);
    project.write("w.js", format!("export default {{ fetch: () => new Response(\"{answer}\") }};"));
    project.write("a.test.js", TEST);
    project
}

fn emu(project: &Project, args: &[&str]) -> (i32, String) {
    let output = project.command(args).output().expect("emu runs");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn tests_pass_fail_cannot_be_run_or_are_not_there() {
    for (answer, args, expected) in [
        ("hello", &["test", "--calm"][..], 0),
        ("good-bye", &["test", "--calm"], 1),
        ("hello", &["test", "--calm", "--seed", "1"], 0),
        ("good-bye", &["test", "--calm", "--seed", "1"], 1),
        ("hello", &["test", "--calm", "--seed", "1:calm"], 2),
        ("hello", &["test", "--reporter", "junit="], 2),
        ("hello", &["test", "--list"], 0),
        ("hello", &["test", "--list", "-t", "nobody"], 4),
        ("hello", &["test", "--calm", "-c", "gone.jsonc"], 2),
        ("hello", &["test", "--calm", "nowhere"], 4),
        ("hello", &["test", "--calm", "-t", "nobody"], 4),
    ] {
        let (code, text) = emu(&project(answer), args);
        assert_eq!(code, expected, "{answer} {args:?}: {text}");
        assert!(code != 4 || text.starts_with("error: "), "{args:?}: nothing is told before that: {text}");
    }
}

#[test]
fn a_run_that_is_not_what_was_kept_is_3() {
    let project = project("good-bye");
    assert_eq!(emu(&project, &["test", "--calm", "--trace", "a.emutrace", "--save", "saved"]).0, 1);
    let trace = fs::read_to_string(project.path("a.emutrace")).expect("a trace");
    // As if the run had decided something by what emu does not know of: its fourth event is another one.
    let mut lines: Vec<String> = trace.lines().map(str::to_owned).collect();
    assert!(lines[4].contains("\"text\":\"answers 200"), "{trace}");
    let digest = lines[0].split("\"digest\":\"").nth(1).and_then(|rest| rest.get(..16)).expect("a digest").to_owned();
    lines[0] = lines[0].replace(&digest, "0123456789abcdef");
    lines[4] = lines[4].replace("answers 200", "answers 500");
    project.write("b.emutrace", lines.join("\n"));
    let (code, text) = emu(&project, &["replay", "b.emutrace"]);
    assert_eq!(code, 3, "{text}");
    for says in [
        &format!("error: the run ended with digest {digest}, not 0123456789abcdef"),
        "event 4 was: send answers 500",
        "event 4 is:  send answers 200",
    ] {
        assert!(text.contains(says), "{says} in\n{text}");
    }
    let rerun = fs::read_to_string(project.path("saved/rerun.json")).expect("what runs it again");
    project.write("saved/rerun.json", rerun.replace(&digest, "0123456789abcdef"));
    assert_eq!(emu(&project, &["replay", "saved"]).0, 3);
}

#[test]
fn what_was_kept_is_found_from_everywhere() {
    let project = project("good-bye");
    assert_eq!(emu(&project, &["test", "--calm", "--trace", "a.emutrace", "--save", "deep/saved"]).0, 1);
    let config = format!("rerun  emu test -c {}", project.path("wrangler.jsonc").display());
    for (path, rerun) in [("a.emutrace", "rerun  emu replay "), ("deep/saved", config.as_str())] {
        for verb in ["replay", "shrink", "replay"] {
            let path = project.path(path).display().to_string();
            let output = project.command(&[verb, &path]).current_dir("/").output().expect("emu runs");
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(text.contains(rerun) && text.contains("a.test.js"), "{verb} {path}: {output:?}");
        }
    }
    let output = project.command(&["test"]).current_dir("/").output().expect("emu runs");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), text.contains("-c path/to/wrangler.jsonc")), (Some(2), true), "{text}");
}

#[test]
fn other_code_is_compared_without_being_an_error() {
    let project = project("good-bye");
    assert_eq!(emu(&project, &["test", "--calm", "--trace", "a.emutrace"]).0, 1);
    let config = fs::read_to_string(project.path("wrangler.jsonc")).expect("a configuration");
    for (folder, answer, expected, says) in [
        ("same", "good-bye", 1, "the two runs are the same"),
        ("new", "hello", 0, "is:  send answers 200 \"hello\""),
        ("worse", "what?", 1, "is:  send answers 200 \"what?\""),
    ] {
        project.write(&format!("{folder}/wrangler.jsonc"), &config);
        project
            .write(&format!("{folder}/w.js"), format!("export default {{ fetch: () => new Response(\"{answer}\") }};"));
        let (code, text) = emu(&project, &["replay", "a.emutrace", "--against", folder]);
        assert_eq!(code, expected, "{folder}: {text}");
        assert!(text.contains(says), "{folder}: {says} in\n{text}");
    }
}

#[test]
fn what_emu_itself_cannot_do_is_70() {
    let project = project("hello");
    // With the three files that every process has, and one that its libraries are read by, there is no event loop.
    let limited = format!("exec 3>&- 4>&- 5>&- 6>&- 7>&-; ulimit -n 5; exec {} test --calm", env!("CARGO_BIN_EXE_emu"));
    let output = std::process::Command::new("/bin/sh")
        .args(["-c", &limited])
        .current_dir(project.folder())
        .output()
        .expect("a shell");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(70), "{text}");
    assert!(text.contains("the event loop cannot be started"), "{text}");
}

#[test]
fn what_is_interrupted_is_130() {
    let project = project("hello");
    for signal in [Signal::INT, Signal::TERM] {
        let mut emu = project.spawn(&["test", "--budget", "1h"]);
        emu.logged("1 test in 1 file");
        emu.signal(signal);
        assert_eq!(emu.exit_code(Duration::from_secs(10)), Some(130), "{signal:?}");
    }
}
