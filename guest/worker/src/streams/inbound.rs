//! Streams of the host: a request's body in a handler, a response's body after a fetch.

use crate::{Result, host, scope};
use emu_abi::{Failure, Op};
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::task::{Context, Poll, Waker};

/// What the host says about a stream: a chunk, its end (`None`), or why it broke.
type Item = std::result::Result<Option<Vec<u8>>, Failure>;

#[derive(Default)]
struct Mailbox {
    items: VecDeque<Item>,
    waker: Option<Waker>,
}

thread_local! {
    static MAILBOXES: RefCell<BTreeMap<u32, Mailbox>> = const { RefCell::new(BTreeMap::new()) };
}

/// A stream of the host. Dropping it before its end tells the host so.
#[derive(Debug)]
pub(crate) struct Inbound {
    id: u32,
    pub(crate) length: Option<u64>,
    /// Something was asked for: it cannot be passed on whole any more.
    started: bool,
    /// A chunk was asked for and has not come.
    pulled: bool,
    /// The host knows that nothing more is wanted.
    over: bool,
}

impl Inbound {
    pub(crate) fn new(id: u32, length: Option<u64>) -> Self {
        MAILBOXES.with_borrow_mut(|boxes| boxes.insert(id, Mailbox::default()));
        Self { id, length, started: false, pulled: false, over: false }
    }

    /// The stream's number, if nothing of it has been read; the host then passes it on by itself.
    pub(crate) fn forward(&mut self) -> Option<u32> {
        if self.started {
            return None;
        }
        self.over = true;
        Some(self.id)
    }

    pub(crate) fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Vec<u8>>>> {
        if self.over {
            return Poll::Ready(None);
        }
        self.started = true;
        let item = MAILBOXES.with_borrow_mut(|boxes| {
            let mailbox = boxes.get_mut(&self.id)?;
            let item = mailbox.items.pop_front();
            if item.is_none() {
                mailbox.waker = Some(context.waker().clone());
            }
            item
        });
        match item {
            None => {
                if !self.pulled {
                    self.pulled = true;
                    host::op(&Op::BodyPull { body: self.id, section: scope::section() });
                }
                Poll::Pending
            }
            Some(Ok(Some(bytes))) => {
                self.pulled = false;
                Poll::Ready(Some(Ok(bytes)))
            }
            Some(Ok(None)) => {
                self.over = true;
                Poll::Ready(None)
            }
            Some(Err(failure)) => {
                self.over = true;
                Poll::Ready(Some(Err(failure.into())))
            }
        }
    }
}

impl Drop for Inbound {
    fn drop(&mut self) {
        MAILBOXES.with_borrow_mut(|boxes| boxes.remove(&self.id));
        if !self.over {
            host::op(&Op::BodyCancel { body: self.id });
        }
    }
}

/// Delivers what the host says about the stream `id`.
pub(crate) fn deliver(id: u32, item: Item) {
    let waker = MAILBOXES.with_borrow_mut(|boxes| {
        let mailbox = boxes.get_mut(&id)?;
        mailbox.items.push_back(item);
        mailbox.waker.take()
    });
    if let Some(waker) = waker {
        waker.wake();
    }
}
