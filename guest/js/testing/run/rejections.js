/**
 * Promises that are rejected while nobody handles that, and errors that listeners and timers throw, in the test or in the
 * worker: they fail the test that runs.
 *
 * Invariant: each is reported once.
 */

import { watchUncaught } from "emu:internals";
import { delay } from "../vitest/timers.js";

let reasons = [];

/** What belongs to no test: it came up between them, in a hook of a suite for instance. */
let strays = [];

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

/** A test begins: what came up before is not its own. */
export function beginWithoutRejections() {
    strays.push(...takeRejections());
}

/** Takes what belongs to no test. */
export function takeStrays() {
    beginWithoutRejections();
    const taken = strays;
    strays = [];
    return taken;
}

/**
 * Fails if there is something that nobody has caught, unless that `areExpected`. Whether a promise stays unhandled is
 * only known when its turn has ended, so this waits for the next one.
 *
 * @throws {unknown[]} The reasons.
 */
export async function requireNoRejections(areExpected) {
    await delay(0);
    const taken = takeRejections();
    if (taken.length > 0 && !areExpected) {
        throw taken;
    }
}
