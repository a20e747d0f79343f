//! One pass over the tests: programs, the campaign, and what becomes of its results.
//!
//! Invariant: what is written to disk is snapshots, kept failures and what the command line names.

use super::args::{TestArgs, is_ci};
use super::carried::Ingredients;
use super::choice::{Chosen, NameFilter};
use super::files::{Listing, TestFile};
use super::interrupt::Interrupt;
use super::kept::{self, Bugs, Kept};
use super::outputs::{Outputs, in_checkout};
use super::program::{Made, Workshop};
use super::saved::Saved;
use super::{carried, inline_snapshots, snapshots, trace_file};
use crate::cli::eprint;
use crate::cli::watch::{self, Seen};
use crate::error::{Error, Result, report};
use crate::test::campaign::{Choice, Options, Progress, Shard, campaign};
use crate::test::finding::Finding;
use crate::test::judge::Oracle;
use crate::test::program::Program;
use crate::test::report::{Begin, InCheckout, Summary, Told, plain_story};
use crate::test::run::{InlineSnapshot, Snapshots, collect};
use crate::test::story;
use crate::test::tested::{FileTested, Outcome, Tested};
use crate::test::timeline::View;
use crate::world::real::steady;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

/// One seed of so many is run twice, to see that it is the same run; in CI every one.
const CHECKED_SEEDS: u64 = 50;

/// What a pass came to.
pub(super) enum Passed {
    /// There was no test to run in so many files.
    Nothing {
        /// How many files there are.
        files: usize,
    },
    /// The tests were listed.
    Listed {
        /// Of all files.
        is_whole: bool,
    },
    /// This.
    Ran(Summary),
}

/// Makes the programs of all test files, and runs or lists their tests.
///
/// # Errors
/// When something is wrong beside the tests themselves.
pub(super) fn pass(args: &TestArgs, workshop: &Workshop, interrupt: &Interrupt, seen: &mut Seen) -> Result<Passed> {
    let folder = workshop.folder().to_owned();
    let Listing { files, saved, .. } = workshop.files(&args.files)?;
    if files.is_empty() {
        return Ok(Passed::Nothing { files: 0 });
    }
    let bugs = Bugs::of(&folder);
    let saved = Saved::read(&folder, &saved, &mut warn);
    let options = Options { interrupted: interrupt.asked(), ..options(args)? };
    let chosen = Chosen {
        name: args.name.as_deref().map(NameFilter::parse).transpose()?,
        id: None,
        bugs: (args.rerun().is_none() && options.shard.index == 1).then_some(&bugs),
        saved: (args.rerun().is_none() && options.shard.index == 1).then_some(&saved),
    };
    let began = steady();
    let since = watch::now();
    let made = workshop.make_all(&files, options.jobs);
    for Made { inputs, .. } in &made {
        inputs.files.iter().for_each(|file| seen.note_read(file, since));
        inputs.trees.iter().for_each(|folder| seen.note_tree(folder));
    }
    let folders = InCheckout { tests: in_checkout(workshop.folder()), places: in_checkout(workshop.root()) };
    let mut outputs = Outputs::open(if args.list { &[] } else { &args.reporter }, &folders)?;
    let (mut programs, mut sources, mut broken) = (Vec::new(), Vec::new(), Vec::new());
    for (file, Made { program, text, logged, .. }) in files.into_iter().zip(made) {
        match program {
            Ok((program, ingredients)) => {
                programs.push(program);
                sources.push(Source { file, text, ingredients, logged });
            }
            Err(error) => {
                let text = report(&error);
                let text = text.strip_prefix("error: ").unwrap_or(&text).to_owned();
                broken.push(FileTested { name: file.name, broken: Some(text), logged });
            }
        }
    }
    if args.list {
        return list(args, &programs, &broken, &chosen);
    }
    let texts = sources.iter().map(|source| snapshots::read(&source.file)).collect::<Result<Vec<_>>>()?;
    let base = options.rerun.as_ref().map_or(options.base, |rerun| rerun.seed).to_string();
    let summary = Summary { base, files: programs.len() + broken.len(), ..Summary::default() };
    let mut session = Session {
        args,
        bugs: &bugs,
        programs: &programs,
        sources: &sources,
        snapshots: texts.clone(),
        root: workshop.root(),
        outputs: &mut outputs,
        summary,
        is_kept: false,
        begin: None,
        broken,
        failed: None,
    };
    interrupt.heeded(|| campaign(&programs, &texts, &options, &chosen, &mut |progress| session.take(progress)))?;
    if chosen.saved.is_some() {
        let files: Vec<_> = sources.iter().map(|source| &source.file).collect();
        saved.lost(&files, args.files.is_empty() && session.summary.broken == 0).into_iter().for_each(warn);
    }
    session.end((steady() - began).as_secs_f64() * 1000.0)
}

fn warn(text: String) {
    eprint(&format!("warning: {text}\n"));
}

fn options(args: &TestArgs) -> Result<Options> {
    if args.shard.is_some() && args.rerun().is_some() {
        return Err(Error::usage("--shard: with a tape there is one run only, which cannot be shared out"));
    }
    if args.calm && args.seed.as_ref().is_some_and(|seed| seed.tape.is_some()) {
        return Err(Error::usage("--calm: the tape of `--seed` says what is decided; leave out one of the two"));
    }
    let points = args.points()?;
    let explored = args.explored(points);
    Ok(Options {
        jobs: args.jobs(),
        points,
        explored: explored.points,
        depth: explored.depth,
        base: args.base()?,
        seeds: args.seeds(),
        budget: args.budget()?,
        rerun: args.rerun(),
        is_calm: args.calm,
        bail: args.bail,
        updates_snapshots: args.update,
        adds_snapshots: !is_ci(),
        checked_seeds: if is_ci() { 1 } else { CHECKED_SEEDS },
        shard: args.shard.unwrap_or(Shard::ALL),
        interrupted: Arc::default(),
    })
}

fn list(args: &TestArgs, programs: &[Program], broken: &[FileTested], chosen: &Chosen<'_>) -> Result<Passed> {
    let mut lines = Vec::new();
    for program in programs {
        let (tests, _) = collect(program)?;
        for test in tests.iter().filter(|test| chosen.takes(&program.name, test)) {
            lines.push(match args.json {
                true => json!({ "file": &*program.name, "suite": test.suite, "name": test.name }).to_string(),
                false => format!("{} › {}", program.name, story::one_line(&test.full_name())),
            });
        }
    }
    for FileTested { name, broken, .. } in broken {
        let why = broken.as_deref().unwrap_or_default().trim_end();
        eprint(&format!("error: the tests of `{name}` cannot be listed\n  because: {}\n", story::clean(why)));
    }
    if lines.is_empty() && broken.is_empty() {
        return Ok(Passed::Nothing { files: programs.len() });
    }
    super::print(&match args.json {
        true => format!("[{}]\n", lines.join(",\n ")),
        false => lines.iter().map(|line| format!("{line}\n")).collect(),
    });
    Ok(Passed::Listed { is_whole: broken.is_empty() })
}

/// What a program was made of.
struct Source {
    file: TestFile,
    /// The file's text, as it was when the program was made.
    text: String,
    /// Beside the file.
    ingredients: Ingredients,
    /// What was logged in global scope.
    logged: Vec<String>,
}

/// What becomes of a campaign's results.
struct Session<'a> {
    args: &'a TestArgs,
    bugs: &'a Bugs,
    programs: &'a [Program],
    sources: &'a [Source],
    /// The snapshots of each program, as they are by now.
    snapshots: Vec<Snapshots>,
    /// The folder that places of the reader's start from.
    root: &'a Path,
    outputs: &'a mut Outputs,
    summary: Summary,
    /// The first failure was written where the command line says.
    is_kept: bool,
    /// What reporters begin with, until there is a test or something wrong to tell of.
    begin: Option<Begin>,
    /// Files that did not become programs.
    broken: Vec<FileTested>,
    /// The first thing that could not be written.
    failed: Option<Error>,
}

impl Session<'_> {
    fn take(&mut self, progress: Progress) {
        let taken = match progress {
            Progress::Planned { tests, .. } => self.begin(tests),
            Progress::File(index, file) => self.file(index, *file),
            Progress::Tested(index, tested) => self.tested(index, &tested),
            Progress::Snapshots(index, left) => {
                let written = self.write_snapshots(index, &left);
                self.snapshots[index] = left;
                written
            }
            Progress::Shaking(budget) => {
                self.outputs.budget(budget);
                Ok(())
            }
            Progress::Runs(more) => {
                self.summary.runs += more;
                self.outputs.runs(more);
                Ok(())
            }
        };
        if let Err(error) = taken {
            self.failed.get_or_insert(error);
        }
    }

    fn begin(&mut self, tests: usize) -> Result<()> {
        self.begin = Some(Begin { files: self.summary.files, tests, base: self.summary.base.clone() });
        if tests > 0 || !self.broken.is_empty() {
            self.tell_begin()?;
        }
        for file in std::mem::take(&mut self.broken) {
            self.summary.broken += 1;
            self.outputs.file(&file)?;
        }
        Ok(())
    }

    fn tell_begin(&mut self) -> Result<()> {
        self.begin.take().map_or(Ok(()), |begin| self.outputs.begin(&begin))
    }

    fn file(&mut self, index: usize, tested: FileTested) -> Result<()> {
        let FileTested { name, broken, logged } = tested;
        if broken.is_some() {
            self.tell_begin()?;
        } else if self.begin.is_some() {
            return Ok(());
        }
        let logged = self.sources[index].logged.iter().chain(&logged).map(|line| story::clean(line)).collect();
        self.summary.broken += usize::from(broken.is_some());
        let broken = broken.map(|broken| self.mapped(index, &broken));
        self.outputs.file(&FileTested { name, broken, logged })
    }

    /// Writes what a calm run left of snapshots.
    fn write_snapshots(&self, index: usize, left: &Snapshots) -> Result<()> {
        let Source { file, text, .. } = &self.sources[index];
        snapshots::write(file, left.file.as_deref())?;
        if left.inline.is_empty() {
            return Ok(());
        }
        let inline =
            left.inline.iter().map(|InlineSnapshot { place, text }| (self.mapped(index, place), text.as_str()));
        inline_snapshots::write(file, text, self.root, &inline.collect::<Vec<_>>())
    }

    /// A text with the reader's own places.
    fn mapped(&self, index: usize, text: &str) -> String {
        let sources = self.programs[index].setup.workers[0].sources.as_ref();
        story::clean(&sources.map_or_else(|| text.into(), |sources| sources.map_text(text)))
    }

    fn tested(&mut self, index: usize, tested: &Tested) -> Result<()> {
        let told = story::tell(&self.programs[index], tested);
        match &tested.outcome {
            Outcome::Passed => self.summary.passed += 1,
            Outcome::Failed(finding) => {
                self.summary.failed += 1;
                self.summary.nondeterministic += usize::from(finding.failure.oracle == Oracle::Determinism);
                self.keep(index, &told, finding);
            }
            Outcome::Skipped => self.summary.skipped += 1,
            Outcome::Todo => self.summary.todo += 1,
        }
        self.outputs.test(&told)
    }

    /// Keeps a failure. That it cannot be kept takes nothing from its being told.
    fn keep(&mut self, index: usize, told: &Told, finding: &Finding) {
        if finding.lines.is_empty() {
            return;
        }
        let kept = kept_of(told, finding);
        let story = plain_story(told, View::WHOLE);
        // The calm run is made first of all anyway, and what it fails with says nothing of what else is wrong. In CI the
        // folder is gone when the tests are run again.
        if finding.run > 1
            && !is_ci()
            && let Err(error) = self.bugs.keep(&told.test, &kept, &story)
        {
            let text = report(&error);
            eprint(&format!("warning: a failure is not kept: {}", text.strip_prefix("error: ").unwrap_or(&text)));
        }
        if std::mem::replace(&mut self.is_kept, true) {
            return;
        }
        let saved = self.args.save.as_ref().map(|folder| kept::save(folder, &kept, &story));
        let traced = self.args.trace.as_ref().map(|file| {
            let Source { ingredients, .. } = &self.sources[index];
            let program = carried::pack(&self.programs[index], ingredients, &self.snapshots[index])?;
            trace_file::write(file, &kept, &finding.lines, &program)
        });
        self.failed = self.failed.take().or([saved, traced].into_iter().flatten().find_map(Result::err));
    }

    /// Everything is told, and then what could not be written.
    fn end(mut self, real_ms: f64) -> Result<Passed> {
        let Summary { passed, failed, skipped, todo, broken, .. } = self.summary;
        if passed + failed + skipped + todo + broken == 0 {
            return self.failed.map_or(Ok(Passed::Nothing { files: self.programs.len() }), Err);
        }
        self.summary.real_ms = real_ms;
        let told = self.outputs.end(&self.summary);
        match self.failed.or(told.err()) {
            Some(error) => Err(error),
            None => Ok(Passed::Ran(self.summary)),
        }
    }
}

/// What runs a failure again.
pub(in crate::cli) fn kept_of(told: &Told, finding: &Finding) -> Kept {
    let digest = format!("{:016x}", finding.digest);
    let (test, twin) = (told.test.full_name(), told.test.twin.unwrap_or(1));
    Kept { file: told.file.clone(), test, twin, rerun: finding.rerun.clone(), digest }
}
