//! What of a guest is kept between instances: its memory and the globals beside it.
//!
//! Invariant: taken and restored between calls only, when nothing of the guest is on a stack.

use super::guest::{Guest, Host};
use super::kept::{self, Kept};
use super::memory::{Contents, with_image};
use super::module::{GLOBAL_EXPORT_PREFIX, Module};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::path::Path;
use std::sync::Arc;
use wasmtime::{Global, Instance, InstancePre, Memory, Store, Val};

/// A guest's state at one moment.
#[derive(Clone)]
pub(super) struct Snapshot {
    pub(super) contents: Arc<Contents>,
    /// The globals of a fresh instance.
    pub(super) fresh: Vec<i64>,
    /// Those that differ from a fresh instance's, by ordinal.
    globals: Vec<(u32, i64)>,
}

/// What is said about a kept snapshot, beside what its owner says of it.
#[derive(Serialize, Deserialize)]
struct Head<T> {
    fresh: Vec<i64>,
    globals: Vec<(u32, i64)>,
    about: T,
}

/// The largest memory that is restored: what an isolate may have.
const RESTORED_BYTES_MAX: u64 = 128 * 1024 * 1024;

impl Snapshot {
    /// Keeps the snapshot for later processes. `about` is what its owner wants to read back with it.
    pub(super) fn keep<T: Serialize>(&self, path: &Path, about: T) -> std::io::Result<()> {
        let head = Head { fresh: self.fresh.clone(), globals: self.globals.clone(), about };
        let contents = &self.contents;
        kept::keep_memory(path, &head, contents.len() as u64, |file, offset| contents.copy_to(file, offset))
    }

    /// The snapshot that was kept under this name, if there is one, and what was said about it.
    pub(super) fn open<T: DeserializeOwned>(path: &Path) -> Option<(Self, T)> {
        let Kept { head: Head { fresh, globals, about }, file, offset, len } = kept::open_memory(path)?;
        if len > RESTORED_BYTES_MAX {
            return None;
        }
        let contents = Arc::new(Contents::of_file(file, offset, usize::try_from(len).ok()?));
        Some((Self { contents, fresh, globals }, about))
    }

    /// Keeps what `instance` has become. `fresh` are the globals it started with, as [`globals`] read them.
    pub(super) fn take<H: Host>(
        module: &Module,
        instance: &Instance,
        memory: Memory,
        fresh: Vec<i64>,
        store: &mut Store<Guest<H>>,
    ) -> wasmtime::Result<Self> {
        let now = globals(module, instance, store);
        let changed = (0..).zip(fresh.iter().zip(&now)).filter(|(_, (fresh, now))| fresh != now);
        let globals = changed.map(|(ordinal, (_, now))| (ordinal, *now)).collect();
        Ok(Self { contents: Arc::new(Contents::freeze(memory.data(&*store))?), fresh, globals })
    }

    /// Starts an instance in this state. First instances of a module carry its data segments; this is for all later ones.
    pub(super) fn instantiate<H: Host>(
        &self,
        pre: &InstancePre<Guest<H>>,
        store: &mut Store<Guest<H>>,
    ) -> wasmtime::Result<Instance> {
        let instance = with_image(&self.contents, || pre.instantiate(&mut *store))?;
        self.restore_globals(&instance, store)?;
        Ok(instance)
    }

    fn restore_globals<H: Host>(&self, instance: &Instance, store: &mut Store<Guest<H>>) -> wasmtime::Result<()> {
        for (ordinal, value) in &self.globals {
            let global =
                global(instance, store, *ordinal).ok_or_else(|| wasmtime::Error::msg("a global is missing"))?;
            let value = match global.get(&mut *store) {
                Val::I64(_) => Val::I64(*value),
                _ => Val::I32(*value as i32),
            };
            global.set(&mut *store, value)?;
        }
        Ok(())
    }
}

/// The integer globals; others cannot be carried over and do not occur in what LLVM emits.
pub(super) fn globals<H: Host>(module: &Module, instance: &Instance, store: &mut Store<Guest<H>>) -> Vec<i64> {
    (0..module.globals)
        .map(|ordinal| match global(instance, store, ordinal).map(|global| global.get(&mut *store)) {
            Some(Val::I32(value)) => i64::from(value),
            Some(Val::I64(value)) => value,
            _ => 0,
        })
        .collect()
}

fn global<H: Host>(instance: &Instance, store: &mut Store<Guest<H>>, ordinal: u32) -> Option<Global> {
    instance.get_global(store, &format!("{GLOBAL_EXPORT_PREFIX}{ordinal}"))
}
