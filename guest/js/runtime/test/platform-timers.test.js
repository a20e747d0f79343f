/**
 * Timers, calls, critical sections and failures.
 *
 * Invariant: what is asserted here was seen in workerd, or is the contract with the host.
 */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { microtasks, operations, reset } from "./fake-host-platform.js";
import * as calls from "../calls.js";
import { makeError, toError, toFailure } from "../failure.js";
import { setFlags } from "../flags.js";
import * as timers from "../platform/timers.js";
import { Invocation, Scope, currentScope, runInScope, setScope } from "../scope.js";

let scope;

beforeEach(() => {
    reset();
    scope = new Scope(new Invocation(7), 0, 0, undefined);
    setScope(scope);
});

/** Completes the sleep that was started last. */
function elapse(index = -1) {
    const sleeps = operations.filter(([name]) => name === "callSleep");
    calls.complete(sleeps.at(index)[1]);
}

test("a timer runs once, with its arguments, in its scope", () => {
    const ran = [];
    const number = timers.setTimeout((...args) => ran.push([args, currentScope()]), 5.7, "a", "b");
    assert.equal(typeof number, "number");
    assert.deepEqual(operations, [["callSleep", operations[0][1], 7, 0, 5]]);
    setScope(new Scope(new Invocation(8), 0, 0, undefined));
    elapse();
    assert.deepEqual(ran, [[["a", "b"], scope]]);
    elapse();
    assert.equal(ran.length, 1);
});

test("delays are clamped", () => {
    const cases = [[undefined, 0], [NaN, 0], [-5, 0], ["7", 7], [null, 0], [Infinity, Infinity], [0.9, 0]];
    for (const [given, expected] of cases) {
        timers.setTimeout(() => {}, given);
        assert.equal(operations.at(-1)[4], expected, String(given));
    }
});

test("clearing a timer cancels its call, once", () => {
    const number = timers.setTimeout(() => assert.fail("it was cleared"), 5);
    const call = operations[0][1];
    timers.clearTimeout(number);
    timers.clearTimeout(number);
    timers.clearTimeout(null);
    timers.clearTimeout("x");
    assert.deepEqual(operations.slice(1), [["cancel", call]]);
    calls.complete(call);
});

test("an interval repeats until it is cleared, also from inside", () => {
    let count = 0;
    const number = timers.setInterval(() => {
        count += 1;
        if (count === 3) {
            timers.clearInterval(number);
        }
    }, 10);
    for (let i = 0; i < 5; i++) {
        elapse();
    }
    assert.equal(count, 3);
    assert.equal(operations.filter(([name]) => name === "callSleep").length, 3);
});

test("what a timer throws is logged", () => {
    timers.setTimeout(() => {
        throw new TypeError("in a timer");
    }, 0);
    elapse();
    const [name, level, text] = operations.at(-1);
    assert.deepEqual([name, level], ["log", 4]);
    assert.match(text, /^Uncaught TypeError: in a timer/u);
});

const GLOBAL = "ServiceWorkerGlobalScope";
const wrong = [
    [() => timers.setTimeout(), "setTimeout", GLOBAL, "function"],
    [() => timers.setTimeout("x"), "setTimeout", GLOBAL, "function"],
    [() => timers.setInterval(null), "setInterval", GLOBAL, "function"],
    [() => timers.clearTimeout(), "clearTimeout", GLOBAL, "Number"],
    [() => timers.queueMicrotask(5), "queueMicrotask", GLOBAL, "function"],
    [() => timers.scheduler.wait(), "wait", "Scheduler", "number"],
];

for (const [call, method, owner, type] of wrong) {
    test(`refused: ${call.toString().slice(6)}`, async () => {
        await assert.rejects(async () => call(), {
            name: "TypeError",
            message: `Failed to execute '${method}' on '${owner}': parameter 1 is not of type '${type}'.`,
        });
    });
}

test("ten thousand timers are enough for one request", () => {
    const numbers = [];
    const set = () => numbers.push(timers.setTimeout(() => {}, 1e6));
    timers.clearTimeout(timers.setTimeout(() => {}, 0));
    for (let i = 0; i < 10_000; i++) {
        set();
    }
    assert.throws(set, {
        name: "QuotaExceededError",
        message:
            "You have exceeded the number of active timeouts you may set. max active timeouts: 10000, current active " +
            "timeouts: 10000, finished timeouts: 1",
    });
    runInScope(new Scope(new Invocation(8), 0, 0, undefined), set);
    numbers.forEach((number) => timers.clearTimeout(number));
    set();
});

test("scheduler.wait resolves, and rejects when its signal aborts", async () => {
    const waited = timers.scheduler.wait(5);
    elapse();
    assert.equal(await waited, undefined);
    const controller = new AbortController();
    const aborted = timers.scheduler.wait(5, { signal: controller.signal });
    controller.abort(new RangeError("enough"));
    await assert.rejects(aborted, { message: "enough" });
    assert.equal(operations.at(-1)[0], "cancel");
    await assert.rejects(timers.scheduler.wait(5, { signal: controller.signal }), { message: "enough" });
    const text = AbortSignal.abort("why");
    await assert.rejects(timers.scheduler.wait(5, { signal: text }), { name: "Error", message: "why" });
});

test("a call ends once and in its scope", async () => {
    const promise = calls.fetchCall(["ns", "00", "name"], "GET", "http://a/", [], null, false, undefined);
    const call = operations[0][1];
    setScope(new Scope(new Invocation(9), 0, 0, undefined));
    calls.completeResponse(call, 200, "", [], null, undefined);
    assert.equal(currentScope(), scope);
    assert.deepEqual(await promise, [200, "", [], null, undefined]);
    calls.complete(call);
    calls.completeFailure(call, ["Error", "late"]);
});

test("what a response brings that nobody waits for goes back to the host", () => {
    const promise = calls.fetchCall(undefined, "GET", "http://a/", [], null, false, undefined);
    const call = operations[0][1];
    promise.cancel();
    calls.completeResponse(call, 200, "", [], { stream: 5, length: undefined }, 6);
    assert.deepEqual(operations.slice(1), [["cancel", call], ["bodyCancel", 5], ["socketDrop", 6]]);
});

test("a reset object breaks the stub that saw it", async () => {
    const target = [1, "00", undefined];
    const promise = calls.fetchCall(target, "GET", "http://a/", [], null, false, undefined);
    calls.completeFailure(operations[0][1], ["Error", "gone", undefined, true, false, false, true]);
    await assert.rejects(promise, { message: "gone", remote: true, durableObjectReset: true });
    assert.equal(target.broken.message, "gone");
});

async function section(callback, resets) {
    const promise = calls.critical(3, callback, resets);
    const [name, call, invocation, outer, number, object] = operations.at(-1);
    assert.deepEqual([name, invocation, outer, object], ["callEnterCritical", 7, 0, 3]);
    calls.complete(call);
    await microtasks();
    return { promise, number };
}

test("a critical section's callback runs inside, what follows outside", async () => {
    const seen = [];
    const { promise, number } = await section(async () => {
        seen.push(currentScope().section);
        return 5;
    }, true);
    assert.equal(await promise, 5);
    assert.deepEqual(seen, [number]);
    assert.deepEqual(operations.at(-1), ["leaveCritical", number, undefined]);
    assert.equal(currentScope(), scope);
});

test("a failing blockConcurrencyWhile resets the object and never settles", async () => {
    const { promise, number } = await section(async () => {
        throw new RangeError("bcw");
    }, true);
    const [name, left, failure] = operations.at(-1);
    assert.deepEqual([name, left, failure.slice(0, 2)], ["leaveCritical", number, ["RangeError", "bcw"]]);
    assert.equal(await Promise.race([promise, Promise.resolve("pending")]), "pending");
});

test("with node's timers, a timer is an object", () => {
    setFlags("2026-10-01", ["enable_nodejs_global_timers"]);
    assert.throws(() => timers.setTimeout(5), {
        code: "ERR_INVALID_ARG_TYPE",
        message: "The \"callback\" argument must be of type function. Received type number (5)",
    });
    assert.equal(timers.clearTimeout(), undefined);
    const timer = timers.setTimeout(() => {}, 5);
    assert.deepEqual([timer.hasRef(), timer.unref() === timer, timer.hasRef()], [true, true, false]);
    assert.equal(timer.refresh(), timer);
    assert.equal(operations.filter(([name]) => name === "callSleep").length, 2);
    timers.clearTimeout(String(+timer));
    timer.close();
    assert.equal(operations.filter(([name]) => name === "cancel").length, 2);
    setFlags("2026-04-22", ["enhanced_error_serialization"]);
});

test("an error of an unknown class keeps its name, in its message before 2026-04-21", () => {
    setFlags("2026-01-01", []);
    assert.equal(makeError("Mine", "m", undefined, true).message, "Mine: m");
    setFlags("2026-04-22", ["enhanced_error_serialization"]);
    const error = makeError("Mine", "m", undefined, true);
    assert.deepEqual([error.name, error.message, error.constructor], ["Mine", "m", Error]);
});

const custom = Object.assign(new TypeError("m"), { name: "Mine", retryable: true });
const nasty = {
    get message() {
        throw new Error("no");
    },
};
const thrown = [
    ["a string", ["Error", "a string"]],
    [42, ["Error", "42"]],
    [null, ["Error", "null"]],
    [undefined, ["Error", "undefined"]],
    [Symbol("x"), ["Error", "Symbol(x)"]],
    [{ message: "msg", name: "N" }, ["N", "msg"]],
    [{ a: 1 }, ["Error", "[object Object]"]],
    [custom, ["Mine", "m"]],
    [new RangeError("r"), ["RangeError", "r"]],
    [Object.create(null), ["Error", "[object Object]"]],
    [nasty, ["Error", "[object Object]"]],
];

test("whatever is thrown becomes a failure", () => {
    for (const [value, expected] of thrown) {
        assert.deepEqual(toFailure(value).slice(0, 2), expected);
    }
    assert.equal(toFailure(custom)[4], true);
    const bare = { name: "N", message: "m", stack: "    at f (a.js:1:1)\n" };
    assert.equal(toFailure(bare)[2], "N: m\n    at f (a.js:1:1)");
});

test("an object that is thrown arrives as one, unless it is too large", () => {
    const sent = (value) => {
        const failure = toFailure(value);
        failure[3] = true;
        return toError(failure);
    };
    assert.deepEqual(sent({ a: { b: [1] } }), { a: { b: [1] }, remote: true });
    assert.deepEqual(sent({ message: "m", name: "N" }), { message: "m", name: "N", remote: true });
    for (const value of ["text", new RangeError("r"), { f() {} }, { text: "x".repeat(2 ** 21) }]) {
        const arrived = sent(value);
        assert.equal(arrived instanceof Error, true);
        assert.equal(arrived.remote, true);
    }
    const damaged = ["Error", "m", undefined, true, false, false, false, new ArrayBuffer(1)];
    assert.equal(toError(damaged).message, "m");
});

test("failures become errors of their class", () => {
    const cases = [
        ["TypeError", TypeError], ["SyntaxError", SyntaxError], ["Error", Error], ["Mine", Error],
        ["AggregateError", AggregateError],
    ];
    for (const [name, constructor] of cases) {
        const error = makeError(name, "m", undefined, true, false, false, false);
        assert.equal(error.constructor, constructor);
        assert.equal(`${error}`, `${name}: m`);
        assert.equal(error.remote, true);
        assert.equal("retryable" in error, false);
    }
    assert.equal(makeError("DataCloneError", "m").constructor.name, "DOMException");
    assert.equal(makeError("SyntaxError", "m").constructor.name, "DOMException", "the host's own is the DOM's");
    assert.equal(toError(["TypeError", "m"]).stack, "TypeError: m");
});
