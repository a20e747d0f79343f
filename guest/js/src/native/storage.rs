//! Storage of Durable Objects: key-value, alarms, SQL, savepoints (reference §1.6 to §1.11).
//!
//! Invariant: values are V8's serialisation on the host's side and JavaScript values on the runtime's.

use super::{ask, done, set};
use crate::convert::{Raw, Text, unexpected};
use crate::data::v8;
use emu_abi::{Answer, Ask, Bytes, KvEntry, ListOptions, Rows, SqlValue};
use rquickjs::function::Rest;
use rquickjs::{Array, Ctx, FromJs, IntoJs, Object, Result, Value};

pub(super) fn register<'js>(host: &Object<'js>) -> Result<()> {
    set(host, "kvGet", kv_get)?;
    set(host, "kvGetOne", kv_get_one)?;
    set(host, "kvList", kv_list)?;
    set(host, "kvPut", kv_put)?;
    set(host, "kvDelete", |ctx: Ctx<'js>, object: u32, keys: Vec<Text>| {
        count(&ctx, object, &Ask::KvDelete { keys: texts(keys) })
    })?;
    set(host, "deleteAll", |ctx: Ctx<'js>, object: u32| done(&ctx, object, &Ask::DeleteAll))?;
    set(host, "alarmGet", |ctx: Ctx<'js>, object: u32| time(&ctx, object, &Ask::AlarmGet))?;
    set(host, "alarmSet", |ctx: Ctx<'js>, object: u32, at_ms: f64| done(&ctx, object, &Ask::AlarmSet { at_ms }))?;
    set(host, "alarmDelete", |ctx: Ctx<'js>, object: u32| done(&ctx, object, &Ask::AlarmDelete))?;
    set(host, "sqlExec", sql_exec)?;
    set(host, "sqlNext", sql_next)?;
    set(host, "sqlClose", |ctx: Ctx<'js>, object: u32, cursor: u32| done(&ctx, object, &Ask::SqlClose { cursor }))?;
    set(host, "sqlSize", |ctx: Ctx<'js>, object: u32| count(&ctx, object, &Ask::SqlSize))?;
    set(host, "savepointBegin", |ctx: Ctx<'js>, object: u32, explicit: bool| {
        done(&ctx, object, &Ask::SavepointBegin { explicit })
    })?;
    set(host, "savepointRelease", |ctx: Ctx<'js>, object: u32| done(&ctx, object, &Ask::SavepointRelease))?;
    set(host, "savepointRollback", |ctx: Ctx<'js>, object: u32| done(&ctx, object, &Ask::SavepointRollback))
}

fn texts(texts: Vec<Text>) -> Vec<String> {
    texts.into_iter().map(|text| text.0).collect()
}

fn count(ctx: &Ctx<'_>, object: u32, question: &Ask) -> Result<f64> {
    match ask(ctx, object, question)? {
        Answer::Count(count) => Ok(count as f64),
        other => unexpected(&other),
    }
}

/// Milliseconds, or nothing.
pub(super) fn time(ctx: &Ctx<'_>, object: u32, question: &Ask) -> Result<Option<f64>> {
    match ask(ctx, object, question)? {
        Answer::Time(ms) => Ok(ms),
        other => unexpected(&other),
    }
}

fn kv_get<'js>(ctx: Ctx<'js>, object: u32, keys: Vec<Text>) -> Result<Array<'js>> {
    let Answer::Values(stored) = ask(&ctx, object, &Ask::KvGet { keys: texts(keys) })? else {
        unexpected(&Answer::Done)
    };
    let values = Array::new(ctx.clone())?;
    for (index, stored) in stored.into_iter().enumerate() {
        match stored {
            Some(Bytes(bytes)) => values.set(index, v8::read(&ctx, &bytes)?)?,
            None => values.set(index, Value::new_undefined(ctx.clone()))?,
        }
    }
    Ok(values)
}

/// The value of one key; nothing where there is none.
fn kv_get_one<'js>(ctx: Ctx<'js>, object: u32, key: Text) -> Result<Value<'js>> {
    let Answer::Values(stored) = ask(&ctx, object, &Ask::KvGet { keys: vec![key.0] })? else {
        unexpected(&Answer::Done)
    };
    match stored.into_iter().next().flatten() {
        Some(Bytes(bytes)) => v8::read(&ctx, &bytes),
        None => Ok(Value::new_undefined(ctx)),
    }
}

/// `kvList(object, start, startAfter, end, prefix, reverse, limit)`
fn kv_list<'js>(ctx: Ctx<'js>, arguments: Rest<Value<'js>>) -> Result<Array<'js>> {
    let mut arguments = arguments.0.into_iter();
    let mut next = || arguments.next().unwrap_or_else(|| Value::new_undefined(ctx.clone()));
    let object = next().get()?;
    let mut text = || next().get::<Option<Text>>().map(|text| text.map(|text| text.0));
    let options = ListOptions {
        start: text()?,
        start_after: text()?,
        end: text()?,
        prefix: text()?,
        reverse: next().get::<Option<bool>>()?.unwrap_or(false),
        limit: next().get()?,
    };
    let Answer::Entries(entries) = ask(&ctx, object, &Ask::KvList(options))? else { unexpected(&Answer::Done) };
    let flat = Array::new(ctx.clone())?;
    let mut index = 0;
    for KvEntry { key, value } in entries {
        flat.set(index, key)?;
        flat.set(index + 1, v8::read(&ctx, &value.0)?)?;
        index += 2;
    }
    Ok(flat)
}

fn kv_put<'js>(ctx: Ctx<'js>, object: u32, flat: Array<'js>) -> Result<()> {
    let mut entries = Vec::with_capacity(flat.len() / 2);
    for index in (0..flat.len()).step_by(2) {
        let value = v8::write(&ctx, &flat.get::<Value>(index + 1)?)?;
        entries.push(KvEntry { key: flat.get::<Text>(index)?.0, value: value.into() });
    }
    done(&ctx, object, &Ask::KvPut { entries })
}

fn sql_exec<'js>(ctx: Ctx<'js>, object: u32, query: Text, params: Array<'js>) -> Result<Object<'js>> {
    let params = params.iter::<Value>().map(|value| sql_param(&ctx, value?)).collect::<Result<_>>()?;
    match ask(&ctx, object, &Ask::SqlExec { query: query.0, params })? {
        Answer::Cursor { cursor, columns, rows } => {
            let result = sql_rows(&ctx, rows)?;
            result.set("cursor", cursor)?;
            result.set("columns", columns)?;
            Ok(result)
        }
        other => unexpected(&other),
    }
}

fn sql_next<'js>(ctx: Ctx<'js>, object: u32, cursor: u32, max_rows: u32) -> Result<Object<'js>> {
    match ask(&ctx, object, &Ask::SqlNext { cursor, max_rows })? {
        Answer::Rows(rows) => sql_rows(&ctx, rows),
        other => unexpected(&other),
    }
}

fn sql_param<'js>(ctx: &Ctx<'js>, value: Value<'js>) -> Result<SqlValue> {
    if value.is_undefined() || value.is_null() {
        return Ok(SqlValue::Null);
    }
    if let Some(number) = value.as_number() {
        return Ok(SqlValue::Real(number));
    }
    if value.is_string() {
        return Ok(SqlValue::Text(Text::from_js(ctx, value)?.0));
    }
    Ok(SqlValue::Blob(Raw::from_js(ctx, value)?.0.into()))
}

fn sql_rows<'js>(ctx: &Ctx<'js>, rows: Rows) -> Result<Object<'js>> {
    let result = Object::new(ctx.clone())?;
    let all = Array::new(ctx.clone())?;
    for (index, row) in rows.rows.into_iter().enumerate() {
        let values = Array::new(ctx.clone())?;
        for (index, value) in row.into_iter().enumerate() {
            values.set(index, sql_value(ctx, value)?)?;
        }
        all.set(index, values)?;
    }
    result.set("rows", all)?;
    result.set("end", rows.end)?;
    result.set("rowsRead", rows.rows_read as f64)?;
    result.set("rowsWritten", rows.rows_written as f64)?;
    Ok(result)
}

fn sql_value<'js>(ctx: &Ctx<'js>, value: SqlValue) -> Result<Value<'js>> {
    match value {
        SqlValue::Null => Ok(Value::new_null(ctx.clone())),
        SqlValue::Integer(integer) => match i32::try_from(integer) {
            Ok(small) => Ok(Value::new_int(ctx.clone(), small)),
            Err(_) => Ok(Value::new_float(ctx.clone(), integer as f64)),
        },
        SqlValue::Real(real) => Ok(Value::new_number(ctx.clone(), real)),
        SqlValue::Text(text) => text.into_js(ctx),
        SqlValue::Blob(Bytes(bytes)) => Raw(bytes).into_js(ctx),
    }
}
