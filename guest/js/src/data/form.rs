//! The `application/x-www-form-urlencoded` format of the URL Standard.
//!
//! Invariant: pure; order and duplicates of pairs are kept.

use super::raw::Utf8;
use super::set;
use super::text::string;
use rquickjs::{Array, Ctx, Object, Result, Value};

pub(super) fn register<'js>(host: &Object<'js>) -> Result<()> {
    set(host, "formParse", form_parse)?;
    set(host, "formSerialize", form_serialize)
}

/// `[name, value, name, value, …]`
fn form_parse<'js>(ctx: Ctx<'js>, text: Utf8<'js>) -> Result<Array<'js>> {
    let flat = Array::new(ctx.clone())?;
    let text = text.text();
    let pairs = form_urlencoded::parse(text.as_bytes());
    for (at, part) in pairs.flat_map(|(name, value)| [name, value]).enumerate() {
        flat.set(at, string(&ctx, &part)?)?;
    }
    Ok(flat)
}

/// The inverse of [`form_parse`].
fn form_serialize<'js>(ctx: Ctx<'js>, flat: Array<'js>) -> Result<Value<'js>> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for at in (0..flat.len() / 2).map(|pair| pair * 2) {
        let (name, value): (Utf8<'js>, Utf8<'js>) = (flat.get(at)?, flat.get(at + 1)?);
        form.append_pair(&name.text(), &value.text());
    }
    string(&ctx, &form.finish())
}
