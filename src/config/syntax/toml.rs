//! TOML, by the crate `toml`, whose parser keeps places and goes on after an error.
//!
//! Invariant: nothing here recurses deeper than the parser's own limit on nesting.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Member, Node, Value};
use crate::config::diagnostic::{Reader, shown};

pub(super) fn parse(reader: &mut Reader<'_>) -> Option<Node> {
    let (table, errors) = DeTable::parse_recoverable(reader.file.text());
    for error in &errors {
        let span = error.span().unwrap_or(0..0);
        let what = error.message().replace('\n', ", ");
        reader.error(&span, shown(&what)).help("see https://toml.io for the syntax");
    }
    let span = table.span();
    let value = Value::Object(members(reader, table.into_inner()));
    Some(Node { span, value })
}

/// The members in the order of the text.
fn members(reader: &mut Reader<'_>, table: DeTable<'_>) -> Vec<Member> {
    let mut members: Vec<Member> = table
        .into_iter()
        .map(|(key, value)| {
            let key_span = key.span();
            Member { key: key.into_inner().into_owned(), key_span, node: node(reader, value) }
        })
        .collect();
    members.sort_by_key(|member| member.key_span.start);
    members
}

fn node(reader: &mut Reader<'_>, value: Spanned<DeValue<'_>>) -> Node {
    let span = value.span();
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Boolean(flag) => Value::Flag(flag),
        DeValue::Datetime(date) => Value::Date(date.to_string()),
        DeValue::Array(items) => Value::Array(items.into_iter().map(|item| node(reader, item)).collect()),
        DeValue::Table(table) => Value::Object(members(reader, table)),
        DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(integer) => Value::Number(integer.into()),
            Err(_) => number_out_of_range(reader, &span, integer.as_str()),
        },
        DeValue::Float(float) => match float.as_str().parse().ok().and_then(serde_json::Number::from_f64) {
            Some(number) => Value::Number(number),
            None => number_out_of_range(reader, &span, float.as_str()),
        },
    };
    Node { span, value }
}

fn number_out_of_range(reader: &mut Reader<'_>, span: &super::Span, text: &str) -> Value {
    reader.error(span, format!("the number `{}` is out of range", shown(text)));
    Value::Null
}
