/**
 * Arguments of handlers, for tests that call these directly; and the worker as a service.
 *
 * Invariant: what a handler gets from here behaves as what it gets from the platform.
 */

import { contextSettled, createContext, createController, worker } from "emu:internals";

/** `ctx`, whose `waitUntil()` promises can be awaited. */
export function createExecutionContext() {
    return createContext();
}

/**
 * Waits for everything that was given to a context's `waitUntil()`.
 *
 * @throws The reason of a promise that was rejected, or an `AggregateError` of several.
 */
export async function waitOnExecutionContext(context) {
    const reasons = await contextSettled(context);
    if (reasons === undefined) {
        throw new TypeError(
            "Failed to execute 'waitOnExecutionContext': parameter 1 is not of type 'ExecutionContext'. You must " +
                "call 'createExecutionContext()' or 'createPagesEventContext()' to get an 'ExecutionContext' instance.",
        );
    }
    if (reasons.length === 1) {
        throw reasons[0];
    }
    if (reasons.length > 1) {
        throw new AggregateError(reasons);
    }
}

/** The argument of `scheduled()`. */
export function createScheduledController({ cron = "", scheduledTime = Date.now() } = {}) {
    return createController(cron, Number(scheduledTime));
}

/** The worker's default export, as a service. */
export const SELF = worker;
