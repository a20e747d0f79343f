//! How an isolate can end against its will, and what its callers are told.
//!
//! Invariant: every way a guest can misbehave ends here, as a value; none of them is a panic of the host.

use emu_abi::Failure;

/// Why an isolate ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Death {
    /// A turn used more CPU time than its event is allowed: the stack that it was at, if the guest could say.
    Cpu(Option<String>),
    /// The memory limit was reached.
    Memory,
    /// The call stack was exhausted.
    Stack,
    /// The guest trapped: a panic, an unreachable instruction, an access out of bounds.
    Trap(String),
    /// The guest broke the interface: a bad pointer, a message that does not decode.
    Abi(String),
    /// The guest called `ctx.abort()`.
    Aborted {
        /// The reason, if it gave one.
        reason: Option<String>,
        /// Whether a running alarm may be retried.
        retry_alarm: bool,
    },
}

impl Death {
    /// What callers of a Durable Object see (reference §1.15).
    pub fn object_failure(&self) -> Failure {
        let reset = Failure { durable_object_reset: true, ..Failure::error("") };
        match self {
            Self::Cpu(_) => {
                Failure { message: "Durable Object exceeded its CPU time limit and was reset.".into(), ..reset }
            }
            Self::Memory => Failure {
                message: "Durable Object's isolate exceeded its memory limit and was reset.".into(),
                overloaded: true,
                ..reset
            },
            Self::Aborted { reason, .. } => Failure {
                message: reason.clone().unwrap_or_else(|| "Application called abort() to reset Durable Object.".into()),
                remote: true,
                ..reset
            },
            Self::Stack | Self::Trap(_) | Self::Abi(_) => {
                Failure { name: self.error_name().into(), message: self.message(), remote: true, ..reset }
            }
        }
    }

    /// What callers of a stateless worker see (reference §1.15, §2.2).
    pub fn worker_failure(&self) -> Failure {
        Failure { name: self.error_name().into(), message: self.message(), remote: true, ..Failure::default() }
    }

    fn error_name(&self) -> &'static str {
        match self {
            Self::Stack => "RangeError",
            Self::Trap(_) => "RuntimeError",
            _ => "Error",
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Cpu(_) => "Worker exceeded CPU time limit.".into(),
            Self::Memory => "Worker has exceeded memory limit.".into(),
            Self::Stack => "Maximum call stack size exceeded".into(),
            Self::Trap(message) => message.clone(),
            Self::Abi(message) => format!("the worker broke emu's guest interface: {message}"),
            Self::Aborted { reason, .. } => {
                reason.clone().unwrap_or_else(|| "Worker execution was aborted due to call to ctx.abort().".into())
            }
        }
    }
}

impl std::fmt::Display for Death {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message())
    }
}

impl std::error::Error for Death {}
