/**
 * `isDeepStrictEqual` and the comparison of `assert.deepEqual`.
 *
 * Invariant: reads only; ends on cyclic values.
 */

import { classOf, isError, typedArrayName } from "../console/kinds.js";

function enumerableKeys(value, strict) {
    const keys = Object.keys(value);
    if (!strict) {
        return keys;
    }
    const symbols = Object.getOwnPropertySymbols(value);
    return keys.concat(symbols.filter((symbol) => Object.prototype.propertyIsEnumerable.call(value, symbol)));
}

function samePrimitive(a, b, strict) {
    return strict ? Object.is(a, b) : a == b || (a !== a && b !== b); // eslint-disable-line eqeqeq
}

function isObject(value) {
    return value !== null && (typeof value === "object" || typeof value === "function");
}

function sameBytes(a, b) {
    if (a.byteLength !== b.byteLength) {
        return false;
    }
    const [left, right] = [a, b].map((view) =>
        ArrayBuffer.isView(view) ? new Uint8Array(view.buffer, view.byteOffset, view.byteLength) : new Uint8Array(view),
    );
    return left.every((byte, at) => byte === right[at]);
}

function sameNumbers(a, b, strict) {
    return a.length === b.length && a.every((value, at) => (strict ? Object.is(value, b[at]) : value === b[at]));
}

function findEqual(candidates, value, compare) {
    for (const candidate of candidates) {
        if (compare(value, candidate)) {
            return candidate;
        }
    }
    return undefined;
}

function sameSet(a, b, compare, strict) {
    if (a.size !== b.size) {
        return false;
    }
    const unmatched = new Set();
    for (const item of b) {
        if (!a.has(item)) {
            unmatched.add(item);
        }
    }
    for (const item of a) {
        if (b.has(item)) {
            continue;
        }
        if (strict && !isObject(item)) {
            return false;
        }
        const found = [...unmatched].find((other) => compare(item, other));
        if (found === undefined && !unmatched.has(undefined)) {
            return false;
        }
        unmatched.delete(found);
    }
    return unmatched.size === 0;
}

function sameMap(a, b, compare, strict) {
    if (a.size !== b.size) {
        return false;
    }
    const unmatched = new Map([...b].filter(([key]) => !a.has(key)));
    for (const [key, value] of a) {
        if (b.has(key)) {
            if (!compare(value, b.get(key))) {
                return false;
            }
            continue;
        }
        if (strict && !isObject(key)) {
            return false;
        }
        const found = findEqual(unmatched, [key, value], ([k, v], [k2, v2]) => compare(k, k2) && compare(v, v2));
        if (found === undefined) {
            return false;
        }
        unmatched.delete(found[0]);
    }
    return true;
}

const UNBOX = {
    __proto__: null,
    Number: Number.prototype.valueOf,
    String: String.prototype.valueOf,
    Boolean: Boolean.prototype.valueOf,
    BigInt: BigInt.prototype.valueOf,
    Symbol: Symbol.prototype.valueOf,
};

/** What a class keeps beside its properties: dates, patterns, boxed primitives, bytes, errors. */
function sameInternals(a, b, type, strict) {
    switch (type) {
        case "Date":
            return Object.is(Date.prototype.getTime.call(a), Date.prototype.getTime.call(b));
        case "RegExp":
            return a.source === b.source && a.flags === b.flags && a.lastIndex === b.lastIndex;
        case "ArrayBuffer":
        case "SharedArrayBuffer":
        case "DataView":
            return sameBytes(a, b);
        case "Promise":
        case "WeakMap":
        case "WeakSet":
            return a === b;
        default:
            break;
    }
    if (type in UNBOX) {
        return Object.is(Reflect.apply(UNBOX[type], a, []), Reflect.apply(UNBOX[type], b, []));
    }
    if (isError(a)) {
        return a.message === b.message && a.name === b.name && isError(b);
    }
    if (typedArrayName(a) !== undefined) {
        return sameNumbers(a, b, strict);
    }
    return typeof a !== "function" || a === b;
}

class Comparison {
    #strict;
    #left = [];
    #right = [];

    constructor(strict) {
        this.#strict = strict;
    }

    equal = (a, b) => {
        if (a === b) {
            return a !== 0 || !this.#strict || Object.is(a, b);
        }
        if (!isObject(a) || !isObject(b)) {
            return !isObject(a) && !isObject(b) && samePrimitive(a, b, this.#strict);
        }
        if (this.#strict && Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) {
            return false;
        }
        const type = classOf(a);
        if (type !== classOf(b) || typedArrayName(a) !== typedArrayName(b) || Array.isArray(a) !== Array.isArray(b)) {
            return false;
        }
        if (Array.isArray(a) && a.length !== b.length) {
            return false;
        }
        return sameInternals(a, b, type, this.#strict) && this.#sameContent(a, b, type);
    };

    #sameContent(a, b, type) {
        const seen = this.#left.indexOf(a);
        if (seen !== -1 && this.#right[seen] === b) {
            return true;
        }
        this.#left.push(a);
        this.#right.push(b);
        const result = this.#sameKeys(a, b) && this.#sameMembers(a, b, type);
        this.#left.pop();
        this.#right.pop();
        return result;
    }

    #sameMembers(a, b, type) {
        if (type === "Set") {
            return sameSet(a, b, this.equal, this.#strict);
        }
        return type !== "Map" || sameMap(a, b, this.equal, this.#strict);
    }

    #sameKeys(a, b) {
        if (typedArrayName(a) !== undefined && !this.#strict) {
            return true;
        }
        const keys = enumerableKeys(a, this.#strict);
        if (isError(a)) {
            for (const key of ["cause", "errors"]) {
                if (Object.hasOwn(a, key) !== Object.hasOwn(b, key) || !this.equal(a[key], b[key])) {
                    return false;
                }
            }
        }
        if (keys.length !== enumerableKeys(b, this.#strict).length) {
            return false;
        }
        return keys.every((key) => Object.prototype.propertyIsEnumerable.call(b, key) && this.equal(a[key], b[key]));
    }
}

/** Whether two values are equal in all that can be seen of them. */
export function isDeepStrictEqual(a, b) {
    return new Comparison(true).equal(a, b);
}

/** The same with `==` for primitives and without prototypes. */
export function isDeepLooseEqual(a, b) {
    return new Comparison(false).equal(a, b);
}
