/**
 * What the runtime needs to know of a stream beyond its interface: whether it is locked or was read, and where its
 * bytes come from.
 *
 * Invariant: the only file that knows the private properties of the streams library. Nothing here runs code of the
 * worker.
 */

const hasOwn = Object.prototype.hasOwnProperty;

/** Whether a value is a `ReadableStream`. */
export function isReadable(value) {
    return typeof value === "object" && value !== null && Reflect.apply(hasOwn, value, ["_readableStreamController"]);
}

/** Whether a value is a `WritableStream`. */
export function isWritable(value) {
    return typeof value === "object" && value !== null && Reflect.apply(hasOwn, value, ["_writableStreamController"]);
}

/** Whether a value is a reader of readable streams. */
export function isReader(value) {
    return typeof value === "object" && value !== null && Reflect.apply(hasOwn, value, ["_closedPromise"]);
}

/** Whether a reader or writer has given its stream back. */
export function isReleased(owner) {
    return owner._ownerReadableStream === undefined && owner._ownerWritableStream === undefined;
}

/** Rejects the reads that wait on a reader, which is about to give its stream back. */
export function rejectReads(reader, error) {
    const key = reader._readRequests === undefined ? "_readIntoRequests" : "_readRequests";
    const requests = reader[key];
    if (requests.length > 0) {
        reader[key] = new requests.constructor();
        requests.forEach((request) => request._errorSteps(error));
    }
}

/** Whether a readable stream has a reader. */
export function isLocked(stream) {
    return stream._reader !== undefined;
}

/** Whether a writable stream has a writer. */
export function isWriterLocked(stream) {
    return stream._writer !== undefined;
}

/** Whether somebody has read from a readable stream or cancelled it. */
export function isDisturbed(stream) {
    return stream._disturbed;
}

/** Marks a readable stream as read by the runtime, past its interface. */
export function disturb(stream) {
    stream._disturbed = true;
}

/** Whether a readable stream gives bytes only, and can read into buffers of its reader. */
export function isByteStream(stream) {
    return stream._readableStreamController._pendingPullIntos !== undefined;
}

const ORIGIN = Symbol("origin");

/**
 * Where the bytes of a stream come from that the runtime made: as long as nobody has read from the stream, they need
 * not pass through it.
 *
 * @typedef {object} Origin
 * @property {Uint8Array} [bytes] All of them; must not be changed.
 * @property {import("../fetch/bodies.js").Inbound} [inbound] A stream of the host.
 * @property {number} [length] How many there will be, where that is known.
 */

/** @param {Origin} origin */
export function setOrigin(stream, origin) {
    Object.defineProperty(stream, ORIGIN, { value: origin });
}

/** @returns {Origin | undefined} */
export function originOf(stream) {
    return stream[ORIGIN];
}

/** Makes an object a `TransformStream` of two streams that exist already. */
export function joinTransform(transform, readable, writable) {
    transform._transformStreamController = undefined;
    transform._readable = readable;
    transform._writable = writable;
}
