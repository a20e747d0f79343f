//! Which value a key has: the top level's, or that of the chosen environment, by wrangler's rules of inheritance.
//!
//! Source: `reference/platform.md` §4.2. The rows of [`super::keys`] say which rule a key follows.
//!
//! Invariant: decides where a value comes from, never what it means.

use std::collections::BTreeSet;

use super::diagnostic::{Reader, shown};
use super::keys::{self, KEYS, Local, RETIRED, Scope};
use super::shape::{check, nearest, unexpected};
use super::syntax::{Member, Node, find};

/// Names listed in one sentence; the rest is counted.
const NAMES_LISTED_MAX: usize = 10;

/// The file as seen from one environment.
#[derive(Debug)]
pub(super) struct Environment<'a> {
    /// The chosen environment; none is the top level.
    pub(super) name: Option<&'a str>,
    top: &'a [Member],
    /// The members of `env.<name>`; none when the file has no such section, and the top level stands in for it.
    own: Option<&'a [Member]>,
}

/// A value and the path under which the reader finds it.
#[derive(Debug)]
pub(super) struct Found<'a> {
    pub(super) node: &'a Node,
    pub(super) path: String,
}

impl<'a> Environment<'a> {
    /// Chooses the environment `env` (none or an empty name is the top level), checks every key of the file that
    /// counts for it, and warns of what it does not inherit.
    pub(super) fn choose(reader: &mut Reader<'_>, root: &'a Node, env: Option<&'a str>) -> Self {
        let top = root.members();
        let named = find(top, "env").map_or(&[][..], |member| member.node.members());
        let name = env.filter(|name| !name.is_empty());
        let own = name.and_then(|name| find(named, name)).map(|member| member.node.members());
        let environment = Self { name, top, own };
        environment.check_top_level(reader);
        match (name, own) {
            (Some(name), Some(members)) => environment.check_own_level(reader, name, members),
            (Some(name), None) => report_missing(reader, name, named),
            (None, _) => report_unchosen(reader, top, env, named),
        }
        environment
    }

    /// The value of `key`, by the key's own rule.
    pub(super) fn get(&self, key: &str) -> Option<Found<'a>> {
        let is_top_only = keys::find(key).is_some_and(|row| row.scope == Scope::Top);
        if let (Some(name), Some(own), false) = (self.name, self.own, is_top_only) {
            if let Some(member) = find(own, key) {
                return Some(Found { node: &member.node, path: format!("env.{}.{key}", shown(name)) });
            }
            if keys::find(key).is_some_and(|row| row.scope == Scope::Own) {
                return None;
            }
        }
        find(self.top, key).map(|member| Found { node: &member.node, path: key.to_owned() })
    }

    /// The value of `key` at the top level, when the chosen environment has one of its own instead.
    pub(super) fn overridden(&self, key: &str) -> Option<&'a Node> {
        find(self.own?, key)?;
        find(self.top, key).map(|member| &member.node)
    }

    /// Whether the name in force is the environment's own, so that nothing is appended to it.
    pub(super) fn has_own(&self, key: &str) -> bool {
        self.own.is_some_and(|own| find(own, key).is_some())
    }

    /// Every key that is in force with its row, to look at all bindings.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'static keys::Key, Found<'a>)> {
        KEYS.iter().filter_map(|row| self.get(row.name).map(|found| (row, found)))
    }

    fn check_top_level(&self, reader: &mut Reader<'_>) {
        let mut seen = BTreeSet::new();
        for member in self.top.iter().filter(|member| seen.insert(&*member.key)) {
            let Some(row) = keys::find(&member.key) else {
                report_unknown(reader, member, "top-level", None);
                continue;
            };
            let fits = check(reader, &member.node, row.shape, row.name);
            let in_force = self.get(row.name).is_some_and(|found| std::ptr::eq(found.node, &member.node));
            if fits && in_force {
                note_what_lacks(reader, row, member);
            }
            if row.scope == Scope::Own && !in_force && !self.has_own(row.name) {
                self.warn_not_inherited(reader, member);
            }
        }
    }

    fn check_own_level(&self, reader: &mut Reader<'_>, name: &str, members: &[Member]) {
        let path = format!("env.{}", shown(name));
        let mut seen = BTreeSet::new();
        for member in members.iter().filter(|member| seen.insert(&*member.key)) {
            match keys::find(&member.key) {
                Some(row) if row.scope == Scope::Top => {
                    let message = format!("Unexpected fields found in {path} field: \"{}\"", row.name);
                    let help = format!("`{}` is only read at the top level", row.name);
                    reader.warning(&member.key_span, message).help(help);
                }
                Some(row) => {
                    if check(reader, &member.node, row.shape, &format!("{path}.{}", row.name)) {
                        note_what_lacks(reader, row, member);
                    }
                }
                None => report_unknown(reader, member, &path, Some(Scope::Top)),
            }
        }
    }

    fn warn_not_inherited(&self, reader: &mut Reader<'_>, member: &Member) {
        let (key, name) = (&member.key, shown(self.name.unwrap_or_default()));
        let message = format!(
            "\"{key}\" exists at the top level, but not on \"env.{name}\". This is not what you probably want, \
             since \"{key}\" is not inherited by environments."
        );
        reader.warning(&member.key_span, message).help(format!("add \"{key}\" to \"env.{name}\""));
    }
}

/// Says what emu does not do with a key that it accepts.
fn note_what_lacks(reader: &mut Reader<'_>, row: &keys::Key, member: &Member) {
    if member.node.is_empty() {
        return;
    }
    let lack = match row.local {
        Local::Quiet => return,
        Local::NoBindings => "the bindings are not created",
        Local::Lacks(lack) => lack,
    };
    reader.note(&member.key_span, format!("`{}` is not supported yet: {lack}", row.name));
}

/// A key that is in no table, or in that of the retired ones. `out_of_place` keys are not suggested.
fn report_unknown(reader: &mut Reader<'_>, member: &Member, path: &str, out_of_place: Option<Scope>) {
    if let Some(retired) = RETIRED.iter().find(|retired| retired.name == member.key) {
        let message = format!("`{}` is no longer supported", retired.name);
        let added = match retired.is_error && !member.node.is_empty() {
            true => reader.error(&member.key_span, message),
            false => reader.warning(&member.key_span, message),
        };
        added.help(retired.help);
        return;
    }
    unexpected(reader, member, path, || {
        let candidates = KEYS.iter().filter(|row| Some(row.scope) != out_of_place).map(|row| row.name);
        nearest(&member.key, candidates)
    });
}

/// The environment that was asked for is not in the file. With others there it is a slip of the pen; without any,
/// wrangler runs the top level under the environment's name.
fn report_missing(reader: &mut Reader<'_>, name: &str, named: &[Member]) {
    let shown_name = shown(name);
    let message = format!("No environment found in configuration with name \"{shown_name}\".");
    if named.is_empty() {
        let help = format!("the top level is used; add \"env\": {{ \"{shown_name}\": {{}} }} for values of its own");
        reader.report.anywhere(super::Severity::Warning, message).help(help);
        return;
    }
    let near = nearest_name(name, named).map_or(String::new(), |near| format!("did you mean `{near}`? "));
    let help = format!("{near}the configured environments are {}", list(named.iter().map(|member| &*member.key)));
    reader.report.anywhere(super::Severity::Error, message).help(help);
}

fn nearest_name(name: &str, named: &[Member]) -> Option<String> {
    let candidates = named.iter().take(NAMES_LISTED_MAX).filter(|member| member.key.len() <= name.len() + 4);
    nearest(name, candidates.map(|member| member.key.as_str())).map(shown)
}

/// Environments are there and nothing was said, not even that the top level is meant.
fn report_unchosen(reader: &mut Reader<'_>, top: &[Member], env: Option<&str>, named: &[Member]) {
    let (None, Some(member), Some(first)) = (env, find(top, "env"), named.first()) else { return };
    let names = list(named.iter().map(|member| &*member.key));
    let message = format!("no environment is chosen of {names}: the top level is used");
    let help = format!("pass `--env={}`, or `--env=\"\"` for the top level", shown(&first.key));
    reader.warning(&member.key_span, message).help(help);
}

/// `a, b and 3 more`.
pub(super) fn list<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let mut listed = String::new();
    let mut count = 0usize;
    for name in names {
        count += 1;
        if count <= NAMES_LISTED_MAX {
            listed.push_str(if count > 1 { ", `" } else { "`" });
            listed.push_str(&shown(name));
            listed.push('`');
        }
    }
    if count > NAMES_LISTED_MAX {
        listed.push_str(&format!(" and {} more", count - NAMES_LISTED_MAX));
    }
    listed
}
