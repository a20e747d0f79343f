/**
 * The methods of `Buffer` that read and write numbers.
 *
 * Invariant: bounds are checked before anything is written.
 */

import { invalidArgType, nodeError, outOfRange } from "./errors.js";

function viewOf(buffer) {
    return new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

function checkOffsetType(offset) {
    if (typeof offset !== "number") {
        throw invalidArgType("offset", "number", offset);
    }
}

function checkOffset(buffer, offset, size) {
    checkOffsetType(offset);
    const last = buffer.length - size;
    if (Number.isInteger(offset) && offset >= 0 && offset <= last) {
        return;
    }
    if (!Number.isInteger(offset)) {
        throw outOfRange("offset", "an integer", offset);
    }
    if (last < 0) {
        throw nodeError(RangeError, "ERR_BUFFER_OUT_OF_BOUNDS", "Attempt to access memory outside buffer bounds");
    }
    throw outOfRange("offset", `>= 0 and <= ${last}`, offset);
}

function rangeText(min, max, size) {
    if (size <= 4) {
        return `>= ${min} and <= ${max}`;
    }
    const suffix = typeof min === "bigint" ? "n" : "";
    return min === 0 || min === 0n
        ? `>= 0${suffix} and < 2${suffix} ** ${size * 8}${suffix}`
        : `>= -(2${suffix} ** ${size * 8 - 1}${suffix}) and < 2${suffix} ** ${size * 8 - 1}${suffix}`;
}

function checkValue(value, min, max, size) {
    if (value > max || value < min) {
        throw outOfRange("value", rangeText(min, max, size), value);
    }
}

function littleEndianOf(suffix) {
    return suffix !== "BE";
}

/** `[name in DataView, size, [min, max] or undefined, aliases]`. */
const FIXED = [
    ["Uint8", 1, [0, 0xff], ["UInt8", "Uint8"]],
    ["Int8", 1, [-0x80, 0x7f], ["Int8"]],
    ["Uint16", 2, [0, 0xffff], ["UInt16", "Uint16"]],
    ["Int16", 2, [-0x8000, 0x7fff], ["Int16"]],
    ["Uint32", 4, [0, 0xffffffff], ["UInt32", "Uint32"]],
    ["Int32", 4, [-0x80000000, 0x7fffffff], ["Int32"]],
    ["BigUint64", 8, [0n, 2n ** 64n - 1n], ["BigUInt64", "BigUint64"]],
    ["BigInt64", 8, [-(2n ** 63n), 2n ** 63n - 1n], ["BigInt64"]],
    ["Float32", 4, undefined, ["Float"]],
    ["Float64", 8, undefined, ["Double"]],
];

function reader(getter, size, littleEndian) {
    const get = DataView.prototype[getter];
    return function read(offset = 0) {
        checkOffset(this, offset, size);
        return get.call(viewOf(this), offset, littleEndian);
    };
}

function writer(setter, size, range, littleEndian) {
    const set = DataView.prototype[setter];
    return function write(value, offset = 0) {
        const number = typeof range?.[0] === "bigint" ? value : +value;
        if (size === 1) {
            checkOffsetType(offset); // Which of two wrong arguments is named depends on the size, as in Node.
        }
        if (range !== undefined) {
            checkValue(number, range[0], range[1], size);
        }
        checkOffset(this, offset, size);
        set.call(viewOf(this), offset, number, littleEndian);
        return offset + size;
    };
}

function checkByteLength(byteLength) {
    if (typeof byteLength !== "number") {
        throw invalidArgType("byteLength", "number", byteLength);
    }
    if (!Number.isInteger(byteLength)) {
        throw outOfRange("byteLength", "an integer", byteLength);
    }
    if (byteLength < 1 || byteLength > 6) {
        throw outOfRange("byteLength", ">= 1 and <= 6", byteLength);
    }
}

function variableReader(signed, littleEndian) {
    return function read(offset, byteLength) {
        if (offset === undefined) {
            throw invalidArgType("offset", "number", offset);
        }
        checkByteLength(byteLength);
        checkOffset(this, offset, byteLength);
        let value = 0;
        for (let at = 0; at < byteLength; at++) {
            value = value * 256 + this[littleEndian ? offset + byteLength - 1 - at : offset + at];
        }
        const limit = 2 ** (byteLength * 8 - 1);
        return signed && value >= limit ? value - 2 * limit : value;
    };
}

function variableWriter(signed, littleEndian) {
    return function write(value, offset, byteLength) {
        checkByteLength(byteLength);
        const limit = 2 ** (byteLength * 8);
        const [min, max] = signed ? [-limit / 2, limit / 2 - 1] : [0, limit - 1];
        let rest = +value;
        if (byteLength === 1) {
            checkOffsetType(offset);
        }
        checkValue(rest, min, max, byteLength);
        checkOffset(this, offset, byteLength);
        if (rest < 0) {
            rest += limit;
        }
        for (let at = 0; at < byteLength; at++) {
            this[littleEndian ? offset + at : offset + byteLength - 1 - at] = rest % 256;
            rest = Math.floor(rest / 256);
        }
        return offset + byteLength;
    };
}

/** Adds all `read…` and `write…` methods to a prototype. */
export function defineNumberMethods(prototype) {
    const define = (name, value) => {
        Object.defineProperty(value, "name", { value: name });
        prototype[name] = value;
    };
    for (const [view, size, range, names] of FIXED) {
        for (const suffix of size === 1 ? [""] : ["LE", "BE"]) {
            const littleEndian = littleEndianOf(suffix);
            const read = reader(`get${view}`, size, littleEndian);
            const write = writer(`set${view}`, size, range, littleEndian);
            for (const name of names) {
                define(`read${name}${suffix}`, read);
                define(`write${name}${suffix}`, write);
            }
        }
    }
    for (const suffix of ["LE", "BE"]) {
        const littleEndian = littleEndianOf(suffix);
        for (const name of ["UInt", "Uint"]) {
            define(`read${name}${suffix}`, variableReader(false, littleEndian));
            define(`write${name}${suffix}`, variableWriter(false, littleEndian));
        }
        define(`readInt${suffix}`, variableReader(true, littleEndian));
        define(`writeInt${suffix}`, variableWriter(true, littleEndian));
    }
}
