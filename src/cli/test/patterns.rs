//! Which files are tests: Vitest's `include` and `exclude`.
//!
//! Invariant: pure.

use regress::Regex;

/// Vitest's own patterns: `*.test.*` and `*.spec.*` in any of these languages.
const LANGUAGES: [&str; 8] = ["ts", "tsx", "js", "jsx", "mts", "mjs", "cts", "cjs"];

/// Globs for paths from the project's folder. Without any, files are tests that Vitest takes for such by itself.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    include: Vec<Regex>,
    exclude: Vec<Regex>,
}

impl Patterns {
    /// Globs as Vitest writes them: `**`, `*`, `?`, `{a,b}`, `[ab]`, and `?(…)` and its likes.
    pub(super) fn new(include: &[String], exclude: &[String]) -> Self {
        // A glob that is no expression matches nothing.
        let compile = |globs: &[&str]| globs.iter().filter_map(|glob| Regex::new(&expression(glob)).ok()).collect();
        // A pattern of `include` that begins so excludes.
        let (mut included, mut excluded) = (Vec::new(), exclude.iter().map(String::as_str).collect::<Vec<_>>());
        for glob in include {
            match glob.strip_prefix('!') {
                Some(glob) => excluded.push(glob),
                None => included.push(glob.as_str()),
            }
        }
        Self { include: compile(&included), exclude: compile(&excluded) }
    }

    /// Whether a file is a test, by its path from the project's folder.
    pub(super) fn take(&self, path: &str) -> bool {
        let is_included = match self.include.is_empty() {
            true => is_test(path),
            false => matches(&self.include, path),
        };
        // Who excludes a folder excludes what is in it.
        let mut folders = path.match_indices('/').map(|(at, _)| &path[..at]);
        is_included && !matches(&self.exclude, path) && !folders.any(|folder| matches(&self.exclude, folder))
    }
}

fn matches(globs: &[Regex], path: &str) -> bool {
    globs.iter().any(|glob| glob.find(path).is_some())
}

fn is_test(path: &str) -> bool {
    let Some((stem, language)) = path.rsplit_once('.') else { return false };
    LANGUAGES.contains(&language) && (stem.ends_with(".test") || stem.ends_with(".spec"))
}

/// A regular expression that matches what a glob does.
fn expression(glob: &str) -> String {
    let mut expression = String::from("^");
    let mut rest = glob.strip_prefix("./").unwrap_or(glob);
    // What closes the groups that are open.
    let mut open: Vec<&str> = Vec::new();
    while let Some(character) = rest.chars().next() {
        let after = &rest[character.len_utf8()..];
        let (text, length) = match character {
            '*' if rest.starts_with("**/") => ("(?:.*/)?", 3),
            '*' if rest.starts_with("**") => (".*", 2),
            '?' | '*' | '+' | '@' if after.starts_with('(') => {
                open.push(match character {
                    '@' => ")",
                    '?' => ")?",
                    '*' => ")*",
                    _ => ")+",
                });
                ("(?:", 2)
            }
            '*' => ("[^/]*", 1),
            '?' => ("[^/]", 1),
            '{' => {
                open.push(")");
                ("(?:", 1)
            }
            '}' | ')' => (open.pop().unwrap_or(if character == '}' { "\\}" } else { "\\)" }), 1),
            ',' if !open.is_empty() => ("|", 1),
            '|' if !open.is_empty() => ("|", 1),
            '[' if after.starts_with(['!', '^']) => ("[^", 2),
            '[' | ']' => (&rest[..1], 1),
            character => {
                if "\\^$.|+()".contains(character) {
                    expression.push('\\');
                }
                (&rest[..character.len_utf8()], character.len_utf8())
            }
        };
        expression.push_str(text);
        rest = &rest[length..];
    }
    expression.push('$');
    expression
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_as_vitest_has_them() {
        let vitest = "**/*.{test,spec}.?(c|m)[jt]s?(x)";
        for (glob, path, is_match) in [
            (vitest, "a.test.ts", true),
            (vitest, "deep/er/a.spec.mjs", true),
            (vitest, "a.test.tsx", true),
            (vitest, "a.tests.ts", false),
            (vitest, "a.test.json", false),
            ("test/**/*.ts", "test/a.ts", true),
            ("test/**/*.ts", "test/b/a.ts", true),
            ("test/**/*.ts", "src/a.ts", false),
            ("./test/*.ts", "test/a.ts", true),
            ("test/*.ts", "test/b/a.ts", false),
            ("a.ts", "aXts", false),
            ("[!a].ts", "b.ts", true),
            ("[!a].ts", "a.ts", false),
        ] {
            assert_eq!(Patterns::new(&[glob.to_owned()], &[]).take(path), is_match, "{glob} {path}");
        }
        for (include, exclude, path, takes) in [
            ("", "**/node/**", "a/node/b.test.ts", false),
            ("", "a/node", "a/node/b.test.ts", false),
            ("", "a/no", "a/node/b.test.ts", true),
            ("!**/b.*", "", "a/b.test.ts", false),
            ("!**/b.*", "", "a/c.test.ts", true),
        ] {
            let globs =
                |glob: &str| [glob].into_iter().filter(|glob| !glob.is_empty()).map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(Patterns::new(&globs(include), &globs(exclude)).take(path), takes, "{include} {exclude} {path}");
        }
        assert!(Patterns::default().take("a.test.cts") && !Patterns::default().take("a.ts"));
    }
}
