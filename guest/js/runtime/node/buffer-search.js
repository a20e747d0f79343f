/**
 * `indexOf` and `lastIndexOf` of `Buffer`.
 *
 * Invariant: reads only.
 */

import { encode, encodingName } from "./buffer-encodings.js";
import { invalidArgType, nodeError } from "./errors.js";

function needleOf(value, encoding) {
    if (typeof value === "string") {
        const name = encoding === undefined ? "utf8" : encodingName(encoding);
        if (name === undefined) {
            throw nodeError(TypeError, "ERR_UNKNOWN_ENCODING", `Unknown encoding: ${encoding}`);
        }
        return { bytes: new Uint8Array(encode(value, name)), step: name === "utf16le" ? 2 : 1 };
    }
    if (value instanceof Uint8Array) {
        return { bytes: value, step: encodingName(encoding) === "utf16le" ? 2 : 1 };
    }
    if (typeof value === "number") {
        return { bytes: new Uint8Array([value & 0xff]), step: 1 };
    }
    throw invalidArgType("value", ["number", "string", "Buffer", "Uint8Array"], value);
}

function matchesAt(bytes, needle, at) {
    for (let offset = 1; offset < needle.length; offset++) {
        if (bytes[at + offset] !== needle[offset]) {
            return false;
        }
    }
    return true;
}

function startOf(byteOffset, length, fallback) {
    if (byteOffset === undefined) {
        return fallback;
    }
    const offset = Math.trunc(+byteOffset);
    if (Number.isNaN(offset)) {
        return fallback;
    }
    return offset < 0 ? offset + length : offset;
}

/** Where `value` is first found from `byteOffset` on, or -1. */
export function indexOf(bytes, value, byteOffset, encoding) {
    if (typeof byteOffset === "string") {
        [byteOffset, encoding] = [undefined, byteOffset];
    }
    const { bytes: needle, step } = needleOf(value, encoding);
    const start = Math.max(0, startOf(byteOffset, bytes.length, 0));
    if (needle.length === 0) {
        return Math.min(start, bytes.length);
    }
    const find = Uint8Array.prototype.indexOf;
    for (let at = find.call(bytes, needle[0], start); at !== -1; at = find.call(bytes, needle[0], at + 1)) {
        if (at + needle.length > bytes.length) {
            return -1;
        }
        if ((at - start) % step === 0 && matchesAt(bytes, needle, at)) {
            return at;
        }
    }
    return -1;
}

/** Where `value` is last found up to `byteOffset`, or -1. */
export function lastIndexOf(bytes, value, byteOffset, encoding) {
    if (typeof byteOffset === "string") {
        [byteOffset, encoding] = [undefined, byteOffset];
    }
    const { bytes: needle, step } = needleOf(value, encoding);
    let start = startOf(byteOffset, bytes.length, bytes.length);
    if (start < 0) {
        return -1;
    }
    if (needle.length === 0) {
        return Math.min(start, bytes.length);
    }
    start = Math.min(start, bytes.length - needle.length);
    for (let at = start; at >= 0; at -= step) {
        if (bytes[at] === needle[0] && matchesAt(bytes, needle, at)) {
            return at;
        }
    }
    return -1;
}
