/**
 * Lengths of time as people write them.
 *
 * Invariant: pure.
 */

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const PART = /(\d+(?:\.\d+)?)\s*(ms|min|s|m|h|d|w)\s*/gy;

/**
 * @param {number | string} length Milliseconds, or a text such as `"2h"`, `"1h 30m"`, `"250ms"`.
 * @returns {number} Milliseconds.
 * @throws {TypeError} When it is no length of time.
 */
export function durationMs(length) {
    if (typeof length === "number" && length >= 0 && length < Infinity) {
        return length;
    }
    const text = typeof length === "string" ? length.trim() : "";
    let sumMs = 0;
    let end = 0;
    for (const [part, count, unit] of text.matchAll(PART)) {
        sumMs += Number(count) * UNIT_MS[unit];
        end += part.length;
    }
    if (text === "" || end !== text.length) {
        throw new TypeError(
            'a length of time is a number of milliseconds or a text such as "2h", "1h 30m" or "250ms", not ' +
                describe(length),
        );
    }
    return sumMs;
}

function describe(value) {
    return typeof value === "string" ? JSON.stringify(value) : String(value);
}
