//! What guests may do in SQL (reference §1.7): an authorizer of allow-lists, and SQLite's own limits.
//!
//! Invariant: everything a guest writes is compiled and run inside [`Gate::guest`], and what is not listed here is
//! refused there. Statements of emu's own run outside and are not restricted.

use super::layout::RESERVED_PREFIX;
use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::{Connection, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};

/// Why the authorizer refused, where the guest is told something else than SQLite's own message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Nothing special.
    Plain,
    /// A transaction statement.
    Transaction,
    /// `load_extension`, which the platform knows but never permits.
    LoadExtension,
    /// A table that the platform's SQLite does not have at all.
    Unknown(&'static str),
}

/// Switches a connection between emu's own statements and the guest's.
pub(super) struct Gate {
    state: Arc<State>,
}

// The hook of a connection must be `Send`, so what it shares with the gate is atomic, although one thread uses it.
#[derive(Default)]
struct State {
    guest: AtomicBool,
    altering: AtomicBool,
    refusal: AtomicU8,
    set_by_guest: AtomicBool,
    steps: AtomicU64,
}

impl Gate {
    /// Restricts the connection and hands out the switch, which stands at emu's own statements.
    ///
    /// `interrupt` ends the guest's running statement when it becomes true.
    pub(super) fn install(connection: &mut Connection, interrupt: Arc<AtomicBool>) -> Result<Self> {
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        for (limit, value) in LIMITS {
            connection.set_limit(*limit, *value)?;
        }
        let state = Arc::new(State::default());
        let seen = Arc::clone(&state);
        connection.authorizer(Some(move |context: AuthContext<'_>| {
            if !seen.guest.load(Relaxed) || seen.allows(&context) { Authorization::Allow } else { Authorization::Deny }
        }))?;
        let seen = Arc::clone(&state);
        connection.progress_handler(
            STEPS_PER_LOOK,
            Some(move || seen.guest.load(Relaxed) && (seen.is_exhausted() || interrupt.load(Relaxed))),
        )?;
        Ok(Self { state })
    }

    /// Gives the guest a full budget of steps, for one more of its calls.
    pub(super) fn refill(&self) {
        self.state.steps.store(0, Relaxed);
    }

    /// Whether a guest's `PRAGMA` has changed the connection, so that another connection would not do in its place.
    pub(super) fn is_set_by_guest(&self) -> bool {
        self.state.set_by_guest.load(Relaxed)
    }

    /// Likewise, and forgets it.
    pub(super) fn take_set_by_guest(&self) -> bool {
        self.state.set_by_guest.swap(false, Relaxed)
    }

    /// Runs `work` under the guest's restrictions.
    pub(super) fn guest<T>(&self, work: impl FnOnce() -> T) -> T {
        // Reset on the way out even if `work` unwinds, so that emu's own statements are never restricted.
        struct Leave<'a>(&'a AtomicBool);
        impl Drop for Leave<'_> {
            fn drop(&mut self) {
                self.0.store(false, Relaxed);
            }
        }
        self.state.altering.store(false, Relaxed);
        self.state.refusal.store(0, Relaxed);
        self.state.guest.store(true, Relaxed);
        let _leave = Leave(&self.state.guest);
        work()
    }

    /// Why the last compilation was refused.
    pub(super) fn refusal(&self) -> Refusal {
        match self.state.refusal.load(Relaxed) {
            TRANSACTION => Refusal::Transaction,
            LOAD_EXTENSION => Refusal::LoadExtension,
            code => code
                .checked_sub(FIRST_HIDDEN)
                .and_then(|index| HIDDEN_TABLES.get(usize::from(index)))
                .map_or(Refusal::Plain, |table| Refusal::Unknown(table)),
        }
    }

    /// Whether the last compilation was of an `ALTER TABLE`. SQLite's hook is not told the new name, so the caller looks.
    pub(super) fn altering(&self) -> bool {
        self.state.altering.load(Relaxed)
    }
}

/// Whether a name is the platform's.
pub(super) fn is_reserved(name: &str) -> bool {
    name.as_bytes()
        .get(..RESERVED_PREFIX.len())
        .is_some_and(|prefix| prefix.eq_ignore_ascii_case(RESERVED_PREFIX.as_bytes()))
}

// How many steps of SQLite's machine pass between two looks at the budget, and how many looks one call of a guest's may
// take: about half a minute, the platform's default for the CPU time of an event.
const STEPS_PER_LOOK: i32 = 100_000;
const MAX_LOOKS: u64 = if cfg!(test) { 300 } else { 30_000 };

const TRANSACTION: u8 = 1;
const LOAD_EXTENSION: u8 = 2;
const FIRST_HIDDEN: u8 = 3;

impl State {
    fn allows(&self, context: &AuthContext<'_>) -> bool {
        // SQLite names the database first here, and in its usual place the column, if one is dropped.
        if let AuthAction::AlterTable { database_name, table_name } = context.action {
            self.altering.store(true, Relaxed);
            return database_name == "main" && !is_reserved(table_name);
        }
        match context.database_name {
            None | Some("main") => {}
            Some("temp") => {
                return matches!(context.action,
                    AuthAction::Read { table_name, .. } | AuthAction::Update { table_name, .. }
                        if !is_reserved(table_name));
            }
            Some(_) => return false,
        }
        match context.action {
            AuthAction::Select | AuthAction::Recursive | AuthAction::Analyze { .. } => true,
            AuthAction::Read { table_name, .. } => !is_reserved(table_name) && !self.is_hidden(table_name),
            AuthAction::CreateTable { table_name }
            | AuthAction::DropTable { table_name }
            | AuthAction::Delete { table_name }
            | AuthAction::Insert { table_name }
            | AuthAction::Update { table_name, .. } => !is_reserved(table_name),
            AuthAction::CreateView { view_name } | AuthAction::DropView { view_name } => !is_reserved(view_name),
            AuthAction::Reindex { index_name } => !is_reserved(index_name),
            AuthAction::CreateIndex { index_name: name, table_name }
            | AuthAction::DropIndex { index_name: name, table_name }
            | AuthAction::CreateTrigger { trigger_name: name, table_name }
            | AuthAction::DropTrigger { trigger_name: name, table_name } => {
                !is_reserved(name) && !is_reserved(table_name)
            }
            AuthAction::CreateVtable { table_name, module_name }
            | AuthAction::DropVtable { table_name, module_name } => {
                !is_reserved(table_name) && MODULES.iter().any(|module| module.eq_ignore_ascii_case(module_name))
            }
            AuthAction::Function { function_name } => self.allows_function(function_name),
            AuthAction::Pragma { pragma_name, pragma_value } => self.allows_pragma(pragma_name, pragma_value),
            AuthAction::Transaction { .. } | AuthAction::Savepoint { .. } => {
                self.refusal.store(TRANSACTION, Relaxed);
                false
            }
            // ATTACH, DETACH, everything TEMP, and whatever a later SQLite may invent.
            _ => false,
        }
    }

    // Steps are counted so that a query without end fails the same way in every run.
    fn is_exhausted(&self) -> bool {
        self.steps.fetch_add(1, Relaxed) >= MAX_LOOKS
    }

    fn allows_pragma(&self, name: &str, value: Option<&str>) -> bool {
        let argument = pragma_argument(name);
        if matches!(argument, Some(Argument::Boolean)) && value.is_some() {
            self.set_by_guest.store(true, Relaxed);
        }
        argument.is_some_and(|argument| argument.takes(value))
    }

    fn allows_function(&self, name: &str) -> bool {
        if name.eq_ignore_ascii_case("load_extension") {
            self.refusal.store(LOAD_EXTENSION, Relaxed);
        }
        FUNCTIONS.split_ascii_whitespace().any(|allowed| allowed.eq_ignore_ascii_case(name))
    }

    fn is_hidden(&self, table: &str) -> bool {
        let found = HIDDEN_TABLES.iter().position(|hidden| hidden.eq_ignore_ascii_case(table));
        if let Some(index) = found {
            self.refusal.store(FIRST_HIDDEN + index as u8, Relaxed);
        }
        found.is_some()
    }
}

/// workerd's values. Length and pattern limits differ from the documentation, which says 2 MB.
const LIMITS: &[(Limit, i32)] = &[
    (Limit::SQLITE_LIMIT_LENGTH, 8 * 1024 * 1024 + 34),
    (Limit::SQLITE_LIMIT_SQL_LENGTH, 100_000),
    (Limit::SQLITE_LIMIT_COLUMN, 100),
    (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
    (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 5),
    (Limit::SQLITE_LIMIT_VDBE_OP, 25_000),
    (Limit::SQLITE_LIMIT_FUNCTION_ARG, 127),
    (Limit::SQLITE_LIMIT_ATTACHED, 0),
    (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50),
    (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 100),
    (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 10),
    (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
];

const MODULES: &[&str] = &["fts5", "fts5vocab", "rtree", "rtree_i32"];

/// Tables that the bundled SQLite offers in every database and the platform's does not.
const HIDDEN_TABLES: &[&str] = &["dbstat", "sqlite_dbpage", "sqlite_stmt", "bytecode", "tables_used", "fts3tokenize"];

/// Every function a guest may call, by SQLite's own name. The `sqlite_*` ones are what `ALTER TABLE` compiles to;
/// SQLite itself refuses them to a statement that names them.
const FUNCTIONS: &str = "
    abs changes char coalesce concat concat_ws format glob hex ifnull iif instr last_insert_rowid length like likelihood
    likely lower ltrim max min nullif octet_length printf quote random randomblob replace round rtrim sign soundex
    substr substring total_changes trim typeof unhex unicode unlikely upper zeroblob
    date time datetime julianday unixepoch strftime timediff current_date current_time current_timestamp
    avg count group_concat string_agg sum total
    row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value
    acos acosh asin asinh atan atan2 atanh ceil cos cosh degrees exp floor ln log log2 mod pi pow radians sin sinh sqrt
    tan tanh trunc
    -> ->> json json_array json_array_length json_each json_extract json_group_array json_group_object json_insert
    json_object json_patch json_quote json_remove json_replace json_set json_tree json_type json_valid
    jsonb jsonb_array jsonb_each jsonb_extract jsonb_group_array jsonb_group_object jsonb_insert jsonb_object jsonb_patch
    jsonb_remove jsonb_replace jsonb_set jsonb_tree
    match highlight bm25 snippet rtreecheck
    sqlite_rename_column sqlite_rename_table sqlite_rename_test sqlite_drop_column sqlite_rename_quotefix";

/// What a pragma may be given.
enum Argument {
    Anything,
    None,
    Boolean,
    Name,
    OptionalName,
    OptionalNumber,
    OptionalNumberOrName,
}

impl Argument {
    fn takes(&self, value: Option<&str>) -> bool {
        match (self, value) {
            (Self::Name, value) => value.is_some_and(|name| !is_reserved(name)),
            (_, None) | (Self::Anything, _) => true,
            (Self::None, Some(_)) => false,
            (Self::Boolean, Some(value)) => is_boolean(value),
            (Self::OptionalName | Self::OptionalNumberOrName, Some(value)) => !is_reserved(value),
            (Self::OptionalNumber, Some(value)) => is_number(value),
        }
    }
}

// The pragmas there are for guests.
fn pragma_argument(name: &str) -> Option<Argument> {
    Some(match name.to_ascii_lowercase().as_str() {
        // It lists the platform's tables too; that they exist is no secret.
        "table_list" => Argument::Anything,
        "data_version" | "page_size" => Argument::None,
        "case_sensitive_like"
        | "foreign_keys"
        | "defer_foreign_keys"
        | "ignore_check_constraints"
        | "legacy_alter_table"
        | "recursive_triggers"
        | "reverse_unordered_selects" => Argument::Boolean,
        "table_info" | "table_xinfo" | "foreign_key_list" | "index_info" | "index_list" | "index_xinfo" => {
            Argument::Name
        }
        "foreign_key_check" => Argument::OptionalName,
        "quick_check" => Argument::OptionalNumberOrName,
        "optimize" => Argument::OptionalNumber,
        _ => return None,
    })
}

// The platform compares beginnings only, so `trueish` passes; SQLite then takes it for false.
fn is_boolean(value: &str) -> bool {
    let value = super::tokens::unquote(value).to_ascii_lowercase();
    ["true", "false", "yes", "no", "on", "off", "1", "0"].iter().any(|word| value.starts_with(word))
}

fn is_number(value: &str) -> bool {
    match value.to_ascii_lowercase().strip_prefix("0x") {
        Some(digits) => i32::from_str_radix(digits, 16).is_ok(),
        None => value.parse::<i32>().is_ok(),
    }
}
