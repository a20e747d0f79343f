//! What a lane needs where somebody asked for more than the real world: `--seed`, `--chaos`, `--virtual-time`.
//!
//! Invariant: decides nothing; the lane's world does. Everything that strikes is said in the log.

use super::clock::Clock;
use super::log::Log;
use crate::lane::Lane;
use crate::storage::Storage;
use crate::world::levers::{LeveredWorld, Strike};
use crate::world::{Point, Whose, World};
use std::rc::Rc;
use std::sync::Arc;

/// What a lane needs where somebody asked for levers.
pub(super) struct LaneLevers {
    pub(super) world: Rc<LeveredWorld>,
    pub(super) storage: Storage,
    pub(super) clock: Option<Arc<Clock>>,
}

/// What becomes of a request to the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FetchFault {
    /// It fails.
    Fails,
    /// It is never answered.
    Hangs,
}

impl LaneLevers {
    /// Before the lane runs: SQL sees the world's time.
    pub(super) fn before_run(&self) {
        self.storage.set_time_ms(self.world.now_ms() as i64);
    }

    /// After the lane has run: what struck is told.
    pub(super) fn after_run(&self, lane: &Lane, log: &Log) {
        for Strike { point, whose } in self.world.take_strikes() {
            log.warn(&strike_text(point, lane.name_of(whose).as_deref()));
        }
    }

    /// What becomes of a request to the network, which is told at once.
    pub(super) fn fetch_fault(&self, url: &str, log: &Log) -> Option<FetchFault> {
        let strikes = |point| self.world.choose(point, Whose::WORLD, 2) == 1;
        let fault = if strikes(Point::FetchHangs) {
            FetchFault::Hangs
        } else if strikes(Point::FetchFails) {
            FetchFault::Fails
        } else {
            return None;
        };
        for Strike { point, .. } in self.world.take_strikes() {
            log.warn(&strike_text(point, Some(url)));
        }
        Some(fault)
    }
}

fn strike_text(point: Point, at: Option<&str>) -> String {
    let at = at.map(|at| format!(" at {at}")).unwrap_or_default();
    format!("chaos: `{point}`{at}: {}. What must hold: {}", point.meaning(), point.holds())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strike_is_told_with_what_must_hold() {
        assert_eq!(
            strike_text(Point::AlarmTwice, Some("Room/lobby")),
            "chaos: `alarm-twice` at Room/lobby: an alarm that has succeeded runs again. What must hold: the handler is \
             idempotent"
        );
        assert!(strike_text(Point::Deploy, None).starts_with("chaos: `deploy`: a new version"));
    }
}
