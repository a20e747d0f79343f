/**
 * `vi.stubGlobal()` and `vi.stubEnv()`, and the variables that a test file begins with.
 *
 * Invariant: what was there before the first stub of a name is put back.
 */

/** Descriptors by name, `undefined` where there was nothing. */
const globals = new Map();

/** `import.meta.env`, as Vite tells code of how it is built (src/cli/test/program.rs). */
const viteEnv = { MODE: "test", DEV: true, PROD: false, SSR: true, BASE_URL: "/" };
Object.defineProperty(globalThis, "__emuImportMetaEnv", { value: viteEnv, configurable: true });

/** Those that are no texts. */
const BOOLEANS = ["DEV", "PROD", "SSR"];

/** What variables are read from: `process.env` where the worker has it, and `import.meta.env`. */
const environments = () => [viteEnv, globalThis.process?.env].filter((environment) => environment !== undefined);

/** Descriptors by name, by environment. */
const variables = new Map();

/** Of what is true or false, Node.js's environment has a text. */
function valueIn(environment, name, value) {
    if (!BOOLEANS.includes(name)) {
        return String(value);
    }
    return environment === viteEnv ? Boolean(value) : { true: "1", false: "" }[Boolean(value)];
}

function setEnv(environment, name, value) {
    if (value === undefined) {
        delete environment[name];
    } else {
        environment[name] = valueIn(environment, name, value);
    }
}

/** Sets variables for good. */
export function setEnvs(values) {
    for (const environment of environments()) {
        Object.entries(values).forEach(([name, value]) => setEnv(environment, name, value));
    }
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
        for (const environment of environments()) {
            if (!variables.has(environment)) {
                variables.set(environment, new Map());
            }
            remember(environment, variables.get(environment), name);
            setEnv(environment, name, value);
        }
    },
    unstubAllEnvs() {
        variables.forEach((before, environment) => putBack(environment, before));
    },
};
