/**
 * Carries the scope over promise reactions, for `AsyncLocalStorage`.
 *
 * The engine has no hook for promise reactions, so `Promise.prototype.then` is replaced by one that remembers the scope.
 * `await` does not go through `then`; the bundler turns async functions of workers that import `node:async_hooks` into
 * generators, whose steps do.
 *
 * Invariant: costs nothing until somebody asks for it, and cannot be undone.
 */

import { currentScope, setScope } from "./scope.js";

const originalThen = Promise.prototype.then;
let tracking = false;

function inScope(reaction, scope) {
    if (typeof reaction !== "function") {
        return reaction;
    }
    return (value) => {
        const before = setScope(scope);
        try {
            return reaction(value);
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
    const { then } = {
        then(onFulfilled, onRejected) {
            const scope = currentScope();
            return Reflect.apply(originalThen, this, [inScope(onFulfilled, scope), inScope(onRejected, scope)]);
        },
    };
    Object.defineProperty(Promise.prototype, "then", { value: then, writable: true, configurable: true });
}
