/** `structuredClone()`. Invariant: needs no engine. */

import { host } from "./fake-host.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { Blob, File } from "../web/blob.js";
import { DOMException } from "../web/dom-exception.js";
import { Event } from "../web/event.js";
import { structuredClone } from "../web/structured-clone.js";
import { URL } from "../web/url.js";

// Node's copying knows nothing of the runtime's interfaces, so the script's is tested.
host.cloneValue = () => {
    throw new DOMException("", "DataCloneError");
};

class Point {
    #secret = 1;
    x = 2;

    get y() {
        return this.#secret;
    }
}

const COPIED = [
    ["primitives", [1, "a", null, undefined, 3n, true, NaN]],
    ["an object without prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    ["an instance of a class", new Point(), { x: 2 }],
    ["a sparse array with members", Object.assign([1, , 3], { a: 1 })],
    ["a date", new Date(5)],
    ["a regular expression", /a+/giu],
    ["a map and a set", new Map([[{ a: 1 }, new Set([1, "b"])]])],
    ["boxes", [Object(true), Object(1), Object("a"), Object(1n)]],
    ["typed arrays", [new Uint8Array([1, 2]), new Float64Array([0.5]), new BigInt64Array([1n])]],
    ["a buffer", new Uint8Array([1, 2]).buffer],
    ["a getter's value", { get a() { return 4; } }, { a: 4 }],
    ["a member called __proto__", JSON.parse('{"__proto__":{"a":1}}')],
];

for (const [name, value, expected = value] of COPIED) {
    test(`copies ${name}`, () => {
        const copy = structuredClone(value);
        assert.deepEqual(copy, expected);
        assert.notEqual(copy, value);
    });
}

test("the copy has the shape of the original", () => {
    const shared = new Uint8Array([1, 2, 3]);
    const value = { a: shared, b: shared.subarray(1), map: new Map() };
    value.self = value;
    value.map.set(value, value);
    const copy = structuredClone(value);
    assert.equal(copy.self, copy);
    assert.equal(copy.map.get(copy), copy);
    assert.equal(copy.a.buffer, copy.b.buffer);
    assert.deepEqual([...copy.b], [2, 3]);
});

test("errors keep name, message, stack and cause", () => {
    class Custom extends TypeError {
        name = "Custom";
    }
    const error = new Custom("m", { cause: new Error("inner") });
    const copy = structuredClone(error);
    assert.equal(Object.getPrototypeOf(copy), TypeError.prototype);
    assert.deepEqual([copy.name, copy.message, copy.stack, copy.cause.message], ["Custom", "m", error.stack, "inner"]);
    const dom = structuredClone(new DOMException("m", "AbortError"));
    assert.deepEqual([dom instanceof DOMException, dom.name, dom.code], [true, "AbortError", 20]);
});

test("blobs", async () => {
    const { blob } = structuredClone({ blob: new Blob(["xy"], { type: "t/t" }) });
    assert.deepEqual([await blob.text(), blob.type], ["xy", "t/t"]);
});

const REFUSED = [
    [() => {}, "() => {} could not be cloned."],
    [Symbol("s"), "Symbol(s) could not be cloned."],
    [{ a: [function foo() {}] }, "function foo() {} could not be cloned."],
    [new WeakMap(), "#<WeakMap> could not be cloned."],
    [Promise.resolve(), "#<Promise> could not be cloned."],
    [new Proxy({}, {}), "#<Object> could not be cloned."],
    [(function* generate() {})(), "[object Generator] could not be cloned."],
    [new URL("http://a"), 'Could not serialize object of type "URL". This type does not support serialization.'],
    [[new Event("x")], 'Could not serialize object of type "Event". This type does not support serialization.'],
    [new File([], "n"), 'Could not serialize object of type "File". This type does not support serialization.'],
];

for (const [value, message] of REFUSED) {
    test(`refuses: ${message}`, () => {
        assert.throws(() => structuredClone(value), { name: "DataCloneError", code: 25, message });
    });
}

test("errors of getters pass through", () => {
    const value = { get a() { throw new RangeError("mine"); } };
    assert.throws(() => structuredClone(value), { name: "RangeError", message: "mine" });
});

test("buffers are transferred when the copy succeeded", () => {
    const buffer = new ArrayBuffer(8);
    assert.throws(() => structuredClone([buffer, () => {}], { transfer: [buffer] }), { name: "DataCloneError" });
    assert.equal(buffer.byteLength, 8);
    const copy = structuredClone({ view: new Uint8Array(buffer, 4), buffer }, { transfer: [buffer, buffer] });
    assert.deepEqual([buffer.byteLength, copy.buffer.byteLength, copy.view.byteOffset], [0, 8, 4]);
    assert.equal(copy.view.buffer, copy.buffer);
    const unused = new ArrayBuffer(1);
    assert.equal(structuredClone(5, { transfer: [unused] }), 5);
    assert.equal(unused.byteLength, 0);
});

const ARGUMENTS = [
    [
        () => structuredClone(),
        "Failed to execute 'structuredClone' on 'ServiceWorkerGlobalScope': parameter 1 is not of type 'Value'.",
    ],
    [
        () => structuredClone(5, 5),
        "Failed to execute 'structuredClone' on 'ServiceWorkerGlobalScope': parameter 2 is not of type " +
        "'StructuredCloneOptions'.",
    ],
    [
        () => structuredClone(5, { transfer: 5 }),
        "Incorrect type for the 'transfer' field on 'StructuredCloneOptions': the provided value is not of type " +
        "'Array'.",
    ],
    [() => structuredClone(5, { transfer: [5] }), "Object is not transferable"],
];

for (const [attempt, message] of ARGUMENTS) {
    test(`wrong arguments: ${message}`, () => {
        assert.throws(attempt, { name: "TypeError", message });
    });
}
