/**
 * `Request`.
 *
 * What comes from the host is kept as it came; the objects that scripts see of it (`headers`, `cf`, `signal`) are made
 * when they are asked for.
 *
 * Invariant: a request's method and URL are valid; the headers of a request from outside cannot be changed.
 */

import { enabled } from "../flags.js";
import { currentScope } from "../scope.js";
import { abortSignal, createSignal, isAbortSignal } from "../web/abort.js";
import { normalizeUrl } from "../web/url.js";
import { constructorError, defineInterface, fieldError, illegalInvocation, isObject } from "../web/webidl.js";
import {
    Body, CONTENT, CONTENT_TYPE, fillBody, initBody, isBodyUsed, isOneTime, moveBody, splitBody, takeBody,
} from "./body.js";
import { contentFromHost } from "./content.js";
import { findHeader, flatHeaders, flattenHeaders, Headers, hasHeader, wrapHeaders } from "./headers.js";

const BODY_NOT_ALLOWED = "Request with a GET or HEAD method cannot have a body.";
const USED = "Cannot reconstruct a Request with a used body.";
const BAD_REDIRECT =
    "Invalid redirect value, must be one of \"follow\" or \"manual\" (\"error\" won't be implemented since it does " +
    "not make sense at the edge; use \"manual\" and check the response status code).";
const NO_INTEGRITY =
    "Subrequest integrity checking is not implemented. The integrity option must be either undefined or an empty " +
    "string.";
const NO_CACHE = "The 'cache' field on 'RequestInitializerDict' is not implemented.";
const DICTIONARY = "RequestInitializerDict";
const HEADER_TYPES = "Headers or Sequence or object";

/** The methods that the platform knows. */
const METHODS = new Set([
    "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "PURGE", "OPTIONS", "TRACE", "COPY", "LOCK", "MKCOL", "MOVE",
    "PROPFIND", "PROPPATCH", "SEARCH", "UNLOCK", "ACL", "REPORT", "MKACTIVITY", "CHECKOUT", "MERGE", "MSEARCH",
    "NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE", "QUERY", "BAN",
]);

/** URLs that were parsed already, as workers call their objects by the same few; with what parsing made of them. */
const urls = new Map();
const MAX_URLS = 64;
const MAX_URL_LENGTH = 256;

/**
 * An absolute URL, parsed.
 *
 * @throws {TypeError} When it cannot be parsed.
 */
export function parseUrl(input) {
    const text = typeof input === "string" ? input : `${input}`;
    const known = urls.get(text);
    if (known !== undefined) {
        return known;
    }
    const href = normalizeUrl(text);
    if (href === undefined) {
        throw new TypeError(`Invalid URL: ${text}`);
    }
    if (text.length <= MAX_URL_LENGTH) {
        if (urls.size === MAX_URLS) {
            urls.clear();
        }
        urls.set(text, href);
    }
    return href;
}

function parseMethod(value) {
    const text = `${value}`;
    if (METHODS.has(text)) {
        return text;
    }
    const upper = text.toUpperCase();
    if (METHODS.has(upper) && (enabled("upper_case_all_http_methods") || upper !== "PATCH")) {
        return upper;
    }
    throw new TypeError(`Invalid HTTP method string: ${text}`);
}

function parseRedirect(value) {
    const text = `${value}`;
    if (text !== "follow" && text !== "manual") {
        throw new TypeError(BAD_REDIRECT);
    }
    return text;
}

function parseCache(value) {
    if (!enabled("cache_option_enabled")) {
        throw new Error(NO_CACHE);
    }
    const text = `${value}`;
    const known =
        text === "no-store" ||
        (text === "no-cache" && enabled("cache_no_cache_enabled")) ||
        (text === "reload" && enabled("cache_reload_enabled"));
    if (!known) {
        throw new TypeError(`Unsupported cache mode: ${text}`);
    }
    return text;
}

/**
 * The rarely used members of requests, shared by all that have these.
 *
 * @typedef {{immutable: boolean, redirect: string, signal: AbortSignal | undefined, cache: string | undefined}} Rest
 */

/** @type {Rest} Those of requests that the worker makes. */
const MADE = Object.freeze({ immutable: false, redirect: "follow", signal: undefined, cache: undefined });
/** @type {Rest} Those of requests from the host. */
const RECEIVED = Object.freeze({ immutable: true, redirect: "manual", signal: undefined, cache: undefined });

/** In place of the input: what follows are the parts of a request from the host. */
const FROM_HOST = {};
/** In place of the input: what follows is a request to be copied, but for its body. */
const COPY = {};

/** Set by the class: whether a value is a `Request`. */
export let isRequest;
/** Set by the class: what others need of its insides. */
let take;
let copyHead;

/**
 * A request as it came from the host.
 *
 * @type {(method: string, url: string, headers: string[],
 *     body: null | ArrayBuffer | {stream: number, length: number | undefined}, cfJson: string | undefined) => Request}
 *     Headers are names and values by turns, and the request takes the array over; `cfJson` is `request.cf`.
 */
export let requestFromHost;

/** https://fetch.spec.whatwg.org/#request-class */
export class Request extends Body {
    #method = "GET";
    #url = "";
    /** @type {string[] | Headers} An array until somebody asks for the object. */
    #headers;
    /** @type {Rest} Never changed in place. */
    #rest = MADE;
    /** An object, or its JSON text as it came from the host. */
    #cf;

    /**
     * @param {Request | string | URL} input Another request, or a URL.
     * @param {RequestInit} [init] What differs from it.
     */
    constructor(input, init) {
        if (input === FROM_HOST) {
            super(CONTENT, init);
            return;
        }
        super(CONTENT, null);
        if (input === COPY) {
            this.#copyHead(init);
            return;
        }
        if (input === undefined) {
            throw constructorError("Request", 1, "Request or string");
        }
        const body = isRequest(input) ? this.#copy(input, init) : this.#create(input);
        if (init !== undefined && init !== null) {
            this.#apply(init, body);
        } else if (body !== null) {
            fillBody(this, body);
        }
    }

    static {
        isRequest = (value) => typeof value === "object" && value !== null && #method in value;
        take = (request) => request.#take();
        copyHead = (from) => new Request(COPY, from);
        requestFromHost = (method, url, headers, body, cfJson) => {
            const request = new Request(FROM_HOST, body === null ? null : contentFromHost(body));
            request.#method = method;
            request.#url = url;
            request.#headers = headers;
            request.#rest = RECEIVED;
            request.#cf = cfJson;
            return request;
        };
    }

    #create(url) {
        this.#url = parseUrl(url);
        this.#headers = [];
        return null;
    }

    /** Takes over what another request has. Gives its content, unless `init` replaces it. */
    #copy(request, init) {
        this.#copyHead(request);
        this.#rest = { ...this.#rest, immutable: false };
        if (init?.body !== undefined) {
            return null;
        }
        if (isBodyUsed(request)) {
            throw new TypeError(USED);
        }
        return moveBody(request);
    }

    #copyHead(request) {
        this.#method = request.#method;
        this.#url = request.#url;
        this.#headers = request.#flat().slice();
        this.#rest = request.#rest;
        this.#cf = typeof request.#cf === "object" ? { ...request.#cf } : request.#cf;
    }

    /** Applies the second argument. `content` is that of the request to copy, or null. */
    #apply(init, content) {
        if (!isObject(init)) {
            throw constructorError("Request", 2, "RequestInitializerDict or Request");
        }
        const { method, headers, body, redirect, signal, cf, cache, integrity } = init;
        if (method !== undefined) {
            this.#method = parseMethod(method);
        }
        if (headers !== undefined) {
            this.#headers = flattenHeaders(headers, () => fieldError("headers", DICTIONARY, HEADER_TYPES));
        }
        if (redirect !== undefined) {
            this.#rest = { ...this.#rest, redirect: parseRedirect(redirect) };
        }
        this.#applyRest(signal, cf, cache, integrity);
        if (body !== undefined && body !== null) {
            this.#requireBodyMethod();
            const type = initBody(this, body);
            if (type !== undefined && !hasHeader(this.#headers, "content-type")) {
                this.#headers.push("content-type", type);
            }
        } else if (content !== null) {
            if (method !== undefined) {
                this.#requireBodyMethod();
            }
            fillBody(this, content);
        }
    }

    #applyRest(signal, cf, cache, integrity) {
        if (signal !== undefined) {
            if (signal !== null && !isAbortSignal(signal)) {
                throw fieldError("signal", DICTIONARY, "AbortSignal");
            }
            this.#rest = { ...this.#rest, signal: signal ?? undefined };
        }
        if (cf !== undefined) {
            if (!isObject(cf)) {
                throw fieldError("cf", DICTIONARY, "Object");
            }
            this.#cf = cf;
        }
        if (cache !== undefined) {
            this.#rest = { ...this.#rest, cache: parseCache(cache) };
        }
        if (integrity !== undefined && `${integrity}` !== "") {
            throw new TypeError(NO_INTEGRITY);
        }
    }

    #requireBodyMethod() {
        if (this.#method === "GET" || this.#method === "HEAD") {
            throw new TypeError(BODY_NOT_ALLOWED);
        }
    }

    #flat() {
        const headers = this.#headers;
        return Array.isArray(headers) ? headers : flatHeaders(headers);
    }

    #take() {
        if (isBodyUsed(this)) {
            throw new TypeError(USED);
        }
        const cf = this.#cf;
        return {
            method: this.#method,
            url: this.#url,
            headers: this.#flat(),
            isOneTime: isOneTime(this),
            body: takeBody(this),
            redirect: this.#rest.redirect,
            signal: this.#rest.signal,
            cfJson: typeof cf === "object" ? JSON.stringify(cf) : cf,
        };
    }

    [CONTENT_TYPE]() {
        return findHeader(this.#flat(), "content-type");
    }

    /** A second request with the same content, which each can read. */
    clone() {
        if (!(#method in this)) {
            throw illegalInvocation();
        }
        const clone = copyHead(this);
        splitBody(this, clone);
        return clone;
    }

    get method() {
        if (!(#method in this)) {
            throw illegalInvocation();
        }
        return this.#method;
    }

    get url() {
        if (!(#method in this)) {
            throw illegalInvocation();
        }
        return this.#url;
    }

    get headers() {
        if (!(#method in this)) {
            throw illegalInvocation();
        }
        if (!(this.#headers instanceof Headers)) {
            this.#headers = wrapHeaders(this.#headers, this.#rest.immutable);
        }
        return this.#headers;
    }

    /** `follow` or `manual`. */
    get redirect() {
        if (!(#method in this)) {
            throw illegalInvocation();
        }
        return this.#rest.redirect;
    }

    /** Through whom the request is sent, if not the network. */
    get fetcher() {
        if (!(#method in this)) {
            throw illegalInvocation();
        }
        return null;
    }

    /** Aborts the request; for one from outside, when the client goes away. */
    get signal() {
        if (!(#method in this)) {
            throw illegalInvocation();
        }
        if (this.#rest.signal === undefined) {
            const signal = createSignal();
            this.#rest = { ...this.#rest, signal };
            if (this.#rest.immutable && enabled("enable_request_signal")) {
                currentScope().invocation.oncancel = () => abortSignal(signal);
            }
        }
        return this.#rest.signal;
    }

    /** What the platform knows of the client, or what it is told to do with the request. */
    get cf() {
        if (!(#method in this)) {
            throw illegalInvocation();
        }
        if (typeof this.#cf === "string") {
            this.#cf = JSON.parse(this.#cf);
        }
        return this.#cf;
    }

    /** Always empty. */
    get integrity() {
        if (!(#method in this)) {
            throw illegalInvocation();
        }
        return "";
    }

    /** Always false. */
    get keepalive() {
        if (!(#method in this)) {
            throw illegalInvocation();
        }
        return false;
    }

    get cache() {
        if (!(#method in this)) {
            throw illegalInvocation();
        }
        return this.#rest.cache;
    }
}

defineInterface(Request);

/**
 * The parts of a request that is about to be sent; its body is used from here on.
 *
 * @param {Request} request
 * @returns {{method: string, url: string, headers: string[], isOneTime: boolean, body: unknown,
 *     redirect: string, signal: AbortSignal | undefined, cfJson: string | undefined}} The headers must not be changed.
 * @throws {TypeError} When its body was used before.
 */
export function takeRequest(request) {
    return take(request);
}
