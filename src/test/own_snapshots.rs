//! The snapshots of one test, out of those of its file: a run of one test is not given those of all others.
//!
//! Invariant: reads what `guest/js/testing/vitest/snapshot-file.js` reads, and leaves out no snapshot that the test can ask
//! for.

use super::program::Test;
use super::run::Snapshots;
use std::iter;

/// How an entry of a snapshot file begins, what is between its name and its value, and how it ends. Both are template
/// literals.
const HEAD: &str = "exports[`";
const MIDDLE: &str = "`] = `";
const TAIL: &str = "`;";

impl Snapshots {
    /// Those that a test can ask for: its name is how the names of its snapshots begin.
    pub(super) fn of_test(&self, test: &Test) -> Self {
        let names: Vec<&str> = test.suite.iter().map(String::as_str).chain([test.name.as_str()]).collect();
        let name = names.join(" > ");
        let text = self.file.as_deref().unwrap_or_default();
        let own: Vec<&str> = entries(text).filter(|(key, _)| belongs(key, &name)).map(|(_, entry)| entry).collect();
        Self { file: (!own.is_empty()).then(|| own.join("\n")), inline: self.inline.clone() }
    }
}

/// Whether a snapshot of this name is one of a test's: behind the test's name there is a number or a hint.
fn belongs(key: &str, name: &str) -> bool {
    let mut left = key.chars();
    let mut unescaped = iter::from_fn(|| match left.next()? {
        '\\' => left.next(),
        char => Some(char),
    });
    name.chars().all(|char| unescaped.next() == Some(char)) && unescaped.next() == Some(' ')
}

/// The entries of a snapshot file, each with its name as it is written.
fn entries(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut left = text;
    iter::from_fn(move || {
        loop {
            left = &left[left.find(HEAD)?..];
            let found = entry(left);
            left = &left[found.map_or(HEAD.len(), |(_, entry)| entry.len())..];
            if found.is_some() {
                return found;
            }
        }
    })
}

/// The entry that a text begins with, which begins with [`HEAD`].
fn entry(text: &str) -> Option<(&str, &str)> {
    let key = literal(&text[HEAD.len()..])?;
    let value_begins = HEAD.len() + key.len() + MIDDLE.len();
    let rest = text[HEAD.len() + key.len()..].strip_prefix(MIDDLE)?;
    let value = literal(rest)?;
    rest[value.len()..].starts_with(TAIL).then(|| (key, &text[..value_begins + value.len() + TAIL.len()]))
}

/// What is before the backtick that ends a template literal.
fn literal(text: &str) -> Option<&str> {
    let mut is_escaped = false;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'`' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    })?;
    Some(&text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_gets_its_own_snapshots() {
        let own = [
            "exports[`chat > says \\`x\\` \\${1} 1`] = `\n{\n  \"a\": \\`exports[\\`,\n}\n`;",
            "exports[`chat > says \\`x\\` \\${1} > with a hint 2`] = `ends with exports[`;",
        ];
        let others = [
            "exports[`chat > says \\`x\\` \\${1}0 1`] = `1`;",
            "exports[`chat > says 1`] = `\\\\`;",
            "exports[`says \\`x\\` \\${1} 1`] = `2`;",
            // What is none is passed over.
            "exports[`chat",
            "exports[`chat`] = ;",
        ];
        let text = format!(
            "// Vitest\n\n{}\n\n{}\n\n{}\n\n",
            others[..3].join("\n\n"),
            own.join("\n\n"),
            others[3..].join("\n")
        );
        let inline = vec![crate::test::run::InlineSnapshot { place: "worker.js:1:1".into(), text: "1".into() }];
        let all = Snapshots { file: Some(text), inline: inline.clone() };
        let test = Test::named("0.0", "says `x` ${1}", &["chat"]);
        assert_eq!(all.of_test(&test), Snapshots { file: Some(own.join("\n")), inline: inline.clone() });
        assert_eq!(all.of_test(&Test::named("0.1", "says", &["cha"])), Snapshots { file: None, inline });
        assert_eq!(Snapshots::default().of_test(&test), Snapshots::default());
    }
}
