//! Base64: the forgiving form of `atob`, and that of `Uint8Array.fromBase64`.
//!
//! Invariant: pure; malformed input is no value, never an exception: the runtime words those.

use super::raw::{self, Bytes, Utf8};
use super::set;
use super::text::{latin1_bytes, latin1_text, string};
use base64::engine::{DecodePaddingMode, Engine, GeneralPurpose, GeneralPurposeConfig, general_purpose};
use base64::{alphabet, engine};
use rquickjs::{Array, Ctx, Exception, Object, Result, Value};

const FORGIVING: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

pub(super) fn register<'js>(host: &Object<'js>) -> Result<()> {
    set(host, "base64Encode", base64_encode)?;
    set(host, "base64Decode", base64_decode)?;
    set(host, "btoa", btoa)?;
    set(host, "atob", atob)
}

fn base64_encode<'js>(ctx: Ctx<'js>, bytes: Bytes<'js>, url_alphabet: bool, omit_padding: bool) -> Result<Value<'js>> {
    let engine: &'static engine::GeneralPurpose = match (url_alphabet, omit_padding) {
        (false, false) => &general_purpose::STANDARD,
        (false, true) => &general_purpose::STANDARD_NO_PAD,
        (true, false) => &general_purpose::URL_SAFE,
        (true, true) => &general_purpose::URL_SAFE_NO_PAD,
    };
    string(&ctx, &bytes.read(|bytes| engine.encode(bytes)))
}

/// Nothing when a character is above 255.
fn btoa<'js>(ctx: Ctx<'js>, text: Value<'js>) -> Result<Option<Value<'js>>> {
    let Some(bytes) = latin1_bytes(&text)? else { return Ok(None) };
    string(&ctx, &general_purpose::STANDARD.encode(bytes)).map(Some)
}

/// The Infra Standard's forgiving-base64 decode, as characters up to 255.
fn atob<'js>(ctx: Ctx<'js>, text: Utf8<'js>) -> Result<Option<Value<'js>>> {
    forgiving(text.bytes()).map(|bytes| string(&ctx, &latin1_text(&bytes))).transpose()
}

fn forgiving(text: &[u8]) -> Option<Vec<u8>> {
    let mut digits: Vec<u8> = text.iter().copied().filter(|digit| !is_space(*digit)).collect();
    if digits.len().is_multiple_of(4) {
        let padding = digits.iter().rev().take(2).take_while(|digit| **digit == b'=').count();
        digits.truncate(digits.len() - padding);
    }
    FORGIVING.decode(digits).ok()
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c)
}

/// What becomes of digits that fill no group of four.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LastChunk {
    Loose,
    Strict,
    StopBeforePartial,
}

/// `[bytes, code units read]`
fn base64_decode<'js>(
    ctx: Ctx<'js>,
    text: Utf8<'js>,
    url_alphabet: bool,
    last_chunk_handling: Utf8<'js>,
) -> Result<Option<Array<'js>>> {
    let last = match last_chunk_handling.text().as_ref() {
        "loose" => LastChunk::Loose,
        "strict" => LastChunk::Strict,
        "stop-before-partial" => LastChunk::StopBeforePartial,
        _ => return Err(Exception::throw_type(&ctx, "the last chunk's handling is unknown")),
    };
    let Some((bytes, read)) = decode(text.bytes(), url_alphabet, last) else { return Ok(None) };
    let parts = Array::new(ctx.clone())?;
    parts.set(0, raw::array_buffer(&ctx, bytes)?)?;
    // What was read is ASCII, so bytes are code units.
    parts.set(1, read)?;
    Ok(Some(parts))
}

const NO_DIGIT: u8 = 0xff;

const fn digits(alphabet: &[u8; 64]) -> [u8; 256] {
    let mut values = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 64 {
        values[alphabet[value] as usize] = value as u8;
        value += 1;
    }
    values
}

static STANDARD: [u8; 256] = digits(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
static URL_SAFE: [u8; 256] = digits(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

/// FromBase64 of ECMAScript: the bytes, and the position after the last group that was read.
fn decode(text: &[u8], url_alphabet: bool, last: LastChunk) -> Option<(Vec<u8>, usize)> {
    let values = if url_alphabet { &URL_SAFE } else { &STANDARD };
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    // The digits of the group that is being read, and how many there are.
    let (mut group, mut count) = (0_u32, 0);
    let (mut at, mut read) = (0, 0);
    loop {
        at = skip_spaces(text, at);
        let Some(&character) = text.get(at) else { break };
        at += 1;
        if character == b'=' {
            return match padding(text, at, count) {
                Padding::Malformed => None,
                Padding::Unfinished => (last == LastChunk::StopBeforePartial).then_some((bytes, read)),
                Padding::Complete => {
                    partial(&mut bytes, group, count, last == LastChunk::Strict)?;
                    Some((bytes, text.len()))
                }
            };
        }
        let value = values[usize::from(character)];
        if value == NO_DIGIT {
            return None;
        }
        group = group << 6 | u32::from(value);
        count += 1;
        if count == 4 {
            bytes.extend_from_slice(&group.to_be_bytes()[1..]);
            (group, count, read) = (0, 0, at);
        }
    }
    match (count, last) {
        (0, _) => Some((bytes, text.len())),
        (_, LastChunk::StopBeforePartial) => Some((bytes, read)),
        (_, LastChunk::Strict) => None,
        (_, LastChunk::Loose) => {
            partial(&mut bytes, group, count, false)?;
            Some((bytes, text.len()))
        }
    }
}

fn skip_spaces(text: &[u8], mut at: usize) -> usize {
    while text.get(at).copied().is_some_and(is_space) {
        at += 1;
    }
    at
}

enum Padding {
    Complete,
    /// One `=` where two belong.
    Unfinished,
    Malformed,
}

/// What follows the first `=` after a group's `count` digits.
fn padding(text: &[u8], at: usize, count: u32) -> Padding {
    let mut at = skip_spaces(text, at);
    match count {
        0 | 1 => return Padding::Malformed,
        2 if at == text.len() => return Padding::Unfinished,
        2 if text[at] == b'=' => at = skip_spaces(text, at + 1),
        _ => {}
    }
    if at == text.len() { Padding::Complete } else { Padding::Malformed }
}

/// The bytes of two or three digits; the bits that are left over may have to be zero.
fn partial(bytes: &mut Vec<u8>, group: u32, count: u32, strict: bool) -> Option<()> {
    let (whole, left_over) = match count {
        2 => (1, 4),
        3 => (2, 2),
        _ => return None,
    };
    if strict && group & ((1 << left_over) - 1) != 0 {
        return None;
    }
    let bits = group >> left_over;
    bytes.extend_from_slice(&bits.to_be_bytes()[4 - whole..]);
    Some(())
}
