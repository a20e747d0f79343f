/**
 * `WebSocketPair` and `WebSocketRequestResponsePair` (reference §1.10).
 *
 * Invariant: a pair is plain data; its sockets know nothing of each other here.
 */

import { host } from "../host.js";
import { currentScope, requireHandler } from "../scope.js";
import { constructorError, defineInterface, illegalInvocation, usv } from "../web/webidl.js";
import { receivedSocket } from "./websocket.js";

/** Two connected sockets, under `0` and `1`. */
export class WebSocketPair {
    constructor() {
        requireHandler();
        const [client, server] = host.socketPair(currentScope().object);
        this[0] = receivedSocket(client);
        this[1] = receivedSocket(server);
    }
}

defineInterface(WebSocketPair);
Object.defineProperty(WebSocketPair.prototype, Symbol.iterator, {
    value: function* values() {
        yield this[0];
        yield this[1];
    },
    writable: true,
    configurable: true,
});

/** A message that the platform answers by itself, and its answer. */
export class WebSocketRequestResponsePair {
    #request;
    #response;

    constructor(request, response) {
        if (arguments.length < 2) {
            throw constructorError("WebSocketRequestResponsePair", arguments.length + 1, "string");
        }
        this.#request = usv(request);
        this.#response = usv(response);
    }

    get request() {
        if (!(#request in this)) {
            throw illegalInvocation();
        }
        return this.#request;
    }

    get response() {
        if (!(#response in this)) {
            throw illegalInvocation();
        }
        return this.#response;
    }
}

defineInterface(WebSocketRequestResponsePair);
