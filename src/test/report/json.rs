//! For programs: one JSON object a line, as things happen.
//!
//! Invariant: every line is one object with a `type`.

use super::{Begin, Reporter, Summary, Told};
use crate::test::story::Story;
use crate::test::tested::{FileTested, Outcome};
use serde_json::{Value, json};
use std::io::{self, Write};

/// See the file's comment.
pub(super) struct Json;

impl Reporter for Json {
    fn begin(&mut self, begin: &Begin, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "{}",
            json!({ "type": "begin", "files": begin.files, "tests": begin.tests, "seed": begin.base, "emu": env!("CARGO_PKG_VERSION") })
        )
    }

    fn file(&mut self, file: &FileTested, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", json!({ "type": "file", "file": file.name, "broken": file.broken, "logged": file.logged }))
    }

    fn test(&mut self, told: &Told, out: &mut dyn Write) -> io::Result<()> {
        let (state, failure) = match &told.outcome {
            Outcome::Passed => ("pass", Value::Null),
            Outcome::Failed(story) => ("fail", failed(story)),
            Outcome::Skipped => ("skip", Value::Null),
            Outcome::Todo => ("todo", Value::Null),
        };
        let (tried, all) = told.explored;
        let line = json!({
            "type": "test",
            "file": told.file,
            "suite": told.test.suite,
            "name": told.test.name,
            "state": state,
            "runs": told.runs,
            "explored": { "tried": tried, "all": all },
            "virtualMs": told.virtual_ms,
            "realMs": told.real_ms.round(),
            "notes": told.notes,
            "failure": failure,
        });
        writeln!(out, "{line}")
    }

    fn end(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        let line = json!({
            "type": "end",
            "passed": summary.passed,
            "failed": summary.failed,
            "skipped": summary.skipped,
            "todo": summary.todo,
            "files": summary.files,
            "broken": summary.broken,
            "runs": summary.runs,
            "realMs": summary.real_ms.round(),
            "seed": summary.base,
        });
        writeln!(out, "{line}")
    }
}

fn failed(story: &Story) -> Value {
    let faults: Vec<Value> = story
        .faults
        .iter()
        .map(|point| json!({ "name": point.name(), "class": point.class().name(), "holds": point.holds() }))
        .collect();
    let timeline = story.timeline.as_ref().map(|timeline| {
        let rows: Vec<Value> = timeline
            .rows
            .iter()
            .map(|row| {
                let fault = row.fault.map(|(point, value)| json!({ "name": point.name(), "value": value }));
                json!({ "atMs": row.at_ms, "lane": timeline.lanes[row.lane], "text": row.text, "place": row.place, "fault": fault })
            })
            .collect();
        let first = timeline
            .first_difference
            .as_ref()
            .map(|first| json!({ "event": first.event, "what": first.what, "calm": first.calm, "place": first.place }));
        json!({ "lanes": timeline.lanes, "rows": rows, "events": timeline.events, "firstDifference": first })
    });
    let place =
        story.place.as_ref().map(|(file, line, column)| json!({ "file": file, "line": line, "column": column }));
    json!({
        "oracle": story.oracle.name(),
        "message": story.message,
        "stack": story.stack,
        "place": place,
        "waits": story.waits,
        "diff": story.diff,
        "why": story.why,
        "faults": faults,
        "seed": story.rerun,
        "rerun": story.command,
        "run": story.run,
        "minimal": story.is_minimal,
        "digest": format!("{:016x}", story.digest),
        "timeline": timeline,
    })
}
