/**
 * HMAC keys. Their material is an `ArrayBuffer`.
 *
 * Invariant: the computation is the host's.
 */

import { host } from "../../host.js";
import { requireHandler } from "../../scope.js";
import { DOMException } from "../dom-exception.js";
import { bytesOf } from "../webidl.js";
import { checkUsages, digestOf, register, requireUsage } from "./algorithm.js";
import { equalBytes } from "./equal-bytes.js";
import { createJwk } from "./jwk.js";
import { createKey, keyMaterial } from "./key.js";

const USAGES = ["sign", "verify"];

/** What JSON web keys call HMAC with a digest. */
const JWK_NAMES = new Map([["SHA-1", "HS1"], ["SHA-256", "HS256"], ["SHA-384", "HS384"], ["SHA-512", "HS512"]]);

function hashOf(algorithm) {
    if (algorithm.hash === undefined) {
        throw new TypeError("Missing field \"hash\" in \"algorithm\".");
    }
    return digestOf(algorithm.hash);
}

function create(material, digest, lengthBits, extractable, usages) {
    return createKey({
        type: "secret",
        extractable,
        algorithm: { name: "HMAC", hash: { name: digest.name }, length: lengthBits },
        usages,
        material,
    });
}

/** Clears the bits of the last byte that a length does not reach. */
function clearBeyond(bytes, lengthBits) {
    const unused = bytes.length * 8 - lengthBits;
    if (unused > 0) {
        bytes[bytes.length - 1] &= 0xff << unused;
    }
}

function generateKey(algorithm, extractable, requested) {
    const digest = hashOf(algorithm);
    const lengthBits = algorithm.length === undefined ? digest.blockBits : Number(algorithm.length) | 0;
    const usages = checkUsages(requested, USAGES, "generate HMAC key");
    if (lengthBits <= 0) {
        throw new DOMException(
            `HMAC key length must be a non-zero unsigned long integer (requested ${lengthBits}).`,
            "OperationError",
        );
    }
    requireUsage(usages);
    requireHandler();
    const material = randomBytes(Math.ceil(lengthBits / 8));
    clearBeyond(material, lengthBits);
    return create(material.buffer, digest, lengthBits, extractable, usages);
}

/** The host gives at most 64 KiB at once. */
function randomBytes(length) {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += 65_536) {
        bytes.set(new Uint8Array(host.random(Math.min(65_536, length - at))), at);
    }
    return bytes;
}

function importKey(format, data, algorithm, extractable, requested) {
    const usages = checkUsages(requested, USAGES, "import secret HMAC key");
    requireUsage(usages);
    const digest = hashOf(algorithm);
    let material;
    if (format === "raw") {
        // A `Buffer` is a `Uint8Array` whose `slice()` does not copy.
        material = new Uint8Array(bytesOf(data));
    } else if (format === "jwk") {
        material = fromJwk(data, digest, extractable);
    } else {
        throw new DOMException(`Unrecognized key import format "${format}".`, "NotSupportedError");
    }
    const dataBits = material.length * 8;
    const lengthBits = algorithm.length === undefined ? dataBits : Number(algorithm.length) | 0;
    if (lengthBits <= 0 || lengthBits > dataBits || lengthBits <= dataBits - 8) {
        throw new DOMException(
            `Imported HMAC key length (${lengthBits}) must be a non-zero value up to 7 bits less than, and no ` +
            `greater than, the bit length of the raw key data (${dataBits}).`,
            "DataError",
        );
    }
    clearBeyond(material, lengthBits);
    return create(material.buffer, digest, lengthBits, extractable, usages);
}

function fromJwk(jwk, digest, extractable) {
    const fail = (what) => {
        throw new DOMException(what, "DataError");
    };
    if (jwk.kty !== "oct") {
        fail(
            "HMAC \"jwk\" key import requires a JSON Web Key with Key Type parameter (\"kty\") equal to \"oct\" " +
            `(encountered "${jwk.kty}").`,
        );
    }
    if (extractable && jwk.ext === false) {
        fail("JWK ext field for \"HMAC\" is set to false but extractable is true");
    }
    const decoded = jwk.k === undefined ? undefined : decodeKey(`${jwk.k}`);
    if (decoded === undefined) {
        fail("HMAC \"jwk\" key import requires a base64Url encoding of the key");
    }
    const expected = JWK_NAMES.get(digest.name);
    if (jwk.alg !== undefined && jwk.alg !== expected) {
        fail(
            "HMAC \"jwk\" key import specifies \"alg\" that is incompatible with the hash name " +
            `(encountered "${jwk.alg}", expected "${expected}").`,
        );
    }
    return new Uint8Array(decoded[0]);
}

/** Takes either alphabet, with padding or without, as the platform does. */
function decodeKey(text) {
    return host.base64Decode(text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/u, ""), true, "loose");
}

function exportKey(format, key) {
    const material = keyMaterial(key);
    if (format === "raw") {
        return material.slice(0);
    }
    if (format !== "jwk") {
        throw new DOMException(`Unimplemented key export format "${format}".`, "NotSupportedError");
    }
    const { name } = key.algorithm.hash;
    const alg = JWK_NAMES.get(name);
    if (alg === undefined) {
        throw new DOMException(
            `Unimplemented JWK key export format for key algorithm "${name}".`,
            "NotSupportedError",
        );
    }
    const k = host.base64Encode(material, true, true);
    return createJwk({ kty: "oct", key_ops: [...key.usages], alg, ext: key.extractable, k });
}

function sign(algorithm, key, data) {
    return host.hmac(key.algorithm.hash.name, keyMaterial(key), data);
}

function verify(algorithm, key, signature, data) {
    return equalBytes(new Uint8Array(sign(algorithm, key, data)), bytesOf(signature));
}

register({ name: "HMAC", generateKey, importKey, exportKey, sign, verify });
