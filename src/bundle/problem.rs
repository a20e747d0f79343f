//! What went wrong while bundling, said so that the reader can act on it: the sentence, the line, the remedy.
//!
//! Invariant: turns rolldown's diagnostics and the hooks' findings into text; decides nothing about the bundle.

use super::frame::{self, Place};
use super::{builtins, normal, relative};
use crate::error::Error;
use rolldown_error::{BuildDiagnostic, DiagnosticOptions};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// How many problems are shown; the rest are counted.
const SHOWN_MAX: usize = 20;

/// How many problems are put in order; a flood beyond it is left out.
const READ_MAX: usize = 500;

/// One thing to tell the reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) message: String,
    pub(super) help: Option<String>,
    pub(super) spot: Option<Spot>,
}

/// Where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) file: PathBuf,
    pub(super) at: At,
}

/// Where in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// Line, from 1, and column in UTF-16 units, from 0.
    Position(usize, usize),
    /// Where the file imports this.
    Import(String),
}

impl Problem {
    /// A problem with an import.
    pub(super) fn import(importer: Option<&str>, specifier: &str, message: String, help: Option<String>) -> Self {
        let spot = importer.map(|file| Spot { file: file.into(), at: At::Import(specifier.to_owned()) });
        Self { message, help, spot }
    }

    /// The problem as the terminal shows it.
    pub(super) fn show(&self, root: &Path, severity: &str) -> String {
        self.show_in_order(root, severity).1
    }

    /// The problem as the terminal shows it, after what orders it among others: file, line, column.
    fn show_in_order(&self, root: &Path, severity: &str) -> ((PathBuf, usize, usize), String) {
        let help = self.help.as_deref();
        let Some(spot) = &self.spot else {
            return ((PathBuf::new(), 0, 0), frame::diagnostic(severity, &self.message, None, help));
        };
        let text = fs::read_to_string(&spot.file).unwrap_or_default();
        let file = relative(root, &spot.file);
        let (line, column, length) = match &spot.at {
            At::Position(line, column) => (*line, *column, word_length(&text, *line, *column)),
            At::Import(specifier) => find_import(&text, specifier).unwrap_or((1, 0, 1)),
        };
        let place = Place { file: &file, text: &text, line, column, length };
        let shown = frame::diagnostic(severity, &self.message, Some(&place), help);
        ((spot.file.clone(), line, column), shown)
    }

    /// The file with the import that is the problem, and what it imports.
    pub(super) fn imports(&self) -> Option<(PathBuf, String)> {
        match self.spot.clone()? {
            Spot { file, at: At::Import(specifier) } => Some((file, specifier)),
            Spot { at: At::Position(..), .. } => None,
        }
    }

    /// The files whose appearance would solve an import that names no file.
    pub(super) fn missing_files(&self) -> Vec<PathBuf> {
        let Some(Spot { file, at: At::Import(specifier) }) = &self.spot else { return Vec::new() };
        let (true, Some(folder)) = (specifier.starts_with('.'), file.parent()) else { return Vec::new() };
        let wanted = normal(&folder.join(specifier));
        let endings = ["", ".ts", ".tsx", ".js", ".jsx", ".mjs", ".json", "/index.ts", "/index.tsx", "/index.js"];
        endings.map(|ending| PathBuf::from(format!("{}{ending}", wanted.display()))).to_vec()
    }
}

/// All problems as one error.
pub(super) fn error(root: &Path, main: &Path, problems: &[Problem]) -> Error {
    let problems = problems.iter().take(READ_MAX);
    let ordered: BTreeSet<_> = problems.map(|problem| problem.show_in_order(root, "error")).collect();
    let mut shown: Vec<String> = ordered.into_iter().map(|(_, text)| text).collect();
    let count = shown.len();
    if count > SHOWN_MAX {
        shown.truncate(SHOWN_MAX);
        shown.push(format!("{} more errors like these are not shown", count - SHOWN_MAX));
    }
    let plural = if count == 1 { "" } else { "s" };
    Error::guest(format!("`{}` has {count} error{plural}\n\n{}", relative(root, main), shown.join("\n\n")))
}

/// What one of rolldown's diagnostics says to the reader.
pub(super) fn of_diagnostic(root: &Path, diagnostic: &BuildDiagnostic) -> Problem {
    let options = DiagnosticOptions { cwd: root.to_owned() };
    let detail = diagnostic.to_diagnostic_with(&options);
    let position = detail.get_primary_location();
    // Only the diagnostic's own file, in full: the location names it relative to the root.
    let spot = position.map(|(file, line, column, _)| Spot { file: root.join(file), at: At::Position(line, column) });
    let raw = diagnostic.to_message_with(&options);
    let (message, help) = match detail.kind().as_str() {
        "UNRESOLVED_IMPORT" | "RESOLVE_ERROR" => {
            let importer = diagnostic.id().unwrap_or_default();
            let specifier = diagnostic.exporter().unwrap_or_default();
            if builtins::node(&specifier).is_some() {
                return node_module(Some(&importer), &specifier);
            }
            let (message, help) = unresolved(Path::new(&importer), &specifier);
            let spot = Some(Spot { file: importer.into(), at: At::Import(specifier) });
            return Problem { message, help, spot };
        }
        "MISSING_EXPORT" => missing_export(&raw),
        "TSCONFIG_ERROR" => (sentence(&raw), Some("correct the file, or install the package it extends".to_owned())),
        _ => (sentence(&raw), None),
    };
    Problem { message, help, spot }
}

/// An import of a file or package that is not there.
fn unresolved(importer: &Path, specifier: &str) -> (String, Option<String>) {
    if specifier.starts_with('.') || specifier.starts_with('/') {
        let help = similar(importer, specifier).map(|name| format!("there is `{name}`"));
        return (format!("there is no file `{specifier}`"), help);
    }
    if specifier.starts_with('#') {
        return (
            format!("`{specifier}` is not among the `imports` of the nearest package.json"),
            Some("add it there, for one of the conditions `workerd`, `worker`, `browser` or `default`".to_owned()),
        );
    }
    let package = package_name(specifier);
    let installed = importer.ancestors().skip(1).map(|folder| folder.join("node_modules").join(package));
    match installed.into_iter().find(|folder| folder.is_dir()) {
        Some(_) if package == specifier => (
            format!("the package `{package}` has no entry point for workers"),
            Some(
                "its package.json exports nothing for the conditions `workerd`, `worker`, `browser`, `import` or \
                  `default`; is it built?"
                    .to_owned(),
            ),
        ),
        Some(_) => (
            format!("the package `{package}` has no `{specifier}`"),
            Some(format!("see `exports` in the package.json of `{package}` for what it has")),
        ),
        None => (format!("the package `{package}` is not installed"), Some(format!("run `npm install {package}`"))),
    }
}

/// `@scope/name` or `name` of an import.
fn package_name(specifier: &str) -> &str {
    let slashes = if specifier.starts_with('@') { 2 } else { 1 };
    let end = specifier.match_indices('/').nth(slashes - 1).map_or(specifier.len(), |(at, _)| at);
    &specifier[..end]
}

/// A file that the reader may have meant: the same name with another extension, or in other case.
fn similar(importer: &Path, specifier: &str) -> Option<String> {
    let wanted = importer.parent()?.join(specifier);
    let stem = |name: &str| name.split('.').next().unwrap_or_default().to_lowercase();
    let wanted_stem = stem(wanted.file_name()?.to_str()?);
    let entries = fs::read_dir(wanted.parent()?).ok()?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| stem(name) == wanted_stem).collect();
    names.sort();
    let folder = specifier.rsplit_once('/').map_or("", |(folder, _)| folder);
    names.first().map(|name| format!("{folder}/{name}"))
}

fn missing_export(raw: &str) -> (String, Option<String>) {
    // "name" is not exported by "file", imported by "other".
    let mut quoted = raw.split('"').skip(1).step_by(2);
    let (Some(name), Some(file)) = (quoted.next(), quoted.next()) else { return (sentence(raw), None) };
    if name == "default" {
        let help = "import by name, `import { … } from …`, or add an `export default` there";
        return (format!("`{file}` has no default export"), Some(help.to_owned()));
    }
    (format!("`{file}` has no export `{name}`"), None)
}

/// One of rolldown's sentences in emu's spelling: lower case, names in backticks, no full stop.
fn sentence(raw: &str) -> String {
    let mut characters = raw.trim().trim_end_matches('.').chars();
    let first = characters.next().map(|first| first.to_lowercase().to_string()).unwrap_or_default();
    let rest = characters.as_str();
    // A word in capitals stays one.
    let is_acronym = rest.starts_with(|second: char| second.is_uppercase());
    let text = if is_acronym { raw.trim().trim_end_matches('.').to_owned() } else { first + rest };
    if text.contains('`') { text } else { text.replace(['"', '\''], "`") }
}

/// An import of one of Node.js's modules that the compatibility flags do not allow.
pub(super) fn node_module(importer: Option<&str>, specifier: &str) -> Problem {
    let name = builtins::node(specifier).unwrap_or_else(|| specifier.to_owned());
    let message = match specifier.starts_with("node:") {
        true => format!("`{specifier}` is a module of Node.js, which this worker does not ask for"),
        false => format!("`{specifier}` is no package here, but `{name}` is a module of Node.js"),
    };
    let help = if name == "node:async_hooks" {
        "add \"nodejs_compat\" (or \"nodejs_als\" for this module alone) to `compatibility_flags`"
    } else {
        "add \"nodejs_compat\" to `compatibility_flags`"
    };
    Problem::import(importer, specifier, message, Some(help.to_owned()))
}

/// A decorator on a private member, at a file, line and column.
pub(super) fn private_decorator(at: Option<(PathBuf, usize, usize)>) -> Problem {
    Problem {
        message: "decorators of private members are not supported".to_owned(),
        help: Some("decorate a public member, or call what the decorator would do".to_owned()),
        spot: at.map(|(file, line, column)| Spot { file, at: At::Position(line, column) }),
    }
}

/// Where a text imports something: line from 1, column from 0, length with the quotes.
fn find_import(text: &str, specifier: &str) -> Option<(usize, usize, usize)> {
    let found = |quote: char| {
        let quoted = format!("{quote}{specifier}{quote}");
        text.match_indices(&quoted).map(|(at, _)| at).find(|at| {
            let before = text[..*at].trim_end();
            before.ends_with("from") || before.ends_with("import") || before.ends_with('(')
        })
    };
    let at = ['"', '\'', '`'].into_iter().filter_map(found).min()?;
    let line_start = text[..at].rfind('\n').map_or(0, |index| index + 1);
    let line = text[..line_start].matches('\n').count() + 1;
    let column = text[line_start..at].encode_utf16().count();
    Some((line, column, specifier.encode_utf16().count() + 2))
}

/// How long the word at a position is, in UTF-16 units.
fn word_length(text: &str, line: usize, column: usize) -> usize {
    let line = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let units: Vec<u16> = line.encode_utf16().skip(column).collect();
    let word = String::from_utf16_lossy(&units);
    word.chars()
        .take_while(|character| character.is_alphanumeric() || "_$".contains(*character))
        .map(char::len_utf16)
        .sum()
}
