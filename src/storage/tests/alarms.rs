//! Alarms, in the object and in the index.

use super::*;

#[test]
fn an_objects_alarm_is_one_of_its_writes() {
    let folder = Folder::new();
    let object = open(&folder.storage());
    assert_eq!(object.alarm_ns().unwrap(), None);
    object.set_alarm_ns(None).unwrap();
    assert!(!folder.database().exists(), "removing no alarm writes nothing");
    object.set_alarm_ns(Some(5)).unwrap();
    assert_eq!(object.alarm_ns().unwrap(), Some(5));
    assert!(object.commit().unwrap());
    object.set_alarm_ns(Some(5)).unwrap();
    assert!(!object.has_writes(), "the same alarm again writes nothing");
    object.set_alarm_ns(None).unwrap();
    assert!(object.commit().unwrap());
    assert_eq!(object.alarm_ns().unwrap(), None);
}

#[test]
fn the_index_is_shared_and_ordered_by_time() {
    let folder = Folder::new();
    let (one, two) = (folder.storage().alarms(KEY), folder.storage().alarms(KEY));
    assert_eq!(one.all().unwrap(), []);
    one.remove(&[1; 32]).unwrap();
    assert!(!folder.0.join("v3").exists(), "looking creates nothing");
    one.set(&[1; 32], 30, None).unwrap();
    two.set(&[2; 32], 10, Some("lobby")).unwrap();
    one.set(&[3; 32], 20, None).unwrap();
    two.set(&[1; 32], 5, Some("x")).unwrap();
    one.remove(&[3; 32]).unwrap();
    let expected = [
        Alarm { id: [1; 32], at_ns: 5, name: Some("x".into()) },
        Alarm { id: [2; 32], at_ns: 10, name: Some("lobby".into()) },
    ];
    assert_eq!(one.all().unwrap(), expected);
    assert_eq!(folder.storage().alarms(KEY).all().unwrap(), expected);
    assert_eq!(folder.storage().alarms("other").all().unwrap(), []);
}

#[test]
fn an_index_in_memory_lives_as_long_as_the_storage() {
    let storage = Storage::new(None, Durability::Process, 8);
    assert_eq!(storage.alarms(KEY).all().unwrap(), []);
    storage.alarms(KEY).set(&[1; 32], 30, None).unwrap();
    assert_eq!(storage.alarms(KEY).all().unwrap().len(), 1);
    assert_eq!(storage.alarms("other").all().unwrap(), []);
}

#[test]
fn lanes_write_the_same_index_at_the_same_time() {
    let folder = Folder::new();
    std::thread::scope(|threads| {
        for lane in [0u8, 1, 2, 3] {
            let root = folder.0.clone();
            threads.spawn(move || {
                let index = Storage::new(Some(root), Durability::Process, 8).alarms(KEY);
                (0..50u8).for_each(|number| index.set(&[lane * 50 + number; 32], number.into(), None).unwrap());
            });
        }
    });
    assert_eq!(Storage::new(Some(folder.0.clone()), Durability::Process, 8).alarms(KEY).all().unwrap().len(), 200);
}

#[test]
fn foreign_rows_are_skipped_and_a_broken_index_is_an_error() {
    let folder = Folder::new();
    let index = folder.storage().alarms(KEY);
    index.set(&[1; 32], 30, None).unwrap();
    let file = folder.0.join("v3/do").join(KEY).join("metadata.sqlite");
    let sql = "insert into _cf_ALARM values('short', 1, null), (printf('%064d', 3), null, null), ('é', 1, null)";
    inspect(&file).execute(sql, []).unwrap();
    assert_eq!(index.all().unwrap().len(), 1);
    drop(index);
    std::fs::write(&file, "this is no database, but it is long enough to look like something else entirely").unwrap();
    let error = folder.storage().alarms(KEY).all().unwrap_err();
    assert!(error.to_string().contains("metadata.sqlite") && error.to_string().contains("SQLITE_NOTADB"), "{error}");
}
