//! Checks a tree against the shapes that the keys have: wrong types are errors, unknown keys are warnings with the
//! nearest known key.
//!
//! What passed here can be read without another check of its type.
//!
//! Invariant: knows shapes, not the keys themselves; recursion is as deep as the shapes, never as the input.

use super::diagnostic::{Reader, shown};
use super::syntax::{Member, Node, Value, find};

/// What a value must look like.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    Any,
    Text,
    Flag,
    Number,
    /// A string or an array of strings.
    TextOrTexts,
    /// An array of anything.
    Array,
    /// An object of anything.
    Object,
    /// An array whose elements have one shape.
    Items(&'static Shape),
    /// An object with keys of the user's choice, whose values have one shape.
    Map(&'static Shape),
    /// An object with these fields.
    Record(&'static [Field]),
}

/// One field of a [`Shape::Record`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) required: bool,
}

/// A field that may be left out.
pub(super) const fn optional(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, required: false }
}

/// A field that must be there.
pub(super) const fn required(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, required: true }
}

impl Shape {
    fn noun(self) -> &'static str {
        match self {
            Self::Any => "a value",
            Self::Text => "a string",
            Self::Flag => "a boolean",
            Self::Number => "a number",
            Self::TextOrTexts => "a string or an array of strings",
            Self::Items(Self::Text) => "an array of strings",
            Self::Array | Self::Items(_) => "an array",
            Self::Object | Self::Map(_) | Self::Record(_) => "an object",
        }
    }
}

/// Checks `node`, which is at `path`, and everything inside; says whether all of it fits.
pub(super) fn check(reader: &mut Reader<'_>, node: &Node, shape: Shape, path: &str) -> bool {
    match (shape, &node.value) {
        (Shape::Any, _)
        | (Shape::Text | Shape::TextOrTexts, Value::Text(_))
        | (Shape::Flag, Value::Flag(_))
        | (Shape::Number, Value::Number(_))
        | (Shape::Array, Value::Array(_))
        | (Shape::Object, Value::Object(_)) => true,
        (Shape::TextOrTexts, Value::Array(items)) => check_items(reader, items, Shape::Text, path),
        (Shape::Items(shape), Value::Array(items)) => check_items(reader, items, *shape, path),
        (Shape::Map(shape), Value::Object(members)) => {
            let mut fits = true;
            for member in members {
                fits &= check(reader, &member.node, *shape, &format!("{path}.{}", shown(&member.key)));
            }
            fits
        }
        (Shape::Record(fields), Value::Object(members)) => check_record(reader, node, members, fields, path),
        (_, value) => {
            let help = type_help(shape, value);
            let message = format!("expected `{path}` to be {}, found {}", shape.noun(), value.noun());
            reader.error(&node.span, message).help_with(|| help);
            false
        }
    }
}

/// The fix for the wrong types that people write most.
fn type_help(shape: Shape, value: &Value) -> Option<String> {
    match (shape, value) {
        (Shape::Text, Value::Number(number)) => Some(format!("put it in quotes: \"{number}\"")),
        (Shape::Text, Value::Date(date)) => Some(format!("put it in quotes: \"{date}\"")),
        (Shape::Number | Shape::Flag, Value::Text(text)) => {
            let bare = text.trim();
            let fits = match shape {
                Shape::Number => bare.parse::<f64>().is_ok_and(f64::is_finite),
                _ => matches!(bare, "true" | "false"),
            };
            fits.then(|| format!("write it without quotes: {}", shown(bare)))
        }
        (Shape::Items(Shape::Text), Value::Text(text)) => Some(format!("write [\"{}\"]", shown(text))),
        (Shape::Items(_) | Shape::Array, Value::Object(_)) => Some("put it in brackets: [{ … }]".to_owned()),
        _ => None,
    }
}

fn check_items(reader: &mut Reader<'_>, items: &[Node], shape: Shape, path: &str) -> bool {
    let mut fits = true;
    for (index, item) in items.iter().enumerate() {
        fits &= check(reader, item, shape, &format!("{path}[{index}]"));
    }
    fits
}

fn check_record(reader: &mut Reader<'_>, node: &Node, members: &[Member], fields: &[Field], path: &str) -> bool {
    let mut fits = true;
    for member in members {
        match fields.iter().find(|field| field.name == member.key) {
            Some(field) => fits &= check(reader, &member.node, field.shape, &format!("{path}.{}", field.name)),
            None => unexpected(reader, member, path, || nearest(&member.key, fields.iter().map(|field| field.name))),
        }
    }
    for field in fields.iter().filter(|field| field.required && find(members, field.name).is_none()) {
        let message = format!("`{path}` lacks `{}`", field.name);
        reader.error(&node.span, message).help(format!("add \"{}\", {}", field.name, field.shape.noun()));
        fits = false;
    }
    fits
}

/// Warns of a key that wrangler does not know, in wrangler's words.
pub(super) fn unexpected(
    reader: &mut Reader<'_>,
    member: &Member,
    path: &str,
    known: impl FnOnce() -> Option<&'static str>,
) {
    let message = format!("Unexpected fields found in {path} field: \"{}\"", shown(&member.key));
    reader.warning(&member.key_span, message).help_with(|| {
        Some(known().map_or("it has no effect: remove it".into(), |key| format!("did you mean `{key}`?")))
    });
}

/// Characters of a word that has neighbours; almost every shorter one is near to another.
const WORD_WIDTH_MIN: usize = 3;
/// Characters of a word whose neighbours are searched; no known word is longer.
const WORD_WIDTH_MAX: usize = 64;

/// The known word that `word` most probably misspells, if any is near: another notation, or few edits.
pub(super) fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let word = snake_case(word).filter(|word| word.len() >= WORD_WIDTH_MIN)?;
    let (distance, best) =
        known.map(|key| (edit_distance(&word, &lower(key)), key)).min_by_key(|(distance, _)| *distance)?;
    let allowed = (word.len() / 3).clamp(1, 4);
    (distance <= allowed && distance < best.len()).then_some(best)
}

fn lower(word: &str) -> Vec<char> {
    word.chars().map(|character| if character == '-' { '_' } else { character.to_ascii_lowercase() }).collect()
}

/// `compatibilityDate` and `compatibility-date` as `compatibility_date`; nothing of an overlong word.
fn snake_case(word: &str) -> Option<Vec<char>> {
    if word.chars().nth(WORD_WIDTH_MAX).is_some() {
        return None;
    }
    let mut snake = Vec::new();
    let mut after_lower = false;
    for character in word.chars() {
        if character.is_ascii_uppercase() && after_lower {
            snake.push('_');
        }
        after_lower = character.is_ascii_lowercase();
        snake.push(if character == '-' { '_' } else { character.to_ascii_lowercase() });
    }
    Some(snake)
}

/// Insertions, removals, replacements and swaps of neighbours that lead from one word to the other.
fn edit_distance(from: &[char], to: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (row, left) in from.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, right) in to.iter().enumerate() {
            let replaced = last[column] + usize::from(left != right);
            let mut best = replaced.min(last[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && *left == to[column - 1] && from[row - 1] == *right {
                best = best.min(before_last[column - 1] + 1);
            }
            current.push(best);
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_the_one_meant() {
        let known = ["compatibility_date", "compatibility_flags", "main", "name", "vars", "r2_buckets", "d1_databases"];
        let cases = [
            ("compatability_date", Some("compatibility_date")),
            ("compatibilityDate", Some("compatibility_date")),
            ("compatibility-flags", Some("compatibility_flags")),
            ("mian", Some("main")),
            ("Name", Some("name")),
            ("var", Some("vars")),
            ("r2_bucket", Some("r2_buckets")),
            ("zzz", None),
            ("x", None),
            ("d1", None),
            ("", None),
        ];
        for (word, expected) in cases {
            assert_eq!(nearest(word, known.into_iter()), expected, "{word}");
        }
        assert_eq!(nearest(&"a".repeat(100_000), known.into_iter()), None);
    }
}
