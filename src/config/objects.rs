//! The Durable Object bindings, and the rule that no two bindings share a name.
//!
//! Invariant: checks names and classes against the file; what the worker really exports is the caller's to check.

use std::collections::{BTreeMap, BTreeSet};

use super::diagnostic::{Place, Reader, shown};
use super::environment::{Environment, Found, list};
use super::keys::Key;
use super::migrations::{Backend, Classes, is_class_name};
use super::name;
use super::syntax::{Node, Span, Value};

/// Classes that the ready-made snippet names.
const SNIPPET_CLASSES_MAX: usize = 20;

/// `env.NAME` as a namespace of Durable Objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectBinding {
    /// The name in `env`.
    pub name: String,
    /// The class, of this worker or of `script_name`.
    pub class_name: String,
    /// The worker whose class it is, when not this one.
    pub script_name: Option<String>,
    /// The environment of that worker.
    pub environment: Option<String>,
    /// Where the file says so.
    pub place: Place,
}

/// Reads `durable_objects`; gives every class of this worker that is bound but never migrated its default back-end.
pub(super) fn read(
    reader: &mut Reader<'_>,
    environment: &Environment<'_>,
    worker_name: &str,
    classes: &mut Classes,
) -> Vec<ObjectBinding> {
    let Some(found) = environment.get("durable_objects") else { return Vec::new() };
    let items = found.node.get("bindings").map_or(&[][..], Node::items);
    let bindings: Vec<ObjectBinding> = items.iter().filter_map(|item| read_one(reader, item, worker_name)).collect();
    warn_left_out(reader, environment, &found, &bindings);
    warn_unmigrated(reader, &found, &bindings, classes);
    bindings
}

fn read_one(reader: &mut Reader<'_>, item: &Node, worker_name: &str) -> Option<ObjectBinding> {
    let (name_node, class_node) = (item.get("name")?, item.get("class_name")?);
    let (name, class_name) = (name_node.as_text()?, class_node.as_text()?);
    if !name::is_identifier(name) {
        let message = format!("`{}` is not the name of a binding", shown(name));
        reader
            .error(&name_node.span, message)
            .help("use letters, digits and `_`, and start with no digit: it is `env.NAME`");
    }
    let has_class = is_class_name(reader, class_name, &class_node.span);
    let script_name = item.text("script_name");
    if let (Some(script_name), Some(node)) = (script_name, item.get("script_name")) {
        name::check(reader, script_name, &node.span, "script_name");
    }
    if let (Some(node), None) = (item.get("environment"), script_name) {
        reader.error(&node.span, "binding should have a \"script_name\" field if \"environment\" is present.");
    }
    has_class.then(|| ObjectBinding {
        name: name.to_owned(),
        class_name: class_name.to_owned(),
        script_name: script_name.filter(|script_name| *script_name != worker_name).map(str::to_owned),
        environment: item.text("environment").map(str::to_owned),
        place: reader.file.place(&item.span),
    })
}

/// Bindings of the top level that the environment's own list lacks.
fn warn_left_out(
    reader: &mut Reader<'_>,
    environment: &Environment<'_>,
    found: &Found<'_>,
    bindings: &[ObjectBinding],
) {
    let (Some(top), Some(name)) = (environment.overridden("durable_objects"), environment.name) else { return };
    let present: BTreeSet<&str> = bindings.iter().map(|binding| &*binding.name).collect();
    let top_names = top.get("bindings").map_or(&[][..], Node::items).iter().filter_map(|item| item.text("name"));
    let missing: Vec<&str> = top_names.filter(|name| !present.contains(name)).collect();
    if !missing.is_empty() {
        let message = format!(
            "The following bindings are at the top level, but not on \"env.{}\": {}",
            shown(name),
            list(missing.into_iter())
        );
        let help = "\"durable_objects\" is not inherited by environments: add a binding for each";
        reader.warning(&found.node.span, message).help(help);
    }
}

/// Bound classes that no migration makes: they run, without SQLite, which surprises everybody once.
fn warn_unmigrated(reader: &mut Reader<'_>, found: &Found<'_>, bindings: &[ObjectBinding], classes: &mut Classes) {
    let local = bindings.iter().filter(|binding| binding.script_name.is_none());
    let unmigrated: BTreeSet<&str> =
        local.map(|binding| &*binding.class_name).filter(|class| !classes.backends.contains_key(*class)).collect();
    if unmigrated.is_empty() {
        return;
    }
    let file_name = reader.file.name();
    let section = if classes.uses_exports { "exports" } else { "migrations" };
    let message = format!(
        "In your {file_name} file, you have configured `durable_objects` exported by this Worker ({}), but no \
         `{section}` for them: they have the key-value API only, and `sql` throws",
        list(unmigrated.iter().copied())
    );
    let is_toml = file_name.ends_with(".toml");
    let help = match unmigrated.iter().find(|class| classes.gone.contains(**class)) {
        Some(gone) => format!("`{}` was deleted, renamed or transferred: bind its successor", shown(gone)),
        None => {
            let first: Vec<&str> = unmigrated.iter().copied().take(SNIPPET_CLASSES_MAX).collect();
            format!("add to {file_name}:\n\n{}", classes.snippet(&first, is_toml))
        }
    };
    let item = found.node.get("bindings").and_then(|bindings| {
        bindings.items().iter().find(|item| item.text("class_name").is_some_and(|class| unmigrated.contains(class)))
    });
    let span = item.and_then(|item| item.get("class_name")).map_or(&found.node.span, |node| &node.span);
    reader.warning(span, message).help(help);
    for class in unmigrated {
        classes.backends.insert(class.to_owned(), Backend::KeyValue);
    }
}

/// Reports every name that two bindings share, in wrangler's words.
pub(super) fn check_unique_names(reader: &mut Reader<'_>, environment: &Environment<'_>) {
    let mut uses: BTreeMap<&str, Vec<(&'static str, &Span)>> = BTreeMap::new();
    for (row, found) in environment.all() {
        let Some(kind) = row.binding else { continue };
        for (name, span) in binding_names(row, found.node) {
            uses.entry(name).or_default().push((kind, span));
        }
    }
    for (name, mut places) in uses {
        if places.len() < 2 {
            continue;
        }
        places.sort_by_key(|(_, span)| span.start);
        let mut kinds: Vec<&str> = places.iter().map(|(kind, _)| *kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let kinds = match &kinds[..] {
            [kind] => format!("multiple {kind}"),
            [first, second] => format!("{first} and {second}"),
            [rest @ .., last] => format!("{}, and {last}", rest.join(", ")),
            [] => continue,
        };
        let line = reader.file.line_of(places[0].1.start);
        let message = format!("\"{}\" assigned to {kinds} bindings.", shown(name));
        let help = format!(
            "it is first used on line {line}: bindings must have unique names, so that `env` can hold them all"
        );
        reader.error(places[1].1, message).help(help);
    }
}

/// The names that the value of a key binds, whatever its shape.
fn binding_names<'n>(row: &Key, node: &'n Node) -> Vec<(&'n str, &'n Span)> {
    fn name_of(item: &Node) -> Option<(&str, &Span)> {
        let node = item.get("binding").or_else(|| item.get("name"))?;
        Some((node.as_text()?, &node.span))
    }
    match (row.name, &node.value) {
        ("vars" | "wasm_modules" | "text_blobs" | "data_blobs", Value::Object(members)) => {
            // A key that is there twice is an error already.
            let once: BTreeMap<&str, &Span> =
                members.iter().map(|member| (member.key.as_str(), &member.key_span)).collect();
            once.into_iter().collect()
        }
        (_, Value::Array(items)) => items.iter().filter_map(name_of).collect(),
        (_, Value::Object(_)) => {
            let list = node.get("bindings").or_else(|| node.get("producers"));
            let items = list.map_or(&[][..], Node::items).iter();
            let own = node.get("binding").and_then(|name| Some((name.as_text()?, &name.span)));
            items.filter_map(name_of).chain(own).collect()
        }
        _ => Vec::new(),
    }
}
