//! itty-router, zod, nanoid.
//!
//! Invariant: every answer is the one that the library's documentation leads to expect.

use super::application;
use serde_json::{Value, json};

#[test]
fn itty_router() {
    let project = application("itty");
    let emu = project.serve(&[]);
    let table = [
        ("/hello/anna", 200, json!("Hello, anna!")),
        ("/json", 200, json!([1, 2, 3])),
        ("/promises", 200, json!("foo")),
        ("/query?a=1&b=2&b=3", 200, json!({ "a": "1", "b": ["2", "3"] })),
        ("/greedy/a/b/c", 200, json!("a/b/c")),
        ("/file.txt", 200, json!("txt")),
        ("/user", 200, json!({ "name": "nobody" })),
        ("/explicit/7", 201, json!({ "id": "7" })),
        ("/missing", 404, json!({ "status": 404, "error": "Not here." })),
        ("/broken", 500, json!({ "status": 500, "error": "broken" })),
        ("/nowhere", 404, json!({ "status": 404, "error": "Not Found" })),
    ];
    for (path, status, answer) in table {
        let reply = emu.get(path);
        assert_eq!((reply.status, reply.json()), (status, answer), "{path}\n{}", emu.log());
    }
    assert_eq!(emu.post("/echo", br#"{"a": 1}"#).json(), json!({ "a": 1 }));
    let user = emu.request("GET", "/user", &[("x-user", "bert")], b"").json();
    assert_eq!(user, json!({ "name": "bert" }));

    let origin = [("origin", "https://example.test"), ("access-control-request-method", "GET")];
    assert_eq!(emu.request("OPTIONS", "/shared", &origin, b"").status, 204);
    let shared = emu.request("GET", "/shared", &origin, b"");
    assert_eq!(shared.header("access-control-allow-origin"), Some("https://example.test"));
}

#[test]
fn zod() {
    let project = application("zod");
    let emu = project.serve(&[]);
    let table = [
        (
            "/user",
            json!({ "name": "anna", "email": "a@b.test", "age": "33", "extra": 1 }),
            json!({ "name": "anna", "email": "a@b.test", "age": 33, "tags": [] }),
        ),
        (
            "/user",
            json!({ "name": "b", "email": "b@c.test", "tags": ["a", "b"], "address": { "street": "s", "number": 1 } }),
            json!({ "name": "b", "email": "b@c.test", "tags": ["a", "b"], "address": { "street": "s", "number": 1 } }),
        ),
        ("/event", json!({ "type": "text", "text": "  trimmed " }), json!({ "type": "text", "text": "trimmed" })),
        ("/event", json!({ "type": "number", "value": 21 }), json!({ "type": "number", "value": 42 })),
        ("/password", json!({ "password": "x", "again": "x" }), json!({ "password": "x", "again": "x" })),
        ("/later", json!("long"), json!("long")),
        (
            "/tree",
            json!({ "value": 1, "children": [{ "value": 2, "children": [] }] }),
            json!({ "value": 1, "children": [{ "value": 2, "children": [] }] }),
        ),
    ];
    for (path, sent, answer) in table {
        let reply = emu.post(path, sent.to_string().as_bytes());
        assert_eq!((reply.status, reply.json()), (200, answer), "{path} {sent}\n{}", emu.log());
    }
    let refused = |path: &str, sent: Value| {
        let reply = emu.post(path, sent.to_string().as_bytes());
        assert_eq!(reply.status, 400, "{path} {sent}: {}", reply.body);
        let issues = reply.json()["issues"].clone();
        let of = |issue: &Value| json!([issue["path"], issue["message"]]);
        Value::from(issues.as_array().expect("a list").iter().map(of).collect::<Vec<_>>())
    };
    assert_eq!(
        refused("/user", json!({ "name": "", "email": "nobody", "age": -1, "tags": ["c"] })),
        json!([
            [["name"], "Too small: expected string to have >=1 characters"],
            [["email"], "Invalid email address"],
            [["age"], "Too small: expected number to be >0"],
            [["tags", 0], "Invalid option: expected one of \"a\"|\"b\""],
        ])
    );
    assert_eq!(
        refused("/password", json!({ "password": "x", "again": "y" })),
        json!([[["again"], "Passwords differ"]])
    );
    assert_eq!(refused("/later", json!("ab")), json!([[[], "too short later"]]));
    assert_eq!(
        refused("/event", json!({ "type": "other" })),
        json!([[["type"], "Invalid discriminator value. Expected 'text' | 'number'"]])
    );
    let schema = emu.get("/schema").json();
    assert_eq!((&schema["required"], &schema["properties"]["age"]["type"]), (&json!(["name"]), &json!("number")));
}

#[test]
fn nanoid() {
    let project = application("nanoid");
    let emu = project.serve(&[]);
    let expected = json!({
        "different": 1000, "lengths": [21], "characters": true, "short": 10, "digits": true, "repeated": "cbacb",
    });
    assert_eq!(emu.get("/").json(), expected);
    assert_eq!(emu.get("/").json(), expected);
}
