/**
 * The standard's streams: those of the library, with the platform's texts where they are used wrongly. The runtime
 * constructs these; the worker has those of `constructors.js`, whose instances are the same.
 *
 * Invariant: changes what is thrown, never what works.
 */

import {
    ByteLengthQueuingStrategy, CountQueuingStrategy, ReadableByteStreamController, ReadableStream,
    ReadableStreamBYOBReader, ReadableStreamBYOBRequest, ReadableStreamDefaultController, ReadableStreamDefaultReader,
    TransformStream, TransformStreamDefaultController, WritableStream, WritableStreamDefaultController,
    WritableStreamDefaultWriter,
} from "./library.js";
import "./byob.js";
import "./controllers.js";
import { adoptInterface, fieldError, illegalInvocation, isObject, parameterError } from "../web/webidl.js";
import {
    isByteStream, isClosing, isLocked, isReadable, isReader, isReleased, isWritable, isWriter, isWriterLocked,
    rejectClosed, rejectReads, stateOf, writtenBy,
} from "./internals.js";
import { precheck } from "./precheck.js";

const LOCKED = "This ReadableStream is currently locked to a reader.";
const WRITER_LOCKED = "This WritableStream is currently locked to a writer.";
const READER_RELEASED = "This ReadableStream reader has been released.";
const WRITER_RELEASED = "This WritableStream writer has been released.";
const NO_BYOB = "This ReadableStream does not support BYOB reads.";
const WRITABLE_CLOSED = "This WritableStream has been closed.";
const CLOSING = "Cannot close a writer that is already being closed";
const WRITE_WHILE_CLOSING = "This ReadableStream is closed.";
const BAD_MODE = "mode must be undefined or 'byob' in call to getReader().";

for (const constructor of [
    ReadableByteStreamController, ReadableStream, ReadableStreamBYOBReader, ReadableStreamBYOBRequest,
    ReadableStreamDefaultController, ReadableStreamDefaultReader, TransformStream, TransformStreamDefaultController,
    WritableStream, WritableStreamDefaultController, WritableStreamDefaultWriter,
]) {
    adoptInterface(constructor);
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

/** Not told to close so far. */
function requireOpen(stream) {
    if (stateOf(stream) === "closed") {
        throw new TypeError(WRITABLE_CLOSED);
    }
    if (isClosing(stream)) {
        throw new TypeError(CLOSING);
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
        requireOpen(this);
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
    if (!isWriter(this)) {
        throw illegalInvocation();
    }
    if (isReleased(this)) {
        throw new TypeError(WRITER_RELEASED);
    }
}

function rejectPending() {
    if (!isReader(this)) {
        throw illegalInvocation();
    }
    if (!isReleased(this)) {
        const error = new TypeError(READER_RELEASED);
        rejectReads(this, error);
        rejectClosed(this, error);
    }
}

for (const reader of [ReadableStreamDefaultReader, ReadableStreamBYOBReader]) {
    precheck(reader, false, { releaseLock: rejectPending });
    precheck(reader, true, { read: requireReader, cancel: requireReader, closed: requireReader });
}
precheck(WritableStreamDefaultWriter, true, {
    write() {
        Reflect.apply(requireWriter, this, []);
        const stream = writtenBy(this);
        if (stateOf(stream) === "closed") {
            throw new TypeError(WRITABLE_CLOSED);
        }
        if (isClosing(stream)) {
            throw new TypeError(WRITE_WHILE_CLOSING);
        }
    },
    close() {
        Reflect.apply(requireWriter, this, []);
        requireOpen(writtenBy(this));
    },
    abort: requireWriter,
    closed: requireWriter,
    ready: requireWriter,
});
precheck(WritableStreamDefaultWriter, false, {
    desiredSize: requireWriter,
    releaseLock() {
        if (!isWriter(this)) {
            throw illegalInvocation();
        }
        if (!isReleased(this)) {
            rejectClosed(this, new TypeError(WRITER_RELEASED));
        }
    },
});

export {
    ByteLengthQueuingStrategy, CountQueuingStrategy, ReadableByteStreamController, ReadableStream,
    ReadableStreamBYOBReader, ReadableStreamBYOBRequest, ReadableStreamDefaultController, ReadableStreamDefaultReader,
    TransformStream, TransformStreamDefaultController, WritableStream, WritableStreamDefaultController,
    WritableStreamDefaultWriter,
};
