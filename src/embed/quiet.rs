//! Panics that are expected: a test is run hundreds of times, and only the last failure is to be seen.
//!
//! Invariant: panics of other threads, and of this one outside of [`quietly`], are told as ever.

use crate::world::shrink::is_same_headline;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

/// What a test panicked with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failed {
    pub(super) message: String,
    /// `file:line:column`.
    pub(super) place: String,
}

impl Failed {
    /// Whether another failure is the same one: at the same place, with the same words. Numbers may differ.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.place == other.place && is_same_headline(&self.message, &other.message)
    }
}

thread_local! {
    /// What this thread has panicked with, while that is expected.
    static EXPECTED: RefCell<Option<Vec<Failed>>> = const { RefCell::new(None) };
}

/// Does something, and catches its panic without a word.
pub(super) fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, Failed> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |panic| {
            let is_expected = EXPECTED.with_borrow_mut(|expected| {
                let Some(failures) = expected else { return false };
                let message = panic.payload_as_str().unwrap_or("a panic").to_owned();
                let place = panic.location().map(ToString::to_string).unwrap_or_default();
                failures.push(Failed { message, place });
                true
            });
            if !is_expected {
                usual(panic);
            }
        }));
    });
    let before = EXPECTED.replace(Some(Vec::new()));
    let done = catch_unwind(AssertUnwindSafe(work));
    let failures = EXPECTED.replace(before).unwrap_or_default();
    done.map_err(|payload| {
        // A panic that came from the world's own thread was told there.
        let text = || payload.downcast_ref::<String>().cloned().unwrap_or_else(|| "a panic".into());
        failures.into_iter().next_back().unwrap_or_else(|| Failed { message: text(), place: String::new() })
    })
}
