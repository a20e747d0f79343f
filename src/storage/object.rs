//! The storage of one Durable Object, as the host uses it.
//!
//! Invariant: reading a database that does not exist does not create it; only [`ObjectStorage::sql_exec`] and writes do.

use super::pool::{Object, Pool};
use super::session::{Session, require_sql};
use super::sql::Opened;
use super::{Backend, failure, kv, layout};
use emu_abi::{Bytes, Failure, KvEntry, ListOptions, Rows, SqlValue};
use std::rc::Rc;

/// A handle on an object's storage. Handles of the same object share everything; when the last one goes, an open
/// transaction is rolled back.
pub struct ObjectStorage {
    pool: Rc<Pool>,
    object: Rc<Object>,
}

/// Why a commit did not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitError {
    /// What callers and the guest are told.
    pub failure: Failure,
    /// The object must be reset; the transaction is rolled back already.
    pub reset: bool,
}

impl ObjectStorage {
    pub(super) fn new(pool: Rc<Pool>, object: Rc<Object>) -> Self {
        object.handles.set(object.handles.get() + 1);
        Self { pool, object }
    }

    /// The values of the keys, in the order of the keys.
    pub fn kv_get(&self, keys: &[String]) -> Result<Vec<Option<Bytes>>, Failure> {
        kv::check_keys(self.backend(), keys)?;
        Ok(self.read(|session| session.get(keys))?.unwrap_or_else(|| vec![None; keys.len()]))
    }

    /// The entries of a range, in the order of their keys' bytes or its reverse.
    pub fn kv_list(&self, options: &ListOptions) -> Result<Vec<KvEntry>, Failure> {
        Ok(self.read(|session| session.list(options))?.unwrap_or_default())
    }

    /// Writes the entries, all or none.
    pub fn kv_put(&self, entries: &[KvEntry]) -> Result<(), Failure> {
        kv::check_entries(self.backend(), entries)?;
        if entries.is_empty() {
            return Ok(());
        }
        self.write(|session| session.put(entries))
    }

    /// Removes the keys and says how many of them existed.
    pub fn kv_delete(&self, keys: &[String]) -> Result<u64, Failure> {
        kv::check_keys(self.backend(), keys)?;
        Ok(self.read(|session| session.delete(keys))?.unwrap_or(0))
    }

    /// `deleteAll()`: removes keys, tables and, unless `keep_alarm`, the alarm, as one more write of the transaction.
    pub fn delete_all(&self, keep_alarm: bool) -> Result<(), Failure> {
        self.read(|session| session.delete_all(keep_alarm)).map(|_| ())
    }

    /// The alarm's time in nanoseconds since the epoch.
    pub fn alarm_ns(&self) -> Result<Option<i64>, Failure> {
        Ok(self.read(Session::alarm_ns)?.flatten())
    }

    /// Sets the alarm to a time in nanoseconds since the epoch, or removes it. A write like any other.
    pub fn set_alarm_ns(&self, at_ns: Option<i64>) -> Result<(), Failure> {
        if self.alarm_ns()? == at_ns {
            return Ok(());
        }
        self.write(|session| session.set_alarm_ns(at_ns))
    }

    /// `sql.exec()`: runs the statements of `query`; `params` belong to the last.
    pub fn sql_exec(&self, query: &str, params: &[SqlValue]) -> Result<Opened, Failure> {
        require_sql(self.backend(), failure::NO_SQL)?;
        self.write(|session| session.exec(query, params))
    }

    /// The next rows of a cursor: at most `max_rows` and about 256 KiB, at least one if there is one.
    pub fn sql_next(&self, cursor: u32, max_rows: usize) -> Result<Rows, Failure> {
        require_sql(self.backend(), failure::NO_SQL)?;
        let rows = self.read(|session| session.next(cursor, max_rows))?;
        rows.ok_or_else(|| Failure::error(failure::DATABASE_CLOSED))
    }

    /// Forgets a cursor. One that is not open is no error: the guest may be late.
    pub fn sql_close(&self, cursor: u32) {
        if let Ok(mut session) = self.object.session.try_borrow_mut()
            && let Some(session) = session.as_mut()
        {
            session.close_cursor(cursor);
        }
    }

    /// `sql.databaseSize` in bytes.
    pub fn database_size(&self) -> Result<u64, Failure> {
        require_sql(self.backend(), failure::NO_SQL)?;
        Ok(self.read(Session::size)?.unwrap_or(layout::PAGE_SIZE))
    }

    /// Opens a savepoint inside those that are open. An `explicit` one, of `transaction()`, holds the commit back over
    /// turns; the others, of `transactionSync()`, end within the turn.
    pub fn savepoint_begin(&self, explicit: bool) -> Result<(), Failure> {
        self.write(|session| session.begin_savepoint(explicit))
    }

    /// Keeps what the innermost savepoint did, and closes it.
    pub fn savepoint_release(&self) -> Result<(), Failure> {
        self.write(|session| session.end_savepoint(true))
    }

    /// Undoes what the innermost savepoint did, and closes it.
    pub fn savepoint_rollback(&self) -> Result<(), Failure> {
        self.write(|session| session.end_savepoint(false))
    }

    /// Whether a [`commit`](Self::commit) has anything to do. True as well where it has an error to report.
    pub fn has_writes(&self) -> bool {
        self.object.session.borrow().as_ref().is_some_and(Session::has_writes)
    }

    /// To be called after every turn: commits the implicit transaction, unless an explicit savepoint is open, and says
    /// whether anything was written. With [`super::Durability::Full`] it is durable after [`super::Storage::flush`].
    ///
    /// # Errors
    /// When the transaction could not be committed, or an earlier critical error has undone it.
    pub fn commit(&self) -> Result<bool, CommitError> {
        let committed = match self.object.session.borrow_mut().as_mut() {
            Some(session) => session.commit()?,
            None => false,
        };
        if committed {
            self.pool.note_commit(&self.object);
        }
        Ok(committed)
    }

    /// Loses what was not committed and closes all cursors, as an abort or a crash does. The storage is usable again.
    pub fn rollback(&self) {
        if let Some(session) = self.object.session.borrow_mut().as_mut() {
            session.rollback();
        }
    }

    /// Closes the database file, losing what was not committed. The next use opens it again.
    pub fn close(&self) {
        self.pool.close(&self.object);
    }

    /// Bounds the database in pages of 4 KiB, to see what a full disk does.
    #[cfg(test)]
    pub(super) fn set_max_pages(&self, pages: u32) {
        let set = |session: &mut Session| {
            session
                .connection
                .execute_batch(&format!("PRAGMA max_page_count={pages}"))
                .map_err(|error| session.fail(&error))
        };
        self.write(set).unwrap();
    }

    fn backend(&self) -> Backend {
        self.object.backend.get()
    }

    fn read<T>(&self, work: impl FnOnce(&mut Session) -> Result<T, Failure>) -> Result<Option<T>, Failure> {
        self.pool.with(&self.object, false, work)
    }

    fn write<T>(&self, work: impl FnOnce(&mut Session) -> Result<T, Failure>) -> Result<T, Failure> {
        let done = self.pool.with(&self.object, true, work)?;
        done.ok_or_else(|| Failure::error(failure::DATABASE_CLOSED))
    }
}

impl Clone for ObjectStorage {
    fn clone(&self) -> Self {
        Self::new(Rc::clone(&self.pool), Rc::clone(&self.object))
    }
}

impl Drop for ObjectStorage {
    fn drop(&mut self) {
        let handles = self.object.handles.get() - 1;
        self.object.handles.set(handles);
        if handles > 0 {
            return;
        }
        if let Ok(mut session) = self.object.session.try_borrow_mut()
            && let Some(session) = session.as_mut()
        {
            session.rollback();
            session.reset_pragmas();
        }
        self.pool.forget(&self.object);
    }
}
