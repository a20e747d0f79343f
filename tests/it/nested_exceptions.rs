//! WebAssembly modules that throw and catch, as wasm-bindgen makes them, beside workerd.
//!
//! Invariant: says nothing about what is right; workerd does.

use crate::support::{Project, Workerd, agent, exchange};
use serde_json::Value;

/// Every kind of catch; branches out of and over `try_table`; what a function returns that an exception ends.
const MODULE: &str = r#"(module
    (import "env" "js" (tag $js (param externref)))
    (import "env" "shared" (tag $shared (param i32)))
    (import "env" "call" (func $call (param externref) (result i32)))
    (tag $own (export "own") (param i32 i64 f32 f64 externref))
    (table 2 funcref)
    (elem (i32.const 0) $throwOwn $catchJs)
    (type $thrower (func (param i32 externref)))
    (memory (export "memory") 1)
    (global $finished (export "finished") (mut i32) (i32.const 0))
    (func $throwOwn (export "throwOwn") (param i32 externref)
        (throw $own (local.get 0) (i64.const -5) (f32.const 0.5) (f64.const 0.25) (local.get 1)))
    (func (export "throwShared") (param i32) (throw $shared (local.get 0)))
    (func $catchJs (export "catchJs") (param externref) (result externref)
        (block $caught (result externref)
            (try_table (catch $js $caught) (drop (call $call (local.get 0))))
            (ref.null extern)))
    (func (export "catchOwn") (param i32 externref) (result i32 i64 f32 f64 externref)
        (block $caught (result i32 i64 f32 f64 externref)
            (try_table (catch $own $caught)
                (call_indirect (type $thrower) (local.get 0) (local.get 1) (i32.const 0)))
            unreachable))
    (func (export "catchAll") (param externref) (result i32)
        (block $any
            (return (try_table (result i32) (catch_all $any) (call $call (local.get 0)))))
        (i32.const -1))
    (func $inner (param externref) (result i64)
        (drop (call $call (local.get 0)))
        (global.set $finished (i32.const 1))
        (i64.const 7))
    (func (export "through") (param externref) (result i32) (local $rounds i32)
        (global.set $finished (i32.const 0))
        (block $outside
            (block $shared (result i32)
                (block $js (result externref)
                    (block $other (result exnref)
                        (loop $again
                            (try_table (catch $js $js)
                                (try_table (catch $shared $shared) (catch_all_ref $other)
                                    (drop (call $inner (local.get 0)))
                                    (local.set $rounds (i32.add (local.get $rounds) (i32.const 1)))
                                    (br_if $again (i32.lt_u (local.get $rounds) (i32.const 3)))
                                    (br $outside))))
                        unreachable)
                    (throw_ref))
                (drop)
                (return (i32.const 100)))
            (return))
        (i32.add (global.get $finished) (i32.const 1000)))
    (func (export "again") (param externref)
        (block $caught (result externref exnref)
            (try_table (catch_ref $js $caught) (drop (call $call (local.get 0))))
            (return))
        (throw_ref))
    (func (export "grown") (param externref) (result i32)
        (i32.store (i32.const 8) (i32.const 11))
        (block $caught
            (try_table (catch_all $caught) (drop (call $call (local.get 0)))))
        (i32.load (i32.const 8)))
    (func (export "select") (param i32) (result i32)
        (block $two
            (try_table (catch_all $two)
                (block $one
                    (try_table (catch_all $two)
                        (block $zero (br_table $zero $one $two (local.get 0)))
                        (return (i32.const 0))))
                (return (i32.const 1))))
        (i32.const 2))
    (func (export "trap") (result i32)
        (block $any (try_table (catch_all $any) (unreachable)))
        (i32.const 1)))"#;

const WORKER: &str = r#"
import module from "./module.wasm";
const shared = new WebAssembly.Tag({ parameters: ["i32"] });
let wasm;
const instance = new WebAssembly.Instance(module, { env: { js: WebAssembly.JSTag, shared, call: (run) => run(wasm) } });
wasm = instance.exports;
const shown = (value) => {
    if (!(value instanceof WebAssembly.Exception)) { return typeof value === "bigint" ? `${value}n` : `${typeof value} ${value}`; }
    const tag = [shared, wasm.own].find((tag) => value.is(tag));
    const values = tag === shared ? [value.getArg(tag, 0)] : [0, 1, 2, 3, 4].map((index) => shown(value.getArg(tag, index)));
    return [`${value}`, value instanceof Error, tag === shared, values];
};
const attempt = (run) => { try { const value = run(); return Array.isArray(value) ? value.map(shown) : shown(value); }
    catch (error) { return ["thrown", shown(error)]; } };
const thrower = (value) => () => { throw value; };
const thrown = [1, null, undefined, "text", new TypeError("type"), new WebAssembly.Exception(shared, [7])];
const all = (run) => thrown.map((value) => attempt(() => run(thrower(value))));
const cases = () => ({
    shape: [String(WebAssembly.JSTag), String(wasm.own), WebAssembly.Module.imports(module)[0], WebAssembly.Module.exports(module)[0],
        typeof WebAssembly.Exception.prototype.is, wasm.own instanceof WebAssembly.Tag].map((value) => JSON.stringify(value)),
    thrown: [attempt(() => wasm.throwOwn(1, "kept")), attempt(() => wasm.throwShared(3))],
    own: attempt(() => wasm.catchOwn(4, "kept")),
    js: all((run) => wasm.catchJs(run)),
    any: [...all((run) => wasm.catchAll(run)), attempt(() => wasm.catchAll(() => 5))],
    through: [...all((run) => wasm.through(run)), attempt(() => wasm.through((wasm) => wasm.throwOwn(1, null))),
        attempt(() => wasm.through((wasm) => wasm.throwShared(8))), attempt(() => wasm.through(() => 1)), wasm.finished.value],
    again: all((run) => wasm.again(run)),
    same: attempt(() => { const error = new Error("same"); try { wasm.again(thrower(error)); } catch (caught) { return caught === error; } }),
    grown: attempt(() => wasm.grown((wasm) => { wasm.memory.grow(40); throw 1; })),
    select: [0, 1, 2, 9].map((value) => attempt(() => wasm.select(value))),
    trap: [attempt(() => wasm.trap()), attempt(() => wasm.catchAll((wasm) => wasm.trap())), attempt(() => wasm.catchAll(() => 1))],
    wrong: [() => new WebAssembly.Exception(shared, []), () => new WebAssembly.Exception({}, [1]), () => new WebAssembly.Tag(),
        () => new WebAssembly.Exception(shared, [1]).getArg(wasm.own, 0), () => new WebAssembly.Exception(WebAssembly.JSTag, [1]),
        () => new WebAssembly.Instance(module, { env: { js: 1, shared, call() {} } })]
        .map((run) => { try { return typeof run(); } catch (error) { return error.name; } }),
});
export default { fetch: () => Response.json(cases()) };
"#;

fn answer(port: u16) -> Value {
    exchange(&agent(), "GET", &format!("http://127.0.0.1:{port}/"), &[], b"").expect("a response").json()
}

#[test]
fn what_modules_throw_and_catch_is_the_same() {
    let project = Project::empty();
    project.write(
        "wrangler.jsonc",
        r#"{ "name": "exceptions", "main": "src/worker.js", "compatibility_date": "2026-02-01" }"#,
    );
    project.write("src/module.wasm", wat::parse_str(MODULE).expect("valid text"));
    project.write("src/worker.js", WORKER);
    let workerd = Workerd::serve(&project);
    let emu = project.serve(&[]);
    let (expected, got) = (answer(workerd.port()), answer(emu.port()));
    let cases = expected.as_object().expect("cases");
    assert!(cases.len() >= 10, "{expected}");
    for (case, expected) in cases {
        assert_eq!(&got[case], expected, "{case}");
    }
}
