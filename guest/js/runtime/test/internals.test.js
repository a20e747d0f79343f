/**
 * `emu:internals`: what tests inside a world need of the runtime.
 *
 * Invariant: what is asserted here is the contract with `guest/js/testing` and with the host.
 */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { microtasks, operations, reset } from "./fake-host-platform.js";
import * as calls from "../calls.js";
import { builtin } from "../modules.js";
import { cloudflareWorkers } from "../platform/cloudflare-workers.js";
import { env } from "../platform/env.js";
import * as events from "../platform/events.js";
import { queueMicrotask } from "../platform/timers.js";
import { Invocation, Scope, setScope } from "../scope.js";
import { reportError } from "../web/report-error.js";

const { DurableObject } = cloudflareWorkers;
const ID = "ab".repeat(32);

class Room extends DurableObject {
    name = "lobby";

    fetch() {
        throw new Error("the object's own handler was called");
    }
}

const FLAGS = ["enable_ctx_exports", "emu_test"];
events.prepare("2026-04-22", FLAGS, [["ROOM", "objects", 3]]);
events.start({ default: { fetch() {} }, Room });
events.construct(1, 5, "Room", ID, undefined);
const internals = builtin("emu:internals");
const stub = env.ROOM.get(env.ROOM.idFromString(ID));

beforeEach(() => {
    reset();
    setScope(new Scope(new Invocation(7), 0, 0, undefined));
});

/** Takes the call that was started last: its number and what comes after the section. */
function started() {
    const [name, call, , , ...rest] = operations.splice(0).at(-1);
    assert.equal(name, "callFetch");
    return { call, rest };
}

/** Answers a call with JSON. */
function answer(call, value) {
    const body = new TextEncoder().encode(JSON.stringify(value)).buffer;
    calls.completeResponse(call, 200, "", [], body, undefined);
}

test("commands go to the world, and their errors come back", async () => {
    const asked = internals.world({ do: "now" });
    const { call, rest } = started();
    assert.deepEqual(rest.slice(0, 5), [
        "world", "POST", "emu-test://command", ["content-type", "application/json"], '{"do":"now"}',
    ]);
    answer(call, { ms: 5 });
    assert.deepEqual(await asked, { ms: 5 });
    const refused = internals.world({ do: "fly" });
    answer(started().call, { error: "the world cannot `fly`" });
    await assert.rejects(refused, { message: "the world cannot `fly`" });
});

test("objects and namespaces are known by what the host calls them", () => {
    assert.deepEqual(internals.objectOf(stub), { namespace: 3, id: ID });
    assert.equal(internals.numberOf(env.ROOM), 3);
    for (const other of [undefined, null, 1, {}, internals.worker, env.ROOM]) {
        assert.equal(internals.objectOf(other), undefined);
    }
    assert.equal(internals.numberOf(stub), undefined);
    const renewed = internals.renew(stub);
    assert.notEqual(renewed, stub);
    assert.deepEqual([internals.objectOf(renewed), renewed.id.toString()], [{ namespace: 3, id: ID }, ID]);
});

/** Visits the object, and delivers the request that this makes. */
async function visit(fn) {
    const result = internals.runInObject(stub, fn);
    result.catch(() => {});
    const { call, rest } = started();
    const [[namespace, id], method, url] = rest;
    assert.deepEqual([namespace, id, method], [3, ID, "POST"]);
    events.fetch(2, 5, "", method, url, [], null, undefined);
    await microtasks();
    assert.deepEqual(operations.at(-1).slice(0, 3), ["settleResponse", 2, 204]);
    calls.completeResponse(call, 204, "", [], null, undefined);
    return result;
}

test("a test visits an object instead of its handler", async () => {
    assert.deepEqual(await visit((instance, state) => [instance.name, state.id.toString()]), ["lobby", ID]);
    const throwing = visit(() => Promise.reject(new TypeError("inside")));
    await assert.rejects(throwing, { name: "TypeError", message: "inside" });
    const lost = internals.runInObject(stub, () => 1);
    calls.completeFailure(started().call, ["Error", "Network connection lost.", undefined, false, true, false, false]);
    await assert.rejects(lost, { message: "Network connection lost.", retryable: true });
});

test("contexts that tests make keep their promises", async () => {
    const context = internals.createContext();
    const seen = [];
    const inner = () => context.waitUntil(Promise.resolve().then(() => seen.push("inner")));
    context.waitUntil(Promise.resolve().then(inner));
    context.waitUntil(Promise.reject(new Error("late")));
    const reasons = await internals.contextSettled(context);
    assert.deepEqual([seen, reasons.map(({ message }) => message)], [["inner"], ["late"]]);
    assert.deepEqual(operations, []);
    assert.equal(await internals.contextSettled({}), undefined);
});

test("the worker that is tested answers by way of the world", async () => {
    for (const worker of [internals.worker, cloudflareWorkers.exports.default]) {
        worker.fetch("http://a/path");
        assert.deepEqual(started().rest.slice(0, 3), ["world", "GET", "http://a/path"]);
    }
});

test("errors that nobody catches can be taken before they are logged", async () => {
    const thrown = [];
    internals.watchUncaught((error) => thrown.push(error.message));
    queueMicrotask(() => {
        throw new Error("in a microtask");
    });
    await Promise.resolve();
    reportError(new Error("reported"));
    internals.watchUncaught(undefined);
    assert.deepEqual(thrown, ["in a microtask", "reported"]);
    assert.deepEqual(operations, []);
});

test("other workers cannot import it", () => {
    events.prepare("2026-04-22", [], []);
    assert.equal(builtin("emu:internals"), undefined);
    events.prepare("2026-04-22", FLAGS, []);
});
