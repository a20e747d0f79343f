/**
 * Errors on their way between guest and host: a failure is the array
 * `[name, message, stack, remote, retryable, overloaded, durableObjectReset, value]` (reference §1.15). The value is an
 * object that was thrown and is no error, serialized.
 *
 * Invariant: never throws, whatever was thrown by user code.
 */

import { enabled } from "./flags.js";
import { host } from "./host.js";
import { DOMException } from "./web/dom-exception.js";

/** A failure is kept for logs and pages as well, so that what it carries has an end, in bytes. */
const MAX_VALUE_BYTES = 1024 * 1024;

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
    return marked(construct(name, message, remote), remote, retryable, overloaded, durableObjectReset);
}

/** Gives what is thrown the marks of the platform. */
function marked(thrown, remote, retryable, overloaded, durableObjectReset) {
    if (remote) {
        thrown.remote = true;
    }
    if (retryable) {
        thrown.retryable = true;
    }
    if (overloaded) {
        thrown.overloaded = true;
    }
    if (durableObjectReset) {
        thrown.durableObjectReset = true;
    }
    return thrown;
}

/**
 * What is thrown for a failure that arrived by itself: no code of the worker is on the stack, so an error's own has no
 * frames.
 */
export function toError(failure) {
    const [, , , remote, retryable, overloaded, durableObjectReset, value] = failure;
    if (value !== undefined && value !== null) {
        try {
            return marked(host.deserialize(value), remote, retryable, overloaded, durableObjectReset);
        } catch {
            // Whoever serialized it can write what is not read here: then it is an error with a text.
        }
    }
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

/** An object that is no error, as bytes; nothing where the text must do. */
function serialized(value) {
    if (value instanceof Error || typeof value === "function") {
        return undefined;
    }
    try {
        const bytes = host.serialize(value);
        return bytes.byteLength > MAX_VALUE_BYTES ? undefined : bytes;
    } catch {
        return undefined;
    }
}

/**
 * The failure for whatever was thrown.
 *
 * @param {unknown} value Anything; user code may throw it with getters that throw in turn.
 * @returns {[string, string, string | undefined, boolean, boolean, boolean, boolean, ArrayBuffer | undefined]} The
 *     failure.
 */
export function toFailure(value) {
    if ((typeof value !== "object" && typeof value !== "function") || value === null) {
        return ["Error", display(value), undefined, false, false, false, false, undefined];
    }
    const name = read(value, "name");
    const message = read(value, "message");
    if (typeof message !== "string") {
        return ["Error", display(value), undefined, false, false, false, false, serialized(value)];
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
        serialized(value),
    ];
}
