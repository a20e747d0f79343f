//! The key-value API over the table `_cf_KV` (reference §1.6).
//!
//! Invariant: keys and values are opaque here; what serialisation a value is in is the guest's matter.

use super::{Backend, failure, layout};
use emu_abi::{Bytes, Failure, KvEntry, ListOptions};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Result, ToSql, params};

const MAX_KEY_BYTES: usize = 2048;
const MAX_VALUE_BYTES: usize = 128 * 1024;
/// What serialisation may add to a value of the advertised size.
const VALUE_ALLOWANCE_BYTES: usize = 34;
const MAX_KEYS: usize = 128;
/// One `list()` may not outgrow what an isolate could hold anyway.
pub(super) const MAX_LIST_BYTES: usize = 128 * 1024 * 1024;

/// Refuses keys the back-end does not take.
pub(super) fn check_keys(backend: Backend, keys: &[String]) -> Result<(), Failure> {
    if backend == Backend::Sqlite {
        return Ok(());
    }
    if keys.len() > MAX_KEYS {
        return Err(failure::too_many_keys(MAX_KEYS, keys.len()));
    }
    keys.iter().try_for_each(|key| check_key(key))
}

/// Refuses entries the back-end does not take.
pub(super) fn check_entries(backend: Backend, entries: &[KvEntry]) -> Result<(), Failure> {
    if backend == Backend::Sqlite {
        return Ok(());
    }
    if entries.len() > MAX_KEYS {
        return Err(failure::too_many_pairs(MAX_KEYS, entries.len()));
    }
    entries.iter().try_for_each(|KvEntry { key, value }| {
        check_key(key)?;
        let len = value.0.len();
        if len > MAX_VALUE_BYTES + VALUE_ALLOWANCE_BYTES {
            return Err(failure::value_too_large(MAX_VALUE_BYTES, len));
        }
        Ok(())
    })
}

fn check_key(key: &str) -> Result<(), Failure> {
    if key.len() > MAX_KEY_BYTES { Err(failure::key_too_large(MAX_KEY_BYTES, key.len())) } else { Ok(()) }
}

/// The values of the keys, in the order of the keys.
pub(super) fn get(connection: &Connection, keys: &[String]) -> Result<Vec<Option<Bytes>>> {
    let mut statement = connection.prepare_cached("SELECT value FROM _cf_KV WHERE key = ?")?;
    keys.iter()
        .map(|key| statement.query_row([key], |row| Ok(Bytes(row.get_ref(0)?.as_bytes()?.to_vec()))).optional())
        .collect()
}

/// Writes the entries; all of them or, after an error, as many as came before it.
pub(super) fn put(connection: &Connection, entries: &[KvEntry]) -> Result<()> {
    let mut statement = connection
        .prepare_cached("INSERT INTO _cf_KV VALUES(?, ?) ON CONFLICT DO UPDATE SET value = excluded.value")?;
    entries.iter().try_for_each(|KvEntry { key, value }| statement.execute(params![key, value.0]).map(|_| ()))
}

/// Removes the keys and says how many of them existed.
pub(super) fn delete(connection: &Connection, keys: &[String]) -> Result<u64> {
    let mut statement = connection.prepare_cached("DELETE FROM _cf_KV WHERE key = ?")?;
    keys.iter().try_fold(0, |count, key| Ok(count + statement.execute([key])? as u64))
}

/// The entries of a range; nothing if they are too large for one reply.
pub(super) fn list(connection: &Connection, options: &ListOptions) -> Result<Option<Vec<KvEntry>>> {
    let range = Range::of(options);
    let sql = match (range.end.is_some(), options.reverse) {
        (false, false) => "SELECT key, value FROM _cf_KV WHERE key >= ?1 AND ?2 IS NULL ORDER BY key LIMIT ?3",
        (true, false) => "SELECT key, value FROM _cf_KV WHERE key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3",
        (false, true) => "SELECT key, value FROM _cf_KV WHERE key >= ?1 AND ?2 IS NULL ORDER BY key DESC LIMIT ?3",
        (true, true) => "SELECT key, value FROM _cf_KV WHERE key >= ?1 AND key < ?2 ORDER BY key DESC LIMIT ?3",
    };
    let limit = options.limit.map_or(-1, i64::from);
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![range.start, range.end, limit])?;
    let mut entries = Vec::new();
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let key = String::from_utf8_lossy(row.get_ref(0)?.as_bytes()?).into_owned();
        let value = row.get_ref(1)?.as_bytes()?.to_vec();
        bytes += key.len() + value.len();
        if bytes > MAX_LIST_BYTES {
            return Ok(None);
        }
        entries.push(KvEntry { key, value: value.into() });
    }
    Ok(Some(entries))
}

/// Makes sure that the table exists.
pub(super) fn create(connection: &Connection) -> Result<()> {
    connection.execute(layout::CREATE_KV, []).map(|_| ())
}

// From `start`, inclusive, to `end`, exclusive, in bytes. An end need not be UTF-8: SQLite compares text as bytes.
struct Range {
    start: Text,
    end: Option<Text>,
}

impl Range {
    fn of(options: &ListOptions) -> Self {
        let mut start = options.start.clone().unwrap_or_default().into_bytes();
        if let Some(after) = &options.start_after {
            // Nothing lies between a key and the key with a zero byte behind it.
            let mut after = after.clone().into_bytes();
            after.push(0);
            start = start.max(after);
        }
        let mut end = options.end.clone().map(String::into_bytes);
        if let Some(prefix) = options.prefix.as_ref().filter(|prefix| !prefix.is_empty()) {
            let mut beyond = prefix.clone().into_bytes();
            start = start.max(beyond.clone());
            // The last byte of UTF-8 text is never 0xff, so adding one cannot overflow.
            if let Some(last) = beyond.last_mut() {
                *last += 1;
            }
            end = Some(end.map_or_else(|| beyond.clone(), |end| end.min(beyond.clone())));
        }
        Self { start: Text(start), end: end.map(Text) }
    }
}

// Bytes bound as text.
struct Text(Vec<u8>);

impl ToSql for Text {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(&self.0)))
    }
}
