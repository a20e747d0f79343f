//! The control API's answers, in words.
//!
//! Invariant: prints nothing and reads no clock; text of guests leaves here only as visible characters.

use super::table::{Column, cut, printable, render};
use super::time::{instant, relative, span};
use crate::error::{Error, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt::Write;

/// How an answer is told, at the time given in milliseconds since the epoch.
pub(super) type Tell = fn(Value, f64) -> Result<String>;

/// Hex digits of an id in the list.
const SHORT_ID_CHARS: usize = 12;
const MAX_NAME_CHARS: usize = 64;
/// Characters of an SQL value in the table.
const MAX_CELL_CHARS: usize = 120;

/// An object in the list.
#[derive(Deserialize)]
struct Summary {
    worker: String,
    class: String,
    id: String,
    name: Option<String>,
    state: String,
    sockets: u64,
    constructed: u64,
    evicted: u64,
    /// Milliseconds since the epoch.
    alarm: Option<f64>,
    lane: u64,
}

/// All about an object.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    #[serde(flatten)]
    summary: Summary,
    memory_bytes: Option<u64>,
    database_bytes: u64,
    blockers: Vec<Blocker>,
}

/// Something that keeps an object in memory.
#[derive(Deserialize)]
struct Blocker {
    what: String,
    since_ms: f64,
}

#[derive(Deserialize)]
struct Why {
    object: String,
    state: String,
    why: String,
    blockers: Vec<Blocker>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Alarm {
    object: String,
    alarm: Option<f64>,
    running: bool,
    retry_count: u64,
    retry_at: Option<f64>,
}

#[derive(Deserialize)]
struct Ran {
    object: String,
    ran: bool,
}

/// What is answered where only the object is news.
#[derive(Deserialize)]
struct Done {
    object: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rows {
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
    truncated: bool,
    rows_read: u64,
    rows_written: u64,
}

fn parse<T: DeserializeOwned>(value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(|error| {
        Error::network("emu's answer cannot be understood")
            .because(error)
            .hint("the running emu may be of another version; `--json` prints the answer as it is")
    })
}

/// The list as a table; only the objects of `class`, if one is given.
pub(super) fn list(value: Value, class: Option<&str>, now_ms: f64) -> Result<String> {
    let mut objects: Vec<Summary> = parse(value)?;
    objects.retain(|object| class.is_none_or(|class| is_of(&object.worker, &object.class, class)));
    if objects.is_empty() {
        return Ok(match class {
            Some(class) => format!("no objects of class {}\n", printable(class)),
            None => "no objects yet: they appear when a worker first uses them\n".into(),
        });
    }
    let several_workers = objects.iter().any(|object| object.worker != objects[0].worker);
    let mut columns = vec![
        Column::left("CLASS"),
        Column::left("NAME"),
        Column::left("STATE"),
        Column::right("SOCKETS"),
        Column::right("CONSTRUCTED"),
        Column::right("EVICTED"),
        Column::left("ALARM"),
    ];
    if several_workers {
        columns.insert(0, Column::left("WORKER"));
    }
    let rows: Vec<Vec<String>> = objects
        .iter()
        .map(|object| {
            let mut row = vec![
                cut(&object.class, MAX_NAME_CHARS).0,
                object.short_name(),
                printable(&object.state),
                object.sockets.to_string(),
                object.constructed.to_string(),
                object.evicted.to_string(),
                object.alarm.map_or_else(|| "-".into(), |at_ms| due(at_ms, now_ms)),
            ];
            if several_workers {
                row.insert(0, cut(&object.worker, MAX_NAME_CHARS).0);
            }
            row
        })
        .collect();
    let mut text = render(&columns, &rows, false);
    if objects.iter().any(Summary::is_shortened) {
        text.push_str("(names and ids that end in … are shortened; `--json` has them whole)\n");
    }
    Ok(text)
}

/// The list as JSON, only the objects of `class`.
pub(super) fn list_json(value: Value, class: &str) -> Result<String> {
    let objects: Vec<Value> = parse(value)?;
    let of_class = |object: &Value| {
        let text = |key: &str| object[key].as_str().unwrap_or_default().to_owned();
        is_of(&text("worker"), &text("class"), class)
    };
    Ok(format!("{}\n", Value::Array(objects.into_iter().filter(of_class).collect())))
}

/// Classes are named as in OBJECT: `Class`, or `worker-Class`.
fn is_of(worker: &str, class: &str, wanted: &str) -> bool {
    class == wanted || wanted.strip_prefix(worker).and_then(|rest| rest.strip_prefix('-')) == Some(class)
}

impl Summary {
    /// The name; an object whose name is not known, or empty, goes by its id.
    fn name(&self) -> Option<&str> {
        self.name.as_deref().filter(|name| !name.is_empty())
    }

    fn short_name(&self) -> String {
        match self.name() {
            Some(name) => cut(name, MAX_NAME_CHARS).0,
            None => cut(&self.id, SHORT_ID_CHARS + 1).0,
        }
    }

    fn is_shortened(&self) -> bool {
        match self.name() {
            Some(name) => cut(name, MAX_NAME_CHARS).1,
            None => cut(&self.id, SHORT_ID_CHARS + 1).1,
        }
    }
}

/// An alarm whose time has come is being delivered or waits for its retry.
fn due(at_ms: f64, now_ms: f64) -> String {
    if at_ms > now_ms { relative(at_ms, now_ms) } else { format!("due {}", relative(at_ms, now_ms)) }
}

/// Everything known about an object, a line each.
pub(super) fn show(value: Value, now_ms: f64) -> Result<String> {
    let Shown { summary, memory_bytes, database_bytes, blockers } = parse(value)?;
    let alarm =
        summary.alarm.map_or_else(|| "none".into(), |at_ms| format!("{} ({})", due(at_ms, now_ms), instant(at_ms)));
    let memory = memory_bytes.map_or_else(|| "none: it is not in memory".into(), bytes);
    let lines = [
        ("worker", printable(&summary.worker)),
        ("class", printable(&summary.class)),
        ("name", summary.name.as_deref().map_or_else(|| "not known".into(), printable)),
        ("id", printable(&summary.id)),
        ("state", printable(&summary.state)),
        ("sockets", summary.sockets.to_string()),
        ("constructed", times(summary.constructed)),
        ("evicted", times(summary.evicted)),
        ("alarm", alarm),
        ("memory", memory),
        ("database", bytes(database_bytes)),
        ("lane", summary.lane.to_string()),
    ];
    let mut text = String::new();
    for (key, value) in lines {
        let _ = writeln!(text, "{key:<13}{value}");
    }
    if !blockers.is_empty() {
        text.push_str("kept in memory by\n");
        text.push_str(&told(&blockers, now_ms));
    }
    Ok(text)
}

fn times(count: u64) -> String {
    match count {
        0 => "never".into(),
        1 => "once".into(),
        _ => format!("{count} times"),
    }
}

fn bytes(count: u64) -> String {
    match count {
        0..1024 => format!("{count} bytes"),
        1024..1_048_576 => format!("{:.1} KiB", count as f64 / 1024.0),
        _ => format!("{:.1} MiB", count as f64 / 1_048_576.0),
    }
}

/// What keeps an object in memory, in sentences.
pub(super) fn why(value: Value, now_ms: f64) -> Result<String> {
    let Why { object, state, why, blockers } = parse(value)?;
    let (object, state) = (printable(&object), printable(&state));
    Ok(match blockers.len() {
        0 => format!("{object} is {state}: {}\n", printable(&why)),
        1 => format!("{object} is {state}: one thing keeps it in memory\n{}", told(&blockers, now_ms)),
        count => format!("{object} is {state}: {count} things keep it in memory\n{}", told(&blockers, now_ms)),
    })
}

fn told(blockers: &[Blocker], now_ms: f64) -> String {
    let mut text = String::new();
    for Blocker { what, since_ms } in blockers {
        let lasted = span((now_ms - since_ms).max(0.0));
        let _ = writeln!(text, "  - {}, for {lasted} (since {})", printable(what), instant(*since_ms));
    }
    text
}

fn done(value: Value, what: &str) -> Result<String> {
    let Done { object } = parse(value)?;
    Ok(format!("{} {what}\n", printable(&object)))
}

/// `evict` and `hibernate` that leave the sockets.
pub(super) fn evicted(value: Value, _now_ms: f64) -> Result<String> {
    done(value, "is out of memory; its hibernatable sockets stay connected")
}

/// `evict --sockets close`.
pub(super) fn evicted_closing(value: Value, _now_ms: f64) -> Result<String> {
    done(value, "is out of memory; its sockets are closed")
}

/// `abort`.
pub(super) fn aborted(value: Value, _now_ms: f64) -> Result<String> {
    done(value, "is reset; its callers got the reason as an error")
}

/// `crash`.
pub(super) fn crashed(value: Value, _now_ms: f64) -> Result<String> {
    done(value, "has crashed; what was not committed is lost, and its sockets are cut")
}

/// `alarm show`, `alarm set`, `alarm delete`.
pub(super) fn alarm(value: Value, now_ms: f64) -> Result<String> {
    let Alarm { object, alarm, running, retry_count, retry_at } = parse(value)?;
    let object = printable(&object);
    let mut text = match alarm {
        Some(at_ms) => format!("the alarm of {object} is due {} ({})", relative(at_ms, now_ms), instant(at_ms)),
        None => format!("{object} has no alarm set"),
    };
    if running {
        text.push_str("; `alarm()` is running");
    }
    if let Some(at_ms) = retry_at {
        let _ = write!(text, "; after failing, its next try is {}", relative(at_ms, now_ms));
    }
    if retry_count > 0 {
        let _ = write!(text, "; {} counted", plural(retry_count, "retry", "retries"));
    }
    text.push('\n');
    Ok(text)
}

/// `alarm run`.
pub(super) fn alarm_ran(value: Value, _now_ms: f64) -> Result<String> {
    let Ran { object, ran } = parse(value)?;
    let object = printable(&object);
    Ok(match ran {
        true => format!("the alarm of {object} runs now\n"),
        false => format!("{object} has no alarm set, so none runs\n"),
    })
}

/// The rows of `sql`, and how many were read and written.
pub(super) fn sql(value: Value, _now_ms: f64) -> Result<String> {
    let Rows { columns, rows, truncated, rows_read, rows_written } = parse(value)?;
    let mut cut_cells = 0;
    let cells: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|value| cell(value, &mut cut_cells)).collect()).collect();
    let columns: Vec<Column> = columns
        .iter()
        .enumerate()
        .map(|(index, title)| {
            let numbers = |row: &Vec<Value>| row.get(index).is_some_and(|value| value.is_number() || value.is_null());
            let any_number = rows.iter().any(|row| row.get(index).is_some_and(Value::is_number));
            Column { title: cut(title, MAX_CELL_CHARS).0, right: any_number && rows.iter().all(numbers) }
        })
        .collect();
    let mut text = if columns.is_empty() { String::new() } else { render(&columns, &cells, true) };
    let count = plural(rows.len() as u64, "row", "rows");
    let _ = writeln!(text, "({count}; {rows_read} read, {rows_written} written)");
    if truncated {
        text.push_str("(there are more rows: ask for fewer with `LIMIT`)\n");
    }
    if cut_cells > 0 {
        let values = plural(cut_cells, "value is", "values are");
        let _ = writeln!(text, "({values} shortened to end in …; `--json` prints them whole)");
    }
    Ok(text)
}

fn cell(value: &Value, cut_cells: &mut u64) -> String {
    let (text, is_cut) = match value {
        Value::Null => return "NULL".into(),
        Value::String(text) => cut(text, MAX_CELL_CHARS),
        other => cut(&other.to_string(), MAX_CELL_CHARS),
    };
    *cut_cells += u64::from(is_cut);
    text
}

fn plural(count: u64, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}
