/**
 * What a configuration says of mocks and stubs: which of them are undone before each test.
 *
 * Invariant: nothing is undone unless it was asked for.
 */

import { clearAllMocks, resetAllMocks, restoreAllMocks } from "@vitest/spy";
import { stubs } from "./stubs.js";

/** What undoes it, by the option that asks for it, in Vitest's order. */
const UNDOING = {
    restoreMocks: restoreAllMocks,
    mockReset: resetAllMocks,
    clearMocks: clearAllMocks,
    unstubEnvs: stubs.unstubAllEnvs,
    unstubGlobals: stubs.unstubAllGlobals,
};

let config = {};

/** Members of `vi` that return it. Of what else there is to configure nothing makes a difference here. */
export const configuring = {
    setConfig(changes) {
        config = { ...config, ...changes };
    },
    resetConfig() {
        config = {};
    },
};

/** Before each try of a test. */
export function undoAsConfigured() {
    for (const [option, undo] of Object.entries(UNDOING)) {
        if (config[option] === true) {
            undo();
        }
    }
}
