//! The one door to clock, randomness and open orderings.
//!
//! Everything that could differ between two runs of the same program comes through [`World`]. `emu serve` opens the
//! door to the real one ([`real`]).
//!
//! Invariant: nothing else in emu reads a clock, draws randomness or chooses an order; clippy's disallowed methods and
//! the tidy test hold that.

pub mod real;

/// Clock, randomness, order.
pub trait World {
    /// Milliseconds since the epoch, whole, never going back.
    fn now_ms(&self) -> f64;

    /// Fills `out` with random bytes.
    fn random(&self, out: &mut [u8]);

    /// Decides an open ordering or a possible fault: a number below `n`. 0 is calm: first in, first out, no fault.
    fn choose(&self, label: &'static str, n: usize) -> usize;
}

/// A random fraction in `0.0..1.0`.
pub fn fraction(world: &dyn World) -> f64 {
    let mut bytes = [0; 8];
    world.random(&mut bytes);
    (u64::from_le_bytes(bytes) >> 11) as f64 / (1_u64 << 53) as f64
}
