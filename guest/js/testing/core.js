/**
 * All that tests can import, as one module: what `modules/` names parts of.
 *
 * Invariant: a list.
 */

export {
    afterAll, afterEach, aroundAll, aroundEach, beforeAll, beforeEach, describe, it, onTestFailed, onTestFinished,
    suite, test,
} from "@vitest/runner";
export { assert, chai, createExpect, expect, should } from "./vitest/expect.js";
export { automock, exportsOf, mock, mocked, settle } from "./vitest/mocks.js";
export { configure, inject } from "./vitest/config.js";
export { vi } from "./vitest/vi.js";
export {
    abortAllDurableObjects, evictAllDurableObjects, evictDurableObject, listDurableObjectIds, reset,
    runDurableObjectAlarm, runInDurableObject,
} from "./cloudflare/objects.js";
export {
    createExecutionContext, createScheduledController, SELF, waitOnExecutionContext,
} from "./cloudflare/contexts.js";
export { fetchMock } from "./cloudflare/fetch-mock.js";
export * from "./cloudflare/unsupported.js";
export { client } from "./emu/client.js";
export { eventually, invariant } from "./emu/invariants.js";
export { always, reachable, sometimes } from "./emu/marks.js";
export { world } from "./emu/world.js";
export { begin, end } from "./run/runner.js";
export { TestEntrypoint } from "./run/entrypoint.js";
