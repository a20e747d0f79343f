/**
 * Which tests can be judged when callers see errors: those that call through a client which tries again, or say what must
 * hold whatever happens.
 *
 * Invariant: belongs to the test that runs; nothing is ever taken back.
 */

import { getCurrentTest } from "@vitest/runner";

const tests = new WeakSet();

/** The test that runs withstands loud faults. */
export function noteWithstanding() {
    const test = getCurrentTest();
    if (test !== undefined) {
        tests.add(test);
    }
}

/** Whether a test withstands loud faults. */
export function withstands(test) {
    return tests.has(test);
}
