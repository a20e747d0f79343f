/**
 * What `@vitest/runner` is configured with.
 *
 * Invariant: tests run one after the other, in the order in which they are declared; what runs at once is for the world
 * to decide.
 */

import { option } from "../vitest/config.js";
import { defaultHookTimeout, defaultTimeout } from "./options.js";

let isPart = false;

/** The run leaves out tests of the file: that nothing is left of it is no mistake of the file's. */
export function runPart() {
    isPart = true;
}

/** What may be configured is looked up when the runner asks for it. */
export const config = {
    root: "/",
    name: undefined,
    setupFiles: [],
    includeTaskLocation: true,
    maxConcurrency: 1,
    retry: 0,
    tags: [],
    strictTags: false,
    get passWithNoTests() {
        return isPart || option("passWithNoTests") === true;
    },
    get allowOnly() {
        return option("allowOnly") !== false;
    },
    get testTimeout() {
        return option("testTimeout") ?? defaultTimeout;
    },
    get hookTimeout() {
        return option("hookTimeout") ?? defaultHookTimeout;
    },
    sequence: {
        seed: 0,
        setupFiles: "list",
        shuffle: false,
        concurrent: false,
        get hooks() {
            return option("sequence")?.hooks ?? "stack";
        },
    },
};
