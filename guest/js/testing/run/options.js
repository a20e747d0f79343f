/**
 * What a run was asked for.
 *
 * Invariant: set once, when the run begins; the defaults count while tests are collected.
 */

/**
 * @typedef {object} RunOptions
 * @property {string[] | null} ids The tests to run, all of them if `null`.
 * @property {boolean} shaken Whether the world makes faults, or the run is compared with such ones.
 * @property {string | null} snapshots The contents of the snapshot file.
 * @property {{place: string, text: string}[]} inline Inline snapshots that the sources do not have yet.
 * @property {"none" | "new" | "all"} update Which snapshots are written: those that there are not, or those that differ
 *     too.
 * @property {number} timeoutMs How long a test may take that says nothing itself.
 */

/** @type {RunOptions} */
export const options = {
    ids: null, shaken: false, snapshots: null, inline: [], update: "none", timeoutMs: 5000,
};

/** The path by which the runner and snapshots know the one test file. */
export const TEST_FILE = "/test";

/**
 * The timeout of tests that name none. The runner asks for it while it collects, before a run has said what it is, so
 * it gets a number that is not known yet.
 */
export const defaultTimeout = { [Symbol.toPrimitive]: () => options.timeoutMs };

/**
 * Whether a test or hook may take as long as it wants: where the world is late on purpose, and where neither it nor the
 * run names a timeout. What waits for ever is found out otherwise.
 */
export function isUntimed(timeout) {
    return options.shaken || !(Number(timeout) > 0);
}

/** The timeout of hooks that name none: twice that of tests, as in Vitest. */
export const defaultHookTimeout = { [Symbol.toPrimitive]: () => 2 * options.timeoutMs };
