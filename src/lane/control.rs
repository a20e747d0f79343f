//! What somebody at a terminal can do to objects: look, evict, hibernate, abort, crash, alarms, SQL.
//!
//! Invariant: uses the same paths as the platform's own events; nothing here reaches around a gate but `crash` and
//! `abort`, whose point that is.

use super::alarm::ms_of;
use super::{Due, Lane};
use crate::core::alarm::RunEnd;
use crate::core::id::{hex, lane_of};
use crate::core::life::Hibernate;
use crate::storage::ObjectStorage;
use emu_abi::{Failure, ObjectId, SqlValue};
use serde_json::{Value, json};

/// How long an eviction waits for the object to become idle (reference §1.14).
const MAX_EVICTION_WAIT_MS: f64 = 30_000.0;
/// Rows that `emu do sql` shows at most.
const MAX_SQL_ROWS: usize = 10_000;
/// What is said of an eviction where there is nothing to evict.
pub const NOT_RUNNING: &str = "Cannot evict Durable Object: it is not currently running.";

/// What to do.
#[derive(Clone, Debug)]
pub enum Command {
    /// All objects of this lane.
    List,
    /// Something about one object.
    Object {
        /// The namespace's number.
        namespace: usize,
        /// The object.
        id: ObjectId,
        /// What.
        verb: Verb,
    },
}

/// What to do with one object.
#[derive(Clone, Debug, PartialEq)]
pub enum Verb {
    /// Everything known about it.
    Show,
    /// What keeps it from being hibernated.
    Why,
    /// Drop the instance when it is idle; sockets stay, or are closed.
    Evict {
        /// Close the hibernatable sockets too.
        close_sockets: bool,
        /// Do not wait for it to become idle.
        now: bool,
    },
    /// `ctx.abort(reason)` from outside.
    Abort {
        /// The reason.
        reason: Option<String>,
    },
    /// As if the machine had died: uncommitted writes are lost, sockets are cut.
    Crash,
    /// The alarm.
    AlarmShow,
    /// Run the alarm now, if one is set.
    AlarmRun,
    /// Set the alarm, in milliseconds since the epoch.
    AlarmSet(f64),
    /// Delete the alarm.
    AlarmDelete,
    /// Run SQL, with the values of its parameters.
    Sql(String, Vec<SqlValue>),
}

/// What came of it.
pub type Answered = Result<Value, String>;

/// An eviction that waits.
pub(super) struct Eviction {
    pub(super) token: u64,
    pub(super) close_sockets: bool,
}

impl Lane {
    pub(super) fn control(&mut self, token: u64, command: Command) {
        match command {
            Command::List => {
                let listed = self.list();
                self.answer_control(token, listed);
            }
            Command::Object { namespace, id, verb } => match self.existing(namespace, &id) {
                Ok(number) => self.control_object(token, number, verb),
                Err(message) => self.answer_control(token, Err(message)),
            },
        }
    }

    /// All objects: those met since the start, and those that were stored before.
    fn list(&mut self) -> Answered {
        for namespace in 0..self.namespaces.len() {
            let stored = self.storage.stored(&self.namespaces[namespace].unique_key);
            for bytes in stored.map_err(|error| error.to_string())? {
                if lane_of(&bytes, self.lanes) == self.me {
                    self.object_number(namespace, &ObjectId { bytes, name: None });
                }
            }
        }
        Ok((0..self.objects.len()).map(|number| self.summary(number)).collect())
    }

    /// An object that has been used. Looking at another one must not bring it into being.
    fn existing(&mut self, namespace: usize, id: &ObjectId) -> Result<usize, String> {
        let declared = &self.namespaces[namespace];
        let known = self.object_numbers.contains_key(&(namespace, id.bytes));
        if !known {
            let stored = self.storage.stored(&declared.unique_key).map_err(|error| error.to_string())?;
            if !stored.contains(&id.bytes) {
                let called = id.name.clone().unwrap_or_else(|| hex(&id.bytes));
                return Err(format!("`{}/{called}` has never been used", declared.class));
            }
        }
        Ok(self.object_number(namespace, id))
    }

    fn control_object(&mut self, token: u64, number: usize, verb: Verb) {
        let writes = matches!(verb, Verb::AlarmSet(_) | Verb::AlarmDelete | Verb::Sql(..));
        if writes && self.objects[number].gate.is_critical() {
            let message = "a transaction or `blockConcurrencyWhile` is open in the object; try again when it has ended";
            self.answer_control(token, Err(message.to_owned()));
            return;
        }
        let answered = match verb {
            Verb::Show => self.show(number),
            Verb::Why => Ok(self.why(number)),
            Verb::Evict { close_sockets, now } => return self.evict(token, number, close_sockets, now),
            Verb::Abort { reason } => {
                let message = reason.unwrap_or_else(|| "Application called abort() to reset Durable Object.".into());
                let failure = Failure { remote: true, durable_object_reset: true, ..Failure::error(message) };
                self.reset(number, &failure, RunEnd::Failed);
                Ok(json!({ "object": self.object_label(number), "aborted": true }))
            }
            Verb::Crash => {
                self.crash(number);
                Ok(json!({ "object": self.object_label(number), "crashed": true }))
            }
            Verb::AlarmShow => self.show_alarm(number),
            Verb::AlarmRun => self.run_alarm(number),
            Verb::AlarmSet(at_ms) => self.set_alarm(number, Some(at_ms)),
            Verb::AlarmDelete => self.set_alarm(number, None),
            Verb::Sql(query, params) => self.sql(number, &query, &params),
        };
        self.answer_control(token, answered);
    }

    pub(super) fn answer_control(&mut self, token: u64, answered: Answered) {
        self.effects.push(super::message::Effect::Control(token, answered));
    }

    fn state_of(&self, number: usize) -> &'static str {
        let object = &self.objects[number];
        match object.instance {
            Some(_) if self.blockers(number).is_empty() => "idle",
            Some(_) => "active",
            None if object.sockets.borrow().is_empty() => "inactive",
            None => "hibernated",
        }
    }

    fn summary(&self, number: usize) -> Value {
        let object = &self.objects[number];
        let namespace = &self.namespaces[object.namespace];
        let alarm_ms = object.alarm.indexed_ns.map(whole_ms);
        json!({
            "worker": &*self.workers[namespace.worker].prepared.name,
            "class": namespace.class,
            "id": hex(&object.id.bytes),
            "name": object.id.name,
            "state": self.state_of(number),
            "sockets": object.sockets.borrow().len(),
            "constructed": object.starts,
            "evicted": object.evictions,
            "alarm": alarm_ms,
            "lane": self.me,
        })
    }

    fn show(&self, number: usize) -> Answered {
        let object = &self.objects[number];
        let mut shown = self.summary(number);
        let memory = object.instance.and_then(|serial| self.instances.get(&serial));
        shown["memoryBytes"] = json!(memory.map(|instance| instance.home.isolate.borrow().memory_bytes()));
        shown["databaseBytes"] = json!(object.storage.database_size().map_err(|failure| failure.to_string())?);
        shown["blockers"] = json!(self.blockers(number));
        Ok(shown)
    }

    fn why(&self, number: usize) -> Value {
        let object = &self.objects[number];
        let blockers = self.blockers(number);
        let verdict = match (object.instance, blockers.is_empty()) {
            (None, _) => "it is not in memory".to_owned(),
            (Some(_), true) if self.policy.hibernate == Hibernate::Never => {
                "nothing prevents hibernation but `--hibernate never`".to_owned()
            }
            (Some(_), true) => match self.policy.idle_ms {
                Some(idle_ms) => format!(
                    "nothing prevents hibernation; it follows {idle_ms} ms after its last event, {} ms ago",
                    (self.world().now_ms() - object.idle_since_ms).max(0.0)
                ),
                None => "nothing prevents hibernation but `--evict-after never`".to_owned(),
            },
            (Some(_), false) => format!("{} thing(s) keep it in memory", blockers.len()),
        };
        json!({ "object": self.object_label(number), "state": self.state_of(number), "why": verdict, "blockers": blockers })
    }

    fn evict(&mut self, token: u64, number: usize, close_sockets: bool, now: bool) {
        let nothing_to_close = !close_sockets || self.objects[number].sockets.borrow().is_empty();
        if self.objects[number].instance.is_none() && nothing_to_close {
            self.answer_control(token, Err(NOT_RUNNING.to_owned()));
            return;
        }
        if let Some(earlier) = self.objects[number].wanted_eviction.take() {
            self.answer_control(earlier.token, Err("another eviction has taken its place".into()));
        }
        self.objects[number].wanted_eviction = Some(Eviction { token, close_sockets });
        if now || self.blockers(number).is_empty() {
            self.finish_eviction(number);
        } else {
            let deadline_ms = self.world().now_ms() + MAX_EVICTION_WAIT_MS;
            self.timers.add(deadline_ms, Due::EvictionWait { number, token });
        }
    }

    pub(super) fn eviction_timed_out(&mut self, number: usize, token: u64) {
        if self.objects[number].wanted_eviction.as_ref().is_some_and(|eviction| eviction.token == token) {
            self.objects[number].wanted_eviction = None;
            let message = "Timed out waiting to evict Durable Object: it still has active references.".to_owned();
            self.answer_control(token, Err(message));
        }
    }

    fn show_alarm(&self, number: usize) -> Answered {
        let object = &self.objects[number];
        let stored = object.storage.alarm_ns().map_err(|failure| failure.to_string())?;
        Ok(json!({
            "object": self.object_label(number),
            "alarm": stored.map(whole_ms),
            "running": object.alarm.running_ns.is_some(),
            "retryCount": object.alarm.attempts.counted,
            "retryAt": object.alarm.retry_due_ms.map(|due_ms| due_ms as i64),
        }))
    }

    fn run_alarm(&mut self, number: usize) -> Answered {
        let stored = self.objects[number].storage.alarm_ns().map_err(|failure| failure.to_string())?;
        let ran = stored.is_some();
        if ran {
            self.objects[number].alarm.retry_due_ms = None;
            self.deliver_alarm(number, true);
        }
        Ok(json!({ "object": self.object_label(number), "ran": ran }))
    }

    fn set_alarm(&mut self, number: usize, at_ms: Option<f64>) -> Answered {
        let at_ns = at_ms.map(|ms| (ms as i64).saturating_mul(1_000_000));
        let storage = self.objects[number].storage.clone();
        storage
            .set_alarm_ns(at_ns)
            .and_then(|()| self.commit_outside_turn(number))
            .map_err(|failure| failure.to_string())?;
        self.storage.flush().map_err(|error| error.to_string())?;
        self.show_alarm(number)
    }

    fn sql(&mut self, number: usize, query: &str, params: &[SqlValue]) -> Answered {
        let storage = self.objects[number].storage.clone();
        // All of it happens or nothing.
        storage.savepoint_begin(false).map_err(|failure| failure.message)?;
        let ran = query_rows(&storage, query, params);
        let ended = if ran.is_ok() { storage.savepoint_release() } else { storage.savepoint_rollback() };
        let shown = ran.and_then(|shown| ended.map(|()| shown)).map_err(|failure| failure.message)?;
        // Where a commit is late, what was written now is committed with it.
        if !self.late.contains_key(&number) {
            self.commit_outside_turn(number).map_err(|failure| failure.message)?;
            self.storage.flush().map_err(|error| error.to_string())?;
        }
        Ok(shown)
    }
}

/// What a query finds, with its columns.
pub(super) fn query_rows(storage: &ObjectStorage, query: &str, params: &[SqlValue]) -> Result<Value, Failure> {
    let opened = storage.sql_exec(query, params)?;
    let mut rows = opened.rows;
    let mut all = std::mem::take(&mut rows.rows);
    while !rows.end && all.len() < MAX_SQL_ROWS {
        rows = storage.sql_next(opened.cursor, MAX_SQL_ROWS - all.len())?;
        all.append(&mut rows.rows);
    }
    if !rows.end {
        storage.sql_close(opened.cursor);
    }
    let rows_json: Vec<Value> = all.iter().map(|row| Value::Array(row.iter().map(shown_value).collect())).collect();
    Ok(json!({
        "columns": opened.columns, "rows": rows_json, "truncated": !rows.end,
        "rowsRead": rows.rows_read, "rowsWritten": rows.rows_written,
    }))
}

fn whole_ms(at_ns: i64) -> i64 {
    ms_of(at_ns).floor() as i64
}

fn shown_value(value: &SqlValue) -> Value {
    match value {
        SqlValue::Null => Value::Null,
        SqlValue::Integer(number) => json!(number),
        SqlValue::Real(number) if number.is_finite() => json!(number),
        // JSON has no infinity; SQLite prints it so.
        SqlValue::Real(number) => json!(if *number > 0.0 { "Inf" } else { "-Inf" }),
        SqlValue::Text(text) => json!(text),
        SqlValue::Blob(bytes) => {
            json!(format!("x'{}'", bytes.0.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
        }
    }
}
