//! Other hosts in a scenario: what they answer, and how often they are asked.
//!
//! Invariant: a rule has the form of a line in a recording, so that one can be copied into the other.

use super::super::Place;
use super::super::diagnostic::Reader;
use super::super::syntax::{Node, Value};
use super::keys;
use super::steps::headers;
use super::{check_keys, number, required, text};

/// What another host answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Where it is written.
    pub place: Place,
    /// The method; `None` is any.
    pub method: Option<String>,
    /// The URL, in which `*` stands for any text.
    pub url: String,
    /// The whole body; `None` is any.
    pub body: Option<String>,
    /// What is answered.
    pub answer: Answer,
    /// How often; `None` is always.
    pub times: Option<u32>,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A response.
    Response {
        /// 200 to 599.
        status: u16,
        /// The headers.
        headers: Vec<(String, String)>,
        /// The body.
        body: Payload,
    },
    /// The connection fails: with this text.
    Fails(String),
}

/// A body, or a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    /// A text.
    Text(String),
    /// Bytes in base 64, which nobody has looked at yet.
    Base64(String, Place),
}

impl Default for Payload {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

/// Requests to other hosts that are counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Counted {
    /// Their URL, in which `*` stands for any text.
    pub url: String,
    /// Their method; `None` is any.
    pub method: Option<String>,
    /// A header: requests that have the same value of it count once.
    pub distinct: Option<String>,
}

/// Reads a rule.
pub(super) fn rule(reader: &mut Reader<'_>, node: &Node) -> Option<Rule> {
    let what = "`outside`";
    check_keys(reader, node, what, keys::RULE);
    let place = reader.file.place(&node.span);
    let url = required(reader, node, what, "url").and_then(|url| whole_url(reader, url));
    let method = optional(reader, node, "method");
    let body = optional(reader, node, "body");
    let times = node.get("times").and_then(|times| number(reader, times, "times", 1..=1_000_000));
    let answer = required(reader, node, what, "answer").and_then(|node| answer(reader, node));
    Some(Rule { place, method, url: url?.to_owned(), body, answer: answer?, times })
}

/// Reads which requests are counted.
pub(super) fn counted(reader: &mut Reader<'_>, node: &Node) -> Option<Counted> {
    let url = node.get("outside").and_then(|url| whole_url(reader, url));
    let method = optional(reader, node, "method");
    let distinct = optional(reader, node, "distinct");
    Some(Counted { url: url?.to_owned(), method, distinct })
}

fn answer(reader: &mut Reader<'_>, node: &Node) -> Option<Answer> {
    check_keys(reader, node, "`answer`", keys::ANSWER);
    if let Some(fails) = node.get("fails") {
        if node.members().len() > 1 {
            let message = "`answer` has `fails`, and more beside it";
            reader.error(&node.span, message).help("leave the others out: what fails is no response");
        }
        return Some(Answer::Fails(text(reader, fails, "fails")?.to_owned()));
    }
    let status = node.get("status").map_or(Some(200), |status| number(reader, status, "status", 200..=599));
    let mut headers = headers(reader, node);
    let json = node.get("json").map(|json| Payload::Text(json.to_json().to_string()));
    if json.is_some() && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        headers.push(("content-type".into(), "application/json".into()));
    }
    let text = optional(reader, node, "body").map(Payload::Text);
    let bytes = node.get("base64").and_then(|node| base64(reader, node));
    if [json.is_some(), text.is_some(), bytes.is_some()].iter().filter(|given| **given).count() > 1 {
        reader.error(&node.span, "`answer` has several of `body`, `json` and `base64`").help("leave one of them");
    }
    Some(Answer::Response { status: status? as u16, headers, body: json.or(text).or(bytes).unwrap_or_default() })
}

/// What is sent: a string as it is, `{ "base64": "…" }` as bytes, anything else as JSON.
pub(super) fn payload(reader: &mut Reader<'_>, node: &Node) -> Option<Payload> {
    match &node.value {
        Value::Text(text) => Some(Payload::Text(text.clone())),
        Value::Object(members) if members.len() == 1 && members[0].key == "base64" => base64(reader, &members[0].node),
        _ => Some(Payload::Text(node.to_json().to_string())),
    }
}

fn base64(reader: &mut Reader<'_>, node: &Node) -> Option<Payload> {
    let digits = text(reader, node, "base64")?.to_owned();
    Some(Payload::Base64(digits, reader.file.place(&node.span)))
}

fn optional(reader: &mut Reader<'_>, node: &Node, key: &str) -> Option<String> {
    node.get(key).and_then(|value| text(reader, value, key)).map(str::to_owned)
}

/// A URL must begin as one: `pay.example/x` would never be asked for.
fn whole_url<'n>(reader: &mut Reader<'_>, node: &'n Node) -> Option<&'n str> {
    let url = text(reader, node, "url")?;
    if !url.starts_with('*') && !url.contains("://") {
        let help = format!("write it as \"https://{}\"; `*` stands for any text", url.trim_start_matches('/'));
        reader.error(&node.span, "this is no whole URL").help(help);
        return None;
    }
    Some(url)
}
