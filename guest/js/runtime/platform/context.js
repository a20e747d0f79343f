/**
 * `ExecutionContext`: the `ctx` of the worker's own handlers (reference §2.1), and the argument of `scheduled()`.
 *
 * Invariant: belongs to one invocation.
 */

import { enabled } from "../flags.js";
import { host } from "../host.js";
import { defineInterface, illegalConstructor, illegalInvocation, parameterError, usv } from "../web/webidl.js";
import { ownExports } from "./exports.js";
import { unsupported } from "./unsupported.js";
import { waitUntil } from "./wait-until.js";

const INTERNAL = Symbol("internal");

let isContext;

/** See the file's comment. */
export class ExecutionContext {
    #invocation;

    static {
        isContext = (value) => typeof value === "object" && value !== null && #invocation in value;
    }

    constructor(token, invocation) {
        if (token !== INTERNAL) {
            throw illegalConstructor();
        }
        this.#invocation = invocation;
    }

    /** Holds the invocation open until a promise settles; a rejection is logged. */
    waitUntil(promise) {
        check(this);
        if (arguments.length === 0) {
            throw parameterError("waitUntil", "ExecutionContext", 1, "Promise");
        }
        waitUntil(this.#invocation, promise);
    }

    /** Lets the origin answer if the handler fails; there is no origin here. */
    passThroughOnException() {
        check(this);
    }

    /** Ends the isolate. Never returns. */
    abort(reason) {
        check(this);
        host.abort(0, reason === undefined ? undefined : usv(reason), true);
    }

    /** What the binding that led here was configured with. */
    get props() {
        check(this);
        const invocation = this.#invocation;
        invocation.props ??= invocation.propsJson === "" ? {} : JSON.parse(invocation.propsJson);
        return invocation.props;
    }

    /** Stubs of the worker's own exports. */
    get exports() {
        check(this);
        return enabled("enable_ctx_exports") ? ownExports() : undefined;
    }

    /** Spans of traces, which nobody records here. */
    get tracing() {
        check(this);
        return tracing;
    }
}

defineInterface(ExecutionContext);

function check(value) {
    if (!isContext(value)) {
        throw illegalInvocation();
    }
}

/** Spans of traces: they are entered, and recorded nowhere. */
export const tracing = {
    enterSpan(_name, callback, ...args) {
        return callback(noSpan, ...args);
    },
};

const noSpan = { setAttribute() {}, end() {}, isTraced: false };

/** The cache of a worker's responses, which there is none of here. */
export const cache = {
    async purge() {
        throw unsupported("`cache.purge()`");
    },
};

/** The context of an invocation. */
export function executionContext(invocation) {
    return new ExecutionContext(INTERNAL, invocation);
}

/** What `scheduled()` is told. */
export class ScheduledController {
    constructor(token, cron, scheduledMs) {
        if (token !== INTERNAL) {
            throw illegalConstructor();
        }
        this.cron = cron;
        this.scheduledTime = scheduledMs;
    }

    /** Lets the platform not retry a failed run; it never does here. */
    noRetry() {}
}

defineInterface(ScheduledController);

/** What `alarm()` is told. */
export class AlarmInvocationInfo {
    constructor(token, scheduledMs, retryCount) {
        if (token !== INTERNAL) {
            throw illegalConstructor();
        }
        this.scheduledTime = scheduledMs;
        this.retryCount = retryCount;
        this.isRetry = retryCount > 0;
    }
}

defineInterface(AlarmInvocationInfo);

/** The argument of `alarm()`. */
export function alarmInfo(scheduledMs, retryCount) {
    return new AlarmInvocationInfo(INTERNAL, scheduledMs, retryCount);
}

/** The argument of `scheduled()`. */
export function scheduledController(cron, scheduledMs) {
    return new ScheduledController(INTERNAL, cron, scheduledMs);
}
