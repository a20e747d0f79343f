//! Hono: routing, bodies, cookies, middleware, JSX, streaming, WebSockets, errors, and an application inside an object.
//!
//! Invariant: every answer is the one that Hono's documentation leads to expect.

use super::application;
use crate::support::{Emu, Got};
use serde_json::json;

/// Method, path, headers, body; status, body.
type Exchange = (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str, u16, &'static str);

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
const FORM: &[(&str, &str)] = &[("content-type", "application/x-www-form-urlencoded")];

const EXCHANGES: &[Exchange] = &[
    ("GET", "/", &[], "", 200, "hello, Hono!"),
    ("GET", "/json", &[], "", 200, r#"{"ok":true,"list":[1,2,3]}"#),
    ("GET", "/json?pretty", &[], "", 200, "{\n  \"ok\": true,\n  \"list\": [\n    1,\n    2,\n    3\n  ]\n}"),
    ("GET", "/html", &[], "", 200, "<h1>Hono</h1>"),
    ("GET", "/status", &[], "", 201, "made"),
    ("GET", "/redirect", &[], "", 301, ""),
    ("GET", "/posts/12", &[], "", 200, r#"{"post":12}"#),
    ("GET", "/posts/twelve", &[], "", 404, "nothing at /posts/twelve"),
    ("GET", "/posts/12/comments", &[], "", 200, r#"{"id":"12"}"#),
    ("GET", "/posts/12/comments/ab%20c", &[], "", 200, r#"{"id":"12","comment":"ab c"}"#),
    ("GET", "/files/a/b/c.txt", &[], "", 200, "/files/a/b/c.txt"),
    ("GET", "/search?q=%C3%A4+b&tag=x&tag=y", &[], "", 200, r#"{"q":"ä b","tags":["x","y"]}"#),
    ("GET", "/search", &[], "", 200, r#"{"q":null,"tags":[]}"#),
    ("PUT", "/thing", &[], "", 200, "PUT"),
    ("DELETE", "/thing", &[], "", 200, "DELETE"),
    ("GET", "/thing", &[], "", 404, "nothing at /thing"),
    ("GET", "/header", &[("X-In", "seen")], "", 200, "seen"),
    ("GET", "/api/books", &[], "", 200, "books"),
    ("GET", "/api/books/7", &[], "", 200, "book 7"),
    ("POST", "/echo/json", JSON, r#"{"a":[1,null,"é"]}"#, 200, r#"{"a":[1,null,"é"]}"#),
    ("POST", "/echo/text", &[], "grüße", 200, "grüße"),
    ("POST", "/echo/form", FORM, "a=1&b=%C3%A4", 200, r#"{"a":"1","b":"ä"}"#),
    ("POST", "/checked", JSON, r#"{"name":"anna","more":1}"#, 200, r#"{"name":"anna"}"#),
    ("POST", "/checked", JSON, r#"{"name":1}"#, 400, "a name, please"),
    ("POST", "/checked", JSON, "{", 400, "Malformed JSON in request body"),
    ("POST", "/limited", &[], "short", 200, "5 bytes"),
    ("POST", "/limited", &[], "much too long", 413, "Payload Too Large"),
    ("GET", "/basic/page", &[], "", 401, "Unauthorized"),
    ("GET", "/basic/page", &[("authorization", "Basic aG9ubzpjb29s")], "", 200, "in"),
    ("GET", "/basic/page", &[("authorization", "Basic aG9ubzpob3Q=")], "", 401, "Unauthorized"),
    ("GET", "/bearer/page", &[("authorization", "Bearer token")], "", 200, "in"),
    ("GET", "/bearer/page", &[("authorization", "Bearer other")], "", 401, "Unauthorized"),
    ("GET", "/jwt", &[], "", 200, r#"{"parts":3,"payload":{"sub":"anna","role":"admin"}}"#),
    ("GET", "/stream", &[], "", 200, "Hi\npiped\n"),
    ("GET", "/stream-text", &[], "", 200, "one\ntwo\nthree\n"),
    ("GET", "/broken", &[], "", 500, r#"{"error":"broken"}"#),
    ("GET", "/teapot", &[], "", 418, "short and stout"),
    ("GET", "/nowhere", &[], "", 404, "nothing at /nowhere"),
    ("GET", "/counter/a", &[], "", 200, r#"{"name":"a","count":0}"#),
    ("POST", "/counter/a/add", &[], "5", 200, r#"{"count":5}"#),
    ("POST", "/counter/a/add", &[], "2", 200, r#"{"count":7}"#),
    ("GET", "/counter/b", &[], "", 200, r#"{"name":"b","count":0}"#),
];

#[test]
fn routes_bodies_middleware_and_errors() {
    let project = application("hono");
    let emu = project.serve(&[]);
    for (method, path, headers, body, status, answer) in EXCHANGES {
        let reply = emu.request(method, path, headers, body.as_bytes());
        assert_eq!((reply.status, reply.body.as_str()), (*status, *answer), "{method} {path}\n{}", emu.log());
    }
    assert!(emu.log().contains("--> GET /json "), "hono's logger: {}", emu.log());
}

#[test]
fn headers_of_middleware() {
    let project = application("hono");
    let emu = project.serve(&[]);
    let table = [
        ("/", "x-started", "yes"),
        ("/", "content-type", "text/plain;charset=UTF-8"),
        ("/json", "content-type", "application/json"),
        ("/html", "content-type", "text/html; charset=UTF-8"),
        ("/status", "x-custom", "yes"),
        ("/redirect", "location", "/json"),
        ("/secure", "x-content-type-options", "nosniff"),
        ("/secure", "strict-transport-security", "max-age=15552000; includeSubDomains"),
        ("/basic/page", "www-authenticate", "Basic realm=\"Secure Area\""),
        ("/stream-text", "content-type", "text/plain; charset=UTF-8"),
        ("/sse", "content-type", "text/event-stream"),
    ];
    for (path, name, value) in table {
        assert_eq!(emu.get(path).header(name), Some(value), "{name} of {path}");
    }
    let id = emu.get("/request-id");
    assert_eq!((id.header("x-request-id"), id.body.len()), (Some(id.body.as_str()), 36));
}

#[test]
fn cors_preflight_and_etag() {
    let project = application("hono");
    let emu = project.serve(&[]);
    let asked = [("origin", "https://example.test"), ("access-control-request-method", "PUT")];
    let preflight = emu.request("OPTIONS", "/cors/data", &asked, b"");
    assert_eq!((preflight.status, preflight.header("access-control-allow-methods")), (204, Some("GET,PUT")));
    assert_eq!(preflight.header("access-control-max-age"), Some("600"));
    let shared = emu.request("GET", "/cors/data", &asked[..1], b"");
    assert_eq!((shared.body.as_str(), shared.header("access-control-allow-origin")), ("shared", Some(asked[0].1)));
    assert_eq!(shared.header("access-control-allow-credentials"), Some("true"));

    let first = emu.get("/etag");
    let tag = first.header("etag").expect("a tag");
    let again = emu.request("GET", "/etag", &[("if-none-match", tag)], b"");
    assert_eq!((again.status, again.body.as_str(), again.header("etag")), (304, "", Some(tag)));
}

#[test]
fn cookies_plain_and_signed() {
    let project = application("hono");
    let emu = project.serve(&[]);
    let set = emu.get("/cookies/set");
    let cookies: Vec<&str> =
        set.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, value)| value.as_str()).collect();
    assert_eq!(cookies[0], "plain=chocolate; Max-Age=60; Path=/; HttpOnly; SameSite=Lax");
    let signed = cookies[1].split(';').next().expect("a cookie");
    assert!(signed.starts_with("signed=vanilla."), "{signed}");

    let sent = format!("plain=chocolate; {signed}");
    let read = |cookie: &str| emu.request("GET", "/cookies/get", &[("cookie", cookie)], b"").json();
    assert_eq!(read(&sent), json!({ "plain": "chocolate", "signed": "vanilla" }));
    assert_eq!(read(&sent.replace("vanilla", "chilli"))["signed"], false);
    let deleted = emu.request("GET", "/cookies/delete", &[("cookie", "plain=chocolate")], b"");
    assert_eq!((deleted.body.as_str(), deleted.header("set-cookie")), ("chocolate", Some("plain=; Max-Age=0; Path=/")));
}

#[test]
fn jsx_is_rendered_and_escaped() {
    let project = application("hono");
    let emu = project.serve(&[]);
    let items = "<ul class=\"items\"><li>&lt;one&gt;</li><li>two</li></ul>";
    let head = "<html lang=\"en\"><head><title>Hono &amp; JSX</title></head>";
    assert_eq!(emu.text("/page"), format!("{head}<body>{items}</body></html>"));
}

#[test]
fn server_sent_events() {
    let project = application("hono");
    let emu = project.serve(&[]);
    let event = |id: u32| format!("event: tick\ndata: tick {id}\nid: {id}\n\n");
    assert_eq!(emu.text("/sse"), (0..3).map(event).collect::<String>());
}

#[test]
fn the_websocket_helper() {
    let project = application("hono");
    let emu = project.serve(&[]);
    let mut socket = emu.websocket("/ws");
    assert_eq!(socket.ask("me"), "Hono heard me, hello");
    assert_eq!(socket.ask("bye"), "Hono heard bye, hello");
    assert_eq!(socket.next(), Got::Closed(4000, "as you wish".into()));
    not_upgraded(&emu);
}

/// Without the header the helper lets the request through, to whatever comes next.
fn not_upgraded(emu: &Emu) {
    assert_eq!(emu.get("/ws").status, 404);
}
