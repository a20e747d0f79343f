/**
 * `IdentityTransformStream` and `FixedLengthStream`: byte pipes whose writes wait for reads (reference §2.6).
 *
 * Invariant: holds at most the one chunk that is being written.
 */

import { host } from "../host.js";
import { bytesOf, constructorError, defineInterface, isObject } from "../web/webidl.js";
import { ON_DEMAND } from "./bytes.js";
import { joinTransform, setOrigin } from "./internals.js";
import { TransformStream } from "./constructors.js";
import { ReadableStream, WritableStream } from "./standard.js";

const NOT_BYTES =
    "This TransformStream is being used as a byte stream, but received an object of " +
    "non-ArrayBuffer/ArrayBufferView type on its writable side.";
const TOO_MANY = "Attempt to write too many bytes through a FixedLengthStream.";
const TOO_FEW = "FixedLengthStream did not see all expected bytes before close().";
const NEGATIVE = "The value cannot be converted because it is negative and this API expects a positive bigint.";
const NOT_INTEGER = "The value cannot be converted because it is not an integer.";
const TOO_LARGE =
    "The value cannot be converted because it is either negative and this API expects a positive bigint, or the " +
    "value would be truncated.";

/** Reasons reach the other side as errors. */
function errorOf(reason) {
    return reason instanceof Error ? reason : new Error(reason === undefined ? "" : `${reason}`);
}

/** What connects the two sides: it is the source of one and the sink of the other. */
class Pipe {
    type = "bytes";
    readable;
    writable;
    #controller;
    #sink;
    /** Resolves a pull that waits for a write. */
    #pulled = undefined;
    /** Resolves a write that waits for a pull. */
    #written = undefined;
    /** How many bytes may still come; `undefined` is any number. */
    #left;

    constructor(length, strategy) {
        this.#left = length;
        this.readable = new ReadableStream(this, ON_DEMAND);
        this.writable = new WritableStream(
            {
                start: (controller) => {
                    this.#sink = controller;
                },
                write: (chunk) => this.write(chunk),
                close: () => this.close(),
                abort: (reason) => this.#controller.error(errorOf(reason)),
            },
            strategy,
        );
    }

    start(controller) {
        this.#controller = controller;
    }

    pull() {
        this.#written?.();
        this.#written = undefined;
        return new Promise((resolve) => {
            this.#pulled = resolve;
        });
    }

    cancel(reason) {
        this.#sink.error(errorOf(reason));
        this.#written?.();
    }

    write(chunk) {
        const bytes = typeof chunk === "string" ? new Uint8Array(host.utf8Encode(chunk)) : bytesOf(chunk);
        if (bytes === undefined) {
            const error = new TypeError(NOT_BYTES);
            this.#failReader(error);
            throw error;
        }
        if (this.#left !== undefined) {
            if (bytes.length > this.#left) {
                const error = new TypeError(TOO_MANY);
                this.#failReader(error);
                // This write is done, as on the platform; the next one is not.
                this.#sink.error(error);
                return undefined;
            }
            this.#left -= bytes.length;
        }
        if (bytes.length === 0) {
            return undefined;
        }
        // The chunk stays the writer's until then, and the reader gets a copy.
        return this.#pulled === undefined ? this.#whenPulled(bytes) : this.#give(bytes);
    }

    #whenPulled(bytes) {
        return new Promise((resolve) => {
            this.#written = resolve;
        }).then(() => this.#give(bytes));
    }

    /** The write is done when the reader asks again, or at once if it took all. */
    #give(bytes) {
        const pulled = this.#pulled;
        if (pulled === undefined) {
            return undefined;
        }
        this.#pulled = undefined;
        this.#controller.enqueue(new Uint8Array(bytes));
        pulled();
        return undefined;
    }

    close() {
        if (this.#left !== undefined && this.#left > 0) {
            // Only who reads is told.
            this.#failReader(new TypeError(TOO_FEW));
            return;
        }
        this.#controller.close();
        this.#controller.byobRequest?.respond(0);
        this.#pulled?.();
    }

    #failReader(error) {
        this.#controller.error(error);
        this.#pulled?.();
    }
}

/** A `TransformStream` that changes nothing and takes bytes only. */
export class IdentityTransformStream {
    /** @param {QueuingStrategy} [strategy] Of the writable side. */
    constructor(strategy = undefined) {
        if (new.target === FixedLengthStream) {
            return;
        }
        const pipe = new Pipe(undefined, isObject(strategy) ? strategy : undefined);
        joinTransform(this, pipe.readable, pipe.writable);
    }
}

/** An `IdentityTransformStream` of a length that is known beforehand. */
export class FixedLengthStream extends IdentityTransformStream {
    /**
     * @param {number | bigint} expectedLength In bytes.
     * @param {QueuingStrategy} [strategy] Of the writable side.
     */
    constructor(expectedLength, strategy = undefined) {
        if (expectedLength === undefined) {
            throw constructorError("FixedLengthStream", 1, "bigint");
        }
        super();
        const length = toLength(expectedLength);
        const pipe = new Pipe(length, isObject(strategy) ? strategy : undefined);
        joinTransform(this, pipe.readable, pipe.writable);
        setOrigin(pipe.readable, { length });
    }
}

function toLength(value) {
    const number = typeof value === "bigint" ? Number(value) : Math.trunc(Number(value));
    if (Number.isNaN(number)) {
        throw new TypeError(NOT_INTEGER);
    }
    if (number < 0) {
        throw new TypeError(NEGATIVE);
    }
    if (number >= 2 ** 64) {
        throw new TypeError(TOO_LARGE);
    }
    return number;
}

Object.setPrototypeOf(IdentityTransformStream, TransformStream);
Object.setPrototypeOf(IdentityTransformStream.prototype, TransformStream.prototype);
defineInterface(IdentityTransformStream);
defineInterface(FixedLengthStream);
