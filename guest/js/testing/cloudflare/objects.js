/**
 * The parts of `cloudflare:test` that look into Durable Objects and let things happen to them.
 *
 * Invariant: nothing of an object is changed here; the world does, or code that runs inside the object.
 */

import { numberOf, objectOf, runInObject, world } from "emu:internals";

function requireObject(stub, method) {
    const object = objectOf(stub);
    if (object === undefined) {
        throw new TypeError(`Failed to execute '${method}': parameter 1 is not of type 'DurableObjectStub'.`);
    }
    return object;
}

function closing({ webSockets = "hibernate" } = {}) {
    if (webSockets !== "hibernate" && webSockets !== "close") {
        throw new TypeError(`\`webSockets\` is either "hibernate" or "close", not ${JSON.stringify(webSockets)}`);
    }
    return webSockets === "close";
}

/** Runs `callback(instance, state)` inside an object, as one of its requests. */
export async function runInDurableObject(stub, callback) {
    requireObject(stub, "runInDurableObject");
    if (typeof callback !== "function") {
        throw new TypeError("Failed to execute 'runInDurableObject': parameter 2 is not of type 'function'.");
    }
    return runInObject(stub, callback);
}

/** Runs an object's alarm now, if it has one. Resolves to whether it had. */
export async function runDurableObjectAlarm(stub) {
    const { ran } = await world({ do: "runAlarm", ...requireObject(stub, "runDurableObjectAlarm") });
    return ran;
}

/** Drops an object's instance when it has nothing to do; storage and sockets stay. */
export async function evictDurableObject(stub, options = undefined) {
    await world({ do: "evict", ...requireObject(stub, "evictDurableObject"), closeSockets: closing(options) });
}

/** Evicts every object that runs, each as soon as it has nothing to do. */
export async function evictAllDurableObjects(options = undefined) {
    await world({ do: "evictAll", closeSockets: closing(options) });
}

/** Resets every object that runs; storage stays. */
export async function abortAllDurableObjects() {
    await world({ do: "abortAll" });
}

/** The ids of the objects that exist in a namespace. */
export async function listDurableObjectIds(namespace) {
    const number = numberOf(namespace);
    if (number === undefined) {
        throw new TypeError(
            "Failed to execute 'listDurableObjectIds': parameter 1 is not of type 'DurableObjectNamespace'.",
        );
    }
    const { ids } = await world({ do: "list", namespace: number });
    return ids.map((id) => namespace.idFromString(id));
}

/** Deletes everything that is stored, and ends every object. */
export async function reset() {
    await world({ do: "reset" });
}
