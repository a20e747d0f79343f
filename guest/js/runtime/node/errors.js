/**
 * Errors with codes and checks of arguments, in the words of Node.
 *
 * Invariant: pure; every check either returns or throws.
 */

import { inspect } from "../console/inspect.js";

/**
 * An error of Node's: its class's name is unchanged, its stack begins with `Name [CODE]: message`.
 *
 * @param {ErrorConstructor} Base
 * @param {string} code `ERR_…`
 * @param {string} message
 */
export function nodeError(Base, code, message) {
    const error = new Base(message);
    error.code = code;
    const { stack } = error;
    if (typeof stack === "string") {
        const heading = `${error.name}: ${message}`;
        const marked = `${error.name} [${code}]: ${message}`;
        const value = stack.startsWith(heading) ? marked + stack.slice(heading.length) : stack;
        Object.defineProperty(error, "stack", { value, writable: true, configurable: true });
    }
    Object.defineProperty(error, "toString", {
        value() {
            return `${this.name} [${code}]: ${this.message}`;
        },
        writable: true,
        configurable: true,
    });
    return error;
}

/** What was received instead, as Node says it. */
export function receivedText(value) {
    if (value === null || value === undefined) {
        return ` Received ${value}`;
    }
    if (typeof value === "function") {
        return ` Received function ${value.name}`;
    }
    if (typeof value === "object") {
        const name = value.constructor?.name;
        return name ? ` Received an instance of ${name}` : ` Received ${inspect(value, { depth: -1 })}`;
    }
    let text = inspect(value, { colors: false });
    if (text.length > 28) {
        text = `${text.slice(0, 25)}...`;
    }
    return ` Received type ${typeof value} (${text})`;
}

const PRIMITIVES = new Set([
    "string",
    "function",
    "number",
    "object",
    "Function",
    "Object",
    "boolean",
    "bigint",
    "symbol",
]);

function oneOf(names) {
    if (names.length <= 2) {
        return names.join(" or ");
    }
    return `${names.slice(0, -1).join(", ")}, or ${names.at(-1)}`;
}

function expectedText(expected) {
    const types = expected.filter((name) => PRIMITIVES.has(name)).map((name) => name.toLowerCase());
    const instances = expected.filter((name) => !PRIMITIVES.has(name) && /^[A-Z]/.test(name));
    const others = expected.filter((name) => !PRIMITIVES.has(name) && !/^[A-Z]/.test(name));
    const parts = [];
    if (types.length > 0) {
        parts.push(types.length > 1 ? `one of type ${oneOf(types)}` : `of type ${oneOf(types)}`);
    }
    if (instances.length > 0) {
        parts.push(`an instance of ${oneOf(instances)}`);
    }
    if (others.length > 0) {
        parts.push(others.length > 2 ? `one of ${oneOf(others)}` : oneOf(others));
    }
    return parts.join(" or ");
}

/** `ERR_INVALID_ARG_TYPE`: `expected` names types (`string`) and classes (`Buffer`). */
export function invalidArgType(name, expected, value) {
    const subject = name.endsWith(" argument")
        ? `The ${name}`
        : `The "${name}" ${name.includes(".") ? "property" : "argument"}`;
    const list = Array.isArray(expected) ? expected : [expected];
    const message = `${subject} must be ${expectedText(list)}.${receivedText(value)}`;
    return nodeError(TypeError, "ERR_INVALID_ARG_TYPE", message);
}

/** `ERR_INVALID_ARG_VALUE`. */
export function invalidArgValue(name, value, reason = "is invalid") {
    let text = inspect(value);
    if (text.length > 128) {
        text = `${text.slice(0, 128)}...`;
    }
    const kind = name.includes(".") ? "property" : "argument";
    return nodeError(TypeError, "ERR_INVALID_ARG_VALUE", `The ${kind} '${name}' ${reason}. Received ${text}`);
}

function withSeparators(text) {
    return text.replace(/\B(?=(\d{3})+$)/g, "_");
}

/** `ERR_OUT_OF_RANGE`: `range` says what is allowed. */
export function outOfRange(name, range, value) {
    let received;
    if (Number.isInteger(value) && Math.abs(value) > 2 ** 32) {
        received = withSeparators(String(value));
    } else if (typeof value === "bigint") {
        const text = String(value);
        received = `${value > 2n ** 32n || value < -(2n ** 32n) ? withSeparators(text) : text}n`;
    } else {
        received = inspect(value);
    }
    const message = `The value of "${name}" is out of range. It must be ${range}. Received ${received}`;
    return nodeError(RangeError, "ERR_OUT_OF_RANGE", message);
}

/** `ERR_METHOD_NOT_IMPLEMENTED`: what the platform says where Node can do more. */
export function notImplemented(name) {
    return nodeError(Error, "ERR_METHOD_NOT_IMPLEMENTED", `The ${name} method is not implemented`);
}

/** Throws unless `value` is a function. */
export function validateFunction(value, name) {
    if (typeof value !== "function") {
        throw invalidArgType(name, "Function", value);
    }
}

/** Throws unless `value` is a string. */
export function validateString(value, name) {
    if (typeof value !== "string") {
        throw invalidArgType(name, "string", value);
    }
}

/** Throws unless `value` is an object that is no array and no function. */
export function validateObject(value, name) {
    if (value === null || typeof value !== "object" || Array.isArray(value)) {
        throw invalidArgType(name, "Object", value);
    }
}

/** Throws unless `value` is a boolean. */
export function validateBoolean(value, name) {
    if (typeof value !== "boolean") {
        throw invalidArgType(name, "boolean", value);
    }
}

/** Throws unless `value` is a number within the bounds. */
export function validateNumber(value, name, min = undefined, max = undefined) {
    if (typeof value !== "number") {
        throw invalidArgType(name, "number", value);
    }
    const low = min !== undefined && value < min;
    const high = max !== undefined && value > max;
    if (low || high || ((min !== undefined || max !== undefined) && Number.isNaN(value))) {
        const lower = min === undefined ? "" : `>= ${min}`;
        const upper = max === undefined ? "" : `<= ${max}`;
        throw outOfRange(name, [lower, upper].filter(Boolean).join(" && "), value);
    }
}

/** Throws unless `value` is an integer within the bounds. */
export function validateInteger(value, name, min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER) {
    if (typeof value !== "number") {
        throw invalidArgType(name, "number", value);
    }
    if (!Number.isInteger(value)) {
        throw outOfRange(name, "an integer", value);
    }
    if (value < min || value > max) {
        throw outOfRange(name, `>= ${min} && <= ${max}`, value);
    }
}

/** Throws unless `signal` is an `AbortSignal` or absent. */
export function validateAbortSignal(signal, name) {
    if (signal !== undefined && (signal === null || typeof signal !== "object" || !("aborted" in signal))) {
        throw invalidArgType(name, "AbortSignal", signal);
    }
}

/** The error of an operation that was aborted. */
export function abortError(signal) {
    const error = nodeError(Error, "ABORT_ERR", "The operation was aborted");
    error.name = "AbortError";
    if (signal?.reason !== undefined) {
        error.cause = signal.reason;
    }
    return error;
}
