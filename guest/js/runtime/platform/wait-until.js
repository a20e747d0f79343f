/**
 * `waitUntil()`: promises that hold an invocation open.
 *
 * Invariant: every wait that the host is told to begin, it is told to end.
 */

import { inspect } from "../console/inspect.js";
import { toFailure } from "../failure.js";
import { host } from "../host.js";
import { tellUncaught } from "../web/uncaught.js";
import { isObject } from "../web/webidl.js";

/**
 * Holds an invocation open until a promise settles. If it is rejected the host logs why. A test that calls a handler
 * itself gets the promise instead (`held`).
 *
 * @param {import("../scope.js").Invocation} invocation
 * @param {unknown} promise Anything; what is no promise has settled already.
 */
export function waitUntil(invocation, promise) {
    if (!isObject(promise)) {
        return;
    }
    const { number, settled, held } = invocation;
    if (held !== undefined) {
        held.push(promise);
        Promise.resolve(promise).catch(() => {});
        return;
    }
    invocation.waits += 1;
    host.waitUntilBegin(number);
    const end = (failure) => {
        invocation.waits -= 1;
        host.waitUntilEnd(number, failure);
    };
    Promise.resolve(promise).then(
        () => end(undefined),
        (error) => {
            if (settled) {
                // The host may have forgotten the invocation, and would not log it.
                logRejection(error);
            }
            end(settled ? undefined : toFailure(error));
        },
    );
}

/** Logs a promise's rejection that nobody handles. */
export function logRejection(reason) {
    tellUncaught(reason, () => `Uncaught (in promise) ${describe(reason)}`);
}

/** Logs an exception that no code of the worker caught. */
export function logUncaught(error) {
    tellUncaught(error, () => `Uncaught ${describe(error)}`);
}

function describe(value) {
    try {
        return typeof value === "string" ? value : inspect(value);
    } catch {
        // Code of the value's author threw while it was looked at.
        const [name, message] = toFailure(value);
        return `${name}: ${message}`;
    }
}
