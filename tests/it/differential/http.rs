//! What an HTTP client sees of the fixture's handlers.
//!
//! Invariant: data, and the one function that sends it.

use super::transcript::{Transcript, line};
use crate::support::{agent, exchange};

/// A request.
pub(super) struct Case {
    pub(super) name: &'static str,
    method: &'static str,
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static [u8],
    /// Whether the handler fails. Then the response is the server's: workerd says `Internal Server Error`, emu what went wrong.
    fails: bool,
}

/// Headers that say how a message travelled or when, which is not the worker's doing.
const IGNORED: &[&str] = &["date", "connection", "keep-alive", "transfer-encoding", "server"];

/// Sends a request to a server and writes down the response.
pub(super) fn run(port: u16, case: &Case) -> Transcript {
    let url = format!("http://localhost:{port}{}", case.path);
    let reply = match exchange(&agent(), case.method, &url, case.headers, case.body) {
        Ok(reply) => reply,
        Err(error) => return vec![line("no response", error)],
    };
    if case.fails && reply.status == 500 {
        return vec![line("status", reply.status)];
    }
    let mut transcript = vec![line("status", reply.status), line("body", reply.body.escape_debug())];
    let mut names: Vec<&str> = reply.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names.into_iter().filter(|name| !IGNORED.contains(name)) {
        let values = reply.headers.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str());
        transcript.push(line(name, values.collect::<Vec<_>>().join(" | ")));
    }
    transcript
}

const fn get(name: &'static str, path: &'static str) -> Case {
    Case { name, method: "GET", path, headers: &[], body: b"", fails: false }
}

const fn fails(name: &'static str, path: &'static str) -> Case {
    Case { name, method: "GET", path, headers: &[], body: b"", fails: true }
}

const fn post(
    name: &'static str,
    path: &'static str,
    content_type: &'static [(&'static str, &'static str)],
    body: &'static [u8],
) -> Case {
    Case { name, method: "POST", path, headers: content_type, body, fails: false }
}

const fn send(name: &'static str, method: &'static str, path: &'static str, body: &'static [u8]) -> Case {
    Case { name, method, path, headers: &[], body, fails: false }
}

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
const FORM: &[(&str, &str)] = &[("content-type", "application/x-www-form-urlencoded")];
const MULTIPART: &[(&str, &str)] = &[("content-type", "multipart/form-data; boundary=x")];

pub(super) const CASES: &[Case] = &[
    get("empty response", "/handler/empty"),
    get("text", "/handler/text"),
    get("json", "/handler/json"),
    get("bytes", "/handler/bytes"),
    get("html", "/handler/html"),
    get("cookies", "/handler/cookies"),
    get("many headers", "/handler/many-headers"),
    get("latin-1 in a header", "/handler/latin"),
    get("not found", "/nowhere"),
    get("status 201", "/handler/status?code=201"),
    get("status 299", "/handler/status?code=299"),
    get("status 404", "/handler/status?code=404"),
    get("status 503", "/handler/status?code=503"),
    get("status 599", "/handler/status?code=599"),
    fails("status 999", "/handler/status?code=999"),
    get("redirect", "/handler/redirect"),
    get("no content", "/handler/no-content"),
    get("not modified", "/handler/not-modified"),
    get("content-length given", "/handler/length"),
    get("fixed length", "/handler/fixed-length"),
    get("stream", "/handler/stream"),
    get("encoded as gzip", "/handler/encoded?as=gzip"),
    get("encoded as gzip, in upper case", "/handler/encoded?as=GZIP"),
    get("encoded as deflate", "/handler/encoded?as=deflate"),
    get("encoded by the worker", "/handler/encoded?as=gzip&body=manual"),
    get("encoded stream", "/handler/encoded-stream"),
    get("encoded with a length", "/handler/encoded-length"),
    get("encoded null", "/handler/encoded-null"),
    get("encoded empty text", "/handler/encoded-empty"),
    get("encoded by a later header", "/handler/encoded-later"),
    send("HEAD of what is encoded", "HEAD", "/handler/encoded?as=gzip", b""),
    get("encoded content passed on", "/handler/passed-on?what=stream"),
    get("encoded content passed on in a new response", "/handler/passed-on-as-new?what=stream"),
    get("encoded content passed on without headers", "/handler/passed-on-without-headers?what=stream"),
    get("encoded content passed on decoded", "/handler/passed-on-manually?what=stream"),
    get("bad encoded content passed on", "/handler/passed-on?what=plain"),
    get("large", "/handler/large"),
    send("HEAD of text", "HEAD", "/handler/text", b""),
    send("HEAD of a stream", "HEAD", "/handler/stream", b""),
    send("OPTIONS", "OPTIONS", "/handler/echo", b""),
    send("PUT", "PUT", "/handler/echo", b"put"),
    send("PATCH", "PATCH", "/handler/echo", b"patch"),
    send("DELETE", "DELETE", "/handler/echo", b""),
    send("DELETE with a body", "DELETE", "/handler/echo", b"gone"),
    send("another method", "PURGE", "/handler/echo", b""),
    post("echo of JSON", "/handler/echo", JSON, b"{\"a\": 1}"),
    post("echo of nothing", "/handler/echo", &[], b""),
    post("echo of bytes", "/handler/pipe", &[], &[0, 255, 10, 13]),
    post("echo in upper case", "/handler/upper", &[], "grüße".as_bytes()),
    post("echo of a clone", "/handler/kinds-of-echo", &[], b"twice"),
    post("ignored body", "/handler/ignored-body", &[], b"nobody reads this"),
    post("urlencoded form", "/handler/form", FORM, b"a=1&b=%C3%A4+x&a=2"),
    post(
        "multipart form",
        "/handler/form",
        MULTIPART,
        b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x\r\n\
          Content-Disposition: form-data; name=\"f\"; filename=\"f.txt\"\r\nContent-Type: text/plain\r\n\r\nfile\r\n--x--\r\n",
    ),
    Case { name: "form of JSON", method: "POST", path: "/handler/form", headers: JSON, body: b"{}", fails: true },
    post("JSON", "/handler/request-json", JSON, b"[1, {\"b\": null}]"),
    Case { name: "JSON that is none", method: "POST", path: "/handler/request-json", headers: JSON, body: b"{", fails: true },
    Case { name: "JSON that is empty", method: "POST", path: "/handler/request-json", headers: JSON, body: b"", fails: true },
    Case {
        name: "request headers",
        method: "GET",
        path: "/handler/headers",
        headers: &[("X-B", "2"), ("x-a", "1"), ("x-b", "3"), ("cookie", "a=1; b=2"), ("accept-language", "de")],
        body: b"",
        fails: false,
    },
    Case {
        name: "accept-encoding",
        method: "GET",
        path: "/handler/text",
        headers: &[("accept-encoding", "gzip, br")],
        body: b"",
        fails: false,
    },
    get("query", "/handler/url?a=1&b=%20&c"),
    get("encoded path", "/handler/incoming-url/%C3%A4%2Fb//c%20d?x=%zz"),
    get("dots in the path", "/a/../handler/text"),
    get("path of plus signs", "/handler/incoming-url/a+b;c=d"),
    get("kinds of request fields", "/handler/cf"),
    fails("throws", "/handler/throw"),
    fails("throws later", "/handler/throw-later"),
    fails("throws a string", "/handler/throw-text"),
    fails("throws undefined", "/handler/throw-nothing"),
    fails("returns nothing", "/handler/nothing"),
    fails("returns null", "/handler/null"),
    fails("returns a string", "/handler/string"),
    fails("returns a number", "/handler/number"),
    fails("returns what looks like a response", "/handler/like-a-response"),
    fails("never settles", "/handler/never"),
    fails("returns a used response", "/handler/body-used"),
    fails("returns a network error", "/handler/error-response"),
    get("waitUntil fails", "/handler/wait-until-throws"),
    get("unhandled rejection", "/handler/unhandled"),
    get("pass through", "/handler/pass-through"),
    fails("upgrade without a socket", "/handler/upgrade-without-socket"),
    fails("socket without an upgrade", "/handler/socket-without-upgrade"),
    fails("unknown handler", "/handler/unknown"),
    get("works after all of that", "/handler/text"),
];
