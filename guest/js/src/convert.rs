//! Values that cross between the runtime and the host's messages.
//!
//! Invariant: what cannot be converted is a JavaScript exception, never a panic; strings with lone surrogates lose only
//! those.

use crate::data::raw;
use crate::engine;
use emu_abi::{Answer, Body, Bytes, Failure, Headers, Response};
use rquickjs::{Array, Ctx, Error, FromJs, Function, IntoJs, Object, Result, Value};

/// Text from JavaScript, always valid Unicode.
pub(crate) struct Text(pub(crate) String);

impl<'js> FromJs<'js> for Text {
    fn from_js(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Self> {
        if !value.is_string() {
            return Err(Error::new_from_js(value.type_name(), "string"));
        }
        Ok(Self(raw::Utf8::from_js(ctx, value)?.text().into_owned()))
    }
}

/// Bytes from an `ArrayBuffer` or a view of one, or to a fresh `ArrayBuffer`.
pub(crate) struct Raw(pub(crate) Vec<u8>);

impl<'js> FromJs<'js> for Raw {
    fn from_js(_ctx: &Ctx<'js>, value: Value<'js>) -> Result<Self> {
        let type_name = value.type_name();
        bytes_of(&value).map(Self).ok_or_else(|| Error::new_from_js(type_name, "bytes"))
    }
}

impl<'js> IntoJs<'js> for Raw {
    fn into_js(self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        raw::array_buffer(ctx, self.0)
    }
}

/// The bytes of an `ArrayBuffer` or of the part that a view shows.
fn bytes_of(value: &Value<'_>) -> Option<Vec<u8>> {
    crate::data::bytes_of(value)
}

/// A failure, as the runtime's array `[name, message, stack, remote, retryable, overloaded, durableObjectReset, value]`.
pub(crate) struct JsFailure(pub(crate) Failure);

impl<'js> FromJs<'js> for JsFailure {
    fn from_js(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Self> {
        let parts = Array::from_js(ctx, value)?;
        let text = |index| parts.get::<Option<Text>>(index).map(|text| text.map(|text| text.0));
        let flag = |index| parts.get::<Option<bool>>(index).map(|flag| flag.unwrap_or(false));
        Ok(Self(Failure {
            name: text(0)?.unwrap_or_else(|| "Error".into()),
            message: text(1)?.unwrap_or_default(),
            stack: text(2)?,
            remote: flag(3)?,
            retryable: flag(4)?,
            overloaded: flag(5)?,
            durable_object_reset: flag(6)?,
            value: parts.get::<Option<Raw>>(7)?.map(|value| Box::new(value.0.into())),
        }))
    }
}

impl<'js> IntoJs<'js> for JsFailure {
    fn into_js(self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        let Failure { name, message, stack, remote, retryable, overloaded, durable_object_reset, value } = self.0;
        let parts = Array::new(ctx.clone())?;
        parts.set(0, name)?;
        parts.set(1, message)?;
        parts.set(2, stack)?;
        for (index, flag) in (3..).zip([remote, retryable, overloaded, durable_object_reset]) {
            parts.set(index, flag)?;
        }
        parts.set(7, value.map(|value| Raw(value.0)))?;
        Ok(parts.into_value())
    }
}

/// The failure of an exception that nobody in the runtime caught.
pub(crate) fn failure_of_exception(ctx: &Ctx<'_>, error: Error) -> Failure {
    if !error.is_exception() {
        return Failure::error(error.to_string());
    }
    let thrown = ctx.catch();
    let Some(object) = thrown.as_object() else {
        let text = rquickjs::convert::Coerced::<String>::from_js(ctx, thrown.clone());
        return Failure::error(text.map(|text| text.0).unwrap_or_default());
    };
    let text = |name: &str| object.get::<_, Option<Text>>(name).ok().flatten().map(|text| text.0);
    Failure {
        name: text("name").unwrap_or_else(|| "Error".into()),
        message: text("message").unwrap_or_default(),
        stack: text("stack"),
        ..Failure::default()
    }
}

/// Throws what the host answered instead of a result.
pub(crate) fn throw(ctx: &Ctx<'_>, failure: Failure) -> Error {
    let made = engine::handlers(ctx).and_then(|handlers| {
        let make_error: Function = handlers.get("makeError")?;
        let Failure { name, message, stack, remote, retryable, overloaded, durable_object_reset, .. } = failure;
        make_error.call::<_, Value>((name, message, stack, remote, retryable, overloaded, durable_object_reset))
    });
    match made {
        Ok(error) => ctx.throw(error),
        Err(error) => error,
    }
}

/// The host answered with something the interface does not allow: nothing sensible can follow.
pub(crate) fn unexpected(answer: &Answer) -> ! {
    panic!("the host broke the interface: unexpected answer {answer:?}")
}

/// Headers as one flat array of names and values.
pub(crate) struct FlatHeaders(pub(crate) Headers);

impl<'js> FromJs<'js> for FlatHeaders {
    fn from_js(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Self> {
        let flat = Array::from_js(ctx, value)?;
        let mut headers = Vec::with_capacity(flat.len() / 2);
        for index in (0..flat.len()).step_by(2) {
            headers.push((flat.get::<Text>(index)?.0, flat.get::<Text>(index + 1)?.0));
        }
        Ok(Self(headers))
    }
}

impl<'js> IntoJs<'js> for FlatHeaders {
    fn into_js(self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        let flat = Array::new(ctx.clone())?;
        let mut index = 0;
        for (name, value) in self.0 {
            flat.set(index, name)?;
            flat.set(index + 1, value)?;
            index += 2;
        }
        Ok(flat.into_value())
    }
}

/// The body of a message.
pub(crate) struct JsBody(pub(crate) Body);

impl<'js> FromJs<'js> for JsBody {
    fn from_js(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Self> {
        if value.is_undefined() || value.is_null() {
            return Ok(Self(Body::Empty));
        }
        if value.is_string() {
            return Ok(Self(Body::Bytes(Text::from_js(ctx, value)?.0.into_bytes().into())));
        }
        if let Some(bytes) = bytes_of(&value) {
            return Ok(Self(Body::Bytes(bytes.into())));
        }
        let object = Object::from_js(ctx, value)?;
        if let Some(id) = object.get::<_, Option<u32>>("forward")? {
            return Ok(Self(Body::Forward(id)));
        }
        let length = object.get::<_, Option<f64>>("length")?.map(|length| length as u64);
        Ok(Self(Body::Stream { id: object.get("stream")?, length }))
    }
}

impl<'js> IntoJs<'js> for JsBody {
    fn into_js(self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        match self.0 {
            Body::Empty => Ok(Value::new_null(ctx.clone())),
            Body::Bytes(Bytes(bytes)) => Raw(bytes).into_js(ctx),
            Body::Stream { id, length } => {
                let stream = Object::new(ctx.clone())?;
                stream.set("stream", id)?;
                stream.set("length", length.map(|length| length as f64))?;
                Ok(stream.into_value())
            }
            Body::Forward(_) => Err(Error::Unknown),
        }
    }
}

/// The parts of a response, as the runtime's handlers take them.
pub(crate) type ResponseParts = (u16, String, FlatHeaders, JsBody, Option<u32>);

pub(crate) fn response_parts(response: Response) -> ResponseParts {
    let Response { status, status_text, headers, body, socket } = response;
    (status, status_text, FlatHeaders(headers), JsBody(body), socket)
}

/// A text or binary message of a socket.
pub(crate) struct JsMessage(pub(crate) emu_abi::Message);

impl<'js> FromJs<'js> for JsMessage {
    fn from_js(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Self> {
        if value.is_string() {
            return Ok(Self(emu_abi::Message::Text(Text::from_js(ctx, value)?.0)));
        }
        Ok(Self(emu_abi::Message::Binary(Raw::from_js(ctx, value)?.0.into())))
    }
}

impl<'js> IntoJs<'js> for JsMessage {
    fn into_js(self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        match self.0 {
            emu_abi::Message::Text(text) => text.into_js(ctx),
            emu_abi::Message::Binary(Bytes(bytes)) => Raw(bytes).into_js(ctx),
        }
    }
}

/// The 64 hex digits of an id.
pub(crate) fn hex(bytes: &[u8; 32]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hex = String::with_capacity(64);
    for byte in bytes {
        hex.push(char::from(DIGITS[usize::from(byte >> 4)]));
        hex.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    hex
}

/// The id of 64 hex digits.
pub(crate) fn unhex(hex: &str) -> Option<[u8; 32]> {
    let digits = hex.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        *byte = (digit(pair[0])? * 16 + digit(pair[1])?) as u8;
    }
    Some(bytes)
}
