/**
 * Vitest's interface: a test's name begins with the state in which it must end.
 *
 * Invariant: what is asserted here is what Vitest documents.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { program, rejectUnhandled, resultsOf } from "./program.js";

const pause = (delayMs) => new Promise((resolve) => {
    setTimeout(resolve, delayMs);
});

/** The line of this file that contains a text first. */
function lineOf(text) {
    const lines = readFileSync(new URL(import.meta.url), "utf8").split("\n");
    return lines.findIndex((line) => line.includes(text)) + 1;
}

/** Runs a file, and compares each test's state with the beginning of its name. */
async function check(file, options) {
    const made = await resultsOf(file, options);
    const states = Object.entries(made.results).map(([name, { state, errors }]) => [name, state, errors]);
    for (const [name, state, errors] of states) {
        assert.equal(state, name.split(":")[0], `${name}: ${JSON.stringify(errors)}`);
    }
    assert.deepEqual(made.collectErrors, []);
    return made;
}

test("tests end in the state that their declaration asks for", async () => {
    const { tests, ran } = await check(({ describe, it, test: test_, expect }) => {
        it("pass: a test", () => {});
        it("fail: a test that throws", () => {
            throw new Error("no");
        });
        it("fail: a test that rejects", async () => {
            throw new Error("no");
        });
        test_.skip("skip: skipped", () => expect(1).toBe(2));
        it.todo("todo: to do");
        it.fails("pass: fails as it should", () => expect(1).toBe(2));
        it.fails("fail: does not fail as it should", () => {});
        it.concurrent("pass: concurrent", async () => {});
        it.skipIf(true)("skip: if", () => expect(1).toBe(2));
        it.runIf(false)("skip: unless", () => expect(1).toBe(2));
        it.each([[1, 2], [3, 4]])("pass: each %i %i", (a, b) => expect(b).toBe(a + 1));
        it.each`a | b
            ${1} | ${2}`("pass: each table $a", ({ a, b }) => expect(b - a).toBe(1));
        it.for([{ n: 1 }])("pass: for $n", ({ n }, context) => context.expect(n).toBe(1));
        it("skip: from inside", (context) => context.skip());
        it("fail: too long", () => pause(1000), 10);
        it("fail: too long in options", { timeout: 10 }, () => pause(1000));
        it("pass: a retry", { retry: 2 }, ({ task }) => expect(task.result.retryCount).toBe(2));
        describe("outer", () => {
            describe("inner", () => {
                it("pass: nested", () => {});
            });
        });
        describe.skip("skipped", () => {
            it("skip: by its suite", () => expect(1).toBe(2));
        });
    });
    assert.deepEqual(ran.errors, []);
    assert.equal(tests[0].id, "0");
    assert.equal(tests[0].line, lineOf('"pass: a test"'));
    const nested = tests.find(({ name }) => name === "pass: nested");
    assert.deepEqual([nested.suite, nested.id], [["outer", "inner"], "18.0.0"]);
    assert.deepEqual(tests.filter(({ mode }) => mode === "todo").map(({ name }) => name), ["todo: to do"]);
});

test("what a test does not await is awaited, and what needs no test run is refused or does nothing", async () => {
    const { results } = await check(({ bench, it, expect, expectTypeOf, assertType, vi }) => {
        it("fail: an assertion that is not awaited", () => void expect(pause(1).then(() => 1)).resolves.toBe(2));
        it("fail: another one", () => void expect(Promise.resolve(1)).rejects.toThrow());
        it("pass: one that holds", () => void expect(Promise.resolve(1)).resolves.toBe(1));
        it("fail: bench", () => bench.skip("a", () => {}));
        it("pass: types", () => {
            expectTypeOf({ a: 1 }).toHaveProperty("a").toBeNumber();
            assertType(1);
        });
        it("pass: imports are there", () => vi.dynamicImportSettled());
    });
    assert.equal(results["fail: bench"].errors[0].message, "`bench()` is only available in benchmark mode.");
});

test("only the marked tests of a file run", async () => {
    await check(({ describe, it }) => {
        it("skip: other", () => {});
        it.only("pass: only", () => {});
        describe("suite", () => {
            it("skip: nested", () => {});
        });
    });
});

test("hooks run in Vitest's order", async () => {
    const seen = [];
    await check(({ describe, it, beforeAll, afterAll, beforeEach, afterEach, onTestFinished }) => {
        const note = (name) => () => void seen.push(name);
        beforeAll(note("beforeAll"));
        afterAll(note("afterAll"));
        beforeEach(() => {
            seen.push("beforeEach");
            return note("cleanup");
        });
        afterEach(note("afterEach 1"));
        afterEach(note("afterEach 2"));
        describe("inner", () => {
            beforeEach(note("inner"));
            it("pass: hooks", () => {
                onTestFinished(note("finished"));
                seen.push("test");
            });
        });
    });
    assert.deepEqual(seen, [
        "beforeAll", "beforeEach", "inner", "test", "afterEach 2", "afterEach 1", "cleanup", "finished", "afterAll",
    ]);
});

test("a hook that fails fails the tests that wanted to run", async () => {
    const { ran } = await check(({ describe, it, beforeAll, afterAll }) => {
        describe("before", () => {
            beforeAll(() => {
                throw new Error("no database");
            });
            it("fail: its hook failed", () => {});
            it.skip("skip: was to be skipped", () => {});
        });
        describe("after", () => {
            afterAll(() => {
                throw new Error("no end");
            });
            it("pass: ran before", () => {});
        });
    });
    assert.deepEqual(ran.errors.map(({ suite, message }) => [suite, message]), [
        [["before"], "no database"], [["after"], "no end"],
    ]);
});

test("fixtures are made for those who ask for them", async () => {
    const made = [];
    await check(({ it }) => {
        const extended = it.extend({
            async room({}, use) {
                made.push("room");
                await use({ name: "lobby" });
                made.push("end");
            },
        });
        extended("pass: a fixture", ({ room, expect }) => expect(room.name).toBe("lobby"));
        extended("pass: no fixture", ({ expect }) => expect(made).toEqual(["room", "end"]));
    });
});

test("expect has Vitest's matchers", async () => {
    await check(({ it, expect, vi, assert: chaiAssert }) => {
        it("pass: equality", () => {
            expect({ a: 1, b: [1, { c: undefined }] }).toEqual({ a: 1, b: [1, {}] });
            expect(new Map([[1, new Set([2])]])).toStrictEqual(new Map([[1, new Set([2])]]));
            expect({ a: 1, b: 2 }).toMatchObject({ a: expect.any(Number) });
            expect([1, 2]).toEqual(expect.arrayContaining([2]));
            expect("abc").toEqual(expect.stringMatching(/b/));
            expect(0.1 + 0.2).toBeCloseTo(0.3);
            expect([]).to.be.an("array").that.is.empty;
            expect(() => { throw new TypeError("bad"); }).toThrow(TypeError);
            expect(new Uint8Array([1])).toEqual(new Uint8Array([1]));
            chaiAssert.equal(1, 1);
        });
        it("pass: promises", async () => {
            await expect(Promise.resolve(1)).resolves.toBe(1);
            await expect(Promise.reject(new Error("no"))).rejects.toThrow("no");
        });
        it("fail: rejects", async () => {
            await expect(Promise.resolve(1)).rejects.toThrow();
        });
        it("pass: polls", async () => {
            let count = 0;
            await expect.poll(() => (count += 1), { interval: 1 }).toBe(3);
        });
        it("fail: polls", async () => {
            await expect.poll(() => 1, { interval: 1, timeout: 5 }).toBe(3);
        });
        it("fail: a poll nobody awaits", () => {
            expect.poll(() => 1).toBe(1);
        });
        it("fail: soft", () => {
            expect.soft(1).toBe(2);
            expect.soft(1).toBe(3);
        });
        it("fail: assertions", () => expect.assertions(1));
        it("fail: assertions of the context", (context) => context.expect.assertions(1));
        it("pass: assertions", () => {
            expect.assertions(1);
            expect(1).toBe(1);
        });
        it("fail: has assertions", () => expect.hasAssertions());
        it("pass: custom", () => {
            expect.extend({
                toBeEven: (value) => ({ pass: value % 2 === 0, message: () => `${value} is odd` }),
            });
            expect(2).toBeEven();
            expect({ n: 4 }).toEqual({ n: expect.toBeEven() });
            expect(() => expect(3).toBeEven()).toThrow("3 is odd");
        });
        it("fail: unreachable", () => expect.unreachable());
        it("pass: calls", () => {
            const spy = vi.fn((n) => n + 1);
            spy(1);
            expect(spy).toHaveBeenCalledWith(1);
            expect(spy).toHaveReturnedWith(2);
        });
    });
});

test("a failed comparison comes with a diff, and soft ones with all errors", async () => {
    const { results } = await resultsOf(({ it, expect }) => {
        it("diff", () => expect({ a: 1, b: 2 }).toEqual({ a: 1, b: 3 }));
        it("soft", () => {
            expect.soft(1).toBe(2);
            expect.soft(1).toBe(3);
        });
    });
    const [error] = results.diff.errors;
    assert.equal(error.name, "AssertionError");
    assert.match(error.diff, /-\s+"b": 3,\n\+\s+"b": 2,/);
    assert.equal(results.soft.errors.length, 2);
});

test("snapshots come and go with the run", async () => {
    const file = ({ it, expect }) => {
        it("takes", () => {
            expect({ a: 1 }).toMatchSnapshot();
            expect("text").toMatchSnapshot("hint");
        });
        it("compares in place", () => {
            expect({ a: 1 }).toMatchInlineSnapshot(`
              {
                "a": 1,
              }
            `);
            expect(() => { throw new Error("no"); }).toThrowErrorMatchingInlineSnapshot("[Error: no]");
        });
        it("differs in place", () => expect(1).toMatchInlineSnapshot("2"));
        it("is missing in place", () => expect(1).toMatchInlineSnapshot());
    };
    const states = ({ results }) => Object.values(results).map(({ state }) => state);
    const first = await resultsOf(file);
    assert.deepEqual(states(first), ["pass", "pass", "fail", "pass"]);
    const { snapshots, inline } = first.ran;
    assert.deepEqual(inline.map(({ text }) => text), ["1"]);
    assert.match(inline[0].place, new RegExp(`vitest.test.js:${lineOf("is missing in place")}:\\d+$`));
    assert.match(snapshots, /exports\[`takes > hint 1`\] = `"text"`;/);

    const again = await resultsOf(file, { asks: { snapshots, shaken: true } });
    assert.deepEqual([again.ran.snapshots, again.ran.obsolete, states(again)[0]], [null, [], "pass"]);
    assert.match(again.results["is missing in place"].errors[0].message, /has no snapshot to compare with.*\n\n1/s);
    assert.deepEqual(states(await resultsOf(file, { asks: { snapshots, inline, shaken: true } })), states(first));

    const changed = snapshots.replace('"text"', '"other"');
    const differing = await resultsOf(file, { asks: { snapshots: changed } });
    assert.equal(differing.results.takes.state, "fail");
    assert.equal(differing.results.takes.errors[0].message, "Snapshot `takes > hint 1` mismatched");
    const updated = await resultsOf(file, { asks: { snapshots: changed, update: "all" } });
    assert.deepEqual([updated.results.takes.state, updated.ran.snapshots], ["pass", snapshots]);

    const shaken = await resultsOf(file, { asks: { shaken: true } });
    assert.deepEqual([shaken.results.takes.state, shaken.ran.snapshots], ["fail", null]);
    const part = await resultsOf(file, { asks: { snapshots, ids: ["1"] } });
    assert.deepEqual([part.ran.obsolete, part.ran.results.length], [[], 1]);
});

test("an inline snapshot that is taken again and again has one text", async () => {
    const file = (texts, inSource) => ({ it, expect }) => {
        it("loops", () => texts.forEach((text) => expect(text).toMatchInlineSnapshot(...inSource)));
    };
    const cases = [
        [["a", "a"], [], "pass", ['"a"']],
        [["a", "a"], ['"a"'], "pass", []],
        [["a", "b"], [], "fail", []],
        [["a", "b"], ['"a"'], "fail", []],
        [["a", "a"], ['"b"'], "fail", []],
    ];
    for (const [texts, inSource, state, taken] of cases) {
        const { results, ran } = await resultsOf(file(texts, inSource));
        const told = JSON.stringify([texts, inSource, results.loops.errors]);
        assert.equal(results.loops.state, state, told);
        assert.deepEqual(ran.inline.map(({ text }) => text), taken, told);
    }
});

test("a run has the tests that it was asked for, in the order of the file, and no others", async () => {
    const seen = [];
    const file = ({ beforeAll, describe, it }) => {
        const body = ({ task }) => seen.push([task.name, task.suite?.tasks.length, task.file.tasks.length]);
        it("first", body);
        describe("suite", () => {
            beforeAll(() => seen.push("suite"));
            it("inner", body);
            it.skip("left out", body);
            it("last", body);
        });
        describe("other", () => {
            beforeAll(() => seen.push("other"));
            it("other", body);
        });
        Array.from({ length: 50 }, (_, index) => it(`many ${index}`, body));
    };
    for (const [ids, runs] of [
        [["1.2"], ["suite", ["last", 1, 1]]],
        [["1.2", "0", "1.0"], [["first", undefined, 2], "suite", ["inner", 2, 2], ["last", 2, 2]]],
        [["1.1"], []],
        [["1.1", "40"], [["many 37", undefined, 2]]],
        [[], []],
    ]) {
        seen.length = 0;
        const { ran } = await resultsOf(file, { asks: { ids } });
        assert.deepEqual(seen, runs, JSON.stringify(ids));
        const states = ran.results.map(({ id, state }) => [id, state]);
        assert.deepEqual(states, ids.map((id) => [id, id === "1.1" ? "skip" : "pass"]));
    }
    const { ask } = await program(file);
    const unknown = ask("run", { method: "POST", body: JSON.stringify({ ids: ["1.3"] }) });
    await assert.rejects(unknown, /a test that the file does not have/);
});

test("vi replaces functions, timers, globals, and refuses modules", async () => {
    await check(({ it, expect, vi, vitest }) => {
        it("pass: spies", () => {
            const object = { method: () => 1 };
            const spy = vi.spyOn(object, "method").mockReturnValue(2);
            expect(object.method()).toBe(2);
            expect(vi.isMockFunction(spy)).toBe(true);
            expect(vi.mocked(object.method)).toBe(spy);
            expect(vi.restoreAllMocks()).toBe(vitest);
            expect(object.method()).toBe(1);
        });
        it("pass: timers", async () => {
            vi.useFakeTimers({ now: 1000 });
            const ran = vi.fn();
            setTimeout(ran, 3_600_000);
            await vi.advanceTimersByTimeAsync(3_600_000);
            expect(ran).toHaveBeenCalledTimes(1);
            expect(Date.now()).toBe(3_601_000);
            vi.setSystemTime(new Date("2030-01-01"));
            expect(new Date().getFullYear()).toBe(2030);
            expect(vi.getTimerCount()).toBe(0);
            vi.useRealTimers();
            expect(vi.isFakeTimers()).toBe(false);
        });
        it("pass: a fixed date without fake timers", () => {
            vi.setSystemTime(5);
            expect([Date.now(), +new Date(), new Date(7).getTime()]).toEqual([5, 5, 7]);
            vi.useRealTimers();
            expect(Date.now()).toBeGreaterThan(5);
        });
        it("fail: too long under fake timers", async () => {
            vi.useFakeTimers();
            await new Promise(() => {});
        }, 10);
        it("pass: timers are real again", () => {
            vi.useRealTimers();
            expect(() => vi.advanceTimersByTime(1)).toThrow("the timers APIs are not mocked");
        });
        it("pass: waits", async () => {
            let count = 0;
            await vi.waitFor(() => expect(count += 1).toBe(3), { interval: 1 });
            expect(await vi.waitUntil(() => (count += 1) > 5 && count, { interval: 1 })).toBe(6);
        });
        it("fail: waits", () => vi.waitFor(() => expect(1).toBe(2), { interval: 1, timeout: 5 }));
        it("pass: stubs", () => {
            vi.stubGlobal("answer", 42).stubEnv("EMU_TEST_STUB", "1");
            expect([globalThis.answer, process.env.EMU_TEST_STUB]).toEqual([42, "1"]);
            vi.unstubAllGlobals().unstubAllEnvs();
            expect([globalThis.answer, process.env.EMU_TEST_STUB]).toEqual([undefined, undefined]);
        });
        it("pass: no modules", () => {
            expect(vi.hoisted(() => 1)).toBe(1);
            expect(() => vi.doMock("./other")).toThrow(/`vi.doMock\(\)` does not work in `emu test`.*vi.spyOn/);
            expect(() => vi.mock("./other")).toThrow(/is called where `emu test` does not see it/);
        });
    });
});

test("an unhandled rejection fails the test during which it happens", async () => {
    const { results } = await check(({ it }) => {
        it("fail: somebody rejects", () => rejectUnhandled(new Error("nobody handles this")));
        it("pass: the next one", () => {});
    });
    assert.equal(results["fail: somebody rejects"].errors[0].message, "nobody handles this");
});

test("a run takes tests by id, once, with its timeout", async () => {
    const file = ({ describe, it }) => {
        it("first", () => pause(100));
        describe("suite", () => {
            it("second", () => pause(100));
        });
    };
    const { ran, run } = await resultsOf(file, { asks: { ids: ["1.0"], timeoutMs: 5 } });
    assert.deepEqual(ran.results.map(({ id, state }) => [id, state]), [["1.0", "fail"]]);
    assert.match(ran.results[0].errors[0].message, /^Test timed out in 5ms\./);
    await assert.rejects(run(), /a world runs its tests once/);
    await assert.rejects((await program(file)).run({ ids: ["7"] }), /a test that the file does not have/);
});

test("what a suite's body throws is an error of the collection", async () => {
    const { collect } = await program(({ describe }) => {
        describe("broken", () => {
            throw new Error("in the suite");
        });
    });
    assert.deepEqual((await collect()).errors.map(({ message }) => message), ["in the suite"]);
});
