//! Due times in order. Ties go first in, first out.
//!
//! Invariant: compares times; reads no clock.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Things that are due at times.
#[derive(Debug)]
pub struct Timers<T> {
    heap: BinaryHeap<Entry<T>>,
    added: u64,
}

#[derive(Debug)]
struct Entry<T> {
    due_ms: f64,
    order: u64,
    what: T,
}

impl<T> Default for Timers<T> {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), added: 0 }
    }
}

impl<T> Timers<T> {
    /// Makes `what` due at `due_ms`.
    pub fn add(&mut self, due_ms: f64, what: T) {
        self.added += 1;
        self.heap.push(Entry { due_ms, order: self.added, what });
    }

    /// When the first thing is due.
    pub fn next_ms(&self) -> Option<f64> {
        self.heap.peek().map(|entry| entry.due_ms)
    }

    /// The first thing that is due at `now_ms`.
    pub fn due(&mut self, now_ms: f64) -> Option<T> {
        (self.next_ms()? <= now_ms).then(|| self.heap.pop()).flatten().map(|entry| entry.what)
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        // The heap gives the greatest first, so the order is turned around.
        other.due_ms.total_cmp(&self.due_ms).then(other.order.cmp(&self.order))
    }
}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Entry<T> {}

#[cfg(test)]
mod tests {
    use super::Timers;

    #[test]
    fn things_come_due_in_order_of_time_then_of_addition() {
        let mut timers = Timers::default();
        for (due_ms, what) in [(5.0, "c"), (1.0, "a"), (5.0, "d"), (2.0, "b")] {
            timers.add(due_ms, what);
        }
        assert_eq!(timers.due(0.5), None);
        let order: Vec<_> = std::iter::from_fn(|| timers.due(5.0)).collect();
        assert_eq!(order, ["a", "b", "c", "d"]);
    }
}
