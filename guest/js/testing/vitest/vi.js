/**
 * `vi`.
 *
 * Invariant: a list of what other files define, and of what there is not.
 */

import * as spies from "@vitest/spy";
import { timerActions, timerFacts } from "./fake-timers.js";
import { stubs } from "./stubs.js";
import { waitFor, waitUntil } from "./wait.js";

/** Replacing modules happens in Vitest's module loader. */
const MODULES = [
    "mock", "unmock", "doMock", "doUnmock", "importActual", "importMock", "resetModules", "dynamicImportSettled",
];

function noModules(name) {
    return () => {
        throw new Error(
            `\`vi.${name}()\` does not work in \`emu test\`: test and worker are one bundle, whose modules cannot be ` +
                "replaced. Replace members with `vi.spyOn(object, \"method\")`, globals with `vi.stubGlobal()`, the " +
                "network with `fetchMock` from \"cloudflare:test\", or a module for all tests with `alias` in the " +
                "wrangler configuration.",
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
    hoisted,
    waitFor,
    waitUntil,
    defineHelper: (helper) => helper,
    ...timerFacts,
    ...Object.fromEntries(MODULES.map((name) => [name, noModules(name)])),
};

Object.assign(vi, chained(vi, { clearAllMocks, resetAllMocks, restoreAllMocks, ...timerActions, ...stubs }));
