//! What guests may not do, and in which words they are told.

use super::*;

const AUTH: &str = "Error: not authorized: SQLITE_AUTH";
const PROHIBITED: &str = "Error: access to _cf_KV.key is prohibited: SQLITE_AUTH";

// In one database, in this order. An empty answer means that the statement ran and gave no rows.
const STATEMENTS: &[(&str, &str)] = &[
    ("create table t(id integer primary key, v)", ""),
    ("insert into t values (1,2)", ""),
    ("create table _cf_x(a)", AUTH),
    ("create table _CF_x(a)", AUTH),
    ("create table x(_cf_a)", ""),
    ("select * from _cf_KV", PROHIBITED),
    ("select key from _cf_kv", PROHIBITED),
    ("select count(*) from _cf_KV", AUTH),
    ("select 1 from _cf_KV", AUTH),
    ("pragma table_info(_cf_KV)", AUTH),
    ("pragma table_info('_cf_KV')", AUTH),
    ("select * from pragma_table_info('_cf_KV')", AUTH),
    ("drop table _cf_KV", AUTH),
    ("delete from _cf_KV", AUTH),
    ("insert into _cf_KV values('a',1)", AUTH),
    ("update _cf_KV set value=1", AUTH),
    ("create index i on _cf_KV(value)", AUTH),
    ("create index _cf_i on t(v)", AUTH),
    ("create view _cf_v as select 1", AUTH),
    ("create view vv as select * from _cf_KV", ""),
    ("select * from vv", PROHIBITED),
    ("create trigger _cf_t after insert on t begin select 1; end", AUTH),
    ("create trigger tr after insert on _cf_KV begin select 1; end", AUTH),
    ("create trigger tr after insert on t begin delete from _cf_KV; end", ""),
    ("insert into t values(100,'tr')", AUTH),
    ("drop trigger tr", ""),
    ("alter table _cf_KV add column z", AUTH),
    ("alter table _cf_KV rename to zz", AUTH),
    ("alter table t rename to _cf_t", AUTH),
    ("alter table t rename to \"_CF_t\"", AUTH),
    ("alter table t rename column v to _cf_v", ""),
    ("alter table t rename to t2", ""),
    ("alter table t2 rename to t", ""),
    ("alter table t add column z", ""),
    ("alter table t drop column z", ""),
    ("create table tt as select * from _cf_KV", PROHIBITED),
    ("analyze", ""),
    ("reindex", ""),
    ("insert into sqlite_master values(1,2,3,4,5)", "Error: table sqlite_master may not be modified: SQLITE_ERROR"),
    ("select name from sqlite_master where name = '_cf_KV'", "_cf_KV"),
    ("select count(*) from sqlite_temp_master", "0"),
    ("create table main.t9(a)", ""),
    ("create table temp.t9(a)", AUTH),
    ("create temp table q(a)", AUTH),
    ("create temporary view q as select 1", AUTH),
    ("create temp trigger q after insert on t begin select 1; end", AUTH),
    ("attach ':memory:' as x", AUTH),
    ("detach x", AUTH),
    ("vacuum", "Error: cannot VACUUM from within a transaction: SQLITE_ERROR"),
    ("vacuum into 'x'", "Error: cannot VACUUM from within a transaction: SQLITE_ERROR"),
    ("create virtual table f using fts5(a)", ""),
    ("insert into f values('hello world')", ""),
    ("select highlight(f,0,'[',']') from f where f match 'world'", "hello [world]"),
    ("select snippet(f,0,'a','b','c',3) from f('hello')", "ahellob world"),
    ("create virtual table fv using fts5vocab(f,'row')", ""),
    ("select * from fv", "hello,1,1 world,1,1"),
    ("delete from f_data", "Error: table f_data may not be modified: SQLITE_ERROR"),
    ("create virtual table r using rtree(id,a,b)", ""),
    ("insert into r values(1,2,3)", ""),
    ("select * from r", "1,2.0,3.0"),
    ("select rtreecheck('r')", "ok"),
    ("create virtual table r3 using rtree_i32(id,a,b)", ""),
    ("create virtual table d using dbstat", AUTH),
    ("create virtual table f3 using fts3(a)", AUTH),
    ("create virtual table f4 using fts4(a)", AUTH),
    ("select * from dbstat", "Error: no such table: dbstat: SQLITE_ERROR"),
    ("select * from generate_series(1,3)", "Error: no such table: generate_series: SQLITE_ERROR"),
    ("select name from pragma_function_list limit 1", AUTH),
    ("select value from json_each('[1,2]')", "1 2"),
    ("select load_extension('x')", "Error: not authorized: SQLITE_ERROR"),
    ("select sqlite_version()", "Error: not authorized to use function: sqlite_version at offset 7: SQLITE_ERROR"),
    ("select json_pretty('[1]')", "Error: not authorized to use function: json_pretty at offset 7: SQLITE_ERROR"),
    ("select unistr('a')", "Error: not authorized to use function: unistr at offset 7: SQLITE_ERROR"),
    ("select rtreenode(1,2)", "Error: not authorized to use function: rtreenode at offset 7: SQLITE_ERROR"),
    (
        "select sqlite_rename_table('main','','','','','',0)",
        "Error: no such function: sqlite_rename_table at offset 7: SQLITE_ERROR",
    ),
    ("select log10(1)", "Error: no such function: log10 at offset 7: SQLITE_ERROR"),
    ("select sin(0), cos(0), pi() > 3, log(100), log(2,8), ln(1), log2(8), exp(0)", "0.0,1.0,1,2.0,3.0,0.0,3.0,1.0"),
    ("select ceil(1.2), floor(-1.2), trunc(-1.7), ceil(5), mod(7,3), pow(2,3), sqrt(4)", "2.0,-2.0,-1.0,5,1.0,8.0,2.0"),
    (
        "select sqrt(-1), ceil('a'), ceil(null), mod(5,0), acos(2), ln(0), log(0), ln(-1)",
        "null,null,null,null,null,null,null,null",
    ),
    ("select floor('5.5'), trunc('12abc'), floor(x'35'), sign(-3)", "5.0,null,null,-1"),
];

const PRAGMAS: &[(&str, &str)] = &[
    ("pragma data_version=1", AUTH),
    ("pragma page_size", "4096"),
    ("pragma PAGE_SIZE", "4096"),
    ("pragma page_size=1024", AUTH),
    ("pragma case_sensitive_like=1", ""),
    ("pragma foreign_keys", "1"),
    ("pragma defer_foreign_keys=TRUE", ""),
    ("pragma defer_foreign_keys='On'", ""),
    ("pragma defer_foreign_keys=trueish", ""),
    ("pragma defer_foreign_keys=2", AUTH),
    ("pragma ignore_check_constraints=0", ""),
    ("pragma legacy_alter_table=\"no\"", ""),
    ("pragma recursive_triggers=1", ""),
    ("pragma reverse_unordered_selects=0", ""),
    ("pragma foreign_key_check", ""),
    ("pragma foreign_key_check(_cf_KV)", AUTH),
    ("pragma index_list(t)", ""),
    ("pragma index_list(_cf_KV)", AUTH),
    ("pragma index_list", AUTH),
    ("pragma quick_check", "ok"),
    ("pragma quick_check(1)", "ok"),
    ("pragma quick_check(_cf_KV)", AUTH),
    ("pragma integrity_check", AUTH),
    ("pragma optimize", ""),
    ("pragma optimize=0x10002", ""),
    ("pragma optimize(x)", AUTH),
    ("pragma journal_mode", AUTH),
    ("pragma user_version=3", AUTH),
    ("pragma writable_schema=1", AUTH),
    ("pragma function_list", AUTH),
    ("pragma nosuch", AUTH),
    ("pragma main.table_info(x)", "0,_cf_a,,0,null,0"),
    ("pragma temp.table_info(x)", AUTH),
    ("pragma max_page_count=5", AUTH),
    ("pragma wal_checkpoint", AUTH),
];

#[test]
fn statements_are_restricted_in_the_platforms_words() {
    let object = in_memory();
    put(&object, "a", b"1");
    for (query, expected) in STATEMENTS.iter().chain(PRAGMAS) {
        assert_eq!(run(&object, query), *expected, "{query}");
    }
}

#[test]
fn transaction_statements_are_refused_wherever_they_stand() {
    let object = in_memory();
    for query in [
        "BEGIN",
        "begin immediate",
        "COMMIT",
        "END",
        "ROLLBACK",
        "SAVEPOINT x",
        "RELEASE x",
        "ROLLBACK TO x",
        "/* c */ begin",
        "select 1; begin",
        "EXPLAIN begin",
        "savepoint _cf_x",
    ] {
        assert_eq!(run(&object, query), format!("Error: {}", failure::USE_TRANSACTION_API), "{query}");
    }
}

#[test]
fn emus_own_statements_work_while_a_guests_cursor_is_open() {
    let object = in_memory();
    put(&object, "a", b"1");
    let opened = object.sql_exec("select 1 union all select 2 union all select 3", &[]).unwrap();
    put(&object, "b", b"2");
    assert_eq!(get(&object, "a"), Some(b"1".to_vec()));
    assert_eq!(show(&object.sql_next(opened.cursor, 10).unwrap().rows), "2 3");
    assert_eq!(run(&object, "select * from _cf_KV"), PROHIBITED);
}

#[test]
fn limits_are_the_platforms() {
    let object = in_memory();
    let columns = |count: usize| (0..count).map(|c| format!("c{c}")).collect::<Vec<_>>().join(",");
    let numbers = |count: usize| (0..count).map(|c| c.to_string()).collect::<Vec<_>>().join(",");
    let placeholders = |count: usize| vec!["?"; count].join(",");
    let too_big = "Error: string or blob too big: SQLITE_TOOBIG";
    let deep = "Error: Expression tree is too large (maximum depth 100): SQLITE_ERROR";
    for (query, expected) in [
        (format!("select {}", "1+".repeat(99) + "1"), "100"),
        (format!("select {}", "1+".repeat(100) + "1"), deep),
        (format!("select {}1", "not ".repeat(101)), deep),
        (
            format!("select 1{}", " union all select 1".repeat(5)),
            "Error: too many terms in compound SELECT: SQLITE_ERROR",
        ),
        (format!("create table big({})", columns(101)), "Error: too many columns on big: SQLITE_ERROR"),
        (format!("select {}", numbers(101)), "Error: too many columns in result set: SQLITE_ERROR"),
        (format!("select 1 -- {}", "x".repeat(100_000)), "Error: statement too long: SQLITE_TOOBIG"),
        (
            format!("select coalesce({})", placeholders(101)),
            "Error: too many SQL variables at offset 216: SQLITE_ERROR",
        ),
        ("select ?101".into(), "Error: variable number must be between ?1 and ?100 at offset 7: SQLITE_ERROR"),
        (
            format!("select max({})", numbers(128)),
            "Error: too many arguments on function max at offset 7: SQLITE_ERROR",
        ),
        (format!("select 'x' like '{}'", "x".repeat(51)), "Error: LIKE or GLOB pattern too complex: SQLITE_ERROR"),
        ("select length(zeroblob(8388642))".into(), "8388642"),
        ("select length(zeroblob(8388643))".into(), too_big),
        ("select length(zeroblob(1e9))".into(), too_big),
    ] {
        assert_eq!(run(&object, &query), expected, "{}", &query[..query.len().min(80)]);
    }
}

#[test]
fn a_trigger_cannot_recurse_without_end() {
    let object = in_memory();
    run(&object, "create table t(id integer primary key, v); pragma recursive_triggers=1");
    run(&object, "create trigger tg after insert on t begin insert into t(v) values(1); end");
    assert_eq!(run(&object, "insert into t(v) values(1)"), "Error: triggers nested too deep: SQLITE_ERROR");
    // SQLite keeps what the levels above did, here as on the platform.
    assert_eq!(run(&object, "select count(*) from t"), "11");
}

#[test]
fn hostile_text_is_answered() {
    let object = in_memory();
    for query in [
        "(",
        "select '",
        "/*",
        "\0",
        "é;é",
        "select 'é",
        "[",
        ";;;;",
        "select 1;\u{2028}",
        "\u{feff}\u{feff}",
        "--",
        "'';'';''",
    ] {
        assert!(object.sql_exec(query, &[]).is_err(), "{query:?}");
    }
    let nested = format!("{}select 1{}", "select (".repeat(5000), ")".repeat(5000));
    assert!(object.sql_exec(&nested, &[]).is_err());
    assert_eq!(run(&object, "select 1"), "1");
}

#[test]
fn a_query_without_end_costs_the_object_its_instance() {
    let endless = "with recursive c(x) as (select 1 union all select x+1 from c) select count(*) from c";
    let text = "Durable Object exceeded its CPU time limit and was reset.";
    for interrupted in [false, true] {
        let storage = Storage::new(None, Durability::Process, 8);
        let object = open(&storage);
        put(&object, "a", b"1");
        object.commit().unwrap();
        put(&object, "a", b"2");
        storage.interrupt().store(interrupted, Ordering::Relaxed);
        let failure = object.sql_exec(endless, &[]).unwrap_err();
        assert_eq!((failure.message.as_str(), failure.durable_object_reset), (text, true));
        assert!(object.commit().unwrap_err().reset);
        object.rollback();
        storage.interrupt().store(false, Ordering::Relaxed);
        assert_eq!(get(&object, "a"), Some(b"1".to_vec()));
        assert_eq!(run(&object, "select 1"), "1");
    }
}

#[test]
fn many_short_queries_have_a_budget_each() {
    let object = in_memory();
    let query = "with recursive c(x) as (select 1 union all select x+1 from c where x < 100000) select count(*) from c";
    for _ in 0..40 {
        assert_eq!(run(&object, query), "100000");
    }
}

#[test]
fn a_row_is_bounded_as_a_whole() {
    let object = in_memory();
    let wide = |count: usize| format!("select {}", vec!["zeroblob(8000000)"; count].join(","));
    assert!(object.sql_exec(&wide(4), &[]).is_ok());
    let too_big = "string or blob too big: SQLITE_TOOBIG";
    assert_eq!(object.sql_exec(&wide(10), &[]).unwrap_err(), Failure::error(too_big));
    let opened = object.sql_exec(&format!("select 1,2,3,4,5 union all {}", wide(5)), &[]).unwrap();
    assert_eq!(object.sql_next(opened.cursor, 9).unwrap_err(), Failure::error(too_big));
}

#[test]
fn full_text_search_and_r_trees_work_through_the_restrictions() {
    let object = in_memory();
    for (query, expected) in [
        ("create virtual table f using fts5(title, body, tokenize='porter')", ""),
        ("insert into f values('one', 'running dogs'), ('two', 'a cat runs')", ""),
        ("select title from f where f match 'run' order by rank", "one two"),
        ("select title from f where f match 'cat' order by bm25(f)", "two"),
        (
            "insert into f(f) values('rebuild'); insert into f(f) values('optimize'); insert into f(f) values('integrity-check')",
            "",
        ),
        (
            "update f set body = 'birds' where title = 'one'; delete from f where title = 'two'; select body from f",
            "birds",
        ),
        (
            "create table docs(id integer primary key, t); create virtual table d using fts5(t, content='docs', content_rowid='id')",
            "",
        ),
        ("create trigger ai after insert on docs begin insert into d(rowid, t) values (new.id, new.t); end", ""),
        ("insert into docs(t) values('hello'), ('world'); select rowid from d where d match 'world'", "2"),
        ("create virtual table r using rtree(id, x0, x1, +note)", ""),
        ("insert into r values(1, 0, 1, 'a'), (2, 5, 6, 'b'); select note from r where x0 >= 4", "b"),
        ("drop table f; drop table d; drop table r; select count(*) from sqlite_master", "2"),
    ] {
        assert_eq!(run(&object, query), expected, "{query}");
    }
}
