//! Names of workers and bindings: what wrangler accepts, and what is safe as part of a folder's name.
//!
//! Invariant: looks at names only.

use super::Overrides;
use super::diagnostic::{Reader, Severity, shown};
use super::environment::Environment;
use super::syntax::Span;

/// What a worker is called that has no name.
pub(super) const DEFAULT_NAME: &str = "worker";
/// Characters; a folder's name is at most 255 bytes and holds a class's name too.
const NAME_LENGTH_MAX: usize = 100;

/// Whether `env` can hold it as `env.NAME`.
pub(super) fn is_identifier(name: &str) -> bool {
    let starts_well = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_' || first == '$');
    starts_well
        && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_' || character == '$')
}

/// What is wrong with a worker's name, in wrangler's words.
fn problem(name: &str, field: &str) -> Option<String> {
    let is_inner = |character: char| matches!(character, 'a'..='z' | '0'..='9' | '_' | '-');
    let is_valid = !name.is_empty() && !name.starts_with('-') && name.chars().all(is_inner);
    if !is_valid {
        return Some(format!(
            "Expected \"{field}\" to be of type string, alphanumeric and lowercase with dashes only but got \"{}\".",
            shown(name)
        ));
    }
    (name.len() > NAME_LENGTH_MAX).then(|| format!("`{field}` has more than {NAME_LENGTH_MAX} characters"))
}

/// Reports a worker's name that no worker can have.
pub(super) fn check(reader: &mut Reader<'_>, name: &str, span: &Span, field: &str) {
    if let Some(problem) = problem(name, field) {
        let fixed: String = name.to_lowercase().replace([' ', '.', '/'], "-").trim_matches('-').to_owned();
        let added = reader.error(span, problem);
        added.help_with(|| self::problem(&fixed, field).is_none().then(|| format!("for example \"{fixed}\"")));
    }
}

/// The worker's name: the command line's, else the environment's own, else the top level's with `-<env>` appended.
pub(super) fn read(reader: &mut Reader<'_>, environment: &Environment<'_>, overrides: &Overrides) -> String {
    let found = environment.get("name");
    if let Some((name, found)) = found.as_ref().and_then(|found| Some((found.node.as_text()?, found))) {
        check(reader, name, &found.node.span, &found.path);
    }
    if let Some(name) = &overrides.name {
        if let Some(problem) = problem(name, "--name") {
            reader.report.anywhere(Severity::Error, problem);
        }
        return name.clone();
    }
    if found.is_none() {
        let message = format!("the worker has no name: `{DEFAULT_NAME}` is used");
        let help = "add \"name\": \"…\": the folders of its data carry the name, and production needs it";
        reader.report.anywhere(Severity::Warning, message).help(help);
    }
    let name = found.and_then(|found| found.node.as_text()).unwrap_or(DEFAULT_NAME);
    match environment.name {
        Some(env) if !environment.has_own("name") => {
            // wrangler takes any name for an environment; here it becomes part of a folder's name.
            let is_safe =
                env.chars().all(|character| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.'));
            if !is_safe || env.len() > NAME_LENGTH_MAX {
                let message = format!("`{}` is not the name of an environment", shown(env));
                reader.report.anywhere(Severity::Error, message).help("use letters, digits, `-`, `_` and `.`");
            }
            format!("{name}-{env}")
        }
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_wrangler() {
        for good in ["a", "a-b", "a_b", "_x", "0", "room-2"] {
            assert_eq!(problem(good, "name"), None, "{good}");
        }
        for bad in ["", "-a", "A", "a b", "a/b", "..", "ä", &"a".repeat(101)] {
            assert!(problem(bad, "name").is_some(), "{bad}");
        }
    }

    #[test]
    fn identifiers() {
        for (name, expected) in [("ROOM", true), ("_a1", true), ("$", true), ("1a", false), ("a-b", false), ("", false)]
        {
            assert_eq!(is_identifier(name), expected, "{name}");
        }
    }
}
