//! Compiled statements of guests: how they own their connection, how they run, how they are kept.
//!
//! A statement of SQLite's borrows its connection, and its rows borrow the statement; a cursor has to hold all three
//! over many calls. `self_cell` ties each owner to what borrows it.
//!
//! Invariant: knows nothing of transactions or of which statements are allowed.

use super::counters::Plan;
use rusqlite::{Connection, Rows, Statement};
use self_cell::{MutBorrow, self_cell};
use std::collections::BTreeMap;
use std::rc::Rc;

self_cell!(
    struct StatementCell {
        owner: Rc<Connection>,
        #[covariant]
        dependent: Statement,
    }
);

self_cell!(
    struct RowsCell {
        owner: MutBorrow<Prepared>,
        #[covariant]
        dependent: Rows,
    }
);

/// A compiled statement at rest.
pub(super) struct Prepared {
    cell: StatementCell,
    /// The text it is kept under.
    pub(super) text: Rc<str>,
    /// What it will cost.
    pub(super) plan: Plan,
}

impl Prepared {
    /// Compiles with `compile`, whose statement belongs to `connection`.
    pub(super) fn new<E>(
        connection: &Rc<Connection>,
        text: Rc<str>,
        compile: impl for<'a> FnOnce(&'a Connection) -> Result<Statement<'a>, E>,
    ) -> Result<Self, E> {
        let cell = StatementCell::try_new(Rc::clone(connection), |connection| compile(connection))?;
        Ok(Self { cell, text, plan: Plan::default() })
    }

    /// The statement.
    pub(super) fn statement(&self) -> &Statement<'_> {
        self.cell.borrow_dependent()
    }

    /// Looks at or binds the statement.
    pub(super) fn with<T>(&mut self, work: impl for<'a> FnOnce(&mut Statement<'a>) -> T) -> T {
        self.cell.with_dependent_mut(|_, statement| work(statement))
    }
}

/// A statement that is being stepped. Dropping it, or [`Running::stop`], resets it.
pub(super) struct Running {
    cell: RowsCell,
}

impl Running {
    /// Starts a statement whose parameters are bound. Nothing runs before the first step.
    pub(super) fn start(prepared: Prepared) -> Self {
        let cell = RowsCell::new(MutBorrow::new(prepared), |prepared| {
            prepared.borrow_mut().cell.with_dependent_mut(|_, statement| statement.raw_query())
        });
        Self { cell }
    }

    /// Works with the rows.
    pub(super) fn with<T>(&mut self, work: impl for<'a> FnOnce(&mut Rows<'a>) -> T) -> T {
        self.cell.with_dependent_mut(|_, rows| work(rows))
    }

    /// The rows.
    pub(super) fn rows(&self) -> &Rows<'_> {
        self.cell.borrow_dependent()
    }

    /// Resets the statement and gives it back.
    pub(super) fn stop(self) -> Prepared {
        self.cell.into_owner().into_inner()
    }
}

/// The statements that are at rest, by text: least recently used go first once their texts fill the budget.
#[derive(Default)]
pub(super) struct StatementCache {
    entries: BTreeMap<Rc<str>, Entry>,
    bytes: usize,
    tick: u64,
}

struct Entry {
    prepared: Prepared,
    used: u64,
}

impl StatementCache {
    /// The platform's budget: the sum of the texts in bytes (reference §1.7).
    const MAX_BYTES: usize = 1024 * 1024;
    /// A compiled statement takes a few KiB however short its text is, so their number is bounded as well.
    const MAX_STATEMENTS: usize = 512;

    /// Takes a statement out, to run it.
    pub(super) fn take(&mut self, text: &str) -> Option<Prepared> {
        let (text, entry) = self.entries.remove_entry(text)?;
        self.bytes -= text.len();
        Some(entry.prepared)
    }

    /// Puts a statement that has finished back. A second one of the same text is dropped.
    pub(super) fn put(&mut self, mut prepared: Prepared) {
        if prepared.text.len() > Self::MAX_BYTES || self.entries.contains_key(&prepared.text) {
            return;
        }
        // Otherwise a large blob would stay in memory until the statement runs again.
        prepared.with(|statement| statement.clear_bindings());
        self.tick += 1;
        self.bytes += prepared.text.len();
        self.entries.insert(Rc::clone(&prepared.text), Entry { prepared, used: self.tick });
        while self.bytes > Self::MAX_BYTES || self.entries.len() > Self::MAX_STATEMENTS {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used).map(|(text, _)| Rc::clone(text));
        match oldest {
            Some(text) => drop(self.take(&text)),
            None => self.bytes = 0,
        }
    }
}
