/**
 * Bodies that are forms: `multipart/form-data` (RFC 7578) and `application/x-www-form-urlencoded`.
 *
 * Bytes are searched as text with one character per byte, which the engine does much faster than script could.
 *
 * Invariant: a body is hostile; what does not follow the format is refused with the platform's texts.
 */

import { enabled } from "../flags.js";
import { host } from "../host.js";
import { bytesOfBlob, fileFrom, isBlobLike } from "./blob.js";
import { entriesOf, FormData } from "./form-data.js";
import { parseMimeType } from "./mime-type.js";

const NO_CONTENT_TYPE = "Parsing a Body as FormData requires a Content-Type header.";
const UNKNOWN_CONTENT_TYPE =
    "Unrecognized Content-Type header value. FormData can only parse the following MIME types: " +
    "multipart/form-data, application/x-www-form-urlencoded";
const NO_BOUNDARY =
    "No boundary string in Content-Type header. The multipart/form-data MIME type requires a boundary parameter, " +
    "e.g. 'Content-Type: multipart/form-data; boundary=\"abcd\"'. See RFC 7578, section 4.";

const HEADER_END = /\r?\n\r?\n/gu;
const HEADER_LINE = /^([!#$%&'*+.^_`|~\w-]+):[\t ]*(.*?)[\t ]*$/u;
const UTF8_LABELS = new Set(["utf-8", "utf8", "unicode-1-1-utf-8"]);

/**
 * Parses a body.
 *
 * @param {Uint8Array} bytes The whole body.
 * @param {string | null | undefined} contentType Its `Content-Type`, if it has one.
 * @returns {FormData} The form.
 * @throws {TypeError} With the platform's texts.
 */
export function parseFormData(bytes, contentType) {
    if (contentType === null || contentType === undefined) {
        throw new TypeError(NO_CONTENT_TYPE);
    }
    const type = parseMimeType(contentType);
    if (type?.essence === "multipart/form-data") {
        const boundary = type.parameters.get("boundary");
        if (boundary === undefined) {
            throw new TypeError(NO_BOUNDARY);
        }
        return parseMultipart(bytes, boundary);
    }
    if (type?.essence === "application/x-www-form-urlencoded") {
        return parseUrlencoded(bytes, type.parameters.get("charset"));
    }
    throw new TypeError(UNKNOWN_CONTENT_TYPE);
}

function parseUrlencoded(bytes, charset) {
    if (charset !== undefined && !UTF8_LABELS.has(charset.toLowerCase())) {
        throw new TypeError("Non-utf-8 application/x-www-form-urlencoded body.");
    }
    const form = new FormData();
    const list = host.formParse(host.utf8Decode(bytes));
    for (let i = 0; i < list.length; i += 2) {
        form.append(list[i], list[i + 1]);
    }
    return form;
}

function parseMultipart(bytes, boundary) {
    const form = new FormData();
    const text = host.latin1Decode(bytes);
    const delimiter = `--${host.latin1Decode(host.utf8Encode(boundary))}`;
    let at = findInitial(text, delimiter);
    for (;;) {
        if (text.startsWith("--", at)) {
            return form;
        }
        at = skipLineEnd(text, at);
        HEADER_END.lastIndex = at;
        const end = HEADER_END.exec(text);
        if (end === null) {
            throw new TypeError("No multipart message header termination found.");
        }
        const bodyStart = HEADER_END.lastIndex;
        const bodyEnd = text.indexOf(`\n${delimiter}`, bodyStart);
        if (bodyEnd === -1) {
            throw new TypeError("No subsequent boundary string after multipart message.");
        }
        const headers = host.utf8Decode(bytes.subarray(at, end.index));
        const stop = bodyEnd > bodyStart && text[bodyEnd - 1] === "\r" ? bodyEnd - 1 : bodyEnd;
        appendPart(form, parsePartHeaders(headers), bytes.subarray(bodyStart, stop));
        at = bodyEnd + 1 + delimiter.length;
    }
}

/** Where the first delimiter ends. */
function findInitial(text, delimiter) {
    const found = text.startsWith(delimiter) ? 0 : text.indexOf(`\n${delimiter}`) + 1;
    if (found === 0 && !text.startsWith(delimiter)) {
        throw new TypeError("No initial boundary string (or you have a truncated message).");
    }
    return found + delimiter.length;
}

function skipLineEnd(text, at) {
    if (text[at] === "\n") {
        return at + 1;
    }
    if (text.startsWith("\r\n", at)) {
        return at + 2;
    }
    throw new TypeError("Boundary string was not succeeded by CRLF, LF, or '--'.");
}

/** What the headers of a part say: `{name, filename, type}`. */
function parsePartHeaders(text) {
    let disposition;
    let type = "";
    for (const line of text.split(/\r?\n/u)) {
        const match = HEADER_LINE.exec(line);
        if (match === null) {
            throw new TypeError("FormData part had invalid headers.");
        }
        const name = match[1].toLowerCase();
        if (name === "content-disposition") {
            disposition ??= match[2];
        } else if (name === "content-type") {
            type ||= match[2];
        }
    }
    if (disposition === undefined) {
        throw new TypeError("No valid Content-Disposition header found in FormData part.");
    }
    return { ...parseDisposition(disposition), type };
}

function parseDisposition(disposition) {
    const [kind] = disposition.split(";", 1);
    if (kind.trim() !== "form-data") {
        throw new TypeError(
            "Content-Disposition header for FormData part must have the value \"form-data\", possibly followed by " +
            `parameters. Got: "${kind}"`,
        );
    }
    const parameters = new Map();
    for (const [, key, value] of disposition.matchAll(/;[\t ]*([^\t ";=]+)[\t ]*=[\t ]*"((?:[^"\\]|\\.)*)"/gu)) {
        parameters.set(key, value.replace(/\\(.)/gu, "$1"));
    }
    const name = parameters.get("name");
    if (name === undefined || name === "") {
        throw new TypeError("Content-Disposition header in FormData part is missing a name.");
    }
    return { name, filename: parameters.get("filename") || undefined };
}

function appendPart(form, { name, filename, type }, bytes) {
    if (filename === undefined || !enabled("formdata_parser_supports_files")) {
        form.append(name, host.utf8Decode(bytes));
    } else {
        form.append(name, fileFrom(new Uint8Array(bytes), filename, type));
    }
}

/** A name as a quoted string, in UTF-8. */
function escapeName(name) {
    if (name.endsWith("\\")) {
        throw new TypeError("Name or filename can't end with backslash");
    }
    return name.replace(/[\n\r"\\]/gu, (found) => ESCAPES[found]);
}

const ESCAPES = { "\n": "%0A", "\r": "%0D", "\"": "%22", "\\": "\\\\" };

/**
 * Writes a form as `multipart/form-data`.
 *
 * @param {FormData} form The form.
 * @returns {{bytes: Uint8Array, contentType: string}} The body, and the header that tells the boundary.
 * @throws {TypeError} For names that the format cannot carry.
 */
export function serialiseMultipart(form) {
    const boundary = host.hexEncode(host.random(16));
    const list = entriesOf(form);
    const chunks = [];
    let text = "";
    for (let i = 0; i < list.length; i += 2) {
        const value = list[i + 1];
        text += `--${boundary}\r\nContent-Disposition: form-data; name="${escapeName(list[i])}"`;
        if (isBlobLike(value)) {
            const type = value.type === "" ? "application/octet-stream" : value.type;
            text += `; filename="${escapeName(value.name)}"\r\nContent-Type: ${type}\r\n\r\n`;
            chunks.push(new Uint8Array(host.utf8Encode(text)), bytesOfBlob(value));
            text = "\r\n";
        } else {
            text += `\r\n\r\n${value}\r\n`;
        }
    }
    chunks.push(new Uint8Array(host.utf8Encode(`${text}--${boundary}--`)));
    return { bytes: concat(chunks), contentType: `multipart/form-data; boundary=${boundary}` };
}

function concat(chunks) {
    if (chunks.length === 1) {
        return chunks[0];
    }
    const joined = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
    let at = 0;
    for (const chunk of chunks) {
        joined.set(chunk, at);
        at += chunk.length;
    }
    return joined;
}
