/**
 * `Headers`. Texts of errors are workerd's.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import "./fake-host.js";

const { Headers, wrapHeaders } = await import("../fetch/headers.js");

const ERRORS = [
    ["a name with a space", () => new Headers().set("a b", "c"), "Invalid header name."],
    ["reading a bad name", () => new Headers().get("a b"), "Invalid header name."],
    ["a line break in a value", () => new Headers().set("a", "c\nd"), "Invalid header value."],
    ["a zero in a value", () => new Headers().append("a", "c\0d"), "Invalid header value."],
    [
        "no name",
        () => new Headers().get(),
        "Failed to execute 'get' on 'Headers': parameter 1 is not of type 'string'.",
    ],
    [
        "no value",
        () => new Headers().append("a"),
        "Failed to execute 'append' on 'Headers': parameter 2 is not of type 'string'.",
    ],
    [
        "a string",
        () => new Headers("abc"),
        "Failed to construct 'Headers': constructor parameter 1 is not of type 'Headers or Sequence or object'.",
    ],
    [
        "null",
        () => new Headers(null),
        "Failed to construct 'Headers': constructor parameter 1 is not of type 'Headers or Sequence or object'.",
    ],
    [
        "a single",
        () => new Headers([["a"]]),
        "To initialize a Headers object from a sequence, each inner sequence must have exactly two elements.",
    ],
    [
        "a triple",
        () => new Headers([["a", "b", "c"]]),
        "To initialize a Headers object from a sequence, each inner sequence must have exactly two elements.",
    ],
    ["strings in a list", () => new Headers(["ab"]), "Incorrect type: the provided value is not of type 'Sequence'."],
    ["getAll", () => new Headers().getAll("x"), 'getAll() can only be used with the header name "Set-Cookie".'],
    ["immutable", () => wrapHeaders([], true).set("a", "b"), "Can't modify immutable headers."],
    ["immutable, bad name", () => wrapHeaders([], true).delete("a b"), "Can't modify immutable headers."],
    [
        "no function",
        () => new Headers().forEach(1),
        "Failed to execute 'forEach' on 'Headers': parameter 1 is not of type 'function'.",
    ],
    ["no headers", () => Headers.prototype.get.call({}, "x"), /^Illegal invocation/u],
];

test("letters beyond ASCII stay what they are in names", () => {
    const headers = new Headers({ "É": "1", "✓A": "2", "\ud800": "3" });
    assert.deepEqual([...headers.keys()], ["É", "✓a", "\ufffd"]);
    assert.deepEqual([headers.get("É"), headers.get("é"), headers.has("✓a")], ["1", null, true]);
});

for (const [name, run, message] of ERRORS) {
    test(`headers refuse ${name}`, () => {
        assert.throws(run, { name: "TypeError", message });
    });
}

const INITS = [
    [
        "a record",
        { b: "1", A: undefined, c: null, d: [1, 2] },
        [
            ["a", "undefined"],
            ["b", "1"],
            ["c", "null"],
            ["d", "1,2"],
        ],
    ],
    [
        "a map",
        new Map([
            ["b", "1"],
            ["a", "2"],
            ["A", "3"],
        ]),
        [
            ["a", "2, 3"],
            ["b", "1"],
        ],
    ],
    ["headers", new Headers({ x: "y" }), [["x", "y"]]],
    ["nothing", undefined, []],
];

for (const [name, init, expected] of INITS) {
    test(`headers are made of ${name}`, () => {
        assert.deepEqual([...new Headers(init)], expected);
    });
}

test("iteration is sorted, joins values and keeps cookies apart", () => {
    const headers = new Headers([
        ["Z", "1"],
        ["Set-Cookie", "2"],
        ["a", "3"],
        ["set-cookie", "4"],
        ["A", "5"],
    ]);
    assert.deepEqual(
        [...headers],
        [
            ["a", "3, 5"],
            ["set-cookie", "2"],
            ["set-cookie", "4"],
            ["z", "1"],
        ],
    );
    assert.deepEqual([...headers.keys()], ["a", "set-cookie", "set-cookie", "z"]);
    assert.deepEqual([...headers.values()], ["3, 5", "2", "4", "1"]);
    assert.equal(headers.get("SET-COOKIE"), "2, 4");
    assert.deepEqual(headers.getSetCookie(), ["2", "4"]);
});

test("a header is set in place of all of its name, and deleted whole", () => {
    const headers = new Headers([
        ["a", "1"],
        ["b", "2"],
        ["A", "3"],
    ]);
    headers.set("A", " 4\t");
    assert.deepEqual(
        [...headers],
        [
            ["a", "4"],
            ["b", "2"],
        ],
    );
    headers.append("a", "5");
    headers.delete("a");
    assert.equal(headers.has("a"), false);
    assert.equal(headers.get("a"), null);
});

test("an iteration does not see what is changed during it", () => {
    const headers = new Headers({ a: "1", b: "2" });
    const seen = [];
    for (const [name] of headers) {
        seen.push(name);
        headers.delete("b");
        headers.set("c", "1");
    }
    assert.deepEqual(seen, ["a", "b"]);
});
