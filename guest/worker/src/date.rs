//! [`Date`], and the guest's clock.

use chrono::{DateTime, TimeZone, Utc};
use std::cell::Cell;
use std::fmt;

thread_local! {
    static NOW_MS: Cell<f64> = const { Cell::new(0.0) };
}

/// Sets what `Date::now()` answers during the turn that begins.
pub(crate) fn set_now(now_ms: f64) {
    NOW_MS.set(now_ms);
}

pub(crate) fn now_ms() -> f64 {
    NOW_MS.get()
}

/// A moment, to the millisecond. The clock does not move while code runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Date {
    ms: f64,
}

impl Eq for Date {}

/// What a [`Date`] is made from.
#[derive(Debug)]
pub enum DateInit {
    /// Milliseconds since the epoch.
    Millis(u64),
    /// A date in the format of ISO 8601 or RFC 2822.
    String(String),
}

impl From<DateInit> for Date {
    fn from(init: DateInit) -> Self {
        Self::new(init)
    }
}

impl Date {
    /// That moment; an invalid one if the text is no date.
    pub fn new(init: DateInit) -> Self {
        let ms = match init {
            DateInit::Millis(ms) => ms as f64,
            DateInit::String(text) => parse(&text),
        };
        Self { ms }
    }

    /// Now.
    pub fn now() -> Self {
        Self { ms: now_ms() }
    }

    /// Milliseconds since the epoch; 0 for an invalid date.
    pub fn as_millis(&self) -> u64 {
        self.ms as u64
    }
}

/// Milliseconds since the epoch, or NaN.
pub(crate) fn parse(text: &str) -> f64 {
    let moment = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_rfc2822(text));
    if let Ok(moment) = moment {
        return moment.timestamp_millis() as f64;
    }
    match text.parse::<chrono::NaiveDate>() {
        Ok(day) => day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis() as f64,
        Err(_) => f64::NAN,
    }
}

/// As `Date.prototype.toString()` prints it.
pub(crate) fn display(ms: f64) -> String {
    let moment = if ms.is_finite() { DateTime::<Utc>::from_timestamp_millis(ms as i64) } else { None };
    match moment {
        Some(moment) => moment.format("%a %b %d %Y %H:%M:%S GMT+0000 (Coordinated Universal Time)").to_string(),
        None => "Invalid Date".to_owned(),
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&display(self.ms))
    }
}

impl<T: TimeZone> From<DateTime<T>> for Date {
    fn from(moment: DateTime<T>) -> Self {
        Self { ms: moment.timestamp_millis() as f64 }
    }
}

/// The stand-in for `js_sys::Date`.
#[derive(Clone, Debug, PartialEq)]
pub struct JsDate(f64);

impl JsDate {
    /// A moment, from milliseconds since the epoch or from text.
    pub fn new(init: &crate::js::JsValue) -> Self {
        match init.as_string() {
            Some(text) => Self(parse(&text)),
            None => Self(init.as_f64().unwrap_or(f64::NAN)),
        }
    }

    /// Now.
    pub fn new_0() -> Self {
        Self(now_ms())
    }

    /// Now, in milliseconds since the epoch.
    pub fn now() -> f64 {
        now_ms()
    }

    /// Milliseconds since the epoch.
    pub fn get_time(&self) -> f64 {
        self.0
    }
}

impl From<Date> for JsDate {
    fn from(date: Date) -> Self {
        Self(date.ms)
    }
}

impl From<JsDate> for Date {
    fn from(date: JsDate) -> Self {
        Self { ms: date.0 }
    }
}
