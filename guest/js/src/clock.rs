//! The time of the turn.
//!
//! Invariant: set by the host's events only; it does not move while code runs (reference §2.2).

use std::cell::Cell;

thread_local! {
    static NOW_MS: Cell<f64> = const { Cell::new(0.0) };
    static HANDLING: Cell<bool> = const { Cell::new(false) };
}

/// Milliseconds since the epoch; 0 in global scope.
pub(crate) fn now_ms() -> f64 {
    NOW_MS.get()
}

/// An event begins.
pub(crate) fn turn_begins(now_ms: f64) {
    NOW_MS.set(now_ms);
    HANDLING.set(true);
}

/// Whether no event has been delivered yet: the worker's modules are being evaluated.
pub(crate) fn in_global_scope() -> bool {
    !HANDLING.get()
}
