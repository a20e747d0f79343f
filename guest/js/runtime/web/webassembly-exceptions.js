/**
 * Exceptions of WebAssembly: tags, what is thrown with them, and how nested code sees what JavaScript throws.
 *
 * Invariant: which tag an exception has is decided by identity.
 */

import { isObject } from "./webidl.js";

/** The types that JavaScript can carry. */
const TYPES = ["i32", "i64", "f32", "f64", "externref"];

/** Traps: errors that nested code does not catch. */
const traps = new WeakSet();

/** The types that a tag's exceptions carry; `undefined` for anything else. */
let typesOf;

/** `WebAssembly.Tag`. */
export class Tag {
    #types;

    constructor(type) {
        const where = "WebAssembly.Tag()";
        if (!isObject(type)) {
            throw new TypeError(`${where}: Argument 0 must be a tag type`);
        }
        if (!isObject(type.parameters)) {
            throw new TypeError(`${where}: Argument 0 must be a tag type with 'parameters'`);
        }
        this.#types = Array.from(type.parameters, (name, index) => {
            if (!TYPES.includes(`${name}`)) {
                throw new TypeError(`${where}: Argument 0 parameter type at index #${index} must be a value type`);
            }
            return `${name}`;
        });
    }

    static {
        typesOf = (tag) => (isObject(tag) && #types in tag ? tag.#types : undefined);
    }
}

/** The tag of all that JavaScript throws. */
export const JSTag = new Tag({ parameters: ["externref"] });

/** Whether a value is a tag. */
export function isTag(value) {
    return typesOf(value) !== undefined;
}

/** What a value has as a payload of a type. */
const converted = {
    i32: (value) => value | 0,
    i64: (value) => BigInt.asIntN(64, value),
    f32: Math.fround,
    f64: Number,
    externref: (value) => value,
};

/** Tag and payload of an exception; `undefined` for anything else. */
let partsOf;

/** `WebAssembly.Exception`. */
export class Exception {
    #tag;
    #payload;

    constructor(tag, payload, options) {
        const where = "WebAssembly.Exception()";
        const types = typesOf(tag);
        if (types === undefined) {
            throw new TypeError(`${where}: Argument 0 must be a WebAssembly tag`);
        }
        if (tag === JSTag) {
            throw new TypeError(`${where}: Argument 0 cannot be WebAssembly.JSTag`);
        }
        if (!isObject(payload)) {
            throw new TypeError(`${where}: Argument 1 must be iterable`);
        }
        const values = [...payload];
        if (values.length !== types.length) {
            throw new TypeError(`${where}: Number of exception values does not match signature length`);
        }
        this.#tag = tag;
        this.#payload = values.map((value, index) => converted[types[index]](value));
        if (options?.traceStack) {
            Object.defineProperty(this, "stack", { value: new Error().stack, writable: true, configurable: true });
        }
    }

    is(tag) {
        if (!isTag(tag)) {
            throw new TypeError("WebAssembly.Exception.is(): Argument 0 must be a WebAssembly tag");
        }
        return tag === this.#tag;
    }

    getArg(tag, index) {
        const where = "WebAssembly.Exception.getArg()";
        if (!isTag(tag)) {
            throw new TypeError(`${where}: Argument 0 must be a WebAssembly tag`);
        }
        if (tag !== this.#tag) {
            throw new TypeError(`${where}: First argument does not match the exception tag`);
        }
        const at = Number(index);
        if (!Number.isInteger(at) || at < 0 || at >= this.#payload.length) {
            throw new TypeError(`${where}: Index must be convertible to a valid number`);
        }
        return this.#payload[at];
    }

    static {
        partsOf = (thrown) =>
            isObject(thrown) && #tag in thrown ? { tag: thrown.#tag, payload: thrown.#payload } : undefined;
    }
}

/** Notes that an error is a trap, and gives it back. */
export function trap(error) {
    traps.add(error);
    return error;
}

/** What nested code throws with a tag. */
export function wasmException(tag, payload) {
    return tag === JSTag ? payload[0] : new Exception(tag, payload);
}

/**
 * What nested code gets when it catches.
 *
 * @param {unknown} thrown What is on its way.
 * @param {Tag | undefined} tag The tag that is caught; `undefined` for any.
 * @returns {unknown[] | undefined} The payload; `undefined` where it does not catch this.
 */
export function wasmCaught(thrown, tag) {
    if (isObject(thrown) && traps.has(thrown)) {
        return undefined;
    }
    if (tag === undefined) {
        return [];
    }
    const parts = partsOf(thrown);
    if (parts === undefined) {
        return tag === JSTag ? [thrown] : undefined;
    }
    return parts.tag === tag ? parts.payload : undefined;
}
