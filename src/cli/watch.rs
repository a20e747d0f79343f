//! Notices changes of the files a worker is made of.
//!
//! Invariant: says that something changed, not what to do about it.

use crate::error::{Error, Result};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use tokio::sync::mpsc;

/// Files as they were at some moment: when they were last modified, and their length. `None` is a file that did not exist.
#[derive(Default)]
pub(super) struct Seen(BTreeMap<PathBuf, Option<(SystemTime, u64)>>);

impl Seen {
    /// Notes a file as it is now.
    pub(super) fn note(&mut self, file: &Path) {
        let file = absolute(file);
        let state = state_of(&file);
        self.0.insert(file, state);
    }

    /// Notes a file that was read at some time after `since`, unless it was noted before. One that was saved after `since`
    /// may have been read before that, so it counts as changed.
    pub(super) fn note_read(&mut self, file: &Path, since: SystemTime) {
        let file = absolute(file);
        if self.0.contains_key(&file) {
            return;
        }
        let state = state_of(&file);
        // A time that lies ahead is that of another clock and says nothing.
        let saved_since = state.is_some_and(|(modified, _)| since <= modified && modified <= now());
        self.0.insert(file, if saved_since { None } else { state });
    }

    /// Notes a file as it is now, unless it was noted before.
    pub(super) fn note_once(&mut self, file: &Path) {
        let file = absolute(file);
        if !self.0.contains_key(&file) {
            self.note(&file);
        }
    }

    /// The same files as they are now.
    pub(super) fn now(&self) -> Self {
        Self(self.0.keys().map(|file| (file.clone(), state_of(file))).collect())
    }

    /// Whether this file is among them.
    pub(super) fn has(&self, file: &Path) -> bool {
        self.0.contains_key(file)
    }

    /// Whether any of them is no longer what it was.
    pub(super) fn has_changed(&self) -> bool {
        self.0.iter().any(|(file, state)| state_of(file) != *state)
    }

    /// The files.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        self.0.keys().cloned().collect()
    }
}

/// The time by which files are stamped.
#[expect(clippy::disallowed_methods, reason = "compared with times of files, which are the system's")]
pub(super) fn now() -> SystemTime {
    SystemTime::now()
}

fn state_of(file: &Path) -> Option<(SystemTime, u64)> {
    let metadata = fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Watches until it is dropped.
pub(super) struct Watch {
    _watcher: RecommendedWatcher,
    changes: mpsc::UnboundedReceiver<PathBuf>,
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Watch {
    /// Waits for a change: anything in the folders, or a file that is no longer what was `seen`.
    pub(super) async fn changed(&mut self, seen: &Seen) {
        loop {
            match self.changes.recv().await {
                Some(path) if seen.has(&path) && !seen.has_changed() => {}
                Some(_) => return,
                // The watcher has gone; nothing will be said any more.
                None => std::future::pending().await,
            }
        }
    }

    /// The paths that have changed and were not asked for yet.
    pub(super) fn take_changes(&mut self) -> Vec<PathBuf> {
        std::iter::from_fn(|| self.changes.try_recv().ok()).collect()
    }

    /// Whether it watches just these.
    pub(super) fn covers(&self, files: &[PathBuf], folders: &[PathBuf]) -> bool {
        self.files == files && self.folders == folders
    }
}

/// Starts to watch `files` (absolute paths) and everything in `folders`.
///
/// # Errors
/// When this machine cannot watch them.
pub(super) fn watch(files: Vec<PathBuf>, folders: Vec<PathBuf>) -> Result<Watch> {
    let wanted: BTreeSet<PathBuf> = files.iter().cloned().collect();
    let trees: Vec<PathBuf> = folders.iter().map(|folder| absolute(folder)).filter(|folder| folder.is_dir()).collect();
    let (sender, changes) = mpsc::unbounded_channel();
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
    Ok(Watch { _watcher: watcher, changes, files, folders })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_file_that_was_saved_while_it_may_have_been_read_counts_as_changed() {
        let file = std::env::temp_dir().join(format!("emu-seen-{}.js", std::process::id()));
        fs::write(&file, "saved").expect("a file");
        let (saved, _) = state_of(&file).expect("its state");
        let second = Duration::from_secs(1);
        let ahead = now() + 3600 * second;
        let cases = [
            ("before the reading began", saved, saved + second, false),
            ("since the reading began", saved, saved - second, true),
            ("by another clock", ahead, saved, false),
        ];
        for (when, modified, since, changed) in cases {
            fs::File::options().write(true).open(&file).and_then(|open| open.set_modified(modified)).expect("a time");
            let mut seen = Seen::default();
            seen.note_read(&file, since);
            assert_eq!(seen.has_changed(), changed, "saved {when}");
            assert!(!seen.now().has_changed(), "noted anew, saved {when}");
        }
        fs::remove_file(&file).expect("the file");
    }
}
