//! Files that outlive the process: frozen memories and compiled code, which the next start maps instead of making them.
//!
//! A kept memory is a head that says what it is, and behind it the memory itself, sparse where it is zero. Nothing of
//! the memory is read before an isolate touches it. A file gets its name when all of it is on disk, and is replaced, never
//! written to: who has mapped it keeps what it mapped.
//!
//! Invariant: only files that nobody but this user can have written are opened. A file that is missing, damaged or of
//! somebody else's costs time and nothing else.

use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat};
use serde::{Serialize, de::DeserializeOwned};
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

/// How every kept memory begins. Another layout gets another one.
const MAGIC: &[u8; 8] = b"emu-kp-1";
/// The magic and the length of the head.
const PREFIX_BYTES: usize = 16;
/// What the memory is aligned to in its file: a multiple of the pages of every machine.
const ALIGNMENT: u64 = 64 * 1024;
/// The largest head that is read.
const HEAD_BYTES_MAX: u64 = 1024 * 1024;

/// A memory in a file.
pub(super) struct Kept<T> {
    /// What is said about the memory.
    pub(super) head: T,
    /// Where the memory is.
    pub(super) file: File,
    /// Where in the file it begins.
    pub(super) offset: u64,
    /// Its length in bytes.
    pub(super) len: u64,
}

/// Opens a kept file, if there is one that can be trusted.
pub(super) fn open(path: &Path) -> Option<File> {
    let file = File::open(path).ok()?;
    let metadata = file.metadata().ok()?;
    let is_ours = metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & 0o022 == 0;
    (is_ours && metadata.is_file()).then_some(file)
}

/// Opens a kept memory, if there is one that can be trusted and is whole.
pub(super) fn open_memory<T: DeserializeOwned>(path: &Path) -> Option<Kept<T>> {
    let file = open(path)?;
    let mut prefix = [0; PREFIX_BYTES];
    file.read_exact_at(&mut prefix, 0).ok()?;
    let (magic, head_len) = prefix.split_at(MAGIC.len());
    let head_len = u64::from_le_bytes(head_len.try_into().ok()?);
    if magic != MAGIC || head_len > HEAD_BYTES_MAX {
        return None;
    }
    let mut head = vec![0; usize::try_from(head_len).ok()?];
    file.read_exact_at(&mut head, PREFIX_BYTES as u64).ok()?;
    let (head, len) = emu_abi::decode::<(T, u64)>(&head).ok()?;
    let offset = offset_behind(head_len);
    let is_whole = offset.checked_add(len) == Some(file.metadata().ok()?.len());
    is_whole.then_some(Kept { head, file, offset, len })
}

/// Keeps a memory. `memory` is given the file, and where in it the memory begins.
///
/// # Errors
/// When the file cannot be written, or there is too much to say about the memory.
pub(super) fn keep_memory<T: Serialize>(
    path: &Path,
    head: &T,
    len: u64,
    memory: impl FnOnce(&File, u64) -> io::Result<()>,
) -> io::Result<()> {
    let head = emu_abi::encode(&(head, len));
    let head_len = head.len() as u64;
    if head_len > HEAD_BYTES_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    keep(path, |file| {
        let offset = offset_behind(head_len);
        file.set_len(offset + len)?;
        file.write_all_at(&[&MAGIC[..], &head_len.to_le_bytes(), &head].concat(), 0)?;
        memory(file, offset)
    })
}

/// Writes a file that has no name until it is whole and on disk.
///
/// # Errors
/// When the file system does not let it.
pub(super) fn keep(path: &Path, write: impl FnOnce(&File) -> io::Result<()>) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(folder)?;
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(folder, flags, Mode::RUSR | Mode::WUSR)?);
    write(&file)?;
    // A name that outlives a loss of power must not belong to bytes that do not.
    file.sync_data()?;
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let unnamed = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(CWD, unnamed, CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

fn offset_behind(head_len: u64) -> u64 {
    (PREFIX_BYTES as u64 + head_len).next_multiple_of(ALIGNMENT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_memory_is_opened_only_when_it_is_whole_and_nobody_elses() {
        let folder = std::env::temp_dir().join(format!("emu-kept-{}", std::process::id()));
        let path = folder.join("engine.image");
        let opened = || open_memory::<String>(&path).map(|kept| (kept.head, kept.len));
        assert_eq!(opened(), None, "there is none");
        let memory = |file: &File, offset: u64| file.write_all_at(b"memory", offset);
        keep_memory(&path, &"head", 6, memory).expect("a file");
        keep_memory(&path, &"another head", 6, memory).expect("the file is replaced");
        assert_eq!(opened(), Some(("another head".to_owned(), 6)));
        let mut bytes = [0; 6];
        let kept = open_memory::<String>(&path).expect("the file");
        kept.file.read_exact_at(&mut bytes, kept.offset).expect("the memory");
        assert_eq!(&bytes, b"memory");

        fs::set_permissions(&path, fs::Permissions::from_mode(0o620)).expect("the owner's right");
        assert_eq!(opened(), None, "others can write it");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("the owner's right");
        let whole = fs::read(&path).expect("the file");
        let mut of_another_layout = whole.clone();
        of_another_layout[7] += 1;
        let mut with_endless_head = whole.clone();
        with_endless_head[15] = 0xff;
        let longer = [whole.as_slice(), b"x"].concat();
        let damaged = [&whole[..whole.len() - 1], &whole[..20], b"", &of_another_layout, &with_endless_head, &longer];
        for damaged in damaged {
            fs::write(&path, damaged).expect("a file");
            assert_eq!(opened(), None, "{} bytes", damaged.len());
        }
        fs::remove_dir_all(&folder).expect("the folder");
    }
}
