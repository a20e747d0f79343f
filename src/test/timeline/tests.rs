//! What of runs is told, and how.

use super::*;
use crate::test::difference::Difference;

fn line(at_ms: f64, whose: u64, kind: TraceKind, text: &str) -> Line {
    Line { at_ms, whose: Whose(whose), kind, hash: 0, text: text.into(), stack: "".into() }
}

fn texts(told: &Told<'_>) -> Vec<String> {
    told.lines.iter().map(|(_, line)| line.text.clone()).collect()
}

#[test]
fn what_a_reader_knows_already_is_not_told() {
    let lines = [
        line(0.0, 1, TraceKind::Send, ""),
        line(0.0, 1, TraceKind::Deliver, "POST /"),
        line(0.0, 2, TraceKind::Write, "put n 1"),
        line(0.0, 2, TraceKind::Commit, "its writes are durable"),
        line(0.0, 2, TraceKind::Send, "answers 200 \"a\""),
        line(0.0, 1, TraceKind::Deliver, "gets 200 \"a\""),
        line(0.0, 2, TraceKind::Send, "done"),
        line(5.0, 0, TraceKind::Clock, "5 ms"),
        line(5.0, 2, TraceKind::Commit, "its writes are durable"),
        line(5.0, 1, TraceKind::Deliver, "gets 200 \"a\""),
        line(6.0, 2, TraceKind::End, "leaves memory"),
    ];
    let told = told::told(&lines, &Difference::default());
    let expected =
        ["POST /", "put n 1", "answers 200 \"a\"", "its writes are durable", "gets 200 \"a\""].map(str::to_owned);
    assert_eq!(texts(&told), expected);
}

#[test]
fn faults_and_the_end_stay_whatever_their_number() {
    let mut lines: Vec<Line> =
        (0..500).map(|n| line(f64::from(n), 1, TraceKind::Send, &format!("sends {n}"))).collect();
    lines[200] = line(200.0, 2, TraceKind::Choice, "crash.2.0=1");
    let difference = Difference { first: Some(210), ..Difference::default() };
    let told = told::told(&lines, &difference);
    let chosen: Vec<usize> =
        told.chosen.iter().enumerate().filter(|(_, chosen)| **chosen).map(|(row, _)| row).collect();
    assert!(chosen.len() <= 45, "{chosen:?}");
    for row in (197..=216).chain(488..500) {
        assert!(chosen.contains(&row), "{row} {chosen:?}");
    }
}

#[test]
fn a_table_keeps_to_its_width_and_says_what_it_leaves_out() {
    let row = |lane, text: &str, place: Option<&str>, matters| Row {
        at_ms: 1.0,
        lane,
        text: text.into(),
        place: place.map(str::to_owned),
        fault: None,
        matters,
    };
    let long =
        "answers 200 {\"allowed\":true,\"left\":4,\"until\":\"the end of the day\",\"by\":\"a limiter of requests\"}";
    let timeline = Timeline {
        lanes: ["test", "Limiter/1.2.3.4", "storage"].map(str::to_owned).to_vec(),
        rows: vec![
            row(0, "calls Limiter/1.2.3.4: GET /", Some("src/index.ts:34"), true),
            row(1, "GET /", None, false),
            row(1, "GET /", None, false),
            row(2, "put tokens 4", Some("src/index.ts:15"), true),
            row(1, long, Some("src/index.ts:20"), true),
        ],
        events: 9,
        first_difference: None,
    };
    for (width, is_cut, expected) in [
        (
            80,
            true,
            vec![
                "     time     test                  Limiter/1.2.3.4       storage",
                "    0.001     calls Limiter/1.2.3.4: GET /  src/index.ts:34",
                "        …     2 rows are left out",
                "    0.001                                                 put tokens 4",
                "                                                          src/index.ts:15",
                "    0.001                           answers 200 {\"allowed\":true,\"left\":4,",
                "                                    \"until\":\"the end of the day\",\"by\":\"a",
                "                                    limiter of requests\"}  src/index.ts:20",
            ],
        ),
        (
            60,
            false,
            vec![
                "     time",
                "    0.001     test: calls Limiter/1.2.3.4: GET /",
                "              src/index.ts:34",
                "    0.001     Limiter/1.2.3.4: GET /",
                "    0.001     Limiter/1.2.3.4: GET /",
                "    0.001     storage: put tokens 4  src/index.ts:15",
                "    0.001     Limiter/1.2.3.4: answers 200 {\"allowed\":true,",
                "              \"left\":4,\"until\":\"the end of the day\",\"by\":\"a",
                "              limiter of requests\"}  src/index.ts:20",
            ],
        ),
    ] {
        let lines = timeline.lines(View { width, is_cut }, &str::to_owned);
        assert_eq!(lines.join("\n"), expected.join("\n"), "{width}");
        assert!(lines.iter().all(|line| line.chars().count() <= width), "{lines:#?}");
    }
    assert_eq!(timeline.extent(View::default()), "3 of 5 rows, of 9 events");
    assert_eq!(timeline.extent(View::WHOLE), "5 rows, of 9 events");
}

#[test]
fn a_run_of_which_nothing_is_told_has_no_table() {
    assert_eq!(Timeline::default().lines(View::default(), &str::to_owned), Vec::<String>::new());
    let one = Timeline { rows: Vec::new(), events: 1, ..Timeline::default() };
    assert_eq!(one.extent(View::WHOLE), "0 rows, of 1 event");
}
