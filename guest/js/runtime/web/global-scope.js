/**
 * What the global object is itself: an event target, `self`, `origin`, `Cloudflare`.
 *
 * Invariant: the interfaces of the web are installed elsewhere.
 */

import { describeFlags } from "../flags.js";
import { dispatchTrusted, EventTarget, globalTarget } from "./event.js";
import { defineGlobals, defineInterface, illegalConstructor } from "./webidl.js";

/** https://html.spec.whatwg.org/multipage/workers.html#workerglobalscope */
export class WorkerGlobalScope extends EventTarget {
    constructor() {
        throw illegalConstructor();
    }
}

defineInterface(WorkerGlobalScope);

/** https://w3c.github.io/ServiceWorker/#serviceworkerglobalscope-interface */
export class ServiceWorkerGlobalScope extends WorkerGlobalScope {}

defineInterface(ServiceWorkerGlobalScope);

function addEventListener(...args) {
    globalTarget.addEventListener(...args);
}

function removeEventListener(...args) {
    globalTarget.removeEventListener(...args);
}

function dispatchEvent(event) {
    return dispatchTrusted(globalTarget, event, globalThis, false);
}

/**
 * Dispatches an event of the runtime on the global object.
 *
 * @param {Event} event The event.
 * @returns {boolean} False when a listener canceled it.
 */
export function dispatchGlobal(event) {
    return dispatchTrusted(globalTarget, event, globalThis);
}

/** Gives the global object its own members. */
export function install(global) {
    Object.setPrototypeOf(global, ServiceWorkerGlobalScope.prototype);
    // The engine's own says `global`.
    delete global[Symbol.toStringTag];
    defineGlobals(global, {
        self: global,
        ServiceWorkerGlobalScope,
        WorkerGlobalScope,
        addEventListener,
        removeEventListener,
        dispatchEvent,
    });
    Object.defineProperty(global, "origin", { value: "null", enumerable: true, configurable: true });
    installFlags(global);
}

/** Shows the worker's flags, once they are known. */
export function installFlags(global) {
    defineGlobals(global, { Cloudflare: Object.freeze({ compatibilityFlags: Object.freeze(describeFlags()) }) });
}
