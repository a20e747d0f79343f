//! The platform's own classes, whose instances are no plain objects although the engine thinks so.
//!
//! Invariant: knows prototypes and what to say; not what the classes do.

use super::super::raw::{self, js_lifetime};
use super::super::{intrinsics, set};
use crate::error::throw_named;
use rquickjs::{Array, Ctx, Error, Exception, Object, Result, Value};
use std::cell::RefCell;

/// A prototype, and what is said instead of the usual.
type Host<'js> = (Value<'js>, Option<String>);

struct Hosts<'js> {
    /// `Object.prototype`, which most objects have.
    plain: Value<'js>,
    known: RefCell<Vec<Host<'js>>>,
}

js_lifetime!(Hosts);

pub(super) fn register<'js>(host: &Object<'js>) -> Result<()> {
    let ctx = host.ctx();
    let plain = raw::prototype(Object::new(ctx.clone())?.as_value())?.ok_or(Error::Unknown)?;
    let hosts = Hosts { plain, known: RefCell::new(Vec::new()) };
    if ctx.store_userdata(hosts).is_err() {
        return Err(Exception::throw_type(ctx, "the table of classes is in use"));
    }
    set(host, "platformClasses", platform_classes)
}

/// Takes `[prototype, message or undefined, …]`: instances of these cannot be cloned, and `message` says why.
fn platform_classes<'js>(ctx: Ctx<'js>, flat: Array<'js>) -> Result<()> {
    let hosts = ctx.userdata::<Hosts<'js>>().ok_or(Error::Unknown)?;
    for at in (0..flat.len()).step_by(2) {
        let message = flat.get::<Option<raw::Utf8<'js>>>(at + 1)?.map(|message| message.text().into_owned());
        hosts.known.borrow_mut().push((flat.get(at)?, message));
    }
    // Found by address.
    hosts.known.borrow_mut().sort_by_key(|(prototype, _)| raw::address(prototype));
    Ok(())
}

/// Throws a `DataCloneError` for an instance of one of the platform's classes.
///
/// # Errors
/// That.
pub(super) fn refuse_instance<'js>(ctx: &Ctx<'js>, object: &Value<'js>) -> Result<()> {
    let hosts = ctx.userdata::<Hosts<'js>>().ok_or(Error::Unknown)?;
    let plain = raw::address(&hosts.plain);
    let mut at = raw::prototype(object)?;
    while let Some(prototype) = at {
        let address = raw::address(&prototype);
        if address == plain || raw::is_proxy(&prototype) {
            return Ok(());
        }
        let known = hosts.known.borrow();
        if let Ok(found) = known.binary_search_by_key(&address, |(prototype, _)| raw::address(prototype)) {
            let message = known[found].1.clone();
            drop(known);
            drop(hosts);
            return Err(refusal(ctx, object, message));
        }
        drop(known);
        at = raw::prototype(&prototype)?;
    }
    Ok(())
}

fn refusal<'js>(ctx: &Ctx<'js>, object: &Value<'js>, message: Option<String>) -> Error {
    let message = message.map_or_else(|| usual(ctx, object), Ok);
    match message {
        Ok(message) => throw_named(ctx, "DataCloneError", &message),
        Err(error) => error,
    }
}

fn usual<'js>(ctx: &Ctx<'js>, object: &Value<'js>) -> Result<String> {
    let constructor_name = intrinsics::get(ctx)?.constructor_name.clone();
    let name: String = constructor_name.call((object.clone(),))?;
    Ok(format!("Could not serialize object of type \"{name}\". This type does not support serialization."))
}
