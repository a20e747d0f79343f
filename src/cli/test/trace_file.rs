//! `.emutrace`: a run line by line, after a line that says how to run it again, and before one with the program.
//!
//! Invariant: JSON, one object a line; what is read is compared, never trusted.

use super::kept::Kept;
use crate::error::{Error, Result};
use crate::world::simulated::{Line, START_MS};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

/// How the line with the program begins.
const PROGRAM: &str = r#"{"program":"#;

/// Writes the trace of a run of a program, as [`super::carried`] packs it.
///
/// # Errors
/// When the file cannot be written.
pub(in crate::cli) fn write(path: &Path, kept: &Kept, lines: &[Line], program: &Value) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let written = folder.map_or(Ok(()), fs::create_dir_all).and_then(|()| {
        let mut file = BufWriter::new(File::create(path)?);
        writeln!(file, "{}", kept.to_json())?;
        lines.iter().try_for_each(|line| writeln!(file, "{}", to_json(line)))?;
        writeln!(file, "{program}")?;
        file.flush()
    });
    written.map_err(|error| Error::storage(format!("`{}` cannot be written", path.display())).because(error))
}

fn to_json(line: &Line) -> Value {
    json!({
        "at": line.at_ms - START_MS,
        "whose": line.whose.to_string(),
        "kind": line.kind.name(),
        "hash": format!("{:016x}", line.hash),
        "text": line.text,
    })
}

/// The program in a trace; none in another file that says what to run.
///
/// # Errors
/// When the file ends in the middle of it.
pub(in crate::cli) fn program(path: &Path) -> Result<Option<Value>> {
    let text = if path.is_file() { fs::read_to_string(path).ok() } else { None };
    let last = text.as_deref().and_then(|text| text.lines().next_back()).filter(|line| line.starts_with(PROGRAM));
    last.map(serde_json::from_str).transpose().map_err(|error| {
        Error::usage(format!("the program in `{}` is not whole", path.display()))
            .because(error)
            .hint("get the file once more, or run its test in its project: `emu replay FILE -c path/to/wrangler.jsonc`")
    })
}

/// Where a run parts from a trace: the number of the line, from 1, with what was there and what is now. None where the
/// file has no lines, or they are the same.
pub(in crate::cli) fn first_difference(path: &Path, lines: &[Line]) -> Option<(usize, String, String)> {
    let text = fs::read_to_string(path).ok()?;
    let events = text.lines().skip(1).map_while(|line| serde_json::from_str(line).ok());
    let old: Vec<Value> = events.take_while(|line: &Value| line.get("program").is_none()).collect();
    if old.is_empty() {
        return None;
    }
    let new: Vec<Value> = lines.iter().map(to_json).collect();
    let same = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let shown = |lines: &[Value]| {
        let line = lines.get(same)?;
        Some(format!("{} {}", line["kind"].as_str()?, line["text"].as_str()?))
    };
    let end = || "the run ends".to_owned();
    (same < old.len().max(new.len()))
        .then(|| (same + 1, shown(&old).unwrap_or_else(end), shown(&new).unwrap_or_else(end)))
}
