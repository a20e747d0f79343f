//! Whole configurations: every file of `fixtures/config` with what the reader sees of it, and hostile input.
//!
//! `UPDATE_EXPECT=1` rewrites the expectations. The first lines of a fixture may say how it is loaded:
//! `// env: staging`, `// secrets: name.env` (a file beside it), `// date: …`, `// flags: a b`, `// var: K:V`, `// name: x`
//! (in TOML with `#`).

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::{Loaded, Overrides, Severity, Source, Worker, load};

/// The day on which the fixtures are read.
const TODAY: &str = "2026-09-15";

fn fixtures(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/config").join(kind);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "jsonc" || extension == "toml"));
    paths.sort();
    assert!(paths.len() > 5, "{} has its fixtures", folder.display());
    paths
}

fn source(path: &Path) -> Source {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let name = path.file_name().expect("a file has a name");
    Source { path: PathBuf::from(name), text }
}

/// Loads a fixture as its first lines say.
fn load_fixture(path: &Path) -> Loaded {
    let config = source(path);
    let mut overrides = Overrides { today: TODAY.to_owned(), ..Overrides::default() };
    let mut secrets = Vec::new();
    for line in config.text.lines() {
        let Some((key, value)) =
            line.strip_prefix("//").or(line.strip_prefix('#')).and_then(|line| line.split_once(':'))
        else {
            break;
        };
        let value = value.trim();
        match key.trim() {
            "env" => overrides.env = Some(value.trim_matches('"').to_owned()),
            "secrets" => secrets.push(source(&path.with_file_name(value))),
            "date" => overrides.compatibility_date = Some(value.to_owned()),
            "flags" => overrides.compatibility_flags = value.split(' ').map(str::to_owned).collect(),
            "name" => overrides.name = Some(value.to_owned()),
            "var" => {
                let (name, value) = value.split_once(':').expect("`var: NAME:value`");
                overrides.vars.push((name.to_owned(), value.to_owned()));
            }
            _ => break,
        }
    }
    load(&config, &secrets, &overrides)
}

/// A worker as the expectations show it: without the flags, which have their own test.
fn describe(worker: &Worker) -> String {
    let mut text = format!("name: {}\n", worker.name);
    let mut line = |key: &str, value: String| writeln!(text, "{key}: {value}").expect("a string takes all");
    if let Some(main) = &worker.main {
        line("main", main.display().to_string());
    }
    if let Some(environment) = &worker.environment {
        line("environment", environment.clone());
    }
    line("date", worker.compatibility.date().to_owned());
    for (name, var) in &worker.vars {
        line(
            "var",
            match var {
                super::Var::Secret(secret) => format!("{name} = secret {secret:?}"),
                super::Var::Text(value) => format!("{name} = text {value:?}"),
                super::Var::Json(json) => format!("{name} = json {json}"),
            },
        );
    }
    for object in &worker.objects {
        let of = object.script_name.as_ref().map_or(String::new(), |script| format!(" of {script}"));
        let environment = object.environment.as_ref().map_or(String::new(), |environment| format!(" ({environment})"));
        line("object", format!("{} = {}{of}{environment} at {}", object.name, object.class_name, object.place));
    }
    for service in &worker.services {
        let entrypoint = service.entrypoint.as_ref().map_or(String::new(), |entrypoint| format!("#{entrypoint}"));
        let props = service.props.as_ref().map_or(String::new(), |props| format!(" with {props}"));
        line("service", format!("{} = {}{entrypoint}{props} at {}", service.name, service.service, service.place));
    }
    for route in &worker.routes {
        line("route", route.clone());
    }
    for (class, backend) in &worker.classes {
        line("class", format!("{class} = {backend:?}"));
    }
    for (from, to) in &worker.renames {
        line("rename", format!("{from} -> {to}"));
    }
    if let Some(build) = &worker.build {
        line("build", format!("{build:?}"));
    }
    if worker.limits != Default::default() {
        line("limits", format!("{:?}", worker.limits));
    }
    if worker.dev != Default::default() {
        line("dev", format!("{:?}", worker.dev));
    }
    for cron in &worker.crons {
        line("cron", cron.clone());
    }
    if worker.observability_enabled {
        line("observability", "enabled".to_owned());
    }
    text
}

/// Compares with the `.out` file beside the fixture, or rewrites that.
fn expect(path: &Path, actual: &str) {
    let expected_path = PathBuf::from(format!("{}.out", path.display()));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&expected_path, actual).expect("the expectation can be written");
        return;
    }
    let expected = std::fs::read_to_string(&expected_path).unwrap_or_default();
    assert_eq!(actual, expected, "{} differs; UPDATE_EXPECT=1 rewrites it", expected_path.display());
}

fn told(loaded: &Loaded) -> String {
    let shown: Vec<String> = loaded.diagnostics.iter().map(|diagnostic| format!("{diagnostic}\n")).collect();
    shown.join("\n")
}

#[test]
fn valid_fixtures_mean_what_they_say() {
    for path in fixtures("valid") {
        let loaded = load_fixture(&path);
        let worker = loaded.worker.as_ref().unwrap_or_else(|| panic!("{}:\n{}", path.display(), told(&loaded)));
        let told = told(&loaded);
        let separator = if told.is_empty() { "" } else { "\n" };
        expect(&path, &format!("{}{separator}{told}", describe(worker)));
    }
}

#[test]
fn invalid_fixtures_are_refused_with_all_their_problems() {
    for path in fixtures("invalid") {
        let loaded = load_fixture(&path);
        assert!(loaded.worker.is_none(), "{} was accepted", path.display());
        let has_error = loaded.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
        assert!(has_error, "{} was refused without an error", path.display());
        expect(&path, &told(&loaded));
    }
}

#[test]
fn every_expectation_has_its_fixture() {
    for kind in ["valid", "invalid"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/config").join(kind);
        for entry in std::fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("a readable folder").path();
            if path.extension().is_some_and(|extension| extension == "out") {
                assert!(path.with_extension("").exists(), "{} has no fixture", path.display());
            }
        }
    }
}

fn load_text(name: &str, text: &str) -> Loaded {
    load(&Source { path: PathBuf::from(name), text: text.to_owned() }, &[], &Overrides::default())
}

/// Input that is large, deep or random ends in bounded time with a bounded number of diagnostics, never in a panic.
#[test]
fn hostile_input_is_survived() {
    let many = 200_000;
    let duplicates = format!("{{{}}}", "\"vars\":1,".repeat(many));
    let unknown: String = (0..50_000).map(|index| format!("\"compatability_{index}\": 1,")).collect();
    let classes: String = (0..20_000).map(|index| format!("\"C{index}\",")).collect();
    let bindings: String =
        (0..20_000).map(|index| format!("{{\"name\":\"B{index}\",\"class_name\":\"C{index}\"}},")).collect();
    let flags: String = (0..100_000).map(|index| format!("\"flag_{index}\",")).collect();
    let deleted: String = (0..20_000)
        .map(|index| format!("\"C{index}\":{{\"type\":\"durable-object\",\"state\":\"deleted\"}},"))
        .collect();
    let cases = [
        ("a.jsonc", "[".repeat(many)),
        ("a.jsonc", "{\"a\":".repeat(many)),
        ("a.jsonc", format!("{{\"vars\":{{\"a\":{}1{}}}}}", "[".repeat(400), "]".repeat(400))),
        ("a.jsonc", format!("{{\"vars\":{}", "{\"a\":".repeat(many))),
        ("a.jsonc", duplicates),
        ("a.jsonc", format!("{{{unknown}}}")),
        ("a.jsonc", format!("{{\"migrations\":[{{\"tag\":\"a\",\"deleted_classes\":[{classes}]}}]}}")),
        ("a.jsonc", format!("{{\"durable_objects\":{{\"bindings\":[{bindings}]}}}}")),
        ("a.jsonc", format!("{{\"durable_objects\":{{\"bindings\":[{bindings}]}},\"exports\":{{{deleted}}}}}")),
        ("a.jsonc", format!("{{\"compatibility_flags\":[{flags}]}}")),
        ("a.jsonc", format!("{{\"main\": \"{}\"", "x".repeat(1_000_000))),
        ("a.jsonc", "\"".repeat(many)),
        ("a.jsonc", "/*".repeat(many)),
        ("a.jsonc", "x".repeat(5 << 20)),
        ("a.jsonc", "{\"compatibility_date\": \"\u{202e}\u{1b}[2J\u{0}\"}".to_owned()),
        ("a.jsonc", "{\"name\": 1e999, \"main\": -, }".to_owned()),
        ("a.toml", "[".repeat(many)),
        ("a.toml", format!("a = {}", "[".repeat(many))),
        ("a.toml", format!("a{} = 1", ".a".repeat(many))),
        ("a.toml", "a = 1\n".repeat(20_000)),
        ("a.toml", "a = inf\nb = 99999999999999999999\nc = nan".to_owned()),
    ];
    for (name, text) in cases {
        let start: String = text.chars().take(40).collect();
        let loaded = load_text(name, &text);
        assert!(loaded.worker.is_none(), "{start}");
        assert!((1..=153).contains(&loaded.diagnostics.len()), "{start}: {}", loaded.diagnostics.len());
        let shown = told(&loaded);
        assert!(shown.len() < 100_000, "{start}: {} bytes", shown.len());
        assert!(!shown.contains('\u{1b}') && !shown.contains('\0'), "{start}");
    }
}

/// Every prefix and every single-byte damage of a whole configuration is survived.
#[test]
fn damaged_configurations_are_survived() {
    for (name, text) in [
        ("a.jsonc", include_str!("../../fixtures/config/valid/everything.jsonc")),
        ("a.toml", include_str!("../../fixtures/config/valid/toml.toml")),
    ] {
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            load_text(name, &text[..end]);
        }
        for index in (0..text.len()).filter(|index| text.is_char_boundary(*index) && text.is_char_boundary(index + 1)) {
            let damage = ["\"", "{", "]", "0", "é", ""][index % 6];
            load_text(name, &format!("{}{damage}{}", &text[..index], &text[index + 1..]));
        }
    }
}

#[test]
fn secrets_are_not_shown_by_debug() {
    let secret = Source { path: ".dev.vars".into(), text: "KEY=hunter2".to_owned() };
    let config = Source { path: "a.jsonc".into(), text: r#"{ "name": "a", "main": "a.wasm" }"#.to_owned() };
    let loaded = load(&config, &[secret], &Overrides::default());
    assert!(loaded.worker.as_ref().is_some_and(|worker| worker.vars.contains_key("KEY")));
    assert!(!format!("{loaded:?}").contains("hunter2"));
}
