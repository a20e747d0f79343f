//! From a path on the command line to a checked configuration: finds and reads the files, shows the diagnostics.
//!
//! Invariant: the only part of the configuration's way that touches files.

use crate::bundle::Bundle;
use crate::config::{self, CONFIG_NAMES, Diagnostic, Loaded, Overrides, Severity, Source, Worker};
use crate::error::{Error, Result};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The largest file that is read as configuration.
const MAX_CONFIG_BYTES: u64 = 8 * 1024 * 1024;
/// How a configuration is named, for every verb that takes one.
const NAMED: &str = "`-c path/to/wrangler.jsonc`";

/// A configuration without errors.
pub(crate) struct Project {
    /// The configuration file.
    pub(crate) path: PathBuf,
    /// Its folder, which relative paths in it start from.
    pub(crate) folder: PathBuf,
    pub(crate) worker: Worker,
    /// Warnings and notes, and the errors if there were any.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Every file that is read, or would be if it existed.
    pub(crate) files: Vec<PathBuf>,
    /// The worker's modules, where `main` is source.
    pub(crate) bundle: Option<Arc<Bundle>>,
    /// Folders in which a new file may become a module.
    pub(crate) module_folders: Vec<PathBuf>,
}

/// The configuration that is meant: the one given, or the nearest one from the current folder upwards.
pub(crate) fn find(given: Option<&Path>) -> Result<PathBuf> {
    if let Some(given) = given {
        if given.is_dir() {
            return in_folder(given).ok_or_else(|| {
                Error::config(format!("there is no wrangler configuration in `{}`", given.display()))
                    .hint("it would be called wrangler.jsonc, wrangler.json or wrangler.toml")
            });
        }
        return Ok(given.to_owned());
    }
    let here = std::env::current_dir().map_err(|error| Error::usage("there is no current folder").because(error))?;
    nearest(&here).map(|found| found.strip_prefix(&here).unwrap_or(&found).to_owned()).ok_or_else(|| {
        Error::config(format!("no wrangler.jsonc in `{}` or above it", here.display()))
            .hint(format!("name one: {NAMED}"))
    })
}

/// The nearest configuration from a folder upwards.
pub(crate) fn nearest(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().find_map(in_folder)
}

fn in_folder(folder: &Path) -> Option<PathBuf> {
    CONFIG_NAMES.iter().map(|name| folder.join(name)).find(|path| path.is_file())
}

/// Reads and checks a configuration.
///
/// # Errors
/// When it cannot be read, or has errors; all of them are in the error's text.
pub(crate) fn load(path: &Path, overrides: &Overrides) -> Result<Project> {
    let source = read(path)?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let exists = |name: &str| folder.join(name).is_file();
    let env = overrides.env.as_deref();
    let secrets = config::secret_files(env, &exists)
        .into_iter()
        .map(|name| read(&folder.join(name)))
        .collect::<Result<Vec<_>>>()?;
    // Files that do not exist yet count too: making one of them is a change.
    let possible =
        [config::secret_files(env, &|_| true), config::secret_files(env, &|name| !name.starts_with(".dev.vars"))];
    let possible = possible.into_iter().flatten().map(|name| folder.join(name));
    let files = std::iter::once(path.to_owned()).chain(possible).collect();
    let Loaded { worker, diagnostics } = config::load(&source, &secrets, overrides);
    match worker {
        Some(worker) => Ok(Project {
            path: path.to_owned(),
            folder,
            worker,
            diagnostics,
            files,
            bundle: None,
            module_folders: Vec::new(),
        }),
        None => {
            let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
            let shown: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
            Err(Error::config(format!(
                "`{}` has {errors} error{}\n\n{}",
                path.display(),
                if errors == 1 { "" } else { "s" },
                shown.join("\n\n")
            )))
        }
    }
}

pub(super) fn read(path: &Path) -> Result<Source> {
    let refused = |error: std::io::Error| {
        let what = Error::config(format!("`{}` cannot be read", path.display()));
        match error.kind() {
            ErrorKind::NotFound => Error::config(format!("there is no file `{}`", path.display()))
                .hint(format!("name the configuration: {NAMED}")),
            ErrorKind::InvalidData => what.hint("it is not UTF-8 text"),
            _ => what.because(error),
        }
    };
    let size = fs::metadata(path).map_err(refused)?.len();
    if size > MAX_CONFIG_BYTES {
        return Err(Error::config(format!("`{}` is {size} bytes long; that is no configuration", path.display())));
    }
    let text = fs::read_to_string(path).map_err(refused)?;
    Ok(Source { path: path.to_owned(), text })
}
