//! Simulated time and randomness in SQL.

use super::*;

fn simulated(seed: u64) -> (Storage, ObjectStorage) {
    let storage = Storage::new(None, Durability::Process, 8);
    storage.simulate(seed);
    storage.set_time_ms(1_700_000_000_123);
    let object = open(&storage);
    (storage, object)
}

#[test]
fn the_current_time_is_the_simulated_one() {
    let (storage, object) = simulated(1);
    for (query, expected) in [
        ("select datetime('now'), date('NOW'), time(), date()", "2023-11-14 22:13:20,2023-11-14,22:13:20,2023-11-14"),
        ("select current_timestamp, current_date, current_time", "2023-11-14 22:13:20,2023-11-14,22:13:20"),
        ("select unixepoch(), unixepoch('now'), unixepoch('subsec')", "1700000000,1700000000,1700000000.123"),
        ("select strftime('%s'), strftime('%f', 'now'), strftime('now', 'now')", "1700000000,20.123,now"),
        (
            "select date('now', 'start of year', '+1 month'), datetime('now', 'subsec')",
            "2023-02-01,2023-11-14 22:13:20.123",
        ),
        ("select timediff('now', '2023-11-14 22:13:00')", "+0000-00-00 00:00:20.123"),
        (
            "select date('2020-02-30'), date('nope'), date(null), julianday('2000-01-01 12:00')",
            "2020-03-01,null,null,2451545.0",
        ),
        ("create table t(id integer primary key, at default current_timestamp, day as (date(id, 'unixepoch')))", ""),
        (
            "create index day on t(day); insert into t(id) values(86400); select * from t",
            "86400,2023-11-14 22:13:20,1970-01-02",
        ),
    ] {
        assert_eq!(run(&object, query), expected, "{query}");
    }
    storage.set_time_ms(-1);
    assert_eq!(run(&object, "select datetime('now'), strftime('%f', 'now')"), "1969-12-31 23:59:59,59.999");
}

#[test]
fn randomness_follows_from_the_seed() {
    let query = "select random(), hex(randomblob(16)), abs(random() % 1000)";
    let draw = |seed| run(&simulated(seed).1, query);
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
    let (_storage, object) = simulated(1);
    for (query, expected) in [
        (
            "select length(randomblob(0)), length(randomblob(-1)), length(randomblob('x')), length(randomblob(3.5))",
            "1,1,1,3",
        ),
        ("select typeof(random()), count(distinct random()) from json_each('[1,2,3]')", "integer,3"),
        ("select length(randomblob(1e18))", "8388608"),
    ] {
        assert_eq!(run(&object, query), expected, "{query}");
    }
}

#[test]
fn randomness_of_an_object_is_its_own() {
    let query = "select random(), hex(randomblob(16))";
    let (storage, object) = simulated(1);
    let alone = [run(&object, query), run(&object, query)];
    let others = [(KEY, [8; 32]), ("worker-User", ID)].map(|(key, id)| storage.open(key, &id, Backend::Sqlite));
    let all = [run(&others[0], query), run(&others[1], query), alone[0].clone(), alone[1].clone()];
    for (index, one) in all.iter().enumerate() {
        assert!(!all[..index].contains(one), "{index}");
    }
    // Another object in between changes nothing.
    let (storage, object) = simulated(1);
    let first = run(&object, query);
    run(&storage.open(KEY, &[8; 32], Backend::Sqlite), query);
    assert_eq!([first, run(&object, query)], alone);
}

#[test]
fn randomness_does_not_begin_again_with_the_file() {
    let folder = Folder::new();
    let storage = folder.storage();
    storage.simulate(1);
    let query = "create table if not exists t(id); select random()";
    let object = open(&storage);
    let first = run(&object, query);
    object.commit().unwrap();
    storage.close();
    assert_eq!(storage.open_count(), 0);
    assert_ne!(run(&object, query), first);
}
