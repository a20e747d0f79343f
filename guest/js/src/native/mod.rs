//! What the runtime can call: one JavaScript function for each op and each ask of the interface.
//!
//! Invariant: translates arguments and results; decides nothing.

mod ids;
mod ops;
mod sockets;
mod storage;

use crate::convert::{Raw, Text, throw, unexpected};
use crate::{border, clock, engine, error};
use emu_abi::{Answer, Ask, Bytes, Failure, Hash};
use rquickjs::function::{IntoJsFunc, Opt};
use rquickjs::{Ctx, Function, Object, Result};

/// Adds every native to the object `host`.
pub(crate) fn register<'js>(host: &Object<'js>) -> Result<()> {
    set(host, "handlers", |ctx: Ctx<'js>, handlers: Object<'js>| {
        error::set_error_factory(&ctx, handlers.get("makeError")?)?;
        engine::set_handlers(&ctx, handlers);
        Result::Ok(())
    })?;
    set(host, "at", |stack: Text| border::at(&stack.0))?;
    set(host, "now", clock::now_ms)?;
    set(host, "inGlobalScope", clock::in_global_scope)?;
    set(host, "random", random)?;
    set(host, "digest", digest)?;
    set(host, "hmac", hmac)?;
    crate::common_js::register(host)?;
    ids::register(host)?;
    ops::register(host)?;
    sockets::register(host)?;
    crate::nested::register(host)?;
    storage::register(host)
}

/// Adds one native.
fn set<'js, P, F>(host: &Object<'js>, name: &str, native: F) -> Result<()>
where
    F: IntoJsFunc<'js, P> + 'js,
{
    host.set(name, Function::new(host.ctx().clone(), native)?.with_name(name)?)
}

/// Asks the host and throws what it refuses with.
fn ask(ctx: &Ctx<'_>, object: u32, question: &Ask) -> Result<Answer> {
    border::ask(object, question).map_err(|failure| throw(ctx, failure))
}

/// Asks for something that has no result.
fn done(ctx: &Ctx<'_>, object: u32, question: &Ask) -> Result<()> {
    match ask(ctx, object, question)? {
        Answer::Done => Ok(()),
        other => unexpected(&other),
    }
}

fn bytes(ctx: &Ctx<'_>, question: &Ask) -> Result<Raw> {
    match ask(ctx, 0, question)? {
        Answer::Bytes(Bytes(bytes)) => Ok(Raw(bytes)),
        other => unexpected(&other),
    }
}

fn random(ctx: Ctx<'_>, len: u32) -> Result<Raw> {
    bytes(&ctx, &Ask::Random { len })
}

fn digest(ctx: Ctx<'_>, hash: String, data: Raw) -> Result<Raw> {
    bytes(&ctx, &Ask::Digest { hash: hash_of(&ctx, &hash)?, data: data.0.into() })
}

fn hmac(ctx: Ctx<'_>, hash: String, key: Raw, data: Raw) -> Result<Raw> {
    bytes(&ctx, &Ask::Hmac { hash: hash_of(&ctx, &hash)?, key: key.0.into(), data: data.0.into() })
}

fn hash_of(ctx: &Ctx<'_>, name: &str) -> Result<Hash> {
    Ok(match name {
        "MD5" => Hash::Md5,
        "SHA-1" => Hash::Sha1,
        "SHA-256" => Hash::Sha256,
        "SHA-384" => Hash::Sha384,
        "SHA-512" => Hash::Sha512,
        _ => return Err(throw(ctx, Failure::error(format!("there is no hash function `{name}`")))),
    })
}

/// An optional argument: missing, `undefined` and `null` are all nothing.
fn given<T>(argument: Opt<Option<T>>) -> Option<T> {
    argument.0.flatten()
}
