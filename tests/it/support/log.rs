//! What a process writes, line by line, for tests to wait for.
//!
//! Invariant: reads for as long as the process writes; a process whose pipe is full would stand still.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

/// The lines of both outputs of a process, in the order they came.
#[derive(Clone, Default)]
pub(crate) struct Log {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    lines: Vec<String>,
    /// Outputs that have not ended.
    open: usize,
}

impl Log {
    /// Reads `output` to its end, beside everything else.
    pub(crate) fn follow(&self, output: impl Read + Send + 'static) {
        self.state().open += 1;
        let log = self.clone();
        thread::spawn(move || {
            for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                log.state().lines.push(String::from_utf8_lossy(&line).into_owned());
                log.shared.changed.notify_all();
            }
            log.state().open -= 1;
            log.shared.changed.notify_all();
        });
    }

    /// The first line at or after `from` that contains `what`, with its number; nothing if the outputs end, or the time,
    /// before it comes.
    pub(crate) fn find(&self, what: &str, from: usize, limit: Duration) -> Option<(usize, String)> {
        let mut seen = from;
        self.wait(limit, |state| {
            let found = state.lines.iter().enumerate().skip(seen).find(|(_, line)| line.contains(what));
            seen = state.lines.len().max(from);
            match found {
                Some((number, line)) => Some(Some((number, line.clone()))),
                None => (state.open == 0).then_some(None),
            }
        })
        .flatten()
    }

    /// Waits until both outputs have ended, as they do when the process ends. False if they do not.
    pub(crate) fn ended(&self, limit: Duration) -> bool {
        self.wait(limit, |state| (state.open == 0).then_some(())).is_some()
    }

    /// Everything so far.
    pub(crate) fn text(&self) -> String {
        self.state().lines.join("\n")
    }

    /// How many lines there are.
    pub(crate) fn len(&self) -> usize {
        self.state().lines.len()
    }

    fn wait<T>(&self, limit: Duration, mut ask: impl FnMut(&State) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + limit;
        let mut state = self.state();
        loop {
            if let Some(answer) = ask(&state) {
                return Some(answer);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            state = self.shared.changed.wait_timeout(state, left).expect("no reader panics").0;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().expect("no reader panics")
    }
}
