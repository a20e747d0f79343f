//! From test files to programs: each bundled with the worker it tests, evaluated once and frozen.
//!
//! Invariant: all runs of a file start from one image.

use super::files::{self, TestFile};
use crate::bundle::{self, Bundle, Entry};
use crate::config::Overrides;
use crate::error::{Error, Result};
use crate::lane::{LogLine, Namespace, Prepared};
use crate::project::application::Inputs;
use crate::project::engines::{Engines, testing_modules};
use crate::project::load::Project;
use crate::project::prepare::{self, Code};
use crate::project::{scenario, source};
use crate::simulate::Setup;
use crate::test::parallel::in_parallel;
use crate::test::program::{ENTRYPOINT, Program};
use crate::test::scenario::Scenario;
use emu_abi::Module;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What all programs of a project have in common.
pub(in crate::cli) struct Workshop {
    engines: Arc<Engines>,
    overrides: Overrides,
    projects: Vec<Project>,
    namespaces: Vec<Namespace>,
    /// The workers but the first one, which is part of every program.
    others: Vec<Arc<Prepared>>,
    modules: Vec<Module>,
    /// The configuration of the worker that scenarios are about, where it is not theirs.
    against: Option<PathBuf>,
    /// How the reader has named the configurations, for lines that run something again.
    arguments: Arc<str>,
}

/// What became of a test file.
pub(in crate::cli) struct Made {
    pub(in crate::cli) program: Result<Program>,
    /// What it was made of.
    pub(in crate::cli) inputs: Inputs,
    /// What was logged in global scope.
    pub(in crate::cli) logged: Vec<String>,
}

impl Workshop {
    /// Prepares the workers that are only bound to.
    ///
    /// # Errors
    /// When one of them cannot run.
    pub(in crate::cli) fn new(engines: Arc<Engines>, projects: Vec<Project>, overrides: Overrides) -> Result<Self> {
        let namespaces = prepare::namespaces(&projects)?;
        let mut others = Vec::new();
        for index in 1..projects.len() {
            let code = Code::of(&projects[index])?;
            others.push(prepare::prepare(&engines, &projects, &namespaces, index, &code, &mut |_| {})?);
        }
        Ok(Self {
            engines,
            overrides,
            projects,
            namespaces,
            others,
            modules: testing_modules()?,
            against: None,
            arguments: "".into(),
        })
    }

    /// For scenarios that belong to no project: each names its worker.
    pub(in crate::cli) fn without_project(engines: Arc<Engines>, overrides: Overrides) -> Self {
        Self {
            engines,
            overrides,
            projects: Vec::new(),
            namespaces: Vec::new(),
            others: Vec::new(),
            modules: Vec::new(),
            against: None,
            arguments: "".into(),
        }
    }

    /// Scenarios are about the worker of this configuration.
    pub(in crate::cli) fn against(self, config: Option<&Path>) -> Self {
        Self { against: config.map(Path::to_owned), ..self }
    }

    /// The reader has named the configurations with these arguments.
    pub(in crate::cli) fn asked_for_with(self, arguments: String) -> Self {
        Self { arguments: arguments.into(), ..self }
    }

    /// The folder that names of files start from.
    pub(in crate::cli) fn folder(&self) -> &Path {
        self.projects.first().map_or(Path::new("."), |project| &project.folder)
    }

    /// The tests that are meant.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub(in crate::cli) fn files(&self, named: &[String]) -> Result<Vec<TestFile>> {
        match self.projects.is_empty() {
            true => Ok(files::scenarios(named).unwrap_or_default()),
            false => files::list(self.folder(), named).map(|listing| listing.files),
        }
    }

    /// The worker that is tested.
    fn project(&self) -> &Project {
        &self.projects[0]
    }

    /// Makes programs of test files, on so many threads.
    pub(in crate::cli) fn make_all(&self, files: &[TestFile], jobs: usize) -> Vec<Made> {
        in_parallel(jobs, files.iter().collect(), &mut |()| {}, |file, _| self.make(file))
    }

    fn make(&self, file: &TestFile) -> Made {
        if file.is_scenario() {
            return self.make_scenario(file);
        }
        let project = self.project();
        let main = project.worker.main.as_ref();
        if let Some(main) = main.filter(|main| !source::is_source(main.as_ref())) {
            let message = format!("`{}` is compiled: tests of a test file run inside of their worker", main.display());
            let inputs = Inputs { files: vec![file.path.clone()], ..Inputs::default() };
            let error = Error::config(message).hint("test it with a scenario, or from Rust with `emu::World`");
            return Made { program: Err(error), inputs, logged: Vec::new() };
        }
        let settings = bundle::Project {
            entry: Some(self.entry(file)),
            no_bundle: false,
            find_additional_modules: false,
            ..source::settings(project, &file.path)
        };
        let built = bundle::bundle(&settings);
        let mut logged = Vec::new();
        let program = built.bundle.and_then(|bundle| {
            logged.extend(bundle.warnings.iter().cloned());
            self.freeze(file, Arc::new(bundle), &mut |line| logged.push(line.text().into_owned()))
        });
        let inputs = Inputs { files: built.inputs, trees: built.folders };
        Made { program, inputs, logged }
    }

    fn make_scenario(&self, file: &TestFile) -> Made {
        let (mut inputs, mut logged) = (Inputs::default(), Vec::new());
        let opened = scenario::open(&self.engines, &file.path, self.against.as_deref(), &self.overrides, &mut inputs);
        let program = opened.and_then(|opened| {
            let application = opened.application;
            logged = application.said;
            let folder = Path::new(&file.name).parent().and_then(Path::file_name);
            let name = folder.map_or_else(|| file.name.clone(), |folder| folder.to_string_lossy().into_owned());
            let scenario = Scenario::new(&name, opened.scenario, application.classes)?;
            let setup = Setup {
                engine: application.engine,
                workers: application.workers,
                namespaces: application.namespaces,
                is_colocated: false,
                outbound: None,
            };
            let (name, path) = (file.name.as_str().into(), file.path.clone());
            let arguments = Arc::clone(&self.arguments);
            Ok(Program { name, path, setup, scenario: Some(Arc::new(scenario)), arguments })
        });
        Made { program, inputs, logged }
    }

    fn freeze(&self, file: &TestFile, bundle: Arc<Bundle>, say: &mut dyn FnMut(LogLine)) -> Result<Program> {
        let code = Code { path: PathBuf::from(&file.name), bundle: Some(&bundle), testing: Some(&self.modules) };
        let tested = prepare::prepare(&self.engines, &self.projects, &self.namespaces, 0, &code, say)?;
        let workers: Vec<_> = std::iter::once(tested).chain(self.others.iter().cloned()).collect();
        prepare::check_entrypoints(&self.projects, &workers)?;
        let setup = Setup {
            engine: self.engines.wasm.clone(),
            workers,
            namespaces: self.namespaces.clone(),
            is_colocated: true,
            outbound: Some(ENTRYPOINT.to_owned()),
        };
        let (name, arguments) = (file.name.as_str().into(), Arc::clone(&self.arguments));
        Ok(Program { name, path: file.path.clone(), setup, scenario: None, arguments })
    }

    /// Opens the collector, evaluates the file, closes the collector; beside the worker that is tested.
    fn entry(&self, file: &TestFile) -> Entry {
        let quoted = |path: PathBuf| serde_json::Value::from(path.to_string_lossy()).to_string();
        let test = quoted(source::absolute(&file.path));
        let worker = match prepare::main_path(self.project()) {
            Ok(main) => {
                let main = quoted(source::absolute(&main));
                format!("import * as worker from {main};\nexport * from {main};\nexport default worker.default;\n")
            }
            Err(_) => "export default {};\n".to_owned(),
        };
        let source = format!(
            "import \"emu:test/begin\";\nimport {test};\n{worker}import {{ end }} from \"emu:test/end\";\n\
             export {{ TestEntrypoint as {ENTRYPOINT} }} from \"emu:test/runner\";\nawait end();\n"
        );
        Entry {
            source,
            outside: self.modules.iter().map(|module| module.name.clone()).collect(),
            refused: REFUSED.map(|(start, help)| (start.to_owned(), help.to_owned())).to_vec(),
        }
    }
}

/// What cannot be imported by tests, by how its specifier begins.
const REFUSED: [(&str, &str); 5] = [
    ("vitest/", "tests run inside of their world; import from `vitest` itself"),
    ("@vitest/", "tests run inside of their world, with emu's own `vitest`; import from that"),
    ("@cloudflare/vitest-", "`emu test` needs no plugin; import from `cloudflare:test`"),
    ("emu:test/", "import from `emu:test`"),
    ("node:test", "import from `vitest`"),
];
