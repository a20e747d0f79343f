//! Which runs `emu test` makes: shards, exploration, and what the environment says of them.
//!
//! Invariant: all shards together make the runs that there are without shards.

use crate::support::Project;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

const WORKER: &str = r#"
import { DurableObject } from "cloudflare:workers";

export default {
    fetch: (request, env) => env.COUNTER.getByName("one").fetch(request),
};

export class Counter extends DurableObject {
    async fetch() {
        const count = (this.ctx.storage.kv.get("count") ?? 0) + 1;
        this.ctx.storage.kv.put("count", count);
        return Response.json(count);
    }
}
"#;

/// Asks three times, and between each two lets the object become idle.
const SOUND: &str = r#"
import { SELF } from "cloudflare:test";
import { expect, it } from "vitest";

it("counts", async () => {
    for (const count of [1, 2, 3]) {
        const response = await SELF.fetch("https://example.com/");
        expect(await response.json()).toBe(count);
    }
});
"#;

/// Fails with one seed of two, whatever is decided.
const UNLUCKY: &str = r#"
import { SELF } from "cloudflare:test";
import { expect, it } from "vitest";

it("is unlucky", async () => {
    await SELF.fetch("https://example.com/");
    expect(crypto.getRandomValues(new Uint8Array(1))[0]).toBeGreaterThan(127);
});
"#;

fn project(test: &str) -> Project {
    let project = Project::empty();
    let config = r#"{ "name": "counter", "main": "index.js", "compatibility_date": "2026-01-01",
        "durable_objects": { "bindings": [{ "name": "COUNTER", "class_name": "Counter" }] },
        "migrations": [{ "tag": "v1", "new_sqlite_classes": ["Counter"] }] }"#;
    project.write("wrangler.jsonc", config);
    project.write("index.js", WORKER);
    project.write("a.test.js", test);
    project
}

/// Runs `emu test --reporter json` with these arguments and variables: its exit code, and what became of the test.
fn tested(project: &Project, args: &[&str], variables: &[(&str, &str)]) -> (i32, Value) {
    let mut command = project.command(&["test", "--reporter", "json"]);
    let output = command.args(args).envs(variables.iter().copied()).output().expect("emu runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let told = lines.find(|line| line["type"] == "test");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap_or(-1), told.unwrap_or_else(|| panic!("{args:?}: no test in\n{text}{error}")))
}

fn explored(told: &Value) -> (u64, u64) {
    let number = |name: &str| told["explored"][name].as_u64().expect("a number");
    (number("tried"), number("all"))
}

#[test]
fn shards_explore_and_try_seeds_without_making_any_run_twice() {
    let sound = project(SOUND);
    let (code, whole) = tested(&sound, &["--explore", "silent"], &[]);
    assert_eq!(code, 0, "{whole}");
    let (tried, all) = explored(&whole);
    assert!(all > 5 && tried == all, "{whole}");
    let shards = ["1/3", "2/3", "3/3"].map(|shard| {
        let (code, told) = tested(&sound, &["--explore", "silent", "--shard", shard], &[]);
        assert_eq!(code, 0, "{shard}: {told}");
        explored(&told)
    });
    assert!(shards.iter().all(|(tried, all)| tried == all && *all > 0), "{shards:?}");
    assert_eq!(shards.iter().map(|(tried, _)| tried).sum::<u64>(), all, "{shards:?}");

    // The first seed that fails is another one in each shard, and in one of them it is that of the whole run.
    let unlucky = project(UNLUCKY);
    let seeds = ["--depth", "0", "--seeds", "30", "--seed", LUCKY];
    let seed_of = |args: &[&str]| {
        let _ = fs::remove_dir_all(unlucky.path(".emu"));
        let (code, told) = tested(&unlucky, &[&seeds, args].concat(), &[]);
        assert_eq!(code, 1, "{args:?}: {told}");
        let seed = told["failure"]["seed"].as_str().expect("a seed");
        seed.split(':').next().unwrap_or_default().to_owned()
    };
    let whole = seed_of(&[]);
    let of_shards: BTreeSet<String> =
        ["1/3", "2/3", "3/3"].into_iter().map(|shard| seed_of(&["--shard", shard])).collect();
    assert_eq!(of_shards.len(), 3, "{of_shards:?}");
    assert!(of_shards.contains(&whole), "{whole} is not in {of_shards:?}");
    // What failed before is one run more, of the first shard.
    let (known, again) = (seed_of(&[]), ["--depth", "0", "--seeds", "0", "--seed", LUCKY]);
    let first = tested(&unlucky, &[&again[..], &["--shard", "1/2"]].concat(), &[]);
    assert!(first.1["failure"]["seed"].as_str().is_some_and(|seed| seed.starts_with(&known)), "{}", first.1);
    assert_eq!(tested(&unlucky, &[&again[..], &["--shard", "2/2"]].concat(), &[]).0, 0);
}

/// A seed with which [`UNLUCKY`] passes.
const LUCKY: &str = "8";

#[test]
fn what_is_asked_for_is_run_to_its_end_unless_there_is_a_budget() {
    let project = project(SOUND);
    for (args, variables, is_complete) in [
        (&["--explore", "evict:1"][..], &[][..], true),
        (&["--explore", "evict:1,crash:1", "--seeds", "3"], &[], true),
        // What the environment says is for those who do not say what is to be run.
        (&["--explore", "evict:1"], &[("EMU_BUDGET", "1ms")], true),
        (&["--explore", "evict:1", "--budget", "1ms"], &[], false),
        (&["--seed", "1"], &[("EMU_BUDGET", "1ms")], false),
        (&[], &[("EMU_BUDGET", "1ms")], false),
    ] {
        let (code, told) = tested(&project, args, variables);
        assert_eq!(code, 0, "{args:?}: {told}");
        let (tried, all) = explored(&told);
        assert_eq!(tried == all && all > 0, is_complete, "{args:?} {variables:?}: {told}");
    }
    // Exploring is instead of seeds.
    let (_, told) = tested(&project, &["--explore", "evict:1"], &[]);
    let (_, more) = tested(&project, &["--explore", "evict:1", "--seeds", "3"], &[]);
    assert_eq!(told["runs"].as_u64().map(|runs| runs + 3), more["runs"].as_u64());
    let output = project.command(&["test", "--explore", "evict:1"]).output().expect("emu runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (tried, all) = explored(&told);
    assert!(text.contains(&format!("counts  {tried}/{all} points, ")), "{text}");
}

#[test]
fn a_budget_that_is_over_ends_the_runs_that_come_before_faults_too() {
    let many = SOUND.replace("it(\"counts\",", "for (const name of [1, 2, 3, 4]) it(`counts ${name}`,");
    let project = project(&many);
    let args = ["test", "--budget", "1ms", "--jobs", "1", "--reporter", "json", "--reporter", "pretty=told.txt"];
    let output = project.command(&args).output().expect("emu runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{text}");
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let told: Vec<Value> = lines.filter(|line| line["type"] == "test").collect();
    assert_eq!(told.len(), 4, "{text}");
    let why = "not shaken: there was no time for it; a longer `--budget` has it";
    for test in &told {
        assert_eq!((&test["state"], &test["notes"]), (&"pass".into(), &serde_json::json!([why])), "{test}");
    }
    // The first one had begun when the time was over; of the others there is only the run of the whole file.
    for test in &told[1..] {
        assert_eq!(test["runs"], 1, "{test}");
    }
    // People are not told a thousand times.
    let pretty = fs::read_to_string(project.path("told.txt")).expect("what people are told");
    assert_eq!(pretty.matches(why).count(), 4, "{pretty}");
    assert!(pretty.contains(&format!("\nnote: of 1 more test: {why}\n")), "{pretty}");
}

#[test]
fn the_environment_says_what_the_command_line_does_not() {
    let project = project(SOUND);
    let base = |variables: &[(&str, &str)], args: &[&str]| {
        let command = &mut project.command(&["test"]);
        let output = command.args(args).envs(variables.iter().copied()).output().expect("emu runs");
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        (output.status.code().unwrap_or(-1), text)
    };
    for (variables, args, expected, says) in [
        (&[("EMU_SEED", "7f3a-19c2")][..], &["--calm"][..], 0, "seed 7f3a-19c2"),
        (&[("CI", "true"), ("EMU_BUDGET", "1ms")], &[], 0, "seed 1\n"),
        (&[("CI", "true"), ("EMU_SEED", "7f3a")], &["--seeds", "1"], 0, "seed 7f3a\n"),
        (&[("EMU_SEED", "7f3a")], &["--seed", "1"], 0, "seed 1\n"),
        (&[("EMU_BUDGET", "1ms")], &["--calm"], 0, "1 passed"),
        (&[("EMU_SEED", "x")], &["--calm"], 2, "EMU_SEED: `x` is no seed"),
        (&[("EMU_BUDGET", "10")], &[], 2, "EMU_BUDGET: give a time with its unit"),
        (&[], &["--shard", "1/2", "--seed", "1:calm"], 2, "there is one run only"),
    ] {
        let (code, text) = base(variables, args);
        assert_eq!(code, expected, "{variables:?} {args:?}: {text}");
        assert!(text.contains(says), "{variables:?} {args:?}: {says} in\n{text}");
    }
}

#[test]
fn what_failed_before_is_tried_first() {
    let project = project(UNLUCKY);
    let seeds = ["--depth", "0", "--seeds", "30", "--seed", LUCKY];
    let (code, first) = tested(&project, &seeds, &[]);
    assert_eq!(code, 1, "{first}");
    // Whatever is run now: the run that failed comes right after the calm ones.
    let (code, again) = tested(&project, &["--depth", "0", "--seeds", "0", "--seed", LUCKY], &[]);
    assert_eq!((code, &again["failure"]["seed"]), (1, &first["failure"]["seed"]), "{again}");
    // A failure of the calm run does not take its place.
    project.write("a.test.js", UNLUCKY.replace("toBeGreaterThan(127)", "toBe(-1)"));
    assert_eq!(tested(&project, &seeds, &[]).0, 1);
    project.write("a.test.js", UNLUCKY);
    let (_, again) = tested(&project, &["--depth", "0", "--seeds", "0", "--seed", LUCKY], &[]);
    assert_eq!(again["failure"]["seed"], first["failure"]["seed"], "{again}");
    // What is kept is tried in CI too, where nothing is kept.
    let (_, again) = tested(&project, &["--depth", "0", "--seeds", "0", "--seed", LUCKY], &[("CI", "1")]);
    assert_eq!(again["failure"]["seed"], first["failure"]["seed"], "{again}");
    let ignored = fs::read_to_string(project.path(".emu/bugs/.gitignore")).expect("a list of what git ignores");
    assert_eq!(ignored, "*\n");
    fs::remove_dir_all(project.path(".emu")).expect("what was kept");
    assert_eq!(tested(&project, &seeds, &[("CI", "1")]).0, 1);
    assert!(!project.path(".emu").exists(), "nobody would read it");
}

#[test]
fn what_a_build_says_is_kept_apart_from_results() {
    let project = project(SOUND);
    project.replace("\"main\"", "\"build\": { \"command\": \"echo it is built\" }, \"main\"");
    for reporter in ["json", "tap", "junit"] {
        let output = project.command(&["test", "--calm", "--reporter", reporter]).output().expect("emu runs");
        let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{out}{error}");
        assert!(error.contains("it is built\n") && !out.contains("it is built"), "{reporter}: {out}\n{error}");
    }
}

const AFTER_ALL: &str = r#"
import { afterAll, beforeAll, it } from "vitest";

beforeAll(() => {
    Promise.reject(new Error("in beforeAll"));
    return new Promise((resolve) => setTimeout(resolve, 1));
});
it("passes", () => {});
it("passes too", () => {});
"#;

#[test]
fn what_fails_outside_of_tests_fails_their_file() {
    let hook = AFTER_ALL.replace("beforeAll(() => {\n", "beforeAll(() => {\n    return;\n");
    for (test, says) in [
        (AFTER_ALL.to_owned(), "in beforeAll"),
        (format!("{hook}\nafterAll(() => {{ throw new Error(\"in afterAll\"); }});"), "in afterAll"),
    ] {
        let project = project(&test);
        for mode in [&["--calm"][..], &["--seeds", "2"]] {
            let output = project.command(&[&["test"], mode].concat()).output().expect("emu runs");
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert_eq!(output.status.code(), Some(1), "{mode:?}: {text}");
            assert!(text.contains("FAIL  a.test.js\n") && text.contains(says), "{mode:?}: {says} in\n{text}");
            assert!(text.contains("2 passed, 1 file cannot be run"), "{mode:?}: {text}");
            assert_eq!(text.matches(says).count(), 1, "{mode:?}: {text}");
        }
    }
}

#[test]
fn a_missing_export_is_said_with_its_place_and_what_there_is() {
    for (module, has) in [("cloudflare:test", "`SELF`"), ("vitest", "`bench`"), ("emu:test", "`invariant`")] {
        let project = project(&format!("import {{\n    nobody,\n}} from \"{module}\";\nnobody();\n"));
        let output = project.command(&["test", "--calm"]).output().expect("emu runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(1), "{text}");
        let message = format!("`{module}` has no export `nobody`");
        for says in [&message, "a.test.js:2:5", "help: it has `", has] {
            assert!(text.contains(says), "{says} in\n{text}");
        }
        assert!(!text.contains("no request was served"), "{text}");
    }
}

/// Of three tests the second one takes the isolate with it.
const GREEDY: &str = r#"
import { expect, it } from "vitest";

it("is first", () => {});
it("is greedy", () => {
    const all = [];
    for (;;) {
        all.push(new Uint8Array(1 << 20));
    }
});
it("is wrong", () => expect(1).toBe(2));
"#;

#[test]
fn a_test_that_takes_its_isolate_with_it_is_the_only_one_blamed_for_that() {
    let project = project(GREEDY);
    for mode in [&["--calm"][..], &["--seeds", "2"]] {
        let args = [&["test", "--reporter", "json"], mode].concat();
        let output = project.command(&args).output().expect("emu runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let told: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        for (name, state, says) in [
            ("is first", "pass", ""),
            ("is greedy", "fail", "memory limit"),
            ("is wrong", "fail", "expected 1 to be 2"),
        ] {
            let test = told.iter().find(|line| line["name"] == name).unwrap_or_else(|| panic!("{name}: {text}"));
            assert_eq!(test["state"], state, "{test}");
            assert!(test["failure"]["message"].as_str().unwrap_or_default().contains(says), "{test}");
        }
        assert!(!text.contains("only together"), "{text}");
    }
}

#[test]
fn a_decision_that_never_comes_up_is_told() {
    let project = project(SOUND);
    let output = project.command(&["test", "--seed", "1:evict.123.0=1"]).output().expect("emu runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("note: `evict.123.0=1` never came up"), "{text}");
    let kept = r#"{ "file": "a.test.js", "test": "counts", "seed": "1", "tape": "evict.123.0=1" }"#;
    project.write("kept/rerun.json", kept);
    assert_eq!(project.command(&["replay", "kept"]).output().expect("emu runs").status.code(), Some(3));
}

#[test]
fn what_failed_before_is_tried_only_where_its_faults_are_asked_for() {
    let forgetful = project(SOUND);
    forgetful.write(
        "index.js",
        WORKER
            .replace("(this.ctx.storage.kv.get(\"count\") ?? 0) + 1", "(this.count ?? 0) + 1")
            .replace("this.ctx.storage.kv.put(\"count\", count)", "this.count = count"),
    );
    let (code, first) = tested(&forgetful, &["--explore", "evict", "--jobs", "3"], &[]);
    assert_eq!((code, &first["failure"]["faults"][0]["name"]), (1, &"evict".into()), "{first}");
    for faults in ["timer-late", "-evict,-crash,-crash-before-commit,-crash-after-commit,-deploy"] {
        let (_, told) = tested(&forgetful, &["--faults", faults, "--depth", "0", "--seeds", "0"], &[]);
        assert_eq!(told["state"], "pass", "{faults}: {told}");
    }
    // It was not tried, so it is not forgotten.
    let (code, again) = tested(&forgetful, &["--depth", "0", "--seeds", "0"], &[]);
    assert_eq!((code, &again["state"]), (1, &"fail".into()), "{again}");
}

#[test]
fn nothing_more_is_run_when_enough_has_failed() {
    let project = project("import { expect, it } from \"vitest\";\nit(\"is wrong\", () => expect(1).toBe(2));");
    project.write("b.test.js", SOUND);
    let args = ["test", "--bail", "--jobs", "1", "--seeds", "500", "--reporter", "json"];
    let output = project.command(&args).output().expect("emu runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("not run: enough tests have failed") && text.contains("\"skipped\":1"), "{text}");
}

#[test]
fn a_failure_that_cannot_be_kept_is_told_all_the_same() {
    let forgetful = project(UNLUCKY);
    // Where a folder should be there is a file.
    forgetful.write(".emu", "");
    let args = ["test", "--depth", "0", "--seeds", "30", "--seed", LUCKY];
    for (more, says) in [(&[][..], "warning: a failure is not kept"), (&["--save", ".emu/x"], "error: `.emu/x` cannot")]
    {
        let output = forgetful.command(&[&args[..], more].concat()).output().expect("emu runs");
        let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(1), "{out}{error}");
        assert!(out.contains("FAIL") && out.contains("rerun") && out.contains("1 failed"), "{out}{error}");
        assert!(error.contains(says), "{says} in\n{error}");
    }
}

#[test]
fn the_line_that_runs_a_failure_again_names_the_configuration_too() {
    let project = project("import { expect, it } from \"vitest\";\nit(\"is wrong\", () => expect(1).toBe(2));");
    let config = fs::read_to_string(project.path("wrangler.jsonc")).expect("a configuration");
    project.write("other.jsonc", config.replace("\"name\"", "\"env\": { \"e\": {} }, \"name\""));
    let (_, told) = tested(&project, &["--calm", "-c", "other.jsonc", "--env", "e", "--seed", "7"], &[]);
    let rerun = &told["failure"]["rerun"];
    assert_eq!(rerun, "emu test -c other.jsonc --env e a.test.js -t \"is wrong\" --seed 7:calm", "{told}");
}

#[test]
fn a_timeout_is_one_in_ci_too() {
    let slow = "import { it } from \"vitest\";\n\
                it(\"is slow\", () => new Promise((resolve) => setTimeout(resolve, 1000)), 100);";
    let project = project(slow);
    for variables in [&[][..], &[("CI", "1")]] {
        let (code, told) = tested(&project, &["--calm"], variables);
        assert_eq!((code, &told["state"]), (1, &"fail".into()), "{variables:?}: {told}");
        let seed = told["failure"]["seed"].as_str().expect("a seed");
        let (code, again) = tested(&project, &["--seed", seed], variables);
        assert_eq!((code, &again["failure"]["digest"]), (1, &told["failure"]["digest"]), "{again}");
    }
}

#[test]
fn answers_may_tell_of_an_eviction_only_where_the_test_says_so() {
    let test = r#"
import { SELF } from "cloudflare:test";
import { expect, it } from "vitest";
import { world } from "emu:test";

it("looks at half of an answer", async () => {
    SAYS
    for (const count of [1, 2, 3]) {
        expect(await (await SELF.fetch("https://example.com/")).json()).toMatchObject({ count });
    }
});
"#;
    let project = project(test);
    // How often this instance was asked is in memory only.
    let asked = WORKER.replace("json(count)", "json({ count, asked: this.asked = (this.asked ?? 0) + 1 })");
    project.write("index.js", asked);
    for (says, expected) in [("", 1), ("world.expectsOtherAnswers();", 0)] {
        project.write("a.test.js", test.replace("SAYS", says));
        let (code, told) = tested(&project, &["--seeds", "5"], &[]);
        assert_eq!(code, expected, "{told}");
        assert!(code == 0 || told["failure"]["oracle"] == "answers", "{told}");
    }
}
