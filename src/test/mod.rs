//! `emu test`: runs a worker's tests in simulated worlds, and tries to make them fail in every way the platform may.
//!
//! A [`program`] is a test file with its worker, frozen. A [`run`] is one execution of it in one world, and [`judge`] says
//! what of a run counts as a failure. A [`campaign`] decides which runs there are: first all tests calmly, then each
//! test with every single fault, then with seeds until the time is over; what fails is shrunk and told as a [`finding`].
//! What of it is shown is a [`story`] with its [`timeline`]; [`report`] has the ways of showing it.
//!
//! Invariant: what a run does follows from its program, its seed and its tape. Only the campaign reads a clock, to know
//! when to stop.

pub mod campaign;
pub mod difference;
pub mod finding;
pub mod judge;
mod marks;
mod own_snapshots;
pub mod parallel;
pub mod places;
pub mod program;
pub mod replay;
pub mod report;
pub mod run;
pub mod scenario;
mod search;
pub mod story;
pub mod tested;
pub mod timeline;
