//! What is told of a failure: its error in the reader's own sources, what happened before it, and how to run it again.
//!
//! Invariant: nothing a guest says moves the reader's cursor; nothing is longer than a reader reads.

use super::finding::Finding;
use super::judge::Oracle;
use super::places::Places;
use super::program::{Program, Test};
use super::run::TestError;
use super::tested::{Outcome, Tested};
use super::timeline::{Timeline, timeline};
use crate::lane::Waiter;
use crate::world::{Class, Point, TraceKind};
use std::fmt::Write as _;

/// The most lines of a message, a stack or a difference that are shown.
const MAX_TEXT_LINES: usize = 40;
/// The most characters of any of them, and of a name.
const MAX_TEXT_CHARS: usize = 8000;
const MAX_NAME_CHARS: usize = 200;
/// How the module is called that a test file becomes.
const MODULE: &str = "worker.js";
/// How many errors that one was made of are told.
const MAX_CAUSES: usize = 4;

/// The story of a failure.
#[derive(Clone, Debug)]
pub struct Story {
    /// Who found it.
    pub oracle: Oracle,
    /// The error in one piece: `AssertionError: expected 1 to be 2`.
    pub message: String,
    /// The frames of its stack that are the reader's.
    pub stack: Vec<String>,
    /// Who waits for what, where somebody waits for ever.
    pub waits: Vec<String>,
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
        notes: tested.notes.iter().map(|note| clean(note)).chain(twin_note(tested)).collect(),
    }
}

/// What is to be known of the line that runs a failure again, where it cannot name its test alone.
fn twin_note(tested: &Tested) -> Option<String> {
    let twin = tested.test.twin.filter(|_| tested.failure().is_some())?;
    Some(format!("it is number {twin} of the tests of this name in its file, and `rerun` runs them all"))
}

/// Makes the story of a failure.
pub fn story(program: &Program, test: &Test, finding: &Finding) -> Story {
    let error = &finding.failure.error;
    let sources = program.setup.workers.first().and_then(|worker| worker.sources.as_deref());
    let places = Places::new(sources);
    let ended_at = ended_at(finding);
    let thrown = thrown_stack(finding, &places).or_else(|| ended_at.clone());
    let mut stack = places.frames(&error.stack);
    let shown = if stack.is_empty() { thrown.as_deref().unwrap_or_default() } else { &error.stack };
    if stack.is_empty() {
        stack = thrown.as_deref().map(|thrown| places.frames(thrown)).unwrap_or_default();
        if let Some(innermost) = stack.first_mut().filter(|_| ended_at.is_some()) {
            innermost.push_str(", or further on in it");
        }
        stack.extend(awaited_at(program, finding, &places));
    }
    let after = finding.rerun.tape.as_ref().map_or(0, crate::world::Tape::len);
    Story {
        oracle: finding.failure.oracle,
        message: clean(&message(error, finding.failure.oracle, &places)),
        place: places.of(shown),
        stack,
        waits: finding.waits.iter().map(|waiter| waits(program, test, waiter, &places)).collect(),
        frame: sources.and_then(|sources| sources.code_frame(shown)).map(|frame| clean(&frame)),
        diff: error.diff.as_deref().map(clean),
        why: why(finding),
        faults: finding.faults.clone(),
        rerun: finding.rerun.to_string(),
        command: command(program, test, finding),
        run: finding.run,
        decisions: (finding.decisions_before, after),
        is_minimal: finding.is_minimal,
        timeline: (!finding.lines.is_empty()).then(|| timeline(finding, &places)),
        digest: finding.digest,
    }
}

/// The stack of an error that a worker threw, if the test was given that one and it has frames of the reader's.
fn thrown_stack(finding: &Finding, places: &Places<'_>) -> Option<String> {
    let (_, stack) = finding.thrown.as_ref()?;
    (!places.frames(stack).is_empty()).then(|| stack.clone())
}

/// Where code without end was ended. The engine knows the places of calls and of properties: of a loop without any, it
/// names what was before it in the same function.
fn ended_at(finding: &Finding) -> Option<String> {
    let mut ends = finding.lines.iter().rev().filter(|line| line.kind == TraceKind::End && !line.stack.is_empty());
    let is_told = finding.failure.oracle == Oracle::Uncaught && finding.failure.error.stack.is_empty();
    ends.next().filter(|_| is_told).map(|line| line.stack.to_string())
}

/// What the test did last, as a frame of a stack: it waited there for what failed.
fn awaited_at(program: &Program, finding: &Finding, places: &Places<'_>) -> Option<String> {
    let stacks = finding.lines.iter().rev().filter(|line| line.kind == TraceKind::Send && !line.stack.is_empty());
    let mut frames = stacks.flat_map(|line| places.frames(&line.stack));
    let frame = frames.find(|frame| frame.contains(&*program.name))?;
    Some(format!("{frame}, which waited for it"))
}

/// An error in one piece, with those that it was made of.
fn message(error: &TestError, oracle: Oracle, places: &Places<'_>) -> String {
    let is_thrown = matches!(oracle, Oracle::Test | Oracle::Eventually | Oracle::Invariant | Oracle::Uncaught);
    let mut text = headline(if is_thrown { &error.name } else { "" }, &error.message);
    let causes = std::iter::successors(error.cause.as_deref(), |cause| cause.cause.as_deref());
    for cause in causes.take(MAX_CAUSES) {
        let place = places.shown(&cause.stack).map(|place| format!("  {place}")).unwrap_or_default();
        let _ = write!(text, "\ncaused by {}{place}", headline(&cause.name, &cause.message));
    }
    text
}

fn headline(name: &str, message: &str) -> String {
    match (name, message) {
        ("", message) => message.to_owned(),
        (name, "") => name.to_owned(),
        (name, message) => format!("{name}: {message}"),
    }
}

/// A sentence about somebody who waits.
fn waits(program: &Program, test: &Test, waiter: &Waiter, places: &Places<'_>) -> String {
    let who = match &waiter.who {
        Some(who) => one_line(who),
        None => {
            let at = test.line.zip(test.column).map(|(line, column)| format!("at ({MODULE}:{line}:{column})"));
            let place = at.and_then(|at| places.shown(&at)).unwrap_or_else(|| program.name.to_string());
            format!("test \"{}\" ({place})", one_line(&test.full_name()))
        }
    };
    let place = waiter.stack.as_deref().and_then(|stack| places.shown(stack));
    let place = place.map(|place| format!("  {place}")).unwrap_or_default();
    format!("{who} waits for {}{place}", one_line(&waiter.what))
}

/// The line that runs exactly this test again, for a shell.
fn command(program: &Program, test: &Test, finding: &Finding) -> String {
    // One of which there is no run fails only together with others of its file.
    let filter = if finding.lines.is_empty() { String::new() } else { format!(" {}", filter(test)) };
    format!("emu test{} {}{filter} --seed {}", program.arguments, quoted(&program.name), finding.rerun)
}

/// The option that names a test and no other one.
fn filter(test: &Test) -> String {
    let name = test.full_name();
    // Not every shell can write a control character, and none can write the first one.
    let is_exact =
        name.is_empty() || name.starts_with('/') || name.contains(char::is_control) || test.is_part_of_another;
    match (is_exact, name.starts_with('-')) {
        (true, _) => format!("-t {}", quoted(&format!("/^{}$/", literal(&name)))),
        // Behind a blank it would be taken for an option.
        (false, true) => format!("--filter={}", quoted(&name)),
        (false, false) => format!("-t {}", quoted(&name)),
    }
}

/// A regular expression that is this text.
fn literal(text: &str) -> String {
    let escaped = text.chars().map(|char| match char {
        char if char.is_control() => format!("\\u{:04x}", u32::from(char)),
        char if "\\^$.*+?()[]{}|/".contains(char) => format!("\\{char}"),
        char => char.to_string(),
    });
    escaped.collect()
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

/// A word for the shell.
pub fn quoted(text: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "-_./=:+".contains(char);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    if text.chars().any(char::is_control) {
        // Only so can it be typed.
        let escaped: String = text
            .chars()
            .map(|char| match char {
                '\'' | '\\' => format!("\\{char}"),
                char if char.is_control() => format!("\\u{:04x}", u32::from(char)),
                char => char.to_string(),
            })
            .collect();
        return format!("$'{escaped}'");
    }
    match text.contains(['"', '\\', '$', '`', '!']) {
        true => format!("'{}'", text.replace('\'', "'\\''")),
        false => format!("\"{text}\""),
    }
}

/// A text on one line, without what moves the cursor: both are shown as they are written in a program.
pub fn one_line(text: &str) -> String {
    let mut line = String::new();
    for char in text.chars().take(MAX_NAME_CHARS) {
        match char {
            '\n' => line.push_str("\\n"),
            '\t' => line.push_str("\\t"),
            char if moves_cursor(char) => {
                let _ = write!(line, "\\u{:04x}", u32::from(char));
            }
            char => line.push(char),
        }
    }
    if text.chars().nth(MAX_NAME_CHARS).is_some() {
        line.push('…');
    }
    line
}

/// A text without what moves the cursor, and without what nobody reads.
pub fn clean(text: &str) -> String {
    let end = text.char_indices().nth(MAX_TEXT_CHARS).map(|(at, _)| at);
    let all: Vec<&str> = text[..end.unwrap_or(text.len())].lines().collect();
    let mut shown = all.iter().take(MAX_TEXT_LINES).copied().collect::<Vec<_>>().join("\n");
    if all.len() > MAX_TEXT_LINES {
        let _ = write!(shown, "\n… {} lines more", text.lines().count() - MAX_TEXT_LINES);
    } else if let Some(end) = end {
        let _ = write!(shown, "… {} bytes more", text.len() - end);
    }
    let printable = |char: char| match char {
        '\n' | '\t' => char,
        char if moves_cursor(char) => '\u{fffd}',
        char => char,
    };
    shown.chars().map(printable).collect()
}

/// Whether a terminal does something else with it than to show it.
fn moves_cursor(char: char) -> bool {
    char.is_control() || matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_the_shell() {
        for (text, word) in [
            ("test/a.test.ts", "test/a.test.ts"),
            ("keeps every message", "\"keeps every message\""),
            ("it's", "\"it's\""),
            ("costs $5 \"now\"", "'costs $5 \"now\"'"),
            ("it's $HOME!", "'it'\\''s $HOME!'"),
            ("a\nb 'c' \u{1b}[m", "$'a\\u000ab \\'c\\' \\u001b[m'"),
            ("", "\"\""),
        ] {
            assert_eq!(quoted(text), word);
        }
    }

    #[test]
    fn a_rerun_names_one_test() {
        for (name, is_part, option) in [
            ("adds", false, "-t adds"),
            ("adds", true, "-t '/^adds$/'"),
            ("-v prints", false, "--filter=\"-v prints\""),
            ("-v", true, "-t '/^-v$/'"),
            ("/a|b/", false, "-t '/^\\/a\\|b\\/$/'"),
            ("", false, "-t '/^$/'"),
            ("a\0b\nc", false, "-t '/^a\\u0000b\\u000ac$/'"),
        ] {
            let test = Test { is_part_of_another: is_part, ..Test::named("0", name, &[]) };
            assert_eq!(filter(&test), option);
        }
    }

    #[test]
    fn causes_are_told() {
        let inner = TestError { name: "TypeError".into(), message: "inner".into(), ..TestError::default() };
        let error = TestError {
            name: "Error".into(),
            message: "outer".into(),
            cause: Some(inner.into()),
            ..TestError::default()
        };
        let told = |oracle| message(&error, oracle, &Places::new(None));
        assert_eq!(told(Oracle::Test), "Error: outer\ncaused by TypeError: inner");
        assert_eq!(told(Oracle::Deadlock), "outer\ncaused by TypeError: inner");
    }

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(clean("a\u{1b}[31mb\r\n\tc"), "a\u{fffd}[31mb\n\tc");
        assert!(clean(&"x\n".repeat(100)).ends_with("… 60 lines more"));
        assert!(clean(&"é".repeat(10_000)).ends_with("é… 4000 bytes more"));
        assert_eq!(one_line("a\u{1b}[31m\n\u{202e}b"), "a\\u001b[31m\\n\\u202eb");
        assert_eq!(one_line(&"x".repeat(300)).chars().count(), 201);
    }
}
