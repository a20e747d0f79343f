//! `emu test --watch`: runs again whenever something changes that tests are made of.
//!
//! Invariant: what is saved while tests run is taken up by the next run; what a run writes itself starts none.

use super::args::TestArgs;
use super::files::{self, Listing};
use super::load;
use crate::cli::eprint;
use crate::cli::watch::{self, Seen};
use crate::error::{self, Result};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio::runtime::Runtime;

/// Several changes within this time are one.
const SETTLE: Duration = Duration::from_millis(50);

/// Runs the tests again and again, until interrupted. `once` runs them, and notes what they are made of.
///
/// # Errors
/// When there is nothing to watch, or this machine cannot watch it.
pub(super) fn run(
    args: &TestArgs,
    runtime: &Runtime,
    once: &mut dyn FnMut(&mut Seen) -> Result<()>,
) -> Result<ExitCode> {
    let mut last = Seen::default();
    loop {
        let (mut seen, found) = (Seen::default(), listing(args));
        let result = once(&mut seen);
        if seen.is_empty() {
            // Not even a configuration: what there was before may come back.
            seen = last.now();
        }
        match result {
            Err(error) if seen.is_empty() => return Err(error),
            Err(error) => eprint(&error::report(&error)),
            Ok(()) => {}
        }
        eprint("\nwaiting for a change\n");
        runtime.block_on(until_changed(args, &seen, &found))?;
        last = seen;
    }
}

/// Waits until a file is no longer what was seen, or other tests are found.
#[expect(clippy::disallowed_methods, reason = "lets several writes of one save settle")]
async fn until_changed(args: &TestArgs, seen: &Seen, found: &Listing) -> Result<()> {
    loop {
        let now = listing(args);
        let trees = seen.trees();
        let mut watch = watch::watch(seen.files(), trees.clone(), &now.folders)?;
        // What was saved before there was a watch.
        let since = listing(args);
        if seen.has_changed() || since.files != found.files {
            break;
        }
        if since.folders != now.folders {
            continue;
        }
        let path = watch.changed(seen).await;
        tokio::time::sleep(SETTLE).await;
        if trees.iter().any(|tree| path.starts_with(tree)) {
            break;
        }
    }
    tokio::time::sleep(SETTLE).await;
    Ok(())
}

/// The tests there are now. None where they cannot be looked for, which the run says.
fn listing(args: &TestArgs) -> Listing {
    if let Some(files) = files::scenarios(&args.files) {
        let named = args.files.iter().map(PathBuf::from);
        let folders = named.map(|path| if path.is_dir() { path } else { parent(&path) }).collect();
        return Listing { files, folders, ..Listing::default() };
    }
    let Ok((configs, vitest)) = load::find(&args.configs) else { return Listing::default() };
    let own = configs.first().map_or_else(|| PathBuf::from("."), |config| parent(config));
    files::list(vitest.folder().unwrap_or(&own), &own, &vitest.patterns, &args.files).unwrap_or_default()
}

fn parent(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new(".")).to_owned()
}
