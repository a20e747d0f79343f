//! The state folder: where objects are kept, who uses it, and how `emu do` finds the server.
//!
//! Invariant: two emus never use one state folder; the kernel releases the lock when the process ends, however it ends.

use crate::error::{Error, Result};
use rustix::fs::{FlockOperation, flock};
use serde_json::json;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

/// A state folder that this process uses.
pub(super) struct State {
    folder: PathBuf,
    file: File,
}

impl State {
    /// Takes `folder` for this process.
    ///
    /// # Errors
    /// When it cannot be written, or another emu uses it.
    pub(super) fn take(folder: &Path) -> Result<Self> {
        let refused = |error: std::io::Error| {
            Error::storage(format!("the state folder `{}` cannot be written", folder.display()))
                .because(error)
                .hint("choose another with `--persist-to`, or keep nothing with `--ephemeral`")
        };
        fs::create_dir_all(folder).map_err(refused)?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(folder.join("emu.json"))
            .map_err(refused)?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            let mut other = String::new();
            let _ = file.read_to_string(&mut other);
            return Err(Error::storage(format!(
                "another emu uses the state folder `{}`: {}",
                folder.display(),
                other.trim()
            ))
            .hint("stop it, choose another folder with `--persist-to`, or keep nothing with `--ephemeral`"));
        }
        Ok(Self { folder: folder.to_owned(), file })
    }

    /// Where objects are kept, in the platform's own layout (reference §1.17).
    pub(super) fn objects(&self) -> PathBuf {
        self.folder.join("v3").join("do")
    }

    /// Tells `emu do` where the server is.
    pub(super) fn announce(&mut self, url: &str) -> Result<()> {
        let text = format!("{}\n", json!({ "pid": std::process::id(), "url": url }));
        self.write(&text).map_err(|error| {
            Error::storage(format!("`{}` cannot be written", self.folder.join("emu.json").display())).because(error)
        })
    }

    fn write(&mut self, text: &str) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(text.as_bytes())
    }
}

impl Drop for State {
    fn drop(&mut self) {
        // Emptied rather than removed: whoever waits for the lock has this very file open.
        let _ = self.write("");
    }
}
