/**
 * `node:assert` and `node:assert/strict`.
 *
 * Invariant: an assertion that holds has no effect.
 */

import { inspect } from "../console/inspect.js";
import { AssertionError } from "./assertion-error.js";
import { isDeepLooseEqual, isDeepStrictEqual } from "./deep-equal.js";
import { invalidArgType, invalidArgValue, nodeError, validateFunction } from "./errors.js";
import { isError, types } from "./util-types.js";

function failWith(message, details) {
    if (isError(message)) {
        throw message;
    }
    throw new AssertionError({ ...details, message });
}

function check(holds, actual, expected, message, operator, stackStartFn) {
    if (!holds) {
        failWith(message, { actual, expected, operator, stackStartFn });
    }
}

function requireTwo(count) {
    if (count < 2) {
        throw nodeError(TypeError, "ERR_MISSING_ARGS", 'The "actual" and "expected" arguments must be specified');
    }
}

/** Throws unless `value` is truthy. */
export function assert(value, message) {
    checkOk(arguments.length, value, message, assert);
}

/** The same under another name. */
export function ok(value, message) {
    checkOk(arguments.length, value, message, ok);
}

function checkOk(count, value, message, stackStartFn) {
    if (value) {
        return;
    }
    const generated = message === undefined;
    const text =
        count === 0
            ? "No value argument passed to `assert.ok()`"
            : generated
              ? "The expression evaluated to a falsy value:\n\n  assert.ok(" + inspect(value) + ")\n"
              : message;
    if (isError(text)) {
        throw text;
    }
    const error = new AssertionError({ actual: value, expected: true, message: text, operator: "==", stackStartFn });
    error.generatedMessage = generated;
    throw error;
}

export function equal(actual, expected, message) {
    requireTwo(arguments.length);
    const holds = actual == expected || (actual !== actual && expected !== expected); // eslint-disable-line eqeqeq
    check(holds, actual, expected, message, "==", equal);
}

export function notEqual(actual, expected, message) {
    requireTwo(arguments.length);
    const differs = actual != expected && !(actual !== actual && expected !== expected); // eslint-disable-line eqeqeq
    check(differs, actual, expected, message, "!=", notEqual);
}

export function strictEqual(actual, expected, message) {
    requireTwo(arguments.length);
    check(Object.is(actual, expected), actual, expected, message, "strictEqual", strictEqual);
}

export function notStrictEqual(actual, expected, message) {
    requireTwo(arguments.length);
    check(!Object.is(actual, expected), actual, expected, message, "notStrictEqual", notStrictEqual);
}

export function deepEqual(actual, expected, message) {
    requireTwo(arguments.length);
    check(isDeepLooseEqual(actual, expected), actual, expected, message, "deepEqual", deepEqual);
}

export function notDeepEqual(actual, expected, message) {
    requireTwo(arguments.length);
    check(!isDeepLooseEqual(actual, expected), actual, expected, message, "notDeepEqual", notDeepEqual);
}

export function deepStrictEqual(actual, expected, message) {
    requireTwo(arguments.length);
    check(isDeepStrictEqual(actual, expected), actual, expected, message, "deepStrictEqual", deepStrictEqual);
}

export function notDeepStrictEqual(actual, expected, message) {
    requireTwo(arguments.length);
    check(!isDeepStrictEqual(actual, expected), actual, expected, message, "notDeepStrictEqual", notDeepStrictEqual);
}

/** Whether `actual` has all that `expected` has, and more at will. */
function contains(actual, expected) {
    if (expected === null || typeof expected !== "object" || isDeepStrictEqual(actual, expected)) {
        return Object.is(actual, expected) || isDeepStrictEqual(actual, expected);
    }
    if (actual === null || typeof actual !== "object" || Array.isArray(actual) !== Array.isArray(expected)) {
        return false;
    }
    if (Array.isArray(expected)) {
        let from = 0;
        return expected.every((item) => {
            const at = actual.findIndex((candidate, index) => index >= from && contains(candidate, item));
            from = at + 1;
            return at !== -1;
        });
    }
    if (expected instanceof Map) {
        return actual instanceof Map && [...expected].every(([key, value]) => contains(actual.get(key), value));
    }
    if (expected instanceof Set) {
        return (
            actual instanceof Set && [...expected].every((item) => [...actual].some((other) => contains(other, item)))
        );
    }
    return Reflect.ownKeys(expected).every((key) => Object.hasOwn(actual, key) && contains(actual[key], expected[key]));
}

export function partialDeepStrictEqual(actual, expected, message) {
    requireTwo(arguments.length);
    check(contains(actual, expected), actual, expected, message, "partialDeepStrictEqual", partialDeepStrictEqual);
}

export function fail(message) {
    if (isError(message)) {
        throw message;
    }
    const error = new AssertionError({ message: message ?? "Failed", operator: "fail", stackStartFn: fail });
    error.generatedMessage = message === undefined;
    throw error;
}

function checkString(value, regexp, message, wanted, stackStartFn) {
    if (!types.isRegExp(regexp)) {
        throw invalidArgType("regexp", "RegExp", regexp);
    }
    const isString = typeof value === "string";
    if (isString && (regexp.exec(value) !== null) === wanted) {
        return;
    }
    if (isError(message)) {
        throw message;
    }
    const verb = wanted ? "did not match" : "was expected to not match";
    const generated = isString
        ? `The input ${verb} the regular expression ${inspect(regexp)}. Input:\n\n${inspect(value)}\n`
        : `The "string" argument must be of type string. Received type ${typeof value} (${inspect(value)})`;
    const error = new AssertionError({
        actual: value,
        expected: regexp,
        message: message ?? generated,
        operator: stackStartFn.name,
        stackStartFn,
    });
    error.generatedMessage = message === undefined;
    throw error;
}

export function match(value, regexp, message) {
    checkString(value, regexp, message, true, match);
}

export function doesNotMatch(value, regexp, message) {
    checkString(value, regexp, message, false, doesNotMatch);
}

export function ifError(value) {
    if (value === null || value === undefined) {
        return;
    }
    const text =
        typeof value === "object" && typeof value.message === "string"
            ? value.message || value.constructor?.name
            : inspect(value);
    const error = new AssertionError({
        actual: value,
        expected: null,
        operator: "ifError",
        message: `ifError got unwanted exception: ${text}`,
        stackStartFn: ifError,
    });
    error.generatedMessage = true;
    throw error;
}

/** The part of an error that an expectation names; its class's name shows in the message. */
class Comparison {
    constructor(source, keys) {
        for (const key of keys) {
            if (source !== null && source !== undefined && key in source) {
                this[key] = source[key];
            }
        }
    }
}

function matchesObject(error, expected, operator) {
    const keys = Object.keys(expected);
    if (isError(expected)) {
        keys.push("name", "message");
    } else if (keys.length === 0) {
        throw invalidArgValue("error", expected, "may not be an empty object");
    }
    for (const key of keys) {
        const want = expected[key];
        if (typeof error?.[key] === "string" && types.isRegExp(want) && want.exec(error[key]) !== null) {
            continue;
        }
        if (error === null || error === undefined || !(key in error) || !isDeepStrictEqual(error[key], want)) {
            return new AssertionError({
                actual: new Comparison(error, keys),
                expected: new Comparison(expected, keys),
                operator,
            });
        }
    }
    return undefined;
}

/** Why a thrown value is not what was expected; `undefined` where it is. */
function mismatch(error, expected, message, operator) {
    if (typeof expected !== "function") {
        if (types.isRegExp(expected)) {
            const text = String(error);
            return expected.exec(text) === null
                ? `The input did not match the regular expression ${inspect(expected)}. Input:\n\n${inspect(text)}\n`
                : undefined;
        }
        return matchesObject(error, expected, operator);
    }
    if (expected.prototype !== undefined && error instanceof expected) {
        return undefined;
    }
    if (Error === expected || Object.prototype.isPrototypeOf.call(Error, expected)) {
        const got = error?.constructor?.name ?? typeof error;
        const told = isError(error) ? `\n\nError message:\n\n${error.message}` : "";
        return `The error is expected to be an instance of "${expected.name}". Received "${got}"${told}`;
    }
    const verdict = Reflect.apply(expected, {}, [error]);
    if (verdict === true) {
        return undefined;
    }
    const name = expected.name ? `"${expected.name}" ` : "";
    const said = `The ${name}validation function is expected to return "true". Received ${inspect(verdict)}`;
    return `${said}\n\nCaught error:\n\n${error}`;
}

function judgeThrown(error, expected, message, operator, stackStartFn) {
    if (typeof expected === "string") {
        if ((isError(error) && error.message === expected) || error === expected) {
            throw nodeError(
                TypeError,
                "ERR_AMBIGUOUS_ARGUMENT",
                `The "error/message" argument is ambiguous. The error ${isError(error) ? "message " : ""}` +
                    `"${expected}" is identical to the message.`,
            );
        }
        return;
    }
    if (expected === undefined) {
        return;
    }
    const reason = mismatch(error, expected, message, operator);
    if (reason === undefined) {
        return;
    }
    if (isError(message)) {
        throw message;
    }
    if (isError(reason) && message === undefined) {
        throw reason;
    }
    const failure = new AssertionError({
        actual: error,
        expected,
        operator,
        message: message ?? reason.message ?? reason,
        stackStartFn,
    });
    failure.generatedMessage = message === undefined;
    throw failure;
}

function missing(expected, message, operator, stackStartFn) {
    if (typeof expected === "string") {
        [message, expected] = [expected, undefined];
    }
    const what = operator === "rejects" ? "rejection" : "exception";
    const name = expected?.name ? ` (${expected.name})` : "";
    failWith(isError(message) ? message : `Missing expected ${what}${name}${message ? `: ${message}` : "."}`, {
        actual: undefined,
        expected,
        operator,
        stackStartFn,
    });
}

function unwanted(error, expected, message, operator, stackStartFn) {
    if (typeof expected === "string") {
        [message, expected] = [expected, undefined];
    }
    if (expected !== undefined && mismatch(error, expected, message, operator) !== undefined) {
        throw error;
    }
    const what = operator === "doesNotReject" ? "rejection" : "exception";
    failWith(`Got unwanted ${what}${message ? `: ${message}` : "."}\nActual message: "${error?.message}"`, {
        actual: error,
        expected,
        operator,
        stackStartFn,
    });
}

function isPromise(value) {
    return (
        types.isPromise(value) ||
        (value !== null &&
            typeof value === "object" &&
            typeof value.then === "function" &&
            typeof value.catch === "function")
    );
}

export function throws(fn, expected, message) {
    validateFunction(fn, "fn");
    try {
        fn();
    } catch (error) {
        judgeThrown(error, expected, message, "throws", throws);
        return;
    }
    missing(expected, message, "throws", throws);
}

export function doesNotThrow(fn, expected, message) {
    validateFunction(fn, "fn");
    try {
        fn();
    } catch (error) {
        unwanted(error, expected, message, "doesNotThrow", doesNotThrow);
    }
}

function describeNoPromise(value) {
    if (value === null || typeof value !== "object") {
        return value === null ? "null" : `type ${typeof value}`;
    }
    return `an instance of ${value.constructor?.name}`;
}

async function settle(promiseFn) {
    let promise = promiseFn;
    if (typeof promiseFn === "function") {
        promise = promiseFn();
        if (!isPromise(promise)) {
            throw nodeError(
                TypeError,
                "ERR_INVALID_RETURN_VALUE",
                'Expected instance of Promise to be returned from the "promiseFn" function but got ' +
                    `${describeNoPromise(promise)}.`,
            );
        }
    } else if (!isPromise(promise)) {
        throw invalidArgType("promiseFn", ["Function", "Promise"], promise);
    }
    return promise.then(
        () => undefined,
        (error) => ({ error }),
    );
}

export async function rejects(promiseFn, expected, message) {
    const rejection = await settle(promiseFn);
    if (rejection === undefined) {
        missing(expected, message, "rejects", rejects);
    } else {
        judgeThrown(rejection.error, expected, message, "rejects", rejects);
    }
}

export async function doesNotReject(promiseFn, expected, message) {
    const rejection = await settle(promiseFn);
    if (rejection !== undefined) {
        unwanted(rejection.error, expected, message, "doesNotReject", doesNotReject);
    }
}

const shared = {
    fail,
    ok,
    notDeepStrictEqual,
    deepStrictEqual,
    partialDeepStrictEqual,
    strictEqual,
    notStrictEqual,
    throws,
    rejects,
    doesNotThrow,
    doesNotReject,
    ifError,
    match,
    doesNotMatch,
    AssertionError,
};

/** The strict variant: `equal` is `strictEqual`, and so on. */
export function strict(value, message) {
    checkOk(arguments.length, value, message, strict);
}
Object.assign(assert, shared, { equal, notEqual, deepEqual, notDeepEqual, strict });
Object.assign(strict, shared, {
    equal: strictEqual,
    notEqual: notStrictEqual,
    deepEqual: deepStrictEqual,
    notDeepEqual: notDeepStrictEqual,
    strict,
});

export { AssertionError };
export default assert;
