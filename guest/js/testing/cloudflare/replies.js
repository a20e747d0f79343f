/**
 * The replies of `fetchMock`'s interceptors.
 *
 * Invariant: an interceptor counts from the moment it has a reply.
 */

/**
 * @typedef {object} Interceptor
 * @property {string | RegExp | ((origin: string) => boolean)} origin
 * @property {object} conditions Path, method, body, headers and query of the requests that are meant.
 * @property {(request: object) => {status: number, data: unknown, headers: object}} reply
 * @property {number} timesLeft How often it answers yet.
 * @property {boolean} persists Whether it answers for ever.
 * @property {number} delayMs How long it waits before it answers.
 */

/** Settings of a reply, by chained calls. */
class MockScope {
    #made;

    constructor(made) {
        this.#made = made;
    }

    /** Waits before the answer. */
    delay(delayMs) {
        this.#made.delayMs = positive(delayMs, "delay");
        return this;
    }

    /** Answers for ever. */
    persist() {
        this.#made.persists = true;
        return this;
    }

    /** Answers so many requests. */
    times(count) {
        this.#made.timesLeft = positive(count, "times");
        return this;
    }
}

function positive(value, name) {
    if (!Number.isInteger(value) || value <= 0) {
        throw new TypeError(`\`${name}()\` takes an integer greater than 0`);
    }
    return value;
}

/** What `intercept()` gives. */
export class MockInterceptor {
    #origin;
    #conditions;
    #add;
    #headers = {};
    #withLength = false;

    constructor(origin, conditions, add) {
        if (conditions?.path === undefined) {
            throw new TypeError("`intercept()` takes an object with at least a `path`");
        }
        this.#origin = origin;
        this.#conditions = conditions;
        this.#add = add;
    }

    /** `(status, data?, {headers}?)`, or a function from the request to these. */
    reply(statusOrFunction, data = "", options = {}) {
        if (typeof statusOrFunction !== "function") {
            const status = statusOrFunction;
            return this.#made((request) => ({ status, data: valueFor(data, request), headers: options.headers }));
        }
        return this.#made((request) => {
            const { statusCode, data: given = "", responseOptions = {} } = statusOrFunction(request);
            return { status: statusCode, data: given, headers: responseOptions.headers };
        });
    }

    /** Lets the request fail. */
    replyWithError(error) {
        return this.#made(() => {
            throw error;
        });
    }

    /** Headers of every reply from here on. */
    defaultReplyHeaders(headers) {
        this.#headers = headers;
        return this;
    }

    /** Accepted for completeness: responses have no trailers here. */
    defaultReplyTrailers() {
        return this;
    }

    /** Adds `content-length` to replies. */
    replyContentLength() {
        this.#withLength = true;
        return this;
    }

    #made(reply) {
        const defaults = this.#headers;
        const withLength = this.#withLength;
        const made = {
            origin: this.#origin,
            conditions: this.#conditions,
            reply(request) {
                const { status, data, headers } = reply(request);
                return { status, data, headers: { ...defaults, ...headers }, withLength };
            },
            timesLeft: 1,
            persists: false,
            delayMs: 0,
        };
        this.#add(made);
        return new MockScope(made);
    }
}

function valueFor(data, request) {
    return typeof data === "function" ? data(request) : data;
}

function bytesOf(data) {
    if (data instanceof ArrayBuffer || ArrayBuffer.isView(data)) {
        return new Uint8Array(data.buffer ?? data, data.byteOffset ?? 0, data.byteLength);
    }
    return new TextEncoder().encode(typeof data === "object" ? JSON.stringify(data) : String(data));
}

function headersOf(given) {
    const headers = new Headers();
    for (const [name, value] of Object.entries(given)) {
        for (const one of Array.isArray(value) ? value : [value]) {
            headers.append(name, String(one));
        }
    }
    return headers;
}

/** The statuses whose responses have no body. */
const EMPTY = new Set([101, 204, 205, 304]);

/** The response to a request. */
export async function makeReply(made, { method, url, headers, body }) {
    const { origin, pathname, search } = new URL(url);
    const options = { path: `${pathname}${search}`, origin, method, headers, body, maxRedirections: 0 };
    const reply = made.reply(options);
    const bytes = bytesOf((await reply.data) ?? "");
    const sent = headersOf(reply.headers);
    if (reply.withLength) {
        sent.set("content-length", `${bytes.length}`);
    }
    return new Response(EMPTY.has(reply.status) ? null : bytes, { status: reply.status, headers: sent });
}
