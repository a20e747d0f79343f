//! V8's structured-clone format, version 15: what the platform stores for a KV value or an attachment (reference §1.6).
//!
//! Invariant: pure; what is read may be hostile, so every length and depth is checked and nothing panics.

mod read;
mod write;

pub(crate) use read::read;
pub(crate) use write::write;

/// How deeply values may be nested, in either direction.
const MAX_DEPTH: u32 = 200;

/// The version that is written, and the newest that is read.
const VERSION: u8 = 15;

#[cfg(test)]
mod tests;
