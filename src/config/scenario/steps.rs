//! What a step of a scenario can be.
//!
//! Invariant: a step does one thing, and every key in it means something there.

use super::super::Place;
use super::super::diagnostic::Reader;
use super::super::syntax::{Node, Value};
use super::keys;
use super::outside::{Counted, Payload, counted, payload};
use super::{array, check_keys, flag, number, required, text, time};

/// A step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Where it is written.
    pub place: Place,
    /// What it does.
    pub action: Action,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// `as`, `connect`: a client opens a WebSocket.
    Connect {
        /// The client.
        client: String,
        /// The path.
        path: String,
        /// Headers.
        headers: Vec<(String, String)>,
    },
    /// `as`, `send`: a client sends a message.
    Send {
        /// The client.
        client: String,
        /// The text, or bytes.
        payload: Payload,
    },
    /// `as`, `close`: a client closes its connection.
    Close {
        /// The client.
        client: String,
        /// The close code.
        code: u16,
        /// The reason.
        reason: String,
    },
    /// `as`, `lose`: a client's connection is lost.
    Lose {
        /// The client.
        client: String,
    },
    /// `as`, `expect`: what a client has received by now.
    Expect {
        /// The client.
        client: String,
        /// What.
        expecting: Expecting,
    },
    /// `fetch`: a request and its answer.
    Fetch(Box<Fetch>),
    /// `outside`, `expect`: how often other hosts were asked by now.
    Outside {
        /// Which requests count.
        counted: Counted,
        /// How many there are.
        requests: u32,
    },
    /// `together`: steps that begin at once.
    Together(Vec<Step>),
    /// `advance`: time passes, in milliseconds.
    Advance(f64),
    /// `evict`, `hibernate`, `crash`, `alarm`: something happens to an object, `BINDING:name`.
    Object(ObjectVerb, String),
    /// `settle`: faults stop, and what is under way comes to an end.
    Settle,
}

/// What a client has received by now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expecting {
    /// All its messages since it connected: a string, `{ "base64": "…" }`, or what is compared as JSON.
    pub messages: Option<Vec<serde_json::Value>>,
    /// The messages may have come in any order.
    pub any_order: bool,
    /// The code that the connection was closed with.
    pub close_code: Option<u16>,
}

/// A request and its answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fetch {
    /// The method.
    pub method: String,
    /// The path, or a whole URL.
    pub path: String,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// How often it is sent again when the platform lost it; the step is judged under loud faults only if it is.
    pub retries: Option<u32>,
    /// What the answer must be.
    pub expected: Expected,
}

/// What an answer must be; what is left out may be anything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expected {
    /// The status.
    pub status: Option<u16>,
    /// Headers that must be there, among others.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Option<String>,
    /// The whole body as JSON.
    pub json: Option<serde_json::Value>,
}

/// What can happen to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectVerb {
    /// Its instance is dropped; sockets stay. `hibernate` is the same.
    Evict,
    /// It is lost in the middle of what it does; its sockets are cut.
    Crash,
    /// Its alarm runs now, if one is set.
    Alarm,
}

/// Reads a step. Inside of `together` a step only begins something.
pub(super) fn step(reader: &mut Reader<'_>, node: &Node, is_together: bool) -> Option<Step> {
    let place = reader.file.place(&node.span);
    let action = match action_of(reader, node)? {
        "settle" => Action::Settle,
        "together" => together(reader, node.get("together")?)?,
        "advance" => Action::Advance(advance(reader, node.get("advance")?)?),
        "fetch" => Action::Fetch(Box::new(fetch(reader, node)?)),
        "outside" => counting(reader, node)?,
        "evict" | "hibernate" => object(reader, node, ObjectVerb::Evict)?,
        "crash" => object(reader, node, ObjectVerb::Crash)?,
        "alarm" => object(reader, node, ObjectVerb::Alarm)?,
        key => of_client(reader, node, key)?,
    };
    let waits = matches!(
        action,
        Action::Expect { .. } | Action::Outside { .. } | Action::Together(_) | Action::Advance(_) | Action::Settle
    );
    if is_together && waits {
        let help = "only steps that begin something can be together: `send`, `fetch`, `connect`, `close`, `evict`, …";
        reader.error(&node.span, "this step cannot be `together` with others").help(help);
        return None;
    }
    Some(Step { place, action })
}

/// The key that says what a step does. Reports all others that do not belong to it.
fn action_of(reader: &mut Reader<'_>, node: &Node) -> Option<&'static str> {
    let mut named = keys::STEPS.iter().filter(|(key, _)| node.get(key).is_some());
    let (key, beside) = match (named.next(), named.next()) {
        (Some((one, _)), Some((other, _))) => {
            let message = format!("a step does one thing, and `{one}` and `{other}` are two");
            reader.error(&node.span, message).help("make two steps of it, perhaps `together`");
            return None;
        }
        (Some((key, beside)), None) => (*key, *beside),
        (None, _) => match keys::STEPS_ALONE.iter().find(|(key, _)| node.get(key).is_some()) {
            Some((key, beside)) => (*key, *beside),
            None => {
                let all = keys::STEPS.iter().chain(&keys::STEPS_ALONE).map(|(key, _)| *key);
                let all: Vec<_> = all.chain(["as"]).collect();
                check_keys(reader, node, "a step", &all);
                let help = format!("a step has one of `{}`", all.join("`, `"));
                reader.error(&node.span, "this step does nothing").help(help);
                return None;
            }
        },
    };
    let known: Vec<_> = std::iter::once(key).chain(beside.iter().copied()).collect();
    check_keys(reader, node, &format!("a step with `{key}`"), &known);
    Some(key)
}

fn together(reader: &mut Reader<'_>, node: &Node) -> Option<Action> {
    let items = array(reader, node, "together")?;
    Some(Action::Together(items.iter().filter_map(|item| step(reader, item, true)).collect()))
}

fn advance(reader: &mut Reader<'_>, node: &Node) -> Option<f64> {
    let ms = text(reader, node, "advance").map(time::length_ms)?;
    if ms.is_none() {
        reader.error(&node.span, "`advance` is no length of time").help("write it as \"2h\", \"1h 30m\" or \"250ms\"");
    }
    ms
}

fn object(reader: &mut Reader<'_>, node: &Node, verb: ObjectVerb) -> Option<Action> {
    let keys = ["evict", "hibernate", "crash", "alarm"];
    let (key, named) = keys.iter().find_map(|key| Some((*key, node.get(key)?)))?;
    Some(Action::Object(verb, text(reader, named, key)?.to_owned()))
}

/// A step of a client.
fn of_client(reader: &mut Reader<'_>, node: &Node, key: &str) -> Option<Action> {
    let what = format!("a step with `{key}`");
    let client = required(reader, node, &what, "as").and_then(|node| text(reader, node, "as")).map(str::to_owned);
    let value = node.get(key)?;
    Some(match key {
        "connect" => {
            let path = text(reader, value, key)?.to_owned();
            Action::Connect { client: client?, path, headers: headers(reader, node) }
        }
        "send" => Action::Send { client: client?, payload: payload(reader, value)? },
        "close" => {
            check_keys(reader, value, "`close`", keys::CLOSE);
            let code = value.get("code").map_or(Some(1000), |code| number(reader, code, "code", 1000..=4999))?;
            let reason = value.text("reason").unwrap_or_default().to_owned();
            Action::Close { client: client?, code: code as u16, reason }
        }
        "lose" => Action::Lose { client: client? },
        _ => Action::Expect { client: client?, expecting: expecting(reader, value)? },
    })
}

fn expecting(reader: &mut Reader<'_>, node: &Node) -> Option<Expecting> {
    check_keys(reader, node, "`expect` of a client", keys::CLIENT_EXPECT);
    let messages = match node.get("messages") {
        Some(messages) => Some(array(reader, messages, "messages")?.iter().map(Node::to_json).collect()),
        None => None,
    };
    let close_code = match node.get("closed") {
        Some(code) => Some(number(reader, code, "closed", 1000..=4999)? as u16),
        None => None,
    };
    let any_order = flag(reader, node, "anyOrder");
    Some(Expecting { messages, any_order, close_code })
}

/// A step that counts requests to other hosts.
fn counting(reader: &mut Reader<'_>, step: &Node) -> Option<Action> {
    let what = "a step with `outside`";
    let expect = required(reader, step, what, "expect");
    let requests = expect.and_then(|node| {
        check_keys(reader, node, "`expect` of `outside`", keys::OUTSIDE_EXPECT);
        let requests = required(reader, node, "`expect` of `outside`", "requests")?;
        number(reader, requests, "requests", 0..=1_000_000)
    });
    Some(Action::Outside { counted: counted(reader, step)?, requests: requests? })
}

fn fetch(reader: &mut Reader<'_>, step: &Node) -> Option<Fetch> {
    let node = step.get("fetch")?;
    check_keys(reader, node, "`fetch`", keys::FETCH);
    let path = required(reader, node, "`fetch`", "path").and_then(|path| text(reader, path, "path"));
    let method = node.get("method").map_or(Some("GET"), |method| text(reader, method, "method"));
    let mut headers = headers(reader, node);
    let json = node.get("json").map(|json| json.to_json().to_string());
    if json.is_some() && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        headers.push(("content-type".into(), "application/json".into()));
    }
    let body = node.get("body").map(|body| text(reader, body, "body").unwrap_or_default().to_owned());
    if json.is_some() && body.is_some() {
        reader.error(&node.span, "`fetch` has both `body` and `json`").help("leave one of them out");
    }
    let retries = node.get("retry").and_then(|retry| number(reader, retry, "retry", 0..=1000));
    let expected = step.get("expect").map(|node| expected(reader, node)).unwrap_or_default();
    Some(Fetch {
        method: method?.to_owned(),
        path: path?.to_owned(),
        headers,
        body: json.or(body).unwrap_or_default(),
        retries,
        expected,
    })
}

fn expected(reader: &mut Reader<'_>, node: &Node) -> Expected {
    check_keys(reader, node, "`expect`", keys::FETCH_EXPECT);
    Expected {
        status: node
            .get("status")
            .and_then(|status| number(reader, status, "status", 100..=599))
            .map(|code| code as u16),
        headers: headers(reader, node),
        body: node.get("body").and_then(|body| text(reader, body, "body")).map(str::to_owned),
        json: node.get("json").map(Node::to_json),
    }
}

pub(super) fn headers(reader: &mut Reader<'_>, node: &Node) -> Vec<(String, String)> {
    let Some(headers) = node.get("headers") else { return Vec::new() };
    if !matches!(headers.value, Value::Object(_)) {
        reader.error(&headers.span, format!("`headers` must be an object, found {}", headers.value.noun()));
    }
    let header = |member: &super::super::syntax::Member| {
        Some((member.key.clone(), text(reader, &member.node, &member.key)?.to_owned()))
    };
    headers.members().iter().filter_map(header).collect()
}
