//! Rules about the sources themselves.
//!
//! Invariant: each rule says, when it is broken, where and what to do instead.

use crate::support::repository;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The longest file: beyond it nobody sees a file whole.
const MAX_LINES: usize = 600;

/// Each part of the program, and the parts it may know. What stands in no list it must not name.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("world", &["error"]),
    ("core", &["world", "error"]),
    ("isolate", &["core", "world", "error"]),
    ("storage", &["core", "world", "error"]),
    ("bindings", &["isolate", "storage", "core", "world", "error"]),
    ("lane", &["bindings", "isolate", "storage", "core", "world", "error"]),
    ("serve", &["lane", "bindings", "isolate", "storage", "core", "world", "error"]),
    ("simulate", &["lane", "isolate", "storage", "core", "world", "error"]),
    ("test", &["config", "simulate", "lane", "world", "error"]),
    ("config", &[]),
    ("bundle", &["error"]),
    ("project", &["config", "bundle", "lane", "bindings", "isolate", "storage", "core", "world", "error"]),
    ("embed", &["project", "config", "simulate", "lane", "world", "error"]),
    (
        "cli",
        &[
            "embed", "project", "config", "bundle", "serve", "test", "simulate", "lane", "bindings", "isolate",
            "storage", "core", "world", "error",
        ],
    ),
];

/// Libraries, and the only places that may use them.
const SOLE_USERS: &[(&str, &[&str])] = &[
    ("wasmtime", &["src/isolate/"]),
    ("wasmparser", &["src/isolate/"]),
    ("wasm_encoder", &["src/isolate/"]),
    ("rusqlite", &["src/storage/"]),
    ("hyper", &["src/serve/", "src/cli/objects/exchange.rs"]),
    ("hyper_util", &["src/serve/", "src/cli/objects/exchange.rs"]),
    ("tungstenite", &["src/serve/"]),
    ("tokio_rustls", &["src/serve/"]),
    ("jsonc_parser", &["src/config/"]),
    ("toml", &["src/config/"]),
    ("notify", &["src/cli/watch.rs"]),
    ("tokio", &["src/serve/", "src/cli/", "src/bundle/"]),
    ("rolldown", &["src/bundle/"]),
    ("oxc", &["src/bundle/"]),
];

/// The files that may say `unsafe`: one maps memory, those of `guest/js` speak with QuickJS and with nested modules, the
/// others are the guests' side of the interface.
const MAY_BE_UNSAFE: &[&str] = &[
    "src/isolate/memory.rs",
    "guest/worker/src/host.rs",
    "guest/probe/src/hostile.rs",
    "guest/worker-macros/src/",
    "guest/js/src/border.rs",
    "guest/js/src/data/raw.rs",
    "guest/js/src/nested/",
    "guest/js/src/seal.rs",
];

#[test]
fn every_part_knows_only_the_parts_below_it() {
    for file in sources(&["src"]) {
        let Some(part) = part_of(&file.name) else { continue };
        let Some((_, known)) = MAY_KNOW.iter().find(|(name, _)| *name == part) else {
            panic!("{}: the part `{part}` has no place in the order of src/lib.rs and tests/it/tidy.rs", file.name);
        };
        for (number, line) in file.code() {
            for other in line.split("crate::").skip(1).map(word) {
                let own = other == part || !MAY_KNOW.iter().any(|(name, _)| *name == other);
                assert!(own || known.contains(&other), "{}:{number}: `{part}` must not know `{other}`", file.name);
            }
        }
    }
}

#[test]
fn every_library_is_used_where_it_belongs() {
    for file in sources(&["src"]) {
        for (number, line) in file.code() {
            for (library, places) in SOLE_USERS {
                let used = line.match_indices(&format!("{library}::")).any(|(at, _)| starts_a_path(line, at));
                let allowed = places.iter().any(|place| file.name.starts_with(place));
                assert!(!used || allowed, "{}:{number}: `{library}` belongs to {places:?}", file.name);
            }
        }
    }
}

#[test]
fn unsafe_is_where_it_is_expected() {
    for file in sources(&["src", "tests", "benches", "guest"]) {
        if MAY_BE_UNSAFE.iter().any(|place| file.name.starts_with(place)) || file.name.ends_with("tidy.rs") {
            continue;
        }
        for (number, line) in file.code() {
            let found = line.match_indices("unsafe").any(|(at, _)| {
                let (before, after) = (line[..at].chars().next_back(), line[at + 6..].chars().next());
                ![before, after].into_iter().flatten().any(|char| char.is_alphanumeric() || "_-\"`".contains(char))
            });
            assert!(!found, "{}:{number}: `unsafe` belongs into one of {MAY_BE_UNSAFE:?}", file.name);
        }
    }
}

#[test]
fn every_module_says_what_it_is_and_what_it_must_not_be() {
    for file in sources(&["src", "tests"]) {
        let tests = file.name.ends_with("/tests.rs") || file.name.contains("/tests/") && file.name.starts_with("src/");
        if tests || file.name == "src/main.rs" {
            continue;
        }
        let header: Vec<&str> = file.text.lines().take_while(|line| line.starts_with("//!")).collect();
        assert!(!header.is_empty(), "{}: begin with what lives here (`//!`)", file.name);
        let says = header.iter().any(|line| line.contains("Invariant:"));
        assert!(says, "{}: say in the header what must stay true (`Invariant:`)", file.name);
    }
}

#[test]
fn no_file_is_too_long() {
    for file in sources(&["src", "tests", "benches", "guest"]) {
        let lines = file.text.lines().count();
        assert!(lines <= MAX_LINES, "{}: {lines} lines; split it at a boundary of meaning", file.name);
    }
}

#[test]
fn nothing_names_the_machine_it_was_built_on() {
    let homes = [["/ro", "ot/"].concat(), ["/ho", "me/"].concat(), ["/wo", "rk/"].concat(), ["/tm", "p/"].concat()];
    let folders = ["src", "tests", "benches", "guest", "docs", "fixtures"];
    let roots = ["Cargo.toml", "README.md", "wrangler.jsonc", "clippy.toml", "rustfmt.toml"];
    let mut files: Vec<PathBuf> =
        roots.iter().map(|name| repository().join(name)).filter(|path| path.exists()).collect();
    for folder in folders {
        walk(&repository().join(folder), &mut files);
    }
    for path in files {
        let bytes = fs::read(&path).expect("a file of the repository");
        for home in &homes {
            let found = bytes.windows(home.len()).position(|window| window == home.as_bytes());
            assert!(found.is_none(), "{}: `{home}` at byte {}", path.display(), found.unwrap_or_default());
        }
    }
}

#[test]
fn every_dependency_is_explained() {
    let manifest = fs::read_to_string(repository().join("Cargo.toml")).expect("the manifest");
    let explained = fs::read_to_string(repository().join("docs/dependencies.md")).expect("docs/dependencies.md");
    let mut section = "";
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if let Some((name, _)) = line.split_once(" = ")
            && section.ends_with("dependencies]")
            && !name.starts_with('#')
            && !line.contains("path = ")
        {
            assert!(
                explained.contains(&format!("`{name}`")),
                "docs/dependencies.md does not say why there is `{name}`"
            );
        }
    }
}

#[test]
fn the_prebuilt_guests_match_their_sources() {
    let check = Command::new(repository().join("guest/build")).arg("--check").output().expect("bash");
    let text = [check.stdout, check.stderr].concat();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&text));
}

/// A source file.
struct Source {
    /// Its path from the repository's folder.
    name: String,
    text: String,
}

impl Source {
    /// The numbered lines without those that are comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

/// The Rust files below these folders.
fn sources(folders: &[&str]) -> Vec<Source> {
    let mut paths = Vec::new();
    for folder in folders {
        walk(&repository().join(folder), &mut paths);
    }
    let rust = paths.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let read = |path: PathBuf| {
        let name = path.strip_prefix(repository()).expect("a file of the repository").display().to_string();
        Source { name, text: fs::read_to_string(&path).expect("UTF-8 text") }
    };
    rust.map(read).collect()
}

/// All files below a folder that are part of the repository.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the repository") {
        let path = entry.expect("an entry").path();
        let generated = ["target", "node_modules", ".wrangler"].iter().any(|name| path.ends_with(name));
        match path.is_dir() {
            true if !generated => walk(&path, files),
            false => files.push(path),
            true => {}
        }
    }
}

/// The part a file of `src` belongs to: its folder, or itself.
fn part_of(name: &str) -> Option<&str> {
    let part = name.strip_prefix("src/")?.split('/').next()?.trim_end_matches(".rs");
    (!matches!(part, "lib" | "main")).then_some(part)
}

/// The identifier that a text begins with.
fn word(text: &str) -> &str {
    text.split(|char: char| !char.is_alphanumeric() && char != '_').next().unwrap_or_default()
}

/// Whether the name at `at` is not the end of a longer path.
fn starts_a_path(line: &str, at: usize) -> bool {
    !line[..at].ends_with(|char: char| char.is_alphanumeric() || "_:".contains(char))
}
