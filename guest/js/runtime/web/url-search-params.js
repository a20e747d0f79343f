/**
 * `URLSearchParams`: a list of pairs, parsed when somebody looks at it.
 *
 * Invariant: percent-encoding is the host's; a list that belongs to a URL tells it of every change and never reads it.
 */

import { enabled } from "../flags.js";
import { host } from "../host.js";
import { defineInterface, illegalInvocation, isObject, pairIterator, parameterError, usv } from "./webidl.js";

/** Given by `url.js`, which needs this file. */
let setQuery;

/** Sets how a URL is told of its new query. */
export function provideUrls(set) {
    setQuery = set;
}

let createLinked;
let replaceQuery;
let flatOf;

function requireParameters(count, needed, method) {
    if (count < needed) {
        throw parameterError(method, "URLSearchParams", count + 1, "USVString");
    }
}

/** The pairs of a sequence of pairs. */
function fromSequence(init) {
    const list = [];
    for (const pair of init) {
        if (!isObject(pair) || typeof pair[Symbol.iterator] !== "function") {
            throw new TypeError("Incorrect type: the provided value is not of type 'Sequence'.");
        }
        const [...items] = pair;
        if (items.length !== 2) {
            throw new TypeError("Invalid URL search params sequence.");
        }
        list.push(usv(items[0]), usv(items[1]));
    }
    return list;
}

/** The pairs of an object: its own enumerable members; as on the platform, symbols do not count. */
function fromRecord(init) {
    const pairs = new Map();
    for (const key of Object.keys(init)) {
        pairs.set(usv(key), usv(init[key]));
    }
    return [...pairs].flat();
}

/** https://url.spec.whatwg.org/#urlsearchparams */
export class URLSearchParams {
    /** @type {string[] | undefined} Names and values in turns; `undefined` while `#query` is not parsed. */
    #list = undefined;
    /** The text to parse, without `?`. */
    #query = "";
    /** @type {URL | undefined} The URL to which the list belongs. */
    #url = undefined;

    /**
     * @param {string | Iterable<[string, string]> | Record<string, string>} [init] A query with or without `?`, pairs,
     *     or an object whose members are the pairs.
     */
    constructor(init) {
        if (init === undefined) {
            return;
        }
        if (typeof init === "string" || !isObject(init)) {
            const query = usv(init);
            this.#query = query.startsWith("?") ? query.slice(1) : query;
            return;
        }
        const iterator = init[Symbol.iterator];
        if (iterator === undefined || iterator === null) {
            this.#list = fromRecord(init);
        } else if (iterator === entries && #list in init) {
            this.#list = [...init.#pairs()];
        } else if (typeof iterator === "function") {
            this.#list = fromSequence(init);
        } else {
            throw new TypeError("Incorrect type: the provided value is not of type 'Sequence'.");
        }
    }

    static {
        createLinked = (query, url) => {
            const params = new URLSearchParams();
            params.#query = query;
            params.#url = url;
            return params;
        };
        replaceQuery = (params, query) => {
            params.#query = query;
            params.#list = undefined;
        };
        flatOf = (params) => params.#pairs();
    }

    #pairs() {
        this.#list ??= this.#query === "" ? [] : host.formParse(this.#query);
        return this.#list;
    }

    #changed() {
        if (this.#url !== undefined) {
            setQuery(this.#url, host.formSerialize(this.#list));
        }
    }

    get size() {
        if (!(#list in this)) {
            throw illegalInvocation();
        }
        return this.#pairs().length / 2;
    }

    append(name, value) {
        if (!(#list in this)) {
            throw illegalInvocation();
        }
        requireParameters(arguments.length, 2, "append");
        this.#pairs().push(usv(name), usv(value));
        this.#changed();
    }

    delete(name, value = undefined) {
        if (!(#list in this)) {
            throw illegalInvocation();
        }
        requireParameters(arguments.length, 1, "delete");
        const key = usv(name);
        const wanted = value === undefined || !enabled("urlsearchparams_delete_has_value_arg") ? undefined : usv(value);
        const list = this.#pairs();
        let kept = 0;
        for (let i = 0; i < list.length; i += 2) {
            if (list[i] !== key || (wanted !== undefined && list[i + 1] !== wanted)) {
                list[kept] = list[i];
                list[kept + 1] = list[i + 1];
                kept += 2;
            }
        }
        list.length = kept;
        this.#changed();
    }

    get(name) {
        if (!(#list in this)) {
            throw illegalInvocation();
        }
        requireParameters(arguments.length, 1, "get");
        const key = usv(name);
        const list = this.#pairs();
        for (let i = 0; i < list.length; i += 2) {
            if (list[i] === key) {
                return list[i + 1];
            }
        }
        return null;
    }

    getAll(name) {
        if (!(#list in this)) {
            throw illegalInvocation();
        }
        requireParameters(arguments.length, 1, "getAll");
        const key = usv(name);
        const list = this.#pairs();
        const found = [];
        for (let i = 0; i < list.length; i += 2) {
            if (list[i] === key) {
                found.push(list[i + 1]);
            }
        }
        return found;
    }

    has(name, value = undefined) {
        if (!(#list in this)) {
            throw illegalInvocation();
        }
        requireParameters(arguments.length, 1, "has");
        const key = usv(name);
        const wanted = value === undefined || !enabled("urlsearchparams_delete_has_value_arg") ? undefined : usv(value);
        const list = this.#pairs();
        for (let i = 0; i < list.length; i += 2) {
            if (list[i] === key && (wanted === undefined || list[i + 1] === wanted)) {
                return true;
            }
        }
        return false;
    }

    set(name, value) {
        if (!(#list in this)) {
            throw illegalInvocation();
        }
        requireParameters(arguments.length, 2, "set");
        const key = usv(name);
        const text = usv(value);
        const list = this.#pairs();
        let kept = 0;
        let isSet = false;
        for (let i = 0; i < list.length; i += 2) {
            if (list[i] === key && isSet) {
                continue;
            }
            const isFirst = list[i] === key;
            list[kept] = list[i];
            list[kept + 1] = isFirst ? text : list[i + 1];
            isSet ||= isFirst;
            kept += 2;
        }
        list.length = kept;
        if (!isSet) {
            list.push(key, text);
        }
        this.#changed();
    }

    /** Sorts by name, in order of UTF-16 code units; pairs of the same name keep their order. */
    sort() {
        if (!(#list in this)) {
            throw illegalInvocation();
        }
        const list = this.#pairs();
        const pairs = [];
        for (let i = 0; i < list.length; i += 2) {
            pairs.push([list[i], list[i + 1]]);
        }
        pairs.sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
        this.#list = pairs.flat();
        this.#changed();
    }

    entries() {
        if (!(#list in this)) {
            throw illegalInvocation();
        }
        return new EntryIterator(this);
    }

    keys() {
        if (!(#list in this)) {
            throw illegalInvocation();
        }
        return new KeyIterator(this);
    }

    values() {
        if (!(#list in this)) {
            throw illegalInvocation();
        }
        return new ValueIterator(this);
    }

    forEach(callback, thisArg = undefined) {
        if (!(#list in this)) {
            throw illegalInvocation();
        }
        if (typeof callback !== "function") {
            throw parameterError("forEach", "URLSearchParams", 1, "function");
        }
        // The callback may change the list, or replace it through its URL.
        for (let i = 0; i < this.#pairs().length; i += 2) {
            const list = this.#pairs();
            Reflect.apply(callback, thisArg, [list[i + 1], list[i], this]);
        }
    }

    /** `application/x-www-form-urlencoded`. */
    toString() {
        if (!(#list in this)) {
            throw illegalInvocation();
        }
        return host.formSerialize(this.#pairs());
    }
}

/** The item at an index of a list of names and values; `undefined` after the last one. */
function itemAt(params, index, item) {
    const list = flatOf(params);
    const at = index * 2;
    return at < list.length ? item(list, at) : undefined;
}

const EntryIterator = pairIterator("EntryIterator", (params, index) =>
    itemAt(params, index, (list, at) => [list[at], list[at + 1]]));
const KeyIterator = pairIterator("KeyIterator", (params, index) => itemAt(params, index, (list, at) => list[at]));
const ValueIterator = pairIterator("ValueIterator", (params, index) =>
    itemAt(params, index, (list, at) => list[at + 1]));

defineInterface(URLSearchParams);

const { entries } = URLSearchParams.prototype;
Object.defineProperty(URLSearchParams.prototype, Symbol.iterator, {
    value: entries,
    writable: true,
    configurable: true,
});

/**
 * The parameters of a URL.
 *
 * @param {string} query The query, without `?`.
 * @param {URL} url Told of the new query after every change.
 */
export function createSearchParams(query, url) {
    return createLinked(query, url);
}

/** Replaces all pairs, because the URL's query was replaced; does not tell the URL. */
export function replaceSearchParams(params, query) {
    replaceQuery(params, query);
}

/** Whether a value is a `URLSearchParams`. */
export function isURLSearchParams(value) {
    return value instanceof URLSearchParams;
}
