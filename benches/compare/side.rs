//! The two sides of the comparison: where their programs are and how each is started.
//!
//! Invariant: builds commands, runs none.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::works::Worker;

/// One side of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The real workerd, from its npm package.
    Workerd,
    /// This project's binary.
    Emu,
}

impl Side {
    /// The side's name, as the table shows it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Workerd => "workerd",
            Self::Emu => "emu",
        }
    }

    /// The configuration that serves a worker, from the folder `benches`.
    fn config(self, worker: Worker) -> &'static str {
        match (self, worker) {
            (Self::Workerd, Worker::Compiled | Worker::JavaScript) => "workerd/config.capnp",
            (Self::Workerd, Worker::Hono) => "workerd/hono.capnp",
            (Self::Workerd, Worker::Compute) => "workerd/compute.capnp",
            (Self::Emu, Worker::Compiled) => "emu/wrangler.jsonc",
            (Self::Emu, Worker::JavaScript) => "emu/javascript.jsonc",
            (Self::Emu, Worker::Hono) => "emu/hono.jsonc",
            (Self::Emu, Worker::Compute) => "emu/compute.jsonc",
        }
    }
}

/// How a server is started.
#[derive(Clone, Copy, Default)]
pub(crate) struct Start<'a> {
    /// The worker to serve.
    pub(crate) worker: Worker,
    /// A copy of the folder `benches` to serve it from; `None` is the folder itself.
    pub(crate) benches: Option<&'a Path>,
    /// emu's `--evict-after`; `None` leaves its default. workerd evicts idle objects after ten seconds and cannot be told otherwise.
    pub(crate) evict_after: Option<&'static str>,
    /// Has emu sync every commit to disk, as workerd always does.
    pub(crate) synced: bool,
    /// Starts the program directly, without the wrapper that ends it should this process be killed outright. For measuring the start.
    pub(crate) bare: bool,
}

/// Everything needed to start either side.
pub(crate) struct Programs {
    benches: PathBuf,
    workerd: Option<PathBuf>,
    emu: Option<PathBuf>,
}

impl Programs {
    /// Finds the programs of `sides`.
    ///
    /// # Errors
    ///
    /// When one of them is missing; says how to get it.
    pub(crate) fn find(sides: &[Side]) -> Result<Self> {
        let benches = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches");
        let workerd = sides.contains(&Side::Workerd).then(|| find_workerd(&benches)).transpose()?;
        let emu = sides.contains(&Side::Emu).then(find_emu).transpose()?;
        Ok(Self { benches, workerd, emu })
    }

    /// The folder of the workers and their configurations.
    pub(crate) fn benches(&self) -> &Path {
        &self.benches
    }

    /// The program of a side, one of those asked for in [`Programs::find`].
    pub(crate) fn path(&self, side: Side) -> &Path {
        let path = match side {
            Side::Workerd => &self.workerd,
            Side::Emu => &self.emu,
        };
        path.as_deref().expect("only sides that were asked for are started")
    }

    /// The command line that serves the bench worker on a free port of 127.0.0.1, with its state on disk under `state`.
    pub(crate) fn serve(&self, side: Side, state: &Path, start: Start<'_>) -> Command {
        let mut command = Command::new(self.path(side));
        let config = start.benches.unwrap_or(&self.benches).join(side.config(start.worker));
        match side {
            Side::Workerd => {
                command.arg("serve").arg(config);
                command.args(["--socket-addr", "http=127.0.0.1:0", "--control-fd", "1"]);
                if matches!(start.worker, Worker::Compiled | Worker::JavaScript) {
                    command.arg("--directory-path").arg(format!("state={}", state.display()));
                }
            }
            Side::Emu => {
                command.arg("serve").arg(config);
                command.args(["--ip", "127.0.0.1", "--port", "0", "--persist-to"]).arg(state);
                command.args(start.evict_after.iter().flat_map(|after| ["--evict-after", after]));
                command.args(if start.synced { &["--durability", "full"][..] } else { &[] });
            }
        }
        command
    }
}

/// The port in a line that says the server is ready; `None` for every other line.
pub(crate) fn ready_port(side: Side, line: &str) -> Option<u16> {
    match side {
        // Its control channel: {"event":"listen","socket":"http","port":8787}
        Side::Workerd => {
            let event: serde_json::Value = serde_json::from_str(line).ok()?;
            event.get("event").filter(|event| *event == "listen")?;
            event.get("port")?.as_u64()?.try_into().ok()
        }
        // wrangler's line: Ready on http://localhost:8787
        Side::Emu => {
            let (_, url) = line.split_once("Ready on http://")?;
            let (_, rest) = url.split_once(':')?;
            let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
            digits.parse().ok()
        }
    }
}

fn find_workerd(benches: &Path) -> Result<PathBuf> {
    if let Some(path) = env::var_os("WORKERD_BIN") {
        return existing("WORKERD_BIN", PathBuf::from(path));
    }
    let packages = fs::read_dir(benches.join("workerd/node_modules/@cloudflare"));
    let binaries = packages.into_iter().flatten().flatten().map(|package| package.path().join("bin/workerd"));
    let found = binaries.into_iter().find(|binary| binary.is_file());
    found.ok_or_else(|| {
        "workerd is not installed\n  help: run `benches/workerd/install` (it needs npm)\n  \
         help: or measure emu alone with `--only-emu`, or name another workerd in `WORKERD_BIN`"
            .into()
    })
}

fn find_emu() -> Result<PathBuf> {
    if let Some(path) = env::var_os("EMU_BIN") {
        return existing("EMU_BIN", PathBuf::from(path));
    }
    // cargo builds the binary for its benches and says where; a copied bench looks beside itself, in `target/release`.
    let built = option_env!("CARGO_BIN_EXE_emu").map(PathBuf::from);
    let beside = env::current_exe().ok().and_then(|exe| Some(exe.parent()?.parent()?.join("emu")));
    let found = built.into_iter().chain(beside).find(|binary| binary.is_file());
    found.ok_or_else(|| "emu is not built\n  help: run `cargo build --release`, or name a binary in `EMU_BIN`".into())
}

fn existing(variable: &str, path: PathBuf) -> Result<PathBuf> {
    if path.is_file() {
        Ok(path)
    } else {
        Err(format!("`{variable}` names `{}`, which is no file", path.display()).into())
    }
}
