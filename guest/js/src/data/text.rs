//! Text and bytes: UTF-8, the Encoding Standard's decoders, Latin-1, hexadecimal.
//!
//! Invariant: a decoder holds what an incomplete character needs, nothing else; a string with lone surrogates is
//! encoded with U+FFFD for each.

use super::raw::{self, Bytes, Utf8, Utf16};
use super::set;
use encoding_rs::{CoderResult, Decoder, DecoderResult, Encoding};
use rquickjs::{Ctx, Exception, Function, Object, Result, Value};
use std::cell::RefCell;
use std::rc::Rc;

pub(super) fn register<'js>(host: &Object<'js>) -> Result<()> {
    set(host, "utf8Encode", utf8_encode)?;
    set(host, "utf8EncodeInto", utf8_encode_into)?;
    set(host, "utf8Decode", utf8_decode)?;
    set(host, "utf8DecodeFatal", utf8_decode_fatal)?;
    set(host, "utf8Length", |text: Utf8<'js>| text.bytes().len())?;
    set(host, "encodingName", encoding_name)?;
    set(host, "decoderNew", decoder_new)?;
    set(host, "latin1Decode", latin1_decode)?;
    set(host, "latin1Encode", latin1_encode)?;
    set(host, "hexEncode", hex_encode)?;
    set(host, "hexDecode", hex_decode)
}

/// A string from Rust.
pub(super) fn string<'js>(ctx: &Ctx<'js>, text: &str) -> Result<Value<'js>> {
    rquickjs::String::from_str(ctx.clone(), text).map(rquickjs::String::into_value)
}

fn utf8_encode<'js>(ctx: Ctx<'js>, text: Utf8<'js>) -> Result<Value<'js>> {
    raw::array_buffer_of(&ctx, text.text().as_bytes())
}

/// `[code units read, bytes written]`
fn utf8_encode_into<'js>(text: Utf8<'js>, target: Bytes<'js>) -> Vec<usize> {
    let text = text.text();
    let whole = &text[..text.floor_char_boundary(target.len())];
    target.overwrite(whole.as_bytes());
    let units = if whole.is_ascii() { whole.len() } else { whole.encode_utf16().count() };
    vec![units, whole.len()]
}

fn utf8_decode<'js>(ctx: Ctx<'js>, bytes: Bytes<'js>) -> Result<Value<'js>> {
    if let Some(text) = bytes.to_text()? {
        return Ok(text);
    }
    string(&ctx, &bytes.read(|bytes| String::from_utf8_lossy(bytes).into_owned()))
}

fn utf8_decode_fatal<'js>(bytes: Bytes<'js>) -> Result<Option<Value<'js>>> {
    bytes.to_text()
}

/// Names of the Encoding Standard, in lower case; the encodings that only encode nothing are none.
fn encoding_name(label: Utf8<'_>) -> Option<String> {
    let encoding = Encoding::for_label_no_replacement(label.text().as_bytes())?;
    Some(encoding.name().to_ascii_lowercase())
}

/// A decoder's state: after the last piece of a text it begins anew.
struct Stream {
    encoding: &'static Encoding,
    fatal: bool,
    ignore_bom: bool,
    decoder: Option<Decoder>,
}

impl Stream {
    /// The text of the next bytes, or nothing where they are malformed and that is fatal.
    fn decode(&mut self, bytes: &[u8], more_follow: bool) -> Option<String> {
        let mut decoder = self.decoder.take().unwrap_or_else(|| self.fresh());
        let mut text = String::new();
        let text = if self.fatal {
            text.try_reserve(decoder.max_utf8_buffer_length_without_replacement(bytes.len())?).ok()?;
            let (result, _) = decoder.decode_to_string_without_replacement(bytes, &mut text, !more_follow);
            (result == DecoderResult::InputEmpty).then_some(text)?
        } else {
            text.try_reserve(decoder.max_utf8_buffer_length(bytes.len())?).ok()?;
            let (result, ..) = decoder.decode_to_string(bytes, &mut text, !more_follow);
            (result == CoderResult::InputEmpty).then_some(text)?
        };
        if more_follow {
            self.decoder = Some(decoder);
        }
        Some(text)
    }

    /// Only an encoding's own byte order mark is taken away: `new_decoder` would let one choose another encoding.
    fn fresh(&self) -> Decoder {
        if self.ignore_bom {
            self.encoding.new_decoder_without_bom_handling()
        } else {
            self.encoding.new_decoder_with_bom_removal()
        }
    }
}

/// An object whose `decode(bytes, stream)` throws a `TypeError` for what is malformed, when that is fatal.
fn decoder_new<'js>(ctx: Ctx<'js>, name: Utf8<'js>, fatal: bool, ignore_bom: bool) -> Result<Object<'js>> {
    let encoding = Encoding::for_label_no_replacement(name.text().as_bytes())
        .ok_or_else(|| Exception::throw_range(&ctx, "the encoding is unknown"))?;
    let stream = Rc::new(RefCell::new(Stream { encoding, fatal, ignore_bom, decoder: None }));
    let decode = move |ctx: Ctx<'js>, bytes: Bytes<'js>, more_follow: bool| {
        let shared = Rc::clone(&stream);
        match bytes.read(move |bytes| shared.borrow_mut().decode(bytes, more_follow)) {
            Some(text) => string(&ctx, &text),
            None => Err(Exception::throw_type(&ctx, "Failed to decode input.")),
        }
    };
    let handle = Object::new(ctx.clone())?;
    handle.set("decode", Function::new(ctx, decode)?)?;
    Ok(handle)
}

/// Every byte is the character of its number.
pub(super) fn latin1_text(bytes: &[u8]) -> String {
    if let Some(text) = ascii(bytes) {
        return text.to_owned();
    }
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn ascii(bytes: &[u8]) -> Option<&str> {
    if bytes.is_ascii() { std::str::from_utf8(bytes).ok() } else { None }
}

/// The bytes of a string's characters; nothing when one is above 255.
pub(super) fn latin1_bytes(text: &Value<'_>) -> Result<Option<Vec<u8>>> {
    let utf8 = Utf8::new(text)?;
    if utf8.bytes().is_ascii() {
        return Ok(Some(utf8.bytes().to_vec()));
    }
    drop(utf8);
    Ok(Utf16::new(text)?.units().iter().map(|unit| u8::try_from(*unit).ok()).collect())
}

fn latin1_decode<'js>(ctx: Ctx<'js>, bytes: Bytes<'js>) -> Result<Value<'js>> {
    string(&ctx, &bytes.read(latin1_text))
}

/// The low byte of every code unit, as Node's `latin1` does.
fn latin1_encode<'js>(ctx: Ctx<'js>, text: Value<'js>) -> Result<Value<'js>> {
    let bytes = match latin1_bytes(&text)? {
        Some(bytes) => bytes,
        None => Utf16::new(&text)?.units().iter().map(|unit| *unit as u8).collect(),
    };
    raw::array_buffer(&ctx, bytes)
}

fn hex_encode<'js>(ctx: Ctx<'js>, bytes: Bytes<'js>) -> Result<Value<'js>> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let hex = bytes.read(|bytes| {
        let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect::<String>()
    });
    string(&ctx, &hex)
}

/// Nothing for an odd number of digits or what is no digit.
fn hex_decode<'js>(ctx: Ctx<'js>, text: Utf8<'js>) -> Result<Option<Value<'js>>> {
    let digit = |digit: u8| char::from(digit).to_digit(16).map(|digit| digit as u8);
    let pairs = text.bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    });
    pairs.collect::<Option<Vec<u8>>>().map(|bytes| raw::array_buffer(&ctx, bytes)).transpose()
}
