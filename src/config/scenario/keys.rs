//! The keys that a scenario has, and those of each part of it. `docs/scenario.schema.json` has the same.
//!
//! Invariant: what stands in no list is an error; what is misspelled would silently not be checked.

pub(super) const SCENARIO: &[&str] =
    &["$schema", "worker", "start", "modes", "outside", "steps", "always", "expectsOtherAnswers"];
pub(super) const RULE: &[&str] = &["method", "url", "body", "answer", "times"];
pub(super) const ANSWER: &[&str] = &["status", "headers", "body", "json", "base64", "fails"];
pub(super) const ALWAYS_QUERY: &[&str] = &["object", "sql", "is"];
pub(super) const ALWAYS_OUTSIDE: &[&str] = &["outside", "method", "distinct", "atMost"];
pub(super) const FETCH: &[&str] = &["method", "path", "headers", "body", "json", "retry"];
pub(super) const FETCH_EXPECT: &[&str] = &["status", "headers", "body", "json"];
pub(super) const CLIENT_EXPECT: &[&str] = &["messages", "anyOrder", "closed"];
pub(super) const OUTSIDE_EXPECT: &[&str] = &["requests"];
pub(super) const CLOSE: &[&str] = &["code", "reason"];

/// The keys of which a step has exactly one, with those that may stand beside it.
pub(super) const STEPS: [(&str, &[&str]); 12] = [
    ("connect", &["as", "headers"]),
    ("send", &["as"]),
    ("close", &["as"]),
    ("lose", &["as"]),
    ("fetch", &["expect"]),
    ("outside", &["method", "distinct", "expect"]),
    ("together", &[]),
    ("advance", &[]),
    ("evict", &[]),
    ("hibernate", &[]),
    ("crash", &[]),
    ("alarm", &[]),
];

/// The keys that make a step where none of the others does.
pub(super) const STEPS_ALONE: [(&str, &[&str]); 2] = [("expect", &["as"]), ("settle", &[])];
