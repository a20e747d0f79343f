//! The command line: one file per verb.
//!
//! Invariant: parses, calls, prints; the verbs' work is done by the modules below.

mod load;
#[path = "/tmp/objects_stub.rs"]
mod objects;
mod prepare;
mod serve;
mod state;
mod watch;

use crate::error;
use clap::{Parser, Subcommand};
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
    /// Look at the Durable Objects of a running emu, and do to them what production does.
    Do(objects::ObjectsArgs),
}

/// Runs the command line; what `main` returns.
pub fn main() -> ExitCode {
    let result = match Cli::parse().verb {
        Verb::Serve(args) => serve::run(&args),
        Verb::Do(args) => objects::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprint(&error::report(&error));
            ExitCode::from(error.exit_code())
        }
    }
}

/// Writes to standard error; that nobody reads it is no reason to fail.
fn eprint(text: &str) {
    use std::io::Write;
    let _ = std::io::stderr().write_all(text.as_bytes());
}
