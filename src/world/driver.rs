//! Drivers: who decides what the world leaves open.
//!
//! [`Calm`] and [`Replay`] are here; [`Swarm`] decides by a seed, [`Explorer`] makes the tapes of every single and double
//! deviation from a calm run, [`Walk`] and [`Pct`] look for orders.
//!
//! Invariant: an answer follows from the driver and the draws before it. No driver reads a clock or entropy.

mod explore;
mod order;
mod swarm;

pub use explore::Explorer;
pub use order::{Pct, Walk};
pub use swarm::Swarm;

use super::point::Points;
use super::tape::{Place, Tape};

/// A decision that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Draw {
    /// Which one.
    pub place: Place,
    /// How many ways there are, at least 2; 0 is the calm one.
    pub n: u32,
}

/// Who decides.
pub trait Driver {
    /// A number below `draw.n`. Whoever asks takes the largest one there is for what is not.
    fn answer(&mut self, draw: Draw) -> u32;
}

/// Decides nothing: first in, first out, no fault.
#[derive(Clone, Copy, Debug, Default)]
pub struct Calm;

impl Driver for Calm {
    fn answer(&mut self, _draw: Draw) -> u32 {
        0
    }
}

/// Decides what a tape says.
#[derive(Clone, Debug, Default)]
pub struct Replay(pub Tape);

impl Driver for Replay {
    fn answer(&mut self, draw: Draw) -> u32 {
        self.0.value(draw.place)
    }
}

/// The draws of a run, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census(pub Vec<Draw>);

impl Census {
    /// How many draws there were at these points.
    pub fn count(&self, points: Points) -> usize {
        self.0.iter().filter(|draw| points.contains(draw.place.point)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Class, Point, Whose};

    /// `len` draws at one point for the world itself.
    pub(super) fn draws(point: Point, len: u32, n: u32) -> impl Iterator<Item = Draw> {
        (0..len).map(move |ordinal| Draw { place: Place { point, whose: Whose::WORLD, ordinal }, n })
    }

    #[test]
    fn a_replay_says_what_is_on_its_tape_and_nothing_else() {
        let mut replay = Replay("crash.0.2=1".parse().expect("a tape"));
        let answers: Vec<_> = draws(Point::Crash, 4, 2).map(|draw| replay.answer(draw)).collect();
        assert_eq!(answers, [0, 0, 1, 0]);
        assert!(draws(Point::Evict, 4, 2).all(|draw| replay.answer(draw) == 0));
        assert!(draws(Point::Crash, 4, 2).all(|draw| Calm.answer(draw) == 0));
    }

    #[test]
    fn a_census_is_counted_by_points() {
        let census = Census(draws(Point::Task, 3, 2).chain(draws(Point::Crash, 4, 2)).collect());
        assert_eq!(census.count(Points::of(&[Class::Order])), 3);
        assert_eq!(census.count(Points::of(&[Class::Order, Class::Loud])), 7);
        assert_eq!(census.count(Points::NONE), 0);
    }
}
