//! End-to-end tests: the real binary, a real HTTP client, a real WebSocket client.
//!
//! Each file is a subject. `support` is what they are written with.
//!
//! Invariant: what is asserted here somebody outside the process could see.

#![expect(clippy::disallowed_methods, reason = "tests live in the real world: they start processes and wait for them")]

mod alarms;
mod bad_config;
mod bad_frames;
mod bad_http;
mod bad_storage;
mod bugs;
mod build;
mod calm_failures;
mod campaign;
mod chaos;
mod chat;
mod commands;
mod common_js;
mod differential;
mod encodings;
mod endurance;
mod errors;
mod exit_codes;
mod faults;
mod gates;
mod hibernation;
mod isolates;
mod kept;
mod kill;
mod levers;
mod mocks;
mod nested;
mod nested_exceptions;
mod npm_apps;
mod outgoing;
mod received;
mod recorded;
mod reload;
mod requests;
mod restart;
mod scenarios;
mod sealed;
mod seeds_js;
mod services;
mod signals;
mod silent;
mod sockets;
mod storage;
mod streams;
mod support;
mod test_watch;
mod testing;
mod tidy;
mod told;
mod traces;
mod worlds;

/// The files of this folder and the modules above are the same.
#[test]
fn every_file_is_a_module() {
    let folder = support::repository().join("tests/it");
    let main = include_str!("main.rs");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .expect("this folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().trim_end_matches(".rs").to_owned())
        .filter(|name| name != "main")
        .collect();
    files.sort();
    let modules: Vec<&str> = main.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';')).collect();
    assert_eq!(modules, files);
}
