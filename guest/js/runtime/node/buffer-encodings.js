/**
 * The encodings of `Buffer`: text to bytes and back.
 *
 * Invariant: the work on text is the engine's; nothing here loops over bytes but UTF-16.
 */

import { host } from "../host.js";

const NAMES = new Map(
    [
        ["utf8", "utf8"], ["utf-8", "utf8"], ["hex", "hex"], ["base64", "base64"], ["base64url", "base64url"],
        ["latin1", "latin1"], ["binary", "latin1"], ["ascii", "ascii"], ["ucs2", "utf16le"], ["ucs-2", "utf16le"],
        ["utf16le", "utf16le"], ["utf-16le", "utf16le"],
    ],
);

/** The canonical name of an encoding, or `undefined`. */
export function encodingName(name) {
    return NAMES.get(name) ?? (typeof name === "string" ? NAMES.get(name.toLowerCase()) : undefined);
}

function utf16Encode(text) {
    const units = new Uint16Array(text.length);
    for (let at = 0; at < text.length; at++) {
        units[at] = text.charCodeAt(at);
    }
    return units.buffer; // Wasm and all machines it runs on here are little-endian.
}

const CHUNK = 4096;

function utf16Decode(bytes) {
    const length = bytes.length >>> 1;
    const units = new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + length * 2));
    let text = "";
    for (let at = 0; at < length; at += CHUNK) {
        text += String.fromCharCode.apply(null, units.subarray(at, at + CHUNK));
    }
    return text;
}

/** Node reads both alphabets, skips what belongs to neither, and stops at the padding. */
function base64Decode(text) {
    const end = text.indexOf("=");
    let bare = (end === -1 ? text : text.slice(0, end)).replaceAll("-", "+").replaceAll("_", "/");
    if (/[^A-Za-z0-9+/]/.test(bare)) {
        bare = bare.replace(/[^A-Za-z0-9+/]/g, "");
    }
    if (bare.length % 4 === 1) {
        bare = bare.slice(0, -1);
    }
    return host.base64Decode(bare, false, "loose")[0];
}

const HEX = /^(?:[0-9a-fA-F]{2})*/;

function hexDecode(text) {
    return host.hexDecode(text) ?? host.hexDecode(HEX.exec(text)[0]);
}

/**
 * The bytes of `text`.
 *
 * @param {string} text
 * @param {string} encoding Canonical.
 * @returns {ArrayBuffer} Fresh.
 */
export function encode(text, encoding) {
    switch (encoding) {
        case "utf8":
            return host.utf8Encode(text);
        case "hex":
            return hexDecode(text);
        case "base64":
        case "base64url":
            return base64Decode(text);
        case "utf16le":
            return utf16Encode(text);
        default:
            return host.latin1Encode(text);
    }
}

/** How many bytes `text` has. */
export function encodedLength(text, encoding) {
    switch (encoding) {
        case "utf8":
            return host.utf8Length(text);
        case "hex":
            return text.length >>> 1;
        case "base64":
        case "base64url": {
            let length = text.length;
            while (length > 0 && text.charCodeAt(length - 1) === 61) {
                length -= 1;
            }
            return (length * 3) >>> 2;
        }
        case "utf16le":
            return text.length * 2;
        default:
            return text.length;
    }
}

/**
 * The text of `bytes`.
 *
 * @param {Uint8Array} bytes
 * @param {string} encoding Canonical.
 */
export function decode(bytes, encoding) {
    switch (encoding) {
        case "utf8":
            return host.utf8Decode(bytes);
        case "hex":
            return host.hexEncode(bytes);
        case "base64":
            return host.base64Encode(bytes, false, false);
        case "base64url":
            return host.base64Encode(bytes, true, true);
        case "utf16le":
            return utf16Decode(bytes);
        case "ascii":
            return host.latin1Decode(bytes.map((byte) => byte & 0x7f));
        default:
            return host.latin1Decode(bytes);
    }
}
