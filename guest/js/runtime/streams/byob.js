/**
 * Reading into buffers: the platform's texts where it is used wrongly, and `readAtLeast()`.
 *
 * Invariant: to be evaluated before the checks of readers in `standard.js`, which come before these.
 */

import { bytesOf, parameterError } from "../web/webidl.js";
import { takesBytes } from "./internals.js";
import { ReadableStreamBYOBReader, ReadableStreamBYOBRequest } from "./library.js";
import { precheck } from "./precheck.js";

const EMPTY_VIEW = "You must call read() on a \"byob\" reader with a positive-sized TypedArray object.";
const NO_BYTES = "The bytesWritten must be more than zero while the stream is open.";
const WRONG_LENGTH = "The underlying ArrayBuffer is not the correct length.";

function requireMinimum(wanted, view) {
    if (!(wanted >= 1)) {
        throw new TypeError(`Requested invalid minimum number of bytes to read (${wanted}).`);
    }
    if (wanted > view.byteLength) {
        throw new TypeError(`Minimum bytes to read (${wanted}) exceeds size of buffer (${view.byteLength}).`);
    }
}

precheck(ReadableStreamBYOBReader, true, {
    read(view, options) {
        if (!ArrayBuffer.isView(view)) {
            throw parameterError("read", "ReadableStreamBYOBReader", 1, "ArrayBufferView");
        }
        if (view.byteLength === 0) {
            throw new TypeError(EMPTY_VIEW);
        }
        const min = options?.min;
        if (min !== undefined) {
            requireMinimum(Number(min), view);
        }
    },
});

precheck(ReadableStreamBYOBRequest, false, {
    respond(bytesWritten) {
        const { view } = this;
        const count = Math.trunc(Number(bytesWritten)) || 0;
        if (takesBytes(this) && count <= 0) {
            throw new TypeError(NO_BYTES);
        }
        if (view !== null && count > view.byteLength) {
            throw new RangeError(`Too many bytes [${count}] in response to a BYOB read request.`);
        }
    },
    respondWithNewView(given) {
        const bytes = bytesOf(given);
        if (bytes === undefined) {
            throw parameterError("respondWithNewView", "ReadableStreamBYOBRequest", 1, "BufferSource");
        }
        const { view } = this;
        if (view !== null && bytes.buffer.byteLength !== view.buffer.byteLength) {
            throw new RangeError(WRONG_LENGTH);
        }
    },
});

/** Reads into `view` until at least `min` bytes are there or the stream ends. Beyond the standard. */
async function readAtLeast(min, view) {
    const wanted = Number(min);
    if (!ArrayBuffer.isView(view)) {
        throw parameterError("readAtLeast", "ReadableStreamBYOBReader", 2, "ArrayBufferView");
    }
    requireMinimum(wanted, view);
    const { byteOffset, byteLength } = view;
    let target = new Uint8Array(view.buffer, byteOffset, byteLength);
    let filled = 0;
    for (;;) {
        const { done, value } = await this.read(target);
        if (value === undefined || (done && filled === 0)) {
            return { done, value };
        }
        filled += value.byteLength;
        if (done || filled >= wanted) {
            return { done: false, value: new Uint8Array(value.buffer, byteOffset, filled) };
        }
        target = new Uint8Array(value.buffer, byteOffset + filled, byteLength - filled);
    }
}

Object.defineProperty(ReadableStreamBYOBReader.prototype, "readAtLeast", {
    value: readAtLeast,
    writable: true,
    enumerable: true,
    configurable: true,
});
