/**
 * The controllers of streams: the platform's texts where they are used wrongly.
 *
 * Invariant: changes what is thrown, and takes a buffer where the platform takes one.
 */

import { bytesOf, parameterError } from "../web/webidl.js";
import { readableControllerOf, takesChunks } from "./internals.js";
import {
    ReadableByteStreamController, ReadableStreamDefaultController, TransformStreamDefaultController,
} from "./library.js";
import { precheck } from "./precheck.js";

const CLOSED = "This ReadableStream is closed.";
const NO_ENQUEUE = "Unable to enqueue";
const BYTES_CLOSED = "This ReadableByteStreamController is closed.";
const EMPTY_CHUNK = "Cannot enqueue a zero-length ArrayBuffer.";
const NOT_READABLE = "The readable side of this TransformStream is no longer readable.";

/** What is no controller is the library's to refuse. */
function requireOpen() {
    if (takesChunks(this) === false) {
        throw new TypeError(CLOSED);
    }
}

precheck(ReadableStreamDefaultController, false, {
    close: requireOpen,
    enqueue() {
        if (takesChunks(this) === false) {
            throw new TypeError(NO_ENQUEUE);
        }
    },
});

precheck(TransformStreamDefaultController, false, {
    enqueue() {
        const controller = readableControllerOf(this);
        if (controller !== undefined && !takesChunks(controller)) {
            throw new TypeError(NOT_READABLE);
        }
    },
});

precheck(ReadableByteStreamController, false, { close: requireOpen });

const { enqueue: enqueueView } = ReadableByteStreamController.prototype;

Object.defineProperty(ReadableByteStreamController.prototype, "enqueue", {
    value: {
        enqueue(chunk) {
            const bytes = bytesOf(chunk);
            if (bytes === undefined) {
                throw parameterError("enqueue", "ReadableByteStreamController", 1, "BufferSource");
            }
            if (bytes.byteLength === 0) {
                throw new TypeError(EMPTY_CHUNK);
            }
            if (takesChunks(this) === false) {
                throw new TypeError(BYTES_CLOSED);
            }
            return Reflect.apply(enqueueView, this, [bytes]);
        },
    }.enqueue,
    writable: true,
    enumerable: true,
    configurable: true,
});
