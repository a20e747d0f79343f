/**
 * Content: what a body is made of, and what comes from the host.
 *
 * Invariant: content that is a string or bytes is never changed.
 */

import { enabled } from "../flags.js";
import { host } from "../host.js";
import { requireHandler } from "../scope.js";
import { isDisturbed, isLocked, isReadable } from "../streams/internals.js";
import { ReadableStream } from "../streams/standard.js";
import { bytesOfBlob, isBlobLike } from "../web/blob.js";
import { isFormData } from "../web/form-data.js";
import { serialiseMultipart } from "../web/multipart.js";
import { isURLSearchParams } from "../web/url-search-params.js";
import { bytesOf, isObject } from "../web/webidl.js";
import { Inbound } from "./bodies.js";
import { decoded, EncodedInbound } from "./encoding.js";

const INIT_LOCKED = "This ReadableStream is locked to a reader, and cannot be used as a body.";
const INIT_DISTURBED = "This ReadableStream is disturbed (has already been read from), and cannot be used as a body.";

/** The type of content that was text. */
export const TEXT_TYPE = "text/plain;charset=UTF-8";
const FORM_TYPE = "application/x-www-form-urlencoded;charset=UTF-8";

/**
 * Content: nothing; a string; bytes that nobody changes; a stream of the host; or any stream.
 *
 * @typedef {null | string | Uint8Array | Inbound | ReadableStream} Content
 */

/** What kinds of objects become a stream of what they iterate over; everything else has its own text. */
function isIterable(value) {
    if (!enabled("fetch_iterable_type_support")) {
        return false;
    }
    if (Array.isArray(value) || typeof value[Symbol.asyncIterator] === "function") {
        return true;
    }
    return typeof value[Symbol.iterator] === "function" && value.toString === Object.prototype.toString;
}

/** A stream that nobody has read or locked. */
export function checkStream(stream) {
    if (isDisturbed(stream)) {
        throw new TypeError(INIT_DISTURBED);
    }
    if (isLocked(stream)) {
        throw new TypeError(INIT_LOCKED);
    }
    return stream;
}

/** Set by `extract()` beside what it returns: the content's type, if it has one. */
export let extractedType;

/**
 * Content from what a body can be made of.
 *
 * @returns {Content} Its type is in `extractedType`.
 * @throws {Error} The platform's, in global scope, where the content is not a stream of the worker's own.
 */
export function extract(init) {
    extractedType = undefined;
    if (typeof init === "string") {
        requireHandler();
        extractedType = TEXT_TYPE;
        return init;
    }
    if (init === null || init === undefined) {
        return null;
    }
    if (isObject(init)) {
        const content = extractObject(init);
        if (content !== undefined) {
            if (!isReadable(content)) {
                requireHandler();
            }
            return content;
        }
    }
    requireHandler();
    extractedType = TEXT_TYPE;
    return `${init}`;
}

function extractObject(init) {
    if (isReadable(init)) {
        return checkStream(init);
    }
    const bytes = bytesOf(init);
    if (bytes !== undefined) {
        // The worker may change its buffer as soon as it has it back. Node's `slice()` does not copy.
        return new Uint8Array(bytes);
    }
    if (isBlobLike(init)) {
        extractedType = init.type === "" ? undefined : init.type;
        return bytesOfBlob(init);
    }
    if (isURLSearchParams(init)) {
        extractedType = FORM_TYPE;
        return init.toString();
    }
    if (isFormData(init)) {
        const form = serialiseMultipart(init);
        extractedType = form.contentType;
        return form.bytes;
    }
    return isIterable(init) ? ReadableStream.from(init) : undefined;
}

/**
 * The content of a body that came from the host.
 *
 * @param {null | ArrayBuffer | {stream: number, length: number | undefined}} body
 * @param {"gzip"} [encoding] How it is encoded; readers have it decoded.
 * @returns {Content}
 */
export function contentFromHost(body, encoding) {
    if (body === null || body === undefined) {
        return null;
    }
    if (encoding !== undefined) {
        return body instanceof ArrayBuffer
            ? decoded(new Uint8Array(body))
            : new EncodedInbound(body.stream, body.length);
    }
    return body instanceof ArrayBuffer ? new Uint8Array(body) : new Inbound(body.stream, body.length);
}

/** Gives the host back the content of a message that nobody will look at. */
export function discardFromHost(body) {
    if (typeof body?.stream === "number") {
        host.bodyCancel(body.stream);
    }
}
