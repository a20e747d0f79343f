//! Memories of isolates that have ended, for the next ones of the same image.
//!
//! A fresh mapping costs a page fault for every page that is touched, and once more to unmap it: a third of the time of a
//! short run. A spare one has its pages already. The kernel says which of them were written to, and only those are copied
//! from the image again. It is asked only after a run with page faults: without one no further page can have been written
//! to. Where it does not say so, every isolate gets a fresh mapping.
//!
//! Invariant: a memory that is taken from here is, byte for byte, what a fresh mapping would be.

use super::memory::{ImageMemory, PAGE, Wanted};
use std::cell::RefCell;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// The memories that a thread keeps.
const SPARE_MAX: usize = 8;
/// A memory of which more pages were written is not kept: copying them costs more than it saves.
const WRITTEN_PAGES_MAX: usize = 1024;

thread_local! {
    static SPARE: RefCell<Vec<ImageMemory>> = const { RefCell::new(Vec::new()) };
    static PAGE_MAP: Option<File> = File::open("/proc/self/pagemap").ok();
}

/// A memory that is what is wanted, if this thread has one.
pub(super) fn take(wanted: &Wanted) -> Option<ImageMemory> {
    SPARE
        .try_with(|spare| {
            let mut spare = spare.borrow_mut();
            spare.retain(|memory| !memory.is_out_of_use());
            let found = spare.iter().position(|memory| memory.is(wanted))?;
            let mut memory = spare.swap_remove(found);
            memory.lend();
            Some(memory)
        })
        .ok()
        .flatten()
}

/// Takes the memory of an isolate that has ended.
pub(super) fn give_back(mut memory: ImageMemory) {
    // A thread that ends keeps nothing.
    if !SPARE.try_with(|spare| make_room(&mut spare.borrow_mut(), &memory)).unwrap_or(false) {
        return;
    }
    if !memory.is_known() {
        let (address, len) = memory.extent();
        let Some(own) = written_pages(address, len) else { return };
        memory.know(own);
    }
    if memory.own_pages() > WRITTEN_PAGES_MAX || memory.rewind().is_err() {
        return;
    }
    _ = SPARE.try_with(|spare| spare.borrow_mut().push(memory));
}

/// How many this thread has.
#[cfg(test)]
pub(super) fn count() -> usize {
    SPARE.with(|spare| spare.borrow().len())
}

/// Lets go of what nobody will want any more. Whether there is room for one more: where many isolates end at once, most
/// memories are not worth the copying.
fn make_room(spare: &mut Vec<ImageMemory>, memory: &ImageMemory) -> bool {
    spare.retain(|memory| !memory.is_out_of_use());
    if memory.is_out_of_use() {
        return false;
    }
    if spare.len() < SPARE_MAX {
        return true;
    }
    // Other workers had their turn.
    let other = spare.iter().position(|other| !other.is_like(memory));
    other.map(|other| spare.remove(other)).is_some()
}

/// The pages of a mapping that are its own, no longer its file's, by number; `None` when the kernel does not say.
fn written_pages(address: usize, len: usize) -> Option<Vec<Range<usize>>> {
    /// An entry is 64 bits: this one, the page is in memory; this one, it is swapped out; this one, it is a file's.
    const PRESENT: u64 = 1 << 63;
    const SWAPPED: u64 = 1 << 62;
    const OF_FILE: u64 = 1 << 61;
    const ENTRY_BYTES: usize = 8;

    let mut entries = vec![0; len.div_ceil(PAGE) * ENTRY_BYTES];
    let offset = (address / PAGE * ENTRY_BYTES) as u64;
    PAGE_MAP.try_with(|map| map.as_ref()?.read_exact_at(&mut entries, offset).ok()).ok().flatten()?;
    let is_written = |entry: &[u8]| {
        let entry = entry.try_into().map_or(u64::MAX, u64::from_le_bytes);
        entry & SWAPPED != 0 || entry & (PRESENT | OF_FILE) == PRESENT
    };
    let mut written: Vec<Range<usize>> = Vec::new();
    for (page, _) in entries.chunks_exact(ENTRY_BYTES).enumerate().filter(|(_, entry)| is_written(entry)) {
        match written.last_mut() {
            Some(last) if last.end == page => last.end = page + 1,
            _ => written.push(page..page + 1),
        }
    }
    Some(written)
}
