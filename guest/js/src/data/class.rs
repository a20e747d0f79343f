//! What an object is to the engine, whatever its prototype and `Symbol.toStringTag` pretend.
//!
//! Invariant: runs no script; the table is made once and never changes.

use super::raw::{self, js_lifetime};
use rquickjs::{Ctx, Exception, Result, Value};
use std::marker::PhantomData;

/// What a value's class means for its serialisation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// An object literal's, or an instance of a class that a script defines.
    Plain,
    Array,
    Error,
    /// A boxed primitive.
    Boxed,
    Date,
    RegExp,
    ArrayBuffer,
    TypedArray,
    DataView,
    Map,
    Set,
    /// Nothing that can be cloned.
    Other,
}

/// The engine's classes by their number.
struct Classes<'js> {
    known: Vec<(Kind, String)>,
    context: PhantomData<Ctx<'js>>,
}

js_lifetime!(Classes);

/// More than the engine has of its own.
const MAX_CLASSES: u32 = 128;

/// Makes the table.
///
/// # Errors
/// A `TypeError` when the table is in use.
pub(super) fn prepare(ctx: &Ctx<'_>) -> Result<()> {
    let names = (0..MAX_CLASSES).map(|class| raw::class_name(ctx, class));
    let mut known: Vec<(Kind, String)> = Vec::new();
    for name in names.map(Option::unwrap_or_default) {
        // The engine calls a module's namespace and a proxy an object too; the first of that name is the plain one.
        let again = name == "Object" && known.iter().any(|(_, known)| known == "Object");
        known.push(if again { (Kind::Other, "Module".into()) } else { (kind(&name), name) });
    }
    match ctx.store_userdata(Classes { known, context: PhantomData }) {
        Ok(_) => Ok(()),
        Err(_) => Err(Exception::throw_type(ctx, "the table of classes is in use")),
    }
}

fn kind(name: &str) -> Kind {
    match name {
        "Object" => Kind::Plain,
        "Array" => Kind::Array,
        "Error" => Kind::Error,
        "Number" | "String" | "Boolean" | "BigInt" => Kind::Boxed,
        "Date" => Kind::Date,
        "RegExp" => Kind::RegExp,
        "ArrayBuffer" => Kind::ArrayBuffer,
        "DataView" => Kind::DataView,
        "Map" => Kind::Map,
        "Set" => Kind::Set,
        _ if name.ends_with("Array") => Kind::TypedArray,
        _ => Kind::Other,
    }
}

/// The kind of an object.
pub(super) fn kind_of(object: &Value<'_>) -> Kind {
    with(object, |(kind, _)| *kind).unwrap_or(Kind::Other)
}

/// The engine's name for an object's class: `Map`, `Map Iterator`, `Module`; `Object` for what it does not know.
pub(super) fn name_of(object: &Value<'_>) -> String {
    if raw::is_proxy(object) {
        return "Proxy".into();
    }
    with(object, |(_, name)| name.clone()).filter(|name| !name.is_empty()).unwrap_or_else(|| "Object".into())
}

fn with<R>(object: &Value<'_>, read: impl FnOnce(&(Kind, String)) -> R) -> Option<R> {
    let class = raw::class_id(object) as usize;
    object.ctx().userdata::<Classes<'_>>().and_then(|classes| classes.known.get(class).map(read))
}
