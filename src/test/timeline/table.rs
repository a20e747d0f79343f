//! How a timeline looks: lanes as wide as there is room for, texts that go on to the right and then below.
//!
//! Invariant: no line is wider than it may be, as long as that is more than 60 columns; a word is broken only where it is
//! wider than its lane.

use super::{Row, Timeline};

/// How much room there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// In columns.
    pub width: usize,
    /// Only what matters most is shown.
    pub is_cut: bool,
}

impl View {
    /// All of it, for a file.
    pub const WHOLE: Self = Self { width: 120, is_cut: false };
}

impl Default for View {
    fn default() -> Self {
        Self { is_cut: true, ..Self::WHOLE }
    }
}

/// The columns of the time and of a fault's sign.
const TIME_CHARS: usize = 14;
/// Lanes narrower than this are no help: names stand before the texts instead.
const MIN_LANE_CHARS: usize = 16;
/// The most lines of a text.
const MAX_TEXT_LINES: usize = 3;
/// A line that is not the last one of a text may end behind these.
const BREAKS: [char; 8] = [' ', ',', '&', '?', '/', ':', ';', '}'];

impl Timeline {
    /// The table, line by line; nothing where nothing is told. `mark` paints what is a fault.
    pub fn lines(&self, view: View, mark: &dyn Fn(&str) -> String) -> Vec<String> {
        if self.rows.is_empty() {
            return Vec::new();
        }
        let shown: Vec<&Row> = self.rows.iter().filter(|row| row.matters || !view.is_cut).collect();
        let indents = self.indents(&shown, view.width);
        let mut lines = vec![self.title(&indents)];
        let mut skipped = 0;
        for row in &self.rows {
            if view.is_cut && !row.matters {
                skipped += 1;
                continue;
            }
            push_gap(&mut lines, &mut skipped);
            let (indent, text) = match &indents {
                Some(indents) => (indents[row.lane], row.text.clone()),
                None => (0, format!("{}: {}", self.lanes[row.lane], row.text)),
            };
            let room = view.width.saturating_sub(TIME_CHARS + indent).max(MIN_LANE_CHARS);
            let mut parts = wrapped(&text, room);
            push_place(&mut parts, row.place.as_deref(), room);
            for (number, part) in parts.into_iter().enumerate() {
                let bolt = if row.fault.is_some() && number == 0 { "⚡" } else { "  " };
                let time = if number == 0 { seconds(row.at_ms) } else { String::new() };
                let part = if row.fault.is_some() { mark(&part) } else { part };
                lines.push(format!("{time:>9}  {bolt} {}{part}", " ".repeat(indent)).trim_end().to_owned());
            }
        }
        push_gap(&mut lines, &mut skipped);
        lines
    }

    /// How much of the run the table shows.
    pub fn extent(&self, view: View) -> String {
        let shown = self.rows.iter().filter(|row| row.matters || !view.is_cut).count();
        let all = self.rows.len();
        let (rows, events) = (if all == 1 { "row" } else { "rows" }, if self.events == 1 { "event" } else { "events" });
        match all == shown {
            true => format!("{all} {rows}, of {} {events}", self.events),
            false => format!("{shown} of {all} {rows}, of {} {events}", self.events),
        }
    }

    /// Where each lane begins; nothing if there is no room for lanes.
    fn indents(&self, shown: &[&Row], width: usize) -> Option<Vec<usize>> {
        let room = width.saturating_sub(TIME_CHARS) / self.lanes.len().max(1);
        if room < MIN_LANE_CHARS {
            return None;
        }
        let mut indent = 0;
        let lanes = self.lanes.iter().enumerate().map(|(lane, title)| {
            let texts = shown.iter().filter(|row| row.lane == lane).map(|row| row.text.chars().count());
            let longest = texts.chain([title.chars().count()]).max().unwrap_or(0) + 2;
            let begin = indent;
            indent += longest.clamp(MIN_LANE_CHARS, room);
            begin
        });
        Some(lanes.collect())
    }

    fn title(&self, indents: &Option<Vec<usize>>) -> String {
        let mut line = format!("{:>9}     ", "time");
        for (lane, indent) in indents.iter().flatten().enumerate() {
            let missing = (TIME_CHARS + indent).saturating_sub(line.chars().count());
            line.push_str(&" ".repeat(missing));
            let next = indents.as_ref().and_then(|indents| indents.get(lane + 1));
            let room = next.map_or(usize::MAX, |next| next - indent - 1);
            line.extend(self.lanes[lane].chars().take(room));
        }
        line.trim_end().to_owned()
    }
}

fn push_gap(lines: &mut Vec<String>, skipped: &mut usize) {
    match std::mem::take(skipped) {
        0 => {}
        1 => lines.push(format!("{:>9}     1 row is left out", "…")),
        rows => lines.push(format!("{:>9}     {rows} rows are left out", "…")),
    }
}

/// Says where a text comes from, in its last line or below it.
fn push_place(parts: &mut Vec<String>, place: Option<&str>, room: usize) {
    let Some(place) = place else { return };
    match parts.last_mut() {
        Some(last) if last.chars().count() + 2 + place.chars().count() <= room => {
            last.push_str("  ");
            last.push_str(place);
        }
        _ => parts.extend(wrapped(place, room)),
    }
}

/// A text in lines of so many characters.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest: Vec<char> = text.chars().collect();
    while rest.len() > room {
        if lines.len() + 1 == MAX_TEXT_LINES {
            rest.truncate(room - 1);
            rest.push('…');
            break;
        }
        let last = rest[..room].iter().rposition(|char| BREAKS.contains(char));
        let end = last.map_or(room, |at| at + 1);
        // Breaking after the first few characters would waste the line.
        let end = if end < room / 3 { room } else { end };
        let line: String = rest.drain(..end).collect();
        lines.push(line.trim_end().to_owned());
        let blanks = rest.iter().take_while(|char| **char == ' ').count();
        rest.drain(..blanks);
    }
    lines.push(rest.into_iter().collect());
    lines
}

/// Seconds since the run began; days where it took long.
fn seconds(at_ms: f64) -> String {
    match at_ms / 1000.0 {
        s if s < 100_000.0 => format!("{s:.3}"),
        s => format!("{:.1} d", s / 86_400.0),
    }
}
