/**
 * The host's events that start code of the worker: handlers of entrypoints and of objects, and constructors
 * (reference §2.1, §1.4).
 *
 * Invariant: every invocation is settled exactly once, whatever the worker's code throws or returns.
 */

import { cancelCallsOf } from "../calls.js";
import { toError, toFailure } from "../failure.js";
import { requestFromHost } from "../fetch/request.js";
import { isResponse, settleWithResponse } from "../fetch/response.js";
import { forgetSocket, socketFor } from "../fetch/websocket.js";
import { enabled, setFlags } from "../flags.js";
import { host } from "../host.js";
import { Invocation, Scope, setScope } from "../scope.js";
import { isObject } from "../web/webidl.js";
import { alarmInfo, executionContext, scheduledController } from "./context.js";
import { env, fillEnv } from "./env.js";
import { classNamed, entrypointNamed } from "./exports.js";
import { noteObject, visited } from "./internals.js";
import { durableObjectId } from "./namespace.js";
import { rejection, turnEnd } from "./rejections.js";
import { start as startWorker } from "./start.js";
import { durableObjectState } from "./state.js";

export { rejection, turnEnd };

const NO_FETCH = "Handler does not export a fetch() function.";
const NO_SCHEDULED = "Handler does not export a scheduled() function";
const NOT_A_PROMISE = "Callback returned incorrect type; expected 'Promise'";
const NOT_A_RESPONSE = "Incorrect type for Promise: the Promise did not resolve to 'Response'.";
const CLIENT_GONE = "The client disconnected before the request was answered.";

/** The objects of this isolate, by the host's numbers of their instances. */
const objects = new Map();

/** The number of each object's last instance. An object has one at a time, so the one before it has gone. */
const instances = new Map();

/** The scopes of the handlers that have not settled: their client may go away. */
const running = new Map();

/** Before the worker's modules are evaluated: what it can import and look at while they are. */
export function prepare(compatibilityDate, flags, bindings) {
    setFlags(compatibilityDate, flags);
    fillEnv(bindings);
}

/** After the worker's modules were evaluated. */
export function start(namespace) {
    turnEnd();
    startWorker(namespace);
}

/** Builds an object. */
export function construct(number, object, className, idHex, name) {
    const invocation = begin(number, object);
    const constructor = classNamed(className);
    if (constructor === undefined) {
        fail(invocation, new Error(`the worker does not export a class \`${className}\``));
        return;
    }
    const state = durableObjectState(object, durableObjectId(idHex, name));
    let instance;
    try {
        instance = new constructor(state, env);
    } catch (error) {
        fail(invocation, error);
        return;
    }
    const key = `${className} ${idHex}`;
    objects.delete(instances.get(key));
    instances.set(key, object);
    objects.set(object, instance);
    if (enabled("emu_test")) {
        noteObject(instance, state);
    }
    settle(invocation);
}

/** A request to the worker or to an object. */
export function fetch(number, object, entrypoint, method, url, headers, body, cfJson, propsJson) {
    const invocation = begin(number, object);
    invocation.propsJson = propsJson;
    let result;
    try {
        const request = requestFromHost(method, url, headers, body, cfJson);
        result = object === 0 ? callEntrypoint(invocation, entrypoint, "fetch", request) : callFetch(object, request);
    } catch (error) {
        fail(invocation, error);
        return;
    }
    if (result instanceof Promise) {
        whenPromised(result, invocation, respond);
    } else if (isResponse(result)) {
        respond(invocation, result);
    } else if (isThenable(result)) {
        whenSettled(result, invocation, respond);
    } else {
        fail(invocation, new TypeError(NOT_A_PROMISE));
    }
}

/** The worker's schedule has come. */
export function scheduled(number, entrypoint, cron, scheduledMs) {
    const invocation = begin(number, 0);
    run(invocation, () => callEntrypoint(invocation, entrypoint, "scheduled", scheduledController(cron, scheduledMs)));
}

/** An object's alarm is due. */
export function alarm(number, object, retryCount, scheduledMs) {
    run(begin(number, object), () => callMethod(object, "alarm", [alarmInfo(scheduledMs, retryCount)]));
}

/** A message arrived on a hibernatable socket. */
export function socketMessage(number, object, socket, message) {
    const invocation = begin(number, object);
    let result;
    try {
        const instance = objectNumbered(object);
        if (typeof instance.webSocketMessage === "function") {
            result = instance.webSocketMessage(socketFor(socket), message);
        }
    } catch (error) {
        fail(invocation, error);
        return;
    }
    finish(invocation, result);
}

/** A hibernatable socket was closed by the other side. It is gone when the handler has ended. */
export function socketClose(number, object, socket, code, reason, clean) {
    const invocation = begin(number, object);
    invocation.onend = () => forgetSocket(socket, clean);
    run(invocation, () => callMethod(object, "webSocketClose", [socketFor(socket), code, reason, clean]));
}

/** A hibernatable socket failed. It is gone when the handler has ended. */
export function socketError(number, object, socket, failure) {
    const invocation = begin(number, object);
    invocation.onend = () => forgetSocket(socket, false);
    run(invocation, () => callMethod(object, "webSocketError", [socketFor(socket), toError(failure)]));
}

/**
 * The client of an invocation went away before it was answered, or an invocation that was answered has nothing more to
 * do and leaves calls behind. Objects run on, as their state may depend on it.
 */
export function cancelled(number) {
    const scope = running.get(number);
    if (scope === undefined) {
        cancelCallsOf(number);
        return;
    }
    setScope(scope);
    const { invocation, object } = scope;
    invocation.oncancel?.();
    if (object !== 0) {
        return;
    }
    // While others run, a call in its name may be theirs: who waits for a promise that another request settles goes on
    // in that one's scope.
    if (invocation.waits === 0 && running.size === 1) {
        cancelCallsOf(number);
    }
    fail(invocation, new Error(CLIENT_GONE));
}

function begin(number, object) {
    const invocation = new Invocation(number);
    const scope = new Scope(invocation, object, 0, undefined);
    setScope(scope);
    running.set(number, scope);
    return invocation;
}

function callEntrypoint(invocation, name, handler, argument) {
    const entrypoint = entrypointNamed(name);
    if (entrypoint === undefined) {
        throw new Error(missingEntrypoint(name, handler));
    }
    const context = executionContext(invocation);
    const { handlers, constructor } = entrypoint;
    if (handlers !== undefined) {
        requireHandlerFunction(handlers[handler], handler);
        return handlers[handler](argument, env, context);
    }
    const instance = new constructor(context, env);
    requireHandlerFunction(instance[handler], handler);
    return instance[handler](argument);
}

function missingEntrypoint(name, handler) {
    if (name === "") {
        return handler === "fetch" ? NO_FETCH : NO_SCHEDULED;
    }
    return `The entrypoint name ${name} was not found in this worker. Export an object or class of that name.`;
}

function requireHandlerFunction(value, handler) {
    if (typeof value !== "function") {
        throw new Error(handler === "fetch" ? NO_FETCH : NO_SCHEDULED);
    }
}

function objectNumbered(number) {
    const object = objects.get(number);
    if (object === undefined) {
        throw new Error(`object ${number} was not constructed in this isolate`);
    }
    return object;
}

function callFetch(number, request) {
    const object = objectNumbered(number);
    const visit = visited(object, request);
    if (visit !== undefined) {
        return visit;
    }
    if (typeof object.fetch !== "function") {
        throw new Error(NO_FETCH);
    }
    return object.fetch(request);
}

/** Calls a method of an object; one that it does not have counts as one that does nothing. */
function callMethod(number, name, args) {
    const object = objectNumbered(number);
    const method = object[name];
    return typeof method === "function" ? Reflect.apply(method, object, args) : undefined;
}

/** Runs a handler that returns nothing of interest. */
function run(invocation, handler) {
    let result;
    try {
        result = handler();
    } catch (error) {
        fail(invocation, error);
        return;
    }
    finish(invocation, result);
}

/** Settles an invocation when what its handler returned has settled. */
function finish(invocation, result) {
    if (result instanceof Promise) {
        whenPromised(result, invocation, settle);
    } else if (isThenable(result)) {
        whenSettled(result, invocation, settle);
    } else {
        settle(invocation);
    }
}

function isThenable(value) {
    return isObject(value) && typeof value.then === "function";
}

/** Calls `done(invocation, value)` when a promise is fulfilled, at once if it is already. */
function whenPromised(promise, invocation, done) {
    const value = host.fulfilled(promise);
    if (value === promise) {
        whenSettled(promise, invocation, done);
    } else {
        done(invocation, value);
    }
}

/** Calls `done(invocation, value)` when what has a `then()` is fulfilled. */
function whenSettled(promise, invocation, done) {
    Promise.resolve(promise).then(
        (value) => done(invocation, value),
        (error) => fail(invocation, error),
    );
}

function respond(invocation, response) {
    if (invocation.settled) {
        return;
    }
    if (!isResponse(response)) {
        fail(invocation, new TypeError(NOT_A_RESPONSE));
        return;
    }
    const { number } = invocation;
    try {
        settleWithResponse(number, response);
    } catch (error) {
        fail(invocation, error);
        return;
    }
    end(invocation);
}

function settle(invocation) {
    if (!invocation.settled) {
        host.settle(invocation.number);
        end(invocation);
    }
}

function fail(invocation, error) {
    if (!invocation.settled) {
        host.fail(invocation.number, toFailure(error));
        end(invocation);
    }
}

function end(invocation) {
    running.delete(invocation.number);
    invocation.settled = true;
    invocation.onend?.();
}
