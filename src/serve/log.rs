//! What the terminal shows while emu serves: requests with status and duration, guests' lines with their object.
//!
//! Invariant: one writer; a line is written whole or, when nobody reads any more, not at all.

use super::sink::Sink;
use crate::lane::{LogLine, Thrown, Uncaught};
use crate::world::World;
use crate::world::real::RealWorld;
use emu_abi::LogLevel;
use hyper::{Request, StatusCode};
use serde_json::json;
use std::sync::Arc;
use std::time::Instant;

/// How wrangler marks what should be looked at (reference §5.4).
const WARNING_MARK: &str = "▲ [WARNING]";
const ERROR_MARK: &str = "✘ [ERROR]";

/// `--log-format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
    /// Nothing but what is needed to know that it runs.
    Quiet,
}

/// Writes the log.
pub struct Log {
    format: LogFormat,
    colour: bool,
    sink: Arc<Sink>,
}

impl Log {
    /// A log on standard output, with colours or without.
    pub fn new(format: LogFormat, colour: bool) -> Self {
        Self { format, colour, sink: Sink::start() }
    }

    /// emu listens. Tools wait for this line, so it is wrangler's (reference §5.1).
    pub fn ready(&self, url: &str) {
        match self.format {
            LogFormat::Json => self
                .object(json!({ "level": "info", "source": "emu", "message": format!("Ready on {url}"), "url": url })),
            LogFormat::Pretty | LogFormat::Quiet => self.line(&format!("{}Ready on {url}", self.tag())),
        }
        self.flush();
    }

    /// A line of emu's own.
    pub fn info(&self, message: &str) {
        match self.format {
            LogFormat::Json => self.object(json!({ "level": "info", "source": "emu", "message": message })),
            LogFormat::Pretty | LogFormat::Quiet => self.line(&format!("{}{message}", self.tag())),
        }
    }

    /// Something the reader should look at.
    pub fn warn(&self, message: &str) {
        match self.format {
            LogFormat::Json => self.object(json!({ "level": "warn", "source": "emu", "message": message })),
            LogFormat::Pretty | LogFormat::Quiet => {
                self.line(&format!("{} {message}", self.painted("33", WARNING_MARK)))
            }
        }
    }

    /// An error, as [`crate::error::report`] words it.
    pub fn error(&self, report: &str) {
        let report = report.strip_prefix("error: ").unwrap_or(report);
        match self.format {
            LogFormat::Json => self.object(json!({ "level": "error", "source": "emu", "message": report })),
            LogFormat::Pretty | LogFormat::Quiet => {
                self.line(&format!("{} {}", self.painted("31", ERROR_MARK), report.trim_end()))
            }
        }
    }

    /// A line of a guest, or about one.
    pub(crate) fn guest(&self, line: &LogLine) {
        let level = match line.level {
            LogLevel::Debug => "debug",
            LogLevel::Log => "log",
            LogLevel::Info => "info",
            LogLevel::Warn => "warn",
            LogLevel::Error => "error",
        };
        match self.format {
            LogFormat::Json => self.object(json!({ "level": level, "source": "worker", "worker": &*line.worker, "object": line.object, "message": line.text() })),
            LogFormat::Quiet if line.level != LogLevel::Error => {}
            LogFormat::Pretty | LogFormat::Quiet => {
                let object = line.object.as_ref().map(|object| format!("[{object}] ")).unwrap_or_default();
                let text = format!("{}{}", self.painted("2", &object), line.text());
                self.line(&match line.level {
                    LogLevel::Error => format!("{} {text}", self.painted("31", ERROR_MARK)),
                    LogLevel::Warn => format!("{} {text}", self.painted("33", WARNING_MARK)),
                    LogLevel::Debug => self.painted("2", &text),
                    LogLevel::Log | LogLevel::Info => text,
                });
            }
        }
    }

    /// An error that nobody caught ended something in a worker.
    pub(super) fn uncaught(&self, uncaught: &Uncaught) {
        let Uncaught { worker, object, what, thrown } = uncaught;
        let place = object.clone().unwrap_or_else(|| format!("the worker `{worker}`"));
        self.thrown(&format!("in {what} of {place}"), thrown, Some((worker, object.as_deref())));
    }

    /// An error that nobody caught was the answer to somebody outside.
    pub(super) fn failed_while(&self, what: &str, thrown: &Thrown) {
        self.thrown(&format!("while {what}"), thrown, None);
    }

    fn thrown(&self, when: &str, thrown: &Thrown, of: Option<(&str, Option<&str>)>) {
        let text = match thrown.is_reported {
            true => format!("Uncaught {}", thrown.failure),
            false => format!("Uncaught {}", thrown.text()),
        };
        match self.format {
            LogFormat::Json => {
                let (worker, object) = of.unzip();
                self.object(json!({ "level": "error", "source": "worker", "worker": worker, "object": object.flatten(), "message": text, "when": when }));
            }
            LogFormat::Pretty | LogFormat::Quiet => self.error(&format!("{text}\n  {when}")),
        }
    }

    fn request(&self, method: &str, path: &str, status: StatusCode, duration_ms: f64) {
        match self.format {
            LogFormat::Json => self.object(json!({ "level": "info", "source": "request", "method": method, "path": path, "status": status.as_u16(), "ms": duration_ms })),
            LogFormat::Quiet => {}
            LogFormat::Pretty => {
                let colour = if status.is_server_error() { "31" } else if status.is_client_error() { "33" } else { "32" };
                self.line(&format!(
                    "{}{method} {path} {} ({duration_ms:.0}ms)",
                    self.tag(),
                    self.painted(colour, &format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or("")))
                ));
            }
        }
    }

    /// A WebSocket connection has ended.
    pub(super) fn socket(&self, path: &str, ended: &SocketEnded) {
        let SocketEnded { code, received, sent, duration_ms } = ended;
        match self.format {
            LogFormat::Json => self.object(
                json!({ "level": "info", "source": "socket", "path": path, "code": code, "received": received, "sent": sent, "ms": duration_ms }),
            ),
            LogFormat::Quiet => {}
            LogFormat::Pretty => self.line(&format!(
                "{}WebSocket {path} closed {code}, {received} received, {sent} sent ({duration_ms:.0}ms)",
                self.tag()
            )),
        }
    }

    /// A JSON line, with its time.
    fn object(&self, mut object: serde_json::Value) {
        object["time"] = json!(RealWorld::default().now_ms());
        self.line(&object.to_string());
    }

    /// What stands before a line for people: the time of day in UTC, as the runtime has it.
    fn tag(&self) -> String {
        let ms = RealWorld::default().now_ms() as u64 % 86_400_000;
        let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
        self.painted("2", &format!("{hours:02}:{minutes:02}:{seconds:02}.{:03} [emu:info] ", ms % 1000))
    }

    fn painted(&self, colour: &str, text: &str) -> String {
        if self.colour && !text.is_empty() { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn line(&self, line: &str) {
        self.sink.add(line);
    }

    /// Waits until all is written, for a moment at most.
    pub fn flush(&self) {
        self.sink.flush();
    }
}

/// How a WebSocket connection went.
pub(super) struct SocketEnded {
    pub(super) code: u16,
    pub(super) received: u64,
    pub(super) sent: u64,
    pub(super) duration_ms: f64,
}

/// A request that is being served.
pub(super) struct Served {
    log: Arc<Log>,
    method: String,
    path: String,
    since: Option<Instant>,
}

impl Served {
    #[expect(clippy::disallowed_methods, reason = "durations in the log; no guest sees them")]
    pub(super) fn begins<B>(request: &Request<B>, log: &Arc<Log>) -> Self {
        if log.format == LogFormat::Quiet {
            return Self { log: Arc::clone(log), method: String::new(), path: String::new(), since: None };
        }
        Self {
            log: Arc::clone(log),
            method: request.method().as_str().to_owned(),
            path: request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            since: Some(Instant::now()),
        }
    }

    pub(super) fn ends(self, status: StatusCode) {
        if let Some(since) = self.since {
            self.log.request(&self.method, &self.path, status, since.elapsed().as_secs_f64() * 1000.0);
        }
    }
}
