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
        let compile = |globs: &[String]| globs.iter().filter_map(|glob| Regex::new(&expression(glob)).ok()).collect();
        Self { include: compile(include), exclude: compile(exclude) }
    }

    /// Whether a file is a test, by its path from the project's folder.
    pub(super) fn take(&self, path: &str) -> bool {
        let is_included = match self.include.is_empty() {
            true => is_test(path),
            false => matches(&self.include, path),
        };
        is_included && !matches(&self.exclude, path)
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
        ] {
            assert_eq!(Patterns::new(&[glob.to_owned()], &[]).take(path), is_match, "{glob} {path}");
        }
        assert!(!Patterns::new(&[], &["**/node/**".to_owned()]).take("a/node/b.test.ts"));
        assert!(Patterns::default().take("a.test.cts") && !Patterns::default().take("a.ts"));
    }
}
