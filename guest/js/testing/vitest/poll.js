/**
 * `expect.poll()`: an assertion about a value that is fetched again until it holds.
 *
 * Invariant: the value is not fetched before the assertion is awaited; one that never is fails its test.
 */

import { chai } from "@vitest/expect";
import { isFaking, advanceBy } from "./fake-timers.js";
import { Deadline } from "./deadline.js";
import { getSafeTimers } from "./timers.js";

const { setTimeout } = getSafeTimers();
const { flag } = chai.util;

/** Assertions that settle in their own time, or that look at the source: there is nothing to repeat. */
const NOT_POLLABLE = new Set([
    "matchSnapshot", "toMatchSnapshot", "toMatchInlineSnapshot", "toMatchFileSnapshot",
    "toThrowErrorMatchingSnapshot", "toThrowErrorMatchingInlineSnapshot",
    "throws", "Throw", "throw", "toThrow", "toThrowError",
]);

function pause(delayMs) {
    return new Promise((resolve) => {
        setTimeout(resolve, delayMs);
    });
}

async function until(assertion, fn, assert, { intervalMs, timeoutMs }) {
    const deadline = new Deadline(timeoutMs);
    for (;;) {
        const isLast = await deadline.isOver();
        try {
            flag(assertion, "object", await fn());
            return await assert();
        } catch (error) {
            if (isLast) {
                error.cause ??= new Error("Matcher did not succeed in time.");
                throw error;
            }
        }
        await pause(Math.min(intervalMs, Math.max(deadline.leftMs, 1)));
        if (isFaking()) {
            advanceBy(intervalMs);
        }
    }
}

/** A promise that starts its work when somebody waits for it. */
function lazy(start) {
    let promise;
    const started = () => (promise ??= start());
    return {
        then: (onFulfilled, onRejected) => started().then(onFulfilled, onRejected),
        catch: (onRejected) => started().catch(onRejected),
        finally: (onFinally) => started().finally(onFinally),
        wasStarted: () => promise !== undefined,
        [Symbol.toStringTag]: "Promise",
    };
}

function mustBeAwaited(test, text, promise) {
    test.onFinished ??= [];
    test.onFinished.push(() => {
        if (!promise.wasStarted()) {
            throw new Error(
                `${text} was not awaited. This assertion is asynchronous and must be awaited; otherwise, it is not ` +
                    `executed to avoid unhandled rejections:\n\nawait ${text}\n`,
            );
        }
    });
}

/**
 * See the file's comment.
 *
 * @param {Function} expect
 * @param {() => unknown} fn Gives the value.
 * @param {{interval?: number, timeout?: number, message?: string}} [options] Times in milliseconds.
 */
export function poll(expect, fn, options = {}) {
    const { interval: intervalMs = 50, timeout: timeoutMs = 1000, message } = options;
    const assertion = expect(null, message).withContext({ poll: true });
    const test = flag(assertion, "vitest-test");
    if (test === undefined) {
        throw new Error("expect.poll() must be called inside a test");
    }
    const polled = new Proxy(assertion, {
        get(target, key, receiver) {
            const member = Reflect.get(target, key, receiver);
            if (typeof member !== "function") {
                return member instanceof chai.Assertion ? polled : member;
            }
            if (key === "assert") {
                return member;
            }
            if (NOT_POLLABLE.has(key)) {
                throw new SyntaxError(
                    `expect.poll() is not supported in combination with .${key}(). Use vi.waitFor() if your ` +
                        "assertion condition is unstable.",
                );
            }
            return (...args) => {
                flag(assertion, "_name", key);
                const negated = flag(assertion, "negate") ? "not." : "";
                const assert = () => Reflect.apply(member, assertion, args);
                const promise = lazy(() => until(assertion, fn, assert, { intervalMs, timeoutMs }));
                mustBeAwaited(test, `expect.poll(assertion).${negated}${String(key)}()`, promise);
                return promise;
            };
        },
    });
    return polled;
}
