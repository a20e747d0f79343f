/**
 * What tests throw, whatever it is, is reported; the tests beside them have their results.
 *
 * Invariant: reports are read as `src/test/run.rs` reads them: names, messages and stacks are texts, and well formed.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { resultsOf } from "./program.js";

function causedByItself() {
    const error = new Error("circular");
    error.cause = error;
    return error;
}

const THROWN = {
    "a text": () => "text",
    "nothing": () => undefined,
    "an error without prototype": () => Object.create(null),
    "properties that are no texts": () => Object.assign(new Error("x"), { name: 5, stack: {}, diff: [1], oracle: 1 }),
    "itself as its cause": causedByItself,
    "a half character": () => new Error("\ud800"),
    "a cause that is no error": () => new Error("x", { cause: Symbol("y") }),
};

/** The texts of an error and of its causes. */
function* textsOf({ name, message, stack, diff = "", cause }) {
    yield* [name, message, stack, diff];
    if (cause !== undefined) {
        yield* textsOf(cause);
    }
}

test("whatever is thrown is reported", async () => {
    const { ran, results } = await resultsOf(({ it }) => {
        for (const [name, make] of Object.entries(THROWN)) {
            it(name, () => {
                throw make();
            });
        }
        it("passes", () => {});
    });
    assert.deepEqual(ran.errors, []);
    assert.equal(results.passes.state, "pass");
    for (const name of Object.keys(THROWN)) {
        assert.equal(results[name].state, "fail", name);
        for (const text of textsOf(results[name].errors[0])) {
            assert.equal(typeof text, "string", name);
            assert.ok(text.isWellFormed(), name);
        }
    }
});
