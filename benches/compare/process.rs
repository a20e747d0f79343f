//! What the kernel says about a process: processor time and memory; and this process's own limit of open files.
//!
//! Invariant: reads `/proc`, starts and ends no process. Linux only.

use std::fs;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::Result;

/// Ticks per second of the times in `/proc/<pid>/stat`: a constant of Linux's interface to programs on every architecture in use.
const TICKS_PER_SECOND: u64 = 100;

/// Processor time, user and system, that all threads of the process have used; 10 ms steps.
pub(crate) fn cpu_time(pid: u32) -> Result<Duration> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path).map_err(|error| format!("cannot read `{path}`: {error}"))?;
    // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = |index| fields.split_whitespace().nth(index).and_then(|text| text.parse::<u64>().ok());
    let (user, system) = ticks(11).zip(ticks(12)).ok_or_else(|| format!("`{path}` has an unknown form"))?;
    Ok(Duration::from_millis((user + system) * 1_000 / TICKS_PER_SECOND))
}

/// Memory of the process in KiB: its own pages whole, shared ones by its share (Pss).
pub(crate) fn pss_kib(pid: u32) -> Result<f64> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let rollup = fs::read_to_string(&path).map_err(|error| format!("cannot read `{path}`: {error}"))?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix("kB")).and_then(|text| text.trim().parse().ok());
    kib.ok_or_else(|| format!("`{path}` has no Pss line").into())
}

/// Raises the number of files this process and its children may have open, to `wanted` if the system lets it and else as far as it
/// goes; returns that number.
pub(crate) fn raise_open_files(wanted: u64) -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map(|maximum| maximum.max(wanted));
    // Only a privileged process may go above its maximum; every process may go up to it.
    for limit in [wanted, maximum] {
        if setrlimit(Resource::Nofile, Rlimit { current: limit, maximum: limit }).is_ok() {
            return limit.unwrap_or(u64::MAX);
        }
    }
    current.unwrap_or(u64::MAX)
}
