//! `vitest.config.ts`: what a suite that was written for Vitest says of itself. It is read and not run, for there is no
//! Node.js.
//!
//! Honoured are the files and globals of tests, which wrangler configuration and environment they are for, and the plain
//! bindings that `@cloudflare/vitest-pool-workers` is told of. What matters and cannot be honoured is warned about.
//!
//! Invariant: a configuration without such a file, or with one that says nothing, changes nothing.

use super::patterns::Patterns;
use crate::bundle::{ARGUMENTS, CALL, UNKNOWN, default_export};
use crate::config::{Compatibility, Var};
use crate::project::load::Project;
use serde_json::{Map, Value};
use std::fs;
use std::path::{Path, PathBuf};

/// In the order in which Vitest looks for them.
const NAMES: [&str; 2] = ["vitest.config", "vite.config"];
const LANGUAGES: [&str; 6] = ["ts", "mts", "cts", "js", "mjs", "cjs"];
/// The largest file that is read.
const BYTES_MAX: u64 = 1024 * 1024;
/// Plugins that make Vitest run tests in workerd, by the end of their names: `cloudflareTest`, `cloudflarePool`.
const PLUGINS: [&str; 2] = ["cloudflareTest", "cloudflarePool"];
/// Options for Miniflare that change nothing here, or are honoured.
const MINIFLARE_KNOWN: [&str; 6] =
    ["bindings", "compatibilityDate", "compatibilityFlags", "name", "verbose", "unsafeEphemeralDurableObjects"];

/// Options that the modules for tests understand themselves (guest/js/testing/vitest/config.js).
const CONFIGURED: [&str; 14] = [
    "restoreMocks",
    "mockReset",
    "clearMocks",
    "unstubEnvs",
    "unstubGlobals",
    "testTimeout",
    "hookTimeout",
    "passWithNoTests",
    "allowOnly",
    "chaiConfig",
    "expect",
    "sequence",
    "env",
    "provide",
];
/// Options that make a difference and are not honoured, each with what to do instead.
const LEFT_OUT: [(&str, &str); 12] = [
    ("globalSetup", "it runs in Node.js, which `emu test` does without"),
    ("projects", "run `emu test` in the folder of each project"),
    ("workspace", "run `emu test` in the folder of each project"),
    ("dir", "name it on the command line"),
    ("snapshotSerializers", "call `expect.addSnapshotSerializer()` in a file of `test.setupFiles`"),
    ("fakeTimers", "give `vi.useFakeTimers()` its options"),
    ("includeSource", "tests inside of sources are not run: write them in files of their own"),
    ("snapshotFormat", "snapshots are written as Vitest does by itself"),
    ("resolveSnapshotPath", "snapshots are kept in `__snapshots__`, beside the test file"),
    ("testNamePattern", "give `emu test` the option `-t`"),
    (
        "dangerouslyIgnoreUnhandledErrors",
        "call `world.expectsErrors()` in tests that cause errors which nobody catches",
    ),
    ("retry", "a run that failed fails again; give a test that may fail at first `{ retry: 1 }` itself"),
];

/// What tests are told beside the wrangler configuration.
#[derive(Debug, Default)]
pub(super) struct VitestConfig {
    /// The file; none where there is none, and everything else says nothing.
    pub(super) path: Option<PathBuf>,
    /// The wrangler configuration that is named.
    pub(super) wrangler: Option<PathBuf>,
    /// The environment of the wrangler configuration.
    pub(super) environment: Option<String>,
    /// Files that are evaluated before each test file.
    pub(super) setup_files: Vec<PathBuf>,
    /// `describe`, `it` and the others are there without being imported.
    pub(super) has_globals: bool,
    /// Which files are tests.
    pub(super) patterns: Patterns,
    /// What is not honoured, each with the file's name.
    pub(super) warnings: Vec<String>,
    /// What the modules for tests are told.
    configured: Map<String, Value>,
    vars: Vec<(String, Value)>,
    main: Option<PathBuf>,
    compatibility_date: Option<String>,
    compatibility_flags: Vec<String>,
    alias: Vec<(String, String)>,
    define: Vec<(String, String)>,
}

impl VitestConfig {
    /// Reads the configuration of a folder, where it has one.
    pub(super) fn of(folder: &Path) -> Self {
        let found = NAMES.iter().flat_map(|name| LANGUAGES.map(|language| folder.join(format!("{name}.{language}"))));
        let Some(path) = found.into_iter().find(|path| path.is_file()) else { return Self::default() };
        let is_small = fs::metadata(&path).is_ok_and(|metadata| metadata.len() <= BYTES_MAX);
        let text = fs::read_to_string(&path).ok().filter(|_| is_small);
        let read = text.ok_or_else(|| "it cannot be read".to_owned());
        let read = read.and_then(|text| default_export(&absolute(&path), &text));
        let mut config = Self { path: Some(path), ..Self::default() };
        match read {
            Ok(root) => config.read(&root, folder),
            Err(why) => config.warn(&format!("{why}: tests run without it")),
        }
        config
    }

    /// The folder that it is in; nothing where there is none.
    pub(super) fn folder(&self) -> Option<&Path> {
        let folder = self.path.as_ref()?.parent().filter(|folder| !folder.as_os_str().is_empty());
        Some(folder.unwrap_or(Path::new(".")))
    }

    fn warn(&mut self, what: &str) {
        let path = self.path.as_ref().map_or_else(String::new, |path| path.display().to_string());
        self.warnings.push(format!("`{path}`: {what}"));
    }

    fn read(&mut self, root: &Value, folder: &Path) {
        let is_unknown = root.get(UNKNOWN).is_some() || root.get(CALL).is_some();
        if is_unknown && members(root).next().is_none() {
            self.warn("it is read and not run, and its default export is no plain object: tests run without it");
            return;
        }
        if is_unknown {
            self.warn("a part of its default export is left out: it cannot be read without running the file");
        }
        let test = &root["test"];
        self.has_globals = test["globals"].as_bool().unwrap_or(false);
        let setup_files = self.texts(&test["setupFiles"], "test.setupFiles");
        self.setup_files = setup_files.iter().map(|file| folder.join(file)).collect();
        let include = self.texts(&test["include"], "test.include");
        let exclude = self.texts(&test["exclude"], "test.exclude");
        self.patterns = Patterns::new(&include, &exclude);
        self.warn_of(test);
        self.configure(test);
        for alias in [&root["resolve"]["alias"], &test["alias"]] {
            self.alias(alias, folder);
        }
        for (name, value) in members(&root["define"]).chain(members(&test["define"])) {
            self.define.push((name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
        }
        let of_plugins = root["plugins"].as_array().into_iter().flatten().filter(|plugin| is_ours(plugin));
        let of_plugins = of_plugins.map(|plugin| plugin[ARGUMENTS][0].clone());
        let options: Vec<Value> = of_plugins.chain([test["poolOptions"]["workers"].clone()]).collect();
        for options in options {
            self.options(&options, folder);
        }
    }

    /// Says which options that matter are not honoured, and what does the same.
    fn warn_of(&mut self, test: &Value) {
        for (name, instead) in LEFT_OUT {
            if !matches!(test[name], Value::Null | Value::Bool(false)) {
                self.warn(&format!("`test.{name}` is left out: {instead}"));
            }
        }
    }

    /// Takes the options that are for the modules for tests.
    fn configure(&mut self, test: &Value) {
        for name in CONFIGURED {
            let value = &test[name];
            if has_unknown(value) {
                self.warn(&format!("`test.{name}` is left out: it cannot be read without running the file"));
            } else if !value.is_null() {
                self.configured.insert(name.to_owned(), value.clone());
            }
        }
    }

    /// Whether it is no mistake that there are no test files.
    pub(super) fn passes_with_no_tests(&self) -> bool {
        self.configured.get("passWithNoTests").is_some_and(|value| value == true)
    }

    /// What the modules for tests are told, as an expression; `file` is the test file as its tests know it.
    pub(super) fn configured(&self, file: &str) -> String {
        let mut configured = self.configured.clone();
        configured.insert("file".to_owned(), file.into());
        Value::Object(configured).to_string()
    }

    /// The options of `@cloudflare/vitest-pool-workers`.
    fn options(&mut self, options: &Value, folder: &Path) {
        if options.get(UNKNOWN).is_some() {
            self.warn("the options for workers cannot be read without running them: tests run without them");
            return;
        }
        if options["isolatedStorage"] == false {
            self.warn(
                "`isolatedStorage: false` is left out: what a test stored is gone after it, what `beforeAll` stored stays",
            );
        }
        if let Some(main) = options["main"].as_str() {
            self.main = Some(absolute(&folder.join(main)));
        }
        let wrangler = &options["wrangler"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        self.wrangler = text(&wrangler["configPath"]).map(|path| folder.join(path)).or(self.wrangler.take());
        self.environment = text(&wrangler["environment"]).or(self.environment.take());
        let miniflare = &options["miniflare"];
        self.compatibility_date = text(&miniflare["compatibilityDate"]).or(self.compatibility_date.take());
        let flags = self.texts(&miniflare["compatibilityFlags"], "compatibilityFlags");
        self.compatibility_flags.extend(flags);
        for (name, value) in members(&miniflare["bindings"]) {
            match has_unknown(value) {
                true => self.warn(&format!(
                    "the binding `{name}` is left out: its value cannot be read without running the file"
                )),
                false => self.vars.push((name.clone(), value.clone())),
            }
        }
        for (name, value) in members(miniflare) {
            let is_known = MINIFLARE_KNOWN.contains(&name.as_str()) || value.is_null();
            match name.as_str() {
                "workers" => self.warn(
                    "`miniflare.workers` is left out: give further workers by their wrangler configurations, \
                     `emu test -c wrangler.jsonc -c other/wrangler.jsonc`",
                ),
                _ if is_known => {}
                _ => self.warn(&format!(
                    "`miniflare.{name}` is left out: what the worker is bound to belongs into the wrangler configuration"
                )),
            }
        }
    }

    /// Vite's `alias`: an object, or a list of `{ find, replacement }`.
    fn alias(&mut self, alias: &Value, folder: &Path) {
        let listed = alias.as_array().into_iter().flatten().map(|alias| (&alias["find"], &alias["replacement"]));
        let listed: Vec<_> = listed.map(|(name, to)| (name.as_str(), to.as_str())).collect();
        let named = members(alias).map(|(name, to)| (Some(name.as_str()), to.as_str()));
        for alias in named.chain(listed) {
            match alias {
                (Some(name), Some(to)) => self.add_alias(name, to, folder),
                (name, _) => {
                    let name = name.map_or_else(String::new, |name| format!(" `{name}`"));
                    self.warn(&format!("the alias{name} is left out: a name and a path in quotes can be read"));
                }
            }
        }
    }

    /// An alias means what it names and all that lies below. Paths start from this file's folder.
    fn add_alias(&mut self, name: &str, to: &str, folder: &Path) {
        let (name, to) = match (name.strip_suffix('/'), to.strip_suffix('/')) {
            (Some(name), Some(to)) => (name, to),
            _ => (name, to),
        };
        // For Vite the file's folder is where absolute paths begin, unless they are the machine's.
        let below =
            to.strip_prefix('/').map(|to| folder.join(to)).filter(|path| path.exists() && !Path::new(to).exists());
        let path = below.or_else(|| to.starts_with('.').then(|| folder.join(to)));
        let target = path.map_or_else(|| to.to_owned(), |path| absolute(&path).to_string_lossy().into_owned());
        self.alias.push((format!("{name}/*"), format!("{target}/*")));
        self.alias.push((name.to_owned(), target));
    }

    /// A text, or a list of texts.
    fn texts(&mut self, value: &Value, name: &str) -> Vec<String> {
        let values = match value {
            Value::Array(values) => values.as_slice(),
            Value::Null => &[],
            value => std::slice::from_ref(value),
        };
        if values.iter().any(|value| !value.is_string()) {
            self.warn(&format!("a part of `{name}` is left out: it cannot be read without running the file"));
        }
        values.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// Changes what the wrangler configuration says.
    pub(super) fn apply(&self, project: &mut Project) {
        let worker = &mut project.worker;
        for (name, value) in &self.vars {
            let var = value.as_str().map_or_else(|| Var::Json(value.clone()), |text| Var::Text(text.to_owned()));
            worker.vars.insert(name.clone(), var);
        }
        if let Some(main) = &self.main {
            worker.main = Some(main.clone());
        }
        worker.bundling.alias.extend(self.alias.iter().cloned());
        worker.bundling.define.extend(self.define.iter().cloned());
        let is_more = self.compatibility_flags.iter().any(|flag| !worker.compatibility.has(flag));
        if is_more || self.compatibility_date.is_some() {
            let date = self.compatibility_date.as_deref().unwrap_or(worker.compatibility.date()).to_owned();
            let own: Vec<&str> = worker.compatibility.flags().collect();
            let flags: Vec<&str> = own.into_iter().chain(self.compatibility_flags.iter().map(String::as_str)).collect();
            worker.compatibility = Compatibility::new(&date, &flags);
        }
    }
}

/// The same path, wherever it is read from.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The members of an object; none of anything else, and none of those that say how it was written.
fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten().filter(|(name, _)| !name.starts_with('$'))
}

fn is_ours(plugin: &Value) -> bool {
    plugin[CALL].as_str().is_some_and(|name| PLUGINS.contains(&name))
}

/// Whether any part of a value could not be read.
fn has_unknown(value: &Value) -> bool {
    match value {
        Value::Array(values) => values.iter().any(has_unknown),
        Value::Object(members) => {
            members.contains_key(UNKNOWN) || members.contains_key(CALL) || members.values().any(has_unknown)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> VitestConfig {
        let root = default_export(Path::new("/project/vitest.config.ts"), text).expect("a default export");
        let mut config = VitestConfig { path: Some("vitest.config.ts".into()), ..VitestConfig::default() };
        config.read(&root, Path::new("/project"));
        config
    }

    #[test]
    fn old_and_new_ways_to_configure_say_the_same() {
        let options = r#"{ wrangler: { configPath: "./src/wrangler.jsonc", environment: "test" },
            miniflare: { bindings: { A: "a", B: { c: [1] } }, compatibilityFlags: ["nodejs_compat"] } }"#;
        let test = r#"globals: true, setupFiles: "./setup.ts", include: ["test/**/*.check.ts"]"#;
        for text in [
            format!("export default defineConfig({{ plugins: [cloudflareTest({options})], test: {{ {test} }} }})"),
            format!(
                "export default defineConfig({{ plugins: [cloudflareTest(async () => {{ return {options}; }})], test: {{ {test} }} }})"
            ),
            format!(
                "export default defineWorkersConfig({{ test: {{ {test}, poolOptions: {{ workers: {options} }} }} }})"
            ),
            format!(
                "export default defineWorkersConfig(async () => ({{ test: {{ {test}, poolOptions: {{ workers: () => ({options}) }} }} }}))"
            ),
        ] {
            let config = read(&text);
            assert_eq!(config.warnings, [""; 0], "{text}");
            assert_eq!(config.wrangler.as_deref(), Some(Path::new("/project/./src/wrangler.jsonc")), "{text}");
            assert_eq!(config.environment.as_deref(), Some("test"));
            assert_eq!(config.vars.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["A", "B"]);
            assert_eq!(config.compatibility_flags, ["nodejs_compat"]);
            assert_eq!(config.setup_files, [Path::new("/project/./setup.ts")]);
            assert!(
                config.has_globals && config.patterns.take("test/a.check.ts") && !config.patterns.take("a.test.ts")
            );
        }
    }

    #[test]
    fn what_tests_are_told_is_as_it_is_written() {
        let config = read("export default { test: { testTimeout: 50, sequence: { hooks: 'list' }, pool: 'forks' } };");
        assert_eq!(config.warnings, [""; 0]);
        let told = r#"{"testTimeout":50,"sequence":{"hooks":"list"},"file":"a.test.ts"}"#;
        assert_eq!(config.configured("a.test.ts"), told);
    }

    #[test]
    fn aliases_mean_what_lies_below_them_too() {
        for (alias, expected) in [
            ("{ '@': './src' }", [("@/*", "/project/src/*"), ("@", "/project/src")]),
            ("{ '@/': '/nowhere/src/' }", [("@/*", "/nowhere/src/*"), ("@", "/nowhere/src")]),
            ("[{ find: 'a', replacement: 'b' }]", [("a/*", "b/*"), ("a", "b")]),
            ("{ a: path.resolve(__dirname, 'src') }", [("a/*", "/project/src/*"), ("a", "/project/src")]),
        ] {
            let config = read(&format!("export default {{ resolve: {{ alias: {alias} }} }};"));
            let expected = expected.map(|(name, to)| (name.to_owned(), to.to_owned()));
            assert_eq!(config.alias, expected, "{alias}");
            assert_eq!(config.warnings, [""; 0], "{alias}");
        }
    }

    #[test]
    fn what_is_not_honoured_is_said() {
        for (text, says) in [
            ("export default make();", "its default export is no plain object"),
            ("export default { test: { globalSetup: './a.ts' } };", "`test.globalSetup` is left out"),
            ("export default { test: { setupFiles: [files()] } };", "a part of `test.setupFiles` is left out"),
            (
                "export default { plugins: [cloudflareTest({ miniflare: { bindings: { M: await migrations('m') } } })] };",
                "the binding `M` is left out",
            ),
            (
                "export default { plugins: [cloudflareTest({ miniflare: { kvNamespaces: ['A'] } })] };",
                "`miniflare.kvNamespaces` is left out",
            ),
            ("export default { plugins: [cloudflareTest(options)] };", "the options for workers cannot be read"),
            ("export default { test: { restoreMocks: isCi() } };", "`test.restoreMocks` is left out"),
            ("export default { test: { retry: 2 } };", "`test.retry` is left out"),
            ("export default { test: { projects: ['a'] } };", "`test.projects` is left out"),
            (
                "export default mergeConfig(base, { test: { globals: true } });",
                "a part of its default export is left out",
            ),
            ("export default { resolve: { alias: [{ find: /^a/, replacement: 'b' }] } };", "the alias is left out"),
            ("export default { resolve: { alias: { a: b() } } };", "the alias `a` is left out"),
            (
                "export default { test: { poolOptions: { workers: { isolatedStorage: false } } } };",
                "what `beforeAll` stored stays",
            ),
        ] {
            let config = read(text);
            assert!(config.warnings.iter().any(|warning| warning.contains(says)), "{text}: {:?}", config.warnings);
        }
    }
}
