//! Which of the platform's behaviours a worker has: by its compatibility date, by name, or implied by others.
//!
//! Source: `reference/platform.md` §8.
//!
//! Invariant: decides which flags are on; what a flag changes is known where it is changed.

use std::collections::BTreeSet;

use super::Overrides;
use super::diagnostic::{Reader, Severity, shown};
use super::environment::Environment;
use super::flags::{FLAGS, Flag};
use super::shape::nearest;
use super::syntax::Span;

/// The date of a worker that names none. wrangler ships a fixed one with each release and so does emu, so that the
/// same emu always runs the same file the same way. (A worker uploaded to production without a date behaves as of
/// 2021-11-02; wrangler never does that.)
pub const DEFAULT_DATE: &str = "2026-08-22";

/// The newest date whose flags are in the table; a later one behaves like it.
pub const NEWEST_DATE: &str = "2026-11-17";

/// A worker's compatibility date, and the flags that are on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compatibility {
    date: String,
    enabled: BTreeSet<&'static str>,
}

impl Compatibility {
    /// Works out the flags for a date, `YYYY-MM-DD`, and the names of `compatibility_flags`; unknown names do nothing.
    pub fn new(date: &str, names: &[&str]) -> Self {
        let names: BTreeSet<&str> = names.iter().copied().collect();
        let disabled = |flag: &Flag| flag.disable.is_some_and(|disable| names.contains(disable));
        let is_on = |flag: &&Flag| names.contains(flag.enable) || flag.date.is_some_and(|from| date >= from);
        let candidates: Vec<&Flag> = FLAGS.iter().filter(|flag| !disabled(flag)).collect();
        let mut enabled: BTreeSet<&str> = candidates.iter().copied().filter(is_on).map(|flag| flag.enable).collect();
        // An implied flag can itself imply others, in any order of the table; every round adds one or is the last.
        loop {
            let is_implied = |flag: &&&Flag| {
                date >= flag.implied_from && flag.implied_by.iter().any(|parent| enabled.contains(parent))
            };
            let implied: Vec<&str> = candidates
                .iter()
                .filter(is_implied)
                .map(|flag| flag.enable)
                .filter(|name| !enabled.contains(name))
                .collect();
            if implied.is_empty() {
                return Self { date: date.to_owned(), enabled };
            }
            enabled.extend(implied);
        }
    }

    /// The compatibility date, `YYYY-MM-DD`.
    pub fn date(&self) -> &str {
        &self.date
    }

    /// Whether the behaviour of that name is in force. Either name of a flag may be asked for: the one that enables it
    /// (`web_socket_auto_reply_to_close`) or the one that disables it (`web_socket_manual_reply_to_close`).
    pub fn has(&self, name: &str) -> bool {
        match FLAGS.iter().find(|flag| flag.disable == Some(name)) {
            Some(flag) => !self.enabled.contains(flag.enable),
            None => self.enabled.contains(name),
        }
    }

    /// The enabling names of the flags that are on, in alphabetical order.
    pub fn flags(&self) -> impl Iterator<Item = &'static str> {
        self.enabled.iter().copied()
    }
}

/// Reads `compatibility_date` and `compatibility_flags`; the command line's replace the file's.
pub(super) fn read(reader: &mut Reader<'_>, environment: &Environment<'_>, overrides: &Overrides) -> Compatibility {
    let date = read_date(reader, environment, overrides);
    let found = environment.get("compatibility_flags");
    let items = found.map_or(&[][..], |found| found.node.items());
    let mut named: Vec<(&str, Option<&Span>)> =
        items.iter().filter_map(|item| Some((item.as_text()?, Some(&item.span)))).collect();
    if !overrides.compatibility_flags.is_empty() {
        named = overrides.compatibility_flags.iter().map(|name| (name.as_str(), None)).collect();
    }
    check_flags(reader, &named);
    let names: Vec<&str> = named.iter().map(|(name, _)| *name).collect();
    Compatibility::new(&date, &names)
}

/// Adds a diagnostic at a place of the file, or without one for what the command line gave.
fn tell(
    reader: &mut Reader<'_>,
    severity: Severity,
    span: Option<&Span>,
    message: String,
    help: impl FnOnce() -> Option<String>,
) {
    let added = match (severity, span) {
        (Severity::Error, Some(span)) => reader.error(span, message),
        (Severity::Warning, Some(span)) => reader.warning(span, message),
        (Severity::Note, Some(span)) => reader.note(span, message),
        (_, None) => reader.report.anywhere(severity, message),
    };
    added.help_with(help);
}

fn read_date(reader: &mut Reader<'_>, environment: &Environment<'_>, overrides: &Overrides) -> String {
    let found = environment.get("compatibility_date");
    let from_file = found.as_ref().and_then(|found| Some((found.node.as_text()?, Some(&found.node.span))));
    let from_command_line = overrides.compatibility_date.as_deref().map(|date| (date, None));
    let Some((date, span)) = from_command_line.or(from_file) else {
        if found.is_none() {
            let message =
                format!("No compatibility_date was specified. Using the default compatibility date: {DEFAULT_DATE}.");
            let separator =
                if reader.file.name().ends_with(".toml") { "compatibility_date =" } else { "\"compatibility_date\":" };
            let help = format!("add {separator} \"{DEFAULT_DATE}\" to {}", reader.file.name());
            reader.report.anywhere(Severity::Warning, message).help(help);
        }
        return DEFAULT_DATE.to_owned();
    };
    if !is_date(date) {
        let quoted = shown(date);
        if date.contains(['–', '—']) {
            let message = "\"compatibility_date\" field should use ISO-8601 accepted hyphens (-) rather than en-dashes (–) or em-dashes (—).";
            tell(reader, Severity::Error, span, message.to_owned(), || None);
        } else {
            let message = format!(
                "\"compatibility_date\" field should be a valid ISO-8601 date (YYYY-MM-DD), but got \"{quoted}\"."
            );
            tell(reader, Severity::Error, span, message, || Some(format!("for example \"{DEFAULT_DATE}\"")));
        }
        return DEFAULT_DATE.to_owned();
    }
    if date > NEWEST_DATE {
        let message = format!(
            "the newest compatibility date that emu knows is {NEWEST_DATE}, but got \"{date}\": {NEWEST_DATE} is used"
        );
        let help = "behaviour that changed since is not there: use a newer emu, or an earlier date";
        tell(reader, Severity::Warning, span, message, || Some(help.to_owned()));
        return NEWEST_DATE.to_owned();
    }
    if date > overrides.today.as_str() && is_date(&overrides.today) {
        let message = format!("compatibility date \"{date}\" is in the future: today (UTC) is {}", overrides.today);
        tell(reader, Severity::Warning, span, message, || Some("production refuses it until then".to_owned()));
    }
    date.to_owned()
}

/// Whether it is a day of the calendar, as `YYYY-MM-DD`.
fn is_date(date: &str) -> bool {
    let bytes = date.as_bytes();
    let has_form = bytes.len() == 10
        && bytes
            .iter()
            .enumerate()
            .all(|(index, byte)| if matches!(index, 4 | 7) { *byte == b'-' } else { byte.is_ascii_digit() });
    if !has_form {
        return false;
    }
    let number = |range: std::ops::Range<usize>| date[range].parse::<u32>().unwrap_or(0);
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 0,
    };
    year >= 2000 && (1..=days).contains(&day)
}

/// Reports unknown, contradictory, repeated and experimental flags.
fn check_flags(reader: &mut Reader<'_>, named: &[(&str, Option<&Span>)]) {
    let mut seen = BTreeSet::new();
    for (name, span) in named.iter().copied() {
        let Some(flag) = FLAGS.iter().find(|flag| flag.enable == name || flag.disable == Some(name)) else {
            let known = || FLAGS.iter().flat_map(|flag| [Some(flag.enable), flag.disable]).flatten();
            let help = || nearest(name, known()).map(|near| format!("did you mean `{near}`?"));
            tell(reader, Severity::Error, span, format!("No such compatibility flag: {}", shown(name)), help);
            continue;
        };
        if !seen.insert(name) {
            tell(reader, Severity::Warning, span, format!("compatibility flag `{name}` is named twice"), || None);
            continue;
        }
        if let Some(disable) = flag.disable
            && seen.contains(flag.enable)
            && seen.contains(disable)
        {
            let message = format!("Compatibility flags are mutually contradictory: {} vs {disable}", flag.enable);
            tell(reader, Severity::Error, span, message, || Some("remove one of them".to_owned()));
        }
        if flag.is_experimental {
            let message = format!("compatibility flag `{name}` is experimental: production refuses it");
            tell(reader, Severity::Note, span, message, || None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_follow_date_and_names() {
        let cases: &[(&str, &[&str], &str, bool)] = &[
            ("2026-04-06", &[], "web_socket_auto_reply_to_close", false),
            ("2026-04-06", &[], "web_socket_manual_reply_to_close", true),
            ("2026-04-07", &[], "web_socket_auto_reply_to_close", true),
            ("2026-04-07", &["web_socket_manual_reply_to_close"], "web_socket_auto_reply_to_close", false),
            ("2026-04-07", &["web_socket_manual_reply_to_close"], "web_socket_manual_reply_to_close", true),
            ("2021-11-02", &["web_socket_auto_reply_to_close"], "web_socket_auto_reply_to_close", true),
            ("2021-11-02", &[], "formdata_parser_supports_files", false),
            ("2021-11-03", &[], "formdata_parser_supports_files", true),
            ("2026-02-23", &[], "delete_all_deletes_alarm", false),
            ("2026-02-24", &[], "delete_all_deletes_alarm", true),
            ("2026-09-14", &[], "spec_compliant_dispatch_exceptions", false),
            ("2026-09-15", &[], "spec_compliant_dispatch_exceptions", true),
            ("2026-11-16", &[], "enable_request_signal", false),
            ("2026-11-17", &[], "enable_request_signal", true),
            ("2026-11-17", &["legacy_module_registry"], "new_module_registry", false),
            ("2026-09-30", &[], "durable_object_io_tasks_prevent_eviction", false),
            ("2026-10-01", &[], "durable_object_io_tasks_prevent_eviction", true),
            // Implied: both the parent and the date are needed, and an explicit no wins.
            ("2024-09-22", &["nodejs_compat"], "nodejs_compat_v2", false),
            ("2024-09-23", &["nodejs_compat"], "nodejs_compat_v2", true),
            ("2024-09-23", &["nodejs_compat", "no_nodejs_compat_v2"], "nodejs_compat_v2", false),
            ("2024-09-23", &["nodejs_compat_v2"], "nodejs_zlib", true),
            ("2024-09-23", &[], "nodejs_compat_v2", false),
            // Implied by an implied one.
            ("2025-09-01", &["nodejs_compat"], "enable_nodejs_http_server_modules", true),
            (
                "2025-09-01",
                &["nodejs_compat", "disable_nodejs_http_modules"],
                "enable_nodejs_http_server_modules",
                false,
            ),
            ("2025-08-31", &["nodejs_compat"], "enable_nodejs_http_server_modules", false),
            // By date, and through it others.
            ("2026-08-03", &[], "nodejs_compat", false),
            ("2026-08-04", &[], "nodejs_compat", true),
            ("2026-08-04", &[], "enable_nodejs_fs_module", true),
            ("2026-08-04", &["no_nodejs_compat"], "enable_nodejs_fs_module", false),
            ("2026-10-01", &[], "experimental", false),
            ("2026-10-01", &["experimental"], "experimental", true),
            ("2026-10-01", &[], "no_such_flag", false),
        ];
        for (date, names, flag, expected) in cases {
            assert_eq!(Compatibility::new(date, names).has(flag), *expected, "{flag} on {date} with {names:?}");
        }
    }

    #[test]
    fn the_table_is_sound() {
        let names: Vec<&str> = FLAGS.iter().flat_map(|flag| [Some(flag.enable), flag.disable]).flatten().collect();
        let unique: BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!(unique.len(), names.len(), "a name belongs to one flag");
        for flag in FLAGS {
            assert!(flag.date.is_none_or(is_date), "{}", flag.enable);
            assert!(flag.date.is_none_or(|date| date <= NEWEST_DATE), "{}", flag.enable);
            assert_eq!(flag.implied_by.is_empty(), flag.implied_from.is_empty(), "{}", flag.enable);
            for parent in flag.implied_by {
                assert!(FLAGS.iter().any(|flag| flag.enable == *parent), "{parent}");
            }
        }
        assert!(is_date(DEFAULT_DATE) && DEFAULT_DATE <= NEWEST_DATE);
    }

    #[test]
    fn dates() {
        for good in ["2024-02-29", "2000-01-01", "2026-12-31"] {
            assert!(is_date(good), "{good}");
        }
        for bad in [
            "2023-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-1-1",
            "2026–01–01",
            "20260101",
            "",
            "2026-04-31",
            "1999-01-01",
        ] {
            assert!(!is_date(bad), "{bad}");
        }
    }

    #[test]
    fn an_older_date_has_fewer_flags() {
        let count = |date| Compatibility::new(date, &[]).flags().count();
        assert_eq!(count("2021-11-02"), 1, "of 2021 only what is on at all dates");
        assert!(count("2024-01-01") < count("2026-10-01"));
    }
}
