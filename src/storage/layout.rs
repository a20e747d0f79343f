//! Where databases lie and which tables of ours are in them: workerd's own layout, so that a state folder of
//! `wrangler dev` opens here and the other way round (reference §1.17).
//!
//! Invariant: names and schema texts only; no file is opened here. The texts are compared with what workerd writes,
//! white space included, because tools show them.

use std::path::{Component, Path, PathBuf};

/// The key-value table. Both back-ends use it; values are V8's serialisation.
pub(super) const CREATE_KV: &str = "CREATE TABLE IF NOT EXISTS _cf_KV (
        key TEXT PRIMARY KEY,
        value BLOB
      ) WITHOUT ROWID";

/// What the object keeps about itself: row [`METADATA_ALARM`] is the alarm.
pub(super) const CREATE_METADATA: &str = "CREATE TABLE IF NOT EXISTS _cf_METADATA (
        key INTEGER PRIMARY KEY,
        value BLOB
      )";

/// The key in `_cf_METADATA` of the alarm's time, in nanoseconds since the epoch; no row and NULL mean none.
pub(super) const METADATA_ALARM: i64 = 1;

/// The index of all alarms of a namespace.
pub(super) const CREATE_ALARMS: &str = "CREATE TABLE IF NOT EXISTS _cf_ALARM (
      actor_id TEXT PRIMARY KEY,
      scheduled_time INTEGER,
      actor_name TEXT
    ) WITHOUT ROWID";

/// Names with this prefix, in any case, are the platform's; guests can neither create nor touch them.
pub(super) const RESERVED_PREFIX: &str = "_cf_";

/// What `databaseSize` says of a database that was never written: one page, as workerd creates it.
pub(super) const PAGE_SIZE: u64 = 4096;

/// The largest database in pages: 10 GB (reference §1.16).
pub(super) const MAX_PAGES: u64 = 10_000_000_000 / PAGE_SIZE;

/// The database of an object below the root folder, or nothing where `unique_key` is no plain folder name.
pub(super) fn object_file(root: &Path, unique_key: &str, id: &[u8; 32]) -> Option<PathBuf> {
    Some(namespace_folder(root, unique_key)?.join(format!("{}.sqlite", hex(id))))
}

/// The alarm index of a namespace, or nothing where `unique_key` is no plain folder name.
pub(super) fn alarms_file(root: &Path, unique_key: &str) -> Option<PathBuf> {
    Some(namespace_folder(root, unique_key)?.join("metadata.sqlite"))
}

/// The write-ahead log beside a database.
pub(super) fn wal_file(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

/// The objects of a namespace that have a database file, sorted. A folder that is not there holds none.
pub(super) fn stored(root: &Path, unique_key: &str) -> std::io::Result<Vec<[u8; 32]>> {
    let Some(folder) = namespace_folder(root, unique_key) else { return Ok(Vec::new()) };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut stored = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        stored.extend(name.to_str().and_then(|name| name.strip_suffix(".sqlite")).and_then(unhex));
    }
    stored.sort_unstable();
    Ok(stored)
}

// The unique key comes from the configuration: it must not lead out of the root folder.
fn namespace_folder(root: &Path, unique_key: &str) -> Option<PathBuf> {
    let mut parts = Path::new(unique_key).components();
    match (parts.next(), parts.next()) {
        (Some(Component::Normal(name)), None) if !unique_key.contains(['/', '\\', '\0']) => Some(root.join(name)),
        _ => None,
    }
}

/// 64 lower-case hex digits.
pub(super) fn hex(id: &[u8; 32]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The inverse of [`hex`]; either case is taken.
pub(super) fn unhex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut id = [0; 32];
    for (index, byte) in id.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(id)
}
