//! What a simulated world is told of a lane: every turn, what was said in it, commits, starts and ends.
//!
//! Two runs with the same lines were the same run. The texts are for people and are made only where they are kept.
//!
//! Invariant: changes nothing. In the real world none of this costs more than one question.

use super::Lane;
use super::call::COMMAND_URL;
use super::instance::{CallKind, Origin, Owner};
use crate::bindings::Output;
use crate::core::id::{hex, parse_hex};
use crate::core::socket::Arrival;
use crate::world::mix::{mix, xxh64};
use crate::world::{TraceKind, Whose};
use emu_abi::{Body, Call, Event, Failure, Invoke, Message, ObjectId, Op, Outcome, Settled, SocketEvent, Target};

/// The longest quotation in a line.
const MAX_QUOTED_CHARS: usize = 200;
/// How the URLs begin under which the world asks the test's entrypoint.
const TEST_URLS: &str = "emu-test://";
/// Under which tests are run.
const RUN_URL: &str = "emu-test://run/";

impl Lane {
    /// Whose draws and lines those of an owner are.
    pub(super) fn whose(&self, owner: Owner) -> Whose {
        match owner {
            Owner::Object(number) => self.objects[number].whose,
            Owner::Worker(worker) => self.workers[worker].whose,
        }
    }

    /// How people call what a line is about.
    pub fn name_of(&self, whose: Whose) -> Option<String> {
        let object = self.objects.iter().position(|object| object.whose == whose);
        let worker = || self.workers.iter().find(|worker| worker.whose == whose);
        object
            .map(|number| self.object_label(number))
            .or_else(|| worker().map(|worker| worker.prepared.name.to_string()))
    }

    pub(super) fn trace_turn(&mut self, serial: u64, owner: Owner, event: &Event) {
        if !self.world().is_traced() {
            return;
        }
        if self.world().keeps_texts() {
            self.note_quiet_invocation(serial, event);
            self.note_handler(serial, event);
        }
        let hash = xxh64(&emu_abi::encode(event), 0);
        self.world().trace(self.whose(owner), TraceKind::Deliver, hash, &|| self.event_text(serial, event));
        if let (Event::Complete { call, .. }, Some(instance)) = (event, self.instances.get_mut(&serial)) {
            instance.ended_calls.remove(call);
            instance.quiet_calls.remove(call);
        }
    }

    pub(super) fn trace_output(&mut self, serial: u64, output: &Output, stack: Option<&str>) {
        if !self.world().is_traced() || !self.instances.contains_key(&serial) {
            return;
        }
        if self.world().keeps_texts() {
            self.note_told_output(serial, output, stack);
        }
        let Some(instance) = self.instances.get(&serial) else { return };
        let hash = match output {
            Output::Op(op) => xxh64(&emu_abi::encode(op), 1),
            Output::Emit(socket, arrival) => arrival_hash(arrival, u64::from(*socket)),
            Output::Accepted(_) | Output::Hibernatable(_) => 2,
            Output::At(..) => return,
        };
        self.world().trace(self.whose(instance.owner), TraceKind::Send, hash, &|| self.output_text(serial, output));
    }

    /// Notes what the text of an output and of what follows depends on.
    fn note_told_output(&mut self, serial: u64, output: &Output, stack: Option<&str>) {
        if let Some(stack) = stack.or_else(|| stack_of(output)) {
            self.world().place(stack);
        }
        let quiet_call = match output {
            Output::Op(Op::Call { call, invocation, what, .. }) => {
                self.is_quiet_call(serial, *invocation, what).then_some(*call)
            }
            _ => None,
        };
        let Some(instance) = self.instances.get_mut(&serial) else { return };
        instance.quiet_calls.extend(quiet_call);
        if let Output::Op(Op::Settle { invocation, .. }) = output {
            instance.quiet_invocations.remove(invocation);
        }
        if let Some(stack) = stack {
            instance.last_stack = Some(stack.to_owned());
        }
    }

    pub(super) fn trace_object(&self, number: usize, kind: TraceKind, what: &str) {
        self.trace_of(self.objects[number].whose, kind, what);
    }

    pub(super) fn trace_worker(&self, worker: usize, kind: TraceKind, what: &str) {
        self.trace_of(self.workers[worker].whose, kind, what);
    }

    fn trace_of(&self, whose: Whose, kind: TraceKind, what: &str) {
        if self.world().is_traced() {
            let hash = xxh64(what.as_bytes(), 0);
            self.world().trace(whose, kind, hash, &|| what.to_owned());
        }
    }

    /// Takes in what a client is told that runs a test: two runs in which it is told the same look the same to it.
    pub(super) fn note_answer(&mut self, serial: u64, invocation: u32, result: &Result<Outcome, Failure>) {
        if self.world().is_traced()
            && self
                .invocation(serial, invocation)
                .is_some_and(|invocation| matches!(invocation.origin, Origin::Port(_)))
        {
            let hash = match result {
                Ok(Outcome::Response(response)) => {
                    let status = u64::from(response.status);
                    match &response.body {
                        Body::Bytes(bytes) => xxh64(&bytes.0, status),
                        _ => xxh64(&status.to_le_bytes(), 0),
                    }
                }
                Ok(Outcome::Done) => return,
                Err(failure) => xxh64(failure.to_string().as_bytes(), 0),
            };
            // A sum: of two answers that were waited for together, either may come first.
            self.answers = self.answers.wrapping_add(hash);
        }
    }

    /// Stands for all that clients were told while they waited.
    pub fn answers(&self) -> u64 {
        self.answers
    }

    /// The world asks the test's entrypoint things of which no reader wants to know.
    fn note_quiet_invocation(&mut self, serial: u64, event: &Event) {
        if let Event::Invoke { invocation, what: Invoke::Fetch(request), .. } = event
            && request.url.starts_with(TEST_URLS)
            && request.url != RUN_URL
            && let Some(instance) = self.instances.get_mut(&serial).filter(|_| self.is_colocated)
        {
            instance.quiet_invocations.insert(*invocation);
        }
    }

    /// Whether a call only keeps a test going: what it asks its world is told by what comes of it, and a test waits for
    /// nothing but time.
    fn is_quiet_call(&self, serial: u64, invocation: u32, what: &Call) -> bool {
        let Some(instance) = self.instances.get(&serial).filter(|_| self.is_colocated) else { return false };
        match what {
            Call::Fetch { target: Target::World, .. } => true,
            // The tests' own timers, also those that no handler waits for; a worker's belong to one.
            Call::Sleep { .. } => {
                let handler = instance.invocations.get(&invocation).map(|handler| &handler.origin);
                instance.owner.object().is_none() && !matches!(handler, Some(Origin::Flight { .. }))
            }
            _ => instance.quiet_invocations.contains(&invocation),
        }
    }

    /// Whether an invocation is the one in which tests run, or one by which the world asks them.
    pub(super) fn is_tests(&self, serial: u64, invocation: u32) -> bool {
        let invocation = self.instances.get(&serial).and_then(|instance| instance.invocations.get(&invocation));
        self.is_colocated && invocation.is_some_and(|invocation| matches!(invocation.origin, Origin::Port(_)))
    }

    fn event_text(&self, serial: u64, event: &Event) -> String {
        match event {
            Event::Construct { .. } => "constructor".into(),
            Event::Invoke { what: Invoke::Fetch(request), .. }
                if self.is_colocated && request.url.starts_with(TEST_URLS) =>
            {
                String::new()
            }
            Event::Invoke { what, .. } => invoke_text(what),
            Event::Complete { call, result } => self.completion_text(serial, *call, result),
            Event::BodyChunk { bytes, .. } => format!("{} bytes of a body", bytes.0.len()),
            Event::BodyEnd { .. } => "the end of a body".into(),
            Event::BodyFailed { failure, .. } => format!("a body broke: {failure}"),
            Event::BodyCredit { .. } => "may send more of a body".into(),
            Event::BodyCancelled { .. } => "nobody reads its body".into(),
            Event::Socket { event, .. } => match event {
                SocketEvent::Message(message) => format!("receives {}", message_text(message)),
                SocketEvent::Close { code, .. } => format!("sees a close with {code}"),
                SocketEvent::Error(failure) => format!("socket error: {failure}"),
            },
            Event::Cancelled { .. } => "its caller has gone".into(),
        }
    }

    fn completion_text(&self, serial: u64, call: u32, result: &Result<Outcome, Failure>) -> String {
        let Some(instance) = self.instances.get(&serial) else { return String::new() };
        let ended = instance.ended_calls.get(&call);
        let is_command = ended.is_some_and(CallKind::is_command);
        if is_command || (instance.quiet_calls.contains(&call) && result.is_ok()) {
            return String::new();
        }
        match (ended, result) {
            // Which answer it is, the answer itself has said.
            (Some(CallKind::Flight { .. }), Ok(_)) => format!("gets {}", outcome_text(result)),
            (Some(CallKind::Flight { what, .. }), Err(failure)) => {
                format!("its {} fails: {failure}", what.strip_prefix("a ").unwrap_or(what))
            }
            (Some(CallKind::Timer { .. }), Ok(_)) => "its timer fires".into(),
            (Some(kind), _) => format!("{}: {}", kind.subject(), outcome_text(result)),
            (None, _) => outcome_text(result),
        }
    }

    /// What a guest did.
    pub(super) fn output_text(&self, serial: u64, output: &Output) -> String {
        match output {
            Output::Op(op) => self.op_text(serial, op),
            Output::Emit(_, arrival) => arrival_text(arrival),
            Output::Accepted(_) | Output::Hibernatable(_) => "accepts a socket".to_owned(),
            Output::At(_, output) => self.output_text(serial, output),
        }
    }

    fn op_text(&self, serial: u64, op: &Op) -> String {
        match op {
            Op::Settle { invocation, .. } if self.is_tests(serial, *invocation) => String::new(),
            Op::Settle { result: Ok(Settled::Response(response)), .. } => {
                format!("answers {}{}", response.status, body_text(&response.body))
            }
            Op::Settle { result: Ok(Settled::Done), .. } => "done".into(),
            Op::Settle { result: Err(failure), .. } => format!("throws {failure}"),
            Op::Call { call, what, .. } => match self.instances.get(&serial) {
                Some(instance) if instance.quiet_calls.contains(call) => self.command_text(what),
                _ => self.call_text(what),
            },
            // What nobody waits for any more is seen by what does not come.
            Op::Cancel { .. } | Op::BodyPull { .. } | Op::BodyEnd { .. } => String::new(),
            Op::WaitUntilBegin { .. } => "waitUntil begins".into(),
            Op::WaitUntilEnd { failure: None, .. } => "waitUntil ends".into(),
            Op::WaitUntilEnd { failure: Some(failure), .. } => format!("waitUntil ends: {failure}"),
            Op::LeaveCritical { .. } => "leaves a critical section".into(),
            Op::BodyChunk { bytes, .. } => format!("sends {} bytes of a body", bytes.0.len()),
            Op::BodyCancel { .. } => "reads no more of a body".into(),
            Op::BodyFailed { failure, .. } => format!("its body fails: {failure}"),
            Op::SocketDrop { .. } => "drops a socket".into(),
            Op::Log { message, .. } => format!("logs {}", quoted(message)),
            Op::Abort { .. } => "aborts".into(),
            Op::Declare(_) | Op::Refuse(_) => "declares".into(),
        }
    }

    fn call_text(&self, what: &Call) -> String {
        match what {
            Call::Fetch { target, request } => {
                let whom = match target {
                    Target::Internet => {
                        return format!("fetches {} {}{}", request.method, request.url, body_text(&request.body));
                    }
                    Target::Object { namespace, id } => self.name_of_object(*namespace as usize, id),
                    Target::Service(_) | Target::World => "a service".to_owned(),
                };
                format!("calls {whom}: {} {}{}", request.method, path(&request.url), body_text(&request.body))
            }
            Call::Sleep { ms } => format!("sleeps {ms} ms"),
            Call::Sync => "waits for its writes".into(),
            Call::EnterCritical { .. } => "enters a critical section".into(),
        }
    }

    /// What a test lets happen; nothing of what only keeps it going.
    fn command_text(&self, what: &Call) -> String {
        let Call::Fetch { target: Target::World, request } = what else { return String::new() };
        let (COMMAND_URL, Body::Bytes(bytes)) = (request.url.as_str(), &request.body) else { return String::new() };
        let command: serde_json::Value = serde_json::from_slice(&bytes.0).unwrap_or_default();
        let whom = || {
            let namespace = command["namespace"].as_u64().and_then(|number| usize::try_from(number).ok());
            let id = command["id"].as_str().and_then(parse_hex);
            match namespace.zip(id) {
                Some((namespace, bytes)) => self.name_of_object(namespace, &ObjectId { bytes, name: None }),
                None => "an object".to_owned(),
            }
        };
        match command["do"].as_str().unwrap_or_default() {
            "advance" => format!("lets {} s pass", command["ms"].as_f64().unwrap_or_default() / 1000.0),
            "evict" => format!("evicts {}", whom()),
            "crash" | "abort" => format!("ends {}", whom()),
            "runAlarm" => format!("runs the alarm of {}", whom()),
            "settle" => "stops the faults, waits until all is quiet".into(),
            _ => String::new(),
        }
    }

    /// How people call an object, also one that has never been used.
    pub(super) fn name_of_object(&self, namespace: usize, id: &ObjectId) -> String {
        match (self.object_numbers.get(&(namespace, id.bytes)), self.namespaces.get(namespace)) {
            (Some(number), _) => self.object_label(*number),
            (None, Some(declared)) => match &id.name {
                Some(name) => format!("{}/{name}", declared.class),
                None => format!("{}/{}", declared.class, hex(&id.bytes)),
            },
            (None, None) => "an object".into(),
        }
    }
}

fn invoke_text(what: &Invoke) -> String {
    match what {
        Invoke::Fetch(request) => format!("{} {}{}", request.method, path(&request.url), body_text(&request.body)),
        Invoke::Scheduled { cron, .. } => format!("scheduled {cron}"),
        Invoke::Alarm { retry_count: 0, .. } => "alarm".into(),
        Invoke::Alarm { retry_count, .. } => format!("alarm, retry {retry_count}"),
        Invoke::SocketMessage { message, .. } => format!("receives {}", message_text(message)),
        Invoke::SocketClose { code, .. } => format!("sees a close with {code}"),
        Invoke::SocketError { failure, .. } => format!("socket error: {failure}"),
    }
}

/// The stack that an output brings along.
fn stack_of(output: &Output) -> Option<&str> {
    match output {
        Output::Op(Op::Settle { result: Err(failure), .. } | Op::WaitUntilEnd { failure: Some(failure), .. }) => {
            failure.stack.as_deref()
        }
        _ => None,
    }
}

/// Stands for all of an arrival, however much of it is shown.
fn arrival_hash(arrival: &Arrival, seed: u64) -> u64 {
    match arrival {
        Arrival::Message(Message::Text(text)) => xxh64(text.as_bytes(), mix(&[seed, 0])),
        Arrival::Message(Message::Binary(bytes)) => xxh64(&bytes.0, mix(&[seed, 1])),
        Arrival::Close { reason, .. } => {
            xxh64(format!("{} {reason}", arrival_text(arrival)).as_bytes(), mix(&[seed, 2]))
        }
        Arrival::Error(_) => xxh64(arrival_text(arrival).as_bytes(), mix(&[seed, 3])),
    }
}

fn outcome_text(result: &Result<Outcome, Failure>) -> String {
    match result {
        Ok(Outcome::Done) => "done".into(),
        Ok(Outcome::Response(response)) => format!("{}{}", response.status, body_text(&response.body)),
        Err(failure) => failure.to_string(),
    }
}

fn arrival_text(arrival: &Arrival) -> String {
    match arrival {
        Arrival::Message(message) => format!("sends {}", message_text(message)),
        Arrival::Close { code, clean: true, .. } => format!("closes with {code}"),
        Arrival::Close { .. } => "loses its connection".into(),
        Arrival::Error(failure) => format!("fails its socket: {failure}"),
    }
}

fn message_text(message: &Message) -> String {
    match message {
        Message::Text(text) => quoted(text),
        Message::Binary(bytes) => format!("{} bytes", bytes.0.len()),
    }
}

fn body_text(body: &Body) -> String {
    match body {
        Body::Bytes(bytes) => match std::str::from_utf8(&bytes.0) {
            Ok("") => String::new(),
            Ok(text) => format!(" {}", quoted(text)),
            Err(_) => format!(" {} bytes", bytes.0.len()),
        },
        Body::Empty => String::new(),
        Body::Stream { .. } | Body::Forward(_) => " with a stream".into(),
    }
}

fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(MAX_QUOTED_CHARS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    // What is JSON is read better as it is than in a string of strings.
    match shown.starts_with(['{', '[']) {
        true => shown,
        false => format!("\"{shown}\""),
    }
}

/// The path of a URL with its query.
fn path(url: &str) -> &str {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    url[after_scheme..].find('/').map_or("/", |at| &url[after_scheme + at..])
}
