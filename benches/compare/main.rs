//! Measures emu beside the real workerd: the same work on both, in one run, as ratios against the bars of `works.rs`.
//!
//! `cargo bench --bench compare -- [NAMES] [--quick] [--json FILE]`; `--list` shows the names. The worker is `guest/bench` on emu's
//! side and `benches/workerd/worker.js`, the same worker in JavaScript, on workerd's; in the works whose names begin with `js/` both
//! sides serve the same JavaScript.
//!
//! Invariant: load goes to servers that this process started, on 127.0.0.1 only, bounded in count and time; every one of them is
//! killed before the process ends, whether it ends well, by an error, by a panic or by a signal. Knows emu only as a program.

#![allow(clippy::disallowed_methods, reason = "a bench measures the real clock; `world` is for the runtime itself")]

mod http;
mod load;
mod options;
mod process;
mod report;
mod run;
mod server;
mod side;
mod stats;
mod websocket;
mod works;

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

/// What can go wrong, as one sentence for the reader.
pub(crate) type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

fn main() -> ExitCode {
    let options = options::parse();
    // One thread: the client must leave the other cores to the server, and its own use is then easy to read.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    let outcome = runtime.block_on(async {
        // Whichever ends first, the other future is dropped, and with it every server it had started.
        tokio::select! {
            outcome = run::run(&options) => outcome,
            signal = interrupted() => Err(format!("stopped by {signal}").into()),
        }
    });
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => fail(error.as_ref()),
    }
}

fn fail(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::FAILURE
}

/// Resolves with the name of the signal that asks this process to stop.
async fn interrupted() -> &'static str {
    let wait = async |kind, name| {
        match signal(kind) {
            Ok(mut stream) => stream.recv().await,
            // Without a handler the signal's default applies: the process ends, and servers follow it (see `server.rs`).
            Err(_) => std::future::pending().await,
        };
        name
    };
    tokio::select! {
        name = wait(SignalKind::interrupt(), "SIGINT") => name,
        name = wait(SignalKind::terminate(), "SIGTERM") => name,
        name = wait(SignalKind::hangup(), "SIGHUP") => name,
    }
}
