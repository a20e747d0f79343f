//! One run of rolldown: from a project to a bundle or its errors.
//!
//! rolldown is asynchronous; it gets a runtime and threads for as long as one run takes.
//!
//! Invariant: nothing of rolldown's or tokio's outlives a run.

use super::additional::Found;
use super::deep_stack::STACK_BYTES;
use super::mocked::Mocked;
use super::problem::{self, Problem};
use super::resolve::{Imports, Noted, SharedImports};
use super::rules::RuleSet;
use super::sources::Origin;
use super::vlq::{Mapping, Table};
use super::{BUNDLE_NAME, Built, Bundle, Module, ModuleKind, Project, SourceMap, decorators, options};
use crate::error::{Error, Result};
use rolldown::{BundleOutput, Bundler};
use rolldown_common::{Output, OutputChunk};
use rolldown_error::BuildDiagnostic;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Threads that parse at the same time.
const THREADS_MAX: usize = 4;

/// What rolldown made of the project, and what it read for it.
struct Rolled {
    output: std::result::Result<BundleOutput, Vec<BuildDiagnostic>>,
    inputs: Vec<PathBuf>,
}

/// Bundles the project beside its additional modules.
pub(super) fn run(project: &Project, rules: RuleSet, found: Found) -> Built {
    let rules = Arc::new(rules);
    let imports = Arc::new(Imports::new(project, Arc::clone(&rules), &found));
    let folders = found.folders.clone();
    let rolled = match wait_for(project, &imports) {
        Ok(rolled) => rolled,
        Err(error) => return Built { bundle: Err(error), inputs: vec![project.main.clone()], folders },
    };
    let mut inputs = rolled.inputs;
    inputs.extend(imports.noted().inputs.iter().cloned());
    inputs.extend(found.modules.iter().map(|(_, file)| file.clone()));
    inputs.push(project.main.clone());
    let mut noted = std::mem::take(&mut *imports.noted());
    let (output, diagnostics) = match rolled.output {
        Ok(mut output) => {
            let warnings = std::mem::take(&mut output.warnings);
            (Some(output), warnings)
        }
        Err(errors) => (None, errors),
    };
    note_diagnostics(project, &mut noted, &diagnostics, output.is_none());
    inputs.extend(noted.errors.iter().flat_map(Problem::missing_files));
    let bundle = finish(project, &rules, &imports.mocked, found, noted, output);
    Built { bundle, inputs, folders }
}

/// Waits for rolldown. The calling thread is outside of any runtime.
fn wait_for(project: &Project, imports: &Arc<Imports>) -> Result<Rolled> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(threads).thread_name("bundle").thread_stack_size(STACK_BYTES);
    let runtime = runtime.build().map_err(|error| Error::internal("the bundler cannot be started").because(error))?;
    Ok(runtime.block_on(roll(project, imports)))
}

async fn roll(project: &Project, imports: &Arc<Imports>) -> Rolled {
    let options = options::of(project, options::jsx(project));
    let plugin = SharedImports(Arc::clone(imports));
    let mut bundler = match Bundler::with_plugins(options, vec![Arc::new(plugin)]) {
        Ok(bundler) => bundler,
        Err(errors) => return Rolled { output: Err(errors.into_vec()), inputs: Vec::new() },
    };
    let output = bundler.generate().await.map_err(|errors| errors.into_vec());
    let watched = bundler.watch_files().iter().map(|file| PathBuf::from(file.as_str()));
    let inputs = watched.filter(|file| file.is_absolute()).collect();
    Rolled { output, inputs }
}

/// The bundle, or everything that is wrong with it.
fn finish(
    project: &Project,
    rules: &RuleSet,
    mocked: &Mocked,
    found: Found,
    noted: Noted,
    output: Option<BundleOutput>,
) -> Result<Bundle> {
    let chunk = output.and_then(|output| output.assets.into_iter().find_map(entry));
    let (true, Some(chunk)) = (noted.errors.is_empty(), chunk) else {
        return Err(problem::error(&project.root, &project.main, &noted.errors));
    };
    let mut warnings = rules.warnings.clone();
    let own = noted.warnings.iter().filter(|problem| !is_in_package(problem));
    warnings.extend(own.map(|problem| problem.show(&project.root, "warning")));
    let (code, table) = lowered(project, mocked, &chunk)?;
    let mut modules = vec![Module { name: BUNDLE_NAME.to_owned(), kind: ModuleKind::Esm, bytes: code.into_bytes() }];
    let mut origins = BTreeMap::from([(BUNDLE_NAME.to_owned(), Origin::Bundled(table))]);
    let beside = found.modules.into_iter().chain(noted.modules.into_values());
    for (module, file) in beside {
        origins.insert(module.name.clone(), Origin::File(file));
        modules.push(module);
    }
    Ok(Bundle {
        modules,
        main: BUNDLE_NAME.to_owned(),
        exports: Some(chunk.exports.iter().map(ToString::to_string).collect()),
        sources: Arc::new(SourceMap::new(project.root.clone(), origins)),
        warnings,
    })
}

/// Adds what rolldown says to what the hooks noted.
fn note_diagnostics(project: &Project, noted: &mut Noted, diagnostics: &[BuildDiagnostic], has_failed: bool) {
    for diagnostic in diagnostics {
        let problem = problem::of_diagnostic(&project.root, diagnostic);
        // A package that is not there is a warning of rolldown's, and fails at run time: at once when it is imported,
        // and only when the import is reached when that is a call of `import`.
        let is_missing = diagnostic.kind().to_string() == "UNRESOLVED_IMPORT";
        match has_failed || (is_missing && !noted.is_dynamic(&problem)) {
            true => noted.errors.push(problem),
            false => noted.warnings.push(problem),
        }
    }
}

/// The bundle's text and source map, without what only oxc can parse.
fn lowered(project: &Project, mocked: &Mocked, chunk: &OutputChunk) -> Result<(String, Table)> {
    let table = mocked.own_places(table(&project.root, chunk));
    match decorators::lower(&chunk.code, &table) {
        Ok(Some(lowered)) => Ok(lowered),
        Ok(None) => Ok((chunk.code.clone(), table)),
        Err((line, column)) => {
            let mapping = table.find(line, column);
            let at = mapping.and_then(|mapping| Some((table.files.get(mapping.file as usize)?, mapping)));
            let problem = problem::private_decorator(at.map(|(file, mapping)| {
                (PathBuf::from(file), mapping.source_line as usize + 1, mapping.source_column as usize)
            }));
            Err(problem::error(&project.root, &project.main, &[problem]))
        }
    }
}

fn entry(output: Output) -> Option<Arc<OutputChunk>> {
    match output {
        Output::Chunk(chunk) if chunk.is_entry => Some(chunk),
        _ => None,
    }
}

/// Whether a warning is about code that the reader did not write.
fn is_in_package(problem: &Problem) -> bool {
    let file = problem.spot.as_ref().map(|spot| spot.file.as_path());
    file.is_some_and(|file| file.components().any(|part| part.as_os_str() == "node_modules"))
}

/// The bundle's source map, its files absolute.
fn table(root: &Path, chunk: &OutputChunk) -> Table {
    let Some(map) = &chunk.map else { return Table::default() };
    let absolute = |source: &str| super::normal(&root.join(source)).to_string_lossy().into_owned();
    let files = map.get_sources().map(absolute).collect();
    let mappings = map.get_tokens().filter_map(|token| {
        Some(Mapping {
            line: token.get_dst_line(),
            column: token.get_dst_col(),
            file: token.get_source_id()?,
            source_line: token.get_src_line(),
            source_column: token.get_src_col(),
        })
    });
    Table::new(files, mappings.collect())
}
