//! Text to a tree in which every key and value knows its place: JSON with comments, and TOML.
//!
//! Invariant: knows no key of wrangler's. Depth and size are bounded, so that nothing after this file needs to care.

use serde_json::Number;

use super::diagnostic::{Reader, shown};

mod jsonc;
mod toml;

/// Byte positions in the text.
pub(super) type Span = std::ops::Range<usize>;

/// Bytes of a file that is read; a configuration is a few kilobytes.
pub(super) const TEXT_BYTES_MAX: usize = 4 << 20;

/// A value and its place.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) span: Span,
    pub(super) value: Value,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum Value {
    Null,
    Flag(bool),
    Number(Number),
    Text(String),
    /// TOML has dates; wrangler's keys have none.
    Date(String),
    Array(Vec<Node>),
    Object(Vec<Member>),
}

/// One `"key": value` of an object.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) key: String,
    pub(super) key_span: Span,
    pub(super) node: Node,
}

/// The member of that key.
pub(super) fn find<'n>(members: &'n [Member], key: &str) -> Option<&'n Member> {
    members.iter().find(|member| member.key == key)
}

impl Node {
    /// The member `key` of an object.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        find(self.members(), key).map(|member| &member.node)
    }

    /// The members of an object; none of anything else.
    pub(super) fn members(&self) -> &[Member] {
        match &self.value {
            Value::Object(members) => members,
            _ => &[],
        }
    }

    /// The elements of an array; none of anything else.
    pub(super) fn items(&self) -> &[Node] {
        match &self.value {
            Value::Array(items) => items,
            _ => &[],
        }
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn as_flag(&self) -> Option<bool> {
        match self.value {
            Value::Flag(flag) => Some(flag),
            _ => None,
        }
    }

    /// The string member `key` of an object.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_text()
    }

    /// Whether there is nothing in it: `[]`, `{}`, `""`, `null` or `false`.
    pub(super) fn is_empty(&self) -> bool {
        match &self.value {
            Value::Null | Value::Flag(false) => true,
            Value::Text(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(members) => members.is_empty(),
            Value::Flag(true) | Value::Number(_) | Value::Date(_) => false,
        }
    }

    /// The value as JSON; the parsers bound the depth.
    pub(super) fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            Value::Null => Json::Null,
            Value::Flag(flag) => Json::Bool(*flag),
            Value::Number(number) => Json::Number(number.clone()),
            Value::Text(text) | Value::Date(text) => Json::String(text.clone()),
            Value::Array(items) => items.iter().map(Node::to_json).collect(),
            Value::Object(members) => {
                members.iter().map(|member| (member.key.clone(), member.node.to_json())).collect()
            }
        }
    }
}

impl Value {
    /// What it is, with its article, for a sentence.
    pub(super) fn noun(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Flag(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::Date(_) => "a date",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

/// Parses a configuration file by its extension. After a syntax error that has an obvious reading the rest is read
/// all the same, so that all problems are told at once; else there is no tree.
pub(super) fn parse(reader: &mut Reader<'_>) -> Option<Node> {
    let text = reader.file.text();
    if text.len() > TEXT_BYTES_MAX {
        let message = format!("`{}` is larger than {} MiB", reader.file.name(), TEXT_BYTES_MAX >> 20);
        reader.error(&(0..0), message).help("is this the right file? a configuration is a few kilobytes");
        return None;
    }
    let is_toml = reader.file.path().extension().is_some_and(|extension| extension == "toml");
    let root = if is_toml { toml::parse(reader) } else { jsonc::parse(reader) }?;
    if !matches!(root.value, Value::Object(_)) {
        let message = format!("expected the configuration to be an object, found {}", root.value.noun());
        reader.error(&root.span, message).help("write `{ \"name\": \"…\", \"main\": \"…\" }`");
        return None;
    }
    Some(root)
}

/// Reports keys that an object has twice, of which one would silently win.
fn report_duplicates(reader: &mut Reader<'_>, members: &[Member]) {
    let mut first_seen = std::collections::BTreeMap::new();
    for member in members {
        let first = *first_seen.entry(member.key.as_str()).or_insert(member.key_span.start);
        if first != member.key_span.start {
            let line = reader.file.line_of(first);
            let message = format!("duplicate key `{}`", shown(&member.key));
            reader
                .error(&member.key_span, message)
                .help(format!("it is first given on line {line}: remove one of them"));
        }
    }
}
