//! Durable Object namespaces: ids (reference §1.1, §1.2). Calls to objects are asynchronous and the lane's.
//!
//! Invariant: derives ids; brings no object into being.

use super::GuestHost;
use crate::core::id::Namespace;
use emu_abi::{Answer, Ask, Failure, ObjectId};

pub(super) fn answer(host: &GuestHost, ask: Ask) -> Result<Answer, Failure> {
    Ok(Answer::Id(match ask {
        Ask::IdFromName { namespace, name } => find(host, namespace)?.named(name),
        Ask::IdFromString { namespace, hex } => {
            ObjectId { bytes: find(host, namespace)?.id_from_string(&hex)?, name: None }
        }
        Ask::IdUnique { namespace } => {
            let mut random = [0; 16];
            host.shared.world.random(host.whose, &mut random);
            ObjectId { bytes: find(host, namespace)?.unique_id(random), name: None }
        }
        _ => return Err(Failure::error("not a namespace ask")),
    }))
}

fn find(host: &GuestHost, namespace: u32) -> Result<&Namespace, Failure> {
    host.shared
        .namespaces
        .get(namespace as usize)
        .ok_or_else(|| Failure::error(format!("there is no Durable Object namespace {namespace}")))
}
