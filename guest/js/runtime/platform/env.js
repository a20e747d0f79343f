/**
 * `env`: the worker's bindings, as the argument of handlers and as an import of `cloudflare:workers` (reference §2.1).
 *
 * Invariant: built once, before the worker's modules are evaluated. Reading it does no I/O.
 */

import { currentScope, runInScope } from "../scope.js";
import { isObject } from "../web/webidl.js";
import { serviceFetcher } from "./fetcher.js";
import { durableObjectNamespace } from "./namespace.js";
import { requireFunction } from "./parameters.js";

/** The `env` that handlers get. */
export const env = {};

const MAKE = {
    text: (text) => text,
    json: (json) => JSON.parse(json),
    objects: durableObjectNamespace,
    service: serviceFetcher,
};

/**
 * Fills `env`.
 *
 * @param {[name: string, kind: string, value: string | number][]} bindings
 */
export function fillEnv(bindings) {
    for (const [name, kind, value] of bindings) {
        Object.defineProperty(env, name, {
            value: MAKE[kind](value),
            writable: true,
            enumerable: true,
            configurable: true,
        });
    }
}

/** What `withEnv()` and its like have put in the place of something, by store. */
const replacedEnv = {};
const replacedExports = {};

/**
 * What is imported: looks like `target` until `replace` is used for the first time, and costs nothing until then.
 */
function importable(target, store) {
    const handler = {};
    const now = () => {
        const replacement = currentScope().stores?.get(store);
        return isObject(replacement) ? replacement : target;
    };
    const replaceable = () => {
        handler.get = (_target, key) => now()[key];
        handler.set = (_target, key, value) => Reflect.set(now(), key, value);
        handler.has = (_target, key) => key in now();
        handler.deleteProperty = (_target, key) => Reflect.deleteProperty(now(), key);
        handler.ownKeys = () => Reflect.ownKeys(now());
        handler.getOwnPropertyDescriptor = (_target, key) => {
            const descriptor = Reflect.getOwnPropertyDescriptor(now(), key);
            // What the target does not have may only be shown as configurable.
            return descriptor === undefined ? undefined : { ...descriptor, configurable: true };
        };
    };
    return { proxy: new Proxy(target, handler), replaceable };
}

const imported = importable(env, replacedEnv);

/** The importable `env`. */
export const importedEnv = imported.proxy;

/** What the worker exports, as stubs, by import; filled like `ctx.exports`. */
export function importableExports(exports) {
    const { proxy, replaceable } = importable(exports, replacedExports);
    replaceExports = replaceable;
    return proxy;
}

let replaceExports;

function replaceAndRun(changes, fn) {
    const scope = currentScope();
    const stores = new Map(scope.stores);
    for (const [store, value] of changes) {
        stores.set(store, value);
    }
    return runInScope(scope.withStores(stores), fn, undefined);
}

/** Runs `fn`, in which the imported `env` is another one. */
export function withEnv(newEnv, fn) {
    requireFunction(fn, "withEnv", "EnvModule", 2);
    imported.replaceable();
    return replaceAndRun([[replacedEnv, newEnv]], fn);
}

/** Runs `fn`, in which the imported `exports` are others. */
export function withExports(newExports, fn) {
    requireFunction(fn, "withExports", "EnvModule", 2);
    replaceExports();
    return replaceAndRun([[replacedExports, newExports]], fn);
}

/** Both. */
export function withEnvAndExports(newEnv, newExports, fn) {
    requireFunction(fn, "withEnvAndExports", "EnvModule", 3);
    imported.replaceable();
    replaceExports();
    return replaceAndRun(
        [
            [replacedEnv, newEnv],
            [replacedExports, newExports],
        ],
        fn,
    );
}
