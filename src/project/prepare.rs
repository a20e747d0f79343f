//! From configurations to workers that can run: build, compile, freeze, and check that they fit together.
//!
//! Invariant: everything that can be wrong with a worker before its first request is said here.

use super::engines::Engines;
use super::load::Project;
use super::recipe::Recipe;
use super::source;
use crate::bundle::Bundle;
use crate::config::{Backend, Diagnostic, ObjectBinding, ServiceBinding, Severity};
use crate::error::{Error, Result};
use crate::isolate::{Image, StartFailure};
use crate::lane::{LogLine, Namespace, Prepared, Sources};
use crate::storage;
use emu_abi::Module as GuestModule;
use rustix::process::{Pid, Signal, kill_process_group};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The path of a worker's code.
pub(crate) fn main_path(project: &Project) -> Result<PathBuf> {
    let main = project.worker.main.as_ref().ok_or_else(|| {
        Error::config(format!("`{}` names no `main`: there is nothing to run", project.path.display()))
    })?;
    Ok(project.folder.join(main))
}

/// Runs `build.command`, if there is one. `say` is told so before; what the build says comes after that line, on standard
/// error: standard output is for what emu was asked for.
pub(crate) fn build(project: &Project, say: &mut dyn FnMut(&str)) -> Result<()> {
    let Some(build) = &project.worker.build else { return Ok(()) };
    let folder = build.cwd.as_ref().map_or_else(|| project.folder.clone(), |cwd| project.folder.join(cwd));
    say(&format!("Running custom build: {}", build.command));
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(&build.command).current_dir(&folder).env("WRANGLER_COMMAND", "dev");
    let status = run_build(command).map_err(|error| {
        Error::config(format!("`{}` cannot be run in `{}`", build.command, folder.display())).because(error)
    })?;
    if status.success() {
        return Ok(());
    }
    Err(Error::guest(format!("the custom build failed: {status}")).hint(format!("the command was: {}", build.command)))
}

/// The custom build that runs. A signal that ends emu ends it too, so every thread must be able to reach it.
static BUILD: Mutex<Build> = Mutex::new(Build::None);

enum Build {
    None,
    /// In this process group.
    Runs(Pid),
    /// emu ends; no more builds.
    Over,
}

fn current_build() -> MutexGuard<'static, Build> {
    BUILD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a build in a process group of its own, so that whatever it starts can be ended with it.
fn run_build(mut command: Command) -> std::io::Result<ExitStatus> {
    let mut child = {
        let mut build = current_build();
        if matches!(*build, Build::Over) {
            return Err(std::io::ErrorKind::Interrupted.into());
        }
        let child = command.stdin(Stdio::null()).stdout(std::io::stderr()).process_group(0).spawn()?;
        *build = Build::Runs(Pid::from_child(&child));
        child
    };
    let status = child.wait();
    let mut build = current_build();
    if matches!(*build, Build::Runs(_)) {
        *build = Build::None;
    }
    status
}

/// Ends the build that runs, if one does, and lets no other begin.
pub(crate) fn end_builds() {
    if let Build::Runs(group) = std::mem::replace(&mut *current_build(), Build::Over) {
        // That it has just ended by itself is no error.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// The Durable Object namespaces of all workers: each class that is bound or declared, once.
pub(crate) fn namespaces(projects: &[Project]) -> Result<Vec<Namespace>> {
    let mut namespaces: Vec<Namespace> = Vec::new();
    for (worker, project) in projects.iter().enumerate() {
        // Renamed classes come first, for they keep the key that a new class of their old name would have.
        let mut classes: Vec<_> = project.worker.classes.iter().collect();
        classes.sort_by_key(|(class, _)| first_name(project, class) == class.as_str());
        for (class, backend) in classes {
            let mut unique_key = format!("{}-{}", project.worker.name, first_name(project, class));
            while namespaces.iter().any(|namespace| namespace.unique_key == unique_key) {
                unique_key.push_str("-new");
            }
            namespaces.push(Namespace {
                unique_key,
                worker,
                class: class.clone(),
                backend: match backend {
                    Backend::Sqlite => storage::Backend::Sqlite,
                    Backend::KeyValue => storage::Backend::KeyValue,
                },
            });
        }
    }
    for project in projects {
        for object in &project.worker.objects {
            // A class that only other workers bind, and that its own declares nowhere, has the default back-end.
            if let Some(worker) = worker_of(projects, &script_of(project, object))
                && !projects[worker].worker.classes.contains_key(&object.class_name)
                && find_namespace(&namespaces, projects, project, object).is_err()
            {
                namespaces.push(Namespace {
                    unique_key: format!("{}-{}", projects[worker].worker.name, object.class_name),
                    worker,
                    class: object.class_name.clone(),
                    backend: storage::Backend::KeyValue,
                });
            }
            find_namespace(&namespaces, projects, project, object)?;
        }
    }
    Ok(namespaces)
}

/// The worker of that name.
pub(super) fn worker_of(projects: &[Project], name: &str) -> Option<usize> {
    projects.iter().position(|project| project.worker.name == name)
}

/// The name of the worker that exports a bound class.
fn script_of(project: &Project, object: &ObjectBinding) -> String {
    match (&object.script_name, &object.environment) {
        (Some(script), Some(environment)) => format!("{script}-{environment}"),
        (Some(script), None) => script.clone(),
        (None, _) => project.worker.name.clone(),
    }
}

/// What to do when a worker is bound that is not here.
fn missing_worker_hint(projects: &[Project]) -> String {
    let known: Vec<_> = projects.iter().map(|project| format!("`{}`", project.worker.name)).collect();
    format!("emu serves {}; add the other worker with `-c path/to/its/wrangler.jsonc`", known.join(", "))
}

/// The name a class had before its renames. Ids and files are made from it, so that a rename keeps them, as in production
/// (reference §4.4).
fn first_name<'a>(project: &'a Project, class: &'a str) -> &'a str {
    project.worker.renames.iter().rev().fold(class, |name, (from, to)| if to == name { from } else { name })
}

/// The names under which workers bind classes, each with its namespace.
pub(crate) fn bound_classes(projects: &[Project], namespaces: &[Namespace]) -> Result<Vec<(String, usize)>> {
    let objects =
        projects.iter().flat_map(|project| project.worker.objects.iter().map(move |object| (project, object)));
    let bound = objects
        .map(|(project, object)| Ok((object.name.clone(), find_namespace(namespaces, projects, project, object)?)));
    bound.collect()
}

pub(super) fn find_namespace(
    namespaces: &[Namespace],
    projects: &[Project],
    project: &Project,
    object: &ObjectBinding,
) -> Result<usize> {
    let script = script_of(project, object);
    let meant = |namespace: &Namespace| {
        projects[namespace.worker].worker.name == script && namespace.class == object.class_name
    };
    namespaces.iter().position(meant).ok_or_else(|| {
        let diagnostic = Diagnostic {
            severity: Severity::Error,
            message: format!(
                "`{}` is bound to class `{}` of worker `{script}`, which is not here",
                object.name, object.class_name
            ),
            place: Some(object.place.clone()),
            help: None,
        };
        refused(&diagnostic).hint(missing_worker_hint(projects))
    })
}

/// Warnings of services that are not here: requests to them get an answer that says so.
pub(crate) fn missing_services(projects: &[Project]) -> Vec<Diagnostic> {
    let bound = projects.iter().flat_map(|project| &project.worker.services);
    let missing = bound.filter(|service| worker_of(projects, &service.service).is_none());
    let diagnostic = |service: &ServiceBinding| Diagnostic {
        severity: Severity::Warning,
        message: format!("Worker \"{}\" not found. Make sure it is running locally.", service.service),
        place: Some(service.place.clone()),
        help: Some(missing_worker_hint(projects)),
    };
    missing.map(diagnostic).collect()
}

/// That every entrypoint that is bound is exported.
pub(crate) fn check_entrypoints(projects: &[Project], workers: &[Arc<Prepared>]) -> Result<()> {
    for binding in projects.iter().flat_map(|project| &project.worker.services) {
        let (Some(worker), Some(entrypoint)) = (worker_of(projects, &binding.service), &binding.entrypoint) else {
            continue;
        };
        let exported = &workers[worker].launcher.image().exports().entrypoints;
        if !exported.iter().any(|export| export.name == *entrypoint) {
            let names: Vec<_> = exported.iter().map(|export| format!("`{}`", export.name)).collect();
            return Err(refused(&Diagnostic {
                severity: Severity::Error,
                message: format!("the worker `{}` does not export an entrypoint `{entrypoint}`", binding.service),
                place: Some(binding.place.clone()),
                help: Some(match names.is_empty() {
                    true => "it exports none but the default".into(),
                    false => format!("it exports {}", names.join(", ")),
                }),
            }));
        }
    }
    Ok(())
}

/// A worker that can run, with what it was made of.
#[derive(Clone)]
pub(crate) struct Worker {
    pub(crate) prepared: Arc<Prepared>,
    pub(crate) recipe: Arc<Recipe>,
}

/// What becomes a worker.
pub(crate) struct Code<'a> {
    /// The file that errors are about.
    pub(crate) path: PathBuf,
    /// Its modules; none for a compiled worker.
    pub(crate) bundle: Option<&'a Arc<Bundle>>,
    /// The modules that tests import, where the worker is a test file's program.
    pub(crate) testing: Option<&'a [GuestModule]>,
}

impl<'a> Code<'a> {
    /// What the configuration names.
    pub(crate) fn of(project: &'a Project) -> Result<Self> {
        Ok(Self { path: main_path(project)?, bundle: project.bundle.as_ref(), testing: None })
    }
}

/// Compiles and freezes a worker. What it logs meanwhile goes to `say`.
pub(crate) fn prepare(
    engines: &Engines,
    projects: &[Project],
    namespaces: &[Namespace],
    index: usize,
    code: &Code<'_>,
    say: &mut dyn FnMut(LogLine),
) -> Result<Worker> {
    let project = &projects[index];
    let recipe = Recipe::of(engines, projects, namespaces, index, code)?;
    let mut logged = |level, line: &str| {
        let sources = recipe.sources.clone().map(|sources| sources as Arc<dyn Sources>);
        say(LogLine { level, worker: recipe.worker.as_str().into(), object: None, message: line.to_owned(), sources });
    };
    let testing = code.testing.unwrap_or_default();
    let kept = match (code.bundle, code.testing) {
        (Some(_), None) => engines.kept_image(project, recipe.digest(), &mut logged),
        _ => None,
    };
    let image = match kept {
        Some(image) => image,
        None => {
            let frozen = recipe.freeze(engines, namespaces, testing, &mut logged)?;
            frozen.map_err(|failure| not_started(code, failure))?
        }
    };
    check_exports(&image, namespaces, index, project, code.testing.is_some())?;
    let prepared = Arc::new(recipe.prepared(engines, image)?);
    Ok(Worker { prepared, recipe: Arc::new(recipe) })
}

/// The error of a diagnostic, whose text says `error: ` itself.
fn refused(diagnostic: &Diagnostic) -> Error {
    let text = diagnostic.to_string();
    Error::config(text.strip_prefix("error: ").unwrap_or(&text))
}

/// Why a worker, or a test file with its worker, cannot start.
fn not_started(code: &Code<'_>, failure: StartFailure) -> Error {
    let what = Error::guest(format!("`{}` failed in its global scope: {failure}", code.path.display()));
    let error = what.hint(match code.testing {
        Some(_) => "a test file is evaluated before its tests are run; none of them was",
        None => "the worker cannot start before its start-up code returns; no request was served",
    });
    match (code.bundle, failure) {
        (Some(bundle), StartFailure::Refused(failure)) => {
            let missing = source::missing_export(bundle, &code.path, code.testing.unwrap_or_default(), &failure);
            missing.unwrap_or_else(|| source::explain(error, bundle, &failure))
        }
        _ => error,
    }
}

/// A class that is bound must be exported.
fn check_exports(
    image: &Image,
    namespaces: &[Namespace],
    worker: usize,
    project: &Project,
    is_tested: bool,
) -> Result<()> {
    let exports = image.exports();
    for object in project.worker.objects.iter().filter(|object| object.script_name.is_none()) {
        if !exports.classes.iter().any(|class| class.name == object.class_name) {
            let names: Vec<_> = exports.classes.iter().map(|class| format!("`{}`", class.name)).collect();
            let diagnostic = Diagnostic {
                severity: Severity::Error,
                message: format!("the worker does not export a class `{}`", object.class_name),
                place: Some(object.place.clone()),
                help: Some(match names.is_empty() {
                    true => "it exports no Durable Object class".into(),
                    false => format!("it exports {}", names.join(", ")),
                }),
            };
            return Err(refused(&diagnostic));
        }
    }
    for namespace in namespaces.iter().filter(|namespace| namespace.worker == worker) {
        if !exports.classes.iter().any(|class| class.name == namespace.class) {
            return Err(Error::config(format!(
                "the migrations of `{}`, or bindings of other workers, name a class `{}`, which the worker does not export",
                project.path.display(),
                namespace.class
            ))
            .hint("export it, or add a migration with `deleted_classes`"));
        }
    }
    if !is_tested && !exports.fetch && !exports.scheduled && exports.classes.is_empty() {
        return Err(Error::guest("No event handlers were registered. This script does nothing."));
    }
    Ok(())
}
