//! From positions in a bundle back to the user's own lines: what a stack trace shows.
//!
//! A bundle has a source map of its own; a file that some other build made may name one as well, which is read when
//! the first error needs it.
//!
//! A map can be carried to where its sources are not, with their texts in it; then it reads no file.
//!
//! Invariant: reads files only when an error is shown or the map is to be carried, never more than [`SOURCE_BYTES_MAX`]
//! of one. Nothing that a carried map says makes it panic.

use super::frame::{self, Place};
use super::normal;
use super::vlq::Table;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// The largest source file or source map that is read to show an error.
const SOURCE_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// How many maps are followed from a bundle to a source.
const MAPS_DEPTH_MAX: usize = 4;
/// How the name of a file starts that is part of emu, not of the worker.
const RUNTIME_PREFIX: &str = "emu:";

/// Where the modules of a bundle come from.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct SourceMap {
    root: PathBuf,
    modules: BTreeMap<String, Origin>,
    /// The texts of files, where those are not to be read.
    texts: Option<BTreeMap<PathBuf, String>>,
    /// The maps that files name, by file; none for a file without one.
    #[serde(skip)]
    named: Mutex<HashMap<PathBuf, Option<Arc<Table>>>>,
}

/// Where a module comes from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Origin {
    /// It was put together; the files of the table are absolute.
    Bundled(Table),
    /// It is this file, unchanged.
    File(PathBuf),
}

impl Origin {
    /// The map of a module with this text.
    pub(super) fn table(&self, code: &str) -> Cow<'_, Table> {
        match self {
            Self::Bundled(table) => Cow::Borrowed(table),
            Self::File(file) => Cow::Owned(Table::of_source(file.to_string_lossy().into_owned(), code)),
        }
    }
}

/// A position in a source; line and column are counted from 0.
struct Spot {
    file: PathBuf,
    line: u32,
    column: u32,
}

/// A `name:line:column` in a text.
struct Reference<'t> {
    name: &'t str,
    /// Counted from 1, as JavaScript shows it.
    line: u32,
    column: u32,
    start: usize,
    end: usize,
}

impl SourceMap {
    pub(super) fn new(root: PathBuf, modules: BTreeMap<String, Origin>) -> Self {
        Self { root, modules, texts: None, named: Mutex::default() }
    }

    /// The same map with the texts of the worker's own sources in it, and without the project's folder. What packages are
    /// made of is left out: it is only shown where there is nothing else.
    pub fn carried(&self) -> Self {
        let mut texts = BTreeMap::new();
        let mut left: Vec<(PathBuf, usize)> = self.files().into_iter().map(|file| (file, 0)).collect();
        while let Some((file, depth)) = left.pop() {
            if is_of_package(&file) || texts.contains_key(&self.inside(&file)) {
                continue;
            }
            let Some(text) = self.read(&file) else { continue };
            let named = if depth < MAPS_DEPTH_MAX { named_map(&file, &text) } else { None };
            let table = match named {
                Some(Named::Data(table)) => Some(table),
                Some(Named::File(map)) => self.read(&map).and_then(|json| {
                    let table = Table::parse(&json);
                    texts.insert(self.inside(&map), json);
                    table
                }),
                None => None,
            };
            left.extend(table.iter().flat_map(|table| sources_of(table, &file)).map(|source| (source, depth + 1)));
            texts.insert(self.inside(&file), text);
        }
        let modules = self.modules.iter().map(|(name, origin)| (name.clone(), self.inside_of(origin))).collect();
        Self { root: PathBuf::new(), modules, texts: Some(texts), named: Mutex::default() }
    }

    /// A path from the project's folder.
    fn inside(&self, file: &Path) -> PathBuf {
        file.strip_prefix(&self.root).unwrap_or(file).to_owned()
    }

    fn inside_of(&self, origin: &Origin) -> Origin {
        match origin {
            Origin::File(file) => Origin::File(self.inside(file)),
            Origin::Bundled(table) => {
                let mut table = table.clone();
                for file in &mut table.files {
                    *file = self.inside(Path::new(file)).to_string_lossy().into_owned();
                }
                Origin::Bundled(table)
            }
        }
    }

    /// The text of a file, unless it is too large or no text.
    fn read(&self, file: &Path) -> Option<String> {
        match &self.texts {
            Some(texts) => texts.get(file).cloned(),
            None => read(file),
        }
    }

    /// The project's folder.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The sources, sorted.
    pub(super) fn files(&self) -> BTreeSet<PathBuf> {
        let of = |origin: &Origin| match origin {
            Origin::Bundled(table) => table.files.iter().map(PathBuf::from).collect(),
            Origin::File(file) => vec![file.clone()],
        };
        self.modules.values().flat_map(of).collect()
    }

    /// Where the text of a module is mapped from; none when there is no such module.
    pub(super) fn origin(&mut self, module: &str) -> Option<&mut Origin> {
        self.modules.get_mut(module)
    }

    /// Replaces every `name:line:column` of the worker's modules in a text, a stack trace say, by the user's file,
    /// relative to the project's folder, and the position there; drops the stack frames of emu's own runtime.
    pub fn map_text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut mapped = String::new();
        // Everything before `copied` is in `mapped`.
        let mut copied = 0;
        let mut start = 0;
        for (line, is_dropped) in text.split_inclusive('\n').zip(runtime_frames(text)) {
            if is_dropped {
                mapped.push_str(&text[copied..start]);
                copied = start + line.len();
            } else {
                for found in references(line) {
                    let Some(spot) = self.find(&found) else { continue };
                    mapped.push_str(&text[copied..start + found.start]);
                    mapped.push_str(&format!("{}:{}:{}", self.shown(&spot.file), spot.line + 1, spot.column + 1));
                    copied = start + found.end;
                }
            }
            start += line.len();
        }
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        mapped.push_str(&text[copied..]);
        // A dropped last frame leaves the line break before it.
        if !text.ends_with('\n') && mapped.ends_with('\n') {
            mapped.pop();
        }
        Cow::Owned(mapped)
    }

    /// The source around the first frame of a stack trace that is the user's own code, or else a package's: five lines
    /// and a caret. The stack is the engine's, before [`Self::map_text`].
    pub fn code_frame(&self, stack: &str) -> Option<String> {
        let frames = stack.lines().filter(|line| !is_runtime_frame(line)).flat_map(references);
        let spots: Vec<Spot> = frames.filter_map(|found| self.find(&found)).collect();
        let spot = spots.iter().find(|spot| !is_of_package(&spot.file)).or(spots.first())?;
        let text = self.read(&spot.file)?;
        let line = text.lines().nth(spot.line as usize)?;
        let place = Place {
            file: &self.shown(&spot.file),
            text: &text,
            line: spot.line as usize + 1,
            column: spot.column as usize,
            length: word_length(line, spot.column as usize),
        };
        Some(frame::context(&place))
    }

    fn find(&self, reference: &Reference<'_>) -> Option<Spot> {
        let (line, column) = (reference.line.checked_sub(1)?, reference.column.saturating_sub(1));
        let mut spot = match self.modules.get(reference.name)? {
            Origin::File(file) => Spot { file: file.clone(), line, column },
            Origin::Bundled(table) => through(table, line, column, |file| PathBuf::from(file))?,
        };
        for _ in 0..MAPS_DEPTH_MAX {
            let Some(table) = self.map_of(&spot.file) else { break };
            let Some(next) = through(&table, spot.line, spot.column, |source| beside(&spot.file, source)) else {
                break;
            };
            if next.file == spot.file {
                break;
            }
            spot = next;
        }
        Some(spot)
    }

    /// The source map that a file names in its last lines.
    fn map_of(&self, file: &Path) -> Option<Arc<Table>> {
        let mut named = self.named.lock().ok()?;
        if let Some(known) = named.get(file) {
            return known.clone();
        }
        let table = self.read(file).and_then(|text| named_map(file, &text));
        let table = table.and_then(|table| match table {
            Named::Data(table) => Some(table),
            Named::File(map) => Table::parse(&self.read(&map)?),
        });
        let table = table.map(Arc::new);
        named.insert(file.to_owned(), table.clone());
        table
    }

    fn shown(&self, file: &Path) -> String {
        super::relative(&self.root, file)
    }
}

fn through(table: &Table, line: u32, column: u32, place: impl Fn(&str) -> PathBuf) -> Option<Spot> {
    let mapping = table.find(line, column)?;
    let file = place(table.files.get(mapping.file as usize)?);
    Some(Spot { file, line: mapping.source_line, column: mapping.source_column })
}

/// The sources of the map of a file.
fn sources_of<'t>(table: &'t Table, file: &'t Path) -> impl Iterator<Item = PathBuf> + 't {
    table.files.iter().map(move |source| beside(file, source))
}

/// A path that is meant from where a file is.
fn beside(file: &Path, path: &str) -> PathBuf {
    normal(&file.parent().unwrap_or(Path::new("/")).join(path))
}

/// Whether a file is not the worker's own.
fn is_of_package(file: &Path) -> bool {
    file.components().any(|part| part.as_os_str() == "node_modules")
}

/// A map that a file names.
enum Named {
    /// It is in the file.
    Data(Table),
    /// It is this file.
    File(PathBuf),
}

/// The map that `//# sourceMappingURL=` names: a file beside the text, or data in it.
fn named_map(file: &Path, text: &str) -> Option<Named> {
    let line = text.lines().rev().take(8).find_map(|line| line.trim_start().strip_prefix("//# sourceMappingURL="))?;
    let url = line.trim();
    if let Some(data) = url.strip_prefix("data:") {
        let (_, encoded) = data.split_once(";base64,")?;
        return Table::parse(std::str::from_utf8(&base64(encoded)?).ok()?).map(Named::Data);
    }
    Some(Named::File(file.parent()?.join(url)))
}

/// The text of a file, unless it is too large or no text.
pub(super) fn read(file: &Path) -> Option<String> {
    let is_small = fs::metadata(file).ok()?.len() <= SOURCE_BYTES_MAX;
    is_small.then(|| fs::read_to_string(file).ok()).flatten()
}

/// Decodes base 64 with or without padding.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(digit);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xff) as u8);
        }
    }
    Some(bytes)
}

/// Whether a line of a stack trace is code of emu's.
fn is_runtime_frame(line: &str) -> bool {
    let Some(frame) = line.trim_start().strip_prefix("at ") else { return false };
    frame.starts_with(RUNTIME_PREFIX) || frame.contains(&format!("({RUNTIME_PREFIX}"))
}

/// For each line of a text, whether it is a stack frame of the runtime's: its own code, or the engine's that it called.
fn runtime_frames(text: &str) -> Vec<bool> {
    let mut is_called_by_runtime = false;
    let upwards = text.split_inclusive('\n').rev().map(|line| {
        is_called_by_runtime = is_runtime_frame(line) || (is_called_by_runtime && is_native_frame(line));
        is_called_by_runtime
    });
    let mut frames: Vec<bool> = upwards.collect();
    frames.reverse();
    frames
}

/// Whether a line of a stack trace is code of the engine's.
fn is_native_frame(line: &str) -> bool {
    let frame = line.trim();
    frame.starts_with("at ") && frame.ends_with("(native)")
}

/// Every `name:line:column` of a line.
fn references(line: &str) -> impl Iterator<Item = Reference<'_>> {
    // Where the next colon is looked for, and where the last reference ended.
    let (mut from, mut last) = (0, 0);
    std::iter::from_fn(move || {
        while let Some(colon) = line[from..].find(':').map(|at| from + at) {
            let (number, line_end) = number_at(line, colon + 1);
            let second = line[line_end..].starts_with(':').then(|| number_at(line, line_end + 1));
            let (Some(number), Some((Some(column), end))) = (number, second) else {
                from = colon + 1;
                continue;
            };
            let is_end = |character: char| character.is_whitespace() || "()'\"`<>".contains(character);
            let start = line[..colon].char_indices().rev().find(|(_, character)| is_end(*character));
            let start = start.map_or(0, |(at, character)| at + character.len_utf8()).max(last);
            (from, last) = (end, end);
            let name = line[start..colon].trim_start_matches("file:///");
            return Some(Reference { name, line: number, column, start, end });
        }
        None
    })
}

/// The number at a position, and where it ends.
fn number_at(line: &str, at: usize) -> (Option<u32>, usize) {
    let digits = line[at..].bytes().take_while(u8::is_ascii_digit).count();
    (line[at..at + digits].parse().ok(), at + digits)
}

/// How long the word at a column is, in UTF-16 units.
fn word_length(line: &str, column: usize) -> usize {
    let mut units = 0;
    let rest = line.chars().skip_while(|character| {
        let is_before = units < column;
        units += character.len_utf16();
        is_before
    });
    rest.take_while(|character| character.is_alphanumeric() || "_$".contains(*character)).map(char::len_utf16).sum()
}
