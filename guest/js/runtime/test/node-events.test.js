/** `node:events` behaves as Node's. */

import assert from "node:assert/strict";
import nodeEvents from "node:events";
import { test } from "node:test";
import "./engine-host.js";
import { operations } from "./fake-host.js";

const { EventEmitter: OurEmitter, once, on } = await import("../node/events.js");

/** What a script sees with an emitter; the same script runs on both. */
const SCRIPTS = {
    order: (E, log) => {
        const e = new E();
        e.on("a", () => log(1));
        e.prependListener("a", () => log(0));
        e.once("a", (x) => log(["once", x]));
        log(e.emit("a", "x"));
        log(e.emit("a"));
        log(e.emit("b"));
    },
    remove: (E, log) => {
        const e = new E();
        const f = () => log("f");
        e.on("a", f).on("a", f).on("removeListener", (type, fn) => log([type, fn === f]));
        e.off("a", f);
        log(e.listenerCount("a"));
        e.emit("a");
        e.removeAllListeners();
        log(e.eventNames());
    },
    removeDuringEmit: (E, log) => {
        const e = new E();
        const second = () => log("second");
        e.on("a", () => e.off("a", second));
        e.on("a", second);
        e.emit("a");
        e.emit("a");
    },
    newListener: (E, log) => {
        const e = new E();
        e.on("newListener", (type) => log(type));
        e.once("x", () => {});
        log(e.listeners("x").length);
        log(e.rawListeners("x")[0].listener !== undefined);
    },
    error: (E, log) => {
        const e = new E();
        try { e.emit("error", new RangeError("boom")); } catch (error) { log([error.name, error.message]); }
        try { e.emit("error", { a: 1 }); } catch (error) { log([error.code, error.message, error.context]); }
        try { e.emit("error", "text"); } catch (error) { log([error.code, error.message]); }
        e.on(E.errorMonitor, (error) => log(["monitor", error]));
        e.on("error", (error) => log(["handled", error]));
        e.emit("error", 5);
    },
    wrongListener: (E, log) => {
        try { new E().on("a", 5); } catch (error) { log([error.code, error.message]); }
        try { new E().setMaxListeners(-1); } catch (error) { log([error.code, error.message]); }
    },
    inheritance: (E, log) => {
        function Old() { E.call(this); }
        Object.setPrototypeOf(Old.prototype, E.prototype);
        const a = new Old();
        const b = new Old();
        a.on("x", () => log("a"));
        log([a.emit("x"), b.emit("x"), a instanceof E]);
        class New extends E {}
        log(new New().getMaxListeners());
    },
    symbols: (E, log) => {
        const e = new E();
        const s = Symbol("s");
        e.on(s, () => log("symbol"));
        e.on("__proto__", () => log("proto"));
        e.emit(s);
        e.emit("__proto__");
        log(e.eventNames().map(String));
    },
};

for (const [name, script] of Object.entries(SCRIPTS)) {
    test(`emitter: ${name}`, () => {
        const [ours, theirs] = [[], []];
        script(OurEmitter, (line) => ours.push(line));
        script(nodeEvents, (line) => theirs.push(line));
        assert.deepEqual(ours, theirs);
    });
}

test("once", async () => {
    const e = new OurEmitter();
    const arrived = once(e, "a");
    e.emit("a", 1, 2);
    assert.deepEqual(await arrived, [1, 2]);
    const failed = once(e, "a");
    e.emit("error", new Error("x"));
    await assert.rejects(failed, /x/);
    assert.deepEqual(e.eventNames(), []);
    const controller = new AbortController();
    const aborted = once(e, "a", { signal: controller.signal });
    controller.abort();
    await assert.rejects(aborted, { name: "AbortError", code: "ABORT_ERR" });
    const target = new EventTarget();
    const event = once(target, "x");
    target.dispatchEvent(new Event("x"));
    assert.equal((await event)[0].type, "x");
});

test("on", async () => {
    const e = new OurEmitter();
    const seen = [];
    const events = on(e, "a", { close: ["end"] });
    e.emit("a", 1);
    e.emit("a", 2);
    queueMicrotask(() => e.emit("end"));
    for await (const [value] of events) {
        seen.push(value);
    }
    assert.deepEqual(seen, [1, 2]);
    assert.deepEqual(e.eventNames(), []);
    const failing = on(e, "a");
    e.emit("error", new Error("x"));
    await assert.rejects(failing.next(), /x/);
});

test("rejections are captured", async () => {
    const e = new OurEmitter({ captureRejections: true });
    const caught = new Promise((resolve) => e.on("error", resolve));
    e.on("a", async () => {
        throw new Error("later");
    });
    e.emit("a");
    assert.equal((await caught).message, "later");
});

test("too many listeners are told once", () => {
    const e = new OurEmitter();
    for (let index = 0; index < 12; index++) {
        e.on("a", () => {});
    }
    const lines = operations.filter(([name]) => name === "log").map(([, , text]) => text);
    assert.equal(lines.length, 1);
    assert.match(lines[0], /^MaxListenersExceededWarning: .* 11 a listeners added to \[EventEmitter\]/);
});
