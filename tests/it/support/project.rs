//! A wrangler project in a folder of its own.
//!
//! Invariant: the folder is removed with the project, unless the test failed: then it is what there is to look at.

use super::Emu;
use super::emu::{self, Ended};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder with a `wrangler.jsonc`, and a `worker.wasm` or sources beside it.
pub(crate) struct Project {
    folder: PathBuf,
}

impl Project {
    /// An empty folder.
    pub(crate) fn empty() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = tmp().join(format!("project-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).expect("the build's folder for tests can be written");
        Self { folder }
    }

    /// The sample worker.
    pub(crate) fn room() -> Self {
        Self::fixture("room")
    }

    /// The worker that does what a script tells it to.
    pub(crate) fn probe() -> Self {
        Self::fixture("probe")
    }

    /// The worker `guest/prebuilt/<name>.wasm` with the configuration `fixtures/<name>/wrangler.jsonc`.
    fn fixture(name: &str) -> Self {
        let project = Self::empty();
        let config = repository().join("fixtures").join(name).join("wrangler.jsonc");
        project.write("wrangler.jsonc", fs::read(&config).expect("the fixture's configuration"));
        project.copy_worker(&format!("{name}.wasm"));
        project
    }

    /// A copy of the sources in `fixtures/<name>`.
    pub(crate) fn sources(name: &str) -> Self {
        let project = Self::empty();
        project.copy(&repository().join("fixtures").join(name), Path::new(""));
        project
    }

    /// Copies the contents of a folder into the folder `to` of this project.
    pub(crate) fn copy(&self, from: &Path, to: &Path) {
        for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
            let entry = entry.expect("an entry");
            let name = to.join(entry.file_name());
            match entry.path() {
                path if path.is_dir() => self.copy(&path, &name),
                path => self.write(&name.to_string_lossy(), fs::read(path).expect("a file of the fixture")),
            }
        }
    }

    /// Copies a prebuilt worker to `worker.wasm`.
    pub(crate) fn copy_worker(&self, wasm: &str) {
        let prebuilt = repository().join("guest").join("prebuilt").join(wasm);
        fs::copy(&prebuilt, self.path("worker.wasm")).expect("the prebuilt worker");
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a file, and makes the folder it is in.
    pub(crate) fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        let path = self.path(name);
        let folder = path.parent().expect("a file in the project's folder");
        fs::create_dir_all(folder).expect("the project's folder can be written");
        fs::write(path, contents).expect("the project's folder can be written");
    }

    /// Replaces text in `wrangler.jsonc`; `from` must be there.
    pub(crate) fn replace(&self, from: &str, to: &str) {
        let config = fs::read_to_string(self.path("wrangler.jsonc")).expect("a configuration");
        assert!(config.contains(from), "`{from}` is not in the configuration");
        self.write("wrangler.jsonc", config.replace(from, to));
    }

    /// `wrangler.jsonc`, whose comments must stand on lines of their own.
    pub(crate) fn config(&self) -> Value {
        let text = fs::read_to_string(self.path("wrangler.jsonc")).expect("a configuration");
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        serde_json::from_str(&lines.join("\n")).expect("JSON but for lines of comments")
    }

    /// `emu` with these arguments, in this folder and nothing else of this process's surroundings.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.surroundings(emu::guarded(Path::new(env!("CARGO_BIN_EXE_emu"))));
        command.args(args);
        command
    }

    fn surroundings(&self, mut command: Command) -> Command {
        command.current_dir(&self.folder).env_clear();
        command.env("PATH", "/usr/bin:/bin").env("HOME", &self.folder).env("EMU_CACHE_DIR", tmp().join("cache"));
        command
    }

    /// Starts `emu serve` on any port and waits until it is ready.
    pub(crate) fn serve(&self, args: &[&str]) -> Emu {
        self.start(&[&["serve", "--port", "0"], args].concat())
    }

    /// Starts emu with exactly these arguments and waits until it is ready.
    pub(crate) fn start(&self, args: &[&str]) -> Emu {
        Emu::start(self, self.command(args))
    }

    /// Starts emu with exactly these arguments and does not wait for anything.
    pub(crate) fn spawn(&self, args: &[&str]) -> Emu {
        Emu::spawn(self, self.command(args))
    }

    /// Starts `emu serve` after a shell has run `setup`.
    pub(crate) fn serve_after(&self, setup: &str) -> Emu {
        let mut command = self.surroundings(emu::guarded(Path::new("/bin/sh")));
        command.args(["-c", &format!("{setup}; exec \"$0\" serve --port 0"), env!("CARGO_BIN_EXE_emu")]);
        Emu::start(self, command)
    }

    /// Runs `emu` with these arguments to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        emu::run_to_end(self.command(args))
    }

    /// Where the databases of a class are kept.
    pub(crate) fn databases(&self, unique_key: &str) -> PathBuf {
        self.path(".wrangler/state/v3/do").join(unique_key)
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the project is left in {}", self.folder.display());
        } else {
            // It may have been made unwritable, or be gone.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// The folder of the repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder that cargo gives to tests.
fn tmp() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}
