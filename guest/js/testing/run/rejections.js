/**
 * Promises that are rejected while nobody handles that, and errors that listeners and timers throw, in the test or in the
 * worker: they fail the test that runs.
 *
 * Invariant: each is reported once.
 */

import { watchUncaught } from "emu:internals";
import { delay } from "../vitest/timers.js";

let reasons = [];

/** Starts to listen. In global scope, before anything can be rejected. */
export function watchRejections() {
    globalThis.addEventListener("unhandledrejection", (event) => {
        event.preventDefault();
        reasons.push(event.reason);
    });
    watchUncaught((error) => reasons.push(error));
}

/** Takes what nobody has caught since the last time. */
export function takeRejections() {
    const taken = reasons;
    reasons = [];
    return taken;
}

/**
 * Fails if there is something that nobody has caught. Whether a promise stays unhandled is only known when its turn has ended, so this
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
