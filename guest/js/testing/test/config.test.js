/**
 * What vitest.config.ts says of tests: a test's name begins with the state in which it must end.
 *
 * Invariant: what is asserted here is what Vitest does with the same configuration.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { resultsOf } from "./program.js";

/** Runs a file, and compares each test's state with the beginning of its name. */
async function check(file, options) {
    const made = await resultsOf(file, options);
    for (const [name, { state, errors }] of Object.entries(made.results)) {
        assert.equal(state, name.split(":")[0], `${name}: ${JSON.stringify(errors)}`);
    }
    return made;
}

const pause = (delayMs) => new Promise((resolve) => {
    setTimeout(resolve, delayMs);
});

test("mocks and stubs are undone as configured, also where a file takes its own changes back", async () => {
    const object = { method: () => 1 };
    await check(({ it, expect, vi }) => {
        it("pass: replaces", () => {
            vi.setConfig({ restoreMocks: false }).resetConfig();
            vi.spyOn(object, "method").mockReturnValue(2);
            vi.stubGlobal("answer", 42);
            vi.stubEnv("EMU_ANSWER", "42");
        });
        it("pass: finds everything as it was", () => {
            expect([object.method(), globalThis.answer, process.env.EMU_ANSWER]).toEqual([1, undefined, undefined]);
        });
    }, { config: { restoreMocks: true, unstubGlobals: true, unstubEnvs: true } });
});

test("tests and hooks have the time that is configured, unless they name another", async () => {
    await check(({ describe, it, beforeAll }) => {
        it("fail: takes too long", () => pause(100));
        it("pass: has more time", () => pause(30), 1000);
        describe("hook", () => {
            beforeAll(() => pause(100));
            it("fail: its hook takes too long", () => {});
        });
    }, { config: { testTimeout: 10, hookTimeout: 20 } });
});

test("hooks run in the order that is configured", async () => {
    for (const [hooks, order] of [["stack", ["b", "a"]], ["list", ["a", "b"]]]) {
        const seen = [];
        await check(({ it, afterEach }) => {
            afterEach(() => void seen.push("a"));
            afterEach(() => void seen.push("b"));
            it("pass: a test", () => {});
        }, { config: { sequence: { hooks } } });
        assert.deepEqual(seen, order, hooks);
    }
});

test("a test without an assertion fails where assertions are required", async () => {
    await check(({ it, expect }) => {
        it("fail: none", () => {});
        it("pass: one", () => expect(1).toBe(1));
        it("pass: one of its own", ({ expect: own }) => own(1).toBe(1));
    }, { config: { expect: { requireAssertions: true } } });
});

test("`only` is an error where it is not allowed", async () => {
    const { results } = await check(({ it }) => {
        it.only("fail: only", () => {});
        it("skip: other", () => {});
    }, { config: { allowOnly: false } });
    assert.match(results["fail: only"].errors[0].message, /Unexpected \.only modifier/);
});

test("a suite without tests is an error of the run of the whole file, unless that is configured", async () => {
    const file = ({ describe, it }) => {
        describe("empty", () => {});
        describe.skip("skipped", () => {});
        describe.todo("to do");
        describe("of skipped tests", () => it.skip("skip: skipped", () => {}));
        it("pass: a test", () => {});
        it("pass: another test", () => {});
    };
    for (const [options, messages] of [
        [{}, ["No test found in suite empty"]],
        [{ config: { passWithNoTests: true } }, []],
        [{ asks: { ids: ["3.0", "4", "5"] } }, ["No test found in suite empty"]],
    ]) {
        const { ran } = await check(file, options);
        assert.deepEqual(ran.errors.map(({ message }) => message), messages);
    }
    const { ran } = await resultsOf(file, { asks: { ids: ["5"] } });
    assert.deepEqual([ran.errors, ran.results[0].state], [[], "pass"]);
});

test("a file without tests is an error that names it", async () => {
    const { ran } = await resultsOf(() => {}, { config: { file: "test/a.test.ts" } });
    assert.deepEqual(ran.errors.map(({ message }) => message), ["No test suite found in file test/a.test.ts"]);
});

test("what is configured is provided, and found in fixtures", async () => {
    await check(({ it, expect, inject }) => {
        it("pass: injects", () => expect([inject("url"), inject("other")]).toEqual(["http://a", undefined]));
        const extended = it.extend({ url: ["default", { injected: true }] });
        extended("pass: a fixture", ({ url }) => expect(url).toBe("http://a"));
    }, { config: { provide: { url: "http://a" } } });
});

test("a test file knows its name and its variables", async () => {
    await check(({ describe, it, expect, vi }) => {
        const meta = () => globalThis.__emuImportMetaEnv;
        it("pass: its name", ({ task, expect: own }) => {
            expect(expect.getState().testPath).toBe("/test/a.test.ts");
            expect(own.getState().testPath).toBe("/test/a.test.ts");
            expect(task.file.name).toBe("test/a.test.ts");
        });
        describe("suite", () => {
            it("pass: its test's", () => {
                expect(expect.getState().currentTestName).toBe("suite > pass: its test's");
            });
        });
        it("pass: variables", () => {
            expect([meta().MODE, meta().EMU_STAGE, process.env.EMU_STAGE]).toEqual(["test", "a", "a"]);
            vi.stubEnv("EMU_STAGE", "b").stubEnv("PROD", true).stubEnv("MODE", undefined);
            expect([meta().EMU_STAGE, process.env.EMU_STAGE, meta().PROD, process.env.PROD, meta().MODE])
                .toEqual(["b", "b", true, "1", undefined]);
            vi.unstubAllEnvs();
            expect([meta().MODE, meta().PROD, meta().EMU_STAGE, process.env.PROD])
                .toEqual(["test", false, "a", undefined]);
        });
    }, { config: { file: "test/a.test.ts", env: { EMU_STAGE: "a" } } });
    delete process.env.EMU_STAGE;
});
