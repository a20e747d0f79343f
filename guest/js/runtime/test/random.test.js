/** How much randomness is drawn at once. Invariant: needs no engine. */

import { host } from "./fake-host.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlags } from "../flags.js";
import { installRandom } from "../language/random.js";
import { crypto } from "../web/crypto/crypto.js";

/** The lengths that are asked for while `work` runs with these flags. */
function asked(flags, work) {
    const { random } = host;
    const lengths = [];
    host.random = (length) => {
        lengths.push(length);
        return random(length);
    };
    setFlags("2026-01-01", flags);
    work();
    host.random = random;
    return lengths;
}

installRandom();

function numbers() {
    const drawn = Array.from({ length: 3 }, () => Math.random());
    assert.ok(drawn.every((number) => number >= 0 && number < 1));
    assert.equal(new Set(drawn).size, 3);
}

function uuids() {
    assert.equal(new Set(Array.from({ length: 3 }, () => crypto.randomUUID())).size, 3);
}

test("in tests nothing drawn for one object is left over for another", () => {
    assert.deepEqual(asked(["emu_test"], numbers), [8, 8, 8]);
    assert.deepEqual(asked(["emu_test"], uuids), [16, 16, 16]);
});

test("otherwise one question to the host answers many", () => {
    assert.deepEqual(asked([], () => (numbers(), numbers())), [8 * 64]);
    assert.deepEqual(asked([], () => (uuids(), uuids())), [16 * 32]);
});
