//! What a guest module must look like, and what emu changes in it before compiling.
//!
//! Changed: active data segments become empty (the image holds their bytes, so an instance starts without copying
//! them), and mutable globals are exported (so that what `emu_init` left in them can be carried over).
//!
//! Invariant: judges and rewrites bytes; runs nothing.

use super::engine::Engine;
use super::kept;
use super::memory::map_code;
use crate::error::{Error, Result};
use emu_abi::{BOOT_EXPORT, IMPORT_MODULE, REGISTER_EXPORT_PREFIX, VERSION, VERSION_EXPORT_PREFIX};
use std::os::unix::fs::FileExt;
use std::path::Path;
use wasm_encoder::{DataSection, ExportKind, ExportSection, RawSection};
use wasmparser::{DataKind, ExternalKind, Operator, Parser, Payload, TypeRef};

/// Exports under which the rewritten module shows its mutable globals.
pub(super) const GLOBAL_EXPORT_PREFIX: &str = "emu_global_";

/// The functions a guest may import.
const IMPORTS: [&str; 5] = ["op", "at", "must_end", "ask", "reply"];

/// A compiled guest module with what is needed to start it the first time.
#[derive(Clone)]
pub struct Module {
    pub(super) wasmtime: wasmtime::Module,
    /// The bytes of the active data segments, as (address, bytes).
    pub(super) data: Vec<(u32, Vec<u8>)>,
    /// Names of the registration exports, sorted.
    pub(super) register: Vec<String>,
    /// It can be booted before it knows its worker.
    pub(super) boots: bool,
    /// How many mutable globals there are.
    pub(super) globals: u32,
}

impl Module {
    /// Checks, rewrites and compiles a guest. `name` is how errors call it, usually its path.
    ///
    /// # Errors
    /// When the bytes are no wasm, no emu guest, or a guest of another version of the interface.
    pub fn compile(engine: &Engine, bytes: &[u8], name: &str) -> Result<Self> {
        let shape = Shape::of(bytes, name)?;
        let rewritten = rewrite(bytes, &shape)
            .map_err(|error| Error::guest(format!("`{name}` cannot be prepared")).because(error.to_string()))?;
        let wasmtime = wasmtime::Module::new(&engine.wasmtime, &rewritten)
            .map_err(|error| Error::guest(format!("`{name}` cannot be compiled")).because(format!("{error:#}")))?;
        let globals = shape.mutable_globals.len() as u32;
        Ok(Self { wasmtime, data: shape.data, register: shape.register, boots: shape.boots, globals })
    }

    /// Keeps the compiled code for later processes.
    pub(super) fn keep_code(&self, path: &Path) -> std::io::Result<()> {
        let code = self.wasmtime.serialize().map_err(std::io::Error::other)?;
        kept::keep(path, |file| file.write_all_at(&code, 0))
    }

    /// The module whose code was kept under this name, if this machine can run it. It starts from a snapshot only, for
    /// its data segments were not kept.
    pub(super) fn open_code(engine: &Engine, path: &Path, globals: u32) -> Option<Self> {
        let wasmtime = map_code(&engine.wasmtime, kept::open(path)?).ok()?;
        Some(Self { wasmtime, data: Vec::new(), register: Vec::new(), boots: true, globals })
    }
}

/// What matters about a module.
#[derive(Default)]
struct Shape {
    data: Vec<(u32, Vec<u8>)>,
    register: Vec<String>,
    boots: bool,
    mutable_globals: Vec<u32>,
}

impl Shape {
    fn of(bytes: &[u8], name: &str) -> Result<Self> {
        if bytes.is_empty() {
            return Err(Error::guest(format!("`{name}` is empty")).hint("build the worker again"));
        }
        if !bytes.starts_with(b"\0asm") {
            return Err(Error::guest(format!("`{name}` is not a WebAssembly module")).hint(
                "`main` must name a compiled worker (`.wasm`) built against emu's `worker` crate; see guest/room",
            ));
        }
        let broken = |error: wasmparser::BinaryReaderError| {
            Error::guest(format!("`{name}` is truncated or damaged at byte {}", error.offset()))
                .because(error.message().to_owned())
                .hint("build the worker again")
        };
        let mut shape = Self::default();
        let mut exports = Exported::default();
        let mut next_global = 0;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload.map_err(broken)? {
                Payload::Version { encoding: wasmparser::Encoding::Component, .. } => {
                    return Err(Error::guest(format!("`{name}` is a WebAssembly component"))
                        .hint("build a core module for the target wasm32-unknown-unknown"));
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import.map_err(broken)?;
                        check_import(&import, name)?;
                        if matches!(import.ty, TypeRef::Global(_)) {
                            next_global += 1;
                        }
                    }
                }
                Payload::GlobalSection(section) => {
                    for global in section {
                        if global.map_err(broken)?.ty.mutable {
                            shape.mutable_globals.push(next_global);
                        }
                        next_global += 1;
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export.map_err(broken)?;
                        exports.note(export.name, export.kind, &mut shape.register);
                    }
                }
                Payload::StartSection { .. } => {
                    return Err(Error::guest(format!("`{name}` has a start function"))
                        .hint("an emu guest starts in `emu_init`; build it against emu's `worker` crate"));
                }
                Payload::DataSection(section) => {
                    for datum in section {
                        let datum = datum.map_err(broken)?;
                        if let DataKind::Active { offset_expr, .. } = &datum.kind {
                            let address = constant(offset_expr).ok_or_else(|| {
                                Error::guest(format!("`{name}` has a data segment at a computed address"))
                            })?;
                            shape.data.push((address, datum.data.to_vec()));
                        }
                    }
                }
                _ => {}
            }
        }
        exports.check(name)?;
        shape.boots = exports.boot;
        shape.register.sort();
        Ok(shape)
    }
}

fn constant(expression: &wasmparser::ConstExpr<'_>) -> Option<u32> {
    let mut operators = expression.get_operators_reader();
    match operators.read().ok()? {
        Operator::I32Const { value } => Some(value.cast_unsigned()),
        _ => None,
    }
}

fn check_import(import: &wasmparser::Import<'_>, name: &str) -> Result<()> {
    let is_offered = IMPORTS.contains(&import.name) || super::nested::NAMES.contains(&import.name);
    if import.module == IMPORT_MODULE && is_offered && matches!(import.ty, TypeRef::Func(_)) {
        return Ok(());
    }
    let error = Error::guest(format!(
        "`{name}` imports `{}` from `{}`, which emu does not offer to guests",
        import.name, import.module
    ));
    Err(match import.module {
        "wasi_snapshot_preview1" => error.hint("build for wasm32-unknown-unknown rather than a WASI target"),
        module if module.starts_with("__wbindgen") || import.name.starts_with("__wb") => {
            error.hint("this is output of wasm-bindgen; build the crate against emu's `worker` crate instead")
        }
        _ => error.hint("build the worker against emu's `worker` crate for wasm32-unknown-unknown"),
    })
}

/// The exports that every guest must have.
#[derive(Default)]
struct Exported {
    memory: bool,
    alloc: bool,
    init: bool,
    turn: bool,
    boot: bool,
    version: Option<String>,
}

impl Exported {
    fn note(&mut self, name: &str, kind: ExternalKind, register: &mut Vec<String>) {
        match (name, kind) {
            ("memory", ExternalKind::Memory) => self.memory = true,
            ("emu_alloc", ExternalKind::Func) => self.alloc = true,
            ("emu_init", ExternalKind::Func) => self.init = true,
            ("emu_turn", ExternalKind::Func) => self.turn = true,
            (BOOT_EXPORT, ExternalKind::Func) => self.boot = true,
            (name, ExternalKind::Func) if name.starts_with(REGISTER_EXPORT_PREFIX) => register.push(name.into()),
            (name, ExternalKind::Func) => {
                if let Some(version) = name.strip_prefix(VERSION_EXPORT_PREFIX) {
                    self.version = Some(version.into());
                }
            }
            _ => {}
        }
    }

    fn check(&self, name: &str) -> Result<()> {
        match &self.version {
            None => {
                return Err(Error::guest(format!("`{name}` is a WebAssembly module, but not an emu worker"))
                    .hint("build it against emu's `worker` crate (see guest/room)"));
            }
            Some(version) if *version != VERSION.to_string() => {
                return Err(Error::guest(format!(
                    "`{name}` speaks version {version} of the guest interface, this emu speaks version {VERSION}"
                ))
                .hint("build the worker again with the `worker` crate that belongs to this emu"));
            }
            Some(_) => {}
        }
        for (present, export) in
            [(self.memory, "memory"), (self.alloc, "emu_alloc"), (self.init, "emu_init"), (self.turn, "emu_turn")]
        {
            if !present {
                return Err(Error::guest(format!("`{name}` does not export `{export}`"))
                    .hint("build the worker again with the `worker` crate that belongs to this emu"));
            }
        }
        Ok(())
    }
}

/// Empties the active data segments and exports the mutable globals. All other sections are copied as they are, so that
/// this costs a copy and no decoding.
fn rewrite(bytes: &[u8], shape: &Shape) -> Result<Vec<u8>, wasmparser::BinaryReaderError> {
    let mut module = wasm_encoder::Module::new();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::DataSection(section) => {
                module.section(&emptied(section)?);
            }
            Payload::ExportSection(section) => {
                module.section(&extended(section, &shape.mutable_globals)?);
            }
            payload => {
                if let Some((id, range)) = payload.as_section() {
                    module.section(&RawSection { id, data: &bytes[range] });
                }
            }
        }
    }
    Ok(module.finish())
}

/// The data section without the bytes of active segments. They are emptied rather than removed, so that the indices of
/// passive ones stay what they are.
fn emptied(section: wasmparser::DataSectionReader<'_>) -> Result<DataSection, wasmparser::BinaryReaderError> {
    let mut emptied = DataSection::new();
    for datum in section {
        let datum = datum?;
        match datum.kind {
            DataKind::Active { .. } => emptied.passive([]),
            DataKind::Passive => emptied.passive(datum.data.iter().copied()),
        };
    }
    Ok(emptied)
}

/// The export section with the mutable globals added.
fn extended(
    section: wasmparser::ExportSectionReader<'_>,
    mutable_globals: &[u32],
) -> Result<ExportSection, wasmparser::BinaryReaderError> {
    let mut extended = ExportSection::new();
    for export in section {
        let export = export?;
        let kind = match export.kind {
            ExternalKind::Func | ExternalKind::FuncExact => ExportKind::Func,
            ExternalKind::Table => ExportKind::Table,
            ExternalKind::Memory => ExportKind::Memory,
            ExternalKind::Global => ExportKind::Global,
            ExternalKind::Tag => ExportKind::Tag,
        };
        extended.export(export.name, kind, export.index);
    }
    for (ordinal, index) in mutable_globals.iter().enumerate() {
        extended.export(&format!("{GLOBAL_EXPORT_PREFIX}{ordinal}"), ExportKind::Global, *index);
    }
    Ok(extended)
}
