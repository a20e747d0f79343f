//! Recordings of requests to other hosts: one JSON object on each line, a request with its answer (`http.jsonl`).
//!
//! Invariant: pure. Every line is checked as one that a stranger wrote; secrets that headers carry are never written.

use super::base64;
use super::outgoing::{Reply, Rule, check_header};
use emu_abi::Headers;
use serde_json::{Map, Value, json};

/// The largest body that is recorded, in bytes.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;
/// The largest recording that is read, in bytes.
pub const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Headers of answers that are not written: what lets somebody in, and what is about the connection.
const LEFT_OUT: [&str; 4] = ["set-cookie", "connection", "keep-alive", "transfer-encoding"];
/// The most characters that an error repeats of a line.
const SHOWN_CHARS: usize = 60;

/// The line of a request and its answer, with its end. Headers of requests are not written: nothing is found by them, and
/// many are secret.
pub fn line(method: &str, url: &str, body: Option<&[u8]>, reply: &Reply) -> String {
    let mut request = Map::new();
    request.insert("method".into(), method.into());
    request.insert("url".into(), url.into());
    if let Some(body) = body {
        insert_body(&mut request, body);
    }
    let answer = match reply {
        Reply::Response { status, headers, body } => {
            let mut answer = Map::new();
            answer.insert("status".into(), (*status).into());
            answer.insert("headers".into(), headers_json(headers));
            if !body.is_empty() {
                insert_body(&mut answer, body);
            }
            Value::Object(answer)
        }
        Reply::Fails(message) => json!({ "fails": message }),
        Reply::Incomplete(why) => json!({ "incomplete": why }),
    };
    request.insert("answer".into(), answer);
    format!("{}\n", Value::Object(request))
}

fn insert_body(map: &mut Map<String, Value>, body: &[u8]) {
    match std::str::from_utf8(body) {
        Ok(text) => map.insert("body".into(), text.into()),
        Err(_) => map.insert("base64".into(), base64::encode(body).into()),
    };
}

/// An object; what stands there more than once has an array of values.
fn headers_json(headers: &Headers) -> Value {
    let mut map = Map::new();
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        if LEFT_OUT.contains(&name.as_str()) {
            continue;
        }
        match map.get_mut(&name) {
            Some(Value::Array(values)) => values.push(value.as_str().into()),
            Some(one) => *one = json!([one, value]),
            None => _ = map.insert(name, value.as_str().into()),
        }
    }
    Value::Object(map)
}

/// Reads a recording, whose name is for errors. Each line answers once, in their order; the last one of several that are
/// for the same requests goes on doing so.
///
/// # Errors
/// The first thing that is wrong, with its line.
pub fn parse(name: &str, text: &str) -> Result<Vec<Rule>, String> {
    let mut rules: Vec<Rule> = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let place = format!("{name}:{}", index + 1);
        let rule = parse_line(line).map_err(|what| format!("{place}: {what}"))?;
        rules.push(Rule { place, ..rule });
    }
    answer_in_order(&mut rules);
    Ok(rules)
}

fn answer_in_order(rules: &mut [Rule]) {
    let mut seen = std::collections::BTreeSet::new();
    for rule in rules.iter_mut().rev() {
        let is_last = seen.insert((rule.method.clone(), rule.url.clone(), rule.body.clone()));
        rule.times = (!is_last).then_some(1);
    }
}

fn parse_line(line: &str) -> Result<Rule, String> {
    let no_json = |error: serde_json::Error| {
        // Which line it is has been said.
        let error = error.to_string().replace(" at line 1 column ", " at column ");
        format!("no JSON: {error}: {}", shown(line))
    };
    let value: Value = serde_json::from_str(line).map_err(no_json)?;
    let request = object(&value, "a line", &["method", "url", "body", "json", "base64", "answer"])?;
    let method = request.get("method").map(|method| text(method, "method")).transpose()?;
    let url = text(request.get("url").ok_or("a line lacks `url`")?, "url")?;
    let body = body(request)?.map(|(bytes, _)| bytes);
    let reply = reply(request.get("answer").ok_or("a line lacks `answer`")?)?;
    let (method, url) = (method.map(str::to_owned), url.to_owned());
    Ok(Rule { place: String::new(), method, url, body, times: None, reply })
}

fn reply(value: &Value) -> Result<Reply, String> {
    let keys = ["status", "headers", "body", "json", "base64", "fails", "incomplete"];
    let answer = object(value, "`answer`", &keys)?;
    for (key, reply) in [("fails", Reply::Fails as fn(String) -> Reply), ("incomplete", Reply::Incomplete)] {
        let Some(message) = answer.get(key) else { continue };
        if answer.len() > 1 {
            return Err(format!("`answer` has `{key}`, and more beside it"));
        }
        return Ok(reply(text(message, key)?.to_owned()));
    }
    let status = match answer.get("status") {
        None => 200,
        Some(status) => status
            .as_u64()
            .and_then(|status| u16::try_from(status).ok())
            .filter(|status| (200..=599).contains(status))
            .ok_or_else(|| format!("`status` must be a whole number from 200 to 599, not {}", shown_value(status)))?,
    };
    let mut headers = answer.get("headers").map_or_else(|| Ok(Headers::new()), headers_of)?;
    let (body, is_json) = body(answer)?.unwrap_or_default();
    if is_json && !headers.iter().any(|(name, _)| name == "content-type") {
        headers.push(("content-type".into(), "application/json".into()));
    }
    Ok(Reply::Response { status, headers, body })
}

/// The body of a request or an answer, and whether it was given as JSON.
fn body(map: &Map<String, Value>) -> Result<Option<(Vec<u8>, bool)>, String> {
    let given = ["body", "json", "base64"].iter().filter_map(|key| Some((*key, map.get(*key)?)));
    let given: Vec<(&str, &Value)> = given.collect();
    match given[..] {
        [] => Ok(None),
        [("json", value)] => Ok(Some((value.to_string().into_bytes(), true))),
        [("body", value)] => Ok(Some((text(value, "body")?.as_bytes().to_vec(), false))),
        [(key, value)] => match base64::decode(text(value, key)?) {
            Some(bytes) => Ok(Some((bytes, false))),
            None => Err(format!("`base64` is none: {}", shown_value(value))),
        },
        [(one, _), (other, _), ..] => Err(format!("there is both `{one}` and `{other}`: leave one of them out")),
    }
}

fn headers_of(value: &Value) -> Result<Headers, String> {
    let map = value.as_object().ok_or_else(|| format!("`headers` must be an object, found {}", noun(value)))?;
    let mut headers = Headers::new();
    for (name, values) in map {
        let values = values.as_array().map_or_else(|| std::slice::from_ref(values), Vec::as_slice);
        for value in values {
            let value = text(value, name)?;
            check_header(name, value)?;
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
    }
    Ok(headers)
}

fn object<'v>(value: &'v Value, what: &str, known: &[&str]) -> Result<&'v Map<String, Value>, String> {
    let map = value.as_object().ok_or_else(|| format!("{what} must be an object, found {}", noun(value)))?;
    match map.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("{what} has no `{}`; there are `{}`", shown(key), known.join("`, `"))),
        None => Ok(map),
    }
}

fn text<'v>(value: &'v Value, key: &str) -> Result<&'v str, String> {
    value.as_str().ok_or_else(|| format!("`{}` must be a string, found {}", shown(key), noun(value)))
}

fn noun(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn shown_value(value: &Value) -> String {
    shown(&value.to_string())
}

/// What an error repeats of a text: not much, and nothing that a terminal obeys.
fn shown(text: &str) -> String {
    let cut: String = text.chars().take(SHOWN_CHARS).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN_CHARS).is_some() { format!("{cut}…") } else { cut }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Reply::Response { status, headers, body: body.to_vec() }
    }

    #[test]
    fn what_is_written_is_read() {
        let replies = [
            response(201, &[("content-type", "text/plain"), ("link", "a"), ("link", "b")], "grüße\n".as_bytes()),
            response(204, &[], b""),
            response(200, &[], b"\xff\x00"),
            Reply::Fails("Network connection lost.".into()),
            Reply::Incomplete("too large".into()),
        ];
        for reply in replies {
            for body in [None, Some(&b""[..]), Some(b"{\"a\":1}"), Some(b"\xfe")] {
                let line = line("POST", "https://a.example/?b=c", body, &reply);
                assert_eq!(line.matches('\n').count(), 1, "{line}");
                let rules = parse("http.jsonl", &line).expect("a recording");
                let expected = Rule {
                    place: "http.jsonl:1".into(),
                    method: Some("POST".into()),
                    url: "https://a.example/?b=c".into(),
                    body: body.map(<[u8]>::to_vec),
                    times: None,
                    reply: reply.clone(),
                };
                assert_eq!(rules, [expected], "{line}");
            }
        }
    }

    #[test]
    fn secrets_are_not_written() {
        let reply = response(200, &[("Set-Cookie", "a=secret"), ("x-a", "b"), ("Connection", "close")], b"");
        let line = line("GET", "https://a.example/", Some(b""), &reply);
        assert_eq!(
            line,
            r#"{"method":"GET","url":"https://a.example/","body":"","answer":{"status":200,"headers":{"x-a":"b"}}}"#
                .to_owned()
                + "\n"
        );
    }

    #[test]
    fn of_several_lines_the_last_repeats() {
        let text = r#"{ "url": "https://a/", "answer": { "body": "1" } }

            { "url": "https://b/", "answer": { "json": [2] } }
            { "url": "https://a/", "answer": { "base64": "Mw==" } }"#;
        let rules = parse("x", text).expect("a recording");
        let told: Vec<_> = rules.iter().map(|rule| (rule.place.as_str(), rule.times, &rule.reply)).collect();
        let json = response(200, &[("content-type", "application/json")], b"[2]");
        assert_eq!(
            told,
            [
                ("x:1", Some(1), &response(200, &[], b"1")),
                ("x:3", None, &json),
                ("x:4", None, &response(200, &[], b"3"))
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let answered = |answer: &str| format!("{{ \"url\": \"https://a/\", \"answer\": {answer} }}");
        for (line, what) in [
            ("nonsense".to_owned(), "no JSON: "),
            ("{\"url\":".to_owned(), "no JSON: "),
            ("[".repeat(5000), "no JSON: "),
            ("\u{1b}[2J".to_owned(), "\\u{1b}[2J"),
            ("[]".to_owned(), "a line must be an object, found an array"),
            ("{}".to_owned(), "a line lacks `url`"),
            (r#"{ "url": "https://a/" }"#.to_owned(), "a line lacks `answer`"),
            (r#"{ "url": 7, "answer": {} }"#.to_owned(), "`url` must be a string, found a number"),
            (r#"{ "uri": "https://a/" }"#.to_owned(), "a line has no `uri`; there are `method`, `url`"),
            (answered("[]"), "`answer` must be an object"),
            (answered(r#"{ "status": 101 }"#), "`status` must be a whole number from 200 to 599, not 101"),
            (answered(r#"{ "status": "200" }"#), "`status` must be a whole number"),
            (answered(r#"{ "status": 1e400 }"#), "`status` must be a whole number from 200 to 599, not 1e+400"),
            (answered(r#"{ "headers": [] }"#), "`headers` must be an object, found an array"),
            (answered(r#"{ "headers": { "a": 1 } }"#), "`a` must be a string, found a number"),
            (answered(r#"{ "headers": { "a b": "c" } }"#), "`a b` is no name of a header"),
            (answered(r#"{ "body": "a", "json": 1 }"#), "both `body` and `json`"),
            (answered(r#"{ "base64": "%" }"#), "`base64` is none: \\\"%\\\""),
            (answered(r#"{ "fails": "a", "status": 200 }"#), "`answer` has `fails`, and more beside it"),
        ] {
            let text = format!("{}\n\n{line}\n", answered("{}"));
            let said = parse("http.jsonl", &text).expect_err(&line);
            assert!(said.starts_with("http.jsonl:3: ") && said.contains(what), "{said}");
            assert!(said.len() < 400, "{said}");
        }
    }
}
