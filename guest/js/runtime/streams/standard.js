/**
 * The standard's streams: those of the library, with the platform's texts where it is used wrongly.
 *
 * Invariant: changes what is thrown, never what works.
 */

import "./prelude.js";
import {
    ByteLengthQueuingStrategy, CountQueuingStrategy, ReadableByteStreamController, ReadableStream,
    ReadableStreamBYOBReader, ReadableStreamBYOBRequest, ReadableStreamDefaultController, ReadableStreamDefaultReader,
    TransformStream, TransformStreamDefaultController, WritableStream, WritableStreamDefaultController,
    WritableStreamDefaultWriter,
} from "web-streams-polyfill";
import { adoptInterface, fieldError, illegalInvocation, isObject, parameterError } from "../web/webidl.js";
import {
    isByteStream, isLocked, isReadable, isReader, isReleased, isWritable, isWriterLocked, rejectReads,
} from "./internals.js";

const LOCKED = "This ReadableStream is currently locked to a reader.";
const WRITER_LOCKED = "This WritableStream is currently locked to a writer.";
const READER_RELEASED = "This ReadableStream reader has been released.";
const WRITER_RELEASED = "This WritableStream writer has been released.";
const NO_BYOB = "This ReadableStream does not support BYOB reads.";
const BAD_MODE = "mode must be undefined or 'byob' in call to getReader().";

/** What `JSON.stringify()` makes of an object of the platform: the library's private properties would be seen else. */
function toJSON() {
    return {};
}

for (const constructor of [
    ReadableByteStreamController, ReadableStream, ReadableStreamBYOBReader, ReadableStreamBYOBRequest,
    ReadableStreamDefaultController, ReadableStreamDefaultReader, TransformStream, TransformStreamDefaultController,
    WritableStream, WritableStreamDefaultController, WritableStreamDefaultWriter,
]) {
    Object.defineProperty(constructor.prototype, "toJSON", { value: toJSON, writable: true, configurable: true });
    adoptInterface(constructor);
}

/**
 * Puts checks before members of a class.
 *
 * @param {Function} constructor The class.
 * @param {boolean} async Whether what a check throws becomes a rejection.
 * @param {Record<string, (...args: unknown[]) => void>} checks By name of the method or getter; each is called on the
 *     instance with the arguments, and throws.
 */
function precheck(constructor, async, checks) {
    for (const [name, check] of Object.entries(checks)) {
        const descriptor = Object.getOwnPropertyDescriptor(constructor.prototype, name);
        const kind = descriptor.get === undefined ? "value" : "get";
        const checked = async ? asyncChecked(check, descriptor[kind]) : syncChecked(check, descriptor[kind]);
        copyShape(descriptor[kind], checked);
        Object.defineProperty(constructor.prototype, name, { ...descriptor, [kind]: checked });
    }
}

function syncChecked(check, original) {
    return {
        method(...args) {
            Reflect.apply(check, this, args);
            return Reflect.apply(original, this, args);
        },
    }.method;
}

function asyncChecked(check, original) {
    return {
        method(...args) {
            try {
                Reflect.apply(check, this, args);
            } catch (error) {
                return Promise.reject(error);
            }
            return Reflect.apply(original, this, args);
        },
    }.method;
}

function copyShape(from, to) {
    Object.defineProperty(to, "name", { value: from.name, configurable: true });
    Object.defineProperty(to, "length", { value: from.length, configurable: true });
}

function requireReadable(stream) {
    if (!isReadable(stream)) {
        throw illegalInvocation();
    }
}

function requireUnlocked(stream) {
    requireReadable(stream);
    if (isLocked(stream)) {
        throw new TypeError(LOCKED);
    }
}

function requireWriterUnlocked(stream) {
    if (!isWritable(stream)) {
        throw illegalInvocation();
    }
    if (isWriterLocked(stream)) {
        throw new TypeError(WRITER_LOCKED);
    }
}

precheck(ReadableStream, false, {
    getReader(options) {
        requireUnlocked(this);
        const mode = options?.mode;
        if (mode !== undefined) {
            if (`${mode}` !== "byob") {
                throw new TypeError(BAD_MODE);
            }
            if (!isByteStream(this)) {
                throw new TypeError(NO_BYOB);
            }
        }
    },
    pipeThrough(transform) {
        requireReadable(this);
        if (!isObject(transform)) {
            throw parameterError("pipeThrough", "ReadableStream", 1, "Transform");
        }
        if (!isReadable(transform.readable)) {
            throw fieldError("readable", "Transform", "ReadableStream");
        }
        if (!isWritable(transform.writable)) {
            throw fieldError("writable", "Transform", "WritableStream");
        }
        requireUnlocked(this);
        requireWriterUnlocked(transform.writable);
    },
    tee() {
        requireReadable(this);
        if (isLocked(this)) {
            // The platform's own text ends in a comma.
            throw new TypeError(`${LOCKED.slice(0, -1)},`);
        }
    },
    locked() {
        requireReadable(this);
    },
});

precheck(ReadableStream, true, {
    cancel() {
        requireUnlocked(this);
    },
    pipeTo(destination) {
        requireReadable(this);
        if (!isWritable(destination)) {
            throw parameterError("pipeTo", "ReadableStream", 1, "WritableStream");
        }
        requireUnlocked(this);
        requireWriterUnlocked(destination);
    },
});

precheck(WritableStream, false, {
    getWriter() {
        requireWriterUnlocked(this);
    },
});

precheck(WritableStream, true, {
    abort() {
        requireWriterUnlocked(this);
    },
    close() {
        requireWriterUnlocked(this);
    },
});

const { from } = ReadableStream;
Object.defineProperty(ReadableStream, "from", {
    value: {
        from(iterable) {
            const isIterable =
                isObject(iterable) &&
                (iterable[Symbol.asyncIterator] !== undefined || iterable[Symbol.iterator] !== undefined);
            if (!isIterable && typeof iterable !== "string") {
                throw parameterError("from", "ReadableStream", 1, "AsyncGenerator");
            }
            return Reflect.apply(from, ReadableStream, [iterable]);
        },
    }.from,
    writable: true,
    enumerable: true,
    configurable: true,
});

function requireReader() {
    if (!isReader(this)) {
        throw illegalInvocation();
    }
    if (isReleased(this)) {
        throw new TypeError(READER_RELEASED);
    }
}

function requireWriter() {
    if (isReleased(this)) {
        throw new TypeError(WRITER_RELEASED);
    }
}

function rejectPending() {
    if (!isReader(this)) {
        throw illegalInvocation();
    }
    if (!isReleased(this)) {
        rejectReads(this, new TypeError(READER_RELEASED));
    }
}

for (const reader of [ReadableStreamDefaultReader, ReadableStreamBYOBReader]) {
    precheck(reader, false, { releaseLock: rejectPending });
    precheck(reader, true, { read: requireReader, cancel: requireReader, closed: requireReader });
}
precheck(WritableStreamDefaultWriter, true, {
    write: requireWriter,
    close: requireWriter,
    abort: requireWriter,
    closed: requireWriter,
});

/** Reads into `view` until at least `min` bytes are there or the stream ends. Beyond the standard. */
async function readAtLeast(min, view) {
    const wanted = Number(min);
    if (!ArrayBuffer.isView(view)) {
        throw parameterError("readAtLeast", "ReadableStreamBYOBReader", 2, "ArrayBufferView");
    }
    if (!(wanted >= 1)) {
        throw new TypeError(`Requested invalid minimum number of bytes to read (${wanted}).`);
    }
    if (wanted > view.byteLength) {
        throw new TypeError(
            `Minimum bytes to read (${wanted}) exceeds size of buffer (${view.byteLength}).`,
        );
    }
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

export {
    ByteLengthQueuingStrategy, CountQueuingStrategy, ReadableByteStreamController, ReadableStream,
    ReadableStreamBYOBReader, ReadableStreamBYOBRequest, ReadableStreamDefaultController, ReadableStreamDefaultReader,
    TransformStream, TransformStreamDefaultController, WritableStream, WritableStreamDefaultController,
    WritableStreamDefaultWriter,
};
