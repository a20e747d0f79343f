//! How much CPU time guests use (reference §1.16).
//!
//! In `serve` it is time: a turn that crosses a tick is asked how much of it its thread has used. In `test` it is
//! instructions, wasmtime's fuel, of which a fixed number stands for a millisecond: a guest that uses too many ends at the
//! same one on every machine.
//!
//! Invariant: the only clock read here is the thread's own CPU clock, handed in by the world.

use super::death::Death;
use super::guest::Guest;
use super::ticker::{RunningTurn, Ticker};
use std::sync::Arc;
use std::time::Duration;
use wasmtime::{Caller, Store, UpdateDeadline};

/// The instructions that stand for a millisecond where they are counted: about as many as a machine of today does. It
/// does 10 to 17 million of the JavaScript engine's, many of which are no instruction of the processor.
const INSTRUCTIONS_PER_MS: u64 = 10_000_000;

/// What a guest that tells where it is has beside its budget, to tell where it was when that was used up. It asks every
/// 10 000 steps or so, each of which may take a tenth of a millisecond.
pub(super) const TELLING: Duration = Duration::from_secs(1);

/// How CPU time is metered.
#[derive(Clone, Copy, Debug)]
pub enum Metering {
    /// By a clock that tells the CPU time that the calling thread has used. Costs least.
    Time(fn() -> Duration),
    /// By counting instructions: the same in every run.
    Instructions,
}

/// What meters all guests of an engine.
#[derive(Clone)]
pub(super) enum Meter {
    Time(fn() -> Duration, Arc<Ticker>),
    Instructions,
}

impl Meter {
    pub(super) fn new(metering: Metering, engine: &wasmtime::Engine) -> Self {
        match metering {
            Metering::Time(clock) => Self::Time(clock, Ticker::start(engine.clone())),
            Metering::Instructions => Self::Instructions,
        }
    }

    /// Meters a new store, which has `budget` to begin with.
    pub(super) fn install<H: 'static>(&self, store: &mut Store<Guest<H>>, budget: Duration) {
        if let Self::Time(clock, _) = self {
            let clock = *clock;
            store.epoch_deadline_callback(move |mut store| store.data_mut().cpu.tick(clock()));
            store.set_epoch_deadline(1);
        }
        self.refill(store, budget);
    }

    /// Gives a store its whole budget again.
    pub(super) fn refill<H>(&self, store: &mut Store<Guest<H>>, budget: Duration) {
        match self {
            Self::Time(..) => store.data_mut().cpu = CpuTime { budget, ..CpuTime::default() },
            // It only fails for an engine that was set up otherwise; then a guest has nothing left and ends at once.
            Self::Instructions => _ = store.set_fuel(instructions(budget)),
        }
    }

    /// Notes that a turn begins; it ends with the value.
    pub(super) fn turn_begins<H>(&self, store: &mut Store<Guest<H>>) -> Option<RunningTurn<'_>> {
        let Self::Time(_, ticker) = self else { return None };
        store.data_mut().cpu.since = None;
        store.set_epoch_deadline(1);
        Some(ticker.turn_begins())
    }
}

/// Whether nothing is left of the budget that [`TELLING`] was added to. By the clock that is never so: who reads about
/// a run reads about a simulated one.
pub(super) fn is_used_up<H>(caller: &Caller<'_, Guest<H>>) -> bool {
    caller.get_fuel().is_ok_and(|left| left < instructions(TELLING))
}

fn instructions(budget: Duration) -> u64 {
    let ms = u64::try_from(budget.as_millis()).unwrap_or(u64::MAX);
    ms.saturating_mul(INSTRUCTIONS_PER_MS)
}

/// Counts CPU time, in whole ticks, against the budget that events refill.
#[derive(Default)]
pub(super) struct CpuTime {
    budget: Duration,
    used: Duration,
    /// The thread's CPU time at the first tick of this turn.
    since: Option<Duration>,
}

impl CpuTime {
    /// Called when a turn crosses a tick.
    fn tick(&mut self, now: Duration) -> wasmtime::Result<UpdateDeadline> {
        if let Some(since) = self.since {
            self.used += now.saturating_sub(since);
        }
        self.since = Some(now);
        if self.used > self.budget { Err(Death::Cpu(None).into()) } else { Ok(UpdateDeadline::Continue(1)) }
    }
}

#[cfg(test)]
#[path = "meter/tests.rs"]
mod tests;
