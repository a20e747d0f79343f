/**
 * `node:crypto`, as far as digests, MACs and random values go.
 *
 * Invariant: all computation is the host's; keys are not kept after use.
 */

import { host } from "../host.js";
import { requireHandler } from "../scope.js";
import { CryptoKey } from "../web/crypto/key.js";
import { crypto as webcrypto } from "../web/crypto/crypto.js";
import { Buffer } from "./buffer.js";
import { CRYPTO } from "./constants.js";
import {
    invalidArgType,
    nodeError,
    notImplemented,
    outOfRange,
    validateFunction,
    validateNumber,
    validateString,
} from "./errors.js";
import { Transform } from "./stream.js";

const ALGORITHMS = new Map([
    ["md5", "MD5"],
    ["rsa-md5", "MD5"],
    ["sha1", "SHA-1"],
    ["sha-1", "SHA-1"],
    ["rsa-sha1", "SHA-1"],
    ["sha256", "SHA-256"],
    ["sha-256", "SHA-256"],
    ["rsa-sha256", "SHA-256"],
    ["sha384", "SHA-384"],
    ["sha-384", "SHA-384"],
    ["rsa-sha384", "SHA-384"],
    ["sha512", "SHA-512"],
    ["sha-512", "SHA-512"],
    ["rsa-sha512", "SHA-512"],
]);
const DATA = ["string", "Buffer", "TypedArray", "DataView"];

function algorithmOf(name) {
    validateString(name, "algorithm");
    const algorithm = ALGORITHMS.get(name.toLowerCase());
    if (algorithm === undefined) {
        throw new Error("Digest method not supported");
    }
    return algorithm;
}

function bytesOf(data, encoding, name) {
    if (typeof data === "string") {
        return Buffer.from(data, encoding === "buffer" ? "utf8" : encoding);
    }
    if (ArrayBuffer.isView(data)) {
        return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    }
    throw invalidArgType(name, DATA, data);
}

function finalized() {
    return nodeError(Error, "ERR_CRYPTO_HASH_FINALIZED", "Digest already called");
}

/** What `Hash` and `Hmac` share: data comes in parts and is computed at once, at the end. */
class Accumulator extends Transform {
    #chunks = [];
    #compute;
    #done = false;

    constructor(compute, options) {
        super(options);
        this.#compute = compute;
    }

    update(data, encoding) {
        if (this.#done) {
            throw finalized();
        }
        // What the caller does to its buffer afterwards must not matter.
        this.#chunks.push(Buffer.from(bytesOf(data, encoding, "data")));
        return this;
    }

    digest(encoding) {
        if (this.#done) {
            return this.digestAgain(encoding);
        }
        this.#done = true;
        const result = Buffer.from(this.#compute(Buffer.concat(this.#chunks)));
        this.#chunks = [];
        return encoding === undefined || encoding === "buffer" ? result : result.toString(encoding);
    }

    digestAgain() {
        throw finalized();
    }

    partsSoFar() {
        if (this.#done) {
            throw finalized();
        }
        return this.#chunks;
    }

    _transform(chunk, encoding, callback) {
        this.update(chunk, encoding);
        callback();
    }

    _flush(callback) {
        this.push(this.digest());
        callback();
    }
}

/** A digest. */
export class Hash extends Accumulator {
    #algorithm;
    #options;

    constructor(algorithm, options) {
        const name = algorithmOf(algorithm);
        super((bytes) => host.digest(name, bytes), options);
        this.#algorithm = algorithm;
        this.#options = options;
    }

    copy(options) {
        const copy = new Hash(this.#algorithm, options ?? this.#options);
        this.partsSoFar().forEach((part) => copy.update(part));
        return copy;
    }
}

/** A keyed digest. */
export class Hmac extends Accumulator {
    constructor(algorithm, key, options) {
        validateString(algorithm, "hmac");
        const name = algorithmOf(algorithm);
        const secret = Buffer.from(keyBytes(key, options?.encoding));
        super((bytes) => host.hmac(name, secret, bytes), options);
    }

    digestAgain(encoding) {
        return encoding === undefined || encoding === "buffer" ? Buffer.alloc(0) : "";
    }
}

function keyBytes(key, encoding) {
    if (key instanceof SecretKeyObject) {
        return key.export();
    }
    if (key instanceof ArrayBuffer) {
        return new Uint8Array(key);
    }
    if (typeof key !== "string" && !ArrayBuffer.isView(key)) {
        throw invalidArgType(
            "key",
            ["ArrayBuffer", "Buffer", "TypedArray", "DataView", "string", "KeyObject", "CryptoKey"],
            key,
        );
    }
    return bytesOf(key, encoding, "key");
}

/** Secret bytes as an object. */
export class SecretKeyObject {
    #bytes;

    constructor(bytes) {
        this.#bytes = Buffer.from(bytes);
    }

    get type() {
        return "secret";
    }
    get symmetricKeySize() {
        return this.#bytes.length;
    }
    export(options) {
        return options?.format === "jwk"
            ? { kty: "oct", k: this.#bytes.toString("base64url") }
            : Buffer.from(this.#bytes);
    }
    equals(other) {
        return other instanceof SecretKeyObject && timingSafeEqualBytes(this.#bytes, other.export());
    }
}
export { SecretKeyObject as KeyObject };

export function createSecretKey(key, encoding) {
    return new SecretKeyObject(keyBytes(key, encoding));
}

export function createHash(algorithm, options) {
    return new Hash(algorithm, options);
}

export function createHmac(algorithm, key, options) {
    return new Hmac(algorithm, key, options);
}

/** The digest of data that is there as a whole. */
export function hash(algorithm, data, outputEncoding = "hex") {
    return createHash(algorithm).update(data).digest(outputEncoding);
}

export function getHashes() {
    return [...ALGORITHMS.keys()]
        .filter((name) => !/^sha-|^rsa-/.test(name))
        .concat("RSA-MD5", "RSA-SHA1", "RSA-SHA256", "RSA-SHA384", "RSA-SHA512");
}

export const getCiphers = () => [];
export const getCurves = () => [];
export const getFips = () => 0;
export const fips = false;
export const constants = CRYPTO;

const RANDOM_CHUNK_BYTES = 65536;

function fillRandom(view) {
    requireHandler();
    for (let at = 0; at < view.length; at += RANDOM_CHUNK_BYTES) {
        const length = Math.min(RANDOM_CHUNK_BYTES, view.length - at);
        view.set(new Uint8Array(host.random(length)), at);
    }
    return view;
}

/** Random bytes, at once or by a callback. */
export function randomBytes(size, callback) {
    validateNumber(size, "size", 0, 0x7fffffff);
    if (callback !== undefined) {
        validateFunction(callback, "callback");
    }
    const bytes = fillRandom(Buffer.alloc(size));
    if (callback === undefined) {
        return bytes;
    }
    queueMicrotask(() => callback(null, bytes));
    return undefined;
}
export { randomBytes as pseudoRandomBytes };

export function randomFillSync(buffer, offset = 0, size = undefined) {
    if (!ArrayBuffer.isView(buffer) && !(buffer instanceof ArrayBuffer)) {
        throw invalidArgType("buf", ["ArrayBuffer", "ArrayBufferView"], buffer);
    }
    const bytes = ArrayBuffer.isView(buffer)
        ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
        : new Uint8Array(buffer);
    const unit = buffer.BYTES_PER_ELEMENT ?? 1;
    validateNumber(offset, "offset", 0, bytes.length / unit);
    const start = offset * unit;
    fillRandom(bytes.subarray(start, size === undefined ? undefined : start + size * unit));
    return buffer;
}

export function randomFill(buffer, ...rest) {
    const callback = rest.pop();
    validateFunction(callback, "callback");
    randomFillSync(buffer, ...rest);
    queueMicrotask(() => callback(null, buffer));
}

/** An integer in `[min, max)`, without bias. */
export function randomInt(min, max, callback) {
    if (max === undefined || typeof max === "function") {
        [min, max, callback] = [0, min, max];
    }
    if (!Number.isSafeInteger(min)) {
        throw invalidArgType("min", "a safe integer", min);
    }
    if (!Number.isSafeInteger(max)) {
        throw invalidArgType("max", "a safe integer", max);
    }
    if (max <= min) {
        throw outOfRange("min", "min < max", min);
    }
    const range = max - min;
    if (range > 2 ** 48 - 1) {
        throw outOfRange("max - min", `<= ${2 ** 48 - 1}`, range);
    }
    const limit = 2 ** 48 - (2 ** 48 % range);
    let value;
    do {
        value = randomBytes(6).readUIntBE(0, 6);
    } while (value >= limit);
    const result = min + (value % range);
    if (callback === undefined) {
        return result;
    }
    queueMicrotask(() => callback(undefined, result));
    return undefined;
}

export function randomUUID() {
    return webcrypto.randomUUID();
}

export function getRandomValues(view) {
    return webcrypto.getRandomValues(view);
}

function timingSafeEqualBytes(a, b) {
    if (a.length !== b.length) {
        return false;
    }
    let difference = 0;
    for (let at = 0; at < a.length; at++) {
        difference |= a[at] ^ b[at];
    }
    return difference === 0;
}

/** Compares in a time that depends on the length only. */
export function timingSafeEqual(a, b) {
    const views = [
        [a, "buf1"],
        [b, "buf2"],
    ].map(([value, name]) => {
        if (!ArrayBuffer.isView(value) && !(value instanceof ArrayBuffer)) {
            throw invalidArgType(name, ["ArrayBuffer", "Buffer", "TypedArray", "DataView"], value);
        }
        return ArrayBuffer.isView(value)
            ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
            : new Uint8Array(value);
    });
    if (views[0].length !== views[1].length) {
        throw new TypeError("Input buffers must have the same byte length.");
    }
    return timingSafeEqualBytes(views[0], views[1]);
}

/** PBKDF2 of RFC 8018, with the host's HMAC. */
export function pbkdf2Sync(password, salt, iterations, keylen, digest) {
    const name = algorithmOf(digest);
    validateNumber(iterations, "iterations", 1, 0x7fffffff);
    validateNumber(keylen, "keylen", 0, 0x7fffffff);
    const secret = Buffer.from(keyBytes(password));
    const seed = Buffer.from(keyBytes(salt));
    const parts = [];
    for (let index = 1, length = 0; length < keylen; index++) {
        const counter = Buffer.alloc(4);
        counter.writeUInt32BE(index);
        let round = new Uint8Array(host.hmac(name, secret, Buffer.concat([seed, counter])));
        const block = round.slice();
        for (let at = 1; at < iterations; at++) {
            round = new Uint8Array(host.hmac(name, secret, round));
            for (let byte = 0; byte < block.length; byte++) {
                block[byte] ^= round[byte];
            }
        }
        parts.push(block);
        length += block.length;
    }
    return Buffer.concat(parts, keylen);
}

export function pbkdf2(password, salt, iterations, keylen, digest, callback) {
    validateFunction(callback, "callback");
    const key = pbkdf2Sync(password, salt, iterations, keylen, digest);
    queueMicrotask(() => callback(null, key));
}

/** HKDF of RFC 5869. */
export function hkdfSync(digest, key, salt, info, keylen) {
    const name = algorithmOf(digest);
    const size = host.digest(name, new Uint8Array()).byteLength;
    validateNumber(keylen, "length", 0, 255 * size);
    const given = Buffer.from(keyBytes(salt));
    const extracted = new Uint8Array(
        host.hmac(name, given.length === 0 ? new Uint8Array(size) : given, Buffer.from(keyBytes(key))),
    );
    const context = Buffer.from(keyBytes(info));
    const parts = [];
    let previous = new Uint8Array();
    for (let index = 1, length = 0; length < keylen; index++) {
        previous = new Uint8Array(
            host.hmac(name, extracted, Buffer.concat([previous, context, new Uint8Array([index])])),
        );
        parts.push(previous);
        length += previous.length;
    }
    const result = Buffer.concat(parts, keylen);
    return result.buffer.slice(result.byteOffset, result.byteOffset + keylen);
}

export function hkdf(digest, key, salt, info, keylen, callback) {
    validateFunction(callback, "callback");
    const derived = hkdfSync(digest, key, salt, info, keylen);
    queueMicrotask(() => callback(null, derived));
}

function missing(name) {
    return {
        [name]() {
            throw notImplemented(`crypto.${name}`);
        },
    }[name];
}

export const createCipheriv = missing("createCipheriv");
export const createDecipheriv = missing("createDecipheriv");
export const createSign = missing("createSign");
export const createVerify = missing("createVerify");
export const createPrivateKey = missing("createPrivateKey");
export const createPublicKey = missing("createPublicKey");
export const createDiffieHellman = missing("createDiffieHellman");
export const createECDH = missing("createECDH");
export const generateKeyPair = missing("generateKeyPair");
export const generateKeyPairSync = missing("generateKeyPairSync");
export const generateKey = missing("generateKey");
export const generateKeySync = missing("generateKeySync");
export const privateDecrypt = missing("privateDecrypt");
export const privateEncrypt = missing("privateEncrypt");
export const publicDecrypt = missing("publicDecrypt");
export const publicEncrypt = missing("publicEncrypt");
export const scrypt = missing("scrypt");
export const scryptSync = missing("scryptSync");
export const sign = missing("sign");
export const verify = missing("verify");

export const { subtle } = webcrypto;
export { CryptoKey, webcrypto };
