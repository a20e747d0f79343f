//! What each reporter writes of the same results, letter by letter.

use super::*;
use crate::test::judge::Oracle;
use crate::test::program::Test;
use crate::test::story::Story;
use crate::test::tested::Outcome;
use crate::test::timeline::{FirstDifference, Row, Timeline, View};
use crate::world::Point;

fn told(name: &str, outcome: Outcome<Story>) -> Told {
    let once = Told::once("test/a.test.ts", Test::named("0.0", name, &["chat"]), outcome);
    Told { runs: 7, explored: (3, 3), virtual_ms: 5.0, real_ms: 12.0, ..once }
}

fn failed() -> Told {
    let row = |at_ms, lane, text: &str, place: Option<&str>, fault, matters| Row {
        at_ms,
        lane,
        text: text.into(),
        place: place.map(str::to_owned),
        fault,
        matters,
    };
    let timeline = Timeline {
        lanes: vec!["test".into(), "Room/lobby".into(), "storage".into()],
        rows: vec![
            row(0.0, 0, "calls Room/lobby: POST /", Some("test/a.test.ts:3"), None, true),
            row(1.0, 1, "POST /", None, None, false),
            row(2.0, 1, "evict: an idle instance is dropped", None, Some((Point::Evict, 1)), true),
            row(3.0, 2, "put n 1", Some("src/room.ts:4"), None, true),
        ],
        events: 7,
        first_difference: Some(FirstDifference {
            event: 6,
            what: "Room/lobby: put n 1".into(),
            calm: Some("put n 2".into()),
            place: Some("src/room.ts:4".into()),
        }),
    };
    told(
        "keeps <all> # of them",
        Outcome::Failed(Box::new(Story {
            oracle: Oracle::Test,
            message: "AssertionError: expected 1 to be 2, 100%".into(),
            stack: vec!["at add (src/room.ts:4:7)".into()],
            frame: None,
            waits: vec!["Room/a waits for Room/b".into()],
            place: Some(("src/room.ts".into(), 4, 7)),
            diff: Some("- 2\n+ 1".into()),
            why: Some("evict: because".into()),
            faults: vec![Point::Evict],
            rerun: "7f3a-19c2:evict.1.0=1".into(),
            command: "emu test test/a.test.ts -t x --seed 7f3a-19c2:evict.1.0=1".into(),
            run: 5,
            decisions: (4, 1),
            is_minimal: true,
            timeline: Some(timeline),
            digest: 0x93ae,
        })),
    )
}

fn written(name: ReporterName) -> String {
    written_in(name, &InCheckout::default())
}

fn written_in(name: ReporterName, folders: &InCheckout) -> String {
    let (mut reporter, mut out) = (reporter(name, false, View::default(), folders), Vec::new());
    let mut write = || {
        reporter.begin(&Begin { files: 2, tests: 3, base: "7f3a".into() }, &mut out)?;
        let broken = Some("it has 1 error\nthere".into());
        reporter.file(&FileTested { name: "test/b.test.ts".into(), broken, logged: vec!["hello".into()] }, &mut out)?;
        reporter.test(&told("adds", Outcome::Passed), &mut out)?;
        reporter.test(&failed(), &mut out)?;
        reporter.test(&told("subtracts", Outcome::Skipped), &mut out)?;
        let summary = Summary {
            passed: 1,
            failed: 1,
            skipped: 1,
            files: 2,
            broken: 1,
            runs: 21,
            real_ms: 40.0,
            base: "7f3a".into(),
            ..Summary::default()
        };
        reporter.end(&summary, &mut out)
    };
    write().expect("memory can be written");
    String::from_utf8(out).expect("text")
}

#[test]
fn annotations_are_at_paths_of_the_checkout() {
    let folders = InCheckout { tests: "packages/chat".into(), places: "packages/chat/worker".into() };
    let text = written_in(ReporterName::Github, &folders);
    for says in ["::error file=packages/chat/test/b.test.ts,", "::error file=packages/chat/worker/src/room.ts,line=4,"]
    {
        assert!(text.contains(says), "{says} in\n{text}");
    }
}

#[test]
fn people_are_told_a_story() {
    let expected = "\
3 tests in 2 files, seed 7f3a

test/b.test.ts │ hello
✗  test/b.test.ts
✓  test/a.test.ts › chat › adds  3/3 points, 7 runs, 12 ms
✗  test/a.test.ts › chat › keeps <all> # of them  fault: evict (silent), run 5
-  test/a.test.ts › chat › subtracts  skipped

FAIL  test/b.test.ts

  it has 1 error
  there


FAIL  test/a.test.ts › chat › keeps <all> # of them  seed 7f3a-19c2 · fault: evict (silent) · run 5 of 7 · 0.0 s
  rerun  emu test test/a.test.ts -t x --seed 7f3a-19c2:evict.1.0=1
  why    evict: because

  AssertionError: expected 1 to be 2, 100%
  Room/a waits for Room/b

  - 2
  + 1
    at add (src/room.ts:4:7)

  (3 of 4 rows, of 7 events)
     time     test                      Room/lobby                         storage
    0.000     calls Room/lobby: POST /  test/a.test.ts:3
        …     1 row is left out
    0.002  ⚡                           evict: an idle instance is dropped
    0.003                                                                  put n 1  src/room.ts:4
  first difference from the calm run: event 6, Room/lobby: put n 1
    calm it was: put n 2
    at src/room.ts:4
  of 4 decisions 1 are left: nothing more can be left out
  digest 00000000000093ae, where a replay must end, otherwise exit 3


1 failed, 1 passed, 1 skipped, 1 file cannot be run  21 runs in 0.0 s, seed 7f3a
";
    assert_eq!(written(ReporterName::Pretty), expected);
}

#[test]
fn notes_that_many_tests_have_are_counted() {
    let (mut reporter, mut out) =
        (reporter(ReporterName::Pretty, false, View::default(), &InCheckout::default()), Vec::new());
    for number in 10..110 {
        let notes = vec![format!("{number} of 200 faults were not tried")];
        reporter.test(&Told { notes, ..told("adds", Outcome::Passed) }, &mut out).expect("memory");
    }
    let rare = vec!["it is rare".to_owned()];
    reporter.test(&Told { notes: rare, ..told("adds", Outcome::Passed) }, &mut out).expect("memory");
    // What is said of a failure is about this one.
    for _ in 0..5 {
        reporter.test(&Told { notes: vec!["it is number 2".into()], ..failed() }, &mut out).expect("memory");
    }
    reporter.end(&Summary::default(), &mut out).expect("memory");
    let text = String::from_utf8(out).expect("text");
    for (part, times) in [
        ("   note: 10 of 200 faults were not tried\n", 1),
        (" of 200 faults were not tried", 3),
        ("\nnote: of 97 more tests: … of … faults were not tried\n", 1),
        ("it is rare", 1),
        ("it is number 2", 5),
        ("more test", 1),
    ] {
        assert_eq!(text.matches(part).count(), times, "{part}\n{text}");
    }
}

#[test]
fn tap_has_a_point_for_each_test() {
    let text = written(ReporterName::Tap);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(&lines[..3], ["TAP version 14", "# seed 7f3a", "# hello"]);
    let points: Vec<&str> = lines.iter().copied().filter(|line| line.contains("ok ")).collect();
    assert_eq!(
        points,
        [
            "not ok 1 - test/b.test.ts",
            "ok 2 - test/a.test.ts › chat › adds",
            "not ok 3 - test/a.test.ts › chat › keeps <all> \\# of them",
            "ok 4 - test/a.test.ts › chat › subtracts # SKIP",
        ]
    );
    for line in ["  fault: \"evict (silent)\"", "  at: \"src/room.ts:4:7\"", "  diff: |2-", "    + 1", "1..4"] {
        assert!(lines.contains(&line), "{line}\n{text}");
    }
}

#[test]
fn junit_is_well_formed_and_counts() {
    let text = written(ReporterName::Junit);
    for part in [
        "<testsuites name=\"emu test\" tests=\"4\" failures=\"1\" errors=\"1\" time=\"0.040\">",
        "<testsuite name=\"test/a.test.ts\" tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\" time=\"0.036\">",
        "<testcase name=\"chat › keeps &lt;all&gt; # of them\" classname=\"test/a.test.ts\" time=\"0.012\">",
        "<property name=\"seed\" value=\"7f3a-19c2:evict.1.0=1\"/>",
        "<system-out>hello</system-out>",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    // Every element that is opened is closed.
    let opened = text.matches("<test").count() - text.matches("\"/>").count() + text.matches("<property ").count();
    assert_eq!(opened, text.matches("</test").count(), "{text}");
}

#[test]
fn json_is_one_object_a_line() {
    let text = written(ReporterName::Json);
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    let types: Vec<_> = lines.iter().filter_map(|line| line["type"].as_str()).collect();
    assert_eq!(types, ["begin", "file", "test", "test", "test", "end"]);
    let failure = &lines[3]["failure"];
    assert_eq!(failure["faults"][0]["name"], "evict");
    assert_eq!(failure["digest"], "00000000000093ae");
    assert_eq!(failure["timeline"]["rows"][2]["fault"]["value"], 1);
    assert_eq!(lines[5]["failed"], 1);
}

#[test]
fn github_gets_one_command_for_each_failure() {
    let text = written(ReporterName::Github);
    let commands: Vec<&str> = text.lines().filter(|line| line.starts_with("::")).collect();
    assert_eq!(commands.len(), 2, "{text}");
    assert_eq!(commands[0], "::error file=test/b.test.ts,title=test/b.test.ts::it has 1 error%0Athere");
    let start = "::error file=src/room.ts,line=4,col=7,title=chat › keeps <all> # of them::AssertionError: expected 1 to be 2, 100%25%0A";
    assert!(commands[1].starts_with(start), "{}", commands[1]);
}

#[test]
fn reporters_are_known_by_name() {
    assert_eq!(ReporterName::named("junit"), Ok(ReporterName::Junit));
    assert!(ReporterName::named("dots").is_err_and(|problem| problem.contains("pretty, tap, junit, json and github")));
}
