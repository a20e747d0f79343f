//! Ctrl-C: what was found so far is told before the process ends.
//!
//! Invariant: whoever asks twice, or waits for longer than [`GRACE`], gets the process ended at once.

use super::runtime;
use crate::cli::{eprint, prepare};
use crate::error::{Error, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What an interrupted process exits with.
const INTERRUPTED: i32 = 130;
/// How long the runs that are under way may take to end.
const GRACE: Duration = Duration::from_secs(3);

/// Whether somebody wants the process to end.
#[derive(Clone, Default)]
pub(super) struct Interrupt {
    /// Somebody does.
    asked: Arc<AtomicBool>,
    /// There is somebody who looks at that, and has something to tell.
    is_heeded: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens for signals from now on.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub(super) fn listen() -> Result<Self> {
        let interrupt = Self::default();
        let (runtime, this) = (runtime()?, interrupt.clone());
        let thread = std::thread::Builder::new().name("signals".into()).spawn(move || runtime.block_on(this.wait()));
        thread.map_err(|error| Error::internal("no thread can be started").because(error))?;
        Ok(interrupt)
    }

    /// What a campaign looks at.
    pub(super) fn asked(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.asked)
    }

    /// Does something that looks at what was asked, and ends soon after.
    pub(super) fn heeded<T>(&self, work: impl FnOnce() -> T) -> T {
        self.is_heeded.store(true, Ordering::SeqCst);
        let done = work();
        self.is_heeded.store(false, Ordering::SeqCst);
        done
    }

    /// Ends the process if that was asked for, now that all is told.
    pub(super) fn obey(&self) {
        if self.asked.load(Ordering::SeqCst) {
            std::process::exit(INTERRUPTED);
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a process that is to end does not wait for its guests for long")]
    async fn wait(self) {
        let signals = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
        let (Ok(mut interrupt), Ok(mut terminate)) = signals else {
            eprint("warning: signals cannot be listened to: Ctrl-C ends emu without a word of what it has found\n");
            return;
        };
        either(&mut interrupt, &mut terminate).await;
        self.asked.store(true, Ordering::SeqCst);
        prepare::end_builds();
        eprint("\ninterrupted\n");
        if self.is_heeded.load(Ordering::SeqCst) {
            let _ = tokio::time::timeout(GRACE, either(&mut interrupt, &mut terminate)).await;
        }
        std::process::exit(INTERRUPTED);
    }
}

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}
