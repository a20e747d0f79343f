//! Marks (`always`, `sometimes` and `reachable` of `emu:test`), gathered over all runs of a test.
//!
//! One run cannot tell what others come to, so what no run has come to is known in the end only. `always` fails by itself,
//! and a place that is never reached says nothing; what is left is a `sometimes` that was looked at and never true.
//!
//! Invariant: says what was seen; judges nothing.

use serde::Deserialize;
use std::collections::BTreeMap;

/// A condition or a place that one run has met.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Mark {
    /// `always`, `sometimes` or `reachable`.
    pub kind: String,
    /// What the test calls it.
    pub name: String,
    /// Whether it was true at least once.
    pub hit: bool,
}

/// The marks of all runs of a test: by kind and name, whether any run hit it.
#[derive(Debug, Default)]
pub(super) struct Marks(BTreeMap<(String, String), bool>);

impl Marks {
    /// Takes in what a run has met.
    pub(super) fn gather(&mut self, marks: &[Mark]) {
        for Mark { kind, name, hit } in marks {
            *self.0.entry((kind.clone(), name.clone())).or_default() |= hit;
        }
    }

    /// What was true in none of so many runs, a sentence each.
    pub(super) fn never_true(&self, runs: u64) -> Vec<String> {
        let never = self.0.iter().filter(|(_, hit)| !**hit);
        never.map(|((kind, name), _)| format!("`{kind}(\"{name}\")` was true in none of {runs} runs")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_run_has_hit_is_told() {
        let mark = |kind: &str, name: &str, hit| Mark { kind: kind.into(), name: name.into(), hit };
        let mut marks = Marks::default();
        marks.gather(&[mark("sometimes", "retried", false), mark("sometimes", "late", false)]);
        marks.gather(&[mark("sometimes", "retried", true), mark("reachable", "here", true)]);
        marks.gather(&[mark("sometimes", "retried", false)]);
        assert_eq!(marks.never_true(3), ["`sometimes(\"late\")` was true in none of 3 runs"]);
    }
}
