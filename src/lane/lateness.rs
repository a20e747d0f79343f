//! How late things were on purpose: whoever waits for one of them waits as much longer.
//!
//! Invariant: bounded, and never says less than it was.

use std::collections::VecDeque;

/// How many delays are remembered one by one.
const MAX_DELAYS: usize = 1024;

/// The delays of a world.
#[derive(Default)]
pub(super) struct Lateness {
    /// Until when each of them lasts, and how long it is, in milliseconds; the oldest first.
    delays: VecDeque<(f64, f64)>,
}

impl Lateness {
    pub(super) fn note(&mut self, until_ms: f64, delay_ms: f64) {
        if self.delays.len() >= MAX_DELAYS {
            self.join_oldest();
        }
        self.delays.push_back((until_ms, delay_ms));
    }

    /// Of delays that are long over it is only remembered that they were: who asks has rarely waited for that long.
    fn join_oldest(&mut self) {
        let Some((until_ms, delay_ms)) = self.delays.pop_front() else { return };
        if let Some(next) = self.delays.front_mut() {
            *next = (next.0.max(until_ms), next.1 + delay_ms);
        }
    }

    /// All delays together that were not over at `since_ms`.
    pub(super) fn since_ms(&self, since_ms: f64) -> f64 {
        self.delays.iter().filter(|(until_ms, _)| *until_ms > since_ms).map(|(_, delay_ms)| delay_ms).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_does_not_count_and_nothing_grows_for_ever() {
        let mut lateness = Lateness::default();
        let many = 10 * MAX_DELAYS;
        for at_ms in 1..=many {
            lateness.note(at_ms as f64, 2.0);
        }
        assert!(lateness.delays.len() <= MAX_DELAYS);
        for (since_ms, expected_ms) in [(0, 2 * many), (many - 3, 6), (many, 0)] {
            assert_eq!(lateness.since_ms(since_ms as f64), expected_ms as f64, "since {since_ms}");
        }
    }
}
