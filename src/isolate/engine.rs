//! The wasm engine: how guests are compiled and cached, and how their CPU time is metered.
//!
//! Invariant: the same guest and the same events give the same memory on every machine; what of that is metered by time,
//! and so not the same, can only end a guest.

use super::memory::ImageMemoryCreator;
use super::meter::{Meter, Metering};
use crate::error::{Error, Result};
use std::path::PathBuf;
use std::sync::Arc;

/// The wasm call stack of a guest, in bytes. Lane threads must have more than this.
pub(super) const WASM_STACK: usize = 16 * 1024 * 1024;

/// How the engine is set up.
pub struct EngineOptions {
    /// Where compiled code is kept between runs; `None` keeps none.
    pub cache: Option<PathBuf>,
    /// How the CPU time of guests is metered. Code that is compiled for one way does not run the other.
    pub metering: Metering,
}

/// The process's wasm engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub(super) wasmtime: wasmtime::Engine,
    pub(super) meter: Meter,
}

impl Engine {
    /// Sets the engine up.
    ///
    /// # Errors
    /// When the cache folder cannot be used, or this machine cannot run compiled wasm.
    pub fn new(options: EngineOptions) -> Result<Self> {
        let mut config = wasmtime::Config::new();
        config
            .epoch_interruption(matches!(options.metering, Metering::Time(_)))
            .consume_fuel(matches!(options.metering, Metering::Instructions))
            // wasmtime wants its stack for asynchronous calls, which emu makes none of, to be the larger one.
            .async_stack_size(WASM_STACK)
            .max_wasm_stack(WASM_STACK)
            .cranelift_nan_canonicalization(true)
            .relaxed_simd_deterministic(true)
            .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(32))
            .with_host_memory(Arc::new(ImageMemoryCreator));
        if let Some(folder) = options.cache {
            config.cache(Some(open_cache(folder)?));
        }
        let wasmtime = wasmtime::Engine::new(&config)
            .map_err(|error| Error::internal("the wasm engine cannot start").because(error))?;
        let meter = Meter::new(options.metering, &wasmtime);
        Ok(Self { wasmtime, meter })
    }
}

fn open_cache(folder: PathBuf) -> Result<wasmtime::Cache> {
    let mut config = wasmtime::CacheConfig::new();
    config.with_directory(folder.clone());
    wasmtime::Cache::new(config).map_err(|error| {
        Error::storage(format!("the compile cache `{}` cannot be used", folder.display()))
            .because(error)
            .hint("set `EMU_CACHE_DIR` to a folder that can be written")
    })
}
