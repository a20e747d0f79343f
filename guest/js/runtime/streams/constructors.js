/**
 * The constructors of the streams as the worker sees them: what they take is checked with the platform's texts, and
 * what `start()` throws fails the stream, not the constructor.
 *
 * Invariant: instances are those of the library; callbacks are read once and called on the object they came with.
 */

import { constructorError, fieldError, isObject } from "../web/webidl.js";
import { isByteStream, isLocked, isReadable, isWritable, isWriterLocked } from "./internals.js";
import * as standard from "./standard.js";

const NEGATIVE = "The value cannot be converted because it is negative and this API expects a positive bigint.";
const NOT_INTEGER = "The value cannot be converted because it is not an integer.";
const NO_CHUNK_SIZE = "The autoAllocateChunkSize option cannot be zero.";
const LOCKED = "This ReadableStream is currently locked to a reader.";
const WRITER_LOCKED = "This WritableStream is currently locked to a writer.";
const NO_BYOB = "This ReadableStream does not support BYOB reads.";

/** An argument that is an object, or absent. */
function dictionary(value, owner, index, type) {
    if (value === undefined || value === null) {
        return {};
    }
    if (!isObject(value)) {
        throw constructorError(owner, index, type);
    }
    return value;
}

/** The callbacks of `names`, each bound to `source`. */
function callbacks(source, type, names) {
    const bound = {};
    for (const name of names) {
        const callback = source[name];
        if (callback === undefined) {
            continue;
        }
        if (typeof callback !== "function") {
            throw fieldError(name, type, "function");
        }
        bound[name] = (...args) => Reflect.apply(callback, source, args);
    }
    const { start } = bound;
    if (start !== undefined) {
        bound.start = (controller) => attempt(start, controller);
    }
    return bound;
}

/** What `start` throws, as a rejection. */
function attempt(start, controller) {
    try {
        return start(controller);
    } catch (error) {
        return Promise.reject(error);
    }
}

function strategyOf(value, owner, index) {
    const { highWaterMark, size } = dictionary(value, owner, index, "StreamQueuingStrategy");
    const strategy = {};
    if (highWaterMark !== undefined) {
        const number = Number(highWaterMark);
        if (!Number.isFinite(number)) {
            throw new TypeError(NOT_INTEGER);
        }
        if (number < 0) {
            throw new TypeError(NEGATIVE);
        }
        strategy.highWaterMark = number;
    }
    if (size !== undefined) {
        if (typeof size !== "function") {
            throw fieldError("size", "StreamQueuingStrategy", "function");
        }
        strategy.size = size;
    }
    return strategy;
}

function readableArguments(given, strategy) {
    const source = dictionary(given, "ReadableStream", 1, "UnderlyingSource");
    const { autoAllocateChunkSize, type } = source;
    if (type !== undefined && `${type}` !== "" && `${type}` !== "bytes") {
        throw new TypeError(`"${type}" is not a valid type of ReadableStream.`);
    }
    const checked = callbacks(source, "UnderlyingSource", ["start", "pull", "cancel"]);
    const queuing = strategyOf(strategy, "ReadableStream", 2);
    if (type !== undefined && `${type}` === "bytes") {
        if (autoAllocateChunkSize !== undefined && Number(autoAllocateChunkSize) === 0) {
            throw new TypeError(NO_CHUNK_SIZE);
        }
        checked.type = "bytes";
        checked.autoAllocateChunkSize = autoAllocateChunkSize;
        delete queuing.size;
    }
    return [checked, queuing];
}

function writableArguments(given, strategy) {
    const sink = dictionary(given, "WritableStream", 1, "UnderlyingSink");
    const checked = callbacks(sink, "UnderlyingSink", ["start", "write", "close", "abort"]);
    return [checked, strategyOf(strategy, "WritableStream", 2)];
}

function transformArguments(given, writableStrategy, readableStrategy) {
    const transformer = dictionary(given, "TransformStream", 1, "Transformer");
    for (const name of ["readableType", "writableType"]) {
        if (transformer[name] !== undefined) {
            throw new TypeError(`transformer.${name} must be undefined.`);
        }
    }
    return [
        callbacks(transformer, "Transformer", ["start", "transform", "flush", "cancel"]),
        strategyOf(writableStrategy, "TransformStream", 2),
        strategyOf(readableStrategy, "TransformStream", 3),
    ];
}

function requireUnlocked(stream, owner) {
    if (!isReadable(stream)) {
        throw constructorError(owner, 1, "ReadableStream");
    }
    if (isLocked(stream)) {
        throw new TypeError(LOCKED);
    }
}

function readerArguments(stream) {
    requireUnlocked(stream, "ReadableStreamDefaultReader");
    return [stream];
}

function byobReaderArguments(stream) {
    requireUnlocked(stream, "ReadableStreamBYOBReader");
    if (!isByteStream(stream)) {
        throw new TypeError(NO_BYOB);
    }
    return [stream];
}

function writerArguments(stream) {
    if (!isWritable(stream)) {
        throw constructorError("WritableStreamDefaultWriter", 1, "WritableStream");
    }
    if (isWriterLocked(stream)) {
        throw new TypeError(WRITER_LOCKED);
    }
    return [stream];
}

function strategyArguments(owner) {
    return (init) => {
        if (!isObject(init)) {
            throw constructorError(owner, 1, "QueuingStrategyInit");
        }
        return [{ highWaterMark: Number(init.highWaterMark) }];
    };
}

/** A class in place of one of the standard ones, whose instances are its instances. */
function replace(name, argumentsOf) {
    const original = standard[name];
    const constructor = function (...given) {
        if (new.target === undefined) {
            throw new TypeError(
                `Failed to construct '${name}': Please use the 'new' operator, this object constructor cannot be ` +
                    "called as a function.",
            );
        }
        return Reflect.construct(original, argumentsOf(...given), new.target);
    };
    Object.defineProperty(constructor, "name", { value: name, configurable: true });
    Object.defineProperty(constructor, "length", { value: 0, configurable: true });
    Object.defineProperty(constructor, "prototype", { value: original.prototype, writable: false });
    Object.defineProperty(original.prototype, "constructor", {
        value: constructor, writable: true, configurable: true,
    });
    return constructor;
}

export const ReadableStream = replace("ReadableStream", readableArguments);
export const WritableStream = replace("WritableStream", writableArguments);
export const TransformStream = replace("TransformStream", transformArguments);
export const ReadableStreamDefaultReader = replace("ReadableStreamDefaultReader", readerArguments);
export const ReadableStreamBYOBReader = replace("ReadableStreamBYOBReader", byobReaderArguments);
export const WritableStreamDefaultWriter = replace("WritableStreamDefaultWriter", writerArguments);
export const CountQueuingStrategy = replace("CountQueuingStrategy", strategyArguments("CountQueuingStrategy"));
export const ByteLengthQueuingStrategy = replace(
    "ByteLengthQueuingStrategy",
    strategyArguments("ByteLengthQueuingStrategy"),
);

Object.defineProperty(ReadableStream, "from", Object.getOwnPropertyDescriptor(standard.ReadableStream, "from"));
