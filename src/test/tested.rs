//! What tests and files came to.
//!
//! A failure is first a [`Finding`], which a campaign makes, and then a [`Story`](super::story::Story), which reporters
//! tell; everything else is the same for both.
//!
//! Invariant: plain data.

use super::finding::Finding;
use super::program::Test;

/// What a test came to in all its runs. `F` is what is known of a failure.
#[derive(Clone, Debug)]
pub struct Tested<F = Finding> {
    /// The file, as people call it.
    pub file: String,
    /// The test.
    pub test: Test,
    /// How it ended.
    pub outcome: Outcome<F>,
    /// How many runs it had.
    pub runs: u64,
    /// Of how many single deviations how many were tried.
    pub explored: (usize, usize),
    /// How long it took in the calm run, in virtual milliseconds.
    pub virtual_ms: f64,
    /// How long all of it took, in milliseconds.
    pub real_ms: f64,
    /// What is to be said beside that: why it was not shaken, …
    pub notes: Vec<String>,
}

/// How a test ended.
#[derive(Clone, Debug)]
pub enum Outcome<F = Finding> {
    /// It passed in all runs.
    Passed,
    /// It failed, in the calm run or in another.
    Failed(Box<F>),
    /// It did not run.
    Skipped,
    /// It is not written yet.
    Todo,
}

impl<F> Tested<F> {
    /// A test that had one run.
    pub fn once(file: &str, test: Test, outcome: Outcome<F>) -> Self {
        Self {
            file: file.to_owned(),
            test,
            outcome,
            runs: 1,
            explored: (0, 0),
            virtual_ms: 0.0,
            real_ms: 0.0,
            notes: Vec::new(),
        }
    }

    /// The failure, if it failed.
    pub fn failure(&self) -> Option<&F> {
        match &self.outcome {
            Outcome::Failed(failure) => Some(failure),
            _ => None,
        }
    }
}

/// What a file came to in its calm run, but for its tests.
#[derive(Clone, Debug, Default)]
pub struct FileTested {
    /// The file, as people call it.
    pub name: String,
    /// Why it could not be run.
    pub broken: Option<String>,
    /// What was logged.
    pub logged: Vec<String>,
}
