//! A stack deep enough for source text as deeply nested as people generate it.
//!
//! Invariant: the thread ends with the work.

use crate::error::{Error, Result};

/// Only what is used of it becomes memory.
pub(super) const STACK_BYTES: usize = 64 << 20;

/// Does work on a thread of its own, and waits for it.
///
/// # Errors
/// There is no thread to be had, or the work panicked.
pub(super) fn run<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T> {
    let failed = |error: std::io::Error| Error::internal("the bundler cannot be started").because(error);
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("bundle".to_owned()).stack_size(STACK_BYTES);
        let thread = builder.spawn_scoped(scope, work).map_err(failed)?;
        thread.join().map_err(|_| Error::internal("the bundler failed on this worker"))
    })
}
