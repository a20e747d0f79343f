//! What a test may ask of its world (`cloudflare:test`, `emu:test`): JSON in, JSON out.
//!
//! Invariant: a command does what somebody at a terminal can do with `emu do`, by the same paths.

use super::{Later, Simulation};
use crate::core::id::parse_hex;
use crate::lane::{Answered, Command, FetchId, Input, NOT_RUNNING, Verb};
use crate::world::virtual_clock::LAST_MS;
use crate::world::{TraceKind, Whose, World};
use emu_abi::{Body, ObjectId, Response, SqlValue};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};

/// Commands that have not been answered.
#[derive(Default)]
pub(super) struct Commands {
    last_token: u64,
    /// Those that wait for the lane, and what to do with its answer.
    controls: BTreeMap<u64, (FetchId, Then)>,
    /// Commands to several objects, by a number of their own: how many have not answered, and what failed.
    groups: BTreeMap<u64, (usize, Vec<String>)>,
    /// Runs of alarms that have not ended.
    alarms: Vec<(FetchId, usize, ObjectId)>,
    /// Those that wait until nothing is left to do.
    settling: Vec<FetchId>,
    /// Queries that wait until no transaction is open in their objects.
    looking: VecDeque<(FetchId, Command)>,
}

/// What the lane's answer becomes.
enum Then {
    /// The command's own.
    Answer,
    /// One of several: the command is answered when all of them are.
    Part(u64),
    /// The command waits until the alarm of this object has run.
    Alarm(usize, ObjectId),
}

impl Commands {
    /// A number that no command has.
    pub(super) fn next_token(&mut self) -> u64 {
        self.last_token += 1;
        self.last_token
    }
}

impl Simulation {
    /// A test asks something of its world.
    pub(super) fn command(&mut self, fetch: FetchId, text: &str) {
        match serde_json::from_str(text) {
            Ok(command) => {
                if let Err(message) = self.obey(fetch, &command) {
                    self.finish_command(fetch, Err(message));
                }
            }
            Err(error) => self.finish_command(fetch, Err(format!("a command to the world is no JSON: {error}"))),
        }
    }

    fn obey(&mut self, fetch: FetchId, command: &Value) -> Result<(), String> {
        let flag = |name: &str| command[name].as_bool().unwrap_or(false);
        match command["do"].as_str().unwrap_or("") {
            "list" => {
                let namespace = self.namespace(command)?;
                let ids = self.lane.started_ids(namespace);
                self.finish_command(fetch, Ok(json!({ "ids": ids })));
            }
            "evict" => {
                let verb = Verb::Evict { close_sockets: flag("closeSockets"), now: flag("now") };
                self.control_object(fetch, command, Then::Answer, verb)?;
            }
            "abort" => {
                let reason = command["reason"].as_str().map(str::to_owned);
                self.control_object(fetch, command, Then::Answer, Verb::Abort { reason })?;
            }
            "crash" => self.control_object(fetch, command, Then::Answer, Verb::Crash)?,
            "runAlarm" => {
                let (namespace, id) = self.object(command)?;
                if self.lane.is_started(namespace, &id) {
                    self.control_object(fetch, command, Then::Alarm(namespace, id), Verb::AlarmRun)?;
                } else {
                    self.finish_command(fetch, Ok(json!({ "ran": false })));
                }
            }
            "sql" => self.query(fetch, command)?,
            "lateness" => {
                let since_ms = command["since"].as_f64().ok_or("`lateness` wants `since`, a time")?;
                let ms = self.lane.lateness_ms(since_ms);
                self.finish_command(fetch, Ok(json!({ "ms": ms })));
            }
            "evictAll" => self.for_all(fetch, &Verb::Evict { close_sockets: flag("closeSockets"), now: false }),
            "abortAll" => self.for_all(fetch, &Verb::Abort { reason: None }),
            "storage" => self.stack_storage(fetch, command)?,
            "reset" => {
                self.lane.forget_objects().map_err(|error| error.to_string())?;
                self.finish_command(fetch, Ok(json!({})));
            }
            "settle" => {
                self.world.set_faults(false);
                self.commands.settling.push(fetch);
            }
            "faults" => {
                self.world.set_faults(flag("on"));
                self.finish_command(fetch, Ok(json!({})));
            }
            "mark" => {
                let text = command["text"].as_str().unwrap_or("").to_owned();
                self.world.trace(Whose::WORLD, TraceKind::Mark, 0, &|| text.clone());
                self.finish_command(fetch, Ok(json!({})));
            }
            "watch" => {
                self.watched_turns = Some(self.lane.turns());
                self.finish_command(fetch, Ok(json!({})));
            }
            "now" => {
                let now_ms = self.world.now_ms();
                self.finish_command(fetch, Ok(json!({ "now": now_ms })));
            }
            "advance" => self.advance(fetch, command)?,
            other => return Err(format!("the world knows no command `{other}`")),
        }
        Ok(())
    }

    fn advance(&mut self, fetch: FetchId, command: &Value) -> Result<(), String> {
        let ms = command["ms"].as_f64().filter(|ms| *ms >= 0.0).ok_or("`advance` wants `ms`, not below 0")?;
        let until_ms = self.world.now_ms() + ms;
        if until_ms > LAST_MS {
            return Err("the clock cannot show such a time".into());
        }
        self.timers.add(until_ms, Later::Command(fetch));
        Ok(())
    }

    /// A query waits while a transaction is open in its object: what is written in one is not to be seen before it has ended.
    fn query(&mut self, fetch: FetchId, command: &Value) -> Result<(), String> {
        let (namespace, id) = self.object(command)?;
        let query = command["query"].as_str().ok_or("`sql` wants a `query`")?.to_owned();
        let verb = Verb::Sql(query, parameters(&command["bindings"])?);
        let command = Command::Object { namespace, id, verb };
        match self.lane.is_critical_for(&command) {
            true => self.commands.looking.push_back((fetch, command)),
            false => self.control(fetch, Then::Answer, command),
        }
        Ok(())
    }

    fn stack_storage(&mut self, fetch: FetchId, command: &Value) -> Result<(), String> {
        let done = match command["step"].as_str() {
            Some("push") => {
                self.network.push();
                self.lane.push_storage()
            }
            Some("pop") => {
                self.network.pop();
                self.lane.pop_storage()
            }
            _ => return Err("`storage` wants a `step`: `push` or `pop`".into()),
        };
        done.map_err(|error| error.to_string())?;
        self.finish_command(fetch, Ok(json!({})));
        Ok(())
    }

    fn namespace(&self, command: &Value) -> Result<usize, String> {
        let namespace = command["namespace"].as_u64().and_then(|number| usize::try_from(number).ok());
        namespace
            .filter(|number| *number < self.lane.namespaces().len())
            .ok_or_else(|| "a command to the world names no Durable Object namespace".into())
    }

    fn object(&self, command: &Value) -> Result<(usize, ObjectId), String> {
        let namespace = self.namespace(command)?;
        let bytes = command["id"].as_str().and_then(parse_hex).ok_or("a command to the world names no object")?;
        Ok((namespace, ObjectId { bytes, name: None }))
    }

    fn control(&mut self, fetch: FetchId, then: Then, command: Command) {
        let token = self.commands.next_token();
        self.commands.controls.insert(token, (fetch, then));
        self.input(Input::Control(token, command));
    }

    fn control_object(&mut self, fetch: FetchId, command: &Value, then: Then, verb: Verb) -> Result<(), String> {
        let (namespace, id) = self.object(command)?;
        self.control(fetch, then, Command::Object { namespace, id, verb });
        Ok(())
    }

    /// Does something with every object that runs, and waits until it is done with all of them.
    fn for_all(&mut self, fetch: FetchId, verb: &Verb) {
        let objects = self.lane.running_objects();
        if objects.is_empty() {
            return self.finish_command(fetch, Ok(json!({})));
        }
        let group = self.commands.next_token();
        self.commands.groups.insert(group, (objects.len(), Vec::new()));
        for (namespace, id) in objects {
            self.control(fetch, Then::Part(group), Command::Object { namespace, id, verb: verb.clone() });
        }
    }

    /// One of several objects has answered.
    fn part_answered(&mut self, fetch: FetchId, group: u64, answered: Answered) {
        let Some((left, failures)) = self.commands.groups.get_mut(&group) else { return };
        *left -= 1;
        failures.extend(answered.err());
        if *left == 0 {
            let failures = std::mem::take(failures);
            self.commands.groups.remove(&group);
            let answered = if failures.is_empty() { Ok(json!({})) } else { Err(failures.join("\n")) };
            self.finish_command(fetch, answered);
        }
    }

    /// The lane has done what a command asked for.
    pub(super) fn control_answered(&mut self, token: u64, answered: Answered) {
        let Some((fetch, then)) = self.commands.controls.remove(&token) else { return };
        // It is gone already: a fault was faster, or it was idle for long enough.
        let answered = answered.or_else(|message| if message == NOT_RUNNING { Ok(json!({})) } else { Err(message) });
        match (then, answered) {
            (Then::Part(group), answered) => self.part_answered(fetch, group, answered),
            (Then::Answer, answered) => self.finish_command(fetch, answered),
            (Then::Alarm(namespace, id), Ok(answer)) if answer["ran"] == true => {
                self.commands.alarms.push((fetch, namespace, id));
            }
            (Then::Alarm(..), Ok(_)) => self.finish_command(fetch, Ok(json!({ "ran": false }))),
            (Then::Alarm(..), Err(message)) => self.finish_command(fetch, Err(message)),
        }
    }

    /// Answers commands whose time has come because of what has happened since. False if there is none.
    pub(super) fn answer_commands(&mut self) -> bool {
        let ran = self.commands.alarms.iter().position(|(_, namespace, id)| !self.lane.alarm_runs(*namespace, id));
        if let Some(place) = ran {
            let (fetch, namespace, id) = self.commands.alarms.remove(place);
            let thrown = self.lane.take_alarm_error(namespace, &id);
            self.finish_command(fetch, thrown.map_or_else(|| Ok(json!({ "ran": true })), Err));
            return true;
        }
        let closed = self.commands.looking.iter().position(|(_, command)| !self.lane.is_critical_for(command));
        if let Some((fetch, command)) = closed.and_then(|place| self.commands.looking.remove(place)) {
            self.control(fetch, Then::Answer, command);
            return true;
        }
        if self.lane.is_at_rest()
            && let Some(fetch) = self.commands.settling.pop()
        {
            self.finish_command(fetch, Ok(json!({})));
            return true;
        }
        false
    }

    /// Answers a command.
    pub(super) fn finish_command(&mut self, fetch: FetchId, answered: Answered) {
        let body = match answered {
            Ok(value) => value,
            Err(message) => json!({ "error": message }),
        };
        let response =
            Response { status: 200, body: Body::Bytes(body.to_string().into_bytes().into()), ..Response::default() };
        self.input(Input::Fetched(fetch, Ok(response)));
    }

    /// Nobody waits for a command any more.
    pub(super) fn forget_command(&mut self, fetch: FetchId) {
        self.commands.alarms.retain(|(waiting, ..)| *waiting != fetch);
        self.commands.settling.retain(|waiting| *waiting != fetch);
        self.commands.looking.retain(|(waiting, _)| *waiting != fetch);
    }
}

/// The values of a query's parameters. Bytes have no form in JSON.
fn parameters(bindings: &Value) -> Result<Vec<SqlValue>, String> {
    let parameter = |value: &Value| match value {
        Value::Null => Ok(SqlValue::Null),
        Value::Bool(is_true) => Ok(SqlValue::Integer(i64::from(*is_true))),
        Value::Number(number) => {
            let real = || SqlValue::Real(number.as_f64().unwrap_or(f64::NAN));
            Ok(number.as_i64().map_or_else(real, SqlValue::Integer))
        }
        Value::String(text) => Ok(SqlValue::Text(text.clone())),
        Value::Array(_) | Value::Object(_) => {
            Err("a parameter of a query is a number, a text, `true`, `false` or `null`".to_owned())
        }
    };
    bindings.as_array().map_or_else(|| Ok(Vec::new()), |bindings| bindings.iter().map(parameter).collect())
}
