//! Text for a terminal: aligned columns, and values that cannot do anything to the terminal.
//!
//! Invariant: whatever a guest or a database holds comes out as one line of visible characters.

use std::fmt::Write;

/// Between two columns.
const GAP: &str = "  ";

/// A column's title and side.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// Already printable.
    pub(super) title: String,
    /// Numbers stand to the right.
    pub(super) right: bool,
}

impl Column {
    /// A column of text.
    pub(super) fn left(title: &str) -> Self {
        Self { title: title.into(), right: false }
    }

    /// A column of numbers.
    pub(super) fn right(title: &str) -> Self {
        Self { title: title.into(), right: true }
    }
}

/// The rows below their titles, each column as wide as its widest cell. Cells are already printable; `ruled` draws a
/// line below the titles.
pub(super) fn render(columns: &[Column], rows: &[Vec<String>], ruled: bool) -> String {
    let widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(index, column)| {
            let cells = rows.iter().filter_map(|row| row.get(index)).map(|cell| width(cell));
            cells.fold(width(&column.title), usize::max)
        })
        .collect();
    let mut text = String::new();
    line(&mut text, columns, &widths, |index| &columns[index].title);
    if ruled {
        let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
        line(&mut text, columns, &widths, |index| &rules[index]);
    }
    for row in rows {
        line(&mut text, columns, &widths, |index| row.get(index).map_or("", String::as_str));
    }
    text
}

fn line<'a>(text: &mut String, columns: &[Column], widths: &[usize], cell: impl Fn(usize) -> &'a str) {
    for (index, column) in columns.iter().enumerate() {
        let cell = cell(index);
        let padding = " ".repeat(widths[index].saturating_sub(width(cell)));
        if index > 0 {
            text.push_str(GAP);
        }
        let (before, after) = if column.right { (padding.as_str(), "") } else { ("", padding.as_str()) };
        text.extend([before, cell, after]);
    }
    text.truncate(text.trim_end_matches(' ').len());
    text.push('\n');
}

fn width(text: &str) -> usize {
    text.chars().count()
}

/// The text on one line, with control characters, and those that turn the direction of writing, as escapes.
pub(super) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if c.is_control() || is_deceptive(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out
}

/// Line separators and invisible characters that reorder what stands beside them.
fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The printable text, cut to so many characters; whether it was cut.
pub(super) fn cut(text: &str, limit: usize) -> (String, bool) {
    // Escapes only lengthen, so more of the text than the limit is never needed.
    let start = text.char_indices().nth(limit + 1).map_or(text, |(end, _)| &text[..end]);
    let shown = printable(start);
    match shown.char_indices().nth(limit) {
        None => (shown, false),
        Some(_) => {
            let kept: String = shown.chars().take(limit.saturating_sub(1)).collect();
            (kept + "…", true)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(ToString::to_string).collect()).collect()
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let columns = [Column::left("NAME"), Column::right("SOCKETS"), Column::left("ALARM")];
        let rows = rows(&[&["lobby", "3", "in 10 s"], &["é", "12345678", ""], &["short"]]);
        assert_eq!(
            render(&columns, &rows, false),
            "NAME    SOCKETS  ALARM\n\
             lobby         3  in 10 s\n\
             é      12345678\n\
             short\n"
        );
        assert_eq!(
            render(&columns, &rows[..1], true),
            "NAME   SOCKETS  ALARM\n\
             -----  -------  -------\n\
             lobby        3  in 10 s\n"
        );
    }

    #[test]
    fn values_cannot_reach_the_terminal() {
        for (text, expected) in [
            ("plain é 😀", "plain é 😀"),
            ("\x1b[2J\x07", "\\u{1b}[2J\\u{7}"),
            ("a\nb\tc\r", "a\\nb\\tc\\r"),
            ("\u{9b}31m\x7f\0", "\\u{9b}31m\\u{7f}\\u{0}"),
            ("\u{202e}txt\u{2066}\u{2028}\u{feff}", "\\u{202e}txt\\u{2066}\\u{2028}\\u{feff}"),
            ("C:\\n", "C:\\n"),
        ] {
            assert_eq!(printable(text), expected);
        }
    }

    #[test]
    fn long_values_are_cut_at_the_limit() {
        for (text, limit, expected, is_cut) in [
            ("12345", 5, "12345", false),
            ("123456", 5, "1234…", true),
            ("éééééé", 5, "éééé…", true),
            ("12\n45", 5, "12\\n…", true),
            ("12\n4", 5, "12\\n4", false),
            ("", 5, "", false),
        ] {
            assert_eq!(cut(text, limit), (expected.to_owned(), is_cut), "{text:?}");
        }
    }
}
