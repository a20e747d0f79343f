/**
 * `fetch()`, of the network and of everything that answers requests (reference §1.3, §2.4).
 *
 * Redirects are followed here, so that services and objects redirect as the network does and the response knows its
 * URL.
 *
 * Invariant: the call is given to the host before `fetchVia()` returns, so calls keep their order.
 */

import { cancel, startFetch } from "../calls.js";
import { enabled } from "../flags.js";
import { host } from "../host.js";
import { onAbort } from "../web/abort.js";
import { normalizeUrl } from "../web/url.js";
import { parameterError } from "../web/webidl.js";
import { inboundOf } from "./body.js";
import { discardFromHost } from "./content.js";
import { fetchDataUrl } from "./data-url.js";
import { findHeader, hasHeader } from "./headers.js";
import { isRequest, parseUrl, Request, takeRequest } from "./request.js";
import { responseFromHost } from "./response.js";

const MAX_REDIRECTS = 20;
const BAD_LOCATION = "Invalid Location header; unable to follow redirect.";
const NOT_REWINDABLE =
    "A request with a one-time-use body (it was initialized from a stream, not a buffer) encountered a redirect " +
    "requiring the body to be retransmitted. To avoid this error in the future, construct this request from a " +
    "buffer-like body initializer.";
const NOT_UPGRADED =
    "Worker tried to return a WebSocket in a response to a request which did not contain the header " +
    "\"Upgrade: websocket\".";
/** What relative URLs were resolved against before absolute ones were required. */
const FAKE_BASE = "https://fake-host/";

function isHttp(href) {
    return href.startsWith("http://") || href.startsWith("https://");
}

// A worker often sends to one and the same URL.
let lastHref;
let lastSent;

/** An HTTP URL as it is sent, without its fragment; `undefined` if it is not one of HTTP. */
function sentUrl(href) {
    if (href !== lastHref) {
        lastHref = href;
        lastSent = isHttp(href) ? withoutFragment(href) : undefined;
    }
    return lastSent;
}

/** The parts of a request that is made of a URL alone, but for that. */
const PLAIN = Object.freeze({
    method: "GET", headers: Object.freeze([]), isOneTime: false, body: null, redirect: "follow", signal: undefined,
    cfJson: undefined,
});

/** Old workers may call an object by a path. */
function absolute(target, input) {
    const text = typeof input === "string" ? input : `${input}`;
    if (target !== undefined && text.startsWith("/") && !enabled("durable_object_fetch_requires_full_url")) {
        return normalizeUrl(text, FAKE_BASE) ?? text;
    }
    return text;
}

/** The URL as it is sent. */
function withoutFragment(url) {
    const hash = url.indexOf("#");
    return hash === -1 ? url : url.slice(0, hash);
}

/**
 * A request on its way: what is known of it, and what it was redirected to. It receives the ends of its calls.
 */
class Exchange {
    constructor(target, parts, url) {
        this.target = target;
        this.parts = parts;
        this.url = url;
        this.redirects = 0;
    }

    /** @returns {Promise<import("./response.js").Response>} */
    send() {
        return new Promise((resolve, reject) => {
            this.resolve = resolve;
            this.fail = reject;
            this.start();
        });
    }

    start() {
        const { parts } = this;
        const { headers, body } = parts;
        const sent = body === null ? headers : withLength(headers, body);
        /** The call under way, for an abort. */
        this.call = startFetch(this, parts.method, this.url, sent, body, true, parts.cfJson);
    }

    cancel() {
        cancel(this.call);
    }

    respond(status, statusText, headers, body, socket) {
        try {
            if (isRedirect(status) && this.parts.redirect === "follow") {
                const location = findHeader(headers, "location");
                if (location !== null) {
                    discardFromHost(body);
                    this.redirect(status, location);
                    this.start();
                    return;
                }
            }
            if (socket !== undefined && !isUpgrade(this.parts.headers)) {
                host.socketDrop(socket);
                throw new TypeError(NOT_UPGRADED);
            }
            this.resolve(responseFromHost(status, statusText, headers, body, socket, this.url, this.redirects > 0));
        } catch (error) {
            this.fail(error);
        }
    }

    /** Makes the parts those of the next request. */
    redirect(status, location) {
        const next = normalizeUrl(location, this.url);
        if (next === undefined || !isHttp(next)) {
            throw new TypeError(BAD_LOCATION);
        }
        this.redirects += 1;
        if (this.redirects > MAX_REDIRECTS) {
            throw new TypeError("Too many redirects.");
        }
        const { isOneTime } = this.parts;
        let { method, headers, body } = this.parts;
        const isGet = method === "GET" || method === "HEAD";
        if (!isGet && (status === 303 || ((status === 301 || status === 302) && method === "POST"))) {
            method = "GET";
            body = null;
        } else if (isOneTime) {
            throw new TypeError(NOT_REWINDABLE);
        }
        if (enabled("strip_authorization_on_cross_origin_redirect") && originOf(next) !== originOf(this.url)) {
            headers = without(headers, "authorization");
        }
        this.parts = { ...this.parts, method, headers, body };
        this.url = withoutFragment(next);
    }
}

/** The headers with the length of the content, where it is known. */
function withLength(headers, body) {
    const length = typeof body === "string" ? host.utf8Length(body) : body.length;
    if (length === undefined || hasHeader(headers, "content-length")) {
        return headers;
    }
    return [...headers, "content-length", `${length}`];
}

function isUpgrade(headers) {
    return findHeader(headers, "upgrade")?.toLowerCase() === "websocket";
}

function isRedirect(status) {
    return status >= 301 && status <= 308 && (status <= 303 || status >= 307);
}

/** The scheme and the authority of an HTTP URL. */
function originOf(href) {
    return href.slice(0, href.indexOf("/", href.indexOf("://") + 3));
}

function without(flat, name) {
    const rest = [];
    for (let i = 0; i < flat.length; i += 2) {
        if (flat[i] !== name) {
            rest.push(flat[i], flat[i + 1]);
        }
    }
    return rest;
}

/** Ends an exchange, and later the content it brought, when a signal aborts. */
function abortable(exchange, signal) {
    return new Promise((resolve, reject) => {
        let abort = () => {
            exchange.cancel();
            reject(signal.reason);
        };
        const forget = onAbort(signal, () => abort());
        exchange.send().then(
            (response) => {
                const inbound = inboundOf(response);
                if (inbound === undefined) {
                    forget();
                } else {
                    abort = () => inbound.abort(signal.reason);
                    inbound.onover = forget;
                }
                resolve(response);
            },
            (error) => {
                forget();
                reject(error);
            },
        );
    });
}

function send(target, input, init) {
    let parts;
    let url;
    const isBare = init === undefined || init === null;
    if (isBare && (typeof input === "string" || !isRequest(input))) {
        parts = PLAIN;
        url = parseUrl(absolute(target, input));
    } else {
        parts = takeRequest(isBare ? input : new Request(isRequest(input) ? input : absolute(target, input), init));
        ({ url } = parts);
    }
    const sent = sentUrl(url);
    if (sent === undefined) {
        const response = url.startsWith("data:") ? fetchDataUrl(url) : undefined;
        if (response === undefined) {
            throw new TypeError(`Fetch API cannot load: ${url}`);
        }
        return Promise.resolve(response);
    }
    const exchange = new Exchange(target, parts, sent);
    const { signal } = parts;
    if (signal === undefined) {
        return exchange.send();
    }
    return signal.aborted ? Promise.reject(signal.reason) : abortable(exchange, signal);
}

/**
 * Sends a request.
 *
 * @param {undefined | number | [number, string, string | undefined]} target The network, a service, or an object; see
 *     `fetchCall()`.
 * @param {Request | string | URL} input
 * @param {RequestInit} [init]
 * @returns {Promise<import("./response.js").Response>}
 */
export function fetchVia(target, input, init) {
    try {
        return send(target, input, init);
    } catch (error) {
        return Promise.reject(error);
    }
}

/** The global `fetch()`. */
export function fetch(input = undefined, init = undefined) {
    if (arguments.length === 0) {
        return Promise.reject(parameterError("fetch", "ServiceWorkerGlobalScope", 1, "Request or string"));
    }
    return fetchVia(undefined, input, init);
}
