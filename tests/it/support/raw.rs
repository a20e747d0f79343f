//! A bare connection, for bytes that no client would send.
//!
//! Invariant: sends what it is told, however wrong.

use super::LIMIT;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};

/// A TCP connection.
pub(crate) struct Raw {
    stream: TcpStream,
}

impl Raw {
    /// Connects to a port of this machine.
    pub(crate) fn connect(port: u16) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("somebody listens");
        stream.set_nodelay(true).expect("a TCP connection");
        stream.set_read_timeout(Some(LIMIT)).expect("a TCP connection");
        stream.set_write_timeout(Some(LIMIT)).expect("a TCP connection");
        Self { stream }
    }

    /// Connects and opens a WebSocket by hand.
    pub(crate) fn websocket(port: u16, path: &str) -> Self {
        Self::try_websocket(port, path).unwrap_or_else(|head| panic!("no WebSocket at {path}: {head}"))
    }

    /// Connects and opens a WebSocket by hand; otherwise gives the head of the response.
    pub(crate) fn try_websocket(port: u16, path: &str) -> Result<Self, String> {
        let mut raw = Self::connect(port);
        raw.send(
            format!(
                "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            )
            .as_bytes(),
        );
        let head = raw.head();
        if head.starts_with("HTTP/1.1 101 ") { Ok(raw) } else { Err(head) }
    }

    /// Sends bytes. That the other side has gone is for [`Self::rest`] to show.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// The same connection, to send and receive at the same time.
    pub(crate) fn another(&self) -> Self {
        Self { stream: self.stream.try_clone().expect("a TCP connection") }
    }

    /// Ends the sending half.
    pub(crate) fn finish(&self) {
        self.stream.shutdown(Shutdown::Write).expect("a TCP connection");
    }

    /// The head of a response, up to and with the empty line.
    pub(crate) fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match self.read(1) {
                Some(byte) => head.extend(byte),
                None => break,
            }
        }
        String::from_utf8_lossy(&head).into_owned()
    }

    /// A response of known length, whole.
    pub(crate) fn response(&mut self) -> String {
        let head = self.head();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let body = length.and_then(|length| self.read(length));
        let body = body.unwrap_or_else(|| panic!("no response of known length but {head:?}"));
        head + &String::from_utf8_lossy(&body)
    }

    /// The next chunk of a body in chunks; nothing at its end.
    ///
    /// # Panics
    /// When the body breaks off.
    pub(crate) fn chunk(&mut self) -> Option<Vec<u8>> {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            line.extend(self.read(1).expect("a chunk"));
        }
        let size = String::from_utf8_lossy(&line);
        let size = usize::from_str_radix(size.trim_end(), 16).unwrap_or_else(|_| panic!("{size:?} is no chunk's size"));
        let chunk = self.read(size).expect("the whole chunk");
        self.read(2).expect("the end of the chunk");
        (size > 0).then_some(chunk)
    }

    /// Exactly so many bytes; nothing if the connection ends before.
    pub(crate) fn read(&mut self, count: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; count];
        match self.stream.read_exact(&mut bytes) {
            Ok(()) => Some(bytes),
            Err(error) if gone(&error) => None,
            Err(error) => panic!("nothing arrived within {LIMIT:?}: {error}"),
        }
    }

    /// Everything up to the end of the connection.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self.stream.read_to_end(&mut bytes) {
            Ok(_) => {}
            Err(error) if gone(&error) => {}
            Err(error) => panic!("the connection did not end within {LIMIT:?}: {error}"),
        }
        bytes
    }

    /// The next frame of a WebSocket: opcode and payload; nothing if the connection ends.
    pub(crate) fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let head = self.read(2)?;
        let len = match head[1] & 0x7f {
            126 => u16::from_be_bytes(self.read(2)?.try_into().ok()?).into(),
            127 => u64::from_be_bytes(self.read(8)?.try_into().ok()?) as usize,
            len => usize::from(len),
        };
        Some((head[0] & 0x0f, self.read(len)?))
    }

    /// The code of the Close frame that comes next.
    pub(crate) fn close_code(&mut self) -> Option<u16> {
        match self.frame()? {
            (8, payload) => Some(u16::from_be_bytes(payload.get(..2)?.try_into().ok()?)),
            other => panic!("{other:?} instead of a Close frame"),
        }
    }
}

fn gone(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}

/// A masked frame with this first byte.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];
    let mut bytes = vec![first];
    match payload.len() {
        len @ 0..126 => bytes.push(0x80 | len as u8),
        len @ 126..0x1_0000 => {
            bytes.push(0x80 | 126);
            bytes.extend((len as u16).to_be_bytes());
        }
        len => {
            bytes.push(0x80 | 127);
            bytes.extend((len as u64).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}
