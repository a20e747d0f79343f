//! Writing V8's format.

use super::{MAX_DEPTH, VERSION};
use crate::js::{JsValue, Value};
use emu_abi::Failure;

/// The bytes that V8 would write for `value`.
///
/// # Errors
/// A `DataCloneError` for what V8 cannot clone or what is nested too deeply.
pub(crate) fn write(value: &JsValue) -> Result<Vec<u8>, Failure> {
    let mut out = vec![0xff, VERSION];
    put(&mut out, value, MAX_DEPTH)?;
    Ok(out)
}

fn put(out: &mut Vec<u8>, value: &JsValue, depth: u32) -> Result<(), Failure> {
    let depth = depth.checked_sub(1).ok_or_else(|| clone_error("the value is nested too deeply"))?;
    match &value.0 {
        Value::Undefined => out.push(b'_'),
        Value::Null => out.push(b'0'),
        Value::Bool(true) => out.push(b'T'),
        Value::Bool(false) => out.push(b'F'),
        Value::Number(number) => put_number(out, *number),
        Value::BigInt(integer) => put_bigint(out, *integer),
        Value::String(text) => put_string(out, text),
        Value::Date(ms) => {
            out.push(b'D');
            out.extend(ms.to_le_bytes());
        }
        Value::Buffer(bytes) => put_buffer(out, bytes),
        Value::Bytes(bytes) => {
            put_buffer(out, bytes);
            // A view follows its buffer: kind, offset, length, flags.
            out.extend([b'V', b'B', 0]);
            put_varint(out, bytes.len() as u64);
            out.push(0);
        }
        Value::Array(items) => {
            out.push(b'A');
            put_varint(out, items.len() as u64);
            items.iter().try_for_each(|item| put(out, item, depth))?;
            out.extend([b'$', 0]);
            put_varint(out, items.len() as u64);
        }
        Value::Object(fields) => {
            out.push(b'o');
            for (name, value) in fields {
                put_string(out, name);
                put(out, value, depth)?;
            }
            out.push(b'{');
            put_varint(out, fields.len() as u64);
        }
        Value::Map(entries) => {
            out.push(b';');
            for (key, value) in entries {
                put(out, key, depth)?;
                put(out, value, depth)?;
            }
            out.push(b':');
            put_varint(out, entries.len() as u64 * 2);
        }
        Value::Set(items) => {
            out.push(b'\'');
            items.iter().try_for_each(|item| put(out, item, depth))?;
            out.push(b',');
            put_varint(out, items.len() as u64);
        }
        Value::Error(error) => put_error(out, &error.0),
    }
    Ok(())
}

fn clone_error(message: &str) -> Failure {
    Failure { name: "DataCloneError".into(), message: message.into(), ..Failure::default() }
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_number(out: &mut Vec<u8>, number: f64) {
    let small = number as i32;
    // Negative zero is not the integer zero.
    if f64::from(small).to_bits() == number.to_bits() {
        out.push(b'I');
        put_varint(out, u64::from(((small << 1) ^ (small >> 31)) as u32));
    } else {
        out.push(b'N');
        out.extend(number.to_le_bytes());
    }
}

/// A bit field (sign, and the number of digit bytes times two), then the digits in steps of eight bytes.
fn put_bigint(out: &mut Vec<u8>, integer: i128) {
    let magnitude = integer.unsigned_abs();
    let digits = (128 - magnitude.leading_zeros() as usize).div_ceil(64) * 8;
    out.push(b'Z');
    put_varint(out, (digits as u64) << 1 | u64::from(integer < 0));
    out.extend(&magnitude.to_le_bytes()[..digits]);
}

/// One byte per character where all fit, else UTF-16.
fn put_string(out: &mut Vec<u8>, text: &str) {
    if text.chars().all(|character| u32::from(character) <= 0xff) {
        out.push(b'"');
        put_varint(out, text.chars().count() as u64);
        out.extend(text.chars().map(|character| u32::from(character) as u8));
        return;
    }
    let len = text.encode_utf16().count() as u64 * 2;
    let mut prefix = Vec::new();
    put_varint(&mut prefix, len);
    // V8 aligns the units to two bytes with a padding tag.
    if (out.len() + 1 + prefix.len()) % 2 == 1 {
        out.push(0);
    }
    out.push(b'c');
    out.extend(prefix);
    out.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
}

fn put_buffer(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'B');
    put_varint(out, bytes.len() as u64);
    out.extend(bytes);
}

fn put_error(out: &mut Vec<u8>, failure: &Failure) {
    out.push(b'r');
    let prototype = match failure.name.as_str() {
        "EvalError" => Some(b'E'),
        "RangeError" => Some(b'R'),
        "ReferenceError" => Some(b'F'),
        "SyntaxError" => Some(b'S'),
        "TypeError" => Some(b'T'),
        "URIError" => Some(b'U'),
        _ => None,
    };
    out.extend(prototype);
    out.push(b'm');
    put_string(out, &failure.message);
    if let Some(stack) = &failure.stack {
        out.push(b's');
        put_string(out, stack);
    }
    out.push(b'.');
}
