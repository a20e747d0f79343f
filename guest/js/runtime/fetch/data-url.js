/**
 * What `fetch()` gives for a `data:` URL (https://fetch.spec.whatwg.org/#data-urls).
 *
 * Invariant: needs no host but to decode.
 */

import { host } from "../host.js";
import { localResponse } from "./response.js";

const DEFAULT_TYPE = "text/plain;charset=US-ASCII";

/**
 * @param {string} href A parsed `data:` URL.
 * @returns {import("./response.js").Response | undefined} `undefined` when it is malformed.
 */
export function fetchDataUrl(href) {
    const hash = href.indexOf("#");
    const url = hash === -1 ? href : href.slice(0, hash);
    const comma = url.indexOf(",");
    if (comma === -1) {
        return undefined;
    }
    let type = url.slice("data:".length, comma).trim();
    let bytes = percentDecode(url.slice(comma + 1));
    const base64 = /; *base64$/iu.exec(type);
    if (base64 !== null) {
        type = type.slice(0, base64.index);
        const decoded = host.atob(host.latin1Decode(bytes));
        bytes = decoded === undefined ? new Uint8Array(0) : new Uint8Array(host.latin1Encode(decoded));
    }
    if (type.startsWith(";")) {
        type = `text/plain${type}`;
    }
    return localResponse(bytes, type.includes("/") ? type : DEFAULT_TYPE);
}

function hexDigit(code) {
    if (code >= 0x30 && code <= 0x39) {
        return code - 0x30;
    }
    const letter = (code | 0x20) - 0x61;
    return letter >= 0 && letter < 6 ? letter + 10 : -1;
}

function percentDecode(text) {
    const encoded = new Uint8Array(host.utf8Encode(text));
    let to = 0;
    for (let from = 0; from < encoded.length; from += 1) {
        let byte = encoded[from];
        if (byte === 0x25 && from + 2 < encoded.length) {
            const high = hexDigit(encoded[from + 1]);
            const low = hexDigit(encoded[from + 2]);
            if (high !== -1 && low !== -1) {
                byte = high * 16 + low;
                from += 2;
            }
        }
        encoded[to] = byte;
        to += 1;
    }
    return encoded.subarray(0, to);
}
