//! What was expected, and what was there instead.
//!
//! Invariant: pure. The first difference is told; its first line has the same words whenever it is the same difference.

use crate::config::scenario::{Expected, Expecting};
use crate::simulate::{Answer, Frame, decode_base64};
use emu_abi::Message;
use serde_json::Value;

/// A difference.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// One sentence.
    pub(super) message: String,
    /// The lines of both.
    pub(super) diff: Option<String>,
}

/// How an answer differs from what is expected.
pub(super) fn answer(expected: &Expected, answer: &Answer) -> Option<Difference> {
    if let Some(status) = expected.status.filter(|status| *status != answer.status) {
        let message = format!("the status is {}, not {status}: {}", answer.status, answer.text());
        return Some(Difference { message, diff: None });
    }
    for (name, value) in &expected.headers {
        let mut values = answer.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case(name));
        if !values.any(|(_, found)| found == value) {
            let found = answer.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
            let message = match found {
                Some((_, found)) => format!("the header `{name}` is `{found}`, not `{value}`"),
                None => format!("there is no header `{name}`"),
            };
            return Some(Difference { message, diff: None });
        }
    }
    if let Some(body) = expected.body.as_ref().filter(|body| body.as_bytes() != answer.body) {
        return Some(lines("the body is another one", body.lines(), answer.text().lines()));
    }
    let json = expected.json.as_ref()?;
    match serde_json::from_slice::<Value>(&answer.body) {
        Ok(found) if is_same(json, &found) => None,
        Ok(found) => Some(lines("the body is other JSON", pretty(json).lines(), pretty(&found).lines())),
        Err(error) => {
            Some(Difference { message: format!("the body is no JSON: {error}: {}", answer.text()), diff: None })
        }
    }
}

/// How what a client has received differs from what is expected.
pub(super) fn frames(client: &str, expecting: &Expecting, frames: &[Frame]) -> Option<Difference> {
    let messages: Vec<&Message> = frames.iter().filter_map(message).collect();
    if let Some(expected) = &expecting.messages {
        let in_order =
            expected.len() == messages.len() && expected.iter().zip(&messages).all(|(one, other)| says(one, other));
        let is_same = in_order || (expecting.any_order && in_any_order(expected, &messages));
        if !is_same {
            let wanted: Vec<String> = expected.iter().map(text_of_expected).collect();
            let found: Vec<String> = messages.iter().map(|message| text_of(message)).collect();
            let what = format!("`{client}` has received other messages");
            return Some(lines(&what, wanted.iter().map(String::as_str), found.iter().map(String::as_str)));
        }
    }
    let code = expecting.close_code?;
    let closed = frames.iter().find_map(|frame| match frame {
        Frame::Close { code, .. } => Some(*code),
        Frame::Message(_) => None,
    });
    let message = match closed {
        Some(found) if found == code => return None,
        Some(found) => format!("the connection of `{client}` was closed with {found}, not {code}"),
        None => format!("the connection of `{client}` is open"),
    };
    Some(Difference { message, diff: None })
}

/// Whether each message can be given to another one of the expected: one that has several to choose from leaves to others
/// what they need.
fn in_any_order(expected: &[Value], found: &[&Message]) -> bool {
    if expected.len() != found.len() {
        return false;
    }
    let mut given = vec![None; found.len()];
    (0..expected.len()).all(|one| give(one, expected, found, &mut given, &mut vec![false; found.len()]))
}

/// Finds a message for one of the expected, and others for those who had it before. Nobody is asked twice for a message,
/// so this ends after as many steps as there are pairs.
fn give(
    one: usize,
    expected: &[Value],
    found: &[&Message],
    given: &mut Vec<Option<usize>>,
    asked: &mut Vec<bool>,
) -> bool {
    let mut places: Vec<usize> = (0..found.len()).collect();
    // What nobody has needs no one to be asked, and is found at once where the order is about right.
    places.sort_by_key(|place| given[*place].is_some());
    for place in places {
        if asked[place] || !says(&expected[one], found[place]) {
            continue;
        }
        asked[place] = true;
        let is_free = given[place].is_none_or(|owner| give(owner, expected, found, given, asked));
        if is_free {
            given[place] = Some(one);
            return true;
        }
    }
    false
}

fn message(frame: &Frame) -> Option<&Message> {
    match frame {
        Frame::Message(message) => Some(message),
        Frame::Close { .. } => None,
    }
}

fn says(expected: &Value, message: &Message) -> bool {
    match (expected, message) {
        (Value::String(expected), message) => *expected == text_of(message),
        (expected, Message::Text(text)) => {
            serde_json::from_str::<Value>(text).is_ok_and(|found| is_same(expected, &found))
        }
        (expected, Message::Binary(bytes)) => bytes_of(expected).is_some_and(|expected| expected == bytes.0),
    }
}

/// The bytes of `{ "base64": "…" }`.
fn bytes_of(expected: &Value) -> Option<Vec<u8>> {
    let members = expected.as_object().filter(|members| members.len() == 1)?;
    decode_base64(members.get("base64")?.as_str()?)
}

/// A message as text; bytes as SQL writes them.
fn text_of(message: &Message) -> String {
    match message {
        Message::Text(text) => text.clone(),
        Message::Binary(bytes) => {
            format!("x'{}'", bytes.0.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
        }
    }
}

fn text_of_expected(expected: &Value) -> String {
    if let Some(bytes) = bytes_of(expected) {
        return text_of(&Message::Binary(bytes.into()));
    }
    expected.as_str().map_or_else(|| expected.to_string(), str::to_owned)
}

/// Whether two values are the same JSON: numbers by their value, members in any order.
pub(super) fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, one)| other.get(key).is_some_and(|other| is_same(one, other)))
        }
        (one, other) => one == other,
    }
}

fn pretty(value: &Value) -> String {
    format!("{value:#}")
}

/// The lines of both: first those that only one of them has, between what they have in common.
fn lines<'a>(what: &str, expected: impl Iterator<Item = &'a str>, found: impl Iterator<Item = &'a str>) -> Difference {
    let (expected, found): (Vec<_>, Vec<_>) = (expected.collect(), found.collect());
    let before = expected.iter().zip(&found).take_while(|(one, other)| one == other).count();
    let (rest, other) = (&expected[before..], &found[before..]);
    let after = rest.iter().rev().zip(other.iter().rev()).take_while(|(one, other)| one == other).count();
    let mut diff = String::from("- Expected\n+ Received\n");
    let mut line = |mark: &str, text: &str| diff.push_str(format!("\n{mark} {text}").trim_end());
    expected[..before].iter().for_each(|text| line(" ", text));
    rest[..rest.len() - after].iter().for_each(|text| line("-", text));
    other[..other.len() - after].iter().for_each(|text| line("+", text));
    rest[rest.len() - after..].iter().for_each(|text| line(" ", text));
    Difference { message: what.to_owned(), diff: Some(diff) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Frame {
        Frame::Message(Message::Text(text.into()))
    }

    #[test]
    fn messages_are_compared_as_texts_or_as_json() {
        let closed = Frame::Close { code: 1000, reason: String::new() };
        let got = [text("one"), text(r#"{ "b": 1.0, "a": [] }"#), closed];
        for (messages, any_order, close_code, is_same) in [
            (r#"["one", { "a": [], "b": 1 }]"#, false, None, true),
            (r#"[{ "a": [], "b": 1 }, "one"]"#, false, None, false),
            (r#"[{ "a": [], "b": 1 }, "one"]"#, true, Some(1000), true),
            (r#"["one"]"#, true, None, false),
            (r#"["one", "one", "one"]"#, true, None, false),
            (r#"["one", { "a": [], "b": 1 }]"#, false, Some(1001), false),
        ] {
            let messages = serde_json::from_str(messages).expect("messages");
            let expecting = Expecting { messages: Some(messages), any_order, close_code };
            assert_eq!(frames("ada", &expecting, &got).is_none(), is_same, "{expecting:?}");
        }
        // Whoever comes first must not take the only one that another can have.
        let got = [text("1"), text("1.0"), text("x"), text("1")];
        for (messages, is_same) in [
            (r#"[1, "1", "x", "1.0"]"#, true),
            (r#"["1", "1", "1", "x"]"#, false),
            (r#"[1, "1", "x", "1"]"#, true),
            (r#"[1, 1, "1", "x"]"#, true),
            (r#"[1, "1.0", "x", "1"]"#, true),
            (r#"["1.0", "1.0", 1, "x"]"#, false),
        ] {
            let messages = serde_json::from_str(messages).expect("messages");
            let expecting = Expecting { messages: Some(messages), any_order: true, close_code: None };
            assert_eq!(frames("ada", &expecting, &got).is_none(), is_same, "{expecting:?}");
        }
        let bytes = [Frame::Message(Message::Binary(b"\xff".to_vec().into()))];
        for (messages, difference) in [
            (r#"[{ "base64": "/w==" }]"#, None),
            (r#"["x'ff'"]"#, None),
            (r#"[{ "base64": "/g==" }]"#, Some("- Expected\n+ Received\n\n- x'fe'\n+ x'ff'")),
        ] {
            let messages = serde_json::from_str(messages).expect("messages");
            let expecting = Expecting { messages: Some(messages), ..Expecting::default() };
            let found = frames("ada", &expecting, &bytes).and_then(|difference| difference.diff);
            assert_eq!(found.as_deref(), difference, "{expecting:?}");
        }
        let expecting = Expecting { close_code: Some(1000), ..Expecting::default() };
        let open = frames("ada", &expecting, &[]).expect("a difference");
        assert_eq!(open.message, "the connection of `ada` is open");
    }

    #[test]
    fn the_first_difference_of_an_answer_is_told() {
        let found = Answer {
            status: 200,
            headers: vec![("Content-Type".into(), "text/plain".into())],
            body: b"[1, 2]".to_vec(),
            socket: None,
        };
        let header = |value: &str| vec![("content-type".to_owned(), value.to_owned())];
        for (expected, message) in [
            (Expected { status: Some(200), headers: header("text/plain"), ..Expected::default() }, None),
            (Expected { json: Some(serde_json::json!([1, 2])), ..Expected::default() }, None),
            (Expected { status: Some(404), ..Expected::default() }, Some("the status is 200, not 404: [1, 2]")),
            (
                Expected { headers: header("text/html"), ..Expected::default() },
                Some("the header `content-type` is `text/plain`, not `text/html`"),
            ),
            (Expected { body: Some("[1,2]".into()), ..Expected::default() }, Some("the body is another one")),
            (Expected { json: Some(serde_json::json!([1])), ..Expected::default() }, Some("the body is other JSON")),
        ] {
            let told = answer(&expected, &found).map(|difference| difference.message);
            assert_eq!(told.as_deref(), message, "{expected:?}");
        }
        let expected = Expected { json: Some(serde_json::json!([1, 3])), ..Expected::default() };
        let diff = answer(&expected, &found).and_then(|difference| difference.diff);
        assert_eq!(diff.as_deref(), Some("- Expected\n+ Received\n\n  [\n    1,\n-   3\n+   2\n  ]"));
    }
}
