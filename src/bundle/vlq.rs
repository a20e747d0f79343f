//! Source maps, version 3: positions in a generated text, and where in which source they come from.
//!
//! Invariant: pure. Whatever the map says, reading it is linear and nothing panics; what makes no sense is left out.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One mapped position; lines and columns are counted from 0, columns in UTF-16 units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mapping {
    pub(super) line: u32,
    pub(super) column: u32,
    /// Index in [`Table::files`].
    pub(super) file: u32,
    pub(super) source_line: u32,
    pub(super) source_column: u32,
}

/// A source map, ready to be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Table {
    /// The sources, as the map names them.
    pub(super) files: Vec<String>,
    /// Sorted by line and column.
    mappings: Vec<Mapping>,
}

impl Table {
    pub(super) fn new(files: Vec<String>, mut mappings: Vec<Mapping>) -> Self {
        mappings.retain(|mapping| (mapping.file as usize) < files.len());
        mappings.sort_by_key(|mapping| (mapping.line, mapping.column));
        Self { files, mappings }
    }

    /// The map of a text that is its own source: every word, and what follows it, is where it is.
    pub(super) fn of_source(file: String, text: &str) -> Self {
        let mut mappings = Vec::new();
        for (line, text) in (0..).zip(text.split('\n')) {
            let (mut column, mut was_word) = (0, false);
            for character in text.chars() {
                let is_word = character.is_alphanumeric() || matches!(character, '_' | '$');
                if !(is_word && was_word) {
                    mappings.push(Mapping { line, column, file: 0, source_line: line, source_column: column });
                }
                was_word = is_word;
                column += if character.len_utf16() == 2 { 2 } else { 1 };
            }
        }
        Self { files: vec![file], mappings }
    }

    /// All mappings, sorted by line and column.
    pub(super) fn mappings(&self) -> &[Mapping] {
        &self.mappings
    }

    /// Reads a map's JSON.
    pub(super) fn parse(json: &str) -> Option<Self> {
        let map: Value = serde_json::from_str(json).ok()?;
        let root = map.get("sourceRoot").and_then(Value::as_str).unwrap_or_default().trim_end_matches('/');
        let file = |source: &Value| match (source.as_str().unwrap_or_default(), root) {
            (source, "") => source.to_owned(),
            (source, root) => format!("{root}/{source}"),
        };
        let files = map.get("sources")?.as_array()?.iter().map(file).collect();
        Some(Self::new(files, decode(map.get("mappings")?.as_str()?)))
    }

    /// The mapping that covers a position: the last one at or before it on its line.
    pub(super) fn find(&self, line: u32, column: u32) -> Option<Mapping> {
        let after = self.mappings.partition_point(|mapping| (mapping.line, mapping.column) <= (line, column));
        // A position before the first mapping of its line belongs to what follows it.
        let before = after.checked_sub(1).and_then(|index| self.mappings.get(index));
        [before, self.mappings.get(after)].into_iter().flatten().find(|mapping| mapping.line == line).copied()
    }
}

/// The field `mappings`: lines end with `;`, entries with `,`, numbers are deltas in base 64.
fn decode(text: &str) -> Vec<Mapping> {
    let mut mappings = Vec::new();
    // File, line and column in it run on over the whole map.
    let mut running = [0_i64; 3];
    for (line, entries) in text.split(';').enumerate() {
        let Ok(line) = u32::try_from(line) else { break };
        let mut column = 0_i64;
        for entry in entries.split(',') {
            let Some(fields) = numbers(entry) else { continue };
            let [first, rest @ ..] = fields.as_slice() else { continue };
            column = column.saturating_add(*first);
            let [file, source_line, source_column, ..] = rest else { continue };
            for (total, delta) in running.iter_mut().zip([file, source_line, source_column]) {
                *total = total.saturating_add(*delta);
            }
            let all = [column, running[0], running[1], running[2]].map(|number| u32::try_from(number).ok());
            if let [Some(column), Some(file), Some(source_line), Some(source_column)] = all {
                mappings.push(Mapping { line, column, file, source_line, source_column });
            }
        }
    }
    mappings
}

/// The numbers of one entry; none when it is not one.
fn numbers(entry: &str) -> Option<Vec<i64>> {
    let mut numbers = Vec::with_capacity(5);
    let (mut value, mut shift) = (0_i64, 0);
    for byte in entry.bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        if shift > 30 {
            return None;
        }
        value |= i64::from(digit & 31) << shift;
        shift += 5;
        if digit & 32 == 0 {
            numbers.push(if value & 1 == 1 { -(value >> 1) } else { value >> 1 });
            (value, shift) = (0, 0);
        }
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_read_and_asked() {
        // Made by hand: line 0: (0 -> a 0:0) (4 -> a 0:4); line 1 empty; line 2: (2 -> b 3:1)
        let json = r#"{"version":3,"sources":["a.ts","b.ts"],"sourceRoot":"src/","mappings":"AAAA,IAAI;;ECGH,oops!"}"#;
        let table = Table::parse(json).expect("a map");
        assert_eq!(table.files, ["src/a.ts", "src/b.ts"]);
        let cases = [
            ((0, 0), Some((0, 0, 0))),
            ((0, 3), Some((0, 0, 0))),
            ((0, 9), Some((0, 0, 4))),
            ((1, 0), None),
            ((2, 0), Some((1, 3, 1))),
            ((2, 7), Some((1, 3, 1))),
            ((9, 0), None),
        ];
        for ((line, column), expected) in cases {
            let found = table.find(line, column);
            let found = found.map(|mapping| (mapping.file, mapping.source_line, mapping.source_column));
            assert_eq!(found, expected, "{line}:{column}");
        }
    }

    #[test]
    fn nonsense_is_left_out() {
        let cases = ["", "{}", "[]", r#"{"sources":[],"mappings":1}"#];
        for json in cases {
            assert_eq!(Table::parse(json), None, "{json}");
        }
        let table = Table::parse(r#"{"sources":[],"mappings":"AAAA,DDDDD,gggggggggggggggggggg,é;A"}"#).expect("a map");
        assert_eq!(table.find(0, 0), None);
    }
}
