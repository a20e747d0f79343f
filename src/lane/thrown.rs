//! Errors of guests on their way to a person, with what leads their stacks back to the source.
//!
//! Invariant: the lane carries these and never asks a [`Sources`] anything: an answer may need files.

use emu_abi::{Failure, LogLevel};
use std::borrow::Cow;
use std::fmt::Debug;
use std::sync::Arc;

/// Leads places in a worker's code back to its source. A compiled worker has none.
pub trait Sources: Debug + Send + Sync {
    /// The text, a stack trace say, with places in the source instead of places in what was made of it.
    fn map_text<'t>(&self, text: &'t str) -> Cow<'t, str>;

    /// The lines of source around the innermost place of a stack, which has not been mapped. `None` if they are not
    /// known.
    fn code_frame(&self, stack: &str) -> Option<String>;
}

/// An error that a worker's code threw and nobody caught.
#[derive(Clone, Debug)]
pub struct Thrown {
    /// The error, with the engine's own stack.
    pub failure: Failure,
    /// The sources of the worker that threw it.
    pub sources: Option<Arc<dyn Sources>>,
    /// The log has told of it before, with its stack, where it was thrown.
    pub is_reported: bool,
}

impl Thrown {
    /// Whether `failure` is this error, thrown on by whoever it was thrown at.
    pub(super) fn is_passed_on_as(&self, failure: &Failure) -> bool {
        let Failure { name, message, .. } = &self.failure;
        // An error of the worker's own class arrives as an `Error` whose message begins with the class's name.
        let is_own_class = failure.message.strip_prefix(name.as_str()).and_then(|rest| rest.strip_prefix(": "));
        failure.remote && (failure.message == *message || is_own_class == Some(message))
    }

    /// What was thrown, as the engine words it: its stack, which begins with its name and message.
    fn engine_text(&self) -> String {
        let head = self.failure.to_string();
        match self.failure.stack.as_deref().map(|stack| stack.trim_end_matches('\n')) {
            None | Some("") => head,
            // Some engines leave out the first line.
            Some(stack) if stack.trim_start().starts_with("at ") => format!("{head}\n{stack}"),
            Some(stack) => stack.to_owned(),
        }
    }

    /// Name, message and stack, with places in the source.
    pub fn text(&self) -> String {
        let text = self.engine_text();
        match &self.sources {
            Some(sources) => sources.map_text(&text).into_owned(),
            None => text,
        }
    }

    /// The lines of source that threw it.
    pub fn code_frame(&self) -> Option<String> {
        self.sources.as_ref()?.code_frame(self.failure.stack.as_deref()?)
    }
}

impl From<Failure> for Thrown {
    /// An error of the platform's own, which has no place in any source.
    fn from(failure: Failure) -> Self {
        Self { failure, sources: None, is_reported: false }
    }
}

/// An error that ended a handler, or a promise given to `waitUntil`.
#[derive(Clone, Debug)]
pub struct Uncaught {
    /// The worker.
    pub worker: Arc<str>,
    /// The object, as `Class/name` or `Class/id`.
    pub object: Option<String>,
    /// What ended: `alarm()`, say.
    pub what: &'static str,
    /// The error.
    pub thrown: Thrown,
}

impl Uncaught {
    /// A promise of which nobody waits for what it comes to.
    pub(super) const WAIT_UNTIL: &str = "a promise given to waitUntil()";
    /// A handler of a hibernatable socket's events.
    pub(super) const SOCKET: &str = "a WebSocket handler";

    /// Whether nobody but the log learns of the error: callers are told what a request came to, and alarms run again.
    pub fn is_lost(&self) -> bool {
        !self.thrown.is_reported && [Self::WAIT_UNTIL, Self::SOCKET].contains(&self.what)
    }
}

/// A line of the log.
#[derive(Clone, Debug)]
pub struct LogLine {
    /// How important.
    pub level: LogLevel,
    /// The worker.
    pub worker: Arc<str>,
    /// The object, as `Class/name` or `Class/id`.
    pub object: Option<String>,
    /// The text.
    pub message: String,
    /// The sources of the worker, if it is code of the worker that says this.
    pub sources: Option<Arc<dyn Sources>>,
}

impl LogLine {
    /// The text, with places in the source where it holds a stack.
    pub fn text(&self) -> Cow<'_, str> {
        match &self.sources {
            Some(sources) if self.message.contains("\n    at ") => sources.map_text(&self.message),
            _ => Cow::Borrowed(&self.message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Upper;

    impl Sources for Upper {
        fn map_text<'t>(&self, text: &'t str) -> Cow<'t, str> {
            text.replace("worker.js:9:9", "src/index.ts:1:2").into()
        }

        fn code_frame(&self, stack: &str) -> Option<String> {
            stack.contains("worker.js:9:9").then(|| "1 | here".into())
        }
    }

    fn thrown(stack: Option<&str>, sources: Option<Arc<dyn Sources>>) -> Thrown {
        let failure = Failure { stack: stack.map(str::to_owned), ..Failure::type_error("no") };
        Thrown { failure, sources, is_reported: false }
    }

    #[test]
    fn a_stack_is_shown_with_its_first_line_and_places_in_the_source() {
        let cases = [
            (None, "TypeError: no"),
            (Some(""), "TypeError: no"),
            (Some("    at f (worker.js:9:9)\n"), "TypeError: no\n    at f (src/index.ts:1:2)"),
            (Some("Mine: no\n    at worker.js:9:9"), "Mine: no\n    at src/index.ts:1:2"),
        ];
        for (stack, shown) in cases {
            let error = thrown(stack, Some(Arc::new(Upper)));
            assert_eq!(error.text(), shown, "{stack:?}");
            assert_eq!(error.code_frame().is_some(), shown.contains("index.ts"), "{stack:?}");
        }
        let compiled = thrown(Some("    at worker.js:9:9"), None);
        assert_eq!((compiled.text().as_str(), compiled.code_frame()), ("TypeError: no\n    at worker.js:9:9", None));
    }

    #[test]
    fn an_error_is_known_again_when_it_is_thrown_on() {
        let error = thrown(None, None);
        let cases = [
            (Failure { remote: true, ..Failure::type_error("no") }, true),
            (Failure { remote: true, ..Failure::error("TypeError: no") }, true),
            (Failure { remote: true, ..Failure::error("other") }, false),
            (Failure::type_error("no"), false),
        ];
        for (failure, is_same) in cases {
            assert_eq!(error.is_passed_on_as(&failure), is_same, "{failure}");
        }
    }

    #[test]
    fn only_a_line_of_the_log_with_a_stack_is_mapped() {
        let line = |message: &str| LogLine {
            level: LogLevel::Log,
            worker: "w".into(),
            object: None,
            message: message.into(),
            sources: Some(Arc::new(Upper)),
        };
        assert_eq!(line("worker.js:9:9").text(), "worker.js:9:9");
        assert_eq!(line("E\n    at worker.js:9:9").text(), "E\n    at src/index.ts:1:2");
    }
}
