/** Errors, JSON, dates and code from strings speak as V8. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { host } from "./fake-host.js";

const { jsonProblem } = await import("../language/json-error.js");
const { setFlags } = await import("../flags.js");

const BROKEN = [
    "",
    " ",
    "{",
    "[",
    "{a",
    "[1,]",
    '{"a":x}',
    "nul",
    '{"a" 1}',
    '"abc',
    "[1 2]",
    "01",
    '{"a":1}}',
    "undefined",
    "NaN",
    "[object Object]",
    "{'a':1}",
    '"\n"',
    "<html>",
    "tru",
    "trux",
    "1e",
    "1.",
    "-",
    "-x",
    '{"a":"\\x"}',
    '"\\u12g4"',
    '"\\',
    '{"a":1,}',
    '{"a":1 "b":2}',
    "[1",
    '{"a"',
    '{"a":',
    "1 2",
    '1 "a"',
    '["a" "b"]',
    "not json at all, very long string indeed",
    "[1,2,3,4,5,6,7,8,9,x,1,2,3,4,5,6,7,8,9]",
    "[1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9,x]",
    "{,}",
    "[,]",
    "]",
    "}",
    ":",
    "1 x",
    '{"a":1}\n  x',
    '"a" "b"',
    '"\\u12',
    '"\\u',
    '{"a":1',
    '{"a":"b',
    "[1,",
    '{"a":1,',
    "[".repeat(100_000),
];

test("messages of JSON.parse", () => {
    for (const text of BROKEN) {
        let expected;
        try {
            JSON.parse(text);
        } catch (error) {
            expected = error.message;
        }
        const withoutPlace = jsonProblem(text).replace(/ \(line \d+ column \d+\)$/, ""); // which older V8s do not tell
        assert.equal(withoutPlace, expected, text.slice(0, 60));
    }
    assert.equal(
        jsonProblem('{"a":1,\n "b" 2}'),
        "Expected ':' after property name in JSON at position 13 (line 2 column 6)",
    );
    assert.equal(jsonProblem('{"a":[1,{"b":null}], "c": -1.5e+3, "d": "\\u00e9\\n"} '), undefined);
});

test("code from strings", async () => {
    const { installCodeGenerationBan } = await import("../language/code-generation.js");
    const { Function: OriginalFunction, eval: originalEval } = globalThis;
    const global = { Function: OriginalFunction };
    const samples = [function () {}, async function () {}, function* () {}, async function* () {}];
    const prototypes = samples.map((sample) => Object.getPrototypeOf(sample));
    const before = prototypes.map((prototype) => Object.getOwnPropertyDescriptor(prototype, "constructor"));
    installCodeGenerationBan(global);
    const inHandler = { name: "EvalError", message: "Code generation from strings disallowed for this context" };
    try {
        assert.throws(() => (0, global.eval)("1"), inHandler);
        for (const prototype of prototypes) {
            assert.throws(() => new prototype.constructor("return 1"), inHandler);
            assert.throws(() => prototype.constructor("return 1"), inHandler);
        }
        assert.equal(global.eval(5), 5);
        host.inGlobalScope = () => true;
        assert.equal(global.eval("1 + 1"), 2);
        assert.equal(new global.Function("a", "return a * 2")(21), 42);
        assert.equal(await new prototypes[1].constructor("return await 5")(), 5);
        assert.ok((() => {}) instanceof global.Function);
        setFlags("2020-01-01", []);
        assert.throws(() => global.eval("1"), inHandler);
    } finally {
        host.inGlobalScope = () => false;
        prototypes.forEach((prototype, at) => Object.defineProperty(prototype, "constructor", before[at]));
    }
    assert.equal(globalThis.eval, originalEval);
});
