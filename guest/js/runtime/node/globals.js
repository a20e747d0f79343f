/**
 * The globals of Node: `Buffer`, `process`, `global`, `setImmediate`, `clearImmediate`.
 *
 * Invariant: installed only where the worker's flags ask for Node's interfaces.
 */

import { clearImmediate, setImmediate } from "../platform/timers.js";
import { Buffer } from "./buffer.js";
import { process } from "./process.js";

/**
 * Adds the globals. Called before the worker's modules are evaluated.
 *
 * @param {typeof globalThis} target
 */
export function installNodeGlobals(target) {
    const values = { Buffer, process, global: target, setImmediate, clearImmediate };
    for (const [name, value] of Object.entries(values)) {
        Object.defineProperty(target, name, { value, writable: true, enumerable: false, configurable: true });
    }
}
