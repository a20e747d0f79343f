//! All of an application at once, for worlds in which it is to run: every configuration read, built, compiled, frozen.
//!
//! Invariant: what one world does with an application, another one does not see.

use super::engines::Engines;
use super::load::{self, Project};
use super::prepare::{self, Code};
use super::recipe::Recipe;
use super::source;
use crate::config::Overrides;
use crate::error::{Error, Result};
use crate::lane::{Namespace, Prepared};
use std::path::PathBuf;
use std::sync::Arc;

/// Workers that can run, and the classes of objects that they have.
pub(crate) struct Application {
    /// The workers, in the order of their configurations.
    pub(crate) workers: Vec<Arc<Prepared>>,
    /// What they are made of.
    pub(crate) recipes: Vec<Arc<Recipe>>,
    pub(crate) namespaces: Vec<Namespace>,
    /// The names that objects' classes go by: those of bindings, then those of the classes; with the namespace.
    pub(crate) classes: Vec<(String, usize)>,
    /// What is to be said about the configuration, the sources, and by global scopes.
    pub(crate) said: Vec<String>,
}

/// What an application is made of, known also of one that has errors.
#[derive(Default)]
pub(crate) struct Inputs {
    /// Every file that is read, or would be if it existed.
    pub(crate) files: Vec<PathBuf>,
    /// Folders of which every file matters: those that builds read.
    pub(crate) trees: Vec<PathBuf>,
}

impl Inputs {
    /// Notes what a configuration names.
    pub(crate) fn note(&mut self, project: &Project) {
        self.files.extend(project.files.iter().cloned());
        if let Some(build) = &project.worker.build {
            self.trees.extend(build.watch_dirs.iter().map(|folder| project.folder.join(folder)));
        }
        self.trees.extend(project.module_folders.iter().cloned());
    }
}

/// Reads, builds, compiles and freezes.
///
/// # Errors
/// When one of the configurations or workers has errors.
pub(crate) fn open(
    engines: &Engines,
    configs: &[PathBuf],
    overrides: &Overrides,
    inputs: &mut Inputs,
) -> Result<Application> {
    let mut said = Vec::new();
    let mut projects: Vec<Project> = Vec::new();
    for config in configs {
        let project = project(&load::find(Some(config))?, overrides, &mut said, inputs)?;
        if projects.iter().any(|other| other.worker.name == project.worker.name) {
            let name = &project.worker.name;
            return Err(Error::config(format!("two of the configurations describe workers of the name `{name}`")));
        }
        projects.push(project);
    }
    said.extend(prepare::missing_services(&projects).iter().map(ToString::to_string));
    let namespaces = prepare::namespaces(&projects)?;
    let (mut workers, mut recipes) = (Vec::new(), Vec::new());
    for index in 0..projects.len() {
        let say = &mut |line: crate::lane::LogLine| said.push(line.text().into_owned());
        let code = Code::of(&projects[index])?;
        let worker = prepare::prepare(engines, &projects, &namespaces, index, &code, say)?;
        workers.push(worker.prepared);
        recipes.push(worker.recipe);
    }
    prepare::check_entrypoints(&projects, &workers)?;
    let mut classes = prepare::bound_classes(&projects, &namespaces)?;
    classes.extend(namespaces.iter().enumerate().map(|(number, namespace)| (namespace.class.clone(), number)));
    Ok(Application { workers, recipes, namespaces, classes, said })
}

fn project(
    config: &std::path::Path,
    overrides: &Overrides,
    said: &mut Vec<String>,
    inputs: &mut Inputs,
) -> Result<Project> {
    inputs.files.push(config.to_owned());
    let mut project = load::load(config, overrides)?;
    inputs.note(&project);
    said.extend(project.diagnostics.iter().map(ToString::to_string));
    prepare::build(&project, &mut |line| said.push(line.to_owned()))?;
    source::bundle(&mut project, &mut |warning| said.push(warning.to_owned()), &mut |input| {
        inputs.files.push(input.to_owned())
    })?;
    inputs.note(&project);
    Ok(project)
}
