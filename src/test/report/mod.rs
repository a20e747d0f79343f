//! How results are told: to people ([`pretty`]) and to tools ([`tap`], [`junit`], [`json`], [`github`]).
//!
//! Invariant: a reporter is told everything and decides nothing; what it writes follows from that alone.

mod github;
mod json;
mod junit;
mod pretty;
mod tap;

#[cfg(test)]
mod tests;

use super::story::{Story, one_line};
use super::tested::{FileTested, Tested};
use super::timeline::View;
pub use github::InCheckout;
use std::io::{self, Write};

/// Which reporter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReporterName {
    /// For people.
    Pretty,
    /// The Test Anything Protocol, version 14.
    Tap,
    /// JUnit's XML as Jenkins reads it.
    Junit,
    /// One JSON object a line.
    Json,
    /// Annotations of GitHub's workflows.
    Github,
}

impl ReporterName {
    /// The reporter of a name.
    ///
    /// # Errors
    /// When there is none of this name: which there are.
    pub fn named(name: &str) -> Result<Self, String> {
        Ok(match name {
            "pretty" | "default" => Self::Pretty,
            "tap" => Self::Tap,
            "junit" => Self::Junit,
            "json" => Self::Json,
            "github" | "github-actions" => Self::Github,
            _ => {
                let shown: String = name.chars().take(40).collect();
                return Err(format!("there is no reporter `{shown}`; there are pretty, tap, junit, json and github"));
            }
        })
    }
}

/// What all runs are made with.
#[derive(Clone, Debug, Default)]
pub struct Begin {
    /// Files.
    pub files: usize,
    /// Tests.
    pub tests: usize,
    /// What the seeds of runs are made of, as text.
    pub base: String,
}

/// A test and what it came to, ready to be told.
pub type Told = Tested<Story>;

/// What everything came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Tests that passed.
    pub passed: usize,
    /// Tests that failed.
    pub failed: usize,
    /// Tests that did not run.
    pub skipped: usize,
    /// Tests that are not written yet.
    pub todo: usize,
    /// Files.
    pub files: usize,
    /// Files that could not be run.
    pub broken: usize,
    /// Runs.
    pub runs: u64,
    /// How long it all took, in milliseconds.
    pub real_ms: f64,
    /// What the seeds of runs were made of, as text.
    pub base: String,
    /// Tests of which two runs with the same seed differed.
    pub nondeterministic: usize,
}

impl Summary {
    /// Whether nothing failed.
    pub fn is_good(&self) -> bool {
        self.failed == 0 && self.broken == 0
    }
}

/// Tells results as they come.
pub trait Reporter {
    /// Tests begin.
    ///
    /// # Errors
    /// When nothing can be written; so with the others.
    fn begin(&mut self, begin: &Begin, out: &mut dyn Write) -> io::Result<()>;

    /// A file has been run calmly.
    fn file(&mut self, file: &FileTested, out: &mut dyn Write) -> io::Result<()>;

    /// A test has had all its runs.
    fn test(&mut self, test: &Told, out: &mut dyn Write) -> io::Result<()>;

    /// Everything is over.
    fn end(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()>;
}

/// A reporter. Colours, and a timeline that leaves out what there is no room for, are only for people; the folders are
/// for GitHub.
pub fn reporter(name: ReporterName, has_colours: bool, view: View, folders: &InCheckout) -> Box<dyn Reporter> {
    match name {
        ReporterName::Pretty => Box::new(pretty::Pretty::new(has_colours, view)),
        ReporterName::Tap => Box::new(tap::Tap::default()),
        ReporterName::Junit => Box::new(junit::Junit::default()),
        ReporterName::Json => Box::new(json::Json),
        ReporterName::Github => Box::new(github::Github { folders: folders.clone() }),
    }
}

/// The story of a failure as plain text.
pub fn plain_story(told: &Told, view: View) -> String {
    pretty::story(told, &pretty::Paint::plain(), view)
}

/// The file and the test, as people call them.
fn title(told: &Told) -> String {
    format!("{} › {}", told.file, one_line(&told.test.full_name()))
}

/// `1 run`, `2 runs`.
fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
