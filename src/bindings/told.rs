//! What an object writes, as a reader is told it: keys with values where they are short, statements with their bindings.
//!
//! Invariant: bytes of a guest are hostile; what is not understood is counted, never trusted.

use emu_abi::{Ask, KvEntry, SqlValue};

/// The most characters of a value, of a statement.
const MAX_VALUE_CHARS: usize = 60;
const MAX_STATEMENT_CHARS: usize = 160;
/// The most entries of one write.
const MAX_ENTRIES: usize = 4;
/// How statements begin that change nothing a reader would look for.
const QUIET: [&str; 6] = ["SELECT", "PRAGMA", "EXPLAIN", "WITH", "VALUES", "CREATE"];

/// The text of an ask that writes, at this time; none for those that read.
pub(super) fn written(ask: &Ask, now_ms: f64) -> Option<String> {
    Some(match ask {
        Ask::KvPut { entries } => {
            format!("put {}", listed(entries, |KvEntry { key, value }| { format!("{key} {}", value_text(&value.0)) }))
        }
        Ask::KvDelete { keys } => format!("delete {}", listed(keys, Clone::clone)),
        Ask::DeleteAll => "deleteAll".into(),
        Ask::AlarmSet { at_ms } => format!("setAlarm in {} s", (at_ms - now_ms) / 1000.0),
        Ask::AlarmDelete => "deleteAlarm".into(),
        Ask::SqlExec { query, params } if !is_quiet(query) => statement(query, params),
        Ask::SavepointRollback => "rolls back".into(),
        _ => return None,
    })
}

fn is_quiet(query: &str) -> bool {
    let query = query.trim_start();
    QUIET.iter().any(|word| query.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)))
}

fn statement(query: &str, params: &[SqlValue]) -> String {
    let text = query.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = cut(&text, MAX_STATEMENT_CHARS);
    match params {
        [] => text,
        params => format!("{text} [{}]", params.iter().map(parameter).collect::<Vec<_>>().join(", ")),
    }
}

fn parameter(value: &SqlValue) -> String {
    match value {
        SqlValue::Null => "NULL".into(),
        SqlValue::Integer(number) => number.to_string(),
        SqlValue::Real(number) => number.to_string(),
        SqlValue::Text(text) => format!("\"{}\"", cut(text, MAX_VALUE_CHARS)),
        SqlValue::Blob(bytes) => format!("{} bytes", bytes.0.len()),
    }
}

fn listed<T>(all: &[T], text: impl Fn(&T) -> String) -> String {
    let shown: Vec<String> = all.iter().take(MAX_ENTRIES).map(text).collect();
    let rest = all.len().saturating_sub(MAX_ENTRIES);
    let shown = shown.join(", ");
    if rest > 0 { format!("{shown} and {rest} more") } else { shown }
}

/// A value in V8's serialisation, where it is a number, a short text or the like (reference §1.6).
fn value_text(bytes: &[u8]) -> String {
    let unknown = || format!("({} bytes)", bytes.len());
    match bytes.strip_prefix(&[0xff, 0x0f]) {
        Some(b"T") => "true".into(),
        Some(b"F") => "false".into(),
        Some(b"0") => "null".into(),
        Some([b'I', rest @ ..]) => match varint(rest) {
            Some((number, [])) => ((number >> 1) as i64 ^ -((number & 1) as i64)).to_string(),
            _ => unknown(),
        },
        Some([b'N', rest @ ..]) => {
            rest.try_into().map_or_else(|_| unknown(), |bytes| f64::from_le_bytes(bytes).to_string())
        }
        Some([b'"', rest @ ..]) => match varint(rest) {
            Some((len, text)) if len == text.len() as u64 => {
                let text: String = text.iter().map(|byte| char::from(*byte)).collect();
                format!("\"{}\"", cut(&text, MAX_VALUE_CHARS))
            }
            _ => unknown(),
        },
        _ => unknown(),
    }
}

/// A number of seven bits a byte, and what follows.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let len = bytes.iter().take(10).position(|byte| byte & 0x80 == 0)? + 1;
    let number = bytes[..len].iter().rev().fold(0_u64, |number, byte| number << 7 | u64::from(byte & 0x7f));
    Some((number, &bytes[len..]))
}

fn cut(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_where_they_are_short() {
        let long = [&[0xff, 0x0f, b'"', 100][..], &[b'x'; 100]].concat();
        let shown_long = format!("\"{}…\"", "x".repeat(60));
        for (bytes, text) in [
            (&b"\xff\x0f\"\x02hi"[..], "\"hi\""),
            (b"\xff\x0fI\x06", "3"),
            (b"\xff\x0fI\x05", "-3"),
            (b"\xff\x0fI\xb0\x09", "600"),
            (b"\xff\x0fN\0\0\0\0\0\0\xf8\x3f", "1.5"),
            (b"\xff\x0fT", "true"),
            (b"\xff\x0fo\x7b\0", "(5 bytes)"),
            (b"\xff\x0f\"\xff\xff", "(5 bytes)"),
            (b"", "(0 bytes)"),
            (&long, &shown_long),
        ] {
            assert_eq!(value_text(bytes), text, "{bytes:?}");
        }
    }

    #[test]
    fn only_what_writes_is_told() {
        let sql = |query: &str, params: Vec<SqlValue>| written(&Ask::SqlExec { query: query.into(), params }, 0.0);
        assert_eq!(
            sql("INSERT INTO a\n  VALUES (?, ?)", vec![SqlValue::Text("x".into()), SqlValue::Null]).as_deref(),
            Some("INSERT INTO a VALUES (?, ?) [\"x\", NULL]")
        );
        for query in [" select 1", "CREATE TABLE IF NOT EXISTS a (b)", "é", ""] {
            assert_eq!(sql(query, Vec::new()).is_some(), !is_quiet(query), "{query}");
        }
        assert_eq!(sql("select 1", Vec::new()), None);
        assert_eq!(written(&Ask::KvGet { keys: vec!["a".into()] }, 0.0), None);
        assert_eq!(written(&Ask::AlarmSet { at_ms: 2500.0 }, 1000.0).as_deref(), Some("setAlarm in 1.5 s"));
        let keys = ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
        assert_eq!(written(&Ask::KvDelete { keys }, 0.0).as_deref(), Some("delete a, b, c, d and 1 more"));
    }
}
