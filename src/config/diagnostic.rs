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
/// Bytes between two positions whose distance in characters from the start is known.
const CHECKPOINT_BYTES: usize = 1024;
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

/// A text with its lines, to turn byte positions into places: quickly, also on a line of a megabyte.
#[derive(Debug)]
pub(super) struct File<'a> {
    path: &'a Path,
    text: &'a str,
    /// Rank among the files that are read; the reader sees diagnostics in this order.
    order: usize,
    line_starts: Vec<usize>,
    /// Characters before every [`CHECKPOINT_BYTES`]th byte.
    characters_before: Vec<usize>,
}

impl<'a> File<'a> {
    pub(super) fn new(path: &'a Path, text: &'a str, order: usize) -> Self {
        let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(index, _)| index + 1);
        let line_starts = std::iter::once(0).chain(after_breaks).collect();
        let mut characters_before = vec![0];
        for block in text.as_bytes().chunks(CHECKPOINT_BYTES) {
            let before = characters_before.last().copied().unwrap_or(0);
            characters_before.push(before + count_characters(block));
        }
        Self { path, text, order, line_starts, characters_before }
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
        let next_line = self.line_starts.get(line).copied().unwrap_or(self.text.len());
        let line_end = line_start + self.text[line_start..next_line].trim_end_matches(['\n', '\r']).len();
        let start = start.min(line_end);
        let end = floor_char(self.text, span.end).clamp(start, line_end);
        let before = self.characters_to(start) - self.characters_to(line_start);
        let length = (self.characters_to(end) - self.characters_to(start)).max(1);
        let width = self.characters_to(line_end) - self.characters_to(line_start);
        let (text, indent, length) = cut(&self.text[line_start..line_end], start - line_start, before, width, length);
        Place { file: self.path.to_path_buf(), line, column: before + 1, text, indent, length }
    }

    /// Characters before a position.
    fn characters_to(&self, position: usize) -> usize {
        let block = position / CHECKPOINT_BYTES;
        let rest = &self.text.as_bytes()[block * CHECKPOINT_BYTES..position];
        self.characters_before[block] + count_characters(rest)
    }
}

/// Characters that start in a piece of a text.
fn count_characters(piece: &[u8]) -> usize {
    piece.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

/// The nearest character boundary at or before `position`.
fn floor_char(text: &str, position: usize) -> usize {
    let position = position.min(text.len());
    (0..=position).rev().find(|index| text.is_char_boundary(*index)).unwrap_or(0)
}

/// Shows at most [`LINE_WIDTH_MAX`] characters of a line that has `width`, with the `length` characters at byte `at`,
/// after `before` others, in view: the text, and where in it and how long the underline is.
fn cut(line: &str, at: usize, before: usize, width: usize, length: usize) -> (String, usize, usize) {
    if width <= LINE_WIDTH_MAX {
        return (line.chars().map(printable).collect(), before, length);
    }
    let kept_before = before.min(LINE_WIDTH_MAX / 3);
    let first = line[..at].char_indices().rev().take(kept_before).last().map_or(at, |(index, _)| index);
    let mut text: String = if first > 0 { "…".into() } else { String::new() };
    let indent = kept_before + text.chars().count();
    text.extend(line[first..].chars().take(LINE_WIDTH_MAX).map(printable));
    if width - before + kept_before > LINE_WIDTH_MAX {
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
}

impl Report {
    /// Whether anything was an error.
    pub(super) fn has_errors(&self) -> bool {
        self.counts[Severity::Error as usize] > 0
    }

    /// Adds a diagnostic; its place is only worked out when it will be kept.
    fn add(&mut self, severity: Severity, message: impl Into<String>, at: Option<(&File<'_>, &Span)>) -> Added<'_> {
        let count = &mut self.counts[severity as usize];
        *count += 1;
        if *count > DIAGNOSTICS_MAX {
            return Added(None);
        }
        let place = at.map(|(file, span)| file.place(span));
        let diagnostic = Diagnostic { severity, message: message.into(), place, help: None };
        self.kept.push((at.map_or(0, |(file, _)| file.order), diagnostic));
        Added(self.kept.last_mut().map(|(_, diagnostic)| diagnostic))
    }

    /// Adds a diagnostic that has no place.
    pub(super) fn anywhere(&mut self, severity: Severity, message: impl Into<String>) -> Added<'_> {
        self.add(severity, message, None)
    }

    /// All diagnostics in the order of the text; those without a place come last.
    pub(super) fn finish(self) -> Vec<Diagnostic> {
        let Self { mut kept, counts, .. } = self;
        kept.sort_by_key(|(order, diagnostic)| {
            let position = diagnostic.place.as_ref().map(|place| (place.line, place.column));
            (position.is_none(), *order, position)
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
        self.report.add(Severity::Error, message, Some((self.file, span)))
    }

    /// This is probably not what was meant.
    pub(super) fn warning(&mut self, span: &Span, message: impl Into<String>) -> Added<'_> {
        self.report.add(Severity::Warning, message, Some((self.file, span)))
    }

    /// Here emu differs from production.
    pub(super) fn note(&mut self, span: &Span, message: impl Into<String>) -> Added<'_> {
        self.report.add(Severity::Note, message, Some((self.file, span)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_and_underlined() {
        let file = File::new(Path::new("a.jsonc"), "one\n\ttwo ähm\r\nthree", 0);
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
        for (before, after) in [(0, 1000), (10, 1000), (1000, 1000), (5000, 10), (1000, 0)] {
            let text = format!("line\n{}HERE{}\nline", "é".repeat(before), "y".repeat(after));
            let start = 5 + 2 * before;
            let place = File::new(Path::new("a"), &text, 0).place(&(start..start + 4));
            assert_eq!((place.line, place.column), (2, before + 1));
            assert!(place.text.chars().count() <= LINE_WIDTH_MAX + 2);
            let underlined: String = place.text.chars().skip(place.indent).take(place.length).collect();
            assert_eq!(underlined, "HERE", "{before} {after}");
        }
    }

    #[test]
    fn terminal_escapes_are_not_repeated() {
        assert_eq!(shown("a\u{1b}[31mb\u{202e}"), "a\u{fffd}[31mb\u{fffd}");
        assert_eq!(shown(&"x".repeat(100)).chars().count(), QUOTE_WIDTH_MAX + 1);
    }

    #[test]
    fn a_flood_is_counted_not_kept() {
        let file = File::new(Path::new("a"), "x", 0);
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
