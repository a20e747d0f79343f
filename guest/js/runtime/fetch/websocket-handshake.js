/**
 * What `new WebSocket()` asks the other side for.
 *
 * Invariant: checks arguments only; opens nothing.
 */

import { DOMException } from "../web/dom-exception.js";
import { normalizeUrl } from "../web/url.js";

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/u;

function syntaxError(message) {
    return new DOMException(`WebSocket Constructor: ${message}`, "SyntaxError");
}

/**
 * The URL of a socket, as it is shown and as it is fetched.
 *
 * @param {string} url `ws:` or `wss:`, without a fragment.
 * @returns {[string, string]}
 * @throws {DOMException} The platform's `SyntaxError`.
 */
export function handshakeUrl(url) {
    const href = normalizeUrl(url);
    if (href === undefined) {
        throw syntaxError("The url is invalid.");
    }
    if (!href.startsWith("ws:") && !href.startsWith("wss:")) {
        throw syntaxError("The url scheme must be ws or wss.");
    }
    if (href.includes("#")) {
        throw syntaxError("The url fragment must be empty.");
    }
    return [href, `http${href.slice(2)}`];
}

/**
 * The headers of the request, names and values by turns.
 *
 * @param {string | string[] | undefined} protocols What is offered.
 * @throws {DOMException} The platform's `SyntaxError`.
 */
export function handshakeHeaders(protocols) {
    const headers = ["upgrade", "websocket"];
    if (protocols === undefined) {
        return headers;
    }
    if (!Array.isArray(protocols)) {
        const token = `${protocols}`;
        if (!TOKEN.test(token)) {
            throw syntaxError("The protocol header token is invalid.");
        }
        headers.push("sec-websocket-protocol", token);
        return headers;
    }
    const tokens = protocols.map(String);
    if (new Set(tokens).size !== tokens.length) {
        throw syntaxError("The protocols header cannot have repeating values.");
    }
    if (!tokens.every((token) => TOKEN.test(token))) {
        throw syntaxError("One of the protocol header tokens is invalid.");
    }
    if (tokens.length > 0) {
        headers.push("sec-websocket-protocol", tokens.join(", "));
    }
    return headers;
}
