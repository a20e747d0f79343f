//! emu: a local Cloudflare-Workers-compatible runtime.

pub mod error;
pub mod isolate;
pub mod core;
pub mod world;
