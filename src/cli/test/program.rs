//! From test files to programs: each bundled with the worker it tests, evaluated once and frozen.
//!
//! Invariant: all runs of a file start from one image.

use super::carried::{Ingredients, Written};
use super::files::{self, Listing, TestFile};
use super::vitest_config::VitestConfig;
use crate::bundle::{self, Bundle, Entry, FIRST};
use crate::config::Overrides;
use crate::error::{Error, Result};
use crate::lane::{LogLine, Namespace};
use crate::project::application::Inputs;
use crate::project::engines::{Engines, testing_modules};
use crate::project::load::Project;
use crate::project::prepare::{self, Code, Worker};
use crate::project::{recorded, scenario, source};
use crate::simulate::{Rule, Setup};
use crate::test::parallel::in_parallel;
use crate::test::program::{ENTRYPOINT, Program};
use crate::test::scenario::Scenario;
use emu_abi::Module;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What all programs of a project have in common.
pub(in crate::cli) struct Workshop {
    engines: Arc<Engines>,
    overrides: Overrides,
    projects: Vec<Project>,
    namespaces: Vec<Namespace>,
    /// The workers but the first one, which is part of every program.
    others: Vec<Worker>,
    modules: Vec<Module>,
    /// The configuration of the worker that scenarios are about, where it is not theirs.
    against: Option<PathBuf>,
    vitest: VitestConfig,
    /// How the reader has named the configurations, for lines that run something again.
    arguments: Arc<str>,
}

/// What became of a test file.
pub(in crate::cli) struct Made {
    pub(in crate::cli) program: Result<(Program, Ingredients)>,
    /// The files that it was made of.
    pub(in crate::cli) inputs: Inputs,
    /// The text of the test file before it was bundled; nothing where it cannot be read.
    pub(in crate::cli) text: String,
    /// What was logged in global scope.
    pub(in crate::cli) logged: Vec<String>,
}

impl Workshop {
    /// Prepares the workers that are only bound to.
    ///
    /// # Errors
    /// When one of them cannot run.
    pub(super) fn new(
        engines: Arc<Engines>,
        projects: Vec<Project>,
        overrides: Overrides,
        vitest: VitestConfig,
    ) -> Result<Self> {
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
            vitest,
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
            vitest: VitestConfig::default(),
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
        self.vitest.folder().unwrap_or_else(|| self.root())
    }

    /// The folder that places in sources start from.
    pub(in crate::cli) fn root(&self) -> &Path {
        self.projects.first().map_or(Path::new("."), |project| &project.folder)
    }

    /// Whether it is no mistake that there are no test files.
    pub(in crate::cli) fn passes_with_no_tests(&self) -> bool {
        self.vitest.passes_with_no_tests()
    }

    /// The tests that are meant, and the failures that are saved in the project.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub(super) fn files(&self, named: &[String]) -> Result<Listing> {
        match self.projects.is_empty() {
            true => Ok(Listing { files: files::scenarios(named).unwrap_or_default(), ..Listing::default() }),
            false => files::list(self.folder(), &self.project().folder, &self.vitest.patterns, named),
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
            return Made { program: Err(error), inputs, text: String::new(), logged: Vec::new() };
        }
        let mut settings = bundle::Project {
            entry: Some(self.entry(file)),
            no_bundle: false,
            find_additional_modules: false,
            ..source::settings(project, &file.path)
        };
        if !settings.define.iter().any(|(name, _)| name.starts_with("import.meta.env")) {
            settings.define.push(("import.meta.env".to_owned(), VITE_ENV.to_owned()));
        }
        let text = fs::read_to_string(&file.path).unwrap_or_default();
        let built = bundle::bundle(&settings);
        let mut inputs = Inputs { files: built.inputs, trees: built.folders };
        let mut logged = Vec::new();
        let program = built.bundle.and_then(|bundle| {
            logged.extend(bundle.warnings.iter().cloned());
            let rules = recorded(&file.path, Some(self.folder()), &mut inputs.files)?;
            self.freeze(file, Arc::new(bundle), rules, &mut |line| logged.push(line.text().into_owned()))
        });
        Made { program, inputs, text, logged }
    }

    fn make_scenario(&self, file: &TestFile) -> Made {
        let (mut inputs, mut logged) = (Inputs::default(), Vec::new());
        let opened = scenario::open(&self.engines, &file.path, self.against.as_deref(), &self.overrides, &mut inputs);
        let program = opened.and_then(|opened| {
            let (source, application) = (opened.source, opened.application);
            logged = application.said;
            let name = folder_name(&file.path).unwrap_or_else(|| file.name.clone());
            let scenario = Scenario::new(&name, opened.scenario, application.classes.clone())?;
            // What the scenario says comes before what was recorded.
            let mut rules = scenario.rules().to_vec();
            rules.extend(recorded(&file.path, file.path.parent(), &mut inputs.files)?);
            let setup = Setup {
                workers: application.workers,
                namespaces: application.namespaces,
                is_colocated: false,
                outbound: None,
                rules: rules.into(),
            };
            let written = Written { name, path: source.path, text: source.text, classes: application.classes };
            let ingredients = Ingredients { workers: application.recipes, scenario: Some(written) };
            let (name, arguments) = (file.name.as_str().into(), Arc::clone(&self.arguments));
            Ok((Program { name, setup, scenario: Some(Arc::new(scenario)), arguments }, ingredients))
        });
        Made { program, inputs, text: String::new(), logged }
    }

    fn freeze(
        &self,
        file: &TestFile,
        bundle: Arc<Bundle>,
        rules: Vec<Rule>,
        say: &mut dyn FnMut(LogLine),
    ) -> Result<(Program, Ingredients)> {
        let code = Code { path: PathBuf::from(&file.name), bundle: Some(&bundle), testing: Some(&self.modules) };
        let tested = prepare::prepare(&self.engines, &self.projects, &self.namespaces, 0, &code, say)?;
        let made = || std::iter::once(&tested).chain(&self.others);
        let workers: Vec<_> = made().map(|worker| Arc::clone(&worker.prepared)).collect();
        let recipes = made().map(|worker| Arc::clone(&worker.recipe)).collect();
        prepare::check_entrypoints(&self.projects, &workers)?;
        let setup = Setup {
            workers,
            namespaces: self.namespaces.clone(),
            is_colocated: true,
            outbound: Some(ENTRYPOINT.to_owned()),
            rules: rules.into(),
        };
        let (name, arguments) = (file.name.as_str().into(), Arc::clone(&self.arguments));
        let ingredients = Ingredients { workers: recipes, scenario: None };
        Ok((Program { name, setup, scenario: None, arguments }, ingredients))
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
        let globals = if self.vitest.has_globals { "import \"emu:test/globals\";\n" } else { "" };
        let setup: String = self
            .vitest
            .setup_files
            .iter()
            .map(|file| format!("import {};\n", quoted(source::absolute(file))))
            .collect();
        let source = format!(
            "import \"emu:test/begin\";\nimport \"{FIRST}\";\n{globals}{setup}import {test};\n{worker}\
             import {{ end }} from \"emu:test/end\";\n\
             export {{ TestEntrypoint as {ENTRYPOINT} }} from \"emu:test/runner\";\nawait end();\n"
        );
        let mocking = self.vitest.setup_files.iter().chain([&file.path]).map(|file| source::absolute(file));
        let config = self.vitest.configured(&file.name);
        Entry {
            source,
            first: format!("import {{ configure }} from \"emu:test/begin\";\nconfigure({config});\n"),
            mocking: mocking.map(|file| file.canonicalize().unwrap_or(file)).collect(),
            outside: self.modules.iter().map(|module| module.name.clone()).collect(),
            refused: REFUSED.map(|(start, help)| (start.to_owned(), help.to_owned())).to_vec(),
        }
    }
}

/// The name of the folder that a file is in, wherever the reader stands.
fn folder_name(file: &Path) -> Option<String> {
    Some(file.canonicalize().ok()?.parent()?.file_name()?.to_string_lossy().into_owned())
}

/// What Vite tells code of how it is built: an object that tests can change (guest/js/testing/vitest/stubs.js).
const VITE_ENV: &str = "globalThis.__emuImportMetaEnv";

/// What was recorded for a test, which is then one of the files it is made of.
fn recorded(file: &Path, root: Option<&Path>, inputs: &mut Vec<PathBuf>) -> Result<Vec<Rule>> {
    let Some(path) = root.and_then(|root| recorded::find(file, root)) else { return Ok(Vec::new()) };
    let rules = recorded::read(&path);
    inputs.push(path);
    rules
}

/// What cannot be imported by tests, by how its specifier begins.
const REFUSED: [(&str, &str); 5] = [
    ("vitest/", "tests run inside of their world; import from `vitest` itself"),
    ("@vitest/", "tests run inside of their world, with emu's own `vitest`; import from that"),
    ("@cloudflare/vitest-", "`emu test` needs no plugin; import from `cloudflare:test`"),
    ("emu:test/", "import from `emu:test`"),
    ("node:test", "import from `vitest`"),
];
