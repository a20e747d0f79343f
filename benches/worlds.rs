//! How fast simulated worlds are: `cargo bench --bench worlds`.
//!
//! Nobody else has such worlds, so there is no peer to stand beside; the bars are design's own.
//!
//! Invariant: measures what a user runs: the binary, or the public `emu::World`.

#![expect(clippy::disallowed_methods, reason = "a bench reads the clock")]

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const SEEDS: u64 = 2000;
const STARTS: usize = 11;
const REQUESTS: u32 = 5000;

fn main() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/testing/ten_requests");
    let mut starts: Vec<f64> =
        (0..STARTS).map(|_| timed(|| drop(emu_test(&fixture, &["--calm"]))).as_secs_f64()).collect();
    starts.sort_by(f64::total_cmp);
    row("`emu test --calm` of one test, start to end, median", starts[STARTS / 2] * 1000.0, "ms");

    let seeds = SEEDS.to_string();
    let told = emu_test(&fixture, &["--seeds", &seeds, "--jobs", "1", "--reporter", "json"]);
    let test = told.iter().find(|line| line["type"] == "test").expect("the test is told of");
    let (runs, ms) = (test["runs"].as_f64().unwrap_or_default(), test["realMs"].as_f64().unwrap_or(1.0));
    row("shaken runs of ten requests, one job", runs / ms * 1000.0, "per second");

    let config = fixture.join("wrangler.jsonc");
    let world = emu::World::open(&config).expect("a world");
    world.fetch("GET", "/", "");
    let year = timed(|| world.advance(Duration::from_secs(365 * 24 * 60 * 60)));
    row("an idle virtual year", year.as_secs_f64() * 1000.0, "ms");

    let began = world.now();
    let requests = timed(|| {
        for _ in 0..REQUESTS {
            world.fetch("GET", "/", "");
            world.advance(Duration::from_secs(1));
        }
    });
    row(
        "requests to an object, a virtual second between them",
        f64::from(REQUESTS) / requests.as_secs_f64(),
        "per second",
    );
    let simulated = (world.now() - began).as_secs_f64();
    row("simulated seconds per second of that", simulated / requests.as_secs_f64(), "");
}

/// Runs `emu test` in a folder; what its reporter told, where that is JSON.
fn emu_test(folder: &PathBuf, args: &[&str]) -> Vec<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_emu"))
        .arg("test")
        .args(args)
        .current_dir(folder)
        .env("CI", "true")
        .output()
        .expect("emu runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn timed(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

fn row(what: &str, value: f64, unit: &str) {
    println!("{what:<60} {value:>12.1} {unit}");
}
