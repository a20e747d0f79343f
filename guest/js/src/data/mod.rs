//! Natives that need no host: text, base64, compression, URLs, forms, V8's serialisation, and looking into values.
//!
//! Reading order: `raw` (the engine's C interface made safe), `intrinsics` (the library's originals), `class` (what an
//! object is to the engine), then a file for each group of natives.
//!
//! Invariant: pure; nothing here knows of events, the host or the platform's rules. Arguments are hostile: what they
//! cannot be is a `TypeError`.

mod base64;
mod class;
mod compression;
mod form;
mod intrinsics;
mod introspect;
pub(crate) mod raw;
mod text;
mod time_zone;
mod url;
pub(crate) mod v8;

#[cfg(test)]
mod tests;

use rquickjs::function::IntoJsFunc;
use rquickjs::{Function, Object, Result, Value};

/// Adds the natives of the contract's section "data" to the object `host`. Before any script has run.
///
/// # Errors
/// Out of memory.
pub(crate) fn register<'js>(host: &Object<'js>) -> Result<()> {
    class::prepare(host.ctx())?;
    intrinsics::prepare(host.ctx())?;
    text::register(host)?;
    base64::register(host)?;
    compression::register(host)?;
    url::register(host)?;
    form::register(host)?;
    time_zone::register(host)?;
    v8::register(host)?;
    introspect::register(host)
}

/// A copy of the bytes of a buffer or view; nothing for another value, or a detached one.
pub(crate) fn bytes_of(value: &Value<'_>) -> Option<Vec<u8>> {
    if !value.is_object() {
        return None;
    }
    match raw::Bytes::new(value) {
        Ok(bytes) => Some(bytes.to_vec()),
        Err(_) => {
            value.ctx().catch();
            None
        }
    }
}

/// Adds one native.
fn set<'js, P, F>(host: &Object<'js>, name: &str, native: F) -> Result<()>
where
    F: IntoJsFunc<'js, P> + 'js,
{
    host.set(name, Function::new(host.ctx().clone(), native)?.with_name(name)?)
}
