/**
 * `vi.waitFor()` and `vi.waitUntil()`.
 *
 * Invariant: waits on the runner's timers, so fake ones may be in place; their time passes while a call is under way.
 */

import { advanceBy, isFaking } from "./fake-timers.js";
import { Deadline } from "./deadline.js";
import { delay, getSafeTimers } from "./timers.js";

const { setTimeout, clearTimeout } = getSafeTimers();

/** What a call came to. */
async function attempt(callback) {
    try {
        return { value: await callback() };
    } catch (error) {
        return { error };
    }
}

/** What a promise resolves to within this time, `undefined` if it takes longer. */
async function within(promise, delayMs) {
    let timer;
    const late = new Promise((resolve) => {
        timer = setTimeout(resolve, delayMs);
    });
    try {
        return await Promise.race([promise, late]);
    } finally {
        clearTimeout(timer);
    }
}

/**
 * Calls `callback` at once and at every interval, but never while an earlier call has not settled.
 *
 * @param {() => unknown} callback
 * @param {number | {interval?: number, timeout?: number}} options Times in milliseconds.
 * @param {(outcome: {value?: unknown, error?: unknown}) => boolean} isLast Whether to stop at what a call came to.
 * @returns {Promise<object | undefined>} What the last call came to that settled in time.
 */
async function repeat(callback, options, isLast) {
    const { interval: intervalMs = 50, timeout = 1000 } = typeof options === "number" ? { timeout: options } : options;
    const deadline = new Deadline(timeout);
    const restMs = () => Math.min(intervalMs, Math.max(deadline.leftMs, 0));
    let call;
    let last;
    for (;;) {
        if (isFaking()) {
            advanceBy(intervalMs);
        }
        call ??= attempt(callback);
        const outcome = await within(call, restMs());
        if (outcome !== undefined) {
            call = undefined;
            last = outcome;
            if (isLast(outcome)) {
                return last;
            }
        }
        if (await deadline.isOver()) {
            return last;
        }
        if (outcome !== undefined) {
            await delay(restMs());
        }
    }
}

/** Calls `callback` until it neither throws nor rejects, and gives what it returned. */
export async function waitFor(callback, options = {}) {
    const outcome = await repeat(callback, options, (outcome) => "value" in outcome);
    if (outcome === undefined || "error" in outcome) {
        throw outcome?.error ?? new Error("Timed out in waitFor!");
    }
    return outcome.value;
}

/** Calls `callback` until what it returns is true; its errors are not caught. */
export async function waitUntil(callback, options = {}) {
    const outcome = await repeat(callback, options, (outcome) => "error" in outcome || Boolean(outcome.value));
    if (outcome !== undefined && "error" in outcome) {
        throw outcome.error;
    }
    if (!outcome?.value) {
        throw new Error("Timed out in waitUntil!");
    }
    return outcome.value;
}
