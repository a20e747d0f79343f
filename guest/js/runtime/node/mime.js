/**
 * `util.MIMEType` and `util.MIMEParams`.
 *
 * Invariant: an object of these classes always prints as a valid media type.
 */

import { nodeError } from "./errors.js";

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE = /^[\t\u0020-\u007E\u0080-\u00FF]*$/;

function syntaxError(what, text, index) {
    const at = index === -1 ? "" : ` at ${index}`;
    return nodeError(
        TypeError,
        "ERR_INVALID_MIME_SYNTAX",
        `The MIME syntax for a ${what} in ${JSON.stringify(text)} is invalid${at}`,
    );
}

function token(text, what) {
    const value = `${text}`;
    if (!TOKEN.test(value)) {
        throw syntaxError(what, value, value.search(/[^!#$%&'*+\-.^_`|~0-9A-Za-z]/));
    }
    return value;
}

/** The parameters of a media type. */
export class MIMEParams {
    #values = new Map();

    delete(name) {
        this.#values.delete(name);
    }
    get(name) {
        return this.#values.get(`${name}`) ?? null;
    }
    has(name) {
        return this.#values.has(`${name}`);
    }
    set(name, value) {
        const text = `${value}`;
        if (!VALUE.test(text)) {
            throw syntaxError("parameter value", text, -1);
        }
        this.#values.set(token(name, "parameter name"), text);
    }
    entries() {
        return this.#values.entries();
    }
    keys() {
        return this.#values.keys();
    }
    values() {
        return this.#values.values();
    }
    [Symbol.iterator]() {
        return this.#values.entries();
    }
    toString() {
        return [...this.#values]
            .map(([name, value]) => `${name}=${TOKEN.test(value) ? value : `"${value.replace(/["\\]/g, "\\$&")}"`}`)
            .join(";");
    }
    toJSON() {
        return this.toString();
    }
}

/** A media type such as `text/html;charset=utf-8`. */
export class MIMEType {
    #type;
    #subtype;
    #params = new MIMEParams();

    constructor(text) {
        const input = `${text}`.trim();
        const [essence, ...rest] = input.split(/;(?=(?:[^"]|"(?:[^"\\]|\\.)*")*$)/);
        const slash = essence.indexOf("/");
        if (slash === -1) {
            throw syntaxError("type", input, -1);
        }
        this.#type = token(essence.slice(0, slash), "type").toLowerCase();
        this.#subtype = token(essence.slice(slash + 1).trim(), "subtype").toLowerCase();
        for (const part of rest) {
            const equals = part.indexOf("=");
            const name = part.slice(0, equals).trim().toLowerCase();
            const raw = part.slice(equals + 1).trim();
            const value = raw.startsWith('"') ? raw.slice(1, raw.lastIndexOf('"')).replace(/\\(.)/g, "$1") : raw;
            if (equals !== -1 && TOKEN.test(name) && VALUE.test(value) && !this.#params.has(name)) {
                this.#params.set(name, value);
            }
        }
    }

    get type() {
        return this.#type;
    }
    set type(value) {
        this.#type = token(value, "type").toLowerCase();
    }
    get subtype() {
        return this.#subtype;
    }
    set subtype(value) {
        this.#subtype = token(value, "subtype").toLowerCase();
    }
    get essence() {
        return `${this.#type}/${this.#subtype}`;
    }
    get params() {
        return this.#params;
    }
    toString() {
        const params = this.#params.toString();
        return params === "" ? this.essence : `${this.essence};${params}`;
    }
    toJSON() {
        return this.toString();
    }
}
