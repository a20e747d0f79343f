//! Time and randomness in SQL, where they must come from a simulated world: `random()`, `randomblob()`, `'now'` and
//! `current_timestamp` with its kin.
//!
//! SQLite asks the operating system itself; that cannot be changed without `unsafe`, but functions can be replaced. The
//! date functions here put the simulated time in the place of `'now'` and leave the rest to SQLite's own, in a second
//! database that holds nothing.
//!
//! Each object has a stream of its own, which goes on when its database is closed and opened again.
//!
//! Invariant: reads neither a clock nor randomness. The same seed, times and statements of an object give the same values,
//! whatever other objects do.

use crate::world::Whose;
use crate::world::mix::{SplitMix64, mix};
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Result, params, params_from_iter};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What SQL sees of the world. Shared by all connections of a storage; a connection's functions have to be `Send`, hence
/// the lock, which one thread takes.
#[derive(Clone)]
pub(super) struct Sources {
    state: Arc<Mutex<State>>,
}

struct State {
    now_ms: i64,
    seed: u64,
    /// The streams of the objects that have drawn from them.
    streams: BTreeMap<Whose, SplitMix64>,
    /// The database for SQLite's own date functions, once one is asked for.
    dates: Option<Connection>,
}

impl Sources {
    /// Time stands at the epoch until it is set.
    pub(super) fn new(seed: u64) -> Self {
        let state = State { now_ms: 0, seed, streams: BTreeMap::new(), dates: None };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// The time from here on, in milliseconds since the epoch.
    pub(super) fn set_time_ms(&self, now_ms: i64) {
        self.with(|state| state.now_ms = now_ms);
    }

    /// Replaces the functions of an object's connection.
    pub(super) fn install(&self, connection: &Connection, whose: Whose) -> Result<()> {
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_INNOCUOUS;
        let sources = self.clone();
        connection.create_scalar_function("random", 0, flags, move |_| {
            Ok(sources.with(|state| state.stream(whose).next()).cast_signed())
        })?;
        let sources = self.clone();
        connection.create_scalar_function("randomblob", 1, flags, move |context| {
            // SQLite gives one byte for anything less than two, and so for what is no number.
            let len = integer(context.get_raw(0)).unwrap_or(1).clamp(1, MAX_BLOB_BYTES);
            let mut blob = vec![0; len as usize];
            sources.with(|state| state.stream(whose).fill(&mut blob));
            Ok(blob)
        })?;
        for (name, arguments, first_time) in DATES {
            let sources = self.clone();
            let flags = flags | FunctionFlags::SQLITE_DETERMINISTIC;
            connection.create_scalar_function(*name, *arguments, flags, move |context| {
                sources.with(|state| state.date(name, *first_time, context))
            })?;
        }
        Ok(())
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        // A panic under the lock leaves nothing half done.
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

const MAX_BLOB_BYTES: i64 = 8 * 1024 * 1024;

// Name, number of arguments, and which argument is the first to name a time.
const DATES: &[(&str, i32, usize)] = &[
    ("date", -1, 0),
    ("time", -1, 0),
    ("datetime", -1, 0),
    ("julianday", -1, 0),
    ("unixepoch", -1, 0),
    ("strftime", -1, 1),
    ("timediff", 2, 0),
    ("current_date", 0, 0),
    ("current_time", 0, 0),
    ("current_timestamp", 0, 0),
];

impl State {
    fn stream(&mut self, whose: Whose) -> &mut SplitMix64 {
        self.streams.entry(whose).or_insert_with(|| SplitMix64::new(mix(&[self.seed, whose.0])))
    }

    fn dates(&mut self) -> Result<&Connection> {
        if self.dates.is_none() {
            self.dates = Some(Connection::open_in_memory()?);
        }
        self.dates.as_ref().ok_or(rusqlite::Error::InvalidQuery)
    }

    fn date(&mut self, name: &str, first_time: usize, context: &Context<'_>) -> Result<Value> {
        let mut arguments = (0..context.len()).map(|index| context.get(index)).collect::<Result<Vec<Value>>>()?;
        let is = |value: &Value, word: &str| matches!(value, Value::Text(text) if text.eq_ignore_ascii_case(word));
        // SQLite takes this one alone for now, too.
        let subseconds = |value: &Value| is(value, "subsec") || is(value, "subsecond");
        if arguments.len() == first_time || arguments.get(first_time).is_some_and(subseconds) {
            arguments.insert(first_time, self.now()?);
        }
        let last_time = if name == "timediff" { 1 } else { first_time };
        for argument in arguments.iter_mut().take(last_time + 1).skip(first_time) {
            if is(argument, "now") {
                *argument = self.now()?;
            }
        }
        let function = match name {
            "current_date" => "date",
            "current_time" => "time",
            "current_timestamp" => "datetime",
            name => name,
        };
        let places = vec!["?"; arguments.len()].join(",");
        let mut statement = self.dates()?.prepare_cached(&format!("SELECT {function}({places})"))?;
        statement.query_row(params_from_iter(arguments), |row| row.get(0))
    }

    // The time as a text that every date function takes, to the millisecond.
    fn now(&mut self) -> Result<Value> {
        let (seconds, milliseconds) = (self.now_ms.div_euclid(1000), self.now_ms.rem_euclid(1000));
        let mut statement = self.dates()?.prepare_cached("SELECT printf('%s.%03d', datetime(?1, 'unixepoch'), ?2)")?;
        statement.query_row(params![seconds, milliseconds], |row| row.get(0))
    }
}

fn integer(value: ValueRef<'_>) -> Option<i64> {
    match value {
        ValueRef::Integer(integer) => Some(integer),
        ValueRef::Real(real) => Some(real as i64),
        _ => None,
    }
}
