/**
 * `vi.waitFor()` and `vi.waitUntil()`.
 *
 * Invariant: waits on the runner's timers, so fake ones may be in place.
 */

import { advanceBy, isFaking } from "./fake-timers.js";
import { Deadline } from "./deadline.js";
import { delay } from "./timers.js";

function times(options = {}) {
    const { interval = 50, timeout = 1000 } = typeof options === "number" ? { timeout: options } : options;
    return { intervalMs: interval, deadline: new Deadline(timeout) };
}

/** One more round, unless the time is over. */
async function again({ intervalMs, deadline }) {
    if (await deadline.isOver()) {
        return false;
    }
    await delay(Math.min(intervalMs, deadline.leftMs));
    return true;
}

function passFakeTime(intervalMs) {
    if (isFaking()) {
        advanceBy(intervalMs);
    }
}

/** Calls `callback` until it neither throws nor rejects, and gives what it returned. */
export async function waitFor(callback, options = undefined) {
    const round = times(options);
    let lastError;
    do {
        passFakeTime(round.intervalMs);
        try {
            return await callback();
        } catch (error) {
            lastError = error;
        }
    } while (await again(round));
    throw lastError ?? new Error("Timed out in waitFor!");
}

/** Calls `callback` until what it returns is true; its errors are not caught. */
export async function waitUntil(callback, options = undefined) {
    const round = times(options);
    do {
        passFakeTime(round.intervalMs);
        const value = await callback();
        if (value) {
            return value;
        }
    } while (await again(round));
    throw new Error("Timed out in waitUntil!");
}
