//! A folder with a scenario: the file, and the application that it is about.
//!
//! Invariant: reads; what the scenario comes to is not known here.

use super::application::{self, Application, Inputs};
use super::engines::Engines;
use super::load::read;
use crate::config::scenario::{Scenario, scenario};
use crate::config::{Overrides, Source};
use crate::error::{Error, Result};
use std::path::Path;

/// The name of a scenario's file.
pub(crate) const FILE_NAME: &str = "scenario.jsonc";

/// A scenario with its application.
pub(crate) struct Opened {
    pub(crate) scenario: Scenario,
    /// The file it was read from.
    pub(crate) source: Source,
    pub(crate) application: Application,
}

/// Reads a scenario and everything that it names; with the worker of the configuration `against`, where there is one.
///
/// # Errors
/// When the scenario, the configuration it names or the worker has errors.
pub(crate) fn open(
    engines: &Engines,
    file: &Path,
    against: Option<&Path>,
    overrides: &Overrides,
    inputs: &mut Inputs,
) -> Result<Opened> {
    inputs.files.push(file.to_owned());
    let source = read(file)?;
    let scenario = parse(&source)?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let config = against.map_or_else(|| folder.join(&scenario.worker.0), Path::to_owned);
    let application = application::open(engines, std::slice::from_ref(&config), overrides, inputs).map_err(
        |error| match against {
            Some(_) => error,
            None => error.hint(format!("the scenario names the configuration: {}", scenario.worker.1)),
        },
    )?;
    Ok(Opened { scenario, source, application })
}

/// A scenario from its text.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn parse(source: &Source) -> Result<Scenario> {
    scenario(source).map_err(|diagnostics| {
        let shown: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
        Error::config(format!("`{}` cannot be run\n\n{}", source.path.display(), shown.join("\n\n")))
    })
}
