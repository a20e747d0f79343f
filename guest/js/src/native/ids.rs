//! Ids of Durable Objects (reference §1.2).
//!
//! Invariant: ids are derived and checked by the host; here they are 64 hex digits.

use super::{ask, set};
use crate::convert::{Text, hex, unexpected};
use emu_abi::{Answer, Ask};
use rquickjs::{Ctx, Object, Result};

pub(super) fn register(host: &Object<'_>) -> Result<()> {
    set(host, "idFromName", |ctx: Ctx<'_>, namespace: u32, name: Text| {
        id(&ctx, &Ask::IdFromName { namespace, name: name.0 })
    })?;
    set(host, "idFromString", |ctx: Ctx<'_>, namespace: u32, hex: Text| {
        id(&ctx, &Ask::IdFromString { namespace, hex: hex.0 })
    })?;
    set(host, "idUnique", |ctx: Ctx<'_>, namespace: u32| id(&ctx, &Ask::IdUnique { namespace }))
}

fn id(ctx: &Ctx<'_>, question: &Ask) -> Result<String> {
    match ask(ctx, 0, question)? {
        Answer::Id(id) => Ok(hex(&id.bytes)),
        other => unexpected(&other),
    }
}
