//! Applications on libraries that nobody here wrote, installed from npm and used as their documentation shows.
//!
//! The libraries' versions are those of `fixtures/npm/package-lock.json`; npm installs them once for each change of it.
//!
//! Invariant: asserts what the libraries promise; how they come by it is theirs.

mod hono;
mod libraries;
mod party;
mod rooms;

use crate::support::{Project, repository};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The application `fixtures/npm/<name>`, with the libraries beside it.
fn application(name: &str) -> Project {
    let project = Project::sources(&format!("npm/{name}"));
    symlink(libraries(), project.path("node_modules")).expect("the project's folder can be written");
    project
}

/// The folder `node_modules`, installed where it is not there.
fn libraries() -> &'static Path {
    static INSTALLED: OnceLock<PathBuf> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let fixtures = repository().join("fixtures/npm");
        let mut hasher = DefaultHasher::new();
        fs::read(fixtures.join("package-lock.json")).expect("the lock file").hash(&mut hasher);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("npm-{:016x}", hasher.finish()));
        if !folder.exists() {
            install(&fixtures, &folder);
        }
        folder.join("node_modules")
    })
}

/// Installs into a folder that gets its name when it is complete.
fn install(fixtures: &Path, folder: &Path) {
    let unfinished = folder.with_extension(std::process::id().to_string());
    fs::create_dir_all(&unfinished).expect("the build's folder for tests can be written");
    for file in ["package.json", "package-lock.json"] {
        fs::copy(fixtures.join(file), unfinished.join(file)).expect("the fixture's file");
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&unfinished);
    let output = npm.output().expect("npm is installed: these tests need Node.js 20 or newer");
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "npm ci: {text}");
    // Another process may have been faster.
    if fs::rename(&unfinished, folder).is_err() {
        let _ = fs::remove_dir_all(&unfinished);
        assert!(folder.exists(), "nothing was installed: {text}");
    }
}
