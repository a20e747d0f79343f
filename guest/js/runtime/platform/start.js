/**
 * The worker's start: what its main module exports is looked at and declared, or refused with advice (reference §2.1).
 *
 * Invariant: runs in global scope and calls no code of the worker.
 */

import { toFailure } from "../failure.js";
import { host } from "../host.js";
import { hasListeners } from "../web/event.js";
import { isObject } from "../web/webidl.js";
import { WorkerEntrypoint, WorkflowEntrypoint } from "./entrypoint.js";
import { addClass, addEntrypoint, allClasses, allEntrypoints, hasMethod } from "./exports.js";

const WARN_LEVEL = 3;

const SERVICE_WORKER =
    "This worker uses the service-worker syntax (`addEventListener(\"fetch\", …)`), which emu does not run. Use the " +
    "module syntax: `export default { async fetch(request, env, ctx) { return new Response(\"…\"); } };`. See " +
    "https://developers.cloudflare.com/workers/reference/migrate-to-module-workers/";

const NOTHING =
    "No event handlers were registered. This script does nothing. Its main module has no exports: add " +
    "`export default { async fetch(request, env, ctx) { … } };`, or check `main` in the wrangler configuration.";

const NOT_AN_ENTRYPOINT =
    "The default export is a class that does not extend `WorkerEntrypoint`, so it handles no events. Export an " +
    "object with handlers, `export default { fetch(request, env, ctx) { … } }`, or a class that extends " +
    "`WorkerEntrypoint` from \"cloudflare:workers\".";

/**
 * Looks at the main module's namespace and declares what it exports.
 *
 * @param {Record<string, unknown>} namespace
 */
export function start(namespace) {
    try {
        sort(namespace);
    } catch (error) {
        host.refuse(toFailure(error));
        return;
    }
    host.declare(declaration());
}

function sort(namespace) {
    const names = Object.keys(namespace);
    if ((hasListeners(globalThis, "fetch") || hasListeners(globalThis, "scheduled")) && !names.includes("default")) {
        throw new Error(SERVICE_WORKER);
    }
    if (names.length === 0) {
        throw new Error(NOTHING);
    }
    for (const name of names) {
        sortExport(name, namespace[name]);
    }
}

function sortExport(name, value) {
    if (typeof value === "function") {
        sortFunction(name, value);
        return;
    }
    if (!isObject(value)) {
        throw new TypeError(wrongExport(name, value));
    }
    addEntrypoint(name === "default" ? "" : name, value);
}

function sortFunction(name, value) {
    const { prototype } = value;
    if (prototype instanceof WorkerEntrypoint) {
        addEntrypoint(name === "default" ? "" : name, value);
        return;
    }
    if (name === "default") {
        host.log(WARN_LEVEL, NOT_AN_ENTRYPOINT);
        return;
    }
    // A function without a prototype is no class; the platform lets it be.
    if (isObject(prototype) && !(prototype instanceof WorkflowEntrypoint)) {
        addClass(name, value);
    }
}

function wrongExport(name, value) {
    const what = value === null ? "`null`" : `a ${typeof value}`;
    const advice =
        name === "default"
            ? "The default export must be an object with handlers: `export default { fetch(request, env, ctx) { … } }`."
            : "The main module of a worker may export only handlers, classes and functions: move it to another module.";
    return (
        `Incorrect type for map entry '${name}': the provided value is not of type 'function or ExportedHandler'. ` +
        `It is ${what}. ${advice}`
    );
}

function declaration() {
    const declared = { fetch: false, scheduled: false, classes: [], entrypoints: [] };
    for (const [name, { handlers, constructor }] of allEntrypoints()) {
        const holder = handlers ?? constructor.prototype;
        const [fetch, scheduled] = [hasMethod(holder, "fetch"), hasMethod(holder, "scheduled")];
        if (name === "") {
            declared.fetch = fetch;
            declared.scheduled = scheduled;
        } else {
            declared.entrypoints.push({ name, fetch, scheduled });
        }
    }
    for (const [name, { prototype }] of allClasses()) {
        declared.classes.push({
            name,
            alarm: hasMethod(prototype, "alarm"),
            socketMessage: hasMethod(prototype, "webSocketMessage"),
            socketClose: hasMethod(prototype, "webSocketClose"),
            socketError: hasMethod(prototype, "webSocketError"),
        });
    }
    return declared;
}
