//! From a path to workers that can run: read the configuration, build, bundle, compile, freeze.
//!
//! In the order of that way: [`load`] (the configuration), [`source`] (workers that emu bundles), [`engines`] (what runs
//! them), [`recipe`] (what they are made of), [`prepare`] (what they become), [`application`] (all of it at once),
//! [`scenario`] (that of a test in no language), [`recorded`] (what other hosts answered).
//!
//! Invariant: knows neither connections nor simulated worlds, and prints nothing: what is to be said goes to whoever asks.

pub(crate) mod application;
pub(crate) mod engines;
pub(crate) mod load;
pub(crate) mod prepare;
pub(crate) mod recipe;
pub(crate) mod recorded;
pub(crate) mod scenario;
pub(crate) mod source;
