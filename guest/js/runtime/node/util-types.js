/**
 * `util.types`: which of the language's classes a value is of.
 *
 * Invariant: runs no code of the value's author.
 */

import { classOf, isAsyncFunction, isError, isGeneratorFunction, typedArrayName } from "../console/kinds.js";

function is(...names) {
    return (value) => value !== null && typeof value === "object" && names.includes(classOf(value));
}

function isTyped(name) {
    return (value) => typedArrayName(value) === name;
}

const isObjectOrFunction = (value) => value !== null && (typeof value === "object" || typeof value === "function");

/** Node's `util.types`. */
export const types = {
    isExternal: () => false,
    isDate: is("Date"),
    isArgumentsObject: is("Arguments"),
    isBigIntObject: is("BigInt"),
    isBooleanObject: is("Boolean"),
    isNumberObject: is("Number"),
    isStringObject: is("String"),
    isSymbolObject: is("Symbol"),
    isBoxedPrimitive: is("BigInt", "Boolean", "Number", "String", "Symbol"),
    isNativeError: is("Error"),
    isRegExp: is("RegExp"),
    isAsyncFunction,
    isGeneratorFunction,
    isGeneratorObject: is("Generator", "AsyncGenerator"),
    isPromise: is("Promise"),
    isMap: is("Map"),
    isSet: is("Set"),
    isMapIterator: is("Map Iterator", "MapIterator"),
    isSetIterator: is("Set Iterator", "SetIterator"),
    isWeakMap: is("WeakMap"),
    isWeakSet: is("WeakSet"),
    isArrayBuffer: is("ArrayBuffer"),
    isDataView: is("DataView"),
    isSharedArrayBuffer: is("SharedArrayBuffer"),
    isProxy: (value) => isObjectOrFunction(value) && classOf(value) === "Proxy",
    isModuleNamespaceObject: is("Module"),
    isAnyArrayBuffer: is("ArrayBuffer", "SharedArrayBuffer"),
    isCryptoKey: (value) => typeof CryptoKey === "function" && value instanceof CryptoKey,
    isKeyObject: () => false,
    isEventTarget: (value) => typeof EventTarget === "function" && value instanceof EventTarget,
    isArrayBufferView: ArrayBuffer.isView,
    isTypedArray: (value) => typedArrayName(value) !== undefined,
};
for (const name of [
    "Uint8Array", "Uint8ClampedArray", "Uint16Array", "Uint32Array", "Int8Array", "Int16Array", "Int32Array",
    "Float16Array", "Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array",
]) {
    types[`is${name}`] = isTyped(name);
}

export { isError };
