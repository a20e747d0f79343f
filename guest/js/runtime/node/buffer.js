/**
 * `node:buffer`: bytes with methods for text, numbers and searching. A `Buffer` is a `Uint8Array`.
 *
 * Invariant: a buffer never shares memory with another one that its author did not ask to share (there is no pool).
 */

import { customInspect, inspect } from "../console/inspect.js";
import { host } from "../host.js";
import { decode, encode, encodedLength, encodingName } from "./buffer-encodings.js";
import { defineNumberMethods } from "./buffer-numbers.js";
import { indexOf, lastIndexOf } from "./buffer-search.js";
import { invalidArgType, invalidArgValue, nodeError, outOfRange, validateNumber } from "./errors.js";

/** The longest buffer, in bytes. */
export const kMaxLength = 0x7fffffff;
/** The longest string, in UTF-16 units. */
export const kStringMaxLength = 0x1fffffe8;
export const constants = { MAX_LENGTH: kMaxLength, MAX_STRING_LENGTH: kStringMaxLength };
/** How many bytes `inspect` shows. */
export let INSPECT_MAX_BYTES = 50;

class FastBuffer extends Uint8Array {}

/** Old ways to make a buffer; `from`, `alloc` and `allocUnsafe` are the ones to use. */
export function Buffer(value, encodingOrOffset, length) {
    if (typeof value === "number") {
        if (typeof encodingOrOffset === "string") {
            throw invalidArgType("string", "string", value);
        }
        return Buffer.alloc(value);
    }
    return Buffer.from(value, encodingOrOffset, length);
}
Object.setPrototypeOf(Buffer, Uint8Array);
const prototype = FastBuffer.prototype;
Object.defineProperty(prototype, "constructor", { value: Buffer, writable: true, configurable: true });
Buffer.prototype = prototype;
Object.defineProperty(Buffer, Symbol.species, { configurable: true, get: () => FastBuffer });
Buffer.poolSize = 8192;

function checkedEncoding(encoding) {
    const name = encodingName(encoding);
    if (name === undefined) {
        throw nodeError(TypeError, "ERR_UNKNOWN_ENCODING", `Unknown encoding: ${encoding}`);
    }
    return name;
}

function fromString(text, encoding) {
    const name = encoding === undefined || encoding === null || encoding === "" ? "utf8" : checkedEncoding(encoding);
    return new FastBuffer(encode(text, name));
}

function fromArrayBuffer(buffer, byteOffset, length) {
    let offset = 0;
    if (byteOffset !== undefined) {
        offset = +byteOffset || 0;
    }
    const available = buffer.byteLength - offset;
    if (available < 0) {
        throw nodeError(RangeError, "ERR_BUFFER_OUT_OF_BOUNDS", '"offset" is outside of buffer bounds');
    }
    if (length === undefined) {
        return new FastBuffer(buffer, offset, available);
    }
    const wanted = +length;
    const size = wanted > 0 ? Math.min(wanted, Number.MAX_SAFE_INTEGER) : 0;
    if (size > available) {
        throw nodeError(RangeError, "ERR_BUFFER_OUT_OF_BOUNDS", '"length" is outside of buffer bounds');
    }
    return new FastBuffer(buffer, offset, size);
}

function isAnyArrayBuffer(value) {
    return (
        value instanceof ArrayBuffer || (typeof SharedArrayBuffer === "function" && value instanceof SharedArrayBuffer)
    );
}

function fromObject(value) {
    if (value.length !== undefined || isAnyArrayBuffer(value.buffer)) {
        if (typeof value.length !== "number") {
            return new FastBuffer(0);
        }
        return fromArrayLike(value);
    }
    if (value.type === "Buffer" && Array.isArray(value.data)) {
        return fromArrayLike(value.data);
    }
    return undefined;
}

function fromArrayLike(value) {
    if (value.length <= 0) {
        return new FastBuffer(0);
    }
    const buffer = new FastBuffer(value.length);
    if (ArrayBuffer.isView(value) || Array.isArray(value)) {
        buffer.set(value);
    } else {
        for (let at = 0; at < buffer.length; at++) {
            buffer[at] = value[at];
        }
    }
    return buffer;
}

const FROM_TYPES = ["string", "Buffer", "ArrayBuffer", "Array", "Array-like Object"];

function wrongFrom(value) {
    const message =
        "The first argument must be of type string or an instance of Buffer, ArrayBuffer, or Array or " +
        "an Array-like Object.";
    const error = invalidArgType("first argument", FROM_TYPES, value);
    const received = error.message.slice(error.message.indexOf(" Received"));
    return nodeError(TypeError, "ERR_INVALID_ARG_TYPE", message + received);
}

Buffer.from = function from(value, encodingOrOffset, length) {
    if (typeof value === "string") {
        return fromString(value, encodingOrOffset);
    }
    if (typeof value === "object" && value !== null) {
        if (isAnyArrayBuffer(value)) {
            return fromArrayBuffer(value, encodingOrOffset, length);
        }
        const plain = value.valueOf?.();
        if (
            plain !== null &&
            plain !== undefined &&
            plain !== value &&
            (typeof plain === "string" || typeof plain === "object")
        ) {
            return Buffer.from(plain, encodingOrOffset, length);
        }
        const buffer = fromObject(value);
        if (buffer !== undefined) {
            return buffer;
        }
        if (typeof value[Symbol.toPrimitive] === "function") {
            const primitive = value[Symbol.toPrimitive]("string");
            if (typeof primitive === "string") {
                return fromString(primitive, encodingOrOffset);
            }
        }
    }
    throw wrongFrom(value);
};

Buffer.of = function of(...items) {
    return fromArrayLike(items);
};

Buffer.copyBytesFrom = function copyBytesFrom(view, offset = 0, length = undefined) {
    if (!ArrayBuffer.isView(view) || view instanceof DataView) {
        throw invalidArgType("view", "TypedArray", view);
    }
    const part = view.subarray(offset, length === undefined ? undefined : offset + length);
    return new FastBuffer(part.slice().buffer, 0, part.byteLength);
};

Buffer.alloc = function alloc(size, fill, encoding) {
    validateNumber(size, "size", 0, kMaxLength);
    const buffer = new FastBuffer(size);
    return fill === undefined || fill === 0 || size === 0 ? buffer : buffer.fill(fill, encoding);
};
Buffer.allocUnsafe = function allocUnsafe(size) {
    validateNumber(size, "size", 0, kMaxLength);
    return new FastBuffer(size);
};
Buffer.allocUnsafeSlow = function allocUnsafeSlow(size) {
    validateNumber(size, "size", 0, kMaxLength);
    return new FastBuffer(size);
};

Buffer.isBuffer = function isBuffer(value) {
    return value instanceof Buffer;
};
Buffer.isEncoding = function isEncoding(name) {
    return typeof name === "string" && name !== "" && encodingName(name) !== undefined;
};

Buffer.byteLength = function byteLength(value, encoding) {
    if (typeof value === "string") {
        return encodedLength(value, encodingName(encoding) ?? "utf8");
    }
    if (ArrayBuffer.isView(value) || isAnyArrayBuffer(value)) {
        return value.byteLength;
    }
    throw invalidArgType("string", ["string", "Buffer", "ArrayBuffer"], value);
};

function compareBytes(a, b) {
    const shared = Math.min(a.length, b.length);
    for (let at = 0; at < shared; at++) {
        if (a[at] !== b[at]) {
            return a[at] < b[at] ? -1 : 1;
        }
    }
    return Math.sign(a.length - b.length);
}

function checkBytes(value, name) {
    if (!(value instanceof Uint8Array)) {
        throw invalidArgType(name, ["Buffer", "Uint8Array"], value);
    }
}

Buffer.compare = function compare(buf1, buf2) {
    checkBytes(buf1, "buf1");
    checkBytes(buf2, "buf2");
    return buf1 === buf2 ? 0 : compareBytes(buf1, buf2);
};

Buffer.concat = function concat(list, length) {
    if (!Array.isArray(list)) {
        throw invalidArgType("list", "Array", list);
    }
    const total = length === undefined ? list.reduce((sum, part) => sum + (part?.length ?? 0), 0) : length;
    validateNumber(total, "length", 0);
    const result = new FastBuffer(total);
    let offset = 0;
    list.forEach((part, index) => {
        checkBytes(part, `list[${index}]`);
        const room = total - offset;
        result.set(part.length > room ? part.subarray(0, room) : part, offset);
        offset += Math.min(part.length, room);
    });
    return result;
};

defineNumberMethods(prototype);

function define(name, value) {
    prototype[name] = value;
}

Object.defineProperty(prototype, "parent", {
    enumerable: true,
    get() {
        return this instanceof Buffer ? this.buffer : undefined;
    },
});
Object.defineProperty(prototype, "offset", {
    enumerable: true,
    get() {
        return this instanceof Buffer ? this.byteOffset : undefined;
    },
});

function clamp(value, fallback, length) {
    if (value === undefined) {
        return fallback;
    }
    const index = Math.trunc(Number(value)) || 0;
    return index <= 0 ? 0 : Math.min(index, length);
}

define("toString", function toString(encoding, start, end) {
    if (arguments.length === 0) {
        return host.utf8Decode(this);
    }
    const name = encoding === undefined ? "utf8" : checkedEncoding(encoding);
    const from = clamp(start, 0, this.length);
    const to = clamp(end, this.length, this.length);
    if (to <= from) {
        return "";
    }
    return decode(from === 0 && to === this.length ? this : this.subarray(from, to), name);
});
define("toLocaleString", prototype.toString);

define("toJSON", function toJSON() {
    return { type: "Buffer", data: Array.from(this) };
});

define("equals", function equals(other) {
    checkBytes(other, "otherBuffer");
    return this === other || (this.length === other.length && compareBytes(this, other) === 0);
});

define(
    "compare",
    function compare(target, targetStart = 0, targetEnd = target?.length, sourceStart = 0, sourceEnd = this.length) {
        checkBytes(target, "target");
        const bound = (value, name, max) => {
            if (!(value >= 0 && value <= max)) {
                throw outOfRange(name, `>= 0 && <= ${max}`, value);
            }
        };
        bound(targetStart, "targetStart", kMaxLength);
        bound(targetEnd, "targetEnd", target.length);
        bound(sourceStart, "sourceStart", kMaxLength);
        bound(sourceEnd, "sourceEnd", this.length);
        return compareBytes(
            this.subarray(sourceStart, Math.max(sourceStart, sourceEnd)),
            target.subarray(targetStart, Math.max(targetStart, targetEnd)),
        );
    },
);

define("copy", function copy(target, targetStart = 0, sourceStart = 0, sourceEnd = this.length) {
    if (!ArrayBuffer.isView(target)) {
        throw invalidArgType("target", ["Buffer", "Uint8Array"], target);
    }
    const at = Math.trunc(+targetStart) || 0;
    const from = Math.trunc(+sourceStart) || 0;
    const to = Math.min(Math.trunc(+sourceEnd) || 0, this.length);
    if (at < 0) {
        throw outOfRange("targetStart", ">= 0", targetStart);
    }
    if (from < 0 || from > this.length) {
        throw outOfRange("sourceStart", `>= 0 && <= ${this.length}`, sourceStart);
    }
    if (at >= target.length || from >= to) {
        return 0;
    }
    const count = Math.min(to - from, target.length - at);
    Uint8Array.prototype.set.call(target, this.subarray(from, from + count), at);
    return count;
});

define("subarray", function subarray(start, end) {
    const part = Uint8Array.prototype.subarray.call(this, start, end);
    return Object.getPrototypeOf(part) === prototype ? part : Object.setPrototypeOf(part, prototype);
});
define("slice", function slice(start, end) {
    return this.subarray(start, end);
});

function fillBytes(buffer, pattern, start, end) {
    if (pattern.length === 1) {
        Uint8Array.prototype.fill.call(buffer, pattern[0], start, end);
        return;
    }
    for (let at = start; at < end; at++) {
        buffer[at] = pattern[(at - start) % pattern.length];
    }
}

define("fill", function fill(value, start, end, encoding) {
    if (typeof start === "string") {
        [start, encoding] = [undefined, start];
    } else if (typeof end === "string") {
        [end, encoding] = [undefined, end];
    }
    validateNumber(start ?? 0, "offset", 0);
    validateNumber(end ?? this.length, "end", 0, this.length);
    const from = start ?? 0;
    const to = end ?? this.length;
    if (from >= to) {
        return this;
    }
    if (typeof value === "number" || typeof value === "boolean") {
        Uint8Array.prototype.fill.call(this, value & 0xff, from, to);
        return this;
    }
    const pattern = typeof value === "string" ? fromString(value, encoding) : value;
    if (pattern instanceof Uint8Array && pattern.length > 0) {
        fillBytes(this, pattern, from, to);
    } else if (typeof value === "string" && value === "") {
        Uint8Array.prototype.fill.call(this, 0, from, to);
    } else {
        throw invalidArgValue("value", value);
    }
    return this;
});

define("write", function write(text, offset, length, encoding) {
    if (typeof text !== "string") {
        throw nodeError(TypeError, "ERR_INVALID_ARG_TYPE", "argument must be a string");
    }
    if (typeof offset === "string") {
        [offset, encoding] = [undefined, offset];
    } else if (typeof length === "string") {
        [length, encoding] = [undefined, length];
    }
    const at = offset ?? 0;
    validateNumber(at, "offset", 0, this.length);
    const room = this.length - at;
    if (length !== undefined) {
        validateNumber(length, "length", 0, this.length);
    }
    const name = encoding === undefined ? "utf8" : checkedEncoding(encoding);
    return writeText(this, text, at, Math.min(length ?? room, room), name);
});

/** Writes whole characters only. */
function writeText(buffer, text, offset, limit, encoding) {
    const bytes = new Uint8Array(encode(text, encoding));
    let count = Math.min(bytes.length, limit);
    if (count < bytes.length && encoding === "utf8") {
        while (count > 0 && (bytes[count] & 0xc0) === 0x80) {
            count -= 1;
        }
    } else if (encoding === "utf16le") {
        count &= ~1;
    }
    buffer.set(count === bytes.length ? bytes : bytes.subarray(0, count), offset);
    return count;
}

for (const [label, encoding] of [
    ["utf8", "utf8"],
    ["latin1", "latin1"],
    ["ascii", "ascii"],
    ["hex", "hex"],
    ["base64", "base64"],
    ["base64url", "base64url"],
    ["ucs2", "utf16le"],
]) {
    define(`${label}Slice`, function slice(start, end) {
        return this.toString(encoding, start, end);
    });
    define(`${label}Write`, function write(text, offset = 0, length = this.length - offset) {
        return writeText(this, text, offset, Math.min(length, this.length - offset), encoding);
    });
}

define("indexOf", function (value, byteOffset, encoding) {
    return indexOf(this, value, byteOffset, encoding);
});
define("lastIndexOf", function (value, byteOffset, encoding) {
    return lastIndexOf(this, value, byteOffset, encoding);
});
define("includes", function includes(value, byteOffset, encoding) {
    return indexOf(this, value, byteOffset, encoding) !== -1;
});

function defineSwap(bits) {
    const size = bits / 8;
    define(`swap${bits}`, function swap() {
        if (this.length % size !== 0) {
            throw nodeError(RangeError, "ERR_INVALID_BUFFER_SIZE", `Buffer size must be a multiple of ${bits}-bits`);
        }
        for (let at = 0; at < this.length; at += size) {
            this.subarray(at, at + size).reverse();
        }
        return this;
    });
}
defineSwap(16);
defineSwap(32);
defineSwap(64);

prototype[customInspect] = function (depth, options) {
    const shown = Math.min(INSPECT_MAX_BYTES, this.length);
    let text = this.hexSlice(0, shown)
        .replace(/(.{2})/g, "$1 ")
        .trim();
    const rest = this.length - shown;
    if (rest > 0) {
        text += ` ... ${rest} more byte${rest > 1 ? "s" : ""}`;
    }
    const extra = Object.keys(this).filter((key) => !/^\d+$/.test(key));
    if (extra.length > 0) {
        const members = Object.fromEntries(extra.map((key) => [key, this[key]]));
        const shownMembers = inspect(members, { ...options, breakLength: Infinity, compact: true }).slice(2, -2);
        text += `${this.length > 0 ? ", " : ""}${shownMembers}`;
    }
    return `<${this.constructor.name} ${text}>`;
};
prototype.inspect = prototype[customInspect];

/** The old unpooled class; `Buffer.allocUnsafeSlow` is the way to have one. */
export function SlowBuffer(length) {
    return Buffer.allocUnsafeSlow(length);
}
SlowBuffer.prototype = prototype;

/** Another encoding of text that is in a buffer. */
export function transcode(source, fromEncoding, toEncoding) {
    checkBytes(source, "source");
    const target = checkedEncoding(toEncoding);
    const text = decode(source, checkedEncoding(fromEncoding));
    const single = target === "latin1" || target === "ascii";
    return fromString(
        single ? text.replace(target === "ascii" ? /[^\x00-\x7f]/gu : /[^\x00-\xff]/gu, "?") : text,
        target,
    );
}

/** Whether bytes are ASCII. */
export function isAscii(input) {
    return new Uint8Array(input.buffer ?? input, input.byteOffset ?? 0, input.byteLength).every((byte) => byte < 0x80);
}

/** Whether bytes are UTF-8. */
export function isUtf8(input) {
    return host.utf8DecodeFatal(input) !== undefined;
}

/** There are no object URLs. */
export function resolveObjectURL() {
    return undefined;
}

export { Blob, File } from "../web/blob.js";
export { atob, btoa } from "../web/base64.js";
