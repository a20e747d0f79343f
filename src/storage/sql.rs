//! The SQL API: compiling what guests write, running it, and the cursors over its results (reference §1.7).
//!
//! Invariant: guests' text is compiled and stepped inside the gate only.

use super::counters::Plan;
use super::cursor::{Cursor, column_names};
use super::failure;
use super::restrict::{Refusal, is_reserved};
use super::session::Session;
use super::statement::Prepared;
use super::{math, tokens};
use emu_abi::{Failure, Rows, SqlValue};
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Batch, Statement, ToSql};
use std::rc::Rc;

/// An executed query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Opened {
    /// Names the cursor; 0 when `rows` are all there is.
    pub cursor: u32,
    /// The result columns.
    pub columns: Vec<String>,
    /// The first row, if there is one.
    pub rows: Rows,
}

enum CompileError {
    Sql(rusqlite::Error),
    NoStatement,
}

impl Session {
    /// Runs all statements of `query` but the last, and the last up to its first row.
    pub(super) fn exec(&mut self, query: &str, params: &[SqlValue]) -> Result<Opened, Failure> {
        self.gate.refill();
        let kept = self.statements.take(query);
        let was_kept = kept.is_some();
        let mut prepared = match kept {
            Some(prepared) => prepared,
            None => self.compile(query)?,
        };
        if prepared.statement().parameter_count() != params.len() {
            self.statements.put(prepared);
            return Err(Failure::error(failure::WRONG_BINDINGS));
        }
        let writes = !prepared.statement().readonly();
        if writes {
            self.begin_write()?;
        }
        if let Err(error) = prepared.with(|statement| bind(statement, params)) {
            return Err(self.fail(&error));
        }
        match self.open(prepared, writes) {
            Ok(opened) => Ok(opened),
            Err(error) => {
                let failure = self.fail(&error);
                // A schema change can break a kept statement; compiling it again says where.
                let stale = was_kept && failure::base_code(&error) == Some(rusqlite::ffi::SQLITE_ERROR);
                let precise = if stale && self.broken.is_none() { self.compile(query).err() } else { None };
                Err(precise.unwrap_or(failure))
            }
        }
    }

    /// More rows of a cursor.
    pub(super) fn next(&mut self, number: u32, max_rows: usize) -> Result<Rows, Failure> {
        let Some(mut cursor) = self.cursors.take(number) else {
            return Err(Failure::error(self.cursors.gone()));
        };
        if let Some(failure) = cursor.failure() {
            return Err(failure);
        }
        self.gate.refill();
        let (rows, finished) = cursor.read(&self.gate, max_rows).map_err(|error| self.fail(&error))?;
        if let Some(prepared) = finished {
            self.statements.put(prepared);
        }
        if !rows.end {
            self.cursors.put(number, cursor);
        }
        Ok(rows)
    }

    /// Forgets a cursor.
    pub(super) fn close_cursor(&mut self, number: u32) {
        if let Some(prepared) = self.cursors.take(number).and_then(Cursor::close) {
            self.statements.put(prepared);
        }
    }

    fn open(&mut self, prepared: Prepared, writes: bool) -> rusqlite::Result<Opened> {
        let changes_before = self.connection.total_changes();
        let (mut cursor, mut finished) = Cursor::begin(prepared, &self.gate)?;
        let columns = match &finished {
            Some(prepared) => column_names(prepared.statement()),
            None => cursor.columns(),
        };
        if writes {
            if finished.is_none() {
                finished = cursor.drain(&self.gate)?;
            }
            cursor.set_changes(self.connection.total_changes() - changes_before);
        }
        let (rows, given_back) = cursor.read(&self.gate, 1)?;
        if let Some(prepared) = finished.or(given_back) {
            self.statements.put(prepared);
        }
        if rows.end {
            return Ok(Opened { cursor: 0, columns, rows });
        }
        let (number, displaced) = self.cursors.add(cursor);
        if let Some(prepared) = displaced.and_then(Cursor::close) {
            self.statements.put(prepared);
        }
        Ok(Opened { cursor: number, columns, rows })
    }

    // Compiles the last statement of `query`, having run those before it.
    fn compile(&mut self, query: &str) -> Result<Prepared, Failure> {
        let mut rest = query;
        loop {
            let mut prepared = self.compile_first(rest)?;
            let (text, tail) = rest.split_at(compiled_len(prepared.statement(), rest));
            // Pragmas act while they are compiled, so compiling one again to look at it would be no mere look.
            if prepared.statement().is_explain() == 0 && !tokens::is_pragma(text) {
                prepared.plan = Plan::of(&self.connection, text);
            }
            if tokens::skip_blank(tail).is_empty() {
                return Ok(prepared);
            }
            if prepared.statement().parameter_count() > 0 {
                return Err(Failure::error(failure::PARAMETERS_BEFORE_LAST));
            }
            if !prepared.statement().readonly() {
                self.begin_write()?;
            }
            Cursor::begin(prepared, &self.gate).map_err(|error| self.fail(&error))?;
            // Offsets in errors count from where the statement begins.
            rest = tokens::skip_blank(tail);
        }
    }

    fn compile_first(&mut self, sql: &str) -> Result<Prepared, Failure> {
        let mut result = self.try_compile(sql);
        if let Err(CompileError::Sql(error)) = &result
            && math::is_missing(error)
        {
            math::register(&self.connection).map_err(|error| self.fail(&error))?;
            result = self.try_compile(sql);
        }
        let prepared = result.map_err(|error| match error {
            CompileError::NoStatement => Failure::error(failure::NO_STATEMENT),
            CompileError::Sql(error) => match self.gate.refusal() {
                Refusal::Transaction => Failure::error(failure::USE_TRANSACTION_API),
                Refusal::LoadExtension => Failure::error("not authorized: SQLITE_ERROR"),
                Refusal::Unknown(table) => Failure::error(format!("no such table: {table}: SQLITE_ERROR")),
                Refusal::Plain => self.fail(&error),
            },
        })?;
        if self.gate.altering() && tokens::rename_target(sql).is_some_and(|name| is_reserved(&name)) {
            return Err(Failure::error("not authorized: SQLITE_AUTH"));
        }
        Ok(prepared)
    }

    fn try_compile(&self, sql: &str) -> Result<Prepared, CompileError> {
        self.gate.guest(|| {
            Prepared::new(&self.connection, Rc::from(sql), |connection| {
                // `prepare` would also compile what follows, which may depend on what this statement does.
                let first = Batch::new(connection, sql).next();
                first.map_err(CompileError::Sql)?.ok_or(CompileError::NoStatement)
            })
        })
    }
}

// How much of `sql` the statement compiled from its beginning took. SQLite knows, but the library keeps it to itself;
// the text of the statement has that length, unless parameters are put in, and such a statement has no inner semicolon.
fn compiled_len(statement: &Statement<'_>, sql: &str) -> usize {
    if !sql.contains([';', '\0']) {
        return sql.len();
    }
    let len = match statement.parameter_count() {
        0 => statement.expanded_sql().map_or(sql.len(), |text| text.len()),
        _ => tokens::statement_len(sql).min(sql.find('\0').unwrap_or(sql.len())),
    };
    // A hostile text must not be able to cut a character in two.
    (0..=len.min(sql.len())).rev().find(|at| sql.is_char_boundary(*at)).unwrap_or(0)
}

fn bind(statement: &mut Statement<'_>, params: &[SqlValue]) -> rusqlite::Result<()> {
    params.iter().enumerate().try_for_each(|(index, value)| statement.raw_bind_parameter(index + 1, Bound(value)))
}

struct Bound<'a>(&'a SqlValue);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            SqlValue::Null => ValueRef::Null,
            SqlValue::Integer(integer) => ValueRef::Integer(*integer),
            SqlValue::Real(real) => ValueRef::Real(*real),
            SqlValue::Text(text) => ValueRef::Text(text.as_bytes()),
            SqlValue::Blob(blob) => ValueRef::Blob(&blob.0),
        }))
    }
}
