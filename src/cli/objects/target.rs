//! OBJECT on the command line: a class, and the name or id of one of its objects.
//!
//! Invariant: splits text; which classes and objects there are, only the running emu knows.

use super::table::printable;
use crate::error::{Error, Result};
use clap::Args;
use std::fmt;

/// OBJECT as the only positional argument of a verb: one word, or a class and a name.
#[derive(Args, Debug)]
pub(super) struct ObjectArg {
    /// The object: `Class/name` or `Class/id`
    object: String,

    /// The name, where OBJECT is the class alone
    #[arg(hide = true, allow_hyphen_values = true)]
    name: Option<String>,
}

impl ObjectArg {
    /// What was meant.
    ///
    /// # Errors
    /// When the class or the name is missing.
    pub(super) fn target(&self) -> Result<Target> {
        let Some(name) = &self.name else { return Target::parse(&self.object) };
        if self.object.contains('/') {
            return Err(Error::usage(format!("`{}` is an argument too many", printable(name)))
                .hint("one object is given as `Class/name`"));
        }
        Target::new(&self.object, name)
    }
}

/// One object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The class, or `worker-Class`.
    pub(super) class: String,
    /// The name, or 64 hex digits.
    pub(super) object: String,
}

impl Target {
    /// `Class/name`, where the name may have slashes of its own.
    ///
    /// # Errors
    /// When the class or the name is missing.
    pub(super) fn parse(text: &str) -> Result<Self> {
        match text.split_once('/') {
            Some((class, object)) => Self::new(class, object),
            None => Self::new(text, ""),
        }
    }

    fn new(class: &str, object: &str) -> Result<Self> {
        let missing = match (class.is_empty(), object.is_empty()) {
            (true, _) => "has no class",
            (false, true) => "names a class but no object",
            (false, false) => return Ok(Self { class: class.into(), object: object.into() }),
        };
        let text = if object.is_empty() { class.to_owned() } else { format!("{class}/{object}") };
        Err(Error::usage(format!("`{}` {missing}", printable(&text)))
            .hint("give `Class/name`, or `Class/` and the 64 hex digits of an id; `emu do list` shows what there is"))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", printable(&self.class), printable(&self.object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(object: &str, name: Option<&str>) -> Result<Target> {
        ObjectArg { object: object.into(), name: name.map(Into::into) }.target()
    }

    #[test]
    fn objects_are_a_class_and_a_name() {
        let id = "0123456789abcdef".repeat(4);
        let with_id = format!("Room/{id}");
        for (object, name, class, expected) in [
            ("Room/lobby", None, "Room", "lobby"),
            ("Room/a/b//c", None, "Room", "a/b//c"),
            ("Room//", None, "Room", "/"),
            ("Room/-x y", None, "Room", "-x y"),
            ("chat-Room/é", None, "chat-Room", "é"),
            (&with_id, None, "Room", &id),
            ("Room", Some("lobby"), "Room", "lobby"),
            ("Room", Some("a/b"), "Room", "a/b"),
        ] {
            let target = words(object, name).unwrap();
            assert_eq!((target.class.as_str(), target.object.as_str()), (class, expected), "{object} {name:?}");
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        for (object, name, error) in [
            ("Room", None, "`Room` names a class but no object"),
            ("Room/", None, "`Room` names a class but no object"),
            ("Room", Some(""), "`Room` names a class but no object"),
            ("", None, "`` has no class"),
            ("/lobby", None, "`/lobby` has no class"),
            ("Room/lobby", Some("attic"), "`attic` is an argument too many"),
            ("\x1b[2J", None, "`\\u{1b}[2J` names a class but no object"),
        ] {
            let refused = words(object, name).unwrap_err();
            assert_eq!((refused.to_string().as_str(), refused.exit_code()), (error, 2), "{object} {name:?}");
            assert!(!refused.hints().is_empty(), "{object} {name:?}");
        }
    }
}
