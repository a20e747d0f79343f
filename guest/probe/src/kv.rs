//! Steps on keys, values and the alarm.
//!
//! `kv`: `{"get": key}`, `{"get_many": [key…]}`, `{"put": [key, value]}`, `{"put_many": {key: value…}}`, `{"delete": key}`,
//! `{"delete_many": [key…]}`, `{"list": {"start"?, "end"?, "prefix"?, "reverse"?, "limit"?}}`, `"delete_all"`. Inside a
//! `transaction` step they go through the transaction, elsewhere through the storage. Maps come back as arrays of pairs.
//!
//! `alarm`: `"get"`, `"delete"`, `{"in_ms": n}`, `{"at_ms": n}`.

use crate::script::Scene;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use worker::js_sys::{self, Object, Reflect};
use worker::{JsValue, ListOptions, Result, ScheduledTime};

#[derive(Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kv {
    Get(String),
    GetMany(Vec<String>),
    Put(String, Value),
    PutMany(Map<String, Value>),
    Delete(String),
    DeleteMany(Vec<String>),
    List(List),
    DeleteAll,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct List {
    start: Option<String>,
    end: Option<String>,
    prefix: Option<String>,
    reverse: Option<bool>,
    limit: Option<usize>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Alarm {
    Get,
    Delete,
    InMs(i64),
    AtMs(f64),
}

impl List {
    fn options(&self) -> ListOptions<'_> {
        let mut options = ListOptions::new();
        if let Some(start) = &self.start {
            options = options.start(start);
        }
        if let Some(end) = &self.end {
            options = options.end(end);
        }
        if let Some(prefix) = &self.prefix {
            options = options.prefix(prefix);
        }
        if let Some(reverse) = self.reverse {
            options = options.reverse(reverse);
        }
        if let Some(limit) = self.limit {
            options = options.limit(limit);
        }
        options
    }
}

fn pairs(map: js_sys::Map) -> Result<Value> {
    let pairs = map.entries().map(|entry| entry?.deserialize::<(String, Value)>());
    Ok(json!(pairs.collect::<Result<Vec<_>>>()?))
}

pub(crate) async fn perform(step: Kv, scene: &Scene) -> Result<Value> {
    if let Some(transaction) = &scene.transaction {
        return Ok(match step {
            Kv::Get(key) => transaction.get(&key).await?,
            Kv::GetMany(keys) => pairs(transaction.get_multiple(keys).await?)?,
            Kv::Put(key, value) => done(transaction.put(&key, value).await?),
            Kv::PutMany(_) => return Err("a transaction has no `put_many` of a map".into()),
            Kv::Delete(key) => transaction.delete(&key).await?.into(),
            Kv::DeleteMany(keys) => transaction.delete_multiple(keys).await?.into(),
            Kv::List(list) => pairs(transaction.list_with_options(list.options()).await?)?,
            Kv::DeleteAll => done(transaction.delete_all().await?),
        });
    }
    let storage = scene.inner()?.state.storage();
    Ok(match step {
        Kv::Get(key) => storage.get::<Value>(&key).await?.unwrap_or_default(),
        Kv::GetMany(keys) => pairs(storage.get_multiple(keys).await?)?,
        Kv::Put(key, value) => done(storage.put(&key, value).await?),
        Kv::PutMany(entries) => {
            let object = Object::new();
            for (key, value) in entries {
                Reflect::set(&object, &key.into(), &JsValue::serialize(&value)?)?;
            }
            done(storage.put_multiple_raw(object).await?)
        }
        Kv::Delete(key) => storage.delete(&key).await?.into(),
        Kv::DeleteMany(keys) => storage.delete_multiple(keys).await?.into(),
        Kv::List(list) => pairs(storage.list_with_options(list.options()).await?)?,
        Kv::DeleteAll => done(storage.delete_all().await?),
    })
}

pub(crate) async fn perform_alarm(step: Alarm, scene: &Scene) -> Result<Value> {
    let storage = scene.inner()?.state.storage();
    Ok(match step {
        Alarm::Get => json!(storage.get_alarm().await?),
        Alarm::Delete => done(storage.delete_alarm().await?),
        Alarm::InMs(offset) => done(storage.set_alarm(offset).await?),
        Alarm::AtMs(at) => done(storage.set_alarm(ScheduledTime::new(js_sys::Date::new(&at.into()))).await?),
    })
}

fn done((): ()) -> Value {
    Value::Null
}
