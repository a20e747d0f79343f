//! What `require` needs of the engine: names, compiled functions, and modules evaluated at once.
//!
//! Invariant: knows no module's state; what `require` answers is the runtime's business.

use crate::{engine, modules};
use emu_abi::ModuleKind;
use rquickjs::context::EvalOptions;
use rquickjs::module::Declared;
use rquickjs::promise::PromiseState;
use rquickjs::{Ctx, Error, Function, Module, Object, Result, Value};

/// What a CommonJS module's function is given, in this order.
const PARAMETERS: &str = "module, exports, require, __filename, __dirname";

/// Adds the natives to the object `host`.
pub(crate) fn register<'js>(host: &Object<'js>) -> Result<()> {
    let ctx = host.ctx().clone();
    let set = |name: &str, function: Result<Function<'js>>| host.set(name, function?.with_name(name)?);
    set("moduleName", Function::new(ctx.clone(), module_name))?;
    set("moduleIsCommonJs", Function::new(ctx.clone(), is_common_js))?;
    set("moduleFunction", Function::new(ctx.clone(), module_function))?;
    set("moduleNow", Function::new(ctx, module_now))
}

/// The ES module for a CommonJS one: evaluating it runs the other, unless that has run already.
pub(crate) fn module<'js>(ctx: &Ctx<'js>, name: &str) -> Result<Module<'js, Declared>> {
    let module = Module::declare(ctx.clone(), name, "export default import.meta.commonJs(import.meta.file);")?;
    let meta = module.meta()?;
    meta.set("commonJs", engine::handlers(ctx)?.get::<_, Value>("commonJs")?)?;
    meta.set("file", name)?;
    Ok(module)
}

/// What the module `base` names by `specifier`, whether there is such a module or not: names are paths, with or without
/// a dot before them.
fn module_name(base: String, specifier: String) -> String {
    match specifier.starts_with('/') {
        true => modules::join("", &format!(".{specifier}")),
        false => modules::join(&base, &format!("./{specifier}")),
    }
}

/// Whether a module of the worker is a CommonJS module; nothing when it has no such module.
fn is_common_js(name: String) -> Option<bool> {
    modules::kind_of(&name).map(|kind| kind == ModuleKind::CommonJs)
}

/// The code of a CommonJS module as a function.
fn module_function<'js>(ctx: Ctx<'js>, name: String) -> Result<Function<'js>> {
    let source = modules::source(&name).ok_or_else(|| Error::new_loading(&name))?;
    // On the first line, so that errors name the lines of the file.
    let mut code = format!("(function ({PARAMETERS}) {{").into_bytes();
    code.extend_from_slice(&source.bytes.0);
    code.extend_from_slice(b"\n})");
    let mut options = EvalOptions::default();
    options.filename = Some(name);
    options.strict = false;
    ctx.eval_with_options(code, options)
}

/// The namespace of a module, which is evaluated now if it was not before; nothing when it awaits at its top level.
fn module_now<'js>(ctx: Ctx<'js>, name: String) -> Result<Option<Value<'js>>> {
    let meeting = Object::new(ctx.clone())?;
    // Modules are evaluated as they are imported, and a module that imports nothing that awaits is evaluated at once.
    let specifier = ctx.json_stringify(name.as_str())?.map(|text| text.to_string()).transpose()?.unwrap_or_default();
    let code = format!("import * as namespace from {specifier}; import.meta.meeting.namespace = namespace;");
    let module = Module::declare(ctx.clone(), format!("emu:require/{name}"), code)?;
    module.meta()?.set("meeting", meeting.clone())?;
    let (_, promise) = module.eval()?;
    if promise.state() == PromiseState::Rejected {
        promise.result::<Value<'_>>().transpose()?;
    }
    meeting.get("namespace")
}

#[cfg(test)]
mod tests {
    use super::module_name;

    #[test]
    fn a_required_module_is_named_from_the_folder_of_the_one_that_requires_it() {
        let cases = [
            ("worker.cjs", "./a.cjs", "a.cjs"),
            ("worker.cjs", "a.cjs", "a.cjs"),
            ("lib/deep.cjs", "a.cjs", "lib/a.cjs"),
            ("lib/deep.cjs", "../a.cjs", "a.cjs"),
            ("lib/deep.cjs", "/a.cjs", "a.cjs"),
            ("lib/deep.cjs", "../../../a.cjs", "a.cjs"),
        ];
        for (base, specifier, expected) in cases {
            assert_eq!(module_name(base.into(), specifier.into()), expected, "{base} {specifier}");
        }
    }
}
