//! What of a guest is kept between instances: its memory and the globals beside it.
//!
//! Invariant: taken and restored between calls only, when nothing of the guest is on a stack.

use super::guest::{Guest, Host};
use super::memory::{Contents, PAGE, with_image};
use super::module::{GLOBAL_EXPORT_PREFIX, Module};
use emu_abi::Bytes;
use serde::{Deserialize, Serialize};
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

/// A snapshot as bytes: what is zero is left out.
#[derive(Serialize, Deserialize)]
struct Saved {
    fresh: Vec<i64>,
    globals: Vec<(u32, i64)>,
    memory_len: u64,
    /// Pages that are not zero, by number.
    pages: Vec<(u32, Bytes)>,
}

/// The largest memory that is restored: what an isolate may have.
const MAX_RESTORED_BYTES: u64 = 128 * 1024 * 1024;

impl Snapshot {
    /// The snapshot as bytes, for a later process.
    pub(super) fn save(&self) -> std::io::Result<Vec<u8>> {
        let memory = self.contents.read()?;
        let filled = (0..).zip(memory.chunks(PAGE)).filter(|(_, page)| page.iter().any(|byte| *byte != 0));
        let pages = filled.map(|(number, page)| (number, Bytes(page.to_vec()))).collect();
        let (fresh, globals) = (self.fresh.clone(), self.globals.clone());
        Ok(emu_abi::encode(&Saved { fresh, globals, memory_len: memory.len() as u64, pages }))
    }

    /// The snapshot that was saved as these bytes; nothing if they are none.
    pub(super) fn restore(bytes: &[u8]) -> Option<Self> {
        let Saved { fresh, globals, memory_len, pages } = emu_abi::decode(bytes).ok()?;
        if memory_len > MAX_RESTORED_BYTES {
            return None;
        }
        let mut memory = vec![0; usize::try_from(memory_len).ok()?];
        for (number, Bytes(page)) in pages {
            let start = (number as usize).checked_mul(PAGE)?;
            memory.get_mut(start..start.checked_add(page.len())?)?.copy_from_slice(&page);
        }
        Some(Self { contents: Arc::new(Contents::freeze(&memory).ok()?), fresh, globals })
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
