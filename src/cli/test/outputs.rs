//! Where results are told: reporters with their files, and a line of progress on a terminal.
//!
//! Invariant: that nobody reads standard output is no reason to fail; that a file cannot be written is.

use crate::error::{Error, Result};
use crate::test::report::{Begin, FileTold, Reporter, ReporterName, Summary, reporter};
use crate::test::story::Told;
use crate::test::timeline::View;
use crate::world::real::steady;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often the line of progress is drawn at most.
const REDRAW: Duration = Duration::from_millis(100);

/// All reporters.
pub(super) struct Outputs {
    all: Vec<Output>,
    progress: Option<Bar>,
}

struct Output {
    reporter: Box<dyn Reporter>,
    writer: Box<dyn Write>,
    /// None is standard output.
    path: Option<PathBuf>,
}

impl Outputs {
    /// Opens the files of reporters. Without any, people are told on standard output, and GitHub's workflow too.
    ///
    /// # Errors
    /// When a file cannot be made.
    pub(super) fn open(wanted: &[(ReporterName, Option<PathBuf>)]) -> Result<Self> {
        let mut wanted = wanted.to_vec();
        if wanted.is_empty() {
            wanted.push((ReporterName::Pretty, None));
            if std::env::var_os("GITHUB_ACTIONS").is_some() {
                wanted.push((ReporterName::Github, None));
            }
        }
        let has_colours = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let view = super::view();
        let all = wanted.into_iter().map(|(name, path)| {
            let writer: Box<dyn Write> = match &path {
                Some(path) => Box::new(BufWriter::new(create(path)?)),
                None => Box::new(io::stdout()),
            };
            let view = if path.is_none() { view } else { View::WHOLE };
            Ok(Output { reporter: reporter(name, has_colours && path.is_none(), view), writer, path })
        });
        let all = all.collect::<Result<Vec<_>>>()?;
        let progress = io::stderr().is_terminal().then(Bar::default);
        Ok(Self { all, progress })
    }

    pub(super) fn begin(&mut self, begin: &Begin) -> Result<()> {
        if let Some(bar) = &mut self.progress {
            *bar = Bar { all: begin.tests, began: steady(), ..Bar::default() };
        }
        self.each(|reporter, out| reporter.begin(begin, out))
    }

    pub(super) fn file(&mut self, file: &FileTold) -> Result<()> {
        self.each(|reporter, out| reporter.file(file, out))
    }

    pub(super) fn test(&mut self, told: &Told) -> Result<()> {
        self.each(|reporter, out| reporter.test(told, out))?;
        self.advance(1, 0);
        Ok(())
    }

    /// So many runs more.
    pub(super) fn runs(&mut self, more: u64) {
        self.advance(0, more);
    }

    pub(super) fn end(&mut self, summary: &Summary) -> Result<()> {
        self.each(|reporter, out| reporter.end(summary, out))?;
        self.progress = None;
        Ok(())
    }

    fn advance(&mut self, tests: usize, runs: u64) {
        if let Some(bar) = &mut self.progress {
            bar.done += tests;
            bar.runs += runs;
            bar.draw();
        }
    }

    fn each(&mut self, tell: impl Fn(&mut dyn Reporter, &mut dyn Write) -> io::Result<()>) -> Result<()> {
        if let Some(bar) = &mut self.progress {
            bar.clear();
        }
        for Output { reporter, writer, path } in &mut self.all {
            let told = tell(reporter.as_mut(), writer).and_then(|()| writer.flush());
            if let (Err(error), Some(path)) = (told, path) {
                return Err(not_written(path).because(error));
            }
        }
        Ok(())
    }
}

fn create(path: &Path) -> Result<File> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let made = folder.map_or(Ok(()), std::fs::create_dir_all).and_then(|()| File::create(path));
    made.map_err(|error| not_written(path).because(error))
}

fn not_written(path: &Path) -> Error {
    Error::storage(format!("`{}` cannot be written", path.display()))
}

/// The line of progress, on standard error.
#[derive(Default)]
struct Bar {
    all: usize,
    done: usize,
    runs: u64,
    began: Duration,
    drawn: Duration,
    is_shown: bool,
}

impl Bar {
    fn draw(&mut self) {
        let now = steady();
        if now.saturating_sub(self.drawn) < REDRAW {
            return;
        }
        self.drawn = now;
        self.is_shown = true;
        let seconds = now.saturating_sub(self.began).as_secs_f64();
        let filled = (20 * self.done).checked_div(self.all).unwrap_or(20).min(20);
        let bar = format!("{}{}", "━".repeat(filled), "─".repeat(20 - filled));
        let line = format!("\r\u{1b}[K{bar} {}/{} tests · {} runs · {seconds:.1} s", self.done, self.all, self.runs);
        let _ = io::stderr().write_all(line.as_bytes());
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.is_shown) {
            let _ = io::stderr().write_all(b"\r\x1b[K");
        }
    }
}
