/**
 * Conversions of arguments that several of the platform's classes share.
 *
 * Invariant: conversions only; knows no class.
 */

import { isObject, parameterError } from "../web/webidl.js";

/** Checks a parameter that must be a function; `index` counts from 1. */
export function requireFunction(value, method, owner, index = 1) {
    if (typeof value !== "function") {
        throw parameterError(method, owner, index, "function");
    }
}

/** Checks options that may be absent; `type` is what the platform calls them. */
export function checkOptions(options, method, owner, index, type) {
    if (options !== undefined && options !== null && !isObject(options)) {
        throw parameterError(method, owner, index, type);
    }
}

/** A 32 bit integer with a sign, as C++ code of the platform takes it. */
export function int32(value) {
    const number = Number(value);
    if (Number.isNaN(number)) {
        return 0;
    }
    if (number < -0x80000000 || number > 0x7fffffff) {
        throw new TypeError("Value out of range. Must be between -2147483648 and 2147483647 (inclusive).");
    }
    return Math.trunc(number);
}

/** A 32 bit integer without a sign, as C++ code of the platform takes it. */
export function uint32(value) {
    const number = Number(value);
    if (Number.isNaN(number)) {
        throw new TypeError("The value cannot be converted because it is not an integer.");
    }
    if (number < 0) {
        throw new TypeError(
            "The value cannot be converted because it is negative and this API expects a positive number.",
        );
    }
    if (number > 0xffffffff) {
        throw new TypeError("Value out of range. Must be less than or equal to 4294967295.");
    }
    return Math.trunc(number);
}
