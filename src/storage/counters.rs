//! `rowsRead` and `rowsWritten`, the numbers production bills by.
//!
//! The platform's SQLite is patched to count every row a cursor of its virtual machine touches. An unpatched SQLite
//! counts only the steps of full scans, so this module estimates the rest from the compiled program, which
//! `EXPLAIN` shows: seeks before a loop count once, seeks inside one once per row of it, and each changed row counts as
//! often as the program writes into the table and its indexes. Exact for scans, look-ups by key, joins of a scan with
//! look-ups, sorted scans, `count(*)`, and plain inserts, updates and deletes; otherwise an estimate.
//!
//! Invariant: never influences what a statement does, only what is reported about it.

use rusqlite::{Connection, Row};

/// What a compiled statement will cost, as far as its program tells.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Plan {
    seeks_before_loops: u64,
    seeks_in_loops: u64,
    has_full_scan: bool,
    checks_rowid: bool,
    counts_table: bool,
    sorts: bool,
    writes: u64,
    counted_writes: u64,
}

/// What the running statement has done so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    /// Rows it has produced.
    pub(super) rows: u64,
    /// SQLite's count of full-scan steps.
    pub(super) scan_steps: u64,
    /// Rows inserted, updated or deleted.
    pub(super) changes: u64,
    /// The first column of the first row, where that is an integer: the result of a `count(*)`.
    pub(super) first_integer: u64,
}

impl Plan {
    /// Reads the program of the one statement in `sql`. What cannot be explained costs nothing.
    pub(super) fn of(connection: &Connection, sql: &str) -> Self {
        explain(connection, sql).map(|program| Self::from_program(&program)).unwrap_or_default()
    }

    /// The platform's `rowsRead`.
    pub(super) fn rows_read(&self, progress: Progress) -> u64 {
        let scanned_rows = if self.has_full_scan { progress.scan_steps + progress.rows.min(1) } else { 0 };
        let seen = self.seeks_before_loops + progress.scan_steps + scanned_rows * self.seeks_in_loops;
        let inserted = if self.checks_rowid { progress.changes } else { 0 };
        let counted = if self.counts_table { progress.first_integer } else { 0 };
        let produced = if self.seeks_before_loops > 0 { progress.rows } else { 0 };
        let sorted = if self.sorts { progress.rows } else { 0 };
        seen.max(produced).max(inserted) + counted + sorted
    }

    /// The platform's `rowsWritten`.
    pub(super) fn rows_written(&self, progress: Progress) -> u64 {
        match self.counted_writes {
            // Changes of the schema are straight-line programs that write each row they mention once.
            0 => self.writes,
            counted => progress.changes * self.writes / counted,
        }
    }

    fn from_program(program: &[Instruction]) -> Self {
        let loops: Vec<_> = program
            .iter()
            .enumerate()
            .filter(|(at, op)| is_loop_end(&op.name) && op.p2 >= 0 && (op.p2 as usize) <= *at)
            .map(|(at, op)| (op.p2 as usize..=at, op.p5 == SCAN_STEP))
            .collect();
        let transient: Vec<i64> = program
            .iter()
            .filter(|op| matches!(op.name.as_str(), "OpenEphemeral" | "OpenAutoindex" | "OpenPseudo" | "SorterOpen"))
            .map(|op| op.p1)
            .collect();
        let mut plan = Self { has_full_scan: loops.iter().any(|(_, scan)| *scan), ..Self::default() };
        for (at, op) in program.iter().enumerate() {
            let changes = op.p5 & COUNT_CHANGE != 0;
            match op.name.as_str() {
                "Count" => plan.counts_table = true,
                "SorterSort" => plan.sorts = true,
                "Insert" | "IdxInsert" if !transient.contains(&op.p1) => plan.add_write(changes),
                // This one has its flags elsewhere.
                "Delete" if op.p2 & COUNT_CHANGE != 0 => plan.add_write(true),
                "Clear" if op.p3 != 0 => plan.add_write(true),
                "VUpdate" => plan.add_write(true),
                name if is_seek(name) => {
                    plan.checks_rowid |= name == "NotExists";
                    if loops.iter().any(|(body, _)| body.contains(&at)) {
                        plan.seeks_in_loops += 1;
                    } else {
                        plan.seeks_before_loops += 1;
                    }
                }
                _ => {}
            }
        }
        plan
    }

    fn add_write(&mut self, counted: bool) {
        self.writes += 1;
        self.counted_writes += u64::from(counted);
    }
}

// Values of an instruction's p5: a loop end that SQLite counts as a step of a full scan, and a write that it counts as
// a changed row.
const SCAN_STEP: i64 = 1;
const COUNT_CHANGE: i64 = 1;

fn is_loop_end(name: &str) -> bool {
    matches!(name, "Next" | "Prev" | "VNext" | "SorterNext")
}

fn is_seek(name: &str) -> bool {
    matches!(
        name,
        "Rewind" | "Last" | "SeekGE" | "SeekGT" | "SeekLE" | "SeekLT" | "SeekRowid" | "NotExists" | "VFilter"
    )
}

struct Instruction {
    name: String,
    p1: i64,
    p2: i64,
    p3: i64,
    p5: i64,
}

fn explain(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<Instruction>> {
    let instruction = |row: &Row<'_>| {
        Ok(Instruction { name: row.get(1)?, p1: row.get(2)?, p2: row.get(3)?, p3: row.get(4)?, p5: row.get(6)? })
    };
    // Parameters stay unbound: the program does not depend on their values, and `query` would ask for each.
    connection.prepare(&format!("EXPLAIN {sql}"))?.raw_query().mapped(instruction).collect()
}
