//! Freezing a guest: instantiate it once, let it initialise, keep its memory as the image all isolates start from.
//!
//! That is legal because the platform forbids input, output, timers and randomness in global scope (reference §2.2):
//! nothing an isolate could tell apart has happened yet.
//!
//! A guest that offers to boot is frozen twice: a [`Base`] when it is up and knows no worker yet, then an [`Image`] for
//! each worker, started from that base.
//!
//! Invariant: during initialisation a guest can log and declare its exports, and nothing else.

use super::death::Death;
use super::engine::Engine;
use super::guest::{Guest, Host, deliver, linker};
use super::isolate::{Limits, explain};
use super::module::Module;
use super::nested::{self, Record};
use super::snapshot::{Snapshot, globals};
use crate::core::id::Namespace;
use crate::error::{Error, Result};
use emu_abi::{Answer, Ask, BOOT_EXPORT, Exports, Failure, Init, LogLevel, ObjectId, Op};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;
use wasmtime::{Instance, Memory, Store};

/// The platform's message for what is forbidden in global scope (reference §2.2).
pub(super) const GLOBAL_SCOPE: &str = "Disallowed operation called within global scope. Asynchronous I/O (ex: fetch() or \
connect()), setting a timeout, and generating random values are not allowed within global scope. To fix this error, \
perform this operation within a handler. https://developers.cloudflare.com/workers/runtime-apis/handlers/";

/// A compiled guest with what it prepared for any worker, if it offers that.
#[derive(Clone)]
pub struct Base {
    module: Module,
    booted: Option<Snapshot>,
}

impl Base {
    /// Boots `module` once, if it can be.
    ///
    /// # Errors
    /// When the guest fails while it boots.
    pub fn boot(engine: &Engine, module: Module, name: &str) -> Result<Self> {
        if !module.boots {
            return Ok(Self { module, booted: None });
        }
        let mut store = startup_store(engine, Limits::default(), &[]);
        let _running = engine.meter.turn_begins(&mut store);
        let booted = run_boot(engine, &module, &mut store).map_err(|error| {
            let said: Vec<_> = store.data().host.log.iter().map(|(_, line)| line.as_str()).collect();
            Error::guest(format!("`{name}` cannot boot: {}", explain(&error, store.data()))).because(said.join("\n"))
        })?;
        Ok(Self { module, booted: Some(booted) })
    }

    /// Keeps code and memory of a guest that boots for later processes, in two files beside each other.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub fn keep(&self, path: &Path) -> std::io::Result<()> {
        let Some(booted) = &self.booted else { return Ok(()) };
        self.module.keep_code(&path.with_extension("code"))?;
        booted.keep(&path.with_extension("image"), self.module.globals)
    }

    /// What [`Base::keep`] kept under this name, if it is there and this machine can run it.
    pub fn open(engine: &Engine, path: &Path) -> Option<Self> {
        let (booted, globals) = Snapshot::open(&path.with_extension("image"))?;
        let module = Module::open_code(engine, &path.with_extension("code"), globals)?;
        Some(Self { module, booted: Some(booted) })
    }
}

/// A worker ready to start: compiled code and the memory it starts with.
#[derive(Clone)]
pub struct Image {
    pub(super) module: Module,
    pub(super) snapshot: Snapshot,
    pub(super) nested: Record,
    exports: Arc<Exports>,
    /// What was logged in global scope.
    said: Arc<[(LogLevel, String)]>,
}

/// What is said about a kept image.
#[derive(Serialize, Deserialize)]
struct About {
    key: [u8; 32],
    exports: Exports,
    said: Vec<(LogLevel, String)>,
}

/// Why a worker cannot start.
#[derive(Debug)]
pub enum StartFailure {
    /// It threw in its global scope, or is no worker.
    Refused(Failure),
    /// Its isolate died.
    Died(Death),
}

impl std::fmt::Display for StartFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(failure) => failure.fmt(f),
            Self::Died(death) => death.fmt(f),
        }
    }
}

impl Image {
    /// Starts a guest once, initialises it, and freezes it. `namespaces` are those of the Durable Objects, as its bindings
    /// number them. Log lines of the global scope go to `log`.
    ///
    /// # Errors
    /// When the guest fails in its global scope, or breaks the interface.
    pub fn freeze(
        engine: &Engine,
        base: &Base,
        init: &Init,
        limits: Limits,
        namespaces: &[Namespace],
        log: &mut dyn FnMut(LogLevel, &str),
    ) -> std::result::Result<Self, StartFailure> {
        let (init, modules) = nested::compile(engine, init).map_err(StartFailure::Refused)?;
        let mut store = startup_store(engine, limits, namespaces);
        let _running = engine.meter.turn_begins(&mut store);
        let modules = Record::of_modules(modules);
        let ran = run_init(engine, base, &init, &modules, &mut store)
            .map_err(|error| StartFailure::Died(explain(&error, store.data())));
        let startup = store.into_data().host;
        tell(&startup.log, log);
        let (snapshot, nested) = ran?;
        if let Some(failure) = startup.refused {
            return Err(StartFailure::Refused(failure));
        }
        let (exports, said) = (Arc::new(startup.exports), startup.log.into());
        Ok(Self { module: base.module.clone(), snapshot, nested, exports, said })
    }

    /// Keeps the image for later processes, under a name and a `key` that differs between any two images that could have
    /// that name. Nested modules are not kept, and so no image with them.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep(&self, path: &Path, key: [u8; 32]) -> std::io::Result<()> {
        if !self.nested.is_empty() {
            return Ok(());
        }
        self.snapshot.keep(path, About { key, exports: (*self.exports).clone(), said: self.said.to_vec() })
    }

    /// The image that was kept under this name, if it has this key. What its global scope logged goes to `log` again.
    pub fn open(base: &Base, path: &Path, key: [u8; 32], log: &mut dyn FnMut(LogLevel, &str)) -> Option<Self> {
        let (snapshot, about) = Snapshot::open::<About>(path).filter(|(_, about)| about.key == key)?;
        tell(&about.said, log);
        let (exports, said) = (Arc::new(about.exports), about.said.into());
        Some(Self { module: base.module.clone(), snapshot, nested: Record::default(), exports, said })
    }

    /// What the worker exports.
    pub fn exports(&self) -> &Exports {
        &self.exports
    }

    /// The size of the frozen memory in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.snapshot.contents.len()
    }
}

fn tell(said: &[(LogLevel, String)], log: &mut dyn FnMut(LogLevel, &str)) {
    for (level, line) in said {
        log(*level, line);
    }
}

fn startup_store(engine: &Engine, limits: Limits, namespaces: &[Namespace]) -> Store<Guest<Startup>> {
    let mut store = Store::new(
        &engine.wasmtime,
        Guest::new(Startup { namespaces: namespaces.to_vec(), ..Startup::default() }, limits.memory_bytes),
    );
    store.limiter(|guest| &mut guest.limiter);
    engine.meter.install(&mut store, limits.cpu);
    store
}

/// An instance that starts up, with the globals that it had at first.
struct Starting {
    instance: Instance,
    memory: Memory,
    fresh: Vec<i64>,
}

impl Starting {
    /// A fresh instance with the module's own data in its memory.
    fn fresh(engine: &Engine, module: &Module, store: &mut Store<Guest<Startup>>) -> wasmtime::Result<Self> {
        let instance = linker::<Startup>(&engine.wasmtime)?.instantiate(&mut *store, &module.wasmtime)?;
        let starting = Self::of(instance, module, store)?;
        for (address, bytes) in &module.data {
            starting.memory.write(&mut *store, *address as usize, bytes).map_err(|_| {
                Death::Abi(format!("a data segment of {} bytes at {address} lies outside its memory", bytes.len()))
            })?;
        }
        for name in &module.register {
            instance.get_typed_func::<(), ()>(&mut *store, name)?.call(&mut *store, ())?;
        }
        Ok(starting)
    }

    /// An instance in the state of a booted one.
    fn booted(
        engine: &Engine,
        module: &Module,
        booted: &Snapshot,
        store: &mut Store<Guest<Startup>>,
    ) -> wasmtime::Result<Self> {
        let pre = linker::<Startup>(&engine.wasmtime)?.instantiate_pre(&module.wasmtime)?;
        let instance = booted.instantiate(&pre, store)?;
        let mut starting = Self::of(instance, module, store)?;
        starting.fresh.clone_from(&booted.fresh);
        Ok(starting)
    }

    fn of(instance: Instance, module: &Module, store: &mut Store<Guest<Startup>>) -> wasmtime::Result<Self> {
        let memory = instance.get_memory(&mut *store, "memory").ok_or_else(|| wasmtime::Error::msg("no memory"))?;
        store.data_mut().memory = Some(memory);
        let fresh = globals(module, &instance, store);
        Ok(Self { instance, memory, fresh })
    }
}

fn run_boot(engine: &Engine, module: &Module, store: &mut Store<Guest<Startup>>) -> wasmtime::Result<Snapshot> {
    let starting = Starting::fresh(engine, module, store)?;
    starting.instance.get_typed_func::<(), ()>(&mut *store, BOOT_EXPORT)?.call(&mut *store, ())?;
    Snapshot::take(module, &starting.instance, starting.memory, starting.fresh, store)
}

fn run_init(
    engine: &Engine,
    base: &Base,
    init: &Init,
    modules: &Record,
    store: &mut Store<Guest<Startup>>,
) -> wasmtime::Result<(Snapshot, Record)> {
    let Starting { instance, memory, fresh } = match &base.booted {
        Some(booted) => Starting::booted(engine, &base.module, booted, store)?,
        None => Starting::fresh(engine, &base.module, store)?,
    };
    modules.restore(&instance, &mut *store)?;
    let alloc = instance.get_typed_func::<u32, u32>(&mut *store, "emu_alloc")?;
    let (ptr, len) = deliver(&mut *store, memory, &alloc, &emu_abi::encode(init))?;
    instance.get_typed_func::<(u32, u32), ()>(&mut *store, "emu_init")?.call(&mut *store, (ptr, len))?;
    let nested = nested::record(&mut *store)?;
    Ok((Snapshot::take(&base.module, &instance, memory, fresh, store)?, nested))
}

/// The host of a guest that initialises.
#[derive(Default)]
struct Startup {
    /// What ids are derived from, as bindings number it.
    namespaces: Vec<Namespace>,
    exports: Exports,
    refused: Option<Failure>,
    log: Vec<(LogLevel, String)>,
}

impl Host for Startup {
    fn op(&mut self, op: Op) -> std::result::Result<(), Death> {
        match op {
            Op::Declare(exports) => self.exports = exports,
            Op::Refuse(failure) => self.refused = Some(failure),
            Op::Log { level, message } if self.log.len() < 1000 => self.log.push((level, message)),
            Op::Abort { reason, retry_alarm, .. } => return Err(Death::Aborted { reason, retry_alarm }),
            Op::Log { .. } | Op::Cancel { .. } | Op::BodyCancel { .. } | Op::SocketDrop { .. } => {}
            _ => return Err(Death::Trap(GLOBAL_SCOPE.into())),
        }
        Ok(())
    }

    /// Ids are derived from names in global scope too; everything else is forbidden there.
    fn ask(&mut self, _object: u32, ask: Ask) -> std::result::Result<Answer, Failure> {
        let namespace = |number: u32| self.namespaces.get(number as usize);
        let forbidden = || Failure::error(GLOBAL_SCOPE);
        Ok(Answer::Id(match ask {
            Ask::IdFromName { namespace: number, name } => namespace(number).ok_or_else(forbidden)?.named(name),
            Ask::IdFromString { namespace: number, hex } => {
                let bytes = namespace(number).ok_or_else(forbidden)?.id_from_string(&hex)?;
                ObjectId { bytes, name: None }
            }
            _ => return Err(forbidden()),
        }))
    }
}
