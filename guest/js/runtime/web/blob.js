/**
 * `Blob` and `File`: immutable bytes with a type.
 *
 * The bytes of a blob are one array; a slice shares them. Reading gives copies.
 *
 * Invariant: the bytes never change once the blob exists; streams come from what `provideStreams()` gave.
 */

import { host } from "../host.js";
import { requireHandler } from "../scope.js";
import {
    bytesOf, clampedLongLong, constructorError, defineInterface, illegalInvocation, isObject, longLong, usv,
} from "./webidl.js";

/** Given by `streams/`. */
let streamOf;

/**
 * Sets how a blob becomes a stream.
 *
 * @param {(bytes: Uint8Array) => ReadableStream} stream A byte stream over bytes that it must not change or give away.
 */
export function provideStreams(stream) {
    streamOf = stream;
}

const NO_BYTES = new Uint8Array(0);

/** The bytes of one part of a blob; strings become UTF-8. */
function partBytes(part) {
    if (typeof part === "string") {
        return new Uint8Array(host.utf8Encode(part));
    }
    if (isObject(part)) {
        if (isBlob(part)) {
            return blobBytes(part);
        }
        const bytes = bytesOf(part);
        if (bytes !== undefined) {
            return bytes;
        }
    }
    return new Uint8Array(host.utf8Encode(`${part}`));
}

function join(parts) {
    if (parts.length === 0) {
        return NO_BYTES;
    }
    const chunks = [];
    let length = 0;
    for (const part of parts) {
        const bytes = partBytes(part);
        chunks.push(bytes);
        length += bytes.length;
    }
    const joined = new Uint8Array(length);
    let at = 0;
    for (const chunk of chunks) {
        joined.set(chunk, at);
        at += chunk.length;
    }
    return joined;
}

/** The type in lower case; empty when it has characters that no type has. */
function normalizeType(type) {
    const text = `${type}`;
    return /^[\x20-\x7e]*$/u.test(text) ? text.toLowerCase() : "";
}

let blobBytes;
let isBlob;
let createBlob;

/** In place of the parts: what follows are bytes that nobody else has, and a normalized type. */
const OWNED = {};

/** https://w3c.github.io/FileAPI/#blob */
export class Blob {
    /** @type {Uint8Array} */
    #bytes = NO_BYTES;
    #type = "";

    /**
     * @param {Array<string | BufferSource | Blob>} [parts] What the blob consists of.
     * @param {{type?: string}} [options] Its type.
     */
    constructor(parts = undefined, options = undefined) {
        if (parts === OWNED) {
            this.#bytes = options.bytes;
            this.#type = options.type;
            return;
        }
        if (parts !== undefined) {
            if (!Array.isArray(parts)) {
                throw constructorError(new.target.name, 1, "Array");
            }
            this.#bytes = join(parts);
        }
        if (options !== undefined && options !== null) {
            if (!isObject(options)) {
                throw constructorError(new.target.name, 2, "Options");
            }
            if (options.endings !== undefined) {
                throw new Error("The 'endings' field on 'Options' is not implemented.");
            }
            if (options.type !== undefined) {
                this.#type = normalizeType(options.type);
            }
        }
    }

    static {
        blobBytes = (blob) => blob.#bytes;
        isBlob = (value) => typeof value === "object" && value !== null && #bytes in value;
        createBlob = (bytes, type) => new Blob(OWNED, { bytes, type });
    }

    /** Bytes. */
    get size() {
        if (!(#bytes in this)) {
            throw illegalInvocation();
        }
        return this.#bytes.length;
    }

    get type() {
        if (!(#type in this)) {
            throw illegalInvocation();
        }
        return this.#type;
    }

    /**
     * A part of the blob, which shares its bytes.
     *
     * @param {number} [start] From the end when negative.
     * @param {number} [end] From the end when negative.
     * @param {string} [type] The part's type; it does not inherit the blob's.
     */
    slice(start = 0, end = undefined, type = "") {
        if (!(#bytes in this)) {
            throw illegalInvocation();
        }
        const from = clampedLongLong(start);
        const to = end === undefined ? this.#bytes.length : clampedLongLong(end);
        return createBlob(this.#bytes.subarray(from, to), normalizeType(type));
    }

    async arrayBuffer() {
        return this.#copy().buffer;
    }

    async bytes() {
        return this.#copy();
    }

    async text() {
        if (!(#bytes in this)) {
            throw illegalInvocation();
        }
        const text = host.utf8Decode(this.#bytes);
        return text.charCodeAt(0) === 0xfe_ff ? text.slice(1) : text;
    }

    #copy() {
        if (!(#bytes in this)) {
            throw illegalInvocation();
        }
        return new Uint8Array(this.#bytes);
    }

    stream() {
        if (!(#bytes in this)) {
            throw illegalInvocation();
        }
        requireHandler();
        return streamOf(this.#bytes);
    }
}

defineInterface(Blob);

/** https://w3c.github.io/FileAPI/#file-section */
export class File extends Blob {
    #name;
    #lastModified;

    /**
     * @param {Array<string | BufferSource | Blob>} parts What the file consists of.
     * @param {string} name Its name.
     * @param {{type?: string, lastModified?: number}} [options] Its type, and milliseconds since 1970.
     */
    constructor(parts, name, options = undefined) {
        if (arguments.length < 2) {
            throw constructorError("File", 2, "string");
        }
        name = usv(name);
        super(parts, options);
        this.#name = name;
        const lastModified = options?.lastModified;
        this.#lastModified = lastModified === undefined ? Date.now() : longLong(lastModified);
    }

    get name() {
        if (!(#name in this)) {
            throw illegalInvocation();
        }
        return this.#name;
    }

    /** Milliseconds since 1970. */
    get lastModified() {
        if (!(#lastModified in this)) {
            throw illegalInvocation();
        }
        return this.#lastModified;
    }
}

defineInterface(File);

/**
 * A file of bytes that are not copied.
 *
 * @param {Uint8Array} bytes Bytes that nobody changes from here on.
 * @param {string} name Its name.
 * @param {string} type Its type, in lower case.
 * @param {number} [lastModified] Milliseconds since 1970; now, if it is left out.
 */
export function fileFrom(bytes, name, type, lastModified = undefined) {
    return new File(OWNED, name, { bytes, type, lastModified });
}

/** Whether a value is a `Blob`, a `File` included. */
export function isBlobLike(value) {
    return isBlob(value);
}

/** The bytes of a blob, not copied: the caller must neither change them nor give them away. */
export function bytesOfBlob(blob) {
    return blobBytes(blob);
}

/**
 * A blob of bytes that are not copied.
 *
 * @param {Uint8Array} bytes Bytes that nobody changes from here on.
 * @param {string} type Its type, in lower case.
 */
export function blobFrom(bytes, type) {
    return createBlob(bytes, type);
}
