/**
 * The events with members of their own.
 *
 * Invariant: data only; who makes and dispatches them is said elsewhere.
 */

import { enabled } from "../flags.js";
import { Event } from "./event.js";
import {
    constructorError, defineInterface, fieldError, illegalConstructor, illegalInvocation, isObject, usv,
} from "./webidl.js";

const NONE = Object.freeze({});

/** The dictionary of a constructor's second parameter. */
function dictionary(init, owner, type) {
    if (init === undefined || init === null) {
        return NONE;
    }
    if (!isObject(init)) {
        throw constructorError(owner, 2, type);
    }
    return init;
}

/** https://dom.spec.whatwg.org/#customevent */
export class CustomEvent extends Event {
    #detail;

    constructor(type, init = undefined) {
        if (arguments.length === 0) {
            throw constructorError("CustomEvent", 1, "string");
        }
        const members = dictionary(init, "CustomEvent", "CustomEventInit");
        super(type, init);
        const { detail } = members;
        this.#detail = detail;
    }

    /** What was given; as on the platform, `undefined` if nothing was. */
    get detail() {
        if (!(#detail in this)) {
            throw illegalInvocation();
        }
        return this.#detail === undefined && enabled("pedantic_wpt") ? null : this.#detail;
    }
}

defineInterface(CustomEvent);

/** In place of the members of a message whose data are in `nextData`: it comes too often for an object of its own. */
const MESSAGE = {};

let nextData;

function portsOf(ports) {
    if (ports === undefined) {
        return [];
    }
    if (!Array.isArray(ports)) {
        throw fieldError("ports", "Initializer", "Array");
    }
    return [...ports];
}

/** https://html.spec.whatwg.org/multipage/comms.html#messageevent */
export class MessageEvent extends Event {
    #data;
    /** The rarely used members: `{origin, lastEventId, source, ports}`. */
    #rest = undefined;

    constructor(type, init) {
        if (init === MESSAGE) {
            super(type);
            this.#data = nextData;
            return;
        }
        const members = dictionary(init, "MessageEvent", "Initializer");
        super(type, init);
        const { data = null, lastEventId, origin, ports, source } = members;
        this.#data = data;
        if (origin !== undefined || lastEventId !== undefined || source !== undefined || ports !== undefined) {
            this.#rest = {
                origin: origin === undefined ? "" : usv(origin),
                lastEventId: lastEventId === undefined ? "" : `${lastEventId}`,
                source: source ?? null,
                ports: portsOf(ports),
            };
        }
    }

    static #restOf(event) {
        if (!(#rest in event)) {
            throw illegalInvocation();
        }
        event.#rest ??= { origin: "", lastEventId: "", source: null, ports: [] };
        return event.#rest;
    }

    get data() {
        if (!(#data in this)) {
            throw illegalInvocation();
        }
        return this.#data;
    }

    get origin() {
        return MessageEvent.#restOf(this).origin;
    }

    get lastEventId() {
        return MessageEvent.#restOf(this).lastEventId;
    }

    get source() {
        return MessageEvent.#restOf(this).source;
    }

    get ports() {
        return MessageEvent.#restOf(this).ports;
    }
}

defineInterface(MessageEvent);

/** The event `message` of the runtime with `data`, and nothing else. */
export function createMessageEvent(data) {
    nextData = data;
    const event = new MessageEvent("message", MESSAGE);
    nextData = undefined;
    return event;
}

/** https://websockets.spec.whatwg.org/#closeevent */
export class CloseEvent extends Event {
    #code;
    #reason;
    #wasClean;

    constructor(type, init = undefined) {
        if (arguments.length === 0) {
            throw constructorError("CloseEvent", 1, "string");
        }
        const members = dictionary(init, "CloseEvent", "Initializer");
        super(type, init);
        const { code, reason, wasClean } = members;
        this.#code = code === undefined ? 0 : Number(code) & 0xff_ff;
        this.#reason = reason === undefined ? "" : usv(reason);
        this.#wasClean = Boolean(wasClean);
    }

    get wasClean() {
        if (!(#wasClean in this)) {
            throw illegalInvocation();
        }
        return this.#wasClean;
    }

    get reason() {
        if (!(#reason in this)) {
            throw illegalInvocation();
        }
        return this.#reason;
    }

    get code() {
        if (!(#code in this)) {
            throw illegalInvocation();
        }
        return this.#code;
    }
}

defineInterface(CloseEvent);

/** https://html.spec.whatwg.org/multipage/webappapis.html#errorevent */
export class ErrorEvent extends Event {
    #members;

    constructor(type, init = undefined) {
        if (arguments.length === 0) {
            throw constructorError("ErrorEvent", 1, "string");
        }
        const members = dictionary(init, "ErrorEvent", "ErrorEventInit");
        super(type, init);
        const { colno, error, filename, lineno, message } = members;
        this.#members = {
            message: message === undefined ? "" : `${message}`,
            filename: filename === undefined ? "" : usv(filename),
            lineno: lineno === undefined ? 0 : Number(lineno) | 0,
            colno: colno === undefined ? 0 : Number(colno) | 0,
            error,
        };
    }

    static #of(event) {
        if (!(#members in event)) {
            throw illegalInvocation();
        }
        return event.#members;
    }

    get filename() {
        return ErrorEvent.#of(this).filename;
    }

    get message() {
        return ErrorEvent.#of(this).message;
    }

    get lineno() {
        return ErrorEvent.#of(this).lineno;
    }

    get colno() {
        return ErrorEvent.#of(this).colno;
    }

    get error() {
        return ErrorEvent.#of(this).error;
    }
}

defineInterface(ErrorEvent);

/** https://html.spec.whatwg.org/multipage/webappapis.html#promiserejectionevent */
export class PromiseRejectionEvent extends Event {
    #promise;
    #reason;

    constructor(type, init = undefined) {
        if (arguments.length === 0) {
            throw constructorError("PromiseRejectionEvent", 1, "string");
        }
        const members = dictionary(init, "PromiseRejectionEvent", "PromiseRejectionEventInit");
        if (members.promise === undefined) {
            throw fieldError("promise", "PromiseRejectionEventInit", "Promise");
        }
        super(type, init);
        this.#promise = members.promise;
        this.#reason = members.reason;
    }

    get promise() {
        if (!(#promise in this)) {
            throw illegalInvocation();
        }
        return this.#promise;
    }

    get reason() {
        if (!(#reason in this)) {
            throw illegalInvocation();
        }
        return this.#reason;
    }
}

defineInterface(PromiseRejectionEvent);

/** Lets the runtime, and nobody else, construct what scripts must not. */
const permit = {};

/** https://w3c.github.io/ServiceWorker/#extendableevent */
export class ExtendableEvent extends Event {
    #wait;

    constructor(type, init = undefined, token = undefined, wait = undefined) {
        if (token !== permit) {
            throw illegalConstructor();
        }
        super(type, init);
        this.#wait = wait;
    }

    /** Keeps the invocation alive until the promise settles. */
    waitUntil(promise) {
        if (!(#wait in this)) {
            throw illegalInvocation();
        }
        this.#wait(promise);
    }
}

defineInterface(ExtendableEvent);

/**
 * An `ExtendableEvent` of the runtime.
 *
 * @param {string} type The event's name.
 * @param {(promise: unknown) => void} wait What `waitUntil()` does.
 */
export function createExtendableEvent(type, wait) {
    return new ExtendableEvent(type, undefined, permit, wait);
}
