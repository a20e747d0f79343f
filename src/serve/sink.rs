//! Where lines of the log go: they are collected for a moment and written together, for a write per request is a fifth of
//! the time of answering one.
//!
//! Invariant: lines leave in the order they came, whole. That nobody reads them is no reason to stop serving.

use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How long lines are collected.
const LINGER: Duration = Duration::from_millis(2);
/// How long [`Sink::flush`] waits.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(500);
/// Bytes that may wait for a reader that has stopped reading; further lines are dropped, and counted.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Lines on their way to standard output.
pub(super) struct Sink {
    waiting: Mutex<Waiting>,
    some: Condvar,
    none: Condvar,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    /// Lines for which there was no room.
    dropped: u64,
    /// Earlier lines are being written.
    writing: bool,
    /// Somebody waits for what is there to be written.
    hurried: bool,
}

impl Sink {
    /// Starts the thread that writes.
    #[expect(clippy::disallowed_methods, reason = "the log's own thread; nothing a guest sees depends on it")]
    pub(super) fn start() -> Arc<Self> {
        let sink = Arc::new(Self { waiting: Mutex::default(), some: Condvar::new(), none: Condvar::new() });
        let shared = Arc::downgrade(&sink);
        thread::spawn(move || {
            while let Some(sink) = shared.upgrade() {
                sink.wait();
                sink.linger();
                sink.write_out();
            }
        });
        sink
    }

    /// Adds a line.
    pub(super) fn add(&self, line: &str) {
        let mut waiting = self.lock();
        if waiting.lines.len() + line.len() > MAX_BYTES {
            waiting.dropped += 1;
            return;
        }
        let was_empty = waiting.lines.is_empty();
        waiting.lines.extend_from_slice(line.as_bytes());
        waiting.lines.push(b'\n');
        drop(waiting);
        if was_empty {
            self.some.notify_one();
        }
    }

    /// Waits until everything is written, but not for a reader that does not read.
    pub(super) fn flush(&self) {
        let mut waiting = self.lock();
        waiting.hurried = !waiting.lines.is_empty();
        self.some.notify_one();
        let is_unwritten = |waiting: &mut Waiting| waiting.writing || !waiting.lines.is_empty();
        drop(self.none.wait_timeout_while(waiting, FLUSH_TIMEOUT, is_unwritten));
    }

    /// Writes what there is. Only the sink's own thread does, for it may take for ever.
    fn write_out(&self) {
        let lines = {
            let mut waiting = self.lock();
            waiting.writing = true;
            waiting.hurried = false;
            let dropped = std::mem::take(&mut waiting.dropped);
            let mut lines = std::mem::take(&mut waiting.lines);
            if dropped > 0 {
                lines.extend_from_slice(format!("({dropped} lines were dropped: nobody read the log)\n").as_bytes());
            }
            lines
        };
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(&lines).and_then(|()| out.flush());
        drop(out);
        self.lock().writing = false;
        self.none.notify_all();
    }

    fn wait(&self) {
        let waited =
            self.some.wait_timeout_while(self.lock(), Duration::from_secs(1), |waiting| waiting.lines.is_empty());
        drop(waited);
    }

    /// Collects lines for a moment, unless somebody waits for them.
    fn linger(&self) {
        drop(self.some.wait_timeout_while(self.lock(), LINGER, |waiting| !waiting.hurried));
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
