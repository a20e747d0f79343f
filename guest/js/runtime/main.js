/**
 * The runtime as one: puts the globals in place and hands the host's events to their handlers.
 *
 * Invariant: the only file that knows all others. Evaluated once, before the engine is frozen; what depends on a worker's
 * flags happens in `prepare()`.
 */

import "./prelude.js";
import { complete, completeFailure, completeResponse, sleep } from "./calls.js";
import { commonJs } from "./common-js.js";
import { console } from "./console/console.js";
import { makeError } from "./failure.js";
import * as bodies from "./fetch/bodies.js";
import { Body } from "./fetch/body.js";
import { fetch } from "./fetch/fetch.js";
import { Headers } from "./fetch/headers.js";
import { Request } from "./fetch/request.js";
import { Response } from "./fetch/response.js";
import * as websocket from "./fetch/websocket.js";
import { host } from "./host.js";
import * as language from "./language/language.js";
import { builtin, install as installModules } from "./modules.js";
import * as events from "./platform/events.js";
import * as timers from "./platform/timers.js";
import { streamGlobals } from "./streams/globals.js";
import { trace } from "./trace.js";
import { provideTimer } from "./web/abort.js";
import * as web from "./web/globals.js";
import { installWebAssembly, wasmError, wasmModule } from "./web/webassembly.js";
import { wasmCaught, wasmException } from "./web/webassembly-exceptions.js";
import { provideBeacon } from "./web/navigator.js";
import { provideCopier } from "./web/structured-clone.js";
import { defineGlobals } from "./web/webidl.js";

/** The longest time that a timer waits, as everywhere. */
const MAX_DELAY_MS = 2 ** 31 - 1;

function install(global) {
    language.install(global);
    web.install(global);
    installWebAssembly(global);
    defineGlobals(global, {
        Body,
        Headers,
        Request,
        Response,
        WebSocket: websocket.WebSocket,
        WebSocketPair: websocket.WebSocketPair,
        WebSocketRequestResponsePair: websocket.WebSocketRequestResponsePair,
        fetch,
        console,
        setTimeout: timers.setTimeout,
        setInterval: timers.setInterval,
        clearTimeout: timers.clearTimeout,
        clearInterval: timers.clearInterval,
        queueMicrotask: timers.queueMicrotask,
        scheduler: timers.scheduler,
        Scheduler: timers.Scheduler,
    });
    provideTimer((fn, delayMs) => {
        sleep(Math.min(Math.max(delayMs, 0) || 0, MAX_DELAY_MS)).then(fn);
    });
    provideCopier("Headers", (headers) => new Headers(headers));
    provideCopier("Request", (request) => new Request(request));
    provideBeacon((url, body) => {
        fetch(url, { method: "POST", body }).catch(() => {});
        return true;
    });
}

/** Before the worker's modules are evaluated: what depends on its flags. */
function prepare(compatibilityDate, flags, bindings) {
    events.prepare(compatibilityDate, flags, bindings);
    web.installFlagged(globalThis);
    defineGlobals(globalThis, streamGlobals());
    installModules(globalThis);
}

install(globalThis);

host.handlers({
    makeError,
    builtin,
    commonJs,
    prepare,
    start: events.start,
    construct: events.construct,
    fetch: events.fetch,
    scheduled: events.scheduled,
    alarm: events.alarm,
    socketMessage: events.socketMessage,
    socketClose: events.socketClose,
    socketError: events.socketError,
    cancelled: events.cancelled,
    rejection: events.rejection,
    turnEnd: events.turnEnd,
    trace,
    wasmModule,
    wasmError,
    wasmException,
    wasmCaught,
    complete,
    completeResponse,
    completeFailure,
    bodyChunk: bodies.chunk,
    bodyEnd: bodies.end,
    bodyFailed: bodies.failed,
    bodyCredit: bodies.credit,
    bodyCancelled: bodies.cancelled,
    acceptedMessage: websocket.acceptedMessage,
    acceptedClose: websocket.acceptedClose,
    acceptedError: websocket.acceptedError,
});
