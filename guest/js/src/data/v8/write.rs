//! Writing V8's format.
//!
//! Invariant: what is being written is kept alive until the end, so an address names one object.

use super::super::class::{self, Kind};
use super::super::intrinsics;
use super::super::raw::{self, Bytes, OwnKeys, Utf8, Utf16};
use super::{MAX_DEPTH, VERSION, hosts, too_deep};
use crate::error::throw_named;
use rquickjs::{Ctx, Error, Object, Result, Value, qjs};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// The bytes that V8 would write for `value`.
///
/// # Errors
/// A `DataCloneError` in V8's words for what cannot be cloned; what a getter throws; a `RangeError` for what is nested
/// too deeply.
pub(crate) fn write<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Vec<u8>> {
    let out = vec![0xff, VERSION];
    let mut writer = Writer { ctx, out, objects: Objects::default(), open: Vec::new() };
    writer.value(value)?;
    while let Some(frame) = writer.open.pop() {
        writer.step(frame)?;
    }
    Ok(writer.out)
}

struct Writer<'a, 'js> {
    ctx: &'a Ctx<'js>,
    out: Vec<u8>,
    objects: Objects<'js>,
    /// What has begun and is not finished, outermost first.
    open: Vec<Frame<'js>>,
}

enum Frame<'js> {
    Properties(Properties<'js>),
    /// Elements from `at` on, then the named properties.
    Elements {
        array: Value<'js>,
        keys: OwnKeys<'js>,
        at: u32,
        length: u32,
    },
    /// The values of an array of ours, then the tag `end` and their number.
    Flat {
        values: Value<'js>,
        at: u32,
        length: u32,
        end: u8,
    },
    /// The tag alone.
    End(u8),
}

/// Named properties from `at` on, then the tag `end`, their number and for an array its length.
struct Properties<'js> {
    object: Value<'js>,
    keys: OwnKeys<'js>,
    at: u32,
    written: u32,
    end: u8,
    length: Option<u32>,
}

/// Objects that have been written, by address, and their numbers for back references.
#[derive(Default)]
struct Objects<'js> {
    kept: Vec<Value<'js>>,
    ids: HashMap<usize, u32, BuildHasherDefault<AddressHasher>>,
}

/// Below this many objects looking through all is faster than a table.
const FEW_OBJECTS: usize = 12;

impl<'js> Objects<'js> {
    fn id(&self, object: &Value<'js>) -> Option<u32> {
        let address = raw::address(object);
        if self.ids.is_empty() {
            return self.kept.iter().position(|kept| raw::address(kept) == address).map(|id| id as u32);
        }
        self.ids.get(&address).copied()
    }

    fn add(&mut self, object: Value<'js>) {
        self.kept.push(object);
        if self.kept.len() == FEW_OBJECTS {
            self.ids = self.kept.iter().map(raw::address).zip(0..).collect();
        } else if self.kept.len() > FEW_OBJECTS {
            let newest = self.kept.len() - 1;
            self.ids.insert(raw::address(&self.kept[newest]), newest as u32);
        }
    }
}

/// Addresses are unique and need no more than to be spread.
#[derive(Default)]
struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_usize((*byte).into()));
    }

    fn write_usize(&mut self, address: usize) {
        // Fibonacci hashing: the upper bits depend on all bits of the address.
        self.0 = (self.0 ^ address as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl<'js> Writer<'_, 'js> {
    /// Writes a primitive, or begins an object.
    fn value(&mut self, value: &Value<'js>) -> Result<()> {
        if self.primitive(value)? { Ok(()) } else { self.object(value) }
    }

    /// Writes a primitive; says whether it was one.
    fn primitive(&mut self, value: &Value<'js>) -> Result<bool> {
        if let Some(integer) = value.as_int() {
            self.number(integer.into());
        } else if let Some(number) = value.as_float() {
            self.number(number);
        } else if value.is_string() {
            self.string(value)?;
        } else if let Some(truth) = value.as_bool() {
            self.out.push(if truth { b'T' } else { b'F' });
        } else if value.is_null() {
            self.out.push(b'0');
        } else if value.is_undefined() {
            self.out.push(b'_');
        } else if value.is_object() {
            return Ok(false);
        } else if value.is_symbol() {
            return Err(self.refuse(value));
        } else {
            self.out.push(b'Z');
            self.bigint(value)?;
        }
        Ok(true)
    }

    /// Continues with the frame that was begun last, up to its next object or its end.
    fn step(&mut self, frame: Frame<'js>) -> Result<()> {
        match frame {
            Frame::Properties(properties) => self.properties(properties),
            Frame::Elements { array, keys, mut at, length } => {
                while at < length {
                    let value = raw::element(&array, at)?;
                    at += 1;
                    if !self.primitive(&value)? {
                        self.open.push(Frame::Elements { array, keys, at, length });
                        return self.object(&value);
                    }
                }
                let length = Some(length);
                self.properties(Properties { object: array, keys, at, written: 0, end: b'$', length })
            }
            Frame::Flat { values, mut at, length, end } => {
                while at < length {
                    let value = raw::element(&values, at)?;
                    at += 1;
                    if !self.primitive(&value)? {
                        self.open.push(Frame::Flat { values, at, length, end });
                        return self.object(&value);
                    }
                }
                self.out.push(end);
                self.varint(length.into());
                Ok(())
            }
            Frame::End(tag) => {
                self.out.push(tag);
                Ok(())
            }
        }
    }

    fn properties(&mut self, mut frame: Properties<'js>) -> Result<()> {
        while frame.at < frame.keys.len() {
            let value = frame.keys.value(frame.at, &frame.object)?;
            self.key(&frame.keys, frame.at)?;
            frame.at += 1;
            frame.written += 1;
            if !self.primitive(&value)? {
                self.open.push(Frame::Properties(frame));
                return self.object(&value);
            }
        }
        self.out.push(frame.end);
        self.varint(frame.written.into());
        if let Some(length) = frame.length {
            self.varint(length.into());
        }
        Ok(())
    }

    fn begin(&mut self, frame: Frame<'js>) -> Result<()> {
        if self.open.len() >= MAX_DEPTH {
            return Err(too_deep(self.ctx));
        }
        self.open.push(frame);
        Ok(())
    }

    fn object(&mut self, object: &Value<'js>) -> Result<()> {
        if self.refer(object) {
            return Ok(());
        }
        let kind = class::kind_of(object);
        if matches!(kind, Kind::TypedArray | Kind::DataView) {
            return self.view(object);
        }
        if kind == Kind::Other || object.is_function() {
            return Err(self.refuse(object));
        }
        if matches!(kind, Kind::Plain | Kind::Error) {
            hosts::refuse_instance(self.ctx, object)?;
        }
        self.objects.add(object.clone());
        match kind {
            Kind::Plain => {
                self.out.push(b'o');
                let keys = OwnKeys::of(object)?;
                let object = object.clone();
                self.begin(Frame::Properties(Properties { object, keys, at: 0, written: 0, end: b'{', length: None }))
            }
            Kind::Array => self.array(object),
            Kind::Error => self.error(object),
            Kind::Boxed => self.boxed(object),
            Kind::Date => {
                let ms: f64 = intrinsics::get(self.ctx)?.unbox.call((object.clone(), "Date"))?;
                self.out.push(b'D');
                self.out.extend(ms.to_le_bytes());
                Ok(())
            }
            Kind::RegExp => self.regexp(object),
            Kind::ArrayBuffer => self.buffer(object),
            Kind::Map => self.collection(object, true),
            Kind::Set => self.collection(object, false),
            Kind::TypedArray | Kind::DataView | Kind::Other => Ok(()),
        }
    }

    /// Writes a back reference to an object that was written before.
    fn refer(&mut self, object: &Value<'js>) -> bool {
        let Some(id) = self.objects.id(object) else { return false };
        self.out.push(b'^');
        self.varint(id.into());
        true
    }

    fn array(&mut self, array: &Value<'js>) -> Result<()> {
        let length = raw::length(array)?;
        let keys = OwnKeys::of(array)?;
        // Indices come first and in order: where the last of them belongs there is no hole.
        let dense = match length.checked_sub(1) {
            None => true,
            Some(last) => keys.len() > last && index(keys.name(last)?.bytes()) == Some(last),
        };
        let array = array.clone();
        if dense {
            self.out.push(b'A');
            self.varint(length.into());
            self.begin(Frame::Elements { array, keys, at: 0, length })
        } else {
            self.out.push(b'a');
            self.varint(length.into());
            let length = Some(length);
            self.begin(Frame::Properties(Properties { object: array, keys, at: 0, written: 0, end: b'@', length }))
        }
    }

    fn collection(&mut self, collection: &Value<'js>, is_map: bool) -> Result<()> {
        let intrinsics = intrinsics::get(self.ctx)?;
        let (values, tag, end) =
            if is_map { (&intrinsics.map_entries, b';', b':') } else { (&intrinsics.set_items, b'\'', b',') };
        let values: Value<'js> = values.call((collection.clone(),))?;
        let length = raw::length(&values)?;
        self.out.push(tag);
        self.begin(Frame::Flat { values, at: 0, length, end })
    }

    /// The cause comes last, after everything that is needed to make the error that it may refer to.
    fn error(&mut self, error: &Value<'js>) -> Result<()> {
        let error_parts = intrinsics::get(self.ctx)?.error_parts.clone();
        let parts: Object<'js> = error_parts.call((error.clone(),))?;
        let (name, message, stack): (Utf8<'js>, Value<'js>, Value<'js>) = (parts.get(0)?, parts.get(1)?, parts.get(2)?);
        self.out.push(b'r');
        self.out.extend(match name.bytes() {
            b"EvalError" => Some(b'E'),
            b"RangeError" => Some(b'R'),
            b"ReferenceError" => Some(b'F'),
            b"SyntaxError" => Some(b'S'),
            b"TypeError" => Some(b'T'),
            b"URIError" => Some(b'U'),
            _ => None,
        });
        for (tag, text) in [(b'm', message), (b's', stack)] {
            if text.is_string() {
                self.out.push(tag);
                self.string(&text)?;
            }
        }
        if !parts.get(3)? {
            self.out.push(b'.');
            return Ok(());
        }
        self.out.push(b'c');
        self.begin(Frame::End(b'.'))?;
        self.value(&parts.get(4)?)
    }

    fn boxed(&mut self, object: &Value<'js>) -> Result<()> {
        let unbox = intrinsics::get(self.ctx)?.unbox.clone();
        let value: Value<'js> = unbox.call((object.clone(), class::name_of(object)))?;
        if let Some(truth) = value.as_bool() {
            self.out.push(if truth { b'y' } else { b'x' });
        } else if let Some(number) = value.as_number() {
            self.out.push(b'n');
            self.out.extend(number.to_le_bytes());
        } else if value.is_string() {
            self.out.push(b's');
            self.string(&value)?;
        } else {
            self.out.push(b'z');
            self.bigint(&value)?;
        }
        Ok(())
    }

    fn regexp(&mut self, regexp: &Value<'js>) -> Result<()> {
        let regexp_parts = intrinsics::get(self.ctx)?.regexp_parts.clone();
        let parts: Object<'js> = regexp_parts.call((regexp.clone(),))?;
        self.out.push(b'R');
        self.string(&parts.get(0)?)?;
        self.varint(u64::from(parts.get::<_, u32>(1)?));
        Ok(())
    }

    fn buffer(&mut self, buffer: &Value<'js>) -> Result<()> {
        let limit = self.limit(buffer)?;
        let bytes = Bytes::new(buffer)?;
        self.out.push(if limit.is_some() { b'~' } else { b'B' });
        self.varint(bytes.len() as u64);
        if let Some(limit) = limit {
            self.varint(limit);
        }
        bytes.append_to(&mut self.out);
        Ok(())
    }

    /// How long a buffer may become; nothing for one of fixed length.
    fn limit(&self, buffer: &Value<'js>) -> Result<Option<u64>> {
        let limit: Option<f64> = intrinsics::get(self.ctx)?.buffer_limit.call((buffer.clone(),))?;
        match limit {
            Some(limit) => Ok((limit >= 0.0).then_some(limit as u64)),
            None => Err(self.cannot("An ArrayBuffer is detached and could not be cloned.")),
        }
    }

    /// A view comes after its buffer, whether that is written now or referred to.
    fn view(&mut self, view: &Value<'js>) -> Result<()> {
        let (buffer, offset, len) = match intrinsics::get(self.ctx)?.view_parts(view) {
            Ok(parts) => parts,
            Err(error) => return Err(self.refuse_view(error)),
        };
        if class::kind_of(&buffer) != Kind::ArrayBuffer {
            return Err(self.refuse(&buffer));
        }
        let limit = self.limit(&buffer)?;
        self.object(&buffer)?;
        self.objects.add(view.clone());
        // The engine does not tell whether a view follows its buffer's length; one that reaches to the end does, but
        // for those that were given just that length.
        let follows = limit.is_some() && offset + len + element_bytes(view) > Bytes::new(&buffer)?.len();
        self.out.extend([b'V', subtag(view)]);
        self.varint(offset as u64);
        self.varint(if follows { 0 } else { len as u64 });
        self.varint(u64::from(limit.is_some()) << 1 | u64::from(follows));
        Ok(())
    }

    /// A DataView of a detached buffer has no length to ask for.
    fn refuse_view(&self, error: Error) -> Error {
        if error.is_exception() {
            self.ctx.catch();
        }
        self.cannot("An ArrayBuffer is detached and could not be cloned.")
    }

    fn cannot(&self, message: &str) -> Error {
        throw_named(self.ctx, "DataCloneError", message)
    }

    /// A `DataCloneError` that describes `value` as V8 does.
    fn refuse(&self, value: &Value<'js>) -> Error {
        let describe = || {
            let describe = intrinsics::get(self.ctx)?.describe.clone();
            let text: Value<'js> = describe.call((value.clone(), class::name_of(value)))?;
            Utf8::new(&text).map(|text| text.text().into_owned())
        };
        match describe() {
            Ok(described) => self.cannot(&format!("{described} could not be cloned.")),
            Err(error) => error,
        }
    }

    fn varint(&mut self, value: u64) {
        put_varint(&mut self.out, value);
    }

    /// Integers of 31 bits have a tag of their own: V8's small integers, as the platform builds it.
    fn number(&mut self, number: f64) {
        let small = number as i32;
        // Negative zero is not the integer zero.
        if f64::from(small).to_bits() == number.to_bits() && (-(1 << 30)..1 << 30).contains(&small) {
            self.out.push(b'I');
            self.varint(u64::from(((small << 1) ^ (small >> 31)) as u32));
        } else {
            self.out.push(b'N');
            self.out.extend(number.to_le_bytes());
        }
    }

    /// A property's name: an index is a number.
    fn key(&mut self, keys: &OwnKeys<'js>, at: u32) -> Result<()> {
        let name = keys.name(at)?;
        let bytes = name.bytes();
        if let Some(index) = index(bytes) {
            self.number(index.into());
        } else if bytes.is_ascii() {
            self.one_byte_string(bytes);
        } else {
            self.string(&keys.name_value(at)?)?;
        }
        Ok(())
    }

    fn one_byte_string(&mut self, characters: &[u8]) {
        self.out.push(b'"');
        self.varint(characters.len() as u64);
        self.out.extend_from_slice(characters);
    }

    /// One byte per character where all fit, else UTF-16.
    fn string(&mut self, text: &Value<'js>) -> Result<()> {
        let utf8 = Utf8::new(text)?;
        if utf8.bytes().is_ascii() {
            self.one_byte_string(utf8.bytes());
            return Ok(());
        }
        drop(utf8);
        let text = Utf16::new(text)?;
        let units = text.units();
        if units.iter().all(|unit| *unit <= 0xff) {
            self.out.push(b'"');
            self.varint(units.len() as u64);
            self.out.extend(units.iter().map(|unit| *unit as u8));
            return Ok(());
        }
        let mut prefix = Vec::with_capacity(5);
        put_varint(&mut prefix, units.len() as u64 * 2);
        // V8 aligns the units to two bytes with a padding tag.
        if (self.out.len() + 1 + prefix.len()) % 2 == 1 {
            self.out.push(0);
        }
        self.out.push(b'c');
        self.out.extend(prefix);
        self.out.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
        Ok(())
    }

    /// A bit field (sign, and the number of digit bytes times two), then the digits in steps of eight bytes.
    fn bigint(&mut self, bigint: &Value<'js>) -> Result<()> {
        let hex: Value<'js> = intrinsics::get(self.ctx)?.bigint_hex.call((bigint.clone(),))?;
        let hex = Utf8::new(&hex)?;
        let (negative, digits) = match hex.bytes().strip_prefix(b"-") {
            Some(digits) => (true, digits),
            None => (false, hex.bytes()),
        };
        let digit = |digit: &u8| char::from(*digit).to_digit(16).unwrap_or(0) as u8;
        let pairs = digits.rchunks(2).map(|pair| pair.iter().fold(0, |byte, half| byte << 4 | digit(half)));
        let mut magnitude: Vec<u8> = if digits == b"0" { Vec::new() } else { pairs.collect() };
        magnitude.resize(magnitude.len().next_multiple_of(8), 0);
        self.varint((magnitude.len() as u64) << 1 | u64::from(negative));
        self.out.extend(magnitude);
        Ok(())
    }
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// The array index that a property's name is, if it is one.
fn index(name: &[u8]) -> Option<u32> {
    let canonical = match name {
        [b'0'] => true,
        [b'1'..=b'9', rest @ ..] => name.len() <= 10 && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    let digits = canonical.then(|| std::str::from_utf8(name).ok())??;
    digits.parse().ok().filter(|index| *index < u32::MAX)
}

/// What V8 calls a view's kind.
fn subtag(view: &Value<'_>) -> u8 {
    match raw::typed_array_type(view) {
        Some(qjs::JSTypedArrayEnum_JS_TYPED_ARRAY_INT8) => b'b',
        Some(qjs::JSTypedArrayEnum_JS_TYPED_ARRAY_UINT8) => b'B',
        Some(qjs::JSTypedArrayEnum_JS_TYPED_ARRAY_UINT8C) => b'C',
        Some(qjs::JSTypedArrayEnum_JS_TYPED_ARRAY_INT16) => b'w',
        Some(qjs::JSTypedArrayEnum_JS_TYPED_ARRAY_UINT16) => b'W',
        Some(qjs::JSTypedArrayEnum_JS_TYPED_ARRAY_INT32) => b'd',
        Some(qjs::JSTypedArrayEnum_JS_TYPED_ARRAY_UINT32) => b'D',
        Some(qjs::JSTypedArrayEnum_JS_TYPED_ARRAY_FLOAT16) => b'h',
        Some(qjs::JSTypedArrayEnum_JS_TYPED_ARRAY_FLOAT32) => b'f',
        Some(qjs::JSTypedArrayEnum_JS_TYPED_ARRAY_FLOAT64) => b'F',
        Some(qjs::JSTypedArrayEnum_JS_TYPED_ARRAY_BIG_INT64) => b'q',
        Some(qjs::JSTypedArrayEnum_JS_TYPED_ARRAY_BIG_UINT64) => b'Q',
        _ => b'?',
    }
}

/// How long an element of a view is, in bytes.
fn element_bytes(view: &Value<'_>) -> usize {
    match subtag(view) {
        b'w' | b'W' | b'h' => 2,
        b'd' | b'D' | b'f' => 4,
        b'q' | b'Q' | b'F' => 8,
        _ => 1,
    }
}
