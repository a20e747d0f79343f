/**
 * On whose behalf code runs: the invocation, the object and the critical section of the code that is running.
 *
 * A turn delivers one event, so the scope of that event is that of all code that runs in the turn. Where somebody needs
 * to know it more exactly (`AsyncLocalStorage`), `then()` is patched to keep the scope in which a reaction was attached
 * and to set it again when the reaction runs.
 *
 * Invariant: a `Scope` never changes, except that its invocation ends. Knows neither handlers nor calls.
 */

import { host } from "./host.js";

const GLOBAL_SCOPE =
    "Disallowed operation called within global scope. Asynchronous I/O (ex: fetch() or connect()), setting a " +
    "timeout, and generating random values are not allowed within global scope. To fix this error, perform this " +
    "operation within a handler. https://developers.cloudflare.com/workers/runtime-apis/handlers/";

/**
 * One delivery of a handler. Whoever needs to may set `oncancel`, which is called when the client goes away before the
 * answer (`request.signal`), and `onend`, which is called when the handler has ended.
 */
export class Invocation {
    /** @param {number} number The host's number, which it does not give to another one. */
    constructor(number) {
        this.number = number;
        /** Its handler has returned or thrown, and the host was told. */
        this.settled = false;
        /** Promises given to `waitUntil()` that are pending. */
        this.waits = 0;
        /** `ctx.props` as JSON; empty for nothing. */
        this.propsJson = "";
    }
}

/** See the file's comment. */
export class Scope {
    /**
     * @param {Invocation} invocation The invocation on whose behalf code runs.
     * @param {number} object The object inside this isolate; 0 is the worker itself.
     * @param {number} section The critical section; 0 is none.
     * @param {Map<object, unknown> | undefined} stores What `AsyncLocalStorage` keeps, by instance; never changed in
     *     place.
     */
    constructor(invocation, object, section, stores) {
        this.invocation = invocation;
        this.object = object;
        this.section = section;
        this.stores = stores;
    }

    /** This scope inside the critical section `section`. */
    inSection(section) {
        return new Scope(this.invocation, this.object, section, this.stores);
    }

    /** This scope with other stores. */
    withStores(stores) {
        return new Scope(this.invocation, this.object, this.section, stores);
    }
}

/** The scope of code outside of any handler. */
export const GLOBAL = new Scope(new Invocation(0), 0, 0, undefined);

let current = GLOBAL;

/** The scope of the running code. */
export function currentScope() {
    return current;
}

/**
 * Makes `scope` that of the code that runs from here on.
 *
 * @returns {Scope} The one before.
 */
export function setScope(scope) {
    const before = current;
    current = scope;
    return before;
}

/** Runs `fn` in `scope`, and puts the scope back. */
export function runInScope(scope, fn, thisArg, ...args) {
    const before = setScope(scope);
    try {
        return Reflect.apply(fn, thisArg, args);
    } finally {
        current = before;
    }
}

/** Whether an event is being handled. */
export function isInHandler() {
    return current !== GLOBAL;
}

/**
 * To be called by everything that production does not allow in global scope.
 *
 * @throws {Error} The platform's, outside of handlers (reference §2.2).
 */
export function requireHandler() {
    if (current === GLOBAL && host.inGlobalScope()) {
        throw new Error(GLOBAL_SCOPE);
    }
}
