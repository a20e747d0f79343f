//! Due times in order. Ties go first in, first out.
//!
//! Invariant: compares times; reads no clock. What is cancelled takes no room.

use std::collections::BTreeMap;

/// Things that are due at times, in milliseconds since the epoch.
#[derive(Debug)]
pub struct Timers<T> {
    due: BTreeMap<TimerKey, T>,
    added: u64,
}

/// Names a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimerKey {
    /// The bits of a non-negative number, which sort as the number does.
    due_bits: u64,
    order: u64,
}

impl<T> Default for Timers<T> {
    fn default() -> Self {
        Self { due: BTreeMap::new(), added: 0 }
    }
}

impl<T> Timers<T> {
    /// Makes `what` due at `due_ms`.
    pub fn add(&mut self, due_ms: f64, what: T) -> TimerKey {
        self.added += 1;
        let key = TimerKey { due_bits: due_ms.max(0.0).to_bits(), order: self.added };
        self.due.insert(key, what);
        key
    }

    /// Forgets a timer, if it is not due yet.
    pub fn cancel(&mut self, key: TimerKey) {
        self.due.remove(&key);
    }

    /// Forgets all timers for things that `is_taken` says, and gives these, in order.
    pub fn take_all(&mut self, is_taken: impl Fn(&T) -> bool) -> Vec<T> {
        self.due.extract_if(.., |_, what| is_taken(what)).map(|(_, what)| what).collect()
    }

    /// When the first thing is due.
    pub fn next_ms(&self) -> Option<f64> {
        self.due.first_key_value().map(|(key, _)| f64::from_bits(key.due_bits))
    }

    /// The first thing that is due at `now_ms`.
    pub fn due(&mut self, now_ms: f64) -> Option<T> {
        (self.next_ms()? <= now_ms).then(|| self.due.pop_first()).flatten().map(|(_, what)| what)
    }
}

#[cfg(test)]
mod tests {
    use super::Timers;

    #[test]
    fn things_come_due_in_order_of_time_then_of_addition() {
        let mut timers = Timers::default();
        for (due_ms, what) in [(5.0, "c"), (1.0, "a"), (5.0, "d"), (2.0, "b"), (-7.0, "first")] {
            timers.add(due_ms, what);
        }
        assert_eq!((timers.due(-1.0), timers.next_ms()), (None, Some(0.0)));
        let order: Vec<_> = std::iter::from_fn(|| timers.due(5.0)).collect();
        assert_eq!(order, ["first", "a", "b", "c", "d"]);
    }

    #[test]
    fn what_is_taken_is_never_due() {
        let mut timers = Timers::default();
        for (due_ms, what) in [(3.0, "c"), (1.0, "a"), (2.0, "b")] {
            timers.add(due_ms, what);
        }
        assert_eq!(timers.take_all(|what| *what != "b"), ["a", "c"]);
        assert_eq!((timers.due(9.0), timers.due(9.0)), (Some("b"), None));
    }

    #[test]
    fn a_cancelled_timer_is_never_due() {
        let mut timers = Timers::default();
        let key = timers.add(1.0, "cancelled");
        timers.add(2.0, "kept");
        timers.cancel(key);
        assert_eq!(timers.due(9.0), Some("kept"));
        assert_eq!(timers.due(9.0), None);
    }
}
