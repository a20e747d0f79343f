/**
 * What the package `readable-stream` takes from `process`, under the names of a module.
 *
 * Invariant: names of `process.js` only.
 */

import { process } from "./process.js";

export const { nextTick, env, stdout, stderr, stdin, version, platform, emitWarning } = process;
