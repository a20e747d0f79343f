//! V8's structured-clone format, version 15: what the platform stores for a KV value or an attachment (reference
//! §1.6), straight from and to values of the engine.
//!
//! Invariant: what is read may be hostile: every length is checked against what is there, nesting is bounded and takes
//! no stack. Reading runs no code of the worker's but an `Error.prepareStackTrace`; writing runs getters, as V8 does.

mod hosts;
mod input;
mod read;
mod write;

pub(crate) use read::read;
pub(crate) use write::write;

use super::raw::{self, Bytes};
use super::set;
use rquickjs::{Ctx, Exception, Object, Result, Value};

/// How deeply values may be nested, in either direction. V8's limit is its stack, which some thousands fill.
const MAX_DEPTH: usize = 10_000;

/// The version that is written, and the newest that is read.
const VERSION: u8 = 15;

/// The oldest version whose format is the same but for a view's flags.
const OLDEST_VERSION: u8 = 13;

pub(super) fn register<'js>(host: &Object<'js>) -> Result<()> {
    hosts::register(host)?;
    set(host, "serialize", |ctx: Ctx<'js>, value: Value<'js>| raw::array_buffer(&ctx, write(&ctx, &value)?))?;
    set(host, "deserialize", |ctx: Ctx<'js>, bytes: Bytes<'js>| read(&ctx, &bytes.to_vec()))?;
    set(host, "cloneValue", clone_value)
}

/// What is written is read again. Primitives are their own copy.
fn clone_value<'js>(ctx: Ctx<'js>, value: Value<'js>) -> Result<Value<'js>> {
    if value.is_object() || value.is_symbol() { read(&ctx, &write(&ctx, &value)?) } else { Ok(value) }
}

/// V8 overflows its stack here, and says so.
fn too_deep(ctx: &Ctx<'_>) -> rquickjs::Error {
    Exception::throw_range(ctx, "Maximum call stack size exceeded")
}
