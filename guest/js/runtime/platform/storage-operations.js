/**
 * What `ctx.storage`, a transaction and `ctx.storage.kv` do with keys and values (reference §1.6): the checks of
 * arguments, and the host's answer, given at once.
 *
 * The host takes strings as they are, with a replacement for surrogates that stand alone.
 *
 * Invariant: synchronous; keeps nothing but the count of writes.
 */

import { host } from "../host.js";
import { parameterError, usv } from "../web/webidl.js";
import { checkOptions, int32 } from "./parameters.js";

const PUT_TWO_WAYS =
    "put() may only be called with a single key-value pair and optional options as put(key, value, options) or with " +
    "multiple key-value pairs and optional options as put(entries, options)";

/** After this the platform's clock, which counts nanoseconds, overflows. */
const MAX_DATE_MS = 9_223_372_036_854;

let writes = 0;

/** Changes whenever something may have been written; iterators that read ahead look at it. */
export function writeCount() {
    return writes;
}

/** To be called by everything that may write. */
export function noteWrite() {
    writes += 1;
}

/** `storage.get()`. */
export function get(object, owner, count, keys, options) {
    if (typeof keys === "string" && options === undefined) {
        return host.kvGetOne(object, keys);
    }
    if (count === 0) {
        throw parameterError("get", owner, 1, "string or Array");
    }
    checkOptions(options, "get", owner, 2, "GetOptions");
    if (!Array.isArray(keys)) {
        return host.kvGetOne(object, usv(keys));
    }
    const texts = keys.map(usv);
    const values = host.kvGet(object, texts);
    const found = new Map();
    for (let i = 0; i < texts.length; i++) {
        if (values[i] !== undefined) {
            found.set(texts[i], values[i]);
        }
    }
    return found.size < 2 ? found : new Map([...found].sort(([left], [right]) => compareBytes(left, right)));
}

/** Orders well-formed strings as their UTF-8 bytes are ordered. */
function compareBytes(left, right) {
    const length = Math.min(left.length, right.length);
    for (let i = 0; i < length; i++) {
        const a = left.charCodeAt(i);
        const b = right.charCodeAt(i);
        if (a !== b) {
            // Surrogates stand for characters beyond all others.
            return (isSurrogate(a) ? a + 0x10000 : a) - (isSurrogate(b) ? b + 0x10000 : b);
        }
    }
    return left.length - right.length;
}

function isSurrogate(unit) {
    return unit >= 0xd800 && unit <= 0xdfff;
}

/** `storage.put()`. */
export function put(object, owner, count, keyOrEntries, value, options) {
    if (typeof keyOrEntries === "string" && value !== undefined && options === undefined) {
        writes += 1;
        host.kvPut(object, [keyOrEntries, value]);
        return;
    }
    if (count === 0) {
        throw parameterError("put", owner, 1, "string or object");
    }
    if (typeof keyOrEntries === "object" && keyOrEntries !== null && !Array.isArray(keyOrEntries)) {
        putEntries(object, owner, keyOrEntries, value);
        return;
    }
    const key = usv(keyOrEntries);
    checkOptions(options, "put", owner, 3, "PutOptions");
    if (value === undefined) {
        throw new TypeError("put() called with undefined value.");
    }
    writes += 1;
    host.kvPut(object, [key, value]);
}

function putEntries(object, owner, entries, options) {
    if (options !== undefined && options !== null && typeof options !== "object") {
        throw new TypeError(PUT_TWO_WAYS);
    }
    const flat = [];
    for (const key of Object.keys(entries)) {
        const value = entries[key];
        if (value !== undefined) {
            flat.push(usv(key), value);
        }
    }
    if (flat.length > 0) {
        writes += 1;
        host.kvPut(object, flat);
    }
}

/** `storage.delete()`. */
export function remove(object, owner, count, keys, options) {
    if (count === 0) {
        throw parameterError("delete", owner, 1, "string or Array");
    }
    checkOptions(options, "delete", owner, 2, "PutOptions");
    writes += 1;
    if (Array.isArray(keys)) {
        return host.kvDelete(object, keys.map(usv));
    }
    return host.kvDelete(object, [usv(keys)]) > 0;
}

function text(value) {
    return value === undefined ? undefined : usv(value);
}

/**
 * The options of `list()`, converted.
 *
 * @throws {TypeError} The platform's, when they are not valid.
 */
export function listOptions(owner, options) {
    checkOptions(options, "list", owner, 1, "ListOptions");
    const { start, startAfter, end, prefix, reverse, limit } = options ?? {};
    const converted = {
        start: text(start),
        startAfter: text(startAfter),
        end: text(end),
        prefix: text(prefix),
        reverse: Boolean(reverse),
        limit: limit === undefined ? undefined : int32(limit),
    };
    if (converted.start !== undefined && converted.startAfter !== undefined) {
        throw new TypeError("list() cannot be called with both start and startAfter values.");
    }
    if (converted.limit !== undefined && converted.limit <= 0) {
        throw new TypeError("List limit must be positive.");
    }
    return converted;
}

/** `storage.list()`. */
export function list(object, owner, options) {
    const { start, startAfter, end, prefix, reverse, limit } = listOptions(owner, options);
    const flat = host.kvList(object, start, startAfter, end, prefix, reverse, limit);
    const found = new Map();
    for (let i = 0; i < flat.length; i += 2) {
        found.set(flat[i], flat[i + 1]);
    }
    return found;
}

/** `storage.getAlarm()`. */
export function getAlarm(object, owner, options) {
    checkOptions(options, "getAlarm", owner, 1, "GetAlarmOptions");
    return host.alarmGet(object) ?? null;
}

/** `storage.setAlarm()`. */
export function setAlarm(object, owner, time, options) {
    const atMs = typeof time === "number" ? time : dateMs(time);
    if (atMs === undefined) {
        throw parameterError("setAlarm", owner, 1, "date");
    }
    checkOptions(options, "setAlarm", owner, 2, "SetAlarmOptions");
    if (!Number.isFinite(atMs)) {
        throw new TypeError("The value cannot be converted because it is not a valid Date.");
    }
    if (Math.abs(atMs) > MAX_DATE_MS) {
        throw new TypeError("This API doesn't support dates after 2189.");
    }
    writes += 1;
    host.alarmSet(object, Math.trunc(atMs));
}

/** `storage.deleteAlarm()`. */
export function deleteAlarm(object, owner, options) {
    checkOptions(options, "deleteAlarm", owner, 1, "SetAlarmOptions");
    writes += 1;
    host.alarmDelete(object);
}

const { getTime } = Date.prototype;

/** The time of a `Date` of whatever realm; `undefined` for anything else. */
function dateMs(value) {
    if (typeof value !== "object" || value === null) {
        return undefined;
    }
    try {
        return Reflect.apply(getTime, value, []);
    } catch {
        return undefined;
    }
}
