//! `vars`, the secrets of `.dev.vars` or `.env`, and `--var`: later ones win.
//!
//! Source: `reference/platform.md` §4.7.
//!
//! Invariant: decides on values only; reads no files.

use std::collections::{BTreeMap, BTreeSet};

use super::diagnostic::{File, Reader, Report, Severity, shown};
use super::environment::{Environment, list};
use super::syntax::{Node, Span, Value};
use super::{Overrides, Source, dotenv, name};

/// A variable of `env`.
#[derive(Clone, PartialEq)]
pub enum Var {
    /// A string of `vars`, or of the command line.
    Text(String),
    /// Any other JSON of `vars`.
    Json(serde_json::Value),
    /// A string of a secrets file; not to be shown.
    Secret(String),
}

impl std::fmt::Debug for Var {
    /// Secrets end up in no log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.debug_tuple("Text").field(text).finish(),
            Self::Json(json) => f.debug_tuple("Json").field(json).finish(),
            Self::Secret(_) => f.write_str("Secret(…)"),
        }
    }
}

/// All variables, in the order of their precedence.
pub(super) fn read(
    reader: &mut Reader<'_>,
    environment: &Environment<'_>,
    secrets: &[Source],
    overrides: &Overrides,
    bound: &BTreeSet<&str>,
) -> BTreeMap<String, Var> {
    let mut vars = read_vars(reader, environment);
    let required = environment.get("secrets").and_then(|found| found.node.get("required"));
    let mut from_files = read_secrets(reader.report, secrets);
    if let Some(required) = required {
        keep_required(reader, required, &mut from_files);
    }
    from_files.retain(|name, _| {
        let is_free = !bound.contains(name.as_str());
        if !is_free {
            let message = format!("the secret `{}` is left out: a binding has that name", shown(name));
            reader.report.anywhere(Severity::Warning, message).help("rename one of them");
        }
        is_free
    });
    vars.extend(from_files.into_iter().map(|(name, value)| (name, Var::Secret(value))));
    for (name, value) in &overrides.vars {
        if bound.contains(name.as_str()) {
            let message = format!("`--var {}` is left out: a binding has that name", shown(name));
            reader.report.anywhere(Severity::Warning, message);
        } else {
            vars.insert(name.clone(), Var::Text(value.clone()));
        }
    }
    for item in required.map_or(&[][..], Node::items) {
        if let Some(name) = item.as_text().filter(|name| !vars.contains_key(*name)) {
            let message = format!("the required secret `{}` has no value", shown(name));
            reader.warning(&item.span, message).help(format!("add `{}=…` to `.dev.vars`", shown(name)));
        }
    }
    vars
}

fn read_vars(reader: &mut Reader<'_>, environment: &Environment<'_>) -> BTreeMap<String, Var> {
    let mut vars = BTreeMap::new();
    let Some(found) = environment.get("vars") else { return vars };
    for member in found.node.members() {
        check_name(reader, &member.key, &member.key_span);
        if let Some(date) = find_date(&member.node) {
            let key = shown(&member.key);
            let message = format!(
                "The field \"{}.{key}\" is a TOML date, which is not supported. Please use a string instead, e.g. {key} = \"2025-12-19\".",
                found.path
            );
            reader.error(&date.span, message);
        }
        let var = match &member.node.value {
            Value::Text(text) => Var::Text(text.clone()),
            _ => Var::Json(member.node.to_json()),
        };
        vars.insert(member.key.clone(), var);
    }
    if let (Some(top), Some(env)) = (environment.overridden("vars"), environment.name) {
        let missing: Vec<&str> =
            top.members().iter().map(|member| &*member.key).filter(|name| !vars.contains_key(*name)).collect();
        if !missing.is_empty() {
            let message = format!(
                "The following vars exist at the top level, but not on \"env.{}.vars\": {}",
                shown(env),
                list(missing.into_iter())
            );
            reader
                .warning(&found.node.span, message)
                .help("\"vars\" is not inherited by environments: add them there too");
        }
    }
    vars
}

/// A date anywhere in the value; the parsers bound the depth.
fn find_date(node: &Node) -> Option<&Node> {
    match &node.value {
        Value::Date(_) => Some(node),
        Value::Array(items) => items.iter().find_map(find_date),
        Value::Object(members) => members.iter().find_map(|member| find_date(&member.node)),
        _ => None,
    }
}

fn check_name(reader: &mut Reader<'_>, name: &str, span: &Span) {
    if !name::is_identifier(name) {
        let message = format!("the variable `{}` cannot be written as `env.NAME`", shown(name));
        reader.warning(span, message).help("use letters, digits and `_`, and start with no digit");
    }
}

/// The secrets of all files; of the same name the last one.
fn read_secrets(report: &mut Report, secrets: &[Source]) -> BTreeMap<String, String> {
    let mut raw = BTreeMap::new();
    let mut places: BTreeMap<String, (usize, Span)> = BTreeMap::new();
    // The configuration itself is the file before them.
    let files = secrets.iter().zip(1..).map(|(source, order)| File::new(&source.path, &source.text, order));
    let files: Vec<File<'_>> = files.collect();
    for (index, file) in files.iter().enumerate() {
        let mut reader = Reader { file, report };
        for entry in dotenv::parse(&mut reader) {
            check_name(&mut reader, &entry.name, &entry.name_span);
            places.insert(entry.name.clone(), (index, entry.name_span));
            raw.insert(entry.name, entry.value);
        }
    }
    let mut expansion = dotenv::Expansion::new(&raw);
    let mut values = BTreeMap::new();
    for (name, literal) in &raw {
        let expands = places.get(name).is_some_and(|(index, _)| dotenv::expands(&files[*index].name()));
        values.insert(name.clone(), if expands { expansion.value(name) } else { literal.clone() });
    }
    let dotenv::Expansion { unknown, problems, .. } = expansion;
    let unknown = unknown.into_iter().map(|(name, missing)| {
        let message =
            format!("`{}` refers to `{}`, which is in no file: it becomes nothing", shown(&name), shown(&missing));
        (Severity::Warning, name, message)
    });
    let problems = problems.into_iter().map(|(name, message)| (Severity::Error, name, message));
    for (severity, name, message) in problems.chain(unknown) {
        let Some((index, span)) = places.get(&name) else { continue };
        let mut reader = Reader { file: &files[*index], report };
        match severity {
            Severity::Error => reader.error(span, message).help("change one of the references"),
            _ => reader.warning(span, message).help("a dollar that is meant as such is written `\\$`"),
        }
    }
    values
}

/// With a list of required secrets only those are taken, as in production; the reader is told of the others.
fn keep_required(reader: &mut Reader<'_>, required: &Node, values: &mut BTreeMap<String, String>) {
    let names: BTreeSet<&str> = required.items().iter().filter_map(Node::as_text).collect();
    let left_out: Vec<&str> = values.keys().map(String::as_str).filter(|name| !names.contains(name)).collect();
    if !left_out.is_empty() {
        let message = format!("the secrets {} are left out: this list does not have them", list(left_out.into_iter()));
        reader.note(&required.span, message);
    }
    values.retain(|name, _| names.contains(name.as_str()));
}
