/**
 * Which tests say that alarms are idempotent: what is stored after them is compared with the calm run's.
 *
 * Invariant: belongs to the test that runs; nothing is ever taken back.
 */

import { getCurrentTest } from "@vitest/runner";

const tests = new WeakSet();

/** In the test that runs, an alarm that runs twice leaves what it leaves when it runs once. */
export function noteIdempotentAlarms() {
    const test = getCurrentTest();
    if (test !== undefined) {
        tests.add(test);
    }
}

/** Whether a test has said so. */
export function hasIdempotentAlarms(test) {
    return tests.has(test);
}
