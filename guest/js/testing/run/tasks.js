/**
 * Tests as the world knows them: an id is the path of indices from the file to the test.
 *
 * Invariant: changes nothing; ids depend on the order in which tests were declared and on nothing else.
 */

import { processError } from "@vitest/utils/error";
import { EXPECTS_ERRORS, EXPECTS_OTHER_ANSWERS, hasSaid, IDEMPOTENT_ALARMS, WITHSTANDS } from "../emu/said.js";

/**
 * The tests of a suite, with their ids and the names of the suites around them.
 *
 * @returns {{id: string, suite: string[], test: object}[]}
 */
export function allTests(suite, path = [], names = []) {
    return suite.tasks.flatMap((task, index) => {
        const at = [...path, index];
        return task.type === "suite"
            ? allTests(task, at, [...names, task.name])
            : [{ id: at.join("."), suite: names, test: task }];
    });
}

/** Whether an error is one that the platform gives callers when something is lost. */
function isFault({ retryable, overloaded, durableObjectReset }) {
    return retryable === true || overloaded === true || durableObjectReset === true;
}

/** What was thrown that is no error and has no message. */
function shown(thrown) {
    try {
        return `thrown: ${JSON.stringify(thrown) ?? String(thrown)}`;
    } catch {
        return "thrown: an object that cannot be shown";
    }
}

/** How many errors are reported that one was made of; some are made of themselves. */
const CAUSES_MAX = 8;

/** An error as it is reported. What tests throw may have anything under the names of an error's properties. */
function report(error, causesLeft = CAUSES_MAX) {
    const { name, message, stack, diff, cause, oracle } = error;
    const text = typeof message === "string" ? message : shown(error);
    const reported = { name: textOr(name, ""), message: text, stack: textOr(stack, ""), fault: isFault(error) };
    reported.oracle = textOr(oracle, undefined);
    reported.diff = textOr(diff, undefined);
    if (cause !== undefined && cause !== null && causesLeft > 0) {
        const isError = typeof cause === "object";
        reported.cause = isError ? report(cause, causesLeft - 1) : { name: "", message: String(cause), stack: "" };
    }
    return reported;
}

/** What was thrown, as it is reported. */
export function reportOf(thrown) {
    return report(processError(thrown));
}

function textOr(value, otherwise) {
    return typeof value === "string" ? value : otherwise;
}

/** The errors of a task itself. */
export function errorsOf(task) {
    return (task.result?.errors ?? []).map((error) => report(error));
}

const MODES = { queued: "run" };

/** `run`, `skip`, `todo` or `only`. */
export function modeOf({ mode }) {
    return MODES[mode] ?? mode;
}

/** The errors of the suites around a test, the innermost first. */
function errorsAround(test) {
    const errors = [];
    for (let suite = test.suite ?? test.file; suite !== undefined; suite = outer(suite)) {
        errors.push(...errorsOf(suite));
    }
    return errors;
}

function outer(suite) {
    return suite === suite.file ? undefined : (suite.suite ?? suite.file);
}

/**
 * What a test came to. One that did not run because a hook around it failed has failed with the hook's errors.
 *
 * @param {boolean} wasWanted Whether it was to run.
 */
export function resultOf(test, wasWanted) {
    // A test that passed at last may have errors of earlier tries.
    const hasPassed = test.result?.state === "pass";
    const around = wasWanted ? errorsAround(test) : [];
    const errors = hasPassed ? [] : [...errorsOf(test), ...around];
    const state = errors.length > 0 ? "fail" : stateOf(test);
    const ms = Math.round(test.result?.duration ?? 0);
    const words = [WITHSTANDS, IDEMPOTENT_ALARMS, EXPECTS_ERRORS, EXPECTS_OTHER_ANSWERS];
    const said = Object.fromEntries(words.map((word) => [word, hasSaid(test, word)]));
    return { state, ms, errors, ...said, ...noteOf(test) };
}

function stateOf({ mode, result }) {
    if (mode === "todo") {
        return "todo";
    }
    return result?.state === "pass" || result?.state === "fail" ? result.state : "skip";
}

function noteOf({ result }) {
    return result?.note === undefined ? {} : { note: result.note };
}

/** Errors of hooks that ran after their tests: suites that failed although none of their tests did. */
export function suiteErrors(suite, names = []) {
    const own = errorsOf(suite).map((error) => ({ suite: names, ...error }));
    const inner = suite.tasks.filter(({ type }) => type === "suite");
    return [...own, ...inner.flatMap((task) => suiteErrors(task, [...names, task.name]))];
}
