//! A configuration's meaning: the worker that it describes, with every default filled in.
//!
//! Invariant: builds on what `environment` and the checks of shapes let through; knows no syntax.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::bundling::{self, Bundling};
use super::compatibility::{self, Compatibility};
use super::diagnostic::{Reader, Severity, shown};
use super::environment::{Environment, Found};
use super::migrations::{self, Backend};
use super::objects::{self, ObjectBinding};
use super::services::{self, ServiceBinding};
use super::syntax::{Node, Value};
use super::variables::{self, Var};
use super::{Overrides, Source, name, routes};

/// Milliseconds of CPU time that production allows at most.
const CPU_MS_MAX: u32 = 300_000;

/// Everything a configuration says about a worker that emu needs in order to run it.
#[derive(Clone, Debug, PartialEq)]
pub struct Worker {
    /// The worker's name, with `-<environment>` where wrangler appends it.
    pub name: String,
    /// The chosen environment; none is the top level.
    pub environment: Option<String>,
    /// The worker's code, as written: relative to the folder of the configuration.
    pub main: Option<PathBuf>,
    /// Which behaviours of the platform are in force.
    pub compatibility: Compatibility,
    /// The variables of `env` by name.
    pub vars: BTreeMap<String, Var>,
    /// The Durable Object bindings, in the order of the file.
    pub objects: Vec<ObjectBinding>,
    /// The service bindings, in the order of the file.
    pub services: Vec<ServiceBinding>,
    /// Patterns of the URLs that it answers where several workers are served.
    pub routes: Vec<String>,
    /// The storage of every Durable Object class of this worker: those of the migrations, and those that are bound.
    pub classes: BTreeMap<String, Backend>,
    /// Renames of classes (from, to), in order.
    pub renames: Vec<(String, String)>,
    /// The command that makes `main`.
    pub build: Option<Build>,
    /// How source becomes the worker.
    pub bundling: Bundling,
    /// Limits stricter than production's defaults.
    pub limits: Limits,
    /// Where the local server listens.
    pub dev: Dev,
    /// Cron expressions, as written.
    pub crons: Vec<String>,
    /// Whether `observability` is on.
    pub observability_enabled: bool,
}

/// `build`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// A shell command.
    pub command: String,
    /// Its folder, relative to the folder of the configuration; that folder itself when none is given.
    pub cwd: Option<PathBuf>,
    /// Folders whose changes call for another build, relative to the folder of the configuration.
    pub watch_dirs: Vec<PathBuf>,
}

/// `limits`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// CPU time of one event in milliseconds.
    pub cpu_ms: Option<u32>,
    /// Outgoing requests of one event.
    pub subrequests: Option<u32>,
}

/// `dev`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dev {
    /// The address to listen on.
    pub ip: Option<String>,
    /// The port to listen on; 0 is any.
    pub port: Option<u16>,
    /// The host that requests seem to be for.
    pub host: Option<String>,
}

/// The worker, whatever its diagnostics; the caller drops it when one is an error.
pub(super) fn read(reader: &mut Reader<'_>, root: &Node, secrets: &[Source], overrides: &Overrides) -> Worker {
    let environment = Environment::choose(reader, root, overrides.env.as_deref());
    let name = name::read(reader, &environment, overrides);
    let mut classes = migrations::read(reader, &environment);
    let objects = objects::read(reader, &environment, &name, &mut classes);
    let services = services::read(reader, &environment);
    objects::check_unique_names(reader, &environment);
    let names = objects.iter().map(|object| &*object.name).chain(services.iter().map(|service| &*service.name));
    let bound: BTreeSet<&str> = names.collect();
    let vars = variables::read(reader, &environment, secrets, overrides, &bound);
    Worker {
        main: read_main(reader, &environment),
        environment: environment.name.map(str::to_owned),
        compatibility: compatibility::read(reader, &environment, overrides),
        vars,
        build: read_build(reader, &environment),
        bundling: bundling::read(reader, &environment),
        limits: read_limits(reader, &environment),
        dev: read_dev(reader, &environment),
        crons: read_crons(reader, &environment),
        observability_enabled: read_observability(&environment),
        routes: routes::read(reader, &environment),
        services,
        classes: classes.backends,
        renames: classes.renames,
        name,
        objects,
    }
}

fn read_main(reader: &mut Reader<'_>, environment: &Environment<'_>) -> Option<PathBuf> {
    let Some(found) = environment.get("main") else {
        if environment.get("assets").is_none() {
            let message = "the worker has no code: `main` is missing";
            let help = "add \"main\": \"…\", the path of the worker's code";
            reader.report.anywhere(Severity::Error, message).help(help);
        }
        return None;
    };
    let path = found.node.as_text()?;
    if path.trim().is_empty() || path.contains('\0') {
        let message = format!("`{}` is not the path of a file", found.path);
        reader.error(&found.node.span, message).help("give the path of the worker's code, relative to this file");
        return None;
    }
    Some(PathBuf::from(path))
}

fn read_build(reader: &mut Reader<'_>, environment: &Environment<'_>) -> Option<Build> {
    let found = environment.get("build")?;
    if let Some(upload) = found.node.get("upload") {
        let message = format!("`{}.upload` is no longer supported", found.path);
        reader.warning(&upload.span, message).help("remove it: `main` names the worker's code");
    }
    let command = found.node.text("command").filter(|command| !command.trim().is_empty())?;
    let watch_dirs = match found.node.get("watch_dir").map(|node| &node.value) {
        Some(Value::Text(folder)) => vec![PathBuf::from(folder)],
        Some(Value::Array(folders)) => folders.iter().filter_map(Node::as_text).map(PathBuf::from).collect(),
        _ => vec![PathBuf::from("./src")],
    };
    Some(Build { command: command.to_owned(), cwd: found.node.text("cwd").map(PathBuf::from), watch_dirs })
}

fn read_limits(reader: &mut Reader<'_>, environment: &Environment<'_>) -> Limits {
    let Some(found) = environment.get("limits") else { return Limits::default() };
    let cpu_ms = whole_number(reader, &found, "cpu_ms", 1..=u32::MAX);
    if let Some(node) = found.node.get("cpu_ms")
        && cpu_ms.is_some_and(|ms| ms > CPU_MS_MAX)
    {
        reader.warning(&node.span, format!("production allows at most {CPU_MS_MAX} milliseconds of CPU time"));
    }
    Limits { cpu_ms, subrequests: whole_number(reader, &found, "subrequests", 1..=u32::MAX) }
}

fn read_dev(reader: &mut Reader<'_>, environment: &Environment<'_>) -> Dev {
    let Some(found) = environment.get("dev") else { return Dev::default() };
    for key in ["local_protocol", "upstream_protocol"] {
        let Some(node) = found.node.get(key) else { continue };
        match (key, node.as_text()) {
            (_, Some("http") | None) | ("upstream_protocol", Some("https")) => {}
            (_, Some("https")) => {
                let help = "put a proxy that speaks TLS before it";
                reader.note(&node.span, "emu serves HTTP without TLS").help(help);
            }
            (_, Some(other)) => {
                let message = format!("`{}.{key}` is \"http\" or \"https\", but got \"{}\"", found.path, shown(other));
                reader.error(&node.span, message);
            }
        }
    }
    let port = whole_number(reader, &found, "port", 0..=u32::from(u16::MAX));
    Dev {
        ip: found.node.text("ip").filter(|ip| !ip.is_empty()).map(str::to_owned),
        port: port.and_then(|port| u16::try_from(port).ok()),
        host: found.node.text("host").map(str::to_owned),
    }
}

/// A whole number within `range`; anything else that is a number is an error.
fn whole_number(
    reader: &mut Reader<'_>,
    found: &Found<'_>,
    key: &str,
    range: std::ops::RangeInclusive<u32>,
) -> Option<u32> {
    let node = found.node.get(key)?;
    let Value::Number(number) = &node.value else { return None };
    // `1e3` and `1000.0` are whole numbers in JSON too.
    let exact = number.as_f64().filter(|value| value.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(value));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the line above bounds it")]
    let whole = exact.map(|value| value as u32).filter(|value| range.contains(value));
    if whole.is_none() {
        let (path, least, most) = (&found.path, range.start(), range.end());
        let bounds = if *most == u32::MAX { format!("of at least {least}") } else { format!("from {least} to {most}") };
        reader.error(&node.span, format!("`{path}.{key}` is a whole number {bounds}, but got {number}"));
    }
    whole
}

fn read_crons(reader: &mut Reader<'_>, environment: &Environment<'_>) -> Vec<String> {
    let Some(found) = environment.get("triggers") else { return Vec::new() };
    let items = found.node.get("crons").map_or(&[][..], Node::items);
    for item in items {
        let Some(cron) = item.as_text() else { continue };
        let fields = cron.split_whitespace().count();
        if fields != 5 {
            let message = format!("`{}` is not a cron expression: expected 5 fields, found {fields}", shown(cron));
            reader.error(&item.span, message).help("minute, hour, day of month, month, day of week: \"*/5 * * * *\"");
        }
    }
    items.iter().filter_map(Node::as_text).map(str::to_owned).collect()
}

fn read_observability(environment: &Environment<'_>) -> bool {
    let Some(found) = environment.get("observability") else { return false };
    let is_on = |node: Option<&Node>| node.and_then(|node| node.get("enabled")).and_then(Node::as_flag);
    is_on(Some(found.node)).unwrap_or(false) || is_on(found.node.get("logs")).unwrap_or(false)
}
