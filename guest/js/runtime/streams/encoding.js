/**
 * `TextEncoderStream` and `TextDecoderStream`.
 *
 * Invariant: a character that is cut by the end of a chunk waits for the next one.
 */

import { TextDecoder, TextEncoder } from "../web/encoding.js";
import { bytesOf, constructorError, defineInterface, illegalInvocation, isObject } from "../web/webidl.js";
import { TransformStream } from "./constructors.js";

const NOT_BYTES =
    "This TransformStream is being used as a byte stream, but received a value that is not a BufferSource.";

const encoder = new TextEncoder();
const LONE_SURROGATE = "\ufffd";

/** Encodes text chunk by chunk. */
class Encoding {
    /** The first half of a character whose second half is to come. */
    #pending = "";

    transform(chunk, controller) {
        let text = `${this.#pending}${chunk}`;
        this.#pending = "";
        const last = text.charCodeAt(text.length - 1);
        if (last >= 0xd8_00 && last <= 0xdb_ff) {
            this.#pending = text.at(-1);
            text = text.slice(0, -1);
        }
        if (text !== "") {
            controller.enqueue(encoder.encode(text));
        }
    }

    flush(controller) {
        if (this.#pending !== "") {
            controller.enqueue(encoder.encode(LONE_SURROGATE));
        }
    }
}

/** https://encoding.spec.whatwg.org/#interface-textencoderstream */
export class TextEncoderStream extends TransformStream {
    #encoding = "utf-8";

    constructor() {
        super(new Encoding());
    }

    get encoding() {
        if (!(#encoding in this)) {
            throw illegalInvocation();
        }
        return this.#encoding;
    }
}

defineInterface(TextEncoderStream);

/** Decodes bytes chunk by chunk. */
class Decoding {
    #decoder;

    constructor(decoder) {
        this.#decoder = decoder;
    }

    transform(chunk, controller) {
        const bytes = bytesOf(chunk);
        if (bytes === undefined) {
            throw new TypeError(NOT_BYTES);
        }
        const text = this.#decoder.decode(bytes, { stream: true });
        if (text !== "") {
            controller.enqueue(text);
        }
    }

    flush(controller) {
        const text = this.#decoder.decode();
        if (text !== "") {
            controller.enqueue(text);
        }
    }
}

let decoderOf;

/** https://encoding.spec.whatwg.org/#interface-textdecoderstream */
export class TextDecoderStream extends TransformStream {
    #decoder;

    /**
     * @param {string} [label] One of the standard's labels.
     * @param {{fatal?: boolean, ignoreBOM?: boolean}} [options] As for `TextDecoder`.
     */
    constructor(label = "utf-8", options = undefined) {
        if (options !== undefined && options !== null && !isObject(options)) {
            throw constructorError("TextDecoderStream", 2, "TextDecoderStreamInit");
        }
        const decoder = new TextDecoder(label, options);
        super(new Decoding(decoder));
        this.#decoder = decoder;
    }

    get encoding() {
        return decoderOf(this).encoding;
    }

    get fatal() {
        return decoderOf(this).fatal;
    }

    get ignoreBOM() {
        return decoderOf(this).ignoreBOM;
    }

    static {
        decoderOf = (stream) => {
            if (!(#decoder in stream)) {
                throw illegalInvocation();
            }
            return stream.#decoder;
        };
    }
}


defineInterface(TextDecoderStream);
