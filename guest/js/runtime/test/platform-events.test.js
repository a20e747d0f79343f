/**
 * From the main module's exports to invocations and their ends.
 *
 * Invariant: what is asserted here was seen in workerd, or is the contract with the host.
 */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { asked, microtasks, operations, reset } from "./fake-host-platform.js";
import * as calls from "../calls.js";
import { Response } from "../fetch/response.js";
import { WebSocketPair, WebSocketRequestResponsePair } from "../fetch/websocket.js";
import { host } from "../host.js";
import { cloudflareWorkers } from "../platform/cloudflare-workers.js";
import * as events from "../platform/events.js";
import { setInterval, setTimeout } from "../platform/timers.js";
import { globalTarget } from "../web/event.js";

const { DurableObject, WorkerEntrypoint } = cloudflareWorkers;
const FLAGS = ["enable_ctx_exports", "enhanced_error_serialization"];

events.prepare("2026-04-22", FLAGS, [
    ["TEXT", "text", "hello"],
    ["JSON", "json", "{\"a\":[1]}"],
    ["ROOM", "objects", 3],
    ["OTHER", "service", 9],
]);

beforeEach(reset);

let lastInvocation = 0;

/** Starts the worker anew with these exports, and gives what it declared or why it was refused. */
function start(namespace) {
    events.start(namespace);
    const [name, value] = operations.at(-1);
    reset();
    return name === "refuse" ? `${value[0]}: ${value[1]}` : value;
}

/** Delivers a request and gives the operations that it caused. */
async function request(url = "http://a/", { object = 0, entrypoint = "" } = {}) {
    lastInvocation += 1;
    events.fetch(lastInvocation, object, entrypoint, "GET", url, [], null, undefined, "");
    await microtasks();
    return operations.splice(0).map(([name, number, ...rest]) => {
        assert.equal(number, lastInvocation);
        return name === "fail" ? `${rest[0][0]}: ${rest[0][1]}` : name === "settleResponse" ? "response" : name;
    });
}

/** Asserts that `call` throws what prints as `expected`. */
function throws(call, expected) {
    assert.throws(call, (error) => {
        assert.equal(`${error.name}: ${error.message}`, expected);
        return true;
    });
}

const ok = () => new Response("ok");

test("exports are declared by what they are", () => {
    class Named extends WorkerEntrypoint {
        fetch() {}
    }
    class Room extends DurableObject {
        webSocketMessage() {}
        alarm() {}
    }
    class Plain {
        webSocketClose() {}
        webSocketError() {}
    }
    const declared = start({
        default: { fetch: ok, scheduled: 5 },
        Named,
        other: { scheduled() {} },
        Room,
        Plain,
        helper: () => {},
    });
    assert.deepEqual(declared, {
        fetch: true,
        scheduled: false,
        entrypoints: [
            { name: "Named", fetch: true, scheduled: false },
            { name: "other", fetch: false, scheduled: true },
        ],
        classes: [
            { name: "Room", alarm: true, socketMessage: true, socketClose: false, socketError: false },
            { name: "Plain", alarm: false, socketMessage: false, socketClose: true, socketError: true },
        ],
    });
});

const NOT_A_HANDLER = "the provided value is not of type 'function or ExportedHandler'.";
const refusals = [
    [{}, /^Error: No event handlers were registered\. This script does nothing\./u],
    [
        { default: 5 },
        new RegExp(`^TypeError: Incorrect type for map entry 'default': ${NOT_A_HANDLER} It is a number`, "u"),
    ],
    [{ default: null }, /^TypeError: .*It is `null`\. The default export must be an object with handlers/u],
    [{ default: {}, x: "text" }, new RegExp(`^TypeError: Incorrect type for map entry 'x': ${NOT_A_HANDLER}`, "u")],
];

for (const [namespace, expected] of refusals) {
    test(`refused: ${JSON.stringify(namespace)}`, () => {
        assert.match(start(namespace), expected);
    });
}

test("a class that is no entrypoint as default export is warned about", () => {
    events.start({ default: class {} });
    assert.match(operations[0][2], /does not extend `WorkerEntrypoint`/u);
    assert.equal(operations[1][0], "declare");
});

const NOT_A_RESPONSE = "TypeError: Incorrect type for Promise: the Promise did not resolve to 'Response'.";
const handlers = [
    ["a response", ok, ["response"]],
    ["a promise of one", async () => ok(), ["response"]],
    ["a thenable", () => ({ then: (resolve) => resolve(ok()) }), ["response"]],
    ["nothing", () => undefined, ["TypeError: Callback returned incorrect type; expected 'Promise'"]],
    ["a number", () => 5, ["TypeError: Callback returned incorrect type; expected 'Promise'"]],
    ["a promise of nothing", async () => {}, [NOT_A_RESPONSE]],
    ["a promise of an object", async () => ({}), [NOT_A_RESPONSE]],
    ["an exception", () => { throw new RangeError("x"); }, ["RangeError: x"]],
    ["a thrown string", async () => { throw "text"; }, ["Error: text"]],
    ["a thrown nothing", async () => { throw undefined; }, ["Error: undefined"]],
    ["a handler that is none", 5, ["Error: Handler does not export a fetch() function."]],
];

for (const [what, fetch, expected] of handlers) {
    test(`a handler gives ${what}`, async () => {
        start({ default: { fetch } });
        assert.deepEqual(await request(), expected);
    });
}

test("a promise that is fulfilled already is not waited for", async () => {
    start({ default: { fetch: async () => ok() } });
    const before = host.fulfilled;
    const response = ok();
    host.fulfilled = () => response;
    events.fetch(99, 0, "", "GET", "http://a/", [], null, undefined);
    host.fulfilled = before;
    assert.equal(operations[0][0], "settleResponse");
    await microtasks();
    assert.equal(operations.length, 1);
});

test("handlers are called on their object with three arguments", async () => {
    const worker = {
        fetch(...args) {
            assert.equal(this, worker);
            assert.equal(args.length, 3);
            assert.equal(args[1].TEXT, "hello");
            assert.deepEqual(args[2].props, {});
            assert.deepEqual(Object.keys(args[2].exports).includes("default"), true);
            return ok();
        },
    };
    start({ default: worker });
    assert.deepEqual(await request(), ["response"]);
});

test("props are those of the binding, made anew for each event", async () => {
    const seen = [];
    start({
        default: {
            fetch(_request, _env, { props }) {
                seen.push(JSON.stringify(props));
                props.changed = true;
                return ok();
            },
        },
    });
    for (const props of ['{"rights":["read"]}', "", '{"rights":["read"]}']) {
        events.fetch(70 + seen.length, 0, "", "GET", "http://a/", [], null, undefined, props);
    }
    assert.deepEqual(seen, ['{"rights":["read"]}', "{}", '{"rights":["read"]}']);
});

test("an entrypoint class has an instance per event", async () => {
    const instances = new Set();
    class Named extends WorkerEntrypoint {
        fetch(...args) {
            instances.add(this);
            assert.equal(args.length, 1);
            assert.equal(this.env.TEXT, "hello");
            this.ctx.passThroughOnException();
            return ok();
        }
    }
    start({ default: Named, Named });
    assert.deepEqual(await request(), ["response"]);
    assert.deepEqual(await request("http://a/", { entrypoint: "Named" }), ["response"]);
    assert.equal(instances.size, 2);
    const [unknown] = await request("http://a/", { entrypoint: "Nope" });
    assert.match(unknown, /^Error: The entrypoint name Nope was not found in this worker\./u);
});

test("waitUntil holds the invocation open, also when it is called after the response", async () => {
    start({
        default: {
            async fetch(_request, _env, ctx) {
                Promise.resolve().then(() => ctx.waitUntil(Promise.reject(new TypeError("late"))));
                ctx.waitUntil(5);
                return ok();
            },
        },
    });
    events.fetch(50, 0, "", "GET", "http://a/", [], null, undefined);
    await microtasks();
    const names = operations.map(([name, number]) => [name, number]);
    assert.deepEqual(names.sort(), [["settleResponse", 50], ["waitUntilBegin", 50], ["waitUntilEnd", 50]]);
    assert.equal(operations.find(([name]) => name === "waitUntilEnd")[2][1], "late");
});

test("waitUntil wants an argument and its context", async () => {
    start({
        default: {
            fetch(_request, _env, ctx) {
                assert.throws(() => ctx.waitUntil(), {
                    message:
                        "Failed to execute 'waitUntil' on 'ExecutionContext': parameter 1 is not of type 'Promise'.",
                });
                const { waitUntil } = ctx;
                assert.throws(() => waitUntil(Promise.resolve()), { message: /^Illegal invocation: function called/u });
                return ok();
            },
        },
    });
    assert.deepEqual(await request(), ["response"]);
});

test("a client that goes away cancels what its request started", async () => {
    start({ default: { fetch: () => new Promise(() => setTimeout(() => {}, 1e6)) } });
    events.fetch(60, 0, "", "GET", "http://a/", [], null, undefined);
    const call = operations[0][1];
    events.cancelled(60);
    assert.deepEqual(operations.slice(1).map(([name, number]) => [name, number]), [["cancel", call], ["fail", 60]]);
    events.cancelled(60);
    assert.equal(operations.length, 3);
});

test("a client that goes away leaves alone what may be another request's", async () => {
    start({ default: { fetch: () => new Promise(() => setTimeout(() => {}, 1e6)) } });
    events.fetch(62, 0, "", "GET", "http://a/", [], null, undefined);
    events.fetch(63, 0, "", "GET", "http://a/", [], null, undefined);
    events.cancelled(62);
    assert.deepEqual(operations.slice(2).map(([name, number]) => [name, number]), [["fail", 62]]);
    events.cancelled(63);
    assert.deepEqual(operations.slice(3).map(([name]) => name), ["cancel", "fail"]);
});

test("what is left over of an answered request is cancelled", async () => {
    let ticks = 0;
    start({
        default: {
            fetch() {
                setInterval(() => {
                    ticks += 1;
                }, 5);
                return ok();
            },
        },
    });
    events.fetch(61, 0, "", "GET", "http://a/", [], null, undefined);
    const call = operations.find(([name]) => name === "callSleep")[1];
    events.cancelled(61);
    assert.deepEqual(operations.at(-1), ["cancel", call]);
    calls.complete(call);
    assert.equal(ticks, 0);
});

test("a schedule", async () => {
    let controller;
    start({
        default: {
            async scheduled(given) {
                controller = given;
            },
        },
    });
    events.scheduled(70, "", "* * * * *", 1234);
    await microtasks();
    assert.deepEqual(operations, [["settle", 70]]);
    assert.equal(controller.cron, "* * * * *");
    assert.equal(controller.scheduledTime, 1234);
    controller.noRetry();
});

class Room extends DurableObject {
    constructor(ctx, env) {
        super(ctx, env);
        Room.last = this;
        if (ctx.id.name === "broken") {
            throw new TypeError("in the constructor");
        }
    }

    fetch() {
        return ok();
    }

    async alarm(info) {
        this.info = info;
    }

    webSocketMessage(socket, message) {
        this.message = [socket, message];
        if (message === "throw") {
            throw new Error("in the handler");
        }
    }
}

function construct(name, className = "Room") {
    start({ default: {}, Room });
    events.construct(1, 1, className, "ab".repeat(32), name);
    return operations.splice(0);
}

test("an object is built with its state", async () => {
    assert.deepEqual(construct("lobby"), [["settle", 1]]);
    const { ctx, env } = Room.last;
    assert.equal(env.JSON.a[0], 1);
    assert.equal(ctx.id.name, "lobby");
    assert.equal(`${ctx.id}`, "ab".repeat(32));
    assert.deepEqual(Object.keys(Room.last), ["ctx", "env"]);
    assert.equal(Object.prototype.toString.call(ctx), "[object DurableObjectState]");
    assert.deepEqual(await request("http://a/", { object: 1 }), ["response"]);
});

test("a constructor that fails, a class that is not there", () => {
    assert.deepEqual(construct("broken")[0][2].slice(0, 2), ["TypeError", "in the constructor"]);
    assert.match(construct("x", "Nope")[0][2][1], /does not export a class `Nope`/u);
});

test("alarms and socket events of an object", async () => {
    construct("lobby");
    events.alarm(2, 1, 1, 99);
    events.socketMessage(3, 1, 5, "hi");
    events.socketMessage(4, 1, 5, "throw");
    events.socketClose(5, 1, 5, 1000, "", true);
    await microtasks();
    assert.deepEqual(
        operations.map(([name, number]) => [name, number]).sort((left, right) => left[1] - right[1]),
        [["settle", 2], ["settle", 3], ["fail", 4], ["settle", 5]],
    );
    assert.deepEqual({ ...Room.last.info }, { isRetry: true, retryCount: 1, scheduledTime: 99 });
});

test("an object's blockConcurrencyWhile and abort", async () => {
    construct("lobby");
    const { ctx } = Room.last;
    await assert.rejects(ctx.blockConcurrencyWhile(), {
        message:
            "Failed to execute 'blockConcurrencyWhile' on 'DurableObjectState': parameter 1 is not of type 'function'.",
    });
    let ran = false;
    const entered = ctx.blockConcurrencyWhile(() => {
        ran = true;
        return 7;
    });
    assert.equal(ran, false, "the section has to be entered first");
    calls.complete(operations.at(-1)[1]);
    assert.equal(await entered, 7);
    assert.throws(() => ctx.abort(new TypeError("why"), { retryAlarm: false }), { message: "TypeError: why" });
    assert.throws(() => ctx.abort(), { message: "Application called abort() to reset Durable Object." });
    const aborts = asked.slice(-2).map(([what, object, ...rest]) => [what, typeof object, ...rest]);
    assert.deepEqual(aborts, [["abort", "number", "TypeError: why", false], ["abort", "number", undefined, true]]);
});

const onState = (method, index, type) =>
    `TypeError: Failed to execute '${method}' on 'DurableObjectState': parameter ${index} is not of type '${type}'.`;
const fresh = () => new WebSocketPair()[1];
const wrongSockets = [
    [(ctx) => ctx.acceptWebSocket(), onState("acceptWebSocket", 1, "WebSocket")],
    [(ctx) => ctx.acceptWebSocket(fresh(), "tag"), onState("acceptWebSocket", 2, "Array")],
    [(ctx) => ctx.acceptWebSocket(fresh(), null), onState("acceptWebSocket", 2, "Array")],
    [(ctx) => ctx.getTags(), onState("getTags", 1, "WebSocket")],
    [(ctx) => ctx.getWebSocketAutoResponseTimestamp(5), onState("getWebSocketAutoResponseTimestamp", 1, "WebSocket")],
    [(ctx) => ctx.setWebSocketAutoResponse(5), onState("setWebSocketAutoResponse", 1, "WebSocketRequestResponsePair")],
    [(ctx) => ctx.waitUntil(), onState("waitUntil", 1, "Promise")],
    [
        (ctx) => ctx.setHibernatableWebSocketEventTimeout(-1),
        "TypeError: The value cannot be converted because it is negative and this API expects a positive number.",
    ],
    [
        (ctx) => ctx.setHibernatableWebSocketEventTimeout("x"),
        "TypeError: The value cannot be converted because it is not an integer.",
    ],
    [
        (ctx) => ctx.setHibernatableWebSocketEventTimeout(1e20),
        "TypeError: Value out of range. Must be less than or equal to 4294967295.",
    ],
];

for (const [call, expected] of wrongSockets) {
    test(`refused: ${call.toString().slice(9)}`, () => {
        construct("lobby");
        const { ctx } = Room.last;
        throws(() => call(ctx), expected);
    });
}

test("an object's hibernatable sockets", () => {
    construct("lobby");
    const { ctx } = Room.last;
    const socket = fresh();
    ctx.acceptWebSocket(socket, ["a", 5]);
    assert.deepEqual(asked.at(-1).slice(3), [["a", "5"]]);
    assert.deepEqual(ctx.getWebSockets(), [socket]);
    assert.deepEqual(ctx.getWebSockets("5"), [socket]);
    assert.deepEqual(ctx.getWebSockets("b"), []);
    assert.deepEqual(ctx.getTags(socket), ["a", "5"]);
    assert.deepEqual(ctx.getWebSocketAutoResponseTimestamp(socket), new Date(5));
    assert.equal(ctx.getWebSocketAutoResponseTimestamp(fresh()), null);

    assert.equal(ctx.getWebSocketAutoResponse(), null);
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
    assert.equal(ctx.getWebSocketAutoResponse().response, "pong");
    ctx.setWebSocketAutoResponse();
    assert.equal(ctx.getWebSocketAutoResponse(), null);

    ctx.setHibernatableWebSocketEventTimeout(5.7);
    assert.equal(ctx.getHibernatableWebSocketEventTimeout(), 5);
    ctx.setHibernatableWebSocketEventTimeout(0);
    assert.equal(ctx.getHibernatableWebSocketEventTimeout(), null);
});

test("a class must be built by the platform", () => {
    assert.throws(() => new Room({}, {}), {
        message:
            "Failed to construct 'DurableObjectBase': constructor parameter 1 is not of type 'DurableObjectState'.",
    });
    assert.throws(() => new WorkerEntrypoint(), {
        message: "Failed to construct 'WorkerEntrypoint': constructor parameter 1 is not of type 'Object'.",
    });
    assert.throws(() => new cloudflareWorkers.RpcStub(), { message: /^`RpcStub` is not supported/u });
});

const { env } = cloudflareWorkers;
const onNamespace = "on 'DurableObjectNamespace'";
const owned = (method, index, type) =>
    `TypeError: Failed to execute '${method}' ${onNamespace}: parameter ${index} is not of type '${type}'.`;
const wrongIds = [
    [() => env.ROOM.idFromName(), owned("idFromName", 1, "string")],
    [() => env.ROOM.idFromString(), owned("idFromString", 1, "string")],
    [() => env.ROOM.newUniqueId(5), owned("newUniqueId", 1, "NewUniqueIdOptions")],
    [
        () => env.ROOM.newUniqueId({ jurisdiction: "eu" }),
        "Error: Jurisdiction restrictions are not implemented in workerd.",
    ],
    [() => env.ROOM.get(), owned("get", 1, "DurableObjectId")],
    [() => env.ROOM.get("x"), owned("get", 1, "DurableObjectId")],
    [() => env.ROOM.getByName(), owned("getByName", 1, "string")],
    [() => env.ROOM.getByName("a", 5), owned("getByName", 2, "GetDurableObjectOptions")],
    [() => env.ROOM.getByName("a", { routingMode: "zzz" }), "RangeError: unknown routingMode: zzz"],
    [
        () => env.ROOM.idFromName("a").equals("a"),
        "TypeError: Failed to execute 'equals' on 'DurableObjectId': parameter 1 is not of type 'DurableObjectId'.",
    ],
];

for (const [call, expected] of wrongIds) {
    test(`refused: ${call.toString().slice(6)}`, () => {
        throws(call, expected);
    });
}

test("ids and stubs", () => {
    const id = env.ROOM.idFromName("lobby");
    assert.equal(JSON.stringify(id), "{\"name\":\"lobby\"}");
    assert.equal(id.equals(env.ROOM.idFromString(id.toString().toUpperCase())), true);
    assert.equal(env.ROOM.idFromString(`${id}`).name, undefined);
    const stub = env.ROOM.get(id, { locationHint: "anything" });
    assert.equal(stub.id, id);
    assert.equal(stub.name, "lobby");
    assert.equal(env.ROOM.get(env.ROOM.newUniqueId()).name, undefined);
    assert.deepEqual(Object.keys(stub).sort(), ["id", "name"]);
    assert.equal(Object.prototype.toString.call(stub), "[object DurableObject]");
    assert.equal(typeof stub.then, "undefined");
    assert.equal(typeof stub.increment, "function");
    assert.equal("increment" in stub, true);
    assert.equal(JSON.stringify(stub), "{\"name\":\"lobby\",\"id\":{\"name\":\"lobby\"}}");
});

test("RPC says that it is not there", async () => {
    const message = /^Calling `increment` over RPC is not supported by this version of emu yet\./u;
    await assert.rejects(env.ROOM.getByName("a").increment(1), { message });
    await assert.rejects(async () => env.OTHER.increment, { message });
});

test("a stub's requests are given to the host at once and in order", async () => {
    start({
        default: {
            async fetch(_request, given) {
                const stub = given.ROOM.getByName("a");
                const both = [stub.fetch("http://a/1"), stub.fetch("http://a/2")];
                assert.deepEqual(operations.map(([name, , , , , , url]) => [name, url]), [
                    ["callFetch", "http://a/1"],
                    ["callFetch", "http://a/2"],
                ]);
                const reset = ["Error", "gone", undefined, true, false, false, true];
                operations.forEach(([, call]) => calls.completeFailure(call, reset));
                await Promise.allSettled(both);
                await assert.rejects(stub.fetch("http://a/3"), { message: "gone", durableObjectReset: true });
                operations.length = 0;
                await assert.rejects(stub.fetch(), {
                    message:
                        "Failed to execute 'fetch' on 'Fetcher': parameter 1 is not of type 'Request or string'.",
                });
                return ok();
            },
        },
    });
    assert.deepEqual(await request(), ["response"]);
});

test("the imported env is the one that handlers get, until it is replaced", async () => {
    start({
        default: {
            fetch(_request, given) {
                given.ADDED = 1;
                return ok();
            },
        },
    });
    await request();
    assert.equal(env.ADDED, 1);
    assert.deepEqual(Object.keys(env), ["TEXT", "JSON", "ROOM", "OTHER", "ADDED"]);
    const inside = cloudflareWorkers.withEnv({ Q: 1 }, () => [JSON.stringify(env), "TEXT" in env, env.Q]);
    assert.deepEqual(inside, ["{\"Q\":1}", false, 1]);
    assert.equal(env.Q, undefined);
    assert.equal(env.TEXT, "hello");
});

test("rejections that nobody handles are logged at the end of the turn", async () => {
    const handled = Promise.reject(new Error("handled"));
    const lost = Promise.reject(new TypeError("lost"));
    lost.catch(() => {});
    events.rejection(handled, new Error("handled"), false);
    events.rejection(lost, new TypeError("lost"), false);
    handled.catch(() => {});
    events.rejection(handled, undefined, true);
    events.turnEnd();
    const logged = operations.filter(([name]) => name === "log");
    assert.equal(logged.length, 1);
    assert.match(logged[0][2], /^Uncaught \(in promise\) TypeError: lost/u);
    events.turnEnd();
    assert.equal(operations.length, 1);
});

test("a listener for `unhandledrejection` may keep the log from it", () => {
    const reason = new TypeError("lost");
    const promise = Promise.reject(reason);
    promise.catch(() => {});
    const seen = [];
    const listener = (event) => {
        seen.push([event.type, event.promise, event.reason]);
        event.preventDefault();
    };
    globalTarget.addEventListener("unhandledrejection", listener);
    globalTarget.addEventListener("rejectionhandled", listener);
    events.rejection(promise, reason, false);
    events.turnEnd();
    events.rejection(promise, undefined, true);
    events.turnEnd();
    assert.deepEqual(seen, [["unhandledrejection", promise, reason], ["rejectionhandled", promise, reason]]);
    assert.equal(operations.length, 0);
});

test("service-worker syntax is refused by naming the module syntax", () => {
    globalTarget.addEventListener("fetch", () => {});
    const refused = /^Error: This worker uses the service-worker syntax .* Use the module syntax: `export default/u;
    assert.match(start({}), refused);
    assert.match(start({ Room }), /service-worker syntax/u);
    assert.equal(start({ default: { fetch: ok } }).fetch, true);
});
