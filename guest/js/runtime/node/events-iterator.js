/**
 * `events.on`: an asynchronous iterator of the events of an emitter.
 *
 * Invariant: no event is lost between two calls of `next()`; listeners are gone when the iterator has ended.
 */

import { abortError, validateAbortSignal } from "./errors.js";
import { subscribe, unsubscribe } from "./events.js";

class EventIterator {
    #emitter;
    #subscriptions = [];
    #signal;
    #events = [];
    #waiting = [];
    #failure;
    #ended = false;

    constructor(emitter, type, { signal, close }) {
        this.#emitter = emitter;
        this.#signal = signal;
        this.#listen(type, (...args) => this.#take(args));
        if (type !== "error" && typeof emitter.on === "function") {
            this.#listen("error", (error) => this.#fail(error));
        }
        for (const name of close ?? []) {
            this.#listen(name, () => this.#end());
        }
        signal?.addEventListener("abort", this.#onAbort, { once: true });
    }

    #onAbort = () => this.#fail(abortError(this.#signal));

    #listen(type, listener) {
        subscribe(this.#emitter, type, listener);
        this.#subscriptions.push([type, listener]);
    }

    #take(args) {
        const waiting = this.#waiting.shift();
        if (waiting === undefined) {
            this.#events.push(args);
        } else {
            waiting.resolve({ value: args, done: false });
        }
    }

    #fail(error) {
        const waiting = this.#waiting.shift();
        if (waiting === undefined) {
            this.#failure = { error };
        } else {
            waiting.reject(error);
        }
        this.#end();
    }

    #end() {
        this.#ended = true;
        for (const [type, listener] of this.#subscriptions.splice(0)) {
            unsubscribe(this.#emitter, type, listener);
        }
        this.#signal?.removeEventListener("abort", this.#onAbort);
        for (const waiting of this.#waiting.splice(0)) {
            waiting.resolve({ value: undefined, done: true });
        }
    }

    next() {
        if (this.#events.length > 0) {
            return Promise.resolve({ value: this.#events.shift(), done: false });
        }
        if (this.#failure !== undefined) {
            const { error } = this.#failure;
            this.#failure = undefined;
            return Promise.reject(error);
        }
        if (this.#ended) {
            return Promise.resolve({ value: undefined, done: true });
        }
        return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    }

    return() {
        this.#end();
        return Promise.resolve({ value: undefined, done: true });
    }

    throw(error) {
        this.#fail(error);
        return Promise.resolve({ value: undefined, done: true });
    }

    [Symbol.asyncIterator]() {
        return this;
    }
}

/** The iterator for `events.on(emitter, type, {signal, close})`. */
export function eventIterator(emitter, type, options) {
    validateAbortSignal(options?.signal, "options.signal");
    if (options?.signal?.aborted) {
        throw abortError(options.signal);
    }
    return new EventIterator(emitter, type, options ?? {});
}
