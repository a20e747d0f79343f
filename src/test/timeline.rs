//! A run as a table: time, one lane for the test and its worker, one for each object, one for storage.
//!
//! Read [`told`] for what of a run is told at all, and what of it fits on a screen; [`table`] for how it looks.
//!
//! Invariant: the order is the run's; what is left out is counted.

mod table;
mod told;

#[cfg(test)]
mod tests;

pub use table::View;

use super::finding::Finding;
use super::judge::Oracle;
use super::places::Places;
use super::story::one_line;
use crate::world::simulated::Line;
use crate::world::{Place, Point, Tape, TraceKind, Whose};
use std::collections::HashMap;
use told::Told;

/// The most lanes of objects; what others do stands in the last one, with their names.
const MAX_OBJECTS: usize = 3;
/// The most characters of an object's name.
const MAX_NAME_CHARS: usize = 30;

/// A run, as it is told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    /// The names of the lanes after the time.
    pub lanes: Vec<String>,
    /// What is told, in order.
    pub rows: Vec<Row>,
    /// How many events there were.
    pub events: usize,
    /// What was the first thing that the calm run did not do.
    pub first_difference: Option<FirstDifference>,
}

/// The first thing that the calm run did not do.
#[derive(Clone, Debug, PartialEq)]
pub struct FirstDifference {
    /// The number of the event, from 1.
    pub event: usize,
    /// Who did what.
    pub what: String,
    /// What the calm run did there.
    pub calm: Option<String>,
    /// Where in the sources it comes from: `src/room.ts:41`.
    pub place: Option<String>,
}

/// One event that is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Virtual milliseconds since the run began.
    pub at_ms: f64,
    /// Its place in `lanes`.
    pub lane: usize,
    /// What happened.
    pub text: String,
    /// Where in the sources it comes from: `src/room.ts:41`.
    pub place: Option<String>,
    /// It is a fault: its name, and the value that was decided.
    pub fault: Option<(Point, u32)>,
    /// It stays where there is no room for all.
    pub matters: bool,
}

/// Makes the timeline of a finding.
pub fn timeline(finding: &Finding, places: &Places<'_>) -> Timeline {
    let Told { lines, chosen } = told::told(&finding.lines, &finding.difference);
    let lanes = Lanes::of(&lines, finding);
    let mut last_stacks: HashMap<Whose, &str> = HashMap::new();
    let mut stacks = finding.lines.iter().map(|line| {
        if !line.stack.is_empty() {
            last_stacks.insert(line.whose, &line.stack);
        }
        // A fault strikes whoever did something last.
        let is_fault = line.kind == TraceKind::Choice;
        if is_fault { last_stacks.get(&line.whose).copied().unwrap_or_default() } else { &line.stack }
    });
    let stacks: Vec<&str> = stacks.by_ref().collect();
    let rows = lines.iter().zip(chosen).map(|((at, line), matters)| {
        let place = places.shown(stacks[*at]);
        Row { matters, place, ..lanes.row(line) }
    });
    let mut rows: Vec<Row> = rows.collect();
    if !rows.is_empty() {
        rows.extend(lanes.end(finding, places));
    }
    let first_difference = lanes.first_difference(finding, places);
    Timeline { rows, events: finding.lines.len(), lanes: lanes.titles(), first_difference }
}

struct Lanes<'a> {
    names: HashMap<Whose, &'a str>,
    /// The objects with lanes of their own.
    objects: Vec<Whose>,
    has_others: bool,
    has_storage: bool,
    /// When the world began.
    began_ms: f64,
}

impl<'a> Lanes<'a> {
    fn of(lines: &[(usize, &Line)], finding: &'a Finding) -> Self {
        let names: HashMap<Whose, &str> = finding.names.iter().map(|(whose, name)| (*whose, name.as_str())).collect();
        let mut objects: Vec<Whose> = Vec::new();
        let (mut has_others, mut has_storage) = (false, false);
        for (_, line) in lines {
            let is_object = names.get(&line.whose).is_some_and(|name| name.contains('/'));
            has_storage |= is_storage(line.kind);
            if is_object && !objects.contains(&line.whose) {
                match objects.len() < MAX_OBJECTS {
                    true => objects.push(line.whose),
                    false => has_others = true,
                }
            }
        }
        let began_ms = finding.lines.first().map_or(0.0, |line| line.at_ms);
        Self { names, objects, has_others, has_storage, began_ms }
    }

    /// When and where the run came to its end.
    fn end(&self, finding: &Finding, places: &Places<'_>) -> Option<Row> {
        let at_ms = finding.lines.last()?.at_ms - self.began_ms;
        let (text, place) = match finding.failure.oracle {
            Oracle::Test | Oracle::Eventually => ("the test fails", places.shown(&finding.failure.error.stack)),
            Oracle::Invariant => ("the invariant does not hold", places.shown(&finding.failure.error.stack)),
            Oracle::Deadlock => ("nothing can happen any more", None),
            _ => ("the run ends", None),
        };
        Some(Row { at_ms, lane: 0, text: text.into(), place, fault: None, matters: true })
    }

    fn first_difference(&self, finding: &Finding, places: &Places<'_>) -> Option<FirstDifference> {
        let difference = &finding.difference;
        let calm = difference.calm.as_ref();
        let calm = calm.map(|(whose, text)| self.with_names(&format!("{}: {}", self.name(*whose), one_line(text))));
        let Some((at, line)) = difference.first.and_then(|at| Some((at, finding.lines.get(at)?))) else {
            let (event, what) = (finding.lines.len(), "nothing happens any more".to_owned());
            return calm.map(|calm| FirstDifference { event, what, calm: Some(calm), place: None });
        };
        let what = format!("{}: {}", self.name(line.whose), self.text(line));
        Some(FirstDifference { event: at + 1, what, calm, place: places.shown(&line.stack) })
    }

    fn titles(&self) -> Vec<String> {
        let mut titles = vec!["test".to_owned()];
        titles.extend(self.objects.iter().map(|whose| self.name(*whose)));
        titles.extend(self.has_others.then(|| "others".to_owned()));
        titles.extend(self.has_storage.then(|| "storage".to_owned()));
        titles
    }

    fn name(&self, whose: Whose) -> String {
        match self.names.get(&whose) {
            // An id of 64 digits says no more than its beginning.
            Some(name) if name.chars().count() > MAX_NAME_CHARS => {
                format!("{}…", one_line(&name.chars().take(18).collect::<String>()))
            }
            Some(name) => one_line(name),
            None if whose == Whose::WORLD => "world".into(),
            None => whose.to_string(),
        }
    }

    fn lane(&self, line: &Line) -> usize {
        let others = 1 + self.objects.len();
        match self.objects.iter().position(|whose| *whose == line.whose) {
            _ if is_storage(line.kind) => others + usize::from(self.has_others),
            Some(object) => 1 + object,
            None if self.has_others && self.is_object(line.whose) => others,
            None => 0,
        }
    }

    fn is_object(&self, whose: Whose) -> bool {
        self.names.get(&whose).is_some_and(|name| name.contains('/'))
    }

    fn text(&self, line: &Line) -> String {
        match fault(line) {
            Some((point, _)) => format!("{}: {}", point.name(), point.meaning()),
            None => self.with_names(&one_line(&line.text)),
        }
    }

    /// A text with the long ids of objects in it as the lanes call them.
    fn with_names(&self, text: &str) -> String {
        let long = self.names.iter().filter(|(_, name)| name.chars().count() > MAX_NAME_CHARS);
        long.fold(text.to_owned(), |text, (whose, name)| match text.contains(name) {
            true => text.replace(name, &self.name(*whose)),
            false => text,
        })
    }

    fn row(&self, line: &Line) -> Row {
        let lane = self.lane(line);
        let mut text = self.text(line);
        let has_own_lane = self.objects.contains(&line.whose);
        if (is_storage(line.kind) && self.objects.len() > 1) || (!has_own_lane && self.is_object(line.whose)) {
            text = format!("{}: {text}", self.name(line.whose));
        }
        Row { at_ms: line.at_ms - self.began_ms, lane, text, place: None, fault: fault(line), matters: true }
    }
}

fn is_storage(kind: TraceKind) -> bool {
    matches!(kind, TraceKind::Write | TraceKind::Commit | TraceKind::Hold)
}

/// The fault that a line tells: its text is a decision of a tape.
fn fault(line: &Line) -> Option<(Point, u32)> {
    let tape: Tape = (line.kind == TraceKind::Choice).then(|| line.text.parse().ok())??;
    tape.iter().next().map(|(Place { point, .. }, value)| (point, value))
}
