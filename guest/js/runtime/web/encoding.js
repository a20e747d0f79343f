/**
 * `TextEncoder` and `TextDecoder`. Characters are converted by the host; UTF-8 in one piece needs no decoder there.
 *
 * Invariant: a decoder keeps state in the host only between the calls of a stream.
 */

import { host } from "../host.js";
import {
    bytesOf, constructorError, defineInterface, illegalInvocation, isObject, parameterError, string,
} from "./webidl.js";

const NO_BYTES = new Uint8Array(0);
const BYTE_ORDER_MARK = 0xfe_ff;

/** https://encoding.spec.whatwg.org/#interface-textencoder */
export class TextEncoder {
    #encoding = "utf-8";

    /**
     * @param {string} [input] Text; lone surrogates become U+FFFD.
     * @returns {Uint8Array} UTF-8.
     */
    encode(input = "") {
        if (!(#encoding in this)) {
            throw illegalInvocation();
        }
        return new Uint8Array(host.utf8Encode(string(input)));
    }

    /**
     * Fills `destination` with as many whole characters as fit.
     *
     * @returns {{read: number, written: number}} UTF-16 units read and bytes written.
     */
    encodeInto(source, destination) {
        if (!(#encoding in this)) {
            throw illegalInvocation();
        }
        const text = string(source);
        if (!(destination instanceof Uint8Array)) {
            throw parameterError("encodeInto", "TextEncoder", 2, "Uint8Array");
        }
        const [read, written] = host.utf8EncodeInto(text, destination);
        return { read, written };
    }

    get encoding() {
        if (!(#encoding in this)) {
            throw illegalInvocation();
        }
        return this.#encoding;
    }
}

defineInterface(TextEncoder);

/** https://encoding.spec.whatwg.org/#interface-textdecoder */
export class TextDecoder {
    #encoding = "utf-8";
    #fatal = false;
    #ignoreBOM = false;
    /** The host's decoder: for other encodings than UTF-8 once it is needed, for UTF-8 only inside a stream. */
    #decoder = undefined;

    /**
     * @param {string} [label] One of the standard's labels.
     * @param {{fatal?: boolean, ignoreBOM?: boolean}} [options] Whether wrong bytes throw, and whether a byte order
     *     mark stays.
     */
    constructor(label = "utf-8", options = undefined) {
        if (label !== "utf-8") {
            this.#encoding = encodingOf(string(label));
        }
        if (options !== undefined && options !== null) {
            if (!isObject(options)) {
                throw constructorError("TextDecoder", 2, "ConstructorOptions");
            }
            this.#fatal = Boolean(options.fatal);
            this.#ignoreBOM = Boolean(options.ignoreBOM);
        }
    }

    /**
     * @param {BufferSource} [input] Bytes.
     * @param {{stream?: boolean}} [options] Whether more bytes of the same text follow.
     * @throws {TypeError} For bytes that are wrong, if the decoder is fatal.
     */
    decode(input, options) {
        if (!(#decoder in this)) {
            throw illegalInvocation();
        }
        const bytes = input === undefined ? NO_BYTES : bytesOf(input);
        if (bytes === undefined) {
            throw parameterError("decode", "TextDecoder", 1, "Array");
        }
        let stream = false;
        if (options !== undefined && options !== null) {
            if (!isObject(options)) {
                throw parameterError("decode", "TextDecoder", 2, "DecodeOptions");
            }
            stream = Boolean(options.stream);
        }
        if (!stream && this.#decoder === undefined && this.#encoding === "utf-8") {
            return this.#decodeWhole(bytes);
        }
        return this.#decodeStream(bytes, stream);
    }

    #decodeWhole(bytes) {
        const text = this.#fatal ? host.utf8DecodeFatal(bytes) : host.utf8Decode(bytes);
        if (text === undefined) {
            throw new TypeError("Failed to decode input.");
        }
        return !this.#ignoreBOM && text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text;
    }

    #decodeStream(bytes, stream) {
        this.#decoder ??= host.decoderNew(this.#encoding, this.#fatal, this.#ignoreBOM);
        let text;
        try {
            text = this.#decoder.decode(bytes, stream);
        } catch {
            this.#decoder = undefined;
            throw new TypeError("Failed to decode input.");
        }
        if (!stream) {
            this.#decoder = undefined;
        }
        return text;
    }

    get encoding() {
        if (!(#encoding in this)) {
            throw illegalInvocation();
        }
        return this.#encoding;
    }

    get fatal() {
        if (!(#fatal in this)) {
            throw illegalInvocation();
        }
        return this.#fatal;
    }

    get ignoreBOM() {
        if (!(#ignoreBOM in this)) {
            throw illegalInvocation();
        }
        return this.#ignoreBOM;
    }
}

defineInterface(TextDecoder);

function encodingOf(label) {
    const name = host.encodingName(label);
    if (name === undefined || name === "replacement") {
        throw new RangeError(`"${label}" is not a valid encoding.`);
    }
    return name;
}
