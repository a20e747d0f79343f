//! The real workerd, serving the same project as emu.
//!
//! Invariant: a process lives no longer than its [`Workerd`]; what it serves is made from the project's `wrangler.jsonc`.

use super::log::Log;
use super::{LIMIT, Project, emu, repository};
use serde_json::Value;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::OnceLock;

/// A running `workerd serve`.
pub(crate) struct Workerd {
    child: Child,
    log: Log,
    port: u16,
}

impl Workerd {
    /// Serves a project: its modules as they are, so it must not need a bundler.
    pub(crate) fn serve(project: &Project) -> Self {
        let state = project.path("workerd-state");
        fs::create_dir_all(&state).expect("the project's folder can be written");
        project.write("workerd.capnp", configuration(project, &state));
        let mut command = emu::guarded(binary());
        command.args(["serve", "--experimental", "--control-fd", "1"]).arg(project.path("workerd.capnp"));
        command.current_dir(project.folder());
        let (child, log) = emu::spawn(command);
        let mut workerd = Self { child, log, port: 0 };
        workerd.port = workerd.listening();
        workerd
    }

    /// The port it listens on.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What it wrote.
    pub(crate) fn log(&self) -> String {
        self.log.text()
    }

    /// Waits for its line `{"event":"listen","socket":"http","port":8787}`.
    fn listening(&self) -> u16 {
        let said = self.log.find("\"listen\"", 0, LIMIT);
        let (_, line) = said.unwrap_or_else(|| panic!("workerd does not listen:\n{}", self.log.text()));
        let event: Value = serde_json::from_str(&line).expect("an event");
        event["port"].as_u64().and_then(|port| port.try_into().ok()).expect("a port in the event")
    }
}

impl Drop for Workerd {
    fn drop(&mut self) {
        emu::end(&mut self.child);
    }
}

/// The program, installed from npm where it is not there.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(given) = std::env::var_os("WORKERD_BIN") {
            return given.into();
        }
        let folder = repository().join("benches/workerd");
        installed(&folder).unwrap_or_else(|| {
            let output = Command::new(folder.join("install")).output().expect("bash");
            let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
            assert!(output.status.success(), "workerd cannot be installed: {text}");
            installed(&folder).unwrap_or_else(|| panic!("workerd was not installed: {text}"))
        })
    })
}

fn installed(folder: &Path) -> Option<PathBuf> {
    let packages = fs::read_dir(folder.join("node_modules/@cloudflare")).ok()?;
    let mut binaries = packages.map(|package| package.expect("a package").path().join("bin/workerd"));
    binaries.find(|binary| binary.is_file())
}

/// workerd's own configuration for a project.
fn configuration(project: &Project, state: &Path) -> String {
    let config = project.config();
    let name = config["name"].as_str().expect("a name");
    let mut text = format!(
        "using Workerd = import \"/workerd/workerd.capnp\";\n\
         const config :Workerd.Config = (\n  \
           services = [(name = \"main\", worker = .worker), (name = \"state\", disk = (path = {}, writable = true))],\n  \
           sockets = [(name = \"http\", address = \"127.0.0.1:0\", http = (), service = \"main\")],\n);\n\
         const worker :Workerd.Worker = (\n",
        quoted(&state.to_string_lossy())
    );
    let objects = config["durable_objects"]["bindings"].as_array().cloned().unwrap_or_default();
    let flags = config["compatibility_flags"].as_array().cloned().unwrap_or_default();
    list(&mut text, "modules", modules(project, config["main"].as_str().expect("a main module")));
    let _ = writeln!(text, "  compatibilityDate = {},", config["compatibility_date"]);
    list(&mut text, "compatibilityFlags", flags.iter().map(ToString::to_string));
    list(&mut text, "durableObjectNamespaces", namespaces(&config, name, &objects));
    let bound = objects
        .iter()
        .map(|object| format!("(name = {}, durableObjectNamespace = {})", object["name"], object["class_name"]));
    list(&mut text, "bindings", bound.chain(variables(&config)));
    text + "  durableObjectStorage = (localDisk = \"state\"),\n);\n"
}

fn list(text: &mut String, name: &str, items: impl IntoIterator<Item = String>) {
    let items: Vec<String> = items.into_iter().collect();
    let _ = writeln!(text, "  {name} = [{}],", items.join(", "));
}

/// All files below the main module's folder that are modules by their names, that one first; modules are named as they
/// are found from there.
fn modules(project: &Project, main: &str) -> Vec<String> {
    let (folder, main) = main.rsplit_once('/').expect("a main module in a folder");
    let mut files = Vec::new();
    walk(&project.path(folder), "", &mut files);
    files.sort_by_key(|file| file != main);
    let module = |name: &String| {
        let kind = kind_of(name)?;
        Some(format!("(name = {}, {kind} = embed {})", quoted(name), quoted(&format!("{folder}/{name}"))))
    };
    files.iter().filter_map(module).collect()
}

/// What workerd's configuration calls a module of this name.
fn kind_of(name: &str) -> Option<&'static str> {
    Some(match name.rsplit_once('.')?.1 {
        "js" | "mjs" => "esModule",
        "cjs" => "commonJsModule",
        "txt" => "text",
        "bin" => "data",
        "wasm" => "wasm",
        _ => return None,
    })
}

fn walk(folder: &Path, prefix: &str, files: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder of the project") {
        let entry = entry.expect("an entry");
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        match entry.path() {
            path if path.is_dir() => walk(&path, &format!("{name}/"), files),
            _ => files.push(name),
        }
    }
}

fn namespaces(config: &Value, name: &str, objects: &[Value]) -> Vec<String> {
    let migrations = config["migrations"].as_array().cloned().unwrap_or_default();
    let is_sqlite = |class: &Value| {
        let classes = migrations.iter().filter_map(|migration| migration["new_sqlite_classes"].as_array());
        classes.flatten().any(|sqlite| sqlite == class)
    };
    let namespace = |object: &Value| {
        let class = &object["class_name"];
        let unique_key = quoted(&format!("{name}-{}", class.as_str().expect("a class")));
        format!("(className = {class}, uniqueKey = {unique_key}, enableSql = {})", is_sqlite(class))
    };
    objects.iter().map(namespace).collect()
}

fn variables(config: &Value) -> Vec<String> {
    let variable = |(name, value): (&String, &Value)| match value {
        Value::String(_) => format!("(name = {}, text = {value})", quoted(name)),
        _ => format!("(name = {}, json = {})", quoted(name), quoted(&value.to_string())),
    };
    config["vars"].as_object().into_iter().flatten().map(variable).collect()
}

/// A string as both JSON and Cap'n Proto write it.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
