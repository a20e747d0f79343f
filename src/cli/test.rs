//! `emu test`.
//!
//! Invariant: the exit code says what happened: 0 all passed, 1 a test failed, 2 something to correct before tests can
//! run, 3 a run was not the same twice, 4 no test matched, 70 a bug of emu's, 130 interrupted.

mod args;
mod bar;
mod carried;
mod choice;
mod files;
mod inline_snapshots;
mod interrupt;
pub(super) mod kept;
mod load;
mod outputs;
mod patterns;
mod program;
pub(super) mod replay;
mod saved;
mod session;
mod snapshots;
mod trace_file;
mod vitest_config;
mod watching;

pub(super) use args::TestArgs;

use super::eprint;
use super::watch::Seen;
use crate::error::{Error, Result};
use crate::project::engines::Engines;
use crate::test::story;
use crate::test::timeline::View;
use crate::world::{Class, Point};
use interrupt::Interrupt;
use program::Workshop;
use session::Passed;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

/// What a run was not the same twice exits with.
const DIVERGED: u8 = 3;
/// What exits with that no test matched.
const NOTHING: u8 = 4;

/// Runs the verb.
pub(super) fn run(args: &TestArgs) -> Result<ExitCode> {
    if args.faults.as_deref() == Some("help") {
        print(&faults_help());
        return Ok(ExitCode::SUCCESS);
    }
    let interrupt = Interrupt::listen()?;
    let engines = load::engines()?;
    if args.watch {
        return watching::run(args, &runtime()?, &mut |seen| once(args, &engines, &interrupt, seen).map(drop));
    }
    once(args, &engines, &interrupt, &mut Seen::default())
}

fn once(args: &TestArgs, engines: &Arc<Engines>, interrupt: &Interrupt, seen: &mut Seen) -> Result<ExitCode> {
    let workshop = match files::scenarios(&args.files) {
        Some(_) => Workshop::without_project(Arc::clone(engines), load::overrides(args.env.as_deref())),
        None => load::workshop(engines, &args.configs, args.env.as_deref(), seen)?,
    };
    let workshop = workshop.asked_for_with(load::arguments(&args.configs, args.env.as_deref()));
    let passed = session::pass(args, &workshop, interrupt, seen)?;
    interrupt.obey();
    Ok(match passed {
        Passed::Listed { is_whole: true } => ExitCode::SUCCESS,
        Passed::Listed { is_whole: false } => ExitCode::FAILURE,
        Passed::Nothing { files: 0 } if workshop.passes_with_no_tests() => {
            eprint("no test files found, which is no mistake where `test.passWithNoTests` is set\n");
            ExitCode::SUCCESS
        }
        Passed::Nothing { files } => {
            eprint(&nothing(args, &workshop, files));
            ExitCode::from(NOTHING)
        }
        Passed::Ran(summary) if summary.nondeterministic > 0 => ExitCode::from(DIVERGED),
        Passed::Ran(summary) if summary.is_good() => ExitCode::SUCCESS,
        Passed::Ran(_) => ExitCode::FAILURE,
    })
}

/// What is said when no test matches: whether that is for the name of the test or of its file.
fn nothing(args: &TestArgs, workshop: &Workshop, files: usize) -> String {
    let folder = workshop.folder().display();
    match &args.name {
        Some(name) if files > 0 => format!(
            "error: no test of `{folder}` has a name like `{name}`\n  help: `emu test --list` lists the tests; a name \
             counts with those of its suites, and capital letters count\n",
            name = story::clean(name),
        ),
        _ if !args.files.is_empty() => format!(
            "error: no test file of `{folder}` has {} in its path\n  help: `-t` picks tests by their names; `emu test \
             --list` lists them\n",
            args.files.iter().map(|part| format!("`{}`", story::clean(part))).collect::<Vec<_>>().join(" or "),
        ),
        _ => format!(
            "error: no test matches in `{folder}`\n  help: tests are in files like `room.test.ts`; `emu test --list` \
             lists them\n"
        ),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Error::internal("the event loop cannot be started").because(error))
}

/// What `--faults help` shows, and `--chaos help`.
pub(super) fn faults_help() -> String {
    let mut text = String::from("Faults, by class; a class names all of its faults.\n");
    for class in Class::ALL {
        text.push_str(&format!("\n{}\n", class.name()));
        for point in Point::ALL.iter().filter(|point| point.class() == class) {
            text.push_str(&format!(
                "  {:<20} {}\n{:23}must hold: {}\n",
                point.name(),
                point.meaning(),
                "",
                point.holds()
            ));
        }
    }
    text
}

/// How much room there is on standard output.
fn view() -> View {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok();
    let width = size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0);
    width.map_or_else(View::default, |width| View { width, ..View::default() })
}

/// Writes to standard output; that nobody reads it is no reason to fail.
fn print(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}
