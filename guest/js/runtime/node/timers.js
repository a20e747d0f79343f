/**
 * `node:timers` and `node:timers/promises`.
 *
 * Invariant: the timers are those of the platform.
 */

import {
    clearImmediate, clearInterval, clearTimeout, setImmediate, setInterval, setTimeout,
} from "../platform/timers.js";
import { abortError, validateAbortSignal } from "./errors.js";

function later(start, stop, value, options) {
    const signal = options?.signal;
    return new Promise((resolve, reject) => {
        validateAbortSignal(signal, "options.signal");
        if (signal?.aborted) {
            reject(abortError(signal));
            return;
        }
        const aborted = () => {
            stop(timer);
            reject(abortError(signal));
        };
        const timer = start(() => {
            signal?.removeEventListener("abort", aborted);
            resolve(value);
        });
        signal?.addEventListener("abort", aborted, { once: true });
    });
}

/** An endless iterator that takes a step per interval. */
async function* every(delayMs, value, options) {
    for (;;) {
        yield await later((fn) => setTimeout(fn, delayMs), clearTimeout, value, options);
    }
}

/** `node:timers/promises`. */
export const promises = {
    setTimeout: (delayMs, value, options) => later((fn) => setTimeout(fn, delayMs), clearTimeout, value, options),
    setImmediate: (value, options) => later((fn) => setImmediate(fn), clearImmediate, value, options),
    setInterval: every,
    scheduler: {
        wait: (delayMs, options) => later((fn) => setTimeout(fn, delayMs), clearTimeout, undefined, options),
        yield: () => later((fn) => setImmediate(fn), clearImmediate, undefined, undefined),
    },
};

/** Old names; timers here are always active. */
export function active(timer) {
    return timer?.refresh?.();
}
export function enroll() {}
export function unenroll(timer) {
    clearTimeout(timer);
}

export { clearImmediate, clearInterval, clearTimeout, setImmediate, setInterval, setTimeout };
