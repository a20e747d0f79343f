//! The index of all alarms of a namespace, so that they can be found without opening every object (reference §1.11).
//!
//! Invariant: an index only. What counts is the alarm in the object's own database; an entry too many is a wake-up that
//! comes to nothing, an entry too few would be a lost alarm, so the host writes here before the object commits.

use super::database::Sharing;
use super::failure::sql_text;
use super::pool::Pool;
use super::{Durability, database, layout};
use crate::error::{Error, Result};
use rusqlite::{Connection, params};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// An alarm of some object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// The object.
    pub id: [u8; 32],
    /// When, in nanoseconds since the epoch.
    pub at_ns: i64,
    /// The object's name, where it was made from one.
    pub name: Option<String>,
}

/// The alarms of one namespace. Every change is durable when the call returns; other lanes and processes may use the
/// same index at the same time.
#[derive(Clone)]
pub struct AlarmIndex {
    inner: Rc<Inner>,
}

struct Inner {
    pool: Rc<Pool>,
    unique_key: String,
    connection: RefCell<Option<Connection>>,
}

impl AlarmIndex {
    pub(super) fn new(pool: Rc<Pool>, unique_key: &str) -> Self {
        Self { inner: Rc::new(Inner { pool, unique_key: unique_key.to_owned(), connection: RefCell::default() }) }
    }

    /// All alarms, by time.
    pub fn all(&self) -> Result<Vec<Alarm>> {
        let all = self.inner.with(false, |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT actor_id, scheduled_time, actor_name FROM _cf_ALARM ORDER BY scheduled_time, actor_id",
            )?;
            let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?)))?;
            // Ids that are none of ours, and alarms without a time, are not for us to judge.
            rows.filter_map(|row| match row {
                Ok((id, Some(at_ns), name)) => layout::unhex(&id).map(|id| Ok(Alarm { id, at_ns, name })),
                Ok(_) => None,
                Err(error) => Some(Err(error)),
            })
            .collect()
        })?;
        Ok(all.unwrap_or_default())
    }

    /// Enters an alarm, in place of the object's previous one.
    pub fn set(&self, id: &[u8; 32], at_ns: i64, name: Option<&str>) -> Result<()> {
        self.inner.with(true, |connection| {
            let sql = "INSERT INTO _cf_ALARM VALUES(?, ?, ?) ON CONFLICT DO UPDATE SET \
                       scheduled_time = excluded.scheduled_time, actor_name = excluded.actor_name";
            connection.prepare_cached(sql)?.execute(params![layout::hex(id), at_ns, name])
        })?;
        Ok(())
    }

    /// Removes the object's alarm.
    pub fn remove(&self, id: &[u8; 32]) -> Result<()> {
        self.inner.with(false, |connection| {
            connection.prepare_cached("DELETE FROM _cf_ALARM WHERE actor_id = ?")?.execute([layout::hex(id)])
        })?;
        Ok(())
    }
}

impl Inner {
    fn with<T>(&self, create: bool, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<Option<T>> {
        let mut connection = self.connection.borrow_mut();
        if connection.is_none() {
            *connection = self.open(create)?;
        }
        let Some(connection) = connection.as_ref() else { return Ok(None) };
        work(connection).map(Some).map_err(|error| self.failed(&sql_text(&error)))
    }

    fn open(&self, create: bool) -> Result<Option<Connection>> {
        let opened = match self.path()? {
            Some(path) => database::open_file(&path, self.pool.durability, Sharing::Shared, create)
                .map_err(|failure| Error::storage(failure.message).hint(HINT))?,
            None if create => Some(database::open_memory().map_err(|error| self.failed(&sql_text(&error)))?),
            None => None,
        };
        let Some(connection) = opened else { return Ok(None) };
        let prepare = || {
            if self.pool.durability == Durability::Full {
                // Alarms are few, and each has to be on the disk before the commit it belongs to.
                connection.execute_batch("PRAGMA synchronous=FULL")?;
            }
            connection.execute(layout::CREATE_ALARMS, [])
        };
        prepare().map_err(|error| self.failed(&sql_text(&error)))?;
        Ok(Some(connection))
    }

    fn path(&self) -> Result<Option<PathBuf>> {
        let file = |root: &Path| {
            layout::alarms_file(root, &self.unique_key).ok_or_else(|| {
                Error::storage(format!("the namespace key `{}` cannot be the name of a folder", self.unique_key))
            })
        };
        self.pool.root().map(file).transpose()
    }

    fn failed(&self, why: &str) -> Error {
        Error::storage(format!("the alarm index of `{}` cannot be used: {why}", self.unique_key)).hint(HINT)
    }
}

const HINT: &str = "see whether the state folder is writable and not in use by another program";
