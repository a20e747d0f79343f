/**
 * `atob()` and `btoa()`.
 *
 * Invariant: the alphabet is the host's business.
 */

import { host } from "../host.js";
import { DOMException } from "./dom-exception.js";
import { parameterError, string } from "./webidl.js";

const NOT_BASE64 =
    "atob() called with invalid base64-encoded data. (Only whitespace, '+', '/', alphanumeric ASCII, and up to two " +
    "terminal '=' signs when the input data length is divisible by 4 are allowed.)";

/**
 * @param {string} data Base64, with or without padding and spaces.
 * @returns {string} One character per byte.
 * @throws {DOMException} `InvalidCharacterError`.
 */
export function atob(data) {
    if (arguments.length === 0) {
        throw parameterError("atob", "ServiceWorkerGlobalScope", 1, "string");
    }
    const decoded = host.atob(string(data));
    if (decoded === undefined) {
        throw new DOMException(NOT_BASE64, "InvalidCharacterError");
    }
    return decoded;
}

/**
 * @param {string} data One character per byte.
 * @returns {string} Base64.
 * @throws {DOMException} `InvalidCharacterError` for characters beyond U+00FF.
 */
export function btoa(data) {
    if (arguments.length === 0) {
        throw parameterError("btoa", "ServiceWorkerGlobalScope", 1, "String");
    }
    const encoded = host.btoa(string(data));
    if (encoded === undefined) {
        throw new DOMException(
            "btoa() can only operate on characters in the Latin1 (ISO/IEC 8859-1) range.",
            "InvalidCharacterError",
        );
    }
    return encoded;
}
