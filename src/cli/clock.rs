//! `emu clock`: the clock of an emu that runs with `--virtual-time`.
//!
//! Invariant: asks the running emu; the clock is there.

use super::objects::discover::{self, Place, Server};
use super::objects::exchange::{self, Answer};
use super::objects::time::{instant, parse_rfc3339, parse_span, span};
use crate::error::{Error, Result};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::Path;

/// Where the control API of the clock is.
const PATH: &str = "/cdn-cgi/local/clock";

/// Look at the clock of an emu that runs with `--virtual-time`, and move it.
///
/// Timers and alarms that become due on the way run in their order, each at its own time. The command ends when nothing
/// is due any more.
#[derive(Args, Debug)]
pub(super) struct ClockArgs {
    #[command(subcommand)]
    verb: ClockVerb,

    /// Print emu's answer as JSON and nothing else
    #[arg(long, global = true)]
    json: bool,

    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Subcommand)]
enum ClockVerb {
    /// Show what time it is for guests
    Show,

    /// Let time pass: `500ms`, `10s`, `5m`, `2h`, `1d`
    ///
    /// Example: `emu clock advance 2h`
    Advance {
        /// How much
        #[arg(value_name = "SPAN", allow_hyphen_values = true)]
        span: String,
    },

    /// Let time pass until `2026-01-01T00:00:00Z`, or until so many milliseconds since 1970
    Set {
        /// Until when. The clock never goes back
        #[arg(value_name = "TIME", allow_hyphen_values = true)]
        time: String,
    },
}

/// Runs the verb.
///
/// # Errors
/// When what was typed is wrong, no emu is found or answers, or its clock is the system's.
pub(super) fn run(args: &ClockArgs) -> Result<()> {
    let here = std::env::current_dir().map_err(|error| Error::usage("there is no current folder").because(error))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::network("the event loop cannot be started").because(error))?;
    let result = runtime.block_on(perform(args, &here));
    // A name that is still being resolved must not keep the process.
    runtime.shutdown_background();
    super::print(&result?)
}

/// Does all but printing: returns what standard output is to get.
async fn perform(args: &ClockArgs, here: &Path) -> Result<String> {
    let wanted = args.verb.wanted()?;
    let server = discover::find(&args.place, here)?;
    let mut answer = exchange::ask(&server, PATH, None).await?;
    if answer.value["virtual"] != true {
        return Err(Error::usage(format!("the emu at `{server}` runs by the system's clock"))
            .hint("restart it with `emu serve --virtual-time`"));
    }
    if let Some(wanted) = wanted {
        answer = go(&server, &answer, &wanted).await?;
    }
    if args.json { Ok(answer.json()) } else { tell(&answer.value) }
}

async fn go(server: &Server, before: &Answer, wanted: &Value) -> Result<Answer> {
    let (now_ms, to_ms) = (number(&before.value, "now")?, wanted["to"].as_f64());
    if to_ms.is_some_and(|to_ms| to_ms < now_ms) {
        return Err(Error::usage(format!("the clock shows {} already, and never goes back", instant(now_ms)))
            .hint("restart emu for an earlier time"));
    }
    exchange::ask(server, PATH, Some(wanted)).await
}

impl ClockVerb {
    /// What the clock is to do, if it is not only looked at.
    fn wanted(&self) -> Result<Option<Value>> {
        Ok(match self {
            Self::Show => None,
            Self::Advance { span } => Some(json!({ "advance": span_ms(span)? })),
            Self::Set { time } => Some(json!({ "to": time_ms(time)? })),
        })
    }
}

fn span_ms(text: &str) -> Result<f64> {
    parse_span(text.strip_prefix('+').unwrap_or(text)).ok_or_else(|| {
        Error::usage(format!("`{}` is no span of time", text.escape_debug()))
            .hint("give a number with its unit: `500ms`, `10s`, `5m`, `2h`, `1d`")
    })
}

fn time_ms(text: &str) -> Result<f64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let at_ms = if is_number { text.parse().ok() } else { parse_rfc3339(text) };
    at_ms.ok_or_else(|| {
        Error::usage(format!("`{}` is no time", text.escape_debug()))
            .hint("give a time with its zone (`2026-01-01T00:00:00Z`), or milliseconds since 1970")
    })
}

fn tell(answer: &Value) -> Result<String> {
    let now_ms = number(answer, "now")?;
    Ok(match answer["from"].as_f64() {
        Some(from_ms) => format!("{}, {} later\n", instant(now_ms), span(now_ms - from_ms)),
        None => format!("{}\n", instant(now_ms)),
    })
}

fn number(answer: &Value, name: &str) -> Result<f64> {
    answer[name].as_f64().ok_or_else(|| {
        Error::network(format!("emu's answer about its clock has no `{name}`"))
            .hint("is it an emu of another version? `emu --version`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_times_are_understood() {
        for (text, expected_ms) in [("2h", 7_200_000.0), ("+1.5m", 90_000.0), ("500ms", 500.0), ("1d", 86_400_000.0)] {
            assert_eq!(span_ms(text).expect("a span"), expected_ms, "{text}");
        }
        for (text, expected_ms) in
            [("2026-01-01T00:00:00Z", 1_767_225_600_000.0), ("1767225600000", 1_767_225_600_000.0)]
        {
            assert_eq!(time_ms(text).expect("a time"), expected_ms, "{text}");
        }
        for text in ["", "2", "-2h", "2 h", "++2h", "tomorrow"] {
            assert!(span_ms(text).is_err_and(|error| error.exit_code() == 2), "{text}");
        }
        for text in ["", "2h", "+2h", "2026-01-01", "12.5", "-1"] {
            assert!(time_ms(text).is_err_and(|error| error.exit_code() == 2), "{text}");
        }
    }

    #[test]
    fn the_clock_is_told() {
        let at_ms = 1_767_225_600_000.0;
        assert_eq!(tell(&json!({ "now": at_ms })).expect("a time"), "2026-01-01T00:00:00Z\n");
        let moved = tell(&json!({ "from": at_ms - 7_200_000.0, "now": at_ms })).expect("a time");
        assert_eq!(moved, "2026-01-01T00:00:00Z, 2 h later\n");
        assert!(tell(&json!({})).is_err());
    }
}
