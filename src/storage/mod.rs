//! Durable Object storage: one SQLite database per object, in workerd's own layout and tables (reference §1.6-§1.9,
//! §1.11, §1.17), so that a state folder of `wrangler dev` opens here and the other way round.
//!
//! Read `object` for what an object can do, `session` for how it does it, `database` for why a killed process
//! loses nothing, `pool` for which files are open. Everything belongs to one lane and one thread.
//!
//! Invariant: the sole user of `rusqlite`. Nothing here reads a clock or randomness, sleeps (but for SQLite's own wait
//! for another process's lock), or knows what a guest is beyond `emu_abi`'s values. Guests' SQL is hostile: it runs
//! restricted and bounded, and a failure is an answer, never a panic.

mod alarms;
mod counters;
mod cursor;
mod database;
mod failure;
mod kv;
mod layout;
mod math;
mod object;
mod pool;
mod restrict;
mod session;
mod snapshot;
mod sources;
mod sql;
mod statement;
mod tokens;
mod transaction;

pub use alarms::{Alarm, AlarmIndex};
pub use failure::is_constraint_violation;
pub use object::{CommitError, ObjectStorage};
pub use snapshot::Snapshot;
pub use sql::Opened;

use crate::error::{Error, Result};
use pool::Pool;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What an acknowledged write survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The end of the process, whatever ends it.
    #[default]
    Process,
    /// A power failure as well, once [`Storage::flush`] has returned.
    Full,
}

/// What a class was declared as in its migration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Backend {
    /// `new_sqlite_classes`: SQL and key-value.
    #[default]
    Sqlite,
    /// `new_classes`: key-value only, with smaller limits.
    KeyValue,
}

/// The storage of all objects of one lane.
#[derive(Clone)]
pub struct Storage {
    pool: Rc<Pool>,
    alarms: Rc<RefCell<BTreeMap<String, AlarmIndex>>>,
}

impl Storage {
    /// Storage below `root` (the folder `v3/do` of the state), or in memory for as long as this value lives. At most
    /// `max_open` files are open at a time; an open one takes about 200 KiB, cached pages included.
    pub fn new(root: Option<PathBuf>, durability: Durability, max_open: usize) -> Self {
        Self { pool: Rc::new(Pool::new(root, durability, max_open)), alarms: Rc::default() }
    }

    /// For a simulated world, before any object is used: SQL's `random()` and `randomblob()` follow from `seed` and the
    /// object, and its current time is the one of [`Storage::set_time_ms`]. Otherwise SQLite asks the operating system, as
    /// on the platform.
    pub fn simulate(&self, seed: u64) {
        self.pool.simulate(sources::Sources::new(seed));
    }

    /// The simulated time from here on, in milliseconds since the epoch. Without [`Storage::simulate`] it does nothing.
    pub fn set_time_ms(&self, now_ms: i64) {
        self.pool.set_time_ms(now_ms);
    }

    /// A handle on an object's storage. Cheap: the file is opened when it is first used.
    pub fn open(&self, unique_key: &str, id: &[u8; 32], backend: Backend) -> ObjectStorage {
        ObjectStorage::new(Rc::clone(&self.pool), self.pool.object(unique_key, id, backend))
    }

    /// The objects of a namespace that have a database on disk, sorted.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn stored(&self, unique_key: &str) -> Result<Vec<[u8; 32]>> {
        let Some(root) = self.pool.root() else { return Ok(Vec::new()) };
        layout::stored(root, unique_key)
            .map_err(|error| Error::storage(format!("the objects of `{unique_key}` cannot be listed")).because(error))
    }

    /// The alarms of a namespace.
    pub fn alarms(&self, unique_key: &str) -> AlarmIndex {
        let mut alarms = self.alarms.borrow_mut();
        let index =
            alarms.entry(unique_key.to_owned()).or_insert_with(|| AlarmIndex::new(Rc::clone(&self.pool), unique_key));
        index.clone()
    }

    /// Whether [`flush`](Self::flush) has anything to do.
    pub fn needs_flush(&self) -> bool {
        self.pool.has_unsynced()
    }

    /// With [`Durability::Full`]: returns when every commit so far is on the disk. Nothing to do otherwise.
    ///
    /// # Errors
    /// When the disk does not take it. Nothing may be acknowledged then; what was committed stays to be flushed.
    pub fn flush(&self) -> Result<()> {
        let unsynced = self.pool.take_unsynced();
        let synced = unsynced.iter().try_for_each(|(database, with_folder)| {
            sync(&layout::wal_file(database))?;
            match (with_folder, self.pool.root()) {
                (true, Some(root)) => sync_folders(database, root),
                _ => Ok(()),
            }
        });
        synced.inspect_err(|_| self.pool.restore_unsynced(unsynced))
    }

    /// Closes all files, losing what was not committed. Handles stay usable.
    pub fn close(&self) {
        self.pool.close_all(false);
        self.alarms.borrow_mut().clear();
    }

    /// Closes the files of objects that nobody has a handle on, so that other programs can look at them.
    pub fn close_unused(&self) {
        self.pool.close_all(true);
    }

    /// While it is true, a guest's running statement ends and its object is reset for having used too much CPU time. For
    /// a watchdog on another thread; without one, a budget of SQLite's steps ends a query that does not.
    pub fn interrupt(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.pool.interrupt)
    }

    /// How many database files are open.
    pub fn open_count(&self) -> usize {
        self.pool.open_count()
    }
}

// Syncs a write-ahead log. Its locks are on other files, so closing this handle releases none of SQLite's. A log that
// is not there was checkpointed when its database was closed, which syncs.
fn sync(path: &Path) -> Result<()> {
    let synced = File::open(path).and_then(|file| file.sync_data());
    match synced {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(cannot_sync(path, error)),
        _ => Ok(()),
    }
}

// Syncs the folders from the database's up to the root's parent, so that new entries in them are found again.
fn sync_folders(database: &Path, root: &Path) -> Result<()> {
    let beyond = root.parent().and_then(Path::parent);
    let folders = database.ancestors().skip(1).take_while(|folder| Some(*folder) != beyond);
    for folder in folders.filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder).and_then(|file| file.sync_all()).map_err(|error| cannot_sync(folder, error))?;
    }
    Ok(())
}

fn cannot_sync(path: &Path, error: std::io::Error) -> Error {
    Error::storage(format!("cannot write `{}` to the disk", path.display()))
        .because(error)
        .hint("see whether the disk is full or failing")
}

#[cfg(test)]
mod tests;
