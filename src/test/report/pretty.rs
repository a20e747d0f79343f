//! For people: a line for each test, and the story of each failure.
//!
//! Invariant: colours only repeat what the words say.

use super::{Begin, Reporter, Summary, Told, count, title};
use crate::test::judge::Oracle;
use crate::test::story::Story;
use crate::test::tested::{FileTested, Outcome};
use crate::test::timeline::View;
use std::fmt::Write as _;
use std::io::{self, Write};

/// How texts are painted.
#[derive(Clone, Copy)]
pub(super) struct Paint {
    has_colours: bool,
}

impl Paint {
    pub(super) fn plain() -> Self {
        Self { has_colours: false }
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.has_colours && !text.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    fn red(self, text: &str) -> String {
        self.with("31", text)
    }

    fn green(self, text: &str) -> String {
        self.with("32", text)
    }

    fn yellow(self, text: &str) -> String {
        self.with("33", text)
    }
}

/// How many tests without a failure show a note that is the same but for its numbers: those of the others are counted.
const NOTES_SHOWN: usize = 3;

/// See the file's comment.
pub(super) struct Pretty {
    paint: Paint,
    view: View,
    failures: Vec<String>,
    /// Notes without their numbers, and how many tests had each.
    notes: Vec<(String, usize)>,
}

impl Pretty {
    pub(super) fn new(has_colours: bool, view: View) -> Self {
        Self { paint: Paint { has_colours }, view, failures: Vec::new(), notes: Vec::new() }
    }

    /// Counts a note. Whether it is shown beside its test.
    fn shows(&mut self, note: &str) -> bool {
        let kind = without_numbers(note);
        let index = self.notes.iter().position(|(known, _)| *known == kind).unwrap_or_else(|| {
            self.notes.push((kind, 0));
            self.notes.len() - 1
        });
        self.notes[index].1 += 1;
        self.notes[index].1 <= NOTES_SHOWN
    }
}

impl Reporter for Pretty {
    fn begin(&mut self, begin: &Begin, out: &mut dyn Write) -> io::Result<()> {
        let text = format!("{} in {}, seed {}", count(begin.tests, "test"), count(begin.files, "file"), begin.base);
        writeln!(out, "{}\n", self.paint.dim(&text))
    }

    fn file(&mut self, file: &FileTested, out: &mut dyn Write) -> io::Result<()> {
        for line in &file.logged {
            writeln!(out, "{} {line}", self.paint.dim(&format!("{} │", file.name)))?;
        }
        if let Some(broken) = &file.broken {
            let head = format!("{}  {}", self.paint.red("FAIL"), self.paint.bold(&file.name));
            writeln!(out, "{}  {}", self.paint.red("✗"), file.name)?;
            self.failures.push(format!("{head}\n\n{}\n", indented(broken.trim_end(), "  ")));
        }
        Ok(())
    }

    fn test(&mut self, told: &Told, out: &mut dyn Write) -> io::Result<()> {
        let paint = self.paint;
        let (mark, rest) = match &told.outcome {
            Outcome::Passed => (paint.green("✓"), effort(told)),
            Outcome::Failed(story) => (paint.red("✗"), format!("{}, run {}", story.headline(), story.run)),
            Outcome::Skipped => (paint.yellow("-"), "skipped".into()),
            Outcome::Todo => (paint.yellow("-"), "todo".into()),
        };
        writeln!(out, "{mark}  {}  {}", title(told), paint.dim(&rest))?;
        for note in told.notes.iter().filter(|note| told.failure().is_some() || self.shows(note)) {
            writeln!(out, "   {} {note}", paint.yellow("note:"))?;
        }
        if let Outcome::Failed(_) = &told.outcome {
            self.failures.push(story(told, &paint, self.view));
        }
        Ok(())
    }

    fn end(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        for failure in &self.failures {
            writeln!(out, "\n{failure}")?;
        }
        self.failures.clear();
        let paint = self.paint;
        for (note, tests) in self.notes.drain(..).filter(|(_, tests)| *tests > NOTES_SHOWN) {
            let more = count(tests - NOTES_SHOWN, "more test");
            writeln!(out, "\n{} of {more}: {note}", paint.yellow("note:"))?;
        }
        let mut parts = vec![(summary.failed, "failed"), (summary.passed, "passed")];
        parts.extend([(summary.skipped, "skipped"), (summary.todo, "todo")]);
        let shown = parts.iter().filter(|(number, _)| *number > 0).map(|(number, what)| {
            let text = format!("{number} {what}");
            match *what {
                "failed" => paint.red(&text),
                "passed" => paint.green(&text),
                _ => paint.yellow(&text),
            }
        });
        let mut line = shown.collect::<Vec<_>>().join(", ");
        if summary.broken > 0 {
            let broken = format!("{} cannot be run", count(summary.broken, "file"));
            line =
                [line, paint.red(&broken)].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
        }
        let seconds = summary.real_ms / 1000.0;
        let runs = format!("{} in {seconds:.1} s, seed {}", count(summary.runs as usize, "run"), summary.base);
        writeln!(out, "\n{line}  {}", paint.dim(&runs))
    }
}

/// A text with `…` in place of each number.
fn without_numbers(text: &str) -> String {
    let mut kept = String::new();
    for char in text.chars() {
        match char.is_ascii_digit() {
            true if kept.ends_with('…') => {}
            true => kept.push('…'),
            false => kept.push(char),
        }
    }
    kept
}

/// How much was tried without finding anything.
fn effort(told: &Told) -> String {
    let mut text = match told.explored {
        (0, 0) => String::new(),
        (tried, all) => format!("{tried}/{all} points, "),
    };
    let _ = write!(text, "{}, {:.0} ms", count(told.runs as usize, "run"), told.real_ms);
    text
}

/// The story of a failure.
pub(super) fn story(told: &Told, paint: &Paint, view: View) -> String {
    let Outcome::Failed(story) = &told.outcome else { return String::new() };
    let seconds = told.real_ms / 1000.0;
    let facts = match story.timeline {
        Some(_) => {
            let seed = story.rerun.split(':').next().unwrap_or_default();
            format!("seed {seed} · {} · run {} of {} · {seconds:.1} s", story.headline(), story.run, told.runs)
        }
        None => format!("{} · {seconds:.1} s", story.headline()),
    };
    let mut text = format!("{}  {}  {}\n", paint.red("FAIL"), paint.bold(&title(told)), paint.dim(&facts));
    let _ = writeln!(text, "  {}  {}", paint.bold("rerun"), story.command);
    if let Some(why) = &story.why {
        let _ = writeln!(text, "  {}    {why}", paint.bold("why"));
    }
    let _ = writeln!(text, "\n{}", indented(&paint.red(&story.message), "  "));
    if story.oracle != Oracle::Test {
        let _ = writeln!(text, "  {}", paint.dim(&format!("found by: {}", story.oracle.name())));
    }
    for waits in &story.waits {
        let _ = writeln!(text, "  {waits}");
    }
    if let Some(diff) = &story.diff {
        let lines: Vec<String> = diff.lines().map(|line| diff_line(line, *paint)).collect();
        let _ = writeln!(text, "\n{}", indented(&lines.join("\n"), "  "));
    }
    if let Some(frame) = &story.frame {
        let _ = writeln!(text, "\n{}", indented(frame, "  "));
    }
    if !story.stack.is_empty() {
        let _ = writeln!(text, "{}", indented(&paint.dim(&story.stack.join("\n")), "    "));
    }
    text.push_str(&told_timeline(story, *paint, view));
    text
}

fn told_timeline(story: &Story, paint: Paint, view: View) -> String {
    let Some(timeline) = &story.timeline else { return String::new() };
    let mut text = match timeline.rows.is_empty() {
        true => "\n".to_owned(),
        false => format!("\n  {}\n", paint.dim(&format!("({})", timeline.extent(view)))),
    };
    for line in timeline.lines(view, &|fault| paint.yellow(fault)) {
        let _ = writeln!(text, "{line}");
    }
    if let Some(first) = &timeline.first_difference {
        let other = if story.oracle == Oracle::Determinism { "other" } else { "calm" };
        let _ = writeln!(text, "  first difference from the {other} run: event {}, {}", first.event, first.what);
        if let Some(calm) = &first.calm {
            let _ = writeln!(text, "    calm it was: {calm}");
        }
        if let Some(place) = &first.place {
            let _ = writeln!(text, "    at {place}");
        }
    }
    let (before, after) = story.decisions;
    if before > after || !story.is_minimal {
        let rest =
            if story.is_minimal { "nothing more can be left out" } else { "there was no time to leave out more" };
        let _ = writeln!(text, "  {}", paint.dim(&format!("of {before} decisions {after} are left: {rest}")));
    }
    let _ = writeln!(text, "  digest {:016x}, where a replay must end, otherwise exit 3", story.digest);
    text
}

fn diff_line(line: &str, paint: Paint) -> String {
    match line.trim_start().chars().next() {
        Some('-') => paint.green(line),
        Some('+') => paint.red(line),
        _ => line.to_owned(),
    }
}

fn indented(text: &str, by: &str) -> String {
    text.lines().map(|line| format!("{by}{line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}
