//! JSON with comments and trailing commas, by the crate `jsonc-parser`.
//!
//! Invariant: nothing here recurses deeper than the parser's own limit on nesting.

use jsonc_parser::ParseOptions;
use jsonc_parser::ast;
use jsonc_parser::common::{Range, Ranged};
use jsonc_parser::errors::{ParseError, ParseErrorKind};

use super::{Member, Node, Span, Value, report_duplicates};
use crate::config::diagnostic::{Reader, shown};

/// What wrangler reads: comments and trailing commas, otherwise JSON.
fn strict() -> ParseOptions {
    ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

pub(super) fn parse(reader: &mut Reader<'_>) -> Option<Node> {
    let whole = reader.file.text();
    // An editor's byte order mark is no part of JSON.
    let text = whole.strip_prefix('\u{feff}').unwrap_or(whole);
    let offset = whole.len() - text.len();
    if let Some(string) = unclosed_string(text) {
        let help = "add the missing quote; a line break inside a string is written `\\n`";
        reader.error(&(string.start + offset..string.end + offset), "this string is not closed").help(help);
        return None;
    }
    let collect = Default::default();
    let tree = match jsonc_parser::parse_to_ast(text, &collect, &strict()) {
        Ok(parsed) => parsed.value,
        Err(error) => {
            report_syntax_error(reader, &error, offset);
            // The lenient reading finds what else is wrong; the error above keeps the worker from running.
            let lenient = ParseOptions { allow_non_finite_numbers: false, ..Default::default() };
            jsonc_parser::parse_to_ast(text, &collect, &lenient).ok()?.value
        }
    };
    let Some(tree) = tree else {
        reader
            .error(&(0..0), format!("`{}` is empty", reader.file.name()))
            .help("write `{ \"name\": \"…\", \"main\": \"…\" }`");
        return None;
    };
    Some(node(reader, tree, offset))
}

/// The first string that its line does not close. The parser lets a string run over lines, and would complain far
/// from the missing quote.
fn unclosed_string(text: &str) -> Option<Span> {
    let bytes = text.as_bytes();
    let find = |from: usize, what: &str| text[from..].find(what).map_or(text.len(), |found| from + found);
    let mut index = 0;
    while index < bytes.len() {
        match &bytes[index..] {
            [b'/', b'/', ..] => index = find(index, "\n"),
            [b'/', b'*', ..] => index = find(index + 2, "*/") + 2,
            [quote @ (b'"' | b'\''), ..] => {
                let mut end = index + 1;
                while end < bytes.len() && bytes[end] != *quote && bytes[end] != b'\n' {
                    end += if bytes[end] == b'\\' { 2 } else { 1 };
                }
                if bytes.get(end) != Some(quote) {
                    return Some(index..find(index, "\n"));
                }
                index = end + 1;
            }
            _ => index += 1,
        }
    }
    None
}

fn span(range: Range, offset: usize) -> Span {
    range.start + offset..range.end + offset
}

/// One value; as deep as the parser went.
fn node(reader: &mut Reader<'_>, value: ast::Value<'_>, offset: usize) -> Node {
    let span = span(value.range(), offset);
    let value = match value {
        ast::Value::StringLit(text) => Value::Text(text.value.into_owned()),
        ast::Value::NumberLit(number) => match serde_json::from_str(number.value) {
            Ok(number) => Value::Number(number),
            Err(_) => {
                reader.error(&span, format!("`{}` is not a number in JSON", shown(number.value)));
                Value::Null
            }
        },
        ast::Value::BooleanLit(flag) => Value::Flag(flag.value),
        ast::Value::NullKeyword(_) => Value::Null,
        ast::Value::Array(array) => {
            Value::Array(array.elements.into_iter().map(|element| node(reader, element, offset)).collect())
        }
        ast::Value::Object(object) => Value::Object(members(reader, object, offset)),
    };
    Node { span, value }
}

fn members(reader: &mut Reader<'_>, object: ast::Object<'_>, offset: usize) -> Vec<Member> {
    let properties = object.properties.into_iter();
    let members: Vec<Member> = properties
        .map(|property| {
            let key_span = span(property.name.range(), offset);
            Member { key: property.name.into_string(), key_span, node: node(reader, property.value, offset) }
        })
        .collect();
    report_duplicates(reader, &members);
    members
}

fn report_syntax_error(reader: &mut Reader<'_>, error: &ParseError, offset: usize) {
    let (what, advice) = explain(error.kind());
    reader.error(&span(error.range(), offset), what).help(advice);
}

/// The sentence and the advice for a syntax error.
fn explain(kind: &ParseErrorKind) -> (String, &'static str) {
    use ParseErrorKind as Kind;
    let (what, advice) = match kind {
        Kind::ExpectedComma => ("expected a comma", "put a `,` after the value before"),
        Kind::ExpectedColonAfterObjectKey => ("expected a colon after the key", "write `\"key\": value`"),
        Kind::ExpectedObjectValue => ("expected a value after the colon", "write `\"key\": value`"),
        Kind::ExpectedStringObjectProperty => ("a key must be in double quotes", "write `\"key\": value`"),
        Kind::SingleQuotedStringsNotAllowed => ("a string must be in double quotes", "write `\"text\"`"),
        Kind::MultipleRootJsonValues => {
            ("there is text after the end of the configuration", "remove it; perhaps a `}` or `]` too many")
        }
        Kind::UnterminatedObject => ("this object is not closed", "add the missing `}`"),
        Kind::UnterminatedArray => ("this array is not closed", "add the missing `]`"),
        Kind::UnterminatedCommentBlock => ("this comment is not closed", "add the missing `*/`"),
        Kind::NestingDepthExceeded => ("this is nested too deeply", "a configuration is a few levels deep"),
        Kind::UnexpectedWord => {
            ("expected a value", "a string needs double quotes; the other words are true, false, null")
        }
        Kind::UnexpectedComma => ("unexpected comma", "remove it"),
        Kind::UnexpectedColon => ("unexpected colon", "a key before it must be in an object, in double quotes"),
        Kind::UnexpectedCloseBrace => ("unexpected `}`", "perhaps a `]` is missing before it, or a value"),
        Kind::UnexpectedCloseBracket => ("unexpected `]`", "perhaps a `}` is missing before it, or a value"),
        Kind::UnexpectedTokenInObject => ("expected a key or `}`", "write `\"key\": value`"),
        Kind::HexadecimalNumbersNotAllowed
        | Kind::UnaryPlusNumbersNotAllowed
        | Kind::BareDecimalPointNumbersNotAllowed
        | Kind::NonFiniteNumbersNotAllowed
        | Kind::ExpectedDigit
        | Kind::ExpectedDigitFollowingNegativeSign
        | Kind::ExpectedPlusMinusOrDigitInNumberLiteral => {
            ("this is not a number in JSON", "write it in decimal, as 0.5")
        }
        Kind::String(jsonc_parser::ParseStringErrorKind::UnterminatedStringLiteral) => {
            ("this string is not closed", "add the missing `\"`; a line break inside a string is written `\\n`")
        }
        Kind::String(_) => ("invalid escape in a string", "a backslash itself is written `\\\\`"),
        _ => ("unexpected text", "expected JSON; comments and trailing commas are allowed"),
    };
    (what.to_owned(), advice)
}
