/**
 * Streams of bytes that are there already, and all the bytes of a stream.
 *
 * Invariant: bytes that a stream was made of are never changed; readers get copies.
 */

import { provideStreams } from "../web/blob.js";
import { bytesOf } from "../web/webidl.js";
import { disturb, isByteStream, isLocked, originOf, setOrigin } from "./internals.js";
import { ReadableStream } from "./standard.js";

/** How much of a buffer a reader is given at once, in bytes. */
const MAX_CHUNK_BYTES = 65_536;

/** Makes a stream pull only when it is read. */
export const ON_DEMAND = { highWaterMark: 0 };

const NOT_BYTES = "This ReadableStream did not return bytes.";

/** The underlying source of bytes that are there. */
class BufferSource {
    type = "bytes";
    #bytes;
    #at = 0;

    constructor(bytes) {
        this.#bytes = bytes;
    }

    pull(controller) {
        const bytes = this.#bytes;
        const end = Math.min(this.#at + MAX_CHUNK_BYTES, bytes.length);
        if (end > this.#at) {
            const chunk = bytes.slice(this.#at, end);
            this.#at = end;
            controller.enqueue(chunk);
        }
        if (end === bytes.length) {
            controller.close();
            controller.byobRequest?.respond(0);
        }
    }
}

/**
 * A byte stream over bytes that nobody changes.
 *
 * @param {Uint8Array} bytes
 * @returns {ReadableStream}
 */
export function streamOfBytes(bytes) {
    const stream = new ReadableStream(new BufferSource(bytes), ON_DEMAND);
    setOrigin(stream, { bytes, length: bytes.length });
    return stream;
}

provideStreams(streamOfBytes);

/** Takes a stream over past its interface: it shows as locked and read from here on. */
export function takeOver(stream) {
    if (!isLocked(stream)) {
        stream.getReader();
    }
    disturb(stream);
}

/** The underlying source of another stream's chunks. */
class ReaderSource {
    #reader;

    constructor(reader, type) {
        this.#reader = reader;
        this.type = type;
    }

    async pull(controller) {
        const { done, value } = await this.#reader.read();
        if (!done) {
            controller.enqueue(value);
            return;
        }
        controller.close();
        controller.byobRequest?.respond(0);
    }

    cancel(reason) {
        return this.#reader.cancel(reason);
    }
}

/**
 * The content of a stream, which shows as locked and read from here on.
 *
 * @param {ReadableStream} stream A stream that is not locked.
 * @returns {ReadableStream | import("../fetch/bodies.js").Inbound} The host's stream behind it where nobody has read
 *     it.
 */
export function passOn(stream) {
    const origin = originOf(stream);
    if (origin?.inbound?.isUntouched) {
        takeOver(stream);
        return origin.inbound;
    }
    const moved = new ReadableStream(
        new ReaderSource(stream.getReader(), isByteStream(stream) ? "bytes" : undefined),
        ON_DEMAND,
    );
    disturb(stream);
    if (origin !== undefined) {
        setOrigin(moved, { length: origin.length });
    }
    return moved;
}

/** The bytes of a chunk of a body. */
export function chunkBytes(chunk) {
    const bytes = bytesOf(chunk);
    if (bytes === undefined) {
        throw new TypeError(NOT_BYTES);
    }
    return bytes;
}

/** Chunks as one array. */
export function joinChunks(chunks, length) {
    if (chunks.length === 1) {
        return chunks[0];
    }
    const joined = new Uint8Array(length);
    let at = 0;
    for (const chunk of chunks) {
        joined.set(chunk, at);
        at += chunk.length;
    }
    return joined;
}

/**
 * Reads a stream to its end; it stays locked.
 *
 * @param {ReadableStream} stream A stream that is not locked.
 * @returns {Promise<Uint8Array>} All its bytes.
 */
export async function readAll(stream) {
    const reader = stream.getReader();
    const chunks = [];
    let length = 0;
    for (;;) {
        const { done, value } = await reader.read();
        if (done) {
            return joinChunks(chunks, length);
        }
        let bytes;
        try {
            bytes = chunkBytes(value);
        } catch (error) {
            reader.cancel(error).catch(() => {});
            throw error;
        }
        chunks.push(bytes);
        length += bytes.length;
    }
}
