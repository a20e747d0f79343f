/**
 * `crypto`: random values, and the way to `crypto.subtle`.
 *
 * Invariant: gives no random value outside of handlers, and keeps none from before the isolate was frozen.
 */

import { enabled } from "../../flags.js";
import { host } from "../../host.js";
import { requireHandler } from "../../scope.js";
import { DOMException } from "../dom-exception.js";
import { defineInterface, illegalConstructor, illegalInvocation, parameterError } from "../webidl.js";
import { DigestStream } from "./digest-stream.js";
import "./hmac.js";
import { subtle } from "./subtle.js";

const MAX_BYTES = 65_536;
const UUID_DIGITS = 32;
const POOLED_UUIDS = 32;

/** The digit of a UUID that tells its variant, for each random digit. */
const VARIANTS = Object.fromEntries([..."0123456789abcdef"].map((digit, value) => [digit, "89ab"[value % 4]]));

/** Random digits for the next UUIDs: one question to the host answers many, but in tests, where objects share a pool. */
let pool = "";
let pooled = 0;

const permit = {};

function isIntegerView(view) {
    switch (Object.prototype.toString.call(view)) {
        case "[object DataView]":
        case "[object Float16Array]":
        case "[object Float32Array]":
        case "[object Float64Array]":
            return false;
        default:
            return true;
    }
}

/** https://w3c.github.io/webcrypto/#crypto-interface */
export class Crypto {
    #brand = true;

    constructor(token) {
        if (token !== permit) {
            throw illegalConstructor();
        }
    }

    get subtle() {
        if (!(#brand in this)) {
            throw illegalInvocation();
        }
        return subtle;
    }

    /**
     * Fills a view with random values.
     *
     * @param {ArrayBufferView} view At most 65,536 bytes, of an integer type.
     * @returns {ArrayBufferView} The view.
     */
    getRandomValues(view) {
        if (!(#brand in this)) {
            throw illegalInvocation();
        }
        if (!ArrayBuffer.isView(view)) {
            throw parameterError("getRandomValues", "Crypto", 1, "ArrayBufferView");
        }
        if (!isIntegerView(view)) {
            throw new DOMException(
                "ArrayBufferView argument to getRandomValues() must be an integer-typed view.",
                "TypeMismatchError",
            );
        }
        const { byteLength } = view;
        if (byteLength > MAX_BYTES) {
            throw new DOMException(
                `getRandomValues() only accepts buffers of size <= 64K but provided ${byteLength} bytes.`,
                "QuotaExceededError",
            );
        }
        requireHandler();
        new Uint8Array(view.buffer, view.byteOffset, byteLength).set(new Uint8Array(host.random(byteLength)));
        return view;
    }

    get DigestStream() {
        if (!(#brand in this)) {
            throw illegalInvocation();
        }
        return DigestStream;
    }

    /** A UUID of version 4. */
    randomUUID() {
        if (!(#brand in this)) {
            throw illegalInvocation();
        }
        requireHandler();
        if (pooled === pool.length) {
            const uuids = enabled("emu_test") ? 1 : POOLED_UUIDS;
            pool = host.hexEncode(host.random((UUID_DIGITS / 2) * uuids));
            pooled = 0;
        }
        const at = pooled;
        pooled += UUID_DIGITS;
        const first = `${pool.slice(at, at + 8)}-${pool.slice(at + 8, at + 12)}-4${pool.slice(at + 13, at + 16)}`;
        return `${first}-${VARIANTS[pool[at + 16]]}${pool.slice(at + 17, at + 20)}-${pool.slice(at + 20, at + 32)}`;
    }
}

defineInterface(Crypto);

/** The global `crypto`. */
export const crypto = new Crypto(permit);
