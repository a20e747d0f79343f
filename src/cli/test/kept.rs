//! Failures that are kept: in `.emu/bugs`, to be tried first the next time, and where `--save` says.
//!
//! Invariant: a file that is damaged or not emu's is ignored or named, never fatal; writes below the given folder only.

use crate::error::{Error, Result};
use crate::test::program::Test;
use crate::world::Rerun;
use crate::world::mix::xxh64;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// The largest file that is read.
const MAX_BYTES: u64 = 256 * 1024 * 1024;
/// How long the readable part of a folder's name is.
const MAX_SLUG_CHARS: usize = 60;
/// The name of the file that says how to run a failure again.
pub(in crate::cli) const RERUN_FILE: &str = "rerun.json";

/// What runs a failure again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Kept {
    /// The test file, from the project's folder.
    pub(in crate::cli) file: String,
    /// The test's full name.
    pub(in crate::cli) test: String,
    /// Which it is of the tests of this name in the file, from 1.
    pub(in crate::cli) twin: usize,
    pub(in crate::cli) rerun: Rerun,
    /// Where the run must end, as 16 hex digits.
    pub(in crate::cli) digest: String,
}

impl Kept {
    pub(in crate::cli) fn to_json(&self) -> Value {
        let tape = self.rerun.tape.as_ref().map(ToString::to_string);
        json!({
            "emu": env!("CARGO_PKG_VERSION"),
            "file": self.file,
            "test": self.test,
            "twin": self.twin,
            "seed": self.rerun.seed.to_string(),
            "tape": tape,
            "digest": self.digest,
        })
    }

    /// Whether it is of this test.
    pub(in crate::cli) fn is_of(&self, test: &Test) -> bool {
        self.test == test.full_name() && self.twin == test.twin.unwrap_or(1)
    }

    /// # Errors
    /// What is wrong with the text.
    pub(in crate::cli) fn parse(value: &Value) -> std::result::Result<Self, String> {
        let text = |name: &str| value[name].as_str().ok_or(format!("it has no `{name}`"));
        let seed = text("seed")?.parse()?;
        let tape = value["tape"].as_str().map(str::parse).transpose()?;
        let digest = value["digest"].as_str().unwrap_or_default().to_owned();
        let twin = value["twin"].as_u64().and_then(|twin| usize::try_from(twin).ok()).unwrap_or(1);
        Ok(Self { file: text("file")?.into(), test: text("test")?.into(), twin, rerun: Rerun { seed, tape }, digest })
    }
}

/// A file that says how to run a failure again: the first line of a trace, or all of `rerun.json`.
///
/// # Errors
/// When it is neither.
pub(in crate::cli) fn read(path: &Path) -> Result<Kept> {
    let path = if path.is_dir() { path.join(RERUN_FILE) } else { path.to_owned() };
    let shown = path.display();
    let text = read_text(&path).map_err(|error| Error::usage(format!("`{shown}` cannot be read")).because(error))?;
    let first = text.lines().next().unwrap_or_default();
    let value = serde_json::from_str(&text).or_else(|_| serde_json::from_str::<Value>(first));
    let parsed = value.map_err(|error| error.to_string()).and_then(|value| Kept::parse(&value));
    parsed.map_err(|problem| {
        Error::usage(format!("`{shown}` does not say what to run: {problem}"))
            .hint("name a folder that `emu test --save` wrote, or a file that `--trace` wrote")
    })
}

fn read_text(path: &Path) -> std::io::Result<String> {
    if fs::metadata(path)?.len() > MAX_BYTES {
        return Err(std::io::Error::other("it is too large"));
    }
    fs::read_to_string(path)
}

/// Writes a failure into a folder: how to run it again, and its story.
///
/// # Errors
/// When the folder cannot be written.
pub(in crate::cli) fn save(folder: &Path, kept: &Kept, story: &str) -> Result<()> {
    let refused = |error| Error::storage(format!("`{}` cannot be written", folder.display())).because(error);
    fs::create_dir_all(folder).map_err(refused)?;
    let text = serde_json::to_string_pretty(&kept.to_json()).unwrap_or_default();
    fs::write(folder.join(RERUN_FILE), format!("{text}\n")).map_err(refused)?;
    fs::write(folder.join("timeline.txt"), story).map_err(refused)
}

/// The failures of a project that were not seen to be mended.
pub(in crate::cli) struct Bugs {
    folder: PathBuf,
}

impl Bugs {
    /// Those of the project in this folder.
    pub(in crate::cli) fn of(project: &Path) -> Self {
        Self { folder: project.join(".emu").join("bugs") }
    }

    /// What made a test fail.
    pub(in crate::cli) fn find(&self, file: &str, test: &Test) -> Option<Rerun> {
        let text = read_text(&self.folder_of(file, test).join(RERUN_FILE)).ok()?;
        let kept = Kept::parse(&serde_json::from_str(&text).ok()?).ok()?;
        (kept.file == file && kept.is_of(test)).then_some(kept.rerun)
    }

    /// Keeps a failure instead of the one that is kept of this test.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(in crate::cli) fn keep(&self, test: &Test, kept: &Kept, story: &str) -> Result<()> {
        save(&self.folder_of(&kept.file, test), kept, story)?;
        // The seeds are one reader's; what is to stay is saved elsewhere.
        let ignored = self.folder.join(".gitignore");
        if !ignored.exists() {
            let _ = fs::write(ignored, "*\n");
        }
        Ok(())
    }

    /// A test has passed, also with what was kept of it.
    pub(in crate::cli) fn forget(&self, file: &str, test: &Test) {
        let folder = self.folder_of(file, test);
        if folder.join(RERUN_FILE).is_file() {
            let _ = fs::remove_dir_all(folder);
        }
    }

    fn folder_of(&self, file: &str, test: &Test) -> PathBuf {
        let (test, twin) = (test.full_name(), test.twin.unwrap_or(1));
        let slug: String = format!("{file} {test}")
            .chars()
            .map(|char| if char.is_alphanumeric() { char.to_ascii_lowercase() } else { '-' })
            .take(MAX_SLUG_CHARS)
            .collect();
        let hash = xxh64(test.as_bytes(), xxh64(file.as_bytes(), twin as u64 - 1)) as u32;
        self.folder.join(format!("{slug}-{hash:08x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept() -> Kept {
        let rerun = "7f3a-19c2:crash.1a2b.3=1".parse().expect("a rerun");
        let (file, test) = ("test/room.test.ts".into(), "chat › keeps every message".into());
        Kept { file, test, twin: 1, rerun, digest: "93ae510000000000".into() }
    }

    #[test]
    fn a_bug_is_found_again_until_it_is_mended() {
        let project = std::env::temp_dir().join(format!("emu-bugs-{}", std::process::id()));
        let (bugs, kept) = (Bugs::of(&project), kept());
        let test = Test::named("0", "keeps every message", &["chat"]);
        let (first, second) = (Test { twin: Some(1), ..test.clone() }, Test { twin: Some(2), ..test.clone() });
        assert_eq!(bugs.find(&kept.file, &test), None);
        bugs.keep(&test, &kept, "story").expect("a folder");
        for (test, found) in [
            (&test, true),
            (&first, true),
            (&second, false),
            (&Test::named("0", "keeps every messag", &["chat"]), false),
        ] {
            assert_eq!(bugs.find(&kept.file, test), found.then(|| kept.rerun.clone()), "{test:?}");
        }
        assert_eq!(read(&bugs.folder_of(&kept.file, &test)).expect("it is read"), kept);
        bugs.keep(&second, &Kept { twin: 2, ..kept.clone() }, "story").expect("a folder");
        bugs.forget(&kept.file, &test);
        assert_eq!((bugs.find(&kept.file, &test), bugs.find(&kept.file, &second)), (None, Some(kept.rerun.clone())));
        fs::remove_dir_all(&project).expect("the folder");
    }

    #[test]
    fn what_does_not_say_what_to_run_is_named() {
        let path = std::env::temp_dir().join(format!("emu-kept-{}.json", std::process::id()));
        for (text, says) in [
            ("", "EOF"),
            ("[]", "no `seed`"),
            (r#"{"seed":"1","file":"a"}"#, "no `test`"),
            (r#"{"seed":"x","file":"a","test":"b"}"#, "hex digits"),
            (r#"{"seed":"1","tape":"x","file":"a","test":"b"}"#, "no `=`"),
        ] {
            fs::write(&path, text).expect("a file");
            let error = crate::error::report(&read(&path).expect_err(text));
            assert!(error.contains(says), "{text}: {error}");
        }
        // A trace says it in its first line.
        fs::write(&path, format!("{}\n{{\"at\":0}}\n", kept().to_json())).expect("a file");
        assert_eq!(read(&path).expect("it is read"), kept());
        fs::remove_file(&path).expect("the file");
    }
}
