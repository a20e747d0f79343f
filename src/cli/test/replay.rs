//! `emu replay` and `emu shrink`: a failure that was kept, once more.
//!
//! Invariant: a replay changes nothing on disk; shrinking writes only what it was given.

use super::carried::{self, Ingredients, Unpacked};
use super::choice::Chosen;
use super::files::{self, TestFile};
use super::kept::{self, Kept};
use super::program::Workshop;
use super::{DIVERGED, load, print, session, snapshots, trace_file};
use crate::cli::eprint;
use crate::cli::watch::Seen;
use crate::error::{Error, Result};
use crate::project::load::nearest;
use crate::test::campaign::{Options, Progress, Shard, campaign};
use crate::test::program::{Program, Test};
use crate::test::replay::{Replayed, replay};
use crate::test::report::{Told, plain_story};
use crate::test::run::{Snapshots, collect};
use crate::test::story;
use crate::test::tested::{Outcome, Tested};
use crate::test::timeline::View;
use crate::world::Points;
use crate::world::simulated::Line;
use clap::Args;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Run a failure again that `emu test` kept.
///
/// A trace holds the test and its workers, and runs as they were, anywhere; with `-c` or `--against` it runs what is in
/// the project now, as a saved folder always does. Exits with 1 when it fails as it did, with 0 when it passes now, and
/// with 3 when it fails in another way, or was not put to the test because what struck then does not come up any more.
#[derive(Args, Debug)]
pub(in crate::cli) struct ReplayArgs {
    #[command(flatten)]
    kept: KeptArgs,

    /// Run the same test against the worker of another configuration, one of the same name, and say where the two runs
    /// part. Exits with 1 when it fails, with 0 when it passes
    #[arg(long, value_name = "CONFIG")]
    against: Option<PathBuf>,
}

/// Make a failure that `emu test` kept as small as it can be, and keep that instead.
#[derive(Args, Debug)]
pub(in crate::cli) struct ShrinkArgs {
    #[command(flatten)]
    kept: KeptArgs,
}

#[derive(Args, Debug)]
struct KeptArgs {
    /// A folder that `emu test --save` wrote, or a file that `--trace` wrote
    #[arg(value_name = "FILE|FOLDER")]
    path: PathBuf,

    /// The configuration; the first worker is tested, further ones can be bound to
    #[arg(short, long = "config", value_name = "CONFIG")]
    configs: Vec<PathBuf>,

    /// The environment of the configuration
    #[arg(long, short, env = "CLOUDFLARE_ENV", value_name = "NAME")]
    env: Option<String>,
}

/// A test that can be run again.
struct Found {
    kept: Kept,
    program: Program,
    test: Test,
    snapshots: Snapshots,
    origin: Origin,
}

/// Where a program comes from.
enum Origin {
    /// The trace, in which it is this.
    Carried(Value),
    /// The project.
    Made(Ingredients),
}

impl Origin {
    /// What is told of a test; `path` is what was kept of it.
    fn tell(&self, program: &Program, tested: &Tested, path: &Path) -> Told {
        let mut told = story::tell(program, tested);
        if let (Self::Carried(_), Outcome::Failed(story)) = (self, &mut told.outcome) {
            story.command = format!("emu replay {}", story::quoted(&path.to_string_lossy()));
        }
        told
    }
}

impl KeptArgs {
    /// The test that was kept, with its worker or that of another configuration.
    fn find(&self, against: Option<&Path>) -> Result<Found> {
        let kept = kept::read(&self.path)?;
        let carried = match self.configs.is_empty() && against.is_none() {
            true => trace_file::program(&self.path)?,
            false => None,
        };
        match carried {
            Some(program) => find_carried(kept, program),
            None => self.find_in_project(kept, against),
        }
    }

    fn find_in_project(&self, kept: Kept, against: Option<&Path>) -> Result<Found> {
        let (engines, env) = (load::engines()?, self.env.as_deref());
        let home = home(&self.path, &kept.file);
        let configs = match self.configs.is_empty() {
            true => home.as_deref().and_then(nearest).into_iter().collect(),
            false => self.configs.clone(),
        };
        let path = home.map_or_else(|| kept.file.clone(), |home| home.join(&kept.file).to_string_lossy().into_owned());
        let scenario = files::scenarios(std::slice::from_ref(&path)).and_then(|mut files| files.pop());
        let (workshop, file) = match scenario {
            Some(file) => {
                let workshop = Workshop::without_project(engines, load::overrides(env));
                (workshop.against(against).asked_for_with(load::arguments(&self.configs, env)), file)
            }
            None => {
                let workshop = load::workshop(&engines, &configs, env, &mut Seen::default())?;
                let workshop = workshop.asked_for_with(load::arguments(&configs, env));
                let file = file(&workshop, &kept)?;
                match against {
                    Some(config) => {
                        let configs = [config.to_owned()];
                        (load::workshop(&engines, &configs, env, &mut Seen::default())?.against(against), file)
                    }
                    None => (workshop, file),
                }
            }
        };
        let snapshots = snapshots::read(&file)?;
        let made = workshop.make_all(std::slice::from_ref(&file), 1).into_iter().next();
        let (program, ingredients) = made.ok_or_else(|| Error::internal("no thread can be started"))?.program?;
        let test = test(&program, &kept)?;
        Ok(Found { kept, program, test, snapshots, origin: Origin::Made(ingredients) })
    }
}

/// The test that was kept, as it was when it failed.
fn find_carried(kept: Kept, carried: Value) -> Result<Found> {
    let Unpacked { program, snapshots, is_of_another_emu } = carried::unpack(&*load::engines()?, &carried)?;
    if is_of_another_emu {
        eprint("warning: the trace was written by another emu, whose runs may be others\n");
    }
    let test = test(&program, &kept)?;
    Ok(Found { kept, program, test, snapshots, origin: Origin::Carried(carried) })
}

fn test(program: &Program, kept: &Kept) -> Result<Test> {
    let (tests, _) = collect(program)?;
    let found = tests.into_iter().find(|test| kept.is_of(test));
    found.ok_or_else(|| {
        let (file, test) = (story::clean(&kept.file), story::clean(&kept.test));
        Error::usage(format!("`{file}` has no test `{test}`"))
    })
}

/// The folder above a kept failure that the path of its test starts from; none where that is the current one, or where
/// there is none.
fn home(path: &Path, file: &str) -> Option<PathBuf> {
    let path = path.canonicalize().ok()?;
    let home = path.ancestors().find(|folder| folder.join(file).is_file())?;
    let is_here = std::env::current_dir().and_then(|here| here.canonicalize()).is_ok_and(|here| here == home);
    (!is_here).then(|| home.to_owned())
}

fn file(workshop: &Workshop, kept: &Kept) -> Result<TestFile> {
    let folder = workshop.folder();
    let path = folder.join(&kept.file);
    let inside = path.canonicalize().ok().zip(folder.canonicalize().ok());
    match inside {
        Some((path, folder)) if path.starts_with(&folder) && path.is_file() => {}
        _ => {
            let message = format!("there is no test file `{}` in `{}`", story::clean(&kept.file), folder.display());
            return Err(Error::usage(message).hint("name the configuration of its worker: `-c path/to/wrangler.jsonc`"));
        }
    }
    Ok(TestFile { name: kept.file.clone(), path })
}

/// Runs `emu replay`.
pub(in crate::cli) fn run_replay(args: &ReplayArgs) -> Result<ExitCode> {
    let found = args.kept.find(args.against.as_deref())?;
    let Replayed { finding, digest, unmet, lines } =
        replay(&found.program, &found.snapshots, &found.test, &found.kept.rerun)?;
    let has_failed = finding.is_some();
    unmet.iter().for_each(|unmet| eprint(&format!("warning: {unmet}\n")));
    match finding {
        Some(finding) => {
            let outcome = Outcome::Failed(Box::new(finding));
            let tested = Tested::once(&found.kept.file, found.test, outcome);
            let told = found.origin.tell(&found.program, &tested, &args.kept.path);
            print(&plain_story(&told, super::view()));
        }
        None => print(&format!("{} › {} passes\n", found.kept.file, story::one_line(&found.kept.test))),
    }
    if matches!(found.origin, Origin::Carried(_)) {
        let help = "`-c wrangler.jsonc` runs the code that is there now";
        eprint(&format!("note: this ran the worker as it is in the trace; {help}\n"));
    }
    let digest = format!("{digest:016x}");
    let is_same = found.kept.digest.is_empty() || digest == found.kept.digest;
    let parting = match is_same {
        true => String::new(),
        false => parting(&args.kept.path, &found.kept.digest, &digest, &lines),
    };
    if args.against.is_some() {
        eprint(if is_same { "the two runs are the same\n" } else { &parting });
    } else if !is_same && is_mended(&found.origin, has_failed, &unmet) {
        eprint(&format!("note: {parting}"));
    } else if !is_same {
        let help = "the code, its tests, its snapshots or emu are not those of the run that was kept";
        eprint(&format!("error: {parting}  help: {help}\n"));
        return Ok(ExitCode::from(DIVERGED));
    } else if !unmet.is_empty() {
        return Ok(ExitCode::from(DIVERGED));
    }
    Ok(if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Whether what failed then has been struck in the same way and passes. What a trace carries cannot have been mended.
fn is_mended(origin: &Origin, has_failed: bool, unmet: &[String]) -> bool {
    matches!(origin, Origin::Made(_)) && !has_failed && unmet.is_empty()
}

/// Where a run parts from the one that was kept.
fn parting(path: &Path, old: &str, new: &str, lines: &[Line]) -> String {
    let mut text = format!("the run ended with digest {new}, not {}\n", story::clean(old));
    if let Some((number, old, new)) = trace_file::first_difference(path, lines) {
        let (old, new) = (story::clean(&old), story::clean(&new));
        text.push_str(&format!("  because: event {number} was: {old}\n  because: event {number} is:  {new}\n"));
    }
    text
}

/// Runs `emu shrink`.
pub(in crate::cli) fn run_shrink(args: &ShrinkArgs) -> Result<ExitCode> {
    let found = args.kept.find(None)?;
    let options = Options {
        jobs: 1,
        points: Points::NONE,
        explored: Points::NONE,
        depth: 0,
        base: found.kept.rerun.seed,
        seeds: None,
        budget: None,
        rerun: Some(found.kept.rerun.clone()),
        is_calm: false,
        bail: None,
        updates_snapshots: false,
        adds_snapshots: false,
        checked_seeds: 1,
        shard: Shard::ALL,
        interrupted: Arc::default(),
    };
    let chosen = Chosen { name: None, id: Some(found.test.id.clone()), bugs: None, saved: None };
    let mut last = None;
    let (programs, snapshots) = ([found.program], [found.snapshots]);
    campaign(&programs, &snapshots, &options, &chosen, &mut |progress| {
        if let Progress::Tested(_, tested) = progress {
            last = Some(tested);
        }
    })?;
    let Some((tested, finding)) = last.as_ref().and_then(|tested| Some((tested, tested.failure()?))) else {
        eprint("error: it does not fail any more: there is nothing to shrink\n");
        return Ok(ExitCode::FAILURE);
    };
    let told = found.origin.tell(&programs[0], tested, &args.kept.path);
    // The path of the test stays what it was, wherever the reader stands.
    let kept = Kept { file: found.kept.file, ..session::kept_of(&told, finding) };
    let text = plain_story(&told, View::WHOLE);
    match args.kept.path.is_dir() {
        true => kept::save(&args.kept.path, &kept, &text)?,
        false => {
            let program = match &found.origin {
                Origin::Carried(program) => program.clone(),
                Origin::Made(ingredients) => carried::pack(&programs[0], ingredients, &snapshots[0])?,
            };
            trace_file::write(&args.kept.path, &kept, &finding.lines, &program)?;
        }
    }
    print(&plain_story(&told, super::view()));
    Ok(ExitCode::SUCCESS)
}
