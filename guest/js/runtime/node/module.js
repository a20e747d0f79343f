/**
 * `node:module`: `createRequire` for built-in modules.
 *
 * Invariant: finds built-in modules only; the worker's own modules are bundled and cannot be asked for by name.
 */

import { invalidArgValue, notImplemented, validateString } from "./errors.js";
import { dirname, resolve } from "./path.js";
import { URL } from "../web/url.js";

let find = () => undefined;

/** Names without prefix, in order; filled by `provideModules`. */
export const builtinModules = [];

/**
 * Says which modules there are.
 *
 * @param {string[]} names Without prefix.
 * @param {(specifier: string) => object | undefined} lookup
 */
export function provideModules(names, lookup) {
    builtinModules.push(...names);
    find = lookup;
}

export function isBuiltin(name) {
    return typeof name === "string" && builtinModules.includes(name.replace(/^node:/, ""));
}

function directoryOf(filename) {
    const path = `${filename}`;
    if (path.startsWith("file:")) {
        return dirname(new URL(path).pathname);
    }
    if (!path.startsWith("/")) {
        const reason = "The argument must be a file URL object, a file URL string, or an absolute path string.";
        throw invalidArgValue("path", filename, reason);
    }
    return path.endsWith("/") ? path : dirname(path);
}

/** A `require` for the built-in modules. */
export function createRequire(filename) {
    const directory = directoryOf(filename);
    const require = (id) => {
        validateString(id, "id");
        const namespace = find(id);
        if (namespace === undefined) {
            const name = /^\.{0,2}\//.test(id) ? resolve(directory, id).slice(1) : id;
            throw new Error(`No such module "${name}".`);
        }
        return namespace.default ?? namespace;
    };
    require.resolve = (id) => id;
    require.cache = Object.create(null);
    require.main = undefined;
    return require;
}

export function findSourceMap() {
    return undefined;
}
export function register() {
    throw notImplemented("module.register");
}
export function syncBuiltinESMExports() {}
export const globalPaths = [];
export const constants = {};
export const _extensions = {};

/** Old code calls the module itself a class. */
export function Module(id) {
    this.id = id;
    this.exports = {};
}
Object.assign(Module, {
    builtinModules,
    createRequire,
    isBuiltin,
    findSourceMap,
    register,
    syncBuiltinESMExports,
    globalPaths,
    Module,
});
export default Module;
