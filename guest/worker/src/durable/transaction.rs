//! [`Transaction`]: an object's storage while [`super::Storage::transaction`] runs.

use super::{ListOptions, kv};
use crate::critical::{self, OnError};
use crate::js::JsValue;
use crate::{Error, Result, host, js_sys};
use emu_abi::{Ask, Failure};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cell::Cell;
use std::future::Future;
use std::ops::Deref;
use std::rc::Rc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    RolledBack,
    Committed,
}

/// A transaction that is open as long as its closure runs.
#[derive(Debug)]
pub struct Transaction {
    object: u32,
    phase: Rc<Cell<Phase>>,
}

pub(super) async fn run<F, Fut>(object: u32, closure: F) -> Result<()>
where
    F: FnOnce(Transaction) -> Fut + 'static,
    Fut: Future<Output = Result<()>> + 'static,
{
    let body = async move {
        host::ask(object, &Ask::SavepointBegin { explicit: true })?;
        let phase = Rc::new(Cell::new(Phase::Open));
        let result = closure(Transaction { object, phase: phase.clone() }).await;
        if phase.get() == Phase::Open {
            let end = if result.is_ok() { Ask::SavepointRelease } else { Ask::SavepointRollback };
            phase.set(Phase::Committed);
            host::ask(object, &end)?;
        }
        result
    };
    critical::run(object, OnError::Return, body).await
}

impl Transaction {
    fn check(&self, operation: &str) -> Result<u32> {
        match self.phase.get() {
            Phase::Open => Ok(self.object),
            Phase::RolledBack => {
                Err(Failure::error(format!("Cannot {operation}() on rolled back transaction")).into())
            }
            Phase::Committed => Err(Failure::error(format!(
                "Cannot call {operation}() on transaction that has already committed: did you move `txn` outside of the closure?"
            ))
            .into()),
        }
    }

    /// The value of `key`; unlike that of the storage this fails when there is none.
    ///
    /// # Errors
    /// When there is none, or it does not have the shape of `T`.
    pub async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<T> {
        let value = kv::get_one(self.check("get")?, key)?;
        value.ok_or_else(|| Error::JsError("No such value in storage.".into()))?.deserialize()
    }

    /// The values of those keys that exist.
    ///
    /// # Errors
    /// What the platform throws.
    pub async fn get_multiple(&self, keys: Vec<impl Deref<Target = str>>) -> Result<js_sys::Map> {
        kv::get_map(self.check("get")?, keys.iter().map(|key| key.deref().to_owned()).collect())
    }

    /// Stores `value` under `key`.
    ///
    /// # Errors
    /// As [`super::Storage::put`].
    pub async fn put<T: Serialize>(&self, key: &str, value: T) -> Result<()> {
        kv::put_one(self.check("put")?, key, JsValue::serialize(&value)?)
    }

    /// Stores each field of a struct under its name.
    ///
    /// # Errors
    /// As [`super::Storage::put_multiple`].
    pub async fn put_multiple<T: Serialize>(&self, values: T) -> Result<()> {
        kv::put_fields(self.check("put")?, JsValue::serialize(&values)?)
    }

    /// Removes `key`; whether it existed.
    ///
    /// # Errors
    /// What the platform throws.
    pub async fn delete(&self, key: &str) -> Result<bool> {
        Ok(kv::delete(self.check("delete")?, vec![key.to_owned()])? > 0)
    }

    /// Removes keys; how many existed.
    ///
    /// # Errors
    /// What the platform throws.
    pub async fn delete_multiple(&self, keys: Vec<impl Deref<Target = str>>) -> Result<usize> {
        kv::delete(self.check("delete")?, keys.iter().map(|key| key.deref().to_owned()).collect())
    }

    /// Not within a transaction.
    ///
    /// # Errors
    /// Always.
    pub async fn delete_all(&self) -> Result<()> {
        Err(Failure::error("Cannot call deleteAll() within a transaction").into())
    }

    /// Everything, in the order of the keys' bytes.
    ///
    /// # Errors
    /// What the platform throws.
    pub async fn list(&self) -> Result<js_sys::Map> {
        kv::list(self.check("list")?, &ListOptions::new())
    }

    /// A range of keys.
    ///
    /// # Errors
    /// When the options are not valid.
    pub async fn list_with_options(&self, opts: ListOptions<'_>) -> Result<js_sys::Map> {
        kv::list(self.check("list")?, &opts)
    }

    /// Undoes everything the closure wrote; the transaction cannot be used after it.
    ///
    /// # Errors
    /// When it has committed.
    pub fn rollback(&self) -> Result<()> {
        if self.phase.get() == Phase::RolledBack {
            return Ok(());
        }
        let object = self.check("rollback")?;
        self.phase.set(Phase::RolledBack);
        host::ask(object, &Ask::SavepointRollback)?;
        Ok(())
    }
}
