/**
 * `DurableObjectState`: the `ctx` of an object (reference §1.5, §1.10).
 *
 * Invariant: keeps nothing that hibernation would lose; sockets and their settings are the host's.
 */

import { critical } from "../calls.js";
import {
    isWebSocket, markHibernatable, socketFor, socketNumber, WebSocketRequestResponsePair,
} from "../fetch/websocket.js";
import { host } from "../host.js";
import { currentScope } from "../scope.js";
import { defineInterface, illegalConstructor, illegalInvocation, parameterError, usv } from "../web/webidl.js";
import { ownExports } from "./exports.js";
import { requireFunction, uint32 } from "./parameters.js";
import { durableObjectStorage } from "./storage.js";
import { unsupported } from "./unsupported.js";
import { waitUntil } from "./wait-until.js";

const OWNER = "DurableObjectState";
const INTERNAL = Symbol("internal");

/** Set by the class: what others need of its insides. */
let isState;

/** See the file's comment. */
export class DurableObjectState {
    #object;
    #props = undefined;

    static {
        isState = (value) => typeof value === "object" && value !== null && #object in value;
    }

    constructor(token, object, id) {
        if (token !== INTERNAL) {
            throw illegalConstructor();
        }
        this.#object = object;
        this.id = id;
        this.storage = durableObjectStorage(object);
    }

    /** What the caller configured the class with. */
    get props() {
        check(this);
        this.#props ??= {};
        return this.#props;
    }

    /** Stubs of the worker's own exports. */
    get exports() {
        check(this);
        return ownExports();
    }

    /** Objects inside this object. */
    get facets() {
        check(this);
        return facets;
    }

    /** The object's container, of which there is none. */
    get container() {
        check(this);
        return undefined;
    }

    /** Accepts a promise for symmetry: an object stays while something is under way. Its failure is logged. */
    waitUntil(promise) {
        check(this);
        if (arguments.length === 0) {
            throw parameterError("waitUntil", OWNER, 1, "Promise");
        }
        waitUntil(currentScope().invocation, promise);
    }

    /** Delivers no other event until what `callback` returns has settled. If it fails the object is reset. */
    blockConcurrencyWhile(callback) {
        check(this);
        try {
            requireFunction(callback, "blockConcurrencyWhile", OWNER);
            return critical(this.#object, callback, true);
        } catch (error) {
            return Promise.reject(error);
        }
    }

    /** Resets the object. Never returns. */
    abort(reason, options) {
        check(this);
        const text = reason === undefined ? undefined : usv(reason);
        const retryAlarm = options?.retryAlarm;
        host.abort(this.#object, text, retryAlarm === undefined || Boolean(retryAlarm));
        // Only where tests live in the same isolate does this go on, and nothing that it does counts.
        throw new Error(text ?? "Application called abort() to reset Durable Object.");
    }

    /** Accepts a socket such that the object can hibernate while it is open. */
    acceptWebSocket(socket, tags) {
        check(this);
        const number = numberOf(socket, "acceptWebSocket");
        if (tags !== undefined && !Array.isArray(tags)) {
            throw parameterError("acceptWebSocket", OWNER, 2, "Array");
        }
        host.socketHibernate(this.#object, number, tags === undefined ? [] : tags.map(usv));
        markHibernatable(socket);
    }

    /** The hibernatable sockets, newest first; with a tag only those that have it, oldest first. */
    getWebSockets(tag) {
        check(this);
        const text = tag === undefined || tag === null ? undefined : usv(tag);
        return host.sockets(this.#object, text).map(socketFor);
    }

    /** Lets the platform answer a message by itself; without a pair, no longer. */
    setWebSocketAutoResponse(pair) {
        check(this);
        if (pair === undefined) {
            host.autoResponseSet(this.#object, undefined, undefined);
            return;
        }
        if (!(pair instanceof WebSocketRequestResponsePair)) {
            throw parameterError("setWebSocketAutoResponse", OWNER, 1, "WebSocketRequestResponsePair");
        }
        host.autoResponseSet(this.#object, pair.request, pair.response);
    }

    /** What `setWebSocketAutoResponse()` has set, or null. */
    getWebSocketAutoResponse() {
        check(this);
        const pair = host.autoResponseGet(this.#object);
        return pair === undefined ? null : new WebSocketRequestResponsePair(pair[0], pair[1]);
    }

    /** When the platform last answered a message of the socket by itself, or null. */
    getWebSocketAutoResponseTimestamp(socket) {
        check(this);
        const number = numberOf(socket, "getWebSocketAutoResponseTimestamp");
        const timeMs = host.autoResponseTime(this.#object, number);
        return timeMs === undefined ? null : new Date(timeMs);
    }

    /** Limits how long one socket event may run, in milliseconds; 0 or nothing is no limit. */
    setHibernatableWebSocketEventTimeout(timeoutMs) {
        check(this);
        const ms = timeoutMs === undefined || timeoutMs === null ? 0 : uint32(timeoutMs);
        host.eventTimeoutSet(this.#object, ms === 0 ? undefined : ms);
    }

    /** What `setHibernatableWebSocketEventTimeout()` has set, or null. */
    getHibernatableWebSocketEventTimeout() {
        check(this);
        return host.eventTimeoutGet(this.#object) ?? null;
    }

    /** The tags of a hibernatable socket. */
    getTags(socket) {
        check(this);
        return host.socketTags(this.#object, numberOf(socket, "getTags"));
    }
}

defineInterface(DurableObjectState);

export { isState };

function check(value) {
    if (!isState(value)) {
        throw illegalInvocation();
    }
}

function numberOf(socket, method) {
    if (!isWebSocket(socket)) {
        throw parameterError(method, OWNER, 1, "WebSocket");
    }
    return socketNumber(socket);
}

/** Objects inside objects are not offered yet. */
class DurableObjectFacets {
    get() {
        throw unsupported("`ctx.facets`");
    }

    abort() {
        throw unsupported("`ctx.facets`");
    }

    delete() {
        throw unsupported("`ctx.facets`");
    }
}

defineInterface(DurableObjectFacets);
const facets = new DurableObjectFacets();

/** The state of an object. */
export function durableObjectState(object, id) {
    return new DurableObjectState(INTERNAL, object, id);
}
