/** What `web/` puts on the global object; `performance`, `navigator`, `reportError()`. Invariant: needs no engine. */

import { clock, operations } from "./fake-host.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlags } from "../flags.js";
import { Event, hasListeners, listenerCount } from "../web/event.js";
import { dispatchGlobal, ServiceWorkerGlobalScope } from "../web/global-scope.js";
import { install, installFlagged } from "../web/globals.js";
import { Navigator, provideBeacon } from "../web/navigator.js";
import { performance } from "../web/performance.js";
import { reportError } from "../web/report-error.js";
import { URLPattern } from "../web/url-pattern.js";

const ALL_FLAGS = [
    "global_navigator", "enable_navigator_language", "enable_weak_ref", "enable_global_performance_classes",
];

/** A global object for a worker with these flags. */
function globalWith(flags) {
    setFlags("2026-05-01", flags);
    const global = { WeakRef, FinalizationRegistry };
    install(global);
    installFlagged(global);
    return global;
}

test("the global object is a scope with members", () => {
    const global = globalWith(ALL_FLAGS);
    assert.ok(global instanceof ServiceWorkerGlobalScope);
    assert.equal(Object.prototype.toString.call(global), "[object ServiceWorkerGlobalScope]");
    assert.deepEqual([global.self === global, global.origin], [true, "null"]);
    assert.equal(global.Cloudflare.compatibilityFlags.global_navigator, true);
    assert.equal(global.Cloudflare.compatibilityFlags.rpc, false);
    for (const name of ["URL", "crypto", "structuredClone", "Event"]) {
        const { writable, configurable } = Object.getOwnPropertyDescriptor(global, name);
        assert.deepEqual([writable, configurable], [true, true], name);
    }
    assert.throws(() => new ServiceWorkerGlobalScope(), { message: "Illegal constructor" });
});

test("flags decide on globals", () => {
    const present = (flags) => {
        const global = globalWith(flags);
        return ["navigator", "WeakRef", "Performance"].map((name) => name in global);
    };
    assert.deepEqual(present(ALL_FLAGS), [true, true, true]);
    assert.deepEqual(present([]), [false, false, false]);
    assert.equal("language" in globalWith(["global_navigator"]).navigator, false);
});

test("navigator", () => {
    const { navigator } = globalWith(ALL_FLAGS);
    assert.equal(
        JSON.stringify(navigator),
        '{"languages":["en"],"language":"en","platform":"","hardwareConcurrency":1,"userAgent":"Cloudflare-Workers"}',
    );
    const sent = [];
    provideBeacon((url, body) => sent.push([url, body]));
    assert.equal(navigator.sendBeacon("http://h", "b"), true);
    assert.deepEqual(sent, [["http://h", "b"]]);
    assert.throws(() => navigator.sendBeacon(), {
        message: "Failed to execute 'sendBeacon' on 'Navigator': parameter 1 is not of type 'string'.",
    });
    assert.throws(() => new Navigator(), { message: "Illegal constructor" });
});

test("events of the global object", () => {
    const { addEventListener, removeEventListener, dispatchEvent } = globalWith(ALL_FLAGS);
    const seen = [];
    const listener = function listen(event) {
        seen.push(this === globalThis, event.target === globalThis, event.isTrusted);
    };
    addEventListener("x", listener);
    assert.deepEqual([listenerCount(globalThis, "x"), hasListeners(globalThis, "y")], [1, false]);
    dispatchGlobal(new Event("x"));
    dispatchEvent(new Event("x"));
    removeEventListener("x", listener);
    dispatchEvent(new Event("x"));
    assert.deepEqual(seen, [true, true, true, true, true, false]);
});

test("reportError tells listeners, then the log", () => {
    const { addEventListener, removeEventListener } = globalWith(ALL_FLAGS);
    const seen = [];
    const listener = (event) => {
        seen.push(event.message, event.error);
        if (event.error === 5) {
            event.preventDefault();
        }
    };
    addEventListener("error", listener);
    const error = new TypeError("boom");
    operations.length = 0;
    reportError(error);
    reportError(5);
    reportError({ toString() { throw error; } });
    removeEventListener("error", listener);
    assert.deepEqual(seen.slice(0, 4), ["Uncaught TypeError: boom", error, "Uncaught 5", 5]);
    assert.deepEqual(operations, [
        ["log", 4, `Uncaught ${error.stack}`],
        ["log", 4, "Uncaught [object Object]"],
    ]);
    assert.throws(() => reportError(), {
        message: "Failed to execute 'reportError' on 'ServiceWorkerGlobalScope': parameter 1 is not of type 'Value'.",
    });
});

test("performance", () => {
    clock.nowMs = 5;
    assert.deepEqual([performance.now(), JSON.stringify(performance)], [5, '{"timeOrigin":0}']);
    const first = performance.mark("a");
    clock.nowMs = 8;
    performance.mark("b", { startTime: 3, detail: { x: 1 } });
    const measures = [
        performance.measure("m", "a"),
        performance.measure("m", "b", "a"),
        performance.measure("m", { start: 1, duration: 2 }),
        performance.measure("m", "unknown"),
    ];
    const times = measures.map(({ startTime, duration }) => [startTime, duration]);
    assert.deepEqual(times, [[5, 3], [3, 2], [1, 2], [0, 8]]);
    assert.deepEqual(first.toJSON(), { name: "a", entryType: "mark", startTime: 5, duration: 0 });
    assert.deepEqual(performance.getEntriesByType("mark").map((entry) => entry.name), ["b", "a"]);
    performance.clearMarks("a");
    performance.clearMeasures();
    assert.deepEqual(performance.getEntries().map((entry) => entry.detail), [{ x: 1 }]);
    assert.throws(() => performance.mark(), {
        message: "Failed to execute 'mark' on 'Performance': parameter 1 is not of type 'string'.",
    });
});

const MATCHES = [
    [{ pathname: "/a/:b" }, "http://x/a/c", { b: "c" }],
    [{ pathname: "/a/*" }, "http://x/a/b/c", { 0: "b/c" }],
    [{ pathname: "/a/:x(\\d+)" }, "http://x/a/b", undefined],
    ["https://*.example.com/books/:id?", "https://a.example.com/books/1", { id: "1" }],
];

for (const [pattern, url, groups] of MATCHES) {
    test(`URLPattern ${JSON.stringify(pattern)} on ${url}`, () => {
        const matcher = new URLPattern(pattern);
        assert.equal(matcher.test(url), groups !== undefined);
        const found = matcher.exec(url);
        assert.deepEqual(found && { ...found.pathname.groups }, groups ?? null);
    });
}

test("URLPattern tells its components", () => {
    const pattern = new URLPattern({ pathname: "/a/:x(\\d+)" });
    assert.deepEqual([pattern.pathname, pattern.hostname, pattern.hasRegExpGroups], ["/a/:x(\\d+)", "*", true]);
    assert.equal(new URLPattern({ pathname: "/a/:x" }).hasRegExpGroups, false);
    assert.equal(new URLPattern({ pathname: "/A" }, { ignoreCase: true }).test("http://x/a"), true);
    assert.throws(() => new URLPattern({ pathname: "(" }), { message: "Failed to construct URLPattern" });
});
