//! A run as a table: time, one lane for the test and its worker, one for each object, one for storage.
//!
//! Most of what happens in a run does not matter to a reader: what is near a fault, or begins or ends something, stays;
//! the rest is counted.
//!
//! Invariant: the order is the run's; never more than [`MAX_ROWS`] rows, each no wider than its lanes.

use super::finding::Finding;
use super::story::clean;
use crate::world::simulated::Line;
use crate::world::{Place, Point, Tape, TraceKind, Whose};

/// The most rows.
pub const MAX_ROWS: usize = 36;
/// The most lanes of objects; what others do stands in the last one, with their names.
const MAX_OBJECTS: usize = 3;
/// How many characters a lane is wide.
const LANE_CHARS: usize = 30;

/// How lines begin that tell how tests are run rather than what they do.
const INNER: [&str; 6] = [
    "asks the world",
    "POST emu-test:",
    "POST / \"{\\\"ids\\\":",
    "answers 200 \"{\\\"results\\\":",
    "sleeps 1000000000000 ms",
    "gives up waiting",
];

/// A run, as it is told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    /// The names of the lanes after the time.
    pub lanes: Vec<String>,
    /// What stayed, in order.
    pub rows: Vec<Row>,
    /// How many events there were.
    pub events: usize,
    /// What was the first thing that the calm run did not do: the number of the event, from 1, and what it was.
    pub first_difference: Option<(usize, String)>,
}

/// One event that stayed.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Virtual milliseconds since the run began.
    pub at_ms: f64,
    /// Its place in `lanes`.
    pub lane: usize,
    /// What happened.
    pub text: String,
    /// It is a fault: its name, and the value that was decided.
    pub fault: Option<(Point, u32)>,
    /// How many events before it were left out.
    pub skipped: usize,
}

/// Makes the timeline of a finding.
pub fn timeline(finding: &Finding) -> Timeline {
    let lines: Vec<(usize, &Line)> = finding.lines.iter().enumerate().filter(|(_, line)| is_told(line)).collect();
    let lanes = Lanes::of(&lines, &finding.names);
    let anchors: Vec<usize> = lines
        .iter()
        .enumerate()
        .filter(|(_, (at, line))| line.kind == TraceKind::Choice || finding.first_difference == Some(*at))
        .map(|(index, _)| index)
        .collect();
    let mut ranked: Vec<(u32, usize, usize)> = lines
        .iter()
        .enumerate()
        .map(|(index, (_, line))| {
            let distance = anchors.iter().map(|anchor| anchor.abs_diff(index)).min().unwrap_or(lines.len() - index);
            (rank(line, distance), distance, index)
        })
        .collect();
    ranked.sort_unstable();
    let mut kept: Vec<usize> = ranked.into_iter().take(MAX_ROWS).map(|(_, _, index)| index).collect();
    kept.sort_unstable();
    let mut next = 0;
    let rows = kept.into_iter().map(|index| {
        let skipped = index - std::mem::replace(&mut next, index + 1);
        lanes.row(lines[index].1, skipped)
    });
    let first_difference = finding.first_difference.and_then(|at| {
        let line = finding.lines.get(at)?;
        Some((at + 1, format!("{}: {}", lanes.name(line.whose), lanes.text(line))))
    });
    Timeline { rows: rows.collect(), events: lines.len(), lanes: lanes.titles(), first_difference }
}

/// What the tests do to their world is not what happens in it, and the time stands at every row.
fn is_told(line: &Line) -> bool {
    let is_inner = INNER.iter().any(|start| line.text.starts_with(start));
    line.kind != TraceKind::Clock && !is_inner && !line.text.is_empty()
}

/// How little a reader misses a line: those of small ranks stay.
fn rank(line: &Line, distance: usize) -> u32 {
    let far = u32::from(distance > 12);
    match line.kind {
        TraceKind::Choice => 0,
        _ if distance == 0 => 0,
        TraceKind::End | TraceKind::Mark => 1,
        TraceKind::Deliver | TraceKind::Send | TraceKind::Commit | TraceKind::Input | TraceKind::Start => 2 + far,
        TraceKind::Hold | TraceKind::Write | TraceKind::Log => 3 + far,
        TraceKind::Clock => 9,
    }
}

struct Lanes<'a> {
    names: &'a [(Whose, String)],
    /// The objects with lanes of their own.
    objects: Vec<Whose>,
    has_others: bool,
    has_storage: bool,
    /// When the world began.
    began_ms: f64,
}

impl<'a> Lanes<'a> {
    fn of(lines: &[(usize, &Line)], names: &'a [(Whose, String)]) -> Self {
        let mut objects: Vec<Whose> = Vec::new();
        let (mut has_others, mut has_storage) = (false, false);
        for (_, line) in lines {
            let is_object = names.iter().any(|(whose, name)| *whose == line.whose && name.contains('/'));
            has_storage |= is_storage(line.kind);
            if is_object && !objects.contains(&line.whose) {
                match objects.len() < MAX_OBJECTS {
                    true => objects.push(line.whose),
                    false => has_others = true,
                }
            }
        }
        let began_ms = lines.first().map_or(0.0, |(_, line)| line.at_ms);
        Self { names, objects, has_others, has_storage, began_ms }
    }

    fn titles(&self) -> Vec<String> {
        let mut titles = vec!["test".to_owned()];
        titles.extend(self.objects.iter().map(|whose| self.name(*whose)));
        titles.extend(self.has_others.then(|| "others".to_owned()));
        titles.extend(self.has_storage.then(|| "storage".to_owned()));
        titles
    }

    fn name(&self, whose: Whose) -> String {
        let known = self.names.iter().find(|(known, _)| *known == whose).map(|(_, name)| name.as_str());
        match known {
            // An id of 64 digits says no more than its beginning.
            Some(name) if name.len() > LANE_CHARS => short(name, 18),
            Some(name) => clean(name),
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
        self.names.iter().any(|(known, name)| *known == whose && name.contains('/'))
    }

    fn text(&self, line: &Line) -> String {
        match fault(line) {
            Some((point, _)) => format!("{}: {}", point.name(), point.meaning()),
            None => clean(&line.text).replace('\n', " "),
        }
    }

    fn row(&self, line: &Line, skipped: usize) -> Row {
        let lane = self.lane(line);
        let mut text = self.text(line);
        let has_own_lane = self.objects.contains(&line.whose);
        if (is_storage(line.kind) && self.objects.len() > 1) || (!has_own_lane && self.is_object(line.whose)) {
            text = format!("{}: {text}", self.name(line.whose));
        }
        Row { at_ms: line.at_ms - self.began_ms, lane, text, fault: fault(line), skipped }
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

fn short(text: &str, chars: usize) -> String {
    let mut shown: String = text.chars().take(chars).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    clean(&shown)
}

impl Timeline {
    /// The table, line by line. `mark` paints what is a fault.
    pub fn lines(&self, mark: &dyn Fn(&str) -> String) -> Vec<String> {
        let width = |lane: usize| -> usize {
            let texts = self.rows.iter().filter(|row| row.lane == lane).map(|row| row.text.chars().count());
            let title = self.lanes[lane].chars().count();
            texts.chain([title]).max().unwrap_or(0).min(LANE_CHARS)
        };
        let widths: Vec<usize> = (0..self.lanes.len()).map(width).collect();
        let mut lines = Vec::new();
        let titles: Vec<String> = self.lanes.iter().zip(&widths).map(|(lane, width)| pad(lane, *width)).collect();
        lines.push(format!("{:>9}      {}", "time", titles.join("  ")).trim_end().to_owned());
        for row in &self.rows {
            let before: String = widths[..row.lane].iter().map(|width| " ".repeat(width + 2)).collect();
            let shown = match row.fault {
                // A fault is what the reader looks for: it is told in full.
                Some(_) => mark(&row.text),
                None if row.lane + 1 == self.lanes.len() => short(&row.text, 2 * LANE_CHARS),
                None => short(&row.text, LANE_CHARS + 8),
            };
            // The sign is two columns wide.
            let bolt = if row.fault.is_some() { "⚡ " } else { "   " };
            let gap = if row.skipped > 0 { "…" } else { " " };
            let time = seconds(row.at_ms);
            lines.push(format!("{time:>9} {gap} {bolt}{}", format!("{before}{shown}").trim_end()));
        }
        lines
    }

    /// How much of the run the table shows.
    pub fn extent(&self) -> String {
        let rest = self.events - self.rows.len();
        match rest {
            0 => format!("{} events", self.events),
            rest => format!("{} of {} events; {rest} did not matter", self.rows.len(), self.events),
        }
    }
}

fn pad(text: &str, width: usize) -> String {
    let shown = short(text, width.max(1));
    let missing = width.saturating_sub(shown.chars().count());
    format!("{shown}{}", " ".repeat(missing))
}

/// Seconds since the run began; days where it took long.
fn seconds(at_ms: f64) -> String {
    match at_ms / 1000.0 {
        s if s < 100_000.0 => format!("{s:.3}"),
        s => format!("{:.1} d", s / 86_400.0),
    }
}
