/**
 * `CompressionStream` and `DecompressionStream`, and streams that code content (reference §2.6).
 *
 * As on the platform a write does not wait for reads, so that all may be written before anybody reads. Only when a lot
 * waits to be read do writes wait too: what a few bytes expand to must not fill the memory.
 *
 * Invariant: what waits to be read is bounded by a stream's `highWaterMark` and one piece.
 */

import { enabled } from "../flags.js";
import { host } from "../host.js";
import { requireHandler } from "../scope.js";
import { bytesOf, constructorError, defineInterface } from "../web/webidl.js";
import { TransformStream } from "./constructors.js";
import { joinTransform } from "./internals.js";
import { ReadableStream, WritableStream } from "./standard.js";

/** How much of its output the worker may leave unread before writes wait, in bytes. */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;
const NO_BYTES = new Uint8Array(0);

const FORMATS = new Set(["deflate", "deflate-raw", "gzip"]);
const BAD_FORMAT = "The compression format must be either 'deflate', 'deflate-raw' or 'gzip'.";
const NOT_BYTES =
    "This TransformStream is being used as a byte stream, but received an object of " +
    "non-ArrayBuffer/ArrayBufferView type on its writable side.";

/** What is wrong with compressed data, by what the codec says. The first two were ignored once. */
const PROBLEMS = {
    trailing: "Trailing bytes after end of compressed data",
    truncated: "Called close() on a decompression stream with incomplete data",
    corrupt: "Decompression failed.",
};

function bytesOfChunk(chunk) {
    if (chunk === undefined) {
        return NO_BYTES;
    }
    const bytes = typeof chunk === "string" ? host.utf8Encode(chunk) : bytesOf(chunk);
    if (bytes === undefined) {
        throw new TypeError(NOT_BYTES);
    }
    return bytes;
}

/** What connects the two sides of a stream that codes: it is the source of one and the sink of the other. */
class Coding {
    type = "bytes";
    #codec;
    #isStrict;
    #controller;
    #sink;
    /** Goes on when somebody has read. */
    #wake = undefined;
    /** What follows the data's end is ignored. */
    #isPastEnd = false;

    constructor(codec, isStrict, highWaterMark) {
        this.#codec = codec;
        this.#isStrict = isStrict;
        this.readable = new ReadableStream(this, { highWaterMark });
        this.writable = new WritableStream({
            start: (controller) => {
                this.#sink = controller;
            },
            write: (chunk) => this.#write(chunk),
            close: () => this.#close(),
            abort: (reason) => this.#controller.error(reason),
        });
    }

    start(controller) {
        this.#controller = controller;
    }

    pull() {
        this.#wake?.();
        this.#wake = undefined;
    }

    cancel(reason) {
        this.#sink.error(reason);
        this.#wake?.();
    }

    async #write(chunk) {
        try {
            const bytes = bytesOfChunk(chunk);
            if (!this.#isPastEnd) {
                this.#codec.push(bytes, false);
                await this.#drain();
            }
        } catch (error) {
            this.#controller.error(error);
            throw error;
        }
    }

    async #close() {
        try {
            if (!this.#isPastEnd) {
                this.#codec.push(NO_BYTES, true);
                await this.#drain();
            }
        } catch (error) {
            this.#controller.error(error);
            throw error;
        }
        this.#controller.close();
        this.#controller.byobRequest?.respond(0);
    }

    /** Passes on what the codec has. */
    async #drain() {
        for (;;) {
            const piece = this.#codec.pull();
            if (typeof piece === "string") {
                this.#pause(piece);
                return;
            }
            this.#controller.enqueue(new Uint8Array(piece));
            if (this.#controller.desiredSize <= 0) {
                await new Promise((resolve) => {
                    this.#wake = resolve;
                });
            }
        }
    }

    #pause(reason) {
        if (reason === "corrupt" || (this.#isStrict && PROBLEMS[reason] !== undefined)) {
            throw new TypeError(PROBLEMS[reason]);
        }
        this.#isPastEnd = reason === "trailing";
    }
}

function joinCoding(stream, name, given, makeCodec, isStrict) {
    if (given.length === 0) {
        throw constructorError(name, 1, "string");
    }
    const format = `${given[0]}`;
    if (!FORMATS.has(format)) {
        throw new TypeError(BAD_FORMAT);
    }
    requireHandler();
    const coding = new Coding(makeCodec(format), isStrict, MAX_UNREAD_BYTES);
    joinTransform(stream, coding.readable, coding.writable);
}

/** https://compression.spec.whatwg.org/#compression-stream */
export class CompressionStream {
    /** @param {"gzip" | "deflate" | "deflate-raw"} format What comes out. */
    constructor(...given) {
        joinCoding(this, "CompressionStream", given, host.compressorNew, false);
    }
}

/** https://compression.spec.whatwg.org/#decompression-stream */
export class DecompressionStream {
    /** @param {"gzip" | "deflate" | "deflate-raw"} format What goes in. */
    constructor(...given) {
        const isStrict = enabled("strict_compression_checks");
        joinCoding(this, "DecompressionStream", given, host.decompressorNew, isStrict);
    }
}

for (const constructor of [CompressionStream, DecompressionStream]) {
    Object.setPrototypeOf(constructor, TransformStream);
    Object.setPrototypeOf(constructor.prototype, TransformStream.prototype);
    defineInterface(constructor);
}

/**
 * A stream of what another one gives, compressed.
 *
 * @param {ReadableStream} stream A stream that is not locked.
 * @param {"gzip"} format
 * @returns {ReadableStream} It fails with the other one.
 */
export function compressed(stream, format) {
    const coding = new Coding(host.compressorNew(format), false, 1);
    stream.pipeTo(coding.writable).catch(() => {});
    return coding.readable;
}
