//! Opening a database file and setting it up.
//!
//! Invariant: every connection of the storage is made here, so all of them have the platform's settings.
//!
//! **Why the process may be killed at any moment.** A commit in WAL mode is a series of `write()`s to the log, the last
//! of which carries the commit mark. What `write()` has taken belongs to the kernel, and survives the process whatever
//! ends it; the next opener replays the log up to the last commit mark and ignores a torn tail by its checksums. Only a
//! power failure or a crash of the kernel needs `fsync`. So [`Durability::Process`] runs with `synchronous=OFF`, and
//! [`Durability::Full`] adds the syncs: `synchronous=NORMAL` keeps the log ahead of the database file whenever it is
//! checkpointed, which rules out corruption, and [`super::Storage::flush`] syncs the log before anything is acknowledged.

use super::Durability;
use super::failure::{base_code, sql_text};
use super::layout::{MAX_PAGES, PAGE_SIZE};
use super::restrict::Gate;
use emu_abi::Failure;
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags, Result, ffi};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

// How long a statement waits for another's lock before it fails with `SQLITE_BUSY`. Who holds an object's file either
// looks at it for a moment, or is another emu and will not let go; the whole lane waits meanwhile.
const EXCLUSIVE_TIMEOUT: Duration = Duration::from_secs(1);
const SHARED_TIMEOUT: Duration = Duration::from_secs(5);

// What all of SQLite's memory in the process may come to. A hostile query then ends with `SQLITE_NOMEM`, which resets its
// object, rather than with the end of the process.
const MAX_HEAP_BYTES: u64 = 1024 * 1024 * 1024;

/// Who may use a file at the same time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sharing {
    /// Nobody else. An object has one instance, so one connection: without a shared index of the log an operation takes
    /// half the time, and opening a file creates none beside its log. Another process that tries is told that the
    /// database is locked, until the pool closes the file.
    Exclusive,
    /// The lanes, and other processes.
    Shared,
}

/// Opens, and where `create` is set creates, a database file; nothing where there is none.
pub(super) fn open_file(
    path: &Path,
    durability: Durability,
    sharing: Sharing,
    create: bool,
) -> Result<Option<Connection>, Failure> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let is_new = match path.metadata() {
        Ok(metadata) => metadata.len() == 0,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if !create {
                return Ok(None);
            }
            flags |= OpenFlags::SQLITE_OPEN_CREATE;
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(|error| cannot_open(path, &error.to_string()))?;
            }
            true
        }
        Err(error) => return Err(cannot_open(path, &error.to_string())),
    };
    let open = || {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(match sharing {
            Sharing::Exclusive => EXCLUSIVE_TIMEOUT,
            Sharing::Shared => SHARED_TIMEOUT,
        })?;
        connection.execute_batch(&settings(durability, sharing, is_new))?;
        if sharing == Sharing::Exclusive {
            connection.execute_batch(&format!("PRAGMA max_page_count={MAX_PAGES}"))?;
        }
        if sharing == Sharing::Shared {
            share_log(&connection)?;
        }
        // Files that come and go with every opening make some file systems crawl (ext4 looks through the recently
        // deleted whenever it creates one), so the log stays, emptied by `empty_log`.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, sharing == Sharing::Exclusive)?;
        Ok(connection)
    };
    open().map(Some).map_err(|error| cannot_open(path, &sql_text(&error)))
}

fn settings(durability: Durability, sharing: Sharing, is_new: bool) -> String {
    let synchronous = match durability {
        Durability::Process => "OFF",
        Durability::Full => "NORMAL",
    };
    match sharing {
        Sharing::Exclusive => {
            // Turning on the log writes the first page, in a single write to a file that holds nothing yet; for that no
            // journal needs to be created.
            let first = if is_new { "PRAGMA journal_mode=MEMORY;" } else { "" };
            format!("PRAGMA locking_mode=EXCLUSIVE; PRAGMA synchronous={synchronous}; {first} PRAGMA journal_mode=WAL")
        }
        Sharing::Shared => format!("PRAGMA synchronous={synchronous}"),
    }
}

// Turns on the log of a file that others may be creating at this moment. SQLite does not wait where two of them want to
// change a new file: one is refused at once, and finds the log turned on when it looks again.
fn share_log(connection: &Connection) -> Result<()> {
    const ATTEMPTS_MAX: u32 = 100;
    let mut attempt = 0;
    loop {
        attempt += 1;
        let mode = connection.query_row("PRAGMA journal_mode", [], |row| row.get::<_, String>(0));
        if mode.is_ok_and(|mode| mode == "wal") {
            return Ok(());
        }
        match connection.execute_batch("PRAGMA journal_mode=WAL") {
            Err(error) if base_code(&error) == Some(ffi::SQLITE_BUSY) && attempt < ATTEMPTS_MAX => {
                std::thread::yield_now();
            }
            result => return result,
        }
    }
}

/// Moves what is in the log into the database file, before it is closed. Where that fails the log keeps it.
pub(super) fn empty_log(connection: &Connection) {
    let _ = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
}

/// A database in memory. What all of them may take together is far less than the page budget of a file.
pub(super) fn open_memory() -> Result<Connection> {
    Connection::open_in_memory()
}

/// Prepares a connection for an object: the restrictions of guests.
pub(super) fn set_up(connection: &mut Connection, interrupt: Arc<AtomicBool>) -> Result<Gate> {
    limit_heap(connection)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)?;
    connection.set_prepared_statement_cache_capacity(32);
    Gate::install(connection, interrupt)
}

// The limit is the process's; saying so takes as long as compiling a statement.
fn limit_heap(connection: &Connection) -> Result<()> {
    static IS_LIMITED: OnceLock<()> = OnceLock::new();
    if IS_LIMITED.get().is_none() {
        connection.execute_batch(&format!("PRAGMA hard_heap_limit={MAX_HEAP_BYTES}"))?;
        IS_LIMITED.get_or_init(|| ());
    }
    Ok(())
}

/// The failure when a database cannot be used at all. It names the file, because only the developer can mend it.
pub(super) fn cannot_open(path: &Path, why: &str) -> Failure {
    Failure {
        durable_object_reset: true,
        ..Failure::error(format!("cannot open the database `{}`: {why}", path.display()))
    }
}

/// Drops every table, view, trigger and virtual table, ours included, inside the open transaction.
pub(super) fn drop_everything(connection: &Connection) -> Result<()> {
    // Rows that refer to each other go one table after the other; only the outcome has to be consistent, and is.
    connection.execute_batch("PRAGMA defer_foreign_keys=ON")?;
    // Virtual tables take their shadow tables with them, which cannot be dropped on their own.
    for (kind, condition) in [
        ("VIEW", "type = 'view'"),
        ("TABLE", "type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%'"),
        (
            "TABLE",
            "type = 'table' AND (name NOT LIKE 'sqlite\\_%' ESCAPE '\\' OR name LIKE 'sqlite\\_stat%' ESCAPE '\\')",
        ),
    ] {
        let mut statement = connection.prepare(&format!("SELECT name FROM sqlite_master WHERE {condition}"))?;
        let names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_>>()?;
        for name in names {
            connection.execute_batch(&format!("DROP {kind} IF EXISTS \"{}\"", name.replace('"', "\"\"")))?;
        }
    }
    if has_sequence(connection)? {
        connection.execute("DELETE FROM sqlite_sequence", [])?;
    }
    Ok(())
}

/// The size of what is stored, in bytes, not counting free pages.
pub(super) fn size(connection: &Connection) -> Result<u64> {
    let pragma = |sql| connection.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0));
    let pages = pragma("PRAGMA page_count")? - pragma("PRAGMA freelist_count")?;
    Ok(u64::try_from(pages).unwrap_or(0).max(1) * PAGE_SIZE)
}

/// Gives a database that was emptied back to the file system. It is an economy: where it fails nothing is wrong.
pub(super) fn shrink(connection: &Connection) {
    let shrink = || {
        // SQLite attaches a transient database for this.
        connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 1)?;
        let count = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        let is_empty = count("SELECT count(*) FROM sqlite_master WHERE name <> 'sqlite_sequence'")? == 0;
        // `sqlite_sequence` cannot be dropped, but a database without anything else can be started over.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_RESET_DATABASE, is_empty)?;
        connection.execute_batch("VACUUM")
    };
    let _ = shrink();
    let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_RESET_DATABASE, false);
    let _ = connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0);
}

/// The settings that guests may change, as a new connection has them.
pub(super) fn reset_pragmas(connection: &Connection) {
    let _ = connection.execute_batch(
        "PRAGMA foreign_keys=ON; PRAGMA case_sensitive_like=OFF; PRAGMA defer_foreign_keys=OFF;
         PRAGMA ignore_check_constraints=OFF; PRAGMA legacy_alter_table=OFF; PRAGMA recursive_triggers=OFF;
         PRAGMA reverse_unordered_selects=OFF",
    );
}

fn has_sequence(connection: &Connection) -> Result<bool> {
    connection.prepare("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'")?.exists([])
}
