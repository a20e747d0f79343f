//! Bodies as streams; the table is in `lib.rs`.

use futures_util::{StreamExt, TryStreamExt, future, stream};
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;
use worker::{Delay, Error, FixedLengthStream, Request, Response, Result};

/// What a made-up body is like.
#[derive(Deserialize)]
struct Shape {
    #[serde(default)]
    bytes: u64,
    chunk: Option<u64>,
    /// Fail after so many bytes.
    break_after: Option<u64>,
    /// Wait so long before each chunk.
    delay_ms: Option<u64>,
    promised: Option<u64>,
}

pub(crate) async fn handle(kind: &str, mut req: Request) -> Result<Response> {
    match kind {
        "count" => count(req).await,
        "zeros" => Response::from_stream(zeros(&req.query()?)),
        "fixed" => {
            let shape: Shape = req.query()?;
            let promised = shape.promised.unwrap_or(shape.bytes);
            Response::from_stream(FixedLengthStream::wrap(zeros(&shape), promised))
        }
        "through" => Response::from_stream(req.stream()?.map_ok(|chunk| chunk)),
        "forward" => Response::from_stream(req.stream()?),
        "twice" => {
            let mut copy = req.clone()?;
            let (one, other) = future::join(req.bytes(), copy.bytes()).await;
            Response::from_json(&[one?.len(), other?.len()])
        }
        _ => Response::error("no such stream", 404),
    }
}

async fn count(mut req: Request) -> Result<Response> {
    let (mut bytes, mut chunks, mut sum) = (0u64, 0u64, 0u64);
    let mut body = req.stream()?;
    while let Some(chunk) = body.try_next().await? {
        bytes += chunk.len() as u64;
        chunks += 1;
        sum = chunk.iter().fold(sum, |sum, byte| sum.wrapping_add(u64::from(*byte)));
    }
    Response::from_json(&json!({ "bytes": bytes, "chunks": chunks, "sum": sum }))
}

fn zeros(shape: &Shape) -> impl stream::Stream<Item = Result<Vec<u8>>> + use<> {
    let Shape { bytes, chunk, break_after, delay_ms, .. } = *shape;
    let chunk = chunk.unwrap_or(64 * 1024).max(1);
    let sizes = stream::unfold(0, move |sent| async move {
        if sent >= bytes {
            return None;
        }
        if let Some(ms) = delay_ms {
            Delay::from(Duration::from_millis(ms)).await;
        }
        if break_after.is_some_and(|limit| sent >= limit) {
            return Some((Err(Error::from("the stream broke on purpose")), u64::MAX));
        }
        let size = chunk.min(bytes - sent);
        Some((Ok(vec![0; usize::try_from(size).unwrap_or(usize::MAX)]), sent + size))
    });
    sizes.fuse()
}
