//! A bundle whose entry is no file: what `emu test` makes of a test file and the worker it tests.
//!
//! Invariant: text only; which modules the engine is given beside the bundle is for the caller to know.

use std::path::PathBuf;

/// The id of the entry. It begins as virtual modules do, so that nobody looks for a file of this name.
pub(super) const ID: &str = "\0emu:entry";

/// What the entry imports to have [`Entry::first`] evaluated.
pub const FIRST: &str = "emu:first";
/// The id of that module.
pub(super) const FIRST_ID: &str = "\0emu:first";

/// What is bundled where that is not `main`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// An ES module. It imports files by absolute paths, and each of them is evaluated.
    pub source: String,
    /// An ES module that the entry imports as [`FIRST`], before the files that it is to be evaluated before.
    pub first: String,
    /// The files among its imports that may replace modules with `vi.mock()`, in order.
    pub mocking: Vec<PathBuf>,
    /// Modules that the engine is given beside the bundle, by their exact specifiers.
    pub outside: Vec<String>,
    /// How the specifiers begin of modules that must not be imported, and what to do instead. What is outside may be.
    pub refused: Vec<(String, String)>,
}

impl Entry {
    /// The text of the module with this id, where it is one of these.
    pub(super) fn module(&self, id: &str) -> Option<&str> {
        match id {
            ID => Some(&self.source),
            FIRST_ID => Some(&self.first),
            _ => None,
        }
    }

    /// Whether the engine is given this module.
    pub(super) fn is_outside(&self, specifier: &str) -> bool {
        self.outside.iter().any(|outside| outside == specifier)
    }

    /// What to do instead of importing this module; none where it may be imported.
    pub(super) fn refusal(&self, specifier: &str) -> Option<String> {
        if self.is_outside(specifier) {
            return None;
        }
        let refused = self.refused.iter().find(|(start, _)| specifier.starts_with(start.as_str()));
        refused.map(|(_, help)| help.clone())
    }
}
