//! The command line of the bench.
//!
//! Invariant: says what was asked for; starts nothing.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::side::Side;

/// Measures emu beside workerd and prints ratios against the bars.
#[derive(Parser)]
#[command(name = "cargo bench --bench compare --")]
pub(crate) struct Options {
    /// Measure only works whose name contains one of these
    pub(crate) names: Vec<String>,

    /// Fewer and shorter rounds, for a first look
    #[arg(long)]
    pub(crate) quick: bool,

    /// Rounds per work and side [default: 5, with --quick 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: Option<u32>,

    /// Seconds of load per round [default: 2, with --quick 1]
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: Option<u64>,

    /// Also write every round's figures to FILE as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Measure workerd alone
    #[arg(long, conflicts_with = "only_emu")]
    only_workerd: bool,

    /// Measure emu alone; bars that are ratios then stay open
    #[arg(long)]
    only_emu: bool,

    /// List the works and their bars, measure nothing
    #[arg(long)]
    pub(crate) list: bool,

    /// What cargo passes to every bench
    #[arg(long, hide = true)]
    bench: bool,
}

/// Parses the process's arguments; ends the process on a wrong one, and on `--help`.
pub(crate) fn parse() -> Options {
    Options::parse()
}

impl Options {
    /// The sides to measure, in the order in which they take turns.
    pub(crate) fn sides(&self) -> &'static [Side] {
        match (self.only_workerd, self.only_emu) {
            (true, _) => &[Side::Workerd],
            (_, true) => &[Side::Emu],
            _ => &[Side::Workerd, Side::Emu],
        }
    }

    /// Whether the work of this name was asked for.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|part| name.contains(part.as_str()))
    }

    /// How much to do per work.
    pub(crate) fn effort(&self) -> Effort {
        let (rounds, seconds) = if self.quick { (2, 1) } else { (5, 2) };
        Effort {
            rounds: self.rounds.unwrap_or(rounds),
            round_time: Duration::from_secs(self.seconds.unwrap_or(seconds)),
            start_count: if self.quick { 5 } else { 15 },
            memory_rounds: if self.quick { 1 } else { 3 },
            cold_names: if self.quick { 300 } else { 1_000 },
        }
    }
}

/// How much to do: rounds, their length, and the counts of works that count instead of lasting.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    /// Rounds of load per work and side.
    pub(crate) rounds: u32,
    /// How long the load of one round lasts.
    pub(crate) round_time: Duration,
    /// Process starts per side.
    pub(crate) start_count: u32,
    /// Rounds of a memory work per side; each needs a fresh process.
    pub(crate) memory_rounds: u32,
    /// Fresh object names per round of a cold work.
    pub(crate) cold_names: u32,
}
