/**
 * The parser of URLs that Node had before the standard: `url.parse`, `url.format`, `url.resolve`.
 *
 * Invariant: pure. Where it is lenient, it is so as Node's.
 */

import { invalidArgType, validateString } from "./errors.js";
import querystring from "./querystring.js";

const SLASHED = new Set(["http:", "https:", "ftp:", "gopher:", "file:", "ws:", "wss:"]);
const NO_HOST = new Set(["javascript:"]);
const TO_ESCAPE = /[\t\n\r "'<>\\^`{|}]/g;

/** A parsed URL of the old sort. */
export class Url {
    protocol = null;
    slashes = null;
    auth = null;
    host = null;
    port = null;
    hostname = null;
    hash = null;
    search = null;
    query = null;
    pathname = null;
    path = null;
    href = "";

    parse(text, parseQuery, slashesDenoteHost) {
        validateString(text, "url");
        fill(this, text, parseQuery, slashesDenoteHost);
        return this;
    }

    format() {
        return formatObject(this);
    }

    resolve(relative) {
        return this.resolveObject(parse(relative, false, true)).format();
    }

    resolveObject(relative) {
        return resolveUrls(this, typeof relative === "string" ? parse(relative, false, true) : relative);
    }
}

function escapeCharacter(character) {
    return character === "'" ? "%27" : encodeURIComponent(character);
}

function takeAuthority(url, rest) {
    const end = rest.search(/[/?#\\]/);
    let authority = end === -1 ? rest : rest.slice(0, end);
    const tail = end === -1 ? "" : rest.slice(end);
    const at = authority.lastIndexOf("@");
    if (at !== -1) {
        url.auth = decodeURIComponent(authority.slice(0, at));
        authority = authority.slice(at + 1);
    }
    const port = /:(\d*)$/.exec(authority);
    if (port !== null && !authority.endsWith("]")) {
        url.port = port[1] === "" ? null : port[1];
        authority = authority.slice(0, port.index);
    }
    const ipv6 = authority.startsWith("[") && authority.endsWith("]");
    url.hostname = ipv6 ? authority.slice(1, -1) : authority.toLowerCase();
    url.host = (ipv6 ? `[${url.hostname}]` : url.hostname) + (url.port === null ? "" : `:${url.port}`);
    return tail;
}

function fill(url, text, parseQuery, slashesDenoteHost) {
    let rest = text.trim().replace(/^[^?#]*/, (head) => head.replaceAll("\\", "/"));
    const scheme = /^([a-z0-9.+-]+:)/i.exec(rest);
    if (scheme !== null) {
        url.protocol = scheme[1].toLowerCase();
        rest = rest.slice(scheme[0].length);
    }
    if (scheme !== null || slashesDenoteHost || /^\/\/[^@/]+@[^@/]+/.test(rest)) {
        const slashes = rest.startsWith("//");
        if (slashes && !NO_HOST.has(url.protocol)) {
            url.slashes = true;
            rest = takeAuthority(url, rest.slice(2));
        } else if (scheme !== null && !slashes && !SLASHED.has(url.protocol) && !NO_HOST.has(url.protocol)) {
            rest = takeAuthority(url, rest);
        }
    }
    if (!NO_HOST.has(url.protocol)) {
        rest = rest.replace(TO_ESCAPE, escapeCharacter);
    }
    const hash = rest.indexOf("#");
    if (hash !== -1) {
        url.hash = rest.slice(hash);
        rest = rest.slice(0, hash);
    }
    const question = rest.indexOf("?");
    if (question !== -1) {
        url.search = rest.slice(question);
        const query = rest.slice(question + 1);
        url.query = parseQuery ? querystring.parse(query) : query;
        rest = rest.slice(0, question);
    } else if (parseQuery) {
        url.query = { __proto__: null };
    }
    if (rest !== "") {
        url.pathname = rest;
    }
    if (SLASHED.has(url.protocol) && url.hostname && !url.pathname) {
        url.pathname = "/";
    }
    if (url.pathname || url.search) {
        url.path = (url.pathname ?? "") + (url.search ?? "");
    }
    url.href = formatObject(url);
}

/** `url.parse`. */
export function parse(text, parseQuery = false, slashesDenoteHost = false) {
    return text instanceof Url ? text : new Url().parse(text, parseQuery, slashesDenoteHost);
}

function formatHost(url) {
    if (url.host) {
        return url.host;
    }
    if (!url.hostname) {
        return false;
    }
    const name = url.hostname.includes(":") && !url.hostname.startsWith("[") ? `[${url.hostname}]` : url.hostname;
    return name + (url.port ? `:${url.port}` : "");
}

function formatObject(url) {
    const auth = url.auth ? `${encodeURIComponent(url.auth).replace(/%3A/i, ":")}@` : "";
    let protocol = url.protocol ?? "";
    let host = formatHost(url);
    let pathname = url.pathname ?? "";
    let query = "";
    if (url.query !== null && typeof url.query === "object") {
        query = querystring.stringify(url.query);
    }
    let search = url.search || (query && `?${query}`) || "";
    if (protocol && !protocol.endsWith(":")) {
        protocol += ":";
    }
    pathname = pathname.replace(/[?#]/g, encodeURIComponent);
    search = search.replaceAll("#", "%23");
    if (search && !search.startsWith("?")) {
        search = `?${search}`;
    }
    const hash = url.hash && !url.hash.startsWith("#") ? `#${url.hash}` : (url.hash ?? "");
    if (host !== false) {
        host = auth + host;
    }
    if (url.slashes || (SLASHED.has(protocol) && (host !== false || protocol === "file:"))) {
        host = `//${host || ""}`;
        if (pathname && !pathname.startsWith("/")) {
            pathname = `/${pathname}`;
        }
    } else if (host === false) {
        host = "";
    }
    return protocol + host + pathname + search + hash;
}

/** `url.format` for objects of the old sort and for texts. */
export function format(value) {
    if (typeof value === "string") {
        return parse(value).format();
    }
    if (value === null || typeof value !== "object") {
        throw invalidArgType("urlObject", ["Object", "string"], value);
    }
    return formatObject(value);
}

function removeDots(path, absolute) {
    const output = [];
    const segments = path.split("/");
    segments.forEach((segment, index) => {
        const last = index === segments.length - 1;
        if (segment === "..") {
            if (output.length > (absolute ? 1 : 0) && output.at(-1) !== "..") {
                output.pop();
            } else if (!absolute) {
                output.push("..");
            }
            if (last) {
                output.push("");
            }
        } else if (segment === ".") {
            if (last) {
                output.push("");
            }
        } else {
            output.push(segment);
        }
    });
    return output.join("/");
}

/** `relative` as seen from `base`. */
function resolveUrls(base, relative) {
    const result = Object.assign(new Url(), base);
    result.hash = relative.hash;
    if (relative.href === "") {
        result.href = result.format();
        return result;
    }
    if (relative.protocol && relative.protocol !== base.protocol) {
        return Object.assign(new Url(), relative, { href: formatObject(relative) });
    }
    if (relative.host) {
        for (const key of ["slashes", "auth", "host", "port", "hostname", "pathname", "search", "query", "path"]) {
            result[key] = relative[key];
        }
    } else if (relative.pathname) {
        const from = base.pathname ?? "";
        const joined = relative.pathname.startsWith("/")
            ? relative.pathname
            : from.slice(0, from.lastIndexOf("/") + 1) + relative.pathname;
        result.pathname = joined;
        result.search = relative.search;
        result.query = relative.query;
    } else if (relative.search !== null) {
        result.search = relative.search;
        result.query = relative.query;
    }
    if (result.host && !result.pathname?.startsWith("/")) {
        result.pathname = `/${result.pathname ?? ""}`;
    }
    if (result.pathname) {
        result.pathname = removeDots(result.pathname, result.pathname.startsWith("/"));
    }
    result.path = (result.pathname ?? "") + (result.search ?? "");
    result.href = result.format();
    return result;
}

/** `url.resolve`. */
export function resolve(from, to) {
    return parse(from, false, true).resolve(to);
}

/** `url.resolveObject`. */
export function resolveObject(from, to) {
    return from ? parse(from, false, true).resolveObject(to) : to;
}
