/**
 * `emu:internals`: what `emu test` needs of the runtime to run tests inside a world, in the isolate of the worker that
 * they test. Workers that are not being tested cannot import it.
 *
 * Invariant: nothing of the platform's behaviour changes while nobody uses it.
 */

import { fetchCall } from "../calls.js";
import { Response, responseFromHost } from "../fetch/response.js";
import { currentScope, Invocation } from "../scope.js";
import { watchUncaught } from "../web/uncaught.js";
import { executionContext, scheduledController } from "./context.js";
import { targetOf, testedWorker } from "./fetcher.js";
import { durableObjectId, numberOf, stubOf } from "./namespace.js";

const COMMAND_URL = "emu-test://command";
const VISIT_URL = "emu-test://run/";

/**
 * Sends a command to the world that the tests run in.
 *
 * @param {object} command JSON; `do` names it.
 * @returns {Promise<object>} Its answer.
 * @throws {Error} Rejects with what the world says against it.
 */
async function world(command) {
    const headers = ["content-type", "application/json"];
    const parts = await fetchCall("world", "POST", COMMAND_URL, headers, JSON.stringify(command), true, undefined);
    const [status, statusText, answered, body, socket] = parts;
    const text = await responseFromHost(status, statusText, answered, body, socket, COMMAND_URL, false).text();
    const answer = text === "" ? {} : JSON.parse(text);
    if (answer.error !== undefined) {
        throw new Error(answer.error);
    }
    return answer;
}

/** The namespace and the id of an object by its stub; `undefined` for anything else. */
function objectOf(stub) {
    const target = targetOf(stub);
    return Array.isArray(target) ? { namespace: target[0], id: target[1] } : undefined;
}

/** Another stub of the same object: one that saw its object being reset stays broken. */
function renew(stub) {
    const target = targetOf(stub);
    return Array.isArray(target) ? stubOf(target[0], durableObjectId(target[1], target[2])) : stub;
}

/** What is to run inside objects, and then what it came to, by key. */
const visits = new Map();
let lastVisit = 0;

/** The states of objects by their instances, while there are visits. */
const states = new WeakMap();

/** Remembers an object that was built, where tests may visit it. */
export function noteObject(instance, state) {
    states.set(instance, state);
}

/**
 * Runs `fn` inside an object: as one of its requests, behind its gate and in its scope.
 *
 * @template T
 * @param {object} stub
 * @param {(instance: object, state: object) => T | Promise<T>} fn
 * @returns {Promise<T>} What `fn` returns. Rejects with what it throws, or as a request does that the object loses.
 */
async function runInObject(stub, fn) {
    lastVisit += 1;
    const key = `${VISIT_URL}${lastVisit}`;
    const visit = { fn, outcome: undefined };
    visits.set(key, visit);
    try {
        await fetchCall(targetOf(stub), "POST", key, [], null, true, undefined);
    } finally {
        visits.delete(key);
    }
    const { outcome } = visit;
    if (outcome === undefined) {
        throw new Error(
            "Durable Object test helpers can only be used with stubs pointing to objects defined within the same worker.",
        );
    }
    if ("error" in outcome) {
        throw outcome.error;
    }
    return outcome.value;
}

/**
 * Takes a request to an object that is a visit.
 *
 * @returns {Promise<Response> | undefined} `undefined` if it is none.
 */
export function visited(instance, request) {
    const visit = visits.size === 0 ? undefined : visits.get(request.url);
    return visit === undefined ? undefined : runVisit(visit, instance);
}

async function runVisit(visit, instance) {
    try {
        visit.outcome = { value: await visit.fn(instance, states.get(instance)) };
    } catch (error) {
        visit.outcome = { error };
    }
    return new Response(null, { status: 204 });
}

/** A call of a handler by a test, on behalf of the test's own invocation. */
class DirectInvocation extends Invocation {
    /** What was given to `waitUntil()`. */
    held = [];
}

/** The invocations of contexts that tests made. */
const invocations = new WeakMap();

/** A context for a handler that a test calls. */
function createContext() {
    const invocation = new DirectInvocation(currentScope().invocation.number);
    const context = executionContext(invocation);
    invocations.set(context, invocation);
    return context;
}

/**
 * Waits for what was given to a context's `waitUntil()`, also meanwhile.
 *
 * @returns {Promise<unknown[] | undefined>} The reasons of those that were rejected; `undefined` if it is no context of
 *     `createContext()`.
 */
async function contextSettled(context) {
    const invocation = invocations.get(context);
    if (invocation === undefined) {
        return undefined;
    }
    const reasons = [];
    while (invocation.held.length > 0) {
        const settled = await Promise.allSettled(invocation.held.splice(0));
        reasons.push(...settled.filter(({ status }) => status === "rejected").map(({ reason }) => reason));
    }
    return reasons;
}

/** The module's exports. */
export const internals = {
    world,
    objectOf,
    numberOf,
    renew,
    runInObject,
    createContext,
    contextSettled,
    createController: scheduledController,
    watchUncaught,
    worker: testedWorker,
};
