//! Where results are told: reporters with their files, and a line of progress on a terminal.
//!
//! Invariant: that nobody reads standard output is no reason to fail; that a file cannot be written is.

use super::bar::Bar;
use crate::cli::takes_colours;
use crate::error::{Error, Result};
use crate::test::report::{Begin, InCheckout, Reporter, ReporterName, Summary, Told, reporter};
use crate::test::tested::FileTested;
use crate::test::timeline::View;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// All reporters.
pub(super) struct Outputs {
    all: Vec<Output>,
    bar: Bar,
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
    pub(super) fn open(wanted: &[(ReporterName, Option<PathBuf>)], folders: &InCheckout) -> Result<Self> {
        let mut wanted = wanted.to_vec();
        if wanted.is_empty() {
            wanted.push((ReporterName::Pretty, None));
            if std::env::var_os("GITHUB_ACTIONS").is_some() {
                wanted.push((ReporterName::Github, None));
            }
        }
        let has_colours = takes_colours();
        let view = super::view();
        let all = wanted.into_iter().map(|(name, path)| {
            let writer: Box<dyn Write> = match &path {
                Some(path) => Box::new(BufWriter::new(create(path)?)),
                None => Box::new(io::stdout()),
            };
            let view = if path.is_none() { view } else { View::WHOLE };
            Ok(Output { reporter: reporter(name, has_colours && path.is_none(), view, folders), writer, path })
        });
        let all = all.collect::<Result<Vec<_>>>()?;
        Ok(Self { all, bar: Bar::new() })
    }

    pub(super) fn begin(&mut self, begin: &Begin) -> Result<()> {
        self.bar.begin(begin.tests);
        self.each(|reporter, out| reporter.begin(begin, out))
    }

    pub(super) fn file(&mut self, file: &FileTested) -> Result<()> {
        self.each(|reporter, out| reporter.file(file, out))
    }

    pub(super) fn test(&mut self, told: &Told) -> Result<()> {
        self.each(|reporter, out| reporter.test(told, out))?;
        self.bar.test(told.failure().is_some());
        Ok(())
    }

    /// From now on there is this much time.
    pub(super) fn budget(&mut self, budget: Option<Duration>) {
        self.bar.budget(budget);
    }

    /// So many runs more.
    pub(super) fn runs(&mut self, more: u64) {
        self.bar.runs(more);
    }

    pub(super) fn end(&mut self, summary: &Summary) -> Result<()> {
        self.each(|reporter, out| reporter.end(summary, out))
    }

    /// Tells all of them, also when one cannot be told any more.
    fn each(&mut self, tell: impl Fn(&mut dyn Reporter, &mut dyn Write) -> io::Result<()>) -> Result<()> {
        self.bar.clear();
        let mut failed = None;
        for Output { reporter, writer, path } in &mut self.all {
            let told = tell(reporter.as_mut(), writer).and_then(|()| writer.flush());
            failed = failed.or(match (told, path) {
                (Ok(()), _) => None,
                (Err(error), Some(path)) => Some(not_written(path).because(error)),
                (Err(error), None) if error.kind() == io::ErrorKind::BrokenPipe => None,
                (Err(error), None) => Some(Error::storage("standard output cannot be written").because(error)),
            });
        }
        failed.map_or(Ok(()), Err)
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

/// Where a folder is in the checkout of a workflow of GitHub's; nowhere outside of one.
pub(super) fn in_checkout(folder: &Path) -> PathBuf {
    let inside = || {
        let checkout = Path::new(&std::env::var_os("GITHUB_WORKSPACE")?).canonicalize().ok()?;
        Some(folder.canonicalize().ok()?.strip_prefix(checkout).ok()?.to_owned())
    };
    inside().unwrap_or_default()
}
