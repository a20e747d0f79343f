//! Compression: gzip, zlib's format (`deflate`) and raw DEFLATE, piece by piece.
//!
//! A codec is given some bytes and then asked for output until it has none, so that what a few bytes expand to is never
//! in memory at once.
//!
//! Invariant: a codec holds what the last push left unread and the library's own state, nothing that grows.

use super::raw::{self, Bytes, Utf8};
use super::set;
use flate2::bufread::GzDecoder;
use flate2::{Compress, Compression, Crc, Decompress, FlushCompress, FlushDecompress, Status};
use rquickjs::{Ctx, Exception, Function, Object, Result, Value};
use std::cell::RefCell;
use std::io::{self, BufRead, ErrorKind, Read};
use std::mem;
use std::rc::Rc;

/// The most that one pull gives, in bytes.
const MAX_PIECE_BYTES: usize = 65_536;
/// gzip's header as zlib writes it: no name, no time, from Unix (RFC 1952, section 2.3).
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
/// The first bytes of every gzip.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

pub(super) fn register<'js>(host: &Object<'js>) -> Result<()> {
    set(host, "compressorNew", |ctx: Ctx<'js>, format: Utf8<'js>| handle(&ctx, compressor(&format.text())))?;
    set(host, "decompressorNew", |ctx: Ctx<'js>, format: Utf8<'js>| handle(&ctx, decompressor(&format.text())))
}

fn compressor(format: &str) -> Option<Box<dyn Codec>> {
    Some(match format {
        "gzip" => Box::new(Compressor::new(true, false)),
        "deflate" => Box::new(Compressor::new(false, true)),
        "deflate-raw" => Box::new(Compressor::new(false, false)),
        _ => return None,
    })
}

/// `gzip-members` is what `Content-Encoding: gzip` may be: one gzip after the other.
fn decompressor(format: &str) -> Option<Box<dyn Codec>> {
    Some(match format {
        "gzip" => Box::new(Gunzip::new(false)),
        "gzip-members" => Box::new(Gunzip::new(true)),
        "deflate" => Box::new(Decompressor::new(true)),
        "deflate-raw" => Box::new(Decompressor::new(false)),
        _ => return None,
    })
}

/// An object of two functions: `push(bytes, isLast)` gives a codec input, `pull()` an `ArrayBuffer` of output, or the
/// name of a [`Pause`].
fn handle<'js>(ctx: &Ctx<'js>, codec: Option<Box<dyn Codec>>) -> Result<Object<'js>> {
    let codec = codec.ok_or_else(|| Exception::throw_range(ctx, "the compression format is unknown"))?;
    let codec = Rc::new(RefCell::new(codec));
    let fed = Rc::clone(&codec);
    let push = move |bytes: Bytes<'js>, is_last: bool| {
        let bytes = bytes.to_vec();
        fed.borrow_mut().input().push(&bytes, is_last);
    };
    let pull = move |ctx: Ctx<'js>| -> Result<Value<'js>> {
        let pulled = codec.borrow_mut().pull();
        match pulled {
            Ok(piece) => raw::array_buffer(&ctx, piece),
            Err(pause) => super::text::string(&ctx, pause.name()),
        }
    };
    let handle = Object::new(ctx.clone())?;
    handle.set("push", Function::new(ctx.clone(), push)?)?;
    handle.set("pull", Function::new(ctx.clone(), pull)?)?;
    Ok(handle)
}

/// What was pushed and not read yet. Where more may come, its end is no end: a reader is told to wait.
#[derive(Default)]
struct Input {
    bytes: Vec<u8>,
    at: usize,
    is_last: bool,
}

impl Input {
    fn push(&mut self, bytes: &[u8], is_last: bool) {
        self.bytes.drain(..self.at);
        self.at = 0;
        self.bytes.extend_from_slice(bytes);
        self.is_last |= is_last;
    }

    fn rest(&self) -> &[u8] {
        &self.bytes[self.at..]
    }
}

impl Read for Input {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.rest().is_empty() && !self.is_last {
            return Err(ErrorKind::WouldBlock.into());
        }
        Ok(self.rest())
    }

    fn consume(&mut self, read: usize) {
        self.at += read;
    }
}

/// Why a codec gives no output.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Pause {
    /// All input is read.
    Hungry,
    /// The data has ended, and all input is read.
    Complete,
    /// The data has ended before the input.
    Trailing,
    /// The last input is read, and the data has not ended.
    Truncated,
    /// The input is not of the format.
    Corrupt,
}

impl Pause {
    /// As the runtime knows it.
    fn name(self) -> &'static str {
        match self {
            Self::Hungry => "hungry",
            Self::Complete => "complete",
            Self::Trailing => "trailing",
            Self::Truncated => "truncated",
            Self::Corrupt => "corrupt",
        }
    }

    /// When the data has ended.
    fn after_end(input: &Input) -> Self {
        if input.rest().is_empty() { Self::Complete } else { Self::Trailing }
    }
}

trait Codec {
    fn input(&mut self) -> &mut Input;

    /// The next piece of output, which is not empty.
    fn pull(&mut self) -> std::result::Result<Vec<u8>, Pause>;
}

struct Compressor {
    compress: Compress,
    input: Input,
    /// The checksum of gzip's trailer, where that is the format.
    crc: Option<Crc>,
    has_begun: bool,
    has_ended: bool,
}

impl Compressor {
    fn new(is_gzip: bool, is_zlib: bool) -> Self {
        let crc = is_gzip.then(Crc::new);
        let compress = Compress::new(Compression::default(), is_zlib);
        Self { compress, input: Input::default(), crc, has_begun: false, has_ended: false }
    }

    /// Compresses into what is left of `piece`.
    fn step(&mut self, piece: &mut Vec<u8>) {
        let flush = if self.input.is_last { FlushCompress::Finish } else { FlushCompress::None };
        let before = self.compress.total_in();
        let status = self.compress.compress_vec(self.input.rest(), piece, flush);
        let read = (self.compress.total_in() - before) as usize;
        if let Some(crc) = &mut self.crc {
            crc.update(&self.input.rest()[..read]);
        }
        self.input.consume(read);
        self.has_ended = matches!(status, Ok(Status::StreamEnd));
    }
}

impl Codec for Compressor {
    fn input(&mut self) -> &mut Input {
        &mut self.input
    }

    fn pull(&mut self) -> std::result::Result<Vec<u8>, Pause> {
        if self.has_ended {
            return Err(Pause::after_end(&self.input));
        }
        if self.input.rest().is_empty() && !self.input.is_last {
            return Err(Pause::Hungry);
        }
        let mut piece = Vec::with_capacity(MAX_PIECE_BYTES);
        let header: &[u8] = if self.crc.is_some() && !self.has_begun { &GZIP_HEADER } else { &[] };
        piece.extend(header);
        self.step(&mut piece);
        if piece.len() == header.len() && !self.has_ended {
            return Err(Pause::Hungry);
        }
        self.has_begun = true;
        if self.has_ended {
            if let Some(crc) = &self.crc {
                piece.extend(crc.sum().to_le_bytes());
                piece.extend(crc.amount().to_le_bytes());
            }
        }
        given(piece, Pause::Hungry)
    }
}

struct Decompressor {
    decompress: Decompress,
    input: Input,
    has_ended: bool,
}

impl Decompressor {
    fn new(is_zlib: bool) -> Self {
        Self { decompress: Decompress::new(is_zlib), input: Input::default(), has_ended: false }
    }
}

impl Codec for Decompressor {
    fn input(&mut self) -> &mut Input {
        &mut self.input
    }

    fn pull(&mut self) -> std::result::Result<Vec<u8>, Pause> {
        if self.has_ended {
            return Err(Pause::after_end(&self.input));
        }
        let mut piece = Vec::with_capacity(MAX_PIECE_BYTES);
        let before = self.decompress.total_in();
        let status = self.decompress.decompress_vec(self.input.rest(), &mut piece, FlushDecompress::None);
        self.input.consume((self.decompress.total_in() - before) as usize);
        match status {
            Ok(Status::StreamEnd) => self.has_ended = true,
            Ok(Status::Ok | Status::BufError) => {}
            Err(_) => return Err(Pause::Corrupt),
        }
        let pause = match self.input.rest().is_empty() {
            _ if self.has_ended => Pause::after_end(&self.input),
            // It neither reads nor writes, whatever it is given.
            false => Pause::Corrupt,
            true if self.input.is_last => Pause::Truncated,
            true => Pause::Hungry,
        };
        given(piece, pause)
    }
}

/// A piece that has something in it, of no more memory than that.
fn given(mut piece: Vec<u8>, pause: Pause) -> std::result::Result<Vec<u8>, Pause> {
    piece.shrink_to_fit();
    if piece.is_empty() { Err(pause) } else { Ok(piece) }
}

struct Gunzip {
    decoder: GzDecoder<Input>,
    /// One gzip may follow another.
    takes_members: bool,
    /// Nothing of the next gzip is read.
    is_at_start: bool,
    has_ended_once: bool,
}

impl Gunzip {
    fn new(takes_members: bool) -> Self {
        let decoder = GzDecoder::new(Input::default());
        Self { decoder, takes_members, is_at_start: true, has_ended_once: false }
    }

    /// Looks whether what comes is gzip: the library wants the whole header for that.
    fn begin(&mut self) -> std::result::Result<(), Pause> {
        let input = self.decoder.get_ref();
        let seen = &input.rest()[..input.rest().len().min(GZIP_MAGIC.len())];
        if !GZIP_MAGIC.starts_with(seen) {
            return Err(Pause::Corrupt);
        }
        if seen == GZIP_MAGIC {
            // It reads what is there of the header at once, so not before.
            self.decoder = GzDecoder::new(mem::take(self.decoder.get_mut()));
            self.is_at_start = false;
            return Ok(());
        }
        Err(match input.is_last {
            false => Pause::Hungry,
            true if seen.is_empty() && self.has_ended_once => Pause::Complete,
            true => Pause::Truncated,
        })
    }
}

impl Codec for Gunzip {
    fn input(&mut self) -> &mut Input {
        self.decoder.get_mut()
    }

    fn pull(&mut self) -> std::result::Result<Vec<u8>, Pause> {
        let mut piece = vec![0; MAX_PIECE_BYTES];
        loop {
            if self.is_at_start {
                self.begin()?;
            }
            match self.decoder.read(&mut piece) {
                Ok(0) if self.takes_members => {
                    self.is_at_start = true;
                    self.has_ended_once = true;
                }
                Ok(read) => {
                    piece.truncate(read);
                    return given(piece, Pause::after_end(self.decoder.get_ref()));
                }
                Err(error) => return Err(pause_of(&error)),
            }
        }
    }
}

/// Why a decoder of gzip gives nothing.
fn pause_of(error: &io::Error) -> Pause {
    match error.kind() {
        ErrorKind::WouldBlock => Pause::Hungry,
        ErrorKind::UnexpectedEof => Pause::Truncated,
        _ => Pause::Corrupt,
    }
}
