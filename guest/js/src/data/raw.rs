//! What rquickjs' safe interface lacks or does with an extra copy: strings and bytes in place, own properties, classes.
//!
//! Invariant: the only file of `data` with `unsafe`; every function here is safe to call with any value.
#![allow(unsafe_code)]

use super::intrinsics;
use rquickjs::{ArrayBuffer, Ctx, Error, Exception, FromJs, Result, Value, qjs};
use std::borrow::Cow;
use std::ptr::NonNull;
use std::slice;

/// Lets a type with the one lifetime `'js` live in a context's user data.
macro_rules! js_lifetime {
    ($name:ident) => {
        // SAFETY: used only on types that hold values of the engine: `'js` is theirs, and `Changed` is the same type
        // with it replaced, as `JsLifetime` demands.
        #[allow(unsafe_code)]
        unsafe impl<'js> rquickjs::JsLifetime<'js> for $name<'js> {
            type Changed<'to> = $name<'to>;
        }
    };
}
pub(crate) use js_lifetime;

/// A value that the engine returned, or the exception that it threw.
fn returned<'js>(ctx: &Ctx<'js>, raw: qjs::JSValue) -> Result<Value<'js>> {
    // SAFETY: every caller passes what an engine function has just returned: the one reference to it is ours.
    let value = unsafe { Value::from_raw(ctx.clone(), raw) };
    // SAFETY: reads the tag of a value.
    if unsafe { qjs::JS_IsException(raw) } { Err(Error::Exception) } else { Ok(value) }
}

/// What a function that answers with a negative number when it threw has answered.
fn done(status: i32) -> Result<i32> {
    if status < 0 { Err(Error::Exception) } else { Ok(status) }
}

/// A string's UTF-8, in place where the engine holds it as ASCII.
pub(crate) struct Utf8<'js> {
    ctx: Ctx<'js>,
    ptr: NonNull<u8>,
    len: usize,
}

impl<'js> Utf8<'js> {
    /// The text of `value`, which is a string.
    ///
    /// # Errors
    /// A `TypeError` for another value; out of memory.
    pub(crate) fn new(value: &Value<'js>) -> Result<Self> {
        let ctx = value.ctx().clone();
        if !value.is_string() {
            return Err(Exception::throw_type(&ctx, "a string is expected"));
        }
        let mut len = 0;
        // SAFETY: context and value are live; the pointer that is returned keeps its own reference to the characters.
        let ptr = unsafe { qjs::JS_ToCStringLen(ctx.as_raw().as_ptr(), &raw mut len, value.as_raw()) };
        Self::adopt(ctx, ptr, len)
    }

    fn adopt(ctx: Ctx<'js>, ptr: *const std::ffi::c_char, len: usize) -> Result<Self> {
        let ptr = NonNull::new(ptr.cast_mut().cast()).ok_or(Error::Exception)?;
        Ok(Self { ctx, ptr, len })
    }

    /// The characters; a lone surrogate is encoded as if it were one (three bytes).
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: `ptr` is a reference to `len` bytes of a string, which is immutable; it is given back on drop.
        unsafe { slice::from_raw_parts(self.ptr.as_ptr(), self.len) }
    }

    /// The characters, with U+FFFD for every lone surrogate: what WebIDL calls a USVString.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        match std::str::from_utf8(self.bytes()) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(without_surrogates(self.bytes())),
        }
    }
}

/// A surrogate and U+FFFD take three bytes each, so nothing moves.
fn without_surrogates(bytes: &[u8]) -> String {
    let mut bytes = bytes.to_vec();
    for at in 0..bytes.len().saturating_sub(2) {
        if bytes[at] == 0xed && bytes[at + 1] >= 0xa0 {
            bytes[at..at + 3].copy_from_slice("\u{fffd}".as_bytes());
        }
    }
    String::from_utf8(bytes).unwrap_or_default()
}

impl Drop for Utf8<'_> {
    fn drop(&mut self) {
        // SAFETY: the pointer came from `JS_ToCStringLen` or `JS_AtomToCStringLen` and is given back once.
        unsafe { qjs::JS_FreeCString(self.ctx.as_raw().as_ptr(), self.ptr.as_ptr().cast()) };
    }
}

impl<'js> FromJs<'js> for Utf8<'js> {
    fn from_js(_: &Ctx<'js>, value: Value<'js>) -> Result<Self> {
        Self::new(&value)
    }
}

/// A string's UTF-16 code units, in place where the engine holds them so.
pub(crate) struct Utf16<'js> {
    ctx: Ctx<'js>,
    ptr: NonNull<u16>,
    len: usize,
}

impl<'js> Utf16<'js> {
    /// The units of `value`, which is a string.
    ///
    /// # Errors
    /// A `TypeError` for another value; out of memory.
    pub(crate) fn new(value: &Value<'js>) -> Result<Self> {
        let ctx = value.ctx().clone();
        if !value.is_string() {
            return Err(Exception::throw_type(&ctx, "a string is expected"));
        }
        let mut len = 0;
        // SAFETY: as in `Utf8::new`.
        let ptr = unsafe { qjs::JS_ToCStringLenUTF16(ctx.as_raw().as_ptr(), &raw mut len, value.as_raw()) };
        let ptr = NonNull::new(ptr.cast_mut()).ok_or(Error::Exception)?;
        Ok(Self { ctx, ptr, len: len as usize })
    }

    pub(crate) fn units(&self) -> &[u16] {
        // SAFETY: as in `Utf8::bytes`, of two-byte units, which the engine aligns.
        unsafe { slice::from_raw_parts(self.ptr.as_ptr(), self.len) }
    }
}

impl Drop for Utf16<'_> {
    fn drop(&mut self) {
        // SAFETY: the pointer came from `JS_ToCStringLenUTF16` and is given back once.
        unsafe { qjs::JS_FreeCStringUTF16(self.ctx.as_raw().as_ptr(), self.ptr.as_ptr()) };
    }
}

/// The string of these code units.
///
/// # Errors
/// A `RangeError` for more than the engine can hold; out of memory.
pub(crate) fn string_from_units<'js>(ctx: &Ctx<'js>, units: &[u16]) -> Result<Value<'js>> {
    // SAFETY: the engine copies `len` units from a pointer that is valid for them.
    let raw = unsafe { qjs::JS_NewStringUTF16(ctx.as_raw().as_ptr(), units.as_ptr(), units.len() as _) };
    returned(ctx, raw)
}

/// The bytes of an ArrayBuffer, SharedArrayBuffer or view.
pub(crate) struct Bytes<'js> {
    /// The buffer, which keeps the bytes alive.
    buffer: Value<'js>,
    offset: usize,
    len: usize,
}

impl<'js> Bytes<'js> {
    /// The bytes of `value`.
    ///
    /// # Errors
    /// A `TypeError` for what is neither buffer nor view, or is detached or out of bounds.
    pub(crate) fn new(value: &Value<'js>) -> Result<Self> {
        let ctx = value.ctx();
        if typed_array_type(value).is_some() {
            return Self::of_typed_array(value);
        }
        // SAFETY: reads the class of a value.
        if unsafe { qjs::JS_IsDataView(value.as_raw()) } {
            let (buffer, offset, len) = intrinsics::get(ctx)?.view_parts(value)?;
            return Self::within(buffer, offset, len);
        }
        let len = buffer_bytes(value)?.len();
        Ok(Self { buffer: value.clone(), offset: 0, len })
    }

    fn of_typed_array(value: &Value<'js>) -> Result<Self> {
        let ctx = value.ctx();
        let (mut offset, mut len) = (0, 0);
        // SAFETY: the engine checks the class of the value and writes two numbers.
        let raw = unsafe {
            qjs::JS_GetTypedArrayBuffer(
                ctx.as_raw().as_ptr(),
                value.as_raw(),
                &raw mut offset,
                &raw mut len,
                std::ptr::null_mut(),
            )
        };
        let buffer = returned(ctx, raw)?;
        let (offset, len) = (offset as usize, len as usize);
        // Of a view that follows a resizable buffer's length the engine reports the length that it began with.
        if offset + len != buffer_bytes(&buffer)?.len() {
            let (buffer, offset, len) = intrinsics::get(ctx)?.view_parts(value)?;
            return Self::within(buffer, offset, len);
        }
        Self::within(buffer, offset, len)
    }

    fn within(buffer: Value<'js>, offset: usize, len: usize) -> Result<Self> {
        let room = buffer_bytes(&buffer)?.len();
        if offset.checked_add(len).is_none_or(|end| end > room) {
            return Err(Exception::throw_type(buffer.ctx(), "the view is out of bounds"));
        }
        Ok(Self { buffer, offset, len })
    }

    /// What `work` makes of the bytes. It can hold nothing of the engine's, so it cannot run JavaScript, which could
    /// move or change them; it can keep nothing of them.
    pub(crate) fn read<R: 'static>(&self, work: impl FnOnce(&[u8]) -> R + 'static) -> R {
        work(self.now())
    }

    /// A copy of the bytes.
    pub(crate) fn to_vec(&self) -> Vec<u8> {
        self.now().to_vec()
    }

    /// Appends the bytes to `out`.
    pub(crate) fn append_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.now());
    }

    /// The number of bytes.
    pub(crate) fn len(&self) -> usize {
        self.now().len()
    }

    /// The bytes, until JavaScript runs; what was resized away meanwhile is not among them.
    fn now(&self) -> &[u8] {
        let Ok(all) = buffer_bytes(&self.buffer) else {
            // Detached meanwhile: it has no bytes, and that is no error here.
            self.buffer.ctx().catch();
            return &[];
        };
        all.get(self.offset..self.offset + self.len).unwrap_or(&[])
    }

    /// Writes `bytes`, or as many of them as there is room for, at the beginning.
    pub(crate) fn overwrite(&self, bytes: &[u8]) {
        let room = self.now();
        let len = bytes.len().min(room.len());
        // SAFETY: `room` was checked just now and no JavaScript has run since; the memory is the buffer's own, which
        // scripts write to, and nobody else holds a reference to it: `now` is private, and what `read` hands out has
        // ended. `bytes` is no part of it, for the same reason; `copy` would allow even that.
        unsafe { std::ptr::copy(bytes.as_ptr(), room.as_ptr().cast_mut(), len) };
    }

    /// The text of these bytes where they are UTF-8, nothing where they are not.
    ///
    /// # Errors
    /// A `RangeError` for more than a string can hold; out of memory.
    pub(crate) fn to_text(&self) -> Result<Option<Value<'js>>> {
        let bytes = self.now();
        match std::str::from_utf8(bytes) {
            // Copies the characters out of the buffer before anything else can happen to it.
            Ok(text) => rquickjs::String::from_str(self.buffer.ctx().clone(), text).map(|text| Some(text.into_value())),
            Err(_) => Ok(None),
        }
    }
}

impl<'js> FromJs<'js> for Bytes<'js> {
    fn from_js(_: &Ctx<'js>, value: Value<'js>) -> Result<Self> {
        Self::new(&value)
    }
}

/// The bytes of an ArrayBuffer or SharedArrayBuffer, until JavaScript runs. Private: the lifetime promises too much.
fn buffer_bytes<'a>(buffer: &'a Value<'_>) -> Result<&'a [u8]> {
    let mut len = 0;
    // SAFETY: the engine checks the class of the value, and answers null with an exception when it is another or
    // detached; else with a pointer to `len` bytes that the buffer owns.
    unsafe {
        let ptr = qjs::JS_GetArrayBuffer(buffer.ctx().as_raw().as_ptr(), &raw mut len, buffer.as_raw());
        if ptr.is_null() { Err(Error::Exception) } else { Ok(slice::from_raw_parts(ptr, len as usize)) }
    }
}

/// An ArrayBuffer with a copy of these bytes.
///
/// # Errors
/// Out of memory.
pub(crate) fn array_buffer_of<'js>(ctx: &Ctx<'js>, bytes: &[u8]) -> Result<Value<'js>> {
    ArrayBuffer::new_copy(ctx.clone(), bytes).map(ArrayBuffer::into_value)
}

/// Buffers up to this size are copied: that is cheaper than the bookkeeping of a foreign allocation.
const COPIED_BYTES: usize = 4096;

/// An ArrayBuffer of these bytes.
///
/// # Errors
/// Out of memory.
pub(crate) fn array_buffer<'js>(ctx: &Ctx<'js>, bytes: Vec<u8>) -> Result<Value<'js>> {
    if bytes.len() <= COPIED_BYTES {
        return array_buffer_of(ctx, &bytes);
    }
    ArrayBuffer::new(ctx.clone(), bytes).map(ArrayBuffer::into_value)
}

/// The kind of a typed array, as the engine numbers them; nothing for another value.
pub(crate) fn typed_array_type(value: &Value<'_>) -> Option<qjs::JSTypedArrayEnum> {
    // SAFETY: reads the class of a value.
    u32::try_from(unsafe { qjs::JS_GetTypedArrayType(value.as_raw()) }).ok()
}

/// A typed array of the engine's kind over `buffer` from `offset`, of `len` elements or to the buffer's changing end.
///
/// # Errors
/// A `RangeError` for bounds that do not fit or an unknown kind.
pub(crate) fn typed_array<'js>(
    kind: qjs::JSTypedArrayEnum,
    buffer: &Value<'js>,
    offset: f64,
    len: Option<f64>,
) -> Result<Value<'js>> {
    let ctx = buffer.ctx();
    let len = len.map_or(qjs::JS_UNDEFINED, qjs::JS_NewFloat64);
    let mut arguments = [buffer.as_raw(), qjs::JS_NewFloat64(offset), len];
    // SAFETY: three live values, of which the engine keeps none without counting it; it checks the kind.
    let raw = unsafe { qjs::JS_NewTypedArray(ctx.as_raw().as_ptr(), 3, arguments.as_mut_ptr(), kind) };
    returned(ctx, raw)
}

/// A Date of this time; not a number and what is out of range make an invalid one.
///
/// # Errors
/// Out of memory.
pub(crate) fn date<'js>(ctx: &Ctx<'js>, ms: f64) -> Result<Value<'js>> {
    // SAFETY: the context is live.
    returned(ctx, unsafe { qjs::JS_NewDate(ctx.as_raw().as_ptr(), ms) })
}

/// The number of the value's class in this runtime; 0 for what is no object.
pub(crate) fn class_id(value: &Value<'_>) -> u32 {
    // SAFETY: reads the class of a value.
    unsafe { qjs::JS_GetClassID(value.as_raw()) }
}

/// The engine's name for a class; nothing for a number that is none.
pub(crate) fn class_name(ctx: &Ctx<'_>, class: u32) -> Option<String> {
    let raw = ctx.as_raw().as_ptr();
    // SAFETY: the engine checks the number; the atom is ours and given back once.
    unsafe {
        let runtime = qjs::JS_GetRuntime(raw);
        if !qjs::JS_IsRegisteredClass(runtime, class) {
            return None;
        }
        let atom = qjs::JS_GetClassName(runtime, class);
        let mut len = 0;
        let name = qjs::JS_AtomToCStringLen(raw, &raw mut len, atom);
        qjs::JS_FreeAtom(raw, atom);
        Utf8::adopt(ctx.clone(), name, len as usize).ok().map(|name| name.text().into_owned())
    }
}

/// The address of an object, which names it while it lives.
pub(crate) fn address(object: &Value<'_>) -> usize {
    if object.is_object() {
        // SAFETY: an object's value holds a pointer.
        unsafe { qjs::JS_VALUE_GET_PTR(object.as_raw()) as usize }
    } else {
        0
    }
}

/// The prototype, or nothing where it is null.
///
/// # Errors
/// What a proxy's handler throws.
pub(crate) fn prototype<'js>(object: &Value<'js>) -> Result<Option<Value<'js>>> {
    let ctx = object.ctx();
    // SAFETY: context and value are live.
    let value = returned(ctx, unsafe { qjs::JS_GetPrototype(ctx.as_raw().as_ptr(), object.as_raw()) })?;
    Ok(value.is_object().then_some(value))
}

/// The names of an object's own enumerable properties, indices first and in order.
pub(crate) struct OwnKeys<'js> {
    ctx: Ctx<'js>,
    table: *mut qjs::JSPropertyEnum,
    len: u32,
}

impl<'js> OwnKeys<'js> {
    /// # Errors
    /// What a proxy's handler throws; out of memory.
    pub(crate) fn of(object: &Value<'js>) -> Result<Self> {
        let ctx = object.ctx().clone();
        let (mut table, mut len) = (std::ptr::null_mut(), 0);
        let flags = (qjs::JS_GPN_STRING_MASK | qjs::JS_GPN_ENUM_ONLY) as i32;
        // SAFETY: the engine checks that the value is an object and writes table and length, which are ours then.
        let status = unsafe {
            let raw = ctx.as_raw().as_ptr();
            qjs::JS_GetOwnPropertyNames(raw, &raw mut table, &raw mut len, object.as_raw(), flags)
        };
        done(status)?;
        Ok(Self { ctx, table, len })
    }

    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    fn atom(&self, at: u32) -> qjs::JSAtom {
        assert!(at < self.len, "a property that was not counted");
        // SAFETY: the table has `len` entries.
        unsafe { (*self.table.add(at as usize)).atom }
    }

    /// The name at `at`, which is below the length.
    ///
    /// # Errors
    /// Out of memory.
    pub(crate) fn name(&self, at: u32) -> Result<Utf8<'js>> {
        let mut len = 0;
        // SAFETY: the atom is live while the table is; the pointer keeps its own reference.
        let ptr = unsafe { qjs::JS_AtomToCStringLen(self.ctx.as_raw().as_ptr(), &raw mut len, self.atom(at)) };
        Utf8::adopt(self.ctx.clone(), ptr, len as usize)
    }

    /// The name at `at` as a string of the engine.
    ///
    /// # Errors
    /// Out of memory.
    pub(crate) fn name_value(&self, at: u32) -> Result<Value<'js>> {
        // SAFETY: the atom is live while the table is; the string is ours.
        returned(&self.ctx, unsafe { qjs::JS_AtomToString(self.ctx.as_raw().as_ptr(), self.atom(at)) })
    }

    /// The value of the property of `object` with the name at `at`.
    ///
    /// # Errors
    /// What a getter throws.
    pub(crate) fn value(&self, at: u32, object: &Value<'js>) -> Result<Value<'js>> {
        let ctx = &self.ctx;
        // SAFETY: context, object and atom are live.
        returned(ctx, unsafe { qjs::JS_GetProperty(ctx.as_raw().as_ptr(), object.as_raw(), self.atom(at)) })
    }
}

impl Drop for OwnKeys<'_> {
    fn drop(&mut self) {
        // SAFETY: the table came from `JS_GetOwnPropertyNames` with this length and is given back once.
        unsafe { qjs::JS_FreePropertyEnum(self.ctx.as_raw().as_ptr(), self.table, self.len) };
    }
}

/// The element at `index`, by whatever getter or prototype there is.
///
/// # Errors
/// What a getter throws.
pub(crate) fn element<'js>(object: &Value<'js>, index: u32) -> Result<Value<'js>> {
    let ctx = object.ctx();
    // SAFETY: context and value are live.
    returned(ctx, unsafe { qjs::JS_GetPropertyUint32(ctx.as_raw().as_ptr(), object.as_raw(), index) })
}

/// An array's length.
///
/// # Errors
/// What a getter throws.
pub(crate) fn length(array: &Value<'_>) -> Result<u32> {
    let mut len = 0;
    // SAFETY: context and value are live; the engine writes a number.
    done(unsafe { qjs::JS_GetLength(array.ctx().as_raw().as_ptr(), array.as_raw(), &raw mut len) })?;
    Ok(u32::try_from(len).unwrap_or(u32::MAX))
}

/// Makes an array this long.
///
/// # Errors
/// Where the array is frozen.
pub(crate) fn set_length(array: &Value<'_>, len: u32) -> Result<()> {
    // SAFETY: context and value are live.
    done(unsafe { qjs::JS_SetLength(array.ctx().as_raw().as_ptr(), array.as_raw(), len.into()) }).map(drop)
}

/// A property's name while an object is built.
pub(crate) struct Key<'js> {
    ctx: Ctx<'js>,
    atom: qjs::JSAtom,
}

impl<'js> Key<'js> {
    /// # Errors
    /// Out of memory.
    pub(crate) fn new(name: &Value<'js>) -> Result<Self> {
        let ctx = name.ctx().clone();
        // SAFETY: context and value are live; the atom is ours.
        let atom = unsafe { qjs::JS_ValueToAtom(ctx.as_raw().as_ptr(), name.as_raw()) };
        Self::adopt(ctx, atom)
    }

    /// # Errors
    /// Out of memory.
    pub(crate) fn from_text(ctx: &Ctx<'js>, name: &str) -> Result<Self> {
        let ctx = ctx.clone();
        // SAFETY: the engine copies `len` bytes of UTF-8; the atom is ours.
        let atom = unsafe { qjs::JS_NewAtomLen(ctx.as_raw().as_ptr(), name.as_ptr().cast(), name.len() as _) };
        Self::adopt(ctx, atom)
    }

    /// # Errors
    /// Out of memory.
    pub(crate) fn from_index(ctx: &Ctx<'js>, index: u32) -> Result<Self> {
        let ctx = ctx.clone();
        // SAFETY: the context is live; the atom is ours.
        let atom = unsafe { qjs::JS_NewAtomUInt32(ctx.as_raw().as_ptr(), index) };
        Self::adopt(ctx, atom)
    }

    fn adopt(ctx: Ctx<'js>, atom: qjs::JSAtom) -> Result<Self> {
        // The engine's "no atom".
        if atom == 0 { Err(Error::Exception) } else { Ok(Self { ctx, atom }) }
    }

    /// Gives `object` an own property of this name, whatever its prototype says.
    ///
    /// # Errors
    /// Where the object does not allow it; out of memory.
    pub(crate) fn define(&self, object: &Value<'js>, value: Value<'js>) -> Result<()> {
        let ctx = self.ctx.as_raw().as_ptr();
        let flags = (qjs::JS_PROP_C_W_E | qjs::JS_PROP_THROW) as i32;
        // SAFETY: context, object and atom are live; the engine takes over the reference that is made for it.
        done(unsafe {
            let value = qjs::JS_DupValue(ctx, value.as_raw());
            qjs::JS_DefinePropertyValue(ctx, object.as_raw(), self.atom, value, flags)
        })
        .map(drop)
    }
}

impl Drop for Key<'_> {
    fn drop(&mut self) {
        // SAFETY: the atom is ours and given back once.
        unsafe { qjs::JS_FreeAtom(self.ctx.as_raw().as_ptr(), self.atom) };
    }
}

/// Gives an array an own element.
///
/// # Errors
/// Where the array does not allow it; out of memory.
pub(crate) fn define_element<'js>(array: &Value<'js>, index: u32, value: Value<'js>) -> Result<()> {
    let ctx = array.ctx().as_raw().as_ptr();
    let flags = (qjs::JS_PROP_C_W_E | qjs::JS_PROP_THROW) as i32;
    // SAFETY: as in `Key::define`.
    done(unsafe {
        let value = qjs::JS_DupValue(ctx, value.as_raw());
        qjs::JS_DefinePropertyValueUint32(ctx, array.as_raw(), index, value, flags)
    })
    .map(drop)
}

/// A promise's state (0 pending, 1 fulfilled, 2 rejected) and result; nothing for what is no promise.
pub(crate) fn promise_state<'js>(promise: &Value<'js>) -> Option<(u32, Value<'js>)> {
    let ctx = promise.ctx();
    let raw = ctx.as_raw().as_ptr();
    // SAFETY: the engine checks the class of the value; a promise's result never is an exception.
    unsafe {
        let state = match qjs::JS_PromiseState(raw, promise.as_raw()) {
            qjs::JSPromiseStateEnum_JS_PROMISE_PENDING => 0,
            qjs::JSPromiseStateEnum_JS_PROMISE_FULFILLED => 1,
            qjs::JSPromiseStateEnum_JS_PROMISE_REJECTED => 2,
            _ => return None,
        };
        let result = returned(ctx, qjs::JS_PromiseResult(raw, promise.as_raw())).ok()?;
        Some((state, result))
    }
}

/// Whether looking at the value would run a proxy's handler.
pub(crate) fn is_proxy(value: &Value<'_>) -> bool {
    // SAFETY: reads the class of a value.
    unsafe { qjs::JS_IsProxy(value.as_raw()) }
}

/// A proxy's target and handler (null where it is revoked); nothing for what is no proxy.
pub(crate) fn proxy_parts<'js>(proxy: &Value<'js>) -> Option<(Value<'js>, Value<'js>)> {
    let ctx = proxy.ctx();
    let raw = ctx.as_raw().as_ptr();
    if !is_proxy(proxy) {
        return None;
    }
    // SAFETY: both calls answer with a reference that is ours.
    let parts = unsafe {
        let target = returned(ctx, qjs::JS_GetProxyTarget(raw, proxy.as_raw()));
        target.and_then(|target| Ok((target, returned(ctx, qjs::JS_GetProxyHandler(raw, proxy.as_raw()))?)))
    };
    Some(parts.unwrap_or_else(|_| {
        // It is revoked, which is no error here.
        ctx.catch();
        (Value::new_null(ctx.clone()), Value::new_null(ctx.clone()))
    }))
}
