/**
 * `crypto.subtle`: checks arguments and keys, and hands over to the family of the algorithm.
 *
 * Invariant: every method answers with a promise, of its error too.
 */

import { host } from "../../host.js";
import { DOMException } from "../dom-exception.js";
import {
    bytesOf, defineInterface, illegalConstructor, illegalInvocation, isObject, parameterError,
} from "../webidl.js";
import { digestOf, familyOf, nameOf, normalize } from "./algorithm.js";
import { equalBytes } from "./equal-bytes.js";
import { isCryptoKey } from "./key.js";

const permit = {};

/** Runs an operation now, as it needs no one else, and answers with a promise. */
function promised(operation) {
    try {
        return Promise.resolve(operation());
    } catch (error) {
        return Promise.reject(error);
    }
}

function wrong(method, index, type) {
    return parameterError(method, "SubtleCrypto", index, type);
}

function requireCount(args, index, method, type) {
    if (args.length < index || args[index - 1] === undefined) {
        throw wrong(method, index, type);
    }
}

function requireKey(value, method, index) {
    if (!isCryptoKey(value)) {
        throw wrong(method, index, "CryptoKey");
    }
}

function requireBytes(value, method, index) {
    if (bytesOf(value) === undefined) {
        throw wrong(method, index, "BufferSource");
    }
}

function requireArray(value, method, index) {
    if (!Array.isArray(value)) {
        throw wrong(method, index, "Array");
    }
}

/** The family of a key, if the caller named its algorithm and the key is for this usage. */
function familyFor(key, algorithm, usage) {
    const name = nameOf(algorithm);
    const own = key.algorithm.name;
    if (name.toUpperCase() !== own.toUpperCase()) {
        throw new DOMException(
            `Requested algorithm "${name}" does not match this CryptoKey's algorithm "${own}".`,
            "InvalidAccessError",
        );
    }
    if (!key.usages.includes(usage)) {
        throw new DOMException(
            `Requested key usage "${usage}" does not match any usage listed in this CryptoKey.`,
            "InvalidAccessError",
        );
    }
    return operationOf(familyOf(own), usage);
}

function operationOf(family, operation) {
    if (family[operation] === undefined) {
        throw new DOMException(
            `The ${operation} operation is not implemented for "${family.name}".`,
            "NotSupportedError",
        );
    }
    return family;
}

function recognized(algorithm, what) {
    const name = nameOf(algorithm);
    const family = familyOf(name);
    if (family === undefined) {
        throw new DOMException(`Unrecognized ${what} algorithm "${name}" requested.`, "NotSupportedError");
    }
    return family;
}

/** `encrypt`, `decrypt` and `sign`: an algorithm, a key and data. */
function transform(args, usage, type) {
    requireCount(args, 1, usage, `string or ${type}`);
    const [given, key, data] = args;
    requireKey(key, usage, 2);
    requireBytes(data, usage, 3);
    const algorithm = normalize(given);
    return familyFor(key, algorithm, usage)[usage](algorithm, key, data);
}

function verify(args) {
    requireCount(args, 1, "verify", "string or SignAlgorithm");
    const [given, key, signature, data] = args;
    requireKey(key, "verify", 2);
    requireBytes(signature, "verify", 3);
    requireBytes(data, "verify", 4);
    const algorithm = normalize(given);
    return familyFor(key, algorithm, "verify").verify(algorithm, key, signature, data);
}

function digest(args) {
    requireCount(args, 1, "digest", "string or HashAlgorithm");
    requireBytes(args[1], "digest", 2);
    return host.digest(digestOf(args[0]).name, args[1]);
}

function generateKey(args) {
    requireCount(args, 1, "generateKey", "string or GenerateKeyAlgorithm");
    requireCount(args, 2, "generateKey", "boolean");
    requireArray(args[2], "generateKey", 3);
    const algorithm = normalize(args[0]);
    const family = operationOf(recognized(algorithm, "key generation"), "generateKey");
    return family.generateKey(algorithm, Boolean(args[1]), args[2]);
}

function importKey(args) {
    requireCount(args, 1, "importKey", "string");
    const [format, data, given, extractable, usages] = args;
    if (!isObject(data)) {
        throw wrong("importKey", 2, "BufferSource or JsonWebKey");
    }
    requireCount(args, 3, "importKey", "string or ImportKeyAlgorithm");
    requireCount(args, 4, "importKey", "boolean");
    requireArray(usages, "importKey", 5);
    const algorithm = normalize(given);
    const family = operationOf(recognized(algorithm, "key import"), "importKey");
    const isJwk = `${format}` === "jwk";
    if (isJwk && bytesOf(data) !== undefined) {
        throw new TypeError("Import data provided for \"jwk\" import format must be a JsonWebKey.");
    }
    if (!isJwk && bytesOf(data) === undefined) {
        throw new TypeError("Import data provided for buffer-based import formats must be a buffer source.");
    }
    return family.importKey(`${format}`, data, algorithm, Boolean(extractable), usages);
}

function exportKey(args) {
    requireCount(args, 1, "exportKey", "string");
    const [format, key] = args;
    requireKey(key, "exportKey", 2);
    const { name } = key.algorithm;
    if (!key.extractable) {
        throw new DOMException(`Attempt to export non-extractable ${name} key.`, "InvalidAccessError");
    }
    return operationOf(familyOf(name), "exportKey").exportKey(`${format}`, key);
}

/** `deriveKey` and `deriveBits`: an algorithm and the key to start from. */
function derive(args, usage) {
    requireCount(args, 1, usage, "string or DeriveKeyAlgorithm");
    const [given, key, ...rest] = args;
    requireKey(key, usage, 2);
    const algorithm = normalize(given);
    return familyFor(key, algorithm, usage)[usage](algorithm, key, ...rest);
}

function wrapKey([format, key, wrappingKey, given]) {
    requireKey(key, "wrapKey", 2);
    requireKey(wrappingKey, "wrapKey", 3);
    const algorithm = normalize(given);
    return familyFor(wrappingKey, algorithm, "wrapKey").wrapKey(format, key, wrappingKey, algorithm);
}

function unwrapKey([format, wrapped, unwrappingKey, given, ...rest]) {
    requireBytes(wrapped, "unwrapKey", 2);
    requireKey(unwrappingKey, "unwrapKey", 3);
    const algorithm = normalize(given);
    const family = familyFor(unwrappingKey, algorithm, "unwrapKey");
    return family.unwrapKey(format, wrapped, unwrappingKey, algorithm, ...rest);
}

/** https://w3c.github.io/webcrypto/#subtlecrypto-interface */
export class SubtleCrypto {
    #brand = true;

    constructor(token) {
        if (token !== permit) {
            throw illegalConstructor();
        }
    }

    static #check(subtle) {
        if (!(#brand in subtle)) {
            throw illegalInvocation();
        }
    }

    encrypt(...args) {
        SubtleCrypto.#check(this);
        return promised(() => transform(args, "encrypt", "EncryptAlgorithm"));
    }

    decrypt(...args) {
        SubtleCrypto.#check(this);
        return promised(() => transform(args, "decrypt", "EncryptAlgorithm"));
    }

    sign(...args) {
        SubtleCrypto.#check(this);
        return promised(() => transform(args, "sign", "SignAlgorithm"));
    }

    verify(...args) {
        SubtleCrypto.#check(this);
        return promised(() => verify(args));
    }

    digest(...args) {
        SubtleCrypto.#check(this);
        return promised(() => digest(args));
    }

    generateKey(...args) {
        SubtleCrypto.#check(this);
        return promised(() => generateKey(args));
    }

    deriveKey(...args) {
        SubtleCrypto.#check(this);
        return promised(() => derive(args, "deriveKey"));
    }

    deriveBits(...args) {
        SubtleCrypto.#check(this);
        return promised(() => derive(args, "deriveBits"));
    }

    importKey(...args) {
        SubtleCrypto.#check(this);
        return promised(() => importKey(args));
    }

    exportKey(...args) {
        SubtleCrypto.#check(this);
        return promised(() => exportKey(args));
    }

    wrapKey(...args) {
        SubtleCrypto.#check(this);
        return promised(() => wrapKey(args));
    }

    unwrapKey(...args) {
        SubtleCrypto.#check(this);
        return promised(() => unwrapKey(args));
    }

    /** Whether two buffers of the same length have the same bytes; takes the same time for all answers. */
    timingSafeEqual(left, right) {
        SubtleCrypto.#check(this);
        requireBytes(left, "timingSafeEqual", 1);
        requireBytes(right, "timingSafeEqual", 2);
        const a = bytesOf(left);
        const b = bytesOf(right);
        if (a.length !== b.length) {
            throw new TypeError("Input buffers must have the same byte length.");
        }
        return equalBytes(a, b);
    }
}

defineInterface(SubtleCrypto);

/** The one `SubtleCrypto`. */
export const subtle = new SubtleCrypto(permit);
