//! The engines that workers run on: wasm, and the JavaScript engine that is part of emu.
//!
//! The JavaScript engine boots once per machine: its code and what it has become are kept in the cache folder, and so are
//! the images of the JavaScript workers that ran last.
//!
//! Invariant: a cache that is missing, damaged or read-only costs time and nothing else.

use super::load::Project;
use crate::error::{Error, Result};
use crate::isolate::{Base, Engine, EngineOptions, Image, Limits, Metering, Module};
use crate::lane::Prepared;
use crate::world::real::thread_cpu_time;
use emu_abi::{LogLevel, Module as GuestModule, ModuleKind};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

/// The JavaScript engine, compiled to wasm and compressed; `guest/build` makes it of `guest/js`.
const JAVASCRIPT: &[u8] = include_bytes!("../../guest/prebuilt/js.wasm.zst");
/// What `guest/build` says about the engines it made, their digests among it.
const MANIFEST: &str = include_str!("../../guest/prebuilt/MANIFEST");
/// The modules that tests import: one compressed object of sources by specifier, made of `guest/js/testing`.
const TESTING: &[u8] = include_bytes!("../../guest/prebuilt/testing.json.zst");
/// The name of the engine in errors.
const JAVASCRIPT_NAME: &str = "emu's JavaScript engine";
/// How many images of workers are kept. Each worker has one place, which it may have to share.
const IMAGES_KEPT: u8 = 16;
/// How the names of kept engines begin.
const ENGINE_PREFIX: &str = "javascript-";
/// Other engines that are kept: people go back and forth between a few versions of emu.
const MAX_OTHER_ENGINES: usize = 3;

/// The CPU time of an event in simulated worlds, a sixth of the platform's: code without end is met in many runs, and takes
/// half as long as this in each.
const SIMULATED_CPU: Duration = Duration::from_secs(5);

/// The engines, each started once.
pub(crate) struct Engines {
    /// Compiles and runs wasm.
    pub(crate) wasm: Engine,
    cache: Option<PathBuf>,
    /// Tells apart code that is metered in different ways.
    variant: &'static str,
    /// The CPU time of an event where the configuration does not say it.
    pub(crate) cpu: Duration,
    javascript: OnceLock<Base>,
}

impl Engines {
    /// Starts the wasm engine, which meters guests so. `cache` is the folder for what should be done once only.
    ///
    /// # Errors
    /// When the cache folder cannot be used, or this machine cannot run compiled wasm.
    pub(crate) fn new(cache: Option<PathBuf>) -> Result<Self> {
        Self::metered(cache, Metering::Time(thread_cpu_time), "", Limits::default().cpu)
    }

    /// The same, for simulated worlds: guests are limited by what they do and not by how long it takes.
    ///
    /// # Errors
    /// As [`Engines::new`].
    pub(crate) fn simulated(cache: Option<PathBuf>) -> Result<Self> {
        Self::metered(cache, Metering::Instructions, "-counted", SIMULATED_CPU)
    }

    fn metered(cache: Option<PathBuf>, metering: Metering, variant: &'static str, cpu: Duration) -> Result<Self> {
        let wasm = Engine::new(EngineOptions { cache: cache.clone(), metering })?;
        Ok(Self { wasm, cache, variant, cpu, javascript: OnceLock::new() })
    }

    /// The booted JavaScript engine.
    ///
    /// # Errors
    /// When this machine cannot compile it.
    pub(crate) fn javascript(&self) -> Result<&Base> {
        if let Some(base) = self.javascript.get() {
            return Ok(base);
        }
        let kept = self.cache.as_deref().map(|cache| engine_path(cache, self.variant));
        let base = match kept.as_deref().and_then(|path| Base::open(&self.wasm, path)) {
            Some(base) => base,
            None => self.boot(kept.as_deref())?,
        };
        Ok(self.javascript.get_or_init(|| base))
    }

    /// Compiles and boots the JavaScript engine, and keeps what that comes to.
    fn boot(&self, kept: Option<&Path>) -> Result<Base> {
        let wasm = zstd::decode_all(JAVASCRIPT)
            .map_err(|error| Error::internal(format!("{JAVASCRIPT_NAME} cannot be unpacked")).because(error))?;
        let module = Module::compile(&self.wasm, &wasm, JAVASCRIPT_NAME)?;
        let base = Base::boot(&self.wasm, module, JAVASCRIPT_NAME)?;
        if let Some(path) = kept {
            // Without it the next start takes longer.
            let _ = base.keep(path);
            forget_old_engines(path);
        }
        Ok(base)
    }

    /// Where the image of a JavaScript worker is kept.
    pub(crate) fn image_path(&self, project: &Project) -> Option<PathBuf> {
        project.bundle.as_ref()?;
        Some(image_path(self.cache.as_deref()?, project))
    }

    /// The image of a JavaScript worker, if it was kept when it ran last and is the same still. What its global scope
    /// logged goes to `log`. `digest` is that of [`Prepared`].
    pub(crate) fn kept_image(
        &self,
        project: &Project,
        digest: [u8; 32],
        log: &mut dyn FnMut(LogLevel, &str),
    ) -> Option<Image> {
        Image::open(self.javascript().ok()?, &self.image_path(project)?, image_key(digest), log)
    }

    /// Keeps the image of a worker for the next start, unless it is kept already.
    pub(crate) fn keep_image(&self, path: &Path, worker: &Prepared) {
        let Some(base) = self.javascript.get() else { return };
        let key = image_key(worker.digest);
        if Image::open(base, path, key, &mut |_, _| {}).is_none() {
            // Without it the next start takes longer.
            let _ = worker.launcher.image().keep(path, key);
        }
    }
}

/// The modules that tests import, which the engine is given beside a test file's bundle.
///
/// # Errors
/// Only when emu was built wrongly.
pub(crate) fn testing_modules() -> Result<Vec<GuestModule>> {
    let unpacked = zstd::decode_all(TESTING).map_err(|error| Error::internal("no modules for tests").because(error))?;
    let sources: BTreeMap<String, String> =
        serde_json::from_slice(&unpacked).map_err(|error| Error::internal("no modules for tests").because(error))?;
    let module = |(name, source): (String, String)| {
        let bytes = source.into_bytes().into();
        GuestModule { name, kind: ModuleKind::Script, bytes }
    };
    Ok(sources.into_iter().map(module).collect())
}

/// Where compiled code is kept: `EMU_CACHE_DIR`, or the user's cache folder if it can be made, which in a container it
/// often cannot.
pub(crate) fn cache_folder() -> Option<PathBuf> {
    let of_user = || {
        let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        base.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))
            .and_then(|base| std::path::absolute(base.join("emu")).ok())
            .filter(|folder| fs::create_dir_all(folder).is_ok())
    };
    match std::env::var_os("EMU_CACHE_DIR") {
        Some(folder) => std::path::absolute(folder).ok(),
        None => of_user(),
    }
}

/// What distinguishes this engine from every other one.
pub(crate) fn engine_digest() -> &'static str {
    let line = MANIFEST.lines().find(|line| line.starts_with("js ")).unwrap_or(MANIFEST);
    line.rsplit('=').next().unwrap_or(line).trim()
}

/// Where this engine is kept.
fn engine_path(cache: &Path, variant: &str) -> PathBuf {
    let digest = engine_digest();
    let short = digest.get(..16).unwrap_or(digest);
    cache.join(format!("{ENGINE_PREFIX}{}-{short}{variant}.image", env!("CARGO_PKG_VERSION")))
}

/// Removes other engines but the newest ones. Whoever still wants one that is removed boots once more.
fn forget_old_engines(own: &Path) {
    let Some(Ok(entries)) = own.parent().map(fs::read_dir) else { return };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let is_other = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        path != own && name.is_some_and(|name| name.starts_with(ENGINE_PREFIX))
    };
    let mut others: Vec<(Option<SystemTime>, PathBuf)> = paths
        .filter(is_other)
        .map(|path| (fs::metadata(&path).and_then(|metadata| metadata.modified()).ok(), path))
        .collect();
    others.sort_by(|one, other| other.cmp(one));
    for (_, path) in others.into_iter().skip(MAX_OTHER_ENGINES) {
        let _ = fs::remove_file(path);
    }
}

/// Where the image of a worker is kept: one of few places, so that the cache does not grow with every worker there ever
/// was.
fn image_path(cache: &Path, project: &Project) -> PathBuf {
    let path = std::path::absolute(&project.path).unwrap_or_else(|_| project.path.clone());
    let digest = Sha256::digest(format!("{}\0{}", path.display(), project.worker.name));
    cache.join(format!("worker-{:02}.image", digest[0] % IMAGES_KEPT))
}

/// Differs between any two images: the engine's version and all that the worker is made of.
fn image_key(worker: [u8; 32]) -> [u8; 32] {
    Sha256::new()
        .chain_update(env!("CARGO_PKG_VERSION"))
        .chain_update(engine_digest())
        .chain_update(worker)
        .finalize()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_engine_boots_to_the_same_memory_every_time_however_it_is_metered() {
        let folder = std::env::temp_dir().join(format!("emu-boots-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let meterings = [Metering::Time(thread_cpu_time), Metering::Instructions, Metering::Instructions];
        let mut images = Vec::new();
        for (number, metering) in meterings.into_iter().enumerate() {
            let engines = Engines::metered(None, metering, "", SIMULATED_CPU).expect("an engine");
            let path = folder.join(format!("{number}.image"));
            engines.javascript().expect("it boots").keep(&path).expect("a file");
            images.push(fs::read(&path).expect("the file"));
        }
        fs::remove_dir_all(&folder).expect("the folder");
        assert!(images[0].len() > 1_000_000, "{} bytes", images[0].len());
        assert!(images[0] == images[1] && images[1] == images[2], "the images differ");
    }

    #[test]
    fn only_the_newest_of_other_engines_are_kept() {
        let folder = std::env::temp_dir().join(format!("emu-images-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let make = |name: &str, age_s: u64| {
            let path = folder.join(name);
            let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 - age_s);
            fs::File::create(&path).and_then(|file| file.set_modified(modified)).expect("a file");
            path
        };
        let own = make("javascript-own.image", 100);
        for age_s in 1..=5 {
            make(&format!("javascript-{age_s}.image"), age_s);
        }
        make("javascript-6.9.unfinished", 6);
        make("modules", 50);
        forget_old_engines(&own);
        let entries = fs::read_dir(&folder).expect("the folder");
        let mut names: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name()).collect();
        names.sort();
        let kept =
            ["javascript-1.image", "javascript-2.image", "javascript-3.image", "javascript-own.image", "modules"];
        assert_eq!(names, kept);
        fs::remove_dir_all(&folder).expect("the folder");
    }

    #[test]
    fn the_manifest_tells_which_engine_is_part_of_emu() {
        let digest: String = Sha256::digest(JAVASCRIPT).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(engine_digest(), digest);
    }
}
