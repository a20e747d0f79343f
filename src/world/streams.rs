//! The streams of a seed: randomness, and the numbers of draws, for each whose they are.
//!
//! What comes next from a stream depends only on the seed, on whose it is, and on how much was drawn from it before. So
//! one more draw for an object leaves all others as they were.
//!
//! Invariant: reads neither a clock nor entropy.

use super::mix::{SplitMix64, mix};
use super::point::Point;
use super::tape::Place;
use super::whose::Whose;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Keeps these streams apart from everything else that is made of the same seed.
const RANDOM: u64 = 1;

/// The streams of a seed, and how far each has come.
pub(super) struct Streams {
    seed: u64,
    positions: RefCell<BTreeMap<Whose, Position>>,
}

/// How far somebody's streams have come.
#[derive(Default)]
struct Position {
    draws: [u32; Point::ALL.len()],
    randoms: u64,
}

impl Streams {
    /// The streams of `seed`, from their beginning.
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, positions: RefCell::default() }
    }

    /// Fills `out` with the next random bytes for somebody.
    pub(super) fn random(&self, whose: Whose, out: &mut [u8]) {
        let ordinal = self.with(whose, |position| {
            position.randoms += 1;
            position.randoms
        });
        SplitMix64::new(mix(&[RANDOM, self.seed, whose.0, ordinal])).fill(out);
    }

    /// The place of the draw that is made now.
    pub(super) fn place(&self, point: Point, whose: Whose) -> Place {
        let ordinal = self.with(whose, |position| {
            let next = &mut position.draws[point as usize];
            std::mem::replace(next, next.wrapping_add(1))
        });
        Place { point, whose, ordinal }
    }

    fn with<T>(&self, whose: Whose, work: impl FnOnce(&mut Position) -> T) -> T {
        work(self.positions.borrow_mut().entry(whose).or_default())
    }
}
