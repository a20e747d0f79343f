//! The simulated world: a clock that somebody sets, randomness from a seed, and a driver who decides.
//!
//! Every stream belongs to somebody ([`Whose`]), so that one more draw for an object leaves all others as they were.
//!
//! Invariant: a run is a function of its seed, its driver and what it is asked. Nothing here reads a clock or entropy.

use super::driver::{Census, Draw, Driver};
use super::mix::mix;
use super::point::{Class, Point};
use super::seed::{Rerun, Seed};
use super::streams::Streams;
use super::tape::{Place, Tape};
use super::virtual_clock::LAST_MS;
use super::whose::Whose;
use super::{TraceKind, World};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A simulated world. One run takes place in it.
pub struct SimulatedWorld {
    seed: Seed,
    now_ms: Cell<f64>,
    faults: Cell<bool>,
    /// How many look on, meanwhile no fault happens.
    onlookers: Cell<u32>,
    digest: Cell<u64>,
    driver: RefCell<Box<dyn Driver>>,
    streams: Streams,
    tape: RefCell<Tape>,
    census: Option<RefCell<Census>>,
    lines: Option<RefCell<Vec<Line>>>,
    /// The stack that led to the next line.
    stack: RefCell<Arc<str>>,
    /// All stacks: there are few, and each leads to many lines.
    stacks: RefCell<BTreeSet<Arc<str>>>,
}

/// A line of the trace, where texts are kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// When, in milliseconds since the epoch.
    pub at_ms: f64,
    /// For whom.
    pub whose: Whose,
    /// What it tells.
    pub kind: TraceKind,
    /// Stands for all of what happened.
    pub hash: u64,
    /// What happened, for people; empty for what only keeps tests going.
    pub text: String,
    /// The guest's stack that led to it, as the engine gives it; empty where none is known.
    pub stack: Arc<str>,
}

/// What is kept of a run beside its tape and its digest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// Every draw, for an explorer.
    pub census: bool,
    /// Every line of the trace.
    pub texts: bool,
}

/// What a run was.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// What was decided other than calm.
    pub tape: Tape,
    /// Stands for the whole trace.
    pub digest: u64,
    /// Every draw; empty where it is not kept.
    pub census: Census,
    /// The trace; empty where it is not kept.
    pub lines: Vec<Line>,
}

/// Where a world's clock starts unless told otherwise: 2025-01-01T00:00:00Z.
pub const START_MS: f64 = 1_735_689_600_000.0;

/// Keeps SQL's streams apart from everything else that is made of the same seed.
pub(super) const SQL: u64 = 2;

impl SimulatedWorld {
    /// A world whose clock shows [`START_MS`].
    pub fn new(seed: Seed, driver: Box<dyn Driver>, keep: Keep) -> Self {
        Self {
            seed,
            now_ms: Cell::new(START_MS),
            faults: Cell::new(true),
            onlookers: Cell::new(0),
            digest: Cell::new(seed.0),
            driver: RefCell::new(driver),
            streams: Streams::new(seed.0),
            tape: RefCell::default(),
            census: keep.census.then(RefCell::default),
            lines: keep.texts.then(RefCell::default),
            stack: RefCell::default(),
            stacks: RefCell::default(),
        }
    }

    /// The same world with its clock showing another time, in milliseconds since the epoch.
    #[must_use]
    pub fn starting_at(self, at_ms: f64) -> Self {
        // `max` ignores what is not a number.
        self.now_ms.set(0.0_f64.max(at_ms.ceil()).min(LAST_MS));
        self
    }

    /// Moves the clock on, to the next whole millisecond. It never goes back.
    pub fn advance_to(&self, at_ms: f64) {
        // `max` ignores what is not a number.
        self.now_ms.set(self.now_ms.get().max(at_ms.ceil()).min(LAST_MS));
    }

    /// Lets faults happen, or none any more. Orders stay open either way.
    pub fn set_faults(&self, on: bool) {
        self.faults.set(on);
    }

    /// Somebody looks on: no fault happens before as many [`Self::looked_on`] have followed, whatever
    /// [`Self::set_faults`] says.
    pub fn look_on(&self) {
        self.onlookers.update(|count| count + 1);
    }

    /// The end of [`Self::look_on`].
    pub fn looked_on(&self) {
        self.onlookers.update(|count| count.saturating_sub(1));
    }

    /// The seed of SQL's randomness, for the storage of this world.
    pub fn sql_seed(&self) -> u64 {
        mix(&[SQL, self.seed.0])
    }

    /// What was decided so far.
    pub fn tape(&self) -> Tape {
        self.tape.borrow().clone()
    }

    /// Stands for everything that was traced so far. Two runs of equal digest were the same.
    pub fn digest(&self) -> u64 {
        self.digest.get()
    }

    /// What the run was. What was kept is handed out and not kept any more.
    pub fn record(&self) -> Record {
        Record {
            tape: self.tape(),
            digest: self.digest(),
            census: self.census.as_ref().map(RefCell::take).unwrap_or_default(),
            lines: self.lines.as_ref().map(RefCell::take).unwrap_or_default(),
        }
    }

    fn keep_line(&self, whose: Whose, kind: TraceKind, hash: u64, what: &dyn Fn() -> String) {
        if let Some(lines) = &self.lines {
            let (at_ms, text, stack) = (self.now_ms.get(), what(), self.stack.take());
            lines.borrow_mut().push(Line { at_ms, whose, kind, hash, text, stack });
        }
    }

    fn note_decision(&self, place: Place, value: u32) {
        self.tape.borrow_mut().set(place, value);
        let hash = mix(&[place.point as u64, u64::from(place.ordinal), u64::from(value)]);
        self.trace(place.whose, TraceKind::Choice, hash, &|| format!("{place}={value}"));
    }
}

impl World for SimulatedWorld {
    fn now_ms(&self) -> f64 {
        self.now_ms.get()
    }

    fn random(&self, whose: Whose, out: &mut [u8]) {
        self.streams.random(whose, out);
    }

    fn choose(&self, point: Point, whose: Whose, n: usize) -> usize {
        // What leaves no choice is not counted: an order of one task is none.
        let n = u32::try_from(n).unwrap_or(u32::MAX);
        if n < 2 {
            return 0;
        }
        let place = self.streams.place(point, whose);
        let draw = Draw { place, n };
        let may_fail = self.faults.get() && self.onlookers.get() == 0;
        if !may_fail && point.class() != Class::Order {
            return 0;
        }
        if let Some(census) = &self.census {
            census.borrow_mut().0.push(draw);
        }
        let value = self.driver.borrow_mut().answer(draw).min(n - 1);
        if value != 0 {
            self.note_decision(place, value);
        }
        value as usize
    }

    fn is_traced(&self) -> bool {
        true
    }

    fn rerun(&self) -> Option<Rerun> {
        Some(Rerun { seed: self.seed, tape: Some(self.tape()) })
    }

    fn trace(&self, whose: Whose, kind: TraceKind, hash: u64, what: &dyn Fn() -> String) {
        let at_ms = self.now_ms.get();
        self.digest.set(mix(&[self.digest.get(), at_ms.to_bits(), whose.0, kind as u64, hash]));
        self.keep_line(whose, kind, hash, what);
    }

    fn keeps_texts(&self) -> bool {
        self.lines.is_some()
    }

    fn place(&self, stack: &str) {
        let mut stacks = self.stacks.borrow_mut();
        let known = stacks.get(stack).cloned().unwrap_or_else(|| Arc::from(stack));
        stacks.insert(Arc::clone(&known));
        self.stack.replace(known);
    }

    fn tell(&self, whose: Whose, kind: TraceKind, what: &dyn Fn() -> String) {
        self.keep_line(whose, kind, 0, what);
    }
}

#[cfg(test)]
#[path = "simulated/tests.rs"]
mod tests;
