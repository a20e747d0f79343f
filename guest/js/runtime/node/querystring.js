/**
 * `node:querystring`.
 *
 * Invariant: pure.
 */

import { nodeError } from "./errors.js";
import { Buffer } from "./buffer.js";

const UNRESERVED = /[^A-Za-z0-9\-_.!~*'()]/;

/** Percent-encodes all but the unreserved characters. */
export function escape(value) {
    const text = typeof value === "string" ? value : typeof value === "object" ? String(value) : `${value}`;
    if (!UNRESERVED.test(text)) {
        return text;
    }
    if (!text.isWellFormed()) {
        throw nodeError(URIError, "ERR_INVALID_URI", "URI malformed");
    }
    return encodeURIComponent(text);
}

/** The bytes of a percent-encoded string. */
export function unescapeBuffer(text) {
    const bytes = [];
    const source = Buffer.from(text);
    for (let at = 0; at < source.length; at++) {
        const digits = source[at] === 0x25 ? source.latin1Slice(at + 1, at + 3) : "";
        if (/^[0-9a-fA-F]{2}$/.test(digits)) {
            bytes.push(Number.parseInt(digits, 16));
            at += 2;
        } else {
            bytes.push(source[at]);
        }
    }
    return Buffer.from(bytes);
}

/** Undoes `escape`; what is no valid encoding becomes replacement characters. */
export function unescape(text) {
    try {
        return decodeURIComponent(text);
    } catch {
        return unescapeBuffer(text).toString();
    }
}

function primitive(value) {
    switch (typeof value) {
        case "string":
            return value;
        case "number":
            return Number.isFinite(value) ? `${value}` : "";
        case "bigint":
        case "boolean":
            return `${value}`;
        default:
            return "";
    }
}

/** The query string of an object. */
export function stringify(object, separator = "&", equals = "=", options = undefined) {
    if (object === null || typeof object !== "object") {
        return "";
    }
    const encode = typeof options?.encodeURIComponent === "function" ? options.encodeURIComponent : module.escape;
    const encoded = (value) => encode(primitive(value));
    const pairs = [];
    for (const key of Object.keys(object)) {
        const name = encoded(key) + (equals || "=");
        const value = object[key];
        for (const item of Array.isArray(value) ? value : [value]) {
            pairs.push(name + encoded(item));
        }
    }
    return pairs.join(separator || "&");
}

/** The object of a query string. */
export function parse(text, separator = "&", equals = "=", options = undefined) {
    const result = { __proto__: null };
    if (typeof text !== "string" || text === "") {
        return result;
    }
    const decode = typeof options?.decodeURIComponent === "function" ? options.decodeURIComponent : module.unescape;
    const decoded = (part) => {
        const spaced = part.replaceAll("+", " ");
        try {
            return decode(spaced);
        } catch {
            return unescape(spaced);
        }
    };
    const limit = typeof options?.maxKeys === "number" ? options.maxKeys : 1000;
    let pairs = text.split(separator || "&").filter((pair) => pair !== "");
    if (limit > 0) {
        pairs = pairs.slice(0, limit);
    }
    const sign = equals || "=";
    for (const pair of pairs) {
        const at = pair.indexOf(sign);
        const name = decoded(at === -1 ? pair : pair.slice(0, at));
        const value = at === -1 ? "" : decoded(pair.slice(at + sign.length));
        if (!(name in result)) {
            result[name] = value;
        } else if (Array.isArray(result[name])) {
            result[name].push(value);
        } else {
            result[name] = [result[name], value];
        }
    }
    return result;
}

export { parse as decode, stringify as encode };
const module = { unescapeBuffer, unescape, escape, stringify, encode: stringify, parse, decode: parse };
export default module;
