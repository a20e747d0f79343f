//! A small HTTP/1.1 client for load: one kept-alive connection, one request at a time, no allocation per request.
//!
//! Invariant: connects to 127.0.0.1 only.

use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Result;

/// The longest answer accepted; the bench worker's answers are a few bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// One connection.
pub(crate) struct Connection {
    stream: TcpStream,
    port: u16,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Connection {
    /// Connects to the server on this port.
    pub(crate) async fn open(port: u16) -> Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, port, request: Vec::new(), answer: Vec::with_capacity(1024) })
    }

    /// `GET path`; the body of a 200 answer.
    ///
    /// # Errors
    ///
    /// When the connection ends, the answer is not HTTP/1.1 with a length or chunks, or its status is not 200.
    pub(crate) async fn get(&mut self, path: &str) -> Result<&str> {
        use std::io::Write;
        self.request.clear();
        write!(self.request, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", self.port)?;
        self.stream.write_all(&self.request).await?;
        self.answer.clear();
        let head_length = loop {
            if let Some(at) = find(&self.answer, b"\r\n\r\n") {
                break at + 4;
            }
            self.read_more().await?;
        };
        let head = Head::parse(str::from_utf8(&self.answer[..head_length])?)?;
        if head.chunked {
            while !self.answer.ends_with(b"\r\n0\r\n\r\n") && self.answer[head_length..] != *b"0\r\n\r\n" {
                self.read_more().await?;
            }
            let body = join_chunks(&self.answer[head_length..])?;
            self.answer.truncate(head_length);
            self.answer.extend_from_slice(&body);
        } else {
            while self.answer.len() < head_length + head.length {
                self.read_more().await?;
            }
        }
        let body = str::from_utf8(&self.answer[head_length..])?;
        if head.status == 200 { Ok(body) } else { Err(format!("`{path}` answered {}: {body}", head.status).into()) }
    }

    /// `GET path`; the body as a number.
    pub(crate) async fn count(&mut self, path: &str) -> Result<u64> {
        let body = self.get(path).await?;
        body.trim().parse().map_err(|_| format!("`{path}` answered `{body}`, which is no count").into())
    }

    async fn read_more(&mut self) -> Result<()> {
        if self.answer.len() > ANSWER_BYTES_MAX {
            return Err(format!("an answer of more than {ANSWER_BYTES_MAX} bytes").into());
        }
        match self.stream.read_buf(&mut self.answer).await? {
            0 => Err("the server closed the connection".into()),
            _ => Ok(()),
        }
    }
}

struct Head {
    status: u16,
    length: usize,
    chunked: bool,
}

impl Head {
    fn parse(text: &str) -> Result<Self> {
        let status = text.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
        let status = status.ok_or("an answer that is not HTTP/1.1")?;
        let mut head = Self { status, length: 0, chunked: false };
        for (name, value) in text.split("\r\n").skip(1).filter_map(|line| line.split_once(':')) {
            if name.eq_ignore_ascii_case("content-length") {
                head.length = value.trim().parse()?;
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                head.chunked = value.trim().eq_ignore_ascii_case("chunked");
            }
        }
        Ok(head)
    }
}

fn join_chunks(mut rest: &[u8]) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = find(rest, b"\r\n").ok_or("a chunk without a length")?;
        let length = usize::from_str_radix(str::from_utf8(&rest[..line])?.trim(), 16)?;
        if length == 0 {
            return Ok(body);
        }
        let chunk = rest.get(line + 2..line + 2 + length).ok_or("a chunk shorter than its length")?;
        body.extend_from_slice(chunk);
        rest = rest.get(line + 2 + length + 2..).ok_or("a chunk without an end")?;
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
