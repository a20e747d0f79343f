/**
 * Errors on their way between guest and host: a failure is the array
 * `[name, message, stack, remote, retryable, overloaded, durableObjectReset]` (reference §1.15).
 *
 * Invariant: never throws, whatever was thrown by user code.
 */

import { enabled } from "./flags.js";
import { DOMException } from "./web/dom-exception.js";

/** Constructors by the name of their instances. A name that is not here belongs to a `DOMException` or an `Error`. */
const CONSTRUCTORS = new Map([
    ["Error", Error],
    ["TypeError", TypeError],
    ["RangeError", RangeError],
    ["ReferenceError", ReferenceError],
    ["EvalError", EvalError],
    ["URIError", URIError],
    ["SyntaxError", SyntaxError],
]);

const DOM_NAMES = new Set([
    "IndexSizeError", "HierarchyRequestError", "WrongDocumentError", "InvalidCharacterError",
    "NoModificationAllowedError", "NotFoundError", "NotSupportedError", "InUseAttributeError", "InvalidStateError",
    "InvalidModificationError", "NamespaceError", "InvalidAccessError", "TypeMismatchError", "SecurityError",
    "NetworkError", "AbortError", "URLMismatchError", "QuotaExceededError", "TimeoutError", "InvalidNodeTypeError",
    "DataCloneError", "EncodingError", "NotReadableError", "UnknownError", "ConstraintError", "DataError",
    "TransactionInactiveError", "ReadOnlyError", "VersionError", "OperationError", "NotAllowedError",
]);

function construct(name, message, remote) {
    // The host's own `SyntaxError` is the one of the DOM; that of the language can only come from other code.
    if (DOM_NAMES.has(name) || (name === "SyntaxError" && !remote)) {
        return new DOMException(message, name);
    }
    const constructor = CONSTRUCTORS.get(name);
    if (constructor !== undefined) {
        return new constructor(message);
    }
    if (name === "AggregateError") {
        return new AggregateError([], message);
    }
    // The class of the thrower is not known here; the platform makes it an `Error` that has its name, somewhere.
    if (!enabled("enhanced_error_serialization")) {
        return new Error(`${name}: ${message}`);
    }
    const error = new Error(message);
    error.name = name;
    return error;
}

/**
 * The error for a failure. Its stack is that of the code which runs, as the platform does not send stacks.
 *
 * @returns {Error} With `remote`, `retryable`, `overloaded` and `durableObjectReset` where they are true.
 */
export function makeError(name, message, stack, remote, retryable, overloaded, durableObjectReset) {
    const error = construct(name, message, remote);
    if (remote) {
        error.remote = true;
    }
    if (retryable) {
        error.retryable = true;
    }
    if (overloaded) {
        error.overloaded = true;
    }
    if (durableObjectReset) {
        error.durableObjectReset = true;
    }
    return error;
}

/** The error for a failure that arrived by itself: no code of the worker is on the stack, so its own has no frames. */
export function toError(failure) {
    const error = makeError(...failure);
    const head = error.message === "" ? error.name : `${error.name}: ${error.message}`;
    Object.defineProperty(error, "stack", { value: head, writable: true, configurable: true });
    return error;
}

function read(value, key) {
    try {
        return value[key];
    } catch {
        return undefined;
    }
}

function display(value) {
    try {
        return String(value);
    } catch {
        return Object.prototype.toString.call(value);
    }
}

/** The stack, which begins with name and message as V8's do; the engine's own has the frames only. */
function stackOf(value, name, message) {
    const stack = read(value, "stack");
    if (typeof stack !== "string" || stack === "") {
        return undefined;
    }
    const head = message === "" ? name : `${name}: ${message}`;
    return stack.startsWith(name) ? stack : `${head}\n${stack.trimEnd()}`;
}

/**
 * The failure for whatever was thrown.
 *
 * @param {unknown} value Anything; user code may throw it with getters that throw in turn.
 * @returns {[string, string, string | undefined, boolean, boolean, boolean, boolean]} The failure.
 */
export function toFailure(value) {
    if ((typeof value !== "object" && typeof value !== "function") || value === null) {
        return ["Error", display(value), undefined, false, false, false, false];
    }
    const name = read(value, "name");
    const message = read(value, "message");
    if (typeof message !== "string") {
        return ["Error", display(value), undefined, false, false, false, false];
    }
    const title = typeof name === "string" && name !== "" ? name : "Error";
    return [
        title,
        message,
        stackOf(value, title, message),
        read(value, "remote") === true,
        read(value, "retryable") === true,
        read(value, "overloaded") === true,
        read(value, "durableObjectReset") === true,
    ];
}
