//! Keys and values of an object, as both the storage and a transaction see them.

use super::ListOptions;
use crate::js::{JsValue, Map, Value};
use crate::{Error, Result, host, v8};
use emu_abi::{Answer, Ask, Failure, KvEntry};

pub(super) fn get(object: u32, keys: Vec<String>) -> Result<Vec<Option<JsValue>>> {
    match host::ask(object, &Ask::KvGet { keys })? {
        Answer::Values(values) => {
            values.into_iter().map(|value| Ok(value.map(|bytes| v8::read(&bytes.0)).transpose()?)).collect()
        }
        other => host::unexpected(&other),
    }
}

pub(super) fn get_one(object: u32, key: &str) -> Result<Option<JsValue>> {
    Ok(get(object, vec![key.to_owned()])?.pop().flatten())
}

/// The keys that exist with their values, in the order of their bytes.
pub(super) fn get_map(object: u32, mut keys: Vec<String>) -> Result<Map> {
    keys.sort_unstable();
    keys.dedup();
    let values = get(object, keys.clone())?;
    let found = keys.into_iter().zip(values).filter_map(|(key, value)| Some((JsValue::from(key), value?)));
    Ok(Map(found.collect()))
}

pub(super) fn put(object: u32, entries: Vec<(String, JsValue)>) -> Result<()> {
    let entries = entries.into_iter().map(|(key, value)| Ok(KvEntry { key, value: v8::write(&value)?.into() }));
    host::ask(object, &Ask::KvPut { entries: entries.collect::<Result<_>>()? })?;
    Ok(())
}

pub(super) fn put_one(object: u32, key: &str, value: JsValue) -> Result<()> {
    if value.is_undefined() {
        return Err(Failure::type_error("put() called with undefined value.").into());
    }
    put(object, vec![(key.to_owned(), value)])
}

/// Stores each field of an object under its name; one that is undefined is left out.
pub(super) fn put_fields(object: u32, value: JsValue) -> Result<()> {
    let Value::Object(fields) = value.0 else { return Err(Error::from("Must pass in a struct type")) };
    put(object, fields.into_iter().filter(|(_, value)| !value.is_undefined()).collect())
}

/// How many of the keys existed.
pub(super) fn delete(object: u32, keys: Vec<String>) -> Result<usize> {
    match host::ask(object, &Ask::KvDelete { keys })? {
        Answer::Count(count) => Ok(usize::try_from(count).unwrap_or(usize::MAX)),
        other => host::unexpected(&other),
    }
}

pub(super) fn list(object: u32, options: &ListOptions<'_>) -> Result<Map> {
    let entries = match host::ask(object, &Ask::KvList(options.to_abi()))? {
        Answer::Entries(entries) => entries,
        other => host::unexpected(&other),
    };
    let entries = entries.into_iter().map(|entry| Ok((JsValue::from(entry.key), v8::read(&entry.value.0)?)));
    Ok(Map(entries.collect::<Result<_>>()?))
}
