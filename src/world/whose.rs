//! Whom a draw or some randomness is for.
//!
//! Invariant: follows from what a thing is, never from when it was made: two runs give the same thing the same value.

use super::mix::xxh64;
use std::fmt;

/// Whom a draw, some randomness or a line of the trace is for: a stable hash of what it is. Each has streams of its own,
/// so that one more draw for an object does not move another's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Whose(pub u64);

impl Whose {
    /// The world itself.
    pub const WORLD: Self = Self(0);

    /// The stateless side of a worker.
    pub fn worker(name: &str) -> Self {
        Self(xxh64(name.as_bytes(), WORKERS))
    }

    /// A Durable Object, by its namespace's unique key and its id.
    pub fn object(unique_key: &str, id: &[u8; 32]) -> Self {
        Self(xxh64(id, xxh64(unique_key.as_bytes(), OBJECTS)))
    }
}

/// Keep a worker apart from an object of the same bytes.
const WORKERS: u64 = 1;
const OBJECTS: u64 = 2;

/// Lower case hex digits without leading zeros.
impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_told_apart_and_keep_their_value() {
        let all = [
            Whose::WORLD,
            Whose::worker(""),
            Whose::worker("chat"),
            Whose::object("", &[0; 32]),
            Whose::object("chat-Room", &[0; 32]),
            Whose::object("chat-Room", &[1; 32]),
            Whose::object("chat-User", &[1; 32]),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[..index].contains(one), "{index}");
        }
        // Written down in tapes: these may never change.
        assert_eq!([all[2], all[4]].map(|whose| whose.to_string()), ["5610e449db35b3a8", "7cdeb2fcf9a5ce32"]);
    }
}
