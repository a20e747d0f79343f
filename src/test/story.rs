//! What is told of a failure: its error in the reader's own sources, what happened before it, and how to run it again.
//!
//! Invariant: nothing a guest says moves the reader's cursor; nothing is longer than a reader reads.

use super::finding::Finding;
use super::judge::Oracle;
use super::program::{Program, Test};
use super::tested::{Outcome, Tested};
use super::timeline::{Timeline, timeline};
use crate::world::{Class, Point};

/// The most lines of a message, a stack or a difference that are shown.
const MAX_TEXT_LINES: usize = 40;

/// The story of a failure.
#[derive(Clone, Debug)]
pub struct Story {
    /// Who found it.
    pub oracle: Oracle,
    /// The error in one piece: `AssertionError: expected 1 to be 2`.
    pub message: String,
    /// The frames of its stack that are the reader's.
    pub stack: Vec<String>,
    /// The source around the first of them.
    pub frame: Option<String>,
    /// Where that is: file, line and column, from 1.
    pub place: Option<(String, u32, u32)>,
    /// What was expected and what was there.
    pub diff: Option<String>,
    /// What it comes from, where that is known.
    pub why: Option<String>,
    /// The faults that matter.
    pub faults: Vec<Point>,
    /// The seed and the tape.
    pub rerun: String,
    /// The line that runs it again.
    pub command: String,
    /// The number of the run that found it, from 1.
    pub run: u64,
    /// How many decisions there were before the tape was shrunk, and after.
    pub decisions: (usize, usize),
    /// Nothing more can be left out.
    pub is_minimal: bool,
    /// The run; none for a test that fails only together with others of its file.
    pub timeline: Option<Timeline>,
    /// The digest that a replay must end with.
    pub digest: u64,
}

impl Story {
    /// The faults by name with their classes, or `none`.
    pub fn fault(&self) -> String {
        let named = |point: &Point| format!("{} ({})", point.name(), point.class().name());
        match self.faults.is_empty() {
            true => "none".into(),
            false => self.faults.iter().map(named).collect::<Vec<_>>().join(", "),
        }
    }

    /// What made it fail, in few words.
    pub fn headline(&self) -> String {
        match self.faults.is_empty() {
            true => "calm".into(),
            false => format!("fault: {}", self.fault()),
        }
    }
}

/// Makes what is told of a test.
pub fn tell(program: &Program, tested: &Tested) -> Tested<Story> {
    let outcome = match &tested.outcome {
        Outcome::Passed => Outcome::Passed,
        Outcome::Skipped => Outcome::Skipped,
        Outcome::Todo => Outcome::Todo,
        Outcome::Failed(finding) => Outcome::Failed(Box::new(story(program, &tested.test, finding))),
    };
    Tested {
        file: tested.file.clone(),
        test: tested.test.clone(),
        outcome,
        runs: tested.runs,
        explored: tested.explored,
        virtual_ms: tested.virtual_ms,
        real_ms: tested.real_ms,
        notes: tested.notes.iter().map(|note| clean(note)).collect(),
    }
}

/// Makes the story of a failure.
pub fn story(program: &Program, test: &Test, finding: &Finding) -> Story {
    let error = &finding.failure.error;
    let sources = program.setup.workers.first().and_then(|worker| worker.sources.as_ref());
    let mapped = sources.map_or_else(|| error.stack.clone(), |sources| sources.map_text(&error.stack).into_owned());
    let is_frame = |line: &&str| line.trim_start().starts_with("at ");
    let stack: Vec<String> = mapped.lines().filter(is_frame).map(|line| clean(line.trim())).take(12).collect();
    let is_untold = finding.lines.is_empty();
    let rerun = finding.rerun.to_string();
    let filter = match is_untold {
        // It fails only together with others of its file.
        true => String::new(),
        false => format!(" -t {}", quoted(&test.full_name())),
    };
    let command = format!("emu test{} {}{filter} --seed {rerun}", program.arguments, quoted(&program.name));
    let after = finding.rerun.tape.as_ref().map_or(0, crate::world::Tape::len);
    Story {
        oracle: finding.failure.oracle,
        message: clean(&headline(&error.name, &error.message)),
        place: stack.iter().find_map(|frame| place_of(frame)),
        stack,
        frame: sources.and_then(|sources| sources.code_frame(&error.stack)).map(|frame| clean(&frame)),
        diff: error.diff.as_deref().map(clean),
        why: why(finding),
        faults: finding.faults.clone(),
        rerun,
        command,
        run: finding.run,
        decisions: (finding.decisions_before, after),
        is_minimal: finding.is_minimal,
        timeline: (!is_untold).then(|| timeline(finding)),
        digest: finding.digest,
    }
}

fn headline(name: &str, message: &str) -> String {
    match name {
        "" | "Error" => message.to_owned(),
        name => format!("{name}: {message}"),
    }
}

/// What the faults mean for whoever wrote the worker.
fn why(finding: &Finding) -> Option<String> {
    let broken =
        |point: &Point| format!("{}: {}, and then it must still hold that {}", point, point.meaning(), point.holds());
    let real = finding.faults.iter().filter(|point| point.class() != Class::Order);
    let parts: Vec<String> = real.map(broken).collect();
    match parts.is_empty() {
        true if finding.faults.is_empty() => None,
        true => Some("it depends on the order in which things happen at once".into()),
        false => Some(parts.join("; ")),
    }
}

/// The place that a frame of a mapped stack names.
fn place_of(frame: &str) -> Option<(String, u32, u32)> {
    let inner = frame.rsplit_once('(').map_or(frame.strip_prefix("at ").unwrap_or(frame), |(_, inner)| inner);
    let mut parts = inner.trim_end_matches(')').rsplitn(3, ':');
    let (column, line) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some((parts.next()?.to_owned(), line, column))
}

/// A word for the shell.
pub fn quoted(text: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "-_./=:+".contains(char);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    let escaped = text.chars().flat_map(|char| match char {
        '"' | '\\' | '$' | '`' => vec!['\\', char],
        char => vec![char],
    });
    format!("\"{}\"", escaped.collect::<String>())
}

/// A text without what moves the cursor, and without what nobody reads.
pub fn clean(text: &str) -> String {
    let printable = |char: char| match char {
        '\n' | '\t' => char,
        char if char.is_control() => '\u{fffd}',
        char => char,
    };
    let all: Vec<&str> = text.lines().collect();
    let mut shown = all.iter().take(MAX_TEXT_LINES).copied().collect::<Vec<_>>().join("\n");
    if all.len() > MAX_TEXT_LINES {
        shown.push_str(&format!("\n… {} lines more", all.len() - MAX_TEXT_LINES));
    }
    shown.chars().map(printable).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_name_places() {
        for (frame, place) in [
            ("at add (src/room.ts:41:7)", Some(("src/room.ts", 41, 7))),
            ("at src/room.ts:41:7", Some(("src/room.ts", 41, 7))),
            ("at async Promise.all (index 0)", None),
            ("at add (native)", None),
        ] {
            let expected = place.map(|(file, line, column)| (file.to_owned(), line, column));
            assert_eq!(place_of(frame), expected, "{frame}");
        }
    }

    #[test]
    fn words_survive_the_shell() {
        for (text, word) in [
            ("test/a.test.ts", "test/a.test.ts"),
            ("keeps every message", "\"keeps every message\""),
            ("costs $5 \"now\"", "\"costs \\$5 \\\"now\\\"\""),
            ("", "\"\""),
        ] {
            assert_eq!(quoted(text), word);
        }
    }

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(clean("a\u{1b}[31mb\r\n\tc"), "a\u{fffd}[31mb\n\tc");
        assert!(clean(&"x\n".repeat(100)).ends_with("… 60 lines more"));
    }
}
