/**
 * `node:async_hooks`: values that follow a chain of calls and promises.
 *
 * Invariant: stores are part of the scope (`scope.js`), so they go where invocation and critical section go; nothing is
 * tracked before the first `AsyncLocalStorage` exists.
 */

import { track } from "../async-context.js";
import { currentScope, runInScope, setScope } from "../scope.js";
import { invalidArgType, validateFunction, validateObject, validateString } from "./errors.js";

/** Runs `fn` with the stores that were current in another place. */
function runWithStores(stores, fn, thisArg, args) {
    const scope = currentScope();
    return scope.stores === stores
        ? Reflect.apply(fn, thisArg, args)
        : runInScope(scope.withStores(stores), fn, thisArg, ...args);
}

/** A value per chain of calls. */
export class AsyncLocalStorage {
    #defaultValue;
    #name;

    /** @param {{defaultValue?: unknown, name?: string}} [options] */
    constructor(options = {}) {
        validateObject(options, "options");
        if (options.name !== undefined) {
            validateString(options.name, "options.name");
        }
        this.#defaultValue = options.defaultValue;
        this.#name = options.name ?? "";
        track();
    }

    /** A function that calls `fn` with the stores of here and now. */
    static bind(fn) {
        validateFunction(fn, "fn");
        const { stores } = currentScope();
        return function bound(...args) {
            return runWithStores(stores, fn, this, args);
        };
    }

    /** A function that calls what it is given with the stores of here and now. */
    static snapshot() {
        const { stores } = currentScope();
        return function snapshot(fn, ...args) {
            return runWithStores(stores, fn, this, args);
        };
    }

    get name() {
        return this.#name;
    }

    #with(store) {
        const stores = new Map(currentScope().stores);
        stores.set(this, store);
        return stores;
    }

    /** The value of here and now. */
    getStore() {
        const { stores } = currentScope();
        return stores !== undefined && stores.has(this) ? stores.get(this) : this.#defaultValue;
    }

    /** Runs `fn`, and what it starts, with a value. */
    run(store, fn, ...args) {
        validateFunction(fn, "callback");
        return runWithStores(this.#with(store), fn, undefined, args);
    }

    /** Runs `fn`, and what it starts, without a value. */
    exit(fn, ...args) {
        return this.run(undefined, fn, ...args);
    }

    /** Sets the value for what runs from here on. */
    enterWith(store) {
        setScope(currentScope().withStores(this.#with(store)));
    }

    /** Forgets the value. */
    disable() {
        this.enterWith(undefined);
    }

    /** The value until the end of the block: `using _ = storage.withScope(value)`. */
    withScope(store) {
        const before = currentScope().stores;
        this.enterWith(store);
        return {
            [Symbol.dispose]() {
                setScope(currentScope().withStores(before));
            },
        };
    }
}

/** Something that calls back later, in the stores in which it was made. */
export class AsyncResource {
    #stores = currentScope().stores;
    #type;

    constructor(type) {
        validateString(type, "type");
        this.#type = type;
    }

    static bind(fn, type, thisArg) {
        return new AsyncResource(type ?? (fn.name || "bound-anonymous-fn")).bind(fn, thisArg);
    }

    get type() {
        return this.#type;
    }

    asyncId() {
        return 0;
    }

    triggerAsyncId() {
        return 0;
    }

    bind(fn, thisArg) {
        validateFunction(fn, "fn");
        const stores = this.#stores;
        return function bound(...args) {
            return runWithStores(stores, fn, thisArg === undefined ? this : thisArg, args);
        };
    }

    runInAsyncScope(fn, thisArg, ...args) {
        if (typeof fn !== "function") {
            throw invalidArgType("fn", "Function", fn);
        }
        return runWithStores(this.#stores, fn, thisArg, args);
    }

    emitDestroy() {
        return this;
    }
}

class AsyncHook {
    enable() {
        return this;
    }

    disable() {
        return this;
    }
}

/** Hooks are accepted and never called. */
export function createHook() {
    return new AsyncHook();
}

/** Always 0. */
export function executionAsyncId() {
    return 0;
}

/** Always 0. */
export function triggerAsyncId() {
    return 0;
}

/** An empty object. */
export function executionAsyncResource() {
    return Object.create(null);
}

export const asyncWrapProviders = Object.freeze({ __proto__: null });
