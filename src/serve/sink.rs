//! Where lines of the log go: they are collected for a moment and written together, for a write per request would cost as
//! much as answering it.
//!
//! Invariant: lines leave in the order they came, whole. That nobody reads them is no reason to stop serving.

use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How long lines are collected.
const LINGER: Duration = Duration::from_millis(2);
/// Bytes that may wait for a reader that has stopped reading; further lines are dropped.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Lines on their way to standard output.
pub(super) struct Sink {
    lines: Mutex<Vec<u8>>,
    some: Condvar,
    /// Held while writing, so that two writers keep the order.
    writing: Mutex<()>,
}

impl Sink {
    /// Starts the thread that writes.
    #[expect(clippy::disallowed_methods, reason = "the log's own thread; nothing a guest sees depends on it")]
    pub(super) fn start() -> Arc<Self> {
        let sink = Arc::new(Self { lines: Mutex::default(), some: Condvar::new(), writing: Mutex::default() });
        let shared = Arc::downgrade(&sink);
        thread::spawn(move || {
            while let Some(sink) = shared.upgrade() {
                sink.wait();
                thread::sleep(LINGER);
                sink.write_out();
            }
        });
        sink
    }

    /// Adds a line.
    pub(super) fn add(&self, line: &str) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() + line.len() > MAX_BYTES {
            return;
        }
        let was_empty = lines.is_empty();
        lines.extend_from_slice(line.as_bytes());
        lines.push(b'\n');
        drop(lines);
        if was_empty {
            self.some.notify_one();
        }
    }

    /// Writes what there is.
    pub(super) fn write_out(&self) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = std::mem::take(&mut *self.lines.lock().unwrap_or_else(PoisonError::into_inner));
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(&lines).and_then(|()| out.flush());
    }

    fn wait(&self) {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.some.wait_timeout_while(lines, Duration::from_secs(1), |lines| lines.is_empty());
        drop(waited);
    }
}
