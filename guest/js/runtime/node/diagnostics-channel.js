/**
 * `node:diagnostics_channel`.
 *
 * Invariant: a message reaches the subscribers of the moment, in order; one that throws does not stop the others.
 */

import { runInScope, currentScope } from "../scope.js";
import { invalidArgType, validateFunction } from "./errors.js";

/** @type {Map<PropertyKey, Channel>} */
const channels = new Map();

/** A named stream of messages. */
export class Channel {
    #subscribers = [];
    #stores = new Map();

    constructor(name) {
        this.name = name;
    }

    get hasSubscribers() {
        return this.#subscribers.length > 0 || this.#stores.size > 0;
    }

    subscribe(subscription) {
        validateFunction(subscription, "subscription");
        this.#subscribers = [...this.#subscribers, subscription];
    }

    unsubscribe(subscription) {
        const before = this.#subscribers;
        const at = before.indexOf(subscription);
        this.#subscribers = before.filter((_, index) => index !== at);
        return at !== -1;
    }

    bindStore(store, transform) {
        this.#stores.set(store, transform);
    }

    unbindStore(store) {
        return this.#stores.delete(store);
    }

    publish(message) {
        for (const subscriber of this.#subscribers) {
            try {
                subscriber(message, this.name);
            } catch (error) {
                queueMicrotask(() => {
                    throw error;
                });
            }
        }
    }

    runStores(message, fn, thisArg, ...args) {
        const stores = new Map(currentScope().stores);
        for (const [store, transform] of this.#stores) {
            stores.set(store, transform === undefined ? message : transform(message));
        }
        const run = () => {
            this.publish(message);
            return Reflect.apply(fn, thisArg, args);
        };
        return this.#stores.size === 0 ? run() : runInScope(currentScope().withStores(stores), run);
    }
}

/** The channel of a name. */
export function channel(name) {
    if (typeof name !== "string" && typeof name !== "symbol") {
        throw invalidArgType("channel", ["string", "symbol"], name);
    }
    let found = channels.get(name);
    if (found === undefined) {
        found = new Channel(name);
        channels.set(name, found);
    }
    return found;
}

export function hasSubscribers(name) {
    return channels.get(name)?.hasSubscribers ?? false;
}

export function subscribe(name, subscription) {
    channel(name).subscribe(subscription);
}

export function unsubscribe(name, subscription) {
    return channel(name).unsubscribe(subscription);
}

const EVENTS = ["start", "end", "asyncStart", "asyncEnd", "error"];

/** Five channels that follow one operation. */
export class TracingChannel {
    constructor(nameOrChannels) {
        for (const event of EVENTS) {
            this[event] =
                typeof nameOrChannels === "string"
                    ? channel(`tracing:${nameOrChannels}:${event}`)
                    : nameOrChannels[event];
        }
    }

    get hasSubscribers() {
        return EVENTS.some((event) => this[event]?.hasSubscribers);
    }

    subscribe(handlers) {
        for (const event of EVENTS.filter((name) => handlers[name])) {
            this[event].subscribe(handlers[event]);
        }
    }

    unsubscribe(handlers) {
        return EVENTS.filter((name) => handlers[name])
            .map((name) => this[name].unsubscribe(handlers[name]))
            .every(Boolean);
    }

    traceSync(fn, context = {}, thisArg = undefined, ...args) {
        return this.start.runStores(context, () => {
            try {
                return (context.result = Reflect.apply(fn, thisArg, args));
            } catch (error) {
                context.error = error;
                this.error.publish(context);
                throw error;
            } finally {
                this.end.publish(context);
            }
        });
    }

    tracePromise(fn, context = {}, thisArg = undefined, ...args) {
        const settle = (key, value) => {
            context[key] = value;
            if (key === "error") {
                this.error.publish(context);
            }
            this.asyncStart.publish(context);
            this.asyncEnd.publish(context);
        };
        return this.start.runStores(context, () => {
            try {
                const promise = Promise.resolve(Reflect.apply(fn, thisArg, args));
                return promise.then(
                    (value) => {
                        settle("result", value);
                        return value;
                    },
                    (error) => {
                        settle("error", error);
                        throw error;
                    },
                );
            } catch (error) {
                context.error = error;
                this.error.publish(context);
                throw error;
            } finally {
                this.end.publish(context);
            }
        });
    }

    traceCallback(fn, position = -1, context = {}, thisArg = undefined, ...args) {
        const callback = args.at(position);
        validateFunction(callback, "callback");
        const { asyncStart, asyncEnd, error: errors } = this;
        function wrapped(...results) {
            const [error, value] = results;
            if (error) {
                context.error = error;
                errors.publish(context);
            } else {
                context.result = value;
            }
            return asyncStart.runStores(context, () => {
                try {
                    return Reflect.apply(callback, this, results);
                } finally {
                    asyncEnd.publish(context);
                }
            });
        }
        args.splice(position, 1, wrapped);
        return this.traceSync(fn, context, thisArg, ...args);
    }
}

export function tracingChannel(nameOrChannels) {
    return new TracingChannel(nameOrChannels);
}
