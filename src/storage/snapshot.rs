//! Copies and digests of everything that is stored, for simulated worlds: tests that leave nothing behind, runs that are
//! compared.
//!
//! Invariant: for storage in memory. Nothing is in the middle of a transaction when it is copied or put back.

use super::pool::Object;
use super::{Storage, database};
use crate::error::{Error, Result};
use crate::world::mix::{mix, xxh64};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error as SqlError};
use std::rc::Rc;

/// What was stored at a moment; by default nothing.
#[derive(Default)]
pub struct Snapshot {
    objects: Vec<(Rc<Object>, Connection)>,
}

impl Storage {
    /// Copies all databases.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn snapshot(&self) -> Result<Snapshot> {
        let mut objects = Vec::new();
        for object in self.pool.known() {
            let session = object.session.borrow();
            if let Some(session) = session.as_ref() {
                let mut copy = database::open_memory().map_err(failed)?;
                copy_all(&session.connection, &mut copy).map_err(failed)?;
                objects.push((Rc::clone(&object), copy));
            }
        }
        Ok(Snapshot { objects })
    }

    /// Puts back what was stored; what was not is gone. The alarm indexes are emptied: whoever puts back enters the
    /// alarms again.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn restore(&self, snapshot: &Snapshot) -> Result<()> {
        for object in self.pool.known() {
            object.session.borrow_mut().take();
        }
        for (object, copy) in &snapshot.objects {
            let mut connection = database::open_memory().map_err(failed)?;
            copy_all(copy, &mut connection).map_err(failed)?;
            *object.session.borrow_mut() = Some(self.pool.session(object, connection, false).map_err(failed)?);
        }
        self.alarms.borrow_mut().clear();
        Ok(())
    }

    /// A digest of all that is stored: the tables of all objects with their rows.
    ///
    /// # Errors
    /// When a database cannot be read.
    pub fn digest(&self) -> Result<u64> {
        let mut digest = 0;
        for object in self.pool.known() {
            if let Some(session) = object.session.borrow().as_ref() {
                digest = digest_of(&session.connection, mix(&[digest, object.whose().0])).map_err(failed)?;
            }
        }
        Ok(digest)
    }
}

fn copy_all(from: &Connection, to: &mut Connection) -> rusqlite::Result<()> {
    match Backup::new(from, to)?.step(-1)? {
        StepResult::Done => Ok(()),
        // Nobody else has the database, so nobody can have locked it.
        _ => Err(SqlError::InvalidQuery),
    }
}

/// The digest of the tables of a database, going on from `seed`.
pub(super) fn digest_of(connection: &Connection, seed: u64) -> rusqlite::Result<u64> {
    let mut digest = seed;
    let mut tables = connection.prepare(
        "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    )?;
    let names = tables.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?)))?;
    for named in names {
        let (name, sql) = named?;
        digest = xxh64(sql.unwrap_or_default().as_bytes(), xxh64(name.as_bytes(), digest));
        let mut statement = connection.prepare(&format!("SELECT * FROM \"{}\"", name.replace('"', "\"\"")))?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                digest = digest_value(row.get_ref(column)?, digest);
            }
        }
    }
    Ok(digest)
}

/// Each kind of value has a seed of its own, so that `1`, `1.0` and `'1'` differ.
fn digest_value(value: ValueRef<'_>, digest: u64) -> u64 {
    match value {
        ValueRef::Null => xxh64(&[], digest),
        ValueRef::Integer(number) => xxh64(&number.to_le_bytes(), digest ^ 1),
        ValueRef::Real(number) => xxh64(&number.to_bits().to_le_bytes(), digest ^ 2),
        ValueRef::Text(text) => xxh64(text, digest ^ 3),
        ValueRef::Blob(bytes) => xxh64(bytes, digest ^ 4),
    }
}

fn failed(error: SqlError) -> Error {
    Error::storage("a copy of the simulated storage cannot be made").because(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Backend, Durability};

    fn storage() -> Storage {
        let storage = Storage::new(None, Durability::Process, 8);
        storage.simulate(1);
        storage
    }

    #[test]
    fn what_is_put_back_is_what_was_there() {
        let storage = storage();
        let kept = storage.open("app-Room", &[1; 32], Backend::Sqlite);
        kept.sql_exec("CREATE TABLE t(n); INSERT INTO t VALUES (1)", &[]).unwrap();
        kept.commit().unwrap();
        let (snapshot, digest) = (storage.snapshot().unwrap(), storage.digest().unwrap());
        let new = storage.open("app-Room", &[2; 32], Backend::Sqlite);
        new.sql_exec("CREATE TABLE t(n)", &[]).unwrap();
        new.commit().unwrap();
        kept.sql_exec("INSERT INTO t VALUES (2)", &[]).unwrap();
        kept.commit().unwrap();
        assert_ne!(storage.digest().unwrap(), digest);
        storage.restore(&snapshot).unwrap();
        assert_eq!(storage.digest().unwrap(), digest);
        assert_eq!(kept.sql_exec("SELECT count(*) FROM t", &[]).unwrap().rows.rows.len(), 1);
        assert!(new.sql_exec("SELECT * FROM t", &[]).is_err(), "the new object has no table");
        kept.sql_exec("INSERT INTO t VALUES (2)", &[]).unwrap();
        kept.commit().unwrap();
        assert_ne!(storage.digest().unwrap(), digest, "what was put back can be written to");
    }

    #[test]
    fn a_digest_tells_values_and_their_kinds_apart() {
        let digest = |sql: &str| {
            let connection = Connection::open_in_memory().unwrap();
            connection.execute_batch(sql).unwrap();
            digest_of(&connection, 0).unwrap()
        };
        let all = ["(1)", "(1.0)", "('1')", "(x'31')", "(NULL)", "(2)", "(1), (1)"]
            .map(|values| digest(&format!("CREATE TABLE t(n); INSERT INTO t VALUES {values}")));
        for (place, one) in all.iter().enumerate() {
            assert!(!all[..place].contains(one), "{place}");
        }
        assert_eq!(digest("CREATE TABLE a(n); CREATE TABLE b(n)"), digest("CREATE TABLE b(n); CREATE TABLE a(n)"));
    }
}
