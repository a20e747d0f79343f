//! wrangler's configuration, from text to the worker that it means.
//!
//! Text becomes a tree with places (`syntax`), the tree is checked against the table of keys (`keys`, `shape`)
//! as seen from one environment (`environment`), and what is left is given its meaning (`meaning` and the files
//! it reads with). Problems are collected (`diagnostic`), so that the reader sees all of them at once.
//!
//! Read next: `keys` for what is known, `meaning` for what comes out, `fixtures/config` for what the reader sees.
//!
//! Invariant: pure. No file, no environment variable, no clock, no printing: the caller gives the text and shows the
//! diagnostics. Whatever the text, time and memory are bounded and nothing panics.

use std::path::PathBuf;

mod bundling;
mod compatibility;
mod diagnostic;
mod dotenv;
mod environment;
mod flags;
mod keys;
mod meaning;
mod migrations;
mod name;
mod objects;
mod routes;
pub mod scenario;
mod services;
mod shape;
mod syntax;
#[cfg(test)]
mod tests;
mod variables;

pub use bundling::{Bundling, ModuleRule, RuleType};
pub use compatibility::{Compatibility, DEFAULT_DATE, NEWEST_DATE};
pub use diagnostic::{Diagnostic, Place, Severity};
pub use dotenv::secret_files;
pub use meaning::{Build, Dev, Limits, Worker};
pub use migrations::Backend;
pub use objects::ObjectBinding;
pub use services::ServiceBinding;
pub use variables::Var;

/// The names under which a folder's configuration is looked for, in this order.
pub const CONFIG_NAMES: [&str; 3] = ["wrangler.json", "wrangler.jsonc", "wrangler.toml"];

/// A file's text. The extension `.toml` makes it TOML; any other configuration is JSON with comments.
#[derive(Clone, Debug)]
pub struct Source {
    /// The file, as the reader is to see it.
    pub path: PathBuf,
    /// All of its text.
    pub text: String,
}

/// What the command line says, which wins over the file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--env`: the environment. An empty name is the top level; without it the reader is told of environments.
    pub env: Option<String>,
    /// `--var NAME:value`, added to the variables.
    pub vars: Vec<(String, String)>,
    /// `--compatibility-date`, instead of the file's.
    pub compatibility_date: Option<String>,
    /// `--compatibility-flags`, instead of the file's; empty leaves the file's.
    pub compatibility_flags: Vec<String>,
    /// `--name`, instead of the file's; nothing is appended to it.
    pub name: Option<String>,
    /// Today in UTC, `YYYY-MM-DD`, for the warning of a date in the future; empty for none.
    pub today: String,
}

/// What came of a configuration.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The worker; none when a diagnostic is an error.
    pub worker: Option<Worker>,
    /// Everything to tell the reader, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a configuration. `secrets` are the files that [`secret_files`] names, in that order.
pub fn load(source: &Source, secrets: &[Source], overrides: &Overrides) -> Loaded {
    let file = diagnostic::File::new(&source.path, &source.text, 0);
    let mut report = diagnostic::Report::default();
    let mut reader = diagnostic::Reader { file: &file, report: &mut report };
    let worker = syntax::parse(&mut reader).map(|root| meaning::read(&mut reader, &root, secrets, overrides));
    let has_errors = report.has_errors();
    Loaded { worker: worker.filter(|_| !has_errors), diagnostics: report.finish() }
}
