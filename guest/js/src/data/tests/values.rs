//! Looking into values.

use super::check;

#[test]
fn a_promise_tells_its_state() {
    check(&[
        (
            "[Promise.resolve(5), Promise.reject(6), new Promise(() => {})].map(host.promiseState)",
            "[[1,5],[2,6],[0,undefined]]",
        ),
        ("[{}, 5, { then() {} }].map(host.promiseState)", "[undefined,undefined,undefined]"),
    ]);
}

#[test]
fn a_promise_gives_what_it_is_fulfilled_with() {
    check(&[
        ("host.fulfilled(Promise.resolve(5))", "5"),
        (
            "[new Promise(() => {}), Object.create(Promise.prototype), {}, 5].map((p) => host.fulfilled(p) === p)",
            "[true,true,true,true]",
        ),
        ("{ const p = Promise.reject(6); p.catch(() => {}); return host.fulfilled(p) === p }", "true"),
    ]);
}

#[test]
fn a_proxy_shows_its_parts_without_being_asked() {
    check(&[
        (
            "{ const t = {}, h = { get() { throw 1 } }; const [a, b] = host.proxyParts(new Proxy(t, h)); return [a === t, b === h] }",
            "[true,true]",
        ),
        (
            "{ const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return host.proxyParts(proxy) }",
            "[null,null]",
        ),
        ("[{}, [], 5].map(host.proxyParts)", "[undefined,undefined,undefined]"),
    ]);
}

#[test]
fn a_class_is_the_engines_whatever_an_object_pretends() {
    check(&[
        (
            r#"[new Date, /x/, new Map, new Set, new WeakMap, new WeakSet, Promise.resolve(), new Proxy({}, {}), new ArrayBuffer, new SharedArrayBuffer, new TypeError, u8(), new DataView(new ArrayBuffer)].map(host.classOf)"#,
            r#"["Date","RegExp","Map","Set","WeakMap","WeakSet","Promise","Proxy","ArrayBuffer","SharedArrayBuffer","Error","Uint8Array","DataView"]"#,
        ),
        (
            r#"[(function* () {})(), new Map().entries(), new Set().values(), Object(true), Object(1), Object(""), Object(Symbol()), Object(1n), (function () { return arguments })(), {}, [], () => {}].map(host.classOf)"#,
            r#"["Generator","Map Iterator","Set Iterator","Boolean","Number","String","Symbol","BigInt","Arguments","Object","Array","Function"]"#,
        ),
        (
            r#"[new (class extends Map {}), { get [Symbol.toStringTag]() { return "Map" } }, Object.create(Map.prototype), 5, null].map(host.classOf)"#,
            r#"["Map","Object","Object",undefined,undefined]"#,
        ),
    ]);
}

#[test]
fn a_detached_buffers_bytes_move() {
    check(&[
        (
            "{ const a = u8(1, 2).buffer; const b = host.detach(a); return [a.byteLength, a.detached, b] }",
            "[0,true,<0102>]",
        ),
        (
            "{ const a = host.utf8Encode('x'.repeat(5000)); return [host.detach(a).byteLength, a.byteLength] }",
            "[5000,0]",
        ),
        ("host.detach({})", "TypeError: ArrayBuffer object expected"),
    ]);
}
