//! Queries, errors and counts.

use super::*;
use emu_abi::SqlValue::{Blob, Integer, Null, Real, Text};

// In one database, in this order: the statement, its rows, `rowsRead` and `rowsWritten`.
const COUNTS: &[(&str, &str, u64, u64)] = &[
    ("create table t(id integer primary key, v text unique, w)", "", 1, 3),
    ("insert into t values(1,'a',1),(2,'b',2),(3,'c',3)", "", 3, 6),
    ("select * from t", "1,a,1 2,b,2 3,c,3", 3, 0),
    ("select count(*) from t", "3", 3, 0),
    ("select * from t where id=2", "2,b,2", 1, 0),
    ("select * from t where id=99", "", 1, 0),
    ("select * from t where v='b'", "2,b,2", 1, 0),
    ("select * from t where w>=2", "2,b,2 3,c,3", 3, 0),
    ("update t set w=w+1", "", 3, 3),
    ("delete from t where id=3", "", 1, 1),
    ("insert into t values(3,'c',3)", "", 1, 2),
    ("insert into t values(3,'x',4) on conflict(id) do update set w=excluded.w", "", 1, 1),
    ("select max(id) from t", "3", 1, 0),
    ("select sum(w) from t", "9", 3, 0),
    ("select id from t order by w desc", "3 2 1", 6, 0),
    ("select * from t limit 2", "1,a,2 2,b,3", 2, 0),
    ("update t set v='zz' where id=1", "", 1, 2),
    ("select id from t where v like 'b%'", "2", 3, 0),
    ("update t set v='a' where id=1", "", 1, 2),
    ("select * from t a, t b where b.id=a.w", "1,a,2,2,b,3 2,b,3,3,c,4", 6, 0),
    ("delete from t", "", 0, 3),
    ("select * from t", "", 1, 0),
    ("create table e(a)", "", 1, 2),
    ("select 1", "1", 0, 0),
    ("select value from json_each('[1,2,3]')", "1 2 3", 3, 0),
];

#[test]
fn row_counts_are_the_platforms() {
    let object = in_memory();
    for (query, expected, rows_read, rows_written) in COUNTS {
        let rows = all(&object, query, &[]).unwrap();
        assert_eq!(show(&rows.rows), *expected, "{query}");
        assert_eq!((rows.rows_read, rows.rows_written), (*rows_read, *rows_written), "{query}");
    }
}

// In one database, in this order; what the real platform counts.
const BOUND_COUNTS: &[(&str, &[&str], u64, u64)] = &[
    ("create table t(id text primary key, v)", &[], 1, 3),
    ("insert or ignore into t values(?, ?)", &["a", "1"], 0, 2),
    ("insert or ignore into t values(?, ?)", &["a", "2"], 0, 0),
    ("select * from t where id = ?", &["a"], 1, 0),
    ("update t set v = ?", &["3"], 1, 1),
    ("insert into t values(?, ?) on conflict (id) do update set v = excluded.v", &["a", "4"], 1, 1),
    ("delete from t where id = ?", &["a"], 1, 1),
];

#[test]
fn statements_with_parameters_are_counted_too() {
    let object = in_memory();
    for (query, parameters, rows_read, rows_written) in BOUND_COUNTS {
        let parameters: Vec<_> = parameters.iter().map(|text| Text((*text).to_owned())).collect();
        let rows = all(&object, query, &parameters).unwrap();
        assert_eq!((rows.rows_read, rows.rows_written), (*rows_read, *rows_written), "{query}");
    }
}

// In one database, in this order.
const ERRORS: &[(&str, &str)] = &[
    ("create table t(id integer primary key, v text unique, w)", ""),
    ("insert into t values(1,'a',1),(2,'b',2)", ""),
    ("bunk", "Error: near \"bunk\": syntax error at offset 0: SQLITE_ERROR"),
    ("select 1 bunk bunk", "Error: near \"bunk\": syntax error at offset 14: SQLITE_ERROR"),
    (
        "insert into t values(1,'z',1)",
        "Error: UNIQUE constraint failed: t.id: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_PRIMARYKEY)",
    ),
    (
        "insert into t values(5,'a',1)",
        "Error: UNIQUE constraint failed: t.v: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_UNIQUE)",
    ),
    ("insert into t values('x','q',1)", "Error: datatype mismatch: SQLITE_MISMATCH"),
    ("select * from nope", "Error: no such table: nope: SQLITE_ERROR"),
    ("select nope from t", "Error: no such column: nope at offset 7: SQLITE_ERROR"),
    ("select * from t where", "Error: incomplete input: SQLITE_ERROR"),
    ("", "Error: SQL code did not contain a statement."),
    (";", "Error: SQL code did not contain a statement."),
    ("select 1; -- c", "Error: SQL code did not contain a statement."),
    ("select 1;;", "Error: SQL code did not contain a statement."),
    ("select 1\0 bunk", "Error: SQL code did not contain a statement."),
    ("select 1;  \t\n\x0b\x0c", "1"),
    ("-- c\nselect 1", "1"),
    (";select 1", "1"),
    ("\u{feff}select 1", "1"),
    ("select ?", "Error: Wrong number of parameter bindings for SQL query."),
    (
        "select ?;select ?",
        "Error: When executing multiple SQL statements in a single call, only the last statement can have parameters.",
    ),
    ("select 1; bunk", "Error: near \"bunk\": syntax error at offset 0: SQLITE_ERROR"),
    ("select 1; select 2; select nope", "Error: no such column: nope at offset 7: SQLITE_ERROR"),
    ("insert into t values(7,'q',1); bunk", "Error: near \"bunk\": syntax error at offset 0: SQLITE_ERROR"),
    ("select count(*) from t where id=7", "1"),
    ("create table ci(p references t(id)); insert into ci values(1); select p from ci", "1"),
    (
        "insert into ci values(9)",
        "Error: FOREIGN KEY constraint failed: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_FOREIGNKEY)",
    ),
    (
        "create trigger ab before delete on t begin select raise(abort,'my; msg'); end; delete from t",
        "Error: my; msg: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_TRIGGER)",
    ),
    ("create table nn(a not null, b check(b>0))", ""),
    (
        "insert into nn values(null,1)",
        "Error: NOT NULL constraint failed: nn.a: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_NOTNULL)",
    ),
    (
        "insert into nn values(1,-1)",
        "Error: CHECK constraint failed: b>0: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_CHECK)",
    ),
    ("create table st(a int) strict", ""),
    (
        "insert into st values('x')",
        "Error: cannot store TEXT value in INT column st.a: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_DATATYPE)",
    ),
    ("select abs(-9223372036854775808)", "Error: integer overflow: SQLITE_ERROR"),
    ("select json('{')", "Error: malformed JSON: SQLITE_ERROR"),
    (
        "select * from (select 1 a) where a = 'x' collate nope",
        "Error: no such collation sequence: nope: SQLITE_ERROR (extended: SQLITE_ERROR_MISSING_COLLSEQ)",
    ),
    ("create table t(a)", "Error: table t already exists at offset 13: SQLITE_ERROR"),
    ("select \"nope\"", "nope"),
    ("select nope()", "Error: no such function: nope at offset 7: SQLITE_ERROR"),
];

#[test]
fn errors_have_the_platforms_words() {
    let object = in_memory();
    for (query, expected) in ERRORS {
        assert_eq!(run(&object, query), *expected, "{query}");
    }
}

#[test]
fn values_travel_both_ways() {
    let object = in_memory();
    let params = [
        Null,
        Integer(i64::MIN),
        Real(0.5),
        Text("é\0x".into()),
        Text(String::new()),
        Blob(vec![0, 255].into()),
        Blob(vec![].into()),
    ];
    let opened = object.sql_exec("select ?, ?, ?, ?, ?, ?, ?", &params).unwrap();
    assert_eq!(opened.rows.rows, [params.to_vec()]);
    assert_eq!(opened.columns, ["?"; 7]);
    assert_eq!(run(&object, "select cast(x'ff41' as text)"), "\u{fffd}A");
    assert_eq!(run_with(&object, "select typeof(?)", &[Real(3.0)]), "real");
    assert_eq!(run_with(&object, "select ?2, ?1", &[Integer(1), Integer(2)]), "2,1");
    assert_eq!(run_with(&object, "select :a, :b", &[Integer(1), Integer(2)]), "1,2");
}

#[test]
fn a_kept_statement_follows_the_schema() {
    let object = in_memory();
    run(&object, "create table t(a, b); insert into t values(1, 2)");
    assert_eq!(object.sql_exec("select * from t", &[]).unwrap().columns, ["a", "b"]);
    run(&object, "alter table t add column c default 3");
    let opened = object.sql_exec("select * from t", &[]).unwrap();
    assert_eq!((opened.columns, show(&opened.rows.rows)), (vec!["a".into(), "b".into(), "c".into()], "1,2,3".into()));
    assert_eq!(run(&object, "select b from t"), "2");
    run(&object, "alter table t drop column b");
    assert_eq!(run(&object, "select b from t"), "Error: no such column: b at offset 7: SQLITE_ERROR");
    run(&object, "alter table t rename to u");
    assert_eq!(run(&object, "select * from t"), "Error: no such table: t: SQLITE_ERROR");
}

#[test]
fn columns_are_known_without_rows_and_kept_when_they_repeat() {
    let object = in_memory();
    run(&object, "create table t(a)");
    for (query, expected) in [
        ("select a, a as b, a from t", vec!["a", "b", "a"]),
        ("insert into t values(1)", vec![]),
        ("insert into t values(2) returning a x", vec!["x"]),
        ("pragma table_list(nope)", vec!["schema", "name", "type", "ncol", "wr", "strict"]),
    ] {
        assert_eq!(object.sql_exec(query, &[]).unwrap().columns, expected, "{query}");
    }
}

#[test]
fn the_size_counts_used_pages() {
    let object = in_memory();
    assert_eq!(object.database_size().unwrap(), 4096);
    run(&object, "create table t(a)");
    assert_eq!(object.database_size().unwrap(), 8192);
    run(&object, "insert into t values(zeroblob(100000))");
    let full = object.database_size().unwrap();
    assert!(full > 100_000 && full.is_multiple_of(4096), "{full}");
    run(&object, "drop table t");
    assert_eq!(object.database_size().unwrap(), 4096);
}

#[test]
fn key_value_classes_have_no_sql() {
    let object = Storage::new(None, Durability::Process, 8).open(KEY, &ID, Backend::KeyValue);
    let no_sql = "SQL is not enabled for this Durable Object class. To enable it, change `new_classes` to \
        `new_sqlite_classes` within the 'migrations' field in your wrangler.jsonc or wrangler.toml file. If using workerd \
        directly,set `enableSql = true` in your workerd config for the class. Note that this change cannot be made after \
        the class is already deployed to production.";
    assert_eq!(object.sql_exec("select 1", &[]).unwrap_err(), Failure::error(no_sql));
    assert_eq!(object.database_size().unwrap_err(), Failure::error(no_sql));
    object.savepoint_begin(false).unwrap();
    put(&object, "a", b"0");
    object.savepoint_rollback().unwrap();
    assert_eq!(get(&object, "a"), None);
    put(&object, "a", b"1");
    assert_eq!(get(&object, "a"), Some(b"1".to_vec()));
}
