/**
 * Where errors go that nobody caught: into the log, or to the tests that run beside the worker.
 *
 * Invariant: telling of an error does not throw.
 */

import { host } from "../host.js";

const ERROR_LEVEL = 4;

/** @type {((error: unknown) => void) | undefined} */
let watcher;

/**
 * Has errors told instead of logged.
 *
 * @param {(error: unknown) => void} watch
 */
export function watchUncaught(watch) {
    watcher = watch;
}

/**
 * Nobody caught an error.
 *
 * @param {unknown} error Whatever was thrown.
 * @param {() => string} text What the log says.
 */
export function tellUncaught(error, text) {
    if (watcher === undefined) {
        host.log(ERROR_LEVEL, text());
    } else {
        watcher(error);
    }
}
