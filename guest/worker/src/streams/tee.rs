//! Two readers of one body.

use super::Source;
use crate::Result;
use emu_abi::Failure;
use futures_util::Stream;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

struct Tee {
    source: Source,
    /// How the source ended.
    end: Option<std::result::Result<(), Failure>>,
    readers: [Reader; 2],
}

#[derive(Default)]
struct Reader {
    /// Chunks the other reader has taken from the source and this one has not read.
    queue: VecDeque<Vec<u8>>,
    waker: Option<Waker>,
    gone: bool,
}

pub(super) struct Branch {
    tee: Rc<RefCell<Tee>>,
    index: usize,
}

/// Splits `source` in two.
pub(super) fn tee(source: Source) -> [Branch; 2] {
    let tee = Rc::new(RefCell::new(Tee { source, end: None, readers: Default::default() }));
    [Branch { tee: tee.clone(), index: 0 }, Branch { tee, index: 1 }]
}

impl Stream for Branch {
    type Item = Result<Vec<u8>>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let tee = &mut *self.tee.borrow_mut();
        if let Some(chunk) = tee.readers[self.index].queue.pop_front() {
            return Poll::Ready(Some(Ok(chunk)));
        }
        if let Some(end) = &tee.end {
            return Poll::Ready(end.clone().err().map(|failure| Err(failure.into())));
        }
        tee.readers[self.index].waker = Some(context.waker().clone());
        let item = ready!(tee.source.poll_chunk(context));
        let other = &mut tee.readers[1 - self.index];
        match &item {
            Some(Ok(chunk)) if !other.gone => other.queue.push_back(chunk.clone()),
            Some(Ok(_)) => {}
            Some(Err(error)) => tee.end = Some(Err(error.to_failure())),
            None => tee.end = Some(Ok(())),
        }
        // The source wakes only whoever polled it last.
        if let Some(waker) = other.waker.take() {
            waker.wake();
        }
        Poll::Ready(item)
    }
}

impl Drop for Branch {
    fn drop(&mut self) {
        let mut tee = self.tee.borrow_mut();
        let reader = &mut tee.readers[self.index];
        reader.gone = true;
        reader.queue.clear();
        // The source may have been waiting to wake this reader; the other one must ask for itself.
        if let Some(waker) = tee.readers[1 - self.index].waker.take() {
            waker.wake();
        }
    }
}
