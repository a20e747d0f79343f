//! The format `multipart/form-data` (RFC 7578).

use super::{File, FormEntry};
use crate::Result;
use emu_abi::Failure;

/// The parts of `body`, whose boundary is among the content type's parameters.
pub(super) fn parse(parameters: &str, body: &[u8]) -> Result<Vec<(String, FormEntry)>> {
    let boundary = parameter(parameters, "boundary").filter(|boundary| !boundary.is_empty()).ok_or_else(|| {
        Failure::type_error("No boundary string in Content-Type header. The multipart/form-data MIME type requires a boundary parameter, e.g. 'Content-Type: multipart/form-data; boundary=\"abcd\"'. See RFC 7578, section 4.")
    })?;
    let delimiter = format!("\r\n--{boundary}");
    let mut rest = body.strip_prefix(&delimiter.as_bytes()[2..]).ok_or_else(malformed)?;
    let mut parts = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Ok(parts);
        }
        rest = rest.strip_prefix(b"\r\n").ok_or_else(malformed)?;
        let end = find(rest, delimiter.as_bytes()).ok_or_else(malformed)?;
        parts.push(part(&rest[..end])?);
        rest = &rest[end + delimiter.len()..];
    }
}

fn malformed() -> Failure {
    Failure::type_error("Failed to parse the body as multipart/form-data: it is malformed.")
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn part(part: &[u8]) -> Result<(String, FormEntry)> {
    let split = find(part, b"\r\n\r\n").ok_or_else(malformed)?;
    let (head, content) = (String::from_utf8_lossy(&part[..split]), &part[split + 4..]);
    let header = |name: &str| {
        head.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let disposition = header("content-disposition").ok_or_else(malformed)?;
    let name = parameter(&disposition, "name").ok_or_else(malformed)?;
    let entry = match parameter(&disposition, "filename") {
        Some(file) => {
            let kind = header("content-type").unwrap_or_default();
            FormEntry::File(File::with_type(content.to_vec(), file, kind))
        }
        None => FormEntry::Field(String::from_utf8_lossy(content).into_owned()),
    };
    Ok((name, entry))
}

/// The parameter `name` of a header's value, with or without quotes.
fn parameter(parameters: &str, name: &str) -> Option<String> {
    let mut rest = parameters;
    loop {
        let (known, value) = rest.split_once('=')?;
        let known = known.rsplit(';').next()?.trim();
        let (value, later) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => value.split_once(';').unwrap_or((value, "")),
        };
        if known.eq_ignore_ascii_case(name) {
            return Some(value.trim().replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n"));
        }
        rest = later;
    }
}
