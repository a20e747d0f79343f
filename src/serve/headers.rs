//! Headers between HTTP and guests.
//!
//! Invariant: what HTTP forbids never reaches hyper.

use emu_abi::Failure;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};

/// The headers whose values workerd sends as one line, in alphabetical order: those it keeps in a table. It sends each value
/// of all others by itself.
#[rustfmt::skip]
const JOINED: &[&str] = &[
    "accept", "accept-charset", "accept-encoding", "accept-language", "accept-ranges", "access-control-allow-origin",
    "age", "allow", "authorization", "cache-control", "cf-cache-status", "cf-ray", "content-disposition",
    "content-encoding", "content-language", "content-location", "content-range", "content-type", "cookie", "date",
    "etag", "expect", "expires", "from", "host", "if-match", "if-modified-since", "if-none-match", "if-range",
    "if-unmodified-since", "last-modified", "link", "location", "max-forwards", "origin", "pragma",
    "proxy-authenticate", "proxy-authorization", "range", "referer", "refresh", "retry-after", "sec-websocket-accept",
    "sec-websocket-extensions", "sec-websocket-key", "sec-websocket-protocol", "sec-websocket-version", "server",
    "strict-transport-security", "user-agent", "vary", "via", "www-authenticate",
];

/// A header's value; bytes that are no UTF-8 stand for themselves, as in Latin-1.
pub(super) fn text_of(value: &HeaderValue) -> String {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => text.to_owned(),
        Err(_) => value.as_bytes().iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// A guest's headers as HTTP has them. What HTTP forbids is an error that names the header.
pub(super) fn header_map(headers: &[(String, String)]) -> Result<HeaderMap, Failure> {
    let too_many = |_| Failure::type_error(format!("{} headers are too many.", headers.len()));
    let mut map = HeaderMap::try_with_capacity(headers.len()).map_err(too_many)?;
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| Failure::type_error(format!("Invalid header name: {name:?}.")))?;
        let value = HeaderValue::from_bytes(value.as_bytes())
            .map_err(|_| Failure::type_error(format!("Invalid header value of {name}.")))?;
        map.try_append(name, value).map_err(too_many)?;
    }
    join(&mut map);
    Ok(map)
}

/// Makes one line of the values of each header that the platform sends as one.
fn join(map: &mut HeaderMap) {
    if map.len() == map.keys_len() {
        return;
    }
    let is_joined =
        |name: &&HeaderName| JOINED.binary_search(&name.as_str()).is_ok() && map.get_all(*name).iter().nth(1).is_some();
    let names: Vec<HeaderName> = map.keys().filter(is_joined).cloned().collect();
    for name in names {
        let values: Vec<&[u8]> = map.get_all(&name).iter().map(HeaderValue::as_bytes).collect();
        // Valid values make a valid line.
        if let Ok(line) = HeaderValue::from_bytes(&values.join(&b", "[..])) {
            map.insert(name, line);
        }
    }
}

/// Headers that belong to the connection rather than to the message.
pub(super) const HOP_BY_HOP: [HeaderName; 4] =
    [header::CONNECTION, header::TRANSFER_ENCODING, header::UPGRADE, header::CONTENT_LENGTH];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_known_headers_are_one_line() {
        assert!(JOINED.is_sorted());
        let sent = |pairs: &[(&str, &str)]| {
            let pairs: Vec<_> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let map = header_map(&pairs).expect("headers");
            let lines = map.iter().map(|(name, value)| format!("{name}: {}", text_of(value)));
            lines.collect::<Vec<_>>().join(" | ")
        };
        let cases: [(&[(&str, &str)], &str); 4] = [
            (&[("vary", "a"), ("Vary", "b"), ("VARY", "")], "vary: a, b, "),
            (&[("set-cookie", "a"), ("set-cookie", "b")], "set-cookie: a | set-cookie: b"),
            (&[("x-own", "a"), ("x-own", "b")], "x-own: a | x-own: b"),
            (&[("vary", "a, b"), ("link", "c")], "vary: a, b | link: c"),
        ];
        for (pairs, expected) in cases {
            assert_eq!(sent(pairs), expected);
        }
    }

    #[test]
    fn what_http_forbids_is_an_error_that_names_the_header() {
        for (name, value, what) in [("a b", "", "a b"), ("x-a", "line\nbreak", "x-a")] {
            let failure = header_map(&[(name.into(), value.into())]).expect_err("no header");
            assert!(failure.message.contains(what), "{failure}");
        }
    }
}
