//! The natives as the runtime sees them: scripts that call `host`, and what they give.

mod text;
mod url;
mod v8;
mod values;

use rquickjs::convert::Coerced;
use rquickjs::{CatchResultExt, Context, Ctx, Object, Runtime, Value};

/// Runs `check` in a fresh engine whose global `host` has the natives.
fn with_host(check: impl FnOnce(&Ctx<'_>)) {
    let runtime = Runtime::new().expect("QuickJS starts");
    let context = Context::full(&runtime).expect("QuickJS makes a context");
    context.with(|ctx| {
        let host = Object::new(ctx.clone()).expect("an object");
        super::register(&host).expect("the natives are added");
        ctx.globals().set("host", host).expect("a global");
        ctx.eval::<(), _>(HELPERS).expect("the helpers evaluate");
        check(&ctx);
    });
}

/// `hex(bytes)`, `bytes(hex)`, `show(value)`: a value as text that tells apart what `JSON.stringify` does not.
const HELPERS: &str = r#"
    const hex = (bytes) => host.hexEncode(bytes);
    const bytes = (hex) => host.hexDecode(hex);
    const u8 = (...numbers) => new Uint8Array(numbers);
    const show = (value) => {
        if (typeof value === "string") return JSON.stringify(value);
        if (typeof value === "bigint") return `${value}n`;
        if (Object.is(value, -0)) return "-0";
        if (value instanceof ArrayBuffer) return `<${hex(value)}>`;
        if (Array.isArray(value)) return `[${Array.from(value, show).join()}]`;
        return String(value);
    };
"#;

/// What `show` makes of the script's value, or `Name: message` of what it throws.
fn eval(ctx: &Ctx<'_>, script: &str) -> String {
    let script = format!("show((() => {script})())");
    match ctx.eval::<String, _>(script).catch(ctx) {
        Ok(shown) => shown,
        Err(rquickjs::CaughtError::Exception(error)) => {
            let object = error.as_object();
            let name = object.get::<_, Coerced<String>>("name").map(|name| name.0).unwrap_or_default();
            format!("{name}: {}", error.message().unwrap_or_default())
        }
        Err(rquickjs::CaughtError::Value(value)) => format!("{value:?}"),
        Err(rquickjs::CaughtError::Error(error)) => error.to_string(),
    }
}

/// Checks that every script gives what stands beside it.
fn check(table: &[(&str, &str)]) {
    with_host(|ctx| {
        for (script, expected) in table {
            assert_eq!(eval(ctx, script), *expected, "{script}");
        }
    });
}

/// The value of a script.
fn value<'js>(ctx: &Ctx<'js>, script: &str) -> Value<'js> {
    ctx.eval(format!("({script})")).catch(ctx).unwrap_or_else(|error| panic!("{script}: {error}"))
}
