//! What a worker is made of: everything that decides what it does, beside emu itself.
//!
//! A recipe names no file that is read later, so that it can be carried to where the worker's files are not.
//!
//! Invariant: the same recipe on the same emu is frozen to the same memory.

use super::engines::Engines;
use super::load::Project;
use super::prepare::{Code, find_namespace, worker_of};
use super::source;
use crate::bindings::Switches;
use crate::bundle::SourceMap;
use crate::config::{ServiceBinding, Var};
use crate::core::id;
use crate::error::{Error, Result};
use crate::isolate::{Base, Image, Launcher, Limits, Module, StartFailure};
use crate::lane::{Namespace, Prepared, Service, Sources};
use emu_abi::{Binding, Bytes, Init, LogLevel, Module as GuestModule};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The largest worker that is loaded.
const MAX_WASM_BYTES: u64 = 256 * 1024 * 1024;
/// The flag that gives a worker what its tests need of the runtime.
const TESTED_FLAG: &str = "emu_test";

/// A worker before it is compiled and frozen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Recipe {
    /// The worker's name.
    pub(crate) worker: String,
    /// What errors say it is made of.
    name: String,
    /// A compiled worker; none where modules run on emu's JavaScript engine.
    wasm: Option<Bytes>,
    /// What it learns when it starts, with its own modules.
    init: Init,
    /// It is a test file's program, which imports modules of emu's beside its own.
    is_tested: bool,
    /// CPU time of an event.
    cpu: Duration,
    switches: Switches,
    /// Its service bindings, as the guest numbers them.
    services: Vec<Service>,
    /// Patterns of the URLs that it answers.
    routes: Vec<String>,
    /// Differs between two versions that behave differently.
    digest: [u8; 32],
    /// Where its modules come from. Not carried with it: only to show errors is it needed.
    #[serde(skip)]
    pub(crate) sources: Option<Arc<SourceMap>>,
}

impl Recipe {
    /// What the configuration says, and the code.
    ///
    /// # Errors
    /// When there is no such code, or a class is bound that is not here.
    pub(super) fn of(
        engines: &Engines,
        projects: &[Project],
        namespaces: &[Namespace],
        index: usize,
        code: &Code<'_>,
    ) -> Result<Self> {
        let project = &projects[index];
        let name = code.path.display().to_string();
        let mut init = init(projects, namespaces, project)?;
        let wasm = match code.bundle {
            Some(bundle) => {
                init.modules = source::modules(bundle);
                init.compatibility_flags.extend(code.testing.map(|_| TESTED_FLAG.to_owned()));
                None
            }
            None => Some(Bytes(read_wasm(&code.path, &name)?)),
        };
        let services = services(projects, project);
        let has = |flag: &str| project.worker.compatibility.has(flag);
        Ok(Self {
            worker: project.worker.name.clone(),
            name,
            digest: digest(wasm.as_ref(), &init, &services, project),
            wasm,
            init,
            is_tested: code.testing.is_some(),
            cpu: project.worker.limits.cpu_ms.map_or(engines.cpu, |ms| Duration::from_millis(u64::from(ms))),
            switches: Switches {
                auto_reply_to_close: has("web_socket_auto_reply_to_close"),
                delete_all_deletes_alarm: has("delete_all_deletes_alarm"),
                io_tasks_prevent_eviction: has("durable_object_io_tasks_prevent_eviction"),
                limit_close_reason: has("websocket_close_reason_byte_limit"),
            },
            services,
            routes: project.worker.routes.clone(),
            sources: code.bundle.map(|bundle| Arc::clone(&bundle.sources)),
        })
    }

    /// That its bindings are to what there is.
    ///
    /// # Errors
    /// Which one is not.
    pub(crate) fn check(&self, workers: usize, namespaces: usize) -> std::result::Result<(), String> {
        let is_wrong = |binding: &Binding| match binding {
            Binding::Objects(namespace) => *namespace as usize >= namespaces,
            Binding::Service(service) => *service as usize >= self.services.len(),
            Binding::Text(_) | Binding::Json(_) => false,
        };
        if let Some((name, _)) = self.init.env.iter().find(|(_, binding)| is_wrong(binding)) {
            return Err(format!("`{name}` is bound to what is not there"));
        }
        match self.services.iter().find(|service| service.worker.is_some_and(|worker| worker >= workers)) {
            Some(service) => Err(format!("the worker `{}` is not there", service.worker_name)),
            None => Ok(()),
        }
    }

    /// Differs between two versions of a worker that behave differently.
    pub(super) fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// Compiles and freezes it. `testing` are the modules that tests import.
    ///
    /// # Errors
    /// When it cannot be compiled; inside, when it cannot start.
    pub(crate) fn freeze(
        &self,
        engines: &Engines,
        namespaces: &[Namespace],
        testing: &[GuestModule],
        log: &mut dyn FnMut(LogLevel, &str),
    ) -> Result<std::result::Result<Image, StartFailure>> {
        // The configured limit is for events; global scope has one of its own (reference §1.16).
        let limits = Limits { cpu: engines.cpu, ..Limits::default() };
        let ids: Vec<_> = namespaces.iter().map(|namespace| id::Namespace::new(&namespace.unique_key)).collect();
        let compiled;
        let base = match &self.wasm {
            Some(wasm) => {
                let module = Module::compile(&engines.wasm, &wasm.0, &self.name)?;
                compiled = Base::boot(&engines.wasm, module, &self.name)?;
                &compiled
            }
            None => engines.javascript()?,
        };
        let init = match self.is_tested {
            true => {
                let mut init = self.init.clone();
                init.modules.extend_from_slice(testing);
                Cow::Owned(init)
            }
            false => Cow::Borrowed(&self.init),
        };
        Ok(Image::freeze(&engines.wasm, base, &init, limits, &ids, log))
    }

    /// The worker, of its image.
    ///
    /// # Errors
    /// When it cannot be linked, which is a mistake of emu's.
    pub(crate) fn prepared(&self, engines: &Engines, image: Image) -> Result<Prepared> {
        let limits = Limits { cpu: self.cpu, ..Limits::default() };
        Ok(Prepared {
            name: self.worker.as_str().into(),
            launcher: Launcher::new(&engines.wasm, image, limits)?,
            switches: self.switches,
            services: self.services.as_slice().into(),
            routes: self.routes.clone(),
            sources: self.sources.clone().map(|sources| sources as Arc<dyn Sources>),
            digest: self.digest,
        })
    }
}

/// The service bindings of a worker, in the order of the configuration.
fn services(projects: &[Project], project: &Project) -> Vec<Service> {
    let service = |binding: &ServiceBinding| Service {
        worker: worker_of(projects, &binding.service),
        worker_name: binding.service.clone(),
        entrypoint: binding.entrypoint.clone().unwrap_or_default(),
        props: binding.props.as_ref().map_or_else(String::new, ToString::to_string),
    };
    project.worker.services.iter().map(service).collect()
}

fn read_wasm(path: &Path, name: &str) -> Result<Vec<u8>> {
    let missing = || {
        Error::config(format!("`main` names `{name}`, which does not exist"))
            .hint("build the worker first, or correct `main`")
    };
    let metadata = fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => missing(),
        _ => Error::config(format!("`{name}` cannot be read")).because(error),
    })?;
    if metadata.is_dir() {
        return Err(
            Error::config(format!("`main` names `{name}`, which is a folder")).hint("name the `.wasm` file in it")
        );
    }
    if metadata.len() > MAX_WASM_BYTES {
        return Err(Error::guest(format!("`{name}` is {} bytes long; at most 256 MiB are loaded", metadata.len())));
    }
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or("");
    if extension == "py" {
        return Err(Error::guest(format!("`{name}` is Python, which this emu does not run yet"))
            .hint("it runs JavaScript, TypeScript, and compiled workers (`.wasm`)"));
    }
    fs::read(path).map_err(|error| Error::config(format!("`{name}` cannot be read")).because(error))
}

fn init(projects: &[Project], namespaces: &[Namespace], project: &Project) -> Result<Init> {
    let mut env = Vec::new();
    for (name, var) in &project.worker.vars {
        let binding = match var {
            Var::Text(text) | Var::Secret(text) => Binding::Text(text.clone()),
            Var::Json(value) => Binding::Json(value.to_string()),
        };
        env.push((name.clone(), binding));
    }
    for object in &project.worker.objects {
        let namespace = find_namespace(namespaces, projects, project, object)?;
        env.push((object.name.clone(), Binding::Objects(namespace as u32)));
    }
    for (number, service) in project.worker.services.iter().enumerate() {
        env.push((service.name.clone(), Binding::Service(number as u32)));
    }
    env.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(Init {
        compatibility_date: project.worker.compatibility.date().to_owned(),
        compatibility_flags: project.worker.compatibility.flags().map(str::to_owned).collect(),
        env,
        modules: Vec::new(),
    })
}

fn digest(wasm: Option<&Bytes>, init: &Init, services: &[Service], project: &Project) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(emu_abi::encode(init));
    hash.update(format!("{:?}", (services, &project.worker.limits, &project.worker.routes)));
    hash.update(wasm.map_or(&[][..], |wasm| &wasm.0));
    hash.finalize().into()
}
