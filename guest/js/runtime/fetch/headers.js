/**
 * `Headers`: names and values by turns in one array, as they travel to and from the host.
 *
 * Names are in lower case; what was appended under one name stays apart and is joined when it is read, so that looking
 * one header up costs one walk and building a `Headers` costs nothing.
 *
 * Invariant: names and values in the array are valid; the array of an immutable `Headers` is never changed.
 */

import { enabled } from "../flags.js";
import {
    constructorError, defineInterface, illegalInvocation, isObject, pairIterator, parameterError, string, usv,
} from "../web/webidl.js";

const IMMUTABLE = "Can't modify immutable headers.";
const BAD_NAME = "Invalid header name.";
const BAD_VALUE = "Invalid header value.";
const BAD_PAIR = "To initialize a Headers object from a sequence, each inner sequence must have exactly two elements.";
const NO_SEQUENCE = "Incorrect type: the provided value is not of type 'Sequence'.";
const ONLY_COOKIES = "getAll() can only be used with the header name \"Set-Cookie\".";
const TYPES = "Headers or Sequence or object";

/** The standard's, and as on the platform whatever is beyond ASCII. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z\u0080-\uffff]*$/;

/** How many names that workers made up are remembered. */
const MAX_NAMES = 512;

/** Names that were found valid, with their lower case. */
const names = new Map(
    [
        "Accept", "Accept-Encoding", "Accept-Language", "Access-Control-Allow-Credentials",
        "Access-Control-Allow-Headers", "Access-Control-Allow-Methods", "Access-Control-Allow-Origin",
        "Access-Control-Expose-Headers", "Access-Control-Max-Age", "Access-Control-Request-Headers",
        "Access-Control-Request-Method", "Age", "Allow", "Authorization", "Cache-Control", "CF-Connecting-IP", "CF-Ray",
        "Connection", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Length",
        "Content-Range", "Content-Security-Policy", "Content-Type", "Cookie", "Date", "ETag", "Expires", "Host",
        "If-Match", "If-Modified-Since", "If-None-Match", "Last-Event-ID", "Last-Modified", "Link", "Location",
        "Origin", "Pragma", "Range", "Referer", "Referrer-Policy", "Retry-After", "Sec-WebSocket-Protocol", "Server",
        "Set-Cookie", "Strict-Transport-Security", "Transfer-Encoding", "Upgrade", "User-Agent", "Vary", "WWW-Authenticate",
        "X-Content-Type-Options", "X-Forwarded-For", "X-Frame-Options", "X-Powered-By", "X-Request-Id",
        "X-Requested-With",
    ].flatMap((name) => [
        [name, name.toLowerCase()],
        [name.toLowerCase(), name.toLowerCase()],
    ]),
);

/** A name in lower case. */
function normalizeName(name) {
    const known = names.get(name);
    if (known !== undefined) {
        return known;
    }
    const text = usv(name);
    if (!TOKEN.test(text)) {
        throw new TypeError(BAD_NAME);
    }
    const lower = lowerCase(text);
    if (names.size < MAX_NAMES) {
        names.set(text, lower);
    }
    return lower;
}

/** Of a valid name. Letters beyond ASCII stay what they are. */
function lowerCase(name) {
    return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function isBlank(code) {
    return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
}

/** A value without white space around it. */
function normalizeValue(value) {
    let text = string(value);
    const { length } = text;
    if (length === 0) {
        return text;
    }
    if (isBlank(text.charCodeAt(0)) || isBlank(text.charCodeAt(length - 1))) {
        text = text.replace(/^[\t\n\r ]+|[\t\n\r ]+$/gu, "");
    }
    if (text.includes("\n") || text.includes("\r") || text.includes("\0")) {
        throw new TypeError(BAD_VALUE);
    }
    return text;
}

/** The value under a name in lower case in such an array, or null. */
export function findHeader(flat, name) {
    const { length } = flat;
    for (let i = 0; i < length; i += 2) {
        if (flat[i] === name) {
            const value = flat[i + 1];
            for (let k = i + 2; k < length; k += 2) {
                if (flat[k] === name) {
                    return joinFrom(flat, name, k, value);
                }
            }
            return value;
        }
    }
    return null;
}

function joinFrom(flat, name, from, first) {
    let joined = first;
    for (let i = from; i < flat.length; i += 2) {
        if (flat[i] === name) {
            joined += `, ${flat[i + 1]}`;
        }
    }
    return joined;
}

/** Whether such an array has a name, in lower case. */
export function hasHeader(flat, name) {
    for (let i = 0; i < flat.length; i += 2) {
        if (flat[i] === name) {
            return true;
        }
    }
    return false;
}

/** Takes every header of a name out, from an index on. */
function remove(flat, name, from = 0) {
    let to = from;
    for (let i = from; i < flat.length; i += 2) {
        if (flat[i] !== name) {
            flat[to] = flat[i];
            flat[to + 1] = flat[i + 1];
            to += 2;
        }
    }
    flat.length = to;
}

function set(flat, name, value) {
    for (let i = 0; i < flat.length; i += 2) {
        if (flat[i] === name) {
            flat[i + 1] = value;
            remove(flat, name, i + 2);
            return;
        }
    }
    flat.push(name, value);
}

function cookies(flat) {
    const found = [];
    for (let i = 0; i < flat.length; i += 2) {
        if (flat[i] === "set-cookie") {
            found.push(flat[i + 1]);
        }
    }
    return found;
}

/** Names and values by turns in the order of iteration: sorted, joined, but cookies apart. */
function sorted(flat) {
    const byName = new Map();
    const apart = enabled("http_headers_getsetcookie");
    for (let i = 0; i < flat.length; i += 2) {
        const before = byName.get(flat[i]);
        if (before === undefined) {
            byName.set(flat[i], flat[i + 1]);
        } else if (flat[i] !== "set-cookie" || !apart) {
            byName.set(flat[i], `${before}, ${flat[i + 1]}`);
        }
    }
    const list = [];
    for (const name of [...byName.keys()].sort()) {
        if (name === "set-cookie" && apart) {
            for (const cookie of cookies(flat)) {
                list.push(name, cookie);
            }
        } else {
            list.push(name, byName.get(name));
        }
    }
    return list;
}

/** Fills an array from what a `Headers` can be made of; `wrong` makes the error for anything else. */
function fill(flat, init, wrong) {
    if (!isObject(init)) {
        throw wrong();
    }
    const iterator = init[Symbol.iterator];
    if (iterator === undefined || iterator === null) {
        for (const key of Object.keys(init)) {
            flat.push(normalizeName(key), normalizeValue(init[key]));
        }
        return;
    }
    for (const pair of init) {
        if (!isObject(pair) || typeof pair[Symbol.iterator] !== "function") {
            throw new TypeError(NO_SEQUENCE);
        }
        const parts = Array.isArray(pair) ? pair : [...pair];
        if (parts.length !== 2) {
            throw new TypeError(BAD_PAIR);
        }
        flat.push(normalizeName(parts[0]), normalizeValue(parts[1]));
    }
}

/** Set by the class: what others need of its insides. */
let flatOf;
let isHeaders;
let wrap;

/** In place of what to fill it with: what follows is an array to be taken over. */
const OWNED = {};

/** https://fetch.spec.whatwg.org/#headers-class */
export class Headers {
    /** @type {string[]} */
    #flat;
    #immutable = false;

    /** @param {Headers | Iterable<[string, string]> | Record<string, string>} [init] What it begins with. */
    constructor(init = undefined, flat = undefined, immutable = false) {
        if (init === undefined) {
            this.#flat = [];
        } else if (init === OWNED) {
            this.#flat = flat;
            this.#immutable = immutable;
        } else {
            this.#flat = flattenHeaders(init, () => constructorError("Headers", 1, TYPES));
        }
    }

    static {
        flatOf = (headers) => headers.#flat;
        isHeaders = (value) => isObject(value) && #flat in value;
        wrap = (flat, immutable) => new Headers(OWNED, flat, immutable);
    }

    /** The values of a header, joined by commas, or null. */
    get(name) {
        if (!(#flat in this)) {
            throw illegalInvocation();
        }
        if (arguments.length === 0) {
            throw parameterError("get", "Headers", 1, "string");
        }
        return findHeader(this.#flat, normalizeName(name));
    }

    /** The values of `Set-Cookie`. */
    getAll(name) {
        if (!(#flat in this)) {
            throw illegalInvocation();
        }
        if (arguments.length === 0) {
            throw parameterError("getAll", "Headers", 1, "string");
        }
        if (string(name).toLowerCase() !== "set-cookie") {
            throw new TypeError(ONLY_COOKIES);
        }
        return cookies(this.#flat);
    }

    getSetCookie() {
        if (!(#flat in this)) {
            throw illegalInvocation();
        }
        return cookies(this.#flat);
    }

    has(name) {
        if (!(#flat in this)) {
            throw illegalInvocation();
        }
        if (arguments.length === 0) {
            throw parameterError("has", "Headers", 1, "string");
        }
        return hasHeader(this.#flat, normalizeName(name));
    }

    /** The array, for a change. */
    #changeable(method, count, given) {
        if (given < count) {
            throw parameterError(method, "Headers", given + 1, "string");
        }
        if (this.#immutable) {
            throw new TypeError(IMMUTABLE);
        }
        return this.#flat;
    }

    /** Puts a value in place of those that are there. */
    set(name, value) {
        if (!(#flat in this)) {
            throw illegalInvocation();
        }
        const flat = this.#changeable("set", 2, arguments.length);
        set(flat, normalizeName(name), normalizeValue(value));
    }

    /** Adds a value to those that are there. */
    append(name, value) {
        if (!(#flat in this)) {
            throw illegalInvocation();
        }
        const flat = this.#changeable("append", 2, arguments.length);
        flat.push(normalizeName(name), normalizeValue(value));
    }

    delete(name) {
        if (!(#flat in this)) {
            throw illegalInvocation();
        }
        remove(this.#changeable("delete", 1, arguments.length), normalizeName(name));
    }

    /** Calls back with each value, name and this object. */
    forEach(callback, thisArg = undefined) {
        if (!(#flat in this)) {
            throw illegalInvocation();
        }
        if (typeof callback !== "function") {
            throw parameterError("forEach", "Headers", 1, "function");
        }
        const list = sorted(this.#flat);
        for (let i = 0; i < list.length; i += 2) {
            Reflect.apply(callback, thisArg, [list[i + 1], list[i], this]);
        }
    }

    entries() {
        if (!(#flat in this)) {
            throw illegalInvocation();
        }
        return new EntryIterator(sorted(this.#flat), 0);
    }

    keys() {
        if (!(#flat in this)) {
            throw illegalInvocation();
        }
        return new KeyIterator(sorted(this.#flat), 0);
    }

    values() {
        if (!(#flat in this)) {
            throw illegalInvocation();
        }
        return new ValueIterator(sorted(this.#flat), 0);
    }
}

const EntryIterator = pairIterator("EntryIterator", (list, index) =>
    2 * index < list.length ? [list[2 * index], list[2 * index + 1]] : undefined,
);
const KeyIterator = pairIterator("KeyIterator", (list, index) => list[2 * index]);
const ValueIterator = pairIterator("ValueIterator", (list, index) => list[2 * index + 1]);

defineInterface(Headers);
const { entries } = Headers.prototype;
Object.defineProperty(Headers.prototype, Symbol.iterator, { value: entries, writable: true, configurable: true });

/**
 * What a `Headers` can be made of, as an array of its own.
 *
 * @param {unknown} init
 * @param {() => Error} wrong The error for what it cannot be made of.
 * @returns {string[]}
 */
export function flattenHeaders(init, wrong) {
    if (isHeaders(init)) {
        return flatOf(init).slice();
    }
    const flat = [];
    fill(flat, init, wrong);
    return flat;
}

/** The array of a `Headers`, itself: it must not be changed. */
export function flatHeaders(headers) {
    return flatOf(headers);
}

/** A `Headers` over an array that it takes over. */
export function wrapHeaders(flat, immutable) {
    return wrap(flat, immutable);
}

/** Takes a name, in lower case, out of such an array. */
export function removeHeader(flat, name) {
    remove(flat, name);
}
