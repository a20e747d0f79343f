//! A place in a source file as the terminal shows it, in the look of the configuration's diagnostics.
//!
//! Invariant: knows text and positions; reads nothing, prints nothing.

use std::fmt::Write as _;

/// Characters of a line that are shown; a longer line is cut around the place.
const LINE_WIDTH_MAX: usize = 120;

/// A place in a text.
#[derive(Clone, Debug)]
pub(super) struct Place<'a> {
    /// The file, as the reader knows it.
    pub(super) file: &'a str,
    /// All of its text; empty when it is not known.
    pub(super) text: &'a str,
    /// Line, counted from 1.
    pub(super) line: usize,
    /// Column in UTF-16 units, counted from 0.
    pub(super) column: usize,
    /// UTF-16 units underlined; at least 1 is shown.
    pub(super) length: usize,
}

impl Place<'_> {
    /// `src/index.ts:4:15`, both counted from 1.
    pub(super) fn position(&self) -> String {
        format!("{}:{}:{}", self.file, self.line, self.column + 1)
    }
}

/// One thing to tell the reader: the sentence, the place with its line underlined, what to do. Ends without a line
/// break.
pub(super) fn diagnostic(severity: &str, message: &str, place: Option<&Place<'_>>, help: Option<&str>) -> String {
    let mut shown = format!("{severity}: {message}");
    let gutter = place.map_or(1, |place| place.line.to_string().len());
    if let Some(place) = place {
        let _ = write!(shown, "\n{:gutter$}--> {}", "", place.position());
        excerpt(&mut shown, place, 0, gutter);
    }
    for (index, line) in help.into_iter().flat_map(str::lines).enumerate() {
        let lead = if index == 0 { " = help: " } else { "         " };
        let _ = write!(shown, "\n{:gutter$}{lead}{line}", "");
    }
    shown
}

/// A place with the two lines before and after it. No line break at the end.
pub(super) fn context(place: &Place<'_>) -> String {
    let gutter = (place.line + 2).to_string().len();
    let mut shown = format!("{:gutter$}--> {}", "", place.position());
    excerpt(&mut shown, place, 2, gutter);
    shown
}

/// The line of a place, underlined, and `around` lines before and after it.
fn excerpt(shown: &mut String, place: &Place<'_>, around: usize, gutter: usize) {
    let first = place.line.saturating_sub(around).max(1);
    let lines = place.text.lines().enumerate().skip(first - 1).take(place.line + around + 1 - first);
    let target = place.text.lines().nth(place.line - 1).unwrap_or_default();
    let before = to_characters(target, place.column);
    let length = (to_characters(target, place.column + place.length) - before).max(1);
    // Long lines are all cut at the same character, so that they stay in line with each other; and not at all where the
    // place is seen without that, for then so is what leads up to it.
    let is_seen = before + length.min(LINE_WIDTH_MAX / 3) <= LINE_WIDTH_MAX;
    let cut = if is_seen { 0 } else { before.saturating_sub(LINE_WIDTH_MAX / 3) };
    let mut is_first = true;
    for (index, line) in lines {
        if is_first {
            let _ = write!(shown, "\n{:gutter$} |", "");
            is_first = false;
        }
        let number = index + 1;
        let _ = write!(shown, "\n{number:>gutter$} | {}", window(line, cut));
        if number == place.line {
            let indent = before - cut + usize::from(cut > 0);
            let length = length.min(LINE_WIDTH_MAX.saturating_sub(before - cut)).max(1);
            let _ = write!(shown, "\n{:gutter$} | {:indent$}{:^<length$}", "", "", "");
        }
    }
}

/// At most [`LINE_WIDTH_MAX`] characters of a line, from the character `cut`, without anything that moves the cursor.
fn window(line: &str, cut: usize) -> String {
    let mut shown = if cut > 0 { "…".to_owned() } else { String::new() };
    let mut rest = line.chars().skip(cut);
    shown.extend(rest.by_ref().take(LINE_WIDTH_MAX).map(printable));
    if rest.next().is_some() {
        shown.push('…');
    }
    shown.truncate(shown.trim_end().len());
    shown
}

/// The number of characters in the first `units` UTF-16 units of a line.
fn to_characters(line: &str, units: usize) -> usize {
    let mut passed = 0;
    line.chars()
        .take_while(|character| {
            let is_before = passed < units;
            passed += character.len_utf16();
            is_before
        })
        .count()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagnostic_looks_like_the_configurations() {
        let place = Place { file: "src/a.ts", text: "let a;\n\tlet 😀 = b;\n", line: 2, column: 10, length: 1 };
        let shown = diagnostic("error", "no `b`", Some(&place), Some("declare it\nor not"));
        let expected = "error: no `b`\n --> src/a.ts:2:11\n  |\n2 |  let 😀 = b;\n  |          ^\n\
                        \x20 = help: declare it\n\
                        \x20         or not";
        assert_eq!(shown, expected);
        assert_eq!(diagnostic("error", "no", None, Some("x")), "error: no\n  = help: x");
    }

    #[test]
    fn context_is_two_lines_either_side() {
        let text = (1..=20).map(|line| format!("line {line}\n")).collect::<String>();
        let place = Place { file: "a.ts", text: &text, line: 10, column: 5, length: 1 };
        let expected =
            "  --> a.ts:10:6\n   |\n 8 | line 8\n 9 | line 9\n10 | line 10\n   |      ^\n11 | line 11\n12 | line 12";
        assert_eq!(context(&place), expected);
        let first = Place { line: 1, column: 0, ..place };
        assert!(context(&first).contains("1 | line 1\n  | ^\n2 | line 2\n3 | line 3"), "{}", context(&first));
    }

    #[test]
    fn a_long_line_begins_where_it_does_if_the_place_is_seen_so() {
        let text = format!("if (a)\n{}HERE{}", "x".repeat(100), "y".repeat(100));
        let shown = context(&Place { file: "a.ts", text: &text, line: 2, column: 100, length: 4 });
        let cut = format!("2 | {}HERE{}…\n  | {}^^^^", "x".repeat(100), "y".repeat(16), " ".repeat(100));
        assert_eq!(shown, format!(" --> a.ts:2:101\n  |\n1 | if (a)\n{cut}"));
    }

    #[test]
    fn a_long_line_is_cut_and_a_place_outside_the_text_is_harmless() {
        let text = format!("{}HERE{}", "x".repeat(500), "y".repeat(500));
        let place = Place { file: "a.ts", text: &text, line: 1, column: 500, length: 4 };
        let shown = diagnostic("error", "m", Some(&place), None);
        let lines: Vec<&str> = shown.lines().collect();
        let underline: Vec<usize> = lines[4].char_indices().filter(|(_, c)| *c == '^').map(|(at, _)| at).collect();
        let under: String =
            lines[3].chars().enumerate().filter(|(at, _)| underline.contains(at)).map(|(_, c)| c).collect();
        assert_eq!(under, "HERE");
        let beyond = Place { file: "a.ts", text: "x", line: 9, column: 9, length: 9 };
        assert_eq!(diagnostic("error", "m", Some(&beyond), None), "error: m\n --> a.ts:9:10");
    }
}
