//! `scenario.jsonc`: a test in no language, from text to steps.
//!
//! Read [`steps`] for what a step can be, [`outside`] for other hosts.
//!
//! Invariant: pure, like all of the configuration; which objects, modes and clients there are is not known here.

use super::diagnostic::{File, Reader, Report, Severity, shown};
use super::shape::nearest;
use super::syntax::{self, Node, Value};
use super::{Diagnostic, Place, Source};

mod keys;
mod outside;
#[cfg(test)]
mod schema;
mod steps;
#[cfg(test)]
mod tests;
mod time;

pub use outside::{Answer, Counted, Payload, Rule};
pub use steps::{Action, Expected, Expecting, Fetch, ObjectVerb, Step};

/// A scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// The worker's configuration, relative to the scenario's folder.
    pub worker: (String, Place),
    /// When the world begins, in milliseconds since the epoch.
    pub start_ms: Option<f64>,
    /// The runs that it has to survive: `calm`, or names of faults. None is all of the usual ones.
    pub modes: Option<Vec<(String, Place)>>,
    /// What other hosts answer.
    pub outside: Vec<Rule>,
    /// What happens.
    pub steps: Vec<Step>,
    /// What holds all the time.
    pub always: Vec<Always>,
    /// Answers may tell of evictions.
    pub expects_other_answers: bool,
}

/// Something that holds all the time.
#[derive(Clone, Debug, PartialEq)]
pub enum Always {
    /// What a query finds.
    Query {
        /// `BINDING:name`.
        object: (String, Place),
        /// A query that does not write.
        sql: String,
        /// What its first row's first column is; or, where this is an array, all rows, each an array.
        is: serde_json::Value,
    },
    /// How often other hosts are asked.
    Outside {
        /// Where it is written.
        place: Place,
        /// Which requests count.
        counted: Counted,
        /// There are no more of them.
        at_most: u32,
    },
}

/// Reads a scenario.
///
/// # Errors
/// Everything that is wrong with it, in the order of the text.
pub fn scenario(source: &Source) -> Result<Scenario, Vec<Diagnostic>> {
    let file = File::new(&source.path, &source.text, 0);
    let mut report = Report::default();
    let mut reader = Reader { file: &file, report: &mut report };
    let scenario = syntax::parse(&mut reader).and_then(|root| read(&mut reader, &root));
    let has_errors = report.has_errors();
    match scenario.filter(|_| !has_errors) {
        Some(scenario) => Ok(scenario),
        None => {
            let diagnostics = report.finish();
            Err(diagnostics.into_iter().filter(|diagnostic| diagnostic.severity == Severity::Error).collect())
        }
    }
}

fn read(reader: &mut Reader<'_>, root: &Node) -> Option<Scenario> {
    check_keys(reader, root, "a scenario", keys::SCENARIO);
    let worker = required(reader, root, "a scenario", "worker").and_then(|node| {
        let place = reader.file.place(&node.span);
        Some((text(reader, node, "worker")?.to_owned(), place))
    });
    let start_ms = root.get("start").and_then(|node| {
        let read = text(reader, node, "start").map(time::moment_ms)?;
        if read.is_none() {
            reader.error(&node.span, "`start` is no moment").help("write it as \"2026-01-01T00:00:00Z\"");
        }
        read
    });
    let modes = root.get("modes").and_then(|node| array(reader, node, "modes")).map(|items| {
        let mode = |item: &Node| Some((text(reader, item, "modes")?.to_owned(), reader.file.place(&item.span)));
        items.iter().filter_map(mode).collect()
    });
    let outside = root.get("outside").and_then(|node| array(reader, node, "outside")).unwrap_or_default();
    let outside = outside.iter().filter_map(|item| outside::rule(reader, item)).collect();
    let steps = required(reader, root, "a scenario", "steps").and_then(|node| array(reader, node, "steps"));
    let steps = steps.map(|items| items.iter().filter_map(|item| steps::step(reader, item, false)).collect());
    let always = root.get("always").and_then(|node| array(reader, node, "always")).unwrap_or_default();
    let always = always.iter().filter_map(|item| read_always(reader, item)).collect();
    let expects_other_answers = flag(reader, root, "expectsOtherAnswers");
    Some(Scenario { worker: worker?, start_ms, modes, outside, steps: steps?, always, expects_other_answers })
}

fn read_always(reader: &mut Reader<'_>, node: &Node) -> Option<Always> {
    let what = "`always`";
    if node.get("outside").is_some() {
        return always_outside(reader, node);
    }
    check_keys(reader, node, what, keys::ALWAYS_QUERY);
    let object = required(reader, node, what, "object");
    let object = object.and_then(|object| Some((text(reader, object, "object")?, reader.file.place(&object.span))));
    let sql = required(reader, node, what, "sql").and_then(|sql| {
        let query = text(reader, sql, "sql")?;
        let verb: String = query.trim_start().chars().take_while(char::is_ascii_alphabetic).collect();
        if !["select", "values", "with"].contains(&verb.to_ascii_lowercase().as_str()) {
            reader.error(&sql.span, "`sql` must be a query, which changes nothing").help("it begins with `SELECT`");
        }
        Some(query)
    });
    let is = required(reader, node, what, "is").map(Node::to_json);
    let (object, place) = object?;
    Some(Always::Query { object: (object.to_owned(), place), sql: sql?.to_owned(), is: is? })
}

fn always_outside(reader: &mut Reader<'_>, node: &Node) -> Option<Always> {
    let what = "`always` with `outside`";
    check_keys(reader, node, what, keys::ALWAYS_OUTSIDE);
    let place = reader.file.place(&node.span);
    let at_most = required(reader, node, what, "atMost");
    let at_most = at_most.and_then(|at_most| number(reader, at_most, "atMost", 0..=1_000_000));
    Some(Always::Outside { place, counted: outside::counted(reader, node)?, at_most: at_most? })
}

/// Reports what is no object, and keys that mean nothing: what is misspelled would silently not be checked.
fn check_keys(reader: &mut Reader<'_>, node: &Node, what: &str, known: &[&str]) {
    if !matches!(node.value, Value::Object(_)) {
        reader.error(&node.span, format!("{what} must be an object, found {}", node.value.noun()));
    }
    for member in node.members().iter().filter(|member| !known.contains(&member.key.as_str())) {
        let near = nearest(&member.key, known.iter().copied());
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are `{}`", known.join("`, `")),
        };
        reader.error(&member.key_span, format!("{what} has no `{}`", shown(&member.key))).help(help);
    }
}

/// The member that must be there.
fn required<'n>(reader: &mut Reader<'_>, node: &'n Node, what: &str, key: &str) -> Option<&'n Node> {
    let found = node.get(key);
    if found.is_none() && matches!(node.value, Value::Object(_)) {
        reader.error(&node.span, format!("{what} lacks `{key}`"));
    }
    found
}

fn text<'n>(reader: &mut Reader<'_>, node: &'n Node, key: &str) -> Option<&'n str> {
    let found = node.as_text();
    if found.is_none() {
        reader.error(&node.span, format!("`{key}` must be a string, found {}", node.value.noun()));
    }
    found
}

/// A key that is `true` or, as without it, `false`.
fn flag(reader: &mut Reader<'_>, node: &Node, key: &str) -> bool {
    let Some(node) = node.get(key) else { return false };
    let found = node.as_flag();
    if found.is_none() {
        reader.error(&node.span, format!("`{key}` must be true or false, found {}", node.value.noun()));
    }
    found.unwrap_or(false)
}

fn array<'n>(reader: &mut Reader<'_>, node: &'n Node, key: &str) -> Option<&'n [Node]> {
    match &node.value {
        Value::Array(items) => Some(items),
        other => {
            reader.error(&node.span, format!("`{key}` must be an array, found {}", other.noun()));
            None
        }
    }
}

/// A whole number of these.
fn number(reader: &mut Reader<'_>, node: &Node, key: &str, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
    let read = match &node.value {
        Value::Number(number) => number.as_u64().and_then(|number| u32::try_from(number).ok()),
        _ => None,
    };
    let found = read.filter(|number| range.contains(number));
    if found.is_none() {
        let (first, last) = range.into_inner();
        reader.error(&node.span, format!("`{key}` must be a whole number from {first} to {last}"));
    }
    found
}
