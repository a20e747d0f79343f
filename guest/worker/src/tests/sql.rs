//! SQL cursors: what they ask for, and what rows become.

use crate::host::answer_with;
use crate::{SqlCursor, SqlStorage, SqlStorageValue};
use emu_abi::{Answer, Ask, Rows, SqlValue};
use serde::Deserialize;
use std::cell::RefCell;
use std::rc::Rc;

/// A table `t(a, b)` of these rows behind cursor 5, and the asks made since.
fn table(rows: Vec<Vec<SqlValue>>) -> (SqlCursor, Rc<RefCell<Vec<Ask>>>) {
    let asks = Rc::new(RefCell::new(Vec::new()));
    let heard = asks.clone();
    let mut left = rows.into_iter();
    let mut read = 0;
    answer_with(move |_, ask| {
        heard.borrow_mut().push(ask.clone());
        let wanted = if let Ask::SqlNext { max_rows, .. } = ask { *max_rows } else { 1 };
        let rows: Vec<_> = left.by_ref().take(wanted as usize).collect();
        read += rows.len() as u64;
        let rows = Rows { rows, end: left.len() == 0, rows_read: read, rows_written: 0 };
        Ok(match ask {
            Ask::SqlExec { .. } => Answer::Cursor { cursor: 5, columns: vec!["a".into(), "b".into()], rows },
            Ask::SqlNext { .. } => Answer::Rows(rows),
            _ => Answer::Done,
        })
    });
    let cursor = SqlStorage::new(7).exec("SELECT * FROM t", None).expect("a cursor");
    asks.take();
    (cursor, asks)
}

fn rows(count: i64) -> Vec<Vec<SqlValue>> {
    (0..count).map(|a| vec![SqlValue::Integer(a), SqlValue::Text(format!("row {a}"))]).collect()
}

#[derive(Debug, PartialEq, Deserialize)]
struct Row {
    a: u32,
    b: Option<String>,
}

#[test]
fn rows_become_structs_tuples_of_values_and_objects() {
    let (cursor, _) = table(rows(3));
    assert_eq!(cursor.column_names(), ["a", "b"]);
    assert_eq!(cursor.next::<Row>().next().expect("a row").expect("a struct"), Row { a: 0, b: Some("row 0".into()) });
    assert_eq!(cursor.rows_read(), 1);
    let raw = cursor.raw().next().expect("a row").expect("values");
    assert_eq!(raw, [SqlStorageValue::Integer(1), SqlStorageValue::String("row 1".into())]);
    let rest: Vec<Row> = cursor.to_array().expect("structs");
    assert_eq!(rest, [Row { a: 2, b: Some("row 2".into()) }]);
    assert_eq!(cursor.rows_read(), 3);
    assert!(cursor.raw().next().is_none());
}

#[test]
fn iterating_fetches_row_by_row_and_an_array_all_at_once() {
    let next = |max_rows| Ask::SqlNext { cursor: 5, max_rows };
    let (cursor, asks) = table(rows(3));
    assert_eq!(cursor.raw().count(), 3);
    assert_eq!(asks.take(), [next(1), next(1)]);
    let (cursor, asks) = table(rows(3));
    assert_eq!(cursor.to_array::<Row>().expect("structs").len(), 3);
    assert_eq!(asks.take(), [next(1024)]);
}

#[test]
fn a_cursor_that_is_dropped_early_is_closed() {
    let (cursor, asks) = table(rows(3));
    let clone = cursor.clone();
    drop(cursor);
    assert_eq!(asks.take(), []);
    drop(clone);
    assert_eq!(asks.take(), [Ask::SqlClose { cursor: 5 }]);
    let (cursor, asks) = table(rows(1));
    drop(cursor);
    assert_eq!(asks.take(), []);
}

#[test]
fn one_row_is_exactly_one() {
    let cases = [
        (0, Err("Error: Expected exactly one result from SQL query, but got no results.".to_owned())),
        (1, Ok(Row { a: 0, b: Some("row 0".into()) })),
        (2, Err("Error: Expected exactly one result from SQL query, but got multiple results.".to_owned())),
    ];
    for (count, expected) in cases {
        let (cursor, _) = table(rows(count));
        assert_eq!(cursor.one::<Row>().map_err(|error| error.to_string()), expected);
    }
}

#[test]
fn values_are_bound_and_read_as_javascript_would() {
    let bound = Rc::new(RefCell::new(Vec::new()));
    let heard = bound.clone();
    answer_with(move |_, ask| {
        let Ask::SqlExec { params, .. } = ask else { panic!("{ask:?}") };
        heard.borrow_mut().clone_from(params);
        let rows = Rows { rows: vec![params.clone()], end: true, ..Rows::default() };
        Ok(Answer::Cursor { cursor: 0, columns: vec![], rows })
    });
    let values: Vec<SqlStorageValue> =
        vec![true.into(), 3.into(), 2.5.into(), "x".into(), vec![1u8].into(), None::<i32>.into()];
    let cursor = SqlStorage::new(7).exec("SELECT ?, ?, ?, ?, ?, ?", values).expect("a cursor");
    let expected = [
        SqlValue::Text("true".into()),
        SqlValue::Real(3.0),
        SqlValue::Real(2.5),
        SqlValue::Text("x".into()),
        SqlValue::Blob(vec![1].into()),
        SqlValue::Null,
    ];
    assert_eq!(bound.take(), expected);
    let read = cursor.raw().next().expect("a row").expect("values");
    let expected = [
        SqlStorageValue::String("true".into()),
        SqlStorageValue::Integer(3),
        SqlStorageValue::Float(2.5),
        SqlStorageValue::String("x".into()),
        SqlStorageValue::Blob(vec![1]),
        SqlStorageValue::Null,
    ];
    assert_eq!(read, expected);
}
