/**
 * A stand-in for the native side, made of node's own functions, so that logic of the runtime can be tested without the
 * engine. Import it before anything of the runtime.
 *
 * Operations (what takes effect after the turn) are noted in `operations` as `[name, ...arguments]`.
 *
 * Invariant: answers as the contract says, but keeps no state beyond `operations`, `clock` and the registered handlers.
 */

import { createHash, createHmac, randomBytes } from "node:crypto";
import { types } from "node:util";
import { deserialize, serialize } from "node:v8";
import * as zlib from "node:zlib";

const NodeURL = globalThis.URL;
const NodeURLSearchParams = globalThis.URLSearchParams;
const NodeTextDecoder = globalThis.TextDecoder;
const { atob: nodeAtob, structuredClone: nodeClone } = globalThis;

/** What the runtime asked for, in order. */
export const operations = [];

/** The clock that `now()` reads, in milliseconds. */
export const clock = { nowMs: 1_000 };

/** The object of handlers that the runtime registered. */
export let handlers;

/** Makes `host.<name>` note its arguments in `operations`. */
function operation(name) {
    return (...args) => {
        operations.push([name, ...args]);
    };
}

function bytesOf(data) {
    if (ArrayBuffer.isView(data)) {
        return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    }
    return Buffer.from(data);
}

function bufferOf(bytes) {
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}

function urlTuple(url) {
    const { href } = url;
    const schemeEnd = url.protocol.length - 1;
    const hasAuthority = href.startsWith("://", schemeEnd);
    let usernameEnd = schemeEnd + 1;
    let hostStart = usernameEnd;
    let hostEnd = usernameEnd;
    if (hasAuthority) {
        usernameEnd = schemeEnd + 3 + url.username.length;
        const passwordLength = url.password === "" ? 0 : 1 + url.password.length;
        const hasCredentials = url.username !== "" || passwordLength !== 0;
        hostStart = usernameEnd + passwordLength + (hasCredentials ? 1 : 0);
        hostEnd = hostStart + url.hostname.length;
    }
    let rest = hostEnd + (url.port === "" ? 0 : 1 + url.port.length);
    if (!hasAuthority && href.startsWith("/.//", rest)) {
        rest += 2;
    }
    const fragmentStart = href.indexOf("#");
    const untilFragment = fragmentStart === -1 ? href : href.slice(0, fragmentStart);
    const queryStart = untilFragment.indexOf("?", rest);
    const port = url.port === "" ? -1 : Number(url.port);
    return [href, schemeEnd, usernameEnd, hostStart, hostEnd, port, rest, queryStart, fragmentStart, url.origin];
}

const urls = {
    urlParse(input, base) {
        try {
            return urlTuple(new NodeURL(input, base));
        } catch {
            return undefined;
        }
    },
    urlSet(href, which, value) {
        const url = new NodeURL(href);
        url[which] = value;
        return urlTuple(url);
    },
    formParse: (text) => [...new NodeURLSearchParams(text.startsWith("?") ? `?${text}` : text)].flat(),
    formSerialize(flat) {
        const pairs = new NodeURLSearchParams();
        for (let i = 0; i < flat.length; i += 2) {
            pairs.append(flat[i], flat[i + 1]);
        }
        return pairs.toString();
    },
};

const text = {
    utf8Encode: (string) => bufferOf(Buffer.from(string)),
    utf8EncodeInto(string, view) {
        const { read, written } = new TextEncoder().encodeInto(string, view);
        return [read, written];
    },
    utf8Decode: (data) => new NodeTextDecoder("utf-8", { ignoreBOM: true }).decode(bytesOf(data)),
    utf8DecodeFatal(data) {
        try {
            return new NodeTextDecoder("utf-8", { ignoreBOM: true, fatal: true }).decode(bytesOf(data));
        } catch {
            return undefined;
        }
    },
    utf8Length: (string) => Buffer.byteLength(string),
    encodingName(label) {
        try {
            return new NodeTextDecoder(label).encoding;
        } catch {
            return undefined;
        }
    },
    decoderNew(name, fatal, ignoreBOM) {
        const decoder = new NodeTextDecoder(name, { fatal, ignoreBOM });
        return { decode: (data, stream) => decoder.decode(bytesOf(data), { stream }) };
    },
    latin1Decode: (data) => bytesOf(data).toString("latin1"),
    latin1Encode: (string) => bufferOf(Buffer.from(string, "latin1")),
};

const binary = {
    base64Encode(data, urlAlphabet, omitPadding) {
        const encoded = bytesOf(data).toString(urlAlphabet ? "base64url" : "base64");
        if (!urlAlphabet) {
            return omitPadding ? encoded.replace(/=+$/u, "") : encoded;
        }
        return omitPadding ? encoded : encoded + "=".repeat((4 - (encoded.length % 4)) % 4);
    },
    base64Decode(string, urlAlphabet, lastChunkHandling) {
        const alphabet = urlAlphabet ? /^[\w-]*={0,2}$/u : /^[A-Za-z0-9+/]*={0,2}$/u;
        const bare = string.replace(/[\t\n\f\r ]/gu, "");
        const unpadded = bare.replace(/=+$/u, "");
        const padded = bare !== unpadded || lastChunkHandling === "strict";
        if (!alphabet.test(bare) || unpadded.length % 4 === 1 || (padded && bare.length % 4 !== 0)) {
            return undefined;
        }
        return [bufferOf(Buffer.from(unpadded, urlAlphabet ? "base64url" : "base64")), string.length];
    },
    btoa: (string) => (/^[\0-\xff]*$/u.test(string) ? Buffer.from(string, "latin1").toString("base64") : undefined),
    atob(string) {
        try {
            return nodeAtob(string);
        } catch {
            return undefined;
        }
    },
    hexEncode: (data) => bytesOf(data).toString("hex"),
    hexDecode(string) {
        return /^(?:[0-9a-f]{2})*$/iu.test(string) ? bufferOf(Buffer.from(string, "hex")) : undefined;
    },
    digest: (name, data) => bufferOf(createHash(name.replace("-", "")).update(bytesOf(data)).digest()),
    hmac: (name, key, data) => bufferOf(createHmac(name.replace("-", ""), bytesOf(key)).update(bytesOf(data)).digest()),
};

/** A codec that does everything at the end. */
function codec(code) {
    const chunks = [];
    let output = [];
    return {
        push(bytes, isLast) {
            chunks.push(Buffer.from(bytesOf(bytes)));
            output = isLast ? [bufferOf(code(Buffer.concat(chunks))), "complete"] : [];
        },
        pull: () => (output.length > 1 ? output.shift() : (output[0] ?? "hungry")),
    };
}

const COMPRESS = { gzip: zlib.gzipSync, deflate: zlib.deflateSync, "deflate-raw": zlib.deflateRawSync };
const DECOMPRESS = {
    gzip: zlib.gunzipSync, "gzip-members": zlib.gunzipSync, deflate: zlib.inflateSync,
    "deflate-raw": zlib.inflateRawSync,
};

const compression = {
    compressorNew: (format) => codec(COMPRESS[format]),
    decompressorNew: (format) => codec(DECOMPRESS[format]),
};

function classOf(value) {
    if (types.isProxy(value)) {
        return "Proxy";
    }
    if (value instanceof Error) {
        return "Error";
    }
    return Object.prototype.toString.call(value).slice(8, -1);
}

const values = {
    serialize: (value) => bufferOf(serialize(value)),
    deserialize: (data) => deserialize(bytesOf(data)),
    cloneValue: (value) => nodeClone(value),
    detach: (buffer) => nodeClone(buffer, { transfer: [buffer] }),
    classOf,
};

const OPERATIONS = [
    "log", "declare", "refuse", "settle", "settleResponse", "fail", "waitUntilBegin", "waitUntilEnd", "callFetch",
    "callSleep", "callSync", "callEnterCritical", "leaveCritical", "cancel", "bodyPull", "bodyCancel", "bodyChunk",
    "bodyEnd", "bodyFailed", "socketDrop", "platformClasses",
];

globalThis.__emu_host = {
    ...Object.fromEntries(OPERATIONS.map((name) => [name, operation(name)])),
    now: () => clock.nowMs,
    random: (length) => bufferOf(randomBytes(length)),
    inGlobalScope: () => false,
    contextTracking() {},
    frame: () => undefined,
    setFrame() {},
    handlers(registered) {
        handlers = registered;
    },
    ...urls,
    ...text,
    ...binary,
    ...compression,
    ...values,
};

/** The fake itself, for tests that replace one of its functions. */
export const host = globalThis.__emu_host;
