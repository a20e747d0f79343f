/**
 * `WebSocket`: a wrapper around a number of the host (reference §1.10).
 *
 * Invariant: there is at most one wrapper for a number; the host decides what a socket may do, except for what only the
 * wrapper knows: how it was made and whether it was closed here.
 */

import { fetchCall } from "../calls.js";
import { toError } from "../failure.js";
import { enabled } from "../flags.js";
import { host } from "../host.js";
import { currentScope, setScope } from "../scope.js";
import { blobFrom } from "../web/blob.js";
import { DOMException } from "../web/dom-exception.js";
import { CloseEvent, ErrorEvent, MessageEvent } from "../web/event-types.js";
import { defineEventHandler, dispatchTrusted, Event, EventTarget } from "../web/event.js";
import { reportException } from "../web/report-error.js";
import {
    bytesOf, constructorError, defineInterface, illegalInvocation, isObject, parameterError, usv,
} from "../web/webidl.js";
import { discardFromHost } from "./content.js";
import { findHeader } from "./headers.js";
import { handshakeHeaders, handshakeUrl } from "./websocket-handshake.js";

const NOT_ACCEPTED =
    "You must call one of accept() or state.acceptWebSocket() on this WebSocket before sending messages.";
const CLOSED_HERE = "Can't call WebSocket send() after close().";
const REASON_WITHOUT_CODE = "If you specify a WebSocket close reason, you must also specify a code.";
const REASON_TOO_LONG = "WebSocket close reason must not be longer than 123 bytes when UTF-8 encoded.";
const CONSTRUCTED_ACCEPT = "Websockets obtained from the 'new WebSocket()' constructor cannot call accept";
const HIBERNATABLE_ACCEPT = "Can't accept() WebSocket after enabling hibernation.";
const USED_ACCEPT = "Can't accept() WebSocket that was already used in a response.";
const RETURN_ACCEPTED = "Can't return WebSocket in a Response after calling accept().";
const RETURN_HIBERNATABLE = "Can't return WebSocket in a Response after calling acceptWebSocket().";
const RETURN_CONSTRUCTED = "Can't return WebSocket in a Response if it was created with `new WebSocket()`";
const RETURN_USED = "Can't return WebSocket that was already used in a response.";
const CONNECTION_LOST = "Network connection lost.";
const NOT_ESTABLISHED = "Failed to establish websocket connection";

const MAX_REASON_BYTES = 123;

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;
/** Lost, while listeners are told so. */
const STILL_OPEN = 4;

// What has been done with a socket.
const FRESH = 0;
const ACCEPTED = 1;
const HIBERNATABLE = 2;
const USED = 3;
/** Made by `new WebSocket()`: accepted as soon as it is open. */
const CONSTRUCTED = 4;

/** @type {Map<number, WebSocket>} Those that events may arrive for, and those the worker got from `ctx`. */
const sockets = new Map();

/** Tells the host of sockets that the worker dropped without ever using them. */
const dropped =
    typeof FinalizationRegistry === "function"
        ? new FinalizationRegistry((number) => host.socketDrop(number))
        : undefined;

/** In place of the URL: what follows is a number of the host. */
const NUMBER = {};

/** Set by the class: what others need of its insides. */
let isSocket;
let make;
let numberIn;
let markAs;
let pass;
let hear;

/** https://websockets.spec.whatwg.org/#the-websocket-interface */
export class WebSocket extends EventTarget {
    /** The host's number; 0 while it is connecting. */
    #number = 0;
    #mode = FRESH;
    /** Its state where the host is not asked: before it is open, and once it is closed. */
    #state = OPEN;
    #url = null;
    #protocol = undefined;
    #extensions = undefined;
    #binaryType = undefined;
    /** Nothing can be sent any more, as it was closed here. */
    #closed = false;
    /** The other side has vanished: what is sent is lost. */
    #gone = false;
    #halfOpen = false;
    /** On whose behalf its events are handled. */
    #scope = undefined;
    /** The call that connects it. */
    #call = undefined;

    /**
     * Connects at once.
     *
     * @param {string} url `ws:` or `wss:`.
     * @param {string | string[]} [protocols] What is offered.
     */
    constructor(url, protocols = undefined) {
        super();
        if (url === NUMBER) {
            this.#number = protocols;
            return;
        }
        if (arguments.length === 0) {
            throw constructorError("WebSocket", 1, "string");
        }
        const [href, target] = handshakeUrl(usv(url));
        const headers = handshakeHeaders(protocols);
        this.#mode = CONSTRUCTED;
        this.#state = CONNECTING;
        this.#url = href;
        this.#connect(target, headers);
    }

    static {
        isSocket = (value) => isObject(value) && #number in value;
        make = (number, mode) => {
            const socket = new WebSocket(NUMBER, number);
            socket.#mode = mode;
            if (mode === FRESH) {
                dropped?.register(socket, number, socket);
            }
            return socket;
        };
        numberIn = (socket) => socket.#number;
        markAs = (socket, mode) => socket.#use(mode);
        pass = (socket) => socket.#pass();
        hear = {
            message: (socket, data) => socket.#message(data),
            close: (socket, code, reason, clean) => socket.#closeArrived(code, reason, clean),
            error: (socket, error) => socket.#errorArrived(error),
            end: (socket, clean) => socket.#ended(clean),
        };
    }

    #connect(target, headers) {
        const call = fetchCall(undefined, "GET", target, headers, null, true, undefined);
        this.#call = call;
        call.then(
            (parts) => this.#connected(parts),
            (error) => this.#notConnected(error),
        );
    }

    #connected([, , headers, body, socket]) {
        this.#call = undefined;
        if (socket === undefined) {
            discardFromHost(body);
            this.#notConnected(new Error(CONNECTION_LOST));
            return;
        }
        this.#number = socket;
        this.#state = OPEN;
        this.#protocol = findHeader(headers, "sec-websocket-protocol") ?? "";
        this.#extensions = findHeader(headers, "sec-websocket-extensions") ?? "";
        this.#listen(false);
        dispatch(this, new Event("open"));
    }

    #notConnected(error) {
        this.#call = undefined;
        this.#state = CLOSED;
        dispatch(this, errorEvent(error));
        dispatch(this, new CloseEvent("close", { code: 1006, reason: NOT_ESTABLISHED, wasClean: false }));
    }

    /** Has the events of the socket arrive here from now on. */
    #listen(halfOpen) {
        host.socketAccept(this.#number, halfOpen);
        this.#scope = currentScope();
        this.#halfOpen = halfOpen;
        sockets.set(this.#number, this);
    }

    /** The socket is the worker's, or somebody else's, on purpose. */
    #use(mode) {
        if (this.#mode === FRESH) {
            dropped?.unregister(this);
        }
        this.#mode = mode;
        if (mode === HIBERNATABLE) {
            sockets.set(this.#number, this);
        }
    }

    /**
     * Takes the socket's events here.
     *
     * @param {{allowHalfOpen?: boolean}} [options] Whether a close is left to the worker to answer.
     */
    accept(options = undefined) {
        if (!(#number in this)) {
            throw illegalInvocation();
        }
        if (options !== undefined && options !== null && !isObject(options)) {
            throw parameterError("accept", "WebSocket", 1, "AcceptOptions");
        }
        switch (this.#mode) {
            case ACCEPTED:
                return;
            case CONSTRUCTED:
                if (this.#state === CONNECTING) {
                    throw new TypeError(CONSTRUCTED_ACCEPT);
                }
                return;
            case HIBERNATABLE:
                throw new TypeError(HIBERNATABLE_ACCEPT);
            case USED:
                throw new TypeError(USED_ACCEPT);
            default:
        }
        this.#listen(Boolean(options?.allowHalfOpen));
        this.#use(ACCEPTED);
    }

    /** @param {string | ArrayBuffer | ArrayBufferView} message What to send. */
    send(message) {
        if (!(#number in this)) {
            throw illegalInvocation();
        }
        if (arguments.length === 0) {
            throw parameterError("send", "WebSocket", 1, "ArrayBuffer or ArrayBufferView or string");
        }
        if (this.#closed) {
            throw new TypeError(CLOSED_HERE);
        }
        if (this.#gone) {
            return;
        }
        if (this.#mode === FRESH || this.#state === CONNECTING) {
            throw new TypeError(NOT_ACCEPTED);
        }
        const isPlain = typeof message === "string";
        host.socketSend(this.#number, isPlain ? message : isObject(message) ? payload(message) : `${message}`);
    }

    /**
     * Closes the socket; once more is without effect.
     *
     * @param {number} [code] 1000 to 4999, but for those that the protocol reserves.
     * @param {string} [reason] At most 123 bytes.
     */
    close(code = undefined, reason = undefined) {
        if (!(#number in this)) {
            throw illegalInvocation();
        }
        const number = code === undefined ? undefined : closeCode(code);
        const text = reason === undefined ? undefined : closeReason(usv(reason), number);
        if (this.#state === CONNECTING) {
            this.#call?.cancel();
            Promise.resolve().then(() => this.#notConnected(new Error(CONNECTION_LOST)));
            return;
        }
        if (this.#closed || this.#gone || this.#state === CLOSED) {
            return;
        }
        if (this.#mode === FRESH) {
            throw new TypeError(NOT_ACCEPTED);
        }
        host.socketClose(this.#number, number, text);
        this.#closed = true;
    }

    /** Keeps a value with the socket, through hibernation if it is hibernatable. */
    serializeAttachment(attachment) {
        if (!(#number in this)) {
            throw illegalInvocation();
        }
        if (arguments.length === 0) {
            throw parameterError("serializeAttachment", "WebSocket", 1, "Value");
        }
        host.attachmentSet(this.#number, attachment);
    }

    /** A fresh copy of the value that is kept with the socket, or null. */
    deserializeAttachment() {
        if (!(#number in this)) {
            throw illegalInvocation();
        }
        return host.attachmentGet(this.#number) ?? null;
    }

    /** Gives the socket away within a response. */
    #pass() {
        switch (this.#mode) {
            case ACCEPTED:
                throw new TypeError(RETURN_ACCEPTED);
            case HIBERNATABLE:
                throw new TypeError(RETURN_HIBERNATABLE);
            case CONSTRUCTED:
                throw new TypeError(RETURN_CONSTRUCTED);
            case USED:
                throw new TypeError(RETURN_USED);
            default:
        }
        this.#use(USED);
        return this.#number;
    }

    #message(data) {
        setScope(this.#scope);
        if (typeof data !== "string" && this.#effectiveBinaryType() === "blob") {
            data = blobFrom(new Uint8Array(data), "");
        }
        try {
            dispatchTrusted(this, new MessageEvent("message", { data }));
        } catch (error) {
            this.#broke(error);
        }
    }

    /** A listener threw: as on the platform, that is the end of the connection. */
    #broke(error) {
        reportException(error);
        this.#ended(false);
        host.socketDrop(this.#number);
        dispatch(this, errorEvent(error));
    }

    #closeArrived(code, reason, wasClean) {
        setScope(this.#scope);
        const event = new CloseEvent("close", { code, reason, wasClean });
        if (!wasClean) {
            this.#lost(event);
            return;
        }
        this.#ended(true);
        if (!this.#halfOpen && enabled("web_socket_auto_reply_to_close")) {
            // The host has answered already.
            this.#closed = true;
        }
        dispatch(this, event);
        if (this.readyState === CLOSED) {
            this.#state = CLOSED;
        }
    }

    /** The connection is lost. As on the platform, listeners still find the socket open, and everybody later closing. */
    #lost(event) {
        this.#ended(false);
        this.#state = STILL_OPEN;
        dispatch(this, event);
        this.#state = CLOSING;
    }

    #errorArrived(error) {
        setScope(this.#scope);
        this.#ended(false);
        dispatch(this, errorEvent(error));
    }

    /** Nothing more arrives. */
    #ended(clean) {
        if (!clean) {
            this.#gone = true;
            this.#state = CLOSED;
        }
        sockets.delete(this.#number);
    }

    #effectiveBinaryType() {
        this.#binaryType ??= enabled("websocket_standard_binary_type") ? "blob" : "arraybuffer";
        return this.#binaryType;
    }

    /** 0 connecting, 1 open, 2 closing, 3 closed. */
    get readyState() {
        if (!(#number in this)) {
            throw illegalInvocation();
        }
        if (this.#state !== OPEN) {
            return this.#state === STILL_OPEN ? OPEN : this.#state;
        }
        return this.#mode === USED ? OPEN : host.socketState(this.#number)[0];
    }

    /** Always 0: what is sent is the host's at once. */
    get bufferedAmount() {
        if (!(#number in this)) {
            throw illegalInvocation();
        }
        return 0;
    }

    /** The URL it was opened with, or null. */
    get url() {
        if (!(#number in this)) {
            throw illegalInvocation();
        }
        return this.#url ?? this.#ask(1) ?? null;
    }

    /** The negotiated protocol. */
    get protocol() {
        if (!(#number in this)) {
            throw illegalInvocation();
        }
        return this.#protocol ?? this.#ask(2) ?? "";
    }

    /** The negotiated extensions. */
    get extensions() {
        if (!(#number in this)) {
            throw illegalInvocation();
        }
        return this.#extensions ?? this.#ask(3) ?? "";
    }

    #ask(index) {
        return this.#number === 0 ? undefined : host.socketState(this.#number)[index];
    }

    /** What binary messages arrive as: `blob` or `arraybuffer`. */
    get binaryType() {
        if (!(#number in this)) {
            throw illegalInvocation();
        }
        return this.#effectiveBinaryType();
    }

    set binaryType(value) {
        if (!(#number in this)) {
            throw illegalInvocation();
        }
        const text = `${value}`;
        if (text === "blob" || text === "arraybuffer") {
            this.#binaryType = text;
        }
    }
}

defineInterface(WebSocket, {
    constants: {
        READY_STATE_CONNECTING: CONNECTING, CONNECTING, READY_STATE_OPEN: OPEN, OPEN, READY_STATE_CLOSING: CLOSING,
        CLOSING, READY_STATE_CLOSED: CLOSED, CLOSED,
    },
});
for (const type of ["open", "message", "close", "error"]) {
    defineEventHandler(WebSocket, type);
}

function payload(message) {
    return bytesOf(message) ?? `${message}`;
}

function closeCode(value) {
    const code = Math.trunc(Number(value)) || 0;
    const isReserved = code === 1004 || code === 1005 || code === 1006 || code === 1015;
    if (code < 1000 || code >= 5000 || isReserved) {
        throw new DOMException(`Invalid WebSocket close code: ${code}.`, "InvalidAccessError");
    }
    return code;
}

function closeReason(reason, code) {
    if (code === undefined) {
        throw new DOMException(REASON_WITHOUT_CODE, "InvalidAccessError");
    }
    const isLong = reason.length * 3 > MAX_REASON_BYTES && host.utf8Length(reason) > MAX_REASON_BYTES;
    if (isLong && enabled("websocket_close_reason_byte_limit")) {
        throw new DOMException(REASON_TOO_LONG, "SyntaxError");
    }
    return reason;
}

function errorEvent(error) {
    return new ErrorEvent("error", { error, message: `Uncaught ${error}` });
}

/** Dispatches an event; what a listener throws ends in the log, as nobody is there to catch it. */
function dispatch(socket, event) {
    try {
        dispatchTrusted(socket, event);
    } catch (error) {
        reportException(error);
    }
}

/** Whether a value is a `WebSocket`. */
export function isWebSocket(value) {
    return isSocket(value);
}

/**
 * The host's number of a socket.
 *
 * @throws {TypeError} When the value is not a `WebSocket`.
 */
export function socketNumber(socket) {
    if (!isSocket(socket)) {
        throw illegalInvocation();
    }
    return numberIn(socket);
}

/** The `WebSocket` of a hibernatable socket: the same as long as the isolate lives. */
export function socketFor(number) {
    const known = sockets.get(number);
    if (known !== undefined) {
        return known;
    }
    const socket = make(number, HIBERNATABLE);
    sockets.set(number, socket);
    return socket;
}

/** Notes that `ctx.acceptWebSocket()` has taken a socket. */
export function markHibernatable(socket) {
    markAs(socket, HIBERNATABLE);
}

/** Notes that no further event of a hibernatable socket will come. */
export function forgetSocket(number, clean) {
    const socket = sockets.get(number);
    if (socket !== undefined) {
        hear.end(socket, clean);
    }
}

/** A socket that came with a response, or one of a new pair. */
export function receivedSocket(number) {
    return make(number, FRESH);
}

/** Gives a socket away within a response, and gives its number. */
export function passSocket(socket) {
    return pass(socket);
}

/** A message arrived on a socket that was accepted here. */
export function acceptedMessage(number, message) {
    const socket = sockets.get(number);
    if (socket !== undefined) {
        hear.message(socket, message);
    }
}

/** The other side of a socket that was accepted here has closed, or vanished. */
export function acceptedClose(number, code, reason, clean) {
    const socket = sockets.get(number);
    if (socket !== undefined) {
        hear.close(socket, code, reason, clean);
    }
}

/** The connection of a socket that was accepted here failed. */
export function acceptedError(number, failure) {
    const socket = sockets.get(number);
    if (socket !== undefined) {
        hear.error(socket, toError(failure));
    }
}

export { WebSocketPair, WebSocketRequestResponsePair } from "./websocket-pair.js";
