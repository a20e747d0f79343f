//! emu: a local Cloudflare-Workers-compatible runtime in one native binary.
//!
//! The modules in reading order, each knowing only those above it:
//!
//! * [`error`]: the one error type.
//! * [`world`]: the door to clock, randomness and open orderings.
//! * [`core`]: the pure machine: ids, gates, life cycle, alarms, sockets, streams.
//! * [`isolate`]: wasm guests, started copy-on-write from frozen images. The sole user of wasmtime.
//! * [`storage`]: one SQLite database per object. The sole user of rusqlite.
//! * [`bindings`]: what a guest can ask for.
//! * [`lane`]: one thread's share of the application, as a machine without input or output of its own.
//! * [`config`]: `wrangler.jsonc`, from text to meaning.
//! * [`bundle`]: JavaScript and TypeScript, from files to modules. The sole user of rolldown.
//! * [`project`]: from a path to workers that can run.
//! * [`serve`]: lanes with real connections and clocks. The sole user of tungstenite and of hyper's server.
//! * [`simulate`]: one lane in a simulated world.
//! * [`test`]: runs tests in simulated worlds, and tries to make them fail.
//! * [`embed`]: worlds for tests in Rust: [`World`], [`explore`].
//! * [`cli`]: one file per verb.
//!
//! Invariant: the arrow `cli -> {serve, embed -> {project, test}} -> simulate -> lane -> bindings -> {isolate, storage} ->
//! core -> world -> error` is never turned around; `tests/it/tidy.rs` holds it.

pub mod bindings;
pub mod bundle;
pub mod cli;
pub mod config;
pub mod core;
pub mod embed;
pub mod error;
pub mod isolate;
pub mod lane;
mod project;
pub mod serve;
pub mod simulate;
pub mod storage;
pub mod test;
pub mod world;

pub use embed::{Answer, Application, Client, Explore, Frame, Request, Response, World, explore};
