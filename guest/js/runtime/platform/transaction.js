/**
 * Transactions of an object's storage (reference §1.8): `transaction()` in a critical section, `transactionSync()`
 * within one stretch of code. Both are savepoints of the host.
 *
 * Invariant: every savepoint that is begun here is released or rolled back exactly once.
 */

import { critical } from "../calls.js";
import { host } from "../host.js";
import { defineInterface, illegalConstructor, illegalInvocation } from "../web/webidl.js";
import * as operations from "./storage-operations.js";

const OWNER = "DurableObjectTransaction";
const OPEN = 0;
const ROLLED_BACK = 1;
const COMMITTED = 2;
const INTERNAL = Symbol("internal");

/** Set by the class: what others need of its insides. */
let begin;
let end;
let isTransaction;

/** The transactions that are open, innermost last, by object. @type {Map<number, DurableObjectTransaction[]>} */
const nested = new Map();

function openOf(object) {
    let open = nested.get(object);
    if (open === undefined) {
        open = [];
        nested.set(object, open);
    }
    return open;
}

/** An object's storage while the closure of `storage.transaction()` runs. */
export class DurableObjectTransaction {
    #object;
    #phase = OPEN;

    static {
        begin = (object) => {
            host.savepointBegin(object, true);
            const transaction = new DurableObjectTransaction(INTERNAL, object);
            openOf(object).push(transaction);
            return transaction;
        };
        end = (transaction, keep) => {
            const open = openOf(transaction.#object);
            // One that is still open inside, because nobody waited for it, ends with this one.
            while (transaction.#phase === OPEN) {
                open.pop().#end(keep);
            }
        };
        isTransaction = (value) => typeof value === "object" && value !== null && #object in value;
    }

    constructor(token, object) {
        if (token !== INTERNAL) {
            throw illegalConstructor();
        }
        this.#object = object;
    }

    /** The object, if the transaction still is open. */
    #open(operation) {
        switch (this.#phase) {
            case OPEN:
                return this.#object;
            case ROLLED_BACK:
                throw new Error(`Cannot ${operation}() on rolled back transaction`);
            default:
                throw new Error(
                    `Cannot call ${operation}() on transaction that has already committed: did you move \`txn\` ` +
                        "outside of the closure?",
                );
        }
    }

    /** Reads a key, or several. */
    async get(keys, options) {
        check(this);
        return operations.get(this.#open("get"), OWNER, arguments.length, keys, options);
    }

    /** Reads a range of keys. */
    async list(options) {
        check(this);
        return operations.list(this.#open("list"), OWNER, options);
    }

    /** Writes a value, or several. */
    async put(keyOrEntries, value, options) {
        check(this);
        operations.put(this.#open("put"), OWNER, arguments.length, keyOrEntries, value, options);
    }

    /** Removes a key, or several. */
    delete(keys, options) {
        check(this);
        return Promise.resolve(operations.remove(this.#open("delete"), OWNER, arguments.length, keys, options));
    }

    /** Not within a transaction. */
    async deleteAll() {
        check(this);
        throw new Error("Cannot call deleteAll() within a transaction");
    }

    /** Undoes everything the closure wrote; the transaction cannot be used after it. */
    rollback() {
        check(this);
        if (this.#phase === ROLLED_BACK) {
            return;
        }
        const open = openOf(this.#open("rollback"));
        if (open.at(-1) !== this) {
            throw new Error("Cannot roll back an outer transaction while a nested transaction is still running.");
        }
        open.pop().#end(false);
        this.#phase = ROLLED_BACK;
    }

    #end(keep) {
        this.#phase = COMMITTED;
        if (keep) {
            host.savepointRelease(this.#object);
        } else {
            operations.noteWrite();
            host.savepointRollback(this.#object);
        }
    }

    /** When the alarm is due. */
    async getAlarm(options) {
        check(this);
        return operations.getAlarm(this.#open("getAlarm"), OWNER, options);
    }

    /** Sets the alarm. */
    async setAlarm(time, options) {
        check(this);
        operations.setAlarm(this.#open("setAlarm"), OWNER, time, options);
    }

    /** Removes the alarm. */
    async deleteAlarm(options) {
        check(this);
        operations.deleteAlarm(this.#open("deleteAlarm"), OWNER, options);
    }

    /** Ends `transaction`, unless it was rolled back. */
}

defineInterface(DurableObjectTransaction);

function check(value) {
    if (!isTransaction(value)) {
        throw illegalInvocation();
    }
}

/**
 * Runs `closure` in a critical section and a savepoint; if it fails, what it wrote is undone.
 *
 * @param {number} object The object inside this isolate.
 * @param {(txn: DurableObjectTransaction) => unknown} closure
 * @returns {Promise<unknown>} What the closure returns.
 */
export function runTransaction(object, closure) {
    const inside = async () => {
        const transaction = begin(object);
        let result;
        try {
            result = await closure(transaction);
        } catch (error) {
            end(transaction, false);
            throw error;
        }
        end(transaction, true);
        return result;
    };
    return critical(object, inside, false);
}

/**
 * Runs `callback` in a savepoint; if it throws, what it wrote is undone.
 *
 * @template T
 * @param {number} object The object inside this isolate.
 * @param {() => T} callback
 * @returns {T} What the callback returns.
 */
export function runTransactionSync(object, callback) {
    host.savepointBegin(object, false);
    let result;
    try {
        result = callback();
    } catch (error) {
        operations.noteWrite();
        host.savepointRollback(object);
        throw error;
    }
    host.savepointRelease(object);
    return result;
}
