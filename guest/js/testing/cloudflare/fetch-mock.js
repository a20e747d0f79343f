/**
 * `fetchMock`: answers of the network, in the manner of undici's `MockAgent`. There is no other network in a test.
 *
 * Invariant: an interceptor answers as often as it says; the first one that matches does.
 */

import { delay } from "../vitest/timers.js";
import { matches, pathOf } from "./interceptor.js";
import { makeReply, MockInterceptor } from "./replies.js";

/** Says to the world that a request fails, with the text of the error as its body. */
const FAILED = 599;
/** Says that nobody answers it here: the world may know somebody, or else it fails with that text. */
const NOT_MOCKED = 598;

/** @type {import("./replies.js").Interceptor[]} */
let interceptors = [];
let isActive = false;
/** Which hosts may be reached; nothing can be. `undefined` is every one. */
let connectable = [];
let mayConnect = true;

function isPending({ persists, timesLeft }) {
    return !persists && timesLeft > 0;
}

/** See the file's comment. */
export const fetchMock = {
    activate() {
        isActive = true;
    },
    deactivate() {
        isActive = false;
    },
    disableNetConnect() {
        mayConnect = false;
        connectable = [];
    },
    enableNetConnect(host = undefined) {
        mayConnect = true;
        connectable = host === undefined ? [] : [...connectable, host];
    },
    /** The mock of an origin. */
    get(origin) {
        const intercept = (conditions) => new MockInterceptor(origin, conditions, (made) => interceptors.push(made));
        return { intercept };
    },
    pendingInterceptors() {
        return interceptors.filter(isPending).map(({ origin, conditions, persists, timesLeft }) => ({
            ...conditions, origin, persist: persists, times: timesLeft, consumed: false,
        }));
    },
    assertNoPendingInterceptors() {
        const pending = interceptors.filter(isPending);
        if (pending.length > 0) {
            const lines = pending.map(({ origin, conditions, timesLeft }) =>
                `  ${conditions.method ?? "GET"} ${String(origin)}${String(conditions.path)} (${timesLeft} left)`);
            const are = pending.length === 1 ? "1 interceptor is" : `${pending.length} interceptors are`;
            throw new Error(`${are} pending:\n\n${lines.join("\n")}`);
        }
    },
};

/** Forgets all interceptors. */
export function resetFetchMock() {
    interceptors = [];
    isActive = false;
    mayConnect = true;
    connectable = [];
}

function failed(text) {
    return new Response(text, { status: FAILED });
}

function notMocked({ method, url }) {
    const { origin } = new URL(url);
    const path = JSON.stringify(pathOf(url));
    const how = `fetchMock.get(${JSON.stringify(origin)}).intercept({ path: ${path} }).reply(200)`;
    if (!isActive) {
        return (
            `the network cannot be reached in a test (${method} ${url}): import \`fetchMock\` from "cloudflare:test", ` +
            `call \`fetchMock.activate()\` and \`${how}\``
        );
    }
    const there = mayConnect ? "the network cannot be reached in a test" : "net.connect disabled";
    return `no interceptor matches ${method} ${url}, and ${there}: add \`${how}\``;
}

async function describe(request) {
    const body = await request.text();
    const headers = Object.fromEntries(request.headers);
    delete headers["emu-url"];
    return { method: request.method, url: request.headers.get("emu-url"), headers, body };
}

/**
 * Answers a request that the worker or a test sent to the network.
 *
 * @param {Request} request Its URL is in the header `emu-url`.
 * @returns {Promise<Response>} With status 599 if the request fails, with 598 if nothing matches it.
 */
export async function answerOutbound(request) {
    const outbound = await describe(request);
    try {
        return await answer(outbound);
    } catch (error) {
        return failed(error instanceof Error ? error.message : String(error));
    }
}

async function answer(outbound) {
    const found = isActive ? interceptors.find((made) => canAnswer(made) && matches(made, outbound)) : undefined;
    if (found === undefined) {
        return new Response(notMocked(outbound), { status: NOT_MOCKED });
    }
    found.timesLeft -= 1;
    if (found.delayMs > 0) {
        await delay(found.delayMs);
    }
    return makeReply(found, outbound);
}

function canAnswer({ persists, timesLeft }) {
    return persists || timesLeft > 0;
}
