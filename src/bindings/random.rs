//! Random bytes (`crypto.getRandomValues`, reference §2.3).
//!
//! Invariant: every byte comes from the world.

use super::GuestHost;
use emu_abi::{Answer, Bytes, Failure};

/// The most bytes one call gives.
const MAX_BYTES: u32 = 65_536;

pub(super) fn bytes(host: &GuestHost, len: u32) -> Result<Answer, Failure> {
    if len > MAX_BYTES {
        let message = format!("getRandomValues() only accepts buffers of size <= 64K but provided {len} bytes.");
        return Err(Failure { name: "QuotaExceededError".into(), ..Failure::error(message) });
    }
    let mut bytes = vec![0; len as usize];
    host.shared.world.random(host.whose, &mut bytes);
    Ok(Answer::Bytes(Bytes(bytes)))
}
