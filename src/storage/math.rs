//! SQLite's mathematical functions, which the bundled build leaves out and the platform has (reference §1.7).
//!
//! Invariant: pure functions with SQLite's own rules: anything not numeric gives NULL, and so does a result that is not
//! a number.

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Result};

/// Whether `error` is SQLite missing one of these functions, so that it is worth a [`register`].
///
/// They are registered when first asked for: most databases never do, and opening one should stay cheap.
pub(super) fn is_missing(error: &rusqlite::Error) -> bool {
    let rusqlite::Error::SqlInputError { msg, .. } = error else { return false };
    msg.strip_prefix("no such function: ").is_some_and(|name| {
        let name = name.to_ascii_lowercase();
        UNARY.iter().any(|(known, _)| *known == name)
            || ROUNDING.iter().any(|(known, _)| *known == name)
            || BINARY.iter().any(|(known, _)| *known == name)
            || matches!(name.as_str(), "pi" | "log")
    })
}

/// Adds the functions to a connection.
pub(super) fn register(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("pi", 0, flags, |_| Ok(std::f64::consts::PI))?;
    for (name, function) in UNARY {
        connection.create_scalar_function(*name, 1, flags, move |context| Ok(number(context, 0).map(function)))?;
    }
    for (name, function) in ROUNDING {
        connection.create_scalar_function(*name, 1, flags, |context| {
            Ok(match numeric(context, 0) {
                Some(Numeric::Integer(integer)) => Value::Integer(integer),
                Some(Numeric::Real(real)) => Value::Real(function(real)),
                None => Value::Null,
            })
        })?;
    }
    for (name, function) in BINARY {
        connection.create_scalar_function(*name, 2, flags, |context| {
            Ok(number(context, 0).zip(number(context, 1)).map(|(x, y)| function(x, y)))
        })?;
    }
    connection
        .create_scalar_function("log", 1, flags, |context| Ok(number(context, 0).map(|x| positive(x, f64::log10))))?;
    connection.create_scalar_function("log", 2, flags, |context| {
        Ok(number(context, 0).zip(number(context, 1)).and_then(|(base, x)| {
            let base = positive(base, f64::ln);
            (base > 0.0 && x > 0.0).then(|| x.ln() / base)
        }))
    })
}

type Unary = fn(f64) -> f64;
type Binary = fn(f64, f64) -> f64;

const UNARY: &[(&str, Unary)] = &[
    ("acos", f64::acos),
    ("acosh", f64::acosh),
    ("asin", f64::asin),
    ("asinh", f64::asinh),
    ("atan", f64::atan),
    ("atanh", f64::atanh),
    ("cos", f64::cos),
    ("cosh", f64::cosh),
    ("degrees", f64::to_degrees),
    ("exp", f64::exp),
    ("ln", |x| positive(x, f64::ln)),
    ("log2", |x| positive(x, f64::log2)),
    ("radians", f64::to_radians),
    ("sin", f64::sin),
    ("sinh", f64::sinh),
    ("sqrt", f64::sqrt),
    ("tan", f64::tan),
    ("tanh", f64::tanh),
];

const ROUNDING: &[(&str, Unary)] = &[("ceil", f64::ceil), ("floor", f64::floor), ("trunc", f64::trunc)];

const BINARY: &[(&str, Binary)] = &[("atan2", f64::atan2), ("mod", |x, y| x % y), ("pow", f64::powf)];

// Not a number, and so NULL, where a logarithm does not exist; the C functions would give an infinity for zero.
fn positive(x: f64, function: Unary) -> f64 {
    if x > 0.0 { function(x) } else { f64::NAN }
}

enum Numeric {
    Integer(i64),
    Real(f64),
}

fn number(context: &Context<'_>, index: usize) -> Option<f64> {
    numeric(context, index).map(|value| match value {
        Numeric::Integer(integer) => integer as f64,
        Numeric::Real(real) => real,
    })
}

// A text counts where all of it reads as a number, which is SQLite's numeric affinity.
fn numeric(context: &Context<'_>, index: usize) -> Option<Numeric> {
    match context.get_raw(index) {
        ValueRef::Integer(integer) => Some(Numeric::Integer(integer)),
        ValueRef::Real(real) => Some(Numeric::Real(real)),
        ValueRef::Text(text) => {
            let text = std::str::from_utf8(text).ok()?.trim_ascii();
            if !text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) {
                return None;
            }
            let integer = text.parse().map(Numeric::Integer).ok();
            integer.or_else(|| text.parse().map(Numeric::Real).ok())
        }
        ValueRef::Null | ValueRef::Blob(_) => None,
    }
}
