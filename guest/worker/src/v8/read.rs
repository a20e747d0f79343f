//! Reading V8's format, from whatever may be there.

use super::{MAX_DEPTH, VERSION};
use crate::js::{ErrorValue, JsValue, Value};
use emu_abi::Failure;

/// Holes and back references make a value larger than its bytes; this bounds by how much.
const MAX_EXTRA_VALUES: usize = 1 << 20;

/// The value that `bytes` hold.
///
/// # Errors
/// A `DataCloneError` for bytes that are not one value of a known version, and for kinds no guest can hold.
pub(crate) fn read(bytes: &[u8]) -> Result<JsValue, Failure> {
    // A back reference holds its tag, so where that byte is nowhere no object needs to be remembered.
    let references = bytes.contains(&b'^');
    let mut reader = Reader { bytes, at: 0, version: 0, references, seen: Vec::new(), extra: 0 };
    let magic = reader.byte()?;
    reader.version = reader.byte()?;
    if magic != 0xff || !(13..=VERSION).contains(&reader.version) {
        return Err(bad("it is of an unknown version"));
    }
    let value = reader.value(MAX_DEPTH)?;
    if reader.skip_padding() == bytes.len() { Ok(value) } else { Err(bad("bytes follow the value")) }
}

fn bad(what: &str) -> Failure {
    Failure {
        name: "DataCloneError".into(),
        message: format!("Unable to deserialize cloned data: {what}."),
        ..Failure::default()
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    version: u8,
    references: bool,
    /// Objects by id, for back references; nothing while an object is not complete.
    seen: Vec<Option<JsValue>>,
    extra: usize,
}

type Read<T> = Result<T, Failure>;

impl Reader<'_> {
    fn byte(&mut self) -> Read<u8> {
        let byte = *self.bytes.get(self.at).ok_or_else(|| bad("it is truncated"))?;
        self.at += 1;
        Ok(byte)
    }

    fn take(&mut self, len: u64) -> Read<&[u8]> {
        let len = usize::try_from(len).map_err(|_| bad("it is truncated"))?;
        let end = self.at.checked_add(len).ok_or_else(|| bad("it is truncated"))?;
        let taken = self.bytes.get(self.at..end).ok_or_else(|| bad("it is truncated"))?;
        self.at = end;
        Ok(taken)
    }

    fn varint(&mut self) -> Read<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(bad("a number is too long"))
    }

    fn double(&mut self) -> Read<f64> {
        let mut raw = [0; 8];
        raw.copy_from_slice(self.take(8)?);
        Ok(f64::from_le_bytes(raw))
    }

    fn skip_padding(&mut self) -> usize {
        while self.bytes.get(self.at) == Some(&0) {
            self.at += 1;
        }
        self.at
    }

    fn peek(&mut self) -> Option<u8> {
        self.skip_padding();
        self.bytes.get(self.at).copied()
    }

    fn tag(&mut self) -> Read<u8> {
        self.skip_padding();
        self.byte()
    }

    fn value(&mut self, depth: u32) -> Read<JsValue> {
        let depth = depth.checked_sub(1).ok_or_else(|| bad("it is nested too deeply"))?;
        let tag = self.tag()?;
        let value = match tag {
            b'_' => Value::Undefined,
            b'0' => Value::Null,
            b'T' => Value::Bool(true),
            b'F' => Value::Bool(false),
            b'I' => {
                let raw = self.varint()? as u32;
                Value::Number(f64::from((raw >> 1) as i32 ^ -((raw & 1) as i32)))
            }
            b'U' => Value::Number(f64::from(self.varint()? as u32)),
            b'N' => Value::Number(self.double()?),
            b'Z' => Value::BigInt(self.bigint()?),
            b'"' | b'c' | b'S' => Value::String(self.string(tag)?),
            b'?' => {
                // The number of objects before this one, written by old versions to check themselves.
                self.varint()?;
                return self.value(depth);
            }
            b'^' => return self.back_reference(),
            _ => return self.object(tag, depth),
        };
        Ok(JsValue(value))
    }

    fn back_reference(&mut self) -> Read<JsValue> {
        let id = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
        let value = self.seen.get(id).ok_or_else(|| bad("it refers to an unknown object"))?;
        let value = value.as_ref().ok_or_else(|| bad("it refers to itself, which a Rust value cannot"))?;
        let weight = weight(value);
        self.extra = self.extra.saturating_add(weight);
        if self.extra > MAX_EXTRA_VALUES {
            return Err(bad("it is too large"));
        }
        let value = value.clone();
        self.maybe_view(value)
    }

    /// Reads what counts as an object, and so has an id for back references.
    fn object(&mut self, tag: u8, depth: u32) -> Read<JsValue> {
        let id = self.seen.len();
        self.seen.push(None);
        let value = match tag {
            b'o' => Value::Object(self.fields(b'{', depth)?),
            b'A' => Value::Array(self.dense_array(depth)?),
            b'a' => Value::Array(self.sparse_array(depth)?),
            b';' => {
                let flat = self.until(b':', depth)?;
                let pairs = flat.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone()));
                Value::Map(pairs.collect())
            }
            b'\'' => Value::Set(self.until(b',', depth)?),
            b'D' => Value::Date(self.double()?),
            b'B' | b'~' => return self.buffer(tag, id),
            b'r' => Value::Error(Box::new(ErrorValue(self.error(depth)?))),
            b'y' => Value::Bool(true),
            b'x' => Value::Bool(false),
            b'n' => Value::Number(self.double()?),
            b'z' => Value::BigInt(self.bigint()?),
            b's' => {
                let tag = self.tag()?;
                Value::String(self.string(tag)?)
            }
            _ => return Err(bad(&format!("a guest cannot hold what tag {tag:#04x} stands for"))),
        };
        Ok(self.remember(id, JsValue(value)))
    }

    fn remember(&mut self, id: usize, value: JsValue) -> JsValue {
        if self.references {
            self.seen[id] = Some(value.clone());
        }
        value
    }

    fn bigint(&mut self) -> Read<i128> {
        let field = self.varint()?;
        let digits = self.take(field >> 1)?;
        let significant = digits.len() - digits.iter().rev().take_while(|digit| **digit == 0).count();
        if significant > 15 {
            return Err(bad("a BigInt is larger than 120 bits"));
        }
        let magnitude = digits[..significant].iter().rev().fold(0, |sum, digit| sum << 8 | i128::from(*digit));
        Ok(if field & 1 == 1 { -magnitude } else { magnitude })
    }

    fn string(&mut self, tag: u8) -> Read<String> {
        let len = self.varint()?;
        let raw = self.take(len)?;
        match tag {
            b'"' => Ok(raw.iter().map(|byte| char::from(*byte)).collect()),
            b'S' => Ok(String::from_utf8_lossy(raw).into_owned()),
            b'c' if raw.len() % 2 == 0 => {
                let units = raw.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
                let lossy = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER));
                Ok(lossy.collect())
            }
            _ => Err(bad("a string is malformed")),
        }
    }

    /// Properties up to the tag `end` and their count.
    fn fields(&mut self, end: u8, depth: u32) -> Read<Vec<(String, JsValue)>> {
        let mut fields = Vec::new();
        while self.peek() != Some(end) {
            let key = match self.value(depth)?.0 {
                Value::String(name) => name,
                Value::Number(number) => number.to_string(),
                _ => return Err(bad("a property's name is not one")),
            };
            fields.push((key, self.value(depth)?));
        }
        self.tag()?;
        if self.varint()? == fields.len() as u64 { Ok(fields) } else { Err(bad("an object's size is wrong")) }
    }

    /// Values up to the tag `end` and their count.
    fn until(&mut self, end: u8, depth: u32) -> Read<Vec<JsValue>> {
        let mut values = Vec::new();
        while self.peek() != Some(end) {
            values.push(self.value(depth)?);
        }
        self.tag()?;
        if self.varint()? == values.len() as u64 { Ok(values) } else { Err(bad("a collection's size is wrong")) }
    }

    fn dense_array(&mut self, depth: u32) -> Read<Vec<JsValue>> {
        let len = self.varint()?;
        let mut items = Vec::new();
        for _ in 0..len {
            if self.peek() == Some(b'-') {
                self.tag()?;
                items.push(JsValue::UNDEFINED);
            } else {
                items.push(self.value(depth)?);
            }
        }
        self.fields(b'$', depth)?;
        if self.varint()? == len { Ok(items) } else { Err(bad("an array's size is wrong")) }
    }

    fn sparse_array(&mut self, depth: u32) -> Read<Vec<JsValue>> {
        let len = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
        self.extra = self.extra.saturating_add(len);
        if self.extra > MAX_EXTRA_VALUES {
            return Err(bad("it is too large"));
        }
        let mut items = vec![JsValue::UNDEFINED; len];
        for (key, value) in self.fields(b'@', depth)? {
            let slot = key.parse::<usize>().ok().and_then(|index| items.get_mut(index));
            if let Some(slot) = slot {
                *slot = value;
            }
        }
        self.varint()?;
        Ok(items)
    }

    fn buffer(&mut self, tag: u8, id: usize) -> Read<JsValue> {
        let len = self.varint()?;
        if tag == b'~' {
            // The most a resizable buffer may grow to.
            self.varint()?;
        }
        let bytes = self.take(len)?.to_vec();
        let buffer = self.remember(id, JsValue(Value::Buffer(bytes)));
        self.maybe_view(buffer)
    }

    /// A view follows its buffer at once, whether that is new or referred to; it counts as an object of its own.
    fn maybe_view(&mut self, buffer: JsValue) -> Read<JsValue> {
        let Value::Buffer(bytes) = &buffer.0 else { return Ok(buffer) };
        if self.peek() != Some(b'V') {
            return Ok(buffer);
        }
        self.tag()?;
        let kind = self.byte()?;
        let (offset, len) = (self.varint()?, self.varint()?);
        if self.version >= 14 {
            // Whether it tracks a resizable buffer's length.
            self.varint()?;
        }
        let (Ok(offset), Ok(len)) = (usize::try_from(offset), usize::try_from(len)) else {
            return Err(bad("a view is out of bounds"));
        };
        let viewed = offset.checked_add(len).and_then(|end| bytes.get(offset..end));
        let view = view(kind, viewed.ok_or_else(|| bad("a view is out of bounds"))?)?;
        let id = self.seen.len();
        self.seen.push(None);
        Ok(self.remember(id, view))
    }

    fn error(&mut self, depth: u32) -> Read<Failure> {
        let mut failure = Failure::error("");
        loop {
            let tag = self.byte()?;
            failure.name = match tag {
                b'E' => "EvalError".into(),
                b'R' => "RangeError".into(),
                b'F' => "ReferenceError".into(),
                b'S' => "SyntaxError".into(),
                b'T' => "TypeError".into(),
                b'U' => "URIError".into(),
                b'm' | b's' | b'c' => {
                    let value = self.value(depth)?;
                    match tag {
                        b'm' => failure.message = value.as_string().unwrap_or_default(),
                        b's' => failure.stack = value.as_string(),
                        _ => {}
                    }
                    continue;
                }
                b'.' => return Ok(failure),
                _ => return Err(bad("an error is malformed")),
            };
        }
    }
}

/// Bytes stay bytes; the elements of any other typed array become an array of numbers.
fn view(kind: u8, bytes: &[u8]) -> Read<JsValue> {
    fn numbers<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> Value) -> Value {
        let element = |chunk: &[u8]| {
            let mut raw = [0; N];
            raw.copy_from_slice(chunk);
            JsValue(number(raw))
        };
        Value::Array(bytes.chunks_exact(N).map(element).collect())
    }
    Ok(JsValue(match kind {
        b'B' | b'C' | b'?' => Value::Bytes(bytes.to_vec()),
        b'b' => numbers(bytes, |raw| Value::Number(i8::from_le_bytes(raw).into())),
        b'W' => numbers(bytes, |raw| Value::Number(u16::from_le_bytes(raw).into())),
        b'w' => numbers(bytes, |raw| Value::Number(i16::from_le_bytes(raw).into())),
        b'D' => numbers(bytes, |raw| Value::Number(u32::from_le_bytes(raw).into())),
        b'd' => numbers(bytes, |raw| Value::Number(i32::from_le_bytes(raw).into())),
        b'f' => numbers(bytes, |raw| Value::Number(f32::from_le_bytes(raw).into())),
        b'F' => numbers(bytes, |raw| Value::Number(f64::from_le_bytes(raw))),
        b'Q' => numbers(bytes, |raw| Value::BigInt(u64::from_le_bytes(raw).into())),
        b'q' => numbers(bytes, |raw| Value::BigInt(i64::from_le_bytes(raw).into())),
        _ => return Err(bad("a view is of an unknown kind")),
    }))
}

/// How many values a tree holds, counting every 16 bytes of a string or buffer as one.
fn weight(value: &JsValue) -> usize {
    1 + match &value.0 {
        Value::String(text) => text.len() / 16,
        Value::Bytes(bytes) | Value::Buffer(bytes) => bytes.len() / 16,
        Value::Array(items) | Value::Set(items) => items.iter().map(weight).sum(),
        Value::Object(fields) => fields.iter().map(|(name, value)| name.len() / 16 + weight(value)).sum(),
        Value::Map(entries) => entries.iter().map(|(key, value)| weight(key) + weight(value)).sum(),
        _ => 0,
    }
}
