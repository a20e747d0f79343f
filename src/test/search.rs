//! Which driver a seed means: most are swarms of faults, some look for orders alone.
//!
//! Invariant: the same seed and the same calm run mean the same driver.

use crate::world::driver::{Driver, Pct, Swarm, Walk};
use crate::world::mix::mix;
use crate::world::shrink::MAX_FAULTS;
use crate::world::{Class, Points, Seed};

/// Keeps the choice of a driver apart from everything else that is made of a seed.
const DRIVER: u64 = 0x6472_6976_6572;
/// Of so many seeds one walks and one leaves the calm order at a few moments.
const KINDS: u64 = 8;
/// How many moments those are: two or three find most of what there is to find.
const DEPTH: usize = 3;

/// The driver of a seed. `draws` is how many orders the calm run left open.
pub(super) fn driver(seed: Seed, points: Points, draws: usize) -> Box<dyn Driver> {
    let orders = points.without(Points::of(&[Class::Silent, Class::Loud]));
    let kind = if orders == Points::NONE || draws == 0 { KINDS } else { mix(&[DRIVER, seed.0]) % KINDS };
    match kind {
        0 => Box::new(Walk::new(seed.0, orders)),
        1 => Box::new(Pct::new(seed.0, orders, DEPTH, draws)),
        _ => Box::new(Swarm::new(seed.0, points, MAX_FAULTS)),
    }
}
