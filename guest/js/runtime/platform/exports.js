/**
 * What the worker's main module exports, sorted by what it is for (reference §2.1).
 *
 * Invariant: looked at once, before the memory is frozen; running a handler is not done here.
 */

import { enabled } from "../flags.js";
import { isObject } from "../web/webidl.js";
import { testedWorker } from "./fetcher.js";
import { unsupported } from "./unsupported.js";

/**
 * An entrypoint: the default export, or a named one with handlers of its own.
 *
 * @typedef {object} Entrypoint
 * @property {object | undefined} handlers The exported object, unless it is a class.
 * @property {Function | undefined} constructor The exported class, unless it is an object.
 */

/** @type {Map<string, Entrypoint>} By name; the default export's is empty. */
const entrypoints = new Map();
/** @type {Map<string, Function>} */
const classes = new Map();
/** What `ctx.exports` shows. */
const own = {};

/** The entrypoint with a name. */
export function entrypointNamed(name) {
    return entrypoints.get(name);
}

/** The class with a name. */
export function classNamed(name) {
    return classes.get(name);
}

/** All classes, with their names. */
export function allClasses() {
    return classes.entries();
}

/** All entrypoints, with their names. */
export function allEntrypoints() {
    return entrypoints.entries();
}

/** Adds an entrypoint. */
export function addEntrypoint(name, value) {
    const isClass = typeof value === "function";
    entrypoints.set(name, { handlers: isClass ? undefined : value, constructor: isClass ? value : undefined });
    show(name === "" ? "default" : name);
}

/** Adds a class that can be configured as a class of objects. */
export function addClass(name, value) {
    classes.set(name, value);
    show(name);
}

/** `ctx.exports`: what the worker exports, as stubs. */
export function ownExports() {
    return own;
}

/** A stub of one of the worker's own exports; it cannot be used yet, neither with `{props}` nor by its methods. */
function loopbackStub(name) {
    const stub = () => {
        throw unsupported(`\`ctx.exports.${name}\``);
    };
    for (const method of ["fetch", "get", "getByName", "idFromName", "idFromString", "newUniqueId"]) {
        Object.defineProperty(stub, method, { value: stub, configurable: true });
    }
    Object.defineProperty(stub, Symbol.toStringTag, { value: "LoopbackServiceStub", configurable: true });
    return stub;
}

function show(name) {
    own[name] = name === "default" && enabled("emu_test") ? testedWorker : loopbackStub(name);
}

/** Whether an object, or its class, has a method of this name that is not every object's. */
export function hasMethod(value, name) {
    for (let holder = value; isObject(holder) && holder !== Object.prototype; holder = Object.getPrototypeOf(holder)) {
        const descriptor = Object.getOwnPropertyDescriptor(holder, name);
        if (descriptor !== undefined) {
            return typeof descriptor.value === "function" || descriptor.get !== undefined;
        }
    }
    return false;
}
