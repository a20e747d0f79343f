/**
 * What the families of algorithms share: how callers name an algorithm and a digest, checks of usages, the registry.
 *
 * A family is one file. It registers an object with its `name` and those of the operations it has: `generateKey`,
 * `importKey`, `exportKey`, `sign`, `verify` and their like, each called with arguments that `subtle.js` has checked.
 *
 * Invariant: knows no family.
 */

import { DOMException } from "../dom-exception.js";
import { isObject } from "../webidl.js";

/** Usages in the order in which keys list them. */
const USAGES = ["encrypt", "decrypt", "sign", "verify", "deriveKey", "deriveBits", "wrapKey", "unwrapKey"];

/** Digests by their name in upper case; the blocks are those of HMAC, in bits. */
const DIGESTS = new Map([
    ["MD5", { name: "MD5", blockBits: 512 }],
    ["SHA-1", { name: "SHA-1", blockBits: 512 }],
    ["SHA-256", { name: "SHA-256", blockBits: 512 }],
    ["SHA-384", { name: "SHA-384", blockBits: 1024 }],
    ["SHA-512", { name: "SHA-512", blockBits: 1024 }],
]);

const families = new Map();

/** Makes a family known to `crypto.subtle`. */
export function register(family) {
    families.set(family.name.toUpperCase(), family);
}

/** The family of a name in any case; `undefined` when there is none. */
export function familyOf(name) {
    return families.get(name.toUpperCase());
}

/** The dictionary that stands for an algorithm: a name alone is one with nothing else. */
export function normalize(algorithm) {
    return isObject(algorithm) ? algorithm : { name: algorithm };
}

/** The name in a dictionary of `normalize()`. */
export function nameOf(algorithm) {
    return `${algorithm.name}`;
}

/**
 * A digest that a caller named.
 *
 * @param {string | {name: string}} algorithm In any case.
 * @returns {{name: string, blockBits: number}} The digest.
 * @throws {DOMException} `NotSupportedError`.
 */
export function digestOf(algorithm) {
    const digest = DIGESTS.get(nameOf(normalize(algorithm)).toUpperCase());
    if (digest === undefined) {
        throw new DOMException("Unrecognized or unimplemented digest algorithm requested.", "NotSupportedError");
    }
    return digest;
}

/**
 * Checks usages, and brings them into their order.
 *
 * @param {unknown[]} usages What the caller wants to do with the key.
 * @param {string[]} allowed What a key of this kind is for.
 * @param {string} attempt What the caller does, as the error's text says it: `generate HMAC key`.
 * @returns {string[]} Each usage once.
 * @throws {DOMException} `SyntaxError`.
 */
export function checkUsages(usages, allowed, attempt) {
    const wanted = new Set(usages.map((usage) => `${usage}`));
    for (const usage of wanted) {
        if (!allowed.includes(usage)) {
            throw new DOMException(`Attempt to ${attempt} with invalid usage "${usage}".`, "SyntaxError");
        }
    }
    return USAGES.filter((usage) => wanted.has(usage));
}

/** @throws {DOMException} `SyntaxError`, when a secret key would be good for nothing. */
export function requireUsage(usages) {
    if (usages.length === 0) {
        throw new DOMException("Secret/private CryptoKeys must have at least one usage.", "SyntaxError");
    }
}
