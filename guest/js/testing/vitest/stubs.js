/**
 * `vi.stubGlobal()` and `vi.stubEnv()`.
 *
 * Invariant: what was there before the first stub of a name is put back.
 */

/** Descriptors by name, `undefined` where there was nothing. */
const globals = new Map();
const variables = new Map();

/** The environment variables, where the worker has some. */
function environment() {
    const variablesOfNode = globalThis.process?.env;
    if (variablesOfNode === undefined) {
        throw new Error("`vi.stubEnv()` sets `process.env`, which needs the compatibility flag `nodejs_compat`");
    }
    return variablesOfNode;
}

function putBack(holder, before) {
    for (const [name, descriptor] of before) {
        if (descriptor === undefined) {
            delete holder[name];
        } else {
            Object.defineProperty(holder, name, descriptor);
        }
    }
    before.clear();
}

function remember(holder, before, name) {
    if (!before.has(name)) {
        before.set(name, Object.getOwnPropertyDescriptor(holder, name));
    }
}

/** Members of `vi` that return it. */
export const stubs = {
    stubGlobal(name, value) {
        remember(globalThis, globals, name);
        Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: true });
    },
    unstubAllGlobals() {
        putBack(globalThis, globals);
    },
    stubEnv(name, value) {
        const holder = environment();
        remember(holder, variables, name);
        if (value === undefined) {
            delete holder[name];
        } else {
            holder[name] = String(value);
        }
    },
    unstubAllEnvs() {
        if (variables.size > 0) {
            putBack(environment(), variables);
        }
    },
};
