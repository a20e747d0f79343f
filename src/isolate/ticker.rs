//! What makes epochs pass while guests run.
//!
//! A ticker raises the epoch every [`TICK`], so that a turn that crosses a tick can be asked how much CPU time its thread
//! has used. Turns shorter than a tick, which is nearly all, pay nothing. The ticker parks itself when no turn has started
//! for a while, so that an idle process is idle.
//!
//! Invariant: the interval decides how soon a runaway guest is noticed and nothing that a guest can observe.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How often a running turn is looked at.
const TICK: Duration = Duration::from_millis(10);

/// Ticks without any turn after which the ticker parks.
const IDLE_TICKS_BEFORE_PARKING: u32 = 100;

/// Raises the epoch while turns run.
pub(super) struct Ticker {
    turns: AtomicU64,
    /// Turns that are running now: while there is one, the ticker does not park.
    running: AtomicUsize,
    parked: AtomicBool,
    stop: AtomicBool,
    thread: std::sync::OnceLock<JoinHandle<()>>,
}

impl Ticker {
    #[expect(clippy::disallowed_methods, reason = "the interval bounds runaway guests; no guest can observe it")]
    pub(super) fn start(engine: wasmtime::Engine) -> Arc<Self> {
        let ticker = Arc::new(Self {
            turns: AtomicU64::new(0),
            running: AtomicUsize::new(0),
            parked: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            thread: std::sync::OnceLock::new(),
        });
        let shared = Arc::downgrade(&ticker);
        let thread = thread::spawn(move || {
            let (mut seen, mut idle_ticks) = (0, 0);
            loop {
                thread::sleep(TICK);
                engine.increment_epoch();
                let Some(ticker) = shared.upgrade() else { return };
                if ticker.stop.load(Ordering::Relaxed) {
                    return;
                }
                let turns = ticker.turns.load(Ordering::Relaxed);
                let idle = turns == seen && ticker.running.load(Ordering::SeqCst) == 0;
                idle_ticks = if idle { idle_ticks + 1 } else { 0 };
                seen = turns;
                if idle_ticks > IDLE_TICKS_BEFORE_PARKING {
                    ticker.parked.store(true, Ordering::SeqCst);
                    // A turn that began between the count above and the store below us finds the flag or is found here.
                    if ticker.turns.load(Ordering::SeqCst) == seen {
                        thread::park_timeout(Duration::from_secs(60));
                    }
                    ticker.parked.store(false, Ordering::SeqCst);
                    idle_ticks = 0;
                }
            }
        });
        let _ = ticker.thread.set(thread);
        ticker
    }

    /// Tells the ticker that a turn begins; it ends with the value.
    pub(super) fn turn_begins(&self) -> RunningTurn<'_> {
        self.running.fetch_add(1, Ordering::SeqCst);
        self.turns.fetch_add(1, Ordering::SeqCst);
        if self.parked.load(Ordering::SeqCst)
            && let Some(thread) = self.thread.get()
        {
            thread.thread().unpark();
        }
        RunningTurn(self)
    }
}

/// A turn that is running.
pub(super) struct RunningTurn<'a>(&'a Ticker);

impl Drop for RunningTurn<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.get() {
            thread.thread().unpark();
        }
    }
}
