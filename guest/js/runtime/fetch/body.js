/**
 * `Body`: what `Request` and `Response` have in common, the content.
 *
 * Content that is a string, bytes or a stream of the host stays that until somebody asks for `body`; then a stream is
 * made of it, and as long as nobody has read from that, the content is still taken past it.
 *
 * Invariant: content is given away once, by whatever way.
 */

import { enabled } from "../flags.js";
import { host } from "../host.js";
import { passOn, readAll, streamOfBytes, takeOver } from "../streams/bytes.js";
import { compressed } from "../streams/compression.js";
import { isDisturbed, isLocked, isReadable, originOf } from "../streams/internals.js";
import { blobFrom } from "../web/blob.js";
import { parseMimeType } from "../web/mime-type.js";
import { parseFormData } from "../web/multipart.js";
import { defineInterface, illegalConstructor, illegalInvocation, isObject } from "../web/webidl.js";
import { collect, Inbound, outbound, streamOfInbound } from "./bodies.js";
import { checkStream, extract, extractedType } from "./content.js";
import { decoded } from "./encoding.js";

const USED =
    "Body has already been used. It can only be used once. Use tee() first if you need to read it twice.";
const LOCKED = "This ReadableStream is currently locked to a reader.";
const CLONE_LOCKED = "This ReadableStream is currently locked to a reader,";
const SEND_LOCKED = "The ReadableStream has been locked to a reader.";
const BYTE_ORDER_MARK = 0xfe_ff;
const NO_BYTES = new Uint8Array(0);

function withoutMark(text) {
    return text.charCodeAt(0) === BYTE_ORDER_MARK && enabled("strip_bom_in_read_all_text") ? text.slice(1) : text;
}

/** The text of content that is not a stream. */
function textOf(content) {
    return withoutMark(typeof content === "string" ? content.toWellFormed() : host.utf8Decode(content));
}

/** Bytes that the caller may keep. `mine` tells whether nobody else has them. */
function ownBytes(content, mine) {
    if (typeof content === "string") {
        return new Uint8Array(host.utf8Encode(content));
    }
    return mine ? content : content.slice();
}

function wholeBuffer(bytes) {
    return bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
}

let readOf;

// Set by the class: what requests and responses need of it.

/**
 * Fills a body that was just made with content.
 *
 * @type {(body: Body, content: import("./content.js").Content) => void}
 */
export let fillBody;

/**
 * Makes a body without content of one that was just made, if what is in it is empty.
 *
 * @type {(body: Body) => boolean} False when it is not, or is a stream, of which nobody knows.
 */
export let emptyBody;

/**
 * Whether the content was read or given away.
 *
 * @type {(body: Body) => boolean}
 */
export let isBodyUsed;

/**
 * Takes the content of a body for another one, which is its only owner from here on.
 *
 * @type {(body: Body) => import("./content.js").Content}
 */
export let moveBody;

/**
 * Gives `other`, a new body, the same content, such that each can be read.
 *
 * @type {(body: Body, other: Body) => void}
 */
export let splitBody;

/**
 * The host's stream that is the content of a body of which nobody has asked for the stream.
 *
 * @type {(body: Body) => Inbound | undefined}
 */
export let inboundOf;

/**
 * Whether the content can be sent only once: it came as a stream.
 *
 * @type {(body: Body) => boolean}
 */
export let isOneTime;

/** In place of what a body is made of: what follows is content. */
export const CONTENT = {};

/** In place of the stream: the content was taken before anybody asked for one. */
const TAKEN = {};

/**
 * Takes the content of a body for a message to the host, encoded as its receiver expects it; not at all by default.
 *
 * @type {(body: Body, encoding?: "gzip") => null | string | Uint8Array | {stream: number, length?: number}
 *     | {forward: number, length?: number}} Throws a `TypeError` when it was read or given away, or its stream is
 *     locked.
 */
export let takeBody;

/** https://fetch.spec.whatwg.org/#body-mixin */
export class Body {
    /** @type {import("./content.js").Content} What is in it, or what the stream `#stream` was made of. */
    #content;
    /** @type {ReadableStream | TAKEN | undefined} The stream, once somebody has asked for it. */
    #stream;

    constructor(token, content) {
        if (token !== CONTENT) {
            throw illegalConstructor();
        }
        this.#content = content;
    }

    static {
        fillBody = (body, content) => {
            if (isReadable(content)) {
                body.#stream = content;
            } else {
                body.#content = content;
            }
        };
        emptyBody = (body) => {
            const content = body.#content;
            if (content === null ? body.#stream !== undefined : content.length !== 0) {
                return false;
            }
            body.#content = null;
            return true;
        };
        isBodyUsed = (body) => {
            const stream = body.#stream;
            return stream !== undefined && (stream === TAKEN || isDisturbed(stream));
        };
        takeBody = (body, encoding) => {
            const content = body.#content;
            if (body.#stream !== undefined) {
                return body.#takeStream(encoding);
            }
            if (content === null) {
                return null;
            }
            const isInbound = typeof content !== "string" && content instanceof Inbound;
            if (encoding !== (isInbound ? content.encoding : undefined)) {
                return sendStream(body.body, encoding);
            }
            body.#stream = TAKEN;
            return isInbound ? sendInbound(content) : content;
        };
        moveBody = (body) => body.#move();
        inboundOf = (body) => (body.#content instanceof Inbound ? body.#content : undefined);
        isOneTime = (body) => {
            const content = body.#content;
            return content === null
                ? body.#stream !== undefined
                : typeof content !== "string" && content instanceof Inbound;
        };
        splitBody = (body, other) => body.#split(other);
    }

    /** The content as a stream, or null. */
    get body() {
        if (!(#content in this)) {
            throw illegalInvocation();
        }
        const taken = this.#stream === TAKEN;
        if (this.#stream !== undefined && !taken) {
            return this.#stream;
        }
        const content = this.#content;
        if (content === null) {
            return null;
        }
        if (taken) {
            this.#stream = streamOfBytes(NO_BYTES);
            takeOver(this.#stream);
        } else if (content instanceof Inbound) {
            this.#stream = streamOfInbound(content);
        } else {
            this.#stream = streamOfBytes(ownBytes(content, true));
        }
        return this.#stream;
    }

    /** Whether the content was read or given away. */
    get bodyUsed() {
        if (!(#content in this)) {
            throw illegalInvocation();
        }
        return isBodyUsed(this);
    }

    /**
     * Takes the content to read it.
     *
     * @returns {string | Uint8Array | Promise<Uint8Array>}
     */
    #consume() {
        const stream = this.#stream;
        if (stream === undefined) {
            const content = this.#content;
            if (content === null) {
                return "";
            }
            this.#stream = TAKEN;
            return content instanceof Inbound ? collect(content) : content;
        }
        if (stream === TAKEN || isDisturbed(stream)) {
            throw new TypeError(USED);
        }
        if (isLocked(stream)) {
            throw new TypeError(LOCKED);
        }
        const origin = originOf(stream);
        if (origin?.bytes !== undefined) {
            takeOver(stream);
            return origin.bytes;
        }
        if (origin?.inbound?.isUntouched) {
            takeOver(stream);
            return collect(origin.inbound);
        }
        return readAll(stream);
    }

    arrayBuffer() {
        return readOf(this, asBuffer);
    }

    bytes() {
        return readOf(this, ownBytes);
    }

    text() {
        return readOf(this, textOf);
    }

    json() {
        return readOf(this, asJson);
    }

    formData() {
        return readOf(this, (content) => parseFormData(ownBytes(content, true), contentTypeOf(this)));
    }

    blob() {
        return readOf(this, (content, mine) => blobFrom(ownBytes(content, mine), blobType(contentTypeOf(this))));
    }

    static {
        // Calls `fn` with the content, and whether nobody else has it.
        readOf = (body, fn) => {
            try {
                if (!isObject(body) || !(#content in body)) {
                    throw illegalInvocation();
                }
                const content = body.#consume();
                if (typeof content !== "string" && content instanceof Promise) {
                    return content.then((bytes) => fn(bytes, true));
                }
                return Promise.resolve(fn(content, false));
            } catch (error) {
                return Promise.reject(error);
            }
        };
    }

    /** Takes the content out of the stream; see `takeBody()`. */
    #takeStream(encoding) {
        const stream = this.#stream;
        if (stream === TAKEN || isDisturbed(stream)) {
            throw new TypeError(USED);
        }
        if (isLocked(stream)) {
            throw new TypeError(SEND_LOCKED);
        }
        const origin = originOf(stream);
        if (origin?.inbound?.isUntouched && origin.inbound.encoding === encoding) {
            takeOver(stream);
            return sendInbound(origin.inbound);
        }
        const bytes = encoding === undefined ? origin?.bytes : origin?.encoded;
        if (bytes !== undefined) {
            takeOver(stream);
            return bytes;
        }
        return sendStream(stream, encoding);
    }

    /** Takes the content for another body; see `moveBody()`. */
    #move() {
        const stream = this.#stream;
        if (stream === undefined || stream === TAKEN) {
            this.#stream = this.#content === null ? undefined : TAKEN;
            return this.#content;
        }
        checkStream(stream);
        const origin = originOf(stream);
        if (origin?.bytes !== undefined) {
            takeOver(stream);
            return origin.bytes;
        }
        if (origin?.encoded !== undefined) {
            takeOver(stream);
            return decoded(origin.encoded);
        }
        return passOn(stream);
    }

    /** Gives `other`, which is empty, the same content. */
    #split(other) {
        if (this.#stream === TAKEN) {
            throw new TypeError(CLONE_LOCKED);
        }
        if (this.#stream === undefined && !(this.#content instanceof Inbound)) {
            other.#content = this.#content;
            return;
        }
        [this.#stream, other.#stream] = this.body.tee();
    }
}

function sendInbound(inbound) {
    return { forward: inbound.forward(), length: inbound.length };
}

/** As on the platform, what is known to be empty is nothing in any encoding. */
function sendStream(stream, encoding) {
    const origin = originOf(stream);
    if (encoding === undefined) {
        return outbound(stream, origin?.length);
    }
    return outbound(origin?.bytes?.length === 0 ? stream : compressed(stream, encoding), undefined);
}

function asBuffer(content, mine) {
    return wholeBuffer(ownBytes(content, mine));
}

function asJson(content) {
    return JSON.parse(textOf(content));
}

function blobType(contentType) {
    if (contentType === null) {
        return "";
    }
    if (!enabled("blob_standard_mime_type")) {
        return contentType;
    }
    const type = parseMimeType(contentType);
    if (type === undefined) {
        return "";
    }
    let text = type.essence;
    for (const [name, value] of type.parameters) {
        text += `;${name}=${value}`;
    }
    return text;
}

/** Given by each class that has a body: its `Content-Type`, or null. */
export const CONTENT_TYPE = Symbol("content type");

function contentTypeOf(body) {
    return body[CONTENT_TYPE]();
}

defineInterface(Body);

/**
 * Fills a body that was just made.
 *
 * @param {Body} body
 * @param {unknown} init What a body can be made of.
 * @returns {string | undefined} The `Content-Type` of content that brings one.
 */
export function initBody(body, init) {
    fillBody(body, extract(init));
    return extractedType;
}
