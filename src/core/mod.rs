//! The pure machine: decisions about objects, gates, alarms and sockets, and nothing that carries them out.
//!
//! Reading order: [`id`], [`gate`], [`gate_check`], [`life`], [`alarm`], [`socket`], [`ends`]. What stands for other hosts
//! is in [`outgoing`] and [`recording`].
//!
//! Invariant: no clock, randomness, file, network, wasm or SQL. Time comes in as an argument, decisions go out as
//! values, so every rule here can be tested with a list of events.

pub mod alarm;
pub mod base64;
pub mod ends;
pub mod gate;
pub mod gate_check;
pub mod id;
pub mod life;
pub mod outgoing;
pub mod recording;
pub mod socket;
pub mod stream;
pub mod timers;
