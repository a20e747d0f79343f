//! Every run that deviates from a calm one once, then every one that deviates twice.
//!
//! Invariant: gives as many tapes as it said beforehand, no two of them the same, the simplest first.

use super::Census;
use crate::world::point::Points;
use crate::world::tape::{Place, Tape};

/// The tapes of all single deviations of a calm run, then of all double ones.
///
/// Twice means two draws of the calm run; what a run draws only after its first deviation is not deviated from.
#[derive(Clone, Debug)]
pub struct Explorer {
    /// What can be decided otherwise, in the order of the run; the values of a place stand together.
    deviations: Vec<Deviation>,
    /// The deviations of the next tape, the later one only at depth 2; nothing when there are no more.
    next: Option<(usize, Option<usize>)>,
    depth: usize,
    left: usize,
}

#[derive(Clone, Copy, Debug)]
struct Deviation {
    place: Place,
    value: u32,
    /// The first deviation of the next place.
    beyond: usize,
}

impl Explorer {
    /// The deviations at `points` of the run that `census` counted. `depth` is 1 or 2; anything larger counts as 2.
    pub fn new(census: &Census, points: Points, depth: usize) -> Self {
        let mut deviations = Vec::new();
        for draw in census.0.iter().filter(|draw| points.contains(draw.place.point)) {
            let beyond = deviations.len() + draw.n.saturating_sub(1) as usize;
            deviations.extend((1..draw.n).map(|value| Deviation { place: draw.place, value, beyond }));
        }
        let singles = deviations.len();
        let later = |deviation: &Deviation| singles - deviation.beyond;
        let pairs = deviations.iter().map(later).fold(0, usize::saturating_add);
        let left = match depth {
            0 => 0,
            1 => singles,
            _ => singles.saturating_add(pairs),
        };
        Self { next: (left > 0).then_some((0, None)), deviations, depth, left }
    }

    /// The deviations after these; those of depth 2 come when the single ones are through.
    fn after(&self, (first, second): (usize, Option<usize>)) -> Option<(usize, Option<usize>)> {
        match second {
            None if first + 1 < self.deviations.len() => Some((first + 1, None)),
            None if self.depth > 1 => self.pair_from(0),
            None => None,
            Some(second) if second + 1 < self.deviations.len() => Some((first, Some(second + 1))),
            Some(_) => self.pair_from(first + 1),
        }
    }

    /// The first pair whose earlier deviation is this one. Those that follow a last place have no later one either.
    fn pair_from(&self, first: usize) -> Option<(usize, Option<usize>)> {
        let beyond = self.deviations.get(first)?.beyond;
        (beyond < self.deviations.len()).then_some((first, Some(beyond)))
    }
}

impl Iterator for Explorer {
    type Item = Tape;

    fn next(&mut self) -> Option<Tape> {
        let (first, second) = self.next?;
        self.next = self.after((first, second));
        self.left = self.left.saturating_sub(1);
        let deviations = [Some(first), second].into_iter().flatten().map(|index| self.deviations[index]);
        Some(deviations.map(|deviation| (deviation.place, deviation.value)).collect())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Explorer {}

#[cfg(test)]
mod tests {
    use super::super::tests::draws;
    use super::*;
    use crate::world::{Class, Point};
    use std::collections::BTreeSet;

    fn census() -> Census {
        Census(draws(Point::Task, 2, 3).chain(draws(Point::Crash, 3, 2)).chain(draws(Point::Deploy, 1, 2)).collect())
    }

    #[test]
    fn the_count_is_known_beforehand_and_kept() {
        let (all, loud) = (Points::of(&Class::ALL), Points::of(&[Class::Loud]));
        // Two orders of three, four faults: 8 deviations. Pairs: those of 8 less the two within one order.
        for (points, depth, expected) in [
            (all, 0, 0),
            (all, 1, 8),
            (all, 2, 8 + 26),
            (all, 9, 34),
            (loud, 1, 4),
            (loud, 2, 4 + 6),
            (Points::NONE, 2, 0),
        ] {
            let explorer = Explorer::new(&census(), points, depth);
            assert_eq!(explorer.len(), expected);
            let tapes: Vec<_> = explorer.clone().map(|tape| tape.to_string()).collect();
            assert_eq!(tapes.len(), expected, "{tapes:?}");
            assert_eq!(tapes.iter().collect::<BTreeSet<_>>().len(), expected, "no two are the same");
            assert!(explorer.map(|tape| tape.len()).is_sorted(), "single ones come first");
        }
    }

    #[test]
    fn the_count_goes_down_with_every_tape() {
        let mut explorer = Explorer::new(&census(), Points::of(&[Class::Loud]), 1);
        assert_eq!(explorer.next().map(|tape| tape.to_string()).as_deref(), Some("crash.0.0=1"));
        assert_eq!(explorer.len(), 3);
        assert_eq!(explorer.by_ref().count(), 3);
        assert_eq!((explorer.len(), explorer.next()), (0, None));
    }

    #[test]
    fn a_run_that_decides_nothing_has_nothing_to_explore() {
        assert_eq!(Explorer::new(&Census::default(), Points::of(&Class::ALL), 2).count(), 0);
    }
}
