//! Bodies on their way: who produces a stream, who consumes it, and how much may be in between.
//!
//! The consumer pulls one chunk at a time. A producer that is a guest sends within a credit, which grows by what has
//! been consumed; any other producer is asked for each chunk. So nothing is buffered beyond the credit or one chunk.
//!
//! Invariant: moves nothing itself; it says what to tell whom.

use emu_abi::{Failure, INITIAL_BODY_CREDIT, MAX_BODY_CHUNK};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Numbers a stream on its lane; also what guests call it.
pub type StreamId = u32;

/// One side of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// Nobody yet.
    Nobody,
    /// The guest in the instance of this serial number, which calls the stream `body` if it produces it.
    Guest {
        /// The instance.
        instance: u64,
        /// The guest's number of a stream it produces.
        body: u32,
    },
    /// A connection outside.
    Outside,
    /// A stream of another lane.
    Lane(usize, StreamId),
}

/// What one side tells the other.
#[derive(Clone, Debug, PartialEq)]
pub enum Signal {
    /// Consumer: send a chunk. Names the consumer's own stream where that is on another lane.
    Pull(StreamId),
    /// Producer: bytes.
    Chunk(Vec<u8>),
    /// Producer: that was all.
    End,
    /// Producer: it broke.
    Failed(Failure),
    /// Host to a guest that produces: so many bytes more may be sent.
    Credit(u32),
    /// Consumer: nobody reads this any more.
    Cancel,
}

/// Tell `to` about the stream: `signal`.
#[derive(Debug, PartialEq)]
pub struct Notice {
    /// The stream, in this lane's numbering.
    pub stream: StreamId,
    /// Whom to tell.
    pub to: Party,
    /// What.
    pub signal: Signal,
}

/// What follows from one step of a stream.
#[must_use]
#[derive(Debug, Default, PartialEq)]
pub struct Notices {
    /// To the consumer; or to a producer that must be asked for the next chunk.
    pub forth: Option<Notice>,
    /// To a guest that produces: what was consumed may be sent again.
    pub credit: Option<Notice>,
}

impl Notices {
    fn one(notice: Notice) -> Self {
        Self { forth: Some(notice), credit: None }
    }
}

#[derive(Debug)]
struct Stream {
    producer: Party,
    consumer: Party,
    chunks: VecDeque<Vec<u8>>,
    end: Option<Result<(), Failure>>,
    /// The consumer waits for a chunk.
    wanted: bool,
    /// The producer has been asked for one.
    asked: bool,
    /// How much a guest may still send.
    credit: u32,
    /// How many bytes it has from beginning to end, where its producer has said so.
    length: Option<u64>,
}

/// The streams of a lane.
#[derive(Debug, Default)]
pub struct Streams {
    streams: BTreeMap<StreamId, Stream>,
    /// The streams of each instance, for a question that is asked after every turn.
    of_instances: BTreeMap<u64, BTreeSet<StreamId>>,
    /// Instances whose last stream has ended.
    freed: Vec<u64>,
    /// Streams whose end somebody wants to know of, and those of them that have ended.
    watched: BTreeSet<StreamId>,
    ended: Vec<StreamId>,
    last: StreamId,
}

impl Streams {
    /// Opens a stream.
    pub fn open(&mut self, producer: Party, consumer: Party) -> StreamId {
        // After four thousand million streams the numbers begin again; 0 stands for none.
        self.last = self.last.wrapping_add(1).max(1);
        while self.streams.contains_key(&self.last) {
            self.last = self.last.wrapping_add(1).max(1);
        }
        self.streams.insert(
            self.last,
            Stream {
                producer,
                consumer,
                chunks: VecDeque::new(),
                end: None,
                wanted: false,
                asked: false,
                credit: INITIAL_BODY_CREDIT,
                length: None,
            },
        );
        self.note(self.last, producer, true);
        self.note(self.last, consumer, true);
        self.last
    }

    /// Who produces a stream.
    pub fn producer(&self, stream: StreamId) -> Option<Party> {
        self.streams.get(&stream).map(|stream| stream.producer)
    }

    /// Who consumes a stream.
    pub fn consumer(&self, stream: StreamId) -> Option<Party> {
        self.streams.get(&stream).map(|stream| stream.consumer)
    }

    /// How many bytes a stream has from beginning to end, where that is known.
    pub fn length(&self, stream: StreamId) -> Option<u64> {
        self.streams.get(&stream)?.length
    }

    /// Notes how many bytes a stream has: whoever passes it on unread says so too.
    pub fn set_length(&mut self, stream: StreamId, length: Option<u64>) {
        if let Some(entry) = self.streams.get_mut(&stream) {
            entry.length = length;
        }
    }

    /// The stream has a new consumer, which has not pulled yet.
    pub fn hand_over(&mut self, stream: StreamId, consumer: Party) {
        let Some(entry) = self.streams.get_mut(&stream) else { return };
        let before = std::mem::replace(&mut entry.consumer, consumer);
        entry.wanted = false;
        let producer = entry.producer;
        self.note(stream, before, false);
        // An instance may be on both sides.
        self.note(stream, producer, true);
        self.note(stream, consumer, true);
    }

    /// The consumer wants a chunk.
    pub fn pull(&mut self, id: StreamId) -> Notices {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.wanted = true;
        }
        self.pump(id)
    }

    /// The producer sent bytes.
    ///
    /// # Errors
    /// When a guest sends more than it was granted.
    pub fn chunk(&mut self, id: StreamId, bytes: Vec<u8>) -> Result<Notices, CreditExceeded> {
        let Some(stream) = self.streams.get_mut(&id) else { return Ok(Notices::default()) };
        if matches!(stream.producer, Party::Guest { .. }) {
            let len = u32::try_from(bytes.len()).map_err(|_| CreditExceeded)?;
            stream.credit = stream.credit.checked_sub(len).ok_or(CreditExceeded)?;
        }
        stream.asked = false;
        if bytes.len() <= MAX_BODY_CHUNK {
            if !bytes.is_empty() {
                stream.chunks.push_back(bytes);
            }
        } else {
            stream.chunks.extend(bytes.chunks(MAX_BODY_CHUNK).map(<[u8]>::to_vec));
        }
        Ok(self.pump(id))
    }

    /// The producer is done.
    pub fn end(&mut self, id: StreamId, end: Result<(), Failure>) -> Notices {
        if let Some(stream) = self.streams.get_mut(&id)
            && stream.end.is_none()
        {
            stream.end = Some(end);
        }
        self.pump(id)
    }

    /// The consumer has gone. The producer is told and the stream forgotten.
    pub fn cancel(&mut self, id: StreamId) -> Option<Notice> {
        let stream = self.forget(id)?;
        stream.end.is_none().then_some(Notice { stream: id, to: stream.producer, signal: Signal::Cancel })
    }

    /// The instances whose last stream has ended since this was asked last.
    pub fn take_freed(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.freed)
    }

    /// Whether an instance produces or consumes any stream.
    pub fn has_any(&self, serial: u64) -> bool {
        self.of_instances.contains_key(&serial)
    }

    /// Whether a stream can still tell an instance something: one that it waits to read from, or has not ended itself.
    pub fn may_wake(&self, serial: u64) -> bool {
        let is_it = |party: Party| matches!(party, Party::Guest { instance, .. } if instance == serial);
        let mut streams =
            self.of_instances.get(&serial).into_iter().flatten().filter_map(|stream| self.streams.get(stream));
        streams.any(|stream| stream.wanted && is_it(stream.consumer) || stream.end.is_none() && is_it(stream.producer))
    }

    /// The streams that an instance produces or consumes, as (stream, is producer).
    pub fn of_instance(&self, serial: u64) -> Vec<(StreamId, bool)> {
        let produces =
            |id: &StreamId| matches!(self.producer(*id), Some(Party::Guest { instance, .. }) if instance == serial);
        self.of_instances.get(&serial).into_iter().flatten().map(|id| (*id, produces(id))).collect()
    }

    /// [`Self::take_ended`] will name this stream when it has ended, however.
    pub fn watch(&mut self, id: StreamId) {
        match self.streams.contains_key(&id) {
            true => drop(self.watched.insert(id)),
            false => self.ended.push(id),
        }
    }

    /// The watched streams that have ended since this was asked last.
    pub fn take_ended(&mut self) -> Vec<StreamId> {
        std::mem::take(&mut self.ended)
    }

    fn forget(&mut self, id: StreamId) -> Option<Stream> {
        let stream = self.streams.remove(&id)?;
        if self.watched.remove(&id) {
            self.ended.push(id);
        }
        self.note(id, stream.producer, false);
        self.note(id, stream.consumer, false);
        Some(stream)
    }

    fn note(&mut self, id: StreamId, party: Party, begins: bool) {
        let Party::Guest { instance, .. } = party else { return };
        let streams = self.of_instances.entry(instance).or_default();
        if begins {
            streams.insert(id);
        } else {
            streams.remove(&id);
        }
        if streams.is_empty() && self.of_instances.remove(&instance).is_some() && !begins {
            self.freed.push(instance);
        }
    }

    /// Passes on what can be passed on.
    fn pump(&mut self, id: StreamId) -> Notices {
        let Some(stream) = self.streams.get_mut(&id) else { return Notices::default() };
        if !stream.wanted || stream.consumer == Party::Nobody {
            return Notices::default();
        }
        let consumer = stream.consumer;
        if let Some(bytes) = stream.chunks.pop_front() {
            stream.wanted = false;
            let mut credit = None;
            if matches!(stream.producer, Party::Guest { .. }) && stream.end.is_none() {
                let len = bytes.len() as u32;
                stream.credit += len;
                credit = Some(Notice { stream: id, to: stream.producer, signal: Signal::Credit(len) });
            }
            return Notices { forth: Some(Notice { stream: id, to: consumer, signal: Signal::Chunk(bytes) }), credit };
        }
        if let Some(end) = stream.end.take() {
            self.forget(id);
            let signal = end.map_or_else(Signal::Failed, |()| Signal::End);
            return Notices::one(Notice { stream: id, to: consumer, signal });
        }
        if !stream.asked && !matches!(stream.producer, Party::Guest { .. }) {
            stream.asked = true;
            return Notices::one(Notice { stream: id, to: stream.producer, signal: Signal::Pull(id) });
        }
        Notices::default()
    }
}

/// A guest sent more of a body than it was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreditExceeded;

#[cfg(test)]
mod tests {
    use super::*;

    const GUEST: Party = Party::Guest { instance: 1, body: 9 };

    fn notice(stream: StreamId, to: Party, signal: Signal) -> Notices {
        Notices::one(Notice { stream, to, signal })
    }

    fn chunk(bytes: &[u8]) -> Signal {
        Signal::Chunk(bytes.to_vec())
    }

    #[test]
    fn a_connection_is_asked_only_when_the_guest_pulls() {
        let mut streams = Streams::default();
        let id = streams.open(Party::Outside, GUEST);
        assert_eq!(streams.pull(id), notice(id, Party::Outside, Signal::Pull(id)));
        assert_eq!(streams.chunk(id, b"ab".to_vec()), Ok(notice(id, GUEST, chunk(b"ab"))));
        assert_eq!(streams.chunk(id, b"c".to_vec()), Ok(Notices::default()));
        assert_eq!(streams.end(id, Ok(())), Notices::default());
        assert_eq!(streams.pull(id), notice(id, GUEST, chunk(b"c")));
        assert_eq!(streams.pull(id), notice(id, GUEST, Signal::End));
        assert_eq!(streams.pull(id), Notices::default());
    }

    #[test]
    fn a_guest_sends_within_its_credit_and_is_told_what_has_been_consumed() {
        let mut streams = Streams::default();
        let id = streams.open(GUEST, Party::Outside);
        let full = vec![0; INITIAL_BODY_CREDIT as usize];
        assert_eq!(streams.chunk(id, full), Ok(Notices::default()));
        assert_eq!(streams.chunk(id, vec![0]), Err(CreditExceeded));
        let Notices { forth: Some(forth), credit: Some(credit) } = streams.pull(id) else {
            panic!("a notice is missing")
        };
        assert!(matches!(forth.signal, Signal::Chunk(_)));
        assert_eq!(credit, Notice { stream: id, to: GUEST, signal: Signal::Credit(INITIAL_BODY_CREDIT) });
        assert_eq!(streams.chunk(id, vec![0]), Ok(Notices::default()));
    }

    #[test]
    fn a_stream_wakes_who_waits_to_read_it_or_has_more_to_write() {
        let mut streams = Streams::default();
        let read = streams.open(Party::Outside, GUEST);
        assert!(!streams.may_wake(1), "nobody has pulled");
        let _ = streams.pull(read);
        assert!(streams.may_wake(1) && !streams.may_wake(2));
        let _ = streams.chunk(read, b"a".to_vec());
        assert!(!streams.may_wake(1), "what was pulled has come");
        let written = streams.open(GUEST, Party::Outside);
        assert!(streams.may_wake(1));
        let _ = streams.end(written, Ok(()));
        assert!(!streams.may_wake(1), "it has said all, though nobody has read it");
    }

    #[test]
    fn the_length_stays_with_the_stream() {
        let mut streams = Streams::default();
        let id = streams.open(Party::Outside, GUEST);
        assert_eq!(streams.length(id), None);
        streams.set_length(id, Some(5));
        streams.hand_over(id, Party::Outside);
        assert_eq!(streams.length(id), Some(5));
    }

    #[test]
    fn large_chunks_are_cut() {
        let mut streams = Streams::default();
        let id = streams.open(Party::Outside, GUEST);
        assert_eq!(streams.chunk(id, vec![0; MAX_BODY_CHUNK + 1]), Ok(Notices::default()));
        let Some(Notice { signal: Signal::Chunk(first), .. }) = streams.pull(id).forth else { panic!("no chunk") };
        assert_eq!((first.len(), streams.pull(id)), (MAX_BODY_CHUNK, notice(id, GUEST, chunk(&[0]))));
    }

    #[test]
    fn a_cancelled_stream_tells_its_producer_once() {
        let mut streams = Streams::default();
        let id = streams.open(GUEST, Party::Outside);
        assert_eq!(streams.cancel(id), Some(Notice { stream: id, to: GUEST, signal: Signal::Cancel }));
        assert_eq!(streams.cancel(id), None);
        assert_eq!(streams.chunk(id, vec![1]), Ok(Notices::default()));
    }

    #[test]
    fn a_watched_stream_is_named_when_it_has_ended() {
        let mut streams = Streams::default();
        let [read, cancelled, unwatched] = [(); 3].map(|()| streams.open(GUEST, Party::Outside));
        streams.watch(read);
        streams.watch(cancelled);
        let _ = streams.end(read, Ok(()));
        assert_eq!(streams.take_ended(), Vec::<StreamId>::new(), "its consumer has not read to the end");
        for stream in [read, unwatched] {
            let _ = streams.pull(stream);
        }
        assert_eq!(streams.take_ended(), [read]);
        let _ = streams.cancel(cancelled);
        let _ = streams.cancel(unwatched);
        streams.watch(unwatched);
        assert_eq!(streams.take_ended(), [cancelled, unwatched]);
    }
}
