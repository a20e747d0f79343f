//! Annotations of GitHub's workflows: each failure stands at its line of the change.
//!
//! Invariant: one command a line, whatever texts there are.

use super::{Begin, Reporter, Summary, Told, count};
use crate::test::story::one_line;
use crate::test::tested::{FileTested, Outcome};
use std::io::{self, Write};

/// See the file's comment.
pub(super) struct Github;

impl Reporter for Github {
    fn begin(&mut self, begin: &Begin, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "emu test: seed {}", begin.base)
    }

    fn file(&mut self, file: &FileTested, out: &mut dyn Write) -> io::Result<()> {
        match &file.broken {
            Some(broken) => {
                writeln!(out, "::error file={},title={}::{}", property(&file.name), property(&file.name), data(broken))
            }
            None => Ok(()),
        }
    }

    fn test(&mut self, told: &Told, out: &mut dyn Write) -> io::Result<()> {
        let Outcome::Failed(story) = &told.outcome else { return Ok(()) };
        let (file, place) = match &story.place {
            Some((file, line, column)) => (file.as_str(), format!(",line={line},col={column}")),
            None => (told.file.as_str(), String::new()),
        };
        let title = property(&one_line(&told.test.full_name()));
        let mut text = format!("{}\n{}\nrerun: {}", story.message, story.headline(), story.command);
        for waits in &story.waits {
            text.push_str(&format!("\n{waits}"));
        }
        if let Some(diff) = &story.diff {
            text.push_str(&format!("\n\n{diff}"));
        }
        writeln!(out, "::error file={}{place},title={title}::{}", property(file), data(&text))
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

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
