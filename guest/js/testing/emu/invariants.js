/**
 * What must hold always, and what must hold in the end.
 *
 * Invariant: checks belong to one test and are forgotten with it.
 */

import { world as command } from "emu:internals";
import { processError } from "@vitest/utils/error";
import { delay, testClockMs } from "../vitest/timers.js";
import { durationMs } from "./durations.js";
import { look } from "./looking.js";
import { say, WITHSTANDS } from "./said.js";
import { world } from "./world.js";

/** @type {{name: string, fn: () => unknown}[]} */
let invariants = [];
/** @type {{name: string, fn: () => unknown}[]} */
let eventual = [];

function requireFunction(fn, name) {
    if (typeof fn !== "function") {
        throw new TypeError(`\`${name}\` takes a function that throws when it does not hold`);
    }
}

/** Something that must hold after every event, until the test has ended. `fn` throws, or rejects, when it does not. */
export function invariant(name, fn) {
    requireFunction(fn, "invariant(name, fn)");
    say(WITHSTANDS);
    invariants.push({ name: String(name), fn });
    if (invariants.length === 1) {
        // From here on the world asks after every event.
        void command({ do: "watch" });
    }
}

/**
 * Something that must hold when the world has come to rest: stops the faults, lets the world settle, and calls `fn`
 * until it does not throw.
 *
 * @param {() => unknown} fn
 * @param {{within?: number | string, interval?: number | string}} [options] How long, and how often.
 */
export async function eventually(fn, { within = "5m", interval = "100ms" } = {}) {
    requireFunction(fn, "eventually(fn)");
    say(WITHSTANDS);
    const [withinMs, intervalMs] = [durationMs(within), durationMs(interval)];
    const check = { name: `eventually ${eventual.length + 1}`, fn };
    eventual.push(check);
    await world.settle();
    const lastMs = testClockMs() + withinMs;
    for (;;) {
        try {
            return await fn();
        } catch (error) {
            if (testClockMs() >= lastMs) {
                throw foundBy("eventually", error);
            }
        }
        await delay(Math.max(intervalMs, 1));
    }
}

/** Says of an error which oracle found it. */
function foundBy(oracle, error) {
    return typeof error === "object" && error !== null ? Object.assign(error, { oracle }) : error;
}

/**
 * Checks the invariants of the test that ends.
 *
 * @throws {unknown[]} What those that do not hold throw.
 */
export async function requireInvariants() {
    const errors = [];
    for (const { name, fn } of [...invariants]) {
        try {
            await look(fn);
        } catch (error) {
            const text = error instanceof Error ? error.message : String(error);
            const named = error instanceof Error ? error : new Error(text);
            named.message = `invariant "${name}": ${text}`;
            errors.push(foundBy("invariant", named));
        }
    }
    if (errors.length > 0) {
        throw errors;
    }
}

async function failuresOf(checks) {
    const failed = [];
    for (const { name, fn } of [...checks]) {
        try {
            await fn();
        } catch (error) {
            const { name: kind, message, stack = "", diff } = processError(error);
            failed.push({ name, error: { name: kind, message, stack, ...(diff === undefined ? {} : { diff }) } });
        }
    }
    return { checked: checks.length, failed };
}

/** Checks the invariants of the test that runs. */
export function checkInvariants() {
    return failuresOf(invariants.map(({ name, fn }) => ({ name, fn: () => look(fn) })));
}

/** Checks what must hold in the end, when the world has settled. */
export function checkSettled() {
    return failuresOf(eventual);
}

/** The test has ended. */
export function forgetChecks() {
    invariants = [];
    eventual = [];
}
