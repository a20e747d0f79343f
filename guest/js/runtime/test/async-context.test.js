/** Functions with the bundler's calls in them see the stores that node's own engine shows in the same functions without. */

import assert from "node:assert/strict";
import { AsyncLocalStorage as NodeStorage } from "node:async_hooks";
import { test } from "node:test";
import "./engine-host.js";

const { setFlags } = await import("../flags.js");
const { builtin } = await import("../modules.js");
setFlags("2026-01-01", ["nodejs_als"]);
const { AsyncLocalStorage } = builtin("node:async_hooks");
const { activation, adopt } = builtin("emu:async-context");

const soon = (value) => new Promise((resolve) => setImmediate(resolve, value));
const query = (log) => ({
    then(resolve) {
        log("then");
        resolve("rows");
    },
});

/** Pairs of functions: as written, and as the bundler leaves them. Each gets a function that notes where it is. */
const FUNCTIONS = {
    "an await": [
        async (log) => {
            await soon();
            log("behind");
            await log("between");
            log("behind");
        },
        async (log) => {
            const run = activation();
            try {
                run.enter(await run.leave(soon()));
                log("behind");
                run.enter(await run.leave(log("between")));
                log("behind");
            } finally {
                run.end();
            }
        },
    ],
    "a rejection, caught": [
        async (log) => {
            try {
                await Promise.reject(new Error("no"));
            } catch {
                log("catch");
            } finally {
                log("finally");
            }
        },
        async (log) => {
            const run = activation();
            try {
                try {
                    run.enter(await run.leave(Promise.reject(new Error("no"))));
                } catch {
                    run.caught();
                    log("catch");
                } finally {
                    run.caught();
                    log("finally");
                }
            } finally {
                run.end();
            }
        },
    ],
    "an object with `then`, awaited and returned": [
        async (log) => {
            log(await query(log));
            return query(log);
        },
        async (log) => {
            const run = activation();
            try {
                log(run.enter(await run.leave(query(log))));
                return adopt(query(log));
            } finally {
                run.end();
            }
        },
    ],
    "a generator, and a loop over it that ends early": [
        async (log) => {
            async function* values() {
                try {
                    log("start");
                    yield soon(1);
                    log("resumed");
                    yield* [soon(2), 3];
                } finally {
                    log("finally");
                }
            }
            for await (const value of values()) {
                log(value);
                if (value === 2) {
                    break;
                }
            }
            log("behind");
        },
        async (log) => {
            async function* values() {
                const run = activation();
                try {
                    try {
                        log("start");
                        run.resume(yield run.leave(soon(1)));
                        log("resumed");
                        run.enter(yield* run.iterate([soon(2), 3]));
                    } finally {
                        run.caught();
                        log("finally");
                    }
                } finally {
                    run.end();
                }
            }
            const run = activation();
            try {
                try {
                    for await (const value of run.iterate(values())) {
                        run.enter();
                        log(value);
                        if (value === 2) {
                            break;
                        }
                    }
                } finally {
                    run.caught();
                }
                log("behind");
            } finally {
                run.end();
            }
        },
    ],
};

/** Runs a function three times at once, each with another store; what it notes, and what is left afterwards. */
async function trace(Storage, fn) {
    const storage = new Storage();
    const notes = [[], [], []];
    const runs = notes.map((own, index) => {
        const log = (what) => {
            own.push([what, storage.getStore()]);
        };
        return storage.run(index, fn, log);
    });
    await Promise.all(runs);
    return [notes, storage.getStore()];
}

for (const [name, [written, bundled]] of Object.entries(FUNCTIONS)) {
    test(`the store is kept over ${name}`, async () => {
        assert.deepEqual(await trace(AsyncLocalStorage, bundled), await trace(NodeStorage, written));
    });
}

test("promises and what is no object are adopted as they are", () => {
    const values = [undefined, null, 1, "text", Promise.resolve(1), { then: 1 }];
    for (const value of values) {
        assert.equal(adopt(value), value);
    }
});

test("what cannot be iterated stays what it is", async () => {
    for (const value of [undefined, null, 5, {}]) {
        await assert.rejects(async () => {
            for await (const _ of activation().iterate(value)) {
                assert.fail();
            }
        }, TypeError);
    }
});
