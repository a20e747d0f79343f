//! WebAssembly modules that JavaScript workers import.
//!
//! Invariant: what is asserted is what a worker sees of its modules, and what its users see when one misbehaves.

use crate::support::{Emu, Project};
use serde_json::{Value, json};

/// Something of everything, made when the worker starts and changed before the freeze.
const MODULE: &str = r#"(module
    (import "env" "log" (func $log (param i32)))
    (import "env" "get" (func $get (param externref i32) (result externref)))
    (import "env" "shared" (global $shared (mut i32)))
    (import "env" "fixed" (global $fixed i64))
    (memory (export "memory") 1 10)
    (table $table (export "table") 4 funcref)
    (table $values (export "values") 2 externref)
    (global $counter (export "counter") (mut i32) (i32.const 7))
    (global (export "constant") i64 (global.get $fixed))
    (data (i32.const 16) "hello")
    (elem (i32.const 1) $add $sub)
    (func $add (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func $sub (param i32 i32) (result i32) (i32.sub (local.get 0) (local.get 1)))
    (func (export "bump") (result i32)
        (global.set $counter (i32.add (global.get $counter) (i32.const 1)))
        (global.set $shared (global.get $counter))
        (call $log (global.get $counter))
        (global.get $counter))
    (func (export "trap") unreachable)
    (func (export "div") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "size") (result i32) memory.size)
    (func (export "poke") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
    (func (export "peek") (param i32) (result i32) (i32.load8_u (local.get 0)))
    (func (export "poke64") (param i32 i64 f32 f64)
        (i64.store (local.get 0) (local.get 1))
        (f32.store offset=8 (local.get 0) (local.get 2))
        (f64.store offset=16 (local.get 0) (local.get 3)))
    (func (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
    (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
    (func (export "next") (param i64) (result i64) (i64.add (local.get 0) (i64.const 1)))
    (func (export "two") (result i32 f64) i32.const 1 f64.const 2.5)
    (func (export "vector") (param i32) (result i32)
        (v128.store offset=32 (local.get 0) (i32x4.add (v128.load (local.get 0)) (v128.load offset=16 (local.get 0))))
        (i32x4.extract_lane 3 (v128.load offset=32 (local.get 0))))
    (func (export "indirect") (param i32 i32 i32) (result i32)
        (call_indirect (param i32 i32) (result i32) (local.get 1) (local.get 2) (local.get 0)))
    (func (export "field") (param externref i32) (result externref)
        (table.set $values (i32.const 0) (local.get 0))
        (call $get (table.get $values (i32.const 0)) (local.get 1)))
    (func (export "isNull") (param externref) (result i32) (ref.is_null (local.get 0)))
    (func (export "growValues") (param externref i32) (result i32)
        (table.grow $values (local.get 0) (local.get 1)))
    (func $deep (export "deep") (result i32) (i32.add (call $deep) (i32.const 1)))
    (func (export "spin") (loop (br 0)))
    (func (export "hog") (drop (memory.grow (i32.const 1000))) (drop (memory.grow (i32.const 10000)))))"#;

const WORKER: &str = r#"
import module from "./module.wasm";
const logged = [];
const shared = new WebAssembly.Global({ value: "i32", mutable: true }, 1);
const imports = {
    env: {
        log(value) { logged.push(value); if (value > 20) { throw new TypeError(`${value} is too high`); } },
        get: (array, index) => array[index],
        shared,
        fixed: 123456789012n,
    },
};
const instance = new WebAssembly.Instance(module, imports);
const wasm = instance.exports;
wasm.bump();
wasm.poke(100, 42);
wasm.table.set(0, wasm.add);
wasm.field(["kept", 1], 0);
const failure = (run) => { try { return run(); } catch (error) { return `${error}`; } };
const text = (start, end) => new TextDecoder().decode(new Uint8Array(wasm.memory.buffer).subarray(start, end));
const cases = {
    frozen: () => [wasm.counter.value, shared.value, logged[0], wasm.peek(100), text(16, 21), wasm.table.get(0) === wasm.add,
        wasm.indirect(0, 2, 3), wasm.values.get(0)[0]],
    shape: () => [String(module), String(instance), WebAssembly.Module.imports(module)[1], WebAssembly.Module.exports(module)[0],
        Object.isFrozen(wasm), wasm.add.name, wasm.add.length],
    numbers: () => [wasm.add(2 ** 31, 1), wasm.next(-2n).toString(), wasm.two(), wasm.constant.value.toString(),
        failure(() => wasm.next(1))],
    stores: () => { wasm.poke64(200, -1n, 0.5, 0.25); const view = new DataView(wasm.memory.buffer, 200);
        return [view.getBigInt64(0, true).toString(), view.getFloat32(8, true), view.getFloat64(16, true)]; },
    bulk: () => { wasm.copy(300, 16, 5); wasm.fill(305, 33, 2); return text(300, 307); },
    vectors: () => { new Int32Array(wasm.memory.buffer, 400, 8).set([1, 2, 3, 4, 10, 20, 30, 40]); return wasm.vector(400); },
    globals: () => { wasm.counter.value = 9; return [wasm.bump(), wasm.counter.value, shared.value,
        failure(() => { wasm.constant.value = 1n; })]; },
    memory: () => { const before = wasm.memory.buffer; new Uint8Array(before)[500] = 5;
        return [before === wasm.memory.buffer, wasm.grow(2), wasm.size(), before.byteLength, wasm.memory.buffer.byteLength,
            wasm.peek(500), wasm.peek(3 * 65536 - 1), wasm.memory.grow(1), wasm.grow(100), failure(() => wasm.memory.grow(100))]; },
    tables: () => [wasm.table.length, wasm.table.get(2)(9, 1), wasm.table.get(3), wasm.table.grow(1), wasm.table.length,
        failure(() => wasm.table.get(9)), failure(() => wasm.table.set(0, () => 1))],
    values: () => [wasm.field({ 1: "one" }, 1), wasm.values.get(0)[1], wasm.isNull(null), wasm.isNull(undefined),
        wasm.growValues("new", 2), wasm.values.get(3), wasm.values.length],
    traps: () => [() => wasm.trap(), () => wasm.div(1, 0), () => wasm.div(-(2 ** 31), -1), () => wasm.deep(),
        () => wasm.indirect(3, 1, 1), () => wasm.indirect(99, 1, 1), () => wasm.growValues.call()].map(failure),
    beyond: () => { const end = wasm.memory.buffer.byteLength; wasm.poke(end - 1, 7); wasm.poke64(end - 24, 1n, 1, 1);
        wasm.copy(end, end, 0); wasm.fill(end - 4, 1, 4);
        return [wasm.peek(end - 1), ...[() => wasm.peek(end), () => wasm.poke(end, 1), () => wasm.peek(-1), () => wasm.poke64(end - 23, 1n, 1, 1),
            () => wasm.poke64(-8, 1n, 1, 1), () => wasm.copy(0, end - 1, 2), () => wasm.copy(end - 1, 0, 2),
            () => wasm.copy(0, -1, 2), () => wasm.fill(end - 1, 0, 2), () => wasm.vector(end - 47)].map(failure)]; },
    thrown: () => { wasm.counter.value = 20; return failure(() => wasm.bump()); },
    forbidden: async () => [failure(() => new WebAssembly.Module(new Uint8Array(8))),
        ...await Promise.all([WebAssembly.instantiate(new Uint8Array(8)), WebAssembly.compile(new Uint8Array(8))]
            .map((promise) => promise.catch(String)))],
    links: () => [undefined, {}, { env: {} }, { env: { ...imports.env, shared: 1 } }, { env: { ...imports.env, fixed: 1 } }]
        .map((imports) => failure(() => new WebAssembly.Instance(module, imports))),
    second: async () => { const { exports } = await WebAssembly.instantiate(module, imports);
        wasm.table.set(3, exports.add);
        return [exports.counter.value, exports.peek(100), exports.add === wasm.add, wasm.indirect(3, 20, 22),
            wasm.table.get(3) === exports.add]; },
    spin: () => wasm.spin(),
    hog: () => wasm.hog(),
};
export default {
    async fetch(request) {
        const run = cases[new URL(request.url).pathname.slice(1)];
        return Response.json(await run());
    },
};
"#;

fn project(module: &str, worker: &str) -> Project {
    let project = Project::empty();
    project.write("wrangler.jsonc", r#"{ "name": "nested", "main": "worker.js", "compatibility_date": "2026-01-01" }"#);
    project.write("module.wasm", wat::parse_str(module).expect("valid text"));
    project.write("worker.js", worker);
    project
}

fn served() -> (Project, Emu) {
    let project = project(MODULE, WORKER);
    let emu = project.serve(&[]);
    (project, emu)
}

#[test]
fn an_instance_of_global_scope_is_in_every_isolate_as_it_was_left() {
    let (_project, emu) = served();
    assert_eq!(emu.get("/frozen").json(), json!([8, 8, 8, 42, "hello", true, 5, "kept"]));
}

#[test]
fn a_module_does_what_it_does_elsewhere() {
    let (_project, emu) = served();
    let cases: [(&str, Value); 10] = [
        (
            "shape",
            json!(["[object WebAssembly.Module]", "[object WebAssembly.Instance]",
                { "module": "env", "name": "get", "kind": "function" }, { "name": "memory", "kind": "memory" }, true, "2", 2]),
        ),
        ("numbers", json!([-2_147_483_647, "-1", [1, 2.5], "123456789012", "TypeError: cannot convert to bigint"])),
        ("stores", json!(["-1", 0.5, 0.25])),
        ("bulk", json!("hello!!")),
        ("vectors", json!(44)),
        (
            "globals",
            json!([10, 10, 10, "TypeError: set WebAssembly.Global.value: Can't set the value of an immutable global."]),
        ),
        (
            "memory",
            json!([
                true,
                1,
                3,
                0,
                196_608,
                5,
                0,
                3,
                -1,
                "RangeError: WebAssembly.Memory.grow(): Maximum memory size exceeded"
            ]),
        ),
        (
            "tables",
            json!([
                4,
                8,
                null,
                4,
                5,
                "RangeError: WebAssembly.Table.get(): invalid address 9 in funcref table of size 5",
                "TypeError: WebAssembly.Table.set(): Argument 1 is invalid for table: function-typed object expected"
            ]),
        ),
        ("values", json!(["one", "one", 1, 0, 2, "new", 4])),
        ("second", json!([7, 0, false, 42, true])),
    ];
    for (path, expected) in cases {
        assert_eq!(emu.get(&format!("/{path}")).json(), expected, "{path}");
    }
}

#[test]
fn an_access_beyond_the_memory_is_a_trap() {
    let (_project, emu) = served();
    let mut expected = vec![json!(1)];
    expected.resize(11, json!("RuntimeError: memory access out of bounds"));
    assert_eq!(emu.get("/beyond").json(), Value::from(expected));
}

#[test]
fn what_goes_wrong_in_a_module_is_an_exception() {
    let (_project, emu) = served();
    let traps = emu.get("/traps").json();
    assert_eq!(
        traps,
        json!([
            "RuntimeError: unreachable",
            "RuntimeError: divide by zero",
            "RuntimeError: divide result unrepresentable",
            "RangeError: Maximum call stack size exceeded",
            "RuntimeError: null function or function signature mismatch",
            "RuntimeError: table index is out of bounds",
            2
        ])
    );
    assert_eq!(emu.get("/thrown").json(), json!("TypeError: 21 is too high"));
    let forbidden =
        |function: &str| format!("CompileError: WebAssembly.{function}(): Wasm code generation disallowed by embedder");
    assert_eq!(
        emu.get("/forbidden").json(),
        json!([forbidden("Module"), forbidden("instantiate"), forbidden("compile")])
    );
    let links = emu.get("/links").json();
    let expected = [
        "TypeError: WebAssembly.Instance(): Imports argument must be present and must be an object",
        "TypeError: WebAssembly.Instance(): Import #0 \"env\": module is not an object or function",
        "LinkError: WebAssembly.Instance(): Import #0 \"env\" \"log\": function import requires a callable",
        "LinkError: WebAssembly.Instance(): Import #2 \"env\" \"shared\": imported mutable global must be a WebAssembly.Global object",
        "LinkError: WebAssembly.Instance(): Import #3 \"env\" \"fixed\": global import must be a BigInt, valid Wasm reference, or WebAssembly.Global object",
    ];
    assert_eq!(links, json!(expected));
}

#[test]
fn a_module_that_takes_too_much_ends_its_isolate_only() {
    let project = project(MODULE, WORKER);
    project.replace("\"main\"", r#""limits": { "cpu_ms": 100 }, "main""#);
    project.write("module.wasm", wat::parse_str(MODULE.replace("1 10)", "1)")).expect("valid text"));
    let emu = project.serve(&[]);
    for (path, logged) in [("/spin", "exceeded CPU time limit"), ("/hog", "exceeded memory limit")] {
        let log = emu.log_len();
        assert_eq!(emu.get(path).status, 500, "{path}");
        emu.logged_after(log, logged);
        assert_eq!(emu.get("/frozen").json()[3], 42);
    }
}

#[test]
fn a_module_that_is_not_valid_is_an_error_at_the_start() {
    for (bytes, said) in [
        (&b"\0asm\x01\0\0\0\x01\x7f"[..], "CompileError: WebAssembly.Module(): "),
        (&b"no wasm"[..], "CompileError: WebAssembly.Module(): "),
    ] {
        let project = project(
            "(module)",
            "import module from './module.wasm'; export default { fetch() { return new Response(String(module)); } };",
        );
        project.write("module.wasm", bytes);
        let ended = project.run(&["serve", "--port", "0"]);
        assert_eq!(ended.code, Some(1), "{}", ended.text);
        assert!(ended.text.contains(said) && ended.text.contains("module.wasm"), "{}", ended.text);
    }
}
