/**
 * `Response`, and its way to the host.
 *
 * `new Response("text")` keeps a string and a status; headers become an object when somebody asks for them.
 *
 * Invariant: status, content and socket of a response go together as the platform wants; the headers of a response from
 * the host cannot be changed.
 */

import { host } from "../host.js";
import { requireHandler } from "../scope.js";
import { notePlaceOf, sayPlaceOf } from "../trace.js";
import { normalizeUrl } from "../web/url.js";
import {
    constructorError, defineInterface, fieldError, illegalInvocation, isObject, parameterError,
} from "../web/webidl.js";
import {
    Body, CONTENT, CONTENT_TYPE, emptyBody, fillBody, initBody, splitBody, takeBody,
} from "./body.js";
import { contentFromHost, TEXT_TYPE } from "./content.js";
import { encodingOf } from "./encoding.js";
import {
    findHeader, flatHeaders, flattenHeaders, Headers, hasHeader, removeHeader, wrapHeaders,
} from "./headers.js";
import { reasonPhrase } from "./status.js";
import { isWebSocket, passSocket, receivedSocket } from "./websocket.js";

const BAD_STATUS = "Responses may only be constructed with status codes in the range 200 to 599, inclusive.";
const NO_BODY = "Response with null body status (101, 204, 205, or 304) cannot have a body.";
const NOT_101 = "Responses with a WebSocket must have status code 101.";
const SOCKET_CLONE = "Cannot clone a response to a WebSocket handshake.";
const ERROR_RESPONSE = "Return value from serve handler must not be an error response (like Response.error())";
const DICTIONARY = "InitializerDict";
const HEADER_TYPES = "Headers or Sequence or object";

function isNullBodyStatus(status) {
    return status === 204 || status === 101 || status === 205 || status === 304;
}

function parseStatus(value, hasSocket) {
    const number = Math.trunc(Number(value)) || 0;
    if (hasSocket) {
        if (number !== 101) {
            throw new RangeError(NOT_101);
        }
    } else if (number < 200 || number > 599) {
        throw new RangeError(BAD_STATUS);
    }
    return number;
}

function parseStatusText(value) {
    const text = `${value}`;
    if (text.includes("\n") || text.includes("\r") || text.includes("\0")) {
        throw new TypeError("Invalid statusText");
    }
    return text;
}

/**
 * The rarely used members.
 *
 * @typedef {{url: string, redirected: boolean, webSocket: WebSocket | null, cf: object | undefined, type: string,
 *     immutable: boolean, manual: boolean}} Rest
 */

/** In place of what content is made of: what follows is content, and nothing else is initialized. */
const BARE = {};

/** Set by the class: whether a value is a `Response`. */
export let isResponse;
/** Set by the class: what others need of its insides. */
let create;

/**
 * A response as it came from the host.
 *
 * @type {(status: number, statusText: string, headers: string[], body: null | ArrayBuffer | {stream: number, length:
 *     number | undefined}, socket: number | undefined, url: string, redirected: boolean) => Response} Headers are names
 *     and values by turns, and the response takes the array over; `socket` is the host's number of the socket that
 *     comes with it, `url` the URL that answered, `redirected` whether that is not the one that was asked for.
 */
export let responseFromHost;

/**
 * Answers an invocation.
 *
 * @type {(invocation: number, response: Response) => void} Takes the host's number. Throws the platform's `TypeError`
 *     when the response's content or its socket was used before.
 */
export let settleWithResponse;

/** https://fetch.spec.whatwg.org/#response-class */
export class Response extends Body {
    #status = 200;
    /** @type {string | undefined} `undefined` is the usual one for the status. */
    #statusText = "";
    /**
     * @type {undefined | string | string[] | Headers} Nothing, the type of the content, or an array, until somebody
     *     asks for the object.
     */
    #headers;
    /**
     * @type {undefined | string | Rest} The rarely used members, once there are any. Of a response from the host only
     *     the URL that answered, as long as there is nothing else to know.
     */
    #rest;

    /**
     * @param {BodyInit | null} [body] The content.
     * @param {ResponseInit | Response} [init] What else it has.
     */
    constructor(body, init) {
        if (body === BARE) {
            super(CONTENT, init);
            notePlaceOf(this);
            return;
        }
        const isText = typeof body === "string";
        super(CONTENT, isText ? body : null);
        notePlaceOf(this);
        if (isText) {
            requireHandler();
            this.#headers = TEXT_TYPE;
        } else if (body !== undefined && body !== null) {
            this.#headers = initBody(this, body);
        }
        if (init !== undefined && init !== null) {
            this.#apply(init);
        }
    }

    static {
        isResponse = (value) => typeof value === "object" && value !== null && #status in value;
        settleWithResponse = (invocation, response) => {
            const rest = response.#rest;
            if (typeof rest === "object") {
                response.#settleRest(invocation, rest);
                return;
            }
            const type = response.#headers;
            if (typeof type !== "string") {
                response.#send(invocation, false, null);
                return;
            }
            const body = takeBody(response);
            sayPlaceOf(response);
            const statusText = response.#statusText ?? "";
            host.settleResponse(invocation, response.#status, statusText, ["content-type", type], body);
        };
        responseFromHost = (status, statusText, headers, body, socket, url, redirected) => {
            const encoding = encodingOf(headers);
            const content = receivedContent(status, body, encoding);
            const response = new Response(BARE, encoding === undefined ? content : null);
            if (encoding !== undefined) {
                // What is decoded may be any stream.
                fillBody(response, content);
            }
            response.#status = status;
            response.#statusText = statusText === "" ? undefined : statusText;
            response.#headers = headers;
            response.#rest = url;
            if (redirected) {
                response.#change().redirected = true;
            }
            if (socket !== undefined) {
                response.#change().webSocket = receivedSocket(socket);
            }
            return response;
        };
        create = (status, statusText, headers, immutable, type) => {
            const response = new Response(BARE, null);
            response.#status = status;
            response.#statusText = statusText;
            response.#headers = headers;
            const rest = response.#change();
            rest.immutable = immutable;
            rest.type = type;
            return response;
        };
    }

    /** The rarely used members, to be changed. */
    #change() {
        const rest = this.#rest;
        if (typeof rest === "object") {
            return rest;
        }
        this.#rest = {
            url: rest ?? "", redirected: false, webSocket: null, cf: undefined, type: "default",
            immutable: rest !== undefined, manual: false,
        };
        return this.#rest;
    }

    #apply(init) {
        if (!isObject(init)) {
            throw constructorError("Response", 2, "InitializerDict or Response");
        }
        const { status, statusText, headers, webSocket, cf, encodeBody } = init;
        const hasSocket = webSocket !== undefined && webSocket !== null;
        if (hasSocket && !isWebSocket(webSocket)) {
            throw fieldError("webSocket", DICTIONARY, "WebSocket");
        }
        if (status !== undefined || hasSocket) {
            this.#status = parseStatus(status === undefined ? 200 : status, hasSocket);
            if (isNullBodyStatus(this.#status)) {
                this.#dropEmptyBody();
            }
        }
        if (statusText !== undefined) {
            this.#statusText = parseStatusText(statusText);
        }
        if (headers !== undefined) {
            this.#applyHeaders(headers);
        }
        if (hasSocket) {
            this.#change().webSocket = webSocket;
        }
        if (cf !== undefined) {
            if (!isObject(cf)) {
                throw fieldError("cf", DICTIONARY, "Object");
            }
            this.#change().cf = cf;
        }
        if (encodeBody !== undefined) {
            this.#applyEncodeBody(`${encodeBody}`);
        } else if (isResponse(init) && init.#rest?.manual) {
            this.#change().manual = true;
        }
    }

    /** What can have no content has none: the platform takes an empty one for that, and refuses any other. */
    #dropEmptyBody() {
        if (!emptyBody(this)) {
            throw new TypeError(NO_BODY);
        }
        this.#headers = undefined;
    }

    #applyHeaders(headers) {
        const flat = flattenHeaders(headers, () => fieldError("headers", DICTIONARY, HEADER_TYPES));
        if (this.#headers !== undefined && !hasHeader(flat, "content-type")) {
            flat.push("content-type", this.#headers);
        }
        this.#headers = flat;
    }

    #applyEncodeBody(text) {
        if (text !== "automatic" && text !== "manual") {
            throw new TypeError(`encodeBody: unexpected value: ${text}`);
        }
        if (text === "manual") {
            this.#change().manual = true;
        }
    }

    /** An answer to a request that failed. */
    static error() {
        return create(0, "", [], false, "error");
    }

    /** An answer that sends the client elsewhere. */
    static redirect(url, status = 302) {
        if (arguments.length === 0) {
            throw parameterError("redirect", "Response", 1, "string");
        }
        const number = Math.trunc(Number(status)) || 0;
        if (![301, 302, 303, 307, 308].includes(number)) {
            throw new RangeError(
                `${number} is not a redirect status code. It must be one of: 301, 302, 303, 307, or 308.`,
            );
        }
        const href = normalizeUrl(url);
        if (href === undefined) {
            throw new TypeError(`Unable to parse URL: ${url}`);
        }
        requireHandler();
        return create(number, "", ["location", href], true, "default");
    }

    /** A value as JSON. */
    static json(value, init = undefined) {
        if (arguments.length === 0) {
            throw parameterError("json", "Response", 1, "Value");
        }
        const text = JSON.stringify(value) ?? "undefined";
        requireHandler();
        const response = new Response(BARE, text);
        response.#headers = "application/json";
        if (init !== undefined && init !== null) {
            response.#apply(init);
        }
        return response;
    }

    /** The headers as an array, made if there are none. */
    #flat() {
        const headers = this.#headers;
        if (headers === undefined || typeof headers === "string") {
            this.#headers = headers === undefined ? [] : ["content-type", headers];
            return this.#headers;
        }
        return Array.isArray(headers) ? headers : flatHeaders(headers);
    }

    [CONTENT_TYPE]() {
        return findHeader(this.#flat(), "content-type");
    }

    #settleRest(invocation, rest) {
        if (rest.type === "error") {
            throw new TypeError(ERROR_RESPONSE);
        }
        this.#send(invocation, rest.manual, rest.webSocket);
    }

    #send(invocation, manual, webSocket) {
        const flat = this.#flat();
        // Most say nothing of an encoding, and are sent as they are.
        const isPlain = manual || !hasHeader(flat, "content-encoding");
        const encoding = isPlain ? undefined : encodingOf(flat);
        const body = takeBody(this, encoding);
        const headers = isPlain ? flat : sendable(flat, body, encoding);
        const socket = webSocket === null ? undefined : passSocket(webSocket);
        sayPlaceOf(this);
        host.settleResponse(invocation, this.#status, this.#statusText ?? "", headers, body, socket);
    }

    /** A second response with the same content, which each can read. */
    clone() {
        if (!(#status in this)) {
            throw illegalInvocation();
        }
        const rest = this.#rest;
        if (typeof rest === "object" && rest.webSocket !== null) {
            throw new TypeError(SOCKET_CLONE);
        }
        const clone = new Response(BARE, null);
        splitBody(this, clone);
        clone.#status = this.#status;
        clone.#statusText = this.#statusText;
        clone.#headers = this.#flat().slice();
        clone.#rest = typeof rest === "object" ? { ...rest } : rest;
        return clone;
    }

    get status() {
        if (!(#status in this)) {
            throw illegalInvocation();
        }
        return this.#status;
    }

    get statusText() {
        if (!(#status in this)) {
            throw illegalInvocation();
        }
        return this.#statusText ?? reasonPhrase(this.#status);
    }

    get headers() {
        if (!(#status in this)) {
            throw illegalInvocation();
        }
        if (!(this.#headers instanceof Headers)) {
            const rest = this.#rest;
            const immutable = typeof rest === "object" ? rest.immutable : rest !== undefined;
            this.#headers = wrapHeaders(this.#flat(), immutable);
        }
        return this.#headers;
    }

    /** Whether the status is one of success. */
    get ok() {
        if (!(#status in this)) {
            throw illegalInvocation();
        }
        return this.#status >= 200 && this.#status < 300;
    }

    /** Whether the request was redirected before it was answered. */
    get redirected() {
        if (!(#status in this)) {
            throw illegalInvocation();
        }
        return typeof this.#rest === "object" ? this.#rest.redirected : false;
    }

    /** The URL that answered; empty if the response was made here. */
    get url() {
        if (!(#status in this)) {
            throw illegalInvocation();
        }
        return typeof this.#rest === "object" ? this.#rest.url : (this.#rest ?? "");
    }

    /** The socket that comes with a response of status 101, or null. */
    get webSocket() {
        if (!(#status in this)) {
            throw illegalInvocation();
        }
        return typeof this.#rest === "object" ? this.#rest.webSocket : null;
    }

    get cf() {
        if (!(#status in this)) {
            throw illegalInvocation();
        }
        return typeof this.#rest === "object" ? this.#rest.cf : undefined;
    }

    get type() {
        if (!(#status in this)) {
            throw illegalInvocation();
        }
        return typeof this.#rest === "object" ? this.#rest.type : "default";
    }
}

/**
 * The headers as they are sent with `encodeBody: "automatic"`, of those that say how the content is encoded. What was
 * encoded here has another length than the worker said. The platform knows `br` too; here such content is sent as it
 * is, so the header goes. What is passed on from elsewhere is encoded already.
 */
function sendable(flat, body, encoding) {
    if (body === null || body.forward !== undefined) {
        return flat;
    }
    const sent = flat.slice();
    if (encoding !== undefined) {
        removeHeader(sent, "content-length");
    } else if (findHeader(flat, "content-encoding") === "br") {
        removeHeader(sent, "content-encoding");
    }
    return sent;
}

defineInterface(Response);

/** The content of a response from the host. */
function receivedContent(status, body, encoding) {
    if (status !== 200 && isNullBodyStatus(status)) {
        return null;
    }
    const content = contentFromHost(body, encoding);
    if (typeof body?.stream === "number") {
        content.cancelWhenDropped();
    }
    // The platform shows empty content as content.
    return content ?? "";
}

/** A response whose headers can be changed, as `fetch()` gives for what needs no request. */
export function localResponse(content, contentType) {
    const response = create(200, "OK", ["content-type", contentType], false, "default");
    fillBody(response, content);
    return response;
}
