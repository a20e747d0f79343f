//! The one QuickJS context of this guest, and the three moments it runs: boot, init, turn.
//!
//! Invariant: between turns nothing is on a stack; all pending jobs have run.

use crate::convert::failure_of_exception;
use crate::seal::seal;
use crate::{border, clock, data, events, modules, native};
use emu_abi::{Failure, Init, LogLevel, Op, Turn};
use rquickjs::{Context, Ctx, Error, Function, Object, Persistent, Runtime};
use std::cell::{Cell, OnceCell};

/// The runtime as one script, bundled from `guest/js/runtime` by `guest/build`.
const RUNTIME: &str = include_str!(env!("EMU_JS_RUNTIME"));

/// How much of the shadow stack JavaScript may use before a `RangeError`. The linker gives 2 MiB in all (`build.rs`); the
/// rest is for what native functions need below the last check. The host's own stack must be large enough for what uses
/// little of the shadow stack and much of it: deep JSON and deeply nested source.
const MAX_STACK_BYTES: usize = 1536 * 1024;

/// The allocated bytes beyond what the image holds, after which QuickJS looks for cycles for the first time. A collection
/// touches every object, so it makes all of the image's pages private to the isolate.
const GC_HEADROOM_BYTES: usize = 4 * 1024 * 1024;

struct Engine {
    runtime: Runtime,
    context: Context,
}

thread_local! {
    static ENGINE: OnceCell<Engine> = const { OnceCell::new() };
    static HANDLERS: OnceCell<Persistent<Object<'static>>> = const { OnceCell::new() };
    /// Code without end was interrupted, by an error that it cannot catch.
    static IS_INTERRUPTED: Cell<bool> = const { Cell::new(false) };
}

fn with_engine<R>(run: impl FnOnce(&Engine) -> R) -> R {
    ENGINE.with(|engine| run(engine.get().expect("the engine has booted")))
}

/// The object whose methods handle events.
pub(crate) fn handlers<'js>(ctx: &Ctx<'js>) -> rquickjs::Result<Object<'js>> {
    let handlers = HANDLERS.with(|handlers| handlers.get().cloned());
    handlers.ok_or(rquickjs::Error::Unknown)?.restore(ctx)
}

pub(crate) fn set_handlers<'js>(ctx: &Ctx<'js>, object: Object<'js>) {
    HANDLERS.with(|handlers| {
        let _ = handlers.set(Persistent::save(ctx, object));
    });
}

/// Starts QuickJS and evaluates the runtime.
///
/// # Panics
/// When the runtime does not evaluate: a bug of ours.
pub fn boot() {
    std::panic::set_hook(Box::new(|panic| {
        let message = format!("emu's JavaScript engine failed, which is a bug of emu: {panic}");
        border::op(&Op::Log { level: LogLevel::Error, message });
    }));
    let runtime = Runtime::new().expect("QuickJS starts");
    runtime.set_max_stack_size(MAX_STACK_BYTES);
    runtime.set_gc_threshold(usize::MAX);
    runtime.set_loader(modules::Names, modules::Sources);
    let context = Context::full(&runtime).expect("QuickJS makes a context");
    context.with(|ctx| {
        if let Err(error) = evaluate_runtime(&ctx) {
            let failure = failure_of_exception(&ctx, error);
            border::op(&Op::Log { level: LogLevel::Error, message: format!("{failure}\n{:?}", failure.stack) });
            panic!("the runtime does not evaluate: {failure}");
        }
    });
    runtime.set_host_promise_rejection_tracker(Some(Box::new(events::note_rejection)));
    let _ = ENGINE.with(|engine| engine.set(Engine { runtime, context }));
    with_engine(|engine| {
        run_jobs(engine);
        engine.runtime.run_gc();
    });
}

fn evaluate_runtime(ctx: &Ctx<'_>) -> rquickjs::Result<()> {
    let host = Object::new(ctx.clone())?;
    native::register(&host)?;
    data::register(&host)?;
    let globals = ctx.globals();
    globals.set("__emu_host", host)?;
    let mut options = rquickjs::context::EvalOptions::default();
    options.filename = Some("emu:runtime".into());
    options.strict = true;
    ctx.eval_with_options::<(), _>(RUNTIME, options)?;
    globals.remove("__emu_host")
}

/// Evaluates the worker's modules and lets the runtime declare what they export.
///
/// # Panics
/// When the engine has not booted.
pub fn init(init: Init) {
    if ENGINE.with(|engine| engine.get().is_none()) {
        boot();
    }
    with_engine(|engine| {
        engine.runtime.set_max_stack_size(MAX_STACK_BYTES);
        let started =
            engine.context.with(|ctx| modules::start(&ctx, init).map_err(|error| failure_of_exception(&ctx, error)));
        run_jobs(engine);
        if let Err(failure) = started {
            refuse(failure);
        }
        engine.runtime.run_gc();
        let held = usize::try_from(engine.runtime.memory_usage().malloc_size).unwrap_or(0);
        engine.runtime.set_gc_threshold(held + GC_HEADROOM_BYTES);
        engine.context.with(|ctx| seal(&ctx));
    });
}

fn refuse(failure: Failure) {
    border::op(&Op::Refuse(failure));
}

/// Delivers one event and runs all jobs.
///
/// # Panics
/// When the engine has not booted.
pub fn turn(turn: Turn) {
    clock::turn_begins(turn.now_ms);
    with_engine(|engine| {
        engine.context.with(|ctx| {
            if let Err(error) = events::deliver(&ctx, turn.event) {
                end_if_interrupted(&ctx);
                let failure = failure_of_exception(&ctx, error);
                let stack = failure.stack.as_deref().unwrap_or_default();
                let message = format!("emu's own runtime failed, which is a bug of emu: {failure}\n{stack}");
                border::op(&Op::Log { level: LogLevel::Error, message });
            }
        });
        run_jobs(engine);
        if events::take_rejections_pending() {
            engine.context.with(|ctx| {
                let ended = handlers(&ctx).and_then(|handlers| handlers.get::<_, Function>("turnEnd"));
                // What fails while rejections are reported cannot be reported itself.
                let _ = ended.and_then(|turn_end| turn_end.call::<_, ()>(()));
            });
            run_jobs(engine);
        }
        // Native code may have made a rejection of the error that nobody can catch.
        engine.context.with(|ctx| end_if_interrupted(&ctx));
    });
}

/// Lets the runtime say where in the worker's code its operations come from, and where code without end was.
///
/// # Panics
/// When the engine has not booted.
pub fn trace() {
    with_engine(|engine| {
        engine.context.with(|ctx| {
            let handler = handlers(&ctx).and_then(|handlers| handlers.get::<_, Function>("trace"));
            // Without it a report names no places, and all else stays as it is.
            let _ = handler.and_then(|trace| trace.call::<_, ()>(()));
        });
        engine.runtime.set_interrupt_handler(Some(Box::new(|| {
            let must_end = border::must_end();
            IS_INTERRUPTED.set(must_end);
            must_end
        })));
    });
}

/// Says where the code was that was interrupted, which ends the isolate. Its error is what was thrown last.
fn end_if_interrupted(ctx: &Ctx<'_>) {
    if IS_INTERRUPTED.get() {
        let failure = failure_of_exception(ctx, Error::Exception);
        border::at(failure.stack.as_deref().unwrap_or_default());
    }
}

/// Runs jobs until none is ready.
fn run_jobs(engine: &Engine) {
    loop {
        match engine.runtime.execute_pending_job() {
            Ok(true) => {}
            Err(thrown) => thrown.0.with(|ctx| end_if_interrupted(&ctx)),
            Ok(false) => return,
        }
    }
}
