//! What a lane needs where somebody asked for more than the real world: `--seed`, `--chaos`, `--virtual-time`.
//!
//! Invariant: decides nothing; the lane's world does. Everything that strikes is said in the log.

use super::clock::Clock;
use super::log::Log;
use crate::lane::{FetchId, Lane};
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

    /// What becomes of a request to the network, which is told at once. It is drawn for whoever asks, as in simulated
    /// worlds.
    pub(super) fn fetch_fault(&self, lane: &Lane, fetch: FetchId, url: &str, log: &Log) -> Option<FetchFault> {
        let asker = lane.asker(fetch);
        let fault = draw_fetch_fault(&*self.world, asker)?;
        let at = lane.name_of(asker).map_or_else(|| url.to_owned(), |name| format!("{name} ({url})"));
        for Strike { point, .. } in self.world.take_strikes() {
            log.warn(&strike_text(point, Some(&at)));
        }
        Some(fault)
    }
}

fn draw_fetch_fault(world: &dyn World, asker: Whose) -> Option<FetchFault> {
    let strikes = |point| world.choose(point, asker, 2) == 1;
    if strikes(Point::FetchHangs) {
        Some(FetchFault::Hangs)
    } else {
        strikes(Point::FetchFails).then_some(FetchFault::Fails)
    }
}

fn strike_text(point: Point, at: Option<&str>) -> String {
    let at = at.map(|at| format!(" at {at}")).unwrap_or_default();
    format!("chaos: `{point}`{at}: {}. What must hold: {}", point.meaning(), point.holds())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::levers::Levers;
    use crate::world::{Points, Seed};

    #[test]
    fn what_becomes_of_a_request_depends_on_those_of_the_same_asker_only() {
        let chaos = Points::parse("fetch-fails,fetch-hangs").expect("points");
        let faults = |others: usize| -> Vec<_> {
            let world = LeveredWorld::new(&Levers { seed: Seed(1), chaos, clock: None }, 0);
            let draw = |_| {
                (0..others).for_each(|_| _ = draw_fetch_fault(&world, Whose(2)));
                draw_fetch_fault(&world, Whose(1))
            };
            (0..400).map(draw).collect()
        };
        assert_eq!(faults(0), faults(1));
        for fault in [FetchFault::Fails, FetchFault::Hangs] {
            assert!(faults(0).contains(&Some(fault)), "{fault:?}");
        }
    }

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
