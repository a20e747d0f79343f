/** `Event`, `EventTarget` and the events with members. Invariant: needs no engine. */

import "./fake-host.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlags } from "../flags.js";
import { abortSignal, AbortController, AbortSignal, createSignal, onAbort, provideTimer } from "../web/abort.js";
import { DOMException } from "../web/dom-exception.js";
import { dispatchTrusted, Event, EventTarget, followFlags, provideReport } from "../web/event.js";
import {
    CloseEvent, createMessageEvent, CustomEvent, ErrorEvent, MessageEvent, PromiseRejectionEvent,
} from "../web/event-types.js";

/** Dispatches "x" on a new target that `prepare` got, and tells what was logged. */
function logged(prepare, event = new Event("x", { cancelable: true })) {
    const target = new EventTarget();
    const log = [];
    prepare(target, log);
    log.push(target.dispatchEvent(event));
    return log;
}

const DISPATCHES = {
    "a listener sees the target": [
        (t, log) => t.addEventListener("x", function listen(e) {
            log.push(this === t, e.target === t, e.currentTarget === t, e.eventPhase, e.composedPath().length);
        }),
        [true, true, true, 2, 1, true],
    ],
    "handleEvent has its object as `this`": [
        (t, log) => {
            const object = { handleEvent() { log.push(this === object); } };
            t.addEventListener("x", object);
        },
        [true, true],
    ],
    "the property on<type> comes first": [
        (t, log) => {
            t.addEventListener("x", () => log.push("listener"));
            t.onx = () => log.push("property");
        },
        ["property", "listener", true],
    ],
    "listeners added meanwhile wait for the next event": [
        (t, log) => t.addEventListener("x", () => t.addEventListener("x", () => log.push("late"))),
        [true],
    ],
    "listeners removed meanwhile are not called": [
        (t, log) => {
            const second = () => log.push("second");
            t.addEventListener("x", () => t.removeEventListener("x", second));
            t.addEventListener("x", second);
        },
        [true],
    ],
    "a listener is added once": [
        (t, log) => {
            const listener = () => log.push("once");
            t.addEventListener("x", listener);
            t.addEventListener("x", listener, { once: true });
        },
        ["once", true],
    ],
    "stopImmediatePropagation": [
        (t, log) => {
            t.addEventListener("x", (e) => e.stopImmediatePropagation());
            t.addEventListener("x", () => log.push("second"));
        },
        [true],
    ],
    "preventDefault": [(t) => t.addEventListener("x", (e) => e.preventDefault()), [false]],
    "a passive listener cannot prevent": [
        (t) => t.addEventListener("x", (e) => e.preventDefault(), { passive: true }),
        [true],
    ],
};

for (const [name, [prepare, expected]] of Object.entries(DISPATCHES)) {
    test(`dispatch: ${name}`, () => {
        assert.deepEqual(logged(prepare), expected);
    });
}

test("once and signal end a listener", () => {
    const target = new EventTarget();
    const log = [];
    const controller = new AbortController();
    target.addEventListener("x", () => log.push("once"), { once: true });
    target.addEventListener("x", () => log.push("signal"), { signal: controller.signal });
    target.addEventListener("x", () => log.push("never"), { signal: AbortSignal.abort() });
    target.dispatchEvent(new Event("x"));
    controller.abort();
    target.dispatchEvent(new Event("x"));
    assert.deepEqual(log, ["once", "signal"]);
});

test("an exception ends the dispatch, or is reported", () => {
    const throwing = (t, log) => {
        t.addEventListener("x", () => { throw new Error("boom"); });
        t.addEventListener("x", () => log.push("second"));
    };
    const event = new Event("x");
    assert.throws(() => logged(throwing, event), { message: "boom" });
    const reported = [];
    provideReport((error) => reported.push(error.message));
    setFlags("2026-10-01", ["spec_compliant_dispatch_exceptions"]);
    followFlags();
    assert.deepEqual(logged(throwing, event), ["second", true]);
    assert.deepEqual(reported, ["boom"]);
    setFlags("2026-05-01", []);
    followFlags();
});

const REFUSALS = [
    [() => new Event(), "Failed to construct 'Event': constructor parameter 1 is not of type 'string'."],
    [() => new Event("x", 5), "Failed to construct 'Event': constructor parameter 2 is not of type 'Init'."],
    [
        () => new MessageEvent("x", 5),
        "Failed to construct 'MessageEvent': constructor parameter 2 is not of type 'Initializer'.",
    ],
    [
        () => new MessageEvent("x", { ports: 5 }),
        "Incorrect type for the 'ports' field on 'Initializer': the provided value is not of type 'Array'.",
    ],
    [
        () => new EventTarget().addEventListener("x"),
        "Failed to execute 'addEventListener' on 'EventTarget': parameter 2 is not of type 'function or " +
        "HandlerObject'.",
    ],
    [
        () => new EventTarget().addEventListener("x", {}),
        "Incorrect type for the 'handleEvent' field on 'HandlerObject': the provided value is not of type 'function'.",
    ],
    [
        () => new EventTarget().addEventListener("x", () => {}, { signal: 5 }),
        "Incorrect type for the 'signal' field on 'AddEventListenerOptions': the provided value is not of type " +
        "'AbortSignal'.",
    ],
    [() => new EventTarget().addEventListener("x", () => {}, true), "addEventListener(): useCapture must be false."],
    [
        () => new EventTarget().addEventListener("x", () => {}, { capture: true }),
        "addEventListener(): options.capture must be false.",
    ],
    [
        () => new EventTarget().removeEventListener("x"),
        "Failed to execute 'removeEventListener' on 'EventTarget': parameter 2 is not of type 'Object'.",
    ],
    [
        () => new EventTarget().dispatchEvent({}),
        "Failed to execute 'dispatchEvent' on 'EventTarget': parameter 1 is not of type 'Event'.",
    ],
    [() => new AbortSignal(), "Illegal constructor"],
    [() => AbortSignal.any(5), "Failed to execute 'any' on 'AbortSignal': parameter 1 is not of type 'Array'."],
    [
        () => AbortSignal.any([5]),
        "Incorrect type for array element 0: the provided value is not of type 'AbortSignal'.",
    ],
    [
        () => AbortSignal.timeout(),
        "Failed to execute 'timeout' on 'AbortSignal': parameter 1 is not of type 'number'.",
    ],
];

for (const [attempt, message] of REFUSALS) {
    test(`refuses ${attempt}`, () => {
        assert.throws(attempt, { name: "TypeError", message });
    });
}

test("an event cannot be dispatched twice at once", () => {
    const target = new EventTarget();
    const event = new Event("x");
    target.addEventListener("x", () => target.dispatchEvent(event));
    assert.throws(() => target.dispatchEvent(event), {
        name: "InvalidStateError",
        message: "The event is already being dispatched.",
    });
});

test("accessors know their interface", () => {
    assert.throws(() => Event.prototype.type, /^TypeError: Illegal invocation/u);
    assert.throws(() => AbortSignal.prototype.aborted, /^TypeError: Illegal invocation/u);
    assert.equal(Object.prototype.toString.call(new CustomEvent("x")), "[object CustomEvent]");
    assert.deepEqual(Object.keys(CustomEvent.prototype), ["detail"]);
});

test("members of events", () => {
    const message = new MessageEvent("message", { data: 1, origin: "o", lastEventId: 3 });
    const { data, origin, lastEventId, source, ports } = message;
    assert.deepEqual([data, origin, lastEventId, source, ports], [1, "o", "3", null, []]);
    assert.equal(message.ports, message.ports);
    const [first, second] = [createMessageEvent("a"), createMessageEvent("b")];
    assert.deepEqual([first.type, first.data, first.origin, second.data], ["message", "a", "", "b"]);
    const close = new CloseEvent("close", { code: 65_537, reason: "r", wasClean: 1 });
    assert.deepEqual([close.code, close.reason, close.wasClean], [1, "r", true]);
    const error = new ErrorEvent("error", { message: "m", filename: "f", lineno: "4", colno: -1, error: 5 });
    assert.deepEqual([error.message, error.filename, error.lineno, error.colno, error.error], ["m", "f", 4, -1, 5]);
    const promise = Promise.resolve();
    assert.equal(new PromiseRejectionEvent("x", { promise }).promise, promise);
    assert.equal(new CustomEvent("x", { detail: 7 }).detail, 7);
});

test("events of the runtime are trusted, until somebody dispatches them again", () => {
    const target = new EventTarget();
    const event = new Event("x");
    const trust = [];
    target.addEventListener("x", (e) => trust.push(e.isTrusted));
    dispatchTrusted(target, event);
    target.dispatchEvent(event);
    assert.deepEqual(trust, [true, false]);
});

test("abort tells algorithms, then listeners in their order, then dependents", () => {
    const controller = new AbortController();
    const { signal } = controller;
    const any = AbortSignal.any([signal, AbortSignal.any([signal])]);
    const log = [];
    any.addEventListener("abort", () => log.push(`any ${any.reason}`));
    signal.addEventListener("abort", () => log.push("first"));
    signal.onabort = null;
    signal.onabort = (e) => log.push(`handler ${e.isTrusted}`);
    signal.addEventListener("abort", () => log.push(`last ${any.aborted}`));
    onAbort(signal, () => log.push("algorithm"));
    onAbort(signal, () => log.push("undone"))();
    controller.abort(9);
    controller.abort(10);
    assert.deepEqual(log, ["algorithm", "first", "handler true", "last true", "any 9"]);
    assert.equal(signal.reason, 9);
});

test("reasons of aborts", () => {
    assert.deepEqual(
        [AbortSignal.abort().reason.name, AbortSignal.abort().reason.message, AbortSignal.abort(null).reason],
        ["AbortError", "The operation was aborted", null],
    );
    assert.throws(() => AbortSignal.abort(5).throwIfAborted(), (reason) => reason === 5);
    const timers = [];
    provideTimer((fn, delayMs) => timers.push([fn, delayMs]));
    const late = AbortSignal.timeout(5);
    assert.equal(late.aborted, false);
    assert.equal(timers[0][1], 5);
    timers[0][0]();
    assert.deepEqual([late.reason.name, late.reason.code, late.reason.message], [
        "TimeoutError", 23, "The operation was aborted due to timeout",
    ]);
    const own = createSignal();
    abortSignal(own);
    assert.equal(own.reason.name, "AbortError");
});

test("DOMException is an error with a code", () => {
    const error = new DOMException("m", "NotFoundError");
    assert.ok(error instanceof Error);
    assert.deepEqual([error.code, String(error), error.stack.split("\n")[0]], [
        8, "NotFoundError: m", "NotFoundError: m",
    ]);
    assert.deepEqual([new DOMException().name, new DOMException("", "Foo").code], ["Error", 0]);
    assert.deepEqual(Object.keys(error), ["code", "name", "message"]);
    assert.equal(AbortSignal.abort().reason.retryable, true);
    assert.deepEqual(
        [DOMException.DATA_CLONE_ERR, DOMException.DOMSTRING_SIZE_ERR, DOMException.prototype.INUSE_ATTRIBUTE_ERR],
        [25, 2, 10],
    );
});
