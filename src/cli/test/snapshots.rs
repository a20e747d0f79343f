//! The files with snapshots, beside the tests as Vitest has them: `__snapshots__/<file>.snap`.
//!
//! Invariant: a file is written only when its text has changed.

use super::files::TestFile;
use crate::error::{Error, Result};
use crate::test::run::Snapshots;
use std::fs;
use std::path::PathBuf;

/// The largest file that is read.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// The snapshots of a test file, where there are any.
///
/// # Errors
/// When they are there and cannot be read.
pub(in crate::cli) fn read(file: &TestFile) -> Result<Snapshots> {
    let path = path_of(file);
    let refused = |error: std::io::Error| Error::config(format!("`{}` cannot be read", path.display())).because(error);
    match fs::metadata(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Snapshots::default()),
        Ok(metadata) if metadata.len() > MAX_BYTES => Err(refused(std::io::Error::other("it is too large"))),
        _ => match fs::read_to_string(&path) {
            Ok(text) => Ok(Snapshots { file: Some(text), inline: Vec::new() }),
            Err(error) => Err(refused(error)),
        },
    }
}

/// Writes the snapshots of a test file where they have changed; an empty text removes them.
///
/// # Errors
/// When the file cannot be written.
pub(in crate::cli) fn write(file: &TestFile, text: Option<&str>) -> Result<()> {
    let Some(text) = text.filter(|text| read(file).ok().and_then(|before| before.file).as_deref() != Some(*text))
    else {
        return Ok(());
    };
    let path = path_of(file);
    let written = match (text.is_empty(), path.parent()) {
        (true, _) => fs::remove_file(&path).or_else(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        }),
        (false, folder) => folder.map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text)),
    };
    written.map_err(|error| Error::storage(format!("`{}` cannot be written", path.display())).because(error))
}

fn path_of(file: &TestFile) -> PathBuf {
    let name = file.path.file_name().unwrap_or_default().to_string_lossy();
    file.path.with_file_name("__snapshots__").join(format!("{name}.snap"))
}
