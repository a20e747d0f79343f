/**
 * Where in the worker's code the things come from that leave it: in the one run that a report tells, each of them is
 * announced with the stack that led to it.
 *
 * Invariant: does nothing until the host turns it on, and changes nothing then that a worker could see.
 */

import { host } from "./host.js";

/** The natives that are called while the worker's code is on the stack. */
const TOLD = [
    "callFetch", "callSleep", "callSync", "callEnterCritical", "waitUntilBegin", "kvPut", "kvDelete", "deleteAll",
    "alarmSet", "alarmDelete", "sqlExec", "savepointBegin", "socketSend", "socketClose", "socketAccept",
    "socketHibernate", "abort",
];
/** Frames of the runtime's own come before the worker's. */
const STACK_FRAMES = 24;

const NativeError = Error;
/** Where each response was made, while that is told. */
let places;

/** The engine's own stack, whatever the worker has done to errors. */
function stack() {
    const { prepareStackTrace, stackTraceLimit } = NativeError;
    try {
        NativeError.prepareStackTrace = undefined;
        NativeError.stackTraceLimit = STACK_FRAMES;
        return String(new NativeError().stack);
    } catch {
        // A worker may have frozen its errors: then it is not told where it was.
        return "";
    } finally {
        Reflect.set(NativeError, "prepareStackTrace", prepareStackTrace);
        Reflect.set(NativeError, "stackTraceLimit", stackTraceLimit);
    }
}

/** Starts telling, for the life of the isolate. */
export function trace() {
    places = new WeakMap();
    for (const name of TOLD) {
        const native = host[name];
        host[name] = (...args) => {
            host.at(stack());
            return native(...args);
        };
    }
}

/** A response was made. It is sent when the code that made it is no longer on the stack. */
export function notePlaceOf(response) {
    if (places !== undefined) {
        places.set(response, stack());
    }
}

/** A response is about to be sent. */
export function sayPlaceOf(response) {
    if (places !== undefined) {
        host.at(places.get(response) ?? "");
    }
}
