/**
 * `Fetcher`: what answers requests by `fetch()` - a service binding, and as base class the stub of an object
 * (reference §1.3, §2.5).
 *
 * Every name that is not known here belongs to a method of the other side, so the prototype ends in a proxy; `fetch` is
 * found before it.
 *
 * Invariant: calls made on one fetcher are given to the host in the order in which they were made.
 */

import { fetchVia } from "../fetch/fetch.js";
import { defineInterface, illegalConstructor, illegalInvocation, isObject, parameterError } from "../web/webidl.js";
import { unsupported, unsupportedRpc } from "./unsupported.js";

const INTERNAL = Symbol("internal");

/** Set by the class: who answers a fetcher's requests, as `fetchCall()` takes it; `undefined` for anything else. */
export let targetOf;

/** See the file's comment. */
export class Fetcher {
    #target;

    static {
        targetOf = (value) => (isObject(value) && #target in value ? value.#target : undefined);
    }

    constructor(token, target) {
        if (token !== INTERNAL) {
            throw illegalConstructor();
        }
        this.#target = target;
    }

    /** Sends a request. */
    fetch(input, init) {
        if (!(#target in this)) {
            return Promise.reject(illegalInvocation());
        }
        if (arguments.length === 0) {
            return Promise.reject(parameterError("fetch", "Fetcher", 1, "Request or string"));
        }
        const target = this.#target;
        if (target.broken !== undefined) {
            return Promise.reject(brokenAgain(target.broken));
        }
        return fetchVia(target, input, init);
    }

    /** Opens a TCP connection. */
    connect() {
        throw unsupported("`connect()`");
    }
}

/** What a stub says that saw its object being reset: the same again, though nothing was called. */
function brokenAgain({ constructor, message }) {
    const error = typeof constructor === "function" ? new constructor(message) : new Error(message);
    error.durableObjectReset = true;
    return error;
}

/** What code looks for in any object to learn what it is; no method of the other side is meant. */
const NOT_RPC = new Set(["then", "toJSON", "nodeType", "asymmetricMatch", "$$typeof", "inspect"]);

const remote = new Proxy(Object.create(null), {
    get(_target, key, receiver) {
        if (typeof key === "symbol" || key in Object.prototype) {
            return Reflect.get(Object.prototype, key, receiver);
        }
        return NOT_RPC.has(key) ? undefined : unsupportedRpc(key);
    },
    has(_target, key) {
        return typeof key === "string" || key in Object.prototype;
    },
    getPrototypeOf() {
        return Object.prototype;
    },
});

defineInterface(Fetcher);
Object.setPrototypeOf(Fetcher.prototype, remote);

/** The fetcher of a service binding. */
export function serviceFetcher(number) {
    return new Fetcher(INTERNAL, number);
}

/** The worker that is being tested, by way of the world. */
export const testedWorker = new Fetcher(INTERNAL, "world");

/** For stubs, which extend `Fetcher`. */
export const FETCHER_TOKEN = INTERNAL;
