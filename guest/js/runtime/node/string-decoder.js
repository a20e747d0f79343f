/**
 * `node:string_decoder`: text from chunks that end in the middle of characters.
 *
 * Invariant: what was returned is never taken back; at most three bytes wait for their rest.
 */

import { Buffer } from "./buffer.js";
import { encodingName } from "./buffer-encodings.js";
import { invalidArgType, nodeError } from "./errors.js";

/** How many bytes at the end of `bytes` begin a UTF-8 character that is not complete. */
function incompleteUtf8(bytes) {
    for (let back = 1; back <= Math.min(3, bytes.length); back++) {
        const byte = bytes[bytes.length - back];
        if ((byte & 0xc0) === 0x80) {
            continue;
        }
        const size = byte >= 0xf0 && byte < 0xf8 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 1;
        return byte < 0xf8 && size > back && isPossible(bytes, bytes.length - back, back) ? back : 0;
    }
    return 0;
}

/** Whether the bytes so far can begin a character: the second byte's range depends on the first. */
function isPossible(bytes, start, count) {
    if (count < 2) {
        return true;
    }
    const [first, second] = [bytes[start], bytes[start + 1]];
    return !(
        (first === 0xe0 && second < 0xa0) ||
        (first === 0xed && second > 0x9f) ||
        (first === 0xf0 && second < 0x90) ||
        (first === 0xf4 && second > 0x8f) ||
        first > 0xf4
    );
}

function incompleteUtf16(bytes) {
    const odd = bytes.length % 2;
    const high = bytes.length - odd >= 2 && (bytes[bytes.length - odd - 1] & 0xfc) === 0xd8;
    return odd + (high ? 2 : 0);
}

const INCOMPLETE = {
    __proto__: null,
    utf8: incompleteUtf8,
    utf16le: incompleteUtf16,
    base64: (bytes) => bytes.length % 3,
    base64url: (bytes) => bytes.length % 3,
};

/** A decoder that keeps what is incomplete. */
export class StringDecoder {
    #rest = Buffer.alloc(0);
    #needed = 0;

    /** @param {string} [encoding] */
    constructor(encoding = "utf8") {
        const name = encodingName(encoding);
        if (name === undefined) {
            throw nodeError(TypeError, "ERR_UNKNOWN_ENCODING", `Unknown encoding: ${encoding}`);
        }
        this.encoding = name;
    }

    get lastChar() {
        return this.#rest;
    }
    get lastNeed() {
        return this.#needed;
    }
    get lastTotal() {
        return this.#rest.length + this.#needed;
    }

    /** The text that is complete with `chunk`. */
    write(chunk) {
        if (typeof chunk === "string") {
            return chunk;
        }
        if (!ArrayBuffer.isView(chunk)) {
            throw invalidArgType("buf", ["Buffer", "TypedArray", "DataView"], chunk);
        }
        let bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
        if (this.#rest.length > 0) {
            bytes = Buffer.concat([this.#rest, bytes]);
        }
        const incomplete = INCOMPLETE[this.encoding]?.(bytes) ?? 0;
        const end = bytes.length - incomplete;
        this.#rest = Buffer.from(bytes.subarray(end));
        this.#needed = incomplete === 0 ? 0 : 1;
        return bytes.toString(this.encoding, 0, end);
    }

    /** The text of `chunk` and of what is left. */
    end(chunk) {
        const text = chunk === undefined ? "" : this.write(chunk);
        const rest = this.#rest;
        this.#rest = Buffer.alloc(0);
        this.#needed = 0;
        return rest.length === 0 ? text : text + rest.toString(this.encoding);
    }

    /** The text of a whole buffer from `offset` on. */
    text(bytes, offset) {
        this.#rest = Buffer.alloc(0);
        return this.write(bytes.subarray(offset));
    }
}
