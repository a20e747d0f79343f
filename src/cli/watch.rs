//! Notices changes of the files a worker is made of.
//!
//! Invariant: says that something changed, not what to do about it.

use crate::error::{Error, Result};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;
use tokio::sync::mpsc;

/// Files as they were at some moment, and folders of which every file matters.
#[derive(Default)]
pub(super) struct Seen {
    /// When they were last modified, and their length. `None` is a file that did not exist.
    files: BTreeMap<PathBuf, Option<(SystemTime, u64)>>,
    trees: BTreeSet<PathBuf>,
}

impl Seen {
    /// Notes a file as it is now.
    pub(super) fn note(&mut self, file: &Path) {
        let file = absolute(file);
        let state = state_of(&file);
        self.files.insert(file, state);
    }

    /// Notes a file that was read at some time after `since`, unless it was noted before. One that was saved after `since`
    /// may have been read before that, so it counts as changed.
    pub(super) fn note_read(&mut self, file: &Path, since: SystemTime) {
        let file = absolute(file);
        if self.files.contains_key(&file) {
            return;
        }
        let state = state_of(&file);
        // A time that lies ahead is that of another clock and says nothing.
        let saved_since = state.is_some_and(|(modified, _)| since <= modified && modified <= now());
        self.files.insert(file, if saved_since { None } else { state });
    }

    /// Notes a file as it is now, unless it was noted before.
    pub(super) fn note_once(&mut self, file: &Path) {
        let file = absolute(file);
        if !self.files.contains_key(&file) {
            self.note(&file);
        }
    }

    /// Notes a folder of which every file matters, such as one that a build reads.
    pub(super) fn note_tree(&mut self, folder: &Path) {
        self.trees.insert(absolute(folder));
    }

    /// The folders of which every file matters.
    pub(super) fn trees(&self) -> Vec<PathBuf> {
        self.trees.iter().cloned().collect()
    }

    /// Whether nothing was noted.
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The same files as they are now.
    pub(super) fn now(&self) -> Self {
        let files = self.files.keys().map(|file| (file.clone(), state_of(file))).collect();
        Self { files, trees: self.trees.clone() }
    }

    /// Whether this file is among them.
    pub(super) fn has(&self, file: &Path) -> bool {
        self.files.contains_key(file)
    }

    /// Whether any of them is no longer what it was.
    pub(super) fn has_changed(&self) -> bool {
        self.files.iter().any(|(file, state)| state_of(file) != *state)
    }

    /// The files.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        self.files.keys().cloned().collect()
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

/// One path for one file: a folder is watched under one name only, so `talk/../w.js` would go unnoticed beside `w.js`.
fn absolute(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if !path.components().any(|part| part == Component::ParentDir) {
        return path;
    }
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    match (folder, path.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => path.canonicalize().unwrap_or(path),
    }
}

/// Watches until it is dropped.
pub(super) struct Watch {
    _watcher: RecommendedWatcher,
    changes: mpsc::UnboundedReceiver<PathBuf>,
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Watch {
    /// Waits for a change: anything in the folders, or a file that is no longer what was `seen`. Gives its path.
    pub(super) async fn changed(&mut self, seen: &Seen) -> PathBuf {
        loop {
            match self.changes.recv().await {
                Some(path) if seen.has(&path) && !seen.has_changed() => {}
                Some(path) => return path,
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

/// Starts to watch `files` (absolute paths), everything in `folders`, and what is directly in those that are `listed`.
///
/// # Errors
/// When this machine cannot watch them.
pub(super) fn watch(files: Vec<PathBuf>, folders: Vec<PathBuf>, listed: &[PathBuf]) -> Result<Watch> {
    let wanted: BTreeSet<PathBuf> = files.iter().cloned().collect();
    let trees: Vec<PathBuf> = folders.iter().map(|folder| absolute(folder)).filter(|folder| folder.is_dir()).collect();
    let (sender, changes) = mpsc::unbounded_channel();
    let watched_trees = trees.clone();
    // Editors replace files, so the folders are watched rather than the files.
    let listed: BTreeSet<PathBuf> = listed.iter().map(|folder| absolute(folder)).collect();
    let parents = wanted.iter().filter_map(|file| file.parent().map(Path::to_owned));
    let parents: BTreeSet<PathBuf> = parents.chain(listed.iter().cloned()).collect();
    let refused = |error: notify::Error| Error::storage("files cannot be watched for changes").because(error);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        if matches!(event.kind, EventKind::Access(_) | EventKind::Other) {
            return;
        }
        for path in event.paths {
            let is_listed = || path.parent().is_some_and(|folder| listed.contains(folder));
            let is_inside = || watched_trees.iter().any(|tree| path.starts_with(tree));
            if wanted.contains(&path) || is_inside() || is_listed() {
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
    fn a_file_has_one_name() {
        let folder = std::env::temp_dir().canonicalize().expect("a folder");
        let inside = folder.join(format!("emu-names-{}", std::process::id()));
        fs::create_dir_all(&inside).expect("a folder");
        for path in [inside.join("../w.js"), inside.join("../x/../w.js"), folder.join("w.js")] {
            let is_there = !path.components().any(|part| part.as_os_str() == "x");
            assert_eq!(absolute(&path) == folder.join("w.js"), is_there, "{}", path.display());
        }
        fs::remove_dir_all(&inside).expect("the folder");
    }

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
