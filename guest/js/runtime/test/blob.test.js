/** `Blob` and `File`. Invariant: needs no engine. */

import "./fake-host.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { Blob, blobFrom, File, isBlobLike, provideStreams } from "../web/blob.js";

const TEXTS = [
    ["values", () => new Blob([1, null, {}]), "1null[object Object]"],
    ["bytes", () => new Blob([new Uint8Array([97]), new Uint8Array([98]).buffer, new Blob(["c"])]), "abc"],
    ["a view's own part", () => new Blob([new DataView(new Uint8Array([97, 98, 99]).buffer, 1, 1)]), "b"],
    ["lone surrogates", () => new Blob(["\ud800"]), "\ufffd"],
    ["nothing", () => new Blob(), ""],
    ["a slice from the end", () => new Blob(["abcdef"]).slice(-3, -1), "de"],
    ["a slice of fractions", () => new Blob(["abcdef"]).slice(NaN, 2.9), "ab"],
    ["a slice of a slice", () => new Blob(["abcdef"]).slice(1).slice(1, 100), "cdef"],
    ["an empty slice", () => new Blob(["abcdef"]).slice(4, 2), ""],
];

for (const [name, make, expected] of TEXTS) {
    test(`blob of ${name}`, async () => {
        assert.equal(await make().text(), expected);
    });
}

test("reading gives copies", async () => {
    const source = new Uint8Array([1, 2]);
    const blob = new Blob([source]);
    source[0] = 9;
    (await blob.bytes())[0] = 9;
    new Uint8Array(await blob.arrayBuffer())[0] = 9;
    assert.deepEqual([...(await blob.bytes())], [1, 2]);
    assert.equal((await blob.slice(1).arrayBuffer()).byteLength, 1);
});

test("types", () => {
    const types = ["Text/Plain", "te\u00e9xt", "te  xt", undefined].map((type) => new Blob([], { type }).type);
    assert.deepEqual(types, ["text/plain", "", "te  xt", ""]);
    const blob = new Blob(["ab"], { type: "x/y" });
    assert.deepEqual([blob.slice().type, blob.slice(0, 1, "Text/HTML").type], ["", "text/html"]);
});

test("files", () => {
    const file = new File(["a"], "n\ud800", { type: "a/b", lastModified: new Date(4) });
    assert.deepEqual([file.name, file.lastModified, file.type, file.size], ["n\ufffd", 4, "a/b", 1]);
    assert.equal(new File([], "n", { lastModified: "abc" }).lastModified, 0);
    assert.equal(Object.prototype.toString.call(file), "[object File]");
    assert.ok(isBlobLike(file) && !isBlobLike({}) && file instanceof Blob);
    assert.equal(file.slice() instanceof File, false);
});

test("a stream has the blob's bytes", () => {
    provideStreams((bytes) => [...bytes]);
    assert.deepEqual(new Blob(["ab"]).slice(1).stream(), [98]);
    assert.equal(blobFrom(new Uint8Array(3), "x/y").size, 3);
});

const REFUSALS = [
    [() => new Blob("abc"), "TypeError", "Failed to construct 'Blob': constructor parameter 1 is not of type 'Array'."],
    [() => new Blob([], 5), "TypeError",
        "Failed to construct 'Blob': constructor parameter 2 is not of type 'Options'."],
    [() => new Blob([], { endings: "native" }), "Error", "The 'endings' field on 'Options' is not implemented."],
    [() => new File(["a"]), "TypeError",
        "Failed to construct 'File': constructor parameter 2 is not of type 'string'."],
];

for (const [attempt, name, message] of REFUSALS) {
    test(`refuses ${attempt}`, () => {
        assert.throws(attempt, { name, message });
    });
}
