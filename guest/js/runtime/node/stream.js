/**
 * `node:stream` and its companions, over the package `readable-stream` (Node's own streams).
 *
 * Invariant: adds to the package only what it lacks.
 */

import Stream from "readable-stream";
import { Blob } from "../web/blob.js";
import { Buffer } from "./buffer.js";
import { invalidArgType } from "./errors.js";
import { adoptWebStreams } from "./stream-adapters.js";

export const {
    Duplex,
    PassThrough,
    Readable,
    Transform,
    Writable,
    addAbortSignal,
    compose,
    destroy,
    finished,
    isDisturbed,
    isErrored,
    isReadable,
    pipeline,
    promises,
    getDefaultHighWaterMark,
    setDefaultHighWaterMark,
} = Stream;
export { Stream };

adoptWebStreams(Stream);

export const isDestroyed = (stream) => stream?.destroyed === true;
export const isWritable = (stream) => (stream === null || stream === undefined ? null : Boolean(stream.writable));
export const _isUint8Array = (value) => value instanceof Uint8Array;
export const _isArrayBufferView = ArrayBuffer.isView;
export const _uint8ArrayToBuffer = (chunk) => Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);

/** Two duplex streams, each of which reads what is written to the other. */
export function duplexPair(options) {
    const sides = [];
    for (const index of [0, 1]) {
        let wake = null;
        const duplex = new Duplex({
            ...options,
            read() {
                const callback = wake;
                wake = null;
                callback?.();
            },
            write(chunk, encoding, callback) {
                const other = sides[1 - index];
                if (chunk.length === 0) {
                    queueMicrotask(callback);
                } else {
                    other.push(chunk);
                    other.wakeWith(callback);
                }
            },
            final(callback) {
                sides[1 - index].push(null);
                callback();
            },
        });
        Object.defineProperty(duplex, "wakeWith", {
            value: (callback) => {
                wake = callback;
            },
        });
        sides.push(duplex);
    }
    return sides;
}
Stream.duplexPair ??= duplexPair;
Stream.isDestroyed ??= isDestroyed;
Stream.isWritable ??= isWritable;

async function collect(stream) {
    const chunks = [];
    for await (const chunk of stream) {
        chunks.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
    }
    return chunks;
}

async function bytes(stream) {
    if (stream === null || typeof stream?.[Symbol.asyncIterator] !== "function") {
        throw invalidArgType("stream", ["Stream", "AsyncIterable"], stream);
    }
    return Buffer.concat(await collect(stream));
}

/** `node:stream/consumers`: the whole of a stream. */
export const consumers = {
    arrayBuffer: async (stream) => {
        const whole = await bytes(stream);
        return whole.buffer.slice(whole.byteOffset, whole.byteOffset + whole.byteLength);
    },
    blob: async (stream) => new Blob(await collect(stream)),
    buffer: bytes,
    json: async (stream) => JSON.parse((await bytes(stream)).toString()),
    text: async (stream) => (await bytes(stream)).toString(),
};

export default Stream;
