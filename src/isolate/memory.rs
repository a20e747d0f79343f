//! Linear memories that start as copy-on-write mappings of an image. The one unsafe file of emu.
//!
//! The contract with wasmtime ([`wasmtime::MemoryCreator`]): a memory is one reservation of address space that never
//! moves; from its base, `byte_size` bytes are readable and writable; everything up to the end of the guard is
//! inaccessible, so that compiled code may leave bounds checks out; nobody but wasmtime touches it after creation.
//! It starts with the bytes of the image, or zero where the image has none.
//!
//! Which image is meant is said by [`with_image`] around the instantiation, for wasmtime's interface has no room for
//! an argument. Instantiation is synchronous, so a thread-local says it without a race.
//!
//! A memory whose isolate has ended is [rewound](ImageMemory::rewind) to its image and lent again ([`super::spare`]).
//!
//! Compiled code is mapped here as well, from a file that [`super::kept`] vouches for.
//!
//! Invariant: knows addresses and lengths only.

#![expect(unsafe_code, reason = "mapping memory is what this file is for")]

use super::spare;
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::mm::{Advice, MapFlags, MprotectFlags, ProtFlags, madvise, mmap, mmap_anonymous, mprotect, munmap};
use std::cell::RefCell;
use std::ffi::c_void;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::ptr::{NonNull, null_mut};
use std::sync::{Arc, OnceLock, Weak};
use std::thread::ThreadId;
use wasmtime::{LinearMemory, MemoryCreator, MemoryType};

/// What is copied on write at once.
pub(super) const PAGE: usize = 4096;
/// How much is copied from file to file at once.
const COPIED_BYTES: usize = 64 * 1024;

/// Frozen contents of a memory: part of a file, sparse where the memory is zero, never written after creation.
pub(super) struct Contents {
    file: File,
    /// Where in the file they begin.
    offset: u64,
    len: usize,
    /// The same bytes to read, once somebody has asked for them.
    view: OnceLock<Option<Mapping>>,
}

impl Contents {
    /// Freezes `bytes`, whose length must be a multiple of the wasm page size, in an anonymous file.
    pub(super) fn freeze(bytes: &[u8]) -> std::io::Result<Self> {
        let file = File::from(memfd_create("emu-image", MemfdFlags::CLOEXEC)?);
        file.set_len(bytes.len() as u64)?;
        write_filled(&file, 0, bytes)?;
        Ok(Self { file, offset: 0, len: bytes.len(), view: OnceLock::new() })
    }

    /// What `file` holds at `offset`, a multiple of the machine's page size. Nobody may write to the file any more.
    pub(super) fn of_file(file: File, offset: u64, len: usize) -> Self {
        Self { file, offset, len, view: OnceLock::new() }
    }

    /// The length in bytes.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The bytes; `None` when they cannot be mapped.
    fn bytes(&self) -> Option<&[u8]> {
        let view = self.view.get_or_init(|| Mapping::view(&self.file, self.offset, self.len).ok()).as_ref()?;
        // SAFETY: `view` maps `len` bytes readable for as long as `self` lives, and nobody writes to the file any more.
        Some(unsafe { std::slice::from_raw_parts(view.base.as_ptr(), self.len) })
    }

    /// Writes what is not zero into another file, which is zero so far.
    pub(super) fn copy_to(&self, other: &File, offset: u64) -> std::io::Result<()> {
        let mut buffer = vec![0; COPIED_BYTES];
        for start in (0..self.len).step_by(COPIED_BYTES) {
            let part = &mut buffer[..COPIED_BYTES.min(self.len - start)];
            self.file.read_exact_at(part, self.offset + start as u64)?;
            write_filled(other, offset + start as u64, part)?;
        }
        Ok(())
    }
}

/// Writes the pages that are not zero, neighbours at once.
fn write_filled(file: &File, offset: u64, bytes: &[u8]) -> std::io::Result<()> {
    let is_zero = |page: &[u8]| page.iter().all(|byte| *byte == 0);
    let mut start = 0;
    for pages in bytes.chunks(PAGE).collect::<Vec<_>>().chunk_by(|one, next| is_zero(one) == is_zero(next)) {
        let len: usize = pages.iter().map(|page| page.len()).sum();
        if !is_zero(pages[0]) {
            file.write_all_at(&bytes[start..start + len], offset + start as u64)?;
        }
        start += len;
    }
    Ok(())
}

/// Compiled code that is mapped from a file.
///
/// # Errors
/// When it is no code, or none for this engine on this machine.
pub(super) fn map_code(engine: &wasmtime::Engine, code: File) -> wasmtime::Result<wasmtime::Module> {
    // SAFETY: the file is what `Module::serialize` wrote. It comes from `kept`, which opens only what this user alone can
    // have written, and nobody writes to a kept file once it has a name.
    unsafe { wasmtime::Module::deserialize_open_file(engine, code) }
}

/// How many pages a thread has been given by the kernel, as of some moment: for reading, for writing, or in place of a
/// file's. While the number stays, the thread has written to no page that was not its own already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Faults {
    thread: ThreadId,
    count: i64,
}

impl Faults {
    /// Those of the calling thread so far; `None` when the kernel does not say.
    pub(super) fn now() -> Option<Self> {
        /// The calling thread alone (`RUSAGE_THREAD`).
        const THREAD: i32 = 1;
        /// Where the two numbers are, in words: minor and major faults.
        const COUNTS: Range<usize> = 8..10;
        /// What a `struct rusage` of 64-bit Linux takes, in words. The kernel writes 18; some libraries reserve more.
        const WORDS: usize = 34;
        unsafe extern "C" {
            fn getrusage(who: i32, usage: *mut [i64; WORDS]) -> i32;
        }

        if !cfg!(all(target_os = "linux", target_pointer_width = "64")) {
            return None;
        }
        let mut usage = [0; WORDS];
        // SAFETY: the C library writes a `struct rusage` there, which is no larger than the words are.
        let refused = unsafe { getrusage(THREAD, &raw mut usage) } != 0;
        let count = usage[COUNTS].iter().sum();
        (!refused).then(|| Self { thread: std::thread::current().id(), count })
    }
}

thread_local! {
    static IMAGE: RefCell<Option<Arc<Contents>>> = const { RefCell::new(None) };
}

/// Runs `instantiate` so that the memory it creates starts with `contents`.
pub(super) fn with_image<R>(contents: &Arc<Contents>, instantiate: impl FnOnce() -> R) -> R {
    IMAGE.with(|image| *image.borrow_mut() = Some(Arc::clone(contents)));
    let result = instantiate();
    IMAGE.with(|image| *image.borrow_mut() = None);
    result
}

/// Makes the memories of every isolate.
pub(super) struct ImageMemoryCreator;

// SAFETY: `ImageMemory::map` keeps the contract in the head of this file: base and length come from mappings it has
// just made itself, and `reserved + guard` bytes stay reserved until drop. A spare memory was made by it, too, and
// `ImageMemory::rewind` has brought it back to what it was then.
unsafe impl MemoryCreator for ImageMemoryCreator {
    fn new_memory(
        &self,
        _ty: MemoryType,
        minimum: usize,
        _maximum: Option<usize>,
        reserved: Option<usize>,
        guard: usize,
    ) -> Result<Box<dyn LinearMemory>, String> {
        let image = IMAGE.with(|image| image.borrow().clone());
        let reserved = reserved.ok_or("the engine must reserve its memories")?;
        let wanted = Wanted { image, minimum, reserved, guard };
        let memory = match spare::take(&wanted) {
            Some(memory) => memory,
            None => ImageMemory::map(wanted).map_err(|error| {
                format!("no address space for another isolate: {error} (is `vm.max_map_count` or `ulimit -v` too low?)")
            })?,
        };
        Ok(Box::new(Lent(Some(memory))))
    }
}

/// A mapping that is undone on drop.
struct Mapping {
    base: NonNull<u8>,
    len: usize,
}

// SAFETY: the mapping belongs to this value alone, and it has no thread affinity.
unsafe impl Send for Mapping {}
// SAFETY: `&self` methods only read plain fields.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Takes over `len` bytes that were mapped at `base`.
    fn of(base: *mut c_void, len: usize) -> std::io::Result<Self> {
        let base = NonNull::new(base.cast()).ok_or_else(|| std::io::Error::other("mapped at address 0"))?;
        Ok(Self { base, len })
    }

    /// Address space that nobody may touch yet.
    fn reserve(len: usize) -> std::io::Result<Self> {
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: a fresh anonymous mapping at an address of the kernel's choice aliases nothing.
        Self::of(unsafe { mmap_anonymous(null_mut(), len, ProtFlags::empty(), flags)? }, len)
    }

    /// Part of a file, to read. Nobody may write to the file any more.
    fn view(file: &File, offset: u64, len: usize) -> std::io::Result<Self> {
        // SAFETY: a fresh mapping at an address of the kernel's choice aliases nothing.
        Self::of(unsafe { mmap(null_mut(), len, ProtFlags::READ, MapFlags::SHARED, file, offset)? }, len)
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: exactly the mapping that this value took over; who owns it has let go of what points into it.
        let unmapped = unsafe { munmap(self.base.as_ptr().cast(), self.len) };
        debug_assert!(unmapped.is_ok());
    }
}

/// What a memory must be like.
pub(super) struct Wanted {
    /// What it starts with.
    image: Option<Arc<Contents>>,
    /// Bytes that are readable and writable at first.
    minimum: usize,
    /// Bytes the memory may grow to.
    reserved: usize,
    /// Bytes behind those that are never accessible.
    guard: usize,
}

/// A linear memory.
pub(super) struct ImageMemory {
    mapping: Mapping,
    /// Bytes that are readable and writable.
    accessible: usize,
    /// Those that were at first.
    started: usize,
    /// Bytes the memory may grow to.
    reserved: usize,
    /// What it starts with. Its mapping needs no more than the file; a memory must not keep alive what nobody runs any more.
    image: Option<Weak<Contents>>,
    /// Its own pages of those there were at the start, by number, in order; the others are the image's still. Empty before
    /// anybody has looked.
    own: Vec<Range<usize>>,
    /// The faults of its thread when it was lent again, with its own pages known.
    lent_at: Option<Faults>,
}

impl ImageMemory {
    fn map(wanted: Wanted) -> std::io::Result<Self> {
        let Wanted { image, minimum, reserved, guard } = wanted;
        let image_len = image.as_ref().map_or(0, |image| image.len());
        let started = minimum.max(image_len);
        if started > reserved {
            return Err(std::io::Error::other("the image is larger than the reservation"));
        }
        let mapping = Mapping::reserve(reserved + guard)?;
        if let Some(image) = &image
            && image_len > 0
        {
            // SAFETY: replaces the first `image_len <= reserved` bytes of the reservation made above, which nobody has
            // seen yet. Nobody writes to the file any more (`Contents`), so private pages stay what they are.
            unsafe {
                mmap(
                    mapping.base.as_ptr().cast(),
                    image_len,
                    ProtFlags::READ | ProtFlags::WRITE,
                    MapFlags::PRIVATE | MapFlags::FIXED | MapFlags::NORESERVE,
                    &image.file,
                    image.offset,
                )?;
            }
        }
        let image = image.as_ref().map(Arc::downgrade);
        let memory = Self { mapping, accessible: started, started, reserved, image, own: Vec::new(), lent_at: None };
        memory.protect(image_len..started, MprotectFlags::READ | MprotectFlags::WRITE)?;
        Ok(memory)
    }

    /// Whether this memory, rewound, is what is wanted.
    pub(super) fn is(&self, wanted: &Wanted) -> bool {
        let image_len = wanted.image.as_ref().map_or(0, |image| image.len());
        self.image.as_ref().map(Weak::as_ptr) == wanted.image.as_ref().map(Arc::as_ptr)
            && self.started == wanted.minimum.max(image_len)
            && self.reserved == wanted.reserved
            && self.mapping.len == wanted.reserved + wanted.guard
    }

    /// Whether no further isolate will start from its image.
    pub(super) fn is_out_of_use(&self) -> bool {
        self.image.as_ref().is_some_and(|image| image.strong_count() == 0)
    }

    /// Whether both start with the same image.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.image.as_ref().map(Weak::as_ptr) == other.image.as_ref().map(Weak::as_ptr)
    }

    /// Where it begins, and how many bytes of it there were when it started.
    pub(super) fn extent(&self) -> (usize, usize) {
        (self.mapping.base.as_ptr() as usize, self.started)
    }

    /// To be called when it is lent again.
    pub(super) fn lend(&mut self) {
        self.lent_at = Faults::now();
    }

    /// Whether its own pages are those that are known: none can have become one since it was lent.
    pub(super) fn is_known(&self) -> bool {
        self.lent_at.is_some() && self.lent_at == Faults::now()
    }

    /// Notes which pages are its own, of those there were at the start.
    pub(super) fn know(&mut self, own: Vec<Range<usize>>) {
        self.own = own;
    }

    /// How many pages are known to be its own.
    pub(super) fn own_pages(&self) -> usize {
        self.own.iter().map(Range::len).sum()
    }

    /// Makes the memory what it was when it started. Its own pages must be known.
    ///
    /// # Errors
    /// When the kernel refuses; then the memory is of no use any more.
    pub(super) fn rewind(&mut self) -> std::io::Result<()> {
        self.shrink()?;
        let unreadable = || std::io::Error::other("the image cannot be read");
        let image = self.image.as_ref().map(|image| image.upgrade().ok_or_else(unreadable)).transpose()?;
        let image = image.as_ref().map_or(Some(&[][..]), |image| image.bytes()).ok_or_else(unreadable)?;
        // SAFETY: these bytes are mapped, readable and writable; the isolate has ended, so `self` alone points to them.
        let memory = unsafe { std::slice::from_raw_parts_mut(self.mapping.base.as_ptr(), self.started) };
        for pages in &self.own {
            let end = (pages.end * PAGE).min(memory.len());
            let memory = &mut memory[(pages.start * PAGE).min(end)..end];
            let image = image.get(pages.start * PAGE..).unwrap_or_default();
            let (imaged, zero) = memory.split_at_mut(memory.len().min(image.len()));
            imaged.copy_from_slice(&image[..imaged.len()]);
            zero.fill(0);
        }
        Ok(())
    }

    /// Gives back what the memory has grown by, which is zero should it grow again.
    fn shrink(&mut self) -> std::io::Result<()> {
        let grown = self.started..self.accessible;
        if grown.is_empty() {
            return Ok(());
        }
        // SAFETY: the range lies inside the mapping this value owns, and its pages are anonymous: they become zero. The
        // isolate has ended, so nobody misses what was there.
        unsafe { madvise(self.address(grown.start), grown.len(), Advice::LinuxDontNeed)? };
        self.protect(grown, MprotectFlags::empty())?;
        self.accessible = self.started;
        Ok(())
    }

    fn protect(&self, range: Range<usize>, flags: MprotectFlags) -> std::io::Result<()> {
        debug_assert!(range.start <= range.end && range.end <= self.reserved);
        if range.is_empty() {
            return Ok(());
        }
        // SAFETY: the range lies inside the mapping this value owns. It becomes more accessible, its pages being anonymous
        // and zero, or less when the isolate has ended and nobody points there.
        unsafe { mprotect(self.address(range.start), range.len(), flags)? };
        Ok(())
    }

    /// The address of a byte of the reservation.
    fn address(&self, offset: usize) -> *mut c_void {
        debug_assert!(offset <= self.mapping.len);
        self.mapping.base.as_ptr().wrapping_add(offset).cast()
    }

    fn grow_to(&mut self, new_size: usize) -> wasmtime::Result<()> {
        if new_size > self.reserved {
            return Err(wasmtime::Error::msg("the memory cannot grow beyond its reservation"));
        }
        if new_size > self.accessible {
            self.protect(self.accessible..new_size, MprotectFlags::READ | MprotectFlags::WRITE)?;
            self.accessible = new_size;
        }
        Ok(())
    }
}

/// A memory for as long as an isolate has it.
struct Lent(Option<ImageMemory>);

impl Lent {
    fn memory(&self) -> &ImageMemory {
        self.0.as_ref().expect("it is given back on drop only")
    }
}

// SAFETY: see the contract in the head of this file; the base never moves and `accessible` only grows while it is lent.
unsafe impl LinearMemory for Lent {
    fn byte_size(&self) -> usize {
        self.memory().accessible
    }

    fn byte_capacity(&self) -> usize {
        self.memory().reserved
    }

    fn grow_to(&mut self, new_size: usize) -> wasmtime::Result<()> {
        self.0.as_mut().expect("it is given back on drop only").grow_to(new_size)
    }

    fn as_ptr(&self) -> *mut u8 {
        self.memory().mapping.base.as_ptr()
    }
}

impl Drop for Lent {
    /// wasmtime drops its memories after the last use of their instance.
    fn drop(&mut self) {
        if let Some(memory) = self.0.take() {
            spare::give_back(memory);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WASM_PAGE: usize = 65536;

    fn map(image: Option<&Arc<Contents>>, minimum: usize, reserved: usize) -> ImageMemory {
        ImageMemory::map(Wanted { image: image.cloned(), minimum, reserved, guard: WASM_PAGE }).unwrap()
    }

    fn bytes_of(memory: &mut ImageMemory) -> &mut [u8] {
        // SAFETY: the slice borrows the memory mutably, so there is one at a time, and it covers what is accessible.
        unsafe { std::slice::from_raw_parts_mut(memory.mapping.base.as_ptr(), memory.accessible) }
    }

    /// A page of zeroes, and a page with a seven in it.
    fn image() -> (Vec<u8>, Arc<Contents>) {
        let mut bytes = vec![0; 2 * WASM_PAGE];
        bytes[70_000] = 7;
        let image = Arc::new(Contents::freeze(&bytes).unwrap());
        (bytes, image)
    }

    #[test]
    fn memories_of_one_image_start_alike_and_do_not_share_writes() {
        let (_, image) = image();
        let mut first = map(Some(&image), WASM_PAGE, 1 << 20);
        bytes_of(&mut first)[70_000] = 9;
        let mut second = map(Some(&image), WASM_PAGE, 1 << 20);
        assert_eq!(second.accessible, 2 * WASM_PAGE);
        assert_eq!((bytes_of(&mut second)[70_000], bytes_of(&mut first)[70_000]), (7, 9));
    }

    #[test]
    fn growth_gives_zeroes_and_stops_at_the_reservation() {
        let mut memory = map(None, WASM_PAGE, 2 * WASM_PAGE);
        memory.grow_to(2 * WASM_PAGE).unwrap();
        assert!(bytes_of(&mut memory).iter().all(|byte| *byte == 0));
        assert!(memory.grow_to(3 * WASM_PAGE).is_err());
    }

    #[test]
    fn a_memory_that_was_given_back_is_what_a_fresh_one_is() {
        let (bytes, image) = image();
        // More than the image has at the start, and more again by growing.
        let wanted = || Wanted { image: Some(Arc::clone(&image)), minimum: 3 * WASM_PAGE, reserved: 1 << 20, guard: 0 };
        let mut memory = ImageMemory::map(wanted()).unwrap();
        memory.grow_to(5 * WASM_PAGE).unwrap();
        for offset in [0, 70_000, 2 * WASM_PAGE - 1, 2 * WASM_PAGE, 3 * WASM_PAGE - 1, 3 * WASM_PAGE, 5 * WASM_PAGE - 1]
        {
            bytes_of(&mut memory)[offset] = 9;
        }
        let base = memory.mapping.base;
        spare::give_back(memory);

        let mut again = spare::take(&wanted()).expect("a spare memory");
        assert_eq!(again.mapping.base, base);
        assert_eq!(bytes_of(&mut again)[..2 * WASM_PAGE], bytes);
        assert!(bytes_of(&mut again)[2 * WASM_PAGE..].iter().all(|byte| *byte == 0));
        assert_eq!(again.accessible, 3 * WASM_PAGE);
        again.grow_to(5 * WASM_PAGE).unwrap();
        assert!(bytes_of(&mut again)[3 * WASM_PAGE..].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn a_memory_that_is_lent_many_times_is_what_a_fresh_one_is_every_time() {
        let (bytes, image) = image();
        let wanted = || Wanted { image: Some(Arc::clone(&image)), minimum: 2 * WASM_PAGE, reserved: 1 << 20, guard: 0 };
        spare::give_back(ImageMemory::map(wanted()).unwrap());
        // What becomes its own in one round is written to in the next as well, where no fault tells of it.
        for offsets in [&[0][..], &[0], &[0, 70_000], &[70_000], &[], &[5 * PAGE, 0]] {
            let mut memory = spare::take(&wanted()).expect("a spare memory");
            assert_eq!(bytes_of(&mut memory), bytes, "before {offsets:?}");
            offsets.iter().for_each(|offset| bytes_of(&mut memory)[*offset] = 9);
            spare::give_back(memory);
        }
    }

    #[test]
    fn a_page_that_becomes_a_memorys_own_is_noticed() {
        let (_, image) = image();
        let wanted = || Wanted { image: Some(Arc::clone(&image)), minimum: 2 * WASM_PAGE, reserved: 1 << 20, guard: 0 };
        spare::give_back(ImageMemory::map(wanted()).unwrap());
        let mut memory = spare::take(&wanted()).expect("a spare memory");
        bytes_of(&mut memory)[70_000] = 9;
        assert!(!memory.is_known());
    }

    #[test]
    fn a_memory_is_lent_again_for_its_own_image_and_size_only() {
        let (_, ours) = image();
        let (_, other) = image();
        let wanted = |image: Option<&Arc<Contents>>, reserved| Wanted {
            image: image.cloned(),
            minimum: WASM_PAGE,
            reserved,
            guard: WASM_PAGE,
        };
        spare::give_back(map(Some(&ours), WASM_PAGE, 1 << 20));
        assert!(spare::take(&wanted(Some(&other), 1 << 20)).is_none());
        assert!(spare::take(&wanted(None, 1 << 20)).is_none());
        assert!(spare::take(&wanted(Some(&ours), 1 << 21)).is_none());
        assert!(spare::take(&wanted(Some(&ours), 1 << 20)).is_some());
    }

    #[test]
    fn spare_memories_are_few_and_do_not_outlive_their_image() {
        let (_, ours) = image();
        let (_, other) = image();
        let wanted = |image: &Arc<Contents>| Wanted {
            image: Some(Arc::clone(image)),
            minimum: WASM_PAGE,
            reserved: 1 << 20,
            guard: 0,
        };
        let give_back = |image, number: usize| {
            let ended: Vec<_> = (0..number).map(|_| ImageMemory::map(wanted(image)).unwrap()).collect();
            ended.into_iter().for_each(spare::give_back);
        };
        give_back(&ours, 20);
        assert_eq!(spare::count(), 8);
        give_back(&other, 1);
        assert_eq!(spare::count(), 8);
        assert!(spare::take(&wanted(&other)).is_some(), "there is room for another worker's");
        let late = ImageMemory::map(wanted(&ours)).unwrap();
        drop(ours);
        assert!(spare::take(&wanted(&other)).is_none());
        assert_eq!(spare::count(), 0);
        spare::give_back(late);
        assert_eq!(spare::count(), 0);
    }
}
