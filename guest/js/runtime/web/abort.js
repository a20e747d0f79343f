/**
 * `AbortController` and `AbortSignal`.
 *
 * The runtime itself watches signals with `onAbort()`, which costs no event; the event is made only when somebody
 * listens. Controllers make their signal when it is first asked for.
 *
 * Invariant: starts no timer itself: `AbortSignal.timeout()` uses what `provideTimer()` gave.
 */

import { DOMException } from "./dom-exception.js";
import { defineEventHandler, dispatchTrusted, Event, EventTarget, provideSignals } from "./event.js";
import { defineInterface, fieldError, illegalConstructor, illegalInvocation, parameterError } from "./webidl.js";

/** Given by `platform/timers.js`. */
let startTimer;

/**
 * Sets how time passes.
 *
 * @param {(fn: () => void, delayMs: number) => void} start Calls `fn` once after a delay; throws in global scope.
 */
export function provideTimer(start) {
    startTimer = start;
}

const permit = {};

let abort;
let watch;
let isSignal;
let follow;

/** https://dom.spec.whatwg.org/#abortsignal */
export class AbortSignal extends EventTarget {
    #aborted = false;
    #reason = undefined;
    /** @type {Set<() => void> | null} Called before the event is dispatched. */
    #algorithms = null;
    /** @type {AbortSignal[] | null} Signals of `any()` that abort with this one. */
    #dependents = null;
    /** @type {AbortSignal[] | null} Of `any()`: the signals, none of them dependent itself, that abort this one. */
    #sources = null;

    constructor(token) {
        if (token !== permit) {
            throw illegalConstructor();
        }
        super();
    }

    static {
        isSignal = (value) => typeof value === "object" && value !== null && #aborted in value;
        abort = (signal, reason) => signal.#abort(reason);
        watch = (signal, fn) => {
            signal.#algorithms ??= new Set();
            signal.#algorithms.add(fn);
            return () => signal.#algorithms?.delete(fn);
        };
        follow = (signal, sources) => signal.#follow(sources);
    }

    /** A signal that has aborted. */
    static abort(reason = undefined) {
        const signal = new AbortSignal(permit);
        signal.#aborted = true;
        signal.#reason = reason === undefined ? abortError() : reason;
        return signal;
    }

    /** A signal that aborts after a time. */
    static timeout(delayMs) {
        if (arguments.length === 0) {
            throw parameterError("timeout", "AbortSignal", 1, "number");
        }
        const signal = new AbortSignal(permit);
        startTimer(
            () => signal.#abort(retryable("The operation was aborted due to timeout", "TimeoutError")),
            Number(delayMs),
        );
        return signal;
    }

    /** A signal that aborts with the first of others. */
    static any(signals) {
        if (!Array.isArray(signals)) {
            throw parameterError("any", "AbortSignal", 1, "Array");
        }
        for (let i = 0; i < signals.length; i += 1) {
            if (!isSignal(signals[i])) {
                throw new TypeError(
                    `Incorrect type for array element ${i}: the provided value is not of type 'AbortSignal'.`,
                );
            }
        }
        const signal = new AbortSignal(permit);
        follow(signal, signals);
        return signal;
    }

    #follow(signals) {
        const aborted = signals.find((signal) => signal.#aborted);
        if (aborted !== undefined) {
            this.#aborted = true;
            this.#reason = aborted.#reason;
            return;
        }
        const sources = new Set(signals.flatMap((signal) => signal.#sources ?? [signal]));
        this.#sources = [...sources];
        for (const source of sources) {
            source.#dependents ??= [];
            source.#dependents.push(this);
        }
    }

    get aborted() {
        if (!(#aborted in this)) {
            throw illegalInvocation();
        }
        return this.#aborted;
    }

    get reason() {
        if (!(#reason in this)) {
            throw illegalInvocation();
        }
        return this.#reason;
    }

    /** Throws the reason, if the signal has aborted. */
    throwIfAborted() {
        if (!(#aborted in this)) {
            throw illegalInvocation();
        }
        if (this.#aborted) {
            throw this.#reason;
        }
    }

    #abort(reason) {
        if (this.#aborted) {
            return;
        }
        this.#mark(reason);
        const dependents = this.#dependents?.filter((signal) => !signal.#aborted) ?? [];
        this.#dependents = null;
        for (const signal of dependents) {
            signal.#mark(reason);
        }
        this.#tell();
        for (const signal of dependents) {
            signal.#tell();
        }
    }

    #mark(reason) {
        this.#aborted = true;
        this.#reason = reason;
        this.#sources = null;
    }

    #tell() {
        const algorithms = this.#algorithms;
        this.#algorithms = null;
        if (algorithms !== null) {
            for (const algorithm of algorithms) {
                algorithm();
            }
        }
        dispatchTrusted(this, new Event("abort"));
    }
}

defineInterface(AbortSignal);
defineEventHandler(AbortSignal, "abort");

/** The platform marks its own reasons: whoever aborted may well try again. */
function retryable(message, name) {
    const error = new DOMException(message, name);
    error.retryable = true;
    return error;
}

function abortError() {
    return retryable("The operation was aborted", "AbortError");
}

/** https://dom.spec.whatwg.org/#abortcontroller */
export class AbortController {
    /** @type {AbortSignal | undefined} Made when it is asked for. */
    #signal = undefined;

    get signal() {
        if (!(#signal in this)) {
            throw illegalInvocation();
        }
        this.#signal ??= new AbortSignal(permit);
        return this.#signal;
    }

    abort(reason = undefined) {
        abort(this.signal, reason === undefined ? abortError() : reason);
    }
}

defineInterface(AbortController);

/** A signal that only `abortSignal()` aborts. */
export function createSignal() {
    return new AbortSignal(permit);
}

/** Aborts a signal of `createSignal()`; without a reason, with an `AbortError`. */
export function abortSignal(signal, reason = undefined) {
    abort(signal, reason === undefined ? abortError() : reason);
}

/** A signal that aborts when `source` does, and has aborted if `source` has. */
export function dependentSignal(source) {
    const signal = new AbortSignal(permit);
    follow(signal, [source]);
    return signal;
}

/** Whether a value is an `AbortSignal`. */
export function isAbortSignal(value) {
    return isSignal(value);
}

/**
 * Calls `fn` when a signal aborts, before its listeners.
 *
 * @param {AbortSignal} signal A signal that has not aborted.
 * @param {() => void} fn What to do; the reason is the signal's.
 * @returns {() => void} Undoes it.
 */
export function onAbort(signal, fn) {
    return watch(signal, fn);
}

function requireSignal(signal) {
    if (!isSignal(signal)) {
        throw fieldError("signal", "AddEventListenerOptions", "AbortSignal");
    }
}

provideSignals(requireSignal, (signal, fn) => (signal.aborted ? undefined : watch(signal, fn)));
