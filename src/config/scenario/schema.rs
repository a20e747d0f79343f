//! `docs/scenario.schema.json`, which editors check scenarios by, against the parser that has the last word.
//!
//! Invariant: only tests are here.

use super::*;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn schema() -> Json {
    let text = std::fs::read_to_string(repository().join("docs/scenario.schema.json")).expect("the schema");
    serde_json::from_str(&text).expect("JSON")
}

fn tree_of(path: &Path) -> Json {
    let text = std::fs::read_to_string(path).expect("a scenario");
    json_of(path, &text)
}

fn json_of(path: &Path, text: &str) -> Json {
    let mut report = Report::default();
    let file = File::new(path, text, 0);
    syntax::parse(&mut Reader { file: &file, report: &mut report }).expect("JSON with comments").to_json()
}

fn scenarios(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && !path.ends_with("node_modules") {
            scenarios(&path, found);
        } else if path.ends_with("scenario.jsonc") {
            found.push(path);
        }
    }
}

/// Whether a value is as a schema says: of the language of schemas, the part that this one uses.
fn is_valid(root: &Json, schema: &Json, value: &Json) -> bool {
    if let Some(reference) = schema["$ref"].as_str() {
        return is_valid(root, root.pointer(&reference[1..]).expect(reference), value);
    }
    let is_of_type = match schema["type"].as_str() {
        None => true,
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.as_i64().is_some_and(|number| {
            let bound = |key: &str, none: i64| schema[key].as_i64().unwrap_or(none);
            (bound("minimum", i64::MIN)..=bound("maximum", i64::MAX)).contains(&number)
        }),
        Some(other) => panic!("the schema has the type `{other}`"),
    };
    let required = schema["required"].as_array().into_iter().flatten();
    let all_there = required.into_iter().all(|key| value.get(key.as_str().expect("a key")).is_some());
    let is_one_of = schema["anyOf"].as_array().is_none_or(|any| any.iter().any(|one| is_valid(root, one, value)));
    let items_valid = match (&schema["items"], value.as_array()) {
        (items @ Json::Object(_), Some(values)) => values.iter().all(|value| is_valid(root, items, value)),
        _ => true,
    };
    let mut members = value.as_object().into_iter().flatten();
    let members_valid =
        members.all(|(key, value)| match (schema["properties"].get(key), &schema["additionalProperties"]) {
            (Some(property), _) => is_valid(root, property, value),
            (None, Json::Bool(false)) => false,
            (None, other @ Json::Object(_)) => is_valid(root, other, value),
            (None, _) => true,
        });
    is_of_type && all_there && is_one_of && items_valid && members_valid
}

#[test]
fn every_scenario_is_valid() {
    let schema = schema();
    let mut paths = Vec::new();
    scenarios(&repository().join("fixtures"), &mut paths);
    assert!(paths.len() >= 5, "{paths:?}");
    for path in paths {
        let scenario = tree_of(&path);
        assert!(is_valid(&schema, &schema, &scenario), "{}", path.display());
    }
}

#[test]
fn the_parser_and_the_schema_take_the_same() {
    let schema = schema();
    for (step, takes) in [
        (r#"{ "as": "a", "connect": "/", "headers": { "b": "c" } }"#, true),
        (r#"{ "as": "a", "connect": "/", "headers": { "b": 1 } }"#, false),
        (r#"{ "as": "a", "conect": "/" }"#, false),
        (r#"{ "as": "a", "send": { "base64": "AA==" } }"#, true),
        (r#"{ "as": "a", "send": [1] }"#, true),
        (r#"{ "send": "b" }"#, false),
        (r#"{ "as": "a", "close": { "code": 999 } }"#, false),
        (r#"{ "as": "a", "close": {} }"#, true),
        (r#"{ "as": "a", "expect": { "messages": ["b"], "anyOrder": true, "closed": 1000 } }"#, true),
        (r#"{ "as": "a", "expect": { "message": [] } }"#, false),
        (r#"{ "fetch": { "path": "/", "json": [] , "retry": 3 }, "expect": { "json": {} } }"#, true),
        (r#"{ "fetch": { "path": "/" }, "expect": { "requests": 1 } }"#, false),
        (r#"{ "outside": "https://a/*", "method": "GET", "distinct": "b", "expect": { "requests": 0 } }"#, true),
        (r#"{ "outside": "https://a/*", "expect": { "status": 200 } }"#, false),
        (r#"{ "outside": "https://a/*" }"#, false),
        (r#"{ "together": [{ "as": "a", "send": "b" }, { "evict": "A:b" }] }"#, true),
        (r#"{ "together": [{ "as": "a" }] }"#, false),
        (r#"{ "advance": "1s" }"#, true),
        (r#"{ "settle": true }"#, true),
        (r#"{}"#, false),
    ] {
        compare(&schema, &format!(r#"{{ "worker": "w", "steps": [{step}] }}"#), takes);
    }
    for (rest, takes) in [
        (r#""outside": [{ "url": "https://a/", "answer": {} }]"#, true),
        (r#""outside": [{ "url": "https://a/", "answer": { "status": 700 } }]"#, false),
        (r#""outside": [{ "url": "https://a/", "answer": { "fails": "no" }, "times": 0 }]"#, false),
        (r#""outside": [{ "url": "https://a/" }]"#, false),
        (r#""always": [{ "outside": "https://a/", "atMost": 1 }]"#, true),
        (r#""always": [{ "outside": "https://a/", "is": 1 }]"#, false),
        (r#""always": [{ "object": "A:b", "sql": "SELECT 1", "is": [[1]] }]"#, true),
        (r#""modes": "calm""#, false),
        (r#""mode": ["calm"]"#, false),
    ] {
        compare(&schema, &format!(r#"{{ "worker": "w", "steps": [], {rest} }}"#), takes);
    }
}

fn compare(schema: &Json, text: &str, takes: bool) {
    let path = PathBuf::from("scenario.jsonc");
    assert_eq!(is_valid(schema, schema, &json_of(&path, text)), takes, "the schema: {text}");
    let read = scenario(&Source { path, text: text.to_owned() });
    assert_eq!(read.is_ok(), takes, "the parser: {text}");
}

#[test]
fn the_schema_has_the_keys_of_the_parser() {
    let schema = schema();
    let keys_of = |definition: &Json| -> BTreeSet<String> {
        definition["properties"].as_object().expect("properties").keys().cloned().collect()
    };
    let same = |name: &str, definition: &Json, keys: &[&str]| {
        assert_eq!(keys_of(definition), keys.iter().map(|key| (*key).to_owned()).collect(), "{name}");
        assert_eq!(definition["additionalProperties"], false, "{name}");
    };
    same("a scenario", &schema, keys::SCENARIO);
    for (name, keys) in [
        ("rule", keys::RULE),
        ("answer", keys::ANSWER),
        ("alwaysQuery", keys::ALWAYS_QUERY),
        ("alwaysOutside", keys::ALWAYS_OUTSIDE),
        ("fetch", keys::FETCH),
        ("fetchExpect", keys::FETCH_EXPECT),
        ("clientExpect", keys::CLIENT_EXPECT),
        ("outsideExpect", keys::OUTSIDE_EXPECT),
        ("close", keys::CLOSE),
    ] {
        same(name, &schema["$defs"][name], keys);
    }
    let steps = schema["$defs"]["step"]["anyOf"].as_array().expect("the steps");
    let in_schema: BTreeSet<BTreeSet<String>> = steps
        .iter()
        .map(|step| schema.pointer(&step["$ref"].as_str().expect("a reference")[1..]).expect("a definition"))
        .map(keys_of)
        .collect();
    let parsed = keys::STEPS.iter().chain(&keys::STEPS_ALONE);
    let parsed = parsed.map(|(key, beside)| std::iter::once(key).chain(*beside).map(|key| (*key).to_owned()).collect());
    assert_eq!(in_schema, parsed.collect());
}
