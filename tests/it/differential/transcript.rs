//! What a case led to, line by line, and how two of them differ.
//!
//! Invariant: a line is compared with the line of the same label; order within a case does not matter, but what it says does.

use super::accepted;

/// Labelled lines.
pub(super) type Transcript = Vec<(String, String)>;

/// A label and a value, as a line of a transcript.
pub(super) fn line(label: &str, value: impl ToString) -> (String, String) {
    (label.to_owned(), value.to_string())
}

/// What differs and is not accepted.
pub(super) fn differences(case: &str, expected: &Transcript, got: &Transcript) -> Vec<String> {
    let absent = "(absent)".to_owned();
    let value = |transcript: &Transcript, label: &str| {
        let found = transcript.iter().find(|(name, _)| name == label);
        found.map_or(absent.clone(), |(_, value)| value.clone())
    };
    let mut labels: Vec<&str> = expected.iter().chain(got).map(|(label, _)| label.as_str()).collect();
    let mut seen = Vec::new();
    labels.retain(|label| {
        !seen.contains(label) && {
            seen.push(*label);
            true
        }
    });
    let mut differences = Vec::new();
    for label in labels {
        let (expected, got) = (value(expected, label), value(got, label));
        if expected != got && !accepted::is_accepted(case, label) {
            differences.push(format!("{case} | {label}\n    workerd {expected}\n    emu     {got}"));
        }
    }
    differences
}
