/**
 * Exceptions that nobody catches: `reportError()`, and what the runtime reports itself.
 *
 * Invariant: whatever was thrown, reporting it does not fail, except by what an `error` listener throws.
 */

import { provideReport } from "./event.js";
import { ErrorEvent } from "./event-types.js";
import { dispatchGlobal } from "./global-scope.js";
import { tellUncaught } from "./uncaught.js";
import { isObject, parameterError } from "./webidl.js";

const FRAME = /\(?([^\s()]+):(\d+):(\d+)\)?$/mu;

/** Text for any value. */
function display(value) {
    try {
        return String(value);
    } catch {
        return Object.prototype.toString.call(value);
    }
}

/** The stack of an error that is one; `undefined` for other values. */
function stackOf(error) {
    try {
        const stack = isObject(error) ? error.stack : undefined;
        return typeof stack === "string" ? stack : undefined;
    } catch {
        return undefined;
    }
}

/** Text for the log: the error's stack with its name and message, or the value. */
function describe(error) {
    const text = display(error);
    const stack = stackOf(error);
    if (stack === undefined || stack === "") {
        return text;
    }
    return stack.startsWith(text) ? stack : `${text}\n${stack}`;
}

/**
 * Tells `error` listeners of an exception that nobody catches, and the log unless one of them calls `preventDefault()`.
 *
 * @param {unknown} error Whatever was thrown.
 */
export function reportException(error) {
    const message = `Uncaught ${display(error)}`;
    const [, filename = "", lineno = 0, colno = 0] = FRAME.exec(stackOf(error) ?? "") ?? [];
    const event = new ErrorEvent("error", { message, filename, lineno, colno, error, cancelable: true });
    if (dispatchGlobal(event)) {
        tellUncaught(error, () => `Uncaught ${describe(error)}`);
    }
}

/** https://html.spec.whatwg.org/multipage/webappapis.html#dom-reporterror */
export function reportError(error) {
    if (arguments.length === 0) {
        throw parameterError("reportError", "ServiceWorkerGlobalScope", 1, "Value");
    }
    reportException(error);
}

provideReport(reportException);
