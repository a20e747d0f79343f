//! Cursors over results.

use super::*;

fn object_with_rows(count: u32) -> ObjectStorage {
    let object = in_memory();
    run(&object, "create table t(id integer primary key, v)");
    for id in 1..=count {
        run(&object, &format!("insert into t values({id}, {id})"));
    }
    object.commit().unwrap();
    object
}

#[test]
fn the_cursor_is_one_row_ahead() {
    let object = object_with_rows(4);
    let opened = object.sql_exec("select id from t", &[]).unwrap();
    let mut seen = vec![(show(&opened.rows.rows), opened.rows.rows_read, opened.rows.end)];
    while !seen.last().unwrap().2 {
        let rows = object.sql_next(opened.cursor, 1).unwrap();
        seen.push((show(&rows.rows), rows.rows_read, rows.end));
    }
    let expected = [("1", 2, false), ("2", 3, false), ("3", 4, false), ("4", 4, true)];
    assert_eq!(seen, expected.map(|(row, rows_read, end)| (row.to_owned(), rows_read, end)));
    assert_eq!(object.sql_next(opened.cursor, 1).unwrap_err().message, failure::CURSOR_CLOSED);
}

#[test]
fn one_row_needs_no_cursor() {
    let object = object_with_rows(1);
    for query in ["select id from t", "select 1", "select * from t where 0", "insert into t(v) values(1) returning id"]
    {
        let opened = object.sql_exec(query, &[]).unwrap();
        assert_eq!((opened.cursor, opened.rows.end), (0, true), "{query}");
    }
}

#[test]
fn replies_are_bounded_by_rows_and_bytes() {
    let object = object_with_rows(50);
    let opened = object.sql_exec("select zeroblob(100000) from t", &[]).unwrap();
    assert_eq!(object.sql_next(opened.cursor, 100).unwrap().rows.len(), 3);
    assert_eq!(object.sql_next(opened.cursor, 2).unwrap().rows.len(), 2);
    assert_eq!(object.sql_next(opened.cursor, 0).unwrap().rows.len(), 1);
}

#[test]
fn the_same_text_can_run_twice_at_a_time() {
    let object = object_with_rows(3);
    let first = object.sql_exec("select id from t", &[]).unwrap();
    let second = object.sql_exec("select id from t", &[]).unwrap();
    assert_ne!(first.cursor, second.cursor);
    assert_eq!(show(&object.sql_next(second.cursor, 1).unwrap().rows), "2");
    assert_eq!(show(&object.sql_next(first.cursor, 9).unwrap().rows), "2 3");
    assert_eq!(show(&object.sql_next(second.cursor, 9).unwrap().rows), "3");
}

#[test]
fn a_closed_cursor_is_gone_and_its_statement_runs_again() {
    let object = object_with_rows(3);
    let opened = object.sql_exec("select id from t", &[]).unwrap();
    object.sql_close(opened.cursor);
    object.sql_close(opened.cursor);
    object.sql_close(12345);
    assert!(object.sql_next(opened.cursor, 1).is_err());
    assert_eq!(run(&object, "select id from t"), "1 2 3");
}

#[test]
fn open_cursors_are_bounded() {
    let object = object_with_rows(3);
    let first = object.sql_exec("select id from t", &[]).unwrap();
    for number in 0..1100 {
        object.sql_exec(&format!("select id, {number} from t"), &[]).unwrap();
    }
    assert_eq!(object.sql_next(first.cursor, 1).unwrap_err().message, failure::CURSOR_CLOSED);
    assert_eq!(run(&object, "select id from t"), "1 2 3");
}

#[test]
fn a_failure_after_some_rows_comes_after_them() {
    let object = object_with_rows(3);
    let query = "select case id when 3 then abs(-9223372036854775807 - 1) else id end from t";
    let opened = object.sql_exec(query, &[]).unwrap();
    assert_eq!((show(&opened.rows.rows), opened.rows.end), ("1".into(), false));
    let rows = object.sql_next(opened.cursor, 9).unwrap();
    assert_eq!((show(&rows.rows), rows.end), ("2".into(), false));
    assert_eq!(object.sql_next(opened.cursor, 9).unwrap_err().message, "integer overflow: SQLITE_ERROR");
    assert!(object.sql_next(opened.cursor, 9).is_err());
}

#[test]
fn schema_changes_meet_an_open_cursor_as_on_the_platform() {
    let object = object_with_rows(5);
    let opened = object.sql_exec("select * from t", &[]).unwrap();
    assert_eq!(run(&object, "drop table t"), "Error: database table is locked: SQLITE_LOCKED");
    assert_eq!(run(&object, "alter table t add column z"), "");
    assert_eq!(show(&object.sql_next(opened.cursor, 9).unwrap().rows), "2,2 3,3 4,4 5,5");
    let opened = object.sql_exec("select id from t", &[]).unwrap();
    assert_eq!(run(&object, "delete from t where id > 2"), "");
    assert_eq!(show(&object.sql_next(opened.cursor, 9).unwrap().rows), "2");
}

#[test]
fn an_open_cursor_survives_the_commit_and_does_not_prevent_it() {
    let object = object_with_rows(5);
    let read = object.sql_exec("select id from t", &[]).unwrap();
    let written = object.sql_exec("insert into t values(8,8),(9,9) returning id", &[]).unwrap();
    assert!(object.commit().unwrap());
    let rows = object.sql_next(read.cursor, 2).unwrap();
    assert_eq!((show(&rows.rows), rows.rows_read), ("2 3".into(), 4));
    let rows = object.sql_next(written.cursor, 9).unwrap();
    assert_eq!((show(&rows.rows), rows.end, rows.rows_written), ("9".into(), true, 2));
}

#[test]
fn a_long_result_survives_many_turns() {
    let object = object_with_rows(0);
    run(
        &object,
        "with recursive c(x) as (select 1 union all select x+1 from c where x<20000) insert into t select x, x from c",
    );
    let opened = object.sql_exec("select id from t", &[]).unwrap();
    let mut seen = opened.rows.rows.len();
    loop {
        put(&object, "turn", b"x");
        object.commit().unwrap();
        let rows = object.sql_next(opened.cursor, 777).unwrap();
        assert_eq!(rows.rows[0][0], SqlValue::Integer(seen as i64 + 1));
        seen += rows.rows.len();
        if rows.end {
            break;
        }
    }
    assert_eq!(seen, 20000);
}
