/**
 * `structuredClone()`.
 *
 * Invariant: the worker's objects are read as the standard says; nothing is detached unless the copy succeeded.
 */

import { host } from "../host.js";
import { blobFrom, bytesOfBlob } from "./blob.js";
import { DOMException, isDOMException } from "./dom-exception.js";
import { allInterfaces, fieldError, interfaceOf, isBuffer, isObject, parameterError } from "./webidl.js";

const SCOPE = "ServiceWorkerGlobalScope";

/** How to copy an object of an interface, by the interface's name. */
const copiers = new Map([
    ["Blob", (blob) => blobFrom(bytesOfBlob(blob), blob.type)],
    ["DOMException", copyDOMException],
]);

/** Interfaces that tell in words of their own why they cannot be copied. */
const refusals = new Map([
    ["AbortSignal", "AbortSignal serialization is not enabled."],
    ["ReadableStream", "ReadableStream can only be serialized for RPC."],
    ["WritableStream", "WritableStream can only be serialized for RPC."],
]);

/**
 * Lets objects of an interface be copied.
 *
 * @param {string} name The interface's name.
 * @param {(object: object) => object} copy Makes a copy.
 */
export function provideCopier(name, copy) {
    copiers.set(name, copy);
}

/**
 * Tells the host which objects its serialisation must refuse. Called once, when all interfaces are defined.
 */
export function declareInterfaces() {
    // To the engine a `DOMException` is an error, and errors can be serialised.
    const refused = [...allInterfaces()].filter(([, name]) => name !== "DOMException");
    host.platformClasses(refused.flatMap(([prototype, name]) => [prototype, refusals.get(name)]));
}

function refuse(message) {
    return new DOMException(message, "DataCloneError");
}

function copyDOMException(error) {
    const copy = new DOMException(error.message, error.name);
    copy.stack = error.stack;
    return copy;
}

const ERRORS = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };

const errorPrototypes = Object.values(ERRORS).map((constructor) => constructor.prototype);

/** The standard error that a class of errors descends from. */
function baseOf(error) {
    for (let p = Object.getPrototypeOf(error); p !== null; p = Object.getPrototypeOf(p)) {
        const at = errorPrototypes.indexOf(p);
        if (at !== -1) {
            return errorPrototypes[at].constructor;
        }
    }
    return Error;
}

const BOXES = {
    Boolean: Boolean.prototype.valueOf,
    Number: Number.prototype.valueOf,
    String: String.prototype.valueOf,
    BigInt: BigInt.prototype.valueOf,
};

/** One call: the copies that exist already, so that the copy has the shape of the original, cycles included. */
class Cloning {
    #copies = new Map();

    clone(value) {
        if (typeof value === "function" || typeof value === "symbol") {
            throw refuse(`${describe(value)} could not be cloned.`);
        }
        if (!isObject(value)) {
            return value;
        }
        const known = this.#copies.get(value);
        return known === undefined ? this.#cloneObject(value) : known;
    }

    #keep(value, copy) {
        this.#copies.set(value, copy);
        return copy;
    }

    #cloneObject(value) {
        const kind = host.classOf(value);
        if (kind !== "Proxy") {
            const name = interfaceOf(value);
            if (name !== undefined) {
                return this.#keep(value, copyPlatformObject(value, name));
            }
        }
        switch (kind) {
            case "Object":
            case "Arguments":
                return this.#cloneMembers(value, this.#keep(value, {}));
            case "Array":
                return this.#cloneMembers(value, this.#keep(value, new Array(value.length)));
            case "Date":
                return this.#keep(value, new Date(Date.prototype.getTime.call(value)));
            case "RegExp":
                return this.#keep(value, new RegExp(value.source, value.flags));
            case "Map":
                return this.#cloneMap(value);
            case "Set":
                return this.#cloneSet(value);
            case "Error":
                return this.#cloneError(value);
            case "Boolean":
            case "Number":
            case "String":
            case "BigInt":
                return this.#keep(value, Object(BOXES[kind].call(value)));
            default:
                return this.#cloneBytes(value);
        }
    }

    #cloneMembers(value, copy) {
        for (const key of Object.keys(value)) {
            // A member that another one's getter removed is gone.
            if (Object.hasOwn(value, key)) {
                Object.defineProperty(copy, key, {
                    value: this.clone(value[key]),
                    writable: true,
                    enumerable: true,
                    configurable: true,
                });
            }
        }
        return copy;
    }

    #cloneMap(value) {
        const copy = this.#keep(value, new Map());
        for (const [key, item] of [...Map.prototype.entries.call(value)]) {
            copy.set(this.clone(key), this.clone(item));
        }
        return copy;
    }

    #cloneSet(value) {
        const copy = this.#keep(value, new Set());
        for (const item of [...Set.prototype.values.call(value)]) {
            copy.add(this.clone(item));
        }
        return copy;
    }

    #cloneError(value) {
        const constructor = baseOf(value);
        const copy = this.#keep(value, new constructor());
        const define = (key, item) => {
            Object.defineProperty(copy, key, { value: item, writable: true, configurable: true });
        };
        const { name, message, stack } = value;
        if (name !== undefined && name !== copy.name) {
            define("name", `${name}`);
        }
        if (message !== undefined && message !== "") {
            define("message", `${message}`);
        }
        if (stack !== undefined) {
            define("stack", `${stack}`);
        }
        if (Object.hasOwn(value, "cause")) {
            define("cause", this.clone(value.cause));
        }
        return copy;
    }

    /** Buffers and views; whatever else there is cannot be copied. */
    #cloneBytes(value) {
        if (ArrayBuffer.isView(value)) {
            return this.#cloneView(value);
        }
        if (!isBuffer(value)) {
            throw refuse(`${describe(value)} could not be cloned.`);
        }
        if (value.detached) {
            throw refuse("An ArrayBuffer is detached and could not be cloned.");
        }
        if (value.resizable) {
            const copy = new ArrayBuffer(value.byteLength, { maxByteLength: value.maxByteLength });
            new Uint8Array(copy).set(new Uint8Array(value));
            return this.#keep(value, copy);
        }
        return this.#keep(value, value.slice(0));
    }

    #cloneView(view) {
        const buffer = this.clone(view.buffer);
        const constructor = view instanceof DataView ? DataView : typedArrays.get(typedArrayName(view));
        const length = view instanceof DataView ? view.byteLength : view.length;
        return this.#keep(view, new constructor(buffer, view.byteOffset, length));
    }
}

const TypedArray = Object.getPrototypeOf(Uint8Array);
const nameGetter = Object.getOwnPropertyDescriptor(TypedArray.prototype, Symbol.toStringTag).get;

function typedArrayName(view) {
    return Reflect.apply(nameGetter, view, []);
}

const typedArrays = new Map(
    Reflect.ownKeys(globalThis)
        .map((key) => Object.getOwnPropertyDescriptor(globalThis, key).value)
        .filter((value) => typeof value === "function" && Object.getPrototypeOf(value) === TypedArray)
        .map((constructor) => [constructor.name, constructor]),
);

function copyPlatformObject(value, name) {
    const copy = copiers.get(name);
    if (copy === undefined) {
        const usual = `Could not serialize object of type "${name}". This type does not support serialization.`;
        throw refuse(refusals.get(name) ?? usual);
    }
    return copy(value);
}

/** How the platform's text calls what it cannot copy. */
function describe(value) {
    if (typeof value === "function" || typeof value === "symbol") {
        return String(value);
    }
    const kind = host.classOf(value);
    if (kind === "Proxy") {
        return "#<Object>";
    }
    return kind === "Generator" ? "[object Generator]" : `#<${kind}>`;
}

/** The host copies faster, but refuses objects of the platform and keeps less of errors; both are rare. */
function copyOf(value) {
    if (!(value instanceof Error)) {
        try {
            return host.cloneValue(value);
        } catch (error) {
            if (!isDOMException(error) || error.name !== "DataCloneError") {
                throw error;
            }
        }
    }
    return new Cloning().clone(value);
}

/** The buffers to transfer: each once. */
function transferList(options) {
    if (options === undefined || options === null) {
        return [];
    }
    if (!isObject(options)) {
        throw parameterError("structuredClone", SCOPE, 2, "StructuredCloneOptions");
    }
    const { transfer } = options;
    if (transfer === undefined) {
        return [];
    }
    if (!Array.isArray(transfer)) {
        throw fieldError("transfer", "StructuredCloneOptions", "Array");
    }
    const buffers = [...new Set(transfer)];
    if (!buffers.every((buffer) => isObject(buffer) && host.classOf(buffer) === "ArrayBuffer")) {
        throw new TypeError("Object is not transferable");
    }
    return buffers;
}

/**
 * A deep copy.
 *
 * @param {unknown} value What to copy.
 * @param {{transfer?: ArrayBuffer[]}} [options] Buffers that the copy gets and the original loses.
 * @throws {DOMException} `DataCloneError`, for what cannot be copied.
 */
export function structuredClone(value, options = undefined) {
    if (arguments.length === 0) {
        throw parameterError("structuredClone", SCOPE, 1, "Value");
    }
    const transferred = transferList(options);
    const copy = copyOf(value);
    for (const buffer of transferred) {
        host.detach(buffer);
    }
    return copy;
}
