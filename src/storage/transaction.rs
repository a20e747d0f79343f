//! The implicit transaction and the savepoints inside it (reference §1.8).
//!
//! Invariant: the only code that begins, commits or rolls back. `open` is what SQLite itself says after each step here;
//! what SQLite rolls back on its own is noticed in [`super::session`].

use rusqlite::{Connection, Result};

/// Where the connection stands.
#[derive(Default)]
pub(super) struct Transaction {
    open: bool,
    wrote: bool,
    /// Per savepoint whether it is explicit, outermost first.
    savepoints: Vec<bool>,
}

impl Transaction {
    /// A transaction is open, even if it has only read so far.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// A transaction is open and something was written in it.
    pub(super) fn has_writes(&self) -> bool {
        self.open && self.wrote
    }

    /// How many savepoints are open.
    pub(super) fn depth(&self) -> usize {
        self.savepoints.len()
    }

    /// An async transaction holds the commit back.
    pub(super) fn is_held(&self) -> bool {
        self.savepoints.contains(&true)
    }

    /// To be called before every write.
    pub(super) fn begin_write(&mut self, connection: &Connection) -> Result<()> {
        if !self.open {
            // IMMEDIATE takes the write lock at once, so that a process beside us makes this wait rather than fail.
            run(connection, "BEGIN IMMEDIATE")?;
            self.open = true;
        }
        self.wrote = true;
        Ok(())
    }

    /// Opens a savepoint.
    pub(super) fn begin_savepoint(&mut self, connection: &Connection, explicit: bool) -> Result<()> {
        if !self.open {
            run(connection, "BEGIN")?;
            self.open = true;
        }
        run(connection, &format!("SAVEPOINT {}", name(self.savepoints.len())))?;
        self.savepoints.push(explicit);
        Ok(())
    }

    /// Closes the innermost savepoint, of which there must be one; `keep` says whether what it did stays.
    pub(super) fn end_savepoint(&mut self, connection: &Connection, keep: bool) -> Result<()> {
        let name = name(self.savepoints.len().saturating_sub(1));
        if !keep {
            run(connection, &format!("ROLLBACK TO {name}"))?;
        }
        run(connection, &format!("RELEASE {name}"))?;
        self.savepoints.pop();
        Ok(())
    }

    /// Commits, and says whether anything was written. After an error the transaction is still open.
    pub(super) fn commit(&mut self, connection: &Connection) -> Result<bool> {
        if self.open {
            run(connection, "COMMIT")?;
        }
        let wrote = self.wrote;
        *self = Self::default();
        Ok(wrote)
    }

    /// Rolls back whatever is open.
    pub(super) fn rollback(&mut self, connection: &Connection) {
        if !connection.is_autocommit() {
            // It fails only where SQLite has rolled back already, or where the connection is beyond repair.
            let _ = run(connection, "ROLLBACK");
        }
        *self = Self::default();
    }
}

fn name(depth: usize) -> String {
    format!("_cf_savepoint_{depth}")
}

fn run(connection: &Connection, sql: &str) -> Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(|_| ())
}
