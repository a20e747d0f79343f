/**
 * `crypto.DigestStream`: a sink for bytes that tells their digest.
 *
 * Invariant: the host computes digests of whole inputs only, so the bytes are kept until the stream is closed.
 */

import { host } from "../../host.js";
import { WritableStream } from "../../streams/constructors.js";
import { bytesOf, constructorError, defineInterface, illegalInvocation } from "../webidl.js";
import { digestOf } from "./algorithm.js";

const NO_BYTES =
    "DigestStream is a byte stream but received an object of non-ArrayBuffer/ArrayBufferView/string type on its " +
    "writable side.";

function copyOf(chunk) {
    if (typeof chunk === "string") {
        return new Uint8Array(host.utf8Encode(chunk));
    }
    const bytes = bytesOf(chunk);
    if (bytes === undefined) {
        throw new TypeError(NO_BYTES);
    }
    return new Uint8Array(bytes);
}

function joined({ chunks, length }) {
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const chunk of chunks) {
        bytes.set(chunk, at);
        at += chunk.length;
    }
    return bytes;
}

/** Collects what is written; settles `outcome` in the end. */
function sinkFor(collected, algorithm, outcome) {
    return {
        write(chunk) {
            let bytes;
            try {
                bytes = copyOf(chunk);
            } catch (error) {
                outcome.reject(error);
                throw error;
            }
            collected.chunks.push(bytes);
            collected.length += bytes.length;
        },
        close() {
            outcome.resolve(host.digest(algorithm, joined(collected)));
            collected.chunks = [];
        },
        abort(reason) {
            collected.chunks = [];
            outcome.reject(reason);
        },
    };
}

/** A `WritableStream` of bytes and strings. */
export class DigestStream extends WritableStream {
    #collected;
    #digest;

    /** @param {string | {name: string}} algorithm A digest, as for `crypto.subtle.digest()`. */
    constructor(algorithm) {
        if (arguments.length === 0) {
            throw constructorError("DigestStream", 1, "string or HashAlgorithm");
        }
        const { name } = digestOf(algorithm);
        const collected = { chunks: [], length: 0 };
        const outcome = {};
        const digest = new Promise((resolve, reject) => Object.assign(outcome, { resolve, reject }));
        super(sinkFor(collected, name, outcome));
        this.#collected = collected;
        this.#digest = digest;
        // Who does not ask for the digest need not hear of its failure.
        this.#digest.catch(() => {});
    }

    /** Settles when the stream is closed or aborted. */
    get digest() {
        if (!(#digest in this)) {
            throw illegalInvocation();
        }
        return this.#digest;
    }

    /** How many bytes were written. */
    get bytesWritten() {
        if (!(#collected in this)) {
            throw illegalInvocation();
        }
        return BigInt(this.#collected.length);
    }
}

defineInterface(DigestStream);
