//! Object ids, derived exactly as the platform derives them (reference §1.2), so that a state folder of `wrangler dev`
//! names its objects as emu does.
//!
//! Invariant: deterministic; the random half of a unique id is handed in.

use emu_abi::{Failure, ObjectId};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// A longer name is not passed on to the object (reference §1.2).
pub const MAX_NAME_BYTES: usize = 1024;

/// What ids of one namespace are derived from.
#[derive(Clone)]
pub struct Namespace {
    key: [u8; 32],
}

impl Namespace {
    /// The namespace with this unique key: `<workerName>-<ClassName>` for user classes.
    pub fn new(unique_key: &str) -> Self {
        Self { key: Sha256::digest(unique_key.as_bytes()).into() }
    }

    /// The id of the object of this name, which it keeps unless the name is too long (reference §1.2).
    pub fn named(&self, name: String) -> ObjectId {
        ObjectId { bytes: self.id_from_name(&name), name: (name.len() <= MAX_NAME_BYTES).then_some(name) }
    }

    /// `idFromName`.
    pub fn id_from_name(&self, name: &str) -> [u8; 32] {
        self.complete(self.mac(name.as_bytes()))
    }

    /// `newUniqueId`, from 16 random bytes.
    pub fn unique_id(&self, random: [u8; 16]) -> [u8; 32] {
        self.complete(random)
    }

    /// `idFromString`.
    ///
    /// # Errors
    /// The platform's: not 64 hex digits, or an id of another namespace.
    pub fn id_from_string(&self, hex: &str) -> Result<[u8; 32], Failure> {
        let id =
            parse_hex(hex).ok_or_else(|| Failure::type_error("Invalid Durable Object ID: must be 64 hex digits"))?;
        let mut head = [0; 16];
        head.copy_from_slice(&id[..16]);
        if self.complete(head) == id {
            Ok(id)
        } else {
            Err(Failure::type_error("Durable Object ID is not valid for this namespace."))
        }
    }

    /// The first 16 bytes of an id, followed by their authentication code.
    fn complete(&self, head: [u8; 16]) -> [u8; 32] {
        let mut id = [0; 32];
        id[..16].copy_from_slice(&head);
        id[16..].copy_from_slice(&self.mac(&head));
        id
    }

    fn mac(&self, bytes: &[u8]) -> [u8; 16] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(bytes);
        let mut head = [0; 16];
        head.copy_from_slice(&mac.finalize().into_bytes()[..16]);
        head
    }
}

/// 64 lower-case hex digits.
pub fn hex(id: &[u8; 32]) -> String {
    id.iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(b"0123456789abcdef"[digit as usize]))
        .collect()
}

/// The bytes of exactly 64 hex digits of either case.
pub fn parse_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut id = [0; 32];
    for (byte, pair) in id.iter_mut().zip(digits.chunks(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = (high * 16 + low) as u8;
    }
    Some(id)
}

/// The lane an object lives on, of `lanes`. Ids are uniform already.
pub fn lane_of(id: &[u8; 32], lanes: usize) -> usize {
    let head = u64::from_le_bytes(id[..8].try_into().expect("an id has 32 bytes"));
    (head % lanes as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_give_stable_ids_that_only_their_namespace_accepts() {
        let rooms = Namespace::new("chat-Room");
        let users = Namespace::new("chat-User");
        let id = rooms.id_from_name("lobby");
        assert_eq!(rooms.id_from_string(&hex(&id)), Ok(id));
        assert_eq!(rooms.id_from_string(&hex(&id).to_uppercase()), Ok(id));
        assert_eq!(
            users.id_from_string(&hex(&id)).unwrap_err().message,
            "Durable Object ID is not valid for this namespace."
        );
        for wrong in ["", "xyz", &"0".repeat(63), &"g".repeat(64), "é"] {
            let failure = rooms.id_from_string(wrong).unwrap_err();
            assert_eq!(failure.to_string(), "TypeError: Invalid Durable Object ID: must be 64 hex digits");
        }
    }

    #[test]
    fn unique_ids_carry_their_random_half() {
        let id = Namespace::new("chat-Room").unique_id([7; 16]);
        assert_eq!(&id[..16], &[7; 16]);
        assert_eq!(Namespace::new("chat-Room").id_from_string(&hex(&id)), Ok(id));
    }
}
