/**
 * The matchers of snapshots.
 *
 * Invariant: where snapshots are kept is not known here.
 */

import { chai, wrapAssertion } from "@vitest/expect";
import { addSerializer, stripSnapshotIndentation } from "@vitest/snapshot";
import { matchSnapshot } from "./snapshots.js";

const { flag } = chai.util;

const NO_FILES =
    "`toMatchFileSnapshot()` does not work in `emu test`: a test runs inside a world that has no files. Use " +
    "`toMatchSnapshot()`.";

function match(assertion, name, what) {
    const test = flag(assertion, "vitest-test");
    if (test === undefined) {
        throw new Error(`'${name}' cannot be used without test context`);
    }
    if (flag(assertion, "negate")) {
        throw new Error(`${name} cannot be used with "not"`);
    }
    // A promise's matchers run later; where they were written is known from before.
    const error = flag(assertion, "error") ?? new Error("snapshot");
    const { pass, message, actual, expected } = matchSnapshot(test, { ...what, assertionName: name, error });
    if (pass) {
        return;
    }
    const isMissing = what.isInline && what.inlineSnapshot === undefined && expected === undefined;
    const told = expected === undefined ? missing(message()) : message();
    const text = isMissing ? notWritten(name, actual) : told;
    const custom = flag(assertion, "message");
    const failure = new Error(custom ? `${custom}: ${text}` : text);
    throw isMissing ? failure : Object.assign(failure, { actual, expected });
}

/** The runner's words are those for a snapshot that differs. */
function missing(message) {
    const named = message.replace(/ mismatched$/, " does not exist");
    return `${named}, and in CI none is written: run \`emu test\` once elsewhere, or with \`--update\`, and commit it`;
}

function notWritten(name, actual) {
    const why = `${name}() has no snapshot to compare with; calm runs write it into the source, except in CI`;
    return `${why}. It would be:\n\n${actual}\n`;
}

/** `(properties?, hint?)` or `(hint?)`. */
function stored(propertiesOrHint, hint) {
    return typeof propertiesOrHint === "string"
        ? { message: propertiesOrHint }
        : { properties: propertiesOrHint, message: hint };
}

/** `(properties?, snapshot?, hint?)` or `(snapshot?, hint?)`. */
function inline(first, second, third) {
    const hasProperties = typeof first === "object";
    const [properties, snapshot, message] = hasProperties ? [first, second, third] : [undefined, first, second];
    const inlineSnapshot = snapshot === undefined ? undefined : stripSnapshotIndentation(snapshot);
    return { isInline: true, properties, inlineSnapshot, message };
}

/** What the function under assertion throws, or what the promise was rejected with. */
function thrown(assertion) {
    const received = flag(assertion, "object");
    if (flag(assertion, "promise")) {
        return received;
    }
    if (typeof received !== "function") {
        throw new Error(`expected must be a function, received ${typeof received}`);
    }
    try {
        received();
    } catch (error) {
        return error;
    }
    throw new Error("snapshot function didn't throw");
}

/** The plugin for chai. */
export function snapshotMatchers({ Assertion, expect }, utils) {
    const { addMethod } = utils;
    const add = (name, what) => {
        function assertSnapshot(...args) {
            match(this, name, what(this, args));
        }
        addMethod(Assertion.prototype, name, wrapAssertion(utils, name, assertSnapshot));
    };
    const value = (assertion) => flag(assertion, "object");
    add("matchSnapshot", (assertion, args) => ({ received: value(assertion), ...stored(...args) }));
    add("toMatchSnapshot", (assertion, args) => ({ received: value(assertion), ...stored(...args) }));
    add("toMatchInlineSnapshot", (assertion, args) => ({ received: value(assertion), ...inline(...args) }));
    add("toThrowErrorMatchingSnapshot", (assertion, args) => ({ received: thrown(assertion), ...stored(...args) }));
    add("toThrowErrorMatchingInlineSnapshot", (assertion, [snapshot, hint]) => ({
        received: thrown(assertion), ...inline(snapshot, hint),
    }));
    addMethod(Assertion.prototype, "toMatchFileSnapshot", () => {
        throw new Error(NO_FILES);
    });
    addMethod(expect, "addSnapshotSerializer", addSerializer);
}
