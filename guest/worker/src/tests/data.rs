//! Values, headers, forms, routes, bindings and dates.

use super::{deliver, fetch, request, worker};
use crate::js::{JsValue, Value};
use crate::{
    Date, DateInit, Env, FormData, FormEntry, Headers, Method, Request, RequestInit, Response, Result, RouteContext,
    Router,
};
use emu_abi::{Binding, Init, Op, Settled};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    small: i32,
    large: u64,
    fraction: f64,
    flag: bool,
    text: String,
    letter: char,
    none: Option<u8>,
    some: Option<String>,
    list: Vec<u16>,
    pair: (i8, String),
    map: BTreeMap<String, i64>,
    unit: Kind,
    newtype: Kind,
    tuple: Kind,
    fields: Kind,
    #[serde(with = "serde_bytes")]
    bytes: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Kind {
    Unit,
    Newtype(i32),
    Tuple(i32, i32),
    Fields { x: i32 },
}

#[test]
fn a_struct_survives_storage() {
    let value = Everything {
        small: -3,
        large: 1 << 53,
        fraction: 0.1,
        flag: true,
        text: "ä→".into(),
        letter: 'ß',
        none: None,
        some: Some("x".into()),
        list: vec![1, 2],
        pair: (-1, "p".into()),
        map: [("k".to_owned(), 1)].into(),
        unit: Kind::Unit,
        newtype: Kind::Newtype(1),
        tuple: Kind::Tuple(1, 2),
        fields: Kind::Fields { x: 1 },
        bytes: vec![0, 255],
    };
    let value = Everything { large: (1 << 53) - 1, ..value };
    let stored = crate::v8::write(&JsValue::serialize(&value).expect("a value")).expect("bytes");
    let read: Everything = crate::v8::read(&stored).expect("a value").deserialize().expect("the struct");
    assert_eq!(read, value);
}

#[test]
fn values_become_what_the_public_crate_makes_of_them() {
    let object = |name: &str, value: JsValue| JsValue(Value::Object(vec![(name.into(), value)]));
    let one = JsValue::from(1);
    let cases = [
        (JsValue::serialize(&None::<i32>), JsValue::UNDEFINED),
        (JsValue::serialize(&()), JsValue::UNDEFINED),
        (JsValue::serialize(&Kind::Unit), JsValue::from("Unit")),
        (JsValue::serialize(&Kind::Newtype(1)), object("Newtype", one.clone())),
        (JsValue::serialize(&HashMap::from([("k", 1)])), JsValue(Value::Map(vec![("k".into(), one.clone())]))),
        (JsValue::serialize(&serde_bytes::Bytes::new(b"x")), JsValue(Value::Bytes(b"x".to_vec()))),
        (JsValue::serialize(&[1u8]), JsValue(Value::Array(vec![one]))),
    ];
    for (value, expected) in cases {
        assert_eq!(value.expect("a value"), expected);
    }
    assert!(JsValue::serialize(&u64::MAX).is_err(), "an integer that a number cannot hold");
}

#[test]
fn a_value_of_another_shape_is_an_error() {
    assert!(JsValue::from("1").deserialize::<u32>().is_err());
    assert!(JsValue::from(1.5).deserialize::<u32>().is_err());
    assert!(JsValue::from(-1).deserialize::<u32>().is_err());
    assert!(JsValue::NULL.deserialize::<String>().is_err());
    assert_eq!(JsValue(Value::BigInt(7)).deserialize::<u32>().expect("an integer"), 7);
    assert_eq!(JsValue(Value::Buffer(vec![1])).deserialize::<Vec<u8>>().expect("bytes"), [1]);
    assert_eq!(JsValue(Value::Map(vec![])).deserialize::<HashMap<String, u8>>().expect("a map").len(), 0);
}

#[test]
fn headers_are_joined_sorted_and_checked() {
    let headers = Headers::new();
    headers.append("X-B", " 1 ").expect("valid");
    headers.append("x-b", "2").expect("valid");
    headers.append("Set-Cookie", "a=1").expect("valid");
    headers.append("set-cookie", "b=2").expect("valid");
    headers.set("A", "0").expect("valid");
    assert_eq!(headers.get("X-b").expect("a valid name").as_deref(), Some("1, 2"));
    let entries = [("a", "0"), ("set-cookie", "a=1"), ("set-cookie", "b=2"), ("x-b", "1, 2")];
    assert!(headers.entries().eq(entries.map(|(name, value)| (name.to_owned(), value.to_owned()))));
    headers.set("x-B", "3").expect("valid");
    assert_eq!(headers.get_all("x-b").expect("valid"), ["3"]);
    headers.delete("SET-COOKIE").expect("valid");
    assert!(!headers.has("set-cookie").expect("a valid name"));
    for (name, value) in [("a b", "x"), ("", "x"), ("ä", "x"), ("a", "x\r\ny: z"), ("a", "x\0")] {
        assert!(headers.set(name, value).is_err(), "{name:?}: {value:?}");
    }
    // The case that was set first is what is sent.
    assert_eq!(headers.to_abi(), [("X-B".into(), "3".into()), ("A".into(), "0".into())]);
}

#[test]
fn forms_are_parsed_in_both_formats() {
    let form = FormData::parse("application/x-www-form-urlencoded;charset=UTF-8", b"a=1&b=x+y%21&a=2".to_vec());
    let form = form.expect("a form");
    assert_eq!(form.get_field("b").as_deref(), Some("x y!"));
    assert_eq!(form.get_all("a").expect("a list").len(), 2);

    let body = b"--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--XX\r\n\
        Content-Disposition: form-data; name=\"f\"; filename=\"x.bin\"\r\nContent-Type: text/x\r\n\r\n\r\n-\0--X\r\n--XX--\r\n";
    let form = FormData::parse("multipart/form-data; boundary=\"XX\"", body.to_vec()).expect("a form");
    assert_eq!(form.get_field("a").as_deref(), Some("1"));
    let Some(FormEntry::File(file)) = form.get("f") else { panic!("{form:?}") };
    assert_eq!((file.name(), file.type_(), file.size()), ("x.bin".into(), "text/x".into(), 7));

    form.set("a", "3").expect("set");
    form.append("a", "4").expect("append");
    form.delete("f");
    assert_eq!(form.get_all("a"), Some(vec![FormEntry::Field("3".into()), FormEntry::Field("4".into())]));
    assert!(!form.has("f"));
}

#[test]
fn what_is_no_form_is_an_error() {
    let multipart = "multipart/form-data; boundary=XX";
    let cases: [(&str, &[u8]); 7] = [
        ("text/plain", b"a=1"),
        ("multipart/form-data", b"--XX--"),
        (multipart, b""),
        (multipart, b"--XX"),
        (multipart, b"--XX\r\n\r\nx\r\n--XX--"),
        (multipart, b"--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx"),
        (multipart, b"--XX\r\nContent-Disposition: form-data\r\n\r\nx\r\n--XX--"),
    ];
    for (content_type, body) in cases {
        assert!(FormData::parse(content_type, body.to_vec()).is_err(), "{content_type}: {body:?}");
    }
}

fn route(method: &str, path: &str) -> (u16, String) {
    fn sync(_: Request, context: RouteContext<&'static str>) -> Result<Response> {
        Response::ok(format!("{} {:?}", context.data, context.param("id")))
    }
    async fn parts(_: Request, context: RouteContext<&'static str>) -> Result<Response> {
        Response::ok(format!("rest {:?}", context.param("rest")))
    }
    worker(|request, _| async {
        let router = Router::with_data("data")
            .get("/item/:id", sync)
            .post_async("/files/*rest", parts)
            .or_else_any_method("/other", |_, _| Response::ok("other"))
            .on("/any", |request, _| Response::ok(request.method().to_string()));
        router.run(request, Env::get()).await.expect("a response")
    });
    let request = emu_abi::Request { method: method.into(), url: format!("http://example.com{path}"), ..request() };
    let ops = deliver(fetch(request));
    let Op::Settle { result: Ok(Settled::Response(response)), .. } = &ops[0] else { panic!("{ops:?}") };
    let emu_abi::Body::Bytes(body) = &response.body else { panic!("{response:?}") };
    (response.status, String::from_utf8(body.0.clone()).expect("text"))
}

#[test]
fn a_router_chooses_by_method_and_path() {
    let cases = [
        ("GET", "/item/7?x", 200, "data Some(\"7\")"),
        ("POST", "/item/7", 405, "Method Not Allowed"),
        ("POST", "/files/a/b", 200, "rest Some(\"a/b\")"),
        ("PATCH", "/other", 200, "other"),
        ("DELETE", "/any", 200, "DELETE"),
        ("GET", "/nowhere", 404, "Not Found"),
    ];
    for (method, path, status, body) in cases {
        assert_eq!(route(method, path), (status, body.to_owned()), "{method} {path}");
    }
}

#[test]
fn bindings_are_found_by_name_and_kind() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Config {
        depth: u8,
    }
    let env = [
        ("CONFIG", Binding::Json("{\"depth\":3}".into())),
        ("LIST", Binding::Json("[1]".into())),
        ("ROOMS", Binding::Objects(0)),
        ("TEXT", Binding::Text("hi".into())),
    ];
    let env = env.map(|(name, binding)| (name.to_owned(), binding)).to_vec();
    crate::turn::init(Init { env, ..Init::default() });
    let env = Env::get();
    assert_eq!(env.var("TEXT").expect("a text").to_string(), "hi");
    assert_eq!(env.object_var::<Config>("CONFIG").expect("an object"), Config { depth: 3 });
    assert!(env.durable_object("ROOMS").is_ok());
    let error = |result: Result<crate::Var>| result.expect_err("no text").to_string();
    assert_eq!(error(env.var("NONE")), "Binding `NONE` is undefined.");
    assert_eq!(error(env.var("ROOMS")), "Binding cannot be cast to the type String from DurableObjectNamespace");
    assert_eq!(error(env.var("LIST")), "Binding cannot be cast to the type String from Array");
}

#[test]
fn dates_print_and_parse_as_in_javascript() {
    let date = Date::new(DateInit::Millis(1_630_611_511_000));
    assert_eq!(date.to_string(), "Thu Sep 02 2021 19:38:31 GMT+0000 (Coordinated Universal Time)");
    for text in ["Thu, 02 Sep 2021 19:38:31 GMT", "2021-09-02T19:38:31Z", "2021-09-02T21:38:31.000+02:00"] {
        assert_eq!(Date::new(DateInit::String(text.into())), date, "{text}");
    }
    assert_eq!(Date::new(DateInit::String("soon".into())).to_string(), "Invalid Date");
}

#[test]
fn requests_are_checked_as_they_are_made() {
    let error = |url: &str, init: &RequestInit| Request::new_with_init(url, init).expect_err("no request").to_string();
    let mut init = RequestInit::new();
    assert_eq!(error("/x", &init), "TypeError: Invalid URL: /x");
    init.with_body(Some("text".into()));
    let message = "TypeError: Request with a GET or HEAD method cannot have a body.";
    assert_eq!(error("http://example.com/", &init), message);
    init.with_method(Method::Post);
    let request = Request::new_with_init("http://example.com/a%20b?q=1", &init).expect("a request");
    assert_eq!(request.path(), "/a%20b");
    let content_type = request.headers().get("content-type").expect("a valid name");
    assert_eq!(content_type.as_deref(), Some("text/plain;charset=UTF-8"));
    #[derive(Deserialize)]
    struct Query {
        q: u8,
    }
    assert_eq!(request.query::<Query>().expect("a query").q, 1);
}

#[test]
fn the_path_of_an_incoming_request_is_that_of_its_url() {
    for path in ["/", "/a/b", "/a?x=/y", "/a#/b", "/a%3F%23b?c", "?x", "#/x", ""] {
        let url = format!("https://example.com:8080{path}");
        let expected = url.parse::<crate::Url>().expect("a URL").path().to_owned();
        assert_eq!(Request::from_abi(emu_abi::Request { url: url.clone(), ..request() }).path(), expected, "{url}");
    }
}
