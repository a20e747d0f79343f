/**
 * `ctx.storage` (reference §1.6 to §1.9).
 *
 * The host answers inside the turn, so the promises are settled when they are returned.
 *
 * Invariant: what is asynchronous in the platform's API rejects and does not throw, but for a wrong `this`; `delete()`
 * is the exception that the platform makes.
 */

import { sync } from "../calls.js";
import { host } from "../host.js";
import { defineInterface, illegalConstructor, illegalInvocation } from "../web/webidl.js";
import { checkOptions, requireFunction } from "./parameters.js";
import { sqlStorage } from "./sql.js";
import * as operations from "./storage-operations.js";
import { syncKv } from "./sync-kv.js";
import { runTransaction, runTransactionSync } from "./transaction.js";

const OWNER = "DurableObjectStorage";
const INTERNAL = Symbol("internal");
const NO_RECOVERY = "This Durable Object's storage back-end does not implement point-in-time recovery.";

/** Set by the class: what others need of its insides. */
let isStorage;

/** See the file's comment. */
export class DurableObjectStorage {
    #object;
    #bookmarks = 0;

    static {
        isStorage = (value) => typeof value === "object" && value !== null && #object in value;
    }

    constructor(token, object) {
        if (token !== INTERNAL) {
            throw illegalConstructor();
        }
        this.#object = object;
        this.kv = syncKv(object);
        this.sql = sqlStorage(object);
    }

    /** Reads a key, or several. */
    get(keys, options) {
        try {
            return Promise.resolve(operations.get(this.#object, OWNER, arguments.length, keys, options));
        } catch (error) {
            return rejected(this, error);
        }
    }

    /** Reads a range of keys. */
    list(options) {
        try {
            return Promise.resolve(operations.list(this.#object, OWNER, options));
        } catch (error) {
            return rejected(this, error);
        }
    }

    /** Writes a value, or several. */
    put(keyOrEntries, value, options) {
        try {
            operations.put(this.#object, OWNER, arguments.length, keyOrEntries, value, options);
            return Promise.resolve();
        } catch (error) {
            return rejected(this, error);
        }
    }

    /** Removes a key, or several. */
    delete(keys, options) {
        check(this);
        return Promise.resolve(operations.remove(this.#object, OWNER, arguments.length, keys, options));
    }

    /** Removes everything. */
    deleteAll(options) {
        try {
            checkOptions(options, "deleteAll", OWNER, 1, "PutOptions");
            operations.noteWrite();
            host.deleteAll(this.#object);
            return Promise.resolve();
        } catch (error) {
            return rejected(this, error);
        }
    }

    /** Runs a closure while no other event comes; what it writes is kept if it succeeds and undone if not. */
    transaction(closure) {
        try {
            requireFunction(closure, "transaction", OWNER);
            return runTransaction(this.#object, closure);
        } catch (error) {
            return rejected(this, error);
        }
    }

    /** When the alarm is due, in milliseconds since the epoch, or null. */
    getAlarm(options) {
        try {
            return Promise.resolve(operations.getAlarm(this.#object, OWNER, options));
        } catch (error) {
            return rejected(this, error);
        }
    }

    /** Sets the alarm, in place of one that is set. */
    setAlarm(time, options) {
        try {
            operations.setAlarm(this.#object, OWNER, time, options);
            return Promise.resolve();
        } catch (error) {
            return rejected(this, error);
        }
    }

    /** Removes the alarm. One that is running is not stopped. */
    deleteAlarm(options) {
        try {
            operations.deleteAlarm(this.#object, OWNER, options);
            return Promise.resolve();
        } catch (error) {
            return rejected(this, error);
        }
    }

    /** Waits until everything written so far is on disk. */
    sync() {
        check(this);
        return sync();
    }

    /** Runs a function; if it throws, what it wrote is undone. */
    transactionSync(callback) {
        check(this);
        requireFunction(callback, "transactionSync", OWNER);
        return runTransactionSync(this.#object, callback);
    }

    /** A bookmark that is later than all before it in the life of this instance. */
    getCurrentBookmark() {
        check(this);
        const count = this.#bookmarks;
        this.#bookmarks += 1;
        const digits = count.toString(16).padStart(16, "0");
        return Promise.resolve(`${digits.slice(0, 8)}-${digits.slice(8)}-00000000-${"0".repeat(32)}`);
    }

    /** Not offered by local storage. */
    getBookmarkForTime() {
        check(this);
        return Promise.reject(new Error(NO_RECOVERY));
    }

    /** Not offered by local storage. */
    onNextSessionRestoreBookmark() {
        check(this);
        return Promise.reject(new Error(NO_RECOVERY));
    }
}

defineInterface(DurableObjectStorage);

function check(value) {
    if (!isStorage(value)) {
        throw illegalInvocation();
    }
}

/** The end of a method without a check of its own: for a wrong `this` the engine's error has another text. */
function rejected(value, error) {
    check(value);
    return Promise.reject(error);
}

/** The storage of an object. */
export function durableObjectStorage(object) {
    return new DurableObjectStorage(INTERNAL, object);
}
