/** `Buffer` gives what Node's gives, including the errors. */

import assert from "node:assert/strict";
import { Buffer as NodeBuffer, transcode as nodeTranscode } from "node:buffer";
import { test } from "node:test";
import { inspect as nodeInspect } from "node:util";
import "./engine-host.js";

const { Buffer: OurBuffer, transcode } = await import("../node/buffer.js");
const { inspect } = await import("../console/inspect.js");

/** What an operation does: its result with buffers as plain data, or its error's class, code and text. */
function outcome(operation, Buffer, extra) {
    let result;
    try {
        result = operation(Buffer, extra);
    } catch (error) {
        return { error: error.name, code: error.code, message: error.message };
    }
    return plain(result);
}

function plain(value) {
    if (value instanceof Uint8Array) {
        return { buffer: typeof value.readInt8 === "function", bytes: Array.from(value) };
    }
    if (Array.isArray(value)) {
        return value.map(plain);
    }
    return value;
}

const TEXTS = [
    "",
    "a",
    "hello wörld",
    "漢字😀",
    "\ud800lone",
    "aGVsbG8=",
    "aGVsbG8",
    "-_-_",
    "a b\nc==d",
    "zz",
    "0aff1",
    "0AFFzz",
    "\u00ff\u0100",
];
const ENCODINGS = ["utf8", "UTF-8", "hex", "base64", "base64url", "latin1", "binary", "ascii", "ucs2", "utf16le"];

test("text in every encoding", () => {
    for (const encoding of ENCODINGS) {
        for (const text of TEXTS) {
            const operations = [
                (B) => B.from(text, encoding),
                (B) => B.from(text, "utf8").toString(encoding),
                (B) => B.byteLength(text, encoding),
                (B) => B.alloc(7).write(text, 1, encoding),
                (B) => B.alloc(7, 1).fill(text, 2, 6, encoding),
                (B) => {
                    const b = B.alloc(9);
                    b.write(text, 2, 5, encoding);
                    return b;
                },
                (B) => B.from(text).toString(encoding, 1, 4),
                (B) => B.from("hello wörld hello").indexOf(text, 0, encoding),
                (B) => B.from("hello wörld hello").lastIndexOf(text, undefined, encoding),
            ];
            operations.forEach((operation, at) => {
                assert.deepEqual(
                    outcome(operation, OurBuffer),
                    outcome(operation, NodeBuffer),
                    `${encoding} ${JSON.stringify(text)} ${at}`,
                );
            });
        }
    }
});

const INTEGERS = [];
for (const [name, size] of [
    ["Int8", 1],
    ["UInt8", 1],
    ["Int16", 2],
    ["UInt16", 2],
    ["Int32", 4],
    ["UInt32", 4],
    ["BigInt64", 8],
    ["BigUInt64", 8],
    ["Float", 4],
    ["Double", 8],
]) {
    for (const suffix of size === 1 ? [""] : ["LE", "BE"]) {
        INTEGERS.push([name + suffix, name.startsWith("Big")]);
    }
}

test("numbers", () => {
    const values = [
        0,
        1,
        -1,
        127,
        128,
        255,
        256,
        32768,
        65535,
        65536,
        2147483647,
        2147483648,
        4294967295,
        4294967296,
        -2147483649,
        1.5,
        NaN,
        "3",
        undefined,
    ];
    const bigs = [0n, 1n, -1n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n, -(2n ** 63n), -(2n ** 63n) - 1n];
    const offsets = [undefined, 0, 3, 8, 9, -1, 1.5, "1", NaN];
    for (const [name, big] of INTEGERS) {
        for (const offset of offsets) {
            const operations = [
                (B) => B.from([1, 200, 3, 255, 128, 6, 7, 8, 9, 250, 11])[`read${name}`](offset),
                (B) => B.from([1, 2])[`read${name}`](offset),
                ...(big ? bigs : values).map((value) => (B) => {
                    const b = B.alloc(10);
                    return [b[`write${name}`](value, offset), b];
                }),
            ];
            operations.forEach((operation, at) => {
                assert.deepEqual(
                    outcome(operation, OurBuffer),
                    outcome(operation, NodeBuffer),
                    `${name} ${String(offset)} ${at}`,
                );
            });
        }
    }
    for (const name of ["IntLE", "IntBE", "UIntLE", "UIntBE"]) {
        for (const size of [0, 1, 2, 3, 4, 5, 6, 7, undefined]) {
            for (const value of [0, 1, -1, 127, 2 ** 23, 2 ** 40, 2 ** 47, -(2 ** 47)]) {
                const operations = [
                    (B) => {
                        const b = B.alloc(8);
                        return [b[`write${name}`](value, 1, size), b];
                    },
                    (B) => B.from([255, 200, 3, 255, 128, 6, 7, 8])[`read${name}`](1, size),
                ];
                operations.forEach((operation, at) => {
                    assert.deepEqual(
                        outcome(operation, OurBuffer),
                        outcome(operation, NodeBuffer),
                        `${name} ${size} ${value} ${at}`,
                    );
                });
            }
        }
    }
});

const OPERATIONS = {
    fromArray: (B) => B.from([1, 256, -1, 3.7, "4", "x"]),
    fromBuffer: (B) => B.from(B.from("abc")),
    fromUint16: (B) => B.from(new Uint16Array([1, 258])),
    fromArrayBuffer: (B) => B.from(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2),
    fromArrayBufferTooFar: (B) => B.from(new ArrayBuffer(2), 3),
    fromArrayBufferTooLong: (B) => B.from(new ArrayBuffer(2), 0, 3),
    fromJson: (B) => B.from(JSON.parse(JSON.stringify(B.from("hé")))),
    fromStringObject: (B) => B.from(new String("boxed")),
    fromPrimitive: (B) => B.from({ [Symbol.toPrimitive]: () => "prim" }),
    fromArrayLike: (B) => B.from({ length: 2, 0: 5, 1: 6 }),
    fromNumber: (B) => B.from(5),
    fromNull: (B) => B.from(null),
    fromObject: (B) => B.from({}),
    fromUnknownEncoding: (B) => B.from("a", "nope"),
    of: (B) => B.of(1, 2, 300),
    alloc: (B) => [
        B.alloc(3),
        B.alloc(3, 1),
        B.alloc(5, "ab"),
        B.alloc(4, "YQ==", "base64"),
        B.alloc(3, B.from([7, 8])),
    ],
    allocText: (B) => B.alloc("5"),
    concat: (B) => [
        B.concat([B.from("a"), new Uint8Array([1])]),
        B.concat([B.from("abc")], 2),
        B.concat([B.from("a")], 3),
        B.concat([]),
    ],
    concatWrong: (B) => B.concat("x"),
    concatWrongItem: (B) => B.concat([1]),
    compare: (B) => [
        B.compare(B.from("a"), B.from("b")),
        B.from("ab").compare(B.from("a")),
        B.from("abc").compare(B.from("xbcx"), 1, 3, 1, 3),
    ],
    equals: (B) => [B.from("a").equals(new Uint8Array([97])), B.from("a").equals(B.from("b"))],
    equalsWrong: (B) => B.from("a").equals("a"),
    copy: (B) => {
        const t = B.alloc(5);
        return [B.from("abcdef").copy(t, 1, 2, 5), t];
    },
    copyOverlong: (B) => {
        const t = B.alloc(2);
        return [B.from("abcdef").copy(t, 1), t];
    },
    slices: (B) => [B.from("abcdef").slice(1, -1), B.from("abcdef").subarray(-2), B.from("abc").slice(2, 1)],
    sliceShares: (B) => {
        const b = B.from("abc");
        b.slice(1)[0] = 0;
        return b;
    },
    fill: (B) => [B.alloc(5).fill("ab"), B.alloc(5).fill(257), B.alloc(4).fill("é", 1), B.alloc(3, 1).fill("")],
    fillOutside: (B) => B.alloc(3).fill(1, 5),
    fillEmpty: (B) => B.alloc(3).fill(B.alloc(0)),
    search: (B) => {
        const b = B.from("this is a buffer");
        return [
            b.indexOf("is"),
            b.indexOf("is", 3),
            b.indexOf(B.from("buffer")),
            b.indexOf(97),
            b.indexOf(99 + 256),
            b.indexOf("x"),
            b.indexOf("is", -8),
            b.lastIndexOf("is"),
            b.lastIndexOf("is", 3),
            b.lastIndexOf(97),
            b.includes("buf"),
            b.indexOf(""),
            b.lastIndexOf(""),
            b.indexOf("is", 100),
            b.indexOf("is", NaN),
        ];
    },
    searchWrong: (B) => B.from("a").indexOf({}),
    swaps: (B) => [
        B.from([1, 2, 3, 4]).swap16(),
        B.from([1, 2, 3, 4]).swap32(),
        B.from([1, 2, 3, 4, 5, 6, 7, 8]).swap64(),
    ],
    swapWrong: (B) => B.from([1, 2, 3]).swap16(),
    isEncoding: (B) => ["utf8", "UTF-8", "hex", "nope", "", 5].map((name) => B.isEncoding(name)),
    isBuffer: (B) => [
        B.isBuffer(B.alloc(1)),
        B.isBuffer(new Uint8Array(1)),
        B.alloc(1) instanceof Uint8Array,
        B.alloc(1).constructor === B,
    ],
    methodsOfTypedArrays: (B) => [
        B.from([3, 1, 2]).map((x) => x * 2),
        B.from([3, 1, 2]).filter((x) => x > 1),
        B.from([3, 1, 2]).sort(),
        B.from([1]).entries().next(),
    ],
    json: (B) => JSON.stringify({ b: B.from("ab") }),
    toStringRanges: (B) => [
        B.from("abc").toString("utf8", 1),
        B.from("abc").toString("utf8", -1, 2),
        B.from("abc").toString("utf8", 5),
        B.from("abc").toString(undefined, 1, NaN),
    ],
    toStringUnknown: (B) => B.from("a").toString("nope"),
    invalidUtf8: (B) => B.from([0xe2, 0x82, 0x41, 0xff, 0xf0, 0x9f]).toString(),
    byteOrderMark: (B) => B.from([0xef, 0xbb, 0xbf, 0x41]).toString(),
    writeWrong: (B) => B.alloc(2).write(5),
    writeOutside: (B) => B.alloc(2).write("a", 3),
    legacy: (B) => [B("ab"), B(2)],
    byteLengthWrong: (B) => B.byteLength(5),
    methodAliases: (B) => [
        B.from("ab").hexSlice(),
        B.from("ab").utf8Slice(1),
        B.from("ab").readUint8(1),
        B.from("é").latin1Slice(),
    ],
    concatOfLong: (B) => B.concat(Array.from({ length: 50 }, (_, i) => B.from([i]))),
};

for (const [name, operation] of Object.entries(OPERATIONS)) {
    test(`buffer: ${name}`, () => {
        assert.deepEqual(outcome(operation, OurBuffer), outcome(operation, NodeBuffer));
    });
}

test("inspection", () => {
    for (const make of [
        (B) => B.from("hello"),
        (B) => B.alloc(60),
        (B) => B.alloc(0),
        (B) => [B.from("a")],
        (B) => Object.assign(B.from("a"), { x: 1 }),
    ]) {
        assert.equal(inspect(make(OurBuffer)), nodeInspect(make(NodeBuffer)));
    }
});

test("transcode", () => {
    for (const [text, from, to] of [
        ["€", "utf8", "ascii"],
        ["é€", "utf8", "latin1"],
        ["a", "utf8", "utf16le"],
    ]) {
        assert.deepEqual(
            [...transcode(OurBuffer.from(text), from, to)],
            [...nodeTranscode(NodeBuffer.from(text), from, to)],
        );
    }
});
