//! wrangler's globs, in its two readings of them.
//!
//! Rules match the text of an import loosely: every run of `*` is anything, `/` included. The same globs match the
//! paths of files strictly: `**` between slashes is any folders, `*` stays within one name. Nothing but `*` is special.
//!
//! Invariant: pure, and linear in glob times text.

/// How `*` is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Against the text of an import.
    Specifier,
    /// Against the path of a file.
    Path,
}

/// One step of a glob.
enum Step {
    Literal(u8),
    /// Any text.
    Anything,
    /// Any text without `/`.
    Name,
    /// Any number of folders, each with its `/`.
    Folders,
}

/// Whether a glob matches all of a text.
pub(super) fn matches(glob: &str, text: &str, reading: Reading) -> bool {
    let steps = parse(glob.as_bytes(), reading);
    let text = text.as_bytes();
    // `reached[i]`: the steps so far can match the first `i` bytes.
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for step in steps {
        let mut next = vec![false; text.len() + 1];
        let mut open = false;
        for at in 0..=text.len() {
            next[at] = match step {
                Step::Literal(byte) => at > 0 && reached[at - 1] && text[at - 1] == byte,
                Step::Anything => {
                    open |= reached[at];
                    open
                }
                Step::Name => {
                    open = reached[at] || (open && text[at - 1] != b'/');
                    open
                }
                Step::Folders => {
                    let here = reached[at] || (open && text[at - 1] == b'/');
                    open |= reached[at];
                    here
                }
            };
        }
        reached = next;
    }
    reached[text.len()]
}

fn parse(glob: &[u8], reading: Reading) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut at = 0;
    while at < glob.len() {
        if glob[at] != b'*' {
            steps.push(Step::Literal(glob[at]));
            at += 1;
            continue;
        }
        let stars = glob[at..].iter().take_while(|byte| **byte == b'*').count();
        let after = at + stars;
        let starts_name = at == 0 || glob[at - 1] == b'/';
        let ends_name = after == glob.len() || glob[after] == b'/';
        let is_folders = stars > 1 && starts_name && ends_name;
        match reading {
            Reading::Specifier => steps.push(Step::Anything),
            Reading::Path if is_folders && after == glob.len() => steps.push(Step::Anything),
            Reading::Path if is_folders => steps.push(Step::Folders),
            Reading::Path => steps.push(Step::Name),
        }
        // The slash after `**` belongs to the last of its folders.
        at = if reading == Reading::Path && is_folders { after + 1 } else { after };
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_readings() {
        // glob, text, as the text of an import, as the path of a file
        let cases = [
            ("**/*.txt", "./a.txt", true, true),
            ("**/*.txt", "a.txt", false, true),
            ("**/*.txt", "../x/y/a.txt", true, true),
            ("**/*.txt", "./a.txt2", false, false),
            ("**/*.wasm?module", "./a.wasm?module", true, true),
            ("**/*.wasm?module", "./a.wasmmmodule", false, false),
            ("*.md", "docs/a.md", true, false),
            ("*.md", "a.md", true, true),
            ("docs/**/*.md", "docs/a.md", false, true),
            ("docs/**/*.md", "docs/x/y/a.md", true, true),
            ("docs/**/*.md", "other/x/a.md", false, false),
            ("docs/**", "docs/x/y", true, true),
            ("**", "x/y", true, true),
            ("a**b", "a/b", true, false),
            ("a**b", "axb", true, true),
            ("", "", true, true),
            ("é*", "éa", true, true),
        ];
        for (glob, text, specifier, path) in cases {
            assert_eq!(matches(glob, text, Reading::Specifier), specifier, "{glob} {text} as specifier");
            assert_eq!(matches(glob, text, Reading::Path), path, "{glob} {text} as path");
        }
    }
}
