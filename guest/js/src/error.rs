//! Throwing the platform's errors from Rust: JavaScript owns their classes, Rust names them.
//!
//! Invariant: builds no error class of its own; knows nothing of what failed.

use crate::data::raw::js_lifetime;
use rquickjs::object::Property;
use rquickjs::{Ctx, Exception, Function, Object, Value};

/// `handlers.makeError`, in the context's user data.
struct ErrorFactory<'js>(Function<'js>);

js_lifetime!(ErrorFactory);

/// Makes `factory(name, message)` build every error that [`throw_named`] throws from now on.
///
/// # Errors
/// A `TypeError` while an error is being built.
pub(crate) fn set_error_factory<'js>(ctx: &Ctx<'js>, factory: Function<'js>) -> rquickjs::Result<()> {
    match ctx.store_userdata(ErrorFactory(factory)) {
        Ok(_) => Ok(()),
        Err(_) => Err(Exception::throw_type(ctx, "the error factory is in use")),
    }
}

/// Throws the platform's error `name` (the name of a class or of a DOMException) that says `message`.
///
/// Before there is a factory the error is a plain `Error` of that name.
pub(crate) fn throw_named(ctx: &Ctx<'_>, name: &str, message: &str) -> rquickjs::Error {
    let factory = ctx.userdata::<ErrorFactory<'_>>().map(|factory| factory.0.clone());
    let built = match factory {
        Some(factory) => factory.call::<_, Value<'_>>((name, message)),
        None => plain_error(ctx, name, message),
    };
    match built {
        Ok(error) => ctx.throw(error),
        Err(error) => error,
    }
}

fn plain_error<'js>(ctx: &Ctx<'js>, name: &str, message: &str) -> rquickjs::Result<Value<'js>> {
    let error: Object<'js> = Exception::from_message(ctx.clone(), message)?.into_object();
    error.prop("name", Property::from(name).writable().configurable())?;
    Ok(error.into_value())
}
