/**
 * The stand-in for the native side (`fake-host.js`), with what Node cannot tell of promises and proxies said by the
 * test. Import it before anything of the runtime.
 *
 * Invariant: keeps no state beyond the two tables.
 */

import { types } from "node:util";
import { host, operations } from "./fake-host.js";

/** What `promiseState` answers, by promise. */
export const promises = new Map();
/** What `proxyParts` answers, by proxy. */
export const proxies = new Map();

const CHECKS = [
    ["Proxy", types.isProxy], ["Date", types.isDate], ["RegExp", types.isRegExp], ["Map", types.isMap],
    ["Set", types.isSet], ["WeakMap", types.isWeakMap], ["WeakSet", types.isWeakSet], ["Promise", types.isPromise],
    ["ArrayBuffer", types.isArrayBuffer], ["SharedArrayBuffer", types.isSharedArrayBuffer],
    ["DataView", types.isDataView], ["Error", types.isNativeError], ["Generator", types.isGeneratorObject],
    ["Map Iterator", types.isMapIterator], ["Set Iterator", types.isSetIterator],
    ["Boolean", types.isBooleanObject], ["Number", types.isNumberObject], ["String", types.isStringObject],
    ["Symbol", types.isSymbolObject], ["BigInt", types.isBigIntObject], ["Arguments", types.isArgumentsObject],
    ["Module", types.isModuleNamespaceObject],
];

host.classOf = (value) => CHECKS.find(([, is]) => is(value))?.[0] ?? "Object";
host.promiseState = (promise) => promises.get(promise) ?? [0, undefined];
host.proxyParts = (value) => proxies.get(value);

/** The lines given to `host.log`, as `[level, text]`. */
export function loggedLines() {
    return operations.filter(([name]) => name === "log").map(([, ...line]) => line);
}
