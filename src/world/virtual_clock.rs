//! A clock that stands still until somebody moves it, shared by all lanes of `emu serve --virtual-time`.
//!
//! Invariant: never goes back; whole milliseconds.

use std::sync::atomic::{AtomicU64, Ordering};

/// A clock that stands still.
pub struct VirtualClock {
    /// The bits of a non-negative number, which sort as the number does.
    now_bits: AtomicU64,
}

/// The last moment that JavaScript's `Date` knows.
pub const LAST_MS: f64 = 8.64e15;

impl VirtualClock {
    /// A clock that shows `now_ms`, in milliseconds since the epoch.
    pub fn new(now_ms: f64) -> Self {
        Self { now_bits: AtomicU64::new(bits(now_ms)) }
    }

    /// What it shows, in milliseconds since the epoch.
    pub fn now_ms(&self) -> f64 {
        f64::from_bits(self.now_bits.load(Ordering::SeqCst))
    }

    /// Moves it on, to the next whole millisecond. It never goes back.
    pub fn advance_to(&self, at_ms: f64) {
        self.now_bits.fetch_max(bits(at_ms), Ordering::SeqCst);
    }
}

fn bits(at_ms: f64) -> u64 {
    let at_ms = if at_ms.is_nan() { 0.0 } else { at_ms };
    at_ms.ceil().clamp(0.0, LAST_MS).to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_when_it_is_moved_and_never_back() {
        let clock = VirtualClock::new(1000.5);
        assert_eq!(clock.now_ms(), 1001.0);
        for (to_ms, shows_ms) in
            [(2000.2, 2001.0), (1.0, 2001.0), (f64::NAN, 2001.0), (-1.0, 2001.0), (f64::INFINITY, LAST_MS)]
        {
            clock.advance_to(to_ms);
            assert_eq!(clock.now_ms(), shows_ms, "{to_ms}");
        }
    }
}
