/**
 * What Web IDL asks of every interface: conversions of arguments, the platform's texts for wrong ones, and the shape of
 * prototypes.
 *
 * Invariant: knows no interface.
 */

/** The names of the interfaces, by prototype. */
const interfaces = new Map();

const ILLEGAL_INVOCATION =
    "Illegal invocation: function called with incorrect `this` reference. " +
    "See https://developers.cloudflare.com/workers/observability/errors/#illegal-invocation-errors for details.";

/** The error for a method or accessor that is called on something else than its interface. */
export function illegalInvocation() {
    return new TypeError(ILLEGAL_INVOCATION);
}

/** The error for `new X()` where scripts cannot construct an `X`. */
export function illegalConstructor() {
    return new TypeError("Illegal constructor");
}

/** The error for a parameter of a method; `index` counts from 1. */
export function parameterError(method, owner, index, type) {
    return new TypeError(`Failed to execute '${method}' on '${owner}': parameter ${index} is not of type '${type}'.`);
}

/** The error for a parameter of a constructor; `index` counts from 1. */
export function constructorError(owner, index, type) {
    return new TypeError(`Failed to construct '${owner}': constructor parameter ${index} is not of type '${type}'.`);
}

/** The error for a member of a dictionary. */
export function fieldError(field, dictionary, type) {
    return new TypeError(
        `Incorrect type for the '${field}' field on '${dictionary}': the provided value is not of type '${type}'.`,
    );
}

/** Whether a value is an object in the sense of the language: an object or a function. */
export function isObject(value) {
    return typeof value === "object" ? value !== null : typeof value === "function";
}

/**
 * `USVString`: a string in which surrogates that stand alone are replaced.
 *
 * @throws {TypeError} For symbols, as any conversion to a string.
 */
export function usv(value) {
    return (typeof value === "string" ? value : `${value}`).toWellFormed();
}

/** `ByteString`, but for the check that the characters are bytes: that is the caller's. */
export function string(value) {
    return typeof value === "string" ? value : `${value}`;
}

/**
 * Views a `BufferSource` as bytes, without copying.
 *
 * @returns {Uint8Array | undefined} `undefined` when it is none.
 */
export function bytesOf(source) {
    if (source instanceof Uint8Array) {
        return source;
    }
    if (ArrayBuffer.isView(source)) {
        return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
    }
    if (isBuffer(source)) {
        return new Uint8Array(source);
    }
    return undefined;
}

const byteLength = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "byteLength").get;
const sharedLength =
    globalThis.SharedArrayBuffer &&
    Object.getOwnPropertyDescriptor(globalThis.SharedArrayBuffer.prototype, "byteLength").get;

function hasSlot(getter, value) {
    try {
        Reflect.apply(getter, value, []);
        return true;
    } catch {
        return false;
    }
}

/** Whether a value is an `ArrayBuffer` or `SharedArrayBuffer`, whatever realm and prototype it has. */
export function isBuffer(value) {
    if (value instanceof ArrayBuffer) {
        return hasSlot(byteLength, value);
    }
    if (typeof value !== "object" || value === null) {
        return false;
    }
    return hasSlot(byteLength, value) || (sharedLength !== undefined && hasSlot(sharedLength, value));
}

/** `[EnforceRange]`-less `long long`: truncates, wraps nothing that fits; NaN and infinities are 0. */
export function longLong(value) {
    const number = Math.trunc(Number(value));
    return Number.isFinite(number) ? number : 0;
}

/** `[Clamp] long long`, as `Blob.slice()` wants it. */
export function clampedLongLong(value) {
    const number = Number(value);
    if (Number.isNaN(number)) {
        return 0;
    }
    return Math.trunc(Math.min(Math.max(number, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER));
}

/**
 * Gives a class the shape of an interface: members are enumerable, `Object.prototype.toString` tells its name.
 *
 * @param {Function} constructor The class.
 * @param {{name?: string, constants?: Record<string, number>}} [options] The interface's name, if it is not the
 *     class's; constants, which appear on the class and on its prototype.
 */
export function defineInterface(constructor, { name = bareName(constructor), constants = {} } = {}) {
    const { prototype } = constructor;
    Object.defineProperty(constructor, "name", { value: name, configurable: true });
    // As on the platform, constructors do not tell how many parameters they have.
    Object.defineProperty(constructor, "length", { value: 0, configurable: true });
    for (const target of [prototype, constructor]) {
        for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(target))) {
            if (key !== "constructor" && key !== "prototype" && key !== "name" && key !== "length") {
                Object.defineProperty(target, key, { ...descriptor, enumerable: true });
            }
        }
        for (const [key, value] of Object.entries(constants)) {
            Object.defineProperty(target, key, { value, enumerable: true });
        }
    }
    Object.defineProperty(prototype, Symbol.toStringTag, { value: name, configurable: true });
    interfaces.set(prototype, name);
}

/** Says that a class that a library brings is an interface of the platform. */
export function adoptInterface(constructor) {
    interfaces.set(constructor.prototype, bareName(constructor));
}

/**
 * The interface of an object of the platform, of the class nearest to it.
 *
 * @param {object} object Any object but a proxy.
 * @returns {string | undefined} The interface's name; `undefined` for objects of the worker's own and of the language.
 */
export function interfaceOf(object) {
    let at = Object.getPrototypeOf(object);
    while (at !== null && at !== Object.prototype) {
        const name = interfaces.get(at);
        if (name !== undefined) {
            return name;
        }
        at = Object.getPrototypeOf(at);
    }
    return undefined;
}

/** Symbols under which objects of the platform keep what nobody is to see. */
const hidden = new Set();

/** Says that properties under these symbols are not to be shown. */
export function hideSymbols(symbols) {
    for (const symbol of symbols) {
        hidden.add(symbol);
    }
}

/** Whether a property under a symbol is to be shown. */
export function isShown(symbol) {
    return !hidden.has(symbol);
}

/** All interfaces: prototypes and their names. */
export function allInterfaces() {
    return interfaces.entries();
}

/** A function's name without what the bundler adds to names that are those of globals too. */
function bareName(fn) {
    return fn.name.replace(/\$\d+$/u, "");
}

/** Puts values on the global object as Web IDL puts interfaces: writable, configurable, not enumerable. */
export function defineGlobals(global, values) {
    for (const [key, value] of Object.entries(values)) {
        if (typeof value === "function" && value.name !== key && bareName(value) === key) {
            Object.defineProperty(value, "name", { value: key, configurable: true });
        }
        Object.defineProperty(global, key, { value, writable: true, configurable: true });
    }
}

const arrayIteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));

/**
 * Makes an iterator class of a pair iterable; as on the platform, one for entries, one for keys and one for values.
 *
 * @param {string} name What `Object.prototype.toString` tells.
 * @param {(source: object, index: number) => unknown} read The item at `index`; `undefined` after the last one.
 * @returns {new (source: object) => Iterator<unknown>} The class.
 */
export function pairIterator(name, read) {
    class PairIterator {
        #source;
        #index = 0;

        constructor(source) {
            this.#source = source;
        }

        next() {
            if (!(#source in this)) {
                throw illegalInvocation();
            }
            const value = this.#source === undefined ? undefined : read(this.#source, this.#index);
            if (value === undefined) {
                this.#source = undefined;
                return { value: undefined, done: true };
            }
            this.#index += 1;
            return { value, done: false };
        }
    }
    Object.setPrototypeOf(PairIterator.prototype, arrayIteratorPrototype);
    delete PairIterator.prototype.constructor;
    defineInterface(PairIterator, { name });
    return PairIterator;
}
