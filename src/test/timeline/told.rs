//! What of a run is told, and which of it matters most.
//!
//! Left out is what a reader knows already: how emu speaks to its tests, answers that arrive as they were sent, writes that
//! are durable at once, idle objects that leave memory for good.
//!
//! Invariant: a fault, the first difference and the last things before the end are never left out.

use crate::test::difference::Difference;
use crate::world::simulated::Line;
use crate::world::{TraceKind, Whose};
use std::collections::{BTreeSet, HashMap};

/// The most rows on a screen, as long as faults leave room.
const MAX_ROWS: usize = 40;
/// So many of the last rows always stay: what led to the failure.
const LAST_ROWS: usize = 12;
/// So much before a fault, and so much after it, is what it struck.
const BEFORE: usize = 3;
const AFTER: usize = 6;
/// The same thing happening more often than this is nothing new.
const MAX_ALIKE: usize = 2;
/// A gap of so few rows is not worth its line.
const MIN_GAP: usize = 2;

/// The lines that are told, with their places in the run, and which of them stay where there is no room for all.
pub(super) struct Told<'a> {
    pub(super) lines: Vec<(usize, &'a Line)>,
    pub(super) chosen: Vec<bool>,
}

pub(super) fn told<'a>(lines: &'a [Line], difference: &Difference) -> Told<'a> {
    let told = interesting(lines, difference);
    let chosen = choose(&told, difference);
    Told { lines: told, chosen }
}

/// What is worth a row.
fn interesting<'a>(lines: &'a [Line], difference: &Difference) -> Vec<(usize, &'a Line)> {
    let mut last_of: HashMap<Whose, usize> = HashMap::new();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| !line.text.is_empty()) {
        last_of.insert(line.whose, at);
    }
    let mut before: HashMap<Whose, &Line> = HashMap::new();
    let mut sent: HashMap<u64, HashMap<&str, Whose>> = HashMap::new();
    let mut told = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if line.text.is_empty() || line.kind == TraceKind::Clock {
            continue;
        }
        let now = line.at_ms.to_bits();
        let answer = line.text.strip_prefix("answers ").filter(|_| line.kind == TraceKind::Send);
        // Whoever answered so first; a worker often passes on what an object has answered.
        let answered = answer.map(|answer| *sent.entry(now).or_default().entry(answer).or_insert(line.whose));
        let before = before.insert(line.whose, line);
        let is_known = match line.kind {
            _ if difference.first == Some(at) => false,
            TraceKind::Deliver => {
                let answer = line.text.strip_prefix("gets ");
                line.text == "done"
                    || answer.is_some_and(|answer| sent.get(&now).is_some_and(|sent| sent.contains_key(answer)))
            }
            TraceKind::Send => line.text == "done" || answered.is_some_and(|first| first != line.whose),
            TraceKind::Commit => {
                before.is_some_and(|before| before.kind == TraceKind::Write && before.at_ms.to_bits() == now)
            }
            TraceKind::End => last_of.get(&line.whose) == Some(&at) && line.text == "leaves memory",
            _ => false,
        };
        if !is_known {
            told.push((at, line));
        }
    }
    told
}

/// Which rows stay: see the constants above; then what differs from the calm run, then what is near.
fn choose(told: &[(usize, &Line)], difference: &Difference) -> Vec<bool> {
    if told.len() <= MAX_ROWS + MIN_GAP {
        return vec![true; told.len()];
    }
    let is_anchor = |(at, line): &(usize, &Line)| {
        matches!(line.kind, TraceKind::Choice | TraceKind::Mark) || difference.first == Some(*at)
    };
    let anchors: Vec<usize> = (0..told.len()).filter(|row| is_anchor(&told[*row])).collect();
    let involved: BTreeSet<Whose> = anchors.iter().map(|row| told[*row].1.whose).collect();
    let last = told.len().saturating_sub(LAST_ROWS);
    let mut alike: HashMap<_, usize> = HashMap::new();
    let mut ranked: Vec<(u32, usize, usize)> = (0..told.len())
        .map(|row| {
            let (at, line) = told[row];
            let after = anchors.partition_point(|anchor| *anchor <= row);
            let since = after.checked_sub(1).map(|index| row - anchors[index]);
            let until = anchors.get(after).map(|anchor| anchor - row);
            let near = since.into_iter().chain(until).min().unwrap_or(told.len() - row);
            let is_close = since.is_some_and(|since| since <= AFTER) || until.is_some_and(|until| until <= BEFORE);
            let is_involved = involved.contains(&line.whose);
            let often = alike.entry((line.whose, line.kind, &line.text)).or_default();
            *often += 1;
            let rank = match (near, row >= last) {
                (0, _) if !anchors.is_empty() => 0,
                (_, true) => 0,
                _ if is_close => 1,
                _ if *often > MAX_ALIKE => 5,
                _ if is_involved && difference.more.contains(&at) => 2,
                _ if is_involved => 3,
                _ if difference.more.contains(&at) => 4,
                _ => 5,
            };
            (rank, near, row)
        })
        .collect();
    ranked.sort_unstable();
    let mut chosen = vec![false; told.len()];
    for (_, _, row) in ranked.into_iter().take(MAX_ROWS) {
        chosen[row] = true;
    }
    fill_gaps(&mut chosen);
    chosen
}

/// Rows between two that stay are not left out where there are few of them.
fn fill_gaps(chosen: &mut [bool]) {
    let mut gap = 0;
    for row in 0..chosen.len() {
        match chosen[row] {
            true if gap <= MIN_GAP => {
                chosen[row - gap..row].fill(true);
                gap = 0;
            }
            true => gap = 0,
            false => gap += 1,
        }
    }
}
