/**
 * What the runtime needs to know of a stream beyond its interface: whether it is locked or was read, and where its
 * bytes come from.
 *
 * Invariant: the only file that knows the private properties of the streams library. Nothing here runs code of the
 * worker.
 */

import { hideSymbols } from "../web/webidl.js";
import { privates } from "./library.js";

const {
    _associatedReadableByteStreamController: ASSOCIATED_CONTROLLER,
    _closeRequest: CLOSE_REQUEST,
    _closeRequested: CLOSE_REQUESTED,
    _closedPromise: CLOSED_PROMISE,
    _closedPromise_reject: CLOSED_PROMISE_REJECT,
    _controlledReadableByteStream: CONTROLLED_READABLE_BYTE_STREAM,
    _controlledReadableStream: CONTROLLED_READABLE_STREAM,
    _controlledTransformStream: CONTROLLED_TRANSFORM_STREAM,
    _disturbed: DISTURBED,
    _inFlightCloseRequest: IN_FLIGHT_CLOSE_REQUEST,
    _ownerReadableStream: OWNER_READABLE_STREAM,
    _ownerWritableStream: OWNER_WRITABLE_STREAM,
    _pendingPullIntos: PENDING_PULL_INTOS,
    _readIntoRequests: READ_INTO_REQUESTS,
    _readRequests: READ_REQUESTS,
    _readable: READABLE,
    _readableStreamController: READABLE_STREAM_CONTROLLER,
    _reader: READER,
    _readyPromise: READY_PROMISE,
    _readyPromise_reject: READY_PROMISE_REJECT,
    _state: STATE,
    _transformStreamController: TRANSFORM_STREAM_CONTROLLER,
    _writable: WRITABLE,
    _writableStreamController: WRITABLE_STREAM_CONTROLLER,
    _writer: WRITER,
} = privates;
hideSymbols(Object.values(privates));

const hasOwn = Object.prototype.hasOwnProperty;
const { then } = Promise.prototype;

/** Whether a value is a `ReadableStream`. */
export function isReadable(value) {
    return typeof value === "object" && value !== null && Reflect.apply(hasOwn, value, [READABLE_STREAM_CONTROLLER]);
}

/** Whether a value is a `WritableStream`. */
export function isWritable(value) {
    return typeof value === "object" && value !== null && Reflect.apply(hasOwn, value, [WRITABLE_STREAM_CONTROLLER]);
}

/** Whether a value is a reader of readable streams. */
export function isReader(value) {
    return typeof value === "object" && value !== null && Reflect.apply(hasOwn, value, [CLOSED_PROMISE]);
}

/** Whether a reader or writer has given its stream back. */
export function isReleased(owner) {
    return owner[OWNER_READABLE_STREAM] === undefined && owner[OWNER_WRITABLE_STREAM] === undefined;
}

/** Rejects the reads that wait on a reader, which is about to give its stream back. */
export function rejectReads(reader, error) {
    const key = reader[READ_REQUESTS] === undefined ? READ_INTO_REQUESTS : READ_REQUESTS;
    const requests = reader[key];
    if (requests.length > 0) {
        reader[key] = new requests.constructor();
        requests.forEach((request) => request._errorSteps(error));
    }
}

/** Rejects what a reader or writer shows as `closed`, or a writer as `ready`, before it gives its stream back. */
export function rejectClosed(owner, error) {
    rejectPending(owner, CLOSED_PROMISE, CLOSED_PROMISE_REJECT, error);
    rejectPending(owner, READY_PROMISE, READY_PROMISE_REJECT, error);
}

/** Rejects a promise that nobody needs to handle, if it is pending. */
function rejectPending(owner, promise, reject, error) {
    if (owner[reject] !== undefined) {
        Reflect.apply(then, owner[promise], [undefined, () => {}]);
        owner[reject](error);
        owner[reject] = undefined;
    }
}

/** Whether a value is a writer of writable streams. */
export function isWriter(value) {
    return typeof value === "object" && value !== null && Reflect.apply(hasOwn, value, [OWNER_WRITABLE_STREAM]);
}

/** `readable`, `closed` or `errored`; of a writable stream `writable`, `erroring`, `errored` or `closed`. */
export function stateOf(stream) {
    return stream[STATE];
}

/** The stream that a writer writes to. */
export function writtenBy(writer) {
    return writer[OWNER_WRITABLE_STREAM];
}

/** Whether a writable stream was told to close. */
export function isClosing(stream) {
    return stream[CLOSE_REQUEST] !== undefined || stream[IN_FLIGHT_CLOSE_REQUEST] !== undefined;
}

/** Whether the controller of a readable stream still takes chunks; `undefined` for what is no such controller. */
export function takesChunks(controller) {
    const stream = controller[CONTROLLED_READABLE_STREAM] ?? controller[CONTROLLED_READABLE_BYTE_STREAM];
    return stream && stream[STATE] === "readable" && !controller[CLOSE_REQUESTED];
}

/** Whether the stream that a BYOB request asks still takes bytes; `undefined` for one that was answered. */
export function takesBytes(request) {
    return request[ASSOCIATED_CONTROLLER] && takesChunks(request[ASSOCIATED_CONTROLLER]);
}

/** The controller of the readable side of the stream that a transformer's controller belongs to. */
export function readableControllerOf(controller) {
    return controller[CONTROLLED_TRANSFORM_STREAM]?.[READABLE][READABLE_STREAM_CONTROLLER];
}

/** Whether a readable stream has a reader. */
export function isLocked(stream) {
    return stream[READER] !== undefined;
}

/** Whether a writable stream has a writer. */
export function isWriterLocked(stream) {
    return stream[WRITER] !== undefined;
}

/** Whether somebody has read from a readable stream or cancelled it. */
export function isDisturbed(stream) {
    return stream[DISTURBED];
}

/** Marks a readable stream as read by the runtime, past its interface. */
export function disturb(stream) {
    stream[DISTURBED] = true;
}

/** Whether a readable stream gives bytes only, and can read into buffers of its reader. */
export function isByteStream(stream) {
    return stream[READABLE_STREAM_CONTROLLER][PENDING_PULL_INTOS] !== undefined;
}

const ORIGIN = Symbol("origin");

/**
 * Where the bytes of a stream come from that the runtime made: as long as nobody has read from the stream, they need
 * not pass through it.
 *
 * @typedef {object} Origin
 * @property {Uint8Array} [bytes] All of them; must not be changed.
 * @property {Uint8Array} [encoded] All of them as gzip; must not be changed.
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
    transform[TRANSFORM_STREAM_CONTROLLER] = undefined;
    transform[READABLE] = readable;
    transform[WRITABLE] = writable;
}
