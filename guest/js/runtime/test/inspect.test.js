/** Inspection gives the text that Node gives. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect as expected } from "node:util";
import { host } from "./fake-host.js";
import { promises, proxies } from "./engine-host.js";

const { inspect } = await import("../console/inspect.js");

class Point {
    constructor() {
        this.x = 1;
        this.y = 2;
    }
    get hidden() {
        return 3;
    }
}
class Derived extends Map {}
class Failure extends Error {}
class Renamed extends Error {
    name = "Other";
}
class Tagged {
    get [Symbol.toStringTag]() {
        return "Marked";
    }
}
function make(build) {
    return build();
}
const withStack = (error, stack) => Object.assign(error, { stack });

const VALUES = {
    primitives: [1, -0, 1.5, NaN, 10n, "a", true, null, undefined, Symbol("s"), Symbol()],
    quotes: ["it's", 'say "x"', `it's "x"`, "it's `\"", "line\nbreak", "\u0000\u001f\u007f", "\ud800x", "é😀"],
    nested: { a: { b: { c: { d: 1 } } }, list: [[[[1]]]] },
    keys: { plain: 1, "with-dash": 2, 3: 4, [Symbol("k")]: 5, ["__proto__"]: 6 },
    array: [1, , 3, , ,], // eslint-disable-line no-sparse-arrays
    arrayWithKeys: Object.assign([1, 2], { extra: true }),
    numbers: Array.from({ length: 120 }, (_, i) => i * 37),
    words: Array.from({ length: 30 }, (_, i) => "w".repeat(i % 7) + i),
    long: Array.from({ length: 12 }, (_, i) => ({ index: i, name: `name ${i}` })),
    wide: { first: "a".repeat(40), second: "b".repeat(40), third: ["c".repeat(30)] },
    map: new Map([
        ["a", 1],
        [{ k: 1 }, new Map([[1, 2]])],
    ]),
    set: new Set([1, "two", { three: 3 }]),
    empty: [[], {}, new Map(), new Set(), new Uint8Array(), Object.create(null), new Point(), function () {}, ""],
    derived: new Derived([["a", 1]]),
    point: new Point(),
    tagged: new Tagged(),
    nullPrototype: Object.assign(Object.create(null), { a: 1 }),
    anonymous: new (class {})(),
    accessors: {
        get a() {
            return 1;
        },
        set b(v) {},
        get c() {
            return 1;
        },
        set c(v) {},
    },
    functions: [
        function named() {},
        () => {},
        class A {},
        class extends Point {},
        async () => {},
        function* g() {},
        async function* ag() {},
        Math.max,
    ],
    functionWithKeys: Object.assign(() => {}, { a: 1 }),
    staticClass: class B {
        static x = 1;
    },
    dates: [new Date(0), new Date(NaN), Object.assign(new Date(0), { a: 1 })],
    regexps: [/a/g, Object.assign(/b/, { x: 1 })],
    boxed: [
        new Number(-0),
        new String("abc"),
        new Boolean(false),
        Object(1n),
        Object(Symbol("q")),
        Object.assign(new String("ab"), { x: 1 }),
    ],
    bytes: [
        new Uint8Array([1, 2, 3]),
        new ArrayBuffer(4),
        new DataView(new ArrayBuffer(2)),
        new BigInt64Array(2),
        new Float32Array([1.5]),
    ],
    manyBytes: new Uint8Array(200),
    weak: [new WeakMap(), new WeakSet()],
    args: make(function () {
        return arguments;
    }),
    generator: (function* () {})(),
    strings: ["a\nb".repeat(20), "x".repeat(200)],
    errors: [
        withStack(new Error("plain"), "Error: plain\n    at f (file.js:1:2)"),
        withStack(new TypeError("typed"), "TypeError: typed\n    at f (file.js:1:2)\n    at g (file.js:3:4)"),
        withStack(new Failure("derived"), "Error: derived\n    at f (file.js:1:2)"),
        withStack(new Renamed("renamed"), "Error: renamed\n    at f (file.js:1:2)"),
        withStack(new Error("none"), "Error: none"),
        Object.assign(withStack(new Error("props"), "Error: props\n    at f (file.js:1:2)"), {
            code: "E1",
            info: { a: 1 },
        }),
        withStack(
            new Error("", { cause: withStack(new Error("inner"), "Error: inner\n    at z (q.js:1:1)") }),
            "Error\n    at f (file.js:1:2)",
        ),
        withStack(new AggregateError([1], "many"), "AggregateError: many\n    at f (file.js:1:2)"),
    ],
    errorInside: { deep: { error: withStack(new Error("in\nlines"), "Error: in\nlines\n    at f (file.js:1:2)") } },
    global: Math,
    json: JSON,
    typedArrayMembers: { a: new Uint8Array([1]), b: [new Date(5)] },
    mixedWidth: ["漢字", "a", "é", "😀", "b", "c", "d", "e"],
};
const circular = { name: "c", list: [] };
circular.self = circular;
circular.list.push(circular, { back: circular.list });
VALUES.circular = circular;
VALUES.custom = {
    [Symbol.for("nodejs.util.inspect.custom")]: (depth, options) => `<custom ${depth} ${options.compact}>`,
};
VALUES.customObject = { a: { [Symbol.for("nodejs.util.inspect.custom")]: () => ({ shown: 1 }) } };

const OPTIONS = [
    undefined,
    { depth: 0 },
    { depth: null },
    { compact: false },
    { compact: true },
    { colors: true },
    { showHidden: true },
    { sorted: true },
    { getters: true },
    { maxArrayLength: 2 },
    { maxStringLength: 5 },
    { breakLength: 40 },
    { numericSeparator: true },
    { breakLength: Infinity },
];
const DIFFERENT = new Set([
    "global showHidden", // the engines' functions have properties of their own
    "json showHidden",
    "functions showHidden",
    "functionWithKeys showHidden",
    "generator showHidden",
    "empty showHidden", // getters of the class are not listed
    "point showHidden",
    "tagged showHidden",
    "weak showHidden", // nor are members of weak collections
    "keys sorted", // where symbols stand depends on their brackets
    "boxed numericSeparator",
    "primitives numericSeparator", // Node forgets the sign of -0
]);

for (const [name, value] of Object.entries(VALUES)) {
    test(`inspect ${name}`, () => {
        for (const options of OPTIONS) {
            if (!DIFFERENT.has(`${name} ${Object.keys(options ?? {})[0]}`)) {
                // Older versions of Node put keys that are symbols in brackets.
                const text = expected(value, options).replace(
                    /\[(\u001b\[32m)?(Symbol\(k\))(\u001b\[39m)?\](?=:)/,
                    "$1$2$3",
                );
                assert.equal(inspect(value, options), text, JSON.stringify(options));
            }
        }
    });
}

test("inspect promises", () => {
    const [pending, kept, broken] = [1, 2, 3].map(() => new Promise(() => {}));
    for (const promise of [pending, kept, broken]) {
        Object.getOwnPropertySymbols(promise).forEach((symbol) => delete promise[symbol]); // of node's test runner
    }
    promises.set(kept, [1, { a: 1 }]);
    promises.set(broken, [2, 7]);
    assert.equal(
        inspect([pending, kept, broken], { breakLength: 128 }),
        "[ Promise { <pending> }, Promise { { a: 1 } }, Promise { <rejected> 7 } ]",
    );
});

test("a stack without a heading gets one", () => {
    const error = withStack(new TypeError("m"), "    at f (x.js:1:2)\n");
    assert.equal(inspect(error), "TypeError: m\n    at f (x.js:1:2)");
});

test("inspect proxies", () => {
    const wrap = (target) => {
        const proxy = new Proxy(target, {});
        proxies.set(proxy, [target, {}]);
        return proxy;
    };
    const revoked = new Proxy({}, {});
    proxies.set(revoked, [null, null]);
    const circular = {};
    circular.p = wrap(circular);
    const cases = [
        [wrap({ a: 1 }), "Proxy({ a: 1 })"],
        [{ p: wrap(wrap([1])) }, "{ p: Proxy(Proxy([ 1 ])) }"],
        [wrap(function x() {}), "Proxy([Function: x])"],
        [wrap({ [inspect.custom]: () => "custom" }), "custom"],
        [{ a: { b: { c: wrap({ d: 1 }) } } }, "{ a: { b: { c: Proxy([Object]) } } }"],
        [circular, "<ref *1> { p: [Circular *1] }"],
        [revoked, "<Revoked Proxy>"],
    ];
    for (const [value, text] of cases) {
        assert.equal(inspect(value), text);
    }
    assert.equal(inspect(wrap({ a: 1 }), { showProxy: true }), "Proxy [ { a: 1 }, {} ]");
});

test("inspect iterators, where the engine tells what they hold", () => {
    host.iteratorEntries = (iterator) =>
        iterator[Symbol.toStringTag] === "Map Iterator" ? [["k", 1], true] : [[1, 2], false];
    const values = [new Map([["k", 1]]).entries(), new Set([1, 2]).values()];
    assert.equal(inspect(values), "[ [Map Entries] { [ 'k', 1 ] }, [Set Iterator] { 1, 2 } ]");
    delete host.iteratorEntries;
    assert.equal(inspect(values), "[ Object [Map Iterator] {}, Object [Set Iterator] {} ]");
});

test("inspect streams without what the library keeps on them", async () => {
    const { streamGlobals } = await import("../streams/globals.js");
    const { ReadableStream, TransformStream } = streamGlobals();
    let controller;
    const readable = new ReadableStream({ start: (given) => void (controller = given) });
    const cases = [
        [readable, "ReadableStream { locked: false }"],
        [controller, "ReadableStreamDefaultController { desiredSize: 1 }"],
        [
            new TransformStream(),
            "TransformStream {\n  readable: ReadableStream { locked: false },\n" +
                "  writable: WritableStream { locked: false }\n}",
        ],
    ];
    for (const [value, text] of cases) {
        assert.equal(inspect(value), text);
    }
});
