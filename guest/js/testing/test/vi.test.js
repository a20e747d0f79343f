/**
 * `vi` beyond its first page: waits, fake timers, what is undone between tests, mocked objects and modules.
 *
 * Invariant: what is asserted here is what Vitest documents.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { program, resultsOf } from "./program.js";

const never = () => new Promise(() => {});

/** Runs a file, all of whose tests must pass. */
async function pass(file) {
    const { results } = await resultsOf(file);
    for (const [name, { state, errors }] of Object.entries(results)) {
        assert.equal(state, "pass", `${name}: ${JSON.stringify(errors)}`);
    }
    return results;
}

test("waits end in time, also where a call of theirs does not", async () => {
    await pass(({ it, expect, vi }) => {
        it("a call that never settles", async () => {
            await expect(vi.waitFor(never, { timeout: 5, interval: 1 })).rejects.toThrow("Timed out in waitFor!");
            await expect(vi.waitUntil(never, 5)).rejects.toThrow("Timed out in waitUntil!");
        });
        it("no call begins while another one is under way", async () => {
            let calls = 0;
            await vi.waitFor(() => {
                calls += 1;
                return new Promise((resolve) => {
                    setTimeout(resolve, 20);
                });
            }, { interval: 1 });
            expect(calls).toBe(1);
        });
        it("fake time passes during a call", async () => {
            vi.useFakeTimers();
            await vi.waitFor(() => new Promise((resolve) => {
                setTimeout(resolve, 200);
            }), { interval: 10 });
            vi.useRealTimers();
        });
        it("errors of `waitUntil()` are not caught, whatever they are", async () => {
            const reject = () => Promise.reject(undefined);
            await expect(vi.waitUntil(reject, { interval: 1 })).rejects.toBe(undefined);
        });
    });
});

test("fake timers are configured as Vitest's", async () => {
    await pass(({ it, expect, vi }) => {
        it("faking again keeps the time", () => {
            vi.useFakeTimers().setSystemTime(1000).useFakeTimers();
            expect(Date.now()).toBe(1000);
            vi.useRealTimers();
        });
        it("some are left alone", () => {
            const { setTimeout: before } = globalThis;
            vi.useFakeTimers({ toNotFake: ["setTimeout"], now: 7 });
            expect([setTimeout === before, Date.now()]).toEqual([true, 7]);
            vi.useRealTimers();
        });
        it("ten thousand timers are endless", () => {
            vi.useFakeTimers();
            const again = () => setTimeout(again, 1);
            again();
            expect(() => vi.runAllTimers()).toThrow("after running 10000 timers");
            vi.useRealTimers();
        });
        it("they tick as they are told to", () => {
            vi.useFakeTimers().setTimerTickMode("manual");
            expect(() => vi.setTimerTickMode("never")).toThrow("Invalid tick mode: never");
            vi.useRealTimers();
        });
    });
});

test("mocks and stubs are undone where a file asks for it", async () => {
    const object = { method: () => 1 };
    await pass(({ it, expect, vi }) => {
        vi.setConfig({ restoreMocks: true, unstubGlobals: true, testTimeout: 100 });
        it("replaces", () => {
            vi.spyOn(object, "method").mockReturnValue(2);
            vi.stubGlobal("answer", 42);
            expect([object.method(), globalThis.answer]).toEqual([2, 42]);
        });
        it("finds everything as it was", () => expect([object.method(), globalThis.answer]).toEqual([1, undefined]));
        it("leaves it when that is taken back", () => {
            vi.resetConfig();
            vi.spyOn(object, "method").mockReturnValue(3);
        });
        it("finds what was left", () => expect(object.method()).toBe(3));
    });
});

test("objects are mocked with all that they hold", async () => {
    await pass(({ it, expect, vi }) => {
        it("mocks", () => {
            const { one, inner } = vi.mockObject({ one: () => 1, inner: { two: () => 2 } });
            expect([one(), inner.two(), vi.isMockFunction(one)]).toEqual([undefined, undefined, true]);
        });
        it("watches", () => {
            const { one } = vi.mockObject({ one: () => 1 }, { spy: true });
            expect([one(), one.mock.calls.length]).toEqual([1, 1]);
        });
    });
});

test("tests may note something of themselves", async () => {
    await pass(({ it, expect }) => {
        it("notes", async ({ annotate, task }) => {
            await annotate("slow here", "warning");
            expect(task.annotations.length).toBe(1);
        });
    });
});

test("an export that a mock does not have says so when it is used", async () => {
    const { core } = await program(() => {});
    core.mock(0, "./loud", async () => ({}), () => ({ loud: 1 }));
    await core.settle();
    assert.equal(core.mocked(0, "loud"), 1);
    const missing = core.mocked(0, "quiet");
    const says = /No "quiet" export is defined on the ".\/loud" mock/;
    for (const use of [() => missing(), () => new missing(), () => missing.member, () => `${missing}`]) {
        assert.throws(use, says);
    }
});
