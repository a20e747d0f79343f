use super::*;
use std::path::PathBuf;

fn read(text: &str) -> Result<Scenario, Vec<Diagnostic>> {
    scenario(&Source { path: PathBuf::from("scenario.jsonc"), text: text.to_owned() })
}

fn with_steps(steps: &str) -> Result<Scenario, Vec<Diagnostic>> {
    read(&format!("{{ \"worker\": \"w.jsonc\", \"steps\": [{steps}] }}"))
}

#[test]
fn steps_are_read() {
    let scenario = with_steps(
        r#"{ "as": "ada", "connect": "/x", "headers": { "A": "b" } }, { "as": "ada", "send": { "a": 1 } },
        { "advance": "1h 30m" }, { "hibernate": "ROOM:x" }, { "as": "ada", "expect": { "messages": ["m"] } },
        { "fetch": { "path": "/y", "json": [1], "retry": 3 }, "expect": { "status": 200, "json": {} } },
        { "together": [{ "as": "ada", "close": {} }, { "crash": "ROOM:x" }] }, { "settle": true }"#,
    );
    let actions: Vec<Action> = scenario.expect("a scenario").steps.into_iter().map(|step| step.action).collect();
    let ada = || "ada".to_owned();
    assert_eq!(
        actions[0],
        Action::Connect { client: ada(), path: "/x".into(), headers: vec![("A".into(), "b".into())] }
    );
    assert_eq!(actions[1], Action::Send { client: ada(), payload: Payload::Text(r#"{"a":1}"#.into()) });
    assert_eq!(actions[2], Action::Advance(5_400_000.0));
    assert_eq!(actions[3], Action::Object(ObjectVerb::Evict, "ROOM:x".into()));
    let Action::Fetch(fetch) = &actions[5] else { panic!("{:?}", actions[5]) };
    assert_eq!((fetch.method.as_str(), fetch.body.as_str(), fetch.retries), ("GET", "[1]", Some(3)));
    assert_eq!(fetch.headers, [("content-type".to_owned(), "application/json".to_owned())]);
    let Action::Together(steps) = &actions[6] else { panic!("{:?}", actions[6]) };
    assert_eq!(steps[0].action, Action::Close { client: ada(), code: 1000, reason: String::new() });
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let table = [
        (r#"{ "as": "ada", "sned": "hi" }"#, "a step has no `sned`", "did you mean `send`?"),
        (r#"{}"#, "this step does nothing", "a step has one of"),
        (r#"{ "send": "hi" }"#, "a step with `send` lacks `as`", ""),
        (r#"{ "as": "a", "send": "b", "advance": "1s" }"#, "`send` and `advance` are two", "make two steps"),
        (r#"{ "advance": "soon" }"#, "`advance` is no length of time", "\"2h\""),
        (r#"{ "fetch": { "path": "/", "method": 1 } }"#, "`method` must be a string, found a number", ""),
        (r#"{ "fetch": { "path": "/" }, "expect": { "status": 99 } }"#, "`status` must be a whole number from 100", ""),
        (r#"{ "fetch": { "body": "a", "json": 1 } }"#, "`fetch` lacks `path`", ""),
        (r#"{ "together": [{ "advance": "1s" }] }"#, "cannot be `together`", "only steps that begin"),
        (r#"{ "as": "a", "expect": { "message": [] } }"#, "has no `message`", "did you mean `messages`?"),
        (
            r#"{ "outside": "pay.example/x", "expect": { "requests": 1 } }"#,
            "this is no whole URL",
            "\"https://pay.example/x\"",
        ),
        (r#"{ "outside": "https://a/", "expect": { "request": 1 } }"#, "has no `request`", "did you mean `requests`?"),
        (
            r#"{ "outside": "https://a/", "expect": { "requests": -1 } }"#,
            "`requests` must be a whole number from 0",
            "",
        ),
        (r#"{ "as": "a", "send": { "base64": 7 } }"#, "`base64` must be a string, found a number", ""),
        (r#"{ "as": "a", "expect": { "messages": [], "anyOrder": 1 } }"#, "must be true or false, found a number", ""),
        ("7", "must be an object, found a number", ""),
    ];
    for (step, message, help) in table {
        let diagnostics = with_steps(step).expect_err(step);
        let all: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
        let found =
            all.iter().any(|text| text.contains(message) && text.contains(help) && text.contains("scenario.jsonc:1:"));
        assert!(found, "{step}: {}", all.join("\n"));
    }
    let whole = read(r#"{ "start": "now", "modes": "calm", "always": [{ "sql": "DELETE FROM t", "is": 0 }] }"#);
    let all = whole.expect_err("no scenario").iter().map(|diagnostic| diagnostic.message.clone()).collect::<Vec<_>>();
    for message in [
        "a scenario lacks `worker`",
        "a scenario lacks `steps`",
        "`start` is no moment",
        "`modes` must be an array, found a string",
        "`always` lacks `object`",
        "`sql` must be a query, which changes nothing",
    ] {
        assert!(all.iter().any(|text| text == message), "{message}: {all:?}");
    }
}

#[test]
fn other_hosts_are_read() {
    let with = |rule: &str| read(&format!("{{ \"worker\": \"w\", \"steps\": [], \"outside\": [{rule}] }}"));
    let rules = r#"{ "method": "POST", "url": "https://a/*", "body": "b", "times": 2, "answer": { "status": 201, "json": [1] } },
        { "url": "*", "answer": { "fails": "no" } }, { "url": "*", "answer": { "base64": "AA==" } }"#;
    let rules = with(rules).expect("a scenario").outside;
    let json = Answer::Response {
        status: 201,
        headers: vec![("content-type".into(), "application/json".into())],
        body: Payload::Text("[1]".into()),
    };
    let first = (&rules[0].method, rules[0].url.as_str(), &rules[0].body, rules[0].times, &rules[0].answer);
    assert_eq!(first, (&Some("POST".into()), "https://a/*", &Some("b".into()), Some(2), &json));
    assert_eq!((&rules[1].method, &rules[1].answer), (&None, &Answer::Fails("no".into())));
    assert!(
        matches!(&rules[2].answer, Answer::Response { status: 200, body: Payload::Base64(text, _), .. } if text == "AA==")
    );
    for (rule, message, help) in [
        (r#"{ "uri": "https://a/", "answer": {} }"#, "`outside` has no `uri`", "did you mean `url`?"),
        (r#"{ "url": "https://a/" }"#, "`outside` lacks `answer`", ""),
        (r#"{ "url": "https://a/", "answer": { "sttaus": 1 } }"#, "`answer` has no `sttaus`", "did you mean `status`?"),
        (r#"{ "url": "https://a/", "answer": { "status": 101 } }"#, "`status` must be a whole number from 200", ""),
        (
            r#"{ "url": "https://a/", "answer": { "body": "a", "json": 1 } }"#,
            "has several of `body`, `json`",
            "leave one",
        ),
        (r#"{ "url": "https://a/", "answer": { "fails": "a", "status": 200 } }"#, "`fails`, and more", "no response"),
        (r#"{ "url": "https://a/", "answer": {}, "times": 0 }"#, "`times` must be a whole number from 1", ""),
    ] {
        let all: Vec<String> = with(rule).expect_err(rule).iter().map(ToString::to_string).collect();
        let found =
            all.iter().any(|text| text.contains(message) && text.contains(help) && text.contains("scenario.jsonc:1:"));
        assert!(found, "{rule}: {}", all.join("\n"));
    }
}
