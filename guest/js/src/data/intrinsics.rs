//! The originals of JavaScript's library, as functions that Rust calls (`intrinsics.js`).
//!
//! Invariant: evaluated before any other script; what a script does to the globals later changes nothing here.

use super::raw::js_lifetime;
use rquickjs::{Ctx, Error, Exception, Function, Object, Result, Value};
use std::ops::Deref;

const SOURCE: &str = include_str!("intrinsics.js");

/// The functions of `intrinsics.js`, under their names there.
#[derive(Clone)]
pub(super) struct Intrinsics<'js> {
    pub(super) map_entries: Function<'js>,
    pub(super) set_items: Function<'js>,
    pub(super) new_map: Function<'js>,
    pub(super) new_set: Function<'js>,
    pub(super) set_entry: Function<'js>,
    pub(super) add_item: Function<'js>,
    view_parts: Function<'js>,
    pub(super) new_data_view: Function<'js>,
    pub(super) buffer_limit: Function<'js>,
    pub(super) new_resizable: Function<'js>,
    pub(super) transfer: Function<'js>,
    pub(super) regexp_parts: Function<'js>,
    pub(super) new_regexp: Function<'js>,
    pub(super) unbox: Function<'js>,
    pub(super) boxed: Function<'js>,
    pub(super) bigint_hex: Function<'js>,
    pub(super) bigint_from_hex: Function<'js>,
    pub(super) error_parts: Function<'js>,
    pub(super) new_error: Function<'js>,
    pub(super) set_cause: Function<'js>,
    pub(super) constructor_name: Function<'js>,
    pub(super) describe: Function<'js>,
}

js_lifetime!(Intrinsics);

/// Evaluates the script.
///
/// # Errors
/// What it throws, which would be a bug of the script.
pub(super) fn prepare(ctx: &Ctx<'_>) -> Result<()> {
    let all: Object<'_> = ctx.eval(SOURCE)?;
    let intrinsics = Intrinsics {
        map_entries: all.get("mapEntries")?,
        set_items: all.get("setItems")?,
        new_map: all.get("newMap")?,
        new_set: all.get("newSet")?,
        set_entry: all.get("setEntry")?,
        add_item: all.get("addItem")?,
        view_parts: all.get("viewParts")?,
        new_data_view: all.get("newDataView")?,
        buffer_limit: all.get("bufferLimit")?,
        new_resizable: all.get("newResizable")?,
        transfer: all.get("transfer")?,
        regexp_parts: all.get("regexpParts")?,
        new_regexp: all.get("newRegExp")?,
        unbox: all.get("unbox")?,
        boxed: all.get("box")?,
        bigint_hex: all.get("bigintHex")?,
        bigint_from_hex: all.get("bigintFromHex")?,
        error_parts: all.get("errorParts")?,
        new_error: all.get("newError")?,
        set_cause: all.get("setCause")?,
        constructor_name: all.get("constructorName")?,
        describe: all.get("describe")?,
    };
    match ctx.store_userdata(intrinsics) {
        Ok(_) => Ok(()),
        Err(_) => Err(Exception::throw_type(ctx, "the intrinsics are in use")),
    }
}

/// The intrinsics of this context.
///
/// # Errors
/// Where [`prepare`] has not been called.
pub(super) fn get<'a, 'js>(ctx: &'a Ctx<'js>) -> Result<impl Deref<Target = Intrinsics<'js>> + use<'a, 'js>> {
    ctx.userdata::<Intrinsics<'js>>().ok_or(Error::Unknown)
}

impl<'js> Intrinsics<'js> {
    /// A view's buffer, offset and length in bytes, as they are now.
    ///
    /// # Errors
    /// A `TypeError` for another value, and for a DataView out of bounds.
    pub(super) fn view_parts(&self, view: &Value<'js>) -> Result<(Value<'js>, usize, usize)> {
        let is_data_view = super::raw::typed_array_type(view).is_none();
        let parts: Object<'js> = self.view_parts.call((view.clone(), is_data_view))?;
        let number = |index: u32| parts.get::<_, f64>(index).map(|number| number as usize);
        Ok((parts.get(0)?, number(1)?, number(2)?))
    }
}
