//! `emu test --watch`: what makes tests run again.
//!
//! Invariant: whatever changes what a run would say starts one; what a run writes does not.

use crate::support::{Emu, Project};
use std::fs;

fn test(name: &str, body: &str) -> String {
    format!("import {{ expect, it }} from \"vitest\";\n{body}\nit(\"{name}\", () => expect(1).toMatchSnapshot());\n")
}

/// Does something, and waits for a run that says this.
fn after(emu: &Emu, change: impl FnOnce(), says: &str) {
    let before = emu.log_len();
    change();
    emu.logged_after(before, says);
    emu.logged_after(before, "waiting for a change");
}

#[test]
fn tests_run_again_when_what_they_are_made_of_changes() {
    let project = Project::empty();
    let config = r#"{ "name": "w", "main": "w.js", "compatibility_date": "2026-01-01", "vars": { "NAME": "one" } }"#;
    project.write("wrangler.jsonc", config);
    project.write("w.js", "export default { fetch: () => new Response() };");
    project.write("test/a.test.js", test("a", ""));
    let emu = project.spawn(&["test", "--watch", "--calm", "-c", "wrangler.jsonc"]);
    emu.logged("1 passed");
    emu.logged("waiting for a change");

    let write = |name: &str, text: &str| project.write(name, text);
    after(&emu, || write("test/b.test.js", &test("b", "")), "2 passed");
    after(&emu, || write("test/deep/c.test.js", &test("c", "")), "3 passed");
    let rename = || fs::rename(project.path("test/b.test.js"), project.path("test/d.test.js")).expect("a file");
    after(&emu, rename, "test/d.test.js › b");
    after(&emu, || fs::remove_file(project.path("test/d.test.js")).expect("a file"), "2 passed");
    // What did not bundle is bundled again, also when what was missing comes.
    after(&emu, || write("test/a.test.js", &test("a", "import \"./help.js\";")), "1 file cannot be run");
    after(&emu, || write("test/help.js", "export {};"), "2 passed");
    after(&emu, || write("test/help.js", "throw new Error(\"no help\");"), "no help");
    after(&emu, || write("test/help.js", "export {};"), "2 passed");
    // The configuration, with errors and without.
    after(&emu, || project.replace("\"main\"", "\"man\": 1, \"main\""), "field: \"man\"");
    after(&emu, || project.replace("\"vars\"", "\"vars"), "error");
    after(&emu, || write("wrangler.jsonc", config), "2 passed");
    let without = || fs::rename(project.path("wrangler.jsonc"), project.path("gone")).expect("a file");
    after(&emu, without, "there is no file `wrangler.jsonc`");
    let again = || fs::rename(project.path("gone"), project.path("wrangler.jsonc")).expect("a file");
    after(&emu, again, "2 passed");
    // Snapshots were written meanwhile; nobody has changed anything since.
    assert!(project.path("test/deep/__snapshots__/c.test.js.snap").is_file());
    assert!(emu.log().trim_end().ends_with("waiting for a change"), "{}", emu.log());
}

#[test]
fn scenarios_run_again_when_their_worker_changes() {
    let project = Project::empty();
    project.write("wrangler.jsonc", r#"{ "name": "w", "main": "w.js", "compatibility_date": "2026-01-01" }"#);
    let answers =
        |text: &str| project.write("w.js", format!("export default {{ fetch: () => new Response({text}) }};"));
    answers("\"hello\"");
    let steps = r#"[{ "fetch": { "path": "/" }, "expect": { "body": "hello" } }]"#;
    project.write("talk/scenario.jsonc", format!(r#"{{ "worker": "../wrangler.jsonc", "steps": {steps} }}"#));
    let emu = project.spawn(&["test", "--watch", "--calm", "talk"]);
    emu.logged("1 passed");
    emu.logged("waiting for a change");
    after(&emu, || answers("\"good-bye\""), "1 failed");
    after(&emu, || answers("\"hello"), "1 file cannot be run");
    after(&emu, || answers("\"hello\""), "1 passed");
}
