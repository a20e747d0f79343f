//! What the reader of a configuration is told: a severity, a sentence, the place with its line, and what to do.
//!
//! [`File`] turns byte positions into places; [`Report`] collects, in bounded memory whatever the input.
//!
//! Invariant: knows text and positions, nothing of wrangler's keys; prints nothing.

use std::fmt;
use std::path::{Path, PathBuf};

use super::syntax::Span;

/// Diagnostics kept per severity; beyond it only their number is kept, so that a hostile file costs bounded memory.
const DIAGNOSTICS_MAX: usize = 50;
/// Characters of a line that are shown; a longer line is cut around the problem.
const LINE_WIDTH_MAX: usize = 120;
/// Characters of the reader's own text that a message repeats.
const QUOTE_WIDTH_MAX: usize = 60;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The worker cannot run.
    Error,
    /// It runs, but probably not as meant, or not in production.
    Warning,
    /// What emu does differently from production.
    Note,
}

impl Severity {
    /// The word the reader sees.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// A place in a file, with the line itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as it was given.
    pub file: PathBuf,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// The line, cut around the place when it is very long and without control characters.
    pub text: String,
    /// Characters of `text` before the underline.
    pub indent: usize,
    /// Characters underlined; at least 1.
    pub length: usize,
}

impl fmt::Display for Place {
    /// `wrangler.jsonc:4:15`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

/// One thing to tell the reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is the matter, in one sentence.
    pub message: String,
    /// Where, when there is a place.
    pub place: Option<Place>,
    /// What to do about it; may have several lines.
    pub help: Option<String>,
}

impl fmt::Display for Diagnostic {
    /// As rustc shows it: the sentence, `file:line:column`, the line underlined, the help. Ends without a line break.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.severity.name(), self.message)?;
        let gutter = self.place.as_ref().map_or(1, |place| place.line.to_string().len());
        if let Some(place) = &self.place {
            write!(f, "\n{:gutter$}--> {place}", "")?;
            write!(f, "\n{:gutter$} |", "")?;
            write!(f, "\n{:gutter$} | {}", place.line, place.text)?;
            write!(
                f,
                "\n{:gutter$} | {:indent$}{:^<length$}",
                "",
                "",
                "",
                indent = place.indent,
                length = place.length
            )?;
        }
        let Some(help) = &self.help else { return Ok(()) };
        for (index, line) in help.lines().enumerate() {
            match (index, line) {
                (0, _) => write!(f, "\n{:gutter$} = help: {line}", "")?,
                (_, "") => f.write_str("\n")?,
                _ => write!(f, "\n{:gutter$}         {line}", "")?,
            }
        }
        Ok(())
    }
}

/// A text with its lines, to turn byte positions into places.
#[derive(Debug)]
pub(super) struct File<'a> {
    path: &'a Path,
    text: &'a str,
    line_starts: Vec<usize>,
}

impl<'a> File<'a> {
    pub(super) fn new(path: &'a Path, text: &'a str) -> Self {
        let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(index, _)| index + 1);
        Self { path, text, line_starts: std::iter::once(0).chain(after_breaks).collect() }
    }

    pub(super) fn path(&self) -> &'a Path {
        self.path
    }

    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// The file's name without its folders, for sentences.
    pub(super) fn name(&self) -> String {
        self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy().into_owned()
    }

    /// The line a byte position is on, counted from 1.
    pub(super) fn line_of(&self, position: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= position)
    }

    /// The place of a span; a span over several lines is underlined on its first one.
    pub(super) fn place(&self, span: &Span) -> Place {
        let start = floor_char(self.text, span.start);
        let line = self.line_of(start);
        let line_start = self.line_starts[line - 1];
        let line_text = self.text[line_start..].lines().next().unwrap_or("");
        let line_end = line_start + line_text.len();
        let start = start.min(line_end);
        let end = floor_char(self.text, span.end).clamp(start, line_end);
        let before = self.text[line_start..start].chars().count();
        let length = self.text[start..end].chars().count().max(1);
        let (text, indent, length) = cut(line_text, before, length);
        Place { file: self.path.to_path_buf(), line, column: before + 1, text, indent, length }
    }
}

/// The nearest character boundary at or before `position`.
fn floor_char(text: &str, position: usize) -> usize {
    let position = position.min(text.len());
    (0..=position).rev().find(|index| text.is_char_boundary(*index)).unwrap_or(0)
}

/// Shows at most [`LINE_WIDTH_MAX`] characters of a line, with the `length` characters after `before` in view.
fn cut(line: &str, before: usize, length: usize) -> (String, usize, usize) {
    let width = line.chars().count();
    if width <= LINE_WIDTH_MAX {
        return (line.chars().map(printable).collect(), before, length);
    }
    let first = before.saturating_sub(LINE_WIDTH_MAX / 3);
    let mut text: String = if first > 0 { "…".into() } else { String::new() };
    let indent = before - first + text.chars().count();
    text.extend(line.chars().skip(first).take(LINE_WIDTH_MAX).map(printable));
    if width > first + LINE_WIDTH_MAX {
        text.push('…');
    }
    let shown = text.chars().count();
    (text, indent, length.min(shown.saturating_sub(indent)).max(1))
}

/// A character that moves neither the cursor nor the terminal's state.
fn printable(character: char) -> char {
    match character {
        '\t' => ' ',
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        _ if character.is_control() => '\u{fffd}',
        _ => character,
    }
}

/// The reader's own text, safe and short enough to be repeated in a message.
pub(super) fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(QUOTE_WIDTH_MAX).map(printable).collect();
    if text.chars().nth(QUOTE_WIDTH_MAX).is_some() {
        short.push('…');
    }
    short
}

/// Collects diagnostics.
#[derive(Debug, Default)]
pub(super) struct Report {
    kept: Vec<(usize, Diagnostic)>,
    counts: [usize; 3],
    file_index: usize,
}

impl Report {
    /// Diagnostics from now on belong to the next file; the reader sees them in the order of the files.
    pub(super) fn next_file(&mut self) {
        self.file_index += 1;
    }

    /// Whether anything was an error.
    pub(super) fn has_errors(&self) -> bool {
        self.counts[Severity::Error as usize] > 0
    }

    /// Adds a diagnostic; `place` is only worked out when it will be kept.
    fn add(
        &mut self,
        severity: Severity,
        message: impl Into<String>,
        place: impl FnOnce() -> Option<Place>,
    ) -> Added<'_> {
        let count = &mut self.counts[severity as usize];
        *count += 1;
        if *count > DIAGNOSTICS_MAX {
            return Added(None);
        }
        let diagnostic = Diagnostic { severity, message: message.into(), place: place(), help: None };
        self.kept.push((self.file_index, diagnostic));
        Added(self.kept.last_mut().map(|(_, diagnostic)| diagnostic))
    }

    /// Adds a diagnostic that has no place.
    pub(super) fn anywhere(&mut self, severity: Severity, message: impl Into<String>) -> Added<'_> {
        self.add(severity, message, || None)
    }

    /// All diagnostics in the order of the text; those without a place come last.
    pub(super) fn finish(self) -> Vec<Diagnostic> {
        let Self { mut kept, counts, .. } = self;
        kept.sort_by_key(|(file_index, diagnostic)| {
            let position = diagnostic.place.as_ref().map(|place| (place.line, place.column));
            (position.is_none(), *file_index, position)
        });
        let mut diagnostics: Vec<Diagnostic> = kept.into_iter().map(|(_, diagnostic)| diagnostic).collect();
        for severity in [Severity::Error, Severity::Warning, Severity::Note] {
            let left_out = counts[severity as usize].saturating_sub(DIAGNOSTICS_MAX);
            if left_out > 0 {
                let message = format!("{left_out} more diagnostics like these are not shown");
                diagnostics.push(Diagnostic { severity, message, place: None, help: None });
            }
        }
        diagnostics
    }
}

/// A diagnostic just added, to which help can be given; empty when it was one too many to keep.
pub(super) struct Added<'r>(Option<&'r mut Diagnostic>);

impl Added<'_> {
    /// Says what to do.
    pub(super) fn help(self, help: impl Into<String>) {
        self.help_with(|| Some(help.into()));
    }

    /// Says what to do, worked out only when it will be shown.
    pub(super) fn help_with(self, help: impl FnOnce() -> Option<String>) {
        if let Some(diagnostic) = self.0 {
            diagnostic.help = help();
        }
    }
}

/// A file and the report on it: what every part of the configuration reads through.
pub(super) struct Reader<'a> {
    pub(super) file: &'a File<'a>,
    pub(super) report: &'a mut Report,
}

impl Reader<'_> {
    /// The worker cannot run with this.
    pub(super) fn error(&mut self, span: &Span, message: impl Into<String>) -> Added<'_> {
        let Self { file, report } = self;
        report.add(Severity::Error, message, || Some(file.place(span)))
    }

    /// This is probably not what was meant.
    pub(super) fn warning(&mut self, span: &Span, message: impl Into<String>) -> Added<'_> {
        let Self { file, report } = self;
        report.add(Severity::Warning, message, || Some(file.place(span)))
    }

    /// Here emu differs from production.
    pub(super) fn note(&mut self, span: &Span, message: impl Into<String>) -> Added<'_> {
        let Self { file, report } = self;
        report.add(Severity::Note, message, || Some(file.place(span)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_and_underlined() {
        let file = File::new(Path::new("a.jsonc"), "one\n\ttwo ähm\r\nthree");
        let cases = [
            (0..3, "a.jsonc:1:1", "one", 0, 3),
            (5..8, "a.jsonc:2:2", " two ähm", 1, 3),
            (9..13, "a.jsonc:2:6", " two ähm", 5, 3),
            (9..19, "a.jsonc:2:6", " two ähm", 5, 3),
            (10..11, "a.jsonc:2:6", " two ähm", 5, 1),
            (15..20, "a.jsonc:3:1", "three", 0, 5),
            (900..901, "a.jsonc:3:6", "three", 5, 1),
        ];
        for (span, shown, text, indent, length) in cases {
            let place = file.place(&span);
            assert_eq!((place.to_string().as_str(), place.text.as_str()), (shown, text), "{span:?}");
            assert_eq!((place.indent, place.length), (indent, length), "{span:?}");
        }
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let text = format!("{}HERE{}", "x".repeat(1000), "y".repeat(1000));
        let place = File::new(Path::new("a"), &text).place(&(1000..1004));
        assert_eq!(place.column, 1001);
        assert!(place.text.chars().count() <= LINE_WIDTH_MAX + 2);
        let underlined: String = place.text.chars().skip(place.indent).take(place.length).collect();
        assert_eq!(underlined, "HERE");
    }

    #[test]
    fn terminal_escapes_are_not_repeated() {
        assert_eq!(shown("a\u{1b}[31mb\u{202e}"), "a\u{fffd}[31mb\u{fffd}");
        assert_eq!(shown(&"x".repeat(100)).chars().count(), QUOTE_WIDTH_MAX + 1);
    }

    #[test]
    fn a_flood_is_counted_not_kept() {
        let file = File::new(Path::new("a"), "x");
        let mut report = Report::default();
        for _ in 0..1000 {
            Reader { file: &file, report: &mut report }.warning(&(0..1), "again").help("stop");
        }
        Reader { file: &file, report: &mut report }.error(&(0..1), "bad");
        assert!(report.has_errors());
        let diagnostics = report.finish();
        assert_eq!(diagnostics.len(), DIAGNOSTICS_MAX + 2);
        assert_eq!(
            diagnostics.last().map(|last| last.message.as_str()),
            Some("950 more diagnostics like these are not shown")
        );
    }
}
