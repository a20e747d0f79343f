//! What the tests drive emu with: a project in a folder of its own, the real binary, and clients this project did not
//! write.
//!
//! Reading order: [`project`], [`emu`], [`log`], [`http`], [`socket`],
//! [`raw`], [`objects`], [`script`], [`dice`], [`workerd`].
//!
//! Invariant: asserts nothing about the platform; every wait is bounded, and ends with the whole log when it fails.

mod dice;
mod emu;
mod http;
mod log;
mod objects;
mod project;
mod raw;
mod script;
mod socket;
mod workerd;

pub(crate) use dice::Dice;
pub(crate) use emu::{Emu, Ended, ends};
pub(crate) use http::{Reply, agent, exchange};
pub(crate) use project::{Project, repository};
pub(crate) use raw::{Raw, frame};
pub(crate) use socket::{Got, Socket};
pub(crate) use workerd::Workerd;

use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long anything may take that should take a moment. Generous: the machines that run this are small and busy.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// Asks until there is an answer.
///
/// # Panics
/// When there is none within [`LIMIT`].
pub(crate) fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what}: not within {LIMIT:?}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Milliseconds since the epoch.
pub(crate) fn now_ms() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is set").as_secs_f64() * 1000.0
}
