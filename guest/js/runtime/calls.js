/**
 * Asynchronous calls to the host: each has a number and somebody who receives its end.
 *
 * Invariant: a call number is used once in the life of an isolate. A receiver runs in the scope in which its call was
 * started, and hears of its call once.
 */

import { toError, toFailure } from "./failure.js";
import { host } from "./host.js";
import { currentScope, requireHandler, setScope } from "./scope.js";

/**
 * Who hears the end of a call. `scope` is set when the call starts.
 *
 * @typedef {object} Receiver
 * @property {import("./scope.js").Scope} scope
 * @property {() => void} complete The call is done.
 * @property {(status: number, statusText: string, headers: string[], body: unknown, socket?: number) => void} [respond]
 *     A request was answered.
 * @property {(error: Error) => void} fail The call failed.
 * @property {() => void} [cancelled] The call was cancelled with its invocation.
 */

/** @type {Map<number, Receiver>} */
const pending = new Map();
let lastCall = 0;
let lastSection = 0;

/**
 * Numbers a call that is about to start and remembers who receives its end.
 *
 * @param {Receiver} receiver
 * @returns {number} The call's number.
 * @throws {Error} In global scope (reference §2.2).
 */
function begin(receiver) {
    requireHandler();
    lastCall = lastCall === 0xffffffff ? 1 : lastCall + 1;
    receiver.scope = currentScope();
    pending.set(lastCall, receiver);
    return lastCall;
}

/** Takes the receiver of a call that has ended, and makes its scope the current one. */
function end(call) {
    const receiver = pending.get(call);
    if (receiver !== undefined) {
        pending.delete(call);
        setScope(receiver.scope);
    }
    return receiver;
}

/** Ends a call nobody waits for any more. */
export function cancel(call) {
    if (pending.delete(call)) {
        host.cancel(call);
    }
}

/**
 * Ends every call of an invocation; nobody hears of their ends any more.
 *
 * @param {number} number The invocation.
 */
export function cancelCallsOf(number) {
    for (const [call, receiver] of pending) {
        if (receiver.scope.invocation.number === number) {
            receiver.cancelled?.();
            cancel(call);
        }
    }
}

/**
 * The host says that a call is done.
 *
 * @param {number} call
 */
export function complete(call) {
    end(call)?.complete();
}

/** The host says that a request was answered. */
export function completeResponse(call, status, statusText, headers, body, socket) {
    const receiver = end(call);
    if (receiver?.respond !== undefined) {
        receiver.respond(status, statusText, headers, body, socket);
        return;
    }
    // Nobody waits for it any more; what the response brings along belongs to the host.
    if (typeof body?.stream === "number") {
        host.bodyCancel(body.stream);
    }
    if (socket !== undefined) {
        host.socketDrop(socket);
    }
}

/** The host says that a call failed. */
export function completeFailure(call, failure) {
    const receiver = end(call);
    if (receiver === undefined) {
        return;
    }
    const error = toError(failure);
    if (error.durableObjectReset === true && Array.isArray(receiver.target)) {
        receiver.target.broken = error;
    }
    receiver.fail(error);
}

class PromiseReceiver {
    scope;
    target = undefined;

    constructor() {
        this.promise = new Promise((resolve, reject) => {
            this.resolve = resolve;
            this.reject = reject;
        });
    }

    complete() {
        this.resolve();
    }

    respond(status, statusText, headers, body, socket) {
        this.resolve([status, statusText, headers, body, socket]);
    }

    fail(error) {
        this.reject(error);
    }
}

/**
 * Waits, and tells `receiver`: what timers are made of.
 *
 * @param {Receiver} receiver
 * @param {number} delayMs
 * @returns {number} The call, for `cancel()`.
 */
export function startSleep(receiver, delayMs) {
    const call = begin(receiver);
    host.callSleep(call, receiver.scope.invocation.number, receiver.scope.section, delayMs);
    return call;
}

/**
 * Waits.
 *
 * @param {number} delayMs
 * @returns {Promise<void> & {cancel: () => void}} A promise that `cancel()` leaves pending for ever.
 */
export function sleep(delayMs) {
    const receiver = new PromiseReceiver();
    const call = startSleep(receiver, delayMs);
    receiver.promise.cancel = () => cancel(call);
    return receiver.promise;
}

/** Waits until every write so far is durable. */
export function sync() {
    const receiver = new PromiseReceiver();
    const call = begin(receiver);
    host.callSync(call, receiver.scope.invocation.number, receiver.scope.section);
    return receiver.promise;
}

/**
 * Sends a request.
 *
 * @param {undefined | number | [number, string, string | undefined] | "world"} target The internet, a service, an
 *     object, or the world that tests run in. When an object was reset, its array gets the error as `broken`: the
 *     platform's stubs do not recover from that.
 * @param {string} method
 * @param {string} url
 * @param {string[]} headers Names and values by turns.
 * @param {unknown} body See the contract of bodies in `fetch/bodies.js`.
 * @param {boolean} redirectManual Hand redirects to the caller.
 * @param {string | undefined} cfJson `request.cf`.
 * @returns {Promise<[number, string, string[], unknown, number | undefined]> & {cancel: () => void}} Status, status
 *     text, headers, body and socket of the response.
 */
export function fetchCall(target, method, url, headers, body, redirectManual, cfJson) {
    const receiver = new PromiseReceiver();
    receiver.target = target;
    const call = begin(receiver);
    const { invocation, section } = receiver.scope;
    host.callFetch(call, invocation.number, section, target, method, url, headers, body, redirectManual, cfJson);
    receiver.promise.cancel = () => cancel(call);
    return receiver.promise;
}

/** A critical section of an object's input gate, from its asking to its end (reference §1.5, §1.8). */
class CriticalSection extends PromiseReceiver {
    constructor(callback, resets) {
        super();
        this.callback = callback;
        this.resets = resets;
        lastSection = lastSection === 0xffffffff ? 1 : lastSection + 1;
        this.section = lastSection;
    }

    /** The section is entered: no other event of the object comes until it is left. */
    complete() {
        const { callback } = this;
        setScope(this.scope.inSection(this.section));
        let result;
        try {
            result = callback();
        } catch (error) {
            this.#threw(error);
            return;
        }
        Promise.resolve(result).then(
            (value) => this.#returned(value),
            (error) => this.#threw(error),
        );
    }

    #returned(value) {
        setScope(this.scope);
        host.leaveCritical(this.section, undefined);
        this.resolve(value);
    }

    #threw(error) {
        setScope(this.scope);
        if (this.resets) {
            host.leaveCritical(this.section, toFailure(error));
            return;
        }
        host.leaveCritical(this.section, undefined);
        this.reject(error);
    }
}

/**
 * Runs `callback` in a critical section: until what it returns has settled, no other event of the object is delivered.
 *
 * @template T
 * @param {number} object The object inside this isolate.
 * @param {() => T | Promise<T>} callback
 * @param {boolean} resets If the callback fails the object is reset, and the promise never settles.
 * @returns {Promise<T>} What the callback returns.
 */
export function critical(object, callback, resets) {
    const receiver = new CriticalSection(callback, resets);
    const call = begin(receiver);
    const { invocation, section } = receiver.scope;
    host.callEnterCritical(call, invocation.number, section, receiver.section, object);
    return receiver.promise;
}
