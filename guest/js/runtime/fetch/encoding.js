/**
 * Content that comes compressed, as `Content-Encoding: gzip` says: it is decompressed when somebody reads it, and not
 * before, so that content which is passed on unread stays as it is.
 *
 * Invariant: what the header says and is not known here is content as any other.
 */

import { host } from "../host.js";
import { ON_DEMAND } from "../streams/bytes.js";
import { setOrigin } from "../streams/internals.js";
import { ReadableStream } from "../streams/standard.js";
import { Inbound } from "./bodies.js";
import { findHeader } from "./headers.js";

const NO_BYTES = new Uint8Array(0);
const CORRUPT = "Gzip decompression failed.";
const TRUNCATED = "Gzip compressed stream ended prematurely.";

/**
 * How content with these headers is encoded.
 *
 * @param {string[]} flat Names and values by turns.
 * @returns {"gzip" | undefined} `undefined` as well for what is left to whoever reads it.
 */
export function encodingOf(flat) {
    return findHeader(flat, "content-encoding") === "gzip" ? "gzip" : undefined;
}

/** Decompresses the whole of some content, piece by piece. */
class Decoder {
    #codec = host.decompressorNew("gzip-members");

    push(bytes, isLast) {
        this.#codec.push(bytes, isLast);
    }

    /**
     * The next piece.
     *
     * @returns {ArrayBuffer | null | undefined} `null` at the end, `undefined` when it needs more.
     * @throws {TypeError} The platform's, for what is not gzip.
     */
    pull() {
        const piece = this.#codec.pull();
        switch (piece) {
            case "hungry":
                return undefined;
            case "complete":
                return null;
            case "truncated":
                throw new TypeError(TRUNCATED);
            case "corrupt":
                throw new TypeError(CORRUPT);
            default:
                return piece;
        }
    }
}

/** A stream of the host that is decompressed when it is pulled. */
export class EncodedInbound extends Inbound {
    #decoder = undefined;
    #receiver = undefined;

    get encoding() {
        return "gzip";
    }

    pull(receiver) {
        this.#receiver = receiver;
        this.#decoder ??= new Decoder();
        this.#next();
    }

    #next() {
        let piece;
        try {
            piece = this.#decoder.pull();
        } catch (error) {
            this.cancel();
            this.#receiver.fail(error);
            return;
        }
        if (piece === undefined) {
            super.pull(this);
        } else if (piece === null) {
            this.#receiver.end();
        } else {
            this.#receiver.chunk(piece);
        }
    }

    /** As the receiver of what is encoded. */
    chunk(buffer) {
        this.#decoder.push(buffer, false);
        this.#next();
    }

    end() {
        this.#decoder.push(NO_BYTES, true);
        this.#next();
    }

    fail(error) {
        this.#receiver.fail(error);
    }
}

/** A byte stream of what is encoded in `bytes`, which nobody changes. */
export function decoded(bytes) {
    let decoder;
    const source = {
        type: "bytes",
        pull(controller) {
            if (decoder === undefined) {
                decoder = new Decoder();
                decoder.push(bytes, true);
            }
            const piece = decoder.pull();
            if (piece === null) {
                controller.close();
                controller.byobRequest?.respond(0);
            } else {
                controller.enqueue(new Uint8Array(piece));
            }
        },
    };
    const stream = new ReadableStream(source, ON_DEMAND);
    setOrigin(stream, { encoded: bytes });
    return stream;
}
