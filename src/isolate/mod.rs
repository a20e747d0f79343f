//! Isolates: wasm instances with a memory of their own, started from frozen images. The sole user of wasmtime.
//!
//! Reading order: [`engine`] (how code is compiled), [`meter`] (how CPU time is limited, with [`ticker`] where it is
//! time), [`module`] (what a guest must look like, and what is changed in it), [`image`] (freezing a guest), [`snapshot`]
//! (what is kept of one), [`kept`] (what the next process finds of it), [`memory`] (mapping it copy-on-write; the one unsafe file), [`guest`] (what a guest may call,
//! and how its pointers are checked), [`nested`] (WebAssembly of JavaScript workers), [`isolate`] (one running instance).
//!
//! Invariant: knows messages, not what they mean. No HTTP, no SQLite, no object, no wall clock.

mod death;
mod engine;
mod guest;
mod image;
#[allow(clippy::module_inception)]
mod isolate;
mod kept;
mod memory;
mod meter;
mod module;
mod nested;
mod snapshot;
mod spare;
mod ticker;

pub use death::Death;
pub use engine::{Engine, EngineOptions};
pub use guest::Host;
pub use image::{Base, Image, StartFailure};
pub use isolate::{Isolate, Launcher, Limits};
pub use meter::Metering;
pub use module::Module;
