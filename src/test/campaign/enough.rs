//! When a campaign makes no more runs: enough tests have failed, or somebody has interrupted it.
//!
//! Invariant: what is enough once stays enough.

use super::Options;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What all threads of a campaign look at before they make a run.
pub(super) struct Enough {
    failed: AtomicUsize,
    bail: Option<usize>,
    interrupted: Arc<AtomicBool>,
}

impl Enough {
    /// Nothing has failed yet.
    pub(super) fn of(options: &Options) -> Self {
        Self { failed: AtomicUsize::new(0), bail: options.bail, interrupted: Arc::clone(&options.interrupted) }
    }

    /// So many more tests or files have failed.
    pub(super) fn note_failures(&self, more: usize) {
        self.failed.fetch_add(more, Ordering::Relaxed);
    }

    /// Whether somebody waits for the end.
    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Why no more runs are made, if none are.
    pub(super) fn reason(&self) -> Option<&'static str> {
        if self.is_interrupted() {
            return Some("emu was interrupted");
        }
        let failed = self.failed.load(Ordering::Relaxed);
        self.bail.is_some_and(|bail| failed >= bail.max(1)).then_some("enough tests have failed")
    }
}
