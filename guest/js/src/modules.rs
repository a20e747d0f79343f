//! What `import` finds: the worker's own modules by name, the platform's by specifier.
//!
//! A module that is no script (text, bytes, JSON, a built-in) becomes a synthetic script whose exports are taken from
//! `import.meta`, so that QuickJS needs to know one kind of module only.
//!
//! Invariant: knows names and sources; what a built-in module contains is the runtime's business.

use crate::convert::Raw;
use crate::{border, common_js, engine};
use emu_abi::{Binding, Failure, Init, Module as Source, ModuleKind, Op};
use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::Declared;
use rquickjs::promise::PromiseState;
use rquickjs::{Array, Ctx, Error, Function, IntoJs, Module, Object, Result, Value};
use std::cell::RefCell;
use std::collections::HashMap;

thread_local! {
    /// The worker's modules that have not been imported yet.
    static SOURCES: RefCell<HashMap<String, Source>> = RefCell::new(HashMap::new());
}

/// Finds the full name of what a module imports.
pub(crate) struct Names;

impl Resolver for Names {
    fn resolve<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        base: &str,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> Result<String> {
        let relative = join(base, name);
        if is_known(&relative) {
            return Ok(relative);
        }
        if is_known(name) || builtin(ctx, name)?.is_some() {
            return Ok(name.to_owned());
        }
        let failure = Failure::error(format!("No such module \"{name}\".\n  imported from \"{base}\""));
        Err(crate::convert::throw(ctx, failure))
    }
}

/// What kind of module the worker has under a name.
pub(crate) fn kind_of(name: &str) -> Option<ModuleKind> {
    SOURCES.with_borrow(|sources| sources.get(name).map(|source| source.kind))
}

fn is_known(name: &str) -> bool {
    kind_of(name).is_some()
}

/// A module of the worker as it was given.
pub(crate) fn source(name: &str) -> Option<Source> {
    SOURCES.with_borrow(|sources| sources.get(name).cloned())
}

/// A specifier relative to the module that names it.
pub(crate) fn join(base: &str, name: &str) -> String {
    if !name.starts_with('.') {
        return name.to_owned();
    }
    let mut parts: Vec<&str> = base.split('/').collect();
    parts.pop();
    for part in name.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The namespace of a module of the platform, if the worker may import it.
fn builtin<'js>(ctx: &Ctx<'js>, specifier: &str) -> Result<Option<Object<'js>>> {
    let handlers = engine::handlers(ctx)?;
    let builtin: Function = handlers.get("builtin")?;
    builtin.call((specifier,))
}

/// Makes a module of a name.
pub(crate) struct Sources;

impl Loader for Sources {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        load(ctx, name)
    }
}

fn load<'js>(ctx: &Ctx<'js>, name: &str) -> Result<Module<'js, Declared>> {
    let Some(Source { kind, bytes, .. }) = source(name) else {
        let namespace = builtin(ctx, name)?.ok_or_else(|| Error::new_loading(name))?;
        return synthetic(ctx, name, &namespace);
    };
    let value = match kind {
        ModuleKind::Script => return declare(ctx, name, bytes.0),
        ModuleKind::CommonJs => return common_js::module(ctx, name),
        ModuleKind::Text => String::from_utf8_lossy(&bytes.0).into_owned().into_js(ctx)?,
        ModuleKind::Data => Raw(bytes.0).into_js(ctx)?,
        ModuleKind::Wasm => crate::nested::module(ctx, &bytes.0)?,
        ModuleKind::Json => ctx.json_parse(bytes.0)?,
    };
    let namespace = Object::new(ctx.clone())?;
    namespace.set("default", value)?;
    synthetic(ctx, name, &namespace)
}

fn declare<'js>(ctx: &Ctx<'js>, name: &str, source: Vec<u8>) -> Result<Module<'js, Declared>> {
    let module = Module::declare(ctx.clone(), name, source)?;
    module.meta()?.set("url", format!("file:///{name}"))?;
    Ok(module)
}

/// A module whose exports are the own properties of `namespace`.
fn synthetic<'js>(ctx: &Ctx<'js>, name: &str, namespace: &Object<'js>) -> Result<Module<'js, Declared>> {
    let mut source = String::from("const namespace = import.meta.namespace;\n");
    for (index, key) in namespace.keys::<String>().enumerate() {
        let key = key?;
        if is_identifier(&key) {
            source.push_str(&format!("const v{index} = namespace.{key}; export {{ v{index} as {key} }};\n"));
        }
    }
    let module = Module::declare(ctx.clone(), name, source)?;
    module.meta()?.set("namespace", namespace.clone())?;
    Ok(module)
}

fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    let start = |char: char| char.is_ascii_alphabetic() || char == '_' || char == '$';
    chars.next().is_some_and(start) && chars.all(|char| start(char) || char.is_ascii_digit())
}

/// Evaluates the main module and hands its namespace to the runtime, which declares what it exports.
///
/// # Errors
/// The exception that the worker threw in its global scope.
pub(crate) fn start(ctx: &Ctx<'_>, init: Init) -> Result<()> {
    let Init { compatibility_date, compatibility_flags, env, modules } = init;
    let Some(main) = modules.first().map(|module| module.name.clone()) else {
        border::op(&Op::Refuse(Failure::error("there is no module to run")));
        return Ok(());
    };
    SOURCES.set(modules.into_iter().map(|module| (module.name.clone(), module)).collect());
    let handlers = engine::handlers(ctx)?;
    let prepare: Function = handlers.get("prepare")?;
    prepare.call::<_, ()>((compatibility_date, compatibility_flags, env_array(ctx, env)?))?;
    let (module, promise) = load(ctx, &main)?.eval()?;
    while ctx.execute_pending_job() {}
    match promise.state() {
        PromiseState::Resolved => {}
        PromiseState::Rejected => {
            promise.result::<Value>().transpose()?;
        }
        PromiseState::Pending => {
            let message = "Top-level await in module is unresolved: the worker's global scope never finishes";
            border::op(&Op::Refuse(Failure::error(message)));
            return Ok(());
        }
    }
    // The engine has read it. Its name stays: other modules may import it later.
    SOURCES.with_borrow_mut(|sources| {
        sources.entry(main).and_modify(|source| source.bytes = Vec::new().into());
    });
    let start: Function = handlers.get("start")?;
    start.call((module.namespace()?,))
}

fn env_array<'js>(ctx: &Ctx<'js>, env: Vec<(String, Binding)>) -> Result<Array<'js>> {
    let all = Array::new(ctx.clone())?;
    for (index, (name, binding)) in env.into_iter().enumerate() {
        let one = Array::new(ctx.clone())?;
        one.set(0, name)?;
        let (kind, value) = match binding {
            Binding::Text(text) => ("text", text.into_js(ctx)?),
            Binding::Json(json) => ("json", json.into_js(ctx)?),
            Binding::Objects(number) => ("objects", number.into_js(ctx)?),
            Binding::Service(number) => ("service", number.into_js(ctx)?),
        };
        one.set(1, kind)?;
        one.set(2, value)?;
        all.set(index, one)?;
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::join;

    #[test]
    fn relative_specifiers_start_at_their_module() {
        let cases = [
            ("worker.js", "./a.js", "a.js"),
            ("src/worker.js", "../b/c.txt", "b/c.txt"),
            ("src/worker.js", "./x/../y.js", "src/y.js"),
            ("worker.js", "node:fs", "node:fs"),
            ("worker.js", "../../up.js", "up.js"),
        ];
        for (base, name, expected) in cases {
            assert_eq!(join(base, name), expected);
        }
    }
}
