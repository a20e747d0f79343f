/**
 * Streams between the worker and the host, in both directions, with back-pressure: one pull brings one chunk in; a
 * chunk goes out within the credit that the host has granted.
 *
 * A body on the border is one of: `null`; a string; bytes; `{stream: id, length}`; and, on its way out only,
 * `{forward: id}` for a stream of the host that nobody has read.
 *
 * Invariant: no more than one chunk in each direction is kept here. The numbers of inbound streams are the host's,
 * those of outbound streams the guest's.
 */

import { toError, toFailure } from "../failure.js";
import { host } from "../host.js";
import { currentScope, setScope } from "../scope.js";
import { chunkBytes, joinChunks, ON_DEMAND } from "../streams/bytes.js";
import { setOrigin } from "../streams/internals.js";
import { ReadableStream } from "../streams/standard.js";

/** How much the host takes before it has granted more, and the most it takes at once, in bytes. */
const INITIAL_CREDIT_BYTES = 65_536;
const MAX_CHUNK_BYTES = 65_536;

/** @type {Map<number, Inbound>} Those of which a chunk is on its way. */
const inbounds = new Map();

/** Gives streams back that the worker dropped without reading them to their end: they would keep an object awake. */
const dropped =
    typeof FinalizationRegistry === "function"
        ? new FinalizationRegistry((id) => host.bodyCancel(id))
        : undefined;

/** @type {Map<number, Outbound>} */
const outbounds = new Map();
let lastOutbound = 0;

/**
 * A stream of the host.
 *
 * @typedef {{chunk: (buffer: ArrayBuffer) => void, end: () => void, fail: (error: unknown) => void}} Receiver Hears of
 *     one of the three for each pull.
 */
export class Inbound {
    #id;
    #started = false;
    #over = false;
    /** @type {Receiver | undefined} Who waits for the next chunk. */
    #receiver = undefined;
    #scope = undefined;
    /** Why it broke. */
    #error = undefined;
    /** Called when nothing more is to come. */
    onover = undefined;

    /**
     * @param {number} id The host's number.
     * @param {number | undefined} length In bytes as they come, where it is known.
     */
    constructor(id, length) {
        this.#id = id;
        this.length = length;
    }

    /** How the content is encoded as it comes; whoever pulls has it decoded. */
    get encoding() {
        return undefined;
    }

    /** Cancels it when the worker drops it. What came with a request ends with the request anyhow. */
    cancelWhenDropped() {
        dropped?.register(this, this.#id, this);
    }

    /** Whether nothing was asked of it, so that the host can pass it on by itself. */
    get isUntouched() {
        return !this.#started && !this.#over;
    }

    /** Asks for the next chunk. */
    pull(receiver) {
        if (this.#error !== undefined) {
            receiver.fail(this.#error.value);
            return;
        }
        if (this.#over) {
            receiver.end();
            return;
        }
        this.#started = true;
        inbounds.set(this.#id, this);
        this.#receiver = receiver;
        this.#scope = currentScope();
        host.bodyPull(this.#id, this.#scope.section);
    }

    /** Nobody wants the rest. */
    cancel() {
        if (!this.#over) {
            this.#end();
            host.bodyCancel(this.#id);
        }
    }

    /** Nobody can have the rest: who waits and whoever comes gets this error. */
    abort(error) {
        if (!this.#over) {
            this.cancel();
            this.#error = { value: error };
            const receiver = this.#receiver;
            this.#receiver = undefined;
            receiver?.fail(error);
        }
    }

    /** The host's number, for `{forward}`: the stream is the receiver's from here on. */
    forward() {
        this.#end();
        return this.#id;
    }

    #end() {
        this.#over = true;
        inbounds.delete(this.#id);
        dropped?.unregister(this);
        this.onover?.();
    }

    #take() {
        const receiver = this.#receiver;
        this.#receiver = undefined;
        setScope(this.#scope);
        return receiver;
    }

    arrived(buffer) {
        inbounds.delete(this.#id);
        this.#take()?.chunk(buffer);
    }

    ended() {
        this.#end();
        this.#take()?.end();
    }

    failed(error) {
        this.#end();
        this.#error = { value: error };
        this.#take()?.fail(error);
    }
}

/** The host sends a chunk of its stream `body`. */
export function chunk(body, buffer) {
    inbounds.get(body)?.arrived(buffer);
}

/** The host's stream `body` is complete. */
export function end(body) {
    inbounds.get(body)?.ended();
}

/** The host's stream `body` broke. */
export function failed(body, failure) {
    inbounds.get(body)?.failed(toError(failure));
}

/** Collects all of an inbound stream. */
class Collector {
    #inbound;
    #chunks = [];
    #length = 0;
    #resolve;
    #reject;

    constructor(inbound) {
        this.#inbound = inbound;
        this.promise = new Promise((resolve, reject) => {
            this.#resolve = resolve;
            this.#reject = reject;
        });
        inbound.pull(this);
    }

    chunk(buffer) {
        this.#chunks.push(new Uint8Array(buffer));
        this.#length += buffer.byteLength;
        this.#inbound.pull(this);
    }

    end() {
        this.#resolve(joinChunks(this.#chunks, this.#length));
    }

    fail(error) {
        this.#reject(error);
    }
}

/**
 * Reads an inbound stream to its end, without a `ReadableStream`.
 *
 * @param {Inbound} inbound
 * @returns {Promise<Uint8Array>} All its bytes, which are the caller's.
 */
export function collect(inbound) {
    return new Collector(inbound).promise;
}

/** The underlying source of an inbound stream. */
class InboundSource {
    type = "bytes";
    #inbound;
    #controller = undefined;
    #resolve;
    #reject;

    constructor(inbound) {
        this.#inbound = inbound;
    }

    pull(controller) {
        this.#controller = controller;
        return new Promise((resolve, reject) => {
            this.#resolve = resolve;
            this.#reject = reject;
            this.#inbound.pull(this);
        });
    }

    cancel() {
        this.#inbound.cancel();
    }

    chunk(buffer) {
        this.#controller.enqueue(new Uint8Array(buffer));
        this.#resolve();
    }

    end() {
        this.#controller.close();
        this.#controller.byobRequest?.respond(0);
        this.#resolve();
    }

    fail(error) {
        this.#reject(error);
    }
}

/**
 * A byte stream over a stream of the host, which is pulled when somebody reads.
 *
 * @param {Inbound} inbound
 * @returns {ReadableStream}
 */
export function streamOfInbound(inbound) {
    const stream = new ReadableStream(new InboundSource(inbound), ON_DEMAND);
    setOrigin(stream, { inbound, length: inbound.encoding === undefined ? inbound.length : undefined });
    return stream;
}

/** A stream on its way to the host. */
class Outbound {
    #id;
    #reader;
    #creditBytes = INITIAL_CREDIT_BYTES;
    /** Goes on when there is credit again. */
    #wake = undefined;
    #scope = currentScope();
    #isOver = false;

    constructor(id, reader) {
        this.#id = id;
        this.#reader = reader;
    }

    /** Sends everything. Nothing leaves before the message that announces the stream, as the first read is awaited. */
    async pump() {
        try {
            for (;;) {
                if (this.#creditBytes === 0) {
                    await this.#credited();
                }
                const { done, value } = await this.#reader.read();
                if (this.#isOver) {
                    return;
                }
                if (done) {
                    break;
                }
                await this.#send(chunkBytes(value));
            }
        } catch (error) {
            this.#fail(error);
            return;
        }
        this.#end();
        host.bodyEnd(this.#id);
    }

    #fail(error) {
        if (this.#isOver) {
            return;
        }
        this.#end();
        host.bodyFailed(this.#id, toFailure(error));
        this.#reader.cancel(error).catch(() => {});
    }

    #end() {
        this.#isOver = true;
        outbounds.delete(this.#id);
    }

    async #send(bytes) {
        for (let at = 0; at < bytes.length && !this.#isOver;) {
            if (this.#creditBytes === 0) {
                await this.#credited();
            } else {
                const length = Math.min(bytes.length - at, this.#creditBytes, MAX_CHUNK_BYTES);
                this.#creditBytes -= length;
                host.bodyChunk(this.#id, bytes.subarray(at, at + length));
                at += length;
            }
        }
    }

    #credited() {
        return new Promise((resolve) => {
            this.#wake = resolve;
        });
    }

    credit(bytes) {
        setScope(this.#scope);
        this.#creditBytes += bytes;
        this.#wake?.();
        this.#wake = undefined;
    }

    cancelled() {
        setScope(this.#scope);
        this.#end();
        this.#wake?.();
        this.#reader.cancel().catch(() => {});
    }
}

/**
 * Sends a stream to the host, as the body of the message that the caller is about to emit.
 *
 * @param {ReadableStream} stream A stream that is not locked.
 * @param {number | undefined} length In bytes, where it is known.
 * @returns {{stream: number, length: number | undefined}} The body.
 */
export function outbound(stream, length) {
    lastOutbound = lastOutbound === 0xff_ff_ff_ff ? 1 : lastOutbound + 1;
    const outgoing = new Outbound(lastOutbound, stream.getReader());
    outbounds.set(lastOutbound, outgoing);
    outgoing.pump();
    return { stream: lastOutbound, length };
}

/** The host takes so many bytes more of the guest's stream `body`. */
export function credit(body, bytes) {
    outbounds.get(body)?.credit(bytes);
}

/** Nobody reads the guest's stream `body` any more. */
export function cancelled(body) {
    outbounds.get(body)?.cancelled();
}
