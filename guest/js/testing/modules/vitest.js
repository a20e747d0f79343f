export {
    afterAll, afterEach, aroundAll, aroundEach, assert, beforeAll, beforeEach, chai, createExpect, describe, expect,
    inject, it, onTestFailed, onTestFinished, should, suite, test, vi, vi as vitest,
} from "emu:test/core";
export const assertType = () => {};
export const expectTypeOf = () => typeAssertion;
export const bench = Object.assign(noBench, { skip: noBench, only: noBench, todo: noBench });
function noBench() {
    throw new Error("`bench()` is only available in benchmark mode.");
}

// Types are checked by TypeScript; at run time every assertion about them holds.
const typeAssertion = new Proxy(() => {}, { get: () => typeAssertion, apply: () => typeAssertion });
