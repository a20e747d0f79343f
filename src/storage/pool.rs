//! A lane's databases: which objects there are, which of their databases are open, and in which order they close.
//!
//! Invariant: at most `max_open` databases are open, unless more than that are in the middle of a transaction or a
//! result; those are never closed.

use super::database::Sharing;
use super::session::Session;
use super::sources::Sources;
use super::{Backend, Durability, database, failure, layout};
use crate::world::Whose;
use emu_abi::Failure;
use rusqlite::Connection;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// One Durable Object's place.
pub(super) struct Object {
    unique_key: Rc<str>,
    id: [u8; 32],
    pub(super) backend: Cell<Backend>,
    pub(super) session: RefCell<Option<Session>>,
    /// How many handles there are.
    pub(super) handles: Cell<usize>,
    used: Cell<u64>,
    /// The first commit since the file was opened has yet to be noted.
    fresh: Cell<bool>,
}

impl Object {
    /// Whose its randomness is.
    pub(super) fn whose(&self) -> Whose {
        Whose::object(&self.unique_key, &self.id)
    }
}

// The objects of a namespace that are in use or open, by id.
type Namespace = BTreeMap<[u8; 32], Rc<Object>>;

/// All of a lane's storage.
pub(super) struct Pool {
    root: Option<PathBuf>,
    pub(super) durability: Durability,
    max_open: usize,
    objects: RefCell<BTreeMap<Rc<str>, Namespace>>,
    /// Objects with an open file.
    open: RefCell<Vec<Rc<Object>>>,
    tick: Cell<u64>,
    /// Where SQL gets time and randomness from, if not from SQLite.
    sources: RefCell<Option<Sources>>,
    /// Ends the running statement of a guest while it is true.
    pub(super) interrupt: Arc<AtomicBool>,
    /// Databases with commits that are not synced, and whether their folder has to be synced as well.
    unsynced: RefCell<BTreeMap<PathBuf, bool>>,
}

impl Pool {
    pub(super) fn new(root: Option<PathBuf>, durability: Durability, max_open: usize) -> Self {
        Self {
            root,
            durability,
            max_open: max_open.max(1),
            objects: RefCell::default(),
            open: RefCell::default(),
            tick: Cell::new(0),
            sources: RefCell::default(),
            interrupt: Arc::default(),
            unsynced: RefCell::default(),
        }
    }

    /// The root folder, if anything is kept.
    pub(super) fn root(&self) -> Option<&Path> {
        self.root.as_deref()
    }

    /// Gives SQL simulated time and randomness from here on.
    pub(super) fn simulate(&self, sources: Sources) {
        *self.sources.borrow_mut() = Some(sources);
    }

    /// Moves simulated time.
    pub(super) fn set_time_ms(&self, now_ms: i64) {
        if let Some(sources) = self.sources.borrow().as_ref() {
            sources.set_time_ms(now_ms);
        }
    }

    /// The object's place, which is made if it is not known.
    pub(super) fn object(&self, unique_key: &str, id: &[u8; 32], backend: Backend) -> Rc<Object> {
        let mut objects = self.objects.borrow_mut();
        let namespace = match objects.get_key_value(unique_key) {
            Some((key, _)) => Rc::clone(key),
            None => Rc::from(unique_key),
        };
        let object = objects.entry(Rc::clone(&namespace)).or_default().entry(*id).or_insert_with(|| {
            Rc::new(Object {
                unique_key: namespace,
                id: *id,
                backend: Cell::new(backend),
                session: RefCell::default(),
                handles: Cell::new(0),
                used: Cell::new(0),
                fresh: Cell::new(false),
            })
        });
        object.backend.set(backend);
        Rc::clone(object)
    }

    /// Works with the object's database, which is opened, and where `create` is set created, if need be. Nothing where
    /// there is none.
    pub(super) fn with<T>(
        &self,
        object: &Rc<Object>,
        create: bool,
        work: impl FnOnce(&mut Session) -> Result<T, Failure>,
    ) -> Result<Option<T>, Failure> {
        self.tick.set(self.tick.get() + 1);
        object.used.set(self.tick.get());
        let mut session = object.session.borrow_mut();
        if session.is_none() {
            *session = self.open(object, create)?;
        }
        match session.as_mut() {
            Some(session) => match &session.broken {
                Some(failure) => Err(failure.clone()),
                None => work(session).map(Some),
            },
            None => Ok(None),
        }
    }

    fn open(&self, object: &Rc<Object>, create: bool) -> Result<Option<Session>, Failure> {
        let Some(path) = self.path(object)? else {
            return if create {
                let session = database::open_memory().and_then(|connection| self.session(object, connection, false));
                session.map(Some).map_err(|error| failure::from_sql(&error))
            } else {
                Ok(None)
            };
        };
        self.make_room();
        let opened = database::open_file(&path, self.durability, Sharing::Exclusive, create)?;
        let Some(connection) = opened else { return Ok(None) };
        let session = self
            .session(object, connection, true)
            .map_err(|error| database::cannot_open(&path, &failure::sql_text(&error)))?;
        object.fresh.set(true);
        self.open.borrow_mut().push(Rc::clone(object));
        Ok(Some(session))
    }

    pub(super) fn session(&self, object: &Object, connection: Connection, on_disk: bool) -> rusqlite::Result<Session> {
        if let Some(sources) = self.sources.borrow().as_ref() {
            sources.install(&connection, object.whose())?;
        }
        Session::new(connection, on_disk, Arc::clone(&self.interrupt))
    }

    fn path(&self, object: &Object) -> Result<Option<PathBuf>, Failure> {
        let Some(root) = &self.root else { return Ok(None) };
        layout::object_file(root, &object.unique_key, &object.id).map(Some).ok_or_else(|| {
            Failure::error(format!("the namespace key `{}` cannot be the name of a folder", object.unique_key))
        })
    }

    // Closes the database that was not used for longest, of those that can be closed.
    fn make_room(&self) {
        while self.open.borrow().len() >= self.max_open {
            let oldest = {
                let open = self.open.borrow();
                let idle = open.iter().filter(|object| is_idle(object));
                idle.min_by_key(|object| object.used.get()).map(Rc::clone)
            };
            match oldest {
                Some(object) => self.close(&object),
                None => return,
            }
        }
    }

    /// Closes an object's file, which loses an open transaction. Databases in memory stay.
    pub(super) fn close(&self, object: &Rc<Object>) {
        let Some(index) = self.open.borrow().iter().position(|open| Rc::ptr_eq(open, object)) else { return };
        self.open.borrow_mut().swap_remove(index);
        let session = object.session.take();
        drop(session);
        self.forget(object);
    }

    /// Closes everything that is open, or only what nobody has a handle on.
    pub(super) fn close_all(&self, only_unused: bool) {
        let open = self.open.borrow().clone();
        open.iter().filter(|object| !only_unused || object.handles.get() == 0).for_each(|object| self.close(object));
    }

    /// Drops the place of an object that nobody uses.
    pub(super) fn forget(&self, object: &Rc<Object>) {
        if object.handles.get() > 0 || object.session.borrow().is_some() {
            return;
        }
        let mut objects = self.objects.borrow_mut();
        if let Some(namespace) = objects.get_mut(&object.unique_key) {
            namespace.remove(&object.id);
            if namespace.is_empty() {
                objects.remove(&object.unique_key);
            }
        }
    }

    /// Remembers that an object has committed.
    pub(super) fn note_commit(&self, object: &Object) {
        if self.durability == Durability::Full
            && let Ok(Some(path)) = self.path(object)
        {
            let fresh = object.fresh.replace(false);
            *self.unsynced.borrow_mut().entry(path).or_default() |= fresh;
        }
    }

    /// Whether anything has to be synced.
    pub(super) fn has_unsynced(&self) -> bool {
        !self.unsynced.borrow().is_empty()
    }

    /// What has to be synced, and whether its folder as well.
    pub(super) fn take_unsynced(&self) -> BTreeMap<PathBuf, bool> {
        self.unsynced.take()
    }

    /// Brings back what could not be synced.
    pub(super) fn restore_unsynced(&self, unsynced: BTreeMap<PathBuf, bool>) {
        let mut current = self.unsynced.borrow_mut();
        for (path, folder) in unsynced {
            *current.entry(path).or_default() |= folder;
        }
    }

    /// All objects that are in use or open, by namespace and id.
    pub(super) fn known(&self) -> Vec<Rc<Object>> {
        self.objects.borrow().values().flat_map(BTreeMap::values).map(Rc::clone).collect()
    }

    /// How many databases are open.
    pub(super) fn open_count(&self) -> usize {
        self.open.borrow().len()
    }
}

// The object whose call is being served is borrowed, and so not idle.
fn is_idle(object: &Object) -> bool {
    object.session.try_borrow().is_ok_and(|session| session.as_ref().is_some_and(Session::is_idle))
}
