//! `emu do`: the commands against a running emu. Each is one request to its control API.
//!
//! What was typed becomes a request here and in [`target`] and [`time`]; [`discover`] says where the running emu is,
//! [`exchange`] asks it, [`answer`] puts its answer into words, [`table`] into columns.
//!
//! Invariant: changes nothing itself and opens no database; all that happens to objects happens in the running emu.

mod answer;
pub(super) mod discover;
pub(super) mod exchange;
mod table;
mod target;
#[cfg(test)]
mod tests;
pub(super) mod time;

use crate::error::{Error, Result};
use crate::world::World;
use crate::world::real::RealWorld;
use clap::{Args, Subcommand, ValueEnum};
use discover::Place;
use serde_json::{Value, json};
use std::path::Path;
use target::{ObjectArg, Target};

/// Where the control API of objects is.
const PATH: &str = "/cdn-cgi/local/do";

/// Look at the Durable Objects of a running emu, and do to them what production does.
///
/// OBJECT is `Class/name`, or `Class/` and the 64 hex digits of an id; where two workers have a class of the same name
/// it is `worker-Class/name`. The emu is the one that keeps its state beside the nearest configuration; `--url` names
/// any other.
#[derive(Args, Debug)]
pub(super) struct ObjectsArgs {
    #[command(subcommand)]
    verb: ObjectVerb,

    /// Print emu's answer as JSON and nothing else
    #[arg(long, global = true)]
    json: bool,

    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Subcommand)]
enum ObjectVerb {
    /// List the objects that emu knows: their state, sockets, constructor runs and alarm
    ///
    /// `active` has something to do, `idle` is in memory and free, `hibernated` keeps only its sockets, `inactive`
    /// only its storage.
    List {
        /// Only objects of this class
        class: Option<String>,
    },

    /// Show everything known about an object
    Show {
        #[command(flatten)]
        object: ObjectArg,
    },

    /// Say what keeps an object from being hibernated, and since when
    Why {
        #[command(flatten)]
        object: ObjectArg,
    },

    /// Take an object out of memory as soon as it is idle, as production does at any time
    ///
    /// Its storage, alarm and hibernatable sockets stay; what it kept in variables is gone. Waits for at most 30 s.
    ///
    /// Example: `emu do evict Room/lobby --sockets close`
    Evict {
        #[command(flatten)]
        object: ObjectArg,

        /// What becomes of its hibernatable sockets
        #[arg(long, value_enum, default_value = "hibernate")]
        sockets: Sockets,

        /// Do not wait until it is idle: what it is doing fails
        #[arg(long)]
        now: bool,
    },

    /// Hibernate an object as soon as it is idle: like `evict`, and its sockets stay connected
    Hibernate {
        #[command(flatten)]
        object: ObjectArg,

        /// Do not wait until it is idle: what it is doing fails
        #[arg(long)]
        now: bool,
    },

    /// Reset an object as `ctx.abort()` does: callers get the reason, sockets are cut
    Abort {
        #[command(flatten)]
        object: ObjectArg,

        /// What callers see as the error's message
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },

    /// Crash an object as if its machine had died: uncommitted writes are lost, sockets are cut
    Crash {
        #[command(flatten)]
        object: ObjectArg,
    },

    /// Look at an object's alarm, run it now, move it or delete it
    #[command(subcommand)]
    Alarm(AlarmVerb),

    /// Run SQL in an object's database and print the rows
    ///
    /// The object need not be in memory. The restrictions of `ctx.storage.sql` hold, and writes are committed.
    ///
    /// Example: `emu do sql Room/lobby "SELECT * FROM messages ORDER BY id DESC LIMIT 10"`
    Sql {
        /// The object: `Class/name` or `Class/id`
        object: String,

        /// One or several statements; the rows are those of the last
        #[arg(allow_hyphen_values = true)]
        query: String,
    },
}

#[derive(Debug, Subcommand)]
enum AlarmVerb {
    /// Show when the alarm is due
    Show {
        #[command(flatten)]
        object: ObjectArg,
    },

    /// Run the alarm now, if one is set
    Run {
        #[command(flatten)]
        object: ObjectArg,
    },

    /// Set the alarm
    ///
    /// Example: `emu do alarm set Room/lobby +10s`
    Set {
        /// The object: `Class/name` or `Class/id`
        object: String,

        /// `+10s`, `+500ms`, `+2h`; a time such as `2026-08-01T12:00:00Z`; or milliseconds since 1970
        #[arg(allow_hyphen_values = true)]
        when: String,
    },

    /// Delete the alarm
    Delete {
        #[command(flatten)]
        object: ObjectArg,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Sockets {
    /// They stay connected
    Hibernate,
    /// They are closed
    Close,
}

/// A request to the control API, and how its answer is told.
enum Ask<'a> {
    List { class: Option<&'a str> },
    Object { target: Target, verb: &'static str, options: Value, tell: answer::Tell },
}

/// Runs the verb.
///
/// # Errors
/// When what was typed is wrong, no emu is found or answers, or it refuses.
pub(super) fn run(args: &ObjectsArgs) -> Result<()> {
    let here = std::env::current_dir().map_err(|error| Error::usage("there is no current folder").because(error))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::network("the event loop cannot be started").because(error))?;
    let result = runtime.block_on(perform(args, &here, &RealWorld::default()));
    // A name that is still being resolved must not keep the process.
    runtime.shutdown_background();
    super::print(&result?)
}

/// Does all but printing: returns what standard output is to get.
async fn perform(args: &ObjectsArgs, here: &Path, world: &dyn World) -> Result<String> {
    let ask = args.verb.ask(world.now_ms())?;
    let server = discover::find(&args.place, here)?;
    match ask {
        Ask::List { class } => {
            let answer = exchange::ask(&server, PATH, None).await?;
            let now_ms = answer.now_ms.unwrap_or_else(|| world.now_ms());
            match (args.json, class) {
                (true, None) => Ok(answer.json()),
                (true, Some(class)) => answer::list_json(answer.value, class),
                (false, class) => answer::list(answer.value, class, now_ms),
            }
        }
        Ask::Object { target, verb, options, tell } => {
            let request = request(&target, verb, options);
            let answer =
                exchange::ask(&server, PATH, Some(&request)).await.map_err(|error| with_advice(error, &target))?;
            let now_ms = answer.now_ms.unwrap_or_else(|| world.now_ms());
            if args.json { Ok(answer.json()) } else { tell(answer.value, now_ms) }
        }
    }
}

impl ObjectVerb {
    fn ask(&self, now_ms: f64) -> Result<Ask<'_>> {
        let none = || json!({});
        Ok(match self {
            Self::List { class } => Ask::List { class: class.as_deref() },
            Self::Show { object } => about(object.target()?, "show", none(), answer::show),
            Self::Why { object } => about(object.target()?, "why", none(), answer::why),
            Self::Evict { object, sockets, now } => {
                let close = *sockets == Sockets::Close;
                let tell = if close { answer::evicted_closing } else { answer::evicted };
                about(object.target()?, "evict", json!({ "closeSockets": close, "now": now }), tell)
            }
            Self::Hibernate { object, now } => {
                about(object.target()?, "hibernate", json!({ "now": now }), answer::evicted)
            }
            Self::Abort { object, reason } => {
                let options = reason.as_ref().map_or_else(none, |reason| json!({ "reason": reason }));
                about(object.target()?, "abort", options, answer::aborted)
            }
            Self::Crash { object } => about(object.target()?, "crash", none(), answer::crashed),
            Self::Alarm(verb) => verb.ask(now_ms)?,
            Self::Sql { object, query } => about(Target::parse(object)?, "sql", json!({ "query": query }), answer::sql),
        })
    }
}

impl AlarmVerb {
    fn ask(&self, now_ms: f64) -> Result<Ask<'_>> {
        let none = || json!({});
        Ok(match self {
            Self::Show { object } => about(object.target()?, "alarm-show", none(), answer::alarm),
            Self::Run { object } => about(object.target()?, "alarm-run", none(), answer::alarm_ran),
            Self::Set { object, when } => {
                let at_ms = time::parse_when(when, now_ms)?;
                // A span begins with the time of the emu that is asked, which may not run by the system's clock.
                let options = match when.starts_with('+') {
                    true => json!({ "in": at_ms - now_ms }),
                    false => json!({ "at": at_ms }),
                };
                about(Target::parse(object)?, "alarm-set", options, answer::alarm)
            }
            Self::Delete { object } => about(object.target()?, "alarm-delete", none(), answer::alarm),
        })
    }
}

fn about<'a>(target: Target, verb: &'static str, options: Value, tell: answer::Tell) -> Ask<'a> {
    Ask::Object { target, verb, options, tell }
}

fn request(target: &Target, verb: &str, options: Value) -> Value {
    let mut request = json!({ "class": target.class, "object": target.object, "verb": verb });
    if let (Some(request), Value::Object(options)) = (request.as_object_mut(), options) {
        request.extend(options);
    }
    request
}

/// Adds what the reader can do about a refusal, where that is known.
fn with_advice(error: Error, target: &Target) -> Error {
    if error.to_string().starts_with("Timed out waiting to evict") {
        return error
            .hint(format!("`emu do why {target}` says what keeps it in memory; `--now` does not wait for that"));
    }
    error
}
