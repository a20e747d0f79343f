/**
 * What a value really is, whatever its prototype says: the questions that inspection and `util.types` ask.
 *
 * Invariant: calls no code of the value's author (no getters, no proxy traps).
 */

import { host } from "../host.js";

/** The name of the engine's class of an object: `"Map"`, `"Error"`, `"Proxy"`, … or `"Object"`. */
export function classOf(value) {
    return host.classOf(value);
}

/** What a promise holds: `[0 pending | 1 fulfilled | 2 rejected, value]`. */
export function promiseState(promise) {
    return host.promiseState(promise);
}

/** The target and the handler of a proxy, or `undefined` for anything else. */
export function proxyParts(value) {
    return host.proxyParts(value);
}

/** What an iterator of a map or set will give: `[values, whether they are keys and values in turn]`, or `undefined`. */
export function iteratorEntries(value) {
    return host.iteratorEntries?.(value);
}

const tagOfTypedArray = Object.getOwnPropertyDescriptor(
    Object.getPrototypeOf(Uint8Array.prototype),
    Symbol.toStringTag,
).get;

/** The name of the typed array class `value` is of (`"Uint8Array"`), or `undefined`. */
export function typedArrayName(value) {
    return ArrayBuffer.isView(value) ? tagOfTypedArray.call(value) : undefined;
}

/** Whether `value` is an object that the language or the platform calls an error. */
export function isError(value) {
    return typeof value === "object" && value !== null && (host.classOf(value) === "Error" || value instanceof Error);
}

const sourceOf = Function.prototype.toString;
const AsyncFunction = async function () {}.constructor;
const GeneratorFunction = function* () {}.constructor;
const AsyncGeneratorFunction = async function* () {}.constructor;

function descends(value, constructor) {
    const target = constructor.prototype;
    for (let proto = Object.getPrototypeOf(value); proto !== null; proto = Object.getPrototypeOf(proto)) {
        if (proto === target) {
            return true;
        }
    }
    return false;
}

/** Whether a function is `async`. */
export function isAsyncFunction(value) {
    return typeof value === "function" && (descends(value, AsyncFunction) || descends(value, AsyncGeneratorFunction));
}

/** Whether a function is a generator, asynchronous or not. */
export function isGeneratorFunction(value) {
    return (
        typeof value === "function" && (descends(value, GeneratorFunction) || descends(value, AsyncGeneratorFunction))
    );
}

const NOT_A_CLASS_HEAD = /^(\s+[^(]*?)\s*{/;
const COMMENTS = /(\/\/.*?\n)|(\/\*(.|\n)*?\*\/)/g;

/** Whether a function was written as a class. */
export function isClass(value) {
    const source = sourceOf.call(value);
    if (!source.startsWith("class") || !source.endsWith("}")) {
        return false;
    }
    const body = source.slice(5, -1);
    const brace = body.indexOf("{");
    return brace !== -1 && (!body.slice(0, brace).includes("(") || NOT_A_CLASS_HEAD.test(body.replace(COMMENTS, "")));
}
