//! Freezing a guest: instantiate it once, let it initialise, keep its memory as the image all isolates start from.
//!
//! That is legal because the platform forbids input, output, timers and randomness in global scope (reference §2.2):
//! nothing an isolate could tell apart has happened yet.
//!
//! Invariant: during initialisation a guest can log and declare its exports, and nothing else.

use super::death::Death;
use super::engine::Engine;
use super::guest::{Guest, Host, deliver, linker};
use super::isolate::{Limits, explain};
use super::memory::{Contents, with_image};
use super::module::{GLOBAL_EXPORT_PREFIX, Module};
use crate::error::{Error, Result};
use emu_abi::{Answer, Ask, Exports, Failure, Init, LogLevel, Op};
use std::sync::Arc;
use wasmtime::{Instance, Store, Val};

/// The platform's message for what is forbidden in global scope (reference §2.2).
pub(super) const GLOBAL_SCOPE: &str = "Disallowed operation called within global scope. Asynchronous I/O (ex: fetch() or \
connect()), setting a timeout, and generating random values are not allowed within global scope. To fix this error, \
perform this operation within a handler. https://developers.cloudflare.com/workers/runtime-apis/handlers/";

/// A worker ready to start: compiled code and the memory it starts with.
#[derive(Clone)]
pub struct Image {
    pub(super) module: Module,
    pub(super) contents: Arc<Contents>,
    /// Mutable globals that initialisation changed, by ordinal.
    pub(super) globals: Vec<(u32, i64)>,
    exports: Arc<Exports>,
}

impl Image {
    /// Starts `module` once, initialises it, and freezes it. Log lines of the global scope go to `log`.
    ///
    /// # Errors
    /// When the guest fails in its global scope, or breaks the interface.
    pub fn freeze(
        engine: &Engine,
        module: &Module,
        init: &Init,
        limits: Limits,
        name: &str,
        log: &mut dyn FnMut(LogLevel, &str),
    ) -> Result<Self> {
        let attempt = Self::try_freeze(engine, module, init, limits);
        let (image, startup) = match attempt {
            Ok((image, startup)) => (Ok(image), startup),
            Err((death, startup)) => (Err(death), startup),
        };
        for (level, line) in &startup.log {
            log(*level, line);
        }
        image.map_err(|death| {
            Error::guest(format!("`{name}` failed in its global scope: {death}"))
                .hint("the worker cannot start before its start-up code returns; no request was served")
        })
    }

    fn try_freeze(
        engine: &Engine,
        module: &Module,
        init: &Init,
        limits: Limits,
    ) -> std::result::Result<(Self, Startup), (Death, Startup)> {
        let mut guest = Guest::new(Startup::default(), limits.memory_bytes, engine);
        guest.cpu.budget = limits.cpu;
        let mut store = Store::new(&engine.wasmtime, guest);
        store.limiter(|guest| &mut guest.limiter);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut store| store.data_mut().cpu.tick());
        let _running = engine.ticker.turn_begins();
        match run_startup(engine, module, init, &mut store) {
            Ok((contents, globals)) => {
                let startup = store.into_data().host;
                let exports = Arc::new(startup.exports.clone());
                Ok((Self { module: module.clone(), contents: Arc::new(contents), globals, exports }, startup))
            }
            Err(error) => {
                let death = explain(&error, store.data());
                Err((death, store.into_data().host))
            }
        }
    }

    /// What the worker exports.
    pub fn exports(&self) -> &Exports {
        &self.exports
    }

    /// The size of the frozen memory in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.contents.len()
    }
}

fn run_startup(
    engine: &Engine,
    module: &Module,
    init: &Init,
    store: &mut Store<Guest<Startup>>,
) -> wasmtime::Result<(Contents, Vec<(u32, i64)>)> {
    let linker = linker::<Startup>(&engine.wasmtime)?;
    let instance = linker.instantiate(&mut *store, &module.wasmtime)?;
    let memory = instance.get_memory(&mut *store, "memory").ok_or_else(|| wasmtime::Error::msg("no memory"))?;
    store.data_mut().memory = Some(memory);
    for (address, bytes) in &module.data {
        memory.write(&mut *store, *address as usize, bytes).map_err(|_| {
            Death::Abi(format!("a data segment of {} bytes at {address} lies outside its memory", bytes.len()))
        })?;
    }
    let before = globals(&instance, store, module.globals);
    for name in &module.register {
        instance.get_typed_func::<(), ()>(&mut *store, name)?.call(&mut *store, ())?;
    }
    let alloc = instance.get_typed_func::<u32, u32>(&mut *store, "emu_alloc")?;
    let (ptr, len) = deliver(&mut *store, memory, &alloc, &emu_abi::encode(init))?;
    instance.get_typed_func::<(u32, u32), ()>(&mut *store, "emu_init")?.call(&mut *store, (ptr, len))?;
    let after = globals(&instance, store, module.globals);
    let changed = (0..).zip(before.iter().zip(&after)).filter(|(_, (before, after))| before != after);
    let changed = changed.map(|(ordinal, (_, after))| (ordinal, *after)).collect();
    let contents = Contents::freeze(memory.data(&*store))?;
    Ok((contents, changed))
}

/// The integer globals; others cannot be carried over and do not occur in what LLVM emits.
fn globals(instance: &Instance, store: &mut Store<Guest<Startup>>, count: u32) -> Vec<i64> {
    (0..count)
        .map(|ordinal| {
            let global = instance.get_global(&mut *store, &format!("{GLOBAL_EXPORT_PREFIX}{ordinal}"));
            match global.map(|global| global.get(&mut *store)) {
                Some(Val::I32(value)) => i64::from(value),
                Some(Val::I64(value)) => value,
                _ => 0,
            }
        })
        .collect()
}

/// First instances of a module carry its data segments; `with_image` is for all later ones.
pub(super) fn instantiate_frozen<H: Host>(
    image: &Image,
    pre: &wasmtime::InstancePre<Guest<H>>,
    store: &mut Store<Guest<H>>,
) -> wasmtime::Result<Instance> {
    with_image(&image.contents, || pre.instantiate(&mut *store))
}

/// The host of a guest that initialises.
#[derive(Default)]
struct Startup {
    exports: Exports,
    log: Vec<(LogLevel, String)>,
}

impl Host for Startup {
    fn op(&mut self, op: Op) -> std::result::Result<(), Death> {
        match op {
            Op::Declare(exports) => self.exports = exports,
            Op::Log { level, message } if self.log.len() < 1000 => self.log.push((level, message)),
            Op::Log { .. } | Op::Cancel { .. } | Op::BodyCancel { .. } | Op::SocketDrop { .. } => {}
            _ => return Err(Death::Trap(GLOBAL_SCOPE.into())),
        }
        Ok(())
    }

    fn ask(&mut self, _object: u32, _ask: Ask) -> std::result::Result<Answer, Failure> {
        Err(Failure::error(GLOBAL_SCOPE))
    }
}
