//! `.dev.vars` and `.env`: which of them are read, their syntax, and `${NAME}` in the latter.
//!
//! Source: `reference/platform.md` §4.7. The syntax is that of the npm package `dotenv`, which wrangler uses; where
//! `dotenv` silently drops a line or keeps a stray quote, there is a diagnostic.
//!
//! Invariant: reads no files and no environment; the caller gives the text.

use std::collections::BTreeMap;

use super::diagnostic::{Reader, shown};
use super::syntax::{Span, TEXT_BYTES_MAX};

/// References inside references that are followed.
const EXPANSION_DEPTH_MAX: usize = 32;
/// Bytes that all expansions of the files together may make.
const EXPANSION_BYTES_MAX: usize = 4 << 20;

/// The files that hold secrets, in the order in which they are read; later ones win. `.dev.vars` alone when there is
/// one (for the environment, or without), else the `.env` files.
///
/// `exists` says whether a file of that name is next to the configuration.
pub fn secret_files(env: Option<&str>, exists: &dyn Fn(&str) -> bool) -> Vec<String> {
    // The name goes into a path.
    let env = env.filter(|name| !name.is_empty() && !name.contains(['/', '\\', '\0']));
    let dev_vars = env.map(|env| format!(".dev.vars.{env}")).into_iter().chain([".dev.vars".to_owned()]);
    if let Some(name) = dev_vars.into_iter().find(|name| exists(name)) {
        return vec![name];
    }
    let mut names = vec![".env".to_owned(), ".env.local".to_owned()];
    if let Some(env) = env {
        names.extend([format!(".env.{env}"), format!(".env.{env}.local")]);
    }
    names.retain(|name| exists(name));
    names
}

/// One `NAME=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) name_span: Span,
}

/// Reads one file. A `.env` file may refer to other names; a `.dev.vars` file is taken as it is.
pub(super) fn parse(reader: &mut Reader<'_>) -> Vec<Entry> {
    let text = reader.file.text();
    if text.len() > TEXT_BYTES_MAX {
        reader.error(&(0..0), format!("`{}` is larger than {} MiB", reader.file.name(), TEXT_BYTES_MAX >> 20));
        return Vec::new();
    }
    let mut cursor = Cursor { text, position: if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 } };
    let mut entries = Vec::new();
    while let Some(start) = cursor.next_statement() {
        if let Some(entry) = cursor.entry(reader, start) {
            entries.push(entry);
        }
        cursor.skip_line();
    }
    entries
}

/// Whether values of this file may refer to others.
pub(super) fn expands(file_name: &str) -> bool {
    !file_name.starts_with(".dev.vars")
}

struct Cursor<'t> {
    text: &'t str,
    position: usize,
}

impl<'t> Cursor<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.position..]
    }

    fn skip(&mut self, of: impl Fn(char) -> bool) {
        self.position = self.text.len() - self.rest().trim_start_matches(of).len();
    }

    /// To the next line that is neither empty nor a comment.
    fn next_statement(&mut self) -> Option<usize> {
        loop {
            self.skip(char::is_whitespace);
            match self.rest().chars().next()? {
                '#' => self.skip_line(),
                _ => return Some(self.position),
            }
        }
    }

    fn skip_line(&mut self) {
        self.skip(|character| !matches!(character, '\n' | '\r'));
    }

    /// The end of the line, for a diagnostic on all of it.
    fn line_end(&self) -> usize {
        self.position + self.rest().find(['\n', '\r']).unwrap_or(self.rest().len())
    }

    /// `export NAME = value`; nothing when the line is something else.
    fn entry(&mut self, reader: &mut Reader<'_>, start: usize) -> Option<Entry> {
        if let Some(after) = self.rest().strip_prefix("export").filter(|after| after.starts_with([' ', '\t'])) {
            self.position = self.text.len() - after.len();
            self.skip(is_blank);
        }
        let name_start = self.position;
        self.skip(|character| character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | '-'));
        let name_span = name_start..self.position;
        self.skip(is_blank);
        let after = self.rest();
        let has_value = after.starts_with('=') || after.starts_with(':') && after[1..].starts_with([' ', '\t']);
        if name_span.is_empty() || !has_value {
            let line = start..self.line_end();
            reader.warning(&line, "this line has no effect").help("write `NAME=value`, or `#` before a comment");
            return None;
        }
        self.position += 1;
        self.skip(is_blank);
        let value = match self.rest().chars().next() {
            Some(quote @ ('"' | '\'' | '`')) => self.quoted(reader, quote)?,
            _ => self.bare(),
        };
        Some(Entry { name: self.text[name_span.clone()].to_owned(), value, name_span })
    }

    /// Up to the end of the line or a `#`.
    fn bare(&mut self) -> String {
        let line = &self.text[self.position..self.line_end()];
        line.split('#').next().unwrap_or("").trim().to_owned()
    }

    /// Up to the closing quote, over line breaks; only double quotes know `\n` and `\r`.
    fn quoted(&mut self, reader: &mut Reader<'_>, quote: char) -> Option<String> {
        let open = self.position;
        let inner = &self.text[open + 1..];
        let Some(length) = closing(inner, quote) else {
            let span = open..self.line_end();
            reader.error(&span, "this value is not closed").help(format!("add the missing {quote}"));
            return None;
        };
        self.position = open + 1 + length + 1;
        self.skip(is_blank);
        let after = self.position..self.line_end();
        if !after.is_empty() && !self.rest().starts_with('#') {
            let line = reader.file.line_of(open);
            let help = format!("the value is opened on line {line}; a {quote} inside it needs other quotes around it");
            reader.error(&after, "unexpected text after the closing quote").help(help);
            return None;
        }
        let value = inner[..length].replace("\r\n", "\n").replace('\r', "\n");
        Some(if quote == '"' { value.replace("\\n", "\n").replace("\\r", "\r") } else { value })
    }
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t')
}

/// The position of the closing quote; one after a backslash closes nothing.
fn closing(inner: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    inner.char_indices().find_map(|(index, character)| {
        let closes = character == quote && !is_escaped;
        is_escaped = character == '\\' && !is_escaped;
        closes.then_some(index)
    })
}

/// Values that refer to each other, after the files were merged.
pub(super) struct Expansion<'e> {
    raw: &'e BTreeMap<String, String>,
    done: BTreeMap<&'e str, String>,
    bytes: usize,
    /// Names that values refer to and that are in no file.
    pub(super) unknown: Vec<(String, String)>,
    /// What went wrong, as (name, sentence).
    pub(super) problems: Vec<(String, String)>,
}

impl<'e> Expansion<'e> {
    pub(super) fn new(raw: &'e BTreeMap<String, String>) -> Self {
        Self { raw, done: BTreeMap::new(), bytes: 0, unknown: Vec::new(), problems: Vec::new() }
    }

    /// The value of `name` with `$NAME`, `${NAME}` and `${NAME:-default}` replaced; `\$` is a dollar.
    pub(super) fn value(&mut self, name: &'e str) -> String {
        self.value_within(name, &mut Vec::new())
    }

    fn value_within(&mut self, name: &'e str, within: &mut Vec<&'e str>) -> String {
        if let Some(done) = self.done.get(name) {
            self.bytes += done.len();
            return done.clone();
        }
        let Some(raw) = self.raw.get(name) else { return String::new() };
        if within.contains(&name) || within.len() >= EXPANSION_DEPTH_MAX {
            let problem = if within.contains(&name) { "refers to itself" } else { "refers to others too deeply" };
            self.problems.push((name.to_owned(), format!("`{}` {problem}", shown(name))));
            return String::new();
        }
        within.push(name);
        let mut value = String::new();
        let mut rest = raw.as_str();
        while let Some(dollar) = rest.find('$') {
            value.push_str(&rest[..dollar]);
            rest = &rest[dollar..];
            if value.ends_with('\\') {
                value.pop();
                value.push('$');
                rest = &rest[1..];
                continue;
            }
            let Some(reference) = Reference::parse(rest) else {
                value.push('$');
                rest = &rest[1..];
                continue;
            };
            rest = &rest[reference.length..];
            self.append(&mut value, name, &reference, within);
            if self.bytes > EXPANSION_BYTES_MAX {
                self.problems.push((name.to_owned(), format!("`{}` becomes too long", shown(name))));
                within.pop();
                return String::new();
            }
        }
        value.push_str(rest);
        within.pop();
        self.bytes += value.len();
        self.done.insert(name, value.clone());
        value
    }

    fn append(&mut self, value: &mut String, name: &str, reference: &Reference<'e>, within: &mut Vec<&'e str>) {
        let is_known = self.raw.contains_key(reference.name);
        match reference.default {
            None if !is_known => self.unknown.push((name.to_owned(), reference.name.to_owned())),
            Some(default) if !is_known => value.push_str(default),
            _ => {
                let expanded = self.value_within(reference.name, within);
                match reference.default {
                    Some(default) if expanded.is_empty() => value.push_str(default),
                    _ => value.push_str(&expanded),
                }
            }
        }
    }
}

/// `$NAME`, `${NAME}` or `${NAME:-default}` at the start of a text.
struct Reference<'t> {
    name: &'t str,
    default: Option<&'t str>,
    length: usize,
}

impl<'t> Reference<'t> {
    fn parse(text: &'t str) -> Option<Self> {
        let name_in = |text: &'t str| {
            let end = text
                .find(|character: char| !character.is_ascii_alphanumeric() && character != '_')
                .unwrap_or(text.len());
            let name = &text[..end];
            (!name.is_empty() && !name.starts_with(|first: char| first.is_ascii_digit())).then_some(name)
        };
        let Some(braced) = text.strip_prefix("${") else {
            let name = name_in(text.strip_prefix('$')?)?;
            return Some(Self { name, default: None, length: 1 + name.len() });
        };
        let close = braced.find('}')?;
        let inner = &braced[..close];
        let name = name_in(inner)?;
        let after = &inner[name.len()..];
        let default = after.strip_prefix(":-").or_else(|| after.strip_prefix('-'));
        (after.is_empty() || default.is_some()).then_some(Self { name, default, length: 2 + close + 1 })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::diagnostic::{File, Report};

    /// The entries as `NAME=value` (line breaks shown), then the diagnostics as `line: message`.
    fn read(text: &str) -> Vec<String> {
        let file = File::new(Path::new(".env"), text, 0);
        let mut report = Report::default();
        let entries = parse(&mut Reader { file: &file, report: &mut report });
        let entries = entries.iter().map(|entry| format!("{}={}", entry.name, entry.value.replace('\n', "⏎")));
        let told = report
            .finish()
            .into_iter()
            .map(|told| format!("{}: {}", told.place.map_or(0, |place| place.line), told.message));
        entries.chain(told).collect()
    }

    #[test]
    fn the_syntax_of_dotenv() {
        let cases: &[(&str, &[&str])] = &[
            ("", &[]),
            ("# comment\n\n  # another", &[]),
            ("A=1\nB = 2 \r\nC=", &["A=1", "B=2", "C="]),
            ("export A=1\nexportB=2\nexport=3", &["A=1", "exportB=2", "export=3"]),
            ("A=x # comment\nB=x#y\nC='x # y' # z", &["A=x", "B=x", "C=x # y"]),
            ("A=\"x\\ny\"\nB='x\\ny'\nC=`it's \"both\"`", &["A=x⏎y", "B=x\\ny", "C=it's \"both\""]),
            ("A=\"one\ntwo\r\nthree\"\nB=1", &["A=one⏎two⏎three", "B=1"]),
            ("A='it\\'s'\nB=\"a \\\" b\"", &["A=it\\'s", "B=a \\\" b"]),
            ("A: yaml\nB.c-d=1", &["A=yaml", "B.c-d=1"]),
            ("A=a b  c  \nB==x=y", &["A=a b  c", "B==x=y"]),
            ("A=it's", &["A=it's"]),
            ("\u{feff}A=1", &["A=1"]),
            ("A=é\nB=\"é\" # ü", &["A=é", "B=é"]),
            ("just text\nA=1\n=2", &["A=1", "1: this line has no effect", "3: this line has no effect"]),
            ("A=\"open\nB=1", &["B=1", "1: this value is not closed"]),
            ("A=\"x\" y\nB=1", &["B=1", "1: unexpected text after the closing quote"]),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), *expected, "{text:?}");
        }
    }

    #[test]
    fn references_are_replaced() {
        let raw: BTreeMap<String, String> = [
            ("HOST", "localhost"),
            ("URL", "http://${HOST}:$PORT/x"),
            ("PORT", "80"),
            ("BACK", "$FORTH"),
            ("FORTH", "$BACK"),
            ("ESCAPED", "\\$HOST \\${HOST}"),
            ("MISSING", "a${NOPE}b"),
            ("DEFAULT", "${NOPE:-d}${HOST:-no}${EMPTY:-e}"),
            ("EMPTY", ""),
            ("PLAIN", "a $ b $1 ${} ${HOST"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let mut expansion = Expansion::new(&raw);
        let cases = [
            ("URL", "http://localhost:80/x"),
            ("ESCAPED", "$HOST ${HOST}"),
            ("MISSING", "ab"),
            ("DEFAULT", "dlocalhoste"),
            ("PLAIN", "a $ b $1 ${} ${HOST"),
            ("BACK", ""),
            ("FORTH", ""),
        ];
        for (name, expected) in cases {
            assert_eq!(expansion.value(name), expected, "{name}");
        }
        assert_eq!(expansion.unknown, [("MISSING".to_owned(), "NOPE".to_owned())]);
        assert_eq!(expansion.problems.first().map(|(_, problem)| problem.as_str()), Some("`BACK` refers to itself"));
    }

    #[test]
    fn expansion_is_bounded() {
        let mut raw = BTreeMap::from([("A0".to_owned(), "x".repeat(1000))]);
        for level in 1..40 {
            raw.insert(format!("A{level}"), format!("$A{0}$A{0}", level - 1));
        }
        let mut expansion = Expansion::new(&raw);
        let total: usize = raw.keys().map(|name| expansion.value(name).len()).sum();
        assert!(total < 10 * EXPANSION_BYTES_MAX);
        assert!(!expansion.problems.is_empty());
        let chain: BTreeMap<String, String> =
            (0..10_000).map(|n| (format!("A{n:05}"), format!("$A{:05}", n + 1))).collect();
        let mut expansion = Expansion::new(&chain);
        assert_eq!(expansion.value("A00000"), "");
    }

    #[test]
    fn the_files_that_are_read() {
        let cases: &[(Option<&str>, &[&str], &[&str])] = &[
            (None, &[], &[]),
            (None, &[".dev.vars", ".env"], &[".dev.vars"]),
            (None, &[".env.local", ".env", ".env.staging"], &[".env", ".env.local"]),
            (Some("staging"), &[".dev.vars", ".dev.vars.staging"], &[".dev.vars.staging"]),
            (Some("staging"), &[".dev.vars", ".env.staging"], &[".dev.vars"]),
            (
                Some("s"),
                &[".env", ".env.s", ".env.s.local", ".env.local"],
                &[".env", ".env.local", ".env.s", ".env.s.local"],
            ),
            (Some(""), &[".dev.vars.", ".dev.vars"], &[".dev.vars"]),
            (Some("../x"), &[".dev.vars.../x", ".env"], &[".env"]),
        ];
        for (env, present, expected) in cases {
            assert_eq!(secret_files(*env, &|name| present.contains(&name)), *expected, "{env:?} {present:?}");
        }
    }
}
