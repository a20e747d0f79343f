//! What `emu test` is told on the command line and by the environment.
//!
//! Invariant: reads arguments and variables; no files.

use crate::error::{Error, Result};
use crate::test::campaign::Shard;
use crate::test::report::ReporterName;
use crate::world::real::fill_random;
use crate::world::{Class, Points, Rerun, Seed};
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// What the seeds of runs are made of in CI, where the same code is to have the same runs.
const CI_SEED: Seed = Seed(1);
/// How long tests are tried to be made fail, unless told otherwise.
const DEFAULT_BUDGET: Duration = Duration::from_secs(10);
/// How often a test is run at most.
const MAX_SEEDS: u64 = 1_000_000_000;

/// Run the tests of a worker in simulated worlds, and try to make them fail in every way the platform may.
///
/// Each test runs calmly first, which is what other test runners do. Then it runs again with every single fault, and with
/// seeds, until the time is over. A failure is made as small as it can be, and told with a line that runs it again: the
/// same seed gives the same run on every machine. So there is no `--retry`: a flake cannot exist.
///
/// Exits with 0 when all passed, 1 when a test failed, 2 for wrong usage or configuration, 3 when a run was not the same
/// twice, 4 when no test matched, 70 for a mistake of emu's, and 130 when it was interrupted.
#[derive(Args, Debug, Clone)]
pub(in crate::cli) struct TestArgs {
    /// Only files whose path contains one of these
    #[arg(value_name = "FILTER")]
    pub(super) files: Vec<String>,

    /// The configuration; the first worker is tested, further ones can be bound to
    #[arg(short, long = "config", value_name = "CONFIG")]
    pub(super) configs: Vec<PathBuf>,

    /// The environment of the configuration
    #[arg(long, short, env = "CLOUDFLARE_ENV", value_name = "NAME")]
    pub(super) env: Option<String>,

    /// Only tests whose full name contains this, or matches it where it is a `/regular expression/`
    #[arg(short = 't', long = "filter", alias = "test-name-pattern", value_name = "NAME")]
    pub(super) name: Option<String>,

    /// Run each test once: with this seed, and with nothing but the faults of the tape, where one is given.
    /// With `--seeds`, `--budget`, `--explore` or `--shard` it is what the seeds of all runs are made of, as EMU_SEED is; without either that is
    /// fresh every time, and in CI always the same
    #[arg(long, value_name = "SEED[:TAPE]")]
    pub(super) seed: Option<Rerun>,

    /// How many seeds each test has; without it as many as there is time for, and with `--explore` none
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(0..=MAX_SEEDS))]
    pub(super) seeds: Option<u64>,

    /// How long all tests together are run after they have passed calmly: `10s`, `500ms`, `20m`; EMU_BUDGET says how long
    /// that is where nothing else does
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(super) budget: Option<Duration>,

    /// Run each test calmly and no further, with `--seed` if it says one
    #[arg(long, conflicts_with_all = ["seeds", "budget", "explore", "depth"])]
    pub(super) calm: bool,

    /// Which faults there are: classes and names behind commas, left out with a `-` before them; `help` lists them
    #[arg(long, value_name = "FAULTS", allow_hyphen_values = true)]
    pub(super) faults: Option<String>,

    /// Try every single one of these instead of seeds: `crash:1`, or `crash:2,evict:2` for every pair too; all of them,
    /// unless a budget is given
    #[arg(long, value_name = "FAULT:DEPTH,…", value_parser = parse_explore)]
    pub(super) explore: Option<Explore>,

    /// How many faults are combined when every one is tried: 0, 1 or 2
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u8).range(0..=2))]
    pub(super) depth: Option<u8>,

    /// How many threads run tests; by default as many as there are processors
    #[arg(long, short, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(super) jobs: Option<u16>,

    /// Stop after so many failures
    #[arg(long, value_name = "COUNT", num_args = 0..=1, default_missing_value = "1")]
    pub(super) bail: Option<usize>,

    /// Run again whenever a file changes
    #[arg(long, short, conflicts_with_all = ["list", "save", "trace"])]
    pub(super) watch: bool,

    /// Of every test only each n-th single fault and seed, for several machines: `1/3`, `2/3` and `3/3` together are all
    /// of them. Calm runs, with which these are compared, are made by each. The seeds are those of CI unless told otherwise
    #[arg(long, value_name = "INDEX/COUNT", value_parser = parse_shard, conflicts_with_all = ["calm", "list"])]
    pub(super) shard: Option<Shard>,

    /// List the tests, and run none
    #[arg(long)]
    pub(super) list: bool,

    /// List them as JSON
    #[arg(long, requires = "list")]
    pub(super) json: bool,

    /// How results are told, and where to: pretty, tap, junit, json or github, then `=FILE`; may be given several times
    #[arg(long, value_name = "NAME[=FILE]", value_parser = parse_reporter)]
    pub(super) reporter: Vec<(ReporterName, Option<PathBuf>)>,

    /// Write snapshots that differ anew, and remove those that no test asks for
    #[arg(short, long)]
    pub(super) update: bool,

    /// Keep the first failure in this folder of the project: `emu test` tries it first from then on, and `emu replay` runs
    /// it alone
    #[arg(long, value_name = "FOLDER")]
    pub(super) save: Option<PathBuf>,

    /// Write the run of the first failure with its program to this file: `emu replay` runs it anywhere
    #[arg(long, value_name = "FILE")]
    pub(super) trace: Option<PathBuf>,
}

/// What `--explore` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Explore {
    pub(super) points: Points,
    pub(super) depth: usize,
}

/// Whether this is a continuous integration, which wants the same runs every time and no new snapshots.
pub(super) fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}

impl TestArgs {
    /// What is run again, if that is all there is to do.
    pub(super) fn rerun(&self) -> Option<Rerun> {
        let has_tape = self.seed.as_ref().is_some_and(|seed| seed.tape.is_some());
        self.seed.clone().filter(|_| !self.calm && (has_tape || !self.asks_for_more()))
    }

    fn asks_for_more(&self) -> bool {
        self.seeds.is_some() || self.budget.is_some() || self.explore.is_some() || self.shard.is_some()
    }

    /// What the seeds of runs are made of.
    ///
    /// # Errors
    /// When `EMU_SEED` is no seed.
    pub(super) fn base(&self) -> Result<Seed> {
        if let Some(rerun) = &self.seed {
            return Ok(rerun.seed);
        }
        match std::env::var("EMU_SEED") {
            Ok(text) if !text.is_empty() => {
                text.parse().map_err(|problem| Error::usage(format!("EMU_SEED: {problem}")))
            }
            // All shards have to mean the same seeds.
            _ if is_ci() || self.shard.is_some() => Ok(CI_SEED),
            _ => {
                // Short enough to be read out; there are so many more seeds than anybody runs.
                let mut bytes = [0; 4];
                fill_random(&mut bytes);
                Ok(Seed(u64::from(u32::from_le_bytes(bytes))))
            }
        }
    }

    /// Where the world may decide.
    ///
    /// # Errors
    /// When `--faults` names what there is not.
    pub(super) fn points(&self) -> Result<Points> {
        let usual = || Ok(Points::of(&Class::ALL));
        let parse = |text: &str| Points::parse(text).map_err(|problem| Error::usage(format!("--faults: {problem}")));
        self.faults.as_deref().map_or_else(usual, parse)
    }

    /// Where single deviations are tried. Orders are not: alone they are too many to try each.
    pub(super) fn explored(&self, points: Points) -> Explore {
        let depth = |default| self.depth.map_or(default, usize::from);
        match self.explore {
            Some(explore) => Explore { depth: depth(explore.depth), ..explore },
            None => Explore { points: points.without(Points::of(&[Class::Order])), depth: depth(1) },
        }
    }

    /// How many seeds each test has, if that is known.
    pub(super) fn seeds(&self) -> Option<u64> {
        self.seeds.or(self.explore.map(|_| 0))
    }

    /// How much time there is. Whoever says what is to be run, and not for how long, wants all of it.
    ///
    /// # Errors
    /// When `EMU_BUDGET` is no time.
    pub(super) fn budget(&self) -> Result<Option<Duration>> {
        if self.budget.is_some() || self.seeds().is_some() {
            return Ok(self.budget);
        }
        match std::env::var("EMU_BUDGET") {
            Ok(text) if !text.is_empty() => {
                parse_time(&text).map(Some).map_err(|problem| Error::usage(format!("EMU_BUDGET: {problem}")))
            }
            _ => Ok(Some(DEFAULT_BUDGET)),
        }
    }

    /// How many threads run tests.
    pub(super) fn jobs(&self) -> usize {
        let all = || std::thread::available_parallelism().map_or(1, usize::from);
        self.jobs.map_or_else(all, usize::from)
    }
}

fn parse_time(text: &str) -> std::result::Result<Duration, String> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let factor_s = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err("give a time with its unit, such as `10s`, `500ms` or `20m`".into()),
    };
    let number: f64 = text[..text.len() - unit.len()].parse().map_err(|_| format!("`{text}` is not a time"))?;
    Duration::try_from_secs_f64(number * factor_s).map_err(|_| format!("`{text}` is too long"))
}

fn parse_explore(text: &str) -> std::result::Result<Explore, String> {
    let (mut names, mut depth) = (Vec::new(), 1);
    for word in text.split(',') {
        let (name, of_name) = word.split_once(':').unwrap_or((word, "1"));
        names.push(name);
        depth = match of_name {
            "1" => depth,
            "2" => 2,
            _ => return Err(format!("`{of_name}` is no depth: 1 tries each by itself, 2 every pair too")),
        };
    }
    // Together: what is left out is left out of those before it.
    Ok(Explore { points: Points::parse(&names.join(","))?, depth })
}

fn parse_shard(text: &str) -> std::result::Result<Shard, String> {
    let number = |text: &str| text.parse::<u64>().ok().filter(|number| *number > 0);
    let shard = text.split_once('/').and_then(|(index, count)| Some((number(index)?, number(count)?)));
    match shard {
        Some((index, count)) if index <= count => Ok(Shard { index, count }),
        _ => Err("a shard is given as INDEX/COUNT, such as `1/3`".into()),
    }
}

fn parse_reporter(text: &str) -> std::result::Result<(ReporterName, Option<PathBuf>), String> {
    let (name, file) = text.split_once('=').map_or((text, None), |(name, file)| (name, Some(PathBuf::from(file))));
    if file.as_ref().is_some_and(|file| file.as_os_str().is_empty()) {
        return Err(format!("no file is named after `{name}=`"));
    }
    Ok((ReporterName::named(name)?, file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: TestArgs,
    }

    fn parse(line: &str) -> std::result::Result<TestArgs, String> {
        let words = std::iter::once("test").chain(line.split_whitespace());
        Line::try_parse_from(words).map(|line| line.args).map_err(|error| error.to_string())
    }

    #[test]
    fn a_seed_is_all_there_is_to_run_unless_more_is_asked_for() {
        for (line, rerun) in [
            ("", None),
            ("--seed 7f3a-19c2", Some("7f3a-19c2")),
            ("--seed 7f3a-19c2:calm", Some("7f3a-19c2:calm")),
            ("--seed 7f3a-19c2 --seeds 10", None),
            ("--seed 7f3a-19c2 --budget 1s", None),
            ("--seed 7f3a-19c2 --shard 1/2", None),
            ("--seed 1:crash.1.0=1 --seeds 10", Some("1:crash.1.0=1")),
        ] {
            let args = parse(line).expect(line);
            assert_eq!(args.rerun().map(|rerun| rerun.to_string()).as_deref(), rerun, "{line}");
        }
        assert_eq!(parse("--seed a --seeds 10").expect("arguments").base().expect("a seed"), Seed(10));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_what_does() {
        for (line, says) in [
            ("--seed xyz", "hex digits"),
            ("--seed 1:crush.1.0=1", "no such point"),
            ("--budget 10", "with its unit"),
            ("--budget 99999999999999999999h", "too long"),
            ("--budget 1.2.3s", "not a time"),
            ("--explore crush", "there is no fault `crush`"),
            ("--explore crash:3", "no depth"),
            ("--shard 0/3", "INDEX/COUNT"),
            ("--shard 4/3", "INDEX/COUNT"),
            ("--shard 1/3 --calm", "cannot be used with"),
            ("--reporter dots", "there is no reporter `dots`"),
            ("--json", "--list"),
            ("--calm --seeds 3", "cannot be used with"),
            ("--retry 3", "unexpected argument"),
        ] {
            let error = parse(line).expect_err(line);
            assert!(error.contains(says), "{line}: {error}");
        }
        let faults = parse("--faults crush").expect("arguments").points().expect_err("no such fault");
        assert!(faults.to_string().contains("there is no fault `crush`"));
    }

    #[test]
    fn what_is_explored_follows_from_the_faults() {
        let explored = |line: &str| {
            let args = parse(line).expect(line);
            let explored = args.explored(args.points().expect(line));
            (explored.points.iter().map(|point| point.name()).collect::<Vec<_>>().join(" "), explored.depth)
        };
        assert_eq!(explored("--faults order,crash,evict"), ("evict crash".into(), 1));
        assert_eq!(explored("--faults crash --depth 2"), ("crash".into(), 2));
        assert_eq!(explored("--explore evict:1,crash:2"), ("evict crash".into(), 2));
        assert_eq!(explored("--explore task"), ("task".into(), 1));
    }
}
