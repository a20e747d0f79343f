/**
 * The classes of `cloudflare:workers` that a worker extends (reference §2.1, §2.5).
 *
 * Invariant: they hold `ctx` and `env` and nothing else.
 */

import { constructorError, isObject } from "../web/webidl.js";
import { isState } from "./state.js";

/** Gives a class its name, which a bundler may have changed, and its tag. */
function define(constructor, name, tag) {
    Object.defineProperty(constructor, "name", { value: name, configurable: true });
    Object.defineProperty(constructor.prototype, Symbol.toStringTag, { value: tag, configurable: true });
}

/** An entrypoint of the worker; an instance handles one event. */
export class WorkerEntrypoint {
    constructor(ctx, env) {
        if (!isObject(ctx)) {
            throw constructorError("WorkerEntrypoint", 1, "Object");
        }
        this.ctx = ctx;
        this.env = env;
    }
}

/** A class of objects. */
export class DurableObject {
    constructor(ctx, env) {
        if (!isState(ctx)) {
            throw constructorError("DurableObjectBase", 1, "DurableObjectState");
        }
        this.ctx = ctx;
        this.env = env;
    }
}

/** A class of workflows. */
export class WorkflowEntrypoint {
    constructor(ctx, env) {
        this.ctx = ctx;
        this.env = env;
    }
}

/** What is passed by reference over RPC. */
export class RpcTarget {}

define(WorkerEntrypoint, "WorkerEntrypoint", "WorkerEntrypoint");
define(DurableObject, "DurableObject", "DurableObjectBase");
define(WorkflowEntrypoint, "WorkflowEntrypoint", "WorkflowEntrypoint");
define(RpcTarget, "RpcTarget", "JsRpcTarget");
