//! A database while it is open: the connection with everything that hangs on it.
//!
//! Invariant: one session per object at a time. After [`Session::fail`] has marked it broken nothing works but
//! [`Session::rollback`], which makes it as good as newly opened.

use super::cursor::Cursors;
use super::restrict::Gate;
use super::statement::StatementCache;
use super::transaction::Transaction;
use super::{Backend, CommitError, database, failure, kv, layout};
use emu_abi::{Bytes, Failure, KvEntry, ListOptions};
use rusqlite::{Connection, OptionalExtension, params};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Savepoints within each other. The platform has no limit but its stack.
const MAX_SAVEPOINTS: usize = 512;

/// The open database of an object.
pub(super) struct Session {
    // Statements and cursors are dropped before the connection they belong to.
    pub(super) cursors: Cursors,
    pub(super) statements: StatementCache,
    pub(super) gate: Gate,
    transaction: Transaction,
    tables: Tables,
    /// Why nothing works any more, until the object is reset.
    pub(super) broken: Option<Failure>,
    /// `delete_all` has left a file that should shrink.
    shrink: bool,
    on_disk: bool,
    pub(super) connection: Rc<Connection>,
}

/// Which of our tables are known to exist. Forgotten whenever something is rolled back.
#[derive(Default)]
struct Tables {
    kv: bool,
    metadata: bool,
}

impl Session {
    /// Takes a fresh connection, `on_disk` or in memory. `interrupt` ends a guest's statement when it becomes true.
    pub(super) fn new(mut connection: Connection, on_disk: bool, interrupt: Arc<AtomicBool>) -> rusqlite::Result<Self> {
        let gate = database::set_up(&mut connection, interrupt)?;
        Ok(Self {
            cursors: Cursors::default(),
            statements: StatementCache::default(),
            gate,
            transaction: Transaction::default(),
            tables: Tables::default(),
            broken: None,
            shrink: false,
            on_disk,
            connection: Rc::new(connection),
        })
    }

    /// Whether closing it now would change nothing for anyone.
    pub(super) fn is_idle(&self) -> bool {
        !self.transaction.is_open() && !self.cursors.any_live() && self.broken.is_none() && !self.gate.is_set_by_guest()
    }

    /// Turns an error of SQLite's into the guest's. Where SQLite has, or may have, undone what the guest wrote, the
    /// session is broken from here on.
    pub(super) fn fail(&mut self, error: &rusqlite::Error) -> Failure {
        let failure = failure::from_sql(error);
        let lost = self.transaction.is_open() && self.connection.is_autocommit();
        if !lost && !failure::is_critical(error) {
            return failure;
        }
        self.roll_back();
        let failure = failure::reset(failure);
        self.broken = Some(failure.clone());
        failure
    }

    /// To be called before every write.
    pub(super) fn begin_write(&mut self) -> Result<(), Failure> {
        self.transaction.begin_write(&self.connection).map_err(|error| self.fail(&error))
    }

    /// The values of keys, in their order.
    pub(super) fn get(&mut self, keys: &[String]) -> Result<Vec<Option<Bytes>>, Failure> {
        if !self.has_kv()? {
            return Ok(vec![None; keys.len()]);
        }
        kv::get(&self.connection, keys).map_err(|error| self.fail(&error))
    }

    /// The entries of a range.
    pub(super) fn list(&mut self, options: &ListOptions) -> Result<Vec<KvEntry>, Failure> {
        if !self.has_kv()? {
            return Ok(Vec::new());
        }
        let entries = kv::list(&self.connection, options).map_err(|error| self.fail(&error))?;
        entries.ok_or_else(|| failure::list_too_large(kv::MAX_LIST_BYTES))
    }

    /// Writes entries, all or none.
    pub(super) fn put(&mut self, entries: &[KvEntry]) -> Result<(), Failure> {
        self.begin_write()?;
        if !self.tables.kv {
            kv::create(&self.connection).map_err(|error| self.fail(&error))?;
            self.tables.kv = true;
        }
        if entries.len() == 1 {
            return kv::put(&self.connection, entries).map_err(|error| self.fail(&error));
        }
        self.begin_savepoint(false)?;
        let put = kv::put(&self.connection, entries).map_err(|error| self.fail(&error));
        if self.broken.is_none() {
            self.end_savepoint(put.is_ok())?;
        }
        put
    }

    /// Removes keys and says how many existed.
    pub(super) fn delete(&mut self, keys: &[String]) -> Result<u64, Failure> {
        if !self.has_kv()? {
            return Ok(0);
        }
        self.begin_write()?;
        kv::delete(&self.connection, keys).map_err(|error| self.fail(&error))
    }

    /// The alarm's time in nanoseconds since the epoch.
    pub(super) fn alarm_ns(&mut self) -> Result<Option<i64>, Failure> {
        if !self.has_metadata()? {
            return Ok(None);
        }
        let read = || {
            let mut statement = self.connection.prepare_cached("SELECT value FROM _cf_METADATA WHERE key = ?")?;
            statement.query_row([layout::METADATA_ALARM], |row| row.get::<_, Option<i64>>(0)).optional()
        };
        let alarm = read().map_err(|error| self.fail(&error))?;
        Ok(alarm.flatten())
    }

    /// Sets or removes the alarm.
    pub(super) fn set_alarm_ns(&mut self, at_ns: Option<i64>) -> Result<(), Failure> {
        self.begin_write()?;
        let write = || {
            if !self.tables.metadata {
                self.connection.execute(layout::CREATE_METADATA, [])?;
            }
            let mut statement = self.connection.prepare_cached("INSERT OR REPLACE INTO _cf_METADATA VALUES(?, ?)")?;
            statement.execute(params![layout::METADATA_ALARM, at_ns])
        };
        write().map_err(|error| self.fail(&error))?;
        self.tables.metadata = true;
        Ok(())
    }

    /// Removes everything but, if asked to, the alarm; part of the transaction like any other write.
    pub(super) fn delete_all(&mut self, keep_alarm: bool) -> Result<(), Failure> {
        if self.transaction.depth() > 0 {
            return Err(Failure::error(failure::DELETE_ALL_IN_TRANSACTION));
        }
        let alarm = if keep_alarm { self.alarm_ns()? } else { None };
        self.cursors.cancel_all(failure::DATABASE_DELETED);
        self.begin_write()?;
        database::drop_everything(&self.connection).map_err(|error| self.fail(&error))?;
        self.tables = Tables::default();
        self.shrink = true;
        match alarm {
            Some(_) => self.set_alarm_ns(alarm),
            None => Ok(()),
        }
    }

    /// The size of what is stored, in bytes.
    pub(super) fn size(&mut self) -> Result<u64, Failure> {
        database::size(&self.connection).map_err(|error| self.fail(&error))
    }

    /// Opens a savepoint.
    pub(super) fn begin_savepoint(&mut self, explicit: bool) -> Result<(), Failure> {
        if self.transaction.depth() >= MAX_SAVEPOINTS {
            return Err(failure::nested_too_deeply(MAX_SAVEPOINTS));
        }
        self.transaction.begin_savepoint(&self.connection, explicit).map_err(|error| self.fail(&error))
    }

    /// Closes the innermost savepoint; `keep` says whether what it did stays.
    pub(super) fn end_savepoint(&mut self, keep: bool) -> Result<(), Failure> {
        if self.transaction.depth() == 0 {
            return Err(Failure::error(failure::NO_TRANSACTION));
        }
        if !keep {
            self.tables = Tables::default();
        }
        self.transaction.end_savepoint(&self.connection, keep).map_err(|error| self.fail(&error))
    }

    /// Whether the implicit transaction has something to commit.
    pub(super) fn has_writes(&self) -> bool {
        self.transaction.has_writes() || self.broken.is_some()
    }

    /// Commits unless an async transaction holds it back; says whether something was written.
    pub(super) fn commit(&mut self) -> Result<bool, CommitError> {
        if let Some(failure) = self.broken.clone() {
            return Err(CommitError { failure, reset: true });
        }
        if self.transaction.is_held() {
            return Ok(false);
        }
        let committed = match self.transaction.commit(&self.connection) {
            Ok(committed) => committed,
            Err(error) => {
                let failure = failure::from_commit(&error);
                self.roll_back();
                self.broken = Some(failure.clone());
                return Err(CommitError { failure, reset: true });
            }
        };
        self.gate.refill();
        for prepared in self.cursors.settle(&self.gate) {
            self.statements.put(prepared);
        }
        if std::mem::take(&mut self.shrink) {
            database::shrink(&self.connection);
        }
        Ok(committed)
    }

    /// Loses the open transaction and all cursors, and with them whatever broke the session.
    pub(super) fn rollback(&mut self) {
        self.roll_back();
        self.broken = None;
    }

    /// Undoes what guests' pragmas have set, for the next instance of the object.
    pub(super) fn reset_pragmas(&mut self) {
        if self.gate.take_set_by_guest() {
            database::reset_pragmas(&self.connection);
        }
    }

    fn roll_back(&mut self) {
        self.cursors.cancel_all(failure::DATABASE_CLOSED);
        self.transaction.rollback(&self.connection);
        self.tables = Tables::default();
        self.shrink = false;
    }

    fn has_kv(&mut self) -> Result<bool, Failure> {
        if !self.tables.kv {
            self.tables.kv = self.has_table("_cf_KV")?;
        }
        Ok(self.tables.kv)
    }

    fn has_metadata(&mut self) -> Result<bool, Failure> {
        if !self.tables.metadata {
            self.tables.metadata = self.has_table("_cf_METADATA")?;
        }
        Ok(self.tables.metadata)
    }

    fn has_table(&mut self, name: &str) -> Result<bool, Failure> {
        self.connection.table_exists(Some("main"), name).map_err(|error| self.fail(&error))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.rollback();
        self.statements = StatementCache::default();
        if self.on_disk {
            database::empty_log(&self.connection);
        }
    }
}

/// Refuses what the back-end does not offer.
pub(super) fn require_sql(backend: Backend, text: &str) -> Result<(), Failure> {
    match backend {
        Backend::Sqlite => Ok(()),
        Backend::KeyValue => Err(Failure::error(text)),
    }
}
