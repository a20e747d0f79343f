//! Files: layout, durability, the bound on open ones, and what a damaged one does.

use super::*;
use emu_abi::ListOptions;

// Schema texts as workerd writes them.
const SCHEMA: &[&str] = &[
    "CREATE TABLE _cf_KV (\n        key TEXT PRIMARY KEY,\n        value BLOB\n      ) WITHOUT ROWID",
    "CREATE TABLE _cf_METADATA (\n        key INTEGER PRIMARY KEY,\n        value BLOB\n      )",
];
const ALARM_SCHEMA: &str = "CREATE TABLE _cf_ALARM (\n      actor_id TEXT PRIMARY KEY,\n      scheduled_time INTEGER,\n      \
    actor_name TEXT\n    ) WITHOUT ROWID";

#[test]
fn files_have_workerds_layout() {
    let folder = Folder::new();
    let storage = folder.storage();
    let object = open(&storage);
    put(&object, "a", &[0xff, 0x0f, 0x49, 0x02]);
    object.set_alarm_ns(Some(1_796_230_214_195_000_000)).unwrap();
    object.commit().unwrap();
    storage.alarms(KEY).set(&ID, 1_796_230_214_195_000_000, Some("lobby")).unwrap();
    storage.close();

    let database = inspect(&folder.database());
    assert_eq!(query_texts(&database, "select sql from sqlite_master"), SCHEMA);
    assert_eq!(query_texts(&database, "select key || '=' || hex(value) from _cf_KV"), ["a=FF0F4902"]);
    let metadata = "select key || ' ' || value || ' ' || typeof(value) from _cf_METADATA";
    assert_eq!(query_texts(&database, metadata), ["1 1796230214195000000 integer"]);
    let pragmas = "select journal_mode || ' ' || (select page_size from pragma_page_size) || ' ' || \
        (select encoding from pragma_encoding) || ' ' || (select auto_vacuum from pragma_auto_vacuum) from pragma_journal_mode";
    assert_eq!(query_texts(&database, pragmas), ["wal 4096 UTF-8 0"]);

    let index = inspect(&folder.0.join("v3/do").join(KEY).join("metadata.sqlite"));
    assert_eq!(query_texts(&index, "select sql from sqlite_master"), [ALARM_SCHEMA]);
    let row = "select actor_id || ' ' || scheduled_time || ' ' || actor_name from _cf_ALARM";
    assert_eq!(query_texts(&index, row), [format!("{} 1796230214195000000 lobby", "07".repeat(32))]);
}

#[test]
fn a_database_of_workerd_opens() {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.database().parent().unwrap()).unwrap();
    let database = inspect(&folder.database());
    database.execute_batch("PRAGMA journal_mode=WAL").unwrap();
    SCHEMA.iter().for_each(|sql| database.execute_batch(sql).unwrap());
    database
        .execute_batch(
            "insert into _cf_KV values('a', x'ff0f4902'); insert into _cf_METADATA values(1, NULL), (2, 3);
             create table t(id integer primary key); insert into t values(4)",
        )
        .unwrap();
    // The log of a killed workerd is still beside it.
    let folder = folder.killed();
    let storage = folder.storage();
    let object = open(&storage);
    assert_eq!(get(&object, "a"), Some(vec![0xff, 0x0f, 0x49, 0x02]));
    assert_eq!((object.alarm_ns().unwrap(), run(&object, "select * from t")), (None, "4".into()));
    object.set_alarm_ns(Some(9)).unwrap();
    put(&object, "b", b"x");
    object.commit().unwrap();
    storage.close();
    let database = inspect(&folder.database());
    assert_eq!(query_texts(&database, "select key || value from _cf_METADATA order by key"), ["19", "23"]);
}

#[test]
fn reading_creates_nothing() {
    let folder = Folder::new();
    let object = open(&folder.storage());
    assert_eq!(get(&object, "a"), None);
    assert_eq!(object.kv_list(&ListOptions::default()).unwrap(), []);
    assert_eq!(object.kv_delete(&keys(&["a"])).unwrap(), 0);
    assert_eq!((object.alarm_ns().unwrap(), object.database_size().unwrap()), (None, 4096));
    object.delete_all(false).unwrap();
    object.kv_put(&[]).unwrap();
    assert!(!object.commit().unwrap());
    assert!(!folder.0.join("v3").exists());
}

#[test]
fn a_killed_process_loses_nothing_it_committed() {
    for durability in [Durability::Process, Durability::Full] {
        let folder = Folder::new();
        let storage = Storage::new(Some(folder.0.join("v3/do")), durability, 8);
        let object = open(&storage);
        put(&object, "a", b"1");
        object.commit().unwrap();
        storage.flush().unwrap();
        put(&object, "a", b"2");
        assert_eq!(get(&open(&folder.killed().storage()), "a"), Some(b"1".to_vec()));
        object.commit().unwrap();
        assert_eq!(get(&open(&folder.killed().storage()), "a"), Some(b"2".to_vec()));
    }
}

#[test]
fn a_torn_log_ends_at_its_last_whole_commit() {
    let folder = Folder::new();
    let storage = folder.storage();
    let object = open(&storage);
    let mut ends = Vec::new();
    for number in 0..4u8 {
        put(&object, "a", &[number; 3000]);
        object.commit().unwrap();
        ends.push(layout::wal_file(&folder.database()).metadata().unwrap().len());
    }
    for (number, end) in ends.iter().enumerate() {
        for (cut, expected) in [(0, Some(number)), (1, number.checked_sub(1)), (3000, number.checked_sub(1))] {
            let killed = folder.killed();
            let log = std::fs::OpenOptions::new().write(true).open(layout::wal_file(&killed.database())).unwrap();
            log.set_len(end - cut).unwrap();
            let expected = expected.map(|number| vec![number as u8; 3000]);
            assert_eq!(get(&open(&killed.storage()), "a"), expected, "{cut} bytes short of commit {number}");
        }
    }
}

#[test]
fn flush_syncs_what_is_closed_as_well() {
    let folder = Folder::new();
    let storage = Storage::new(Some(folder.0.clone()), Durability::Full, 8);
    let object = open(&storage);
    put(&object, "a", b"1");
    object.commit().unwrap();
    object.close();
    storage.flush().unwrap();
    storage.flush().unwrap();
    assert_eq!(get(&object, "a"), Some(b"1".to_vec()));
}

#[test]
fn the_number_of_open_files_is_bounded_and_nobody_notices() {
    let folder = Folder::new();
    let storage = Storage::new(Some(folder.0.clone()), Durability::Process, 3);
    let objects: Vec<_> = (0..10u8).map(|number| storage.open(KEY, &[number; 32], Backend::Sqlite)).collect();
    for (number, object) in objects.iter().enumerate() {
        put(object, "a", &[number as u8]);
        object.commit().unwrap();
        assert!(storage.open_count() <= 3);
    }
    for (number, object) in objects.iter().enumerate() {
        assert_eq!(get(object, "a"), Some(vec![number as u8]));
        assert!(storage.open_count() <= 3);
    }
}

#[test]
fn a_database_in_use_is_not_closed() {
    let folder = Folder::new();
    let storage = Storage::new(Some(folder.0.clone()), Durability::Process, 1);
    let object = |number: u8| storage.open(KEY, &[number; 32], Backend::Sqlite);
    let (writing, reading, switched) = (object(1), object(2), object(3));
    put(&writing, "a", b"1");
    let query = "with recursive c(x) as (select 1 union all select x+1 from c where x<100000) select x from c";
    let opened = reading.sql_exec(query, &[]).unwrap();
    run(&switched, "pragma foreign_keys=off");
    for number in 10..15 {
        put(&object(number), "a", b"x");
    }
    assert_eq!(get(&writing, "a"), Some(b"1".to_vec()));
    assert_eq!(show(&reading.sql_next(opened.cursor, 1).unwrap().rows), "2");
    assert_eq!(run(&switched, "pragma foreign_keys"), "0");
    writing.commit().unwrap();
    reading.sql_close(opened.cursor);
    drop(switched);
    put(&object(20), "a", b"x");
    assert_eq!(storage.open_count(), 1);
    assert_eq!(get(&writing, "a"), Some(b"1".to_vec()));
}

#[test]
fn a_damaged_file_is_a_clear_error_and_is_left_alone() {
    let folder = Folder::new();
    let storage = folder.storage();
    let object = open(&storage);
    object.kv_put(&(0..500).map(|number| entry(&number.to_string(), &[1; 500])).collect::<Vec<_>>()).unwrap();
    object.commit().unwrap();
    storage.close();
    let good = std::fs::read(folder.database()).unwrap();
    let garbled: Vec<u8> = good.iter().enumerate().map(|(at, byte)| if at > 100 { 0xa5 } else { *byte }).collect();
    let garbage = b"this is no database, but it is long enough to look like something else entirely".repeat(200);
    for (bytes, expected) in [
        (&garbage[..], "file is not a database: SQLITE_NOTADB"),
        (&good[..2 * 4096], "database disk image is malformed: SQLITE_CORRUPT"),
        (&garbled, "SQLITE_CORRUPT"),
    ] {
        std::fs::write(folder.database(), bytes).unwrap();
        let storage = folder.storage();
        let object = open(&storage);
        for failure in [
            object.kv_list(&ListOptions::default()).unwrap_err(),
            object.kv_get(&keys(&["77"])).unwrap_err(),
            object.kv_put(&(0..500).map(|number| entry(&number.to_string(), b"x")).collect::<Vec<_>>()).unwrap_err(),
        ] {
            assert!(failure.message.contains(expected), "{failure}");
        }
        object.rollback();
        drop((object, storage));
        assert_eq!(std::fs::read(folder.database()).unwrap().len(), bytes.len());
    }
}

#[test]
fn a_file_in_use_by_another_program_is_a_clear_error() {
    let folder = Folder::new();
    let storage = folder.storage();
    let object = open(&storage);
    put(&object, "a", b"1");
    object.commit().unwrap();
    // Another emu on the same folder.
    let failure = open(&folder.storage()).kv_get(&keys(&["a"])).unwrap_err();
    assert!(failure.message.ends_with("database is locked: SQLITE_BUSY"), "{failure}");
    assert_eq!(get(&object, "a"), Some(b"1".to_vec()));
    storage.close_unused();
    assert_eq!(storage.open_count(), 1);
    drop(object);
    storage.close_unused();
    assert_eq!(storage.open_count(), 0);
    assert_eq!(get(&open(&folder.storage()), "a"), Some(b"1".to_vec()));
}

#[test]
fn a_file_that_cannot_be_opened_is_a_clear_error() {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.database()).unwrap();
    let failure = open(&folder.storage()).kv_put(&[entry("a", b"1")]).unwrap_err();
    let database = folder.database();
    let expected = format!("cannot open the database `{}`: ", database.display());
    assert!(failure.message.starts_with(&expected) && failure.message.contains("SQLITE_CANTOPEN"), "{failure}");

    let blocked = Folder::new();
    std::fs::write(blocked.0.join("v3"), "a file where a folder should be").unwrap();
    let failure = open(&blocked.storage()).kv_put(&[entry("a", b"1")]).unwrap_err();
    assert!(failure.message.contains("cannot open the database"), "{failure}");
}

#[test]
fn a_namespace_cannot_lead_out_of_the_folder() {
    let folder = Folder::new();
    for key in ["..", ".", "", "a/b", "/a", "a\\b", "a\0b", "../x"] {
        let object = folder.storage().open(key, &ID, Backend::Sqlite);
        assert!(object.kv_put(&[entry("a", b"1")]).unwrap_err().message.contains("cannot be the name of a folder"));
        assert!(folder.storage().alarms(key).set(&ID, 1, None).is_err());
    }
    assert!(!folder.0.join("v3").exists());
}

#[test]
fn objects_in_memory_live_as_long_as_the_storage() {
    let storage = Storage::new(None, Durability::Process, 1);
    for number in 0..5u8 {
        let object = storage.open(KEY, &[number; 32], Backend::Sqlite);
        put(&object, "a", &[number]);
        object.commit().unwrap();
    }
    for number in 0..5u8 {
        let object = storage.open(KEY, &[number; 32], Backend::Sqlite);
        assert_eq!(get(&object, "a"), Some(vec![number]));
        object.close();
        assert_eq!(get(&object, "a"), Some(vec![number]));
    }
    assert_eq!(get(&storage.open("other", &[0; 32], Backend::Sqlite), "a"), None);
}
