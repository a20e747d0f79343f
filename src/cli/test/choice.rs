//! Which tests are run, and with what first.
//!
//! Invariant: the same tests whatever the order in which they are asked about.

use super::kept::Bugs;
use super::saved::Saved;
use crate::error::{Error, Result};
use crate::test::campaign::{Choice, Known};
use crate::test::program::{Mode, Test};
use crate::world::Rerun;
use regress::Regex;

/// What a test's full name must be like.
pub(in crate::cli) enum NameFilter {
    /// It contains this.
    Contains(String),
    /// It matches this.
    Matches(Regex),
}

impl NameFilter {
    /// From `--filter`.
    ///
    /// # Errors
    /// When it is written as a regular expression and is none.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let expression = text.strip_prefix('/').and_then(|rest| rest.rsplit_once('/'));
        let Some((expression, flags)) = expression.filter(|(_, flags)| flags.chars().all(char::is_alphabetic)) else {
            return Ok(Self::Contains(text.to_owned()));
        };
        Regex::with_flags(expression, flags)
            .map(Self::Matches)
            .map_err(|error| Error::usage(format!("--filter: `{text}` is no regular expression")).because(error))
    }

    fn takes(&self, test: &Test) -> bool {
        // As Vitest joins names, and as emu shows them.
        let shown = test.full_name();
        let spaced = shown.replace(" › ", " ");
        [shown, spaced].iter().any(|name| match self {
            Self::Contains(part) => name.contains(part.as_str()),
            Self::Matches(expression) => expression.find(name).is_some(),
        })
    }
}

/// What the command line says of tests, and which failures are known.
pub(in crate::cli) struct Chosen<'a> {
    pub(in crate::cli) name: Option<NameFilter>,
    /// This test only.
    pub(in crate::cli) id: Option<String>,
    pub(in crate::cli) bugs: Option<&'a Bugs>,
    pub(in crate::cli) saved: Option<&'a Saved>,
}

impl Choice for Chosen<'_> {
    fn takes(&self, file: &str, test: &Test) -> bool {
        if let Some(saved) = self.saved {
            saved.meet(file, test);
        }
        self.id.as_ref().is_none_or(|id| *id == test.id) && self.name.as_ref().is_none_or(|name| name.takes(test))
    }

    fn failed_before(&self, file: &str, test: &Test) -> Vec<Known> {
        if !matches!(test.mode, Mode::Run | Mode::Only) {
            return Vec::new();
        }
        let bug = self.bugs.and_then(|bugs| bugs.find(file, test)).map(|rerun| Known { rerun, saved_in: None });
        let saved = self.saved.map(|saved| saved.of(file, test)).unwrap_or_default();
        bug.into_iter().chain(saved).collect()
    }

    fn passes_again(&self, file: &str, test: &Test, rerun: &Rerun) {
        if let Some(bugs) = self.bugs.filter(|bugs| bugs.find(file, test).as_ref() == Some(rerun)) {
            bugs.forget(file, test);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(name: &str) -> Test {
        Test::named("0", name, &["chat"])
    }

    #[test]
    fn names_are_filtered_by_parts_and_by_expressions() {
        for (filter, takes) in [
            ("keeps", true),
            ("chat keeps", true),
            ("chat › keeps", true),
            ("Keeps", false),
            ("/KEEPS/i", true),
            ("/^chat keeps .*s$/", true),
            ("/^keeps/", false),
            ("keeps/all", false),
        ] {
            let parsed = NameFilter::parse(filter).expect(filter);
            assert_eq!(parsed.takes(&test("keeps messages")), takes, "{filter}");
        }
        assert!(NameFilter::parse("/(/").is_err());
    }
}
