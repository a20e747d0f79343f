//! CommonJS modules that are not bundled: what they see and what `require` answers, beside workerd.
//!
//! Invariant: says nothing about what is right; workerd does.

use crate::support::{Project, Workerd, agent, exchange};
use serde_json::Value;

const FILES: &[(&str, &str)] = &[
    (
        "src/worker.js",
        r#"import probes, * as namespace from "./probes.cjs";
        export default {
            async fetch() {
                const later = await import("./sibling.cjs");
                return Response.json({ probes, keys: Object.keys(namespace), later: later.default });
            },
        };"#,
    ),
    (
        "src/probes.cjs",
        r#"const attempt = (run) => { try { return run(); } catch (error) { return `${error}`; } };
        const shown = (value) => `${Object.prototype.toString.call(value)} ${Object.keys(Object(value))}`;
        let count = 0;
        const probes = {
            this: attempt(() => this === globalThis),
            module: [shown(module), module.path, module.exports === exports, typeof require, require.name, require.length],
            paths: [__filename, __dirname],
            globals: [typeof global, typeof process],
            sibling: attempt(() => require("./sibling.cjs")),
            bare: attempt(() => require("sibling.cjs") === require("./sibling.cjs")),
            inFolder: attempt(() => require("./folder/deep.cjs")),
            cycle: attempt(() => require("./cycle.cjs")),
            self: attempt(() => require("./probes.cjs") === exports),
            text: attempt(() => require("./words.txt")),
            data: attempt(() => shown(require("./bytes.bin"))),
            module_: attempt(() => require("./module.mjs")),
            onlyNamed: attempt(() => typeof require("./named.mjs")),
            awaits: [attempt(() => require("./awaits.mjs")), attempt(() => require("./awaits.mjs"))],
            thrown: [attempt(() => require("./throws.cjs")), attempt(() => require("./throws.cjs"))],
            missing: ["./missing.cjs", "missing", "./sibling", "./folder/../no.cjs", 1].map((name) => attempt(() => require(name))),
            nothing: attempt(() => require()),
            node: attempt(() => typeof require("node:path").join),
        };
        module.exports = probes;"#,
    ),
    ("src/sibling.cjs", "exports.one = 1; exports.default = 2; return; exports.never = 3;"),
    (
        "src/folder/deep.cjs",
        r#"module.exports = [require("../sibling.cjs").one, require("./beside.cjs"), __filename, __dirname];"#,
    ),
    ("src/folder/beside.cjs", r#""use strict"; module.exports = typeof this;"#),
    ("src/cycle.cjs", r#"exports.early = 1; exports.seen = require("./cycle_back.cjs"); exports.late = 2;"#),
    ("src/cycle_back.cjs", r#"module.exports = Object.keys(require("./cycle.cjs"));"#),
    ("src/words.txt", "words"),
    ("src/bytes.bin", "bytes"),
    ("src/module.mjs", "export const named = 1; export default { of: 'module' };"),
    ("src/named.mjs", "export const named = 1;"),
    ("src/awaits.mjs", "await 1; export default 1;"),
    ("src/throws.cjs", "globalThis.runs = (globalThis.runs ?? 0) + 1; throw new TypeError(`run ${globalThis.runs}`);"),
];

fn project(flags: &str) -> Project {
    let project = Project::empty();
    project.write(
        "wrangler.jsonc",
        format!(
            r#"{{ "name": "common-js", "main": "src/worker.js", "compatibility_date": "2026-02-01",
                "compatibility_flags": [{flags}], "no_bundle": true, "rules": [
                    {{ "type": "CommonJS", "globs": ["**/*.cjs"] }}, {{ "type": "ESModule", "globs": ["**/*.mjs"] }}] }}"#
        ),
    );
    for (name, content) in FILES {
        project.write(name, content);
    }
    project
}

fn answer(port: u16) -> Value {
    let url = format!("http://127.0.0.1:{port}/");
    exchange(&agent(), "GET", &url, &[], b"").expect("a response").json()
}

#[test]
fn modules_see_and_require_what_they_do_on_workerd() {
    for flags in ["", "\"nodejs_compat\""] {
        let project = project(flags);
        let workerd = Workerd::serve(&project);
        let emu = project.serve(&[]);
        let expected = answer(workerd.port());
        assert_eq!(expected["probes"]["sibling"]["one"], 1, "{expected}");
        assert_eq!(answer(emu.port()), expected, "flags: {flags}");
    }
}

#[test]
fn an_error_names_the_line_of_the_file() {
    let project = project("");
    project.write("src/sibling.cjs", "// A comment.\nexports.one = 1;\nmissing();\n");
    project.write("src/probes.cjs", "require('./sibling.cjs');");
    let ended = project.run(&["serve", "--port", "0"]);
    assert_eq!(ended.code, Some(1), "{}", ended.text);
    for said in ["missing is not defined", "src/sibling.cjs:3"] {
        assert!(ended.text.contains(said), "{said}:\n{}", ended.text);
    }
}
