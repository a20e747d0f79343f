/**
 * `ctx.storage.kv`: keys and values without promises (reference §1.6).
 *
 * Invariant: an iterator shows what was written while it runs, as one that steps through the database does, although it
 * reads ahead.
 */

import { host } from "../host.js";
import { defineInterface, illegalConstructor, illegalInvocation, parameterError, usv } from "../web/webidl.js";
import { iteratorPrototype } from "./iterator.js";
import { listOptions, noteWrite, writeCount } from "./storage-operations.js";

const OWNER = "SyncKvStorage";
const INTERNAL = Symbol("internal");
/** Entries that an iterator reads ahead at most. */
const READ_AHEAD = 128;

const NOT_SQLITE =
    "The storage.kv (synchronous KV) API is only available for SQLite-backed Durable Objects, but this object's " +
    "namespace is not declared to use SQLite. You can use the older, asyncronous interface via methods of `storage` " +
    "itself (e.g. `storage.get()`). Alternatively, to enable SQLite, change `new_classes` to `new_sqlite_classes` " +
    "within the 'migrations' field in your wrangler.jsonc or wrangler.toml file. If using workerd directly, set " +
    "`enableSql = true` in your workerd config for the class. Note that this change cannot be made after the class " +
    "is already deployed to production.";

const INVALIDATED =
    "kv.list() iterator was invalidated because a new call to kv.list() was started. Only one kv.list() iterator can " +
    "exist at a time.";

/** Set by the class: what others need of its insides. */
let isKv;

/** See the file's comment. */
export class SyncKvStorage {
    #object;
    #known = false;
    #iterator = undefined;

    static {
        isKv = (value) => typeof value === "object" && value !== null && #object in value;
    }

    constructor(token, object) {
        if (token !== INTERNAL) {
            throw illegalConstructor();
        }
        this.#object = object;
    }

    /** The object, if its class has SQLite. */
    #sqlite() {
        if (!this.#known) {
            try {
                host.sqlSize(this.#object);
            } catch (error) {
                throw error.message.startsWith("SQL is not enabled") ? new Error(NOT_SQLITE) : error;
            }
            this.#known = true;
        }
        return this.#object;
    }

    /** The value of a key. */
    get(key) {
        check(this);
        if (arguments.length === 0) {
            throw parameterError("get", OWNER, 1, "string");
        }
        return host.kvGetOne(this.#sqlite(), usv(key));
    }

    /** Writes a value. Unlike the asynchronous API this one stores `undefined` too. */
    put(key, value) {
        check(this);
        if (arguments.length < 2) {
            throw arguments.length === 0
                ? parameterError("put", OWNER, 1, "string")
                : parameterError("put", OWNER, 2, "Value");
        }
        const object = this.#sqlite();
        noteWrite();
        host.kvPut(object, [usv(key), value]);
    }

    /** Removes a key; whether it existed. */
    delete(key) {
        check(this);
        if (arguments.length === 0) {
            throw parameterError("delete", OWNER, 1, "string");
        }
        const object = this.#sqlite();
        noteWrite();
        return host.kvDelete(object, [usv(key)]) > 0;
    }

    /** Entries of a range of keys, one by one. */
    list(options) {
        check(this);
        const object = this.#sqlite();
        const iterator = new ListIterator(INTERNAL, object, listOptions(OWNER, options));
        if (this.#iterator !== undefined) {
            invalidate(this.#iterator);
        }
        this.#iterator = iterator;
        return iterator;
    }
}

function check(value) {
    if (!isKv(value)) {
        throw illegalInvocation();
    }
}

/** Set by the class: what others need of its insides. */
let invalidate;

class ListIterator {
    #object;
    #options;
    /** Keys and values by turns that were read ahead, and how far they were handed out. */
    #ahead = [];
    #position = 0;
    /** Nothing follows what was read ahead. */
    #complete = false;
    #writeCount = -1;
    #invalid = false;

    static {
        invalidate = (iterator) => {
            iterator.#invalid = true;
        };
    }

    constructor(token, object, options) {
        if (token !== INTERNAL) {
            throw illegalConstructor();
        }
        this.#object = object;
        this.#options = options;
    }

    next() {
        if (!(#object in this)) {
            throw illegalInvocation();
        }
        if (this.#invalid) {
            throw new Error(INVALIDATED);
        }
        const stale = this.#writeCount !== writeCount();
        if (stale || (this.#position === this.#ahead.length && !this.#complete)) {
            this.#read();
        }
        if (this.#position === this.#ahead.length) {
            this.#options = undefined;
            return { done: true, value: undefined };
        }
        const key = this.#ahead[this.#position];
        const value = this.#ahead[this.#position + 1];
        this.#position += 2;
        this.#advance(key);
        return { done: false, value: [key, value] };
    }

    #read() {
        this.#position = 0;
        this.#writeCount = writeCount();
        const options = this.#options;
        if (options === undefined || options.limit === 0) {
            this.#ahead = [];
            this.#complete = true;
            return;
        }
        const { start, startAfter, end, prefix, reverse, limit = READ_AHEAD } = options;
        const count = Math.min(limit, READ_AHEAD);
        this.#ahead = host.kvList(this.#object, start, startAfter, end, prefix, reverse, count);
        this.#complete = this.#ahead.length < 2 * count;
    }

    /** What is read next begins behind `key`. */
    #advance(key) {
        const options = this.#options;
        if (options.reverse) {
            options.end = key;
        } else {
            options.start = undefined;
            options.startAfter = key;
        }
        if (options.limit !== undefined) {
            options.limit -= 1;
        }
    }
}

Object.setPrototypeOf(ListIterator.prototype, iteratorPrototype);
defineInterface(ListIterator);
defineInterface(SyncKvStorage);

/** The synchronous storage of an object. */
export function syncKv(object) {
    return new SyncKvStorage(INTERNAL, object);
}
