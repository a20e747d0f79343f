//! Changes of a text at some places, and where everything else has moved to.
//!
//! Invariant: pure; edits are made in one pass, positions are moved in another, both linear in the text.

use super::vlq::{Mapping, Table};

/// Changes to make: none of them inside of another.
#[derive(Debug, Default)]
pub(super) struct Edits(Vec<Edit>);

#[derive(Debug)]
struct Edit {
    start: usize,
    end: usize,
    /// Among edits at the same place: what closes something comes before what opens something; of two that close, the
    /// one that was asked for later, which is further inside.
    rank: (bool, isize),
    text: String,
}

impl Edits {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts text in front of what starts at a position.
    pub(super) fn before(&mut self, at: usize, text: impl Into<String>) {
        self.replace(at, at, text);
    }

    /// Puts text behind what ends at a position.
    pub(super) fn after(&mut self, at: usize, text: impl Into<String>) {
        let rank = (false, -self.number());
        self.0.push(Edit { start: at, end: at, rank, text: text.into() });
    }

    /// Puts text in place of other text.
    pub(super) fn replace(&mut self, start: usize, end: usize, text: impl Into<String>) {
        let rank = (true, self.number());
        self.0.push(Edit { start, end, rank, text: text.into() });
    }

    fn number(&self) -> isize {
        isize::try_from(self.0.len()).unwrap_or(isize::MAX)
    }

    /// The changed text, and the source map with its positions moved.
    pub(super) fn apply(mut self, text: &str, table: &Table) -> (String, Table) {
        self.0.sort_by_key(|edit| (edit.start, edit.rank));
        let mut changed = String::with_capacity(text.len() + self.0.iter().map(|edit| edit.text.len()).sum::<usize>());
        // For each edit: where it ends in the old text, and in the new.
        let mut moves = Vec::with_capacity(self.0.len());
        let mut copied = 0;
        for edit in &self.0 {
            changed.push_str(text.get(copied..edit.start).unwrap_or_default());
            changed.push_str(&edit.text);
            copied = copied.max(edit.end);
            moves.push((edit.start, copied, changed.len()));
        }
        changed.push_str(&text[copied..]);
        let moved = |offset: usize| {
            let passed = moves.partition_point(|(start, ..)| *start <= offset);
            let Some((_, from, to)) = passed.checked_sub(1).and_then(|index| moves.get(index)) else { return offset };
            to + offset.saturating_sub(*from)
        };
        // The mappings are sorted, and what comes later in the old text does so in the new one.
        let (mut old, mut new) = (Cursor::new(text), Cursor::new(&changed));
        let mappings = table.mappings().iter().map(|mapping| {
            let offset = moved(old.go_to_position(mapping.line, mapping.column));
            let (line, column) = new.go_to_offset(offset);
            Mapping { line, column, ..*mapping }
        });
        let table = Table::new(table.files.clone(), mappings.collect());
        (changed, table)
    }
}

/// A place that moves forward through a text, to turn positions into offsets and back. Lines and columns are counted
/// from 0, columns in UTF-16 units.
struct Cursor<'t> {
    rest: std::str::Chars<'t>,
    offset: usize,
    line: u32,
    column: u32,
}

impl<'t> Cursor<'t> {
    fn new(text: &'t str) -> Self {
        Self { rest: text.chars(), offset: 0, line: 0, column: 0 }
    }

    /// Goes to a position, or to the first one after it; returns its offset.
    fn go_to_position(&mut self, line: u32, column: u32) -> usize {
        while (self.line, self.column) < (line, column) && self.step() {}
        self.offset
    }

    /// Goes to an offset; returns its line and column.
    fn go_to_offset(&mut self, offset: usize) -> (u32, u32) {
        while self.offset < offset && self.step() {}
        (self.line, self.column)
    }

    /// Goes one character further, unless the text ends here.
    fn step(&mut self) -> bool {
        let Some(character) = self.rest.next() else { return false };
        self.offset += character.len_utf8();
        if character == '\n' {
            (self.line, self.column) = (self.line + 1, 0);
        } else {
            self.column += if character.len_utf16() == 2 { 2 } else { 1 };
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_changes_and_positions_move() {
        let text = "é one\ntwo three\nfour";
        let mapping = |line, column| Mapping { line, column, file: 0, source_line: line, source_column: column };
        let table = Table::new(vec!["a".into()], vec![mapping(0, 2), mapping(1, 0), mapping(1, 4), mapping(2, 0)]);
        let mut edits = Edits::default();
        edits.before(11, "<");
        edits.after(16, ">");
        edits.before(11, "[");
        edits.after(16, "]");
        edits.replace(7, 10, "2\n");
        let (changed, moved) = edits.apply(text, &table);
        assert_eq!(changed, "é one\n2\n <[three]>\nfour");
        let cases = [((0, 2), (0, 2)), ((2, 3), (1, 4)), ((3, 0), (2, 0))];
        for ((line, column), source) in cases {
            let found = moved.find(line, column).map(|mapping| (mapping.source_line, mapping.source_column));
            assert_eq!(found, Some(source), "{line}:{column}");
        }
    }
}
