/**
 * `expect`: chai with Vitest's matchers, and what Vitest's own main package adds to them.
 *
 * Invariant: knows the test that runs only through `@vitest/runner`.
 */

import * as matchers from "@vitest/expect";
import { getCurrentTest } from "@vitest/runner";
import { getTestName } from "@vitest/runner/utils";
import { option, testPath } from "./config.js";
import { poll } from "./poll.js";
import { snapshotMatchers } from "./snapshot-matchers.js";

const { chai, getState, setState } = matchers;

const NO_EXPECTATIONS = {
    assertionCalls: 0,
    isExpectingAssertions: false,
    isExpectingAssertionsError: null,
    expectedAssertionsNumber: null,
    expectedAssertionsNumberErrorGen: null,
};

chai.use(matchers.JestExtend);
chai.use(matchers.JestChaiExpect);
chai.use(matchers.ChaiStyleAssertions);
chai.use(snapshotMatchers);
chai.use(matchers.JestAsymmetricMatchers);

/** `expect.assertions()` and `expect.hasAssertions()`, which are looked at when the test has ended. */
function addCounting(expect) {
    chai.util.addMethod(expect, "assertions", (expected) => {
        const makeError = () =>
            new Error(`expected number of assertions to be ${expected}, but got ${expect.getState().assertionCalls}`);
        expect.setState({ expectedAssertionsNumber: expected, expectedAssertionsNumberErrorGen: makeError });
    });
    chai.util.addMethod(expect, "hasAssertions", () => {
        const error = new Error("expected any number of assertion, but got none");
        expect.setState({ isExpectingAssertions: true, isExpectingAssertionsError: error });
    });
}

/**
 * An `expect` of a test, or of whichever test is running.
 *
 * @param {object} [test]
 */
export function createExpect(test = undefined) {
    /** Always the same object: `setState()` changes it in place. */
    let state;
    const expect = (value, message) => {
        state.assertionCalls += 1;
        const assertion = chai.expect(value, message);
        const owner = test ?? getCurrentTest();
        if (owner !== undefined) {
            // As `withTest()` does, without the way of a matcher.
            assertion.__flags["vitest-test"] = owner;
        }
        return assertion;
    };
    Object.assign(expect, chai.expect, globalThis[matchers.ASYMMETRIC_MATCHERS_OBJECT]);
    expect.getState = () => getState(expect);
    expect.setState = (state) => setState(state, expect);
    setState({
        ...getState(globalThis[matchers.GLOBAL_EXPECT]),
        ...NO_EXPECTATIONS,
        testPath: test === undefined ? undefined : testPath(test.file),
        currentTestName: test === undefined ? undefined : getTestName(test),
    }, expect);
    state = expect.getState();
    expect.assert = chai.assert;
    expect.extend = (custom) => chai.expect.extend(expect, custom);
    expect.addEqualityTesters = (testers) => matchers.addCustomEqualityTesters(testers);
    expect.soft = (...args) => expect(...args).withContext({ soft: true });
    expect.poll = (fn, options) => poll(expect, fn, { ...option("expect")?.poll, ...options });
    expect.unreachable = (message) => {
        chai.assert.fail(`expected ${message ? `"${message}" ` : ""}not to be reached`);
    };
    addCounting(expect);
    expect.extend(matchers.customMatchers);
    return expect;
}

/** The `expect` that is imported. */
export const expect = createExpect();

Object.defineProperty(globalThis, matchers.GLOBAL_EXPECT, { value: expect, writable: true, configurable: true });

/**
 * Lets assertions be looked up without a proxy around each of them, which tells of a name that is misspelt and makes an
 * assertion take three times as long. The calm run has told of it already.
 */
export function trustSpelling() {
    chai.config.useProxy = false;
}

/** Before a try of a test: nothing was expected yet. */
export function beginExpecting(test) {
    expect.setState({
        ...NO_EXPECTATIONS, currentTestName: getTestName(test), testPath: testPath(test.file),
    });
}

/**
 * After a try of a test: as many assertions were made as were announced.
 *
 * @throws {Error} When they were not.
 */
export function checkExpectations(test) {
    const state = Object.hasOwn(test.context, "ownExpect") ? test.context.expect.getState() : expect.getState();
    if (state.expectedAssertionsNumber !== null && state.assertionCalls !== state.expectedAssertionsNumber) {
        throw state.expectedAssertionsNumberErrorGen();
    }
    if (state.isExpectingAssertions && state.assertionCalls === 0) {
        throw state.isExpectingAssertionsError;
    }
    if (option("expect")?.requireAssertions === true && state.assertionCalls === 0) {
        throw new Error("expected any number of assertion, but got none");
    }
}

/** Gives a test's context an `expect` of its own, made when it is asked for. */
export function provideExpect(context) {
    Object.defineProperty(context, "expect", {
        configurable: true,
        get() {
            const own = createExpect(context.task);
            Object.defineProperty(context, "expect", { value: own, configurable: true });
            Object.defineProperty(context, "ownExpect", { value: true, configurable: true });
            return own;
        },
    });
    return context;
}

export const { assert } = chai;
export const should = chai.should;
export { chai };
