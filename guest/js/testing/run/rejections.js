/**
 * Promises that are rejected while nobody handles that, in the test or in the worker: they fail the test that runs.
 *
 * Invariant: a rejection is reported once.
 */

import { delay } from "../vitest/timers.js";

let reasons = [];

/** Starts to listen. In global scope, before anything can be rejected. */
export function watchRejections() {
    globalThis.addEventListener("unhandledrejection", (event) => {
        event.preventDefault();
        reasons.push(event.reason);
    });
}

/** Takes what was rejected since the last time. */
export function takeRejections() {
    const taken = reasons;
    reasons = [];
    return taken;
}

/**
 * Fails if something was rejected. Whether a promise stays unhandled is only known when its turn has ended, so this
 * waits for the next one.
 *
 * @throws {unknown[]} The reasons.
 */
export async function requireNoRejections() {
    await delay(0);
    const taken = takeRejections();
    if (taken.length > 0) {
        throw taken;
    }
}
