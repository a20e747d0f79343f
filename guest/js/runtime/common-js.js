/**
 * CommonJS modules that were not bundled: `module`, `exports` and `require` (reference §4.5).
 *
 * Invariant: a module's code runs once, whoever asks for it first; what it threw then is thrown at everybody.
 */

import { enabled } from "./flags.js";
import { host } from "./host.js";
import { builtin } from "./modules.js";

/** What a CommonJS module knows as `module`. */
class CommonJsModuleObject {
    constructor(path) {
        this.path = path;
        this.exports = {};
    }

    static {
        Object.defineProperty(this.prototype, Symbol.toStringTag, { value: this.name, configurable: true });
    }
}

/**
 * The modules that were run, or are running, by name.
 *
 * @type {Map<string, {module: CommonJsModuleObject, failed: boolean, thrown: unknown}>}
 */
const entries = new Map();

/** The namespaces of ES modules that were required, by name. */
const namespaces = new Map();

/**
 * The exports of a CommonJS module of the worker, which is run if it was not before.
 *
 * @param {string} name The module's name.
 * @returns {unknown} Its `module.exports`, as far as it has come where it is still running.
 */
export function commonJs(name) {
    let entry = entries.get(name);
    if (entry === undefined) {
        entry = { module: new CommonJsModuleObject(`/${name}`), failed: false, thrown: undefined };
        entries.set(name, entry);
        try {
            run(name, entry.module);
        } catch (error) {
            entry.failed = true;
            entry.thrown = error;
        }
    }
    if (entry.failed) {
        throw entry.thrown;
    }
    return entry.module.exports;
}

function run(name, module) {
    const { path } = module;
    const folder = path.slice(0, path.lastIndexOf("/")) || "/";
    host.moduleFunction(name).call(globalThis, module, module.exports, requireOf(name), path, folder);
}

/** The function `require` of one module. */
function requireOf(name) {
    return function require(...specifiers) {
        if (specifiers.length === 0) {
            throw new TypeError(
                "Failed to execute 'require' on 'CommonJsModuleContext': parameter 1 is not of type 'string'.",
            );
        }
        const specifier = `${specifiers[0]}`;
        const resolved = host.moduleName(name, specifier);
        const isCommonJs = host.moduleIsCommonJs(resolved);
        if (isCommonJs && enabled("export_commonjs_default")) {
            return commonJs(resolved);
        }
        const namespace = isCommonJs === undefined ? builtin(specifier) : namespaceOf(resolved);
        if (namespace === undefined) {
            throw new Error(`No such module "${resolved}".`);
        }
        return enabled("export_commonjs_default") ? namespace.default : namespace;
    };
}

function namespaceOf(name) {
    let namespace = namespaces.get(name);
    if (namespace === undefined) {
        namespace = host.moduleNow(name);
        if (namespace === undefined) {
            throw new Error("Top-level await in module is not permitted at this time.");
        }
        namespaces.set(name, namespace);
    }
    return namespace;
}
