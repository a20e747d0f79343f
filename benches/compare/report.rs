//! The figures for the reader: one table, and the same as JSON with every round.
//!
//! Invariant: measures nothing; the median of the rounds is the figure.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::Result;
use crate::run::Rounds;
use crate::side::{Programs, Side};
use crate::stats::median;
use crate::works::{Bar, Metric, Work};

/// From here on the client is as likely the limit as the server.
const BUSY_CLIENT_CORES: f64 = 0.9;

/// What has been measured so far.
pub(crate) struct Report {
    programs: Vec<String>,
    load_before: String,
    works: Vec<(&'static Work, Vec<(Side, Rounds)>)>,
}

/// One line of the table.
struct Row {
    work: String,
    workerd: Option<f64>,
    emu: Option<f64>,
    bar: Option<Bar>,
}

/// Prints the names of the works and their bars.
pub(crate) fn list(works: &[&Work]) {
    for work in works {
        let bars = Vec::from_iter(work.bars.iter().map(|(metric, bar)| format!("{} {bar}", metric.label())));
        println!("{:<22} {}", work.name, bars.join(", "));
    }
}

impl Report {
    /// An empty report about these sides.
    pub(crate) fn new(programs: &Programs, sides: &[Side]) -> Self {
        let programs = sides.iter().map(|&side| version(programs.path(side)).unwrap_or_else(|| side.name().to_owned()));
        Self { programs: programs.collect(), load_before: load_average(), works: Vec::new() }
    }

    /// Adds a work.
    pub(crate) fn add(&mut self, work: &'static Work, sides: Vec<(Side, Rounds)>) {
        self.works.push((work, sides));
    }

    /// Whether a work failed on a side.
    pub(crate) fn has_failures(&self) -> bool {
        self.works.iter().flat_map(|(_, sides)| sides).any(|(_, rounds)| rounds.error.is_some())
    }

    /// Prints the table and what must be known about it.
    pub(crate) fn print(&self) {
        let programs = self.programs.join(", ");
        println!(
            "\n{programs}; {} cores, load {} before; figures are medians of the rounds",
            cores(),
            self.load_before
        );
        println!("workerd syncs every commit to disk, emu only in the works named `-synced` (`--durability full`)\n");
        println!("{:<38} {:>12} {:>12} {:>8}  {:<8} met?", "work", "workerd", "emu", "ratio", "bar");
        for row in self.works.iter().flat_map(|(work, sides)| rows(work, sides)) {
            row.print();
        }
        let notes = Vec::from_iter(self.works.iter().flat_map(|(work, sides)| notes(work, sides)));
        if !notes.is_empty() {
            println!("\n{}", notes.join("\n"));
        }
    }

    /// Writes the figures and every round's to a file.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let works = Vec::from_iter(self.works.iter().map(|(work, sides)| work_json(work, sides)));
        let report =
            json!({ "programs": self.programs, "cores": cores(), "load_before": self.load_before, "works": works });
        let text = serde_json::to_string_pretty(&report)? + "\n";
        fs::write(path, text).map_err(|error| format!("cannot write `{}`: {error}", path.display()).into())
    }
}

impl Row {
    fn print(&self) {
        let ratio = self.emu.zip(self.workerd).map(|(emu, workerd)| format!("{:.2}x", emu / workerd));
        let bar = self.bar.map(|bar| bar.to_string());
        let met = match self.emu.zip(self.bar).and_then(|(emu, bar)| bar.is_met(emu, self.workerd)) {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "-",
        };
        println!(
            "{:<38} {:>12} {:>12} {:>8}  {:<8} {met}",
            self.work,
            self.workerd.map_or("-".to_owned(), figure),
            self.emu.map_or("-".to_owned(), figure),
            ratio.as_deref().unwrap_or("-"),
            bar.as_deref().unwrap_or("-"),
        );
    }
}

/// Three significant digits, or all digits before the point.
fn figure(value: f64) -> String {
    let digits_after_point = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    format!("{value:.digits_after_point$}")
}

fn rows(work: &Work, sides: &[(Side, Rounds)]) -> Vec<Row> {
    let mut figures: BTreeMap<Metric, [Option<f64>; 2]> =
        work.bars.iter().map(|(metric, _)| (*metric, [None; 2])).collect();
    for (side, rounds) in sides {
        for (metric, values) in by_metric(rounds) {
            figures.entry(metric).or_default()[usize::from(*side == Side::Emu)] = median(&values);
        }
    }
    figures.remove(&Metric::ClientCores);
    let row = |(metric, [workerd, emu]): (Metric, [Option<f64>; 2])| Row {
        work: format!("{:<22}{}", work.name, metric.label()),
        workerd,
        emu,
        bar: work.bars.iter().find(|(of, _)| *of == metric).map(|(_, bar)| *bar),
    };
    figures.into_iter().map(row).collect()
}

fn notes(work: &Work, sides: &[(Side, Rounds)]) -> Vec<String> {
    let mut notes = Vec::new();
    for (side, rounds) in sides {
        let mut add = |note: &str| notes.push(format!("{}, {}: {note}", work.name, side.name()));
        if let Some(error) = &rounds.error {
            add(&format!("failed: {error}"));
        }
        let mut of_rounds = Vec::from_iter(rounds.rounds.iter().flat_map(|round| &round.notes));
        of_rounds.dedup();
        of_rounds.into_iter().for_each(|note| add(note));
        let client_cores = by_metric(rounds).remove(&Metric::ClientCores).and_then(|values| median(&values));
        if let Some(cores) = client_cores.filter(|cores| *cores >= BUSY_CLIENT_CORES) {
            add(&format!(
                "the client kept {cores:.2} cores busy: per second it may be the limit, per core-second it is not"
            ));
        }
    }
    notes
}

fn by_metric(rounds: &Rounds) -> BTreeMap<Metric, Vec<f64>> {
    let mut values: BTreeMap<Metric, Vec<f64>> = BTreeMap::new();
    for (metric, value) in rounds.rounds.iter().flat_map(|round| &round.readings) {
        values.entry(*metric).or_default().push(*value);
    }
    values
}

fn work_json(work: &Work, sides: &[(Side, Rounds)]) -> Value {
    let mut object = json!({ "name": work.name });
    for (side, rounds) in sides {
        let mut figures = json!({});
        for (metric, values) in by_metric(rounds) {
            figures[metric.key()] = json!({ "median": median(&values), "rounds": values });
        }
        if let Some(error) = &rounds.error {
            figures["error"] = json!(error);
        }
        object[side.name()] = figures;
    }
    let judged = rows(work, sides).into_iter().filter_map(|row| {
        let bar = row.bar?;
        let is_met = row.emu.and_then(|emu| bar.is_met(emu, row.workerd));
        Some(json!({ "bar": bar.to_string(), "ratio": row.emu.zip(row.workerd).map(|(emu, workerd)| emu / workerd), "met": is_met }))
    });
    object["bars"] = judged.collect();
    object
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The kernel's average of the last minute: other work on the machine makes all figures worse, and ratios uncertain.
fn load_average() -> String {
    let averages = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    averages.split(' ').next().unwrap_or_default().to_owned()
}

fn version(program: &Path) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.lines().next()?.trim().to_owned()).filter(|line| !line.is_empty())
}
