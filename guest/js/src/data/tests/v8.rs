//! V8's format: byte for byte what workerd has written, and values that survive.

use super::super::v8::{read, write};
use super::{check, eval, value, with_host};

/// Values whose bytes are what workerd keeps for them.
const KEPT: &[(&str, &str)] = &[
    ("null", "ff0f30"),
    ("undefined", "ff0f5f"),
    ("[true, false]", "ff0f41025446240002"),
    (
        "(() => { class Foo { constructor() { this.a = 1 } get b() { return 2 } } return new Foo })()",
        "ff0f6f22016149027b01",
    ),
    ("Object.create({ x: 1 })", "ff0f6f7b00"),
    ("[1, 'a', , 3]", "ff0f610449004902490222016149064906400304"),
    ("Object.assign([1, 2], { k: 1 })", "ff0f41024902490422016b4902240102"),
    ("new Array(5)", "ff0f6105400005"),
    ("new Array(3).fill(1)", "ff0f4103490249024902240003"),
    (
        "[0n, 1n, -1n, 2n ** 64n, -(2n ** 70n)]",
        "ff0f41055a005a1001000000000000005a1101000000000000005a20000000000000000001000000000000005a2100000000000000004000000000000000240005",
    ),
    (
        "[Object(1n), Object(1), Object('\\u00e9'), Object('\\u20ac'), Object(true), Object(false)]",
        "ff0f41067a1001000000000000006e000000000000f03f732201e9736302ac207978240006",
    ),
    (
        "(() => { const o = {}; o.o = o; o.m = new Map([[o, o]]); return o })()",
        "ff0f6f22016f5e0022016d3b5e005e003a027b02",
    ),
    ("[new Date(5), new Date(NaN)]", "ff0f410244000000000000144044000000000000f87f240002"),
    ("stackless(new TypeError('m', { cause: { a: 1 } }), 'st')", "ff0f72546d22016d7322027374636f22016149027b012e"),
    ("stackless(new (class MyE extends Error { name = 'MyE'; code = 3 })('z'), 'st')", "ff0f726d22017a73220273742e"),
    (
        "(() => { const e = stackless(new Error('z'), 'st'); e.name = 'RangeError'; return e })()",
        "ff0f72526d22017a73220273742e",
    ),
    (
        "(() => { const e = stackless(new Error('z'), 'st'); e.cause = e; return e })()",
        "ff0f726d22017a7322027374635e002e",
    ),
    ("stackless(new AggregateError([1, 2], 'z'), 'st')", "ff0f726d22017a73220273742e"),
    ("stackless(new Error(), 5)", "ff0f722e"),
    ("new Float16Array([1])", "ff0f4202003c5668000200"),
    ("({ get a() { return 1 }, b: 2 })", "ff0f6f220161490222016249047b02"),
    (
        "['a', 1073741824, -0, 1.5, NaN, -1]",
        "ff0f41062201614e000000000000d0414e00000000000000804e000000000000f83f4e000000000000f87f4901240006",
    ),
    (
        "({ '1073741824': 1, '4294967294': 2, '4294967295': 3, '-1': 4, '1.5': 5, b: 6, '01': 7, '2147483648': 8 })",
        "ff0f6f4e000000000000d04149024e000000000000e04149104e0000c0ffffffef414904220a34323934393637323935490622022d3149082203312e35490a220162490c22023031490e7b08",
    ),
    ("new Map([[1, { a: 1 }], ['k', new Set([1, '2'])]])", "ff0f3b49026f22016149027b0122016b2749022201322c023a04"),
    ("Object.assign(Object.create(null), { x: 1 })", "ff0f6f22017849027b01"),
    ("JSON.parse('{\"__proto__\": 1}')", "ff0f6f22095f5f70726f746f5f5f49027b01"),
    ("new ArrayBuffer(4, { maxByteLength: 8 })", "ff0f7e040800000000"),
    ("new DataView(new ArrayBuffer(4, { maxByteLength: 8 }), 1)", "ff0f7e040800000000563f010003"),
    ("new Uint8Array(new ArrayBuffer(4, { maxByteLength: 8 }))", "ff0f7e0408000000005642000003"),
    ("new Uint8Array(new ArrayBuffer(4, { maxByteLength: 8 }), 0, 2)", "ff0f7e0408000000005642000202"),
    ("[/a\\/b/dgimsuy, /x/v, new RegExp('')]", "ff0f4103522204615c2f62bf01522201788002522204283f3a2900240003"),
    (
        "(() => { const u = new Uint8Array(2); return [u, u.buffer, u, new Int8Array(u.buffer, 1)] })()",
        "ff0f41044202000056420002005e015e025e015662010100240004",
    ),
    ("['', '\\u00e9', '\\u20ac', 'a\\u20ac', '\\ud800']", "ff0f410522002201e9006302ac2063046100ac20630200d8240005"),
    ("new Uint16Array(new ArrayBuffer(8), 2, 2)", "ff0f420800000000000000005657020400"),
];

const STACKLESS: &str = "const stackless = (error, value) => Object.defineProperty(error, 'stack', { value });";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect()
}

#[test]
fn what_is_written_is_what_workerd_writes() {
    with_host(|ctx| {
        ctx.eval::<(), _>(STACKLESS).expect("a helper");
        for (script, expected) in KEPT {
            let written = write(ctx, &value(ctx, script)).unwrap_or_else(|_| panic!("{script}: {:?}", ctx.catch()));
            assert_eq!(hex(&written), *expected, "{script}");
        }
    });
}

#[test]
fn what_workerd_writes_is_read_as_what_it_was() {
    with_host(|ctx| {
        for (script, bytes) in KEPT {
            let again = read(ctx, &unhex(bytes)).unwrap_or_else(|_| panic!("{script}: {:?}", ctx.catch()));
            assert_eq!(hex(&write(ctx, &again).expect("it is written again")), *bytes, "{script}");
        }
    });
}

#[test]
fn copies_are_of_the_same_kind() {
    check(&[
        (
            "{ const c = host.cloneValue({ d: new Date(5), r: /x/gi, m: new Map([[1, 2]]), s: new Set(['a']) }); return [c.d.getTime(), c.r, c.r.lastIndex, c.m.get(1), c.s.has('a'), c.d instanceof Date] }",
            "[5,/x/gi,0,2,true,true]",
        ),
        ("{ const c = host.cloneValue([1, , 3]); return [c.length, 1 in c, c] }", "[3,false,[1,undefined,3]]"),
        ("{ const a = [5]; a.k = a; const c = host.cloneValue(a); return [c.k === c, c !== a, c] }", "[true,true,[5]]"),
        (
            "{ const c = host.cloneValue(new TypeError('m', { cause: 7 })); return [c instanceof TypeError, c.message, c.cause, Object.keys(c), c.name, typeof c.stack] }",
            "[true,\"m\",7,[],\"TypeError\",\"string\"]",
        ),
        ("{ const c = host.cloneValue(new Error()); return [Object.hasOwn(c, 'message'), c.message] }", "[false,\"\"]"),
        ("{ const e = new Error('x'); e.cause = { e }; const c = host.cloneValue(e); return c.cause.e === c }", "true"),
        (
            "{ const b = new ArrayBuffer(2, { maxByteLength: 4 }); const c = host.cloneValue(new Uint8Array(b)); c.buffer.resize(4); return [c.length, c.buffer.maxByteLength] }",
            "[4,4]",
        ),
        (
            "{ const c = host.cloneValue(new BigUint64Array([2n ** 63n])); return [c[0], c.constructor.name] }",
            "[9223372036854775808n,\"BigUint64Array\"]",
        ),
        (
            "{ const c = host.cloneValue(JSON.parse('{\"__proto__\": {\"x\": 1}}')); return [Object.keys(c), c.x, Object.getPrototypeOf(c) === Object.prototype] }",
            "[[\"__proto__\"],undefined,true]",
        ),
        (
            "{ const c = host.cloneValue({ '\\ud800': '\\udfff', '\\u00e9': 1 }); return [c['\\ud800'] === '\\udfff', c.\u{e9}] }",
            "[true,1]",
        ),
        (
            "[1n, -1n, 2n ** 63n, -(2n ** 63n), 2n ** 64n - 1n, -(2n ** 64n), 2n ** 200n - 1n].map(host.cloneValue)",
            "[1n,-1n,9223372036854775808n,-9223372036854775808n,18446744073709551615n,-18446744073709551616n,1606938044258990275541962092341162602522202993782792835301375n]",
        ),
        (
            "[-0, 2 ** 31, -(2 ** 30) - 1, 2 ** 30 - 1, 1e300, -Infinity].map(host.cloneValue)",
            "[-0,2147483648,-1073741825,1073741823,1e+300,-Infinity]",
        ),
        ("{ const c = host.cloneValue([1, 2, 3].concat({ length: 9 })); return c[3].length }", "9"),
        (
            "{ const shared = {}; const c = host.cloneValue(Array.from({ length: 100 }, (_, i) => (i % 2 ? shared : { i }))); return [c[1] === c[99], c[98].i, c[1] === c[0]] }",
            "[true,98,false]",
        ),
        (
            "{ const big = Array.from({ length: 70000 }, (_, i) => i); const c = host.cloneValue(big); return [c.length, c[69999]] }",
            "[70000,69999]",
        ),
        // Getters run, and may do what they like.
        (
            "{ const o = { get a() { delete o.b; return 1 }, b: 2, c: 3 }; return JSON.stringify(host.cloneValue(o)) }",
            "\"{\\\"a\\\":1,\\\"c\\\":3}\"",
        ),
        ("{ const a = [{ get x() { a.length = 1; return 1 } }, 2, 3]; return host.cloneValue(a).length }", "3"),
        ("host.cloneValue({ get a() { throw new RangeError('mine') } })", "RangeError: mine"),
    ]);
}

#[test]
fn what_cannot_be_cloned_is_refused_in_v8s_words() {
    check(&[
        ("host.serialize(Promise.resolve())", "DataCloneError: #<Promise> could not be cloned."),
        ("host.serialize({ a: [1, { b: () => 1 }] })", "DataCloneError: () => 1 could not be cloned."),
        ("host.serialize(class Foo { x = 1 })", "DataCloneError: class Foo { x = 1 } could not be cloned."),
        ("host.serialize(Symbol('q'))", "DataCloneError: Symbol(q) could not be cloned."),
        ("host.cloneValue(Symbol())", "DataCloneError: Symbol() could not be cloned."),
        ("host.serialize(Object(Symbol('q')))", "DataCloneError: [object Symbol] could not be cloned."),
        ("host.serialize(new WeakMap())", "DataCloneError: #<WeakMap> could not be cloned."),
        ("host.serialize(new WeakRef({}))", "DataCloneError: #<WeakRef> could not be cloned."),
        (
            "host.serialize(new FinalizationRegistry(() => {}))",
            "DataCloneError: #<FinalizationRegistry> could not be cloned.",
        ),
        ("host.serialize((function* () {})())", "DataCloneError: [object Generator] could not be cloned."),
        ("host.serialize((async function* () {})())", "DataCloneError: [object AsyncGenerator] could not be cloned."),
        ("host.serialize(new Map().entries())", "DataCloneError: [object Map Iterator] could not be cloned."),
        ("host.serialize([].values())", "DataCloneError: [object Array Iterator] could not be cloned."),
        ("host.serialize(new Proxy({}, { ownKeys() { throw 1 } }))", "DataCloneError: #<Object> could not be cloned."),
        ("host.serialize(new Proxy([1], {}))", "DataCloneError: [object Object] could not be cloned."),
        ("host.serialize((function () { return arguments })(1))", "DataCloneError: #<Object> could not be cloned."),
        ("host.serialize(new SharedArrayBuffer(1))", "DataCloneError: #<SharedArrayBuffer> could not be cloned."),
        (
            "{ const b = new ArrayBuffer(4); b.transfer(); return host.serialize(b) }",
            "DataCloneError: An ArrayBuffer is detached and could not be cloned.",
        ),
        (
            "{ const v = u8(1); v.buffer.transfer(); return host.serialize(v) }",
            "DataCloneError: An ArrayBuffer is detached and could not be cloned.",
        ),
        (
            "{ const v = new DataView(new ArrayBuffer(4)); v.buffer.transfer(); return host.serialize(v) }",
            "DataCloneError: An ArrayBuffer is detached and could not be cloned.",
        ),
    ]);
}

#[test]
fn instances_of_the_platforms_classes_are_refused() {
    check(&[
        (
            "{ globalThis.Url = class URL {}; globalThis.Stub = class Stub {}; host.platformClasses([Url.prototype, undefined, Stub.prototype, 'Stubs are for RPC.']) }",
            "undefined",
        ),
        (
            "host.serialize(new Url())",
            "DataCloneError: Could not serialize object of type \"URL\". This type does not support serialization.",
        ),
        (
            "host.serialize(new (class Mine extends Url {}))",
            "DataCloneError: Could not serialize object of type \"Mine\". This type does not support serialization.",
        ),
        ("host.serialize([new Stub()])", "DataCloneError: Stubs are for RPC."),
        ("host.cloneValue(new (class Foo { a = 1 })).a", "1"),
    ]);
}

#[test]
fn what_a_script_does_to_the_library_changes_nothing() {
    check(&[(
        "{ const values = [new Set([1]), /x/, new Date(1), u8(1), 5n, Object(5), new Map([[1, new TypeError('m')]]), new DataView(new ArrayBuffer(1))];
           const [Bytes, M, { ownKeys, deleteProperty }] = [Uint8Array, Map, Reflect];
           const all = [Map, Set, RegExp, Date, ArrayBuffer, DataView, Object, Error, BigInt, Bytes, Object.getPrototypeOf(Bytes), Array];
           for (const c of all) {
               for (const k of ownKeys(c.prototype)) if (k !== 'constructor') deleteProperty(c.prototype, k);
               deleteProperty(globalThis, c.name);
           }
           const copy = host.cloneValue(values);
           return copy[3] instanceof Bytes && copy[6] instanceof M && copy.length === 8 ? 'copied' : 'lost' }",
        "\"copied\"",
    )]);
}

#[test]
fn malformed_bytes_are_refused() {
    const TOO_LONG: &str = "ff0f5affffffffffffffffffff7f00";
    for bytes in [
        "",
        "ff",
        "ff0f",
        "fe0f30",
        "ff1030",
        "ff0c30",
        "ff0f6a",
        "ff0f5e00",
        "ff0f6f",
        "ff0f6f2201",
        "ff0f6f7b01",
        "ff0f41ffffffff0f",
        "ff0f4101240001",
        "ff0f41014902240002",
        "ff0f6105400006",
        "ff0f6fff7b01",
        "ff0f6f5f497b01",
        "ff0f3b49023a01",
        "ff0f27490249022c01",
        "ff0f63036100",
        "ff0f5222015b00",
        "ff0f522201614000",
        "ff0f52220161c007",
        "ff0f42055657",
        "ff0f42020000564200030",
        "ff0f420200005642020100",
        "ff0f42030000005657000300",
        "ff0f4202000056580002",
        "ff0f7e020100ff",
        "ff0f7e02ffffffff7f0000",
        "ff0f7278",
        "ff0f726d",
        "ff0f726d4902",
        "ff0f5c04",
        "ff0f7500",
        "ff0f6fff0f7b00",
        TOO_LONG,
    ] {
        with_host(|ctx| {
            let bytes = unhex(&bytes[..bytes.len() / 2 * 2]);
            assert!(read(ctx, &bytes).is_err(), "{}", hex(&bytes));
            let thrown = ctx.catch().into_exception().and_then(|error| error.message());
            assert_eq!(thrown.as_deref(), Some("Unable to deserialize cloned data."), "{}", hex(&bytes));
        });
    }
}

/// Whatever a byte of a value is changed to, there is a value or an error, and neither takes long.
#[test]
fn no_changed_byte_does_harm() {
    with_host(|ctx| {
        for (_, bytes) in KEPT {
            let original = unhex(bytes);
            for at in 2..original.len() {
                for change in [0, 1, 0x7f, 0x80, 0xff, b'^', b'A', b'a', b'o', b'V', b'~', b'{', b'-', original[at] ^ 1]
                {
                    let mut changed = original.clone();
                    changed[at] = change;
                    if read(ctx, &changed).is_err() {
                        ctx.catch();
                    }
                    if read(ctx, &original[..at]).is_err() {
                        ctx.catch();
                    }
                }
            }
        }
    });
}

#[test]
fn a_sparse_array_of_any_length_takes_no_room() {
    check(&[
        (
            "{ const c = host.deserialize(bytes('ff0f61ffffffff0f4902490440' + '01' + 'ffffffff0f')); return [c.length, c[1]] }",
            "[4294967295,2]",
        ),
        ("{ const a = []; a[4e9] = 1; const c = host.cloneValue(a); return [c.length, c[4e9]] }", "[4000000001,1]"),
    ]);
}

#[test]
fn nesting_takes_no_stack_and_has_an_end() {
    let nest = |depth: usize| {
        format!(
            "{{ let o = 1; for (let i = 0; i < {depth}; i++) o = i % 2 ? {{ o }} : [new Map([[o, i]])]; return o }}"
        )
    };
    with_host(|ctx| {
        let clone = |depth| eval(ctx, &format!("typeof host.cloneValue((() => {})())", nest(depth)));
        assert_eq!(clone(6000), "\"object\"");
        assert_eq!(clone(20_000), "RangeError: Maximum call stack size exceeded");
        let deep = "6f22016f".repeat(20_000);
        let read = eval(ctx, &format!("host.deserialize(bytes('ff0f{deep}'))"));
        assert_eq!(read, "RangeError: Maximum call stack size exceeded");
    });
}
