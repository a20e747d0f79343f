//! Times on the command line and in answers: WHEN, RFC 3339, and how long ago something was.
//!
//! Invariant: calculates; the present is handed in.

use super::table::printable;
use crate::error::{Error, Result};

/// The latest alarm: the platform keeps its time as nanoseconds in 64 bits.
const LATEST_ALARM_MS: f64 = 9_223_372_036_854.0;
/// The end of the year 9999, the last that RFC 3339 can write.
const LATEST_WRITTEN_MS: f64 = 253_402_300_799_999.0;

const SECOND_MS: f64 = 1000.0;
const MINUTE_MS: f64 = 60.0 * SECOND_MS;
const HOUR_MS: f64 = 60.0 * MINUTE_MS;
const DAY_MS: f64 = 24.0 * HOUR_MS;

/// WHEN: a span from now, a time, or milliseconds since the epoch. Returns milliseconds since the epoch, whole.
///
/// # Errors
/// When it is none of them, or no alarm can be set for then.
pub(super) fn parse_when(text: &str, now_ms: f64) -> Result<f64> {
    let at_ms = match text.strip_prefix('+') {
        Some(span) => parse_span(span).map(|span_ms| now_ms + span_ms),
        None if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        None => parse_rfc3339(text),
    };
    let at_ms = at_ms.ok_or_else(|| {
        Error::usage(format!("`{}` is no time for an alarm", printable(text))).hint(
            "give a span from now (`+500ms`, `+10s`, `+5m`, `+2h`, `+1d`), a time with its zone \
             (`2026-08-01T12:00:00Z`), or milliseconds since 1970",
        )
    })?;
    if (1.0..=LATEST_ALARM_MS).contains(&at_ms) {
        return Ok(at_ms.floor());
    }
    Err(Error::usage(format!("no alarm can be set for `{}`", printable(text)))
        .hint("alarms are possible from 1970 to April 2262"))
}

/// Milliseconds of `500ms`, `10s`, `5m`, `2h`, `1d`.
pub(in crate::cli) fn parse_span(text: &str) -> Option<f64> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number: f64 = text[..text.len() - unit.len()].parse().ok()?;
    let unit_ms = match unit {
        "ms" => 1.0,
        "s" => SECOND_MS,
        "m" | "min" => MINUTE_MS,
        "h" => HOUR_MS,
        "d" => DAY_MS,
        _ => return None,
    };
    Some(number * unit_ms)
}

/// Milliseconds since the epoch of `2026-08-01T12:00:00.5+02:00`; finer fractions are dropped.
pub(in crate::cli) fn parse_rfc3339(text: &str) -> Option<f64> {
    let (date, rest) = text.split_at_checked(10)?;
    let [year, month, day] = fields(date, '-', [4, 2, 2])?;
    let (clock, rest) = rest.strip_prefix(['T', 't', ' '])?.split_at_checked(8)?;
    let [hour, minute, second] = fields(clock, ':', [2, 2, 2])?;
    let (fraction_ms, zone) = match rest.strip_prefix('.') {
        Some(rest) => {
            let zone = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            let digits = &rest[..rest.len() - zone.len()];
            if digits.is_empty() {
                return None;
            }
            (format!("0.{digits}").parse::<f64>().ok()? * SECOND_MS, zone)
        }
        None => (0.0, rest),
    };
    let sane = (1..=12).contains(&month) && (1..=days_of_month(year, month)).contains(&day);
    if !sane || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let minutes = hour * 60 + minute - zone_minutes(zone)?;
    let seconds = (days_before(year, month) + day - 1) * 86_400 + minutes * 60 + second;
    Some(seconds as f64 * SECOND_MS + fraction_ms.floor())
}

/// How far the zone is ahead of UTC.
fn zone_minutes(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z") {
        return Some(0);
    }
    let (sign, offset) = match zone.strip_prefix('+') {
        Some(offset) => (1, offset),
        None => (-1, zone.strip_prefix('-')?),
    };
    let [hours, minutes] = fields(offset, ':', [2, 2])?;
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 60 + minutes))
}

/// Numbers of exactly so many digits, with a separator between them.
fn fields<const N: usize>(text: &str, separator: char, digits: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; N];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part =
            parts.next().filter(|part| part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit()))?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to the first of a month of a year from 0 on.
fn days_before(year: i64, month: i64) -> i64 {
    let leap_years_before = |year: i64| match year - 1 {
        last if last >= 0 => last / 4 - last / 100 + last / 400 + 1,
        _ => 0,
    };
    let years = 365 * (year - 1970) + leap_years_before(year) - leap_years_before(1970);
    years + (1..month).map(|month| days_of_month(year, month)).sum::<i64>()
}

/// A time as RFC 3339 writes it, in UTC; milliseconds only where there are any.
pub(in crate::cli) fn instant(at_ms: f64) -> String {
    if !(0.0..=LATEST_WRITTEN_MS).contains(&at_ms) {
        return format!("{at_ms:.0} ms since 1970");
    }
    let at_ms = at_ms as i64;
    let (days, ms_of_day) = (at_ms / 86_400_000, at_ms % 86_400_000);
    // A year has at most 366 days, so this is never too late, and by at most 22 years too early.
    let mut year = 1970 + days / 366;
    while days_before(year + 1, 1) <= days {
        year += 1;
    }
    let mut month = 1;
    while month < 12 && days_before(year, month + 1) <= days {
        month += 1;
    }
    let day = days - days_before(year, month) + 1;
    let (second, ms) = (ms_of_day / 1000, ms_of_day % 1000);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let fraction = if ms == 0 { String::new() } else { format!(".{ms:03}") };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// A time as seen from now: `in 10 s`, `3 min 5 s ago`.
pub(super) fn relative(at_ms: f64, now_ms: f64) -> String {
    let ahead_ms = at_ms - now_ms;
    match ahead_ms {
        0.0 => "now".into(),
        _ if ahead_ms > 0.0 => format!("in {}", span(ahead_ms)),
        _ => format!("{} ago", span(-ahead_ms)),
    }
}

/// A span in the two largest units that say something.
pub(in crate::cli) fn span(span_ms: f64) -> String {
    // Rounded first, so that 59.9 s is a minute and not `60 s`.
    let seconds = (span_ms / SECOND_MS).round();
    let two = |large_ms: f64, large: &str, small_ms: f64, small: &str| {
        let count = (seconds * SECOND_MS / large_ms).floor();
        let rest = ((seconds * SECOND_MS - count * large_ms) / small_ms).floor();
        if rest == 0.0 { format!("{count} {large}") } else { format!("{count} {large} {rest} {small}") }
    };
    match seconds * SECOND_MS {
        _ if span_ms < SECOND_MS => format!("{:.0} ms", span_ms.floor().max(0.0)),
        _ if span_ms < 10.0 * SECOND_MS => format!("{} s", (span_ms / 100.0).round() / 10.0),
        rounded_ms if rounded_ms < MINUTE_MS => format!("{seconds} s"),
        rounded_ms if rounded_ms < HOUR_MS => two(MINUTE_MS, "min", SECOND_MS, "s"),
        rounded_ms if rounded_ms < DAY_MS => two(HOUR_MS, "h", MINUTE_MS, "min"),
        _ => two(DAY_MS, "d", HOUR_MS, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: f64 = 1_785_585_600_000.0;

    #[test]
    fn whens_become_milliseconds() {
        for (text, expected_ms) in [
            ("+10s", NOW_MS + 10_000.0),
            ("+500ms", NOW_MS + 500.0),
            ("+0.5ms", NOW_MS),
            ("+2h", NOW_MS + 7_200_000.0),
            ("+1.5m", NOW_MS + 90_000.0),
            ("+1.5min", NOW_MS + 90_000.0),
            ("+1d", NOW_MS + 86_400_000.0),
            ("+0s", NOW_MS),
            ("1785585600000", NOW_MS),
            ("1", 1.0),
            ("2026-08-01T12:00:00Z", NOW_MS),
            ("2026-08-01 12:00:00z", NOW_MS),
            ("2026-08-01t14:00:00+02:00", NOW_MS),
            ("2026-07-31T23:30:00-12:30", NOW_MS),
            ("2026-08-01T12:00:00.25Z", NOW_MS + 250.0),
            ("2026-08-01T12:00:00.123999999Z", NOW_MS + 123.0),
            ("2024-02-29T00:00:00Z", 1_709_164_800_000.0),
            ("2000-03-01T00:00:00Z", 951_868_800_000.0),
            ("2262-04-11T23:47:16.854Z", LATEST_ALARM_MS),
        ] {
            assert_eq!(parse_when(text, NOW_MS).unwrap(), expected_ms, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused_with_what_is() {
        for text in [
            "",
            "+",
            "+10",
            "+s",
            "+.s",
            "+1e3s",
            "++1s",
            "+-1s",
            "+1 s",
            "+1y",
            "10s",
            "-10s",
            "tomorrow",
            "12.5",
            "2026-08-01",
            "2026-08-01T12:00:00",
            "2026-08-01T12:00Z",
            "2026-08-01T12:00:00.Z",
            "2026-08-01T12:00:00+0200",
            "2026-08-01T12:00:00+24:00",
            "2026-13-01T12:00:00Z",
            "2026-00-01T12:00:00Z",
            "2026-02-29T12:00:00Z",
            "1900-02-29T12:00:00Z",
            "2026-08-01T24:00:00Z",
            "2026-08-01T12:60:00Z",
            "+026-08-01T12:00:00Z",
            "2026-08-0éT12:00:00Z",
            "2026-08-01T12:00:00Z ",
            "\x1b[31m",
        ] {
            let refused = parse_when(text, NOW_MS).unwrap_err();
            assert_eq!(refused.to_string(), format!("`{}` is no time for an alarm", printable(text)));
            assert!(refused.hints()[0].contains("`+10s`") && refused.exit_code() == 2, "{text}");
        }
    }

    #[test]
    fn times_without_alarms_are_refused() {
        for text in [
            "0",
            "9223372036855",
            "99999999999999999999999",
            "+999999999999999h",
            "1969-12-31T23:59:59Z",
            "0000-01-01T00:00:00Z",
        ] {
            let refused = parse_when(text, NOW_MS).unwrap_err();
            assert_eq!(refused.to_string(), format!("no alarm can be set for `{text}`"));
        }
    }

    #[test]
    fn times_are_written_as_they_are_read() {
        for text in [
            "1970-01-01T00:00:00.001Z",
            "1972-02-29T23:59:59Z",
            "1999-12-31T23:59:59.999Z",
            "2000-01-01T00:00:00Z",
            "2100-03-01T00:00:00Z",
            "2261-12-31T00:00:00Z",
        ] {
            assert_eq!(instant(parse_when(text, NOW_MS).unwrap()), text);
        }
        assert_eq!(instant(LATEST_WRITTEN_MS), "9999-12-31T23:59:59.999Z");
        assert_eq!(instant(LATEST_WRITTEN_MS + 1.0), "253402300800000 ms since 1970");
        assert_eq!(instant(-1.0), "-1 ms since 1970");
    }

    #[test]
    fn times_are_told_from_now() {
        for (ahead_ms, expected) in [
            (0.0, "now"),
            (340.0, "in 340 ms"),
            (-999.0, "999 ms ago"),
            (1_000.0, "in 1 s"),
            (1_540.0, "in 1.5 s"),
            (9_990.0, "in 10 s"),
            (-42_400.0, "42 s ago"),
            (59_900.0, "in 1 min"),
            (-185_000.0, "3 min 5 s ago"),
            (7_380_000.0, "in 2 h 3 min"),
            (-356_400_000.0, "4 d 3 h ago"),
        ] {
            assert_eq!(relative(NOW_MS + ahead_ms, NOW_MS), expected);
        }
    }
}
