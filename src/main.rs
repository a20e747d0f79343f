//! The `emu` binary: parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    emu::cli::main()
}
