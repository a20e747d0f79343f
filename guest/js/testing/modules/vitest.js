export {
    afterAll, afterEach, aroundAll, aroundEach, assert, beforeAll, beforeEach, chai, createExpect, describe, expect, it,
    onTestFailed, onTestFinished, should, suite, test, vi, vi as vitest,
} from "emu:test/core";
export const assertType = () => {};
export const expectTypeOf = () => typeAssertion;
export const bench = Object.assign(() => {}, { skip() {}, only() {}, todo() {} });
export const inject = () => undefined;
// Types are checked by TypeScript; at run time every assertion about them holds.
const typeAssertion = new Proxy(() => {}, { get: () => typeAssertion, apply: () => typeAssertion });
