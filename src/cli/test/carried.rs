//! A program that is carried: a test and its workers inside of a trace, to be run where none of their files are.
//!
//! emu's own part, the JavaScript engine and the modules that tests import, is not carried: it is that of the emu that
//! runs it, and another one is told.
//!
//! Invariant: what is read is a stranger's: bounded, and checked before it runs.

use crate::bundle::SourceMap;
use crate::config::Source;
use crate::core::base64;
use crate::error::{Error, Result};
use crate::lane::{Namespace, Prepared};
use crate::project::engines::{Engines, engine_digest, testing_modules};
use crate::project::recipe::Recipe;
use crate::project::scenario;
use crate::simulate::{Rule, Setup};
use crate::test::program::{ENTRYPOINT, Program};
use crate::test::run::Snapshots;
use crate::test::scenario::Scenario;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

/// How a program is written; another layout gets another number.
const FORMAT: u64 = 1;
/// The largest program that is unpacked, in bytes.
const MAX_BYTES: u64 = 512 * 1024 * 1024;
/// Programs are packed when a test has failed, which is seldom.
const COMPRESSION_LEVEL: i32 = 9;

/// What a program was made of, beside what it still has.
#[derive(Clone)]
pub(in crate::cli) struct Ingredients {
    pub(in crate::cli) workers: Vec<Arc<Recipe>>,
    pub(in crate::cli) scenario: Option<Written>,
}

/// A scenario as it is written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::cli) struct Written {
    pub(in crate::cli) name: String,
    pub(in crate::cli) path: PathBuf,
    pub(in crate::cli) text: String,
    /// The names of the objects' classes, with their namespaces.
    pub(in crate::cli) classes: Vec<(String, usize)>,
}

/// A program with everything that its runs depend on.
#[derive(Serialize, Deserialize)]
struct Carried<'a> {
    name: Cow<'a, str>,
    workers: Vec<(Cow<'a, Recipe>, Option<SourceMap>)>,
    namespaces: Cow<'a, [Namespace]>,
    rules: Cow<'a, [Rule]>,
    scenario: Option<Cow<'a, Written>>,
    snapshots: Cow<'a, Snapshots>,
}

/// A program as JSON: `{ "program": … }`.
///
/// # Errors
/// When there is no memory for it.
pub(in crate::cli) fn pack(program: &Program, ingredients: &Ingredients, snapshots: &Snapshots) -> Result<Value> {
    let carried = |recipe: &Arc<Recipe>| recipe.sources.as_ref().map(|sources| sources.carried());
    let carried = Carried {
        name: Cow::Borrowed(&program.name),
        workers: ingredients.workers.iter().map(|recipe| (Cow::Borrowed(&**recipe), carried(recipe))).collect(),
        namespaces: Cow::Borrowed(&program.setup.namespaces),
        rules: Cow::Borrowed(&program.setup.rules),
        scenario: ingredients.scenario.as_ref().map(Cow::Borrowed),
        snapshots: Cow::Borrowed(snapshots),
    };
    let packed = zstd::encode_all(&*emu_abi::encode(&carried), COMPRESSION_LEVEL)
        .map_err(|error| Error::internal("a program cannot be packed").because(error))?;
    Ok(json!({ "program": { "format": FORMAT, "engine": engine_digest(), "zstd": base64::encode(&packed) } }))
}

/// A program that was carried here.
pub(in crate::cli) struct Unpacked {
    pub(in crate::cli) program: Program,
    pub(in crate::cli) snapshots: Snapshots,
    /// It was written by an emu whose engine is another one.
    pub(in crate::cli) is_of_another_emu: bool,
}

/// The program in what [`pack`] made.
///
/// # Errors
/// When it is no such thing, or cannot run.
pub(in crate::cli) fn unpack(engines: &Engines, value: &Value) -> Result<Unpacked> {
    let packed = &value["program"];
    let is_of_another_emu = packed["engine"] != engine_digest();
    let refused = |why: String| {
        let error = Error::usage("the program in the trace cannot be run").because(why);
        match is_of_another_emu {
            true => {
                error.hint("another emu wrote it; run it in its project: `emu replay FILE -c path/to/wrangler.jsonc`")
            }
            false => error.hint("run it in its project: `emu replay FILE -c path/to/wrangler.jsonc`"),
        }
    };
    let carried = read(packed).and_then(|carried| check(&carried).map(|()| carried)).map_err(refused)?;
    let Carried { name, workers, namespaces, rules, scenario, snapshots } = carried;
    let namespaces = namespaces.into_owned();
    let scenario = scenario.map(|written| read_scenario(&written)).transpose()?;
    let testing = if scenario.is_some() { Vec::new() } else { testing_modules()? };
    let mut prepared: Vec<Arc<Prepared>> = Vec::new();
    for (recipe, sources) in workers {
        let mut recipe = recipe.into_owned();
        recipe.sources = sources.map(Arc::new);
        let frozen = recipe.freeze(engines, &namespaces, &testing, &mut |_, _| {})?;
        let image = frozen.map_err(|failure| refused(format!("the worker cannot start: {failure}")))?;
        prepared.push(Arc::new(recipe.prepared(engines, image)?));
    }
    for namespace in &namespaces {
        let exported = &prepared[namespace.worker].launcher.image().exports().classes;
        if !exported.iter().any(|class| class.name == namespace.class) {
            return Err(refused(format!("the worker does not export a class `{}`", namespace.class)));
        }
    }
    let setup = Setup {
        workers: prepared,
        namespaces,
        is_colocated: scenario.is_none(),
        outbound: scenario.is_none().then(|| ENTRYPOINT.to_owned()),
        rules: rules.into(),
    };
    let program = Program { name: (&*name).into(), setup, scenario: scenario.map(Arc::new), arguments: "".into() };
    Ok(Unpacked { program, snapshots: snapshots.into_owned(), is_of_another_emu })
}

fn read(packed: &Value) -> std::result::Result<Carried<'static>, String> {
    if packed["format"] != FORMAT {
        return Err(format!("its format is {}, and this emu reads {FORMAT}", packed["format"]));
    }
    let text = packed["zstd"].as_str().ok_or("it has no `zstd`")?;
    let bytes = base64::decode(text).ok_or("it is no base 64")?;
    let unpacked = inflated(&bytes, MAX_BYTES)?;
    emu_abi::decode(&unpacked).map_err(|error| error.to_string())
}

fn inflated(packed: &[u8], max_bytes: u64) -> std::result::Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let decoder = zstd::Decoder::new(packed).map_err(|error| error.to_string())?;
    decoder.take(max_bytes + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    match bytes.len() as u64 > max_bytes {
        true => Err("it is too large".into()),
        false => Ok(bytes),
    }
}

/// That numbers in it mean something.
fn check(carried: &Carried<'_>) -> std::result::Result<(), String> {
    let (workers, namespaces) = (carried.workers.len(), carried.namespaces.len());
    if workers == 0 {
        return Err("it has no worker".into());
    }
    for (recipe, _) in &carried.workers {
        recipe.check(workers, namespaces)?;
    }
    if let Some(namespace) = carried.namespaces.iter().find(|namespace| namespace.worker >= workers) {
        return Err(format!("the class `{}` is of a worker that it does not have", namespace.class));
    }
    let mut classes = carried.scenario.iter().flat_map(|scenario| &scenario.classes);
    match classes.find(|(_, namespace)| *namespace >= namespaces) {
        Some((class, _)) => Err(format!("there is no class `{class}` in it")),
        None => Ok(()),
    }
}

fn read_scenario(written: &Written) -> Result<Scenario> {
    let Written { name, path, text, classes } = written.clone();
    Scenario::new(&name, scenario::parse(&Source { path, text })?, classes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A worker that is bound to the class `objects` and to the service `service`, which is the worker `worker`.
    fn recipe(objects: u32, service: u32, worker: usize) -> Value {
        json!({
            "worker": "w", "name": "w", "wasm": null, "is_tested": true, "cpu": { "secs": 1, "nanos": 0 },
            "init": {
                "compatibility_date": "2026-01-01", "compatibility_flags": [], "modules": [],
                "env": [["O", { "Objects": objects }], ["S", { "Service": service }]],
            },
            "switches": {
                "auto_reply_to_close": true, "delete_all_deletes_alarm": true, "io_tasks_prevent_eviction": true,
                "limit_close_reason": true,
            },
            "services": [{ "worker": worker, "worker_name": "other", "entrypoint": "", "props": "" }],
            "routes": [], "digest": vec![0; 32],
        })
    }

    fn carried(recipe: Option<Value>, of_worker: usize, of_class: usize) -> Carried<'static> {
        let workers: Vec<_> = recipe.into_iter().map(|recipe| json!([recipe, null])).collect();
        let namespace = json!({ "unique_key": "w-C", "worker": of_worker, "class": "C", "backend": "Sqlite" });
        let value = json!({
            "name": "x", "workers": workers, "namespaces": [namespace], "rules": [],
            "scenario": { "name": "x", "path": "x", "text": "", "classes": [["C", of_class]] },
            "snapshots": { "file": null, "inline": [] },
        });
        serde_json::from_value(value).expect("a program")
    }

    #[test]
    fn numbers_that_mean_nothing_are_refused() {
        for (carried, says) in [
            (carried(Some(recipe(0, 0, 0)), 0, 0), None),
            (carried(None, 0, 0), Some("no worker")),
            (carried(Some(recipe(1, 0, 0)), 0, 0), Some("`O` is bound")),
            (carried(Some(recipe(0, 1, 0)), 0, 0), Some("`S` is bound")),
            (carried(Some(recipe(0, 0, 1)), 0, 0), Some("the worker `other`")),
            (carried(Some(recipe(0, 0, 0)), 1, 0), Some("the class `C` is of")),
            (carried(Some(recipe(0, 0, 0)), 0, 1), Some("no class `C`")),
        ] {
            match (check(&carried), says) {
                (Ok(()), None) => {}
                (Err(error), Some(says)) => assert!(error.contains(says), "{error}: {says}"),
                (checked, says) => panic!("{checked:?}, not {says:?}"),
            }
        }
    }

    #[test]
    fn what_unpacks_to_too_much_is_refused() {
        let packed = zstd::encode_all(&*vec![0; 1 << 20], 3).expect("it is packed");
        assert_eq!(inflated(&packed, 1 << 20).map(|bytes| bytes.len()), Ok(1 << 20));
        assert_eq!(inflated(&packed, (1 << 20) - 1), Err("it is too large".to_owned()));
    }
}
