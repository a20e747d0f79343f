//! The key-value API.

use super::*;
use emu_abi::ListOptions;

fn listed(object: &ObjectStorage, options: ListOptions) -> Vec<String> {
    object.kv_list(&options).unwrap().into_iter().map(|entry| entry.key).collect()
}

#[test]
fn values_are_kept_by_key_in_the_order_asked() {
    let object = in_memory();
    object
        .kv_put(&[entry("b", b"2"), entry("", b"empty"), entry("a\0b", b""), entry("a", b"1"), entry("a", b"3")])
        .unwrap();
    let values = object.kv_get(&keys(&["a", "nope", "", "a\0b", "b"])).unwrap();
    let values: Vec<_> = values.into_iter().map(|value| value.map(|bytes| bytes.0)).collect();
    assert_eq!(values, [Some(b"3".to_vec()), None, Some(b"empty".to_vec()), Some(vec![]), Some(b"2".to_vec())]);
    assert_eq!(object.kv_delete(&keys(&["a", "a", "nope", ""])).unwrap(), 2);
    assert_eq!(listed(&object, ListOptions::default()), ["a\0b", "b"]);
}

#[test]
fn ranges_are_by_utf8_bytes() {
    let object = in_memory();
    let all = ["", "a", "a\0", "a1", "a2", "b", "é", "\u{ffff}", "\u{10000}", "\u{10ffff}"];
    object.kv_put(&all.map(|key| entry(key, b"x"))).unwrap();
    let text = |text: &str| Some(text.to_owned());
    for (options, expected) in [
        (ListOptions::default(), &all[..]),
        (ListOptions { start: text("a1"), end: text("b"), ..Default::default() }, &["a1", "a2"]),
        (ListOptions { start_after: text("a"), end: text("b"), ..Default::default() }, &["a\0", "a1", "a2"]),
        (ListOptions { prefix: text("a"), ..Default::default() }, &["a", "a\0", "a1", "a2"]),
        (ListOptions { prefix: text("a"), start: text("a1"), ..Default::default() }, &["a1", "a2"]),
        (
            ListOptions { prefix: text("a"), start: text("0"), end: text("a2"), ..Default::default() },
            &["a", "a\0", "a1"],
        ),
        (ListOptions { prefix: text("a"), start_after: text("a1"), end: text("z"), ..Default::default() }, &["a2"]),
        (ListOptions { prefix: text("\u{10ffff}"), ..Default::default() }, &["\u{10ffff}"]),
        (
            ListOptions { prefix: text(""), start: text("\u{ffff}"), ..Default::default() },
            &["\u{ffff}", "\u{10000}", "\u{10ffff}"],
        ),
        (ListOptions { reverse: true, limit: Some(2), ..Default::default() }, &["\u{10ffff}", "\u{10000}"]),
        (ListOptions { reverse: true, start: text("a1"), end: text("é"), ..Default::default() }, &["b", "a2", "a1"]),
        (ListOptions { start: text("z"), end: text("a"), ..Default::default() }, &[]),
        (ListOptions { limit: Some(1), ..Default::default() }, &[""]),
        (ListOptions { end: text(""), ..Default::default() }, &[]),
    ] {
        assert_eq!(listed(&object, options.clone()), expected, "{options:?}");
    }
}

#[test]
fn one_put_is_all_or_nothing() {
    let object = in_memory();
    put(&object, "before", b"1");
    let failure = object.kv_put(&[entry("a", b"1"), entry("b", &vec![0; 9_000_000])]).unwrap_err();
    assert_eq!(failure, Failure::error("string or blob too big: SQLITE_TOOBIG"));
    assert_eq!(listed(&object, ListOptions::default()), ["before"]);
    assert!(object.commit().unwrap());
}

#[test]
fn the_key_value_back_end_has_its_own_limits() {
    let open = |backend| Storage::new(None, Durability::Process, 8).open(KEY, &ID, backend);
    let key = |len: usize| "x".repeat(len);
    let many = |count: usize| (0..count).map(|number| number.to_string()).collect::<Vec<_>>();
    let entries = |count: usize| many(count).iter().map(|key| entry(key, b"x")).collect::<Vec<_>>();
    let long = "Keys cannot be larger than 2048 bytes. A key of size 2049 was provided.";
    let object = open(Backend::KeyValue);
    for (result, expected) in [
        (object.kv_put(&[entry(&key(2048), b"x")]), None),
        (object.kv_put(&[entry(&key(2049), b"x")]), Some(long)),
        (object.kv_get(&[key(2049)]).map(|_| ()), Some(long)),
        (object.kv_delete(&[key(2049)]).map(|_| ()), Some(long)),
        (object.kv_put(&[entry("a", &[0; 131_072 + 34])]), None),
        (
            object.kv_put(&[entry("a", &[0; 131_072 + 35])]),
            Some("Values cannot be larger than 131072 bytes. A value of size 131107 was provided."),
        ),
        (object.kv_put(&entries(128)), None),
        (object.kv_put(&entries(129)), Some("Maximum number of key value pairs is 128. 129 pairs were provided.")),
        (object.kv_get(&many(129)).map(|_| ()), Some("Maximum number of keys is 128. 129 keys were provided.")),
        (object.kv_delete(&many(129)).map(|_| ()), Some("Maximum number of keys is 128. 129 keys were provided.")),
    ] {
        let failure = result.err();
        assert_eq!(failure.as_ref().map(|failure| failure.message.as_str()), expected);
        assert!(failure.is_none_or(|failure| failure.name == "RangeError"));
    }
    let object = open(Backend::Sqlite);
    object.kv_put(&entries(200)).unwrap();
    object.kv_put(&[entry(&key(10_000), &vec![0; 2_000_000])]).unwrap();
    assert_eq!(object.kv_delete(&many(200)).unwrap(), 200);
}

#[test]
fn an_endless_list_is_refused() {
    let object = in_memory();
    let value = vec![0; 8_000_000];
    for number in 0..20 {
        put(&object, &number.to_string(), &value);
    }
    let failure = object.kv_list(&ListOptions::default()).unwrap_err();
    assert!(failure.message.contains("Use its `limit`"), "{failure}");
    assert_eq!(listed(&object, ListOptions { limit: Some(3), ..Default::default() }).len(), 3);
}
