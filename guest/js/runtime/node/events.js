/**
 * `node:events`.
 *
 * Invariant: listeners run in the order in which they were added, in the caller's turn; no emitter keeps global state.
 */

import { inspect } from "../console/inspect.js";
import { host } from "../host.js";
import {
    abortError,
    invalidArgType,
    nodeError,
    validateAbortSignal,
    validateFunction,
    validateNumber,
} from "./errors.js";
import { eventIterator } from "./events-iterator.js";

const CAPTURE = Symbol("kCapture");
const MAX_LISTENERS = Symbol("events.maxEventTargetListeners");
const errorMonitor = Symbol("events.errorMonitor");
const captureRejection = Symbol.for("nodejs.rejection");

let defaultMaxListeners = 10;

function checkListener(listener) {
    validateFunction(listener, "listener");
}

/** An object that others can listen to. Callable without `new`, as old code inherits from it that way. */
export function EventEmitter(options) {
    EventEmitter.init.call(this, options);
}

EventEmitter.prototype._events = undefined;
EventEmitter.prototype._eventsCount = 0;
EventEmitter.prototype._maxListeners = undefined;

EventEmitter.init = function init(options) {
    if (this._events === undefined || this._events === Object.getPrototypeOf(this)._events) {
        this._events = { __proto__: null };
        this._eventsCount = 0;
    }
    this._maxListeners = this._maxListeners || undefined;
    if (options?.captureRejections) {
        if (typeof options.captureRejections !== "boolean") {
            throw invalidArgType("options.captureRejections", "boolean", options.captureRejections);
        }
        this[CAPTURE] = true;
    } else if (EventEmitter.captureRejections) {
        this[CAPTURE] = true;
    }
};

function method(name, value) {
    EventEmitter.prototype[name] = value;
}

method("setMaxListeners", function setMaxListeners(n) {
    validateNumber(n, "setMaxListeners", 0);
    this._maxListeners = n;
    return this;
});

method("getMaxListeners", function getMaxListeners() {
    return this._maxListeners ?? defaultMaxListeners;
});

function emitUnhandled(emitter, args) {
    const [error] = args;
    if (error instanceof Error) {
        throw error;
    }
    const failure = nodeError(
        Error,
        "ERR_UNHANDLED_ERROR",
        args.length > 0
            ? `Unhandled error. (${typeof error === "string" ? `'${error}'` : inspect(error)})`
            : "Unhandled error. (undefined)",
    );
    failure.context = error;
    throw failure;
}

function watchRejection(emitter, result, type, args) {
    const { then } = result;
    if (typeof then !== "function") {
        return;
    }
    then.call(result, undefined, (error) => {
        queueMicrotask(() => {
            if (typeof emitter[captureRejection] === "function") {
                emitter[captureRejection](error, type, ...args);
                return;
            }
            const before = emitter[CAPTURE];
            try {
                emitter[CAPTURE] = false; // A rejection in an error listener is not caught again.
                emitter.emit("error", error);
            } finally {
                emitter[CAPTURE] = before;
            }
        });
    });
}

function invoke(emitter, listener, type, args) {
    const result = Reflect.apply(listener, emitter, args);
    if (emitter[CAPTURE] && result !== undefined && result !== null) {
        watchRejection(emitter, result, type, args);
    }
}

method("emit", function emit(type, ...args) {
    const events = this._events;
    if (type === "error") {
        if (events?.[errorMonitor] !== undefined) {
            this.emit(errorMonitor, ...args);
        }
        if (events?.error === undefined) {
            emitUnhandled(this, args);
        }
    }
    const handler = events?.[type];
    if (handler === undefined) {
        return false;
    }
    if (typeof handler === "function") {
        invoke(this, handler, type, args);
        return true;
    }
    for (const listener of handler.slice()) {
        invoke(this, listener, type, args);
    }
    return true;
});

function warnOfLeak(emitter, type, list) {
    const limit = emitter.getMaxListeners();
    if (limit === 0 || list.length <= limit || list.warned) {
        return;
    }
    list.warned = true;
    const owner = inspect(emitter, { depth: -1 });
    host.log(
        3,
        "MaxListenersExceededWarning: Possible EventEmitter memory leak detected. " +
            `${list.length} ${String(type)} listeners ` +
            `added to ${owner}. MaxListeners is ${limit}. Use emitter.setMaxListeners() to increase limit`,
    );
}

function add(emitter, type, listener, first) {
    checkListener(listener);
    let events = emitter._events;
    if (events === undefined) {
        events = emitter._events = { __proto__: null };
        emitter._eventsCount = 0;
    } else if (events.newListener !== undefined) {
        emitter.emit("newListener", type, listener.listener ?? listener);
        events = emitter._events;
    }
    const existing = events[type];
    if (existing === undefined) {
        events[type] = listener;
        emitter._eventsCount += 1;
    } else if (typeof existing === "function") {
        events[type] = first ? [listener, existing] : [existing, listener];
    } else if (first) {
        existing.unshift(listener);
    } else {
        existing.push(listener);
    }
    if (typeof events[type] !== "function") {
        warnOfLeak(emitter, type, events[type]);
    }
    return emitter;
}

method("addListener", function addListener(type, listener) {
    return add(this, type, listener, false);
});
method("on", EventEmitter.prototype.addListener);
method("prependListener", function prependListener(type, listener) {
    return add(this, type, listener, true);
});

function onceOf(emitter, type, listener) {
    checkListener(listener);
    let fired = false;
    const wrapped = (...args) => {
        if (fired) {
            return undefined;
        }
        fired = true;
        emitter.removeListener(type, wrapped);
        return Reflect.apply(listener, emitter, args);
    };
    wrapped.listener = listener;
    return wrapped;
}

method("once", function once(type, listener) {
    return this.on(type, onceOf(this, type, listener));
});
method("prependOnceListener", function prependOnceListener(type, listener) {
    return this.prependListener(type, onceOf(this, type, listener));
});

function forget(emitter, type) {
    emitter._eventsCount -= 1;
    if (emitter._eventsCount === 0) {
        emitter._events = { __proto__: null };
    } else {
        delete emitter._events[type];
    }
}

method("removeListener", function removeListener(type, listener) {
    checkListener(listener);
    const existing = this._events?.[type];
    if (existing === undefined) {
        return this;
    }
    const watched = this._events.removeListener !== undefined;
    if (typeof existing === "function") {
        if (existing !== listener && existing.listener !== listener) {
            return this;
        }
        forget(this, type);
    } else {
        const at = existing.findLastIndex((item) => item === listener || item.listener === listener);
        if (at === -1) {
            return this;
        }
        existing.splice(at, 1);
        if (existing.length === 1) {
            this._events[type] = existing[0];
        }
    }
    if (watched) {
        this.emit("removeListener", type, listener);
    }
    return this;
});
method("off", EventEmitter.prototype.removeListener);

method("removeAllListeners", function removeAllListeners(type) {
    if (this._events === undefined) {
        return this;
    }
    if (this._events.removeListener === undefined) {
        if (arguments.length === 0) {
            this._events = { __proto__: null };
            this._eventsCount = 0;
        } else if (this._events[type] !== undefined) {
            forget(this, type);
        }
        return this;
    }
    const types =
        arguments.length === 0 ? Reflect.ownKeys(this._events).filter((key) => key !== "removeListener") : [type];
    for (const each of types) {
        for (const listener of listenersOf(this, each, false).reverse()) {
            this.removeListener(each, listener);
        }
    }
    if (arguments.length === 0) {
        this.removeAllListeners("removeListener");
    }
    return this;
});

function listenersOf(emitter, type, unwrap) {
    const existing = emitter._events?.[type];
    if (existing === undefined) {
        return [];
    }
    const list = typeof existing === "function" ? [existing] : existing.slice();
    return unwrap ? list.map((listener) => listener.listener ?? listener) : list;
}

method("listeners", function listeners(type) {
    return listenersOf(this, type, true);
});
method("rawListeners", function rawListeners(type) {
    return listenersOf(this, type, false);
});
method("listenerCount", function listenerCount(type, listener) {
    const list = listenersOf(this, type, false);
    return listener === undefined
        ? list.length
        : list.filter((item) => item === listener || item.listener === listener).length;
});
method("eventNames", function eventNames() {
    return this._eventsCount > 0 ? Reflect.ownKeys(this._events) : [];
});

/** How one listens to an emitter or to an `EventTarget`, and stops. */
export function subscribe(emitter, type, listener, once = false) {
    if (typeof emitter?.on === "function") {
        emitter[once ? "once" : "on"](type, listener);
    } else if (typeof emitter?.addEventListener === "function") {
        emitter.addEventListener(type, listener, { once });
    } else {
        throw invalidArgType("emitter", "EventEmitter", emitter);
    }
}

/** The opposite of `subscribe`. */
export function unsubscribe(emitter, type, listener) {
    if (typeof emitter?.removeListener === "function") {
        emitter.removeListener(type, listener);
    } else if (typeof emitter?.removeEventListener === "function") {
        emitter.removeEventListener(type, listener);
    } else {
        throw invalidArgType("emitter", "EventEmitter", emitter);
    }
}

/** A promise of the arguments of the next event. */
export function once(emitter, type, options = {}) {
    const { signal } = options ?? {};
    return new Promise((resolve, reject) => {
        validateAbortSignal(signal, "options.signal");
        if (signal?.aborted) {
            throw abortError(signal);
        }
        const stop = () => {
            unsubscribe(emitter, type, onEvent);
            if (watchesError) {
                unsubscribe(emitter, "error", onError);
            }
            signal?.removeEventListener("abort", onAbort);
        };
        const onEvent = (...args) => {
            stop();
            resolve(args);
        };
        const onError = (error) => {
            stop();
            reject(error);
        };
        const onAbort = () => {
            stop();
            reject(abortError(signal));
        };
        const watchesError = type !== "error" && typeof emitter?.once === "function";
        subscribe(emitter, type, onEvent, true);
        if (watchesError) {
            emitter.once("error", onError);
        }
        signal?.addEventListener("abort", onAbort, { once: true });
    });
}

/** An endless iterator of the arguments of events. */
export function on(emitter, type, options = {}) {
    return eventIterator(emitter, type, options);
}

/** The listeners of an emitter. */
export function getEventListeners(emitter, type) {
    return typeof emitter?.listeners === "function" ? emitter.listeners(type) : [];
}

/** How many listeners an emitter takes before it warns. */
export function getMaxListeners(emitter) {
    return typeof emitter?.getMaxListeners === "function"
        ? emitter.getMaxListeners()
        : (emitter[MAX_LISTENERS] ?? defaultMaxListeners);
}

/** Sets that for some emitters, or for all that follow. */
export function setMaxListeners(n = defaultMaxListeners, ...emitters) {
    validateNumber(n, "setMaxListeners", 0);
    if (emitters.length === 0) {
        defaultMaxListeners = n;
    }
    for (const emitter of emitters) {
        if (typeof emitter?.setMaxListeners === "function") {
            emitter.setMaxListeners(n);
        } else {
            Object.defineProperty(emitter, MAX_LISTENERS, { value: n, configurable: true, writable: true });
        }
    }
}

/** How many listeners an emitter has for an event. */
export function listenerCount(emitter, type) {
    return typeof emitter?.listenerCount === "function" ? emitter.listenerCount(type) : 0;
}

/** Listens to an `AbortSignal` in a way that `using` ends. */
export function addAbortListener(signal, listener) {
    validateAbortSignal(signal, "signal");
    validateFunction(listener, "listener");
    if (signal.aborted) {
        queueMicrotask(() => listener());
    } else {
        signal.addEventListener("abort", listener, { once: true });
    }
    return {
        [Symbol.dispose]() {
            signal.removeEventListener("abort", listener);
        },
    };
}

/** An emitter that remembers in which asynchronous context it was made. */
export class EventEmitterAsyncResource extends EventEmitter {}

EventEmitter.usingDomains = false;
EventEmitter.captureRejections = false;
Object.assign(EventEmitter, {
    once,
    on,
    getEventListeners,
    getMaxListeners,
    setMaxListeners,
    listenerCount,
    addAbortListener,
    EventEmitter,
    EventEmitterAsyncResource,
    captureRejectionSymbol: captureRejection,
    errorMonitor,
});
Object.defineProperty(EventEmitter, "defaultMaxListeners", {
    enumerable: true,
    get: () => defaultMaxListeners,
    set(n) {
        validateNumber(n, "defaultMaxListeners", 0);
        defaultMaxListeners = n;
    },
});

export { captureRejection as captureRejectionSymbol, defaultMaxListeners, errorMonitor };
export const captureRejections = false;
export const usingDomains = false;
export default EventEmitter;
