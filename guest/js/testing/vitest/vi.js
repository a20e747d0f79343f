/**
 * `vi`.
 *
 * Invariant: a list of what other files define, and of what there is not.
 */

import * as spies from "@vitest/spy";
import { configuring } from "./config.js";
import { timerActions, timerFacts } from "./fake-timers.js";
import { automock } from "./mocks.js";
import { stubs } from "./stubs.js";
import { delay } from "./timers.js";
import { waitFor, waitUntil } from "./wait.js";

/** Modules are mocked while a test file is bundled; a call of these is one that nobody saw there. */
const MODULES = ["mock", "importActual", "importMock"];
/** A bundle has its modules once. */
const NO_MODULES = ["unmock", "doMock", "doUnmock", "resetModules"];

function unseen(name) {
    return () => {
        throw new Error(
            `\`vi.${name}()\` is called where \`emu test\` does not see it: call it by that name, with a path in quotes, ` +
                "in the test file or a setup file",
        );
    };
}

function noModules(name) {
    return () => {
        throw new Error(
            `\`vi.${name}()\` does not work in \`emu test\`: test and worker are one bundle, whose modules are evaluated ` +
                "once. Replace a module for the whole file with `vi.mock()`, members with " +
                "`vi.spyOn(object, \"method\")`, globals with `vi.stubGlobal()`.",
        );
    };
}

function hoisted(factory) {
    if (typeof factory !== "function") {
        throw new TypeError("`vi.hoisted()` takes a function");
    }
    return factory();
}

/** Everything that changes something and returns `vi`, at once or when it is done. */
function chained(self, actions) {
    const wrap = (action) => (...args) => {
        const result = action(...args);
        return result instanceof Promise ? result.then(() => self) : self;
    };
    return Object.fromEntries(Object.entries(actions).map(([name, action]) => [name, wrap(action)]));
}

const { fn, spyOn, isMockFunction, clearAllMocks, resetAllMocks, restoreAllMocks } = spies;

/** See the file's comment. */
export const vi = {
    fn,
    spyOn,
    isMockFunction,
    mocked: (item) => item,
    mockObject: (object, { spy: isSpy = false } = {}) => automock(object, isSpy),
    hoisted,
    waitFor,
    waitUntil,
    // What is imported in a bundle is there already; it has to be evaluated.
    dynamicImportSettled: () => delay(0),
    defineHelper: (helper) => helper,
    ...timerFacts,
    ...Object.fromEntries(MODULES.map((name) => [name, unseen(name)])),
    ...Object.fromEntries(NO_MODULES.map((name) => [name, noModules(name)])),
};

Object.assign(vi, chained(vi, {
    clearAllMocks, resetAllMocks, restoreAllMocks, ...timerActions, ...stubs, ...configuring,
}));
