//! Looking into values where a script cannot: promises, proxies, classes; and detaching buffers.
//!
//! Invariant: runs no code of the worker's.

use super::{class, intrinsics, raw, set};
use rquickjs::{Array, Ctx, Object, Result, Value};

/// Of the states that [`raw::promise_state`] tells.
const FULFILLED: u32 = 1;

pub(super) fn register<'js>(host: &Object<'js>) -> Result<()> {
    set(host, "promiseState", promise_state)?;
    set(host, "fulfilled", fulfilled)?;
    set(host, "proxyParts", proxy_parts)?;
    set(host, "classOf", class_of)?;
    set(host, "detach", detach)
}

/// `[0 pending | 1 fulfilled | 2 rejected, value]`; nothing for what is no promise.
fn promise_state<'js>(ctx: Ctx<'js>, promise: Value<'js>) -> Result<Option<Array<'js>>> {
    let Some((state, result)) = raw::promise_state(&promise) else { return Ok(None) };
    let parts = Array::new(ctx)?;
    parts.set(0, state)?;
    parts.set(1, result)?;
    Ok(Some(parts))
}

/// What a promise is fulfilled with. One that is not, and what is no promise, is given back: no promise is fulfilled with
/// itself.
fn fulfilled(promise: Value<'_>) -> Value<'_> {
    match raw::promise_state(&promise) {
        Some((FULFILLED, result)) => result,
        _ => promise,
    }
}

/// `[target, handler]`, both null for a revoked proxy; nothing for what is no proxy.
fn proxy_parts<'js>(ctx: Ctx<'js>, proxy: Value<'js>) -> Result<Option<Array<'js>>> {
    let Some((target, handler)) = raw::proxy_parts(&proxy) else { return Ok(None) };
    let parts = Array::new(ctx)?;
    parts.set(0, target)?;
    parts.set(1, handler)?;
    Ok(Some(parts))
}

/// The engine's class of an object; nothing for a primitive.
fn class_of(value: Value<'_>) -> Option<String> {
    value.is_object().then(|| class::name_of(&value))
}

/// A fresh buffer with the bytes of `buffer`, which is detached.
fn detach<'js>(ctx: Ctx<'js>, buffer: Value<'js>) -> Result<Value<'js>> {
    let transfer = intrinsics::get(&ctx)?.transfer.clone();
    transfer.call((buffer,))
}
