//! What a run did that the calm run did not: the first thing that matters, and everything else.
//!
//! Compared are answers, writes, messages and events. That time passed, that an instance left memory or was built again is
//! the fault itself and no difference yet.
//!
//! Invariant: pure.

use crate::world::simulated::Line;
use crate::world::{TraceKind, Whose};
use std::collections::{BTreeSet, HashMap};

/// What differs from the calm run, by places in the lines.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Difference {
    /// The first thing that was otherwise; none where it did nothing more than the calm run.
    pub first: Option<usize>,
    /// What the calm run did in its place, and who did it.
    pub calm: Option<(Whose, String)>,
    /// Whatever happened more often than in the calm run.
    pub more: BTreeSet<usize>,
}

/// Compares a run with the calm one.
pub(super) fn difference(lines: &[Line], calm: &[Line]) -> Difference {
    if calm.is_empty() {
        return Difference::default();
    }
    let (own, calm) = (compared(lines), compared(calm));
    let same = own.iter().zip(&calm).take_while(|((_, own), (_, calm))| key(own) == key(calm)).count();
    let mut often: HashMap<_, usize> = HashMap::new();
    for (_, line) in &calm {
        *often.entry(key(line)).or_default() += 1;
    }
    let mut more = BTreeSet::new();
    for (at, line) in &own {
        match often.get_mut(&key(line)) {
            Some(left) if *left > 0 => *left -= 1,
            _ => {
                more.insert(*at);
            }
        }
    }
    let first = own.get(same).map(|(at, _)| *at);
    let calm = calm.get(same).map(|(_, line)| (line.whose, line.text.clone()));
    Difference { first, calm, more }
}

fn key(line: &Line) -> (Whose, TraceKind, &str) {
    (line.whose, line.kind, &line.text)
}

/// The lines that are compared, with their places.
fn compared(lines: &[Line]) -> Vec<(usize, &Line)> {
    let mut being_built = BTreeSet::new();
    let mut compared = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        match (line.kind, line.text.as_str()) {
            (TraceKind::Deliver, "constructor") => {
                being_built.insert(line.whose);
            }
            (TraceKind::Send, "done") | (TraceKind::End, _) if being_built.remove(&line.whose) => {}
            _ if being_built.contains(&line.whose) || line.text.is_empty() => {}
            (TraceKind::Deliver | TraceKind::Send | TraceKind::Write | TraceKind::Commit | TraceKind::Mark, _) => {
                compared.push((at, line))
            }
            _ => {}
        }
    }
    compared
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(whose: u64, kind: TraceKind, text: &str) -> Line {
        Line { at_ms: 0.0, whose: Whose(whose), kind, hash: 0, text: text.into(), stack: "".into() }
    }

    #[test]
    fn the_first_difference_is_one_that_matters() {
        let begin = line(1, TraceKind::Deliver, "POST /");
        let calm = [begin.clone(), line(1, TraceKind::Write, "put n 2"), line(1, TraceKind::Send, "answers 200")];
        let evicted = [
            begin,
            line(1, TraceKind::Choice, "evict.1.0=1"),
            line(1, TraceKind::End, "leaves memory"),
            line(1, TraceKind::Deliver, "constructor"),
            line(1, TraceKind::Send, "done"),
            line(0, TraceKind::Clock, "1 ms"),
            line(0, TraceKind::Send, ""),
            line(1, TraceKind::Write, "put n 1"),
            line(1, TraceKind::Send, "answers 200"),
            line(1, TraceKind::Send, "answers 200"),
        ];
        let difference = difference(&evicted, &calm);
        assert_eq!((difference.first, difference.calm), (Some(7), Some((Whose(1), "put n 2".into()))));
        assert_eq!(difference.more.iter().copied().collect::<Vec<_>>(), [7, 9]);
        assert_eq!(super::difference(&calm, &calm), Difference::default());
        let ended = super::difference(&calm[..2], &calm);
        assert_eq!((ended.first, ended.calm), (None, Some((Whose(1), "answers 200".into()))));
    }
}
