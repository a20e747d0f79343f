//! The JavaScript engine as a guest: QuickJS-ng evaluates a worker's modules and handles emu's events.
//!
//! The engine boots once ([`boot`]): QuickJS starts and evaluates the runtime (`guest/js/runtime`, bundled into one
//! script), which builds every Web API in JavaScript over a few native functions. The host keeps that memory. Then the
//! worker's modules are evaluated ([`init`]) and the host freezes again. Isolates start from there and get events
//! ([`turn`]).
//!
//! Reading order: `border` (imports and exports), `engine` (the one QuickJS context), `modules` (what `import` finds),
//! `common_js` (what `require` needs), `events` (from the host's events to the runtime's handlers), `native` (what the runtime can call), `data` (native
//! functions that need no host), `nested` (WebAssembly that a worker imports).
//!
//! Invariant: nothing of the platform's behaviour is decided here; the runtime decides, this crate carries.

mod border;
mod clock;
mod common_js;
mod convert;
pub mod data;
mod engine;
mod error;
mod events;
mod modules;
mod native;
pub mod nested;
mod seal;

pub use engine::{boot, init, trace, turn};
