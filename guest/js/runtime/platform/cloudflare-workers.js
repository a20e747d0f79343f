/**
 * The module `cloudflare:workers` (reference §2.1).
 *
 * Invariant: a list of what other files define.
 */

import { host } from "../host.js";
import { currentScope } from "../scope.js";
import { parameterError, usv } from "../web/webidl.js";
import { cache, tracing } from "./context.js";
import { DurableObject, RpcTarget, WorkerEntrypoint, WorkflowEntrypoint } from "./entrypoint.js";
import { importableExports, importedEnv, withEnv, withEnvAndExports, withExports } from "./env.js";
import { ownExports } from "./exports.js";
import { notConstructible, unsupportedClass } from "./unsupported.js";
import { waitUntil as holdOpen } from "./wait-until.js";

function waitUntil(promise) {
    if (arguments.length === 0) {
        throw parameterError("waitUntil", "EntrypointsModule", 1, "Promise");
    }
    holdOpen(currentScope().invocation, promise);
}

function abortIsolate(reason) {
    host.abort(0, reason === undefined ? undefined : usv(reason), true);
}

/** The module's exports. */
export const cloudflareWorkers = {
    DurableObject,
    RpcPromise: notConstructible("RpcPromise"),
    RpcProperty: notConstructible("RpcProperty"),
    RpcStub: unsupportedClass("RpcStub"),
    RpcTarget,
    ServiceStub: notConstructible("ServiceStub"),
    WorkerEntrypoint,
    WorkflowEntrypoint,
    abortIsolate,
    cache,
    env: importedEnv,
    exports: importableExports(ownExports()),
    restore: Symbol("restore"),
    tracing,
    waitUntil,
    withEnv,
    withEnvAndExports,
    withExports,
};
