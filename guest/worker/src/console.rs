//! `console_log!` and its siblings.

use crate::host;
use emu_abi::{LogLevel, Op};
use std::fmt;

/// Writes a line to the log.
pub fn log(level: LogLevel, message: fmt::Arguments<'_>) {
    host::op(&Op::Log { level, message: message.to_string() });
}

/// Writes a formatted line to the log, as `console.debug` does.
#[macro_export]
macro_rules! console_debug {
    ($($t:tt)*) => { $crate::expansion::log($crate::expansion::LogLevel::Debug, format_args!($($t)*)) };
}

/// Writes a formatted line to the log, as `console.log` does.
#[macro_export]
macro_rules! console_log {
    ($($t:tt)*) => { $crate::expansion::log($crate::expansion::LogLevel::Log, format_args!($($t)*)) };
}

/// Writes a formatted line to the log, as `console.warn` does.
#[macro_export]
macro_rules! console_warn {
    ($($t:tt)*) => { $crate::expansion::log($crate::expansion::LogLevel::Warn, format_args!($($t)*)) };
}

/// Writes a formatted line to the log, as `console.error` does.
#[macro_export]
macro_rules! console_error {
    ($($t:tt)*) => { $crate::expansion::log($crate::expansion::LogLevel::Error, format_args!($($t)*)) };
}
