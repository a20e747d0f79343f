//! Shrinking: of the decisions on a tape that makes a run fail, the few that matter.
//!
//! Invariant: pure. What it gives is a tape that was run and failed the same way, or the one it was given.

use super::point::Point;
use super::tape::{Place, Tape};
use std::collections::HashSet;
use std::time::Duration;

/// How many faults a seed may cause in one run that is to be shrunk.
pub const MAX_FAULTS: u32 = 6;
/// How long a failure is shrunk.
pub const SHRINK_TIME: Duration = Duration::from_secs(5);
/// With how many runs a failure is shrunk.
pub const SHRINK_RUNS: usize = 500;

/// Whether two failures say the same in the first lines of what they say, but for numbers.
pub fn is_same_headline(one: &str, other: &str) -> bool {
    let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    is_same_text(&first(one), &first(other))
}

/// Whether two texts about failures say the same, but for their numbers.
pub fn is_same_text(one: &str, other: &str) -> bool {
    let words = |text: &str| -> String { text.chars().filter(|char| !char.is_ascii_digit()).collect() };
    words(one) == words(other)
}

/// How far shrinking came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shrunk {
    /// The smallest tape that was seen to fail.
    pub tape: Tape,
    /// How many runs it took.
    pub runs: usize,
    /// Nothing more can be left out, and no value lowered, by itself. If not, the runs or the time were used up.
    pub minimal: bool,
}

/// Shrinks a tape that makes a run fail: leaves out whole points, halves and smaller parts, single decisions, and lowers
/// values, until nothing helps any more.
///
/// `still_fails` runs a tape and says whether it fails at the same place for the same reason. There are at most
/// `max_runs` of it, and none after `has_time` has said no.
pub fn shrink(
    tape: &Tape,
    max_runs: usize,
    has_time: &mut dyn FnMut() -> bool,
    still_fails: &mut dyn FnMut(&Tape) -> bool,
) -> Shrunk {
    let shrunk = Shrunk { tape: tape.clone(), runs: 0, minimal: false };
    let tried = HashSet::from([tape.clone()]);
    let mut search = Search { shrunk, max_runs, has_time, still_fails, tried, exhausted: false };
    search.attempt(Tape::default());
    while !search.exhausted {
        let before = search.shrunk.tape.clone();
        search.drop_points();
        search.drop_parts();
        search.lower_values();
        if search.shrunk.tape == before {
            break;
        }
    }
    search.shrunk.minimal = !search.exhausted;
    search.shrunk
}

struct Search<'a> {
    shrunk: Shrunk,
    max_runs: usize,
    has_time: &'a mut dyn FnMut() -> bool,
    still_fails: &'a mut dyn FnMut(&Tape) -> bool,
    /// What was run before, or failed to begin with: a run comes to the same every time.
    tried: HashSet<Tape>,
    /// A run was wanted for which there was no room.
    exhausted: bool,
}

impl Search<'_> {
    /// Goes on with a smaller tape, if it fails as well.
    fn attempt(&mut self, candidate: Tape) -> bool {
        if self.exhausted || self.tried.contains(&candidate) {
            return false;
        }
        if self.shrunk.runs >= self.max_runs || !(self.has_time)() {
            self.exhausted = true;
            return false;
        }
        self.shrunk.runs += 1;
        let fails = (self.still_fails)(&candidate);
        self.tried.insert(candidate.clone());
        if fails {
            self.shrunk.tape = candidate;
        }
        fails
    }

    fn drop_points(&mut self) {
        for point in Point::ALL {
            let candidate = self.shrunk.tape.iter().filter(|(place, _)| place.point != *point).collect();
            self.attempt(candidate);
        }
    }

    /// Leaves out halves, then smaller and smaller parts.
    fn drop_parts(&mut self) {
        let mut part = self.shrunk.tape.len().div_ceil(2);
        while part > 0 {
            let mut start = 0;
            while start < self.shrunk.tape.len() && !self.exhausted {
                let kept = |(index, _): &(usize, (Place, u32))| !(start..start + part).contains(index);
                let candidate =
                    self.shrunk.tape.iter().enumerate().filter(kept).map(|(_, decision)| decision).collect();
                if !self.attempt(candidate) {
                    start += part;
                }
            }
            part = if part == 1 { 0 } else { part.div_ceil(2) };
        }
    }

    fn lower_values(&mut self) {
        for (place, _) in self.shrunk.tape.clone().iter() {
            loop {
                let value = self.shrunk.tape.value(place);
                let lower = [1, value / 2, value.saturating_sub(1)];
                let lowered = lower.into_iter().filter(|lower| (1..value).contains(lower)).any(|lower| {
                    let mut candidate = self.shrunk.tape.clone();
                    candidate.set(place, lower);
                    self.attempt(candidate)
                });
                if !lowered {
                    break;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Whose;

    /// 200 decisions, at all points for ten objects.
    fn long_tape() -> Tape {
        let points = Point::ALL.len() as u32;
        (0..200)
            .map(|number| {
                let point = Point::ALL[(number % points) as usize];
                (Place { point, whose: Whose(u64::from(number % 10)), ordinal: number }, 5)
            })
            .collect()
    }

    fn shrink_all(tape: &Tape, still_fails: &mut dyn FnMut(&Tape) -> bool) -> Shrunk {
        shrink(tape, 500, &mut || true, still_fails)
    }

    #[test]
    fn the_pair_that_matters_is_found_among_hundreds() {
        let tape = long_tape();
        let places: Vec<_> = tape.iter().map(|(place, _)| place).collect();
        for (first, second) in [(0, 199), (17, 18), (99, 100), (3, 150)] {
            let needed = [places[first], places[second]];
            let shrunk = shrink_all(&tape, &mut |tape| needed.iter().all(|place| tape.value(*place) > 0));
            let expected: Tape = needed.into_iter().map(|place| (place, 1)).collect();
            assert_eq!(shrunk.tape, expected);
            assert!(shrunk.minimal && shrunk.runs < 100, "{} runs", shrunk.runs);
        }
    }

    #[test]
    fn values_are_lowered_as_far_as_they_go() {
        let tape: Tape = "deliver.0.0=900".parse().expect("a tape");
        for least in [1, 2, 7, 450, 899, 900] {
            let shrunk = shrink_all(&tape, &mut |tape| tape.iter().any(|(_, value)| value >= least));
            assert_eq!(shrunk.tape.to_string(), format!("deliver.0.0={least}"));
        }
    }

    #[test]
    fn what_fails_calmly_needs_one_run() {
        let shrunk = shrink_all(&long_tape(), &mut |_| true);
        assert_eq!((shrunk.tape, shrunk.runs, shrunk.minimal), (Tape::default(), 1, true));
        let calm = shrink_all(&Tape::default(), &mut |_| unreachable!("it cannot be smaller"));
        assert_eq!((calm.runs, calm.minimal), (0, true));
    }

    #[test]
    fn what_cannot_shrink_stays() {
        let tape: Tape = "task.0.1=1+crash.a.0=1+crash.b.0=1".parse().expect("a tape");
        let shrunk = shrink_all(&tape, &mut |_| false);
        assert_eq!((shrunk.tape, shrunk.minimal), (tape, true));
    }

    #[test]
    fn it_stops_when_the_runs_or_the_time_are_used_up() {
        let tape = long_tape();
        let needed = tape.iter().last().map(|(place, _)| place).expect("a decision");
        for max_runs in [0, 1, 10] {
            let mut runs = 0;
            let shrunk = shrink(&tape, max_runs, &mut || true, &mut |tape| {
                runs += 1;
                tape.value(needed) > 0
            });
            assert_eq!((shrunk.runs, runs, shrunk.minimal), (max_runs, max_runs, false));
            assert!(shrunk.tape.value(needed) > 0, "what it gives fails");
        }
        let mut ticks = 0;
        let mut has_time = || {
            ticks += 1;
            ticks <= 7
        };
        let shrunk = shrink(&tape, 500, &mut has_time, &mut |tape| tape.value(needed) > 0);
        assert_eq!((shrunk.runs, shrunk.minimal), (7, false));
    }
}
