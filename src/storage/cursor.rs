//! Open cursors: results of which the guest has not seen the end.
//!
//! A cursor stands one row ahead of what was handed out, as the platform's does, so its last reply says that it is the
//! last one and the row counts agree (reference §1.7).
//!
//! Invariant: steps statements and nothing else: it neither compiles them nor knows of transactions. Everything is
//! bounded: cursors per object, rows and bytes per reply, rows held in memory.

use super::counters::{Plan, Progress};
use super::failure;
use super::restrict::Gate;
use super::statement::{Prepared, Running};
use emu_abi::{Failure, Rows, SqlValue};
use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;
use rusqlite::types::ValueRef;
use rusqlite::{Row, StatementStatus};
use std::collections::{BTreeMap, VecDeque};

/// About how many bytes one reply carries.
const REPLY_BYTES: usize = 256 * 1024;
/// How large one row may be.
const MAX_ROW_BYTES: usize = 32 * 1024 * 1024;
/// Open cursors of one object; the oldest makes room for a further one.
const MAX_CURSORS: usize = 1024;
/// How much of an open cursor's rest is read into memory at the end of a turn, so that its statement can rest.
const SETTLE_BYTES: usize = 64 * 1024;

/// A statement under way.
pub(super) struct Cursor {
    /// Rows that were read ahead; they come before what the source still has.
    ahead: VecDeque<Ahead>,
    source: Source,
    plan: Plan,
    progress: Progress,
    too_long_to_settle: bool,
}

enum Source {
    /// Stands on the next row.
    Live(Running),
    /// No row is left.
    Ended,
    /// The next step failed.
    Failed(Failure),
}

struct Ahead {
    row: Vec<SqlValue>,
    /// `rowsRead` once the row is handed out.
    rows_read: u64,
}

impl Cursor {
    /// Runs a statement up to its first row. The statement is given back if that was its end.
    pub(super) fn begin(prepared: Prepared, gate: &Gate) -> rusqlite::Result<(Self, Option<Prepared>)> {
        prepared.statement().reset_status(StatementStatus::FullscanStep);
        let mut cursor = Self {
            ahead: VecDeque::new(),
            plan: prepared.plan,
            source: Source::Live(Running::start(prepared)),
            progress: Progress::default(),
            too_long_to_settle: false,
        };
        let finished = cursor.advance(gate)?;
        Ok((cursor, finished))
    }

    /// The names of the result columns while the statement has rows.
    pub(super) fn columns(&self) -> Vec<String> {
        let Source::Live(running) = &self.source else { return Vec::new() };
        running.rows().as_ref().map(column_names).unwrap_or_default()
    }

    /// Reads all rows ahead, for a statement that writes: it did all its work in the first step, and left open it
    /// would keep the transaction from committing.
    pub(super) fn drain(&mut self, gate: &Gate) -> rusqlite::Result<Option<Prepared>> {
        self.read_ahead(gate, usize::MAX)
    }

    /// Notes how many rows the statement changed.
    pub(super) fn set_changes(&mut self, changes: u64) {
        self.progress.changes = changes;
    }

    /// Hands out up to `max_rows` rows and about 256 KiB, but at least one row if there is one. The statement is given
    /// back at its end.
    ///
    /// # Errors
    /// Of SQLite's, when they are critical or come before any row. Others end the cursor: rows read before are good,
    /// the next read fails.
    pub(super) fn read(&mut self, gate: &Gate, max_rows: usize) -> rusqlite::Result<(Rows, Option<Prepared>)> {
        let mut rows = Vec::new();
        let mut bytes = 0;
        let mut finished = None;
        let mut rows_read = self.plan.rows_read(self.progress);
        while rows.len() < max_rows.max(1) && bytes < REPLY_BYTES {
            if let Some(next) = self.ahead.pop_front() {
                bytes += row_len(&next.row);
                rows.push(next.row);
                rows_read = next.rows_read;
                continue;
            }
            match self.live_row() {
                Ok(Some((row, len))) => {
                    bytes += len;
                    rows.push(row);
                }
                Ok(None) => break,
                Err(error) if rows.is_empty() => return Err(error),
                Err(error) => {
                    self.source = Source::Failed(failure::from_sql(&error));
                    break;
                }
            }
            match self.advance(gate) {
                Ok(given_back) => finished = given_back,
                Err(error) if failure::is_critical(&error) => return Err(error),
                Err(error) => self.source = Source::Failed(failure::from_sql(&error)),
            }
            rows_read = self.plan.rows_read(self.progress);
        }
        let end = self.ahead.is_empty() && matches!(self.source, Source::Ended);
        Ok((Rows { rows, end, rows_read, rows_written: self.plan.rows_written(self.progress) }, finished))
    }

    /// Why the next read fails, if it does.
    pub(super) fn failure(&self) -> Option<Failure> {
        match &self.source {
            Source::Failed(failure) if self.ahead.is_empty() => Some(failure.clone()),
            _ => None,
        }
    }

    /// Whether it holds a statement open.
    pub(super) fn is_live(&self) -> bool {
        matches!(self.source, Source::Live(_))
    }

    /// Ends the cursor; the statement is given back if it was still open.
    pub(super) fn close(self) -> Option<Prepared> {
        match self.source {
            Source::Live(running) => Some(running.stop()),
            Source::Ended | Source::Failed(_) => None,
        }
    }

    // Reads a short rest ahead, so that an abandoned cursor does not pin the database. SQLite leaves open whether an
    // open cursor sees later writes of its own connection, so nothing a guest may rely on changes.
    fn settle(&mut self, gate: &Gate) -> Option<Prepared> {
        if self.too_long_to_settle {
            return None;
        }
        let finished = self.read_ahead(gate, SETTLE_BYTES).unwrap_or_else(|error| {
            self.source = Source::Failed(failure::from_sql(&error));
            None
        });
        self.too_long_to_settle = self.is_live();
        finished
    }

    fn read_ahead(&mut self, gate: &Gate, max_bytes: usize) -> rusqlite::Result<Option<Prepared>> {
        let mut bytes = 0;
        let mut finished = None;
        while bytes < max_bytes
            && let Some((row, len)) = self.live_row()?
        {
            bytes += len;
            finished = self.advance(gate)?;
            self.ahead.push_back(Ahead { row, rows_read: self.plan.rows_read(self.progress) });
        }
        Ok(finished)
    }

    fn live_row(&self) -> rusqlite::Result<Option<(Vec<SqlValue>, usize)>> {
        let Source::Live(running) = &self.source else { return Ok(None) };
        running.rows().get().map(values).transpose()
    }

    // One step; at the end the statement is given back.
    fn advance(&mut self, gate: &Gate) -> rusqlite::Result<Option<Prepared>> {
        let Source::Live(running) = &mut self.source else { return Ok(None) };
        if gate.guest(|| running.with(|rows| rows.next().map(|row| row.is_some())))? {
            self.count_row();
            return Ok(None);
        }
        let Source::Live(running) = std::mem::replace(&mut self.source, Source::Ended) else {
            return Ok(None);
        };
        let prepared = running.stop();
        self.progress.scan_steps = scan_steps(prepared.statement());
        Ok(Some(prepared))
    }

    fn count_row(&mut self) {
        let Source::Live(running) = &self.source else { return };
        let Some((row, statement)) = running.rows().get().zip(running.rows().as_ref()) else { return };
        self.progress.rows += 1;
        self.progress.scan_steps = scan_steps(statement);
        if self.progress.rows == 1
            && let Ok(ValueRef::Integer(integer)) = row.get_ref(0)
        {
            self.progress.first_integer = u64::try_from(integer).unwrap_or(0);
        }
    }
}

/// The open cursors of an object.
#[derive(Default)]
pub(super) struct Cursors {
    open: BTreeMap<u32, Cursor>,
    last: u32,
    gone: Option<&'static str>,
}

impl Cursors {
    /// Keeps a cursor and names it; never 0. The oldest is given back if there are too many.
    pub(super) fn add(&mut self, cursor: Cursor) -> (u32, Option<Cursor>) {
        let displaced = if self.open.len() >= MAX_CURSORS { self.open.pop_first() } else { None };
        // Numbers are not used twice before four billion others were.
        self.last = self.last.checked_add(1).unwrap_or(1);
        let replaced = self.open.insert(self.last, cursor);
        (self.last, displaced.map(|(_, cursor)| cursor).or(replaced))
    }

    /// Takes a cursor out to read it; [`Cursors::put`] brings it back.
    pub(super) fn take(&mut self, number: u32) -> Option<Cursor> {
        self.open.remove(&number)
    }

    /// Brings a cursor back.
    pub(super) fn put(&mut self, number: u32, cursor: Cursor) {
        self.open.insert(number, cursor);
    }

    /// Drops all cursors; who uses one of them is told `why`.
    pub(super) fn cancel_all(&mut self, why: &'static str) {
        if !self.open.is_empty() {
            self.gone = Some(why);
            self.open.clear();
        }
    }

    /// What a guest is told that uses a cursor which is not open.
    pub(super) fn gone(&self) -> &'static str {
        self.gone.unwrap_or(failure::CURSOR_CLOSED)
    }

    /// Whether any holds a statement open.
    pub(super) fn any_live(&self) -> bool {
        self.open.values().any(Cursor::is_live)
    }

    /// Reads short rests of open cursors into memory, and gives their statements back.
    pub(super) fn settle(&mut self, gate: &Gate) -> Vec<Prepared> {
        self.open.values_mut().filter(|cursor| cursor.is_live()).filter_map(|cursor| cursor.settle(gate)).collect()
    }
}

/// The result columns of a statement.
pub(super) fn column_names(statement: &rusqlite::Statement<'_>) -> Vec<String> {
    // rusqlite panics on a name that is not UTF-8. SQL text cannot make one, a foreign file can.
    let names = || statement.column_names().map(str::to_owned).collect();
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(names))
        .unwrap_or_else(|_| (0..statement.column_count()).map(|index| format!("column{index}")).collect())
}

fn scan_steps(statement: &rusqlite::Statement<'_>) -> u64 {
    u64::try_from(statement.get_status(StatementStatus::FullscanStep)).unwrap_or(0)
}

// Each value is within SQLite's limits, but a row of a hundred such values would not fit into a reply.
fn values(row: &Row<'_>) -> rusqlite::Result<(Vec<SqlValue>, usize)> {
    let count = row.as_ref().column_count();
    let mut values = Vec::with_capacity(count);
    let mut len = 0;
    for index in 0..count {
        let value = value(row.get_ref(index)?);
        len += value_len(&value);
        if len > MAX_ROW_BYTES {
            return Err(failure::too_big());
        }
        values.push(value);
    }
    Ok((values, len))
}

fn value(value: ValueRef<'_>) -> SqlValue {
    match value {
        ValueRef::Null => SqlValue::Null,
        ValueRef::Integer(integer) => SqlValue::Integer(integer),
        ValueRef::Real(real) => SqlValue::Real(real),
        // SQLite does not check text; a guest's strings are Unicode, with a replacement for what is not.
        ValueRef::Text(text) => SqlValue::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(blob) => SqlValue::Blob(blob.to_vec().into()),
    }
}

fn row_len(row: &[SqlValue]) -> usize {
    row.iter().map(value_len).sum()
}

fn value_len(value: &SqlValue) -> usize {
    // What the value takes beside its content, in memory as well as encoded.
    const OVERHEAD: usize = 8;
    OVERHEAD
        + match value {
            SqlValue::Null | SqlValue::Integer(_) | SqlValue::Real(_) => 0,
            SqlValue::Text(text) => text.len(),
            SqlValue::Blob(blob) => blob.0.len(),
        }
}
