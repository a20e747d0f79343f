//! One running wasm instance, and what starts it.
//!
//! Invariant: between turns nothing of the guest is on a stack, so an isolate can be dropped at any time in between.

use super::death::Death;
use super::engine::Engine;
use super::guest::{Guest, Host, deliver, linker};
use super::image::Image;
use super::meter::TELLING;
use crate::error::{Error, Result};
use emu_abi::Turn;
use std::time::Duration;
use wasmtime::{InstancePre, Memory, Store, Trap, TypedFunc};

/// Guests may export this: called once, before the first turn, it makes them say where their ops and asks come from.
const TRACE_EXPORT: &str = "emu_trace";

/// What an isolate may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Linear memory, in bytes.
    pub memory_bytes: usize,
    /// CPU time per event; every new event refills it.
    pub cpu: Duration,
}

impl Default for Limits {
    /// The platform's own: 128 MB and 30 s (reference §1.16).
    fn default() -> Self {
        Self { memory_bytes: 128 * 1024 * 1024, cpu: Duration::from_secs(30) }
    }
}

/// Starts isolates of one image, on any thread.
pub struct Launcher<H: Host> {
    engine: Engine,
    image: Image,
    pre: InstancePre<Guest<H>>,
    limits: Limits,
}

impl<H: Host> Launcher<H> {
    /// Links the image once, so that starting isolates is cheap.
    ///
    /// # Errors
    /// When the module's imports do not fit, which [`super::Module::compile`] has excluded: a bug of ours.
    pub fn new(engine: &Engine, image: Image, limits: Limits) -> Result<Self> {
        let pre = linker::<H>(&engine.wasmtime)
            .and_then(|linker| linker.instantiate_pre(&image.module.wasmtime))
            .map_err(|error| Error::internal("a checked module does not link").because(format!("{error:#}")))?;
        Ok(Self { engine: engine.clone(), image, pre, limits })
    }

    /// The image that isolates start from.
    pub fn image(&self) -> &Image {
        &self.image
    }

    /// Starts an isolate.
    ///
    /// # Errors
    /// When the machine has no room for another one.
    pub fn start(&self, host: H) -> Result<Isolate<H>> {
        self.try_start(host).map_err(|error| Error::guest("an isolate cannot be started").because(format!("{error:#}")))
    }

    fn try_start(&self, host: H) -> wasmtime::Result<Isolate<H>> {
        let mut store = Store::new(&self.engine.wasmtime, Guest::new(host, self.limits.memory_bytes));
        store.limiter(|guest| &mut guest.limiter);
        self.engine.meter.install(&mut store, self.limits.cpu);
        let instance = self.image.snapshot.instantiate(&self.pre, &mut store)?;
        let memory = instance.get_memory(&mut store, "memory").ok_or_else(|| wasmtime::Error::msg("no memory"))?;
        store.data_mut().memory = Some(memory);
        self.image.nested.restore(&instance, &mut store)?;
        let mut cpu = self.limits.cpu;
        if store.data().host.wants_places()
            && let Ok(trace) = instance.get_typed_func::<(), ()>(&mut store, TRACE_EXPORT)
        {
            let _running = self.engine.meter.turn_begins(&mut store);
            trace.call(&mut store, ())?;
            cpu += TELLING;
            self.engine.meter.refill(&mut store, cpu);
        }
        let alloc = instance.get_typed_func(&mut store, "emu_alloc")?;
        let turn = instance.get_typed_func(&mut store, "emu_turn")?;
        let engine = self.engine.clone();
        Ok(Isolate { store, memory, alloc, turn, engine, cpu, scratch: Vec::new() })
    }
}

/// One wasm instance with its memory and the host behind it.
pub struct Isolate<H: Host> {
    store: Store<Guest<H>>,
    memory: Memory,
    alloc: TypedFunc<u32, u32>,
    turn: TypedFunc<(u32, u32), ()>,
    engine: Engine,
    cpu: Duration,
    scratch: Vec<u8>,
}

/// A message buffer larger than this is not kept between turns.
const SCRATCH_KEPT: usize = 16 * 1024;

impl<H: Host> Isolate<H> {
    /// Gives the isolate its whole CPU budget again: a new event has arrived.
    pub fn refill_cpu(&mut self) {
        self.engine.meter.refill(&mut self.store, self.cpu);
    }

    /// Delivers one event and runs until the guest has nothing left to do.
    ///
    /// # Errors
    /// When the guest died; the isolate must be dropped then.
    pub fn turn(&mut self, turn: &Turn) -> std::result::Result<(), Death> {
        if let Some(death) = &self.store.data().death {
            return Err(death.clone());
        }
        let _running = self.engine.meter.turn_begins(&mut self.store);
        let mut message = std::mem::take(&mut self.scratch);
        message.clear();
        let message = emu_abi::encode_into(turn, message);
        let ran = deliver(&mut self.store, self.memory, &self.alloc, &message)
            .and_then(|(ptr, len)| self.turn.call(&mut self.store, (ptr, len)));
        if message.capacity() <= SCRATCH_KEPT {
            self.scratch = message;
        }
        ran.map_err(|error| {
            let death = explain(&error, self.store.data());
            self.store.data_mut().death = Some(death.clone());
            death
        })
    }

    /// The host behind the guest.
    pub fn host(&self) -> &H {
        &self.store.data().host
    }

    /// The host behind the guest.
    pub fn host_mut(&mut self) -> &mut H {
        &mut self.store.data_mut().host
    }

    /// The size of the linear memory in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.memory.data_size(&self.store)
    }
}

/// What an error of wasmtime means for a guest.
pub(super) fn explain<H>(error: &wasmtime::Error, guest: &Guest<H>) -> Death {
    if let Some(death) = error.downcast_ref::<Death>() {
        return death.clone();
    }
    if guest.limiter.exceeded {
        return Death::Memory;
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => Death::Stack,
        Some(Trap::OutOfFuel) => Death::Cpu(None),
        Some(Trap::UnreachableCodeReached) => Death::Trap("unreachable".into()),
        Some(Trap::MemoryOutOfBounds) => Death::Trap("memory access out of bounds".into()),
        Some(Trap::IntegerDivisionByZero) => Death::Trap("divide by zero".into()),
        Some(trap) => Death::Trap(trap.to_string()),
        None => Death::Abi(error.root_cause().to_string()),
    }
}
