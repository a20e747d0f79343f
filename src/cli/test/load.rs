//! From configurations to a workshop in which test files become programs.
//!
//! Invariant: builds run once, before anything is bundled.

use super::program::Workshop;
use super::vitest_config::VitestConfig;
use crate::cli::eprint;
use crate::cli::serve::show;
use crate::cli::watch::Seen;
use crate::config::Overrides;
use crate::error::{Error, Result};
use crate::project::application::Inputs;
use crate::project::engines::Engines;
use crate::project::engines::cache_folder;
use crate::project::load::{self, Project};
use crate::project::{prepare, source};
use crate::test::story::quoted;
use crate::world::real::today;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The engines that tests run on.
///
/// # Errors
/// As [`Engines::simulated`].
pub(in crate::cli) fn engines() -> Result<Arc<Engines>> {
    let cache = cache_folder();
    if cache.is_none() {
        let note = "there is no folder to keep compiled code in, so starting takes seconds longer";
        eprint(&format!("note: {note}; `EMU_CACHE_DIR` names one\n"));
    }
    Engines::simulated(cache).map(Arc::new)
}

/// What the command line says of configurations.
pub(in crate::cli) fn overrides(env: Option<&str>) -> Overrides {
    Overrides { env: env.map(str::to_owned), today: today(), ..Overrides::default() }
}

/// The arguments by which a reader has named the configurations, as they stand behind `emu test`.
pub(in crate::cli) fn arguments(configs: &[PathBuf], env: Option<&str>) -> String {
    let configs = configs.iter().map(|config| format!(" -c {}", quoted(&config.to_string_lossy())));
    configs.chain(env.map(|env| format!(" --env {}", quoted(env)))).collect()
}

/// Reads the configurations, the first one of the worker that is tested, and notes the files they are made of.
///
/// # Errors
/// When one of them has errors, or a worker cannot be built.
pub(in crate::cli) fn workshop(
    engines: &Arc<Engines>,
    configs: &[PathBuf],
    env: Option<&str>,
    seen: &mut Seen,
) -> Result<Workshop> {
    let (paths, vitest) = find(configs)?;
    if let Some(path) = &vitest.path {
        seen.note_once(path);
    }
    for warning in &vitest.warnings {
        eprint(&format!("warning: {warning}\n"));
    }
    let overrides = overrides(env.or(vitest.environment.as_deref()));
    let mut projects: Vec<Project> = Vec::new();
    for path in paths {
        seen.note_once(&path);
        let mut project = load::load(&path, &overrides)?;
        if projects.is_empty() {
            vitest.apply(&mut project);
        }
        show(&project.diagnostics);
        if projects.iter().any(|other| other.worker.name == project.worker.name) {
            let name = &project.worker.name;
            return Err(Error::config(format!("two of the configurations describe workers of the name `{name}`")));
        }
        let mut inputs = Inputs::default();
        inputs.note(&project);
        inputs.files.iter().for_each(|file| seen.note_once(file));
        inputs.trees.iter().for_each(|folder| seen.note_tree(folder));
        prepare::build(&project, &mut |line| eprint(&format!("{line}\n")))?;
        // The first worker becomes part of each test file's program.
        if !projects.is_empty() {
            let mut warn = |warning: &str| eprint(&format!("warning: {warning}\n"));
            source::bundle(&mut project, &mut warn, &mut |input| seen.note_once(input))?;
        }
        projects.push(project);
    }
    show(&prepare::missing_services(&projects));
    Workshop::new(Arc::clone(engines), projects, overrides, vitest)
}

/// The configurations that are meant, and Vitest's: that beside the first of them, or of the current folder, which may
/// name another one.
pub(super) fn find(configs: &[PathBuf]) -> Result<(Vec<PathBuf>, VitestConfig)> {
    if !configs.is_empty() {
        let paths = configs.iter().map(|config| load::find(Some(config))).collect::<Result<Vec<_>>>()?;
        let vitest = VitestConfig::of(paths[0].parent().unwrap_or(Path::new("")));
        return Ok((paths, vitest));
    }
    let here = VitestConfig::of(Path::new(""));
    if let Some(named) = &here.wrangler {
        return Ok((vec![load::find(Some(named))?], here));
    }
    let path = load::find(None)?;
    let vitest = match here.path {
        Some(_) => here,
        None => VitestConfig::of(path.parent().unwrap_or(Path::new(""))),
    };
    Ok((vec![path], vitest))
}
