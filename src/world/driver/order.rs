//! Searches of orders: uniform, and bounded in how often they leave the calm one.
//!
//! Probabilistic concurrency testing (Burckhardt et al. 2010) gives tasks priorities that change at few moments, drawn
//! beforehand. Tasks have no lasting name here, so the priorities are the calm order, and at each of the moments another
//! task is taken. A bug that needs `depth` such moments among `draws` is met with a probability of at least
//! 1 / draws^depth, which a uniform walk does not have.
//!
//! Invariant: an answer follows from the seed and the number of draws before it.

use super::{Draw, Driver};
use crate::world::mix::{SplitMix64, mix};
use crate::world::point::Points;
use std::collections::BTreeSet;

/// Takes every way with the same probability.
#[derive(Clone, Debug)]
pub struct Walk {
    seed: u64,
    points: Points,
}

/// Keep the drivers' draws apart from everything else that is made of the same seed.
const WALK: u64 = 0x7761_6c6b;
const PCT: u64 = 0x0070_6374;

impl Walk {
    /// Decides at `points` only; those of `Class::Order` are meant.
    pub fn new(seed: u64, points: Points) -> Self {
        Self { seed, points }
    }
}

impl Driver for Walk {
    fn answer(&mut self, Draw { place, n }: Draw) -> u32 {
        if !self.points.contains(place.point) {
            return 0;
        }
        let parts = [WALK, self.seed, place.point as u64, place.whose.0, u64::from(place.ordinal)];
        (mix(&parts) % u64::from(n.max(1))) as u32
    }
}

/// Leaves the calm order at a few moments, drawn beforehand.
#[derive(Clone, Debug)]
pub struct Pct {
    stream: SplitMix64,
    points: Points,
    /// The draws, counted at `points`, that are not calm.
    moments: BTreeSet<u64>,
    seen: u64,
}

impl Pct {
    /// Deviates `depth` times among the `draws` that a calm run made at `points`, as its census counts them; at each of
    /// them if there are no more.
    pub fn new(seed: u64, points: Points, depth: usize, draws: usize) -> Self {
        let mut stream = SplitMix64::new(mix(&[PCT, seed]));
        let mut moments = BTreeSet::new();
        // Floyd's sampling: as many moments as asked for, all sets of them equally likely.
        for last in draws.saturating_sub(depth)..draws {
            let moment = stream.next() % (last as u64 + 1);
            if !moments.insert(moment) {
                moments.insert(last as u64);
            }
        }
        Self { stream, points, moments, seen: 0 }
    }
}

impl Driver for Pct {
    fn answer(&mut self, Draw { place, n }: Draw) -> u32 {
        if !self.points.contains(place.point) {
            return 0;
        }
        let moment = self.seen;
        self.seen += 1;
        if self.moments.contains(&moment) { 1 + (self.stream.next() % u64::from(n.max(2) - 1)) as u32 } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::draws;
    use super::*;
    use crate::world::{Class, Point};

    fn orders() -> Points {
        Points::of(&[Class::Order])
    }

    #[test]
    fn a_walk_takes_every_way_equally_often() {
        let mut walk = Walk::new(1, orders());
        let mut seen = [0_u32; 4];
        draws(Point::Task, 4000, 4).for_each(|draw| seen[walk.answer(draw) as usize] += 1);
        assert!(seen.iter().all(|count| count.abs_diff(1000) < 150), "{seen:?}");
        assert!(draws(Point::Crash, 100, 2).all(|draw| walk.answer(draw) == 0));
    }

    #[test]
    fn pct_deviates_as_often_as_it_is_deep() {
        for (depth, count, expected) in [(0, 50, 0), (1, 50, 1), (3, 50, 3), (3, 2, 2), (3, 0, 0)] {
            for seed in 0..50 {
                let mut pct = Pct::new(seed, orders(), depth, count);
                let deviations = draws(Point::Task, 60, 3).filter(|draw| pct.answer(*draw) != 0).count();
                assert_eq!(deviations, expected, "depth {depth} of {count} draws, seed {seed}");
            }
        }
    }

    #[test]
    fn pct_meets_every_moment_and_every_way() {
        let mut seen = [[0_u32; 3]; 10];
        for seed in 0..2000 {
            let mut pct = Pct::new(seed, orders(), 1, 10);
            for (moment, draw) in draws(Point::Task, 10, 3).enumerate() {
                seen[moment][pct.answer(draw) as usize] += 1;
            }
        }
        // 200 seeds deviate at each moment, half of them each way.
        assert!(seen.iter().all(|moment| moment[1..].iter().all(|count| count.abs_diff(100) < 50)), "{seen:?}");
    }
}
