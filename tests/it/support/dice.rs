//! Pseudo-random numbers.
//!
//! Invariant: the seed is printed, and given again it leads to the same numbers.

use std::time::{SystemTime, UNIX_EPOCH};

/// Pseudo-random numbers from a seed: `EMU_TEST_SEED`, or the time.
pub(crate) struct Dice {
    state: u64,
}

impl Dice {
    /// Draws a seed and prints it.
    pub(crate) fn new() -> Self {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is set").as_nanos() as u64;
        let seed = std::env::var("EMU_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(now);
        println!("EMU_TEST_SEED={seed}");
        Self { state: seed | 1 }
    }

    /// Other dice that follow from these.
    pub(crate) fn split(&mut self) -> Self {
        Self { state: self.below(u64::MAX) | 1 }
    }

    /// A number from 0 to `end`, exclusive.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % end
    }

    /// One of these.
    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len() as u64) as usize]
    }
}
