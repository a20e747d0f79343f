//! The life of an object's instance (reference §1.14): when an idle one is hibernated or evicted, and what stops that.
//!
//! Invariant: decides from counts and times; carries nothing out.

use serde::Serialize;

/// When idle objects leave memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// How long a hibernateable object may be idle, in milliseconds; `None` keeps it for ever.
    pub idle_ms: Option<f64>,
    /// When to hibernate.
    pub hibernate: Hibernate,
    /// The object's worker has `durable_object_io_tasks_prevent_eviction` (on since 2026-10-01).
    pub io_tasks_prevent_eviction: bool,
}

/// `--hibernate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hibernate {
    /// As soon as nothing prevents it: after every event.
    AfterEveryEvent,
    /// When idle for long enough, as in production.
    WhenIdle,
    /// Never; idle objects stay.
    Never,
}

impl Default for Policy {
    /// Production's: 10 s.
    fn default() -> Self {
        Self { idle_ms: Some(10_000.0), hibernate: Hibernate::WhenIdle, io_tasks_prevent_eviction: false }
    }
}

/// An object that cannot hibernate is evicted after so many times the idle period (70 s of production's 10 s).
const STUCK_FACTOR: f64 = 7.0;
/// With `durable_object_io_tasks_prevent_eviction`, pending work keeps an object this long.
const MAX_KEPT_MS: f64 = 15.0 * 60.0 * 1000.0;

/// Something that keeps an object from being hibernated.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Blocker {
    /// What it is.
    pub kind: BlockerKind,
    /// A sentence for the reader of `emu do why`.
    pub what: String,
    /// Since when, in milliseconds since the epoch.
    pub since_ms: f64,
}

/// The kinds of things that keep an object in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BlockerKind {
    /// A request or other event that has not been answered.
    Event,
    /// A promise given to `waitUntil`.
    WaitUntil,
    /// A pending `fetch` or call of another object.
    Fetch,
    /// `setTimeout` and the like.
    Timer,
    /// A request or response body that is still read or written.
    Body,
    /// A socket accepted with `accept()`.
    StandardSocket,
    /// A socket this object opened.
    OutgoingSocket,
    /// An open `blockConcurrencyWhile` or `transaction`.
    CriticalSection,
    /// Waiting in the queue of the object.
    Queued,
}

impl BlockerKind {
    /// Whether it prevents even the eviction of a stuck object: work that somebody is waiting for.
    fn pins(self) -> bool {
        !matches!(self, Self::Timer | Self::WaitUntil)
    }
}

/// What to do with an idle object now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decision {
    /// Leave it, and do not ask again before something happens.
    Stay,
    /// Leave it, and ask again at this time.
    AskAt(f64),
    /// Drop the instance; its hibernatable sockets stay.
    Hibernate,
    /// Drop the instance although timers or `waitUntil` are pending in it.
    Evict,
}

/// Decides about an object whose last event ended at `idle_since_ms`.
pub fn decide(policy: Policy, blockers: &[BlockerKind], idle_since_ms: f64, now_ms: f64) -> Decision {
    if blockers.iter().any(|kind| kind.pins()) {
        return Decision::Stay;
    }
    let free = blockers.is_empty();
    match (policy.hibernate, policy.idle_ms) {
        (Hibernate::AfterEveryEvent, _) if free => Decision::Hibernate,
        (Hibernate::Never, _) | (_, None) => Decision::Stay,
        (_, Some(idle_ms)) => {
            let due_ms = idle_since_ms
                + match (free, policy.io_tasks_prevent_eviction) {
                    (true, _) => idle_ms,
                    (false, true) => MAX_KEPT_MS.max(idle_ms),
                    (false, false) => idle_ms * STUCK_FACTOR,
                };
            match (now_ms >= due_ms, free) {
                (false, _) => Decision::AskAt(due_ms),
                (true, true) => Decision::Hibernate,
                (true, false) => Decision::Evict,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use BlockerKind::{Event, Fetch, StandardSocket, Timer, WaitUntil};

    #[test]
    fn idle_objects_leave_by_the_policy() {
        let idle = Policy::default();
        let eager = Policy { hibernate: Hibernate::AfterEveryEvent, ..idle };
        let never = Policy { hibernate: Hibernate::Never, ..idle };
        let kept = Policy { idle_ms: None, ..idle };
        let since_october = Policy { io_tasks_prevent_eviction: true, ..idle };
        let table: &[(Policy, &[BlockerKind], f64, Decision)] = &[
            (idle, &[], 0.0, Decision::AskAt(10_000.0)),
            (idle, &[], 10_000.0, Decision::Hibernate),
            (idle, &[Timer], 10_000.0, Decision::AskAt(70_000.0)),
            (idle, &[Timer, WaitUntil], 70_000.0, Decision::Evict),
            (idle, &[StandardSocket], 1e9, Decision::Stay),
            (idle, &[Fetch], 1e9, Decision::Stay),
            (eager, &[], 0.0, Decision::Hibernate),
            (eager, &[Event], 0.0, Decision::Stay),
            (eager, &[Timer], 0.0, Decision::AskAt(70_000.0)),
            (never, &[], 1e9, Decision::Stay),
            (kept, &[], 1e9, Decision::Stay),
            (since_october, &[Timer], 70_000.0, Decision::AskAt(900_000.0)),
            (since_october, &[Timer], 900_000.0, Decision::Evict),
            (since_october, &[], 10_000.0, Decision::Hibernate),
        ];
        for (policy, blockers, now_ms, expected) in table {
            assert_eq!(decide(*policy, blockers, 0.0, *now_ms), *expected, "{policy:?} {blockers:?} at {now_ms}");
        }
    }
}
