/** `TextEncoder`, `TextDecoder`, `atob()`, `btoa()`. Invariant: needs no engine. */

import "./fake-host.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { atob, btoa } from "../web/base64.js";
import { TextDecoder, TextEncoder } from "../web/encoding.js";

const bytes = (...values) => new Uint8Array(values);

const ENCODED = [
    [undefined, []], ["", []], [null, [110, 117, 108, 108]], ["é", [195, 169]], ["\ud800", [239, 191, 189]],
];

for (const [input, expected] of ENCODED) {
    test(`encode ${JSON.stringify(input)}`, () => {
        assert.deepEqual([...new TextEncoder().encode(input)], expected);
    });
}

test("encodeInto writes whole characters", () => {
    const destination = bytes(0, 0, 0);
    assert.deepEqual(new TextEncoder().encodeInto("héllo", destination), { read: 2, written: 3 });
    assert.deepEqual([...destination], [104, 195, 169]);
});

const DECODED = [
    ["bytes", ["utf-8"], bytes(226, 130, 172), "€"],
    ["wrong bytes", ["utf-8"], bytes(255, 65), "\ufffdA"],
    ["a byte order mark", ["utf8"], bytes(239, 187, 191, 65), "A"],
    ["a byte order mark that stays", ["utf8", { ignoreBOM: true }], bytes(239, 187, 191, 65), "\ufeffA"],
    ["nothing", [], undefined, ""],
    ["a buffer", [], bytes(65, 66).buffer, "AB"],
    ["a view", [], new DataView(bytes(65, 66, 67).buffer, 1, 1), "B"],
    ["another encoding", ["utf-16be"], bytes(0, 65), "A"],
    ["Japanese", ["shift_jis"], bytes(0x82, 0xa0), "あ"],
];

for (const [name, args, input, expected] of DECODED) {
    test(`decode ${name}`, () => {
        assert.equal(new TextDecoder(...args).decode(input), expected);
    });
}

test("a stream of pieces", () => {
    const decoder = new TextDecoder();
    assert.equal(decoder.decode(bytes(0xe2, 0x82), { stream: true }), "");
    assert.equal(decoder.decode(bytes(0xac, 0xe2), { stream: true }), "€");
    assert.equal(decoder.decode(), "\ufffd");
    assert.equal(decoder.decode(bytes(65)), "A");
});

test("a fatal decoder can be used again after it threw", () => {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    decoder.decode(bytes(0xe2, 0x82), { stream: true });
    assert.throws(() => decoder.decode(), { name: "TypeError", message: "Failed to decode input." });
    assert.equal(decoder.decode(bytes(65)), "A");
    assert.throws(() => decoder.decode(bytes(255)), { message: "Failed to decode input." });
});

const REFUSALS = [
    [() => new TextDecoder("foo"), "RangeError", "\"foo\" is not a valid encoding."],
    [() => new TextDecoder("replacement"), "RangeError", "\"replacement\" is not a valid encoding."],
    [
        () => new TextDecoder("utf-8", 5), "TypeError",
        "Failed to construct 'TextDecoder': constructor parameter 2 is not of type 'ConstructorOptions'.",
    ],
    [
        () => new TextDecoder().decode("x"), "TypeError",
        "Failed to execute 'decode' on 'TextDecoder': parameter 1 is not of type 'Array'.",
    ],
    [
        () => new TextDecoder().decode(bytes(), 5), "TypeError",
        "Failed to execute 'decode' on 'TextDecoder': parameter 2 is not of type 'DecodeOptions'.",
    ],
    [
        () => new TextEncoder().encodeInto("x", new Uint16Array(1)), "TypeError",
        "Failed to execute 'encodeInto' on 'TextEncoder': parameter 2 is not of type 'Uint8Array'.",
    ],
    [
        () => btoa("\u0100"), "InvalidCharacterError",
        "btoa() can only operate on characters in the Latin1 (ISO/IEC 8859-1) range.",
    ],
    [() => atob("a"), "InvalidCharacterError", /^atob\(\) called with invalid base64-encoded data\. /u],
    [
        () => btoa(), "TypeError",
        "Failed to execute 'btoa' on 'ServiceWorkerGlobalScope': parameter 1 is not of type 'String'.",
    ],
];

for (const [attempt, name, message] of REFUSALS) {
    test(`refuses ${attempt}`, () => {
        assert.throws(attempt, { name, message });
    });
}

test("encodings are named as the standard names them", () => {
    const names = ["latin1", " UTF-8\n", "utf-16", "gbk"].map((label) => new TextDecoder(label).encoding);
    assert.deepEqual(names, ["windows-1252", "utf-8", "utf-16le", "gbk"]);
});

test("base64", () => {
    assert.deepEqual([btoa("é"), btoa(null)], ["6Q==", "bnVsbA=="]);
    assert.deepEqual([atob(" YQ = = "), atob("YQ"), atob("")], ["a", "a", ""]);
});
