/**
 * `node:url`: the standard's classes, paths of files, and the old parser.
 *
 * Invariant: pure.
 */

import { URL } from "../web/url.js";
import { URLSearchParams } from "../web/url-search-params.js";
import { invalidArgType, nodeError, validateString } from "./errors.js";
import { resolve as resolvePath } from "./path.js";
import { toUnicode } from "./punycode.js";
import { format as formatLegacy, parse, resolve, resolveObject, Url } from "./url-legacy.js";

/** The path of a `file:` URL. */
export function fileURLToPath(input) {
    const url = typeof input === "string" ? new URL(input) : input;
    if (typeof url?.href !== "string" || typeof url.protocol !== "string") {
        throw invalidArgType("path", ["string", "URL"], input);
    }
    if (url.protocol !== "file:") {
        throw nodeError(TypeError, "ERR_INVALID_URL_SCHEME", "The URL must be of scheme file");
    }
    if (url.hostname !== "") {
        throw nodeError(TypeError, "ERR_INVALID_FILE_URL_HOST", 'File URL host must be "localhost" or empty on linux');
    }
    if (/%2f/i.test(url.pathname)) {
        throw nodeError(TypeError, "ERR_INVALID_FILE_URL_PATH", "File URL path must not include encoded / characters");
    }
    return decodeURIComponent(url.pathname);
}

const ESCAPES = { "%": "%25", "\\": "%5C", "\n": "%0A", "\r": "%0D", "\t": "%09", "?": "%3F", "#": "%23" };

/** The `file:` URL of a path. */
export function pathToFileURL(path) {
    validateString(path, "path");
    let absolute = resolvePath(path);
    if (path.endsWith("/") && !absolute.endsWith("/")) {
        absolute += "/";
    }
    return new URL(`file://${absolute.replace(/[%\\\n\r\t?#]/g, (character) => ESCAPES[character])}`);
}

/** The path of a URL, or what was given. */
export function toPathIfFileURL(value) {
    return value instanceof URL ? fileURLToPath(value) : value;
}

/** The options of `http.request` for a URL. */
export function urlToHttpOptions(url) {
    const { hostname, pathname, port, username, password, search } = url;
    const options = {
        __proto__: null,
        ...url,
        protocol: url.protocol,
        hostname: hostname.startsWith("[") ? hostname.slice(1, -1) : hostname,
        hash: url.hash,
        search,
        pathname,
        path: `${pathname || ""}${search || ""}`,
        href: url.href,
    };
    if (port !== "") {
        options.port = Number(port);
    }
    if (username || password) {
        options.auth = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    }
    return options;
}

/** The text of a URL, of either sort. */
export function format(value, options) {
    if (!(value instanceof URL)) {
        return formatLegacy(value);
    }
    const { fragment = true, unicode = false, search = true, auth = true } = options ?? {};
    const credentials =
        auth && (value.username || value.password)
            ? `${value.username}${value.password ? `:${value.password}` : ""}@`
            : "";
    const slashes = value.host !== "" || value.protocol === "file:" ? "//" : "";
    const host = unicode ? domainToUnicode(value.host) : value.host;
    const tail = `${search ? value.search : ""}${fragment ? value.hash : ""}`;
    return `${value.protocol}${slashes}${credentials}${host}${value.pathname}${tail}`;
}

/** A host name in ASCII; empty where it is invalid. */
export function domainToASCII(domain) {
    return URL.canParse(`ws://${domain}`) ? new URL(`ws://${domain}`).hostname : "";
}

/** A host name in Unicode. */
export function domainToUnicode(domain) {
    return toUnicode(domainToASCII(domain));
}

export { parse, resolve, resolveObject, Url, URL, URLSearchParams };
