//! The routes of a worker: which URLs it answers where several workers are served.
//!
//! Source: `reference/platform.md` §5.3.
//!
//! Invariant: checks that a pattern can be matched; matches none.

use super::diagnostic::{Reader, shown};
use super::environment::Environment;
use super::syntax::{Node, Value};

/// Reads `route` and `routes`: the patterns, as written.
pub(super) fn read(reader: &mut Reader<'_>, environment: &Environment<'_>) -> Vec<String> {
    let one = environment.get("route");
    let several = environment.get("routes");
    let nodes = one.iter().map(|found| found.node).chain(several.iter().flat_map(|found| found.node.items()));
    nodes.filter_map(|node| read_one(reader, node)).collect()
}

fn read_one(reader: &mut Reader<'_>, node: &Node) -> Option<String> {
    let (pattern_node, is_domain) = match &node.value {
        Value::Text(_) => (node, false),
        Value::Object(_) => (node.get("pattern")?, node.get("custom_domain").is_some_and(|flag| !flag.is_empty())),
        value => {
            let noun = value.noun();
            let message = format!("expected a route to be a string or an object, found {noun}");
            reader.error(&node.span, message).help("write \"example.com/*\", or { \"pattern\": …, \"zone_name\": … }");
            return None;
        }
    };
    let pattern = pattern_node.as_text()?;
    if let Some((problem, help)) = problem(pattern, is_domain) {
        // Production would refuse it; here the worker runs all the same.
        reader.warning(&pattern_node.span, format!("the route `{}` {problem}", shown(pattern))).help(help);
        return None;
    }
    // A domain stands for all of its paths.
    Some(if is_domain { format!("{pattern}/*") } else { pattern.to_owned() })
}

/// What keeps a pattern from being matched, and what to do about it.
fn problem(pattern: &str, is_domain: bool) -> Option<(&'static str, &'static str)> {
    if is_domain && pattern.contains(['*', '/']) {
        let help = "a custom domain is a host name alone, such as \"app.example.com\"";
        return Some(("is no custom domain", help));
    }
    if pattern.contains('?') {
        return Some((
            "contains a query string. This is not allowed.",
            "leave the query out: `*` at the end covers it",
        ));
    }
    let (_, rest) = pattern.split_once("://").unwrap_or(("", pattern));
    let rest = rest.strip_suffix('*').unwrap_or(rest);
    if rest.strip_prefix('*').unwrap_or(rest).contains('*') {
        let help = "`*` may be the first character of the host and the last one of the path";
        return Some(("contains an infix wildcard. This is not allowed.", help));
    }
    pattern.trim().is_empty().then_some(("is empty", "write \"example.com/*\""))
}
