/**
 * Promises that are rejected while nobody handles that (reference §2.2): the events `unhandledrejection` and
 * `rejectionhandled`, and the log.
 *
 * Invariant: decided when the turn's microtasks have run, as a handler may be attached until then.
 */

import { PromiseRejectionEvent } from "../web/event-types.js";
import { dispatchGlobal } from "../web/global-scope.js";
import { logRejection } from "./wait-until.js";

/** Rejected in this turn and not handled so far, in order. */
const unhandled = new Map();
/** Handled after they were reported. */
let handledLate = [];
/** The reasons of those that were reported, to tell when they are handled after all. */
const reported = new WeakMap();

let running = false;

/** The engine notes that a promise was rejected without a handler, or that one got its first handler later. */
export function rejection(promise, reason, handled) {
    if (!handled) {
        unhandled.set(promise, reason);
        return;
    }
    if (unhandled.delete(promise) || !reported.has(promise)) {
        return;
    }
    handledLate.push([promise, reported.get(promise)]);
    reported.delete(promise);
}

/** The turn's microtasks have run. */
export function turnEnd() {
    if (running) {
        return;
    }
    running = true;
    try {
        const late = handledLate;
        handledLate = [];
        const found = [...unhandled];
        unhandled.clear();
        for (const [promise, reason] of found) {
            reported.set(promise, reason);
            if (dispatch("unhandledrejection", promise, reason)) {
                logRejection(reason);
            }
        }
        for (const [promise, reason] of late) {
            dispatch("rejectionhandled", promise, reason);
        }
    } finally {
        running = false;
    }
}

/** False if a listener prevented the default, which is to log it. */
function dispatch(type, promise, reason) {
    try {
        return dispatchGlobal(new PromiseRejectionEvent(type, { promise, reason, cancelable: true }));
    } catch (error) {
        logRejection(error);
        return true;
    }
}
