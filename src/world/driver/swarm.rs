//! Decisions by a seed, as a swarm: every seed first draws how likely each point is, so that some runs are all of one
//! fault and others have none of it.
//!
//! Invariant: but for the cap on faults, an answer depends on nothing but the seed and the draw.

use super::{Draw, Driver};
use crate::world::mix::mix;
use crate::world::point::{Class, Point, Points};

/// Decides by a seed.
#[derive(Clone, Debug)]
pub struct Swarm {
    seed: u64,
    /// How likely each point is, in 2^-32.
    likelihoods: [u32; Point::ALL.len()],
    faults_left: u32,
}

/// How likely a point can be, in 2^-32: never, rarely, now and then, often.
const LEVELS: [u32; 4] = [0, LEVEL_UNIT / 256, LEVEL_UNIT / 32, LEVEL_UNIT / 4];
const LEVEL_UNIT: u32 = u32::MAX;

/// Keep this driver's draws apart from everything else that is made of the same seed.
const LIKELIHOODS: u64 = 0x7377_6172_6d01;
const ANSWERS: u64 = 0x7377_6172_6d02;

impl Swarm {
    /// Decides at `points` only, and for at most `max_faults` faults. Orders do not count.
    pub fn new(seed: u64, points: Points, max_faults: u32) -> Self {
        let mut likelihoods = [0; Point::ALL.len()];
        for point in points.iter() {
            likelihoods[point as usize] = LEVELS[(mix(&[LIKELIHOODS, seed, point as u64]) % 4) as usize];
        }
        if likelihoods.iter().all(|likelihood| *likelihood == 0) {
            points.iter().for_each(|point| likelihoods[point as usize] = LEVELS[2]);
        }
        Self { seed, likelihoods, faults_left: max_faults }
    }

    /// How rare it is that something is decided at a point: once in so many draws, or never with this seed.
    pub fn once_in(&self, point: Point) -> Option<u32> {
        LEVEL_UNIT.checked_div(self.likelihoods[point as usize])
    }
}

impl Driver for Swarm {
    fn answer(&mut self, Draw { place, n }: Draw) -> u32 {
        let likelihood = self.likelihoods[place.point as usize];
        if likelihood == 0 {
            return 0;
        }
        let parts = [ANSWERS, self.seed, place.point as u64, place.whose.0, u64::from(place.ordinal)];
        let drawn = mix(&parts);
        let is_fault = place.point.class() != Class::Order;
        if drawn as u32 >= likelihood || (is_fault && self.faults_left == 0) {
            return 0;
        }
        self.faults_left -= u32::from(is_fault);
        1 + (drawn >> 32) as u32 % n.saturating_sub(1).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::draws;
    use super::*;

    fn all() -> Points {
        Points::of(&Class::ALL)
    }

    #[test]
    fn every_seed_draws_how_likely_each_point_is() {
        const SEEDS: u64 = 4000;
        for point in Point::ALL {
            let mut seen = [0_u64; LEVELS.len()];
            for seed in 0..SEEDS {
                let likelihood = Swarm::new(seed, all(), 8).likelihoods[*point as usize];
                seen[LEVELS.iter().position(|level| *level == likelihood).expect("a level")] += 1;
            }
            // Each level has a quarter of the seeds; 150 are over five standard deviations.
            assert!(seen.iter().all(|count| count.abs_diff(SEEDS / 4) < 150), "{point}: {seen:?}");
        }
    }

    #[test]
    fn faults_are_as_frequent_as_their_likelihood_says() {
        const DRAWS: u32 = 100_000;
        for likelihood in LEVELS {
            let mut swarm = Swarm { seed: 7, likelihoods: [likelihood; Point::ALL.len()], faults_left: u32::MAX };
            let faults = draws(Point::Crash, DRAWS, 2).filter(|draw| swarm.answer(*draw) != 0).count() as f64;
            let expected = f64::from(DRAWS) * f64::from(likelihood) / f64::from(LEVEL_UNIT);
            assert!((faults - expected).abs() <= 5.0 * expected.sqrt(), "{faults} faults, {expected} expected");
        }
    }

    #[test]
    fn how_rare_a_point_is_can_be_told() {
        let mut swarm = Swarm::new(7, all(), 8);
        swarm.likelihoods[..4].copy_from_slice(&LEVELS);
        assert_eq!([0, 1, 2, 3].map(|point| swarm.once_in(Point::ALL[point])), [None, Some(256), Some(32), Some(4)]);
    }

    #[test]
    fn every_way_is_taken_that_is_not_calm() {
        let mut swarm = Swarm { seed: 7, likelihoods: [LEVEL_UNIT; Point::ALL.len()], faults_left: u32::MAX };
        let mut seen = [0_u32; 5];
        draws(Point::Task, 4000, 5).for_each(|draw| seen[swarm.answer(draw) as usize] += 1);
        assert!(seen[1..].iter().all(|count| count.abs_diff(1000) < 150) && seen[0] == 0, "{seen:?}");
    }

    #[test]
    fn the_cap_is_on_faults_and_not_on_orders() {
        let mut swarm = Swarm { seed: 7, likelihoods: [LEVELS[3]; Point::ALL.len()], faults_left: 3 };
        let mut count = |point| draws(point, 1000, 2).filter(|draw| swarm.answer(*draw) != 0).count();
        assert_eq!([count(Point::Crash), count(Point::Evict)], [3, 0]);
        assert!(count(Point::Task) > 200);
    }

    #[test]
    fn only_points_that_are_allowed_are_touched_and_one_of_them_always_can_be() {
        let crash: Points = [Point::Crash].into_iter().collect();
        for seed in 0..100 {
            let mut swarm = Swarm::new(seed, crash, u32::MAX);
            assert!(swarm.likelihoods[Point::Crash as usize] > 0, "{seed}");
            assert!(draws(Point::Evict, 1000, 2).all(|draw| swarm.answer(draw) == 0), "{seed}");
        }
        assert!(draws(Point::Crash, 1000, 2).all(|draw| Swarm::new(1, Points::NONE, 9).answer(draw) == 0));
    }

    #[test]
    fn answers_follow_from_the_seed_and_not_from_other_draws() {
        let answers = |seed| {
            let mut swarm = Swarm::new(seed, all(), u32::MAX);
            draws(Point::Task, 1000, 3).map(move |draw| swarm.answer(draw)).collect::<Vec<_>>()
        };
        assert_eq!(answers(3), answers(3));
        assert!((0..20).any(|seed| answers(seed) != answers(seed + 1)));
        let mut swarm = Swarm::new(3, all(), u32::MAX);
        draws(Point::Deliver, 77, 3).for_each(|draw| _ = swarm.answer(draw));
        assert_eq!(draws(Point::Task, 1000, 3).map(|draw| swarm.answer(draw)).collect::<Vec<_>>(), answers(3));
    }
}
