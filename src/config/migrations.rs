//! Which storage each Durable Object class has: `migrations` replayed in order, or what `exports` declares.
//!
//! Source: `reference/platform.md` §4.4.
//!
//! Invariant: decides on classes only; which of them are bound is `objects`' matter.

use std::collections::{BTreeMap, BTreeSet};

use super::diagnostic::{Reader, shown};
use super::environment::{Environment, Found};
use super::syntax::{Node, Span, Value};

/// Where the objects of a class keep their data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// An SQLite database: `ctx.storage.sql` and the key-value API.
    Sqlite,
    /// The key-value API alone.
    KeyValue,
}

/// What the replay leads to.
#[derive(Debug, Default)]
pub(super) struct Classes {
    pub(super) backends: BTreeMap<String, Backend>,
    /// Every rename in order, so that local data can follow.
    pub(super) renames: Vec<(String, String)>,
    /// Migration entries in the file, for the tag of the next one.
    pub(super) migration_count: usize,
    pub(super) uses_exports: bool,
    /// Classes that `exports` calls deleted, renamed or transferred away.
    pub(super) gone: BTreeSet<String>,
}

/// Replays `migrations`, then lays the declarations of `exports` over the result.
pub(super) fn read(reader: &mut Reader<'_>, environment: &Environment<'_>) -> Classes {
    let mut classes = Classes::default();
    let migrations = environment.get("migrations").map_or(&[][..], |found| found.node.items());
    let mut tags = BTreeSet::new();
    for migration in migrations {
        if let (Some(tag), Some(node)) = (migration.text("tag"), migration.get("tag"))
            && !tags.insert(tag)
        {
            reader.warning(&node.span, format!("the tag `{}` is already used by an earlier migration", shown(tag)));
        }
        classes.replay(reader, migration);
    }
    classes.migration_count = migrations.len();
    if let Some(exports) = environment.get("exports") {
        classes.declare_all(reader, &exports, !migrations.is_empty());
    }
    classes
}

/// The strings of an array member.
fn names<'n>(migration: &'n Node, key: &str) -> impl Iterator<Item = (&'n str, &'n Span)> {
    let items = migration.get(key).map_or(&[][..], Node::items);
    items.iter().filter_map(|item| item.as_text().map(|name| (name, &item.span)))
}

impl Classes {
    /// One entry of `migrations`, in wrangler's order: deleted, renamed, new, new with SQLite.
    fn replay(&mut self, reader: &mut Reader<'_>, migration: &Node) {
        for (class, span) in names(migration, "deleted_classes") {
            if self.backends.remove(class).is_none() {
                cannot_apply(reader, span, "deleted_classes", "non-existent", class);
            }
        }
        for rename in migration.get("renamed_classes").map_or(&[][..], Node::items) {
            self.rename(reader, rename);
        }
        let new = [("new_classes", Backend::KeyValue), ("new_sqlite_classes", Backend::Sqlite)];
        for (kind, backend) in new {
            for (class, span) in names(migration, kind) {
                if self.backends.contains_key(class) {
                    cannot_apply(reader, span, kind, "existing", class);
                } else if is_class_name(reader, class, span) {
                    self.backends.insert(class.to_owned(), backend);
                }
            }
        }
        for transfer in migration.get("transferred_classes").map_or(&[][..], Node::items) {
            if let (Some(to), Some(script)) = (transfer.get("to"), transfer.text("from_script"))
                && let Some(class) = to.as_text()
                && is_class_name(reader, class, &to.span)
            {
                // wrangler validates a transfer and then forgets it, so the class ends up without SQLite.
                self.backends.entry(class.to_owned()).or_insert(Backend::KeyValue);
                let (class, script) = (shown(class), shown(script));
                let message = format!("`{class}` starts without the data of `{script}` and without SQLite");
                reader.note(&to.span, message).help("`transferred_classes` has no effect in local development");
            }
        }
    }

    fn rename(&mut self, reader: &mut Reader<'_>, rename: &Node) {
        let (Some(from_node), Some(to_node)) = (rename.get("from"), rename.get("to")) else { return };
        let (Some(from), Some(to)) = (from_node.as_text(), to_node.as_text()) else { return };
        let Some(backend) = self.backends.get(from).copied() else {
            cannot_apply(reader, &from_node.span, "renamed_classes", "non-existent", from);
            return;
        };
        if self.backends.contains_key(to) {
            cannot_apply(reader, &to_node.span, "renamed_classes", "existing", to);
            return;
        }
        if is_class_name(reader, to, &to_node.span) {
            self.backends.remove(from);
            self.backends.insert(to.to_owned(), backend);
            self.renames.push((from.to_owned(), to.to_owned()));
        }
    }

    fn declare_all(&mut self, reader: &mut Reader<'_>, exports: &Found<'_>, has_migrations: bool) {
        for member in exports.node.members() {
            let path = format!("{}.{}", exports.path, shown(&member.key));
            match member.node.text("type") {
                Some("durable-object") => {
                    if has_migrations && !self.uses_exports {
                        reader.error(
                            &member.key_span,
                            "`migrations` and `exports` are mutually exclusive. Choose one or the other to declare \
                             your Durable Object lifecycle, but not both.",
                        );
                    }
                    self.uses_exports = true;
                    if is_class_name(reader, &member.key, &member.key_span) {
                        self.declare(reader, &member.key, &member.node, &path);
                    }
                }
                Some("worker" | "workflow") | None => {}
                Some(kind) => {
                    let span = member.node.get("type").map_or(&member.node.span, |node| &node.span);
                    let message = format!(
                        "\"{path}.type\" must be \"durable-object\" or \"worker\", but got \"{}\".",
                        shown(kind)
                    );
                    reader.error(span, message);
                }
            }
        }
    }

    /// One Durable Object of `exports`.
    fn declare(&mut self, reader: &mut Reader<'_>, class: &str, node: &Node, path: &str) {
        let state = node.text("state").unwrap_or("created");
        let (is_live, allowed): (bool, &[&str]) = match state {
            "created" => (true, &["type", "state", "storage", "container"]),
            "expecting-transfer" => (true, &["type", "state", "storage", "transfer_from", "container"]),
            "deleted" => (false, &["type", "state"]),
            "renamed" => (false, &["type", "state", "renamed_to"]),
            "transferred" => (false, &["type", "state", "transferred_to"]),
            _ => {
                let span = node.get("state").map_or(&node.span, |node| &node.span);
                let message = format!(
                    "\"{path}.state\" must be one of \"created\", \"deleted\", \"renamed\", \"transferred\", or \
                     \"expecting-transfer\" but got \"{}\".",
                    shown(state)
                );
                reader.error(span, message);
                return;
            }
        };
        for member in node.members().iter().filter(|member| !allowed.contains(&&*member.key)) {
            let message = format!("\"{path}.{}\" is forbidden on state \"{state}\".", shown(&member.key));
            reader.error(&member.key_span, message).help(format!("allowed are {}", allowed.join(", ")));
        }
        for key in ["transfer_from", "renamed_to", "transferred_to"] {
            if allowed.contains(&key) && node.text(key).is_none_or(str::is_empty) {
                let message =
                    format!("\"{path}.{key}\" is required for state \"{state}\" and must be a non-empty string.");
                reader.error(&node.span, message);
            }
        }
        if is_live {
            self.declare_storage(reader, class, node, state, path);
            return;
        }
        self.gone.insert(class.to_owned());
        if let Some(to) = node.get("renamed_to") {
            self.declare_rename(reader, class, to, path);
        }
    }

    fn declare_storage(&mut self, reader: &mut Reader<'_>, class: &str, node: &Node, state: &str, path: &str) {
        let backend = match node.text("storage") {
            Some("sqlite") => Backend::Sqlite,
            Some("legacy-kv") => Backend::KeyValue,
            other => {
                let span = node.get("storage").map_or(&node.span, |node| &node.span);
                let got = other.map_or("nothing".to_owned(), |got| format!("\"{}\"", shown(got)));
                let message = format!(
                    "\"{path}.storage\" is required for state \"{state}\" and must be one of sqlite and legacy-kv, but got {got}"
                );
                reader.error(span, message);
                return;
            }
        };
        self.backends.insert(class.to_owned(), backend);
    }

    fn declare_rename(&mut self, reader: &mut Reader<'_>, class: &str, to: &Node, path: &str) {
        let Value::Text(target) = &to.value else { return };
        if target == class {
            let message = format!("\"{path}.renamed_to\" cannot equal the source class name \"{}\".", shown(class));
            reader.error(&to.span, message);
        } else if is_class_name(reader, target, &to.span) {
            self.renames.push((class.to_owned(), target.clone()));
        }
    }

    /// What to add to the file so that `classes` get SQLite storage, in the file's own language.
    pub(super) fn snippet(&self, classes: &[&str], is_toml: bool) -> String {
        let quoted: Vec<String> = classes.iter().map(|class| format!("\"{class}\"")).collect();
        let tag = format!("v{}", self.migration_count + 1);
        match (self.uses_exports, is_toml) {
            (true, false) => {
                let entries = quoted
                    .iter()
                    .map(|class| format!("{class}: {{ \"type\": \"durable-object\", \"storage\": \"sqlite\" }}"));
                format!("\"exports\": {{ {} }}", entries.collect::<Vec<_>>().join(", "))
            }
            (true, true) => {
                let entries = classes
                    .iter()
                    .map(|class| format!("[exports.{class}]\ntype = \"durable-object\"\nstorage = \"sqlite\""));
                entries.collect::<Vec<_>>().join("\n\n")
            }
            (false, false) => {
                let entry = format!("{{ \"tag\": \"{tag}\", \"new_sqlite_classes\": [{}] }}", quoted.join(", "));
                match self.migration_count {
                    0 => format!("\"migrations\": [{entry}]"),
                    _ => format!("\"migrations\": [ …, {entry}]"),
                }
            }
            (false, true) => format!("[[migrations]]\ntag = \"{tag}\"\nnew_sqlite_classes = [{}]", quoted.join(", ")),
        }
    }
}

fn cannot_apply(reader: &mut Reader<'_>, span: &Span, kind: &str, state: &str, class: &str) {
    let message = format!("Cannot apply {kind} migration to {state} class {}", shown(class));
    let help = match state {
        "existing" => {
            "migrations are replayed in the order of the file, and an earlier one has already made this class"
        }
        _ => "migrations are replayed in the order of the file, and no earlier one has made this class",
    };
    reader.error(span, message).help(help);
}

/// Whether a class can have this name: it is an identifier of JavaScript, and part of a folder's name.
pub(super) fn is_class_name(reader: &mut Reader<'_>, class: &str, span: &Span) -> bool {
    /// Bytes; a folder's name is at most 255 bytes and holds the worker's name too.
    const CLASS_NAME_BYTES_MAX: usize = 150;
    let mut characters = class.chars();
    let starts_well = characters.next().is_some_and(|first| first.is_alphabetic() || first == '_' || first == '$');
    let is_name =
        starts_well && characters.all(|character| character.is_alphanumeric() || character == '_' || character == '$');
    if !is_name {
        let message = format!("`{}` is not the name of a class", shown(class));
        reader.error(span, message).help("a class's name has letters, digits, `_` and `$`, and starts with no digit");
    } else if class.len() > CLASS_NAME_BYTES_MAX {
        reader.error(span, format!("a class's name has at most {CLASS_NAME_BYTES_MAX} bytes"));
    }
    is_name && class.len() <= CLASS_NAME_BYTES_MAX
}
