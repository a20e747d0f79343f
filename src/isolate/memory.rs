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
//! Compiled code is mapped here as well, from a file that [`super::kept`] vouches for.
//!
//! Invariant: knows addresses and lengths only.

#![expect(unsafe_code, reason = "mapping memory is what this file is for")]

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap, mmap_anonymous, mprotect, munmap};
use std::cell::RefCell;
use std::ffi::c_void;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::ptr::{NonNull, null_mut};
use std::sync::Arc;
use wasmtime::{LinearMemory, MemoryCreator, MemoryType};

/// What is copied on write at once.
const PAGE: usize = 4096;
/// How much is copied from file to file at once.
const COPIED_BYTES: usize = 64 * 1024;

/// Frozen contents of a memory: part of a file, sparse where the memory is zero, never written after creation.
pub(super) struct Contents {
    file: File,
    /// Where in the file they begin.
    offset: u64,
    len: usize,
}

impl Contents {
    /// Freezes `bytes`, whose length must be a multiple of the wasm page size, in an anonymous file.
    pub(super) fn freeze(bytes: &[u8]) -> std::io::Result<Self> {
        let file = File::from(memfd_create("emu-image", MemfdFlags::CLOEXEC)?);
        file.set_len(bytes.len() as u64)?;
        write_filled(&file, 0, bytes)?;
        Ok(Self { file, offset: 0, len: bytes.len() })
    }

    /// What `file` holds at `offset`, a multiple of the machine's page size. Nobody may write to the file any more.
    pub(super) fn of_file(file: File, offset: u64, len: usize) -> Self {
        Self { file, offset, len }
    }

    /// The length in bytes.
    pub(super) fn len(&self) -> usize {
        self.len
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
// just made itself, and `reserved + guard` bytes stay reserved until drop.
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
        let memory = ImageMemory::map(image, minimum, reserved, guard).map_err(|error| {
            format!("no address space for another isolate: {error} (is `vm.max_map_count` or `ulimit -v` too low?)")
        })?;
        Ok(Box::new(memory))
    }
}

struct ImageMemory {
    base: NonNull<u8>,
    /// Bytes that are readable and writable.
    accessible: usize,
    /// Bytes the memory may grow to.
    reserved: usize,
    /// Bytes of address space held, guard included.
    mapped: usize,
    /// Keeps the file open for as long as it is mapped; not needed by the kernel, but it makes ownership plain.
    _image: Option<Arc<Contents>>,
}

// SAFETY: the mapping belongs to this value alone, and it has no thread affinity.
unsafe impl Send for ImageMemory {}
// SAFETY: `&self` methods only read plain fields.
unsafe impl Sync for ImageMemory {}

impl ImageMemory {
    fn map(image: Option<Arc<Contents>>, minimum: usize, reserved: usize, guard: usize) -> std::io::Result<Self> {
        let image_len = image.as_ref().map_or(0, |image| image.len());
        let accessible = minimum.max(image_len);
        if accessible > reserved {
            return Err(std::io::Error::other("the image is larger than the reservation"));
        }
        let mapped = reserved + guard;
        // SAFETY: a fresh anonymous mapping at an address of the kernel's choice aliases nothing.
        let base =
            unsafe { mmap_anonymous(null_mut(), mapped, ProtFlags::empty(), MapFlags::PRIVATE | MapFlags::NORESERVE)? };
        let memory = Self {
            base: NonNull::new(base.cast()).ok_or_else(|| std::io::Error::other("mapped at address 0"))?,
            accessible,
            reserved,
            mapped,
            _image: image,
        };
        if let Some(image) = &memory._image
            && image_len > 0
        {
            // SAFETY: replaces the first `image_len <= mapped` bytes of the reservation made above, which nobody has
            // seen yet. Nobody writes to the file any more (`Contents`), so private pages stay what they are.
            unsafe {
                mmap(
                    base,
                    image_len,
                    ProtFlags::READ | ProtFlags::WRITE,
                    MapFlags::PRIVATE | MapFlags::FIXED | MapFlags::NORESERVE,
                    &image.file,
                    image.offset,
                )?;
            }
        }
        if accessible > image_len {
            memory.allow(image_len, accessible)?;
        }
        Ok(memory)
    }

    /// Makes `from..to` readable and writable.
    fn allow(&self, from: usize, to: usize) -> std::io::Result<()> {
        debug_assert!(from <= to && to <= self.reserved);
        // SAFETY: `from <= to <= reserved`, so the range lies inside the mapping this value owns; it only becomes more
        // accessible, and its pages are anonymous and zero.
        unsafe {
            let start: *mut c_void = self.base.as_ptr().add(from).cast();
            mprotect(start, to - from, MprotectFlags::READ | MprotectFlags::WRITE)?;
        }
        Ok(())
    }
}

// SAFETY: see the contract in the head of this file; `base` never moves and `accessible` only grows.
unsafe impl LinearMemory for ImageMemory {
    fn byte_size(&self) -> usize {
        self.accessible
    }

    fn byte_capacity(&self) -> usize {
        self.reserved
    }

    fn grow_to(&mut self, new_size: usize) -> wasmtime::Result<()> {
        if new_size > self.reserved {
            return Err(wasmtime::Error::msg("the memory cannot grow beyond its reservation"));
        }
        if new_size > self.accessible {
            self.allow(self.accessible, new_size)?;
            self.accessible = new_size;
        }
        Ok(())
    }

    fn as_ptr(&self) -> *mut u8 {
        self.base.as_ptr()
    }
}

impl Drop for ImageMemory {
    fn drop(&mut self) {
        // SAFETY: exactly the mapping made in `map`; wasmtime drops its memories after the last use of their instance.
        let unmapped = unsafe { munmap(self.base.as_ptr().cast(), self.mapped) };
        debug_assert!(unmapped.is_ok());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes_of(memory: &mut ImageMemory) -> &mut [u8] {
        // SAFETY: the slice borrows the memory mutably, so there is one at a time, and it covers what is accessible.
        unsafe { std::slice::from_raw_parts_mut(memory.as_ptr(), memory.byte_size()) }
    }

    #[test]
    fn memories_of_one_image_start_alike_and_do_not_share_writes() {
        let mut bytes = vec![0; 2 * 65536];
        bytes[70_000] = 7;
        let image = Arc::new(Contents::freeze(&bytes).unwrap());
        let mut first = ImageMemory::map(Some(Arc::clone(&image)), 65536, 1 << 20, 65536).unwrap();
        bytes_of(&mut first)[70_000] = 9;
        let mut second = ImageMemory::map(Some(image), 65536, 1 << 20, 65536).unwrap();
        assert_eq!(first.byte_size(), 2 * 65536);
        assert_eq!((bytes_of(&mut second)[70_000], bytes_of(&mut first)[70_000]), (7, 9));
    }

    #[test]
    fn growth_gives_zeroes_and_stops_at_the_reservation() {
        let mut memory = ImageMemory::map(None, 65536, 2 * 65536, 65536).unwrap();
        memory.grow_to(2 * 65536).unwrap();
        assert!(bytes_of(&mut memory).iter().all(|byte| *byte == 0));
        assert!(memory.grow_to(3 * 65536).is_err());
    }
}
