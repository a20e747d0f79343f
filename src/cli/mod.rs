//! The command line: one file per verb.
//!
//! Invariant: parses, calls, prints; the verbs' work is done by the modules below.

mod clock;
mod levers;
mod objects;
mod serve;
mod state;
mod test;
mod watch;

use crate::error::{self, Error, Result};
use crate::project::{engines, load, prepare, source};
use clap::{Parser, Subcommand};
use std::io::IsTerminal;
use std::process::ExitCode;

/// Run Cloudflare Workers applications on this machine, offline.
#[derive(Debug, Parser)]
#[command(name = "emu", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Serve(Box<serve::ServeArgs>),
    Test(Box<test::TestArgs>),
    Replay(test::replay::ReplayArgs),
    Shrink(test::replay::ShrinkArgs),
    Do(objects::ObjectsArgs),
    Clock(clock::ClockArgs),
}

/// Runs the command line; what `main` returns.
pub fn main() -> ExitCode {
    std::panic::set_hook(Box::new(report_bug));
    let result = match Cli::parse().verb {
        Verb::Serve(args) => serve::run(args).map(|()| ExitCode::SUCCESS),
        Verb::Test(args) => test::run(&args),
        Verb::Replay(args) => test::replay::run_replay(&args),
        Verb::Shrink(args) => test::replay::run_shrink(&args),
        Verb::Do(args) => objects::run(&args).map(|()| ExitCode::SUCCESS),
        Verb::Clock(args) => clock::run(&args).map(|()| ExitCode::SUCCESS),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprint(&error::report(&error));
            ExitCode::from(error.exit_code())
        }
    }
}

/// A panic is a bug of emu's. What was acknowledged is on disk already, so ending at once loses nothing, and going on
/// with a broken lane might.
fn report_bug(panic: &std::panic::PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let what = panic.payload_as_str().unwrap_or("a panic");
    let bug = Error::internal(format!("{what} ({place})"));
    eprint(&error::report(&bug));
    std::process::exit(i32::from(bug.exit_code()));
}

/// Whether a terminal knows more than plain text.
fn takes_escapes() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term != "dumb")
}

/// Whether standard output is to be coloured.
fn takes_colours() -> bool {
    std::io::stdout().is_terminal() && takes_escapes() && std::env::var_os("NO_COLOR").is_none()
}

/// Writes to standard output. Whoever closed it, as `| head` does, has seen enough; that is no error.
fn print(text: &str) -> Result<()> {
    use std::io::{ErrorKind, Write};
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::storage("the answer cannot be written to standard output").because(error))
        }
        _ => Ok(()),
    }
}

/// Writes to standard error; that nobody reads it is no reason to fail.
fn eprint(text: &str) {
    use std::io::Write;
    let _ = std::io::stderr().write_all(text.as_bytes());
}
