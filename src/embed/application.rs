//! An application that is read, built and frozen once, and the worlds that are opened with it.
//!
//! Invariant: an application never changes; all worlds of it begin alike.

use super::stage::{Plan, Stage};
use super::{World, outside};
use crate::config::Overrides;
use crate::error::{Error, Result};
use crate::project::application::{self as project, Application as Frozen};
use crate::project::engines::{Engines, cache_folder};
use crate::simulate::{Rule, Setup};
use crate::world::real::today;
use crate::world::simulated::Keep;
use crate::world::{Points, Rerun, Seed};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The engines of this process: starting them takes longer than most tests.
static ENGINES: OnceLock<Engines> = OnceLock::new();
/// The variable that repeats a run.
pub(super) const SEED_VARIABLE: &str = "EMU_SEED";

/// An application: workers that can run. Cheap to clone, and can be sent to other threads.
#[derive(Clone)]
pub struct Application(Arc<Frozen>);

impl Application {
    /// Reads a configuration, builds and freezes its worker.
    ///
    /// # Errors
    /// When the configuration or the worker has errors.
    pub fn open(config: impl AsRef<Path>) -> Result<Self> {
        Self::open_all(&[config])
    }

    /// The same of several workers that are bound to each other; requests go to the first one.
    ///
    /// # Errors
    /// As [`Application::open`].
    pub fn open_all(configs: &[impl AsRef<Path>]) -> Result<Self> {
        let configs: Vec<_> = configs.iter().map(|config| config.as_ref().to_owned()).collect();
        let overrides = Overrides { env: Some(String::new()), today: today(), ..Overrides::default() };
        Ok(Self(Arc::new(project::open(engines()?, &configs, &overrides, &mut project::Inputs::default())?)))
    }

    /// A world with this application, to be told how it is to be.
    pub fn world(&self) -> Builder {
        Builder {
            application: self.clone(),
            rerun: None,
            points: Points::NONE,
            start_ms: None,
            keep: Keep::default(),
            rules: Arc::default(),
            refused: None,
        }
    }

    /// Warnings of the configuration and the sources, and what was logged in global scope.
    pub fn notes(&self) -> &[String] {
        &self.0.said
    }

    /// A class and the name of an object in it.
    pub(super) fn split(&self, object: &str) -> std::result::Result<(usize, String), String> {
        let (class, name) = object
            .split_once(['/', ':'])
            .filter(|(_, name)| !name.is_empty())
            .ok_or_else(|| format!("`{object}` names no object: write `BINDING/name`"))?;
        let found = self.0.classes.iter().find(|(known, _)| known == class);
        found.map(|(_, namespace)| (*namespace, name.to_owned())).ok_or_else(|| {
            let known: Vec<_> = self.0.classes.iter().map(|(known, _)| format!("`{known}`")).collect();
            format!("there is no binding or class `{class}`; there is {}", known.join(", "))
        })
    }
}

fn engines() -> Result<&'static Engines> {
    if let Some(engines) = ENGINES.get() {
        return Ok(engines);
    }
    // Of two threads that start one each, the second one's is dropped.
    let engines = Engines::simulated(cache_folder())?;
    Ok(ENGINES.get_or_init(|| engines))
}

/// How a world is to be.
pub struct Builder {
    application: Application,
    pub(super) rerun: Option<Rerun>,
    points: Points,
    start_ms: Option<f64>,
    pub(super) keep: Keep,
    /// What was recorded of other hosts.
    pub(super) rules: Arc<[Rule]>,
    /// What was told and cannot be.
    refused: Option<Error>,
}

impl Builder {
    /// Where all randomness comes from: `7f3a-19c2`, or with the decisions that a failure named, `7f3a-19c2:evict.1.0=1`.
    #[must_use]
    pub fn seed(mut self, seed: &str) -> Self {
        match seed.parse() {
            Ok(rerun) => self.rerun = Some(rerun),
            Err(message) => self.refused = Some(Error::usage(message)),
        }
        self
    }

    /// Which faults the seed may cause: points and classes behind commas, such as `silent,crash`.
    #[must_use]
    pub fn faults(mut self, faults: &str) -> Self {
        match Points::parse(faults) {
            Ok(points) => self.points = points,
            Err(message) => self.refused = Some(Error::usage(message)),
        }
        self
    }

    pub(super) fn points(mut self, points: Points) -> Self {
        self.points = points;
        self
    }

    /// When the world begins, since 1970.
    #[must_use]
    pub fn start(mut self, start: Duration) -> Self {
        self.start_ms = Some(start.as_secs_f64() * 1000.0);
        self
    }

    /// Answers requests to other hosts as they were recorded in this file (`emu serve --record-fetches http.jsonl`).
    #[must_use]
    pub fn recording(mut self, path: impl AsRef<Path>) -> Self {
        match outside::recording(path.as_ref()) {
            Ok(rules) => self.rules = rules,
            Err(error) => self.refused = Some(error),
        }
        self
    }

    /// Opens the world.
    ///
    /// # Errors
    /// When a seed or a fault was misspelled, a recording has errors, or there is no memory.
    pub fn open(self) -> Result<World> {
        if let Some(error) = self.refused {
            return Err(error);
        }
        let rerun = match self.rerun {
            Some(rerun) => rerun,
            None => seed_of_environment()?.unwrap_or(Rerun { seed: Seed::default(), tape: None }),
        };
        let frozen = &self.application.0;
        let setup = Setup {
            workers: frozen.workers.clone(),
            namespaces: frozen.namespaces.clone(),
            is_colocated: false,
            outbound: None,
            rules: self.rules,
        };
        let plan = Plan { setup, rerun, points: self.points, start_ms: self.start_ms, keep: self.keep };
        Ok(World { stage: Arc::new(Stage::open(plan)?), application: self.application })
    }
}

/// What `EMU_SEED` says.
pub(super) fn seed_of_environment() -> Result<Option<Rerun>> {
    let Ok(text) = std::env::var(SEED_VARIABLE) else { return Ok(None) };
    let parsed = text.parse().map(Some);
    parsed.map_err(|message: String| Error::usage(format!("`{SEED_VARIABLE}`: {message}")))
}
