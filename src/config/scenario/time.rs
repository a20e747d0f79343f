//! Moments and lengths of time as people write them.
//!
//! Invariant: pure; what is no time is nothing.

/// The units of a length of time, the longer names first.
const UNITS_MS: [(&str, f64); 7] =
    [("ms", 1.0), ("min", 6e4), ("s", 1e3), ("m", 6e4), ("h", 3.6e6), ("d", 8.64e7), ("w", 6.048e8)];

/// Milliseconds of `2h`, `1h 30m`, `250ms`.
pub(super) fn length_ms(text: &str) -> Option<f64> {
    let mut rest = text.trim();
    let mut sum_ms = None;
    while !rest.is_empty() {
        let end = rest.find(|char: char| !char.is_ascii_digit() && char != '.')?;
        let count: f64 = rest[..end].parse().ok()?;
        let unit = rest[end..].trim_start();
        let (name, unit_ms) = UNITS_MS.iter().find(|(name, _)| unit.starts_with(name))?;
        sum_ms = Some(sum_ms.unwrap_or(0.0) + count * unit_ms);
        rest = unit[name.len()..].trim_start();
    }
    sum_ms.filter(|ms| ms.is_finite())
}

/// Milliseconds from 1970 to `2026-01-01T00:00:00Z`; the time, its seconds and their fraction may be left out.
pub(super) fn moment_ms(text: &str) -> Option<f64> {
    let (date, time) = text.split_once('T').unwrap_or((text, "00:00Z"));
    let mut parts = date.split('-');
    let (year, month, day) = (digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let is_date = parts.next().is_none() && (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    let mut parts = time.strip_suffix('Z')?.split(':');
    let (hour, minute) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let (whole, fraction) = parts.next().unwrap_or("00").split_once('.').unwrap_or((time_second(time), "0"));
    let second = digits(whole, 2)?;
    let ms =
        format!("0.{fraction}").parse::<f64>().ok().filter(|_| fraction.bytes().all(|byte| byte.is_ascii_digit()))?;
    let is_time = parts.next().is_none() && hour < 24 && minute < 60 && second < 60;
    let seconds = ((days_before(year, month) + day - 1) * 24 + hour) * 3600 + minute * 60 + second;
    (is_date && is_time).then_some((seconds as f64 + ms) * 1000.0)
}

/// The seconds of a time that has no fraction of them.
fn time_second(time: &str) -> &str {
    time.trim_end_matches('Z').splitn(3, ':').nth(2).unwrap_or("00")
}

fn digits(text: &str, count: usize) -> Option<i64> {
    let all = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| text.parse().ok())?
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970 to the first of a month.
fn days_before(year: i64, month: i64) -> i64 {
    let leap_days = |year: i64| year / 4 - year / 100 + year / 400;
    let of_years = (year - 1970) * 365 + leap_days(year - 1) - leap_days(1969);
    of_years + (1..month).map(|month| days_in(year, month)).sum::<i64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_have_units() {
        for (text, ms) in [
            ("2h", Some(7.2e6)),
            ("1h 30m", Some(5.4e6)),
            ("1h30min", Some(5.4e6)),
            ("250ms", Some(250.0)),
            ("0.5 s", Some(500.0)),
            ("1w 1d", Some(8.0 * 8.64e7)),
            ("", None),
            ("5", None),
            ("h", None),
            ("-1s", None),
            ("1.2.3s", None),
            ("3 years", None),
        ] {
            assert_eq!(length_ms(text), ms, "{text}");
        }
    }

    #[test]
    fn moments_are_in_utc() {
        for (text, ms) in [
            ("1970-01-01T00:00:00Z", Some(0.0)),
            ("2025-01-01", Some(1_735_689_600_000.0)),
            ("2024-02-29T23:59:59.5Z", Some(1_709_251_199_500.0)),
            ("2026-01-01T12:30Z", Some(1_767_270_600_000.0)),
            ("1969-12-31T23:59:59Z", Some(-1000.0)),
            ("2025-02-29", None),
            ("2025-13-01", None),
            ("2025-01-01T24:00Z", None),
            ("2025-01-01T00:00:00", None),
            ("2025-01-01T00:00:00+01:00", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(moment_ms(text), ms, "{text}");
        }
    }
}
