//! A stack deep enough for source text as deeply nested as people generate it.
//!
//! Invariant: the thread ends with the work.

use crate::error::{Error, Result};
use std::sync::Once;

/// Only what is used of it becomes memory.
pub(super) const STACK_BYTES: usize = 64 << 20;

/// Gives the threads on which rolldown works in parallel such a stack, too. They are the process's own, so this is done
/// once; whoever was first to use them has the say.
fn deepen_shared_threads() {
    static DONE: Once = Once::new();
    DONE.call_once(|| {
        // It fails when they run already, and then they are as they are.
        let _ = rayon::ThreadPoolBuilder::new().stack_size(STACK_BYTES).build_global();
    });
}

/// Does work on a thread of its own, and waits for it.
///
/// # Errors
/// There is no thread to be had, or the work panicked.
pub(super) fn run<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T> {
    let failed = |error: std::io::Error| Error::internal("the bundler cannot be started").because(error);
    deepen_shared_threads();
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("bundle".to_owned()).stack_size(STACK_BYTES);
        let thread = builder.spawn_scoped(scope, work).map_err(failed)?;
        thread.join().map_err(|_| Error::internal("the bundler failed on this worker"))
    })
}
