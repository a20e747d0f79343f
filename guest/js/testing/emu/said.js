/**
 * What tests say about themselves while they run, by which they are judged.
 *
 * Invariant: belongs to the test that runs; nothing is ever taken back.
 */

import { getCurrentTest } from "@vitest/runner";

/** It can be judged when callers see errors: its client tries again, or it says what must always hold. */
export const WITHSTANDS = "withstands";
/** An alarm that runs twice leaves what it leaves when it runs once: what is stored is compared with the calm run's. */
export const IDEMPOTENT_ALARMS = "idempotentAlarms";
/** Errors that nobody catches are what it is about. */
export const EXPECTS_ERRORS = "expectsErrors";
/** What the worker answers may tell that an object was evicted: answers are not compared with the calm run's. */
export const EXPECTS_OTHER_ANSWERS = "expectsOtherAnswers";

const said = new WeakMap();

/** The test that runs says something of itself. */
export function say(what) {
    const test = getCurrentTest();
    if (test !== undefined) {
        said.set(test, new Set(said.get(test)).add(what));
    }
}

/** Whether a test has said so. */
export function hasSaid(test, what) {
    return said.get(test)?.has(what) ?? false;
}
