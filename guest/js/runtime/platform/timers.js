/**
 * Timers: `setTimeout` and its like, `queueMicrotask`, `scheduler.wait` (reference §2.2).
 *
 * Invariant: a timer runs in the scope in which it was set, and nothing of it is left when it has run or was cleared.
 */

import { cancel, startSleep } from "../calls.js";
import { enabled } from "../flags.js";
import { invalidArgType } from "../node/errors.js";
import { currentScope } from "../scope.js";
import { DOMException } from "../web/dom-exception.js";
import { reportException } from "../web/report-error.js";
import { defineInterface, illegalConstructor, illegalInvocation, isObject, parameterError } from "../web/webidl.js";
import { checkOptions } from "./parameters.js";
import { logUncaught } from "./wait-until.js";

const GLOBAL_SCOPE = "ServiceWorkerGlobalScope";
const MAX_ACTIVE = 10_000;
const INTERNAL = Symbol("internal");

/** Timers that are set, by number. */
const timers = new Map();
let lastTimer = 0;

/** How many timers an invocation, or all invocations of an object, have set and finished. */
class Count {
    active = 0;
    finished = 0;
}

/** @type {Map<number, Count>} By object; an object's invocations share one. */
const countsOfObjects = new Map();

function countOf({ invocation, object }) {
    if (object === 0) {
        invocation.timers ??= new Count();
        return invocation.timers;
    }
    let count = countsOfObjects.get(object);
    if (count === undefined) {
        count = new Count();
        countsOfObjects.set(object, count);
    }
    return count;
}

/** Hears from `calls.js` when it is due. */
class Timer {
    scope = undefined;
    target = undefined;

    constructor(callback, args, delayMs, repeats) {
        this.count = countOf(currentScope());
        if (this.count.active >= MAX_ACTIVE) {
            throw new DOMException(
                `You have exceeded the number of active timeouts you may set. max active timeouts: ${MAX_ACTIVE}, ` +
                    `current active timeouts: ${this.count.active}, finished timeouts: ${this.count.finished}`,
                "QuotaExceededError",
            );
        }
        this.callback = callback;
        this.args = args;
        this.delayMs = delayMs;
        this.repeats = repeats;
        this.call = startSleep(this, delayMs);
        this.count.active += 1;
        lastTimer += 1;
        this.number = lastTimer;
        timers.set(this.number, this);
    }

    complete() {
        if (!this.repeats) {
            this.#finish();
        }
        const { callback, args } = this;
        try {
            if (args === undefined) {
                callback.call(globalThis);
            } else {
                callback.apply(globalThis, args);
            }
        } catch (error) {
            logUncaught(error);
        }
        if (this.repeats && timers.has(this.number)) {
            this.call = startSleep(this, this.delayMs);
        }
    }

    fail(error) {
        this.#finish();
        logUncaught(error);
    }

    cancelled() {
        this.#finish();
    }

    clear() {
        if (timers.has(this.number)) {
            this.#finish();
            cancel(this.call);
        }
    }

    restart() {
        if (timers.has(this.number)) {
            cancel(this.call);
            this.call = startSleep(this, this.delayMs);
        }
    }

    #finish() {
        timers.delete(this.number);
        this.count.active -= 1;
        this.count.finished += 1;
    }
}

function delay(value) {
    if (typeof value === "number") {
        return value >= 1 ? Math.trunc(value) : 0;
    }
    if (value === undefined) {
        return 0;
    }
    if (typeof value === "bigint") {
        throw new TypeError("Cannot convert a BigInt value to a number");
    }
    const number = Number(value);
    return number >= 1 ? Math.trunc(number) : 0;
}

/** With this flag the global timers are those of `node:timers`. */
const NODE_TIMERS = "enable_nodejs_global_timers";

function set(method, callback, delayMs, args, repeats) {
    if (typeof callback !== "function") {
        throw enabled(NODE_TIMERS)
            ? invalidArgType("callback", "function", callback)
            : parameterError(method, GLOBAL_SCOPE, 1, "function");
    }
    const timer = new Timer(callback, args.length === 0 ? undefined : args, delay(delayMs), repeats);
    return enabled(NODE_TIMERS) ? new Timeout(INTERNAL, timer) : timer.number;
}

function clear(method, count, timer) {
    if (count === 0 && !enabled(NODE_TIMERS)) {
        throw parameterError(method, GLOBAL_SCOPE, 1, "Number");
    }
    if (isTimeout(timer)) {
        timerOf(timer).clear();
        return;
    }
    timers.get(Number(timer))?.clear();
}

/** Runs a function later, once. */
export function setTimeout(callback, delayMs, ...args) {
    return set("setTimeout", callback, delayMs, args, false);
}

/** Runs a function again and again. */
export function setInterval(callback, delayMs, ...args) {
    return set("setInterval", callback, delayMs, args, true);
}

/** Forgets a timer. */
export function clearTimeout(timer) {
    clear("clearTimeout", arguments.length, timer);
}

/** Forgets a timer. */
export function clearInterval(timer) {
    clear("clearInterval", arguments.length, timer);
}

/** Runs a function when the events that wait have been handled; `node:timers` has it. */
export function setImmediate(callback, ...args) {
    if (typeof callback !== "function") {
        throw parameterError("setImmediate", GLOBAL_SCOPE, 1, "function");
    }
    return new Immediate(INTERNAL, new Timer(callback, args.length === 0 ? undefined : args, 0, false));
}

/** Forgets what `setImmediate()` has set. */
export function clearImmediate(immediate) {
    if (isTimeout(immediate)) {
        timerOf(immediate).clear();
    }
}

let isTimeout;
let timerOf;

/** What `setTimeout()` returns in Node. */
export class Timeout {
    #timer;
    #referenced = true;

    static {
        isTimeout = (value) => isObject(value) && #timer in value;
        timerOf = (timeout) => timeout.#timer;
    }

    constructor(token, timer) {
        if (token !== INTERNAL) {
            throw illegalConstructor();
        }
        this.#timer = timer;
    }

    /** Here a timer never keeps anything alive that would end otherwise. */
    ref() {
        this.#referenced = true;
        return this;
    }

    unref() {
        this.#referenced = false;
        return this;
    }

    hasRef() {
        return this.#referenced;
    }

    /** Starts the delay anew. */
    refresh() {
        this.#timer.restart();
        return this;
    }

    close() {
        this.#timer.clear();
        return this;
    }

    [Symbol.toPrimitive]() {
        return this.#timer.number;
    }

    [Symbol.dispose ?? Symbol.for("Symbol.dispose")]() {
        this.#timer.clear();
    }
}

/** What `setImmediate()` returns in Node. */
export class Immediate extends Timeout {}

Object.defineProperty(Immediate.prototype, Symbol.toStringTag, { value: "Immediate", configurable: true });

const settled = Promise.resolve();

/** Runs a function when the running code has returned. */
export function queueMicrotask(callback) {
    if (typeof callback !== "function") {
        throw parameterError("queueMicrotask", GLOBAL_SCOPE, 1, "function");
    }
    settled.then(() => {
        try {
            callback();
        } catch (error) {
            // Unlike an exception of a timer, the platform tells `error` listeners of this one.
            reportException(error);
        }
    });
}

/** The one instance is `scheduler`. */
export class Scheduler {
    #own = true;

    constructor(token) {
        if (token !== INTERNAL) {
            throw illegalConstructor();
        }
    }

    /** Resolves after a delay; rejects when `signal` aborts. */
    async wait(delayMs, options) {
        if (!(#own in this)) {
            throw illegalInvocation();
        }
        if (arguments.length === 0) {
            throw parameterError("wait", "Scheduler", 1, "number");
        }
        checkOptions(options, "wait", "Scheduler", 2, "WaitOptions");
        const signal = options?.signal;
        if (signal === undefined || signal === null) {
            return new Promise((resolve) => new Timer(resolve, undefined, delay(delayMs), false));
        }
        if (signal.aborted) {
            throw reasonOf(signal);
        }
        return new Promise((resolve, reject) => {
            const aborted = () => {
                timer.clear();
                reject(reasonOf(signal));
            };
            const elapsed = () => {
                signal.removeEventListener("abort", aborted);
                resolve();
            };
            const timer = new Timer(elapsed, undefined, delay(delayMs), false);
            signal.addEventListener("abort", aborted, { once: true });
        });
    }
}

/** Why a signal aborted, as an error: the reason itself, unless it is a primitive. */
function reasonOf({ reason }) {
    return isObject(reason) ? reason : new Error(String(reason));
}

defineInterface(Scheduler);

/** The global `scheduler`. */
export const scheduler = new Scheduler(INTERNAL);

// A bundler gives what is called like a global another name.
for (const [name, value] of Object.entries({
    setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate, queueMicrotask,
    Timeout, Immediate,
})) {
    Object.defineProperty(value, "name", { value: name, configurable: true });
}
