/**
 * `URL`: the host parses; accessors cut the parts out of the text.
 *
 * Invariant: a `URL` is always valid: a change that the host refuses leaves it as it was.
 */

import { host } from "../host.js";
import { createSearchParams, provideUrls, replaceSearchParams } from "./url-search-params.js";
import { constructorError, defineInterface, illegalInvocation, parameterError, usv } from "./webidl.js";

// Where the parts are in what `host.urlParse()` gives. Positions are in UTF-16 units of the text; -1 is none.
const HREF = 0;
const SCHEME_END = 1;
const USERNAME_END = 2;
const HOST_START = 3;
const HOST_END = 4;
const PORT = 5;
const PATH_START = 6;
const QUERY_START = 7;
const FRAGMENT_START = 8;
const ORIGIN = 9;

/** In place of a URL: what follows are parts that the host gave. */
const PARSED = {};

// A request's URL is often parsed more than once, and often the same as that of the request before.
let lastUrl;
let lastParts;

function parse(url, base) {
    if (base !== undefined) {
        return host.urlParse(usv(url), usv(base));
    }
    if (url !== lastUrl || typeof url !== "string") {
        lastParts = host.urlParse(usv(url), undefined);
        lastUrl = url;
    }
    return lastParts;
}

/** https://url.spec.whatwg.org/#url-class */
export class URL {
    /** @type {Array<string | number>} What the host gave. */
    #parts;
    /** @type {URLSearchParams | undefined} Made when it is asked for. */
    #searchParams = undefined;

    /**
     * @param {string} url An absolute URL, or one relative to `base`.
     * @param {string} [base] An absolute URL.
     */
    constructor(url, base = undefined) {
        if (arguments.length === 0) {
            throw constructorError("URL", 1, "USVString");
        }
        const parts = url === PARSED ? base : parse(url, base);
        if (parts === undefined) {
            throw new TypeError("Invalid URL string.");
        }
        this.#parts = parts;
    }

    /** Whether `new URL()` would succeed. */
    static canParse(url, base = undefined) {
        if (arguments.length === 0) {
            throw parameterError("canParse", "URL", 1, "USVString");
        }
        return parse(url, base) !== undefined;
    }

    /** As `new URL()`, but gives `null` instead of throwing. */
    static parse(url, base = undefined) {
        if (arguments.length === 0) {
            throw parameterError("parse", "URL", 1, "USVString");
        }
        const parts = parse(url, base);
        return parts === undefined ? null : new URL(PARSED, parts);
    }

    static createObjectURL() {
        throw new Error("URL.createObjectURL() is not implemented");
    }

    static revokeObjectURL() {
        throw new Error("URL.revokeObjectURL() is not implemented");
    }

    static {
        provideUrls((url, query) => url.#set("search", query));
    }

    static #partsOf(url) {
        if (!(#parts in url)) {
            throw illegalInvocation();
        }
        return url.#parts;
    }

    /** Takes over what the host made of a change, if it accepted it. */
    #set(which, value) {
        const parts = host.urlSet(URL.#partsOf(this)[HREF], which, usv(value));
        if (parts !== undefined) {
            this.#parts = parts;
        }
    }

    /** The query without `?`. */
    #query() {
        return this.search.slice(1);
    }

    get origin() {
        return URL.#partsOf(this)[ORIGIN];
    }

    get href() {
        return URL.#partsOf(this)[HREF];
    }

    set href(value) {
        URL.#partsOf(this);
        const parts = parse(value, undefined);
        if (parts === undefined) {
            throw new TypeError(
                "Failed to set the 'href' property on 'URL': the provided value is not of type 'valid URL string'.",
            );
        }
        this.#parts = parts;
        if (this.#searchParams !== undefined) {
            replaceSearchParams(this.#searchParams, this.#query());
        }
    }

    get protocol() {
        const parts = URL.#partsOf(this);
        return parts[HREF].slice(0, parts[SCHEME_END] + 1);
    }

    set protocol(value) {
        this.#set("protocol", value);
    }

    get username() {
        const parts = URL.#partsOf(this);
        const start = parts[SCHEME_END] + 3;
        return parts[USERNAME_END] > start ? parts[HREF].slice(start, parts[USERNAME_END]) : "";
    }

    set username(value) {
        this.#set("username", value);
    }

    get password() {
        const parts = URL.#partsOf(this);
        const start = parts[USERNAME_END] + 1;
        return parts[HOST_START] > start ? parts[HREF].slice(start, parts[HOST_START] - 1) : "";
    }

    set password(value) {
        this.#set("password", value);
    }

    get host() {
        const parts = URL.#partsOf(this);
        return parts[HREF].slice(parts[HOST_START], parts[PORT] === -1 ? parts[HOST_END] : parts[PATH_START]);
    }

    set host(value) {
        this.#set("host", value);
    }

    get hostname() {
        const parts = URL.#partsOf(this);
        return parts[HREF].slice(parts[HOST_START], parts[HOST_END]);
    }

    set hostname(value) {
        this.#set("hostname", value);
    }

    get port() {
        const port = URL.#partsOf(this)[PORT];
        return port === -1 ? "" : `${port}`;
    }

    set port(value) {
        this.#set("port", value);
    }

    get pathname() {
        const parts = URL.#partsOf(this);
        const query = parts[QUERY_START];
        const fragment = parts[FRAGMENT_START];
        if (query !== -1) {
            return parts[HREF].slice(parts[PATH_START], query);
        }
        return fragment === -1 ? parts[HREF].slice(parts[PATH_START]) : parts[HREF].slice(parts[PATH_START], fragment);
    }

    set pathname(value) {
        this.#set("pathname", value);
    }

    get search() {
        const parts = URL.#partsOf(this);
        const start = parts[QUERY_START];
        if (start === -1) {
            return "";
        }
        const fragment = parts[FRAGMENT_START];
        const search = fragment === -1 ? parts[HREF].slice(start) : parts[HREF].slice(start, fragment);
        return search === "?" ? "" : search;
    }

    set search(value) {
        this.#set("search", value);
        if (this.#searchParams !== undefined) {
            replaceSearchParams(this.#searchParams, this.#query());
        }
    }

    get hash() {
        const parts = URL.#partsOf(this);
        const start = parts[FRAGMENT_START];
        const hash = start === -1 ? "" : parts[HREF].slice(start);
        return hash === "#" ? "" : hash;
    }

    set hash(value) {
        this.#set("hash", value);
    }

    /** The query's parameters; changes go both ways. */
    get searchParams() {
        if (!(#searchParams in this)) {
            throw illegalInvocation();
        }
        this.#searchParams ??= createSearchParams(this.#query(), this);
        return this.#searchParams;
    }

    toJSON() {
        return URL.#partsOf(this)[HREF];
    }

    toString() {
        return URL.#partsOf(this)[HREF];
    }
}

defineInterface(URL);

/** The parsed URL's text, or `undefined` when it cannot be parsed: for those who need no `URL` object. */
export function normalizeUrl(url, base = undefined) {
    return parse(url, base)?.[HREF];
}
