//! Recordings of requests to other hosts: where they lie, and what is in them.
//!
//! Invariant: reads; bounded, whatever is in the file.

use crate::core::outgoing::Rule;
use crate::core::recording::{self, MAX_FILE_BYTES};
use crate::error::{Error, Result};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The name of a recording that is found by itself.
const FILE_NAME: &str = "http.jsonl";

/// The recording beside a file, or in the nearest folder above it, up to and with `root`.
pub(crate) fn find(file: &Path, root: &Path) -> Option<PathBuf> {
    let folder = file.parent()?;
    let above = folder.ancestors().take_while(|folder| folder.starts_with(root));
    let folders = std::iter::once(folder).chain(above.skip(1));
    folders.map(|folder| folder.join(FILE_NAME)).find(|path| path.is_file())
}

/// What a recording answers.
///
/// # Errors
/// When it cannot be read, or a line of it is none: which.
pub(crate) fn read(path: &Path) -> Result<Vec<Rule>> {
    let shown = path.display();
    let refused = |error: std::io::Error| Error::config(format!("`{shown}` cannot be read")).because(error);
    let mut bytes = Vec::new();
    File::open(path).map_err(refused)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(refused)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        let message = format!("`{shown}` is larger than {} MiB", MAX_FILE_BYTES >> 20);
        return Err(Error::config(message).hint("delete the lines that no test needs"));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
        Error::config(format!("{shown}:{line}: this is no UTF-8 text"))
    })?;
    recording::parse(&shown.to_string(), &text).map_err(|what| {
        Error::config(what).hint("each line of a recording is one JSON object: `{ \"url\": …, \"answer\": { … } }`")
    })
}
