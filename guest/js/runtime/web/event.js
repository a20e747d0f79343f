/**
 * `EventTarget`, and how events reach listeners.
 *
 * As on the platform, a listener that throws ends the dispatch with its error, unless the flag
 * `spec_compliant_dispatch_exceptions` is on: then it is reported, and the others are called. A function in the
 * property `on<type>` of any target is called before its listeners.
 *
 * Invariant: knows no particular event and no particular target.
 */

import { enabled } from "../flags.js";
import { dispatching } from "./event-object.js";
import { defineInterface, fieldError, illegalInvocation, isObject, parameterError, string } from "./webidl.js";

export { Event } from "./event-object.js";

const { begin, end, setPassive, isStoppedAtOnce } = dispatching;
const { apply } = Reflect;

/** What `addEventListener()` keeps; `removed` tells a dispatch that is under way. */
class Listener {
    removed = false;
    /** Takes the listener away from the signal that would remove it. */
    detach = undefined;

    constructor(callback, once, passive) {
        this.callback = callback;
        this.once = once;
        this.passive = passive;
    }
}

/** Names of the properties `on<type>`, so that a dispatch builds no string. */
const handlerNames = new Map();

function handlerName(type) {
    let name = handlerNames.get(type);
    if (name === undefined) {
        name = `on${type}`;
        // Types are the worker's choice; the table must not grow with them.
        if (handlerNames.size < 64) {
            handlerNames.set(type, name);
        }
    }
    return name;
}

/** Calls back when a signal aborts; given by `abort.js`, which needs this file. */
let watchSignal;
let requireSignal;

/**
 * Sets how listeners with a `signal` watch it.
 *
 * @param {(signal: unknown) => void} check Throws a `TypeError` when a value is no signal.
 * @param {(signal: AbortSignal, fn: () => void) => (() => void) | undefined} watch Calls `fn` when the signal aborts
 *     and returns what undoes that; `undefined` when it has aborted already.
 */
export function provideSignals(check, watch) {
    requireSignal = check;
    watchSignal = watch;
}

/** Given by `report-error.js`: tells of an exception that nobody catches. */
let report;

/** Sets what happens to exceptions of listeners where they do not end the dispatch. */
export function provideReport(reportException) {
    report = reportException;
}

/** Whether exceptions of listeners are reported, as the standard wants, or end the dispatch. */
let reportsExceptions = false;

/** Follows the worker's flags. */
export function followFlags() {
    reportsExceptions = enabled("spec_compliant_dispatch_exceptions");
}

function requireListener(method, callback, type) {
    if (typeof callback === "function") {
        return;
    }
    if (typeof callback !== "object") {
        throw parameterError(method, "EventTarget", 2, type);
    }
}

function refuseCapture(method, options) {
    if (isObject(options)) {
        if (options.capture) {
            throw new TypeError(`${method}(): options.capture must be false.`);
        }
    } else if (options) {
        throw new TypeError(`${method}(): useCapture must be false.`);
    }
}

let dispatchOn;
let handlerOf;
let setHandlerOf;
let countListeners;

/** https://dom.spec.whatwg.org/#eventtarget */
export class EventTarget {
    /** @type {Map<string, Listener[]> | null} By type, in the order in which they were added. */
    #listeners = null;
    /** @type {Map<string, Listener> | null} What event handler attributes were set to, by type. */
    #handlers = null;

    static {
        dispatchOn = (target, event, shown, trusted) => target.#dispatch(event, shown, trusted);
        handlerOf = (target, type) => {
            if (!(#handlers in target)) {
                throw illegalInvocation();
            }
            return target.#handlers?.get(type)?.callback ?? null;
        };
        setHandlerOf = (target, type, value) => target.#setHandler(type, value);
        countListeners = (target, type) => target.#listeners?.get(type)?.length ?? 0;
    }

    /**
     * @param {string} type The event's name.
     * @param {Function | {handleEvent: Function} | null} callback Who is told.
     * @param {boolean | {once?: boolean, passive?: boolean, capture?: boolean, signal?: AbortSignal}} [options]
     */
    addEventListener(type, callback, options = undefined) {
        if (!(#listeners in this)) {
            throw illegalInvocation();
        }
        if (arguments.length === 0) {
            throw parameterError("addEventListener", "EventTarget", 1, "string");
        }
        type = string(type);
        requireListener("addEventListener", callback, "function or HandlerObject");
        if (callback !== null && typeof callback === "object" && typeof callback.handleEvent !== "function") {
            throw fieldError("handleEvent", "HandlerObject", "function");
        }
        if (options === undefined || options === null) {
            if (callback !== null) {
                this.#add(type, callback, false, false);
            }
            return;
        }
        this.#addWith(type, callback, options);
    }

    #addWith(type, callback, options) {
        const { once = false, passive = false, signal = undefined } = options;
        if (signal !== undefined) {
            requireSignal(signal);
        }
        if (callback === null) {
            return;
        }
        refuseCapture("addEventListener", options);
        if (signal === undefined) {
            this.#add(type, callback, once, passive);
        } else {
            this.#addUntil(signal, type, callback, once, passive);
        }
    }

    #addUntil(signal, type, callback, once, passive) {
        const detach = watchSignal(signal, () => this.#remove(type, callback));
        const listener = detach && this.#add(type, callback, once, passive);
        if (listener) {
            listener.detach = detach;
        } else {
            detach?.();
        }
    }

    /** @returns {Listener | undefined} `undefined` when it is there already. */
    #add(type, callback, once, passive) {
        this.#listeners ??= new Map();
        const listeners = this.#listeners.get(type);
        if (listeners === undefined) {
            const listener = new Listener(callback, Boolean(once), Boolean(passive));
            this.#listeners.set(type, [listener]);
            return listener;
        }
        for (const other of listeners) {
            if (other.callback === callback && other !== this.#handlers?.get(type)) {
                return undefined;
            }
        }
        const listener = new Listener(callback, Boolean(once), Boolean(passive));
        listeners.push(listener);
        return listener;
    }

    removeEventListener(type, callback, options = undefined) {
        if (!(#listeners in this)) {
            throw illegalInvocation();
        }
        if (arguments.length === 0) {
            throw parameterError("removeEventListener", "EventTarget", 1, "string");
        }
        type = string(type);
        requireListener("removeEventListener", callback, "Object");
        refuseCapture("removeEventListener", options);
        this.#remove(type, callback);
    }

    #remove(type, callback) {
        const handler = this.#handlers?.get(type);
        const listener = this.#listeners?.get(type)?.find((one) => one.callback === callback && one !== handler);
        if (listener !== undefined) {
            this.#drop(type, listener);
        }
    }

    /** A dispatch may be walking over the list, so the list is replaced. */
    #drop(type, listener) {
        listener.removed = true;
        listener.detach?.();
        const rest = this.#listeners.get(type).filter((one) => one !== listener);
        if (rest.length === 0) {
            this.#listeners.delete(type);
        } else {
            this.#listeners.set(type, rest);
        }
    }

    #setHandler(type, value) {
        if (!(#handlers in this)) {
            throw illegalInvocation();
        }
        const listener = this.#handlers?.get(type);
        if (!isObject(value)) {
            if (listener !== undefined) {
                this.#handlers.delete(type);
                this.#drop(type, listener);
            }
        } else if (listener !== undefined) {
            listener.callback = value;
        } else {
            const added = new Listener(value, false, false);
            this.#handlers ??= new Map();
            this.#handlers.set(type, added);
            this.#listeners ??= new Map();
            this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), added]);
        }
    }

    /**
     * @param {Event} event Whom to tell the listeners of its type.
     * @returns {boolean} False when a listener canceled it.
     */
    dispatchEvent(event) {
        if (!(#listeners in this)) {
            throw illegalInvocation();
        }
        return this.#dispatch(event, this, false);
    }

    /** `shown` is the target that listeners see. */
    #dispatch(event, shown, trusted) {
        const type = begin(event, shown, trusted);
        let result;
        try {
            if (this.#handlers === null || !this.#handlers.has(type)) {
                const handler = shown[handlerName(type)];
                if (typeof handler === "function") {
                    call(handler, event, shown);
                }
            }
            if (this.#listeners !== null) {
                const listeners = this.#listeners.get(type);
                if (listeners !== undefined) {
                    this.#callAll(listeners, event, type, shown);
                }
            }
        } finally {
            result = end(event);
        }
        return result;
    }

    #callAll(listeners, event, type, shown) {
        // Listeners that are added meanwhile are not for this event.
        const { length } = listeners;
        for (let i = 0; i < length && !isStoppedAtOnce(event); i += 1) {
            const listener = listeners[i];
            if (listener.removed) {
                continue;
            }
            if (listener.once) {
                this.#drop(type, listener);
            }
            if (listener.passive) {
                setPassive(event, true);
                call(listener.callback, event, shown);
                setPassive(event, false);
            } else if (!reportsExceptions && typeof listener.callback === "function") {
                apply(listener.callback, shown, [event]);
            } else {
                call(listener.callback, event, shown);
            }
        }
    }
}

function call(callback, event, shown) {
    if (!reportsExceptions) {
        invoke(callback, event, shown);
        return;
    }
    try {
        invoke(callback, event, shown);
    } catch (error) {
        report(error);
    }
}

function invoke(callback, event, target) {
    if (typeof callback === "function") {
        apply(callback, target, [event]);
        return;
    }
    const { handleEvent } = callback;
    // It was one when the listener was added. The platform passes over one that no longer is.
    if (typeof handleEvent === "function") {
        apply(handleEvent, callback, [event]);
    }
}

defineInterface(EventTarget);

/**
 * Dispatches an event that the runtime made.
 *
 * @param {EventTarget} target Whose listeners are told.
 * @param {Event} event The event.
 * @param {object} [shown] What listeners see as its target, if not `target`.
 * @param {boolean} [trusted] Whether the event is the runtime's.
 * @returns {boolean} False when a listener canceled it.
 */
export function dispatchTrusted(target, event, shown = target, trusted = true) {
    return dispatchOn(target, event, shown, trusted);
}

/** Keeps the listeners of the global object, which is no `EventTarget` by construction. */
export const globalTarget = new EventTarget();

/**
 * How many listeners a target has for events of a type, event handler attributes included.
 *
 * @param {EventTarget | typeof globalThis} target A target, or the global object.
 * @param {string} type The events' name.
 */
export function listenerCount(target, type) {
    return countListeners(target === globalThis ? globalTarget : target, type);
}

/** Whether anybody listens to events of a type; see `listenerCount()`. */
export function hasListeners(target, type) {
    return listenerCount(target, type) !== 0;
}

/**
 * Gives a class of targets the event handler attribute `on<type>`: its function takes its place among the listeners
 * when it is first set.
 */
export function defineEventHandler(constructor, type) {
    Object.defineProperty(constructor.prototype, `on${type}`, {
        get() {
            return handlerOf(this, type);
        },
        set(value) {
            setHandlerOf(this, type, value);
        },
        enumerable: true,
        configurable: true,
    });
}
