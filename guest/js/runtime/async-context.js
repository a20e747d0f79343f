/**
 * Carries the scope over promise reactions and awaits, for `AsyncLocalStorage`.
 *
 * The engine has no hook for promise reactions, so `Promise.prototype.then` is replaced by one that remembers the scope.
 * `await` does not go through `then`: in workers that may have an `AsyncLocalStorage` the bundler puts calls of the
 * functions below around every place at which an async function is suspended (`emu:async-context`).
 *
 * Invariant: costs nothing until somebody asks for it, and cannot be undone.
 */

import { currentScope, runInScope, setScope } from "./scope.js";

const originalThen = Promise.prototype.then;
const originalResolve = Promise.resolve;
let tracking = false;

function inScope(reaction, scope) {
    if (typeof reaction !== "function") {
        return reaction;
    }
    return (value) => {
        const before = setScope(scope);
        try {
            return adopt(reaction(value));
        } finally {
            setScope(before);
        }
    };
}

/** From now on every promise reaction runs in the scope in which it was attached. */
export function track() {
    if (tracking) {
        return;
    }
    tracking = true;
    const { then, resolve } = {
        then(onFulfilled, onRejected) {
            const scope = currentScope();
            return Reflect.apply(originalThen, this, [inScope(onFulfilled, scope), inScope(onRejected, scope)]);
        },
        resolve(value) {
            return Reflect.apply(originalResolve, this, [adopt(value)]);
        },
    };
    Object.defineProperty(Promise.prototype, "then", { value: then, writable: true, configurable: true });
    Object.defineProperty(Promise, "resolve", { value: resolve, writable: true, configurable: true });
}

/**
 * What to resolve a promise with in place of `value`. The engine calls the `then` of what is no promise later, outside
 * of any reaction; that of the result runs in `scope`.
 *
 * @param {unknown} value
 * @param {import("./scope.js").Scope} [scope]
 */
export function adopt(value, scope = currentScope()) {
    if (!tracking || value === null || (typeof value !== "object" && typeof value !== "function") || isNative(value)) {
        return value;
    }
    const then = thenOf(value);
    return typeof then === "function"
        ? { then: (onFulfilled, onRejected) => runInScope(scope, then, value, onFulfilled, onRejected) }
        : value;
}

/** Whether a promise is one that `await` takes as it is. */
function isNative(value) {
    return value instanceof Promise && value.constructor === Promise;
}

function thenOf(value) {
    try {
        return value.then;
    } catch {
        // The engine asks again, and rejects the promise.
        return undefined;
    }
}

/**
 * One call of an async function: the scope in which it is suspended, and that of the one who resumed it.
 *
 * Between `leave` and `enter` other code runs; between `enter` and the next `leave` or `end` the function does.
 */
class Activation {
    /** Where it goes on; `undefined` while it runs. */
    #scope;
    /** What is put back when it is suspended again; `undefined` while it runs for its caller. */
    #before;

    /** In front of a place where it is suspended, with what it waits for. */
    leave(value) {
        if (!tracking) {
            return value;
        }
        this.#scope ??= currentScope();
        this.end();
        return adopt(value, this.#scope);
    }

    /** Behind such a place, with what it got. */
    enter(value) {
        this.caught();
        return value;
    }

    /** Behind a `yield`, with what it got: who asked for the next value resumed it, and its scope stays. */
    resume(value) {
        this.#scope = undefined;
        return value;
    }

    /** Where an error or an early end arrives, from such a place or not. */
    caught() {
        if (this.#scope !== undefined) {
            this.#before = setScope(this.#scope);
            this.#scope = undefined;
        }
    }

    /** It runs no more, or not now. */
    end() {
        if (this.#before !== undefined) {
            setScope(this.#before);
            this.#before = undefined;
        }
    }

    /** What `for await` and `yield*` go through in place of `iterable`: its calls leave. */
    iterate(iterable) {
        if (!tracking || iterable === null || iterable === undefined) {
            return iterable;
        }
        const method = iterable[Symbol.asyncIterator];
        if (method !== undefined && method !== null) {
            return { [Symbol.asyncIterator]: () => this.#leaving(Reflect.apply(method, iterable, [])) };
        }
        return typeof iterable[Symbol.iterator] === "function"
            ? { [Symbol.iterator]: () => this.#leaving(iterable[Symbol.iterator]()) }
            : iterable;
    }

    #leaving(iterator) {
        if (iterator === null || (typeof iterator !== "object" && typeof iterator !== "function")) {
            return iterator;
        }
        const { next } = iterator;
        const call = (method, args) => this.leave(Reflect.apply(method, iterator, args));
        // While `yield*` hands on what others ask for, each time their scope is the one to go on in.
        const callFresh = (method, args) => this.leave(this.resume(Reflect.apply(method, iterator, args)));
        const optional = (method, through) =>
            method === undefined || method === null ? method : (...args) => through(method, args);
        return {
            next: (...args) => callFresh(next, args),
            get return() {
                return optional(iterator.return, call);
            },
            get throw() {
                return optional(iterator.throw, callFresh);
            },
        };
    }
}

/** For a call of an async function, at its start. */
export function activation() {
    return new Activation();
}
