//! Reading V8's format, from whatever may be there.
//!
//! Invariant: depends on nothing that a script can change; makes nothing larger than the bytes that are there account
//! for.

use super::super::class::{self, Kind};
use super::super::intrinsics::{self, Intrinsics};
use super::super::raw::{self, Key};
use super::super::text::{latin1_text, string};
use super::input::{Input, Malformed};
use super::{MAX_DEPTH, OLDEST_VERSION, VERSION, too_deep};
use rquickjs::{Array, BigInt, Ctx, Exception, Object, Result, Value, qjs};

/// The value that `bytes` hold.
///
/// # Errors
/// V8's `Error` for bytes that are not one value of a known version; a `RangeError` for what is nested too deeply.
pub(crate) fn read<'js>(ctx: &Ctx<'js>, bytes: &[u8]) -> Result<Value<'js>> {
    let mut reader = Reader { ctx, input: Input::new(bytes), version: 0, seen: Vec::new(), open: Vec::new() };
    match reader.whole() {
        Ok(value) => Ok(value),
        Err(Failed::Malformed) => Err(malformed(ctx)),
        Err(Failed::Refused) => {
            ctx.catch();
            Err(malformed(ctx))
        }
        Err(Failed::Thrown(error)) => Err(error),
    }
}

fn malformed(ctx: &Ctx<'_>) -> rquickjs::Error {
    Exception::throw_message(ctx, "Unable to deserialize cloned data.")
}

enum Failed {
    /// The bytes are no value.
    Malformed,
    /// The engine threw, for it takes no such value.
    Refused,
    Thrown(rquickjs::Error),
}

impl From<rquickjs::Error> for Failed {
    fn from(error: rquickjs::Error) -> Self {
        if error.is_exception() { Self::Refused } else { Self::Thrown(error) }
    }
}

impl From<Malformed> for Failed {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}

type Read<T> = std::result::Result<T, Failed>;

struct Reader<'a, 'js> {
    ctx: &'a Ctx<'js>,
    input: Input<'a>,
    version: u8,
    /// Objects by id, for back references.
    seen: Vec<Value<'js>>,
    /// What has begun and is not finished, outermost first.
    open: Vec<Frame<'js>>,
}

enum Frame<'js> {
    /// Properties until the tag `end`, their number, and for an array its length. `key` waits for its value.
    Properties {
        object: Value<'js>,
        key: Option<Key<'js>>,
        count: u64,
        end: u8,
        length: Option<u32>,
    },
    /// Elements, then properties.
    Elements {
        array: Value<'js>,
        at: u32,
        length: u32,
    },
    /// Entries of a Map until the tag; `key` waits for its value.
    Map {
        map: Value<'js>,
        key: Option<Value<'js>>,
        count: u64,
    },
    Set {
        set: Value<'js>,
        count: u64,
    },
    /// An error that is made, whose cause comes next or its other parts.
    Cause {
        error: Value<'js>,
    },
}

/// What an error is made of.
#[derive(Default)]
struct ErrorParts<'js> {
    name: Option<&'static str>,
    message: Option<Value<'js>>,
    stack: Option<Value<'js>>,
}

impl<'a, 'js> Reader<'a, 'js> {
    fn whole(&mut self) -> Read<Value<'js>> {
        let magic = self.input.byte()?;
        self.version = self.input.byte()?;
        if magic != 0xff || !(OLDEST_VERSION..=VERSION).contains(&self.version) {
            return Err(Failed::Malformed);
        }
        let mut value = self.value()?;
        while let Some(frame) = self.open.pop() {
            value = self.step(frame, value)?;
        }
        // V8 ignores what follows a value; a value that is lost in reading would not be one.
        value.ok_or(Failed::Malformed)
    }

    /// Gives `value`, which is nothing at a frame's first step, to the frame that was opened last, and goes on. The
    /// result is a complete value for the frame that is the last then, or nothing where that one has just been opened.
    fn step(&mut self, frame: Frame<'js>, value: Option<Value<'js>>) -> Read<Option<Value<'js>>> {
        match frame {
            Frame::Properties { object, key, count, end, length } => {
                if let (Some(key), Some(value)) = (key, value) {
                    key.define(&object, value)?;
                }
                self.properties(object, count, end, length)
            }
            Frame::Elements { array, at, length } => {
                let at = match value {
                    Some(value) => {
                        raw::define_element(&array, at, value)?;
                        at + 1
                    }
                    None => at,
                };
                self.elements(array, at, length)
            }
            Frame::Map { map, key, count } => self.map(map, key, count, value),
            Frame::Set { set, count } => self.set(set, count, value),
            Frame::Cause { error } => {
                if let Some(cause) = value {
                    self.intrinsics()?.set_cause.call::<_, ()>((error.clone(), cause))?;
                }
                self.rest_of_error(error)
            }
        }
    }

    fn intrinsics(&self) -> Read<impl std::ops::Deref<Target = Intrinsics<'js>> + use<'a, 'js>> {
        Ok(intrinsics::get(self.ctx)?)
    }

    fn open(&mut self, frame: Frame<'js>) -> Read<Option<Value<'js>>> {
        if self.open.len() >= MAX_DEPTH {
            return Err(Failed::Thrown(too_deep(self.ctx)));
        }
        self.open.push(frame);
        Ok(None)
    }

    /// Reads a value, or opens a frame for one.
    fn value(&mut self) -> Read<Option<Value<'js>>> {
        let tag = self.input.tag()?;
        match self.primitive(tag)? {
            Some(primitive) => Ok(Some(primitive)),
            None => self.object(tag),
        }
    }

    fn primitive(&mut self, tag: u8) -> Read<Option<Value<'js>>> {
        let ctx = self.ctx.clone();
        Ok(Some(match tag {
            b'_' => Value::new_undefined(ctx),
            b'0' => Value::new_null(ctx),
            b'T' => Value::new_bool(ctx, true),
            b'F' => Value::new_bool(ctx, false),
            b'I' => Value::new_int(ctx, self.input.zigzag()?),
            b'U' => number(ctx, f64::from(self.input.varint()? as u32)),
            b'N' => number(ctx, self.input.double()?),
            b'Z' => self.bigint()?,
            b'"' | b'c' | b'S' => self.string(tag)?,
            _ => return Ok(None),
        }))
    }

    fn object(&mut self, tag: u8) -> Read<Option<Value<'js>>> {
        match tag {
            b'^' => {
                let id = usize::try_from(self.input.varint()?).unwrap_or(usize::MAX);
                let object = self.seen.get(id).cloned().ok_or(Failed::Malformed)?;
                if class::kind_of(&object) == Kind::ArrayBuffer { self.maybe_view(object) } else { Ok(Some(object)) }
            }
            b'o' => {
                let object = self.remember(Object::new(self.ctx.clone())?.into_value());
                self.open(Frame::Properties { object, key: None, count: 0, end: b'{', length: None })
            }
            b'A' => {
                let length = self.input.length()?;
                // Every element takes a byte at least.
                if length as usize > self.input.left() {
                    return Err(Failed::Malformed);
                }
                let array = self.remember(Array::new(self.ctx.clone())?.into_value());
                self.open(Frame::Elements { array, at: 0, length })
            }
            b'a' => {
                let length = self.input.length()?;
                let array = self.remember(Array::new(self.ctx.clone())?.into_value());
                raw::set_length(&array, length)?;
                self.open(Frame::Properties { object: array, key: None, count: 0, end: b'@', length: Some(length) })
            }
            b';' => {
                let map = self.intrinsics()?.new_map.call(())?;
                let map = self.remember(map);
                self.open(Frame::Map { map, key: None, count: 0 })
            }
            b'\'' => {
                let set = self.intrinsics()?.new_set.call(())?;
                let set = self.remember(set);
                self.open(Frame::Set { set, count: 0 })
            }
            b'r' => self.error(),
            b'B' | b'~' => {
                let buffer = self.buffer(tag)?;
                let buffer = self.remember(buffer);
                self.maybe_view(buffer)
            }
            _ => {
                let leaf = self.leaf(tag)?;
                Ok(Some(self.remember(leaf)))
            }
        }
    }

    /// An object that holds no others.
    fn leaf(&mut self, tag: u8) -> Read<Value<'js>> {
        let ctx = self.ctx.clone();
        let primitive = match tag {
            b'D' => return Ok(raw::date(self.ctx, self.input.double()?)?),
            b'R' => return self.regexp(),
            b'y' => Value::new_bool(ctx, true),
            b'x' => Value::new_bool(ctx, false),
            b'n' => number(ctx, self.input.double()?),
            b'z' => self.bigint()?,
            b's' => self.tagged_string()?,
            _ => return Err(Failed::Malformed),
        };
        Ok(self.intrinsics()?.boxed.call((primitive,))?)
    }

    fn remember(&mut self, object: Value<'js>) -> Value<'js> {
        self.seen.push(object.clone());
        object
    }

    fn properties(
        &mut self,
        object: Value<'js>,
        mut count: u64,
        end: u8,
        length: Option<u32>,
    ) -> Read<Option<Value<'js>>> {
        while !self.ends(end, count)? {
            let key = self.key()?;
            count += 1;
            let tag = self.input.tag()?;
            match self.primitive(tag)? {
                Some(value) => key.define(&object, value)?,
                None => {
                    self.open.push(Frame::Properties { object, key: Some(key), count, end, length });
                    return self.object(tag);
                }
            }
        }
        if let Some(length) = length {
            if self.input.length()? != length {
                return Err(Failed::Malformed);
            }
            raw::set_length(&object, length)?;
        }
        Ok(Some(object))
    }

    /// A property's name is a string or a number.
    fn key(&mut self) -> Read<Key<'js>> {
        let tag = self.input.tag()?;
        if tag == b'"' {
            let len = self.input.varint()?;
            let characters = self.input.take(len)?;
            if let (true, Ok(name)) = (characters.is_ascii(), std::str::from_utf8(characters)) {
                return Ok(Key::from_text(self.ctx, name)?);
            }
            let name = string(self.ctx, &latin1_text(characters))?;
            return Ok(Key::new(&name)?);
        }
        let name = self.primitive(tag)?.ok_or(Failed::Malformed)?;
        match name.as_int().and_then(|index| u32::try_from(index).ok()) {
            Some(index) => Ok(Key::from_index(self.ctx, index)?),
            None if name.is_string() || name.is_number() => Ok(Key::new(&name)?),
            None => Err(Failed::Malformed),
        }
    }

    fn elements(&mut self, array: Value<'js>, mut at: u32, length: u32) -> Read<Option<Value<'js>>> {
        while at < length {
            let tag = self.input.tag()?;
            // A hole stays one.
            if tag != b'-' {
                let Some(value) = self.primitive(tag)? else {
                    self.open.push(Frame::Elements { array, at, length });
                    return self.object(tag);
                };
                raw::define_element(&array, at, value)?;
            }
            at += 1;
        }
        self.properties(array, 0, b'$', Some(length))
    }

    fn map(
        &mut self,
        map: Value<'js>,
        mut key: Option<Value<'js>>,
        mut count: u64,
        mut value: Option<Value<'js>>,
    ) -> Read<Option<Value<'js>>> {
        loop {
            key = match (key, value) {
                (Some(key), Some(value)) => {
                    self.intrinsics()?.set_entry.call::<_, ()>((map.clone(), key, value))?;
                    None
                }
                (None, value) => value,
                (key, None) => key,
            };
            if key.is_none() && self.ends(b':', count)? {
                return Ok(Some(map));
            }
            count += 1;
            let tag = self.input.tag()?;
            value = self.primitive(tag)?;
            if value.is_none() {
                self.open.push(Frame::Map { map, key, count });
                return self.object(tag);
            }
        }
    }

    fn set(&mut self, set: Value<'js>, mut count: u64, mut item: Option<Value<'js>>) -> Read<Option<Value<'js>>> {
        loop {
            if let Some(item) = item {
                self.intrinsics()?.add_item.call::<_, ()>((set.clone(), item))?;
            }
            if self.ends(b',', count)? {
                return Ok(Some(set));
            }
            count += 1;
            let tag = self.input.tag()?;
            item = self.primitive(tag)?;
            if item.is_none() {
                self.open.push(Frame::Set { set, count });
                return self.object(tag);
            }
        }
    }

    /// Whether the tag `end` comes next. Then it is read, and the count that follows must be `count`.
    fn ends(&mut self, end: u8, count: u64) -> Read<bool> {
        if self.input.peek() != Some(end) {
            return Ok(false);
        }
        self.input.tag()?;
        if self.input.varint()? == count { Ok(true) } else { Err(Failed::Malformed) }
    }

    /// The parts up to the cause or the end, and the error made of them.
    fn error(&mut self) -> Read<Option<Value<'js>>> {
        let mut parts = ErrorParts::default();
        loop {
            match self.input.byte()? {
                b'm' => parts.message = Some(self.tagged_string()?),
                b's' => parts.stack = Some(self.tagged_string()?),
                tag @ (b'c' | b'.') => {
                    let name = parts.name.unwrap_or("Error");
                    let new_error = self.intrinsics()?.new_error.clone();
                    let error: Value<'js> = new_error.call((name, parts.message, parts.stack))?;
                    let error = self.remember(error);
                    if tag == b'.' {
                        return Ok(Some(error));
                    }
                    return self.cause_of(error);
                }
                tag => parts.name = Some(error_name(tag).ok_or(Failed::Malformed)?),
            }
        }
    }

    fn cause_of(&mut self, error: Value<'js>) -> Read<Option<Value<'js>>> {
        if self.open.len() >= MAX_DEPTH {
            return Err(Failed::Thrown(too_deep(self.ctx)));
        }
        self.open.push(Frame::Cause { error });
        self.value()
    }

    /// What older versions write after the cause.
    fn rest_of_error(&mut self, error: Value<'js>) -> Read<Option<Value<'js>>> {
        loop {
            match self.input.byte()? {
                b's' => {
                    let stack = self.tagged_string()?;
                    let object = error.as_object().ok_or(Failed::Malformed)?;
                    object.set("stack", stack)?;
                }
                b'.' => return Ok(Some(error)),
                _ => return Err(Failed::Malformed),
            }
        }
    }

    fn regexp(&mut self) -> Read<Value<'js>> {
        const FLAGS: [(u64, char); 8] =
            [(1, 'g'), (2, 'i'), (4, 'm'), (8, 'y'), (16, 'u'), (32, 's'), (128, 'd'), (256, 'v')];
        let pattern = self.tagged_string()?;
        let bits = self.input.varint()?;
        let known = FLAGS.iter().filter(|(bit, _)| bits & bit != 0);
        if known.clone().map(|(bit, _)| bit).sum::<u64>() != bits {
            return Err(Failed::Malformed);
        }
        let flags: String = known.map(|(_, flag)| flag).collect();
        Ok(self.intrinsics()?.new_regexp.call((pattern, flags))?)
    }

    fn buffer(&mut self, tag: u8) -> Read<Value<'js>> {
        let len = self.input.varint()?;
        let limit = if tag == b'~' { Some(self.input.varint()?) } else { None };
        let bytes = self.input.take(len)?;
        match limit {
            None => Ok(raw::array_buffer_of(self.ctx, bytes)?),
            Some(limit) if limit < len => Err(Failed::Malformed),
            Some(limit) => {
                let buffer: Value<'js> = self.intrinsics()?.new_resizable.call((len as f64, limit as f64))?;
                raw::Bytes::new(&buffer)?.overwrite(bytes);
                Ok(buffer)
            }
        }
    }

    /// A view follows its buffer at once, whether that is new or referred to; it counts as an object of its own.
    fn maybe_view(&mut self, buffer: Value<'js>) -> Read<Option<Value<'js>>> {
        if self.input.peek() != Some(b'V') {
            return Ok(Some(buffer));
        }
        self.input.tag()?;
        let kind = self.input.byte()?;
        let (offset, len) = (self.input.varint()?, self.input.varint()?);
        let flags = if self.version >= 14 { self.input.varint()? } else { 0 };
        let total = raw::Bytes::new(&buffer)?.len() as u64;
        if offset.checked_add(len).is_none_or(|end| end > total) {
            return Err(Failed::Malformed);
        }
        let follows = flags & 1 != 0;
        let view: Value<'js> = if kind == b'?' {
            let len = (!follows).then_some(len as f64);
            self.intrinsics()?.new_data_view.call((buffer, offset as f64, len))?
        } else {
            let (kind, element_bytes) = typed_array_kind(kind).ok_or(Failed::Malformed)?;
            if !follows && len % element_bytes != 0 {
                return Err(Failed::Malformed);
            }
            let len = (!follows).then_some((len / element_bytes) as f64);
            raw::typed_array(kind, &buffer, offset as f64, len)?
        };
        Ok(Some(self.remember(view)))
    }

    fn bigint(&mut self) -> Read<Value<'js>> {
        let field = self.input.varint()?;
        let digits = self.input.take(field >> 1)?;
        let negative = field & 1 == 1;
        let significant = digits.len() - digits.iter().rev().take_while(|digit| **digit == 0).count();
        let digits = &digits[..significant];
        if significant <= 8 && !negative {
            let magnitude = digits.iter().rev().fold(0, |sum, digit| sum << 8 | u64::from(*digit));
            return Ok(BigInt::from_u64(self.ctx.clone(), magnitude)?.into_value());
        }
        let mut hex = String::with_capacity(2 + digits.len() * 2);
        hex.push_str("0x");
        let halves = digits.iter().rev().flat_map(|digit| [digit >> 4, digit & 15]);
        hex.extend(halves.filter_map(|half| char::from_digit(half.into(), 16)));
        Ok(self.intrinsics()?.bigint_from_hex.call((hex, negative))?)
    }

    /// A string with its tag before it.
    fn tagged_string(&mut self) -> Read<Value<'js>> {
        let tag = self.input.tag()?;
        self.string(tag)
    }

    fn string(&mut self, tag: u8) -> Read<Value<'js>> {
        let len = self.input.varint()?;
        let characters = self.input.take(len)?;
        match tag {
            b'"' => Ok(string(self.ctx, &latin1_text(characters))?),
            b'S' => Ok(string(self.ctx, &String::from_utf8_lossy(characters))?),
            b'c' if characters.len() % 2 == 0 => {
                let pairs = characters.chunks_exact(2);
                let units: Vec<u16> = pairs.map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
                Ok(raw::string_from_units(self.ctx, &units)?)
            }
            _ => Err(Failed::Malformed),
        }
    }
}

/// An integer where it is one; negative zero is not the integer zero.
fn number<'js>(ctx: Ctx<'js>, number: f64) -> Value<'js> {
    let integer = number as i32;
    if f64::from(integer).to_bits() == number.to_bits() {
        Value::new_int(ctx, integer)
    } else {
        Value::new_float(ctx, number)
    }
}

fn error_name(tag: u8) -> Option<&'static str> {
    Some(match tag {
        b'E' => "EvalError",
        b'R' => "RangeError",
        b'F' => "ReferenceError",
        b'S' => "SyntaxError",
        b'T' => "TypeError",
        b'U' => "URIError",
        _ => return None,
    })
}

/// The engine's number for a view's kind, and how long its elements are in bytes.
fn typed_array_kind(tag: u8) -> Option<(qjs::JSTypedArrayEnum, u64)> {
    Some(match tag {
        b'b' => (qjs::JSTypedArrayEnum_JS_TYPED_ARRAY_INT8, 1),
        b'B' => (qjs::JSTypedArrayEnum_JS_TYPED_ARRAY_UINT8, 1),
        b'C' => (qjs::JSTypedArrayEnum_JS_TYPED_ARRAY_UINT8C, 1),
        b'w' => (qjs::JSTypedArrayEnum_JS_TYPED_ARRAY_INT16, 2),
        b'W' => (qjs::JSTypedArrayEnum_JS_TYPED_ARRAY_UINT16, 2),
        b'd' => (qjs::JSTypedArrayEnum_JS_TYPED_ARRAY_INT32, 4),
        b'D' => (qjs::JSTypedArrayEnum_JS_TYPED_ARRAY_UINT32, 4),
        b'h' => (qjs::JSTypedArrayEnum_JS_TYPED_ARRAY_FLOAT16, 2),
        b'f' => (qjs::JSTypedArrayEnum_JS_TYPED_ARRAY_FLOAT32, 4),
        b'F' => (qjs::JSTypedArrayEnum_JS_TYPED_ARRAY_FLOAT64, 8),
        b'q' => (qjs::JSTypedArrayEnum_JS_TYPED_ARRAY_BIG_INT64, 8),
        b'Q' => (qjs::JSTypedArrayEnum_JS_TYPED_ARRAY_BIG_UINT64, 8),
        _ => return None,
    })
}
