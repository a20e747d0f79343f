//! From saving a changed source to the first answer of the changed worker.
//!
//! Invariant: see `load`. Changes a copy of the sources, never the sources.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::{Round, Setting};
use crate::Result;
use crate::http::Connection;
use crate::server::Server;
use crate::side::Start;
use crate::works::{Metric, Route};

/// How long a reload may take.
const RELOAD_TIME_MAX: Duration = Duration::from_secs(10);
/// Between the first answer and the change: a watcher of files needs a moment before it sees changes.
const SETTLE_TIME: Duration = Duration::from_millis(300);

/// One change, in a server of its own.
pub(super) async fn round(setting: Setting<'_>) -> Result<Round> {
    let copy = Copy::new(setting.programs.benches(), setting.tag)?;
    let server =
        Server::start(setting.programs, setting.side, Start { benches: Some(&copy.folder), ..setting.start() }).await?;
    let before = get(&server).await?;
    sleep(SETTLE_TIME).await;
    let source = fs::read_to_string(copy.source())?;
    let at = Instant::now();
    fs::write(copy.source(), source.replace("`hello ", "`changed hello "))?;
    loop {
        match get(&server).await {
            Ok(after) if after == format!("changed {before}") => break,
            // The old worker, or a server that restarts.
            Ok(_) | Err(_) if at.elapsed() < RELOAD_TIME_MAX => sleep(Duration::from_millis(1)).await,
            Ok(after) => return Err(server.describe(&format!("still answers `{after}`"))),
            Err(error) => return Err(server.describe(&error.to_string())),
        }
    }
    Ok(Round { readings: vec![(Metric::MedianMs, at.elapsed().as_secs_f64() * 1e3)], notes: Vec::new() })
}

async fn get(server: &Server) -> Result<String> {
    let mut connection = Connection::open(server.port()).await?;
    Ok(connection.get(&Route::Hono.path("")).await?.to_owned())
}

/// The part of `benches` that emu serves the Hono application from.
struct Copy {
    folder: PathBuf,
}

impl Copy {
    fn new(benches: &Path, tag: &str) -> Result<Self> {
        let base = option_env!("CARGO_TARGET_TMPDIR").map_or_else(std::env::temp_dir, PathBuf::from);
        let copy = Self { folder: base.join(format!("compare-{}-reload-{tag}", std::process::id())) };
        for file in ["emu/hono.jsonc", "workerd/hono.js"] {
            let to = copy.folder.join(file);
            fs::create_dir_all(to.parent().unwrap_or(&copy.folder))?;
            fs::copy(benches.join(file), to)?;
        }
        symlink(benches.join("workerd/node_modules"), copy.folder.join("workerd/node_modules"))?;
        Ok(copy)
    }

    fn source(&self) -> PathBuf {
        self.folder.join("workerd/hono.js")
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // What is left is in a folder for such things.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
