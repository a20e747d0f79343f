//! How far tests are: one line that is drawn again and again on a terminal, a plain line now and then elsewhere.
//!
//! Invariant: on standard error only, never wider than the terminal, and gone when there is something else to read.

use crate::cli::takes_escapes;
use crate::world::real::steady;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

/// How often the line is drawn on a terminal, and how often it is written elsewhere.
const REDRAW: Duration = Duration::from_millis(100);
const REWRITE: Duration = Duration::from_secs(15);
/// How wide the bar is, and a terminal that does not say how wide it is.
const BAR_CHARS: usize = 20;
const COLUMNS: usize = 80;

/// The line of progress.
pub(super) struct Bar {
    is_terminal: bool,
    count: Count,
    began: Duration,
    drawn: Duration,
    is_shown: bool,
}

/// What there is to see.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    tests: usize,
    done: usize,
    failed: usize,
    runs: u64,
    /// When the budget is over, once it is known.
    end: Option<Duration>,
}

impl Bar {
    /// Nothing was done yet.
    pub(super) fn new() -> Self {
        let is_terminal = io::stderr().is_terminal() && takes_escapes();
        let now = steady();
        Self { is_terminal, count: Count::default(), began: now, drawn: now, is_shown: false }
    }

    /// So many tests begin.
    pub(super) fn begin(&mut self, tests: usize) {
        self.began = steady();
        self.count = Count { tests, ..Count::default() };
    }

    /// From now on there is this much time.
    pub(super) fn budget(&mut self, budget: Option<Duration>) {
        self.count.end = budget.map(|budget| steady() + budget);
    }

    /// So many runs more.
    pub(super) fn runs(&mut self, more: u64) {
        self.count.runs += more;
        self.draw();
    }

    /// A test has had all its runs.
    pub(super) fn test(&mut self, has_failed: bool) {
        self.count.done += 1;
        self.count.failed += usize::from(has_failed);
        self.draw();
    }

    fn draw(&mut self) {
        let now = steady();
        let pause = if self.is_terminal { REDRAW } else { REWRITE };
        if now.saturating_sub(self.drawn) < pause {
            return;
        }
        self.drawn = now;
        let line = match self.is_terminal {
            true => {
                self.is_shown = true;
                format!("\r\u{1b}[K{}", self.count.line(self.began, now, columns()))
            }
            false => format!("{}\n", self.count.parts(self.began, now).join(" · ")),
        };
        let _ = io::stderr().write_all(line.as_bytes());
    }

    /// Makes room for something else.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.is_shown) {
            let _ = io::stderr().write_all(b"\r\x1b[K");
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Count {
    /// What is shown, the most important first.
    fn parts(&self, began: Duration, now: Duration) -> Vec<String> {
        let seconds = now.saturating_sub(began).as_secs_f64();
        let rate = self.runs as f64 / seconds.max(0.001);
        let mut parts = vec![format!("{}/{} tests", self.done, self.tests)];
        parts.extend((self.failed > 0).then(|| format!("{} failed", self.failed)));
        parts.push(format!("{} runs", self.runs));
        parts.push(match self.end {
            Some(end) => format!("{:.0} s left", end.saturating_sub(now).as_secs_f64().ceil()),
            None => format!("{seconds:.0} s"),
        });
        parts.push(format!("{rate:.0} runs/s"));
        parts
    }

    /// The bar with as many parts as there is room for.
    fn line(&self, began: Duration, now: Duration, columns: usize) -> String {
        let filled = (BAR_CHARS * self.done).checked_div(self.tests).unwrap_or(BAR_CHARS).min(BAR_CHARS);
        let bar = format!("{}{} ", "━".repeat(filled), "─".repeat(BAR_CHARS - filled));
        let parts = self.parts(began, now);
        // The last column stays empty: some terminals wrap there.
        let has_room = |line: &String| line.chars().count() < columns;
        let shorter = (1..=parts.len()).rev().map(|count| parts[..count].join(" · "));
        let all = std::iter::once(format!("{bar}{}", parts.join(" · "))).chain(shorter);
        all.into_iter().find(has_room).unwrap_or_default()
    }
}

/// How wide the terminal is now.
fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stderr()).ok();
    size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0).unwrap_or(COLUMNS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_fits_its_terminal() {
        let second = Duration::from_secs(1);
        let count = Count { tests: 40, done: 10, failed: 1, runs: 900, end: Some(7 * second) };
        let all = "━━━━━─────────────── 10/40 tests · 1 failed · 900 runs · 4 s left · 300 runs/s";
        for (columns, line) in [
            (200, all),
            (79, all),
            (78, "10/40 tests · 1 failed · 900 runs · 4 s left · 300 runs/s"),
            (57, "10/40 tests · 1 failed · 900 runs · 4 s left"),
            (20, "10/40 tests"),
            (11, ""),
        ] {
            assert_eq!(count.line(Duration::ZERO, 3 * second, columns), line, "{columns}");
        }
        // Before the budget begins there is no telling what is left of it.
        let calm = Count { end: None, failed: 0, ..count };
        assert_eq!(calm.parts(Duration::ZERO, 3 * second), ["10/40 tests", "900 runs", "3 s", "300 runs/s"]);
    }
}
