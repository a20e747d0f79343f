//! [`Storage`]: what an object keeps.

use super::transaction::{self, Transaction};
use super::{GetAlarmOptions, ListOptions, ScheduledTime, SetAlarmOptions, kv};
use crate::js::JsValue;
use crate::sql::SqlStorage;
use crate::{Result, calls, host, js_sys};
use emu_abi::{Answer, Ask, Call};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::future::Future;
use std::ops::Deref;

/// The storage of an object. All writes of a turn are stored together or not at all.
#[derive(Debug)]
pub struct Storage {
    object: u32,
}

fn owned(keys: Vec<impl Deref<Target = str>>) -> Vec<String> {
    keys.iter().map(|key| key.deref().to_owned()).collect()
}

impl Storage {
    pub(crate) fn new(object: u32) -> Self {
        Self { object }
    }

    /// The value of `key`.
    ///
    /// # Errors
    /// When it does not have the shape of `T`.
    pub async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        kv::get_one(self.object, key)?.map(JsValue::deserialize).transpose()
    }

    /// The values of those keys that exist.
    ///
    /// # Errors
    /// What the platform throws.
    pub async fn get_multiple(&self, keys: Vec<impl Deref<Target = str>>) -> Result<js_sys::Map> {
        kv::get_map(self.object, owned(keys))
    }

    /// Stores `value` under `key`.
    ///
    /// # Errors
    /// When it does not serialize, is `undefined` (as `None` is), or is too large.
    pub async fn put<T: Serialize>(&self, key: &str, value: T) -> Result<()> {
        kv::put_one(self.object, key, JsValue::serialize(&value)?)
    }

    /// As [`Self::put`], for a value that is one of JavaScript already.
    ///
    /// # Errors
    /// When it is `undefined` or too large.
    pub async fn put_raw(&self, key: &str, value: impl Into<JsValue>) -> Result<()> {
        kv::put_one(self.object, key, value.into())
    }

    /// Stores each field of a struct under its name.
    ///
    /// # Errors
    /// When `values` is not a struct, or as [`Self::put`].
    pub async fn put_multiple<T: Serialize>(&self, values: T) -> Result<()> {
        kv::put_fields(self.object, JsValue::serialize(&values)?)
    }

    /// Stores each field of an object under its name.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub async fn put_multiple_raw(&self, values: js_sys::Object) -> Result<()> {
        kv::put_fields(self.object, values.into())
    }

    /// Removes `key`; whether it existed.
    ///
    /// # Errors
    /// What the platform throws.
    pub async fn delete(&self, key: &str) -> Result<bool> {
        Ok(kv::delete(self.object, vec![key.to_owned()])? > 0)
    }

    /// Removes keys; how many existed.
    ///
    /// # Errors
    /// What the platform throws.
    pub async fn delete_multiple(&self, keys: Vec<impl Deref<Target = str>>) -> Result<usize> {
        kv::delete(self.object, owned(keys))
    }

    /// Removes everything.
    ///
    /// # Errors
    /// What the platform throws.
    pub async fn delete_all(&self) -> Result<()> {
        host::ask(self.object, &Ask::DeleteAll)?;
        Ok(())
    }

    /// Everything, in the order of the keys' bytes.
    ///
    /// # Errors
    /// What the platform throws.
    pub async fn list(&self) -> Result<js_sys::Map> {
        kv::list(self.object, &ListOptions::new())
    }

    /// A range of keys.
    ///
    /// # Errors
    /// When the options are not valid.
    pub async fn list_with_options(&self, opts: ListOptions<'_>) -> Result<js_sys::Map> {
        kv::list(self.object, &opts)
    }

    /// When the alarm is due, in milliseconds since the epoch.
    ///
    /// # Errors
    /// What the platform throws.
    pub async fn get_alarm(&self) -> Result<Option<i64>> {
        match host::ask(self.object, &Ask::AlarmGet)? {
            Answer::Time(time) => Ok(time.map(|ms| ms as i64)),
            other => host::unexpected(&other),
        }
    }

    /// As [`Self::get_alarm`].
    ///
    /// # Errors
    /// What the platform throws.
    pub async fn get_alarm_with_options(&self, _options: GetAlarmOptions) -> Result<Option<i64>> {
        self.get_alarm().await
    }

    /// Sets the alarm, in place of one that is set.
    ///
    /// # Errors
    /// When the class has no `alarm` handler, or the time is not after the epoch.
    pub async fn set_alarm(&self, scheduled_time: impl Into<ScheduledTime>) -> Result<()> {
        host::ask(self.object, &Ask::AlarmSet { at_ms: scheduled_time.into().at_ms() })?;
        Ok(())
    }

    /// As [`Self::set_alarm`].
    ///
    /// # Errors
    /// As [`Self::set_alarm`].
    pub async fn set_alarm_with_options(
        &self,
        scheduled_time: impl Into<ScheduledTime>,
        _options: SetAlarmOptions,
    ) -> Result<()> {
        self.set_alarm(scheduled_time).await
    }

    /// Removes the alarm. One that is running is not stopped.
    ///
    /// # Errors
    /// What the platform throws.
    pub async fn delete_alarm(&self) -> Result<()> {
        host::ask(self.object, &Ask::AlarmDelete)?;
        Ok(())
    }

    /// As [`Self::delete_alarm`].
    ///
    /// # Errors
    /// What the platform throws.
    pub async fn delete_alarm_with_options(&self, _options: SetAlarmOptions) -> Result<()> {
        self.delete_alarm().await
    }

    /// Runs `closure` while no other event comes; what it writes is kept if it returns `Ok` and undone if not.
    ///
    /// # Errors
    /// What the closure returned.
    pub async fn transaction<F, Fut>(&self, closure: F) -> Result<()>
    where
        F: FnOnce(Transaction) -> Fut + 'static,
        Fut: Future<Output = Result<()>> + 'static,
    {
        transaction::run(self.object, closure).await
    }

    /// The object's SQL database.
    pub fn sql(&self) -> SqlStorage {
        SqlStorage::new(self.object)
    }

    /// Waits until everything written so far is on disk.
    ///
    /// # Errors
    /// When it could not be written.
    pub async fn sync(&self) -> Result<()> {
        calls::start(Call::Sync).await?;
        Ok(())
    }
}
