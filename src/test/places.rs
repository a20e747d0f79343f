//! Where in the reader's own sources a stack comes from.
//!
//! Invariant: a stack that cannot be led back has no place; emu's own frames are never shown.

use super::story::{clean, one_line};
use crate::lane::Sources;
use std::cell::RefCell;
use std::collections::HashMap;

/// A place in a source: file, line and column, from 1.
pub type Place = (String, u32, u32);

/// Leads stacks back to sources, each once.
pub struct Places<'a> {
    sources: Option<&'a dyn Sources>,
    known: RefCell<HashMap<String, Option<Place>>>,
}

impl<'a> Places<'a> {
    /// By the sources of a worker; a compiled one has none.
    pub fn new(sources: Option<&'a dyn Sources>) -> Self {
        Self { sources, known: RefCell::default() }
    }

    /// The frames of a stack that are the reader's, the innermost first.
    pub fn frames(&self, stack: &str) -> Vec<String> {
        let Some(sources) = self.sources else { return own_frames(stack) };
        own_frames(&sources.map_text(stack))
    }

    /// The innermost place that is the reader's own code, or else a package's.
    pub fn of(&self, stack: &str) -> Option<Place> {
        if stack.is_empty() || self.sources.is_none() {
            return None;
        }
        if let Some(known) = self.known.borrow().get(stack) {
            return known.clone();
        }
        let places: Vec<Place> = self.frames(stack).iter().filter_map(|frame| place_of(frame)).collect();
        let is_own = |place: &&Place| !place.0.contains("node_modules");
        let place = places.iter().find(is_own).or(places.first()).cloned();
        self.known.borrow_mut().insert(stack.to_owned(), place.clone());
        place
    }

    /// The same as people write it: `src/room.ts:41`.
    pub fn shown(&self, stack: &str) -> Option<String> {
        self.of(stack).map(|(file, line, _)| format!("{}:{line}", one_line(&file)))
    }
}

fn own_frames(mapped: &str) -> Vec<String> {
    let is_own =
        |line: &&str| line.trim_start().starts_with("at ") && !line.contains("emu:") && !line.contains("(native)");
    mapped.lines().filter(is_own).map(|line| clean(line.trim())).take(12).collect()
}

/// The place that a frame of a mapped stack names.
pub(super) fn place_of(frame: &str) -> Option<Place> {
    let inner = frame.rsplit_once('(').map_or(frame.strip_prefix("at ").unwrap_or(frame), |(_, inner)| inner);
    let mut parts = inner.trim_end_matches(')').rsplitn(3, ':');
    let (column, line) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some((parts.next()?.to_owned(), line, column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_name_places() {
        for (frame, place) in [
            ("at add (src/room.ts:41:7)", Some(("src/room.ts", 41, 7))),
            ("at src/room.ts:41:7", Some(("src/room.ts", 41, 7))),
            ("at async Promise.all (index 0)", None),
            ("at add (native)", None),
        ] {
            let expected = place.map(|(file, line, column)| (file.to_owned(), line, column));
            assert_eq!(place_of(frame), expected, "{frame}");
        }
    }
}
