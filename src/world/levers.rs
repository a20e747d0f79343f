//! The world of `emu serve` where somebody asked for more than the real one: randomness and faults by a seed, a clock
//! that stands still.
//!
//! Invariant: what nobody asked for is as in the real world. What is decided other than calm is kept until it is told.

use super::driver::{Draw, Driver, Swarm};
use super::mix::mix;
use super::point::{Point, Points};
use super::real::RealWorld;
use super::seed::Seed;
use super::simulated::SQL;
use super::streams::Streams;
use super::virtual_clock::VirtualClock;
use super::whose::Whose;
use super::{TraceKind, World};
use std::cell::RefCell;
use std::sync::Arc;

/// What somebody asked for.
#[derive(Clone)]
pub struct Levers {
    /// Where the guests' randomness and all decisions come from.
    pub seed: Seed,
    /// Where something may be decided other than calm.
    pub chaos: Points,
    /// The clock of all lanes; `None` is the system's.
    pub clock: Option<Arc<VirtualClock>>,
}

impl Levers {
    /// The driver that decides. It is the same for all lanes, whose objects differ anyway.
    pub fn swarm(&self) -> Swarm {
        Swarm::new(self.seed.0, self.chaos, u32::MAX)
    }
}

/// Something that was decided other than calm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strike {
    /// Where.
    pub point: Point,
    /// For whom.
    pub whose: Whose,
}

/// A lane's world where somebody asked for levers.
pub struct LeveredWorld {
    real: RealWorld,
    clock: Option<Arc<VirtualClock>>,
    seed: u64,
    streams: Streams,
    chaos: Points,
    swarm: RefCell<Swarm>,
    strikes: RefCell<Vec<Strike>>,
}

impl LeveredWorld {
    /// The world of the lane `lane`. Lanes have streams of their own, lest two of them give the same id.
    pub fn new(levers: &Levers, lane: usize) -> Self {
        let seed = if lane == 0 { levers.seed.0 } else { mix(&[levers.seed.0, lane as u64]) };
        Self {
            real: RealWorld::default(),
            clock: levers.clock.clone(),
            seed,
            streams: Streams::new(seed),
            chaos: levers.chaos,
            swarm: RefCell::new(levers.swarm()),
            strikes: RefCell::default(),
        }
    }

    /// The seed of SQL's randomness, for the storage of this lane.
    pub fn sql_seed(&self) -> u64 {
        mix(&[SQL, self.seed])
    }

    /// What was decided other than calm since this was asked last, in order.
    pub fn take_strikes(&self) -> Vec<Strike> {
        self.strikes.take()
    }
}

impl World for LeveredWorld {
    fn now_ms(&self) -> f64 {
        self.clock.as_ref().map_or_else(|| self.real.now_ms(), |clock| clock.now_ms())
    }

    fn random(&self, whose: Whose, out: &mut [u8]) {
        self.streams.random(whose, out);
    }

    fn choose(&self, point: Point, whose: Whose, n: usize) -> usize {
        // What leaves no choice is not counted: an order of one task is none.
        let n = u32::try_from(n).unwrap_or(u32::MAX);
        if n < 2 || !self.chaos.contains(point) {
            return 0;
        }
        let place = self.streams.place(point, whose);
        let value = self.swarm.borrow_mut().answer(Draw { place, n }).min(n - 1);
        if value != 0 {
            self.strikes.borrow_mut().push(Strike { point, whose });
        }
        value as usize
    }

    fn trace(&self, _whose: Whose, _kind: TraceKind, _hash: u64, _what: &dyn Fn() -> String) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECT: Whose = Whose(0xa);

    fn levers(seed: u64, chaos: &str) -> Levers {
        Levers { seed: Seed(seed), chaos: Points::parse(chaos).expect("points"), clock: None }
    }

    fn decisions(world: &LeveredWorld) -> Vec<usize> {
        (0..400).map(|_| world.choose(Point::Evict, OBJECT, 2)).collect()
    }

    fn random(world: &LeveredWorld) -> [u8; 8] {
        let mut bytes = [0; 8];
        world.random(OBJECT, &mut bytes);
        bytes
    }

    #[test]
    fn decisions_follow_from_the_seed_and_are_told_once() {
        let world = LeveredWorld::new(&levers(1, "evict"), 0);
        let decided = decisions(&world);
        let strikes = world.take_strikes();
        assert!(!strikes.is_empty() && strikes.len() == decided.iter().filter(|value| **value != 0).count());
        assert_eq!(strikes[0], Strike { point: Point::Evict, whose: OBJECT });
        assert_eq!(world.take_strikes(), []);
        assert_eq!(decisions(&LeveredWorld::new(&levers(1, "evict"), 0)), decided);
        assert_ne!(decisions(&LeveredWorld::new(&levers(2, "evict"), 0)), decided);
    }

    #[test]
    fn nothing_strikes_that_nobody_asked_for() {
        let world = LeveredWorld::new(&levers(1, "crash"), 0);
        assert!(decisions(&world).iter().all(|value| *value == 0) && world.take_strikes().is_empty());
    }

    #[test]
    fn randomness_follows_from_the_seed_and_the_lane() {
        let world = |seed, lane| LeveredWorld::new(&levers(seed, "none"), lane);
        assert_eq!(random(&world(1, 0)), random(&world(1, 0)));
        assert_ne!(random(&world(1, 0)), random(&world(2, 0)));
        assert_ne!(random(&world(1, 0)), random(&world(1, 1)));
        assert_ne!(world(1, 0).sql_seed(), world(1, 1).sql_seed());
    }

    #[test]
    fn the_clock_is_the_one_that_was_given() {
        let clock = Arc::new(VirtualClock::new(5000.0));
        let world = LeveredWorld::new(&Levers { clock: Some(Arc::clone(&clock)), ..levers(1, "none") }, 0);
        assert_eq!(world.now_ms(), 5000.0);
        clock.advance_to(6000.0);
        assert_eq!(world.now_ms(), 6000.0);
        assert!(LeveredWorld::new(&levers(1, "none"), 0).now_ms() > 1e12);
    }
}
