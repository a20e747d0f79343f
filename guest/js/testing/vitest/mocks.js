/**
 * Mocked modules. emu changes test files so that `vi.mock()` becomes `mock()`, comes first, and is followed by
 * `settle()`; modules that are mocked are replaced by stand-ins, which ask `mocked()` (src/bundle/mocks.rs).
 *
 * Invariant: a mock is made once, before any stand-in of it is evaluated.
 */

import { fn } from "@vitest/spy";

/** Mocks by number. */
const mocks = new Map();

/**
 * Declares a mock.
 *
 * @param {number} number
 * @param {string} specifier The module as the test file names it.
 * @param {() => Promise<object>} original Imports the module itself.
 * @param {((original: () => Promise<object>) => unknown) | {spy?: boolean} | undefined} factory
 */
export function mock(number, specifier, original, factory) {
    mocks.set(number, { specifier, original, factory, exports: undefined });
}

/** What a factory gives. It runs before its file, whose variables it may use only later. */
async function manufactured({ specifier, original, factory }) {
    try {
        return await factory(original);
    } catch (error) {
        if (error instanceof ReferenceError) {
            const why = "what the factory of `vi.mock()` uses at once must be made in it or by `vi.hoisted()`, for " +
                "it runs before the imports and variables of its file";
            error.message = `[vitest] There was an error when mocking "${specifier}": ${why}: ${error.message}`;
        }
        throw error;
    }
}

async function make(declared) {
    const { original, factory } = declared;
    if (typeof factory !== "function") {
        return automock(await original(), factory?.spy === true);
    }
    const exports = await manufactured(declared);
    if (typeof exports !== "object" || exports === null) {
        throw new TypeError("the factory of `vi.mock()` did not return an object: did you mean `{ default: … }`?");
    }
    return exports;
}

/** Makes what has been declared, in order. */
export async function settle() {
    for (const declared of mocks.values()) {
        declared.exports ??= await make(declared);
    }
}

function made(number) {
    const { specifier, exports } = mocks.get(number) ?? {};
    if (exports === undefined) {
        throw new Error(
            "a mocked module was imported before its mock was made: `vi.mock()` what other mocks import before them",
        );
    }
    return { specifier, exports };
}

/** An export of a mock. */
export function mocked(number, name) {
    const { specifier, exports } = made(number);
    return name in exports ? exports[name] : missing(specifier, name);
}

/** All exports of a mock, as a CommonJS module has them. */
export function exportsOf(number) {
    return { __esModule: true, ...made(number).exports };
}

/** Stands for an export that a mock does not have: whoever uses it is told so. */
function missing(specifier, name) {
    function refuse() {
        throw new Error(
            `[vitest] No "${name}" export is defined on the "${specifier}" mock. Did you forget to return it from ` +
                '"vi.mock"? To replace a part of the module only, begin with the module itself: ' +
                "`async (importOriginal) => ({ ...(await importOriginal()), … })`",
        );
    }
    return new Proxy(refuse, { get: refuse, set: refuse, has: refuse, apply: refuse, construct: refuse });
}

function isExtended(holder) {
    return typeof holder === "object" && holder !== null && holder !== Object.prototype;
}

function mockedFunction(original, isSpy, seen) {
    const made = isSpy ? fn(original) : fn();
    seen.set(original, made);
    copyMembers(original, made, isSpy, seen);
    // The methods of a class, with those that it inherits; its own win.
    const chain = [];
    for (let holder = original.prototype; isExtended(holder); holder = Object.getPrototypeOf(holder)) {
        chain.unshift(holder);
    }
    chain.forEach((holder) => copyMembers(holder, made.prototype, isSpy, seen));
    return made;
}

const OWN = new Set(["length", "name", "prototype", "constructor", "caller", "arguments"]);

function copyMembers(from, to, isSpy, seen) {
    for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(from))) {
        if (OWN.has(name)) {
            continue;
        }
        const value = "value" in descriptor ? descriptor.value : undefined;
        Object.defineProperty(to, name, {
            value: automock(value, isSpy, seen), writable: true, configurable: true, enumerable: descriptor.enumerable,
        });
    }
}

/**
 * A copy in which functions do nothing, or are watched, and arrays are empty.
 *
 * @param {unknown} original
 * @param {boolean} isSpy Functions do what they did, and are watched.
 */
export function automock(original, isSpy = false, seen = new Map()) {
    if (original instanceof Promise) {
        return original.then((module) => automock(module, isSpy));
    }
    if (seen.has(original)) {
        return seen.get(original);
    }
    if (typeof original === "function") {
        return mockedFunction(original, isSpy, seen);
    }
    if (Array.isArray(original)) {
        return isSpy ? original : [];
    }
    if (typeof original !== "object" || original === null) {
        return original;
    }
    const made = {};
    seen.set(original, made);
    // The exports of a module are behind getters.
    for (const name of Object.keys(original)) {
        made[name] = automock(original[name], isSpy, seen);
    }
    return made;
}
