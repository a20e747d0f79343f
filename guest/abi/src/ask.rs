//! Guest to host, answered inside the turn. Each ask names its object through the import's own argument.

use crate::{Bytes, Message, ObjectId};
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A question the host answers at once with `Result<Answer, Failure>`. The answer's variant stands behind each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Ask {
    /// Random bytes, at most 65,536 → [`Answer::Bytes`].
    Random {
        /// How many.
        len: u32,
    },

    /// A message digest → [`Answer::Bytes`].
    Digest {
        /// The hash function.
        hash: Hash,
        /// The message.
        data: Bytes,
    },
    /// A keyed digest (HMAC) → [`Answer::Bytes`].
    Hmac {
        /// The hash function.
        hash: Hash,
        /// The key.
        key: Bytes,
        /// The message.
        data: Bytes,
    },

    /// `idFromName` → [`Answer::Id`].
    IdFromName {
        /// The namespace.
        namespace: u32,
        /// The name.
        name: String,
    },
    /// `idFromString` → [`Answer::Id`].
    IdFromString {
        /// The namespace.
        namespace: u32,
        /// 64 hex digits.
        hex: String,
    },
    /// `newUniqueId` → [`Answer::Id`].
    IdUnique {
        /// The namespace.
        namespace: u32,
    },

    /// Read these keys → [`Answer::Values`], in the order asked.
    KvGet {
        /// The keys.
        keys: Vec<String>,
    },
    /// Read a range → [`Answer::Entries`].
    KvList(ListOptions),
    /// Write → [`Answer::Done`]. Values are V8's serialisation, version 15 (reference §1.6).
    KvPut {
        /// The entries.
        entries: Vec<KvEntry>,
    },
    /// Remove → [`Answer::Count`] of keys that existed.
    KvDelete {
        /// The keys.
        keys: Vec<String>,
    },
    /// `deleteAll` → [`Answer::Done`].
    DeleteAll,

    /// The alarm's time → [`Answer::Time`].
    AlarmGet,
    /// Set the alarm → [`Answer::Done`].
    AlarmSet {
        /// When, in milliseconds since the epoch.
        at_ms: f64,
    },
    /// Delete the alarm → [`Answer::Done`].
    AlarmDelete,

    /// `sql.exec` → [`Answer::Cursor`], stepped to its first row.
    SqlExec {
        /// One or more statements.
        query: String,
        /// Bindings of the last one.
        params: Vec<SqlValue>,
    },
    /// The next rows of a cursor → [`Answer::Rows`].
    SqlNext {
        /// The cursor.
        cursor: u32,
        /// At most so many rows; the host may answer fewer.
        max_rows: u32,
    },
    /// Forget a cursor → [`Answer::Done`].
    SqlClose {
        /// The cursor.
        cursor: u32,
    },
    /// `sql.databaseSize` → [`Answer::Count`].
    SqlSize,

    /// Open a savepoint (`transactionSync`, `transaction`) → [`Answer::Done`]. They nest.
    /// `explicit` marks `transaction()`, which holds the commit over turns.
    SavepointBegin {
        /// Opened by `transaction()` rather than `transactionSync()`.
        explicit: bool,
    },
    /// Keep what the innermost savepoint did → [`Answer::Done`].
    SavepointRelease,
    /// Undo what the innermost savepoint did and close it → [`Answer::Done`].
    SavepointRollback,

    /// `new WebSocketPair()` → [`Answer::Pair`].
    SocketPair,
    /// `ws.accept()` → [`Answer::Done`]; its events follow.
    SocketAccept {
        /// The socket.
        socket: u32,
        /// A close that arrives is not answered by the host (`accept({allowHalfOpen: true})`).
        half_open: bool,
    },
    /// `ctx.acceptWebSocket(ws, tags)` → [`Answer::Done`].
    SocketHibernate {
        /// The socket.
        socket: u32,
        /// The tags as given.
        tags: Vec<String>,
    },
    /// `ws.send()` → [`Answer::Done`].
    SocketSend {
        /// The socket.
        socket: u32,
        /// The message.
        message: Message,
    },
    /// `ws.close()` → [`Answer::Done`].
    SocketClose {
        /// The socket.
        socket: u32,
        /// The code, if given.
        code: Option<u16>,
        /// The reason, if given.
        reason: Option<String>,
    },
    /// Ready state and the like → [`Answer::Socket`].
    SocketState {
        /// The socket.
        socket: u32,
    },
    /// `ctx.getWebSockets(tag)` → [`Answer::Sockets`].
    Sockets {
        /// Only those with this tag.
        tag: Option<String>,
    },
    /// `ctx.getTags(ws)` → [`Answer::Texts`].
    SocketTags {
        /// The socket.
        socket: u32,
    },
    /// `ws.serializeAttachment` → [`Answer::Done`].
    AttachmentSet {
        /// The socket.
        socket: u32,
        /// V8's serialisation of the value.
        value: Bytes,
    },
    /// `ws.deserializeAttachment` → [`Answer::MaybeBytes`].
    AttachmentGet {
        /// The socket.
        socket: u32,
    },
    /// `ctx.setWebSocketAutoResponse` → [`Answer::Done`].
    AutoResponseSet {
        /// Request and response, or nothing to remove the pair.
        pair: Option<(String, String)>,
    },
    /// `ctx.getWebSocketAutoResponse` → [`Answer::MaybePair`].
    AutoResponseGet,
    /// `ctx.getWebSocketAutoResponseTimestamp` → [`Answer::Time`].
    AutoResponseTime {
        /// The socket.
        socket: u32,
    },
    /// `ctx.setHibernatableWebSocketEventTimeout` → [`Answer::Done`].
    EventTimeoutSet {
        /// Milliseconds, or nothing for no limit.
        ms: Option<u32>,
    },
    /// `ctx.getHibernatableWebSocketEventTimeout` → [`Answer::Time`].
    EventTimeoutGet,
}

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hash {
    /// MD5
    Md5,
    /// SHA-1
    Sha1,
    /// SHA-256
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
}

/// The answer to an [`Ask`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// It is done.
    Done,
    /// Bytes.
    Bytes(Bytes),
    /// Bytes, or none.
    MaybeBytes(Option<Bytes>),
    /// An id.
    Id(ObjectId),
    /// A value for each key asked for.
    Values(Vec<Option<Bytes>>),
    /// Keys with values, in order.
    Entries(Vec<KvEntry>),
    /// A number of things.
    Count(u64),
    /// Milliseconds (since the epoch, or of duration), or none.
    Time(Option<f64>),
    /// An open cursor.
    Cursor {
        /// Names the cursor; 0 when it is exhausted already and nothing needs to be closed.
        cursor: u32,
        /// The result columns.
        columns: Vec<String>,
        /// The first row, if there is one.
        rows: Rows,
    },
    /// More rows.
    Rows(Rows),
    /// The two ends of a new pair: client, server.
    Pair(u32, u32),
    /// Sockets.
    Sockets(Vec<u32>),
    /// Texts.
    Texts(Vec<String>),
    /// Two texts, or none.
    MaybePair(Option<(String, String)>),
    /// A socket's state.
    Socket(SocketState),
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KvEntry {
    /// The key.
    pub key: String,
    /// V8's serialisation of the value.
    pub value: Bytes,
}

/// Options of `list()` (reference §1.6).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListOptions {
    /// The first key, inclusive.
    pub start: Option<String>,
    /// The first key, exclusive.
    pub start_after: Option<String>,
    /// The last key, exclusive.
    pub end: Option<String>,
    /// Only keys that begin so.
    pub prefix: Option<String>,
    /// Descending order.
    pub reverse: bool,
    /// At most so many.
    pub limit: Option<u32>,
}

/// A value in SQL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SqlValue {
    /// NULL
    Null,
    /// INTEGER
    Integer(i64),
    /// REAL
    Real(f64),
    /// TEXT
    Text(String),
    /// BLOB
    Blob(Bytes),
}

/// Rows of a cursor with the counters after them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rows {
    /// The rows.
    pub rows: Vec<Vec<SqlValue>>,
    /// No row follows these; the cursor is closed.
    pub end: bool,
    /// `rowsRead` once the guest has been handed these rows.
    pub rows_read: u64,
    /// `rowsWritten` likewise.
    pub rows_written: u64,
}

/// What a socket wrapper shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SocketState {
    /// 0 connecting, 1 open, 2 closing, 3 closed.
    pub ready_state: u8,
    /// The URL it was opened with, if it is an outgoing one.
    pub url: Option<String>,
    /// The negotiated protocol, or empty.
    pub protocol: String,
    /// The negotiated extensions, or empty.
    pub extensions: String,
}
