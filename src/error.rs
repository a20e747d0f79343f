//! The one error type of emu, for the person at the terminal: what happened, where, and what to do next.
//!
//! What a *guest* sees when something fails is not this type but [`emu_abi::Failure`], the platform's own exceptions.
//!
//! Invariant: depends on nothing else in emu.

use std::fmt;

/// Whose fault it is, and so how it is presented and which code the process exits with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The command line was wrong.
    Usage,
    /// The configuration or a file it names is wrong.
    Config,
    /// The worker is at fault.
    Guest,
    /// A database or a folder is at fault.
    Storage,
    /// A port, a connection or another process is at fault.
    Network,
    /// A bug of emu's.
    Internal,
}

/// An error for the reader: lower case, names in backticks, no full stop.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    what: String,
    hints: Vec<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// `Result` with emu's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), hints: Vec::new(), source: None }
    }

    /// The command line was wrong.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(Kind::Usage, what)
    }

    /// The configuration, or a file it names, is wrong.
    pub fn config(what: impl Into<String>) -> Self {
        Self::new(Kind::Config, what)
    }

    /// The worker is at fault.
    pub fn guest(what: impl Into<String>) -> Self {
        Self::new(Kind::Guest, what)
    }

    /// A database or a folder is at fault.
    pub fn storage(what: impl Into<String>) -> Self {
        Self::new(Kind::Storage, what)
    }

    /// A port, a connection or another process is at fault.
    pub fn network(what: impl Into<String>) -> Self {
        Self::new(Kind::Network, what)
    }

    /// A bug of emu's.
    pub fn internal(what: impl Into<String>) -> Self {
        Self::new(Kind::Internal, what).hint("this is a bug in emu: please report it with the command you ran")
    }

    /// Adds what the reader can do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds the error underneath.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Whose fault it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What the reader can do next, in order.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// The process's exit code: 2 for what the user must correct before anything can run, 70 for a bug of ours.
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            Kind::Usage | Kind::Config => 2,
            Kind::Guest | Kind::Storage | Kind::Network => 1,
            Kind::Internal => 70,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as &(dyn std::error::Error + 'static))
    }
}

/// The whole error as the terminal shows it: the sentence, the chain of causes, the hints.
pub fn report(error: &Error) -> String {
    let mut text = format!("error: {error}\n");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(&format!("  because: {cause}\n"));
        source = cause.source();
    }
    for hint in &error.hints {
        text.push_str(&format!("  help: {hint}\n"));
    }
    text
}
