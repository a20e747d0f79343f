//! Random histories against a model: whatever is committed, rolled back, closed or killed in between, an object has
//! what the model has.

use super::*;
use emu_abi::ListOptions;
use std::collections::BTreeMap;

type Entries = BTreeMap<String, Vec<u8>>;

/// What an object should have: what is committed, and on top of it the state before each open savepoint.
#[derive(Clone, Default)]
struct Model {
    committed: (Entries, Option<i64>),
    now: (Entries, Option<i64>),
    /// The state before each open savepoint, and whether it holds the commit back.
    savepoints: Vec<((Entries, Option<i64>), bool)>,
}

/// A small generator of the test's own: the same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn key(&mut self) -> String {
        format!("key{}", self.below(6))
    }
}

#[test]
fn an_object_has_what_the_model_has() {
    for seed in 0..40 {
        let folder = Folder::new();
        // Every other history keeps closing the file, because another object wants the only place.
        let storage = Storage::new(Some(folder.0.join("v3/do")), Durability::Process, 1 + (seed as usize % 2) * 7);
        let other = storage.open(KEY, &[9; 32], Backend::Sqlite);
        let object = open(&storage);
        let mut model = Model::default();
        let mut random = Random(seed);
        for step in 0..150 {
            act(&mut random, &object, &mut model);
            if random.below(10) == 0 {
                put(&other, "a", &[step]);
                other.commit().unwrap();
            }
            check(&object, &model.now, &format!("seed {seed}, step {step}"));
            if random.below(30) == 0 && folder.database().exists() {
                let killed = folder.killed();
                check(&open(&killed.storage()), &model.committed, &format!("killed: seed {seed}, step {step}"));
            }
        }
    }
}

fn act(random: &mut Random, object: &ObjectStorage, model: &mut Model) {
    let Model { committed, now, savepoints } = model;
    match random.below(12) {
        0..=2 => {
            let entries: Vec<_> =
                (0..=random.below(3)).map(|_| entry(&random.key(), &[random.below(9) as u8])).collect();
            object.kv_put(&entries).unwrap();
            now.0.extend(entries.into_iter().map(|entry| (entry.key, entry.value.0)));
        }
        3 => {
            let key = random.key();
            let existed = u64::from(now.0.remove(&key).is_some());
            assert_eq!(object.kv_delete(&[key]).unwrap(), existed);
        }
        4 => {
            now.1 = Some(random.below(3) as i64).filter(|at_ns| *at_ns > 0);
            object.set_alarm_ns(now.1).unwrap();
        }
        5 => {
            let explicit = random.below(2) == 0;
            object.savepoint_begin(explicit).unwrap();
            savepoints.push((now.clone(), explicit));
        }
        6 if !savepoints.is_empty() => {
            object.savepoint_release().unwrap();
            savepoints.pop();
        }
        7 if !savepoints.is_empty() => {
            object.savepoint_rollback().unwrap();
            *now = savepoints.pop().unwrap().0;
        }
        8 => {
            object.rollback();
            *now = committed.clone();
            savepoints.clear();
        }
        9 if savepoints.is_empty() => {
            let keep_alarm = random.below(2) == 0;
            object.delete_all(keep_alarm).unwrap();
            *now = (Entries::new(), now.1.filter(|_| keep_alarm));
        }
        _ => {
            object.commit().unwrap();
            if savepoints.iter().all(|(_, explicit)| !explicit) {
                *committed = now.clone();
                savepoints.clear();
            }
        }
    }
}

fn check(object: &ObjectStorage, expected: &(Entries, Option<i64>), what: &str) {
    let entries = object.kv_list(&ListOptions::default()).unwrap();
    let entries: Entries = entries.into_iter().map(|entry| (entry.key, entry.value.0)).collect();
    assert_eq!((&entries, object.alarm_ns().unwrap()), (&expected.0, expected.1), "{what}");
}
