//! Tests of the storage as its user sees it. The tables of texts and counts are what workerd 2026-11-17 answered to the
//! same statements.

mod alarms;
mod cursors;
mod files;
mod kv;
mod model;
mod restrictions;
mod sources;
mod sql;
mod transactions;

use super::*;
use emu_abi::{Failure, KvEntry, SqlValue};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

const KEY: &str = "worker-Room";
const ID: [u8; 32] = [7; 32];

/// A folder that is removed at the end of the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("emu-storage-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn storage(&self) -> Storage {
        Storage::new(Some(self.0.join("v3/do")), Durability::Process, 8)
    }

    /// A copy of the files as they are now, which is what a process leaves behind that is killed.
    fn killed(&self) -> Self {
        let copy = Self::new();
        let namespace = Path::new("v3/do").join(KEY);
        std::fs::create_dir_all(copy.0.join(&namespace)).unwrap();
        for file in std::fs::read_dir(self.0.join(&namespace)).unwrap().map(|file| file.unwrap()) {
            std::fs::copy(file.path(), copy.0.join(&namespace).join(file.file_name())).unwrap();
        }
        copy
    }

    fn database(&self) -> PathBuf {
        self.0.join("v3/do").join(KEY).join(format!("{}.sqlite", "07".repeat(32)))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An object in memory.
fn in_memory() -> ObjectStorage {
    Storage::new(None, Durability::Process, 8).open(KEY, &ID, Backend::Sqlite)
}

fn open(storage: &Storage) -> ObjectStorage {
    storage.open(KEY, &ID, Backend::Sqlite)
}

/// Runs a query to its end: the rows as text, or the failure as the guest prints it.
fn run(object: &ObjectStorage, query: &str) -> String {
    run_with(object, query, &[])
}

fn run_with(object: &ObjectStorage, query: &str, params: &[SqlValue]) -> String {
    match all(object, query, params) {
        Ok(rows) => show(&rows.rows),
        Err(failure) => failure.to_string(),
    }
}

/// Runs a query to its end.
fn all(object: &ObjectStorage, query: &str, params: &[SqlValue]) -> Result<emu_abi::Rows, Failure> {
    let opened = object.sql_exec(query, params)?;
    let mut rows = opened.rows;
    while !rows.end {
        let mut more = object.sql_next(opened.cursor, 100)?;
        more.rows.splice(0..0, std::mem::take(&mut rows.rows));
        rows = more;
    }
    Ok(rows)
}

fn show(rows: &[Vec<SqlValue>]) -> String {
    let row = |row: &Vec<SqlValue>| row.iter().map(show_value).collect::<Vec<_>>().join(",");
    rows.iter().map(row).collect::<Vec<_>>().join(" ")
}

fn show_value(value: &SqlValue) -> String {
    match value {
        SqlValue::Null => "null".into(),
        SqlValue::Integer(integer) => integer.to_string(),
        SqlValue::Real(real) => format!("{real:?}"),
        SqlValue::Text(text) => text.clone(),
        SqlValue::Blob(blob) => blob.0.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

fn entry(key: &str, value: &[u8]) -> KvEntry {
    KvEntry { key: key.into(), value: value.to_vec().into() }
}

fn keys(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

/// The value of one key.
fn get(object: &ObjectStorage, key: &str) -> Option<Vec<u8>> {
    object.kv_get(&keys(&[key])).unwrap().remove(0).map(|bytes| bytes.0)
}

fn put(object: &ObjectStorage, key: &str, value: &[u8]) {
    object.kv_put(&[entry(key, value)]).unwrap();
}

/// Opens a database with plain SQLite, as another tool would.
fn inspect(path: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(path).unwrap()
}

fn query_texts(connection: &rusqlite::Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(|row| row.unwrap()).collect()
}
