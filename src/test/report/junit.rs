//! JUnit's XML in the dialect of Jenkins: a suite for each file, a case for each test.
//!
//! Invariant: well formed whatever texts there are; nothing is written before the end, because suites begin with sums.

use super::{Begin, Reporter, Summary, Told};
use crate::test::story::{Story, one_line};
use crate::test::tested::{FileTested, Outcome};
use crate::test::timeline::View;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

/// See the file's comment.
#[derive(Default)]
pub(super) struct Junit {
    suites: BTreeMap<String, Suite>,
    base: String,
}

#[derive(Default)]
struct Suite {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
    real_ms: f64,
    cases: String,
    logged: String,
}

impl Reporter for Junit {
    fn begin(&mut self, begin: &Begin, _out: &mut dyn Write) -> io::Result<()> {
        self.base = begin.base.clone();
        Ok(())
    }

    fn file(&mut self, file: &FileTested, _out: &mut dyn Write) -> io::Result<()> {
        let suite = self.suites.entry(file.name.clone()).or_default();
        suite.logged = file.logged.join("\n");
        if let Some(broken) = &file.broken {
            suite.errors += 1;
            suite.tests += 1;
            let name = escaped(&file.name);
            let first = escaped(broken.lines().next().unwrap_or_default());
            let _ = writeln!(
                suite.cases,
                "    <testcase name=\"{name}\" classname=\"{name}\">\n      \
                 <error message=\"{first}\">{}</error>\n    </testcase>",
                escaped(broken)
            );
        }
        Ok(())
    }

    fn test(&mut self, told: &Told, _out: &mut dyn Write) -> io::Result<()> {
        let suite = self.suites.entry(told.file.clone()).or_default();
        suite.tests += 1;
        suite.real_ms += told.real_ms;
        let (name, class) = (escaped(&one_line(&told.test.full_name())), escaped(&told.file));
        let seconds = told.real_ms / 1000.0;
        let head = format!("    <testcase name=\"{name}\" classname=\"{class}\" time=\"{seconds:.3}\"");
        let _ = match &told.outcome {
            Outcome::Passed => writeln!(suite.cases, "{head}/>"),
            Outcome::Skipped | Outcome::Todo => {
                suite.skipped += 1;
                writeln!(suite.cases, "{head}>\n      <skipped/>\n    </testcase>")
            }
            Outcome::Failed(story) => {
                suite.failures += 1;
                writeln!(suite.cases, "{head}>\n{}    </testcase>", failed(story))
            }
        };
        Ok(())
    }

    fn end(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        let all = summary.passed + summary.failed + summary.skipped + summary.todo + summary.broken;
        writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
        writeln!(
            out,
            "<testsuites name=\"emu test\" tests=\"{all}\" failures=\"{}\" errors=\"{}\" time=\"{:.3}\">",
            summary.failed,
            summary.broken,
            summary.real_ms / 1000.0
        )?;
        for (name, suite) in &self.suites {
            let Suite { tests, failures, errors, skipped, real_ms, cases, logged } = suite;
            writeln!(
                out,
                "  <testsuite name=\"{}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" \
                 skipped=\"{skipped}\" time=\"{:.3}\">",
                escaped(name),
                real_ms / 1000.0
            )?;
            writeln!(
                out,
                "    <properties>\n      <property name=\"seed\" value=\"{}\"/>\n    </properties>",
                escaped(&self.base)
            )?;
            write!(out, "{cases}")?;
            if !logged.is_empty() {
                writeln!(out, "    <system-out>{}</system-out>", escaped(logged))?;
            }
            writeln!(out, "  </testsuite>")?;
        }
        writeln!(out, "</testsuites>")
    }
}

fn failed(story: &Story) -> String {
    let mut text = String::new();
    let digest = format!("{:016x}", story.digest);
    let properties =
        [("seed", &story.rerun), ("rerun", &story.command), ("fault", &story.fault()), ("digest", &digest)];
    text.push_str("      <properties>\n");
    for (name, value) in properties {
        let _ = writeln!(text, "        <property name=\"{name}\" value=\"{}\"/>", escaped(value));
    }
    text.push_str("      </properties>\n");
    let first = story.message.lines().next().unwrap_or_default();
    let message = escaped(&format!("{first} ({}; rerun: {})", story.headline(), story.command));
    let body = [
        Some(story.message.clone()),
        Some(story.waits.join("\n")),
        story.diff.clone(),
        story.frame.clone(),
        Some(story.stack.join("\n")),
    ];
    let body = body.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n");
    let kind = escaped(story.oracle.name());
    let _ = writeln!(text, "      <failure message=\"{message}\" type=\"{kind}\">{}</failure>", escaped(&body));
    if let Some(timeline) = &story.timeline {
        let lines = timeline.lines(View::WHOLE, &str::to_owned).join("\n");
        let _ = writeln!(text, "      <system-out>{}</system-out>", escaped(&lines));
    }
    text
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(char),
            // XML has no way to write them.
            char if char.is_control() || matches!(char, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            char => escaped.push(char),
        }
    }
    escaped
}
