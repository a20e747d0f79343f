//! The one door to clock, randomness and open orderings.
//!
//! Everything that could differ between two runs of the same program comes through [`World`]. `emu serve` opens the
//! door to the real one ([`real`]), or to one in which some of it is decided by a seed ([`levers`]); `emu test` to a
//! simulated one.
//!
//! Reading order: [`point`] (where a world may decide), [`driver`] (who decides), [`simulated`] (the world they decide
//! in), [`shrink`] (which decisions mattered), [`levers`] and [`virtual_clock`] (the same for `emu serve`).
//!
//! Invariant: nothing else in emu reads a clock, draws randomness or chooses an order; clippy's disallowed methods and
//! the tidy test hold that.

pub mod driver;
pub mod levers;
pub mod mix;
pub mod point;
pub mod real;
mod seed;
pub mod shrink;
pub mod simulated;
mod streams;
mod tape;
pub mod virtual_clock;
mod whose;

pub use point::{Class, Point, Points};
pub use seed::{Rerun, Seed};
pub use tape::{Place, Tape};
pub use whose::Whose;

/// Clock, randomness, order.
pub trait World {
    /// Milliseconds since the epoch, whole, never going back.
    fn now_ms(&self) -> f64;

    /// Fills `out` with random bytes from a stream of `whose` own.
    fn random(&self, whose: Whose, out: &mut [u8]);

    /// Decides an open ordering or a possible fault: a number below `n`, which is at least 1. 0 is calm: first in, first
    /// out, no fault.
    fn choose(&self, point: Point, whose: Whose, n: usize) -> usize;

    /// Whether anybody takes note of what happens.
    fn is_traced(&self) -> bool {
        false
    }

    /// What makes everything happen again that has happened in this world, if anything does.
    fn rerun(&self) -> Option<Rerun> {
        None
    }

    /// Takes note that something happened. `hash` stands for all of it; `what` is its text, which is made only where
    /// texts are kept.
    fn trace(&self, whose: Whose, kind: TraceKind, hash: u64, what: &dyn Fn() -> String);

    /// Whether texts are kept: this is a run of which a person will read.
    fn keeps_texts(&self) -> bool {
        false
    }

    /// The stack of the guest that led to what is traced or told next.
    fn place(&self, _stack: &str) {}

    /// Adds a line for people where texts are kept. Unlike what is traced it does not count for what the run was.
    fn tell(&self, _whose: Whose, _kind: TraceKind, _what: &dyn Fn() -> String) {}
}

/// What a line of a trace tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TraceKind {
    /// Another host answered, or did not.
    Input,
    /// An event was delivered: a turn.
    Deliver,
    /// The guest wrote something that is not committed.
    Write,
    /// Outputs wait for writes to be durable.
    Hold,
    /// Writes became durable.
    Commit,
    /// Something left a guest: a call, an answer, a message.
    Send,
    /// An instance ended: evicted, crashed, aborted.
    End,
    /// The world decided for something that is not calm.
    Choice,
    /// Time passed.
    Clock,
    /// The test marked a moment.
    Mark,
}

impl TraceKind {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Deliver => "deliver",
            Self::Write => "write",
            Self::Hold => "hold",
            Self::Commit => "commit",
            Self::Send => "send",
            Self::End => "end",
            Self::Choice => "choice",
            Self::Clock => "clock",
            Self::Mark => "mark",
        }
    }
}

/// A random fraction in `0.0..1.0`.
pub fn fraction(world: &dyn World, whose: Whose) -> f64 {
    let mut bytes = [0; 8];
    world.random(whose, &mut bytes);
    (u64::from_le_bytes(bytes) >> 11) as f64 / (1_u64 << 53) as f64
}
