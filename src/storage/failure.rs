//! What a guest is told when storage fails: the platform's own sentences (reference §1.6-§1.9).
//!
//! Invariant: texts only. Nothing here touches a database or decides what happens after a failure, except that
//! [`is_critical`] says which SQLite errors leave the object unusable.

use emu_abi::Failure;
use rusqlite::ffi;

pub(super) const NO_STATEMENT: &str = "SQL code did not contain a statement.";
pub(super) const WRONG_BINDINGS: &str = "Wrong number of parameter bindings for SQL query.";
pub(super) const PARAMETERS_BEFORE_LAST: &str =
    "When executing multiple SQL statements in a single call, only the last statement can have parameters.";
pub(super) const USE_TRANSACTION_API: &str = "To execute a transaction, please use the state.storage.transaction() or \
    state.storage.transactionSync() APIs instead of the SQL BEGIN TRANSACTION or SAVEPOINT statements. The JavaScript \
    API is safer because it will automatically roll back on exceptions, and because it interacts correctly with Durable \
    Objects' automatic atomic write coalescing.";
// The platform's sentence really lacks the space after "directly,".
pub(super) const NO_SQL: &str = "SQL is not enabled for this Durable Object class. To enable it, change `new_classes` to \
    `new_sqlite_classes` within the 'migrations' field in your wrangler.jsonc or wrangler.toml file. If using workerd \
    directly,set `enableSql = true` in your workerd config for the class. Note that this change cannot be made after \
    the class is already deployed to production.";
pub(super) const DELETE_ALL_IN_TRANSACTION: &str = "Cannot call deleteAll() within a transaction";
pub(super) const DATABASE_DELETED: &str = "SQLite query was canceled because the database was deleted.";
pub(super) const DATABASE_CLOSED: &str = "SQLite query was canceled because the database was closed.";
pub(super) const CURSOR_CLOSED: &str = "SQL cursor was closed, or too many SQL cursors were open at the same time.";
pub(super) const NO_TRANSACTION: &str = "There is no open transaction to end.";
const CPU_EXCEEDED: &str = "Durable Object exceeded its CPU time limit and was reset.";
const CONSTRAINT_AT_COMMIT: &str = "Durable Object was reset and rolled back to its last known good state because the \
    application left the database in a state where constraints were violated: ";

/// Whether a commit failed by the application's own fault: it left constraints violated that are looked at only then.
pub fn is_constraint_violation(failure: &Failure) -> bool {
    failure.message.starts_with(CONSTRAINT_AT_COMMIT)
}

/// The failure for an error of SQLite's: `<message>[ at offset <n>]: <CODE>[ (extended: <EXTENDED CODE>)]`.
pub(super) fn from_sql(error: &rusqlite::Error) -> Failure {
    match base_code(error) {
        // Only the budget of steps, and a host that enforces one of time, interrupt.
        Some(ffi::SQLITE_INTERRUPT) => Failure::error(CPU_EXCEEDED),
        _ => Failure::error(sql_text(error)),
    }
}

/// The failure of a commit, which always resets the object.
pub(super) fn from_commit(error: &rusqlite::Error) -> Failure {
    match base_code(error) {
        Some(ffi::SQLITE_CONSTRAINT) => Failure::error(format!("{CONSTRAINT_AT_COMMIT}{}", sql_text(error))),
        _ => reset(from_sql(error)),
    }
}

/// Marks a failure as one that reset the object.
pub(super) fn reset(failure: Failure) -> Failure {
    Failure { durable_object_reset: true, ..failure }
}

/// Whether SQLite has, or may have, rolled back on its own, so that what the guest believes it wrote is gone.
pub(super) fn is_critical(error: &rusqlite::Error) -> bool {
    matches!(base_code(error), Some(ffi::SQLITE_FULL | ffi::SQLITE_IOERR | ffi::SQLITE_NOMEM | ffi::SQLITE_INTERRUPT))
}

/// The primary result code, where the error is SQLite's.
pub(super) fn base_code(error: &rusqlite::Error) -> Option<i32> {
    extended_code(error).map(|code| code & 0xff)
}

fn extended_code(error: &rusqlite::Error) -> Option<i32> {
    match error {
        rusqlite::Error::SqliteFailure(error, _) | rusqlite::Error::SqlInputError { error, .. } => {
            Some(error.extended_code)
        }
        _ => None,
    }
}

/// The text of [`from_sql`], for errors that are told to the person at the terminal.
pub(super) fn sql_text(error: &rusqlite::Error) -> String {
    let (message, offset) = match error {
        rusqlite::Error::SqliteFailure(error, message) => {
            (message.clone().unwrap_or_else(|| error.to_string()), String::new())
        }
        rusqlite::Error::SqlInputError { msg, offset, .. } => (msg.clone(), format!(" at offset {offset}")),
        other => return other.to_string(),
    };
    let extended = extended_code(error).unwrap_or(ffi::SQLITE_ERROR);
    let base = extended & 0xff;
    let mut text = format!("{message}{offset}: {}", code_name(base));
    if extended != base {
        text.push_str(&format!(" (extended: {})", code_name(extended)));
    }
    text
}

/// Key larger than the key-value back-end takes.
pub(super) fn key_too_large(max: usize, len: usize) -> Failure {
    Failure::range_error(format!("Keys cannot be larger than {max} bytes. A key of size {len} was provided."))
}

/// Value larger than the key-value back-end takes.
pub(super) fn value_too_large(max: usize, len: usize) -> Failure {
    Failure::range_error(format!("Values cannot be larger than {max} bytes. A value of size {len} was provided."))
}

/// More entries in one call than the key-value back-end takes.
pub(super) fn too_many_pairs(max: usize, count: usize) -> Failure {
    Failure::range_error(format!("Maximum number of key value pairs is {max}. {count} pairs were provided."))
}

/// More keys in one call than the key-value back-end takes.
pub(super) fn too_many_keys(max: usize, count: usize) -> Failure {
    Failure::range_error(format!("Maximum number of keys is {max}. {count} keys were provided."))
}

/// A `list()` that would fill the memory.
pub(super) fn list_too_large(max: usize) -> Failure {
    Failure::range_error(format!(
        "The result of list() is larger than {max} bytes. Use its `limit` and `startAfter` options."
    ))
}

/// Transactions within transactions without end.
pub(super) fn nested_too_deeply(max: usize) -> Failure {
    Failure::error(format!("Transactions are nested too deeply (maximum {max})."))
}

/// What a value too large for SQLite's limits gives, for rows that are too large as a whole.
pub(super) fn too_big() -> rusqlite::Error {
    let error = ffi::Error::new(ffi::SQLITE_TOOBIG);
    rusqlite::Error::SqliteFailure(error, Some("string or blob too big".into()))
}

/// SQLite's name of a primary or extended result code.
fn code_name(code: i32) -> String {
    CODE_NAMES
        .iter()
        .find(|(known, _)| *known == code)
        .map_or_else(|| format!("SQLITE_UNKNOWN_ERROR_CODE({code})"), |(_, name)| (*name).to_owned())
}

macro_rules! names {
    ($($name:ident)*) => { &[$((ffi::$name, stringify!($name))),*] };
}

const CODE_NAMES: &[(i32, &str)] = names! {
    SQLITE_OK SQLITE_ERROR SQLITE_INTERNAL SQLITE_PERM SQLITE_ABORT SQLITE_BUSY SQLITE_LOCKED SQLITE_NOMEM
    SQLITE_READONLY SQLITE_INTERRUPT SQLITE_IOERR SQLITE_CORRUPT SQLITE_NOTFOUND SQLITE_FULL SQLITE_CANTOPEN
    SQLITE_PROTOCOL SQLITE_EMPTY SQLITE_SCHEMA SQLITE_TOOBIG SQLITE_CONSTRAINT SQLITE_MISMATCH SQLITE_MISUSE
    SQLITE_NOLFS SQLITE_AUTH SQLITE_FORMAT SQLITE_RANGE SQLITE_NOTADB SQLITE_NOTICE SQLITE_WARNING SQLITE_ROW
    SQLITE_DONE
    SQLITE_ERROR_MISSING_COLLSEQ SQLITE_ERROR_RETRY SQLITE_ERROR_SNAPSHOT
    SQLITE_IOERR_READ SQLITE_IOERR_SHORT_READ SQLITE_IOERR_WRITE SQLITE_IOERR_FSYNC SQLITE_IOERR_DIR_FSYNC
    SQLITE_IOERR_TRUNCATE SQLITE_IOERR_FSTAT SQLITE_IOERR_UNLOCK SQLITE_IOERR_RDLOCK SQLITE_IOERR_DELETE
    SQLITE_IOERR_BLOCKED SQLITE_IOERR_NOMEM SQLITE_IOERR_ACCESS SQLITE_IOERR_CHECKRESERVEDLOCK SQLITE_IOERR_LOCK
    SQLITE_IOERR_CLOSE SQLITE_IOERR_DIR_CLOSE SQLITE_IOERR_SHMOPEN SQLITE_IOERR_SHMSIZE SQLITE_IOERR_SHMLOCK
    SQLITE_IOERR_SHMMAP SQLITE_IOERR_SEEK SQLITE_IOERR_DELETE_NOENT SQLITE_IOERR_MMAP SQLITE_IOERR_GETTEMPPATH
    SQLITE_IOERR_CONVPATH SQLITE_IOERR_VNODE SQLITE_IOERR_AUTH SQLITE_IOERR_BEGIN_ATOMIC SQLITE_IOERR_COMMIT_ATOMIC
    SQLITE_IOERR_ROLLBACK_ATOMIC SQLITE_IOERR_DATA SQLITE_IOERR_CORRUPTFS
    SQLITE_LOCKED_SHAREDCACHE SQLITE_LOCKED_VTAB SQLITE_BUSY_RECOVERY SQLITE_BUSY_SNAPSHOT SQLITE_BUSY_TIMEOUT
    SQLITE_CANTOPEN_NOTEMPDIR SQLITE_CANTOPEN_ISDIR SQLITE_CANTOPEN_FULLPATH SQLITE_CANTOPEN_CONVPATH
    SQLITE_CANTOPEN_SYMLINK SQLITE_CORRUPT_VTAB SQLITE_CORRUPT_SEQUENCE SQLITE_CORRUPT_INDEX
    SQLITE_READONLY_RECOVERY SQLITE_READONLY_CANTLOCK SQLITE_READONLY_ROLLBACK SQLITE_READONLY_DBMOVED
    SQLITE_READONLY_CANTINIT SQLITE_READONLY_DIRECTORY SQLITE_ABORT_ROLLBACK
    SQLITE_CONSTRAINT_CHECK SQLITE_CONSTRAINT_COMMITHOOK SQLITE_CONSTRAINT_FOREIGNKEY SQLITE_CONSTRAINT_FUNCTION
    SQLITE_CONSTRAINT_NOTNULL SQLITE_CONSTRAINT_PRIMARYKEY SQLITE_CONSTRAINT_TRIGGER SQLITE_CONSTRAINT_UNIQUE
    SQLITE_CONSTRAINT_VTAB SQLITE_CONSTRAINT_ROWID SQLITE_CONSTRAINT_PINNED SQLITE_CONSTRAINT_DATATYPE
    SQLITE_NOTICE_RECOVER_WAL SQLITE_NOTICE_RECOVER_ROLLBACK SQLITE_WARNING_AUTOINDEX SQLITE_AUTH_USER
};
