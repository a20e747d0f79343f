//! Inline snapshots, written into the test file.
//!
//! Invariant: a file is replaced as a whole, and only if it is still the one that was run.

use super::files::TestFile;
use crate::bundle::{InlineSnapshot, with_inline_snapshots};
use crate::error::{Error, Result};
use std::fs;
use std::io;
use std::path::Path;

/// Writes snapshots into a test file. `ran` is its text when it was run; places are `file:line:column`, the file from
/// `root`.
///
/// # Errors
/// When the file has changed since, one of the places is not in it, or it cannot be written.
pub(super) fn write(file: &TestFile, ran: &str, root: &Path, snapshots: &[(String, &str)]) -> Result<()> {
    let refused = |why: &str| {
        Error::usage(format!("inline snapshots of `{}` are not written: {why}", file.name))
            .hint("run the tests again; nothing was changed")
    };
    let failed =
        |error: io::Error| Error::storage(format!("`{}` cannot be written", file.path.display())).because(error);
    let path = file.path.canonicalize().map_err(failed)?;
    let mut here = Vec::new();
    for (place, text) in snapshots {
        let (other, line, column) = parse(place).ok_or_else(|| refused("their place is not known"))?;
        if root.join(other).canonicalize().ok().as_deref() != Some(&path) {
            return Err(refused(&format!("`{place}` is not in the test file itself")));
        }
        here.push(InlineSnapshot { line, column, text: (*text).to_owned() });
    }
    if fs::read_to_string(&path).map_err(failed)? != ran {
        return Err(refused("the file has changed since it was run"));
    }
    let text = with_inline_snapshots(&path, ran, &here).map_err(|why| refused(&why))?;
    replace(&path, &text).map_err(failed)
}

/// The file, line and column of `file:line:column`.
fn parse(place: &str) -> Option<(&str, usize, usize)> {
    let (rest, column) = place.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    Some((file, line.parse().ok()?, column.parse().ok()?))
}

/// Replaces a file at once, so that nobody finds half of it.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = fs::write(&beside, text)
        .and_then(|()| fs::set_permissions(&beside, fs::metadata(path)?.permissions()))
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}
