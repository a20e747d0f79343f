/**
 * What a configuration says of tests: `test` of vitest.config.ts, and what `vi.setConfig()` changes of it.
 *
 * Invariant: nothing is undone, and nothing is limited, unless it was asked for.
 */

import { chai } from "@vitest/expect";
import { clearAllMocks, resetAllMocks, restoreAllMocks } from "@vitest/spy";
import { setEnvs, stubs } from "./stubs.js";

/** What undoes it, by the option that asks for it, in Vitest's order. */
const UNDOING = {
    restoreMocks: restoreAllMocks,
    mockReset: resetAllMocks,
    clearMocks: clearAllMocks,
    unstubEnvs: stubs.unstubAllEnvs,
    unstubGlobals: stubs.unstubAllGlobals,
};

/** What the file says. */
let configured = {};
let config = configured;

function adopt(options) {
    config = options;
    Object.assign(chai.config, config.chaiConfig);
}

/**
 * Before anything of the project's is evaluated.
 *
 * @param {object} options Those of `test` in vitest.config.ts, and `file`, the test file's path from its folder.
 */
export function configure({ env = {}, ...options }) {
    configured = options;
    adopt(configured);
    setEnvs(env);
}

/** An option, `undefined` where nothing is said of it. */
export function option(name) {
    return config[name];
}

/** What the configuration provides under a name. */
export function inject(name) {
    return config.provide?.[name];
}

/** The test file, as its tests know it. */
export function testPath(file) {
    return config.file === undefined ? file.filepath : `/${config.file}`;
}

/** Members of `vi` that return it. */
export const configuring = {
    setConfig(changes) {
        adopt({ ...config, ...changes });
    },
    resetConfig() {
        adopt(configured);
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
