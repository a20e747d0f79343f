/**
 * A network in one process: requests of the runtime are answered by handlers of the same runtime, over the same border
 * that the host has. Bodies travel chunk by chunk, within credits; each delivery is a turn of its own. Sockets are
 * pairs.
 *
 * Invariant: stands in for the host only; keeps to the contract as strictly as the host does, and says so when the
 * runtime breaks it.
 */

import { host } from "./fake-host.js";

const INITIAL_CREDIT_BYTES = 65_536;
const MAX_CHUNK_BYTES = 65_536;

const bodies = await import("../fetch/bodies.js");
const calls = await import("../calls.js");
const scope = await import("../scope.js");
const websocket = await import("../fetch/websocket.js");
const { requestFromHost } = await import("../fetch/request.js");
const { settleWithResponse } = await import("../fetch/response.js");
const { toFailure } = await import("../failure.js");

/** What went wrong on the border: must be empty when a test ends. */
export const violations = [];

/** Handlers by target: `internet`, or the number of a service. */
const handlers = new Map();

/** Answers requests to a target. */
export function serve(target, handler) {
    handlers.set(target, handler);
}

/** Counters for tests: how many bytes were on the way at most. */
export const traffic = { mostBytes: 0 };

let waitingTurns = 0;

function turn(deliver) {
    waitingTurns += 1;
    setImmediate(() => {
        waitingTurns -= 1;
        deliver();
    });
}

/** Waits until nothing is on the way any more. */
export async function quiet() {
    do {
        await new Promise((resolve) => setImmediate(resolve));
    } while (waitingTurns > 0);
}

/** Runs `fn` in the scope of an invocation, as a handler does. */
let lastInvocation = 0;
export function inHandler(fn) {
    lastInvocation += 1;
    return scope.runInScope(new scope.Scope(new scope.Invocation(lastInvocation), 0, 0, undefined), fn);
}

/** @type {Map<number, object>} Streams by the number that their reader knows. */
const streams = new Map();
/** The same by the number of the guest that produces them. */
const produced = new Map();
let lastStream = 1_000;

class Stream {
    chunks = [];
    bytes = 0;
    credit = INITIAL_CREDIT_BYTES;
    end = undefined;
    pulled = false;
    cancelled = false;

    constructor(producer) {
        lastStream += 1;
        this.id = lastStream;
        this.producer = producer;
        streams.set(this.id, this);
        if (producer !== undefined) {
            produced.set(producer, this);
        }
    }

    chunk(bytes) {
        const { byteLength } = bytes;
        if (byteLength > MAX_CHUNK_BYTES || byteLength > this.credit || byteLength === 0) {
            violations.push(`a chunk of ${byteLength} bytes with a credit of ${this.credit}`);
        }
        this.credit -= byteLength;
        this.bytes += byteLength;
        traffic.mostBytes = Math.max(traffic.mostBytes, this.bytes);
        const view = ArrayBuffer.isView(bytes) ? bytes : new Uint8Array(bytes);
        this.chunks.push(view.slice().buffer);
        this.flush();
    }

    flush() {
        if (!this.pulled) {
            return;
        }
        const chunk = this.chunks.shift();
        if (chunk !== undefined) {
            const { byteLength } = chunk;
            this.pulled = false;
            this.bytes -= byteLength;
            turn(() => bodies.chunk(this.id, chunk));
            if (this.producer !== undefined) {
                this.credit += byteLength;
                turn(() => bodies.credit(this.producer, byteLength));
            }
        } else if (this.end !== undefined) {
            this.pulled = false;
            const { failure } = this.end;
            turn(() => (failure === undefined ? bodies.end(this.id) : bodies.failed(this.id, failure)));
        }
    }
}

/** A stream of the host with these chunks, as a body that comes in. */
export function hostStream(chunks, failure = undefined) {
    const stream = new Stream(undefined);
    stream.chunks.push(...chunks.map((chunk) => new TextEncoder().encode(chunk).buffer));
    stream.end = { failure };
    return { stream: stream.id, length: undefined };
}

/** What has become of such a stream. */
export function hostStreamState({ stream }) {
    return streams.get(stream);
}

function carry(body) {
    if (body === null || body === undefined) {
        return null;
    }
    if (typeof body === "string") {
        return new TextEncoder().encode(body).buffer;
    }
    if (ArrayBuffer.isView(body)) {
        return body.slice().buffer;
    }
    if (body.forward !== undefined) {
        const stream = streams.get(body.forward);
        if (stream === undefined || stream.pulled) {
            violations.push(`stream ${body.forward} was forwarded after it was read`);
        }
        return { stream: body.forward, length: undefined };
    }
    return { stream: new Stream(body.stream).id, length: body.length };
}

/** @type {Map<number, (...parts: unknown[]) => void>} Who waits for the settling of an invocation. */
const settling = new Map();

function lower(flat) {
    return flat.map((text, index) => (index % 2 === 0 ? text.toLowerCase() : text));
}

function callFetch(call, _invocation, _section, target, method, url, headers, body, _manual, cfJson) {
    const carried = carry(body);
    const sent = lower(headers);
    const handler = handlers.get(Array.isArray(target) ? target[0] : (target ?? "internet"));
    turn(() => {
        if (handler === undefined) {
            calls.completeFailure(call, ["Error", "Network connection lost.", undefined, false, true, false, false]);
            return;
        }
        lastInvocation += 1;
        const number = lastInvocation;
        settling.set(number, (...parts) => turn(() => calls.completeResponse(call, ...parts)));
        scope.setScope(new scope.Scope(new scope.Invocation(number), 0, 0, undefined));
        const fail = (error) => turn(() => calls.completeFailure(call, toFailure(error)));
        Promise.resolve()
            .then(() => handler(requestFromHost(method, url, sent, carried, cfJson)))
            .then((response) => settleWithResponse(number, response))
            .catch(fail);
    });
}

Object.assign(host, {
    callFetch,
    cancel() {},
    settleResponse(number, status, statusText, headers, body, socket) {
        settling.get(number)?.(status, statusText, lower(headers), carry(body), socket);
        settling.delete(number);
    },
    bodyPull(id) {
        const stream = streams.get(id);
        if (stream === undefined || stream.pulled) {
            violations.push(`stream ${id} was pulled twice`);
            return;
        }
        stream.pulled = true;
        stream.flush();
    },
    bodyCancel(id) {
        const stream = streams.get(id);
        stream.cancelled = true;
        if (stream.producer !== undefined) {
            turn(() => bodies.cancelled(stream.producer));
        }
    },
    bodyChunk(id, bytes) {
        produced.get(id).chunk(bytes);
    },
    bodyEnd(id) {
        const stream = produced.get(id);
        stream.end = {};
        stream.flush();
    },
    bodyFailed(id, failure) {
        const stream = produced.get(id);
        stream.end = { failure };
        stream.flush();
    },
});

// ---- sockets

const ends = new Map();
let lastSocket = 0;

function arrive(end, kind, ...args) {
    if (end.mode !== "accepted") {
        end.backlog.push([kind, ...args]);
        return;
    }
    turn(() => {
        if (kind === "close") {
            end.gotClose = true;
            if (args[2] && !end.halfOpen && !end.sentClose) {
                end.sentClose = true;
                arrive(end.peer, "close", ...args);
            }
            websocket.acceptedClose(end.number, ...args);
        } else {
            websocket.acceptedMessage(end.number, ...args);
        }
    });
}

/** Cuts a connection: the other end vanishes. */
export function cut(number) {
    const end = ends.get(number);
    end.gotClose = true;
    end.sentClose = true;
    arrive(end, "close", 1006, "WebSocket disconnected without sending Close frame.", false);
}

Object.assign(host, {
    socketPair() {
        const pair = [1, 2].map(() => {
            lastSocket += 1;
            return { number: lastSocket, mode: "fresh", backlog: [], sentClose: false, gotClose: false };
        });
        [pair[0].peer, pair[1].peer] = [pair[1], pair[0]];
        for (const end of pair) {
            ends.set(end.number, end);
        }
        return pair.map((end) => end.number);
    },
    socketAccept(number, halfOpen) {
        const end = ends.get(number);
        end.mode = "accepted";
        end.halfOpen = halfOpen;
        for (const event of end.backlog.splice(0)) {
            arrive(end, ...event);
        }
    },
    socketSend(number, message) {
        const data = typeof message === "string" ? message : message.slice().buffer;
        arrive(ends.get(number).peer, "message", data);
    },
    socketClose(number, code, reason) {
        const end = ends.get(number);
        end.sentClose = true;
        arrive(end.peer, "close", code ?? 1005, reason ?? "", true);
    },
    socketState(number) {
        const { sentClose, gotClose } = ends.get(number);
        return [1 + Number(sentClose) + Number(gotClose), undefined, "", ""];
    },
    attachmentSet(number, value) {
        ends.get(number).attachment = host.serialize(value);
    },
    attachmentGet(number) {
        const { attachment } = ends.get(number);
        return attachment === undefined ? undefined : host.deserialize(attachment);
    },
    socketDrop(number) {
        const end = ends.get(number);
        end.sentClose = true;
        arrive(end.peer, "close", 1006, "WebSocket disconnected without sending Close frame.", false);
    },
});
