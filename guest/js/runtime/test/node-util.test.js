/** `node:util`, `node:assert`, `node:path`, `node:querystring`, `node:url` give what Node's give. */

import nodeAssert from "node:assert";
import { test } from "node:test";
import nodePath from "node:path";
import nodeUtil from "node:util";
import "./engine-host.js";

const util = await import("../node/util.js");
const { default: assert } = await import("../node/assert.js");
const { default: path } = await import("../node/path.js");

function outcome(run) {
    try {
        return { value: run() };
    } catch (error) {
        return { name: error.name, code: error.code, message: error.message };
    }
}

const date = new Date(5);
const cyclicA = { n: 1 };
cyclicA.self = cyclicA;
const cyclicB = { n: 1 };
cyclicB.self = cyclicB;
const PAIRS = [
    [1, 1],
    [1, "1"],
    [0, -0],
    [NaN, NaN],
    [null, undefined],
    ["a", "a"],
    [1n, 1n],
    [{}, {}],
    [{ a: 1 }, { a: 1 }],
    [{ a: 1 }, { a: "1" }],
    [{ a: 1 }, { b: 1 }],
    [{ a: undefined }, {}],
    [
        [1, [2]],
        [1, [2]],
    ],
    [[1], { 0: 1 }],
    [[], {}],
    [new Date(5), date],
    [new Date(5), new Date(6)],
    [/a/g, /a/g],
    [/a/g, /a/],
    [new Set([1, { a: 1 }]), new Set([1, { a: 1 }])],
    [new Set([1]), new Set([2])],
    [new Set([[1], [2]]), new Set([[2], [1]])],
    [new Map([[{ a: 1 }, 1]]), new Map([[{ a: 1 }, 1]])],
    [new Map([["a", 1]]), new Map([["a", 2]])],
    [new Error("a"), new Error("a")],
    [new Error("a"), new TypeError("a")],
    [new Error("a", { cause: 1 }), new Error("a", { cause: 2 })],
    [new Uint8Array([1]), new Uint8Array([1])],
    [new Uint8Array([1]), new Int8Array([1])],
    [new Uint8Array([1]), [1]],
    [new ArrayBuffer(2), new ArrayBuffer(2)],
    [cyclicA, cyclicB],
    [Object.create(null), {}],
    [new (class A {})(), {}],
    [Object(1), Object(1)],
    [Object("a"), Object("b")],
    [{ [Symbol.for("x")]: 1 }, { [Symbol.for("x")]: 2 }],
    [
        [, 1],
        [undefined, 1],
    ],
    [() => 1, () => 1],
    [Math.max, Math.max],
    [new Float64Array([0]), new Float64Array([-0])],
    [Object.assign([1], { a: 1 }), [1]],
    [Symbol.iterator, Symbol.iterator],
    [null, {}],
];

test("deep equality", () => {
    for (const [a, b] of PAIRS) {
        nodeAssert.equal(util.isDeepStrictEqual(a, b), nodeUtil.isDeepStrictEqual(a, b), nodeUtil.inspect([a, b]));
        for (const method of ["deepEqual", "equal", "strictEqual", "notStrictEqual", "notEqual"]) {
            const ours = outcome(() => assert[method](a, b));
            const theirs = outcome(() => nodeAssert[method](a, b));
            nodeAssert.equal(ours.code, theirs.code, `${method} ${nodeUtil.inspect([a, b])}`);
        }
    }
});

const ASSERTIONS = {
    strictEqualShort: (a) => a.strictEqual(1, 2),
    equal: (a) => a.equal(1, 2),
    notEqual: (a) => a.notEqual(1, 1),
    notStrictEqual: (a) => a.notStrictEqual(1, 1),
    deepStrictEqual: (a) => a.deepStrictEqual({ a: 1, b: [1, 2] }, { a: 1, b: [1, 3] }),
    okMessage: (a) => a.ok(false, "told"),
    plain: (a) => a(0, "told"),
    ownError: (a) => a.ok(false, new RangeError("mine")),
    fail: (a) => a.fail(),
    failMessage: (a) => a.fail("told"),
    throwsNothing: (a) => a.throws(() => {}),
    throwsNothingOf: (a) => a.throws(() => {}, TypeError, "told"),
    throwsOther: (a) =>
        a.throws(() => {
            throw new Error("x");
        }, TypeError),
    throwsPattern: (a) =>
        a.throws(() => {
            throw new Error("xyz");
        }, /abc/),
    throwsPatternHolds: (a) =>
        a.throws(() => {
            throw new Error("xyz");
        }, /xyz/),
    throwsObject: (a) =>
        a.throws(
            () => {
                throw new TypeError("xyz");
            },
            { name: "TypeError", message: "xyz" },
        ),
    throwsObjectOther: (a) =>
        a.throws(
            () => {
                throw new TypeError("xyz");
            },
            { message: "abc" },
        ),
    throwsNoFunction: (a) => a.throws("x"),
    doesNotThrow: (a) =>
        a.doesNotThrow(() => {
            throw new Error("boom");
        }, "told"),
    match: (a) => a.match("abc", /x/),
    doesNotMatch: (a) => a.doesNotMatch("abc", /b/),
    ifError: (a) => a.ifError(new Error("bad")),
    missing: (a) => a.equal(1),
};

for (const [name, run] of Object.entries(ASSERTIONS)) {
    test(`assert: ${name}`, () => {
        // Versions differ in the last line's end.
        const trimmed = (result) => ({ ...result, message: result.message?.trimEnd() });
        nodeAssert.deepEqual(trimmed(outcome(() => run(assert))), trimmed(outcome(() => run(nodeAssert))));
    });
}

test("assert.rejects", async () => {
    await assert.rejects(Promise.reject(new TypeError("a")), TypeError);
    await assert.rejects(async () => {
        throw new Error("b");
    }, /b/);
    await nodeAssert.rejects(assert.rejects(Promise.resolve(1)), {
        code: "ERR_ASSERTION",
        message: "Missing expected rejection.",
    });
    await nodeAssert.rejects(assert.rejects(5), { code: "ERR_INVALID_ARG_TYPE" });
    await assert.doesNotReject(Promise.resolve(1));
});

test("promisify and callbackify", async () => {
    const fn = (a, callback) => (a < 0 ? callback(new Error("negative")) : callback(null, a * 2));
    nodeAssert.equal(await util.promisify(fn)(4), 8);
    await nodeAssert.rejects(util.promisify(fn)(-1), /negative/);
    const custom = Object.assign(() => {}, { [util.promisify.custom]: () => "custom" });
    nodeAssert.equal(util.promisify(custom)(), "custom");
    const back = util.callbackify(async (a) => a + 1);
    nodeAssert.deepEqual(await new Promise((resolve) => back(1, (...args) => resolve(args))), [null, 2]);
    const falsy = util.callbackify(() => Promise.reject(null));
    const [error] = await new Promise((resolve) => falsy((...args) => resolve(args)));
    nodeAssert.equal(error.code, "ERR_FALSY_VALUE_REJECTION");
    nodeAssert.throws(() => util.promisify(5), {
        code: "ERR_INVALID_ARG_TYPE",
        message: outcome(() => nodeUtil.promisify(5)).message,
    });
});

const PARSED = [
    { args: ["-f", "--bar", "b"], options: { foo: { type: "boolean", short: "f" }, bar: { type: "string" } } },
    { args: ["--bar=x", "pos"], options: { bar: { type: "string" } }, allowPositionals: true },
    {
        args: ["-abx"],
        options: { a: { type: "boolean", short: "a" }, b: { type: "string", short: "b" } },
        tokens: true,
    },
    { args: ["--m", "1", "--m", "2"], options: { m: { type: "string", multiple: true } } },
    { args: ["--no-color"], options: { color: { type: "boolean" } }, allowNegative: true },
    { args: ["--unknown"], options: {} },
    { args: ["pos"], options: {} },
    { args: ["--bar"], options: { bar: { type: "string" } } },
    { args: ["--foo=1"], options: { foo: { type: "boolean" } } },
    { args: ["--", "-x"], options: {}, allowPositionals: true, tokens: true },
    { args: ["a", "--x", "y"], strict: false },
    { args: [], options: { d: { type: "string", default: "dd" } } },
];

test("parseArgs", () => {
    for (const config of PARSED) {
        nodeAssert.deepEqual(
            outcome(() => util.parseArgs(config)),
            outcome(() => nodeUtil.parseArgs(config)),
            JSON.stringify(config),
        );
    }
});

test("types", () => {
    const values = [
        1,
        "a",
        null,
        undefined,
        {},
        [],
        new Date(),
        /a/,
        new Map(),
        new Set(),
        new WeakMap(),
        new WeakSet(),
        Promise.resolve(),
        new ArrayBuffer(1),
        new DataView(new ArrayBuffer(1)),
        new Uint8Array(),
        new BigInt64Array(),
        new Error(),
        Object(1),
        Object(1n),
        Object(Symbol()),
        () => 1,
        async () => 1,
        function* () {},
        async function* () {},
        (function* () {})(),
        new Map().keys(),
        new Set().keys(),
        new Proxy({}, {}),
        (function () {
            return arguments;
        })(),
    ];
    for (const name of Object.keys(util.types)) {
        if (nodeUtil.types[name] !== undefined) {
            nodeAssert.deepEqual(
                values.map((value) => Boolean(util.types[name](value))),
                values.map((value) => nodeUtil.types[name](value)),
                name,
            );
        }
    }
});

test("small functions", () => {
    nodeAssert.equal(util.styleText("red", "x"), "\u001b[31mx\u001b[39m");
    nodeAssert.equal(util.styleText(["bold", "blue"], "x"), "\u001b[1m\u001b[34mx\u001b[39m\u001b[22m");
    nodeAssert.equal(util.stripVTControlCharacters("\u001b[31mx\u001b[39m"), "x");
    nodeAssert.equal(util.toUSVString("a\ud800"), "a\ufffd");
    nodeAssert.deepEqual(util.parseEnv("A=1\n# no\nB=\"x\\ny\" # c\nexport C='q'\nD = e # f"), {
        A: "1",
        B: "x\ny",
        C: "q",
        D: "e",
    });
    nodeAssert.equal(
        String(new util.MIMEType('text/HTML; charset=utf-8; q="a b"')),
        String(new nodeUtil.MIMEType('text/HTML; charset=utf-8; q="a b"')),
    );
    function Old() {}
    function Base() {}
    util.inherits(Old, Base);
    nodeAssert.ok(new Old() instanceof Base && Old.super_ === Base);
});

const PATHS = [
    "",
    ".",
    "/",
    "//",
    "///a",
    "a",
    "a/",
    "/a",
    "/a/b.txt",
    "./a",
    "../a",
    "a/..",
    "/..",
    "/a/../..",
    "a//b/./c",
    ".bashrc",
    "a.b.c",
    "a.",
    "..",
    "/a/b/",
    "a/b/../../../c",
    "/a/./b//",
    "C:\\",
    "C:\\a\\b.txt",
    "C:a",
    "\\\\host\\share\\x\\y",
    "a\\b/c",
    "\\a\\..\\b",
    "c:/x/../..",
    "file.ext.",
    "/.x/.y",
];

test("path", () => {
    for (const [ours, theirs] of [
        [path, nodePath.posix],
        [path.win32, nodePath.win32],
    ]) {
        for (const a of PATHS) {
            const methods = ["normalize", "dirname", "basename", "extname", "parse", "isAbsolute"];
            // Node splits the name `..` of a path with a root into a name and an extension.
            for (const method of /^(\/|[cC]:\\|\\).*\.\.$/.test(a)
                ? methods.filter((name) => name !== "parse")
                : methods) {
                nodeAssert.deepEqual(
                    outcome(() => ours[method](a)),
                    outcome(() => theirs[method](a)),
                    `${method} ${JSON.stringify(a)} ${ours.sep}`,
                );
            }
            for (const suffix of /[^/\\:C]/.test(a) ? ["b", ".txt", "txt", ".b.c", "zz"] : []) {
                nodeAssert.equal(
                    ours.basename(a, suffix),
                    theirs.basename(a, suffix),
                    `basename ${a} ${suffix} ${ours.sep}`,
                );
            }
            for (const b of PATHS) {
                // A drive in the middle of a path is nothing that any of the two has an answer to.
                nodeAssert.equal(
                    ours.join(a, b.replace(":", "")),
                    theirs.join(a, b.replace(":", "")),
                    `join ${JSON.stringify([a, b])} ${ours.sep}`,
                );
                if (ours === path) {
                    nodeAssert.equal(
                        ours.resolve("/r", a, b),
                        theirs.resolve("/r", a, b),
                        `resolve ${JSON.stringify([a, b])}`,
                    );
                    nodeAssert.equal(
                        ours.relative(`/r/${a}`, `/r/${b}`),
                        theirs.relative(`/r/${a}`, `/r/${b}`),
                        `relative ${JSON.stringify([a, b])}`,
                    );
                }
            }
        }
    }
    nodeAssert.equal(path.format({ dir: "/a", name: "b", ext: "c" }), "/a/b.c");
    nodeAssert.equal(path.win32.resolve("C:\\a", "..\\b"), "C:\\b");
    nodeAssert.throws(() => path.join(5), {
        code: "ERR_INVALID_ARG_TYPE",
        message: outcome(() => nodePath.join(5)).message,
    });
});
