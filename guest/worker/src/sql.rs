//! An object's SQL database.

use crate::js::{JsValue, Value};
use crate::{Result, host};
use emu_abi::{Answer, Ask, Failure, Rows, SqlValue};
use serde::de::DeserializeOwned;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;

const MAX_SAFE_INTEGER: i64 = 9_007_199_254_740_991;

/// How many rows are fetched at once when all are wanted.
const ROWS_AT_ONCE: u32 = 1024;

/// A value in SQL.
#[derive(Clone, Debug, PartialEq)]
pub enum SqlStorageValue {
    /// NULL
    Null,
    /// A boolean. The platform binds it as the text `true` or `false`.
    Boolean(bool),
    /// An integer. The platform binds it as a double.
    Integer(i64),
    /// A number.
    Float(f64),
    /// Text.
    String(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl SqlStorageValue {
    /// An integer that is exact as a JavaScript number.
    ///
    /// # Errors
    /// When it is not.
    pub fn try_from_i64(value: i64) -> Result<Self> {
        if (-MAX_SAFE_INTEGER..=MAX_SAFE_INTEGER).contains(&value) {
            Ok(Self::Integer(value))
        } else {
            Err("Value outside JavaScript safe integer range".into())
        }
    }

    /// What the platform binds for the value.
    fn into_abi(self) -> SqlValue {
        match self {
            Self::Null => SqlValue::Null,
            Self::Boolean(value) => SqlValue::Text(value.to_string()),
            Self::Integer(value) => SqlValue::Real(value as f64),
            Self::Float(value) => SqlValue::Real(value),
            Self::String(value) => SqlValue::Text(value),
            Self::Blob(value) => SqlValue::Blob(value.into()),
        }
    }

    /// What JavaScript sees of a column: numbers without a fraction are integers.
    fn from_abi(value: SqlValue) -> Self {
        let number = match value {
            SqlValue::Null => return Self::Null,
            SqlValue::Text(text) => return Self::String(text),
            SqlValue::Blob(bytes) => return Self::Blob(bytes.0),
            SqlValue::Integer(integer) => integer as f64,
            SqlValue::Real(number) => number,
        };
        if number.fract() == 0.0 && number.abs() <= MAX_SAFE_INTEGER as f64 {
            Self::Integer(number as i64)
        } else {
            Self::Float(number)
        }
    }
}

macro_rules! from {
    ($($type:ty => |$value:ident| $variant:expr;)*) => {
        $(impl From<$type> for SqlStorageValue {
            fn from($value: $type) -> Self {
                $variant
            }
        })*
    };
}

from! {
    bool => |value| Self::Boolean(value);
    i32 => |value| Self::Integer(value.into());
    i64 => |value| Self::Integer(value);
    f64 => |value| Self::Float(value);
    String => |value| Self::String(value);
    &str => |value| Self::String(value.to_owned());
    Vec<u8> => |value| Self::Blob(value);
}

impl<T: Into<SqlStorageValue>> From<Option<T>> for SqlStorageValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// The value bound for a JavaScript value: what is neither null, bytes nor a number becomes a string.
fn bind(value: JsValue) -> SqlValue {
    match value.0 {
        Value::Undefined | Value::Null => SqlValue::Null,
        Value::Bool(value) => SqlValue::Text(value.to_string()),
        Value::Number(number) => SqlValue::Real(number),
        Value::BigInt(integer) => SqlValue::Text(integer.to_string()),
        Value::String(text) => SqlValue::Text(text),
        Value::Bytes(bytes) | Value::Buffer(bytes) => SqlValue::Blob(bytes.into()),
        Value::Array(items) => {
            let texts = items.into_iter().map(|item| match bind(item) {
                SqlValue::Null | SqlValue::Blob(_) => String::new(),
                SqlValue::Integer(integer) => integer.to_string(),
                SqlValue::Real(number) => number.to_string(),
                SqlValue::Text(text) => text,
            });
            SqlValue::Text(texts.collect::<Vec<_>>().join(","))
        }
        Value::Map(_) => SqlValue::Text("[object Map]".into()),
        Value::Set(_) => SqlValue::Text("[object Set]".into()),
        Value::Date(ms) => SqlValue::Text(crate::date::display(ms)),
        Value::Error(error) => SqlValue::Text(error.0.to_string()),
        Value::Object(_) => SqlValue::Text("[object Object]".into()),
    }
}

fn column(value: SqlValue) -> JsValue {
    JsValue(match value {
        SqlValue::Null => Value::Null,
        SqlValue::Integer(integer) => Value::Number(integer as f64),
        SqlValue::Real(number) => Value::Number(number),
        SqlValue::Text(text) => Value::String(text),
        SqlValue::Blob(bytes) => Value::Buffer(bytes.0),
    })
}

/// The SQL database of an object.
#[derive(Clone, Debug)]
pub struct SqlStorage {
    object: u32,
}

impl SqlStorage {
    pub(crate) fn new(object: u32) -> Self {
        Self { object }
    }

    /// The size of the database in bytes.
    ///
    /// # Panics
    /// When the class has no SQL storage.
    pub fn database_size(&self) -> usize {
        match host::ask(self.object, &Ask::SqlSize) {
            Ok(Answer::Count(bytes)) => usize::try_from(bytes).unwrap_or(usize::MAX),
            Ok(other) => host::unexpected(&other),
            Err(failure) => panic!("{failure}"),
        }
    }

    /// Runs the statements of `query`; the cursor is over the last one, which alone may have parameters.
    ///
    /// # Errors
    /// What SQLite says, as the platform puts it.
    pub fn exec(&self, query: &str, bindings: impl Into<Option<Vec<SqlStorageValue>>>) -> Result<SqlCursor> {
        let bindings: Option<Vec<_>> = bindings.into();
        let params = bindings.unwrap_or_default().into_iter().map(SqlStorageValue::into_abi).collect();
        self.run(query, params)
    }

    /// As [`Self::exec`], with bindings that are JavaScript values.
    ///
    /// # Errors
    /// As [`Self::exec`].
    pub fn exec_raw(&self, query: &str, bindings: impl Into<Option<Vec<JsValue>>>) -> Result<SqlCursor> {
        let bindings: Option<Vec<_>> = bindings.into();
        self.run(query, bindings.unwrap_or_default().into_iter().map(bind).collect())
    }

    fn run(&self, query: &str, params: Vec<SqlValue>) -> Result<SqlCursor> {
        match host::ask(self.object, &Ask::SqlExec { query: query.to_owned(), params })? {
            Answer::Cursor { cursor, columns, rows } => {
                let mut state = Cursor::default();
                (state.object, state.cursor, state.columns) = (self.object, cursor, columns);
                state.take(rows);
                Ok(SqlCursor(Rc::new(RefCell::new(state))))
            }
            other => host::unexpected(&other),
        }
    }
}

#[derive(Debug, Default)]
struct Cursor {
    object: u32,
    cursor: u32,
    columns: Vec<String>,
    rows: VecDeque<Vec<SqlValue>>,
    end: bool,
    rows_read: u64,
    rows_written: u64,
}

impl Cursor {
    fn take(&mut self, rows: Rows) {
        self.rows.extend(rows.rows);
        self.end = rows.end;
        self.rows_read = rows.rows_read;
        self.rows_written = rows.rows_written;
    }

    /// The next row, fetching `at_once` if none is here.
    fn next(&mut self, at_once: u32) -> Option<Result<Vec<SqlValue>>> {
        if self.rows.is_empty() && !self.end {
            match host::ask(self.object, &Ask::SqlNext { cursor: self.cursor, max_rows: at_once }) {
                Ok(Answer::Rows(rows)) => self.take(rows),
                Ok(other) => host::unexpected(&other),
                Err(failure) => {
                    self.end = true;
                    return Some(Err(failure.into()));
                }
            }
        }
        self.rows.pop_front().map(Ok)
    }

    /// A row as an object; of columns with equal names the last one counts.
    fn object(&self, row: Vec<SqlValue>) -> JsValue {
        let mut fields: Vec<(String, JsValue)> = Vec::with_capacity(row.len());
        for (name, value) in self.columns.iter().zip(row) {
            match fields.iter_mut().find(|(known, _)| known == name) {
                Some(field) => field.1 = column(value),
                None => fields.push((name.clone(), column(value))),
            }
        }
        JsValue(Value::Object(fields))
    }

    fn next_object(&mut self, at_once: u32) -> Option<Result<JsValue>> {
        let row = self.next(at_once)?;
        Some(row.map(|row| self.object(row)))
    }
}

impl Drop for Cursor {
    fn drop(&mut self) {
        if self.cursor != 0 && !self.end {
            // A cursor that the host has closed already needs no closing.
            host::ask(self.object, &Ask::SqlClose { cursor: self.cursor }).ok();
        }
    }
}

/// The rows of a statement. Clones are the same cursor.
#[derive(Clone, Debug)]
pub struct SqlCursor(Rc<RefCell<Cursor>>);

impl SqlCursor {
    /// All rows that are left.
    ///
    /// # Errors
    /// What SQLite says, or when a row does not have the shape of `T`.
    pub fn to_array<T: DeserializeOwned>(&self) -> Result<Vec<T>> {
        let mut cursor = self.0.borrow_mut();
        let mut all = Vec::new();
        while let Some(row) = cursor.next_object(ROWS_AT_ONCE) {
            all.push(row?.deserialize()?);
        }
        Ok(all)
    }

    /// The only row.
    ///
    /// # Errors
    /// When there is none or more than one, or when it does not have the shape of `T`.
    pub fn one<T: DeserializeOwned>(&self) -> Result<T> {
        let mut cursor = self.0.borrow_mut();
        let expected = "Expected exactly one result from SQL query, but got";
        let Some(row) = cursor.next_object(1) else {
            return Err(Failure::error(format!("{expected} no results.")).into());
        };
        if let Some(more) = cursor.next(1) {
            more?;
            return Err(Failure::error(format!("{expected} multiple results.")).into());
        }
        row?.deserialize()
    }

    /// The names of the columns.
    pub fn column_names(&self) -> Vec<String> {
        self.0.borrow().columns.clone()
    }

    /// How many rows were read so far.
    pub fn rows_read(&self) -> usize {
        usize::try_from(self.0.borrow().rows_read).unwrap_or(usize::MAX)
    }

    /// How many rows were written so far.
    pub fn rows_written(&self) -> usize {
        usize::try_from(self.0.borrow().rows_written).unwrap_or(usize::MAX)
    }

    /// The rows that are left, each as a `T`.
    pub fn next<T: DeserializeOwned>(&self) -> SqlCursorIterator<T> {
        SqlCursorIterator { cursor: self.clone(), row: PhantomData }
    }

    /// The rows that are left, each as its values.
    pub fn raw(&self) -> SqlCursorRawIterator {
        SqlCursorRawIterator(self.clone())
    }
}

impl Iterator for SqlCursor {
    type Item = Result<JsValue>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.borrow_mut().next_object(1)
    }
}

/// See [`SqlCursor::next`].
pub struct SqlCursorIterator<T> {
    cursor: SqlCursor,
    row: PhantomData<T>,
}

impl<T: DeserializeOwned> Iterator for SqlCursorIterator<T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.cursor.0.borrow_mut().next_object(1)?;
        Some(row.and_then(JsValue::deserialize))
    }
}

impl<T> fmt::Debug for SqlCursorIterator<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SqlCursorIterator").field(&self.cursor).finish()
    }
}

/// See [`SqlCursor::raw`].
#[derive(Debug)]
pub struct SqlCursorRawIterator(SqlCursor);

impl Iterator for SqlCursorRawIterator {
    type Item = Result<Vec<SqlStorageValue>>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.0.0.borrow_mut().next(1)?;
        Some(row.map(|row| row.into_iter().map(SqlStorageValue::from_abi).collect()))
    }
}
