//! Other hosts, as a scenario has them: the rules by which they answer, and how often they were asked.
//!
//! Invariant: pure; a request counts once it has left, whatever became of it.

use super::refused;
use crate::config::scenario as written;
use crate::config::scenario::{Counted, Payload};
use crate::error::Result;
use crate::simulate::{Outgoing, Reply, Rule, check_header, decode_base64, fits_url};
use std::collections::BTreeSet;

/// The rules of a scenario.
///
/// # Errors
/// When a header or a body cannot be what is written, with its place.
pub(super) fn rules(written: &[written::Rule]) -> Result<Vec<Rule>> {
    written.iter().map(rule).collect()
}

fn rule(written: &written::Rule) -> Result<Rule> {
    let reply = match &written.answer {
        written::Answer::Fails(message) => Reply::Fails(message.clone()),
        written::Answer::Response { status, headers, body } => {
            for (name, value) in headers {
                check_header(name, value).map_err(|what| refused(what, &written.place))?;
            }
            let headers = headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect();
            check(body)?;
            Reply::Response { status: *status, headers, body: bytes(body) }
        }
    };
    Ok(Rule {
        place: written.place.to_string(),
        method: written.method.clone(),
        url: written.url.clone(),
        body: written.body.as_ref().map(|body| body.clone().into_bytes()),
        times: written.times.map(u64::from),
        reply,
    })
}

/// Bytes must be base 64.
///
/// # Errors
/// When they are not, with their place.
pub(super) fn check(payload: &Payload) -> Result<()> {
    match payload {
        Payload::Base64(text, place) if decode_base64(text).is_none() => {
            Err(refused("this is no base 64".into(), place))
        }
        _ => Ok(()),
    }
}

/// The bytes of what has been checked.
pub(super) fn bytes(payload: &Payload) -> Vec<u8> {
    match payload {
        Payload::Text(text) => text.clone().into_bytes(),
        Payload::Base64(text, _) => decode_base64(text).unwrap_or_default(),
    }
}

/// How many of the requests that have left count.
pub(super) fn count(counted: &Counted, outgoing: &[Outgoing]) -> u64 {
    let is_meant = |request: &&Outgoing| {
        let method = counted.method.as_ref();
        fits_url(&counted.url, &request.url) && method.is_none_or(|method| method.eq_ignore_ascii_case(&request.method))
    };
    let meant = outgoing.iter().filter(is_meant);
    let Some(header) = &counted.distinct else { return meant.count() as u64 };
    let header = header.to_ascii_lowercase();
    // One that lacks the header is like no other.
    let (mut values, mut without) = (BTreeSet::new(), 0);
    for request in meant {
        match request.header(&header) {
            Some(value) => _ = values.insert(value),
            None => without += 1,
        }
    }
    values.len() as u64 + without
}

/// The requests that count, as people read it: `2 requests to https://pay.example/*`.
pub(super) fn told(counted: &Counted, number: u64) -> String {
    let what = if number == 1 { "request" } else { "requests" };
    let method = counted.method.as_ref().map(|method| format!("{method} ")).unwrap_or_default();
    let distinct = counted.distinct.as_ref().map(|header| format!(" of different `{header}`")).unwrap_or_default();
    format!("{number} {method}{what}{distinct} to {}", counted.url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_count_by_method_url_and_header() {
        let request = |method: &str, url: &str, key: Option<&str>| Outgoing {
            method: method.into(),
            url: url.into(),
            headers: key.map(|key| ("idempotency-key".to_owned(), key.to_owned())).into_iter().collect(),
            body: Vec::new(),
        };
        let outgoing = [
            request("POST", "https://pay.example/charges", Some("1")),
            request("POST", "https://pay.example/charges", Some("1")),
            request("POST", "https://pay.example/refunds", Some("2")),
            request("GET", "https://pay.example/charges", None),
            request("GET", "https://pay.example/charges", None),
        ];
        for (url, method, distinct, number) in [
            ("https://pay.example/*", None, None, 5),
            ("https://pay.example/charges", Some("post"), None, 2),
            ("https://pay.example/charges", Some("POST"), Some("Idempotency-Key"), 1),
            ("https://pay.example/*", None, Some("Idempotency-Key"), 4),
            ("https://pay.example", None, None, 0),
        ] {
            let own = str::to_owned;
            let counted = Counted { url: own(url), method: method.map(own), distinct: distinct.map(own) };
            assert_eq!(count(&counted, &outgoing), number, "{counted:?}");
        }
    }
}
