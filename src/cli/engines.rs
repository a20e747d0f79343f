//! The engines that workers run on: wasm, and the JavaScript engine that is part of emu.
//!
//! The JavaScript engine boots once per machine: what it has become is kept in the cache folder, beside the compiled code.
//!
//! Invariant: a cache that is missing, damaged or read-only costs time and nothing else.

use crate::error::{Error, Result};
use crate::isolate::{Base, Engine, EngineOptions, Metering, Module};
use emu_abi::{Module as GuestModule, ModuleKind};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The JavaScript engine, compiled to wasm and compressed; `guest/build` makes it of `guest/js`.
const JAVASCRIPT: &[u8] = include_bytes!("../../guest/prebuilt/js.wasm.zst");
/// The modules that tests import: one compressed object of sources by specifier, made of `guest/js/testing`.
const TESTING: &[u8] = include_bytes!("../../guest/prebuilt/testing.json.zst");
/// The name of the engine in errors.
const JAVASCRIPT_NAME: &str = "emu's JavaScript engine";
/// The length of the digest at the head of a kept image.
const DIGEST_BYTES: usize = 32;

/// The engines, each started once.
pub(super) struct Engines {
    /// Compiles and runs wasm.
    pub(super) wasm: Engine,
    cache: Option<PathBuf>,
    javascript: OnceLock<Base>,
}

impl Engines {
    /// Starts the wasm engine, which meters guests so. `cache` is the folder for what should be done once only.
    ///
    /// # Errors
    /// When the cache folder cannot be used, or this machine cannot run compiled wasm.
    pub(super) fn new(cache: Option<PathBuf>, metering: Metering) -> Result<Self> {
        let wasm = Engine::new(EngineOptions { cache: cache.clone(), metering })?;
        Ok(Self { wasm, cache, javascript: OnceLock::new() })
    }

    /// The booted JavaScript engine.
    ///
    /// # Errors
    /// When this machine cannot compile it.
    pub(super) fn javascript(&self) -> Result<&Base> {
        if let Some(base) = self.javascript.get() {
            return Ok(base);
        }
        let wasm = zstd::decode_all(JAVASCRIPT)
            .map_err(|error| Error::internal(format!("{JAVASCRIPT_NAME} cannot be unpacked")).because(error))?;
        let module = Module::compile(&self.wasm, &wasm, JAVASCRIPT_NAME)?;
        let base = self.boot(module)?;
        Ok(self.javascript.get_or_init(|| base))
    }

    fn boot(&self, module: Module) -> Result<Base> {
        let kept = self.cache.as_deref().map(image_path);
        if let Some(base) = kept.as_deref().and_then(read).and_then(|image| Base::restore(module.clone(), &image)) {
            return Ok(base);
        }
        let base = Base::boot(&self.wasm, module, JAVASCRIPT_NAME)?;
        if let (Some(path), Some(image)) = (kept, base.save()) {
            // Without it the next start takes longer.
            let _ = write(&path, &image);
        }
        Ok(base)
    }
}

/// The modules that tests import, which the engine is given beside a test file's bundle.
///
/// # Errors
/// Only when emu was built wrongly.
pub(super) fn testing_modules() -> Result<Vec<GuestModule>> {
    let unpacked = zstd::decode_all(TESTING).map_err(|error| Error::internal("no modules for tests").because(error))?;
    let sources: BTreeMap<String, String> =
        serde_json::from_slice(&unpacked).map_err(|error| Error::internal("no modules for tests").because(error))?;
    let module = |(name, source): (String, String)| {
        let bytes = source.into_bytes().into();
        GuestModule { name, kind: ModuleKind::Script, bytes }
    };
    Ok(sources.into_iter().map(module).collect())
}

/// Where the image of this engine is kept.
fn image_path(cache: &Path) -> PathBuf {
    let digest: String = Sha256::digest(JAVASCRIPT).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    cache.join(format!("javascript-{}-{digest}.image", env!("CARGO_PKG_VERSION")))
}

/// The image in a file, if it is whole.
fn read(path: &Path) -> Option<Vec<u8>> {
    let mut kept = fs::read(path).ok()?;
    let image = kept.split_off(DIGEST_BYTES.min(kept.len()));
    (kept == Sha256::digest(&image).as_slice()).then_some(image)
}

/// Keeps an image, behind its digest. Other processes see all of it or nothing.
fn write(path: &Path, image: &[u8]) -> std::io::Result<()> {
    let unfinished = path.with_extension(format!("{}.unfinished", std::process::id()));
    let written = fs::write(&unfinished, [Sha256::digest(image).as_slice(), image].concat())
        .and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::real::thread_cpu_time;

    #[test]
    fn the_engine_boots_to_the_same_memory_every_time_however_it_is_metered() {
        let images =
            [Metering::Time(thread_cpu_time), Metering::Instructions, Metering::Instructions].map(|metering| {
                let wasm = Engine::new(EngineOptions { cache: None, metering }).expect("an engine");
                let engines = Engines { wasm, cache: None, javascript: OnceLock::new() };
                engines.javascript().expect("it boots").save().expect("an image")
            });
        assert!(images[0].len() > 1_000_000, "{} bytes", images[0].len());
        assert!(images[0] == images[1] && images[1] == images[2], "the images differ");
    }

    #[test]
    fn an_image_is_read_back_only_when_it_is_whole() {
        let folder = std::env::temp_dir().join(format!("emu-image-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("engine.image");
        assert_eq!(read(&path), None, "there is none");
        write(&path, b"memory").expect("a file");
        assert_eq!(read(&path).as_deref(), Some(b"memory".as_slice()));
        let whole = fs::read(&path).expect("the file");
        for damaged in [&whole[..whole.len() - 1], &whole[1..], b"", &[whole.as_slice(), b"x"].concat()] {
            fs::write(&path, damaged).expect("a file");
            assert_eq!(read(&path), None, "{} bytes", damaged.len());
        }
        fs::remove_dir_all(&folder).expect("the folder");
    }
}
