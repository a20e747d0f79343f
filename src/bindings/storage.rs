//! Durable Object storage: KV, SQL, alarms, savepoints (reference §1.6 to §1.9, §1.11).
//!
//! Invariant: nothing here commits; the lane does when the turn has ended.

use super::{GuestHost, ObjectFace, told};
use crate::world::Point;
use emu_abi::{Answer, Ask, Failure};
use std::rc::Rc;

const NS_PER_MS: i64 = 1_000_000;

pub(super) fn answer(host: &mut GuestHost, ask: Ask) -> Result<Answer, Failure> {
    note_write(host, &ask)?;
    strike(host, &ask)?;
    let world = &host.shared.world;
    let text = world.keeps_texts().then(|| told::written(&ask, world.now_ms())).flatten();
    let answer = carry_out(host, ask)?;
    if let Some(text) = text {
        host.tell_write(&text);
    }
    Ok(answer)
}

fn carry_out(host: &mut GuestHost, ask: Ask) -> Result<Answer, Failure> {
    let keep_alarm = !host.switches.delete_all_deletes_alarm;
    let object = host.object()?;
    let storage = &object.storage;
    Ok(match ask {
        Ask::KvGet { keys } => Answer::Values(storage.kv_get(&keys)?),
        Ask::KvList(options) => Answer::Entries(storage.kv_list(&options)?),
        Ask::KvPut { entries } => {
            storage.kv_put(&entries)?;
            Answer::Done
        }
        Ask::KvDelete { keys } => Answer::Count(storage.kv_delete(&keys)?),
        Ask::DeleteAll => {
            storage.delete_all(keep_alarm)?;
            object.alarm_touched = true;
            if !keep_alarm {
                object.running_alarm_ns = None;
            }
            Answer::Done
        }
        Ask::AlarmGet => alarm(object)?,
        Ask::AlarmSet { at_ms } => set_alarm(object, at_ms)?,
        Ask::AlarmDelete => {
            storage.set_alarm_ns(None)?;
            object.running_alarm_ns = None;
            object.alarm_touched = true;
            Answer::Done
        }
        Ask::SqlExec { query, params } => {
            let opened = storage.sql_exec(&query, &params)?;
            Answer::Cursor { cursor: opened.cursor, columns: opened.columns, rows: opened.rows }
        }
        Ask::SqlNext { cursor, max_rows } => Answer::Rows(storage.sql_next(cursor, max_rows as usize)?),
        Ask::SqlClose { cursor } => {
            storage.sql_close(cursor);
            Answer::Done
        }
        Ask::SqlSize => Answer::Count(storage.database_size()?),
        Ask::SavepointBegin { explicit } => {
            storage.savepoint_begin(explicit)?;
            Answer::Done
        }
        Ask::SavepointRelease => {
            storage.savepoint_release()?;
            Answer::Done
        }
        Ask::SavepointRollback => {
            storage.savepoint_rollback()?;
            object.alarm_touched = true;
            Answer::Done
        }
        _ => return Err(Failure::error("not a storage ask")),
    })
}

/// Lets a write find the disk full, where the world decides so. As after any critical error of SQLite, nothing works then
/// until the object is reset (reference §1.8), which the lane does when the turn has ended.
fn strike(host: &mut GuestHost, ask: &Ask) -> Result<(), Failure> {
    let may_fill_the_disk = match ask {
        Ask::KvPut { .. } | Ask::AlarmSet { .. } => true,
        Ask::SqlExec { query, .. } => writes(query),
        _ => false,
    };
    let world = Rc::clone(&host.shared.world);
    let object = host.object()?;
    if may_fill_the_disk && object.storage_failed.is_none() && world.choose(Point::StorageFull, object.whose, 2) == 1 {
        object.storage_failed =
            Some(Failure { durable_object_reset: true, ..Failure::error("database or disk is full: SQLITE_FULL") });
    }
    object.storage_failed.clone().map_or(Ok(()), Err)
}

/// Whether SQL may write, by how it begins. It need not be right about all SQL: what is only read meets no full disk.
fn writes(query: &str) -> bool {
    let begin = query.trim_start().get(..6).unwrap_or_default();
    ["INSERT", "UPDATE", "REPLAC", "CREATE"].iter().any(|word| begin.eq_ignore_ascii_case(word))
}

/// Tells the gate check of everything that may write.
fn note_write(host: &mut GuestHost, ask: &Ask) -> Result<(), Failure> {
    if host.shared.gate_check.is_none() {
        return Ok(());
    }
    let object = host.object()?;
    let (number, was_durable) = (object.number, !object.storage.has_writes());
    host.shared.with_gate_check(|check| match ask {
        Ask::KvPut { .. }
        | Ask::KvDelete { .. }
        | Ask::DeleteAll
        | Ask::AlarmSet { .. }
        | Ask::AlarmDelete
        | Ask::SqlExec { .. } => check.write(number, was_durable),
        Ask::SavepointBegin { explicit } => check.savepoint_opens(number, *explicit, was_durable),
        Ask::SavepointRelease => check.savepoint_closes(number, true),
        Ask::SavepointRollback => check.savepoint_closes(number, false),
        _ => {}
    });
    Ok(())
}

/// While the handler runs the alarm it runs for is not set any more (reference §1.11).
fn alarm(object: &ObjectFace) -> Result<Answer, Failure> {
    let stored_ns = object.storage.alarm_ns()?;
    let shown_ns = if stored_ns == object.running_alarm_ns { None } else { stored_ns };
    Ok(Answer::Time(shown_ns.map(|ns| ns.div_euclid(NS_PER_MS) as f64)))
}

fn set_alarm(object: &mut ObjectFace, at_ms: f64) -> Result<Answer, Failure> {
    if at_ms.is_nan() || at_ms <= 0.0 {
        return Err(Failure::type_error("setAlarm() cannot be called with an alarm time <= 0"));
    }
    if !object.has_alarm_handler && !object.constructing {
        return Err(Failure::type_error(
            "Your Durable Object class must have an alarm() handler in order to call setAlarm()",
        ));
    }
    let at_ns = (at_ms as i64).saturating_mul(NS_PER_MS);
    object.storage.set_alarm_ns(Some(at_ns))?;
    object.running_alarm_ns = None;
    object.alarm_touched = true;
    Ok(Answer::Done)
}
