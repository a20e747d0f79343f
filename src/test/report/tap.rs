//! The Test Anything Protocol, version 14: one test point for each test, and a YAML block for each failure.
//!
//! Invariant: every line is one of the protocol's, whatever a test is called.

use super::{Begin, Reporter, Summary, Told, count, title};
use crate::test::story::Story;
use crate::test::tested::{FileTested, Outcome};
use crate::test::timeline::View;
use std::io::{self, Write};

/// See the file's comment.
#[derive(Default)]
pub(super) struct Tap {
    points: usize,
}

impl Reporter for Tap {
    fn begin(&mut self, begin: &Begin, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "TAP version 14\n# seed {}", begin.base)
    }

    fn file(&mut self, file: &FileTested, out: &mut dyn Write) -> io::Result<()> {
        for line in file.logged.iter().flat_map(|line| line.lines()) {
            writeln!(out, "# {line}")?;
        }
        let Some(broken) = &file.broken else { return Ok(()) };
        self.points += 1;
        writeln!(out, "not ok {} - {}", self.points, escaped(&file.name))?;
        block(out, &[("message", broken)])
    }

    fn test(&mut self, told: &Told, out: &mut dyn Write) -> io::Result<()> {
        self.points += 1;
        let name = escaped(&title(told));
        let (state, directive) = match &told.outcome {
            Outcome::Passed => ("ok", ""),
            Outcome::Failed(_) => ("not ok", ""),
            Outcome::Skipped => ("ok", " # SKIP"),
            Outcome::Todo => ("ok", " # TODO"),
        };
        writeln!(out, "{state} {} - {name}{directive}", self.points)?;
        match &told.outcome {
            Outcome::Failed(story) => failed(out, told, story),
            _ => Ok(()),
        }
    }

    fn end(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "1..{}\n# {}", self.points, count(summary.runs as usize, "run"))
    }
}

fn failed(out: &mut dyn Write, told: &Told, story: &Story) -> io::Result<()> {
    let digest = format!("{:016x}", story.digest);
    let at = story.place.as_ref().map(|(file, line, column)| format!("{file}:{line}:{column}")).unwrap_or_default();
    let timeline = story.timeline.as_ref().map(|timeline| timeline.lines(View::WHOLE, &str::to_owned).join("\n"));
    let runs = told.runs.to_string();
    block(
        out,
        &[
            ("message", &story.message),
            ("severity", "fail"),
            ("oracle", story.oracle.name()),
            ("fault", &story.fault()),
            ("seed", &story.rerun),
            ("rerun", &story.command),
            ("at", &at),
            ("runs", &runs),
            ("waits", &story.waits.join("\n")),
            ("diff", story.diff.as_deref().unwrap_or_default()),
            ("digest", &digest),
            ("timeline", timeline.as_deref().unwrap_or_default()),
        ],
    )
}

/// A YAML block; what is empty is left out.
fn block(out: &mut dyn Write, fields: &[(&str, &str)]) -> io::Result<()> {
    writeln!(out, "  ---")?;
    for (name, text) in fields.iter().filter(|(_, text)| !text.is_empty()) {
        match text.contains('\n') {
            true => {
                // The indicator keeps lines that begin with blanks as they are.
                writeln!(out, "  {name}: |2-")?;
                for line in text.lines() {
                    writeln!(out, "{}", format!("    {line}").trim_end())?;
                }
            }
            // JSON's strings are YAML's.
            false => writeln!(out, "  {name}: {}", serde_json::Value::from(*text))?,
        }
    }
    writeln!(out, "  ...")
}

fn escaped(name: &str) -> String {
    name.replace('\\', "\\\\").replace('#', "\\#").replace('\n', " ")
}
