//! Annotations of GitHub's workflows: each failure stands at its line of the change.
//!
//! Invariant: one command a line, whatever texts there are.

use super::{Begin, Reporter, Summary, Told, count};
use crate::test::story::one_line;
use crate::test::tested::{FileTested, Outcome};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

/// Where, in the checkout of a workflow, the names of files start from: GitHub takes a path for one of the checkout.
#[derive(Clone, Debug, Default)]
pub struct InCheckout {
    /// Those of test files.
    pub tests: PathBuf,
    /// Those of places in sources.
    pub places: PathBuf,
}

/// See the file's comment.
pub(super) struct Github {
    pub(super) folders: InCheckout,
}

impl Reporter for Github {
    fn begin(&mut self, begin: &Begin, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "emu test: seed {}", begin.base)
    }

    fn file(&mut self, file: &FileTested, out: &mut dyn Write) -> io::Result<()> {
        match &file.broken {
            Some(broken) => {
                let (path, title) = (path(&self.folders.tests, &file.name), property(&file.name));
                writeln!(out, "::error file={path},title={title}::{}", data(broken))
            }
            None => Ok(()),
        }
    }

    fn test(&mut self, told: &Told, out: &mut dyn Write) -> io::Result<()> {
        let Outcome::Failed(story) = &told.outcome else { return Ok(()) };
        let (file, place) = match &story.place {
            Some((file, line, column)) => (path(&self.folders.places, file), format!(",line={line},col={column}")),
            None => (path(&self.folders.tests, &told.file), String::new()),
        };
        let title = property(&one_line(&told.test.full_name()));
        let mut text = format!("{}\n{}\nrerun: {}", story.message, story.headline(), story.command);
        for waits in &story.waits {
            text.push_str(&format!("\n{waits}"));
        }
        if let Some(diff) = &story.diff {
            text.push_str(&format!("\n\n{diff}"));
        }
        writeln!(out, "::error file={file}{place},title={title}::{}", data(&text))
    }

    fn end(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        let Summary { passed, failed, broken, .. } = summary;
        let broken = match broken {
            0 => String::new(),
            broken => format!(", {} cannot be run", count(*broken, "file")),
        };
        let runs = count(summary.runs as usize, "run");
        writeln!(out, "emu test: {failed} failed, {passed} passed{broken} in {runs}, seed {}", summary.base)
    }
}

/// The path of a file from the checkout, as a property of a command.
fn path(folder: &Path, name: &str) -> String {
    let mut path = PathBuf::new();
    for part in folder.join(name).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if path.file_name().is_some() => {
                path.pop();
            }
            part => path.push(part),
        }
    }
    property(&path.to_string_lossy())
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
