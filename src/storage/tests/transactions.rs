//! The implicit transaction, savepoints, and what breaks an object.

use super::*;

#[test]
fn writes_are_lost_until_they_are_committed() {
    let folder = Folder::new();
    let object = open(&folder.storage());
    put(&object, "a", b"1");
    run(&object, "create table t(a); insert into t values(1)");
    object.set_alarm_ns(Some(5)).unwrap();
    assert!(object.has_writes());
    object.rollback();
    assert!(!object.has_writes());
    assert_eq!(get(&object, "a"), None);
    assert_eq!(object.alarm_ns().unwrap(), None);
    assert_eq!(run(&object, "select * from t"), "Error: no such table: t: SQLITE_ERROR");

    put(&object, "a", b"1");
    run(&object, "create table t(a); insert into t values(1)");
    object.set_alarm_ns(Some(5)).unwrap();
    assert!(object.commit().unwrap());
    object.rollback();
    assert_eq!(get(&object, "a"), Some(b"1".to_vec()));
    assert_eq!((object.alarm_ns().unwrap(), run(&object, "select * from t")), (Some(5), "1".into()));
}

#[test]
fn there_is_nothing_to_commit_after_reads() {
    let folder = Folder::new();
    let object = open(&folder.storage());
    assert!(!object.commit().unwrap());
    run(&object, "select 1");
    object.savepoint_begin(false).unwrap();
    object.savepoint_release().unwrap();
    assert!(!object.has_writes());
    assert!(!object.commit().unwrap());
    put(&object, "a", b"1");
    assert!(object.commit().unwrap());
    assert!(!object.commit().unwrap());
}

#[test]
fn the_last_handle_takes_uncommitted_writes_with_it() {
    let storage = Storage::new(None, Durability::Process, 8);
    let object = open(&storage);
    put(&object, "a", b"1");
    object.commit().unwrap();
    let other = object.clone();
    put(&object, "a", b"2");
    drop(object);
    assert_eq!(get(&other, "a"), Some(b"2".to_vec()));
    drop(other);
    assert_eq!(get(&open(&storage), "a"), Some(b"1".to_vec()));
}

#[test]
fn savepoints_nest_and_roll_back_everything() {
    let object = in_memory();
    put(&object, "a", b"0");
    object.savepoint_begin(false).unwrap();
    put(&object, "a", b"1");
    object.set_alarm_ns(Some(1)).unwrap();
    object.savepoint_begin(false).unwrap();
    put(&object, "a", b"2");
    run(&object, "create table t(a)");
    object.savepoint_rollback().unwrap();
    assert_eq!(get(&object, "a"), Some(b"1".to_vec()));
    assert_eq!(run(&object, "select * from t"), "Error: no such table: t: SQLITE_ERROR");
    object.savepoint_rollback().unwrap();
    assert_eq!((get(&object, "a"), object.alarm_ns().unwrap()), (Some(b"0".to_vec()), None));
    object.savepoint_begin(false).unwrap();
    put(&object, "a", b"3");
    object.savepoint_release().unwrap();
    assert!(object.commit().unwrap());
    object.rollback();
    assert_eq!(get(&object, "a"), Some(b"3".to_vec()));
}

#[test]
fn the_first_table_can_be_rolled_back_and_made_again() {
    let object = in_memory();
    object.savepoint_begin(false).unwrap();
    put(&object, "a", b"1");
    object.savepoint_rollback().unwrap();
    assert_eq!(get(&object, "a"), None);
    put(&object, "a", b"2");
    object.set_alarm_ns(Some(1)).unwrap();
    object.rollback();
    assert_eq!((get(&object, "a"), object.alarm_ns().unwrap()), (None, None));
    put(&object, "a", b"3");
    object.set_alarm_ns(Some(2)).unwrap();
    assert_eq!((get(&object, "a"), object.alarm_ns().unwrap()), (Some(b"3".to_vec()), Some(2)));
}

#[test]
fn an_explicit_savepoint_holds_the_commit_over_turns() {
    let folder = Folder::new();
    let object = open(&folder.storage());
    put(&object, "before", b"1");
    object.savepoint_begin(true).unwrap();
    put(&object, "a", b"1");
    assert!(!object.commit().unwrap());
    object.savepoint_begin(false).unwrap();
    put(&object, "b", b"1");
    object.savepoint_release().unwrap();
    assert!(!object.commit().unwrap());
    assert_eq!(get(&open(&folder.killed().storage()), "before"), None);
    object.savepoint_release().unwrap();
    assert!(object.commit().unwrap());
    let folder = folder.killed();
    let killed = open(&folder.storage());
    assert!(["before", "a", "b"].iter().all(|key| get(&killed, key).is_some()));
}

#[test]
fn savepoints_are_bounded_and_must_be_open() {
    let object = in_memory();
    assert!(object.savepoint_release().is_err());
    assert!(object.savepoint_rollback().is_err());
    while object.savepoint_begin(false).is_ok() {}
    put(&object, "a", b"1");
    object.commit().unwrap();
    assert!(object.savepoint_release().is_err());
    assert_eq!(get(&object, "a"), Some(b"1".to_vec()));
}

#[test]
fn a_constraint_violated_at_commit_resets_the_object() {
    let object = in_memory();
    run(
        &object,
        "create table p(id integer primary key); create table c(p references p(id) deferrable initially deferred)",
    );
    object.commit().unwrap();
    put(&object, "a", b"1");
    run(&object, "insert into c values(5)");
    let error = object.commit().unwrap_err();
    let text = "Durable Object was reset and rolled back to its last known good state because the application left the \
        database in a state where constraints were violated: FOREIGN KEY constraint failed: SQLITE_CONSTRAINT (extended: \
        SQLITE_CONSTRAINT_FOREIGNKEY)";
    assert_eq!(error, CommitError { failure: Failure::error(text), reset: true });
    assert_eq!(object.sql_exec("select 1", &[]).unwrap_err().message, text);
    object.rollback();
    assert_eq!((run(&object, "select * from c"), get(&object, "a")), (String::new(), None));
}

#[test]
fn a_critical_error_breaks_the_object_until_it_is_reset() {
    let folder = Folder::new();
    let object = open(&folder.storage());
    run(&object, "create table t(v); insert into t values(1)");
    object.commit().unwrap();
    object.set_max_pages(20);
    run(&object, "insert into t values(2)");
    let full = object.sql_exec("insert into t values(zeroblob(200000))", &[]).unwrap_err();
    assert_eq!((full.message.as_str(), full.durable_object_reset), ("database or disk is full: SQLITE_FULL", true));
    for failure in [
        object.sql_exec("select 1", &[]).unwrap_err(),
        object.kv_put(&[entry("a", b"1")]).unwrap_err(),
        object.kv_get(&keys(&["a"])).unwrap_err(),
        object.alarm_ns().unwrap_err(),
        object.savepoint_begin(true).unwrap_err(),
    ] {
        assert_eq!(failure, full);
    }
    assert!(object.has_writes());
    assert_eq!(object.commit().unwrap_err(), CommitError { failure: full, reset: true });
    object.rollback();
    assert_eq!(run(&object, "select * from t"), "1");
}

#[test]
fn a_transaction_that_sqlite_rolled_back_breaks_the_object() {
    for (setup, query) in [
        ("", "insert or rollback into t values(1)"),
        ("create trigger tr before delete on t begin select raise(rollback, 'no'); end", "delete from t"),
    ] {
        let object = in_memory();
        run(&object, "create table t(v unique); insert into t values(1)");
        object.commit().unwrap();
        if !setup.is_empty() {
            run(&object, setup);
            object.commit().unwrap();
        }
        object.savepoint_begin(false).unwrap();
        run(&object, "insert into t values(2)");
        let failure = object.sql_exec(query, &[]).unwrap_err();
        assert!(failure.message.contains("SQLITE_CONSTRAINT") && failure.durable_object_reset, "{failure}");
        assert!(object.savepoint_rollback().is_err(), "{query}");
        assert!(object.commit().unwrap_err().reset, "{query}");
        object.rollback();
        assert_eq!(run(&object, "select * from t"), "1", "{query}");
    }
}

#[test]
fn cursors_meet_a_rollback_as_on_the_platform() {
    let object = in_memory();
    run(&object, "create table t(id integer primary key); insert into t values(1),(2),(3)");
    object.savepoint_begin(false).unwrap();
    let opened = object.sql_exec("select * from t", &[]).unwrap();
    run(&object, "create table u(a)");
    object.savepoint_rollback().unwrap();
    // SQLite had one row ready.
    let next = || object.sql_next(opened.cursor, 1);
    let failure = next().and_then(|_| next()).unwrap_err();
    assert_eq!(failure.message, "abort due to ROLLBACK: SQLITE_ABORT (extended: SQLITE_ABORT_ROLLBACK)");

    let opened = object.sql_exec("select * from t", &[]).unwrap();
    object.rollback();
    assert_eq!(
        object.sql_next(opened.cursor, 1).unwrap_err().message,
        "SQLite query was canceled because the database was closed."
    );
}

#[test]
fn foreign_keys_can_be_switched_outside_a_transaction_only() {
    let object = in_memory();
    assert_eq!(run(&object, "pragma foreign_keys=off; pragma foreign_keys"), "0");
    assert_eq!(run(&object, "pragma foreign_keys=on; pragma foreign_keys"), "1");
    put(&object, "a", b"1");
    assert_eq!(run(&object, "pragma foreign_keys=off; pragma foreign_keys"), "1");
    object.commit().unwrap();
    run(&object, "pragma foreign_keys=off");
    let storage = Storage::new(None, Durability::Process, 8);
    run(&open(&storage), "pragma foreign_keys=off");
    assert_eq!(run(&open(&storage), "pragma foreign_keys"), "1", "the next instance starts anew");
}

#[test]
fn delete_all_leaves_nothing_but_the_alarm() {
    for (keep_alarm, expected) in [(true, Some(77)), (false, None)] {
        let folder = Folder::new();
        let storage = folder.storage();
        let object = open(&storage);
        run(
            &object,
            "create table p(id integer primary key autoincrement, v); create table c(p references p(id) not null);
             insert into p(v) values(1); insert into c values(1); create index i on p(v); create view v as select * from p;
             create trigger tr after insert on p begin delete from c; end; create virtual table f using fts5(a);
             create table \"a \"\" b\"(x); analyze; insert into f values('x')",
        );
        run(&object, "insert into \"a \"\" b\" values(zeroblob(1000000))");
        put(&object, "a", b"1");
        object.set_alarm_ns(Some(77)).unwrap();
        object.commit().unwrap();
        let opened = object.sql_exec("select 1 union all select 2 union all select 3", &[]).unwrap();
        object.delete_all(keep_alarm).unwrap();
        assert_eq!(
            object.sql_next(opened.cursor, 1).unwrap_err().message,
            "SQLite query was canceled because the database was deleted."
        );
        assert_eq!((get(&object, "a"), object.alarm_ns().unwrap()), (None, expected));
        assert!(object.commit().unwrap());
        assert_eq!(
            run(&object, "select name from sqlite_master where name not in ('_cf_METADATA', 'sqlite_sequence')"),
            ""
        );
        assert!(object.database_size().unwrap() <= 3 * 4096);
        storage.close();
        assert!(folder.database().metadata().unwrap().len() <= 3 * 4096);
        assert_eq!(object.alarm_ns().unwrap(), expected);
        run(&object, "create table p(id integer primary key autoincrement)");
        assert_eq!(run(&object, "insert into p default values returning id"), "1");
    }
}

#[test]
fn delete_all_is_part_of_the_transaction() {
    let object = in_memory();
    put(&object, "a", b"1");
    run(&object, "create table t(a)");
    object.commit().unwrap();
    object.delete_all(false).unwrap();
    put(&object, "b", b"2");
    object.rollback();
    assert_eq!((get(&object, "a"), get(&object, "b")), (Some(b"1".to_vec()), None));
    assert_eq!(run(&object, "select * from t"), "");
    object.savepoint_begin(true).unwrap();
    assert_eq!(object.delete_all(false).unwrap_err().message, "Cannot call deleteAll() within a transaction");
}
