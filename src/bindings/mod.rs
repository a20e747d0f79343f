//! What a guest can ask for inside a turn, one file per product, and the host that stands behind each isolate.
//!
//! A guest's asks are answered at once; what has an effect outside the isolate is noted in order and acted upon by the
//! lane when the turn's writes are committed.
//!
//! Invariant: answers one guest; knows neither other isolates nor connections.

mod crypto;
mod namespace;
mod random;
mod socket;
mod storage;
mod told;

use crate::core::ends::{Ends, Holder, SocketId};
use crate::core::gate_check::{GateCheck, WriteCount};
use crate::core::id;
use crate::core::socket::{Arrival, Sockets};
use crate::isolate::{Death, Host};
use crate::storage::ObjectStorage;
use crate::world::{TraceKind, Whose, World};
use emu_abi::{Answer, Ask, Body, Call, Failure, LogLevel, ObjectId, Op, Settled};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What all guests of a lane share.
pub struct Shared {
    /// Clock and randomness.
    pub world: Rc<dyn World>,
    /// The Durable Object namespaces of all workers, as bindings number them.
    pub namespaces: Vec<id::Namespace>,
    /// The ends of all WebSockets on this lane.
    pub ends: RefCell<Ends>,
    /// Looks whether anything leaves an object too early, where worlds are simulated.
    pub gate_check: Option<RefCell<GateCheck>>,
}

impl Shared {
    /// Tells the gate check something, if there is one.
    pub fn with_gate_check<T>(&self, tell: impl FnOnce(&mut GateCheck) -> T) -> Option<T> {
        self.gate_check.as_ref().map(|check| tell(&mut check.borrow_mut()))
    }
}

/// Compatibility switches that the host looks at, by the worker's date and flags (reference §8).
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Switches {
    /// `web_socket_auto_reply_to_close`
    pub auto_reply_to_close: bool,
    /// `delete_all_deletes_alarm`
    pub delete_all_deletes_alarm: bool,
    /// `durable_object_io_tasks_prevent_eviction`
    pub io_tasks_prevent_eviction: bool,
    /// `websocket_close_reason_byte_limit`
    pub limit_close_reason: bool,
}

/// What has an effect outside the isolate, in the order the guest caused it.
#[derive(Debug)]
pub enum Output {
    /// An op.
    Op(Op),
    /// A socket was accepted with `accept()`: what is in its backlog can be delivered.
    Accepted(SocketId),
    /// A socket was accepted by its object: likewise.
    Hibernatable(SocketId),
    /// The holder of a socket emits this.
    Emit(SocketId, Arrival),
    /// One of the others, and the guest's stack that led to it.
    At(String, Box<Output>),
}

impl Output {
    /// What it is, wherever it comes from.
    pub fn without_place(&self) -> &Self {
        match self {
            Self::At(_, output) => output,
            output => output,
        }
    }
}

/// An output, with how many writes there were when it was said.
#[derive(Debug)]
pub struct Said {
    /// The output.
    pub output: Output,
    /// The writes before it, where anybody counts them.
    pub made: WriteCount,
}

/// An object behind a guest.
pub struct ObjectFace {
    /// The serial number of its instance.
    pub instance: u64,
    /// Its number on the lane.
    pub number: usize,
    /// Its id.
    pub id: ObjectId,
    /// Whose the draws for it, and its lines in a trace, are.
    pub whose: Whose,
    /// Its storage.
    pub storage: ObjectStorage,
    /// What the world has let its storage fail with: it answers nothing else until the object is reset.
    pub storage_failed: Option<Failure>,
    /// Its hibernatable sockets, which outlive the isolate.
    pub sockets: Rc<RefCell<Sockets>>,
    /// Its class has `alarm()`.
    pub has_alarm_handler: bool,
    /// The constructor has not returned yet.
    pub constructing: bool,
    /// The alarm whose handler is running, unless it has been replaced or deleted (reference §1.11).
    pub running_alarm_ns: Option<i64>,
    /// The alarm was set or deleted in this turn.
    pub alarm_touched: bool,
}

/// The host behind one isolate.
pub struct GuestHost {
    /// What it shares with the rest of its lane.
    pub shared: Rc<Shared>,
    /// The serial number of the instance that it was started for.
    pub instance: u64,
    /// Whose randomness it draws.
    pub whose: Whose,
    /// Compatibility switches of its worker.
    pub switches: Switches,
    /// The objects that live in it, as the guest numbers them.
    objects: BTreeMap<u32, ObjectFace>,
    /// The object that is asking, as the guest numbers it; 0 where the guest does not say.
    asking: u32,
    /// Where the next thing comes from that it does, if it says so.
    place: Option<String>,
    /// What it has caused in this turn.
    pub outputs: Vec<Said>,
    /// What it has logged in this turn.
    pub log: Vec<(LogLevel, String)>,
    /// Bytes of both.
    pub said_bytes: usize,
}

/// What a guest may make the host keep in one turn; as much as the guest itself may keep.
const MAX_SAID_BYTES: usize = 128 * 1024 * 1024;
/// What an output counts beside its payload.
const OUTPUT_OVERHEAD_BYTES: usize = 256;

impl Host for GuestHost {
    fn op(&mut self, op: Op) -> Result<(), Death> {
        self.said_bytes += OUTPUT_OVERHEAD_BYTES + payload_len(&op);
        if self.is_exhausted() {
            return Err(Death::Memory);
        }
        match op {
            Op::Log { level, message } => self.log.push((level, message)),
            Op::Declare(_) | Op::Refuse(_) => {
                return Err(Death::Abi("exports are declared in `emu_init` only".into()));
            }
            // An object that lives with others goes alone, when the turn has ended.
            Op::Abort { object, reason, retry_alarm } if !self.is_lodger(object) => {
                return Err(Death::Aborted { reason, retry_alarm });
            }
            op => self.note(Output::Op(op)),
        }
        Ok(())
    }

    fn wants_places(&self) -> bool {
        self.shared.world.keeps_texts()
    }

    fn at(&mut self, stack: String) {
        self.place = Some(stack).filter(|stack| !stack.is_empty());
    }

    fn ask(&mut self, object: u32, ask: Ask) -> Result<Answer, Failure> {
        self.asking = object;
        let answered = self.answer(ask);
        self.place = None;
        answered
    }

    fn is_exhausted(&self) -> bool {
        self.said_bytes > MAX_SAID_BYTES
    }
}

impl GuestHost {
    fn answer(&mut self, ask: Ask) -> Result<Answer, Failure> {
        match ask {
            Ask::Random { len } => random::bytes(self, len),
            Ask::Digest { hash, data } => Ok(crypto::digest(hash, &data.0)),
            Ask::Hmac { hash, key, data } => Ok(crypto::hmac(hash, &key.0, &data.0)),
            Ask::IdFromName { .. } | Ask::IdFromString { .. } | Ask::IdUnique { .. } => namespace::answer(self, ask),
            Ask::KvGet { .. }
            | Ask::KvList(_)
            | Ask::KvPut { .. }
            | Ask::KvDelete { .. }
            | Ask::DeleteAll
            | Ask::AlarmGet
            | Ask::AlarmSet { .. }
            | Ask::AlarmDelete
            | Ask::SqlExec { .. }
            | Ask::SqlNext { .. }
            | Ask::SqlClose { .. }
            | Ask::SqlSize
            | Ask::SavepointBegin { .. }
            | Ask::SavepointRelease
            | Ask::SavepointRollback => storage::answer(self, ask),
            _ => socket::answer(self, ask),
        }
    }
}

fn payload_len(op: &Op) -> usize {
    match op {
        Op::Log { message, .. } => message.len(),
        Op::BodyChunk { bytes, .. } => bytes.0.len(),
        Op::Call { what: Call::Fetch { request, .. }, .. } => body_len(&request.body),
        Op::Settle { result: Ok(Settled::Response(response)), .. } => body_len(&response.body),
        _ => 0,
    }
}

fn body_len(body: &Body) -> usize {
    match body {
        Body::Bytes(bytes) => bytes.0.len(),
        _ => 0,
    }
}

impl GuestHost {
    /// The host behind the isolate of the instance `instance`.
    pub fn new(shared: Rc<Shared>, instance: u64, whose: Whose, switches: Switches) -> Self {
        Self {
            shared,
            instance,
            whose,
            switches,
            objects: BTreeMap::new(),
            asking: 0,
            place: None,
            outputs: Vec::new(),
            log: Vec::new(),
            said_bytes: 0,
        }
    }

    /// An object lives in the isolate from now on; the guest numbers it `number`.
    pub fn take_in(&mut self, number: u32, object: ObjectFace) {
        self.objects.insert(number, object);
    }

    /// An object does not live in the isolate any more: what the guest still does in its name is refused.
    pub fn put_out(&mut self, number: u32) {
        self.objects.remove(&number);
    }

    /// An object that lives in the isolate.
    pub fn resident(&mut self, number: u32) -> Option<&mut ObjectFace> {
        self.objects.get_mut(&number)
    }

    /// Notes an output of the turn, with the bytes it carries.
    fn say(&mut self, output: Output, bytes: usize) {
        self.said_bytes += OUTPUT_OVERHEAD_BYTES + bytes;
        self.note(output);
    }

    fn note(&mut self, output: Output) {
        let made = self.shared.with_gate_check(|check| check.made()).unwrap_or_default();
        let output = match self.place.take() {
            Some(stack) => Output::At(stack, Box::new(output)),
            None => output,
        };
        self.outputs.push(Said { output, made });
    }

    /// Takes what the guest caused in the turn that has ended.
    pub fn take_outputs(&mut self) -> Vec<Said> {
        self.said_bytes = 0;
        std::mem::take(&mut self.outputs)
    }

    /// Tells what the object that is asking has written.
    fn tell_write(&mut self, text: &str) {
        let place = self.place.take().unwrap_or_default();
        let Ok(whose) = self.object().map(|object| object.whose) else { return };
        self.shared.world.place(&place);
        self.shared.world.tell(whose, TraceKind::Write, &|| text.to_owned());
    }

    /// The object, for asks that only objects may make.
    fn object(&mut self) -> Result<&mut ObjectFace, Failure> {
        let asking = match self.asking {
            0 => self.own(),
            asking => Some(asking),
        };
        let object = asking.and_then(|asking| self.objects.get_mut(&asking));
        object.ok_or_else(|| Failure::error("This is only available inside a Durable Object."))
    }

    /// The object that the isolate was started for, if it was started for one.
    fn own(&self) -> Option<u32> {
        let own = self.objects.iter().find(|(_, object)| object.instance == self.instance);
        own.map(|(number, _)| *number)
    }

    /// Whether an object lives in an isolate that was not started for it.
    fn is_lodger(&self, number: u32) -> bool {
        self.objects.get(&number).is_some_and(|object| object.instance != self.instance)
    }

    /// The serial number of the instance in whose name the guest is asking.
    fn asking_instance(&self) -> u64 {
        self.objects.get(&self.asking).map_or(self.instance, |object| object.instance)
    }

    /// Whether the guest may use a socket.
    fn holds(&self, holder: Holder) -> bool {
        match holder {
            Holder::Instance(instance) => {
                instance == self.instance || self.objects.values().any(|object| object.instance == instance)
            }
            Holder::Object(number) => self.objects.values().any(|object| object.number == number),
            Holder::Nobody | Holder::Outside | Holder::Lane(..) => false,
        }
    }
}
