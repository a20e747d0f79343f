//! Notices changes of the files a worker is made of.
//!
//! Invariant: says that something changed, not what to do about it.

use crate::error::{Error, Result};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tokio::sync::mpsc;

/// Watches until it is dropped.
pub(super) struct Watch {
    _watcher: RecommendedWatcher,
}

/// Starts to watch `files` and everything in `folders`; the receiver gets the path that changed.
///
/// # Errors
/// When this machine cannot watch them.
pub(super) fn watch(files: &[PathBuf], folders: &[PathBuf]) -> Result<(Watch, mpsc::UnboundedReceiver<PathBuf>)> {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let wanted: BTreeSet<PathBuf> = files.iter().map(|file| absolute(file)).collect();
    let trees: Vec<PathBuf> = folders.iter().map(|folder| absolute(folder)).filter(|folder| folder.is_dir()).collect();
    let (sender, receiver) = mpsc::unbounded_channel();
    let watched_trees = trees.clone();
    // Editors replace files, so the folders are watched rather than the files.
    let parents: BTreeSet<PathBuf> = wanted.iter().filter_map(|file| file.parent().map(Path::to_owned)).collect();
    let refused = |error: notify::Error| {
        Error::storage("files cannot be watched for changes").because(error).hint("serve without it: `--no-watch`")
    };
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        if matches!(event.kind, EventKind::Access(_) | EventKind::Other) {
            return;
        }
        for path in event.paths {
            let meant = wanted.contains(&path) || watched_trees.iter().any(|tree| path.starts_with(tree));
            if meant {
                let _ = sender.send(path);
            }
        }
    })
    .map_err(refused)?;
    for parent in parents.iter().filter(|parent| parent.is_dir()) {
        watcher.watch(parent, RecursiveMode::NonRecursive).map_err(refused)?;
    }
    for tree in &trees {
        watcher.watch(tree, RecursiveMode::Recursive).map_err(refused)?;
    }
    Ok((Watch { _watcher: watcher }, receiver))
}
