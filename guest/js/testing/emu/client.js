/**
 * `client()` of `emu:test`: a caller that tries again when the world made its call fail.
 *
 * Invariant: what the worker itself answers or throws is never tried again.
 */

import { renew } from "emu:internals";
import { delay } from "../vitest/timers.js";
import { say, WITHSTANDS } from "./said.js";

/** The header by which an answer says that the world made it. */
const FAULT_HEADER = "emu-fault";

const BASE = "http://worker";

/** Whether an error is the platform's: the call may or may not have had its effect. */
function isLoud(error) {
    return error?.retryable === true || error?.overloaded === true || error?.durableObjectReset === true;
}

function isFault(answer) {
    return answer instanceof Response && answer.status >= 500 && answer.headers.has(FAULT_HEADER);
}

class Client {
    #retry;
    #delayMs;
    /** Calls that were answered. */
    acked = 0;
    /** Calls that were tried again, each time. */
    retried = 0;

    constructor({ retry = 3, delayMs = 100 }) {
        if (!Number.isInteger(retry) || retry < 0) {
            throw new TypeError("`retry` is how often a call is tried again: an integer, 0 or greater");
        }
        if (retry > 0) {
            say(WITHSTANDS);
        }
        this.#retry = retry;
        this.#delayMs = delayMs;
    }

    /**
     * Calls `fn` until the world lets it through.
     *
     * @template T
     * @param {(attempt: number) => T | Promise<T>} fn
     * @returns {Promise<T>} Its answer.
     * @throws What `fn` throws, when it is not the world's doing or was tried often enough.
     */
    async call(fn) {
        for (let attempt = 0; ; attempt += 1) {
            const isLast = attempt >= this.#retry;
            try {
                const answer = await fn(attempt);
                if (!isFault(answer)) {
                    this.acked += 1;
                    return answer;
                }
                if (isLast) {
                    return answer;
                }
            } catch (error) {
                if (isLast || !isLoud(error)) {
                    throw error;
                }
            }
            this.retried += 1;
            await delay(this.#delayMs * 2 ** attempt);
        }
    }

    /** `stub.fetch()`; a path is enough for a URL. Each try uses a stub of its own. */
    fetch(stub, input, init = undefined) {
        return this.call(() => renew(stub).fetch(...attemptOf(input, init)));
    }

    /** A `GET` request. */
    get(stub, path = "/") {
        return this.fetch(stub, path);
    }

    /** A `POST` request; what is no text and no bytes is sent as JSON. */
    post(stub, body, path = "/") {
        const isRaw = typeof body === "string" || body instanceof ArrayBuffer || ArrayBuffer.isView(body);
        return this.fetch(stub, path, { method: "POST", body: isRaw ? body : JSON.stringify(body) });
    }
}

/** The arguments of one try: a request's body can be sent once. */
function attemptOf(input, init) {
    if (input instanceof Request) {
        return [input.clone(), init];
    }
    return [new URL(input, BASE).href, init];
}

/**
 * See the file's comment.
 *
 * @param {{retry?: number, delayMs?: number}} [options] How often a call is tried again, and how long the client waits
 *     before that; twice as long each time.
 */
export function client(options = {}) {
    return new Client(options);
}
