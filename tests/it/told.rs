//! What `emu test` tells of a failure: what led to it, where in the sources, who waits for whom; and that no name of a test
//! breaks it.
//!
//! Invariant: what is asserted is read from standard output or from the files that are kept, as a reader would.

use crate::support::Project;

const WORKER: &str = r#"
import { DurableObject } from "cloudflare:workers";

export default {
    fetch: (request: Request, env: any) => env.ROOM.getByName("a").fetch(request),
};

export class Room extends DurableObject<any> {
    messages = 0;

    async fetch(request: Request) {
        const { pathname } = new URL(request.url);
        if (pathname === "/throw") {
            throw new TypeError("no such thing");
        }
        if (pathname === "/wait") {
            return new Promise<Response>(() => {});
        }
        if (pathname === "/other") {
            return this.ctx.blockConcurrencyWhile(() => this.env.ROOM.getByName("b").fetch("https://x/back"));
        }
        if (pathname === "/back") {
            return this.env.ROOM.getByName("a").fetch("https://x/");
        }
        this.messages += 1;
        await this.ctx.storage.put("messages", this.messages);
        return Response.json(this.messages);
    }
}
"#;

const HEAD: &str = "import { SELF } from 'cloudflare:test';\nimport { expect, it } from 'vitest';\n";

fn project(tests: &str) -> Project {
    let project = Project::empty();
    let config = r#"{ "name": "rooms", "main": "src/index.ts", "compatibility_date": "2026-01-01",
        "durable_objects": { "bindings": [{ "name": "ROOM", "class_name": "Room" }] },
        "migrations": [{ "tag": "v1", "new_sqlite_classes": ["Room"] }] }"#;
    project.write("wrangler.jsonc", config);
    project.write("src/index.ts", WORKER);
    project.write("test/room.test.ts", format!("{HEAD}{tests}"));
    project
}

fn emu(project: &Project, args: &[&str]) -> String {
    let output = project.command(args).output().expect("emu runs");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn a_report_ends_with_the_failure_and_names_the_lines_of_the_worker() {
    let project = project(
        r#"
it("counts", async () => {
    for (let count = 1; count < 40; count += 1) {
        const response = await SELF.fetch("https://x/");
        expect(await response.json()).toBe(count);
    }
});
"#,
    );
    let text = emu(&project, &["test", "--seed", "1", "--seeds", "5", "--faults", "evict", "--save", "kept"]);
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("    0.0")).collect();
    assert!(rows.len() > 5 && rows.len() < 60, "{text}");
    assert!(rows.iter().any(|row| row.contains("put messages 1  src/index.ts:26")), "{text}");
    let last = rows.last().expect("a row");
    assert!(last.contains("the test fails  test/room.test.ts:7"), "{text}");
    let answer = rows[rows.len() - 2];
    assert!(answer.contains("answers 200 \"1\"  src/index.ts:27"), "{text}");
    assert!(text.contains("first difference from the calm run: event"), "{text}");
    assert!(text.contains("Room/a: put messages 1\n    calm it was: Room/a: put messages "), "{text}");
    for noise in ["emu-test", "asks the world", "sleeps", "\"results\"", "emu:world"] {
        assert!(!text.contains(noise), "{noise}: {text}");
    }
    let kept = std::fs::read_to_string(project.folder().join("kept/timeline.txt")).expect("it is kept");
    assert!(!kept.contains("rows are left out") && kept.contains("answers 200 \"1\"  src/index.ts:27"), "{kept}");
}

#[test]
fn an_error_of_the_worker_has_its_place() {
    let project = project("it('asks', async () => {\n    await SELF.fetch('https://x/throw');\n});\n");
    let text = emu(&project, &["test", "--calm"]);
    for part in [
        "TypeError: no such thing",
        "--> src/index.ts:14:",
        "at fetch (src/index.ts:14:",
        "at <anonymous> (test/room.test.ts:4:16), which waited for it",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_deadlock_says_who_waits_for_whom() {
    let tests = r#"
it("passes", async () => expect((await SELF.fetch("https://x/")).status).toBe(200));
it("never ends", () => new Promise(() => {}));
it("polls", async () => void (await SELF.fetch("https://x/wait")));
it("goes round", async () => void (await SELF.fetch("https://x/other")));
"#;
    let text = emu(&project(tests), &["test", "--calm"]);
    for part in [
        "3 failed, 1 passed",
        "test \"never ends\" (test/room.test.ts:5) waits for a promise that nothing settles any more",
        "test \"polls\" (test/room.test.ts:6) waits for a request to `https://x/wait` of the worker `rooms`",
        "worker rooms waits for Room/a (fetch https://x/wait)  src/index.ts:5",
        "Room/a waits for a promise that nothing settles any more, to end GET https://x/wait",
        "Room/a waits for Room/b (fetch https://x/back)  src/index.ts:20",
        "Room/b waits for Room/a (fetch https://x/)  src/index.ts:23",
        "an event for Room/a waits for the end of `blockConcurrencyWhile()` in Room/a",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn thrown_things_are_told_with_what_they_are() {
    let tests = r#"
it("an object", () => { throw { a: 1 }; });
it("a cause", () => { throw new Error("outer", { cause: new TypeError("inner") }); });
it("much", () => { throw new Error("y".repeat(1_000_000)); });
"#;
    let text = emu(&project(tests), &["test", "--calm"]);
    for part in ["thrown: {\"a\":1}", "Error: outer\n  caused by TypeError: inner  test/room.test.ts:5", " bytes more"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(text.len() < 50_000, "{}", text.len());
}

#[test]
fn a_rerun_pasted_into_a_shell_runs_one_test() {
    let names = [r"-v prints", "/a|b/", "", "a", "it's $HOME `x` !", r"\u001b[31mred\nline 'q'"];
    let tests: String = names.iter().map(|name| format!("it(\"{name}\", () => expect(1).toBe(2));\n")).collect();
    let project = project(&tests);
    let text = emu(&project, &["test", "--calm"]);
    assert!(!text.contains('\u{1b}') && text.contains(r"\u001b[31mred\nline"), "{text}");
    let reruns: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("  rerun  emu ")).collect();
    assert_eq!(reruns.len(), names.len(), "{text}");
    let command = project.command(&[]);
    for rerun in reruns {
        let mut shell = std::process::Command::new("bash");
        let line = format!("{} {rerun} --reporter tap", env!("CARGO_BIN_EXE_emu"));
        shell.args(["-c", &line]).current_dir(project.folder()).env_clear();
        shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = shell.output().expect("bash");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        // Times are those of the world, from its start, not of the calendar.
        assert!(
            said.contains("\n1..1\n") && !said.contains("20089"),
            "{rerun}: {said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn annotations_are_at_paths_of_the_checkout() {
    let project = project("it('adds', () => expect(1 + 1).toBe(3));\n");
    let folder = project.folder();
    let mut command = project.command(&["test", "--calm", "--reporter", "github"]);
    let output = command.env("GITHUB_WORKSPACE", folder.parent().expect("a folder")).output().expect("emu runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let name = folder.file_name().expect("a name").to_string_lossy();
    assert!(text.contains(&format!("::error file={name}/")) && text.contains(",line="), "{text}");
}

#[test]
fn reporters_count_files_that_cannot_be_run() {
    let project = project("import 'nothing-there';\n");
    let text = emu(&project, &["test", "--reporter", "github"]);
    assert!(text.contains("0 failed, 0 passed, 1 file cannot be run in 0 runs"), "{text}");
}
