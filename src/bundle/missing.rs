//! Names that modules outside of the bundle do not have: the engine finds that out, and does not say where.
//!
//! Invariant: reads sources only when a worker could not be linked.

use super::Bundle;
use super::problem::{self, At, Problem, Spot};
use super::sources::read;
use crate::error::Error;
use std::path::{Path, PathBuf};

/// Says where `main`, or what it is made of, imports a name that a module does not have, and what this has instead, by
/// what the engine said. `outside` are the modules beside the bundle, as far as their texts are known. Nothing where the
/// engine said something else, or where no source has such an import.
pub fn missing_export(bundle: &Bundle, main: &Path, said: &str, outside: &[(&str, &str)]) -> Option<Error> {
    let mut quoted = said.strip_prefix("Could not find export '")?.split('\'');
    let (name, specifier) = (quoted.next()?, quoted.nth(1)?);
    let message = match name {
        "default" => format!("`{specifier}` has no default export"),
        _ => format!("`{specifier}` has no export `{name}`"),
    };
    let known = outside.iter().find(|(module, _)| *module == specifier).map(|(_, text)| exports(text));
    let help = known.map(|names| format!("it has {}", names.join(", ")));
    let problem = |file: PathBuf| {
        let at = imported(&read(&file)?, specifier, name)?;
        Some(Problem { message: message.clone(), help: help.clone(), spot: Some(Spot { file, at }) })
    };
    let problems: Vec<_> = bundle.sources.files().into_iter().filter_map(problem).collect();
    (!problems.is_empty()).then(|| problem::error(bundle.sources.root(), main, &problems))
}

/// Where a text imports a name from a module.
fn imported(text: &str, specifier: &str, name: &str) -> Option<At> {
    let is_word = |text: &str, at: usize, length: usize| {
        let inside = |character: char| character.is_alphanumeric() || character == '_' || character == '$';
        !text[..at].ends_with(inside) && !text[at + length..].starts_with(inside)
    };
    let last_word =
        |text: &str, word: &str| text.rmatch_indices(word).map(|(at, _)| at).find(|at| is_word(text, *at, word.len()));
    ['"', '\'']
        .into_iter()
        .flat_map(|quote| {
            text.match_indices(&format!("{quote}{specifier}{quote}")).map(|(at, _)| at).collect::<Vec<_>>()
        })
        .find_map(|end| {
            let before = &text[..end];
            let start = last_word(before, "import").max(last_word(before, "export"))?;
            let clause = before[start..].trim_end().strip_suffix("from")?;
            let first = clause.match_indices(name).map(|(at, _)| at).find(|at| is_word(clause, *at, name.len()));
            match first {
                Some(at) => {
                    let at = start + at;
                    let line_start = text[..at].rfind('\n').map_or(0, |index| index + 1);
                    let line = text[..line_start].matches('\n').count() + 1;
                    Some(At::Position(line, text[line_start..at].encode_utf16().count()))
                }
                None => (name == "default").then(|| At::Import(specifier.to_owned())),
            }
        })
}

/// The names that a module's text exports, sorted, as the reader sees them.
fn exports(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for after in text.split("export ").skip(1) {
        match after.strip_prefix('{').and_then(|list| list.split('}').next()) {
            Some(list) => {
                names.extend(list.split(',').filter_map(|name| name.split_whitespace().last()).map(str::to_owned));
            }
            None => names.extend(after.split(|character: char| !character.is_alphanumeric()).nth(1).map(str::to_owned)),
        }
    }
    names.sort();
    names.into_iter().map(|name| format!("`{name}`")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_is_found_by_its_module_and_its_name() {
        let at = |line, column| Some(At::Position(line, column));
        for (text, name, found) in [
            ("import { a } from \"m\";", "a", at(1, 9)),
            ("import { a } from 'other';\nimport {\n    b,\n    a as c,\n} from 'm';", "a", at(4, 4)),
            ("import { importActual, a } from \"m\";", "a", at(1, 23)),
            ("export { a } from \"m\";", "a", at(1, 9)),
            ("import it from \"m\";", "default", Some(At::Import("m".to_owned()))),
            ("import { aa } from \"m\"; const a = \"m\";", "a", None),
            ("import * as m from \"m\"; m.a;", "a", None),
        ] {
            assert_eq!(imported(text, "m", name), found, "{text}");
        }
    }

    #[test]
    fn the_exports_of_a_module_are_listed() {
        let text = "export { b, a as c,\n    d } from \"x\";\nexport const e = 1;\nconst f = 2;\n";
        assert_eq!(exports(text), ["`b`", "`c`", "`d`", "`e`"]);
    }
}
